"""The request console and the table of verbs, driven as the page drives them."""

import re
from pathlib import Path

import pytest

import pmtech
from pmtech.course.exercises.tasks.lesson_02 import STANDARD, TASKS
from pmtech.course.verb_table import PROPERTIES, VERBS, verb_table
from pmtech.course.way.progress import progress_file
from pmtech.panels.console import EXAMPLES, METHODS, Console, console
from pmtech.web.app.server import Api


@pytest.fixture(params=["socket", "in_process"])
def api(request):
    api = Api(request.param)
    api.start()
    yield api
    api.stop()


@pytest.fixture
def panel(api):
    return console(api)


def press(panel, method="GET", path="/surveys", headers="", body="", lose=False):
    """What the page sends when its button is pressed."""
    message = {"do": "send", "method": method, "path": path, "headers": headers, "body": body, "lose": lose}
    panel._handle_custom_msg(message, [])
    return panel.answer


def marks(answer):
    return {t["name"]: [(row["mark"], row["cells"][0]) for row in t["rows"]] for t in answer["tables"]}


def test_one_field_is_changed_and_marked_before_and_after(panel):
    answer = press(panel, "PATCH", "/surveys/1", "Content-Type: application/json", '{"goal": 250}')
    assert (answer["status"], answer["good"], answer["error"]) == ("200 OK", True, None)
    assert answer["request"].startswith("PATCH /surveys/1 HTTP/1.1\n")
    assert answer["response"].startswith("HTTP/1.1 200 OK\n")
    assert answer["rows"] == "1 row changed in surveys."
    assert marks(answer) == {"surveys": [("before", "1"), ("after", "1"), ("same", "2"), ("same", "3")]}
    before, after = answer["tables"][0]["rows"][:2]
    columns = answer["tables"][0]["columns"]
    changed = [name for name, is_changed in zip(columns, after["changed"], strict=True) if is_changed]
    assert changed == ["goal", "version"]
    goal = columns.index("goal")
    assert (before["cells"][goal], after["cells"][goal]) == ("100", "250")


def test_what_lesson_02_reads_only_if_it_has_changed_has_changed(panel):
    """The examples that its step names, in their order, with a new API; then with the version of the answer."""
    lesson = (Path(__file__).parents[1] / "notebooks" / "02_http_verbs.ipynb").read_text(encoding="utf-8")
    step = re.search(r"2\. Send [^\n]*", lesson)[0]
    sent = {name: example for name, *example in EXAMPLES if f"*{name}*" in step}
    for name in sorted(sent, key=step.index):
        press(panel, *sent[name])
    method, path, headers, _ = sent["Read it only if it has changed"]
    assert panel.answer["status"] == "200 OK" and 'etag: "v2"' in panel.answer["response"]
    assert press(panel, method, path, headers.replace("v1", "v2"))["status"] == "304 Not Modified"


def test_added_and_removed_rows_and_the_tables_they_are_in(panel):
    panel.request("POST", "/payments", body={"customer": "A", "seats": 2}, headers={"Idempotency-Key": "k"})
    assert marks(panel.answer) == {
        "payments": [("same", "1"), ("added", "2")],
        "idempotency keys": [("added", "1")],
    }
    assert panel.answer["rows"] == "1 row added in payments, 1 row added in idempotency keys."
    press(panel, "DELETE", "/surveys/1")
    assert marks(panel.answer) == {
        "surveys": [("removed", "1"), ("same", "2"), ("same", "3")],
        "responses": [("removed", "1"), ("removed", "2")],
    }


def test_when_nothing_changes_it_says_so_and_shows_the_table_spoken_of(panel):
    assert press(panel, "GET", "/surveys/1/responses")["rows"] == "No row was touched."
    assert list(marks(panel.answer)) == ["responses"]
    assert list(marks(press(panel, "GET", "/payments?limit=1"))) == ["payments"]
    assert list(marks(press(panel, "GET", "/nothing"))) == ["surveys"]


def test_many_rows_are_shown_as_the_newest_and_a_count(panel):
    for n in range(20):
        panel.api.request("POST", "/surveys", json={"title": f"Survey {n}"})
    answer = press(panel, "POST", "/surveys", "Content-Type: application/json", '{"title": "Last"}')
    assert marks(answer)["surveys"] == [("same", str(n)) for n in range(19, 24)] + [("added", "24")]
    assert answer["tables"][0]["more"] == 18


def test_a_lost_answer_is_shown_as_no_answer_and_the_row_is_there(panel, monkeypatch):
    monkeypatch.setattr("pmtech.panels.console.TIMEOUT_S", 0.2)
    answer = press(
        panel, "POST", "/payments", "Content-Type: application/json", '{"customer": "A", "seats": 1}', lose=True
    )
    assert (answer["status"], answer["good"], answer["response"]) == ("no answer", False, "")
    assert "cannot know" in panel.error
    assert answer["rows"] == "1 row added in payments."
    assert press(panel)["status"] == "200 OK" and panel.error is None


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"path": "surveys"}, "path must start with /"),
        ({"path": ""}, "path must start with /"),
        ({"headers": "no colon here"}, "a colon"),
        ({"headers": "A: ☺"}, "plain letters"),
        ({"headers": "A: ü"}, "plain letters"),
        ({"method": "GET IT"}, "method"),
    ],
)
def test_what_cannot_be_sent_is_said_and_the_panel_lives_on(panel, typed, word):
    for number in (1, 2):  # a second slip is said like the first
        answer = press(panel, **typed)
        assert word in panel.error and answer.keys() == {"number", "error"} and answer["number"] == number
    assert press(panel)["error"] is None


