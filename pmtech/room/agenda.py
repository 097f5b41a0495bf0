"""What a room knows of a lesson: its sections, as its own headings say, and the instructor's note: minutes, and what to cut first."""

import re
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from pmtech.course.lint import Notebook, read
from pmtech.course.way.editions import shipped
from pmtech.course.way.map import lesson_folders

CALLS = {"answer": "ask", "run": "reveal", "task": "check"}  # of what is kept -> what has kept it
LAST = "Going further"  # is for another day


@cache
def lesson(number: str) -> Notebook | None:
    """The lesson of this number: the one beside whoever asks, or the course's; None where there is none."""
    found = (path for folder in lesson_folders() for path in sorted(folder.glob(f"{number}_*.ipynb")))
    path = next(found, None) if re.fullmatch(r"\d\d", number) else None
    return read(path) if path else None


def sections(number: str) -> list[str]:
    """The headings of a lesson, in order."""
    found = lesson(number)
    return list(takewhile(lambda one: one != LAST, filter(None, found.sections))) if found else []


def section_of(kind: str, id: str) -> int | None:
    """The number of the section in which a record of this kind was made, from 0."""
    call, headings = CALLS.get(kind), sections(id[:2])
    if call is None or (found := lesson(id[:2])) is None:
        return None
    where = (cell.section for cell in found.code if id.removesuffix(".seen") in cell.ids(call))
    return next((headings.index(one) for one in where if one in headings), None)


def agenda(number: str) -> dict[str, Any]:
    """The sections of a lesson; until which minute each goes, of those that the note names; and what to cut first."""
    headings = sections(number)
    note = _note(number)
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([^|]+) \|$", note, re.MULTILINE)
    until = {name: int(minute) for names, minute, _ in rows for name in re.split(r", ", names) if name in headings}
    cut = re.search(r"^## (?:If time is short|Cut first)\n+(.+?)\n*(?=^## |\Z)", note, re.MULTILINE | re.DOTALL)
    minutes = [until.get(name) for name in headings]
    return {"sections": headings, "until": minutes, "cut": " ".join(cut[1].replace("*", "").split()) if cut else ""}


def _note(number: str) -> str:
    """The instructor's note of a lesson, "" where there is none."""
    folders = (Path.cwd() / "instructor", shipped() / "instructor")
    paths = (path for folder in folders for path in sorted(folder.glob(f"{number}_*.md")))
    path = next(paths, None) if lesson(number) else None
    return path.read_text(encoding="utf-8") if path else ""
