"""Whatever system is accepted: it runs, loses nobody, repeats itself to the last bit, and can be explained."""

import math
import re

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pmtech import (
    Change,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
    simulate,
)
from pmtech.simulate import Running

MANY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

ENDPOINTS = ("/", "/submit", "/dashboard")
AT_MOST = 150  # arrivals of a source, before retries

small_ms = st.one_of(st.sampled_from([0.001, 1, 100, 3_600_000]), st.floats(0.001, 2000))
cvs = st.one_of(st.sampled_from([0, 0.3, 1, 3, 10]), st.floats(0, 10))
waiting_places = st.sampled_from([None, None, 0, 1, 5, 10_000_000])
some_endpoints = st.lists(st.sampled_from(ENDPOINTS), max_size=3, unique=True).map(tuple)


def servers(**more):
    return st.builds(
        Server,
        workers=st.sampled_from([1, 2, 8, 100_000]),
        service_ms=small_ms,
        service_cv=cvs,
        queue_limit=waiting_places,
        blocking=st.booleans(),
        price_usd_per_hour=st.sampled_from([0, 0.1, 1e6]),
        **more,
    )


databases = st.builds(
    Database, connections=st.sampled_from([1, 3, 100_000]), query_ms=small_ms, query_cv=cvs, queue_limit=waiting_places
)
limiters = st.builds(
    RateLimiter,
    limit=st.sampled_from([1, 2, 10, 10_000_000]),
    per_s=st.one_of(st.sampled_from([0.001, 1, 86_400 * 366]), st.floats(0.001, 10)),
    algorithm=st.sampled_from(["fixed_window", "sliding_window_log", "sliding_window_counter", "token_bucket"]),
    burst=st.sampled_from([None, 1, 10, 10_000_000]),
    by=st.sampled_from(["client", "all"]),
)
throttles = st.builds(
    Throttle,
    rate_per_s=st.one_of(st.sampled_from([0.001, 5, 1e6]), st.floats(0.5, 200)),
    fair=st.booleans(),
    priority=some_endpoints,
    max_wait_s=st.one_of(st.none(), st.sampled_from([0, 0.5, 86_400]), st.floats(0, 3)),
    shed=some_endpoints,
)
balancers = st.builds(
    LoadBalancer, policy=st.sampled_from(["round_robin", "random", "least_connections", "power_of_two_choices"])
)


def pools(inside):
    some = st.one_of(
        st.lists(inside, min_size=1, max_size=3),
        servers(replicas=st.sampled_from([1, 2, 5])).map(lambda server: [server]),
        inside.map(lambda target: [target] * 3),
    )
    return st.builds(lambda balancer, targets: balancer >> targets, balancers, some)


def routes(inside):
    table = st.dictionaries(st.sampled_from(ENDPOINTS), inside, min_size=1, max_size=3)
    return st.builds(lambda table: Gateway() >> table, table)


def chains(inside):
    return st.builds(lambda a, b: a >> b, st.one_of(servers(), limiters, throttles), inside)


ways = st.recursive(
    st.one_of(servers(), databases, throttles, limiters),
    lambda inside: st.one_of(chains(inside), chains(inside), pools(inside), routes(inside)),
    max_leaves=6,
)


@st.composite
def sources(draw, duration_s):
    asks = {
        "endpoints": draw(st.dictionaries(st.sampled_from(ENDPOINTS), st.sampled_from([0.1, 1, 1e9]), min_size=1)),
        "keys": draw(st.sampled_from([1, 1000])),
        "popularity": draw(st.sampled_from([0, 1, 10])),
        "timeout_ms": draw(st.one_of(st.none(), st.sampled_from([1e-300, 1e9]), st.floats(1, 2000))),
        "retries": draw(st.sampled_from([0, 0, 1, 10])),
    }
    count = draw(st.integers(0, AT_MOST))
    times = draw(st.sampled_from([0, 0.5, 3]))
    if draw(st.booleans()):
        begins = draw(st.one_of(st.sampled_from([0, 1e9]), st.floats(0, duration_s)))
        asks["surge"] = Surge(begins, draw(st.sampled_from([1e-300, 0.5, 1e9])), times)
    if draw(st.booleans()):
        think_s = draw(st.sampled_from([0.5, 1, 86_400]))
        return Users(count=min(count, round(count * think_s / duration_s)), think_s=think_s, **asks)
    return Clients(rate_per_s=min(1e6, count / duration_s), arrivals=draw(st.sampled_from(["poisson", "even"])), **asks)


CHANGES = {
    "workers": [1, 50],
    "connections": [1, 50],
    "service_ms": [1, 500],
    "service_cv": [0, 1, 2],
    "queue_limit": [0, 3, None],
    "blocking": [True, False],
    "limit": [1, 100],
    "algorithm": ["token_bucket", "sliding_window_log"],
    "burst": [None, 3],
    "fair": [True, False],
    "max_wait_s": [0, 1, None],
    "shed": [(), ("/submit",)],
    "priority": [(), ("/dashboard", "/submit")],
    "policy": ["random", "least_connections"],
    "timeout_ms": [None, 50],
    "retries": [0, 2],
    "endpoints": [{"/": 1}, {"/submit": 1, "/dashboard": 2}],
    "surge": [None, Surge(0.1, 0.5, 2)],
    "count": [0, 20],
    "think_s": [0.5, 5],
}


