"""What the tests of the lessons share: their cells, and every lesson run once, cell by cell, as a learner would."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def sources(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == kind]


@cache
def run(path: Path) -> dict:
    """The names of a lesson after all its cells have run; the caller has chosen where answers and pages go."""
    assert "PMTECH_HOME" in os.environ
    names: dict = {}
    for source in sources(path, "code"):
        exec(compile(source, path.name, "exec"), names)
    return names
