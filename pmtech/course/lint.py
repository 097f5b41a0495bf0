"""`pmtech lint lesson.ipynb`: is a notebook a lesson? Its form, its questions, its numbers, and that it runs.

Each rule is a generator of (number of the cell from 1, or 0 for the lesson as a whole, sentence). A page whose name begins with
"00_" is a start page: it keeps to the rules of every notebook, and not to those of a lesson.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pmtech
from pmtech.course import questions
from pmtech.course.sort import sortings_in
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
PANELS = {"canary", "explore", "live", "console", "theatre"}
CONTROLS = ("Slider(", "Choice(")
PLUMBING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Await, ast.Try)
# What shapes a table is a named view of the run, and belongs to the package.
PANDAS = re.compile(
    r"\.(set_axis|to_frame|rename_axis|rename|set_index|reset_index|unstack|astype|round|loc|iloc|query|str|T|assign|index)\b"
    r"|\[\["
)
MARKED = re.compile(r"(\S+)<!--own: (.+?)-->")
TO_WRITE = re.compile(r"\[Write: (.+?)\]", re.DOTALL)
SINGLE_STAR = re.compile(r"(?<!\*)\*(?!\*)(?=[^`]*(`[^`]*`[^`]*)*$)")  # outside code
NUMBER = re.compile(r"(?<![\w.,:/-])\$?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?!\w|[.,]\d|-\d)")
NO_FIGURES = re.compile(
    r"<details>.*?</details>|\S+<!--own:.*?-->|<!--.*?-->|`[^`]*`|^#.*$|^\d\. |\]\([^)]*\)", re.MULTILINE | re.DOTALL
)
SOURCED = re.compile(r"invented|source|\*\(|https?:|\d minutes\b|RFC", re.IGNORECASE)
COUNTED = 10  # numbers up to this one are told as words are: "seven of eight"
# Numbers that are names: of percentiles, of promises, of statuses, and of years, which alone of all thousands have no comma.
NAMES = {95.0, 99.0, 99.9, 99.99, 100.0} | {float(status) for status in HTTPStatus if status % 100}
WORDS = range(500, 1001)  # of prose, "Going further" apart
COMPOSED = 5  # arrows in a cell that stands open

Found = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class Cell:
    """A cell, its number from 1, and the heading that it stands under ("" for the title card)."""

    number: int
    kind: str
    source: str
    section: str
    raw: dict[str, Any]

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return ast.Module([], [])  # `runs_at_all` says so

    @property
    def hidden(self) -> bool:
        return bool(self.raw["metadata"].get("jupyter", {}).get("source_hidden"))

    @property
    def first(self) -> str:
        return (self.source.splitlines() or [""])[0]

    @property
    def lines(self) -> int:
        return sum(1 for line in self.source.splitlines() if line.strip())

    def nodes(self, *kinds: type[ast.AST]) -> list[Any]:
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def calls(self, *names: str) -> list[ast.Call]:
        """The calls by a bare name, `explore(...)` but not `pmtech.explore(...)`."""
        return [c for c in self.nodes(ast.Call) if isinstance(c.func, ast.Name) and c.func.id in names]

    def ids(self, name: str) -> list[str]:
        """The ids that `ask`, `reveal` or `check` is called with."""
        firsts = [call.args[0] for call in self.calls(name) if call.args]
        return [one.value for one in firsts if isinstance(one, ast.Constant) and isinstance(one.value, str)]

    @property
    def composes(self) -> bool:
        """Does it put a system together, change its numbers, run it, or name one to draw it?"""
        called = {ast.unparse(call.func).split(".")[-1] for call in self.nodes(ast.Call)}
        body = self.tree.body
        lone = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Name)
        return bool(
            self.nodes(ast.RShift) or lone or called & {"decide", "replace", "simulate", "sweep", "scalability"}
        )


@dataclass(frozen=True)
class Notebook:
    """A notebook as it is read for the rules."""

    path: Path
    metadata: dict[str, Any]
    cells: tuple[Cell, ...]

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @cached_property
    def questions(self) -> dict[str, questions.Question]:
        """The course's and those that lie beside the lesson. Raises ValueError with a sentence."""
        return {**questions.questions_in(self.path.parent), **questions.questions_in(questions.FOLDER)}

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def prose(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "markdown"]

    @property
    def sections(self) -> list[str]:
        return list(dict.fromkeys(cell.section for cell in self.cells))

    def text(self, section: str) -> str:
        return "\n".join(cell.source for cell in self.prose if cell.section == section)

    def count(self, section: str, *names: str) -> int:
        return sum(len(cell.calls(*names)) for cell in self.code if cell.section == section)

    def at(self, section: str) -> int:
        return next((cell.number for cell in self.cells if cell.section == section), 0)


