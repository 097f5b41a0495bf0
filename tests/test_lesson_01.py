"""What lesson 01 brings: the steps of a request, the curve of latency against load, its task and its picture."""

import re
import xml.etree.ElementTree as ET
from math import sqrt

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmtech
from pmtech import Errors, Queue, Retry, Topic
from pmtech.charts.journey import chosen, steps
from pmtech.charts.load_curve import END, LINES, LOADS, _at, _background, closed_form, load, share_of_capacity
from pmtech.components import Cache, Clients, Database, LoadBalancer, Network, Server, Users
from pmtech.course.exercises.check import all_tasks, check
from pmtech.course.exercises.tasks.lesson_01 import survey_tool
from pmtech.course.picture import picture
from pmtech.panels.controls import Slider
from pmtech.panels.explore import explore
from pmtech.panels.figure import waterfall
from pmtech.runs.simulate import simulate
from pmtech.theory import mm1
from pmtech.wording import seconds


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


# --- the steps of a request ------------------------------------------------------------------------------------------


def log(result, number):
    return [(part, kind, round(begin, 6), round(end, 6)) for part, kind, begin, end in steps(result, number)]


def two_at_once(**server):
    """Two requests at second 0 and at 0.01; constant times."""
    clients = Clients(rate_per_s=100, arrivals="even")
    work = Server(workers=1, service_ms=20, service_cv=0, **server)
    return simulate(
        clients >> Network(round_trip_ms=60) >> work >> Database(query_ms=5, query_cv=0), duration_s=0.2, seed=1
    )


def test_a_request_goes_there_waits_is_worked_on_asks_the_database_and_comes_back():
    assert log(two_at_once(blocking=False), 1) == [
        ("network", "network", 0, 30),
        ("server", "waiting", 30, 40),
        ("server", "work", 40, 60),
        ("database", "database", 60, 65),
        ("network", "network", 65, 95),
    ]


def test_what_works_for_later_is_no_step_of_the_request():
    """The mailer begins while the answer is on its way back; which request is typical hangs on what customers wait for."""

    def asked(mailer_ms: float):
        clients = Clients(rate_per_s=10, arrivals="even") >> Network(round_trip_ms=60)
        tool = Server("Tool", workers=1, service_ms=20) >> Queue(store_ms=10)
        return simulate(clients >> tool >> Server("Mailer", service_ms=mailer_ms), duration_s=20)

    run = asked(20)
    (_, _, _, back), at_tool = log(run, 0)[-1], log(run, 0)[1]
    assert [step[:2] for step in log(run, 0)] == [
        ("network", "network"),
        ("tool", "work"),
        ("queue", "work"),
        ("network", "network"),
    ]
    assert back == pytest.approx(at_tool[3] + 10 + 30)
    assert chosen(run, "typical") == chosen(asked(3000), "typical")


def test_a_worker_that_is_held_counts_as_the_database_and_the_next_waits_longer():
    assert log(two_at_once(), 1) == [
        ("network", "network", 0, 30),
        ("server", "waiting", 30, 45),
        ("server", "work", 45, 65),
        ("database", "database", 65, 70),
        ("network", "network", 70, 100),
    ]


@settings(max_examples=20)
@given(
    rate=st.integers(5, 60),
    blocking=st.booleans(),
    seed=st.integers(1, 1000),
    way=st.sampled_from(["plain", "cached", "pooled", "later", "tried again"]),
)
def test_the_steps_fill_the_whole_time_of_every_answered_request(rate, blocking, seed, way):
    server, database = Server(workers=2, service_ms=40, blocking=blocking), Database(connections=1, query_ms=10)
    behind = {
        "plain": server >> database,
        "cached": server >> Cache(capacity=5, hit_ms=1) >> database,
        "pooled": LoadBalancer() >> [server, server] >> database,
        "later": Topic() >> [Queue() >> server >> database, Server("Mailer")],
        "tried again": Retry(timeout_ms=100) >> Server("Far", place="London") >> database,
    }[way]
    clients = Clients(rate_per_s=rate, keys=20, place="Mumbai")
    failing = [Errors(behind.names[0], at_s=1, for_s=1, share=0.3)]
    result = simulate(clients >> Network(round_trip_ms=10) >> behind, duration_s=3, seed=seed, events=failing)
    served = result.requests[result.records.served]
    if len(served):
        assert steps(result, chosen(result, "typical"))
    for number, latency in list(served.latency_ms.items())[:20]:
        way = steps(result, number)
        assert way[0].begin_ms == 0
        assert all(before.end_ms == after.begin_ms for before, after in zip(way, way[1:], strict=False))
        assert way[-1].end_ms == pytest.approx(latency)


