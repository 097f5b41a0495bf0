"""A lesson has one title and one length: on its card, which the map of the course reads, and in the README."""

import json
import re
from pathlib import Path

import pytest

from pmtech.course.way.map import progress

ROOT = Path(__file__).resolve().parent.parent
LESSONS = progress().lessons


def test_every_lesson_is_on_the_map():
    assert [lesson.file for lesson in LESSONS] == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_a_lesson_has_one_title_and_one_length(lesson):
    cells = json.loads((ROOT / "notebooks" / lesson.file).read_text(encoding="utf-8"))["cells"]
    row = re.search(
        rf"^\| {lesson.number} \| (.+?) \| (.+?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert lesson.title in row.groups()
    said = [int(m) for cell in cells for m in re.findall(r"^## .+ · (\d+) min$", "".join(cell["source"]), re.MULTILINE)]
    assert 0 <= lesson.minutes - sum(said) < 5, "the minutes of its sections"
    assert lesson.minutes <= (60 if lesson.number == "16" else 45)  # the last is a day of its own
