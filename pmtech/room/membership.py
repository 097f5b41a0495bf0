"""A learner is in a room without joining: on a hub, or where another lesson of theirs has joined; until they leave it."""

from __future__ import annotations

import importlib
import json
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pmtech import files
from pmtech.course.way.progress import home

if TYPE_CHECKING:  # a plain program never needs it
    from IPython.core.interactiveshell import InteractiveShell

A_DAY_S = 12 * 3600.0  # of a workshop: on the next, nothing is sent before somebody joins anew
KERNEL = secrets.token_hex(16)  # drawn anew in each kernel, and never sent


def is_on_a_hub() -> bool:
    """Has a hub started this kernel, whose learner is in its room without joining, and has not left it?"""
    return bool(os.environ.get("PMTECH_ROOM")) and not _left().exists()


def room_of_today() -> str:
    """The room in which a kernel of this learner is as soon as it starts: "word@address", or "" where there is none."""
    return os.environ["PMTECH_ROOM"] if is_on_a_hub() else _joined().get("room", "")


def be_there(shell: InteractiveShell) -> None:
    """From now on, and before every cell that is run: whatever lesson the learner was in when they joined."""

    def look(*_) -> None:
        if room_of_today():
            importlib.import_module("pmtech.room.join").join_without_asking()

    shell.events.register("pre_run_cell", look)
    look()


def token_for(room: str) -> str:
    """A secret from which that of the seat follows: the same in all of a learner's kernels, drawn anew for another room."""
    kept = _joined()
    return os.environ.get("JUPYTERHUB_API_TOKEN") or (kept["token"] if kept.get("room") == room else KERNEL)


def stay_in(room: str) -> None:
    """Remember the room for the other kernels of this day."""
    with suppress(OSError):
        if "PMTECH_ROOM" in os.environ:
            _left().unlink(missing_ok=True)
        elif _joined().get("room") != room:
            kept = {"room": room, "token": KERNEL, "since": time.time()}
            files.write(_place(), json.dumps(kept), over=True)
            _place().chmod(0o600)


def stay_out() -> None:
    """Remember that this learner has left the room."""
    with suppress(OSError):
        files.write(_left(), "", over=True) if "PMTECH_ROOM" in os.environ else _place().unlink(missing_ok=True)


def _joined() -> dict[str, str]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_place().read_text(encoding="utf-8"))
        if 0 <= time.time() - kept["since"] < A_DAY_S:
            return {"room": str(kept["room"]), "token": str(kept["token"])}
    return {}


def _place() -> Path:
    """What is there while a learner is in a room."""
    return home() / "joined-room.json"


def _left() -> Path:
    """A file that is there where a learner on a hub has left the room."""
    return home() / "left-the-room"
