"""A question on the page: kept before anything shows, fed back option by option, remembered."""

import pytest

from pmtech.course.exercises.ask import ask
from pmtech.course.exercises.questions import all_questions, question
from pmtech.course.way.progress import progress_file

SHOWN = ("verdict", "feedback", "misconception", "past", "again_label")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    return tmp_path


def value_of(id: str, right: bool) -> float:
    """The number of an option that is right, or not; of a guess, one in such a band."""
    asked = question(id)
    number = [o.right for o in asked.options].index(right)
    return min(asked.options[number].up_to, asked.guess.high) if asked.guess else number


def right(id: str) -> float:
    return value_of(id, True)


def wrong(id: str) -> float:
    return value_of(id, False)


def answered(id: str, value: int):
    asked = ask(id)
    asked.value = value
    asked.commit()
    return asked


def from_page(asked, **message):
    asked._handle_custom_msg(message, [])


@pytest.mark.parametrize("id", all_questions())
def test_every_option_of_every_question_answers(id, monkeypatch, tmp_path):
    for number, option in enumerate(question(id).options):
        monkeypatch.setenv("PMTECH_HOME", str(tmp_path / str(number)))
        asked = ask(id)
        asked.value = min(option.up_to, question(id).guess.high) if question(id).guess else number
        assert (asked.committed, asked.correct) == (False, None)
        assert all(getattr(asked, name) == "" for name in SHOWN), "nothing shows before the answer is given"
        asked.commit()
        assert asked.committed and asked.verdict
        assert progress_file().records("answer", id)[0]["right"] is option.right
        if question(id).kind != "predict":
            assert (asked.correct, asked.feedback, asked.misconception) == (
                option.right,
                option.feedback,
                option.misconception,
            )


@pytest.mark.parametrize("id", ["04.predict", "04.check.1", "05.break"])
def test_the_page_never_holds_what_is_right_before_it_is_due(id):
    """Of a question until it is answered; of a prediction not afterwards either, for its reveal will tell."""
    states = [str(ask(id).get_state())]
    if question(id).kind == "predict":
        states += [str(answered(id, wrong(id)).get_state())]
    for option in question(id).options:
        for state in states:
            assert option.text in state or repr(option.text)[1:-1] in state
            assert option.feedback[:30] not in state
            assert not option.misconception or option.misconception not in state


@pytest.mark.parametrize("id", ["01.break", "02.predict", "04.predict"])
def test_a_prediction_is_kept_without_a_verdict(id, monkeypatch, tmp_path):
    for place, value in enumerate((wrong(id), right(id))):
        monkeypatch.setenv("PMTECH_HOME", str(tmp_path / str(place)))
        asked = answered(id, value)
        assert (asked.verdict, asked.correct) == ("Your prediction is kept.", None)
        assert asked.feedback == "What came of it is told where the run is explained." and asked.misconception == ""


def test_a_guess_is_a_number_within_its_bounds_and_on_a_step():
    asked = ask("04.predict")
    asked.value = 3.26
    assert asked.value == 3.5
    with pytest.raises(ValueError, match="value must be from 0 to 10, got 11"):
        asked.value = 11
    with pytest.raises(ValueError, match="value must be from 0 to 10, got None"):
        ask("04.predict").commit()
    asked.commit()
    assert progress_file().records("answer", "04.predict")[0]["option"] == "3.5 a second"
    assert ask("04.predict").value == 3.5


def test_a_prediction_is_kept_and_cannot_be_changed():
    asked = answered("04.predict", wrong("04.predict"))
    with pytest.raises(ValueError, match="value cannot change: this prediction is kept"):
        asked.value = right("04.predict")
    with pytest.raises(ValueError, match="this answer is kept"):
        asked.again()
    from_page(asked, do="again")
    from_page(asked, do="commit", value=right("04.predict"))
    asked.commit()
    assert (asked.value, asked.correct, asked.again_label) == (wrong("04.predict"), None, "")
    assert len(progress_file().records("answer")) == 1


def test_a_check_can_be_tried_again_and_the_first_answer_stays():
    asked = answered("04.check.1", wrong("04.check.1"))
    assert asked.again_label == "Try again"
    asked.again()
    assert (asked.value, asked.committed, asked.feedback) == (None, False, "")
    asked.value = right("04.check.1")
    asked.commit()
    assert (asked.verdict, asked.again_label) == ("Right.", "")
    assert question("04.check.1").options[wrong("04.check.1")].text in asked.past
    assert [r["right"] for r in progress_file().records("answer", "04.check.1")] == [False, True]


def test_choosing_another_option_of_a_check_opens_it_again():
    asked = answered("04.check.1", 0)
    asked.value = 1
    assert (asked.committed, asked.feedback) == (False, "")


@pytest.mark.parametrize("id", ["04.predict", "04.check.1"])
def test_an_answer_given_earlier_is_shown_and_can_be_given_again(id):
    answered(id, wrong(id))
    asked = ask(id)
    assert (asked.value, asked.committed, asked.again_label) == (wrong(id), True, "Answer again")
    asked.again()
    asked.value = right(id)
    asked.commit()
    assert asked.past
    assert ask(id).value == right(id)
    assert [r["right"] for r in progress_file().records("answer", id)] == [False, True]


def test_an_option_reworded_since_leaves_the_question_open():
    progress_file().add("answer", "04.predict", option="as it read last year", right=True)
    asked = ask("04.predict")
    assert (asked.value, asked.committed) == (None, False)


def test_the_page_answers_with_the_value_in_the_message():
    asked = ask("04.predict")
    from_page(asked, do="commit", value=right("04.predict"))
    assert (asked.value, asked.committed) == (right("04.predict"), True)


def test_an_answer_needs_a_choice_that_exists():
    asked = ask("04.break")
    with pytest.raises(ValueError, match="choose an answer first: value must be from 0 to 3, got None"):
        asked.commit()
    for value in (-1, 4):
        with pytest.raises(ValueError, match=f"value must be from 0 to 3, got {value}"):
            asked.value = value
    assert progress_file().records("answer") == []


def test_an_unknown_question_names_the_nearest():
    with pytest.raises(ValueError, match=r'no question "predict": did you mean \d\d\.predict'):
        ask("predict")


def test_the_course_goes_on_where_nothing_can_be_saved(home, monkeypatch):
    (home / "file").write_text("")
    monkeypatch.setenv("PMTECH_HOME", str(home / "file"))
    asked = answered("04.predict", right("04.predict"))
    assert asked.committed and "cannot be saved" in asked.notice
    assert ask("04.predict").committed


def test_on_a_projector_nothing_is_told_until_somebody_opens_it(monkeypatch):
    monkeypatch.setenv("PMTECH_PRESENT", "1")
    asked = next(q for q in all_questions().values() if q.kind == "check" and not q.guess)
    panel = ask(asked.id)
    panel.value = asked.options.index(asked.right)
    panel.commit()
    assert panel.correct is None and asked.right.feedback not in panel.get_state().values()
    assert panel.again_label == "Show what is right"
    panel.again()
    assert panel.correct is True and panel.feedback == asked.right.feedback and panel.again_label == ""
    panel = ask(asked.id)  # its cell again
    assert panel.correct is True and panel.again_label == "Answer again"
    panel.again()
    assert not panel.committed and panel.value is None
