"""When a verdict may be told: at once, in a room once the facilitator has opened it, on a projector once somebody opens it."""

import os
from collections.abc import Callable

_held_back: Callable[[str], bool] | None = None
_round: Callable[[str], int] | None = None
_opened: set[str] = set()
_aloud: Callable[[str, float], str] | None = None


def wait_for(held_back: Callable[[str], bool] | None, asks: Callable[[str], int] | None = None) -> None:
    """From now on the verdict of a question waits as long as this says so of its id; None: none does.

    asks: the round of a room in which an answer to it is still missing from here, 0 where none is.
    """
    global _held_back, _round
    _held_back, _round = held_back, asks


def is_held_back(question_id: str) -> bool:
    if _held_back is not None and _held_back(question_id):
        return True
    return opens_here() and question_id not in _opened


def round_to_answer(question_id: str) -> int:
    """The round of a room that waits for an answer from here, 0 where none does."""
    return _round(question_id) if _round is not None else 0


def opens_here() -> bool:
    """Does whoever sits here open a verdict: before a projector (`pmtech present`), or in a room without a network?"""
    return "PMTECH_PRESENT" in os.environ or _aloud is not None


def open_verdict(question_id: str) -> None:
    _opened.add(question_id)


def read_aloud(code: Callable[[str, float], str] | None) -> None:
    """From now on an answer has a code to read out; None: none has."""
    global _aloud
    _aloud = code
    _opened.clear()


def is_read_out() -> bool:
    """Does a pair read its answer out, and perhaps another one after it has talked to its neighbours?"""
    return _aloud is not None


def to_read_out(question_id: str, value: float) -> str:
    """What a pair reads out of its answer, "" where the room has a network, or there is none."""
    return f"To read out: **{_aloud(question_id, value)}**." if _aloud else ""
