"""Lesson 03: its charts, its task, the index on a real database, and every figure that its text names."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from pmtech import (
    Cache,
    Choice,
    Clients,
    Database,
    Network,
    Outage,
    Server,
    Slider,
    Users,
    answered_by,
    explore,
    index_demo,
    simulate,
    theory,
    traffic,
)  # fmt: skip
from pmtech.charts import caches
from pmtech.course.exercises.questions import question
from pmtech.course.exercises.tasks.lesson_03 import TASKS, survey_tool

VIEWERS = Clients("Viewers", rate_per_s=120, keys=1000, write_share=0.01)

SERVER, DATABASE = Server(workers=50, service_ms=10), Database(connections=4, query_ms=40)
TODAY = VIEWERS >> SERVER >> DATABASE
CACHED = VIEWERS >> SERVER >> Cache(capacity=100) >> DATABASE
TEXT = "\n".join(
    "".join(cell["source"])
    for cell in json.loads((Path(__file__).parents[1] / "notebooks" / "03_caching.ipynb").read_text(encoding="utf-8"))[
        "cells"
    ]
)


def points(figure, name):
    trace = next(trace for trace in figure["data"] if trace["name"] == name)
    return dict(zip(trace["x"], trace["y"], strict=True))


def words(figure):
    return [note["text"] for note in figure["layout"]["annotations"]]


# Charts


def test_hits_against_size_lie_on_che_and_far_above_the_proportion():
    run = simulate(CACHED)
    figure = caches.hits(run)
    go.Figure(figure)
    replayed, (dot,) = points(figure, "replayed"), points(figure, "your run").items()
    for capacity, percent in [*replayed.items(), dot]:
        if capacity < 1000:  # at 1000 the run has not yet seen every page
            expected = 100 * theory.che_lru(np.arange(1, 1001.0) ** -1, int(capacity)).hit_ratio
            assert percent == pytest.approx(expected, abs=3)
    assert dot[0] == 100 and dot[1] > 5 * 10
    assert {f"<b>{dot[1]:.0f} %</b>", "from the cache"} < set(words(figure))
    assert len(figure["data"]) <= 5


@pytest.mark.parametrize("write_share", [0, 0.01, 0.1])
@pytest.mark.parametrize("ttl_s", [1, 2, 5, 20, 40, 50, 60])
def test_the_words_beside_a_dot_lie_on_no_line_and_on_no_other_words(ttl_s, write_share):
    system = VIEWERS >> SERVER >> Cache(capacity=1000, ttl_s=ttl_s) >> DATABASE
    system = system.replace({"viewers.write_share": write_share})
    figure = caches.freshness(simulate(system, duration_s=30))
    boxes = []
    for note in figure["layout"]["annotations"]:
        middle = note["y"] + note["yshift"] * 104 / caches.PLOT_PX[1]
        wide = 7.2 * len(re.sub("<.*?>", "", note["text"])) * 60 / caches.PLOT_PX[0]
        over = np.linspace(0, wide if note["xanchor"] == "left" else -wide, 20) + note["x"]
        for left, right, height in boxes:
            assert over.max() < left or right < over.min() or abs(height - middle) > 5, note["text"]
        boxes.append((over.min(), over.max(), middle))
        for name in ("from the cache", "of these out of date"):
            line = points(figure, name)
            assert np.abs(np.interp(over, list(line), list(line.values())) - middle).min() > 3


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
@pytest.mark.parametrize("popularity", [0, 0.5, 1, 1.5])
def test_the_name_of_the_hits_lies_on_no_line(popularity, policy):
    system = CACHED.replace({"viewers.popularity": popularity, "cache.policy": policy})
    figure = caches.hits(simulate(system, duration_s=10))
    (name,) = (note for note in figure["layout"]["annotations"] if note["text"] == "from the cache")
    over = np.linspace(0, 7.2 * len(name["text"]) * 1000 / caches.PLOT_PX[0], 20) + name["x"]
    middle = name["y"] + name["yshift"] * 104 / caches.PLOT_PX[1]
    for line in (points(figure, "theory"), points(figure, "in proportion")):
        assert np.abs(np.interp(over, list(line), list(line.values())) - middle).min() > 3


def test_hits_beside_a_pinned_run_and_where_theory_stands_alone():
    pinned = simulate(CACHED)
    other = simulate(CACHED.replace({"viewers.popularity": 0, "cache.ttl_s": 20, "cache.capacity": 5000}))
    figure = caches.hits(other, pinned)
    go.Figure(figure)
    assert [trace["name"] for trace in figure["data"]] == ["in proportion", "before", "theory", "before", "your run"]
    assert list(points(figure, "your run")) == [1000], "a cache larger than the catalogue is drawn at its edge"


def test_a_longer_ttl_brings_less_and_less_relief_and_more_and_more_wrong_answers():
    kept = VIEWERS >> SERVER >> Cache(capacity=1000, ttl_s=10) >> DATABASE
    figure = caches.freshness(simulate(kept, duration_s=120))
    go.Figure(figure)
    hits, stale = points(figure, "from the cache"), points(figure, "of these out of date")
    dots = [
        next(iter(points({"data": [trace]}, "your run").items()))
        for trace in figure["data"]
        if trace["name"] == "your run"
    ]
    for (ttl_s, percent), line in zip(dots, (hits, stale), strict=True):
        assert percent == pytest.approx(np.interp(ttl_s, list(line), list(line.values())), abs=5)
    share = list(hits.values())
    assert share == sorted(share) and share[-1] < 1.5 * np.interp(5, list(hits), share)
    assert list(stale.values()) == sorted(stale.values())
    removed = caches.freshness(simulate(kept.replace({"cache.invalidate": True}), duration_s=120))
    assert max(points(removed, "of these out of date").values()) == 0


@pytest.mark.parametrize("ttl_s", [1, 2, 3, 8, 60])
@pytest.mark.parametrize("write_share", [0.01, 0.05, 0.1])
def test_of_two_dots_the_upper_ones_share_stands_above(ttl_s, write_share):
    """And clear of the other one's, also where the lines are steep."""
    kept = VIEWERS >> SERVER >> Cache(capacity=1000, ttl_s=ttl_s) >> DATABASE
    figure = caches.freshness(simulate(kept.replace({"viewers.write_share": write_share}), duration_s=180))
    hits, stale = (
        note["y"] + note["yshift"] * 104 / caches.PLOT_PX[1]
        for note in figure["layout"]["annotations"]
        if note["text"].startswith("<b>")
    )
    assert hits - stale > 14 * 104 / caches.PLOT_PX[1]


