"""When a verdict may be told: at once, in a room once the facilitator has opened it, on a projector once somebody opens it."""

from __future__ import annotations

import os
from collections.abc import Callable

_held_back: Callable[[str], bool] | None = None
_opened: set[str] = set()


def wait_for(held_back: Callable[[str], bool] | None) -> None:
    """From now on the verdict of a question waits as long as this says so of its id; None: none does."""
    global _held_back
    _held_back = held_back


def is_held_back(question_id: str) -> bool:
    if _held_back is not None and _held_back(question_id):
        return True
    return opens_here() and question_id not in _opened


def opens_here() -> bool:
    """Is this a projector (`pmtech present`), on which whoever stands before it opens a verdict?"""
    return "PMTECH_PRESENT" in os.environ


def open_verdict(question_id: str) -> None:
    _opened.add(question_id)
