"""The rules for what a notebook asks: every question of its file, once, and what came of every prediction."""

import re
from collections import Counter
from collections.abc import Iterator

from pmtech.course.exercises import questions
from pmtech.course.exercises.sort import sortings_in
from pmtech.course.lint.notebook import TO_WRITE, Found, Notebook

SINGLE_STAR = re.compile(r"(?<!\*)\*(?!\*)(?=[^`]*(`[^`]*`[^`]*)*$)")  # outside code


def has_its_questions(notebook: Notebook) -> Found:
    try:
        known = notebook.questions
        to_sort = questions.with_own(sortings_in, questions.FOLDER, notebook.path.parent)
    except ValueError as problem:
        yield 0, f"its questions can't be read: {problem}"
        return
    asked = Counter(id for cell in notebook.code for id in cell.ids("ask") + cell.ids("sort"))
    for cell in notebook.code:
        for id in cell.ids("ask") + cell.ids("reveal") + cell.ids("sort"):
            if id not in known and id not in to_sort:
                yield cell.number, f"there is no question {id}."
            elif asked[id] > 1:
                yield cell.number, f"{id} is asked {asked[id]} times: once is a question."
    own = {id: question for id, question in known.items() if question.lesson == notebook.number}
    for id in (*own, *(id for id in to_sort if id.startswith(notebook.number))):
        if id not in asked:
            yield 0, f"the question {id} is never asked."
    for id, question in own.items():
        yield from ((0, f"{id}: {what}") for what in what_a_question_lacks(question))
        if question.kind == "predict" and id in asked:
            yield from _reveal(notebook, id)


def _reveal(notebook: Notebook, id: str) -> Found:
    begin = next(n for n, cell in enumerate(notebook.cells) if id in cell.ids("ask"))
    end = next((n for n, cell in enumerate(notebook.cells) if id in cell.ids("reveal")), None)
    if end is None or end < begin:
        yield begin + 1, f'nothing tells what came of {id}: reveal("{id}", run) after its run.'
        return
    between = notebook.cells[begin + 1 : end]
    if sum(len(cell.source.split()) for cell in between if cell.kind == "markdown") > 100:
        yield (
            begin + 2,
            f"more than 100 words stand between the prediction {id} and what came of it: they give it away.",
        )


def what_a_question_lacks(question: questions.Question) -> Iterator[str]:
    """What the file's form does not ask for, and a learner would miss."""
    if len(question.options) < 3:
        yield "a question has three answers or more."
    beliefs = [option.misconception for option in question.options if option.misconception]
    if len(set(beliefs)) < len(beliefs):
        yield "two of its options have the same misconception."
    texts = [question.text, question.hint, question.run, question.why]
    for option in question.options:
        texts += [option.text, option.feedback, option.misconception]
        if option.text != option.text.strip() or bool(option.text) is bool(question.guess):
            yield f"an option has a text, and that of a guess has none: {option.text!r}"
        if len(option.feedback) <= 40:
            yield f"this feedback teaches nobody anything: {option.feedback!r}"
        if bool(option.misconception) is option.right:
            yield f"a wrong option, and only that, has a misconception: {option.text!r}"
    for text in texts:
        if "!" in text or "  " in text or text.count("`") % 2 or SINGLE_STAR.search(text):
            yield f"an exclamation mark, two spaces, a single ` or a single * (bold is **): {text.strip()[:60]!r}"
    if empty := sum(bool(TO_WRITE.search(text)) for text in texts):
        yield f"still to be written: {empty} of its texts."
