"""How far the figures of a run can be trusted."""

import numpy as np
import pandas as pd
import pytest

from pmtech import Change, Clients, Database, Outage, Server, Surge, simulate, theory
from pmtech.runs.certainty import BATCHES, intervals, p99_between, student
from pmtech.runs.comparison import ALL, T_95, run_designs

QUEUE = Clients(rate_per_s=80) >> Server(workers=1, service_ms=10)


def test_replications_by_hand():
    runs = [pd.Series({"p95_ms": value, "mean_ms": mean}) for value, mean in ((10, 1), (14, np.nan), (12, np.nan))]
    table = intervals(runs)
    assert table["mean"].tolist() == [12, 1]
    assert table["runs"].tolist() == [3, 1]
    half = 4.302653 * 2 / np.sqrt(3)  # Student's t for 95 % and 2 degrees of freedom
    assert table.loc["p95_ms", ["low", "high"]].tolist() == pytest.approx([12 - half, 12 + half])
    assert table.loc["mean_ms", ["low", "high"]].tolist() == [-np.inf, np.inf]


def test_the_result_is_the_first_run_and_carries_the_intervals_of_all():
    result = simulate(QUEUE, duration_s=30, warmup_s=5, seed=3, replications=4)
    runs = [simulate(QUEUE, duration_s=30, warmup_s=5, seed=seed).summary for seed in (3, 4, 5, 6)]
    assert result.summary.equals(runs[0])
    assert result.requests.equals(simulate(QUEUE, duration_s=30, warmup_s=5, seed=3).requests)
    table = result.intervals
    assert [*table.columns] == ["mean", "low", "high", "runs"]
    assert table["mean"].to_dict() == pytest.approx(pd.DataFrame(runs).mean().to_dict())
    assert (table.low <= table["mean"]).all() and (table["mean"] <= table.high).all()
    assert (table.loc["cost_usd_per_hour", ["low", "high"]] == result.summary.cost_usd_per_hour).all()


def test_the_interval_holds_theory_and_narrows_with_more_runs():
    few, many = (simulate(QUEUE, duration_s=300, warmup_s=20, replications=n).intervals for n in (5, 40))
    expected = theory.mm1(80, 0.01)
    for figure, value in (("mean_ms", expected.time_in_system_s), ("p99_ms", expected.latency_percentile_s(99))):
        assert many.low[figure] <= value * 1000 <= many.high[figure]
        assert many.high[figure] - many.low[figure] < few.high[figure] - few.low[figure]


def test_the_designs_of_a_comparison_share_the_customers_and_no_client_is_called_as_their_row():
    assert pytest.approx(student(BATCHES - 1, 0.95), abs=5e-4) == T_95
    runs = run_designs({"one": QUEUE, "two": QUEUE.replace({"server.workers": 2})}, duration_s=5)
    assert runs["one"].requests.arrived_s.equals(runs["two"].requests.arrived_s)
    other = Clients("All", rate_per_s=1) >> Server()
    with pytest.raises(ValueError, match=f'design "other": "{ALL}" is the name of the row for all clients together'):
        run_designs({"one": QUEUE, "other": other}, duration_s=5)


def test_replications_go_with_events_and_with_every_engine():
    events = [Change("server.workers", 2, at_s=5)]
    one = simulate(QUEUE >> Database(), duration_s=10, events=events, replications=3)
    assert one.intervals.runs.eq(3).all()
    assert simulate(QUEUE, duration_s=10, replications=3, engine="events").intervals.equals(
        simulate(QUEUE, duration_s=10, replications=3).intervals
    )


def test_what_one_run_says_about_intervals():
    with pytest.raises(ValueError, match=r"one run has no intervals: use simulate\(..., replications=20\)"):
        simulate(QUEUE, duration_s=1).intervals  # noqa: B018
    for wrong in (0, 1.5, "many"):
        with pytest.raises(ValueError, match="replications must be"):
            simulate(QUEUE, duration_s=1, replications=wrong)


@pytest.mark.parametrize(("load", "duration_s", "at_least"), [(0.5, 60, 17), (0.8, 60, 15), (0.8, 600, 18)])
def test_one_run_knows_about_where_its_p99_lies(load, duration_s, at_least):
    """The true p99 lies between the ends in most of 20 runs; a stretch of a queue knows a little of the next."""
    system = Clients(rate_per_s=80 * load) >> Server(workers=8, service_ms=100)
    true = theory.mmc(80 * load, 0.1, 8).latency_percentile_s(99) * 1000
    held = 0
    for seed in range(20):
        low, high = p99_between(simulate(system, duration_s=duration_s, seed=seed))
        held += low <= true <= high
    assert held >= at_least


def said(system, **how):
    return simulate(system, **how).explain()


def test_a_run_too_short_for_its_p99_says_so():
    assert "the run is too short for p99: it may lie anywhere" in said(QUEUE, duration_s=30)
    assert "p99" not in said(QUEUE, duration_s=20_000)
    assert "too few to judge the slowest 1 in 100" in said(QUEUE, duration_s=5)


def test_where_something_changes_a_longer_run_would_be_another():
    long = {"duration_s": 60}
    assert "too short" in said(QUEUE, **long)
    for system, events in (
        (Clients(rate_per_s=40, surge=Surge(20, 5, 3)) >> Server(workers=1, service_ms=10), ()),
        (QUEUE, [Change("server.workers", 2, at_s=50)]),
        (QUEUE, [Outage("server", at_s=50, for_s=0.1)]),
    ):
        assert "too short" not in said(system, **long, events=events)


def test_replications_are_named_with_the_interval():
    result = simulate(QUEUE, duration_s=100, warmup_s=10, replications=8)
    low, high = result.intervals.loc["p99_ms", ["low", "high"]]
    assert f"p99 of runs this long lies between {low:.0f} ms and {high:.0f} ms (8 runs, 95 %)" in result.explain()


def test_more_runs_do_not_mend_a_p99_that_short_runs_put_too_low():
    true = theory.mm1(80, 0.01).latency_percentile_s(99) * 1000
    short = simulate(QUEUE, duration_s=30, warmup_s=5, replications=100).intervals.loc["p99_ms"]
    long = simulate(QUEUE, duration_s=600, warmup_s=20, replications=20).intervals.loc["p99_ms"]
    assert short.high < true and long.low <= true <= long.high


def test_four_of_five_intervals_and_more_hold_the_true_mean():
    """Of 40 experiments of 20 runs 38 are expected to; fewer than 32 would be one in a thousand."""
    true, held = theory.mm1(80, 0.01).time_in_system_s * 1000, 0
    for experiment in range(40):
        low, high = simulate(QUEUE, duration_s=60, warmup_s=10, seed=1000 * experiment, replications=20).intervals.loc[
            "mean_ms", ["low", "high"]
        ]
        held += low <= true <= high
    assert held >= 32
