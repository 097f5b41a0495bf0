"""Every lesson keeps to the anatomy of a lesson, and is kept as it was before anybody ran it."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest
from lessons import NOTEBOOKS, read, sources

import pmtech
from pmtech.course.questions import all_questions

LESSONS = [path for path in NOTEBOOKS if not path.name.startswith("00_")]
HEADINGS = [
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
]
# What shapes a table is a named view of the run, and belongs to the package.
PANDAS = re.compile(
    r"\.(set_axis|to_frame|rename_axis|rename|set_index|reset_index|unstack|astype|round|loc|iloc|query|str|T|assign|index)\b"
    r"|\[\["
)
PANELS = {"canary", "explore", "live", "console", "theatre"}
CONTROLS = ("Slider(", "Choice(")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def lines(source: str) -> int:
    return sum(1 for line in source.splitlines() if line.strip())


def calls(source: str) -> list[ast.Call]:
    """The calls of a cell by a bare name, `explore(...)` but not `pmtech.explore(...)`."""
    nodes = ast.walk(ast.parse(source))
    return [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]


def count(code: list[str], *names: str) -> int:
    return sum(call.func.id in names for source in code for call in calls(source))


def sections(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Heading -> the (kind, source) of the cells under it; what stands before the first is the title card, ""."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    for cell in read(path)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (heading := re.match(r"## (.+?)(?: · \d+ min)?$", source, re.MULTILINE)):
            found[heading.group(1).strip()] = []
        found[list(found)[-1]].append((cell["cell_type"], source))
    return found


def code_of(section: list[tuple[str, str]]) -> list[str]:
    return [source for kind, source in section if kind == "code"]


def text_of(section: list[tuple[str, str]]) -> str:
    return "\n".join(source for kind, source in section if kind == "markdown")


def test_the_course_begins_at_the_beginning():
    assert NOTEBOOKS[0].name == "00_start_here.ipynb"
    assert len({path.name[:3] for path in NOTEBOOKS}) == len(NOTEBOOKS)


@every_notebook
def test_it_is_kept_as_it_was_before_anybody_ran_it(path):
    notebook = read(path)
    cells = notebook["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    # Without a kernel that every installation has, JupyterLab asks the learner to choose one.
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in cells]
    assert len(set(ids)) == len(ids)


@every_notebook
def test_no_stray_key_takes_a_cell_away_or_opens_a_text_and_all_code_is_the_learners_to_change(path):
    for cell in read(path)["cells"]:
        assert cell["metadata"]["deletable"] is False
        assert cell["metadata"].get("editable", True) is (cell["cell_type"] == "code")


@every_notebook
def test_code_is_short_and_without_plumbing(path):
    code = sources(path, "code")
    assert statistics.median(map(lines, code)) <= 3
    assert max(map(lines, code)) <= 10
    plumbing = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Await, ast.Try)
    assert [
        type(node).__name__ for source in code for node in ast.walk(ast.parse(source)) if isinstance(node, plumbing)
    ] == []


def folded(path: Path) -> list[tuple[bool, str]]:
    """(is it folded to its first line, source) of each code cell."""
    cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    return [(bool(cell["metadata"].get("jupyter", {}).get("source_hidden")), "".join(cell["source"])) for cell in cells]


def composes(source: str) -> bool:
    """Does a cell put a system together, decide or change something in it, run it, or name one to draw it?"""
    tree = ast.parse(source)
    calls = {ast.unparse(node.func).split(".")[-1] for node in ast.walk(tree) if isinstance(node, ast.Call)}
    joins = any(isinstance(node, ast.RShift) for node in ast.walk(tree))
    lone = len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Name)
    return joins or lone or bool(calls & {"decide", "replace", "simulate", "sweep", "scalability"})


@every_notebook
def test_cells_that_compose_stand_open_and_all_others_are_one_line_of_words(path):
    for hidden, source in folded(path):
        first = source.splitlines()[0]
        if hidden:
            assert re.fullmatch(r"# [A-Z].{5,79}", first), f"its words: {first}"
            assert not re.search(r"[_()]|\w\.\w", first), f"words, not code: {first}"
            assert not any(isinstance(node, ast.RShift) for node in ast.walk(ast.parse(source))), first
        else:
            assert composes(source) or (path == NOTEBOOKS[0] and "import" in first), first
            assert sum(">>" in line for line in source.splitlines()) <= 5, first


@every_notebook
def test_no_cell_shapes_a_table(path):
    assert [hit.group() for _, source in folded(path) for hit in PANDAS.finditer(source)] == []


@every_notebook
def test_it_imports_public_names_of_pmtech_alone(path):
    for node in (node for source in sources(path, "code") for node in ast.walk(ast.parse(source))):
        assert not isinstance(node, ast.Import)
        if isinstance(node, ast.ImportFrom):
            assert node.module == "pmtech"
            assert {alias.name for alias in node.names} <= set(pmtech.__all__)


@every_notebook
def test_it_has_at_most_two_panels_of_at_most_three_controls(path):
    code = sources(path, "code")
    assert count(code, *PANELS) <= 2
    for call in (call for source in code for call in calls(source) if call.func.id in PANELS):
        assert sum(ast.unparse(argument).startswith(CONTROLS) for argument in call.args) <= 3


@every_notebook
def test_it_shows_nothing_from_elsewhere(path):
    text = "\n".join(sources(path, "markdown"))
    assert re.findall(r"!\[[^]]*\]\(\s*(?!attachment:)\S+", text) == []
    assert re.findall(r"<(?:img|script|iframe|link)\b", text) == []


@every_lesson
def test_it_has_every_section_in_order(path):
    assert list(sections(path)) == ["", *HEADINGS]
    assert len(re.findall(r"^# ", "\n".join(sources(path, "markdown")), re.MULTILINE)) == 1


@every_lesson
def test_the_title_card_has_three_verbs_and_a_time(path):
    card = text_of(sections(path)[""])
    assert card.startswith("# ")
    assert re.match(r"# .+\?$", card, re.MULTILINE), "the question a product manager asks"
    assert "will be able to" in card
    assert len(re.findall(r"^- \*\*", card, re.MULTILINE)) == 3
    assert re.search(r"\b\d+ minutes\b", card)


@every_lesson
def test_prose_is_neither_thin_nor_long(path):
    """What everybody reads: the text before "Going further", and what the reveals of their predictions tell."""
    parts = {heading: section for heading, section in sections(path).items() if heading != "Going further"}
    text = "\n".join(text_of(section) for section in parts.values())
    code = "\n".join(source for section in parts.values() for source in code_of(section))
    for id in re.findall(r'reveal\("(.+?)"', code):
        text += f"\n{all_questions()[id].run}\n{all_questions()[id].why}"
    text = re.sub(r"<!--.*?-->|<[^>]+>|```.*?```", " ", text, flags=re.DOTALL)
    assert 500 <= len(re.findall(r"[^\W\d_][\w'’-]*", text)) <= 1000


@every_lesson
def test_the_learner_acts(path):
    parts = sections(path)
    assert count(code_of(parts["Warm-up"]), "ask") == 1
    assert count(code_of(parts["Predict"]), "ask") >= 1
    assert count(code_of(parts["Explore"]), *PANELS) == 1
    questions = re.findall(r"^\d\. ", text_of(parts["Explore"]), re.MULTILINE)
    assert questions in (["1. ", "2. "], ["1. ", "2. ", "3. "])
    assert [kind for kind, _ in parts["Explore"]].index("code") > 0, "the questions come before the panel"
    assert count(code_of(parts["Break it"]), "ask") >= 1
    assert count(code_of(parts["Your turn"]), "check") == 1
    assert "<details>" in text_of(parts["Your turn"])
    assert count(code_of(parts["Check yourself"]), "ask") in (2, 3)


@every_lesson
def test_a_lesson_ends_with_an_end_and_what_is_for_another_day_is_folded(path):
    parts = sections(path)
    assert f'progress("{path.name[:2]}")' in code_of(parts["Take away"])[-1]
    (further,) = (cell for cell in read(path)["cells"] if "".join(cell["source"]).startswith("## Going further"))
    assert further["metadata"]["jp-MarkdownHeadingCollapsed"] is True


@every_lesson
def test_the_take_away_can_be_taken_to_work(path):
    text = text_of(sections(path)["Take away"])
    asked = re.search(r"ask your engineer.*?(?=\n\n|\Z)", text, re.DOTALL | re.IGNORECASE).group()
    assert asked.count("?") == 2
    assert re.search(r"executive", text, re.IGNORECASE)
    assert re.search(r"leaves? out", text, re.IGNORECASE)
