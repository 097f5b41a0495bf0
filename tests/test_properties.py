"""Whatever system is accepted: it runs, loses nobody, repeats itself to the last bit, and can be explained."""

import dataclasses
import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from pmtech import (
    Cache,
    Change,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    Outage,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
    simulate,
)
from pmtech.runs.running import Running

MANY = settings(
    max_examples=100,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)

ENDPOINTS = ("/", "/submit", "/dashboard")
AT_MOST = 150  # arrivals of a source, before retries
POLICIES = ["round_robin", "random", "least_connections", "power_of_two_choices"]
ALGORITHMS = ["fixed_window", "sliding_window_log", "sliding_window_counter", "token_bucket"]

some = st.sampled_from
work_ms = st.one_of(some([0.001, 1, 100, 3_600_000]), st.floats(0.001, 2000))
cvs = st.one_of(some([0, 0.3, 1, 3, 10]), st.floats(0.001, 10))
waiting_places = some([None, None, 0, 1, 5, 10_000_000])
few_endpoints = st.lists(some(ENDPOINTS), max_size=3, unique=True).map(tuple)

# A system of anything


def servers(**more):
    return st.builds(
        Server,
        workers=some([1, 2, 8, 100_000]),
        service_ms=work_ms,
        service_cv=cvs,
        queue_limit=waiting_places,
        blocking=st.booleans(),
        price_usd_per_hour=some([0, 0.1, 1e6]),
        **more,
    )


databases = st.builds(
    Database, connections=some([1, 3, 100_000]), query_ms=work_ms, query_cv=cvs, queue_limit=waiting_places
)
limiters = st.builds(
    RateLimiter,
    limit=some([1, 2, 10, 10_000_000]),
    per_s=st.one_of(some([0.001, 1, 86_400 * 366]), st.floats(0.001, 10)),
    algorithm=some(ALGORITHMS),
    burst=some([None, 1, 10, 10_000_000]),
    by=some(["client", "all"]),
)
throttles = st.builds(
    Throttle,
    rate_per_s=st.one_of(some([0.001, 5, 1e6]), st.floats(0.5, 200)),
    fair=st.booleans(),
    priority=few_endpoints,
    max_wait_s=st.one_of(st.none(), some([0, 0.5, 86_400]), st.floats(0, 3)),
    shed=few_endpoints,
)
caches = st.builds(
    Cache,
    capacity=some([1, 3, 10_000_000]),
    ttl_s=some([None, 1e-300, 0.5]),
    policy=some(["lru", "lfu", "fifo", "random"]),
    hit_ms=some([0, 1, 500]),
    coalesce=st.booleans(),
    invalidate=st.booleans(),
)
networks = st.builds(Network, round_trip_ms=some([0, 60, 5000]), round_trip_cv=cvs)
balancers = st.builds(
    LoadBalancer,
    policy=some(POLICIES),
    health_check_s=some([None, 0.1, 3600]),
    unhealthy_after=some([1, 2]),
    sticky=st.booleans(),
)


def pools(inside):
    targets = st.one_of(
        st.lists(inside, min_size=1, max_size=3),
        servers(replicas=some([1, 2, 5])).map(lambda server: [server]),
        inside.map(lambda target: [target] * 3),
    )
    return st.builds(lambda balancer, targets: balancer >> targets, balancers, targets)


def routes(inside):
    table = st.dictionaries(some(ENDPOINTS), inside, min_size=1, max_size=3)
    return st.builds(lambda table: Gateway() >> table, table)


def chains(inside):
    first = st.one_of(servers(), limiters, throttles, caches, networks)
    return st.builds(lambda a, b: a >> b, first, inside)


ways = st.recursive(
    st.one_of(servers(), databases, throttles, limiters),
    lambda inside: st.one_of(chains(inside), chains(inside), pools(inside), routes(inside)),
    max_leaves=6,
)


@st.composite
def sources(draw, duration_s):
    asks = {
        "endpoints": draw(st.dictionaries(some(ENDPOINTS), some([0.1, 1, 1e9]), min_size=1)),
        "keys": draw(some([1, 1000])),
        "popularity": draw(some([0, 1, 10])),
        "timeout_ms": draw(st.one_of(st.none(), some([1e-300, 1e9]), st.floats(1, 2000))),
        "retries": draw(some([0, 0, 1, 10])),
        "write_share": draw(some([0, 0, 0.3, 1])),
    }
    count = draw(st.integers(0, AT_MOST))
    if draw(st.booleans()):
        begins = draw(st.one_of(some([0, 1e9]), st.floats(0, duration_s)))
        asks["surge"] = Surge(begins, draw(some([1e-300, 0.5, 1e9])), draw(some([0, 0.5, 3])))
    if draw(st.booleans()):
        think_s = draw(some([0.5, 1, 86_400]))
        return Users(count=min(count, round(count * think_s / duration_s)), think_s=think_s, **asks)
    return Clients(rate_per_s=min(1e6, count / duration_s), arrivals=draw(some(["poisson", "even"])), **asks)


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
    "policy": ["random"],
    "replicas": [1, 4],
    "health_check_s": [None, 0.2],
    "sticky": [True, False],
    "capacity": [1, 50],
    "ttl_s": [None, 0.1],
    "round_trip_ms": [0, 100],
    "round_trip_cv": [0, 1],
    "timeout_ms": [None, 50],
    "retries": [0, 2],
    "endpoints": [{"/": 1}, {"/submit": 1, "/dashboard": 2}],
    "surge": [None, Surge(0.1, 0.5, 2)],
    "count": [0, 20],
    "think_s": [0.5, 5],
}


