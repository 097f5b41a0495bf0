"""What is told of a question: to a seat, to the facilitator's board, and of a vote that is none of its answers."""

from typing import Any

from pmtech.course.exercises.questions import all_questions
from pmtech.room.state import Refused, Room, is_split


def options(question: str) -> dict[str, Any]:
    """How a question is shown to vote on: its text and options, or the ends of a guess."""
    asked = all_questions().get(question)
    if asked is None:
        raise Refused(404, f'There is no question "{question}".')
    return {"id": asked.id, "text": asked.text.strip(), **asked.shown}


def check_vote(question: str, option: float) -> None:
    asked = options(question)
    guess = asked.get("guess")
    right = guess["low"] <= option <= guess["high"] if guess else option in range(len(asked["options"]))
    if not right:
        raise Refused(422, "This is none of the answers.")


def for_seat(room: Room) -> dict[str, Any]:
    told = room.told()
    if told["question"]:
        told["asked"] = options(told["question"])
        told["right"] = _right_one(told)
    return told


def for_board(room: Room, lesson: str) -> dict[str, Any]:
    told = room.board(lesson)
    if question := told["question"]:
        told["asked"] = options(question)
        if told["shown"]:
            counted = told["rounds"][-1] if told["rounds"] else {}
            asked = all_questions()[question]
            right = sum(votes for option, votes in counted.items() if asked.chosen(option).right)
            told["split"] = not told["verdict"] and is_split(right, sum(counted.values()))
        told["right"] = _right_one(told)
    return told


def _right_one(told: dict[str, Any]) -> int | None:
    """The number of the right option, once it is opened; of a guess nobody knows before the run."""
    asked = all_questions()[told["question"]]
    if asked.guess or not told["verdict"]:
        return None
    return next(n for n, option in enumerate(asked.options) if option.right)
