"""What came out: the tables and figures, worked by hand on a story of eight requests."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech import Cache, Change, Clients, Database, Gateway, LoadBalancer, Outage, Server, Throttle, Users, simulate
from pmtech.runs.summary import open_at, percentiles
from pmtech.system.system import System

# Every quarter of a second somebody comes; the worker needs 0.625 s, and one may wait.
SYSTEM = Clients("A", rate_per_s=4, arrivals="even") >> Server(
    workers=1, service_ms=625, service_cv=0, queue_limit=1, price_usd_per_hour=0.5
)


@pytest.fixture(scope="module")
def story():
    return simulate(SYSTEM, duration_s=2.5, seed=4)


def test_requests_have_a_row_each(story):
    columns = ["client", "endpoint", "key", "arrived_s", "finished_s", "latency_ms", "status", "served_by"]
    assert story.requests.columns.tolist() == columns
    rows = story.requests.drop(columns="key").astype(object)
    assert (
        rows.where(rows.notna(), None).values.tolist()
        == [
            ["a", "/", 0.0, 0.625, 625.0, 200, "server"],
            ["a", "/", 0.25, 1.25, 1000.0, 200, "server"],
            ["a", "/", 0.5, 0.5, 0.0, 503, "server"],
            ["a", "/", 0.75, 1.875, 1125.0, 200, "server"],
            ["a", "/", 1.0, 1.0, 0.0, 503, "server"],
            ["a", "/", 1.25, None, None, 0, None],
            ["a", "/", 1.5, 1.5, 0.0, 503, "server"],
            ["a", "/", 1.75, 1.75, 0.0, 503, "server"],
            ["a", "/", 2.0, None, None, 0, None],
            ["a", "/", 2.25, 2.25, 0.0, 503, "server"],
        ]
        or rows.values.tolist()
    )
    assert pd.api.types.is_integer_dtype(story.requests.status)
    assert pd.api.types.is_integer_dtype(story.requests.key) and story.requests.key.between(1, 1000).all()


def test_visits_have_a_row_a_request_and_component(story):
    assert story.visits.columns.tolist()[:5] == ["request", "component", "entered_s", "started_s", "left_s"]
    assert story.visits.request.tolist() == list(range(10))
    assert set(story.visits.component) == {"server"}


def test_the_timeline_has_a_row_a_second(story):
    line = story.timeline
    assert line.columns.tolist() == ["offered", "served", "rejected", "in_system", "p50_ms", "p95_ms"]
    assert line.index.tolist() == [0, 1, 2] and line.index.name == "second"
    assert line.offered.tolist() == [4, 4, 2]
    assert line.served.tolist() == [1, 2, 0]
    assert line.rejected.tolist() == [1, 3, 1]
    assert line.in_system.tolist() == [2, 1, 2]
    assert line.p50_ms.tolist()[:1] == [1000] and line.p95_ms.tolist()[:1] == [1125]
    assert line.p50_ms[1:].isna().all() and line.p95_ms[1:].isna().all()


def test_who_leaves_on_the_stroke_of_a_second_leaves_in_the_next():
    line = simulate(
        Clients(rate_per_s=2, arrivals="even") >> Server(service_ms=500, service_cv=0), duration_s=3
    ).timeline
    assert line[["offered", "served", "in_system"]].values.tolist() == [[2, 1, 1], [2, 2, 1], [2, 2, 1]]


def test_the_summary(story):
    names = [
        "offered_per_s",
        "served_per_s",
        "error_rate",
        "mean_ms",
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "cost_usd_per_hour",
    ]
    assert story.summary.index.tolist() == names
    assert story.summary.tolist() == pytest.approx([10 / 2.5, 3 / 2.5, 5 / 10, 2750 / 3, 1000, 1125, 1125, 0.5])
    assert story.summary["p95_ms"] == story.summary.p95_ms == 1125


def test_by_client_has_the_same_figures(story):
    assert story.by_client.index.tolist() == ["a"]
    assert story.by_client.loc["a"].tolist() == story.summary.drop("cost_usd_per_hour").tolist()


def test_components(story):
    parts = story.components
    assert parts.columns.tolist() == ["utilisation", "mean_queue", "max_queue", "served", "rejected"]
    assert parts.loc["server"].tolist() == pytest.approx([1.0, (0.375 + 0.5 + 0.625 + 0.5) / 2.5, 1, 3, 5])


def test_refusals(story):
    assert story.refusals.columns.tolist() == ["request", "component", "at_s", "status", "retry_after_s"]
    assert story.refusals[["request", "at_s", "status"]].values.tolist() == [
        [2, 0.5, 503],
        [4, 1.0, 503],
        [6, 1.5, 503],
        [7, 1.75, 503],
        [9, 2.25, 503],
    ]


def test_the_line_before_a_part(story):
    assert [open_at(*story.backlog("server"), at_s) for at_s in (0, 0.25, 0.5, 0.625, 0.75, 1.25, 2.4)] == [
        0,
        1,
        1,
        0,
        1,
        1,
        1,
    ]


def test_a_repr_says_the_main_figures(story):
    assert repr(story) == ("Result: 4.0 requests a second offered, 1.2 served, 50.0% refused, p95 1,125 ms, over 2.5 s")


def test_the_warm_up_is_left_out(story):
    late = simulate(SYSTEM, duration_s=2.5, warmup_s=1, seed=4)
    assert late.requests.equals(story.requests)
    assert late.timeline.equals(story.timeline)
    # arrived from second 1 on: six, of which four are refused and none is served; two end in the window
    assert late.summary.tolist()[:3] == pytest.approx([6 / 1.5, 2 / 1.5, 4 / 6])
    assert late.summary[["mean_ms", "p50_ms", "p95_ms", "p99_ms"]].isna().all()
    assert late.components.loc["server"].tolist() == pytest.approx([1.0, (0.25 + 0.625 + 0.5) / 1.5, 1, 2, 4])


@settings(max_examples=200)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_nearest_rank(values, share):
    """The smallest value that at least this share of all values do not exceed."""
    found = percentiles(np.array(values, dtype=float), share)[0]
    hundredths = round(share * 100)  # in whole numbers: 0.95 * 20 is not 19 in floating point
    reach = [v for v in values if sum(other <= v for other in values) * 100 >= hundredths * len(values)]
    assert found == min(reach)


def test_a_percentile_of_nothing_is_not_a_number():
    assert math.isnan(percentiles(np.array([]), 0.5)[0])


def test_percentiles_are_of_those_who_arrived_in_the_window_and_were_served():
    result = simulate(Clients(rate_per_s=30) >> Server(workers=2, queue_limit=5), duration_s=60, warmup_s=10)
    requests = result.requests
    mine = np.sort(requests[(requests.arrived_s >= 10) & (requests.status == 200)].latency_ms)
    for share, name in ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
        assert result.summary[name] == mine[math.ceil(share * len(mine)) - 1]
    assert result.summary.mean_ms == pytest.approx(mine.mean())


def test_figures_of_nobody():
    result = simulate(Clients(rate_per_s=0) >> Server(), duration_s=3)
    assert result.requests.empty and result.visits.empty and result.refusals.empty
    assert result.requests.columns.size == 8
    assert result.timeline[["offered", "served", "rejected", "in_system"]].sum().sum() == 0
    assert len(result.timeline) == 3
    assert result.summary[["offered_per_s", "served_per_s", "error_rate"]].tolist() == [0, 0, 0]
    assert result.summary[["mean_ms", "p50_ms", "p95_ms", "p99_ms"]].isna().all()
    assert result.by_client.loc["clients", "offered_per_s"] == 0
    assert result.components.loc["server"].tolist() == [0, 0, 0, 0, 0]


def test_a_cache_that_nobody_asked_has_no_hit_ratio():
    figures = simulate(Clients(rate_per_s=0) >> Cache() >> Server(), duration_s=3).components
    assert figures.columns.tolist()[-2:] == ["hit_ratio", "stale_ratio"] and figures.hit_ratio.isna().all()


WORDS, COUNT, MEASURE = "object", "int64", "float64"
TABLES = {
    "requests": {
        **{"client": WORDS, "endpoint": WORDS, "key": COUNT, "arrived_s": MEASURE, "finished_s": MEASURE},
        **{"latency_ms": MEASURE, "status": COUNT, "served_by": WORDS},
    },
    "visits": {"request": COUNT, "component": WORDS, "entered_s": MEASURE, "started_s": MEASURE, "left_s": MEASURE},
    "refusals": {"request": COUNT, "component": WORDS, "at_s": MEASURE, "status": COUNT, "retry_after_s": MEASURE},
    "timeline": {
        **{"offered": COUNT, "served": COUNT, "rejected": COUNT, "in_system": COUNT},
        **{"p50_ms": MEASURE, "p95_ms": MEASURE},
    },
    "by_client": dict.fromkeys(
        ["offered_per_s", "served_per_s", "error_rate", "mean_ms", "p50_ms", "p95_ms", "p99_ms"], MEASURE
    ),
    "components": {
        **{"utilisation": MEASURE, "mean_queue": MEASURE, "max_queue": COUNT, "served": COUNT, "rejected": COUNT},
        **{"hit_ratio": MEASURE, "stale_ratio": MEASURE},
    },
}


@pytest.mark.parametrize("engine", ["auto", "events"])
@pytest.mark.parametrize(
    "source",
    [Clients(rate_per_s=40), Clients(rate_per_s=0), Clients(rate_per_s=90, timeout_ms=150, retries=2), Users(count=9)],
    ids=["clients", "nobody", "who try again", "users"],
)
@pytest.mark.parametrize("how", [{"duration_s": 0.5}, {"duration_s": 4.5, "warmup_s": 1.5}], ids=["short", "warm"])
def test_all_tables_have_their_columns_and_kinds_whatever_happened(source, how, engine):
    for way in (Server(workers=2), Cache() >> Server(workers=2, queue_limit=2) >> Database()):
        result = simulate(source >> way, **how, engine=engine)
        for name, columns in TABLES.items():
            table = getattr(result, name)
            if name == "components" and not isinstance(way, System):
                columns = {column: kind for column, kind in columns.items() if not column.endswith("_ratio")}
            assert {column: str(kind) for column, kind in table.dtypes.items()} == columns
        assert [result.timeline.index.name, result.by_client.index.name] == ["second", "client"]
        assert result.components.index.name == "component" and result.summary.dtype == MEASURE
        assert result.timeline.index.tolist() == list(range(math.ceil(how["duration_s"])))
        assert set(result.requests.status) <= {0, 200, 503, 504}
        assert result.requests.finished_s.isna().equals(result.requests.status == 0)
        if len(result.system.sources) == 1:
            assert result.by_client.iloc[0].equals(result.summary.drop("cost_usd_per_hour").rename(source.slug))


def test_the_timeline_counts_what_the_requests_say():
    system = Clients(rate_per_s=60, timeout_ms=300, retries=1) >> Server(workers=4, queue_limit=9)
    result = simulate(system, duration_s=6.5, warmup_s=2)
    requests, line = result.requests, result.timeline
    for second in line.index:
        came = requests[(requests.arrived_s >= second) & (requests.arrived_s < second + 1)]
        went = requests[(requests.finished_s >= second) & (requests.finished_s < second + 1)]
        latency = np.sort(came[came.status == 200].latency_ms)
        assert line.loc[second].tolist() == [
            *(len(came), (went.status == 200).sum(), (went.status >= 400).sum()),
            (requests.arrived_s < second + 1).sum() - (requests.finished_s < second + 1).sum(),
            *(latency[math.ceil(share * len(latency)) - 1] for share in (0.5, 0.95)),
        ]
    assert set(requests.status) == {0, 200, 503, 504}


def test_who_gave_up_was_not_refused():
    assert "% refused or given up, " in repr(simulate(Clients(rate_per_s=90, timeout_ms=50) >> Server(), duration_s=3))


def test_a_repr_of_nobody_has_no_nan():
    assert "nan" not in repr(simulate(Clients(rate_per_s=0) >> Server(), duration_s=3))


def test_parts_in_flow_order_with_their_own_counts():
    system = (
        Clients("A", rate_per_s=4, arrivals="even", endpoints={"/a": 1})
        >> Gateway()
        >> {
            "/a": LoadBalancer() >> Server(service_ms=125, service_cv=0, replicas=2),
            "/b": Server("B"),
        }
    )
    parts = simulate(system, duration_s=2).components
    assert parts.index.tolist()[:2] == ["gateway", "load_balancer"] and set(parts.index[2:]) == {"server", "b"}
    assert parts.served.to_dict() == {"gateway": 8, "load_balancer": 8, "server": 8, "b": 0}
    assert parts.utilisation["server"] == 8 * 0.125 / (2 * 8 * 2)


def test_the_utilisation_of_a_throttle_is_the_share_of_its_rate():
    system = Clients(rate_per_s=4, arrivals="even") >> Throttle(rate_per_s=8)
    assert simulate(system, duration_s=10).components.utilisation["throttle"] == 0.5


def test_the_utilisation_of_a_throttle_that_was_turned():
    system = Clients(rate_per_s=4, arrivals="even") >> Throttle(rate_per_s=8)
    result = simulate(system, duration_s=10, events=[Change("throttle.rate_per_s", 4, at_s=5)])
    assert result.components.utilisation["throttle"] == pytest.approx(40 / 60)


def test_the_cost_is_the_mean_of_what_was_there_in_the_measured_window():
    """Two machines at 0.5 USD, four from second 10 on, at 0.25 USD from second 15 on; of seconds 5 to 20."""
    pool = Clients(rate_per_s=1) >> LoadBalancer() >> Server(replicas=2, price_usd_per_hour=0.5)
    events = [Change("server.replicas", 4, at_s=10), Change("server.price_usd_per_hour", 0.25, at_s=15)]
    result = simulate(pool, duration_s=20, warmup_s=5, events=events)
    assert result.summary.cost_usd_per_hour == pytest.approx((5 * 1.0 + 5 * 2.0 + 5 * 1.0) / 15)
    assert simulate(pool, duration_s=20, warmup_s=7).summary.cost_usd_per_hour == 1
    late = simulate(pool, duration_s=20, warmup_s=16, events=events)
    assert late.summary.cost_usd_per_hour == 1 and late.system.cost_usd_per_hour == late.at_end.cost_usd_per_hour == 1


def test_a_dead_machine_is_paid_for():
    pool = Clients(rate_per_s=1) >> LoadBalancer() >> Server(replicas=2, price_usd_per_hour=0.5)
    assert simulate(pool, duration_s=20, events=[Outage("server", at_s=5, for_s=10)]).summary.cost_usd_per_hour == 1


def test_what_a_part_offered_is_on_record():
    """Two machines of 2 workers and 100 ms; one dies for 2 s, work gets quicker, the dead one is replaced by three."""
    pool = Clients(rate_per_s=1) >> LoadBalancer() >> Server(workers=2, service_ms=100, replicas=2)
    events = [
        Outage("server", at_s=2, for_s=2),
        Change("server.service_ms", 50, at_s=3),
        Change("server.workers", 1, at_s=5),
        Change("server.replicas", 1, at_s=6),
        Change("load_balancer.policy", "random", at_s=7),
    ]
    result = simulate(pool, duration_s=8, events=events)
    assert [tuple(offer) for offer in result.offers("server")] == [
        (0, 2, 4, 40, 2, 0),
        (2, 3, 2, 20, 2, 1),
        (3, 4, 2, 40, 2, 1),
        (4, 5, 4, 80, 2, 0),
        (5, 6, 2, 40, 2, 0),
        (6, 7, 1, 20, 1, 0),
        (7, 8, 1, 20, 1, 0),
    ]
    of_the_second = [(offer.begin_s, offer.places, offer.dead) for offer in result.offers("server", machine=1)]
    assert of_the_second == [(0, 2, 0), (2, 2, 0), (3, 2, 0), (4, 2, 0), (5, 1, 0), (6, 0, 0), (7, 0, 0)]
    assert result.offers("load_balancer") == []
    assert [offer.places for offer in result.offers("server", since=2.5, until=4)] == [2, 2]


@settings(max_examples=30)
@given(seed=st.integers(0, 99), load=st.floats(0.2, 2), until_s=st.floats(1, 20))
def test_littles_law_holds_for_every_single_run_whose_last_guest_has_left(seed, load, until_s):
    """The time that the line and the workers were occupied is the time that the requests spent there."""
    rate = load * 20
    events = [Change("clients.rate_per_s", 0, at_s=until_s)]
    result = simulate(Clients(rate_per_s=rate) >> Server(workers=2), duration_s=120, seed=seed, events=events)
    if (result.requests.status == 200).all():
        part = result.components.loc["server"]
        inside = part.mean_queue + part.utilisation * 2
        assert inside * 120 == pytest.approx(result.requests.latency_ms.sum() / 1000)