def pooled(system, name):
    """May this part have replicas? Only behind a balancer."""
    number = system.names.index(name)
    before = [system.parts[e.tail] for e in system.edges if e.head == number]
    return all(isinstance(part, LoadBalancer) for part in before)


@st.composite
def runs(draw):
    """A system, how long it runs, and what happens meanwhile."""
    duration_s = draw(some([0.001, 1, 3, 7.3]))
    system = draw(st.lists(sources(duration_s), min_size=1, max_size=3)) >> draw(ways)
    paths = [
        (f"{name}.{field}", value)
        for name, part in system.components.items()
        for field, values in CHANGES.items()
        if field in {f.name for f in dataclasses.fields(part)}
        and (field != "replicas" or pooled(system, name))
        and not (field == "priority" and part.is_source)  # a number there, endpoints in a throttle
        for value in values
    ]
    moments = st.one_of(st.floats(0, duration_s), some([0, 0.5, 1, 2]))
    happens = [st.builds(lambda what, at_s: Change(*what, at_s), some(paths), moments)]
    if mortal := [name for name, part in system.components.items() if isinstance(part, Server | Database | Cache)]:
        happens.append(st.builds(Outage, some(mortal), moments, some([1e-300, 0.5, 1e9]), st.just(2)))
    events = draw(st.lists(st.one_of(happens), max_size=3))
    warmup_s = draw(some([0, 0, duration_s / 3]))
    return system, {"duration_s": duration_s, "warmup_s": warmup_s, "seed": draw(st.integers(0, 3)), "events": events}


@MANY
@given(runs())
def test_nobody_is_lost_and_everything_can_be_explained(run):
    system, how = run
    note(f"{system!r}, {how}")
    result = simulate(system, **how)
    requests, second = result.requests, result.timeline

    ended = requests.status > 0
    assert (requests.finished_s.notna() == ended).all()
    assert (requests.latency_ms[ended] >= 0).all()
    assert set(requests.status) <= {0, 200, 404, 429, 502, 503, 504}
    # offered = served + refused + still inside: in all, a second, a client
    inside = int((~ended).sum())
    assert second.offered.sum() == len(requests) == second.served.sum() + second.rejected.sum() + inside
    assert second.in_system.tolist() == (second.offered - second.served - second.rejected).cumsum().tolist()
    assert second.in_system.iloc[-1] == inside
    clients, summary = result.by_client, result.summary
    assert list(clients.index) == list(system.sources)
    for name, mine in requests[requests.arrived_s >= how["warmup_s"]].groupby("client"):
        assert clients.offered_per_s[name] * result.window_s == pytest.approx(len(mine))
        assert clients.error_rate[name] * len(mine) == pytest.approx((mine.status >= 400).sum())
        served = requests[(requests.client == name) & (requests.status == 200)]
        in_window = (served.finished_s >= how["warmup_s"]).sum()
        assert clients.served_per_s[name] * result.window_s == pytest.approx(in_window)
    for figure in ("offered_per_s", "served_per_s"):
        assert clients[figure].sum() == pytest.approx(summary[figure])

    said = result.explain()
    assert said.endswith(".") and not re.search(r"\b(nan|inf|None)\b|infinity", said), said
    assert 1 <= len(re.findall(r"[.](?= [A-Z0-9“]|$)", said)) <= 4, said
    assert repr(result).startswith("Result: ")


@MANY
@given(runs())
def test_the_parts_count_as_the_requests_do(run):
    system, how = run
    note(f"{system!r}, {how}")
    result = simulate(system, **{**how, "warmup_s": 0})
    visits, requests = result.visits, result.requests
    for name, part in result.components.iterrows():
        here = visits[visits.component == name]
        assert len(here) == part.served + part.rejected + here.left_s.isna().sum()
        assert (here.started_s.dropna() >= here.entered_s[here.started_s.notna()]).all()
        assert (here.left_s.dropna() >= here.entered_s[here.left_s.notna()]).all()
        assert part.rejected == (result.refusals.component == name).sum()
        assert 0 <= part.mean_queue <= part.max_queue <= len(here)
        if not how["events"] and isinstance(system.components[name], Server | Database):
            assert part.utilisation <= 1 + 1e-9
    # a refusal is the answer, unless it is still on its way or the client had given up before
    refusals = result.refusals
    statuses = requests.status[refusals.request].to_numpy()
    assert set(statuses[statuses != refusals.status.to_numpy()]) <= {0, 504}


