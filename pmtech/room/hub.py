"""A learner on a hub is in its room without joining, until they leave it; and may join again."""

import os
from contextlib import suppress
from pathlib import Path

from pmtech import files
from pmtech.course.way.progress import home


def is_on_a_hub() -> bool:
    """Has a hub started this kernel, whose learner is in its room without joining, and has not left it?"""
    return bool(os.environ.get("PMTECH_ROOM")) and not _left().exists()


def stay_out(left: bool) -> None:
    """Remember that a learner on a hub has left its room, or is in it again."""
    if "PMTECH_ROOM" in os.environ:
        with suppress(OSError):
            files.write(_left(), "", over=True) if left else _left().unlink(missing_ok=True)


def _left() -> Path:
    """A file that is there where a learner on a hub has left the room."""
    return home() / "left-the-room"
