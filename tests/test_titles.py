"""A lesson has one title and one length: on its card, on the map of the course, and in the README."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from pmtech.course.way import map as course_map

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = tomllib.loads(Path(course_map.__file__).with_name("course.toml").read_text(encoding="utf-8"))["lesson"]


def test_every_lesson_is_on_the_map():
    assert [entry["file"] for entry in ENTRIES] == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"][:2])
def test_a_lesson_has_one_title_and_one_length(entry):
    cells = json.loads((ROOT / "notebooks" / entry["file"]).read_text(encoding="utf-8"))["cells"]
    card = "".join(cells[0]["source"])
    title = re.match(r"# (.+)", card)[1]
    assert entry["title"] == title
    number = entry["file"][:2]
    row = re.search(
        rf"^\| {number} \| (.+?) \| (.+?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert title in row.groups()
    assert entry["minutes"] == int(re.search(r"(\d+) minutes", card)[1])
    said = [int(m) for cell in cells for m in re.findall(r"^## .+ · (\d+) min$", "".join(cell["source"]), re.MULTILINE)]
    assert 0 <= entry["minutes"] - sum(said) < 5, "the minutes of its sections"
    assert entry["minutes"] <= (60 if entry["file"].startswith("16") else 45)  # the last is a day of its own
