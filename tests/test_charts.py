"""Every figure is valid plotly, has units, names beside its lines, and colours that the style sheet knows."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech import (
    CDN,
    Cache,
    Clients,
    Database,
    LoadBalancer,
    Network,
    Profile,
    Queue,
    RateLimiter,
    Server,
    Throttle,
    Users,
    charts,
    lateness,
    simulate,
)
from pmtech.charts import CHARTS, caches, journey, plot
from pmtech.wording import moment

PANELS = Path(charts.__file__).parents[1] / "panels"
CSS = (PANELS / "panel.css").read_text(encoding="utf-8")

SURVEY_TOOL = (
    [Clients("Company A", rate_per_s=10), Clients("Company B", rate_per_s=30), Clients("Company C", rate_per_s=150)]
    >> RateLimiter(limit=40)
    >> Server(workers=8, service_ms=100)
)
RUNS = {
    "many clients, refusals": SURVEY_TOOL,
    "overload": Clients(rate_per_s=100) >> Server(workers=2),
    "nobody comes": Clients(rate_per_s=0) >> Server(),
    "nobody is served": Clients(rate_per_s=50) >> Server(workers=1, service_ms=3_600_000, service_cv=0),
    "seven clients": [Clients(f"Client {n}", rate_per_s=n) for n in range(1, 8)] >> Server(),
    "users": Users(count=20, think_s=1) >> Server(),
}
RESULTS = {name: simulate(system, duration_s=12) for name, system in RUNS.items()}


def texts(figure):
    return [note["text"] for note in figure["layout"].get("annotations", [])]


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("show", ["latency", "throughput", "queue", "clients"])
def test_a_chart_is_valid_and_readable(show, run, pinned):
    result = RESULTS[run]
    figure = charts.CHARTS[show](result, simulate(RUNS[run], duration_s=12, seed=2) if pinned else None)
    go.Figure(figure)  # raises on anything plotly does not know
    for axis in ("xaxis", "yaxis"):
        title = figure["layout"][axis].get("title", {}).get("text", "")
        assert re.search(r"second|, ms|, s|inside", title) or figure["layout"][axis].get("ticktext")
    assert len(figure["data"]) <= plot.MOST
    for trace in figure["data"]:
        if trace["type"] == "scatter" and any(y is not None for y in trace["y"]):
            assert trace["name"] in texts(figure)
    unanswered = show == "latency" and run in ("nobody comes", "nobody is served")
    assert any(text.startswith("before: ") for text in texts(figure)) == (pinned and not unanswered)
    for name in re.findall(r"var\((--[\w-]+)\)", repr(figure)):
        assert f"{name}:" in CSS
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b|nan", repr(figure))


def test_what_became_of_each_client_is_written_beside_or_in_its_bar():
    figure = charts.clients(RESULTS["many clients, refusals"])
    asked = RESULTS["many clients, refusals"].by_client.offered_per_s
    assert figure["layout"]["yaxis"]["ticktext"] == [
        f"Company A<br>asks {asked['company_a']:.1f} /s",
        f"Company B<br>asks {asked['company_b']:.0f} /s",
        f"Company C<br>asks {asked['company_c']:.0f} /s",
    ]
    served, waiting, refused = figure["data"]
    assert [bar["name"] for bar in (served, waiting, refused)] == ["served", "waiting", "refused"]
    ends = [base + width for base, width in zip(refused["base"], refused["x"], strict=True)]
    assert ends == pytest.approx(list(asked), abs=0.01)
    assert any(text.startswith("refused 1") for text in texts(figure))


def test_who_still_waits_is_counted_as_in_the_sentence_below():
    result = simulate([Clients("A", rate_per_s=5), Clients("B", rate_per_s=50)] >> Server(workers=1), duration_s=20)
    inside = result.requests.query("status == 0").client.value_counts()
    said = [line for text in texts(charts.clients(result)) for line in text.split("<br>") if "waiting" in line]
    assert sorted(said) == sorted(f"{count} still waiting" for count in inside)


def test_beside_its_bar_a_client_has_two_lines_at_most():
    sources = [Clients(name, rate_per_s=rate) for name, rate in (("A", 10), ("B", 30), ("C", 300))]
    patient = simulate(
        sources >> Throttle(rate_per_s=76, max_wait_s=10, fair=False) >> Server(workers=8), duration_s=30
    )
    for pinned in (None, patient):
        beside = [
            text for text in texts(charts.clients(patient, pinned)) if text.startswith("served") and "refused" in text
        ]
        assert max(text.count("<br>") + 1 for text in beside) == 2
        assert any(re.search(r"served .* still waiting.*refused", text) for text in beside)


def test_seven_clients_show_the_five_that_ask_most():
    ticks = charts.clients(RESULTS["seven clients"])["layout"]["yaxis"]["ticktext"]
    assert [tick.split("<br>")[0] for tick in ticks] == [f"Client {n}" for n in range(3, 8)]


def test_long_waits_are_in_seconds_and_short_ones_in_ms():
    def unit(run):
        return charts.latency(RESULTS[run])["layout"]["yaxis"]["title"]["text"]

    assert unit("overload") == "time to answer, s"
    assert unit("users") == "time to answer, ms"


def test_a_line_ends_where_too_many_still_wait_for_their_answer():
    result = RESULTS["overload"]  # 20 of 100 a second are served, first come first served
    p50, p95 = (line["y"] for line in charts.latency(result)["data"])
    inside = result.requests.status.eq(0).groupby(result.requests.arrived_s.astype(int)).mean()
    assert [y is None for y in p50] == list(inside > 0.5)
    assert [y is None for y in p95] == list(inside > 0.05)
    assert p95[0] is not None and p50[-1] is None


def test_a_name_stands_behind_a_piece_of_its_line():
    layout = charts.throughput(RESULTS["many clients, refusals"])["layout"]
    lines = {line["name"]: line["line"] for line in charts.throughput(RESULTS["many clients, refusals"])["data"]}
    pieces = {piece["y0"]: piece["line"] for piece in layout["shapes"]}
    assert {note["text"]: pieces[note["y"]] for note in layout["annotations"]} == lines
    assert len({(style["color"], style["dash"]) for style in lines.values()}) == len(lines) == 3
    assert all(
        note["xshift"] > piece["x1"] for note, piece in zip(layout["annotations"], layout["shapes"], strict=True)
    )


def test_designs_are_compared_client_by_client():
    other = simulate(SURVEY_TOOL.replace({"rate_limiter.limit": 20}), duration_s=12)
    figure = charts.by_design({"forty": RESULTS["many clients, refusals"], "twenty": other})
    go.Figure(figure)
    assert [trace["name"] for trace in figure["data"]] == ["forty", "twenty"]
    assert figure["data"][1]["x"] == pytest.approx(list(other.by_client.served_per_s), abs=0.001)
    assert len(texts(figure)) == 6
    assert figure["layout"]["xaxis"]["title"]["text"] == "requests served a second"


def test_designs_that_serve_alike_are_compared_by_their_p95():
    quiet = Clients(rate_per_s=40) >> Server(workers=8, service_ms=100)
    designs = {"forty": quiet, "seventy": quiet.replace({"clients.rate_per_s": 70}), "one more": quiet}
    results = {label: simulate(system, duration_s=60) for label, system in designs.items()}
    figure = charts.by_design(results)
    go.Figure(figure)
    p95_ms = [result.summary.p95_ms for result in results.values()]
    assert [trace["x"][0] for trace in figure["data"]] == pytest.approx(p95_ms, abs=0.001)
    assert texts(figure) == [f"{ms:.0f} ms  {label}" for ms, label in zip(p95_ms, designs, strict=True)]
    assert figure["layout"]["xaxis"]["title"]["text"] == "p95, ms: 95 of 100 answers took no longer"
    slow = {label: simulate(quiet.replace({"server.service_ms": 6000, "server.workers": n}), duration_s=60)
            for label, n in (("many", 600), ("more", 800))}  # fmt: skip
    figure = charts.by_design(slow)
    assert figure["layout"]["xaxis"]["title"]["text"] == "p95, s: 95 of 100 answers took no longer"
    assert figure["data"][0]["x"][0] == pytest.approx(slow["many"].summary.p95_ms / 1000, abs=0.001)


def test_one_client_served_otherwise_is_enough_to_show_what_is_served():
    small, large = Clients("Small", rate_per_s=2), Clients("Large", rate_per_s=70)
    free = simulate([small, large] >> Server(workers=8, service_ms=100))
    held = simulate([small, large] >> RateLimiter(limit=1, per_s=1, by="client") >> Server(), duration_s=10)
    capped = simulate([small, large] >> RateLimiter(limit=60) >> Server(workers=8, service_ms=100))
    assert charts.served_alike({"a": free, "b": free})
    assert not charts.served_alike({"a": free, "b": capped})
    assert not charts.served_alike({"a": free, "b": held})


def test_a_client_who_is_in_one_design_alone_has_its_bar():
    a, c = Clients("Company A", rate_per_s=10), Clients("Company C", rate_per_s=150)
    server = Server(workers=8, service_ms=100)
    results = {"before C": simulate([a] >> server, duration_s=12), "with C": simulate([a, c] >> server, duration_s=12)}
    figure = charts.by_design(results)
    assert figure["layout"]["yaxis"]["ticktext"] == ["Company A", "Company C"]
    assert [len(trace["x"]) for trace in figure["data"]] == [1, 2]
    assert sum("with C" in text for text in texts(figure)) == 2


def test_users_ask_less_of_a_slow_design_so_what_they_get_is_compared():
    users = Users(count=20, think_s=0.1)
    fast, slow = (simulate(users >> Server(workers=20, service_ms=ms), duration_s=20) for ms in (50, 100))
    assert fast.summary.error_rate == slow.summary.error_rate == 0
    assert not charts.served_alike({"fast": fast, "slow": slow})


@pytest.mark.parametrize("run", ["nobody comes", "nobody is served"])
def test_without_answers_there_is_no_p95_to_compare(run):
    figure = charts.by_design({"a": RESULTS[run], "b": RESULTS[run]})
    assert figure["layout"]["xaxis"]["title"]["text"] == "requests served a second"
    assert texts(figure) == ["0  a", "0  b"]


def test_clients_are_shown_where_there_are_several():
    assert charts.default_chart(SURVEY_TOOL) == "clients"
    assert charts.default_chart(RUNS["overload"]) == "latency"


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 100), max_size=5))
def test_names_never_cover_one_another(heights):
    apart = sorted(plot.apart(heights, 8, 100).values())
    assert len(apart) == len(heights)
    assert all(above - below >= 8 - 1e-9 for below, above in zip(apart, apart[1:], strict=False))
    assert all(height <= 100 for height in apart)


def test_names_stay_apart_where_an_axis_is_held():
    """A panel leaves a high axis where it was: lines that end low beside it are still named one above the other."""
    ends = {"p50": 210.0, "p95": 220.0}
    drawn = plot.over_time([(name, pd.Series([end, end]), plot.stroke("accent")) for name, end in ends.items()], "ms")
    plot.respaced(drawn, 2000)
    low, high = (note["y"] for note in drawn["layout"]["annotations"])
    assert high - low >= 0.08 * 2000 - 1e-9
    assert [shape["y0"] for shape in drawn["layout"]["shapes"]] == [low, high]


@pytest.mark.parametrize(
    ("lasts_s", "unit", "s"), [(599, "second", 1), (600, "minute", 60), (35_999, "minute", 60), (36_000, "hour", 3600)]
)
def test_a_chart_and_a_sentence_tell_time_in_one_unit(lasts_s, unit, s):
    drawn = plot.over_time([("p50", pd.Series([1.0, 1.0], [0, lasts_s]), plot.stroke("accent"))], "ms", lasts_s)
    axis = drawn["layout"]["xaxis"]
    assert axis["title"]["text"] == f"{unit}s since the start" and axis["range"] == [0, lasts_s / s]
    assert drawn["data"][0]["x"][-1] == pytest.approx(lasts_s / s, abs=1e-3)
    assert moment(lasts_s / 2, lasts_s).startswith(f"{unit} ")


def test_beside_a_chart_in_minutes_nothing_is_told_in_seconds():
    """Twenty minutes, of which ten are a peak: who waits for it, and when the queue is gone."""
    peak = Clients(rate_per_s=1, profile=Profile(((0, 0.5), (300, 4), (600, 0.2))))
    run = simulate(peak >> Queue() >> Server(workers=1, service_ms=500), duration_s=1200, seed=3)
    drawn = [CHARTS[name](run) for name in ("latency", "throughput", "queue", "age", "backlog", "machines", "attempts")]
    assert {figure["layout"]["xaxis"]["title"]["text"] for figure in drawn} == {"minutes since the start"}
    assert {figure["layout"]["xaxis"]["range"][1] for figure in drawn} == {20}
    assert re.search(r"from minute [\d.]+ to [\d.]+; .* empty again at minute", run.explain())
    assert not re.search(r"second \d|\d{2,} s\b", run.explain() + " ".join(lateness(run).said))


def test_beside_long_numbers_the_title_of_an_axis_stands_further_out():
    left = [
        plot.figure([], [], plot.axis("s", 1), plot.axis("a second", top))["layout"].get("margin") for top in (999, 2e5)
    ]
    assert left[0] is None and left[1]["l"] > plot.TEMPLATE["layout"]["margin"]["l"]


@given(st.floats(1e-6, 1e9))
def test_an_axis_ends_just_above_what_it_shows(value):
    assert value <= plot.ceiling(value) <= 2 * value


def test_an_axis_without_values_has_a_length():
    assert plot.ceiling(0) == 1


NASTY = '<a href="https://example.org">Ads</a> & $x$\n<b>'


def test_names_are_text_in_every_chart():
    """plotly makes links, bold letters and formulas of what stands in a text; a name has none of these."""
    system = Clients(NASTY, rate_per_s=30) >> LoadBalancer() >> [Cache(NASTY, ttl_s=5), Cache("b")] >> Database(NASTY)
    result = simulate(system, duration_s=10)
    part = result.system.names[2]
    figures = [chart(result, result) for chart in charts.CHARTS.values()]
    figures += [charts.by_design({NASTY: result}), caches.traffic({NASTY: result}, part)]
    figures += [caches.answered_by({NASTY: result}), journey.figure(result, ("typical",))]
    said = "".join(json.dumps(figure, default=str) for figure in figures)
    named = re.findall(r"&lt;a href=.{0,120}", said)
    assert len(named) > 6
    assert not re.search(r"<(?!/?b>|br>)|\$", said)
    assert all(
        name.startswith('&lt;a href=\\"https://example.org\\"&gt;Ads&lt;/a&gt; &amp; &#36;x&#36;<br>&lt;b&gt;')
        for name in named
    )


def test_a_request_that_took_no_time_has_its_picture():
    result = simulate(Clients(rate_per_s=2) >> Network(round_trip_ms=0) >> Cache(hit_ms=0), duration_s=10)
    assert journey.said(result, "slowest") == f"Slowest of {len(result.requests)} requests: 0 ms."
    figure = journey.figure(result, ("typical", 1))
    assert figure["layout"]["xaxis"]["range"] == [0, 1]
    assert figure["layout"]["yaxis"]["ticktext"] == ["Cache: work", "Cache: work"]
    go.Figure(figure)


def test_the_charts_of_a_cache_show_a_cdn_too():
    """It notes more than a cache does, and among it what was no read and what came from the origin."""
    readers = Clients(rate_per_s=40, keys=50, write_share=0.2, place="Mumbai")
    run = simulate(readers >> CDN(edges=("Mumbai", "London"), ttl_s=5, shield="London") >> Database(), duration_s=40)
    noted = run.records.notes["cdn"]
    late = noted[noted[:, 0] >= 20]
    at_once, reads = (late[:, 1] == 1).sum(), (late[:, 1] >= 0).sum()
    assert 0 < at_once < reads < len(late)
    for chart, figures in (
        (caches.hits, [at_once / reads]),
        (caches.freshness, [at_once / reads, late[:, 2].sum() / at_once]),
    ):
        dots = [trace["y"][0] for trace in chart(run)["data"] if trace["name"] == "your run"]
        assert dots == pytest.approx([100 * float(figure) for figure in figures], rel=1e-4)
    from_edges, from_data = (noted[:, 1] == 1).sum(), np.isfinite(run.records.visits["database"].left_s).sum()
    assert caches.answers(run) == pytest.approx(
        {"cdn": from_edges / (from_edges + from_data), "database": from_data / (from_edges + from_data)}
    )


def test_every_dash_can_be_told_in_the_piece_of_a_line_before_its_name():
    """The page draws it: a mark, a gap and a mark again, unlike those of any other dash."""
    page = (PANELS / "panel.js").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^const PIECES = \{ (.*) \};$", page, flags=re.M)
    pieces = {name: tuple(map(int, px.split(", "))) for name, px in re.findall(r"(\w+): \[([\d, ]+)\]", listed)}
    assert set(pieces) == set(plot.DASHES) - {"solid"} and len(set(pieces.values())) == len(pieces)
    assert all(px[0] + px[1] + px[2 % len(px)] <= plot.PIECE for px in pieces.values())


def test_what_is_more_than_can_be_done_is_grey_to_the_end_of_an_axis_that_stays_longer():
    """A panel leaves an axis where it was, up to four times as long as what is shown needs."""
    system = Clients(rate_per_s=0.2) >> Queue() >> Server(workers=1, service_ms=3000)
    layout = CHARTS["batches"](simulate(system, duration_s=600))["layout"]
    (grey,) = layout["shapes"]
    assert grey["x0"] == pytest.approx(1 / 3) and grey["x1"] >= 4 * layout["xaxis"]["range"][1]
    assert (grey["yref"], grey["y0"], grey["y1"]) == ("paper", 0, 1)
