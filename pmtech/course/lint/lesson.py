"""The rules for a lesson: its sections, its length, what the learner does in it, and how it ends."""

from __future__ import annotations

import contextlib
import re

from pmtech.course.lint.every import PANELS
from pmtech.course.lint.notebook import Found, Notebook
from pmtech.wording import listed

HEADINGS = (
    "Warm-up",
    "The story",
    "Predict",
    "Run it",
    "Why",
    "Explore",
    "Break it",
    "Your turn",
    "Check yourself",
    "Take away",
    "Going further",
)
WORDS = range(500, 1001)  # of prose, "Going further" apart


def has_every_section_in_order(notebook: Notebook) -> Found:
    if notebook.sections != ["", *HEADINGS]:
        have = listed([one for one in notebook.sections if one]) or "none"
        yield 0, f"its sections are {listed(list(HEADINGS))}, in this order; it has {have}."
    titles = len(re.findall(r"^# ", "\n".join(cell.source for cell in notebook.prose), re.MULTILINE))
    if titles != 1:
        yield 0, f"a lesson has one title (# ...), not {titles}."


def has_a_title_card(notebook: Notebook) -> Found:
    card = notebook.text("")
    if not re.match(r"# .+\?$", card, re.MULTILINE):
        yield 1, "the title is the question that a product manager asks: # ...?"
    if "will be able to" not in card or len(re.findall(r"^- \*\*", card, re.MULTILINE)) != 3:
        yield 1, 'the card says what the learner "will be able to" do: three lines that begin with - **a verb**.'
    if not re.search(r"\b\d+ minutes\b", card):
        yield 1, "the card says how long the lesson takes: 45 minutes."


def is_neither_thin_nor_long(notebook: Notebook) -> Found:
    """What everybody reads: the text before "Going further", and what the reveals of their predictions tell."""
    text = "\n".join(cell.source for cell in notebook.prose if cell.section != "Going further")
    with contextlib.suppress(ValueError):
        for id in [id for cell in notebook.code if cell.section != "Going further" for id in cell.ids("reveal")]:
            if id in notebook.questions:
                text += f"\n{notebook.questions[id].run}\n{notebook.questions[id].why}"
    text = re.sub(r"<!--.*?-->|<[^>]+>|```.*?```", " ", text, flags=re.DOTALL)
    words = len(re.findall(r"[^\W\d_][\w'’-]*", text))
    if words not in WORDS:
        yield 0, f"it has {words} words before Going further; {WORDS[0]} to {WORDS[-1]} are neither thin nor long."


def lets_the_learner_act(notebook: Notebook) -> Found:
    for section, names, wanted in (
        ("Warm-up", ("ask",), (1,)),
        ("Predict", ("ask",), range(1, 9)),
        ("Explore", tuple(PANELS), (1,)),
        ("Break it", ("ask",), range(1, 9)),
        ("Your turn", ("check",), (1,)),
        ("Check yourself", ("ask",), (2, 3)),
    ):
        if section in notebook.sections and (many := notebook.count(section, *names)) not in wanted:
            most = f"{wanted[0]} to {wanted[-1]}" if len(wanted) > 1 else "one"
            what = "panel" if len(names) > 1 else names[0]
            yield notebook.at(section), f"{section} has {most} {what}, and here are {many}."
    if "Explore" in notebook.sections:
        cells = [cell for cell in notebook.cells if cell.section == "Explore"]
        if len(re.findall(r"^\d\. ", notebook.text("Explore"), re.MULTILINE)) not in (2, 3):
            yield cells[0].number, "Explore asks two or three numbered questions: 1. 2. 3."
        if cells[0].kind == "code":
            yield cells[0].number, "the questions of Explore come before its panel."
    if "Your turn" in notebook.sections and "<details>" not in notebook.text("Your turn"):
        yield notebook.at("Your turn"), "Your turn has a solution to unfold: <details><summary>One solution</summary>."


def ends(notebook: Notebook) -> Found:
    last = [cell for cell in notebook.code if cell.section == "Take away"]
    if "Take away" in notebook.sections and not (last and f'progress("{notebook.number}")' in last[-1].source):
        yield (
            notebook.at("Take away"),
            f'the last cell of Take away is the end of the lesson: progress("{notebook.number}").',
        )
    for cell in notebook.prose:
        if cell.source.startswith("## Going further") and not cell.raw["metadata"].get("jp-MarkdownHeadingCollapsed"):
            yield cell.number, "Going further is for another day: its metadata say jp-MarkdownHeadingCollapsed: true."


def can_be_taken_to_work(notebook: Notebook) -> Found:
    text, at = notebook.text("Take away"), notebook.at("Take away")
    asked = re.search(r"ask your engineer.*?(?=\n\n|\Z)", text, re.DOTALL | re.IGNORECASE)
    if not asked or asked[0].count("?") != 2:
        yield at, "Take away has two questions: **Ask your engineer:** ... ? ... ?"
    if not re.search(r"executive", text, re.IGNORECASE) or not re.search(r"leaves? out", text, re.IGNORECASE):
        yield at, "Take away has a sentence for an executive, and what the model leaves out."


RULES = (
    has_every_section_in_order,
    has_a_title_card,
    is_neither_thin_nor_long,
    lets_the_learner_act,
    ends,
    can_be_taken_to_work,
)