@pytest.mark.parametrize("show", ["hits", "freshness"])
def test_the_panels_live_at_both_ends_of_every_slider(show):
    panel = explore(
        VIEWERS >> SERVER >> Cache(ttl_s=10) >> DATABASE,
        Slider("cache.capacity", 10, 1000), Slider("viewers.popularity", 0, 1.5, step=0.1),
        Slider("viewers.write_share", 0, 1, step=0.01), Slider("cache.ttl_s", 1, 60),
        Choice("cache.policy", ["lru", "lfu", "fifo", "random"]), Choice("cache.invalidate", [False, True]),
        show=show, duration_s=5,
    )  # fmt: skip
    for path, control in panel.controls.items():
        for end in (control.low, control.high):
            panel.controls[path].value = end
            if path == "viewers.write_share" and end == 1:
                assert (
                    panel.error
                    == "This can't be run: this chart needs clients who read: a rate above 0 and a write_share below 1."
                )
            else:
                assert panel.error is None, (path, end)
                go.Figure(panel.figure)
        panel.reset()
    panel.keep()
    panel.controls["cache.capacity"].value = 1000
    assert any("before" in text for text in words(panel.figure))


def test_charts_about_caches_say_what_they_need():
    with pytest.raises(ValueError, match=r"this chart needs a Cache in the system, such as Clients\(\) >> Cache"):
        explore(TODAY, show="hits")
    with pytest.raises(ValueError, match=r'show="freshness" needs a Cache with a ttl_s, such as Cache\(ttl_s=10\)'):
        explore(CACHED, show="freshness")
    with pytest.raises(ValueError, match='design "a" has no part "databse" that takes requests: did you mean database'):
        traffic({"a": TODAY, "b": CACHED}, "databse", duration_s=1)


