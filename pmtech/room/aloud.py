"""Four signs that a pair reads out where there is no network: an answer to one of a lesson's questions, and a check."""

from functools import cache

from pmtech.course.exercises.questions import all_questions

SIGNS = "ACDEFGHJKLMNPQRTUVWXY34679"  # none is mistaken for another, heard or read


@cache
def _answers(lesson: str) -> list[tuple[str, float]]:
    """Every answer that a lesson's questions can have, in order."""
    mine = (one for one in all_questions().values() if one.lesson == lesson)
    return [(question.id, value) for question in mine for value in question.values]


def code(question: str, value: float) -> str:
    """The four signs of an answer: "K7QX". Its neighbours have others in two places at least."""
    number = _answers(question[:2]).index((question, round(float(value), 9)))
    base = len(SIGNS)
    three = [number // base**2, number // base % base, number % base]
    return "".join(SIGNS[n] for n in (*three, _check(three)))


def answer(lesson: str, signs: str) -> tuple[str, float] | None:
    """The question and the answer that four signs stand for; None where they were misheard."""
    at = [SIGNS.find(sign) for sign in signs.upper() if not sign.isspace()]
    if len(at) != 4 or -1 in at or at[3] != _check(at[:3]):
        return None
    number = (at[0] * len(SIGNS) + at[1]) * len(SIGNS) + at[2]
    known = _answers(lesson)
    return known[number] if number < len(known) else None


def _check(three: list[int]) -> int:
    """One sign misheard is always noticed: the weights have no factor in common with 26."""
    return sum(weight * n for weight, n in zip((3, 5, 7), three, strict=True)) % len(SIGNS)
