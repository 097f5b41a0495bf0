"""What the tests of the lessons share: their cells, a part of a lesson run as a learner would, and what it tells of its own run."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pmtech.course import lint
from pmtech.course.exercises.questions import Question, all_questions, filled
from pmtech.runs.figure import figure

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def sources(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == kind]


@cache
def run(path: Path, *wanted: str) -> dict:
    """These names of a lesson, after its cells have run of which they come; the caller has chosen where answers and pages go."""
    assert "PMTECH_HOME" in os.environ
    needed, names = [], set(wanted)
    for source in reversed(sources(path, "code")):
        said = [(one.id, one.ctx) for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Name)]
        if names & {*_imported(source), *(name for name, how in said if isinstance(how, ast.Store))}:
            needed.insert(0, source)
            names |= {name for name, how in said if isinstance(how, ast.Load)}
    made: dict = {}
    for source in needed:
        exec(compile(source, path.name, "exec"), made)
    return {name: made[name] for name in wanted}


def _imported(source: str) -> set[str]:
    froms = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ImportFrom)]
    return {alias.name for one in froms for alias in one.names}


def reveals(path: Path) -> list[tuple[str, str]]:
    """Its predictions, each with the name of the run that tells what came of it."""
    return [found for source in sources(path, "code") for found in re.findall(r'reveal\("(.+?)", (\w+)\)', source)]


def hold(path: Path, names: dict[str, Any]) -> None:
    """Raises AssertionError where what a lesson tells or marks does not hold in its own run, which has left these names."""
    untrue = [f"{id}: {said}" for id, name in reveals(path) for said in _untold(all_questions()[id], names[name])]
    untrue += lint.untrue(lint.read(path), names)
    assert not untrue, "\n".join(untrue)


def _untold(asked: Question, made: Any) -> Iterator[str]:
    for text in (asked.run, asked.why, *(option.feedback for option in (asked.seen.option if asked.seen else ()))):
        if re.search(r"[{}|]|\bnan\b", told := filled(text, made)):
            yield told
    if asked.guess:
        truth = figure(made, asked.guess.figure)
        if not (asked.chosen(truth).right and asked.guess.low < truth < asked.guess.high):
            yield f"the run gives {truth}"