def test_a_waterfall_shows_the_slowest_beside_a_typical_request():
    result = simulate(survey_tool(), duration_s=32)
    shown = waterfall(result, "typical", "slowest")
    slowest = result.requests.latency_ms.max()
    assert shown.said[1].startswith(f"Slowest of 1,007 requests: {slowest:.0f} ms, of which 60 ms network, ")
    typical = steps(result, chosen(result, "typical"))
    for sentence in shown.said:  # the parts add up to the whole, as a reader adds
        whole, *parts = map(int, re.findall(r"(\d+) ms", sentence))
        assert sum(parts) == whole
    assert abs(typical[-1].end_ms - result.summary.p50_ms) < 25
    go.Figure(shown.figure)
    assert {trace["name"] for trace in shown.figure["data"]} == {"network", "waiting", "work", "database"}
    assert "ms" in shown.figure["layout"]["xaxis"]["title"]["text"]
    assert waterfall(result).figure == waterfall(result, "typical").figure


def test_a_waterfall_says_what_it_can_show():
    result = simulate(survey_tool(), duration_s=1)
    for which in ("fastest", 9999, True, None):
        with pytest.raises(ValueError, match='"typical", "slowest" or the number of a request that was answered'):
            waterfall(result, which)
    with pytest.raises(ValueError, match=r"waterfall needs a run, such as simulate\(system\) as result, got "):
        pmtech.waterfall(survey_tool())
    with pytest.raises(ValueError, match="this run has none"):
        waterfall(simulate(survey_tool(0), duration_s=1))


# --- latency against load --------------------------------------------------------------------------------------------


def test_the_closed_form_of_one_station_is_that_of_the_textbook():
    form = closed_form(Clients(rate_per_s=8) >> Server(workers=1, service_ms=100))
    queue = mm1(8, 0.1)
    assert form("mean") == pytest.approx(500)
    for percent in (50, 95, 99):
        assert form(f"p{percent}") == pytest.approx(1000 * queue.latency_percentile_s(percent), rel=1e-4)


@pytest.mark.parametrize(("rate", "workers", "connections"), [(20, 1, 1), (34, 1, 4), (60, 2, 1)])
def test_the_closed_form_of_two_stations_lies_within_the_interval_of_replicated_runs(rate, workers, connections):
    way = Network(round_trip_ms=60) >> Server(workers=workers, service_ms=25, blocking=False)
    system = Clients(rate_per_s=rate) >> way >> Database(connections=connections, query_ms=12)
    form = closed_form(system)
    runs = [simulate(system, duration_s=500, warmup_s=50, seed=seed) for seed in range(1, 21)]

    def measured(late_ms):
        """The share of requests that take longer, in each run."""
        return [float((run.requests.latency_ms[run.requests.arrived_s >= 50] > late_ms).mean()) for run in runs]

    t_999 = 3.883  # Student's t, 99.95 %, 19 degrees of freedom
    for values, expected in (
        ([run.summary.mean_ms for run in runs], form("mean")),
        (measured(form("p95")), 0.05),
        (measured(form("p99")), 0.01),
    ):
        assert abs(np.mean(values) - expected) <= t_999 * np.std(values, ddof=1) / sqrt(len(values))


@pytest.mark.parametrize(
    "system",
    [
        Clients() >> Server(service_cv=0.5),
        Clients() >> Server(queue_limit=10),
        Clients() >> Server() >> Database(),  # its workers are held
        Clients(arrivals="even") >> Server(),
        Clients(retries=1) >> Server(),
        Clients() >> Network(round_trip_cv=1) >> Server(),
        Clients() >> LoadBalancer() >> [Server()] * 2,
        Clients() >> Cache() >> Database(),
        Clients() >> Server(blocking=False) >> Server(name="second", blocking=False) >> Database(),
    ],
)
def test_where_theory_does_not_know_the_latency_there_is_no_line_but_the_runs(system):
    assert closed_form(system) is None
    figure = load(simulate(system, duration_s=5))
    assert [len(trace["x"]) for trace in figure["data"]] == [0, len(LOADS)] * 3 + [3]
    go.Figure(figure)


def test_the_background_is_the_same_wherever_the_rate_slider_stands():
    _background.cache_clear()
    figures = [load(simulate(survey_tool(rate), duration_s=5)) for rate in (0, 1, 7, 32, 44)]
    assert _background.cache_info().misses == 1
    assert all(figure["data"][:6] == figures[0]["data"][:6] for figure in figures)


