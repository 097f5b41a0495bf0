"""The rules for every notebook: its form, its code, and that a cell shows the numbers of its text."""

import ast
import re
import statistics
from collections import Counter
from http import HTTPStatus

import pmtech
from pmtech.course.exercises.check import FOLDER
from pmtech.course.lint.notebook import TO_WRITE, Found, Notebook
from pmtech.wording import listed

PANELS = {"canary", "explore", "live", "console", "theatre"}
CONTROLS = ("Slider(", "Choice(")
PLUMBING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Await, ast.Try)
# What shapes a table is a named view of the run, and belongs to the package.
PANDAS = re.compile(
    r"\.(set_axis|to_frame|rename_axis|rename|set_index|reset_index|unstack|astype|round|loc|iloc|query|str|T|assign|index)\b"
    r"|\[\["
)
NUMBER = re.compile(r"(?<![\w.,:/-])\$?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?!\w|[.,]\d|-\d)")
NO_FIGURES = re.compile(
    r"<details>.*?</details>|\S+<!--own:.*?-->|<!--.*?-->|`[^`]*`|^#[^\n]*$|^\d\. |\blesson \d\d|\]\([^)]*\)",
    re.MULTILINE | re.DOTALL,
)
SOURCED = re.compile(r"invented|source|\*\(|https?:|\d minutes\b|RFC", re.IGNORECASE)
IN_CODE = {"%": 0.01, "s": 1000, "second": 1000, "seconds": 1000}  # a share, and ms
COUNTED = 10  # numbers up to this one are told as words are: "seven of eight"
# Numbers that are names: of percentiles, of promises, of statuses, and of years, which alone of all thousands have no comma.
NAMES = {95.0, 99.0, 99.9, 99.99, 100.0} | {float(status) for status in HTTPStatus if status % 100}
COMPOSED = 5  # arrows in a cell that stands open


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


def _numbers(code: str) -> set[float]:
    plain = code.replace("_", "")
    grouped = re.sub(r"(?<=\d),(?=\d{3})", "", plain)  # "1,000 users" in a label
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", f"{plain} {grouped}")}


def numbers_of_the_text_are_shown(notebook: Notebook) -> Found:
    """A number of the text is one of a cell's, or in "Your turn" of the task's, or is marked and held against the run, or has
    its source beside it. That a folded solution is one is for `check` to say.
    """
    tasks = (folder / f"lesson_{notebook.number}.py" for folder in (notebook.path.parent, FOLDER))
    of_task = _numbers("\n".join(path.read_text(encoding="utf-8") for path in tasks if path.exists()))
    of_cells = _numbers("\n".join(cell.source for cell in notebook.code)) | NAMES
    for cell in notebook.prose:
        known = of_cells | of_task if cell.section == "Your turn" else of_cells
        for paragraph in re.split(r"\n\n|\n(?=- )", NO_FIGURES.sub(" ", cell.source)):
            if SOURCED.search(paragraph):
                continue
            for said in NUMBER.finditer(paragraph):
                value = float(said[1].replace(",", ""))
                is_year = re.fullmatch(r"(19|20)\d\d", said[1])
                unit = re.match(r" (%|s\b|seconds?\b)", paragraph[said.end() :])
                same = round(value * IN_CODE[unit[1]], 9) if unit else value
                if value > COUNTED and not {value, same} & known and not is_year:
                    mark = f"{said[1]}<!--own: expression-->"
                    yield (
                        cell.number,
                        f"no cell shows the {said[1]} of its text: mark it, {mark}, or say where it is from.",
                    )


def nothing_is_left_to_write(notebook: Notebook) -> Found:
    for cell in notebook.cells:
        for what in TO_WRITE.findall(cell.source):
            yield cell.number, f"still to be written: {what}"


RULES = (
    is_as_before_anybody_ran_it,
    is_the_learners_to_change_where_it_is_code,
    is_short_and_without_plumbing,
    is_open_where_it_composes_and_words_elsewhere,
    imports_public_names_alone,
    has_few_controls,
    shows_nothing_from_elsewhere,
    numbers_of_the_text_are_shown,
    nothing_is_left_to_write,
)