def test_an_api_that_is_stopped_is_said_and_the_panel_lives_on(panel):
    panel.api.stop()
    press(panel)
    assert "start_api() again" in panel.error
    panel.api.start()
    assert press(panel)["status"] == "200 OK"


def test_from_python_it_is_the_same_and_refuses_with_a_sentence(panel):
    exchange = panel.request("POST", "/surveys", body={"title": "x"})
    assert exchange.status == 201 and panel.exchange is exchange
    assert [c.kind for c in panel.changes if c.kind != "same"] == ["added"]
    with pytest.raises(ValueError, match="path"):
        panel.request("GET", "nowhere")
    assert "path" in panel.error
    with pytest.raises(ValueError, match="start_api"):
        pmtech.console("http://localhost")


@pytest.mark.parametrize(("name", "method", "path", "headers", "body"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_every_example_works_the_first_time(name, method, path, headers, body):
    api = Api("in_process")
    api.start()
    panel = Console(api)
    answer = press(panel, method, path, headers, body)
    assert method in METHODS and answer["good"] and answer["error"] is None, answer
    api.stop()


@pytest.fixture
def nobodys(monkeypatch, tmp_path):
    """A learner who has not ticked anything yet; the folder of the answers."""
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    return tmp_path


def test_the_table_of_verbs_is_marked_against_the_standard(nobodys):
    table, task = verb_table(), TASKS[0]
    empty = task.mark(table)
    assert not empty.passed and empty.counts
    assert [(name, yours, word) for name, _, yours, word in empty.figures] == [
        ("safe", "4 of 6", "2 off"), ("idempotent", "2 of 6", "4 off"), ("cacheable (POST and PATCH count neither way)", "2 of 4", "2 off"),
    ]  # fmt: skip
    # An empty table gets no list of what to tick.
    assert not any(verb in gap for gap in empty.gaps for verb in VERBS)
    for verb in VERBS:
        table.tick(verb, *STANDARD[verb])
    assert task.mark(table).passed and task.mark(table).gaps == []
    table.tick("POST", "cacheable")
    table.tick("PATCH", "cacheable")
    assert task.mark(table).passed
    table.tick("PATCH", "idempotent")
    (gap,), (precise,) = task.mark(table).gaps, task.mark(table, tries=3).gaps
    assert gap.startswith("idempotent: 1 box is off.") and "adds a question" in precise
    assert not any(verb in gap for verb in VERBS), "which box it is, is told from the third try on"
    for verb in VERBS:
        table.tick(verb, *PROPERTIES)
    assert [gap.split(".")[0] for gap in task.mark(table).gaps] == [
        "safe: 4 boxes are off",
        "idempotent: 2 boxes are off",
        "cacheable: 2 boxes are off",
    ]
    with pytest.raises(ValueError, match="table"):
        task.mark("GET is safe")


def test_the_table_takes_known_verbs_and_properties(nobodys):
    table = verb_table()
    for verb, name in [("BREW", "safe"), ("GET", "tasty")]:
        with pytest.raises(ValueError, match=f"{verb}|{name}"):
            table.tick(verb, name)
    assert table.answers == {verb: [] for verb in VERBS}


def test_a_new_table_begins_with_the_ticks_of_the_last_one(nobodys):
    verb_table().tick("GET", "safe", "cacheable")
    after_a_restart = verb_table()
    assert after_a_restart.answers == {verb: ["safe", "cacheable"] if verb == "GET" else [] for verb in VERBS}
    assert after_a_restart.notice == ""
    after_a_restart.tick("GET")
    assert verb_table().answers == {verb: [] for verb in VERBS}


@pytest.mark.parametrize("kept", [{"answers": {"BREW": ["safe"]}}, {"answers": {"GET": 1}}, {"answers": "GET"}, {}])
def test_ticks_that_somebody_has_edited_are_left_out(nobodys, kept):
    progress_file().add("table", "02.verbs", **kept)
    assert verb_table().answers == {verb: [] for verb in VERBS}


def test_ticks_that_cannot_be_kept_are_said(nobodys):
    (nobodys / "progress.json").write_text('{"version": 99, "records": []}')
    table = verb_table()
    table.tick("PUT", "idempotent")
    assert table.answers["PUT"] == ["idempotent"] and "newer pmtech" in table.notice


def test_no_style_of_a_panel_reaches_a_question():
    """The console's checkbox and "Check yourself" shared a class, and in its lessons those questions fell to pieces."""
    panels = [path for path in Path(pmtech.__file__).parent.rglob("*.css") if path.parent.name != "course"]
    for kind in ("try", "warm-up", "predict", "check"):
        named = re.compile(rf"\.pmtech-{kind}(?![\w-])")
        assert [path.name for path in panels if named.search(path.read_text(encoding="utf-8"))] == []
