"""Every lesson keeps to the anatomy of a lesson, and `pmtech lint` finds each way in which a notebook does not."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from lessons import NOTEBOOKS, sources

from pmtech.course import lint
from pmtech.course.exercises import questions
from pmtech.course.way.new_lesson import new_lesson
from pmtech.install import cli

GOOD = next(path for path in NOTEBOOKS if path.name.startswith("05_"))


def test_the_course_begins_at_the_beginning():
    assert NOTEBOOKS[0].name == "00_start_here.ipynb"
    assert len({path.name[:3] for path in NOTEBOOKS}) == len(NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_lesson_is_one(path):
    assert lint.lint(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_name_that_is_given_twice_is_read_only_where_it_is_given(path):
    """Else what stands in a later cell is not what the learner saw under this name first."""
    names = {"given": {}, "read": {}}
    for number, source in enumerate(sources(path, "code")):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name):
                kind = "given" if isinstance(node.ctx, ast.Store) else "read"
                names[kind].setdefault(node.id, set()).add(number)
    twice = {name: cells for name, cells in names["given"].items() if len(cells) > 1}
    assert [name for name, cells in twice.items() if names["read"].get(name, set()) - cells] == []


# What is broken in a good lesson, and what is said of it


def text(cells, start):
    return next(cell for cell in cells if "".join(cell["source"]).startswith(start))


def put(start, old, new):
    """In the cell that begins so, other words."""

    def change(notebook):
        cell = text(notebook["cells"], start)
        source = "".join(cell["source"])
        assert old in source
        cell["source"] = source.replace(old, new)

    return change


def add(source, kind="code", **metadata):
    """One more cell, at the end."""

    def change(notebook):
        cell = {"cell_type": kind, "id": "more", "metadata": {"deletable": False, **metadata}, "source": source}
        notebook["cells"].append(cell)

    return change


def drop(start):
    return lambda notebook: notebook["cells"].remove(text(notebook["cells"], start))


def tell(start, **of_the_cell):
    return lambda notebook: text(notebook["cells"], start).update(of_the_cell)


FOLDED = {"jupyter": {"source_hidden": True}}
BROKEN = {
    "an output": (tell("today", outputs=[{"output_type": "stream"}]), r"Cell 9: it holds what a run has left"),
    "other metadata": (lambda n: n["metadata"].update(widgets={}), "metadata hold more than its kernel: .*widgets"),
    "another kernel": (lambda n: n["metadata"].update(kernelspec={"name": "venv"}), 'kernel is not "python3"'),
    "an id twice": (lambda n: [cell.update(id="x") for cell in n["cells"][:2]], "2 cells have the id x"),
    "a cell to delete": (tell("## Why", metadata={"editable": False}), "a stray key can delete it"),
    "a text to edit": (tell("## Why", metadata={"deletable": False}), "text says editable: false"),
    "a loop": (add("for n in range(3):\n    simulate(n)"), r"plumbing \(For\)"),
    "a table shaped": (add("simulate(today).visits.rename(columns={})"), r"it shapes a table \(\.rename\)"),
    "a long cell": (add("simulate(today)\n" * 11), "it has 11 lines of code"),
    "code folded to code": (add("ask('05.x')", **FOLDED), "folded, it shows its first line"),
    "a system folded": (add("# A system\nClients() >> Server()", **FOLDED), "puts a system together stands open"),
    "words that stand open": (add("# The price list\nsizes()"), "it composes no system and runs none"),
    "a strange import": (add("import os\nsimulate(today)"), "a lesson imports from pmtech alone: import os"),
    "an unknown name": (add("from pmtech import wizard\nsimulate(wizard)"), "no public name wizard"),
    "a third panel": (add("# More\nlive(today)", **FOLDED), "one of 3 panels"),
    "four controls": (
        put("# Sliders", "show=", 'Slider("server.workers", 1, 9), show='),
        "its panel has 4 controls",
    ),
    "a picture from elsewhere": (add("![x](https://example.org/x.png)", "markdown", editable=False), "lies elsewhere"),
    "a number from nowhere": (put("Twice the machine", "one.", "one: it served 473."), "no cell shows the 473"),
    "one of the task, elsewhere": (put("Twice the machine", "one.", "one within 400 ms."), "no cell shows the 400"),
    "one below a heading": (put("## Your turn", "size", "size, below 473,"), "no cell shows the 473"),
    "a word left to write": (put("Twice the machine", "one.", "[Write: where to]"), "still to be written: where to"),
    "a question that is none": (add('# More\nask("05.nonsense")', **FOLDED), "there is no question 05.nonsense"),
    "a question asked twice": (add('# More\nask("05.predict")', **FOLDED), "05.predict is asked 2 times"),
    "a question not asked": (drop("# Question 1 of 2"), r"The question 05\.check\.1 is never asked"),
    "a reveal that lacks": (drop("# What came of your prediction\nreveal"), r"nothing tells what came of 05\.predict"),
    "an answer given away": (put("## Run it", "Today:", "word " * 90 + "Today:"), "more than 100 words stand between"),
    "a section that lacks": (drop("## Why"), "Its sections are Warm-up"),
    "a second title": (add("# Another", "markdown", editable=False), "A lesson has one title"),
    "no question": (put("# Ten times", "more machines?", "more machines"), "the question that a product manager asks"),
    "two verbs": (put("# Ten times", "- **weigh**", "- weigh"), "three lines that begin with"),
    "no time": (put("# Ten times", "About 45 minutes", "An hour"), "how long the lesson takes"),
    "long prose": (put("Twice the machine", "costs", "costs" + " and so on" * 200), "words before Going further"),
    "no task": (drop("safe = "), "Your turn has one check, and here are 0"),
    "nothing to try": (lambda n: [put("## Explore", f"\n{i}. ", "\n")(n) for i in "123"], "two or three numbered"),
    "no solution": (put("<details><summary>One", "<details>", "<div>"), "a solution to unfold"),
    "no end": (drop("# The end of this lesson"), r'the last cell of Take away is .*progress\("05"\)'),
    "an open appendix": (
        tell("## Going", metadata={"deletable": False, "editable": False}),
        "jp-MarkdownHeadingCollapsed",
    ),
    "one question for work": (put("## Take away", "with it?", "with it."), "Take away has two questions"),
    "nothing for an executive": (put("## Take away", "executive", "colleague"), "a sentence for an executive"),
}


@pytest.mark.parametrize("slip", BROKEN)
def test_a_slip_is_named_with_its_cell(slip, tmp_path):
    change, said = BROKEN[slip]
    notebook = json.loads(GOOD.read_text(encoding="utf-8"))
    change(notebook)
    path = tmp_path / GOOD.name
    path.write_text(json.dumps(notebook))
    found = "\n".join(lint.lint(path))
    assert re.search(said, found), found


# A lesson of one's own


@pytest.fixture
def mine(tmp_path) -> Path:
    return new_lesson("Feature flags", tmp_path)[0]


def test_a_new_lesson_runs_and_lacks_only_what_is_for_its_writer(mine, capsys):
    found = lint.lint(mine)
    thin = [one for one in found if "still to be written" not in one]
    assert len(thin) == 1 and "words before Going further" in thin[0] and len(found) > 20
    assert lint.run(mine) == []
    assert cli.main(["lint", "--no-run", str(mine)]) == 1
    assert "Cell 1: still to be written: the question that a product manager asks" in capsys.readouterr().out


def test_a_second_one_has_a_number_of_its_own(mine):
    assert new_lesson("canaries", mine.parent)[0].name == "21_canaries.ipynb"
    assert mine.name == "20_feature_flags.ipynb"


def test_a_lesson_that_cannot_be_written_as_a_whole_is_not_begun(tmp_path):
    (tmp_path / "lesson_20.py").write_text("mine")
    with pytest.raises(FileExistsError):
        new_lesson("canaries", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lesson_20.py"]


def test_its_numbers_are_held_against_its_run_and_a_cell_that_fails_is_named(mine):
    good = mine.read_text()
    mine.write_text(good.replace("[Write: the idea,", "It has 5<!--own: tool.get('server.workers')--> workers,"))
    assert lint.run(mine) == ["Cell 13: the text says 5, and tool.get('server.workers') is 4 in this run."]
    mine.write_text(good.replace("[Write: the idea,", "It has 4<!--own: tool.worker--> workers,"))
    assert "Cell 13: 4 can't be held against the run" in lint.run(mine)[0]
    mine.write_text(
        good.replace('"server.workers\\": 5', '"server.worker\\": 5').replace("tool.replace", "toll.replace")
    )
    assert lint.run(mine)[0].startswith("Cell 10: it fails: NameError")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("x =", "20_feature_flags.toml: "),
        ("[[question]]\nid = '20.x'", "missing"),
        ("[[question]]\nkinds = 1", "'id'"),
    ],
)
def test_questions_that_cannot_be_read_are_a_sentence(mine, broken, said):
    mine.with_suffix(".toml").write_text(broken)
    questions.questions_in.cache_clear()
    assert any("ts questions can't be read" in one and said in one for one in lint.lint(mine))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": [1], "metadata": {}}', "\x00"])
def test_what_is_no_notebook_is_a_sentence(tmp_path, content, capsys):
    path = tmp_path / "20_x.ipynb"
    path.write_text(content)
    assert cli.main(["lint", str(path)]) == 2
    assert "is not a notebook" in capsys.readouterr().err


def test_the_command_says_what_it_made_and_refuses_a_name_without_words(tmp_path, capsys):
    assert cli.main(["new", "lesson", "Feature flags", "--folder", str(tmp_path)]) == 0
    assert "20_feature_flags.ipynb" in capsys.readouterr().out
    assert cli.main(["new", "lesson", "!", "--folder", str(tmp_path)]) == 1
    assert cli.main(["lint", str(tmp_path / "none.ipynb")]) == 2
    assert cli.main(["lint", "--no-run", str(GOOD)]) == 0
