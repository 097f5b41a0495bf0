"""What came of a prediction: told only when it is due, beside the learner's own run, and true of it."""

import re

import nbformat.v4 as nb
import pandas as pd
import pytest
from lessons import NOTEBOOKS, hold, read, reveals, sources

from pmtech import Clients, Server
from pmtech.charts import guess as chart
from pmtech.course.exercises.ask import ask
from pmtech.course.exercises.questions import Guess, all_questions, question
from pmtech.course.exercises.reveal import OPEN, PASSED, reveal
from pmtech.course.lint import MARKED
from pmtech.course.way.progress import progress_file
from pmtech.panels.compare import compare
from pmtech.runs.figure import figure
from pmtech.wording import said

PREDICTIONS = {id: q for id, q in all_questions().items() if q.kind == "predict"}
A, B, C = (Clients(f"Company {name}", rate_per_s=rate) for name, rate in (("A", 10), ("B", 30), ("C", 150)))
SERVER = Server(workers=8, service_ms=100, service_cv=0.5)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def minute():
    return compare({"before C": [A, B] >> SERVER, "with C": [A, B, C] >> SERVER})


def answered(id: str, value: float):
    asked = ask(id)
    asked.value = value
    asked.commit()
    return asked


def from_page(panel, **message):
    panel._handle_custom_msg(message, [])


# --- when it opens -----------------------------------------------------------------------------------------------------


def test_it_opens_by_itself_when_the_prediction_was_kept_before(minute):
    answered("04.predict", 9)
    told = reveal("04.predict", minute).told
    assert (told["you"], told["truth"], told["right"]) == ("9 a second", "4.2 a second", False)
    assert told["verdict"] == "It turned out otherwise: 4.8 a second less than you said."
    assert not {"belief", "feedback", "why"} & told.keys(), "they would answer what is asked below"
    assert told["run"].startswith("A sent 9.7 a second and got 4.2 a second answered")


def test_until_then_the_page_holds_nothing_of_the_outcome(minute):
    shown = reveal("04.predict", minute)
    state = str(shown.get_state())
    assert shown.told == {"id": "04.predict", "waits": OPEN}
    for option in question("04.predict").options:
        assert option.feedback[:30] not in state
    assert "4.2" not in state


def test_the_page_is_told_at_once_for_it_may_begin_before_anything_is_added(minute, monkeypatch):
    monkeypatch.setattr("pmtech.course.exercises.reveal.Reveal.refresh", lambda self: None)
    assert "waits" in reveal("04.predict", minute).told


def test_it_opens_when_the_question_is_answered_further_up(minute):
    asked, shown = ask("04.predict"), reveal("04.predict", minute)
    asked.value = 4.5
    asked.commit()
    assert shown.told["verdict"] == "Close: 0.3 a second less than you said." and shown.told["right"] is True
    assert asked.verdict == "Your prediction is kept."


@pytest.mark.parametrize(
    ("guess", "fate"),
    [
        (4.2, "It came as you said."),
        (4, "Close: 0.2 a second more than you said."),
        (3, "The right idea: 1.2 a second more than you said."),
        (9, "It turned out otherwise: 4.8 a second less than you said."),
    ],
)
def test_a_guess_is_told_how_near_it_came_in_which_direction_and_by_how_much(minute, guess, fate):
    asked = question("04.predict")
    assert chart.fate(asked.guess, minute, guess, asked.chosen(guess).right) == fate


def test_whoever_comes_to_the_run_without_a_prediction_can_answer_late_without_pretending(minute):
    asked, shown = ask("04.predict"), reveal("04.predict", minute)
    assert asked.skipped == ""
    from_page(shown, do="passed")
    assert shown.told["waits"] == PASSED and asked.skipped.startswith("Skipped: ")
    assert ask("04.predict").skipped.startswith("Skipped: "), "after a restart, too"
    asked.value = 4
    asked.commit()
    assert asked.verdict == "Kept, as an answer given after the run." and asked.skipped == ""
    assert shown.told["verdict"] == "Answered after the run. Close: 0.2 a second more than you said."
    (record,) = progress_file().records("answer", "04.predict")
    assert record["late"] is True
    assert ask("04.predict").verdict == "Kept, as an answer given after the run."


