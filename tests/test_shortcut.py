"""The shortcut and the event engine: one trajectory, to the last bit."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from pmtech import (
    CDN,
    Autoscale,
    Cache,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    Profile,
    Queue,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
    simulate,
)
from pmtech.engine.sorted_pass import Undecided, check_never_full, fifo, run_sorted
from pmtech.runs.running import Running

some = st.sampled_from
ENDPOINTS = ("/submit", "/dashboard")

work = {"service_ms": st.floats(1, 300), "service_cv": some([0, 0.5, 1, 2]), "queue_limit": some([None, None, 0, 3])}
work["place"] = placed = some([None, None, "Mumbai"])
last = st.one_of(
    st.builds(Server, workers=some([1, 2, 8]), item_ms=some([0, 30]), **work),
    st.builds(Database, connections=some([1, 5]), query_ms=st.floats(1, 200), query_cv=some([0, 1]), place=placed),
)
before = st.one_of(
    st.builds(Server, workers=some([1, 4]), blocking=some([False]), **work),
    st.builds(Server, workers=some([3, 20, 100]), blocking=some([True]), **work),
    st.builds(Network, round_trip_ms=st.floats(0, 500), round_trip_cv=some([0, 1]), place=placed),
    st.builds(
        RateLimiter,
        limit=some([1, 5, 20]),
        per_s=st.floats(0.1, 3),
        algorithm=some(["fixed_window", "sliding_window_log", "sliding_window_counter", "token_bucket"]),
        by=some(["client", "all"]),
    ),
    st.builds(
        Throttle,
        rate_per_s=st.floats(2, 60),
        fair=st.booleans(),
        max_wait_s=st.one_of(st.none(), st.floats(0.01, 2)),
        priority=some([(), ("/submit",)]),
        shed=some([(), ("/dashboard",)]),
    ),
)
caches = st.builds(
    Cache,
    capacity=some([1, 3, 30]),
    ttl_s=some([None, None, 0.3, 2]),
    policy=some(["lru", "lfu", "fifo", "random"]),
    hit_ms=some([0, 1, 200]),
    miss_ms=some([0, 0, 0.5, 150]),
    coalesce=some([False, False, False, True]),
    invalidate=st.booleans(),
    private=st.booleans(),
)
cached = st.builds(lambda cache, behind: cache >> behind, caches, last)
queues = st.builds(
    Queue,
    visibility_s=some([0.5, 30, 30]),
    batch=some([1, 1, 3, 10]),
    batch_wait_s=some([0, 0.5, 2]),
    store_ms=some([0, 1, 200]),
    limit=some([None, None, None, 5]),
)
queued = st.builds(lambda queue, behind: queue >> behind, queues, last)
cdns = st.builds(
    CDN,
    edges=some([("Mumbai",), ("Paris", "Tokyo"), ("London", "Mumbai", "Paris")]),
    ttl_s=some([0.1, 1, 3]),
    shield=some([None, "Frankfurt", "Mumbai"]),
    collapse=some([True, True, True, False]),
    hit_ms=some([0, 1, 30]),
)
near = st.builds(lambda cdn, behind: cdn >> behind, cdns, last)
ends = st.one_of(last, cached, cached, caches, queued, queued, near, near)
policies = some(["least_connections", "power_of_two_choices"])
scaled = st.builds(
    lambda policy, server, scale: LoadBalancer(policy=policy) >> dataclasses.replace(server, autoscale=scale),
    st.one_of(policies, some(["round_robin", "random"])),
    st.builds(Server, workers=some([1, 2, 8]), replicas=some([1, 3]), **work),
    st.builds(
        Autoscale,
        target=some([0.3, 0.8]),
        least=some([1, 2]),
        starts_s=some([0, 0.5, 2]),
        every_s=some([1, 1.5]),
        calm_s=some([0, 1, 9]),
    ),
)
ways = st.recursive(
    ends,
    lambda inside: st.one_of(
        st.builds(lambda a, b: a >> b, before, inside),
        st.builds(
            lambda policy, layer, target: LoadBalancer(policy=policy, layer=layer) >> [target] * 3,
            some(["round_robin", "random"]),
            some([7, 4]),
            inside,
        ),
        st.builds(lambda policy, targets: LoadBalancer(policy=policy) >> targets, policies, st.lists(last, min_size=1)),
        scaled,
        st.builds(lambda a, b: Gateway() >> {"/submit": a, "/dashboard": b}, inside, inside),
    ),
    max_leaves=5,
)
clients = st.builds(
    Clients,
    place=some([None, None, "Mumbai", "Paris"]),
    round_trips=some([1, 4]),
    kb=some([{}, {"/submit": 20}]),
    profile=some([None, None, None, Profile(((1, 0.5), (3, 4))), Profile(((0, 1), (1, 3), (2, 0)), repeat=True)]),
    priority=some([0, 0, 0, 1]),
    timeout_ms=some([None, None, 150, 800]),
    rate_per_s=st.floats(0, 60),
    arrivals=some(["poisson", "poisson", "even"]),
    endpoints=some([{"/submit": 1}, {"/submit": 1, "/dashboard": 2}]),
    keys=some([1, 10, 100]),
    write_share=some([0, 0, 0.2]),
    connections=some([None, 1, 7]),
    connection_age_s=some([None, 0.01, 2]),
    surge=st.one_of(
        st.none(), st.builds(Surge, at_s=st.floats(0, 3.5), for_s=st.floats(0.1, 3), times=some([0, 0.5, 4]))
    ),
)
one_cache = st.one_of(cached, st.builds(lambda a, b: a >> b, before, cached))
systems = st.builds(
    lambda sources, way: sources >> way, st.lists(clients, min_size=1, max_size=3), st.one_of(ways, one_cache)
)


def same(system, **how):
    short, long = simulate(system, **how), simulate(system, engine="events", **how)
    for frame in ("requests", "visits", "refusals", "messages", "components", "timeline", "by_client"):
        one, other = getattr(short, frame), getattr(long, frame)
        assert one.equals(other), f"{frame} differ"
    one, other = short.records.notes, long.records.notes
    assert list(one) == list(other) and all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
    assert short.explain() == long.explain()


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(systems, st.integers(0, 1000))
def test_it_gives_the_trajectory_of_the_event_engine(system, seed):
    taken = run_sorted(Running(system, seed).run, 3.0)
    assume(taken is not None)  # what is left to the event engine agrees with it
    event("with a memory or messages" if taken.notes else "without")
    same(system, duration_s=3, warmup_s=1, seed=seed)


@pytest.mark.parametrize("policy", ["round_robin", "random", "least_connections", "power_of_two_choices"])
def test_it_is_taken_for_what_feeds_forward(policy):
    sources = [Clients("A", rate_per_s=10), Clients("B", rate_per_s=30)]
    survey_tool = sources >> Throttle() >> Network() >> LoadBalancer(policy=policy) >> Server(replicas=3)
    assert run_sorted(Running(survey_tool, 1).run, 60.0) is not None
    same(survey_tool)


def test_it_is_taken_for_who_travels_and_does_not_arrive_before_the_end():
    near = Clients.in_places(("Mumbai", "Paris"), rate_per_s=60, round_trips=4, timeout_ms=700)
    system = (
        near
        >> Network(place="Paris")
        >> Server(workers=200, place="Mumbai")
        >> Database(connections=200, place="Frankfurt")
    )
    for parts in (system, near >> Server(workers=50, place="Tokyo")):
        assert run_sorted(Running(parts, 1).run, 8.0) is not None
        same(parts, duration_s=8)


@pytest.mark.parametrize("policy", ["round_robin", "random"])
@pytest.mark.parametrize("age_s", [None, 5])
def test_it_is_taken_for_connections_of_several_clients_before_several_balancers(policy, age_s):
    many = Clients("A", rate_per_s=40, connections=9, connection_age_s=age_s)
    doors = [LoadBalancer("Near", layer=4, policy=policy) >> [Server("One"), Network() >> Server("Two")]]
    doors += [LoadBalancer("Far", layer=4, policy=policy) >> Server("Pool", replicas=3)]
    system = [many, Clients("B", rate_per_s=20)] >> Network() >> LoadBalancer() >> doors
    assert run_sorted(Running(system, 1).run, 30.0) is not None
    same(system, duration_s=30)


@pytest.mark.parametrize(
    "system",
    [
        Users() >> Server(),
        Clients() >> Server() >> Database(),
        Clients(timeout_ms=100) >> Server(),
        Clients(rate_per_s=30, timeout_ms=150) >> Server(workers=1, service_ms=60, drops_late=True),
        Clients(retries=1, timeout_ms=50) >> Server(queue_limit=0),
        Clients(retries=2) >> RateLimiter(limit=1) >> Server(queue_limit=0, workers=1),
        Clients() >> Cache() >> Network() >> Database(),
        Clients() >> Cache(coalesce=True) >> Database(),
        Clients() >> Cache("Browser") >> Cache("Application") >> Database(),
        Clients(write_share=0.2, keys=9) >> LoadBalancer() >> [Cache()] * 2 >> Database(),
        Clients() >> LoadBalancer(policy="least_connections") >> [Server()] * 2 >> Database(),
        Clients() >> LoadBalancer(health_check_s=1) >> [Server()] * 2,
        Clients(connections=5) >> LoadBalancer(layer=4, policy="least_connections") >> [Server()] * 3,
        Clients(rate_per_s=90, write_share=0.5) >> LoadBalancer(retries=1) >> [Server(queue_limit=0)] * 2,
    ],
)
def test_what_looks_at_the_state_of_another_part_agrees_too(system):
    same(system, duration_s=20)


def test_it_is_taken_where_a_place_is_always_free_however_long_it_is_held():
    roomy = Clients(rate_per_s=20) >> Server(workers=40) >> Network() >> Server("Inner", workers=30) >> Database()
    assert run_sorted(Running(roomy, 1).run, 30.0) is not None
    same(roomy, duration_s=30)
    full = [{"server.workers": 2}, {"server.workers": 7}, {"inner.workers": 1}]
    assert [run_sorted(Running(roomy.replace(change), 1).run, 30.0) for change in full] == [None] * 3


@pytest.mark.parametrize("inside", [{}, {"queue_limit": 0}, {"queue_limit": 3}])
@pytest.mark.parametrize("outside", [{}, {"queue_limit": 0}, {"queue_limit": 5}])
def test_it_is_taken_for_a_worker_held_meanwhile_however_full(outside, inside):
    calls = Server(workers=4, service_ms=50, **outside) >> Database(connections=2, query_ms=30, **inside)
    for sources in (Clients(rate_per_s=70), [Clients("A", rate_per_s=30), Clients("B", rate_per_s=50)]):
        system = sources >> LoadBalancer(policy="random") >> [calls, Server("Other")]
        assert run_sorted(Running(system, 1).run, 30.0) is not None
        same(system, duration_s=30)


def test_full_is_when_the_last_place_is_taken():
    came, left = np.array([0.0, 1.0, 2.0]), np.array([2.5, np.nan, 4.0])
    check_never_full(came, left, 3)
    for ends, places in ((left, 2), (np.array([1.0, 3.0, 4.0]), 1), (np.array([3.0, 1.5, 2.5]), 1)):
        with pytest.raises(Undecided):
            check_never_full(came, ends, places)
    check_never_full(came, np.array([1.5, 1.75, 4.0]), 2)
    check_never_full(came, np.array([0.5, 1.5, np.nan]), 1)


READERS = Clients(rate_per_s=60, keys=100, write_share=0.1)
DATABASE = Database(connections=4, query_ms=40)


@pytest.mark.parametrize(
    "cache",
    [
        Cache(capacity=10),
        Cache(capacity=10, policy="random", ttl_s=1, invalidate=True),
        Cache(policy="lfu", private=True),
        Cache(capacity=10, policy="fifo", hit_ms=0),
    ],
)
def test_it_is_taken_for_a_cache_before_a_station_of_its_own(cache):
    for system in (
        READERS >> cache >> DATABASE,
        [READERS, Clients("B")] >> Throttle() >> LoadBalancer() >> [Server(blocking=False)] * 2 >> cache >> DATABASE,
        READERS >> Network() >> cache >> Server(queue_limit=0, workers=1),
        READERS >> cache,
        READERS >> Server(workers=50, service_ms=10) >> cache >> DATABASE,
    ):
        assert run_sorted(Running(system, 1).run, 20.0) is not None
        same(system, duration_s=20)
    for system in (
        READERS >> Gateway() >> {"/": cache >> DATABASE, "/other": Cache("Other")},
        READERS >> Cache("Browser") >> cache >> DATABASE,
        READERS >> Cache(miss_ms=5) >> DATABASE,
        READERS >> LoadBalancer() >> [cache, Server("Other", blocking=False)] >> DATABASE,
    ):
        assert run_sorted(Running(system, 1).run, 20.0) is None


def test_two_at_the_same_moment_are_left_to_the_event_engine():
    system = [Clients("A", arrivals="even"), Clients("B", arrivals="even")] >> Server(workers=1, service_cv=0)
    assert run_sorted(Running(system, 1).run, 5.0) is None
    same(system, duration_s=5)


def test_a_station_by_hand():
    times, needs = np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.5, 2.5, 2.5, 0.25])
    assert fifo(times, needs, 2, float("inf")).tolist() == [0, 1, 2.5, 3.5]
    started = fifo(times, np.array([2.75, 2.5, 2.5, 0.25]), 1, 1)
    assert started.tolist()[:2] == [0.0, 2.75]
    assert np.isnan(started[2])
    assert started[3] == 5.25
    with pytest.raises(Undecided):
        fifo(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 1, 0)


def test_an_engine_that_does_not_exist():
    with pytest.raises(ValueError, match="got 'numpy'"):
        simulate(Clients() >> Server(), engine="numpy")


@pytest.mark.parametrize(("connections", "rate_per_s"), [(9, 2), (9, 20), (1, 4)])
def test_an_answer_that_comes_at_the_moment_of_a_request_is_left_to_the_event_engine(connections, rate_per_s):
    """An answer takes half a second, and then another asks: does it find it?"""
    database = Database(connections=connections, query_ms=500, query_cv=0)
    system = Clients(rate_per_s=rate_per_s, arrivals="even") >> Cache(capacity=3) >> database
    assert run_sorted(Running(system, 1).run, 5.0) is None


@pytest.mark.parametrize(
    "queue", [Queue(), Queue(batch=4), Queue(batch=4, batch_wait_s=0.3), Queue(batch=9, batch_wait_s=9)]
)
@pytest.mark.parametrize("worker", [Server(workers=3, service_ms=90, item_ms=20), Database(connections=1, query_ms=30)])
def test_it_is_taken_for_a_queue_before_a_station_of_its_own(queue, worker):
    for sources in (Clients(rate_per_s=25, place="London", timeout_ms=90), [Clients("A"), Clients("B", rate_per_s=40)]):
        system = sources >> Server("Tool", workers=50, place="Paris") >> queue >> worker
        assert run_sorted(Running(system, 1).run, 20.0) is not None
        same(system, duration_s=20)


def test_it_is_not_taken_where_messages_come_back_or_change_their_order():
    for system in (
        Clients() >> Queue(visibility_s=0.1) >> Server(),
        Clients() >> Queue() >> [Server()] * 2,
        Clients() >> Queue(limit=9) >> Server(),
        [Clients("A"), Clients("B", priority=1)] >> Queue() >> Server(),
        Clients() >> LoadBalancer() >> [Queue() >> (mailer := Server("Mailer")), mailer],
        Clients(arrivals="even") >> Queue(batch=2, batch_wait_s=0.1) >> Server(),
    ):
        assert run_sorted(Running(system, 1).run, 20.0) is None
        same(system, duration_s=20)


NEAR = Clients.in_places(("Mumbai", "Paris", "New York"), rate_per_s=30, keys=40, kb={"/": 20}, round_trips=4)


@pytest.mark.parametrize("shield", [None, "Frankfurt", "Mumbai", "Sydney"])  # from there a copy is old when it comes
@pytest.mark.parametrize("edges", [("Mumbai",), ("Mumbai", "London")])
@pytest.mark.parametrize("place", [None, "Frankfurt"])
def test_it_is_taken_for_a_cdn_before_an_origin_of_its_own(edges, shield, place):
    origin = Server("Origin", place=place, workers=2, service_ms=15)
    system = NEAR >> CDN(edges=edges, ttl_s=0.1 if shield == "Sydney" else 2, shield=shield) >> origin
    assert run_sorted(Running(system, 1).run, 12.0) is not None
    same(system, duration_s=12)


@pytest.mark.parametrize(
    "cdn",
    [
        CDN(collapse=False),
        CDN(stale_while_revalidate_s=1, ttl_s=1),
        CDN(capacity=39),
        CDN(keeps=("/other",)),
    ],
)
def test_a_cdn_of_which_more_is_to_be_known_is_left_to_the_event_engine(cdn):
    system = NEAR >> cdn >> Server(workers=20)
    assert run_sorted(Running(system, 1).run, 12.0) is None
    same(system, duration_s=12)