def test_traffic_counts_what_reaches_a_part():
    shown = traffic({"today": TODAY, "with a cache": CACHED}, "database", duration_s=30)
    go.Figure(shown.figure)
    run = simulate(TODAY, duration_s=30)
    came = caches.reached(run, "database")
    assert came.sum() == len(run.records.visits["database"].row) and len(came) == 30
    assert list(points(shown.figure, "today").values()) == came.tolist()
    assert shown.said[0].startswith(
        f"“today”: {came.mean():.0f} a second reach Database on average, {came.max()} in the busiest second"
    )


def test_who_answers_in_the_three_places():
    people, way = Users("People", count=60, think_s=2, keys=200), Network(round_trip_ms=80)
    designs = {
        "no cache": people >> way >> SERVER >> DATABASE,
        "in the browser": people >> Cache("Browser cache", private=True) >> way >> SERVER >> DATABASE,
        "finished pages": people >> way >> Cache("Application cache") >> SERVER >> DATABASE,
        "query results": people >> way >> SERVER >> Cache("Database cache") >> DATABASE,
    }
    shown = answered_by(designs)
    go.Figure(shown.figure)
    results = {label: simulate(system) for label, system in designs.items()}
    shares = {label: caches.answers(result) for label, result in results.items()}
    assert all(sum(each.values()) == pytest.approx(1) for each in shares.values())
    assert shares["in the browser"]["browser_cache"] < 0.5 < 0.75 < shares["finished pages"]["application_cache"]
    assert results["in the browser"].requests.latency_ms.min() == pytest.approx(1), "a hit there saves the whole way"
    assert results["finished pages"].requests.latency_ms.min() == pytest.approx(81)
    means = {label: result.summary.mean_ms for label, result in results.items()}
    assert means["finished pages"] < means["query results"] < means["no cache"]
    assert f"<b>{means['no cache']:.0f} ms</b>" in words(shown.figure)
    soonest, left = shown.said
    assert soonest.startswith("From the soonest answer to the latest: in the browser ") and soonest.endswith(
        f"no cache {means['no cache']:.0f} ms."
    )
    assert left.endswith("in the browser 67 %, no cache 100 %.")


# The index


def test_an_index_reads_fifty_rows_in_place_of_all():
    demo = index_demo(50_000, runs=3)
    assert (demo.rows, demo.found) == (50_000, 50)
    assert demo.plan_without.startswith("SCAN") and "USING INDEX" in demo.plan_with
    assert demo.without_ms > demo.with_ms > 0 and demo.with_mb > demo.without_mb
    for shown in (repr(demo), demo._repr_html_()):
        assert "it reads 50 rows instead of 50,000" in shown and "SCAN" in shown
    timed = replace(demo, without_ms=9.03, with_ms=0.0127)  # shown as 9.03 and 0.013
    assert "0.013 ms" in timed._repr_html_() and "about 690 times faster" in timed.sentence


