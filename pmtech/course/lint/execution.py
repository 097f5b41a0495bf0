"""That all cells of a notebook run, and that the numbers of its text are those of the run."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pmtech.course.lint.notebook import Cell, Notebook, read
from pmtech.files import scratch

MARKED = re.compile(r"(\S+)<!--own: (.+?)-->")


def run(path: Path) -> list[str]:
    """What goes wrong when all its cells run, one after the other, and which marked numbers are not those of the run.

    It runs in a folder of its own, with the questions and the task that lie beside it, and touches no answers.
    """
    notebook, names = read(path), {}
    with scratch("lint") as folder:
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
                return untrue(notebook, names)
        finally:
            os.environ.pop("PMTECH_HOME")
            os.environ.update({"PMTECH_HOME": before} if before is not None else {})


def untrue(notebook: Notebook, names: dict[str, Any]) -> list[str]:
    """Which marked numbers of its text are not those of the run that has left these names."""
    return [said for cell in notebook.prose for said in _untrue(cell, names)]


def _untrue(cell: Cell, names: dict[str, Any]) -> Iterator[str]:
    for said, expression in MARKED.findall(cell.source):
        digits = len(said.partition(".")[2])
        try:
            value = round(float(eval(expression, names)), digits)
            if float(said.replace(",", "")) != value:
                yield f"Cell {cell.number}: the text says {said}, and {expression} is {value:,.{digits}f} in this run."
        except Exception as problem:  # noqa: BLE001  whatever the writer's expression raises
            yield f"Cell {cell.number}: {said} can't be held against the run: {problem}"