def read(path: Path) -> Notebook:
    """The notebook in a file. Raises OSError; ValueError where it is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        cells, section = [], ""
        for number, cell in enumerate(raw["cells"], 1):
            source = "".join(cell["source"])
            heading = re.match(r"## (.+?)(?: · \d+ min)?$", source, re.MULTILINE)
            section = heading[1].strip() if heading and cell["cell_type"] == "markdown" else section
            cells.append(Cell(number, cell["cell_type"], source, section, {"metadata": {}, **cell}))
        return Notebook(path, raw["metadata"], tuple(cells))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path.name} is not a notebook of Jupyter's, or is damaged.") from None


# --- every notebook ---------------------------------------------------------------------------------------------------


def is_as_before_anybody_ran_it(notebook: Notebook) -> Found:
    for cell in notebook.cells:
        if cell.raw.get("outputs") or cell.raw.get("execution_count"):
            yield cell.number, "it holds what a run has left: clear all outputs, then save."
    more = set(notebook.metadata) - {"kernelspec", "language_info"}
    if more:
        yield 0, f"the notebook's metadata hold more than its kernel: take out {listed(sorted(more))}."
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield 0, 'its kernel is not "python3", which every installation has: JupyterLab would ask the learner for one.'
    for id, many in Counter(cell.raw.get("id") for cell in notebook.cells).items():
        if many > 1 or id is None:
            yield 0, f"{many} cells have the id {id}: each has one of its own."


def is_the_learners_to_change_where_it_is_code(notebook: Notebook) -> Found:
    for cell in notebook.cells:
        if cell.raw["metadata"].get("deletable") is not False:
            yield cell.number, "a stray key can delete it: its metadata say deletable: false."
        if cell.raw["metadata"].get("editable", True) is not (cell.kind == "code"):
            yield cell.number, "text says editable: false, so that no key opens it; code is for everybody to change."


def is_short_and_without_plumbing(notebook: Notebook) -> Found:
    if notebook.code and (median := statistics.median(cell.lines for cell in notebook.code)) > 3:
        yield 0, f"half of its code cells have {median:g} lines or more; a lesson's have at most 3."
    for cell in notebook.code:
        if cell.lines > 10:
            yield cell.number, f"it has {cell.lines} lines of code; more than 10 are no picture on a whiteboard."
        if plumbing := {type(node).__name__ for node in cell.nodes(*PLUMBING)}:
            yield cell.number, f"plumbing ({listed(sorted(plumbing))}) belongs to a package, not to a lesson."
        if shaped := PANDAS.search(cell.source):
            yield cell.number, f"it shapes a table ({shaped[0]}): that is a view of the run, with a name, in a package."


def is_open_where_it_composes_and_words_elsewhere(notebook: Notebook) -> Found:
    start = notebook.path.name.startswith("00_")
    for cell in notebook.code:
        if cell.hidden:
            if not re.fullmatch(r"# [A-Z].{5,79}", cell.first) or re.search(r"[_()]|\w\.\w", cell.first):
                yield (
                    cell.number,
                    f"folded, it shows its first line: words such as # The running shop, not {cell.first}",
                )
            if cell.nodes(ast.RShift):
                yield cell.number, "a cell that puts a system together stands open."
        elif not (cell.composes or (start and "import" in cell.first)):
            yield cell.number, "it composes no system and runs none: fold it to a first line of words (source_hidden)."
        elif sum(">>" in line for line in cell.source.splitlines()) > COMPOSED:
            yield cell.number, f"more than {COMPOSED} lines of >> are no picture on a whiteboard."


def imports_public_names_alone(notebook: Notebook) -> Found:
    for cell in notebook.code:
        for node in cell.nodes(ast.Import, ast.ImportFrom):
            if isinstance(node, ast.Import) or node.module != "pmtech":
                yield cell.number, f"a lesson imports from pmtech alone: {ast.unparse(node)}"
            elif strange := {alias.name for alias in node.names} - set(pmtech.__all__):
                yield cell.number, f"pmtech has no public name {listed(sorted(strange))}."


def has_few_controls(notebook: Notebook) -> Found:
    panels = [(cell, call) for cell in notebook.code for call in cell.calls(*PANELS)]
    if len(panels) > 2:
        yield panels[2][0].number, f"this is one of {len(panels)} panels; a lesson has at most two."
    for cell, call in panels:
        controls = sum(ast.unparse(argument).startswith(CONTROLS) for argument in call.args)
        if controls > 3:
            yield cell.number, f"its panel has {controls} controls; with more than three nobody knows what did it."


def shows_nothing_from_elsewhere(notebook: Notebook) -> Found:
    for cell in notebook.prose:
        for shown in re.findall(
            r"!\[[^]]*\]\(\s*(?!attachment:)\S+|<(?:img|script|iframe|link)\b", cell.source, re.IGNORECASE
        ):
            yield cell.number, f"it shows what lies elsewhere, and a lesson needs no network: {shown}"


def numbers_of_the_text_are_shown(notebook: Notebook) -> Found:
    """A number of the text is one of a cell's, or is marked and held against the run, or has its source beside it.

    That a folded solution is one is for `check` to say.
    """
    plain = "\n".join(cell.source for cell in notebook.code).replace("_", "")
    grouped = re.sub(r"(?<=\d),(?=\d{3})", "", plain)  # "1,000 users" in a label
    known = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", f"{plain} {grouped}")} | NAMES
    for cell in notebook.prose:
        for paragraph in re.split(r"\n\n|\n(?=- )", NO_FIGURES.sub(" ", cell.source)):
            if SOURCED.search(paragraph):
                continue
            for said in NUMBER.finditer(paragraph):
                value = float(said[1].replace(",", ""))
                is_year = re.fullmatch(r"(19|20)\d\d", said[1])
                if value > COUNTED and value not in known and not is_year:
                    mark = f"{said[1]}<!--own: expression-->"
                    yield (
                        cell.number,
                        f"no cell shows the {said[1]} of its text: mark it, {mark}, or say where it is from.",
                    )


def nothing_is_left_to_write(notebook: Notebook) -> Found:
    for cell in notebook.cells:
        for what in TO_WRITE.findall(cell.source):
            yield cell.number, f"still to be written: {what}"


# --- questions --------------------------------------------------------------------------------------------------------


def has_its_questions(notebook: Notebook) -> Found:
    try:
        known = notebook.questions
        to_sort = sortings_in(notebook.path.parent) | sortings_in(questions.FOLDER)
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


# --- a lesson ---------------------------------------------------------------------------------------------------------


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


# --- all of them ------------------------------------------------------------------------------------------------------

EVERY = (
    is_as_before_anybody_ran_it,
    is_the_learners_to_change_where_it_is_code,
    is_short_and_without_plumbing,
    is_open_where_it_composes_and_words_elsewhere,
    imports_public_names_alone,
    has_few_controls,
    shows_nothing_from_elsewhere,
    numbers_of_the_text_are_shown,
    nothing_is_left_to_write,
    has_its_questions,
)
LESSON = (
    has_every_section_in_order,
    has_a_title_card,
    is_neither_thin_nor_long,
    lets_the_learner_act,
    ends,
    can_be_taken_to_work,
)


def lint(path: Path) -> list[str]:
    """What keeps a notebook from being a lesson, in the order of its cells. Raises OSError; ValueError where it is none."""
    notebook = read(path)
    rules = EVERY if path.name.startswith("00_") else EVERY + LESSON
    found = sorted({one for rule in rules for one in rule(notebook)})
    return [f"Cell {number}: {said}" if number else said[0].upper() + said[1:] for number, said in found]


def run(path: Path) -> list[str]:
    """What goes wrong when all its cells run, one after the other, and which marked numbers are not those of the run.

    It runs in a folder of its own, with the questions and the task that lie beside it, and touches no answers.
    """
    notebook, names = read(path), {}
    with tempfile.TemporaryDirectory(prefix="pmtech-lint-", ignore_cleanup_errors=True) as folder:
        for companion in ("[0-9][0-9]_*.toml", "lesson_[0-9][0-9].py", path.name):
            for file in path.parent.glob(companion):
                shutil.copy(file, folder)
        before = os.environ.get("PMTECH_HOME")
        os.environ["PMTECH_HOME"] = folder
        try:
            with contextlib.chdir(folder):
                for cell in notebook.code:
                    try:
                        exec(compile(cell.source, f"cell {cell.number}", "exec"), names)
                    except Exception as problem:  # noqa: BLE001  whatever the writer's cell raises
                        return [f"Cell {cell.number}: it fails: {type(problem).__name__}: {problem}"]
                return [said for cell in notebook.prose for said in _untrue(cell, names)]
        finally:
            os.environ.pop("PMTECH_HOME")
            os.environ.update({"PMTECH_HOME": before} if before is not None else {})


def _untrue(cell: Cell, names: dict[str, Any]) -> Iterator[str]:
    for said, expression in MARKED.findall(cell.source):
        digits = len(said.partition(".")[2])
        try:
            value = round(float(eval(expression, names)), digits)
            if float(said.replace(",", "")) != value:
                yield f"Cell {cell.number}: the text says {said}, and {expression} is {value:,.{digits}f} in this run."
        except Exception as problem:  # noqa: BLE001  whatever the writer's expression raises
            yield f"Cell {cell.number}: {said} can't be held against the run: {problem}"
