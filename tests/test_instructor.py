"""The facilitator's notes: one a lesson, links that lead somewhere, agendas whose minutes add up."""

import re
from itertools import accumulate
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "notebooks" / "instructor"
NOTES = sorted(FOLDER.glob("*.md"))
LESSONS = sorted(FOLDER.parent.glob("*.ipynb"))
WORKSHOP = FOLDER / "workshop.md"


def tables(text: str) -> list[list[list[str]]]:
    """The rows (lists of cells, without the heading) of each table."""
    found = re.findall(r"^\|.+\n\|[-:| ]+\|\n((?:\|.+\n?)+)", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.strip().split("\n")] for rows in found
    ]


def test_every_lesson_has_a_note_and_both_are_linked():
    assert {path.stem for path in NOTES} == {path.stem for path in LESSONS} | {"workshop"}
    text = WORKSHOP.read_text(encoding="utf-8")
    for lesson in LESSONS:
        assert f"(../{lesson.name})" in text and f"({lesson.stem}.md)" in text


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_links_lead_to_files(note):
    for target in re.findall(r"\]\(([^)#]+)\)", note.read_text(encoding="utf-8")):
        assert (FOLDER / target).exists()


@pytest.mark.parametrize("note", [note for note in NOTES if note != WORKSHOP], ids=lambda path: path.stem)
def test_minutes_only_go_up_and_every_misconception_has_an_answer(note):
    minutes, beliefs, *_ = tables(note.read_text(encoding="utf-8"))
    at = [int(cell) for row in minutes for cell in row if cell.isdigit()]
    assert (
        at == sorted(at) and len(at) == len(minutes) and at[-1] <= (60 if note.stem.startswith("16") else 45)
    )  # the last lesson is a day of its own
    assert all(all(row) for row in beliefs)
    lesson = (FOLDER.parent / f"{note.stem}.ipynb").read_text(encoding="utf-8")
    sections = sum(map(int, re.findall(r"## .+? · (\d+) min", lesson)))
    assert 0 <= at[-1] - sections <= 1, "the note, and the headings of the lesson with a minute for its title"


def test_the_minutes_of_the_agendas_add_up():
    agendas = [rows for rows in tables(WORKSHOP.read_text(encoding="utf-8")) if rows[0][0].isdigit()]
    assert len(agendas) == 3
    for rows in agendas:
        until, lasts = ([int(row[column]) for row in rows] for column in (0, 1))
        assert until == list(accumulate(lasts))
        begins = [60 * int(hour) + int(minute) for hour, minute in (row[2].split(":") for row in rows)]
        assert begins == [540 + end - length for end, length in zip(until, lasts, strict=True)]
        sitting, longest = 0, 0
        for row, length in zip(rows, lasts, strict=True):
            sitting = 0 if row[3].startswith(("Break", "Lunch")) else sitting + length
            longest = max(longest, sitting)
        assert longest <= 65, "nobody sits for more than an hour without a break"