def test_it_can_be_shown_without_a_prediction_and_says_so(minute):
    shown = reveal("04.predict", minute)
    from_page(shown, do="show")
    assert (shown.told["verdict"], shown.told["you"]) == ("You made no prediction.", "")
    from_page(shown, do="go on")
    assert shown.told["feedback"] == question("04.predict").right.feedback
    assert {bar["name"] for bar in shown.told["figure"]["data"]} == {"A asks for", "before C", "your run"}
    assert ask("04.predict").skipped


def test_to_pass_by_is_nothing_once_the_question_is_answered(minute):
    answered("04.predict", 4)
    shown = reveal("04.predict", minute)
    from_page(shown, do="passed")
    assert progress_file().records("run") == []


def test_what_was_seen_is_asked_told_and_kept(minute):
    answered("04.predict", 4)
    shown = reveal("04.predict", minute)
    assert shown.told["seen"]["chosen"] is None and "feedback" not in shown.told["seen"]
    from_page(shown, do="saw", value=0)
    assert shown.told["seen"]["feedback"].startswith("Look again. Refused or failed: 0 %")
    from_page(shown, do="saw", value=1)
    assert shown.told["seen"]["feedback"].startswith("That is what happened. ")
    assert reveal("04.predict", minute).told["seen"]["chosen"] == 1
    assert [record["right"] for record in progress_file().records("answer", "04.predict.seen")] == [False, True]


@pytest.mark.parametrize("said", [{"do": "go on"}, {"do": "saw", "value": 0}], ids=["goes on", "looks again"])
def test_it_is_explained_once_it_was_said_what_was_seen_and_stays_so(minute, said):
    answered("04.predict", 9)
    shown = reveal("04.predict", minute)
    state = str(shown.get_state())
    assert question("04.predict").why[:30] not in state and "who sends little" not in state
    from_page(shown, **said)
    for told in (shown.told, reveal("04.predict", minute).told):  # and after a restart
        assert told["why"] and told["feedback"] and "who sends little is not hurt by overload" in told["belief"]
        assert told["seen"]["chosen"] == said.get("value")


def test_a_run_that_was_changed_is_said_to_be_another_one():
    answered("04.predict", 4)
    many = Server(workers=20, service_ms=100)
    calm = compare({"before C": [A, B] >> many, "with C": [A, B, C] >> many}, duration_s=20)
    assert "numbers have been changed" in reveal("04.predict", calm).told["odd"]


def test_what_cannot_be_told_is_a_sentence(minute):
    with pytest.raises(ValueError, match="04.warmup is no prediction"):
        reveal("04.warmup", minute)
    with pytest.raises(ValueError, match="is not among the figures of this run"):
        reveal("04.predict", minute.results["with C"])
    with pytest.raises(ValueError, match='no question "04.predikt"'):
        reveal("04.predikt", minute)


# --- the guess on the chart of the run -----------------------------------------------------------------------------------


def test_guess_and_run_are_bars_under_one_another_with_the_gap_between_them(minute):
    figure, height = chart.beside(question("04.predict").guess, minute, 9)
    bars = {bar["name"]: bar["x"][0] for bar in figure["data"]}
    assert bars == {"A asks for": 9.7, "before C": 9.683, "you said": 9, "your run": 4.25}
    (gap,) = figure["layout"]["shapes"]
    assert (gap["x0"], gap["x1"]) == (4.25, 9)
    texts = [note["text"] for note in figure["layout"]["annotations"]]
    assert "4.8 a second less than you said" in texts and height < 160
    same, _ = chart.beside(question("04.predict").guess, minute, 4.2)
    assert not any("than you said" in note["text"] for note in same["layout"]["annotations"])


