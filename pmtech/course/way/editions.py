"""The lessons in a learner's folder: put there, never written over, and told apart when a new edition of the course comes.

What was put where is remembered in the user's data folder: so a lesson that its learner has changed is told from one of
an earlier edition, and a new edition is laid beside it once: `03_caching-2.ipynb` beside `03_caching.ipynb`.
"""

import json
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pmtech import files
from pmtech.course.way.progress import home

PACKAGE = Path(__file__).resolve().parents[2]
UNKNOWN = "is not this edition of the lesson, or has changes"


def shipped() -> Path:
    """Where this edition's own lessons are: in an installed package, or in a checkout."""
    installed = PACKAGE / "lessons"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"


def lay_new_editions(folder: Path) -> list[str]:
    """Put this edition's lesson beside each one in `folder` that is of another; returns a sentence for each. Raises OSError."""
    known, said = _remembered(), []
    seen: dict[Path, str] = {}
    for lesson in sorted(shipped().glob("*.ipynb")) if not folder.samefile(shipped()) else ():
        name, here, now = lesson.name, folder / lesson.name, edition_of(lesson)
        was = {path: known.get(_key(path)) for path in editions(folder, name)}
        is_now = [path for path in was if now in (was[path], edition_of(path))]
        if not is_now:
            (beside,) = is_now = files.write_beside({here: lesson.read_bytes()})
            changed = "without changes of yours" if was[here] == edition_of(here) else "with your changes"
            what = f"is of an earlier edition, {changed}" if was[here] else UNKNOWN
            said.append(f"{name} {what}; it stays as it is, and the new edition lies beside it: {beside.name}")
        seen |= dict.fromkeys(is_now, now)
    _remember(seen)
    return said


def editions(folder: Path, name: str) -> list[Path]:
    """The lesson's files in a folder, the newest edition last."""
    stem, suffix = Path(name).stem, Path(name).suffix
    found = {
        path: re.fullmatch(rf"{re.escape(stem)}(?:-(\d+))?{suffix}", path.name) for path in folder.glob(f"{stem}*")
    }
    numbers = {path: int(match[1] or 1) for path, match in found.items() if match}
    return sorted(numbers, key=numbers.__getitem__)


def edition_of(path: Path) -> str:
    """What tells one edition from another: the cells as they are written, without what they put out."""
    content = path.read_bytes() if path.is_file() else b""
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        cells = json.loads(content)["cells"]
        content = json.dumps([(cell["cell_type"], "".join(cell["source"])) for cell in cells]).encode()
    return sha256(content).hexdigest()[:16]


def _key(path: Path) -> str:
    return str(path.resolve())


def _remembered() -> dict[str, str]:
    """File -> the edition that was put there."""
    with suppress(OSError, ValueError):
        known = json.loads((home() / "lessons.json").read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _remember(laid: dict[Path, str]) -> None:
    before = _remembered()
    known = before | {_key(path): edition for path, edition in laid.items()}
    if known != before:
        with suppress(OSError):  # next time they count as unknown
            files.write(home() / "lessons.json", json.dumps(known, indent=1), over=True)