@pytest.mark.parametrize("wrong", [{"rows": 10}, {"rows": 2.5e5}, {"runs": 0}, {"rows": True}])
def test_the_index_refuses_in_a_sentence(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number from .* to .*, got {value!r}$"):
        index_demo(**wrong)


# The task


def test_your_turn_wants_both_and_says_which_is_missing():
    (task,) = TASKS
    start = task.mark(survey_tool())
    assert not start.passed and len(start.gaps) == 1 and "out of date is" in start.gaps[0]
    short = task.mark(survey_tool(2))
    assert not short.passed and "busy share of the database is" in short.gaps[0]
    for ttl_s in (5, 8):  # as the solution says
        assert task.mark(survey_tool(ttl_s)).passed
    removed = survey_tool(None).replace({"cache.invalidate": True})
    assert task.mark(removed).passed
    slower = task.mark(survey_tool().replace({"viewers.rate_per_s": 60}))
    assert not slower.counts and "Viewers sends 120 a second in this task" in slower.gaps[0]


# What the text says


def test_the_story_and_the_prediction():
    today, cached = simulate(TODAY), simulate(CACHED)
    assert "After one busy minute a page takes twelve seconds" in TEXT
    assert 11_500 < today.requests.query("status == 200 and finished_s > 59").latency_ms.mean() < 12_500
    reach = caches.reached(cached, "database").mean()
    assert 45 < reach < 55 and question("03.predict").chosen(reach).right
    assert cached.components.hit_ratio["cache"] > 0.5


def test_the_figures_of_the_check_questions():
    weights = np.arange(1, 1001.0) ** -1
    half, whole = (theory.che_lru(weights, capacity).hit_ratio for capacity in (100, 200))
    assert (round(half, 2), round(whole, 2)) == (0.58, 0.70)
    assert "answers 58 %" in question("03.check.1").text
    assert next(o for o in question("03.check.1").options if o.right).text.startswith("About 70 %")
    kept = [
        simulate(CACHED.replace({"cache.capacity": capacity}), duration_s=120).components.hit_ratio["cache"]
        for capacity in (70, 140, 280)
    ]
    assert kept[0] == pytest.approx(0.5, abs=0.02)
    for more in [*np.diff(kept), whole - half]:
        assert 100 * more == pytest.approx(12, abs=0.5)
    assert "Each doubling brings about a dozen points" in TEXT


def test_the_stampede_and_its_cure():
    report = Database(connections=20, query_ms=1000, query_cv=0)
    crowd = Clients("Viewers", rate_per_s=100, keys=1) >> Cache(ttl_s=20) >> report
    alone, once = (simulate(crowd.replace({"cache.coalesce": value})) for value in (False, True))
    first = alone.records.visits["database"].left_s.min()
    assert 80 <= (alone.records.visits["database"].entered_s <= first).sum() <= 120, "about 100"
    assert caches.reached(once, "database").max() == 1
    assert len(once.records.visits["database"].row) == 3


def test_the_cold_start_fills_the_database():
    grown = Clients("Viewers", rate_per_s=400, keys=1000, write_share=0.01)
    year_on = grown >> Server(workers=200, service_ms=10) >> Cache(capacity=1000) >> DATABASE
    run = simulate(year_on, duration_s=70, events=[Outage("cache", at_s=45, for_s=1)])
    came = caches.reached(run, "database")
    assert came[30:45].max() < 30 and came[45] > 100


def test_a_cache_of_pages_that_nobody_asks_for_twice_is_a_loss():
    own = Clients("Own pages", rate_per_s=40, keys=20_000, popularity=0)
    without = simulate(own >> SERVER >> DATABASE).summary
    with_one = simulate(own >> SERVER >> Cache(capacity=100, miss_ms=5) >> DATABASE).summary
    assert with_one.mean_ms > without.mean_ms + 4 and with_one.p95_ms > without.p95_ms
    assert with_one.cost_usd_per_hour > without.cost_usd_per_hour


def test_the_first_seconds_of_a_ttl_take_most_of_the_load_away():
    kept = VIEWERS >> SERVER >> Cache(capacity=1000, ttl_s=5) >> DATABASE
    short, long = (simulate(kept.replace({"cache.ttl_s": ttl_s}), duration_s=120, warmup_s=60) for ttl_s in (5, 60))
    assert short.components.hit_ratio["cache"] > 0.6 * long.components.hit_ratio["cache"]
    assert long.components.stale_ratio["cache"] > 2 * short.components.stale_ratio["cache"]