def test_a_guess_along_a_curve_lies_at_the_level_that_was_asked_for():
    rows = pd.DataFrame({"rate": [10, 20, 30], "p95_ms": [100.0, 200.0, 600.0]})
    asked = Guess(figure="rate where p95_ms is 400", unit="a second", low=0, high=40, step=1)
    assert figure(rows, asked.figure) == 25
    drawn, _ = chart.beside(asked, rows, 35)
    at = {trace["name"]: (trace["x"][-1], trace["y"][-1]) for trace in drawn["data"]}
    assert at["your run"] == (25, 400) and at["you said"] == (35, 400)
    words = [note for note in drawn["layout"]["annotations"] if note["x"] == 35]
    assert [note["text"] for note in words] == ["less than you said", "10 a second"]
    assert {note["xanchor"] for note in words} == {"right"}


@pytest.mark.parametrize(("value", "end"), [(0, "left"), (4, "left"), (20, "right"), (40, "right")])
def test_the_words_of_a_guess_at_an_end_of_the_axis_stay_in_the_chart(value, end):
    rows = pd.DataFrame({"rate": [10, 20, 30], "p95_ms": [100.0, 200.0, 600.0]})
    asked = Guess(figure="rate where p95_ms is 400", unit="a second", low=0, high=40, step=1)
    drawn, _ = chart.beside(asked, rows, value)
    assert {note["xanchor"] for note in drawn["layout"]["annotations"] if note["x"] == value} == {end}


def test_one_is_one_request_and_two_are_requests():
    units = ["requests", "visitors a second", "ms", "a second", "of 100"]
    assert [said(1, unit) for unit in units] == ["1 request", "1 visitor a second", "1 ms", "1 a second", "1 of 100"]
    assert said(10.4, "customers") == "10 customers" and said(2.4, "customers") == "2.4 customers"
    assert said(2, "requests") == "2 requests" and said(1.2, "requests") == "1.2 requests"


# --- what is told is true of the lessons' own runs -----------------------------------------------------------------------

REVEALS = [(path, id, name) for path in NOTEBOOKS for id, name in reveals(path)]


def test_every_prediction_has_its_reveal():
    assert sorted(id for _, id, _ in REVEALS) == sorted(PREDICTIONS)


def test_whatever_does_not_hold_in_a_lessons_run_is_found(minute, tmp_path):
    """Every lesson is held against the run that its notebook's test has made, in the same kernel: see conftest.py."""
    path, many = tmp_path / "04_held.ipynb", Server(workers=20, service_ms=100)
    calm = compare({"before C": [A, B] >> many, "with C": [A, B, C] >> many}, duration_s=20)

    def held(said, made):
        text = f"{said}<!--own: minute.results['with C'].by_client.served_per_s['company_a']-->"
        cells = [nb.new_code_cell('reveal("04.predict", minute)'), nb.new_markdown_cell(text)]
        path.write_text(nb.writes(nb.new_notebook(cells=cells)))
        hold(path, {"minute": made})

    held("4.2", minute)
    with pytest.raises(AssertionError, match=r"^Cell 2: the text says 4\.3, and "):
        held("4.3", minute)
    with pytest.raises(AssertionError, match=r"^04\.predict: the run gives "):
        held("4.2", calm)


def test_numbers_are_marked_where_the_text_tells_of_a_run():
    assert MARKED.findall("\n".join(sources(NOTEBOOKS[3], "markdown")))


@pytest.mark.parametrize(("path", "id", "name"), REVEALS, ids=[id for _, id, _ in REVEALS])
def test_what_follows_from_a_run_stands_in_the_reveal_and_not_on_the_way_to_it(path, id, name):
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in read(path)["cells"]]
    begin = next(n for n, (_, source) in enumerate(cells) if f'ask("{id}")' in source)
    end = next(n for n, (_, source) in enumerate(cells) if f'reveal("{id}"' in source)
    between = cells[begin + 1 : end]
    assert any(re.search(rf"\b{name}\b", source) for kind, source in between if kind == "code"), "its run is made there"
    words = " ".join(source for kind, source in between if kind == "markdown").split()
    assert len(words) <= 100, "a sentence or two on what is run"