@st.composite
def runs(draw):
    """A system, how long it runs, and what happens meanwhile."""
    duration_s = draw(st.sampled_from([0.001, 1, 3, 7.3]))
    system = draw(st.lists(sources(duration_s), min_size=1, max_size=3)) >> draw(ways)
    paths = [
        (f"{name}.{field}", value)
        for name, part in system.components.items()
        for field, values in CHANGES.items()
        if hasattr(part, field)
        for value in values
    ]
    events = draw(
        st.lists(
            st.builds(lambda pv, at: Change(*pv, at), st.sampled_from(paths), st.floats(0, duration_s)), max_size=3
        )
    )
    warmup_s = draw(st.sampled_from([0, 0, duration_s / 3]))
    return system, {"duration_s": duration_s, "warmup_s": warmup_s, "seed": draw(st.integers(0, 3)), "events": events}


@MANY
@given(runs())
def test_nobody_is_lost(run):
    system, how = run
    result = simulate(system, **how)
    requests, figures = result.requests, result.timeline

    ended = requests.status > 0
    assert (requests.finished_s.notna() == ended).all()
    assert (requests.latency_ms[ended] >= 0).all()
    assert set(requests.status) <= {0, 200, 404, 429, 503, 504}
    # offered = served + refused + still inside, a second, a client and in all
    inside = int((~ended).sum())
    assert figures.offered.sum() == len(requests) == figures.served.sum() + figures.rejected.sum() + inside
    assert list(figures.in_system) == list((figures.offered - figures.served - figures.rejected).cumsum())
    assert (figures.in_system.iloc[-1] if len(figures) else 0) == inside
    clients = result.by_client
    assert list(clients.index) == list(system.sources)
    for name, mine in requests[requests.arrived_s >= how["warmup_s"]].groupby("client"):
        offered = clients.offered_per_s[name] * result.window_s
        assert math.isclose(offered, len(mine))
        assert math.isclose(clients.error_rate[name] * offered, (mine.status >= 400).sum(), abs_tol=1e-6)
    assert math.isclose(clients.offered_per_s.sum(), result.summary.offered_per_s, abs_tol=1e-9)
    assert math.isclose(clients.served_per_s.sum(), result.summary.served_per_s, abs_tol=1e-9)


@MANY
@given(runs())
def test_the_parts_count_as_the_requests_do(run):
    system, how = run
    result = simulate(system, **{**how, "warmup_s": 0})
    visits, parts, requests = result.visits, result.components, result.requests
    for name, part in parts.iterrows():
        here = visits[visits.component == name]
        assert len(here) == part.served + part.rejected + here.left_s.isna().sum()
        assert (here.started_s.dropna() >= here.entered_s[here.started_s.notna()]).all()
        assert (here.left_s.dropna() >= here.entered_s[here.left_s.notna()]).all()
        assert part.rejected == (result.refusals.component == name).sum()
        assert 0 <= part.mean_queue <= part.max_queue <= len(here)
        if not how["events"] and isinstance(system.components[name], (Server, Database)):
            assert part.utilisation <= 1 + 1e-9
    # a refusal that the client did not wait for is no answer of its own
    statuses = requests.status[result.refusals.request].to_numpy()
    assert set(statuses[statuses != result.refusals.status.to_numpy()]) <= {504}


@MANY
@given(runs())
def test_a_run_can_be_explained(run):
    system, how = run
    result = simulate(system, **how)
    said = result.explain()
    assert said.endswith(".")
    assert not re.search(r"\b(nan|inf|None)\b|infinity", said), said
    assert 1 <= len(re.findall(r"[.](?= [A-Z0-9“]|$)", said)) <= 4, said
    assert repr(result).startswith("Result: ")


@MANY
@given(runs(), st.lists(st.floats(0, 1), max_size=4))
def test_in_slices_or_at_one_go_and_turned_by_hand_or_as_told_it_is_the_same_run(run, cuts):
    system, how = run
    events = sorted(how["events"], key=lambda change: change.at_s)
    assume(all(change.at_s < how["duration_s"] for change in events))
    by_hand = Running(system, how["seed"])
    stops = [(cut * how["duration_s"], None) for cut in cuts] + [(change.at_s, change) for change in events]
    for at_s, change in sorted(stops, key=lambda stop: stop[0]):
        by_hand.advance(at_s)
        if change is not None:
            by_hand.turn({change.path: change.value})
    by_hand.advance(float(how["duration_s"]))
    told = simulate(system, **{**how, "events": events}).requests
    columns = ["client", "endpoint", "key", "arrived_s", "finished_s", "status", "served_by"]
    done = [(r.client, r.endpoint, r.key, r.arrived, r.finished, r.status, r.served_by) for r in by_hand.run.requests]
    assert list(map(repr, done)) == list(map(repr, told[columns].itertuples(index=False, name=None)))


@MANY
@given(runs())
def test_a_run_repeats_itself_to_the_last_bit(run):
    system, how = run
    one, other = simulate(system, **how), simulate(system, **how)
    assert one.requests.equals(other.requests)
    assert one.visits.equals(other.visits)
    assert one.explain() == other.explain()
    assert np.array_equal(one.summary, other.summary, equal_nan=True)