@pytest.mark.parametrize(("rate", "x"), [(2, 5), (32, 80), (44, 110), (400, 114)])
def test_the_dots_are_the_runs_figures_at_its_load(rate, x):
    result = simulate(survey_tool(rate), duration_s=30)
    figure = load(result, pinned=simulate(survey_tool(20), duration_s=30))
    pinned, dots = figure["data"][-2:]
    assert dots["x"] == [x] * 3 and pinned["x"] == [50] * 3 and pinned["name"] == "before"
    top = figure["layout"]["yaxis"]["range"][1]
    wanted = [result.summary[column] for column in ("mean_ms", "p95_ms", "p99_ms")]
    assert dots["y"] == pytest.approx([min(ms, 0.98 * top) for ms in wanted], abs=0.01)
    assert dots["marker"]["symbol"] == ["circle" if ms <= top else "triangle-up" for ms in wanted]
    said = " ".join(note["text"] for note in figure["layout"]["annotations"])
    assert f"p95 {seconds(wanted[1] / 1000)}" in said  # as the card above the chart says it
    margin = [note["font"]["color"] for note in figure["layout"]["annotations"] if note["x"] == END]
    assert sorted(margin) == sorted(["var(--pmtech-quiet)", *(style["color"] for style in LINES.values())])
    assert "bgcolor" not in repr(figure["layout"]["annotations"])
    go.Figure(figure)


def test_a_run_that_was_kept_stays_behind_as_a_whole_curve():
    slow, quick = (survey_tool().replace({"server.service_ms": ms}) for ms in (25, 20))
    (mean, p95), own = load(simulate(quick), simulate(slow))["data"][:2], load(simulate(slow))["data"]
    assert [mean["name"], p95["name"]] == ["before: mean", "before: p95"]
    assert all(ghost["line"]["dash"] == "dash" for ghost in (mean, p95))
    shown = min(len(p95["y"]), len(own[2]["y"]))
    assert own[2]["name"] == "p95" and p95["y"][:shown] == own[2]["y"][:shown] and shown > 20


def test_a_held_worker_makes_a_system_full_earlier():
    free = Clients(rate_per_s=8) >> Server(workers=1, service_ms=80, blocking=False) >> Database(query_ms=20)
    assert share_of_capacity(free) == pytest.approx(0.64)
    assert share_of_capacity(free.replace({"server.blocking": True})) == pytest.approx(0.8)
    assert share_of_capacity(_at(free, 0.9)) == pytest.approx(0.9)


def test_the_curve_says_what_it_needs():
    with pytest.raises(ValueError, match='show="load" needs Clients'):
        explore(Users() >> Server(), show="load")
    with pytest.raises(ValueError, match='show="load" needs a Server or a Database'):
        explore(Clients() >> Network(), show="load")


def test_the_panel_of_the_lesson_at_both_ends_of_its_sliders():
    panel = explore(
        survey_tool(),
        Slider("visitors.rate_per_s", 2, 44, step=1),
        Slider("server.service_ms", 10, 30, step=1),
        show="load",
    )
    for path, control in panel.controls.items():
        for value in (control.low, control.high, control.default):
            control.value = value
            assert panel.error is None, path
            go.Figure(panel.figure)
    panel.controls["visitors.rate_per_s"].value = 44
    assert "44 requests a second arrive at “Server”" in panel.sentences and panel.cards["refused"] == "0 %"


# --- the task and the picture ----------------------------------------------------------------------------------------


def test_the_cell_as_it_stands_is_too_slow_and_the_best_rate_passes():
    asked = check("01.your_turn", survey_tool())
    assert not asked.passed and asked.gaps == ["The p95 of all requests is too high: at most 300 ms was asked for."]
    assert check("01.your_turn", survey_tool(27)).passed
    assert "No higher whole number" in check("01.your_turn", survey_tool(27)).verdict
    assert not check("01.your_turn", survey_tool(28)).passed


def test_too_few_visitors_hold_the_promise_and_are_not_told_how_many_more_fit():
    few = check("01.your_turn", survey_tool(20))
    assert not few.passed and few.kept
    assert few.gaps == ["There is room: more visitors a second could be answered in time."]
    third = all_tasks()["01.your_turn"].mark(survey_tool(20), tries=3)
    assert third.gaps == ["There is room: 5 to 10 more visitors a second could be answered in time."]


def test_another_machine_is_another_task():
    marking = check("01.your_turn", survey_tool().replace({"server.workers": 2}))
    assert not marking.counts and marking.gaps == ["Server has 1 worker in this task; yours has 2 workers."]


def test_the_marking_agrees_with_the_closed_form():
    assert closed_form(survey_tool(26))("p95") < 300 < closed_form(survey_tool(28))("p95")


def test_the_picture_has_a_text_alternative_and_names_all_its_words():
    drawn = picture("frontend_and_backend")
    root = ET.fromstring(drawn.svg)
    assert root.get("role") == "img"
    title, said = (root.find(f"{{http://www.w3.org/2000/svg}}{tag}").text for tag in ("title", "desc"))
    for word in ("frontend", "backend", "client", "HTML", "CSS", "JavaScript", "framework", "endpoint", "request"):
        assert word in said, word
    assert title and drawn.svg in drawn._repr_html_()
    with pytest.raises(ValueError, match='no picture "frontend": did you mean frontend_and_backend'):
        picture("frontend")
