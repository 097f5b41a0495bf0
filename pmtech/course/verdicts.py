"""When a verdict may be told: at once, or in a workshop once the facilitator has opened it."""

from __future__ import annotations

from collections.abc import Callable

_held_back: Callable[[str], bool] | None = None


def wait_for(held_back: Callable[[str], bool] | None) -> None:
    """From now on the verdict of a question waits as long as this says so of its id; None: none does."""
    global _held_back
    _held_back = held_back


def is_held_back(question_id: str) -> bool:
    return _held_back is not None and _held_back(question_id)
