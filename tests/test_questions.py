"""The question files: every text is there, every id is used, every figure in them follows from the model."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from pmtech import theory
from pmtech.course.exercises.questions import Guess, Option, Question, Seen, all_questions, question
from pmtech.course.lint import what_a_question_lacks


@pytest.mark.parametrize("asked", all_questions().values(), ids=lambda q: q.id)
def test_every_question_is_complete(asked):
    assert list(what_a_question_lacks(asked)) == []


def test_the_place_of_the_right_option_gives_nothing_away():
    places = Counter([o.right for o in q.options].index(True) for q in all_questions().values())
    assert max(places.values()) <= sum(places.values()) / 2


def test_a_text_uses_the_marks_that_are_drawn():
    """`code` and **bold** are; a single star would stand there as it is."""
    texts = [
        text
        for q in all_questions().values()
        for text in (q.text, q.why, q.run, *(o.text + o.feedback for o in q.options))
    ]
    assert [text for text in texts if text and re.search(r"(?<!\*)\*(?!\*)\S", text)] == []


def test_the_lesson_covers_its_known_misconceptions():
    beliefs = {o.misconception for q in all_questions().values() if q.lesson == "04" for o in q.options}
    assert {
        "throttling and rate limiting are the same",
        "a queue absorbs any overload",
        "79 of 80 is almost no load",
    } <= beliefs


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(ValueError, match=r'no question "04\.predikt": did you mean 04\.predict'):
        question("04.predikt")


GOOD = {"text": "Which?", "kind": "predict", "id": "99.x", "run": "It was {x|ms}."}
RIGHT, WRONG = (
    Option(text="a", right=True, feedback="f"),
    Option(text="b", right=False, feedback="f", misconception="m"),
)
BANDS = (
    Option(up_to=2, right=False, feedback="f", misconception="m"),
    Option(up_to=4, right=True, feedback="f"),
    Option(up_to=10, right=False, feedback="f", misconception="n"),
)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "quiz"}, "99.x: kind must be one of try, warm-up, predict, check, got 'quiz'"),
        ({"options": (RIGHT, Option(text="b", right=True, feedback="f"))}, "exactly one option must be right, got 2"),
        ({"options": (WRONG,)}, "exactly one option must be right, got 0"),
        ({"options": (RIGHT, Option(text="b", right=False, feedback="", misconception="m"))}, "needs feedback"),
        ({"options": (RIGHT, Option(text="b", right=False, feedback="f"))}, "names its misconception"),
        ({"options": (RIGHT, Option(text="a", right=False, feedback="f", misconception="m"))}, "the same text"),
        ({"run": ""}, "a prediction, and only that, says what its run shows"),
        ({"kind": "check"}, "a prediction, and only that, says what its run shows"),
        (
            {"guess": Guess(figure="x", unit="ms", low=0, high=10, step=1), "options": BANDS[:2]},
            "the bands go up and reach beyond 10, got [2, 4]",
        ),
        (
            {"guess": Guess(figure="x", unit="ms", low=0, high=10, step=1), "options": BANDS[::-1]},
            "the bands go up and reach beyond 10, got [10, 4, 2]",
        ),
        ({"seen": Seen(text="What?", option=(WRONG,))}, "exactly one option of what was seen must be right, got 0"),
    ],
)
def test_a_slip_of_the_writer_is_named(change, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Question(**{**GOOD, "options": (RIGHT, WRONG), **change})


def test_the_figures_in_the_predictions_follow_from_the_numbers():
    told = " ".join(o.feedback for o in question("04.predict").options)
    assert round(80 * 10 / 190) == 4 and "about 4 a second" in told
    assert (190 - 80) * 60 == 6600 and "6,600" in told
    assert 6600 // 80 == 82 and "82 seconds" in told


def test_79_of_80_waits_several_times_the_work_itself():
    def wait_s(rate_per_s: float) -> float:
        # Allen and Cunneen: the wait of M/M/8, scaled by the variability of the work (service_cv 0.5).
        return theory.mmc(rate_per_s, 0.1, 8).wait_s * (1 + 0.5**2) / 2

    assert wait_s(79) > 0.5
    assert wait_s(60) < 0.02


def test_a_star_that_a_learner_would_read_as_a_star_is_named():
    """Texts know bold and code alone: `*first*` stood on the page with its stars."""
    of_many = next(iter(all_questions().values()))
    lacking = [*what_a_question_lacks(replace(of_many, hint="It comes *first*."))]
    assert len(lacking) == 1 and "a single *" in lacking[0]
    assert [*what_a_question_lacks(replace(of_many, hint="It is **first**, as `a * b` is."))] == []