@MANY
@given(runs(), st.lists(st.floats(0, 1), max_size=4))
def test_in_slices_or_at_one_go_and_turned_by_hand_or_as_told_it_is_the_same_run(run, cuts):
    system, how = run
    note(f"{system!r}, {how}")
    end = float(how["duration_s"])
    changes = sorted((e for e in how["events"] if isinstance(e, Change) and e.at_s < end), key=lambda e: e.at_s)
    outages = [event for event in how["events"] if isinstance(event, Outage)]
    by_hand = Running(system, how["seed"], outages)
    stops = [(cut * end, None) for cut in cuts] + [(change.at_s, change) for change in changes]
    for at_s, change in sorted(stops, key=lambda stop: stop[0]):
        by_hand.advance(at_s)
        if change is not None:
            by_hand.turn({change.path: change.value})
    by_hand.advance(end)
    done = [
        (r.client, r.endpoint, r.key, float(r.arrived), float(r.finished), r.status, r.served_by)
        for r in by_hand.run.requests
    ]
    told = simulate(system, **{**how, "events": [*changes, *outages]}).requests.drop(columns="latency_ms")
    assert list(map(repr, done)) == list(map(repr, told.itertuples(index=False, name=None)))


@settings(MANY, max_examples=40)
@given(runs())
def test_a_run_repeats_itself_to_the_last_bit(run):
    system, how = run
    note(f"{system!r}, {how}")
    agree(simulate(system, **how), simulate(system, **how))


def agree(one, other):
    for table in ("requests", "visits", "refusals", "timeline", "by_client", "components"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)
    pd.testing.assert_series_equal(one.summary, other.summary, check_exact=True)
    assert list(one.records.notes) == list(other.records.notes)
    for name, looked in one.records.notes.items():
        assert (looked == other.records.notes[name]).all()
    assert one.explain() == other.explain()


# Systems that only feed forward, or do so but for one part: the shortcut and the event engine

plain_servers = st.builds(
    Server,
    workers=some([1, 2, 8]),
    service_ms=some([1, 50, 100, 400]),
    service_cv=some([0, 0.5, 1, 2]),
    queue_limit=some([None, None, 0, 1, 5]),
    blocking=some([False, False, False, True]),
)
own_caches = st.builds(
    lambda cache, behind: cache >> behind,
    st.builds(
        Cache,
        capacity=some([1, 3, 50]),
        ttl_s=some([None, 0.5]),
        policy=some(["lru", "lfu", "fifo", "random"]),
        hit_ms=some([0, 1, 500]),
        miss_ms=some([0, 0, 20]),
        invalidate=st.booleans(),
        private=st.booleans(),
    ),
    st.one_of(plain_servers, databases),
)
firsts = st.one_of(plain_servers, throttles, limiters, networks)


def plain_pools(inside):
    targets = st.one_of(st.lists(inside, min_size=1, max_size=3), plain_servers.map(lambda server: [server] * 2))
    return st.builds(lambda policy, targets: LoadBalancer(policy=policy) >> targets, some(POLICIES), targets)


forward = st.recursive(
    st.one_of(firsts, own_caches),
    lambda inside: st.one_of(
        st.builds(lambda a, b: a >> b, firsts, inside),
        plain_pools(inside),
        routes(inside),
    ),
    max_leaves=6,
)


@st.composite
def feeding_forward(draw):
    clients = [
        Clients(
            name,
            rate_per_s=draw(some([0, 3, 10, 40])),
            arrivals=draw(some(["poisson", "poisson", "poisson", "even"])),
            endpoints=draw(st.dictionaries(some(ENDPOINTS), some([1, 2]), min_size=1)),
            surge=draw(some([None, None, Surge(0.25, 0.5, 4), Surge(1, 2, 0), Surge(0, 1, 0.5)])),
            retries=draw(some([0, 0, 0, 2])),
            timeout_ms=draw(some([None, None, None, 200])),
            keys=draw(some([1, 20, 1000])),
            write_share=draw(some([0, 0, 0.3])),
        )
        for name in draw(some(["A", "AB", "ABC"]))
    ]
    how = {"duration_s": draw(some([1, 5.5])), "warmup_s": draw(some([0, 0.5])), "seed": draw(st.integers(0, 9))}
    return clients >> draw(forward), how


@MANY
@given(feeding_forward())
def test_the_shortcut_and_the_event_engine_agree_to_the_last_bit(run):
    system, how = run
    note(f"{system!r}, {how}")
    agree(simulate(system, **how), simulate(system, **how, engine="events"))


@pytest.mark.parametrize("layer", [7, 4])
def test_machines_of_one_part_are_added_up_in_one_order(layer):
    """Those whose workers wait for a database are told of last by the shortcut; what it adds up is the same to the last bit."""
    balancer = LoadBalancer(layer=layer, policy="random")
    system = Clients(rate_per_s=120, connections=5) >> balancer >> Server(workers=40, replicas=3) >> Database()
    one, other = (simulate(system, duration_s=6, engine=engine) for engine in ("auto", "events"))
    agree(one, other)
    for name, visits in one.records.visits.items():
        assert (visits.row == other.records.visits[name].row).all(), name
