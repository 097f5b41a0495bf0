"""Caches: stories, then request for request against `libcachesim`, then Che's approximation and the TTL formula."""

import cachetools
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech import Cache, Change, Clients, Database, Errors, Network, Outage, Server, Users, simulate, theory
from pmtech.components.cache import CachePart
from pmtech.components.memory import lru
from pmtech.engine.request import Request
from pmtech.engine.run import Run

ONE_KEY = {"keys": 1, "arrivals": "even"}
HALF_S = Database(connections=9, query_ms=500, query_cv=0)


def kept(part):
    """The keys from 1 to 50 that a cache has an answer for."""
    return [key for key in range(1, 51) if part.memory.store.get(key, 0)]


def lookups(result, name="cache"):
    """(when, hit, out of date) of every look into a cache, in order of time."""
    return sorted((when, bool(hit), bool(stale)) for when, hit, stale in result.records.notes[name].tolist())


# Stories


def test_the_first_asks_the_database_and_the_next_are_answered_at_once(story):
    run = story(Clients(rate_per_s=1, **ONE_KEY) >> Cache(hit_ms=125) >> HALF_S, duration_s=3)
    assert run.requests == [
        ("clients", 0.0, 0.5, 200),
        ("clients", 1.0, 1.125, 200),
        ("clients", 2.0, 2.125, 200),
    ]
    assert run.visits == [
        (0, "cache", 0.0, 0.0, 0.5),
        (0, "database", 0.0, 0.0, 0.5),
        (1, "cache", 1.0, 1.0, 1.125),
        (2, "cache", 2.0, 2.0, 2.125),
    ]
    assert run.column("served_by") == ["database", "cache", "cache"]
    assert run.result.components.loc["cache", ["hit_ratio", "stale_ratio"]].tolist() == [2 / 3, 0]


def test_a_look_in_vain_may_cost_time():
    run = simulate(Clients(rate_per_s=1, **ONE_KEY) >> Cache(hit_ms=0, miss_ms=250) >> HALF_S, duration_s=2)
    assert run.requests.finished_s.tolist() == [0.75, 1.0]


def test_an_answer_is_asked_for_anew_when_it_is_older_than_the_ttl():
    asking = Clients(rate_per_s=1, **ONE_KEY)
    run = simulate(asking >> Cache(ttl_s=2) >> HALF_S, duration_s=8)  # in at 0.5, fresh until 2.5; in at 3.5, ...
    assert [hit for _, hit, _ in lookups(run)] == [False, True, True, False, True, True, False, True]
    exactly = simulate(asking >> Cache(ttl_s=1.5) >> HALF_S, duration_s=3)  # in at 0.5, fresh until 2
    assert [hit for _, hit, _ in lookups(exactly)] == [False, True, False]
    later = [Change("cache.ttl_s", 100, at_s=1)]  # holds for what comes in from then on
    changed = simulate(asking >> Cache(ttl_s=2) >> HALF_S, duration_s=8, events=later)
    assert [hit for _, hit, _ in lookups(changed)] == [False, True, True, False, True, True, True, True]


def test_a_hot_answer_that_expires_is_fetched_by_all_who_come_before_it_is_back():
    crowd = Clients(rate_per_s=8, **ONE_KEY) >> Cache(ttl_s=1.5) >> HALF_S
    run = simulate(crowd, duration_s=4)
    queries = run.records.visits["database"].entered_s.tolist()
    # the last of the first four fills at 0.875 and makes it last until 2.375
    assert queries == [0.0, 0.125, 0.25, 0.375, 2.375, 2.5, 2.625, 2.75]


def test_coalescing_makes_one_query_of_a_stampede():
    crowd = Clients(rate_per_s=8, **ONE_KEY) >> Cache(ttl_s=1.5, coalesce=True, hit_ms=0) >> HALF_S
    run = simulate(crowd, duration_s=4)
    assert run.records.visits["database"].entered_s.tolist() == [0.0, 2.0]
    assert run.requests.finished_s.tolist()[:6] == [0.5, 0.5, 0.5, 0.5, 0.5, 0.625]
    assert set(run.requests.finished_s.tolist()[16:20]) == {2.5}
    assert run.components.hit_ratio["cache"] == 30 / 32
    assert set(run.requests.served_by[1:4]) == {"cache"}


def test_when_the_one_who_asks_is_refused_the_next_asks_and_the_others_go_on_waiting():
    tiny = Database(connections=1, query_ms=500, query_cv=0, queue_limit=0)
    both = [Clients("A", rate_per_s=1, keys=1, arrivals="even"), Clients("B", rate_per_s=4, **ONE_KEY)]
    full = simulate(both >> Cache(coalesce=True) >> Server(workers=1, service_ms=750, service_cv=0, queue_limit=0) >> tiny,
                    duration_s=2)  # fmt: skip
    assert len(full.records.visits["server"].row) == 1, "who waits for the answer does not ask"
    refusing = [Outage("database", at_s=0.2, for_s=0.6)]
    run = simulate(Clients(rate_per_s=8, **ONE_KEY) >> Cache(coalesce=True, hit_ms=0) >> HALF_S,
                   duration_s=3, events=refusing)  # fmt: skip
    # the first, at work since 0, is answered 502 when the database dies at 0.2; of those who waited, one asks and hears
    # 502 at once, and so does the next; whoever comes until 0.8 asks alone
    assert run.records.visits["database"].entered_s.tolist() == [0.0, 0.2, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]
    assert run.requests.status.tolist() == [502] * 7 + [200] * 17
    assert run.requests.finished_s.tolist()[7:12] == [1.375] * 5


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo", "random"])
def test_a_cache_never_holds_more_than_its_capacity_and_remembers_what_fits(policy):
    asking = Clients(rate_per_s=50, keys=40)
    small = asking >> Cache(capacity=7, policy=policy) >> Database(connections=99, query_ms=1)
    run = Run(1)
    part = CachePart(Cache(capacity=7, policy=policy), "cache", run, [])
    for key in [*range(1, 8), 3, *range(20, 40), *range(1, 8)]:
        read(part, key)
        assert len(kept(part)) <= 7
    assert len(kept(part)) == 7
    everything = small.replace({"cache.capacity": 40})
    asked = simulate(everything, duration_s=60)
    assert len(asked.records.visits["database"].row) == asked.requests.key.nunique()  # each once, none twice


def test_what_makes_room():
    def left(policy):
        part = CachePart(Cache(capacity=3, policy=policy), "cache", Run(1), [])
        for key in (1, 1, 2, 2, 3, 3, 3, 1, 4):
            read(part, key)
        return kept(part)

    assert left("lru") == [1, 3, 4]  # 2 was not used for longest
    assert left("lfu") == [1, 3, 4]  # 2 was used twice, the others three times
    assert left("fifo") == [2, 3, 4]  # 1 came in first, however often it is used
    assert 4 in left("random") and len(left("random")) == 3


def test_an_answer_that_comes_again_is_the_newest():
    """Two asked for key 1 before either had an answer: the second answer finds its place taken, and takes it."""
    store = lru(2)
    for key in (1, 2, 1, 3):
        store.keep(key, 9.0)
    assert [store.get(key, 0.0) for key in (1, 2, 3)] == [9.0, 0.0, 9.0]


def test_a_write_makes_the_copy_wrong_until_it_expires_or_is_removed():
    def told(**how):
        part = CachePart(Cache(**how), "cache", Run(1), [])
        for what in (read, read, write, read, read, write, read):
            what(part, 1)
        return [(hit, stale) for _, hit, stale in part.notes]

    assert told() == [(False, False), (True, False), (True, True), (True, True), (True, True)]
    assert told(invalidate=True) == [(False, False), (True, False), (False, False), (True, False), (False, False)]


def test_writes_go_through_and_a_refused_write_changes_nothing():
    full = Database(connections=1, query_ms=500, query_cv=0, queue_limit=0)
    run = simulate(Clients(rate_per_s=4, keys=1, arrivals="even", write_share=1) >> Cache() >> full, duration_s=2)
    assert run.requests.status.tolist()[:6] == [200, 503] * 3
    assert len(run.records.notes["cache"]) == 0
    part = CachePart(Cache(), "cache", Run(1), [])
    part.next = Refusing()
    read(part, 1)
    write(part, 1)
    assert part.run.versions == {} and not kept(part)  # and an error is not kept as an answer


def test_a_copy_of_an_old_copy_is_old_too():
    """The browser fills from the application's copy: its own is wrong from the start, not from the next write on."""
    run = Run(1)
    database = CachePart(Cache(), "application", run, [])
    browser = CachePart(Cache(ttl_s=1), "browser", run, [database])
    read(browser, 1)  # both keep version 0
    write(database, 1)  # somebody else changes it
    run.env._now = 5.0  # the browser's copy is too old, the application's is not
    read(browser, 1)
    read(browser, 1)
    assert [lookup[1:] for lookup in database.notes] == [(False, False), (True, True)]
    assert [lookup[1:] for lookup in browser.notes] == [(False, False), (False, False), (True, True)]


def test_a_write_counts_once_however_many_caches_it_passes():
    run = Run(1)
    near = CachePart(Cache(), "near", run, [])
    write(CachePart(Cache(), "far", run, [near]), 1)
    assert run.versions == {1: 1}


def test_a_private_cache_helps_only_the_one_who_has_been_there():
    def told(private):
        part = CachePart(Cache(private=private, invalidate=True), "cache", Run(1), [])
        for what, caller in ((read, "ana"), (read, "ben"), (read, "ana"), (write, "ana"), (read, "ana"), (read, "ben")):
            what(part, 1, caller)
        return [(hit, stale) for _, hit, stale in part.notes]

    assert told(private=False) == [(False, False), (True, False), (True, False), (False, False), (True, False)]
    # ben's copy is out of anybody's reach: it stays, and is wrong
    assert told(private=True) == [(False, False), (False, False), (True, False), (False, False), (True, True)]


def test_every_user_has_a_browser():
    people = Users(count=5, think_s=1, keys=1) >> Cache(private=True) >> Network(round_trip_ms=10) >> Server()
    run = simulate(people, duration_s=30)
    assert len(run.records.visits["server"].row) == 5


def test_a_cache_that_dies_is_passed_by_and_comes_back_cold(story):
    crowd = Clients(rate_per_s=4, **ONE_KEY) >> Cache(hit_ms=0) >> Database(connections=9, query_ms=50, query_cv=0)
    run = story(crowd, duration_s=3, events=[Outage("cache", at_s=0.9, for_s=1)])
    queries = [entered for _, name, entered, *_ in run.visits if name == "database"]
    assert queries == [0.0, 1.0, 1.25, 1.5, 1.75, 2.0]
    assert set(run.column("status")) == {200}


def test_who_waits_for_a_cache_that_dies_asks_the_database():
    crowd = Clients(rate_per_s=8, **ONE_KEY) >> Cache(coalesce=True, hit_ms=0) >> HALF_S
    run = simulate(crowd, duration_s=2, events=[Outage("cache", at_s=0.3, for_s=1)])
    assert run.requests.finished_s.tolist()[:4] == pytest.approx([0.5, 0.8, 0.8, 0.875])
    assert (run.requests.status == 200).all()


def test_another_size_starts_cold_and_another_ttl_does_not():
    crowd = Clients(rate_per_s=1, **ONE_KEY) >> Cache() >> HALF_S

    def misses(path, value):
        run = simulate(crowd, duration_s=6, events=[Change(path, value, at_s=2.5)])
        return [when for when, hit, _ in lookups(run) if not hit]

    assert misses("cache.capacity", 200) == misses("cache.policy", "lfu") == misses("cache.private", True) == [0, 3]
    assert misses("cache.ttl_s", 9) == misses("cache.hit_ms", 2) == misses("cache.coalesce", True) == [0]


# Against libcachesim, on the same trace


class Asked:
    """A source that asks for the keys it is told to."""

    name, first_luck, place, trips, timeout_s = "asked", ("asked", 0), None, 1, None

    def __init__(self, key, writes):
        self.keys, self.writes = {self.first_luck: {0: key}}, writes

    def is_write(self, _request):
        return self.writes


class Refusing:
    def handle(self, _request):
        return 503
        yield


def read(part, key, caller="asked", writes=False):
    """One request that has its answer before anything else happens."""
    request = Request(part.env, Asked(key, writes), 0, Asked.first_luck, "/", caller)
    for _ in part.handle(request):
        pass


def write(part, key, caller="asked"):
    read(part, key, caller, writes=True)


def hits(part, trace):
    for key in trace:
        read(part, key)
    return [hit for _, hit, _ in part.notes]


def hits_elsewhere(policy, capacity, trace):
    libcachesim = pytest.importorskip("libcachesim", reason="it is there for Linux alone, and not yet for Python 3.14")
    other = {"lru": libcachesim.LRU, "lfu": libcachesim.LFU, "fifo": libcachesim.FIFO}[policy]
    other = other(cache_size=capacity, hashpower=10)  # its default table takes 5 ms to make

    def get(key):
        request = libcachesim.Request()
        request.obj_id, request.obj_size = key, 1
        return other.get(request)

    return [get(key) for key in trace]


@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
@settings(max_examples=60)
@given(trace=st.lists(st.integers(1, 12), max_size=120), capacity=st.integers(1, 10))
def test_hit_for_hit_as_libcachesim_on_any_trace(policy, trace, capacity):
    """Its definitions are ours: hits move an entry (lru), count (lfu; the count is lost with the entry, and of equals the
    one that has been so for longest goes), or do nothing (fifo)."""
    part = CachePart(Cache(policy=policy, capacity=capacity), "cache", Run(1), [])
    assert hits(part, trace) == hits_elsewhere(policy, capacity, trace)


@pytest.mark.parametrize("capacity", [5, 50, 200])
@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo"])
def test_hit_for_hit_as_libcachesim_in_a_whole_run(policy, capacity):
    """Answers come within the 10 ms between two requests, so that "filled when the answer comes" is "filled at once"."""
    asking = Clients(rate_per_s=100, arrivals="even", keys=500)
    quick = Database(connections=1, query_ms=5, query_cv=0)
    run = simulate(asking >> Cache(policy=policy, capacity=capacity) >> quick, duration_s=60)
    told = [hit for _, hit, _ in lookups(run)]
    assert told == hits_elsewhere(policy, capacity, run.requests.key.tolist())
    assert len(told) == 6000 and 0.1 < np.mean(told) < 0.9


def test_an_lru_cache_with_a_ttl_does_what_cachetools_own_one_does():
    """With room for all keys: theirs throws out what is too old as soon as it needs room, ours when it is asked for."""
    asking = Clients(rate_per_s=100, arrivals="even", keys=300)
    run = simulate(
        asking >> Cache(capacity=300, ttl_s=3) >> Database(connections=1, query_ms=5, query_cv=0), duration_s=60
    )
    now = 0.0
    theirs = cachetools.TTLCache(300, 3, timer=lambda: now)
    for (when, hit, _), key in zip(lookups(run), run.requests.key.tolist(), strict=True):
        now = when
        assert (key in theirs) == hit
        if not hit:
            now = when + 0.005
            theirs[key] = True


# Against theory


def hit_ratios(system, seeds, **how):
    return np.array([simulate(system, seed=seed, **how).components.hit_ratio["cache"] for seed in seeds])


def within_confidence(values, expected, at_least):
    """99.9 % of Student's t for six runs, and never tighter than `at_least`, which the approximation is good for."""
    half = 6.87 * values.std(ddof=1) / np.sqrt(len(values))
    assert len(values) == 6
    assert abs(values.mean() - expected) < max(half, at_least)


@pytest.mark.parametrize(("popularity", "capacity"), [(0.6, 50), (1.0, 10), (1.0, 100), (1.3, 30)])
def test_che(popularity, capacity):
    asking = Clients(rate_per_s=200, keys=500, popularity=popularity)
    system = asking >> Cache(capacity=capacity, hit_ms=0) >> Database(connections=50, query_ms=0.1)
    expected = theory.che_lru(np.arange(1, 501.0) ** -popularity, capacity).hit_ratio
    within_confidence(hit_ratios(system, range(6), duration_s=30, warmup_s=10), expected, at_least=0.005)


@pytest.mark.parametrize("ttl_s", [0.5, 5.0])
def test_ttl_formula(ttl_s):
    rates = np.arange(1, 201.0) ** -1
    rates *= 100 / rates.sum()
    system = (
        Clients(rate_per_s=100, keys=200) >> Cache(capacity=200, ttl_s=ttl_s) >> Database(connections=50, query_ms=0.1)
    )
    expected = theory.ttl_cache(rates, ttl_s).hit_ratio
    within_confidence(hit_ratios(system, range(6), duration_s=50, warmup_s=10), expected, at_least=0.002)


def test_random_pushes_out_any_and_is_no_better_than_fifo_in_the_long_run():
    """Gelenbe, IEEE Transactions on Computers 22 (1973): under independent requests the two have the same hit ratio."""
    asking = Clients(rate_per_s=200, keys=200)
    fifo = asking >> Cache(capacity=20, policy="fifo") >> Database(connections=50, query_ms=0.1)
    how = {"duration_s": 40, "warmup_s": 5}
    random = hit_ratios(fifo.replace({"cache.policy": "random"}), range(6), **how)
    within_confidence(random - hit_ratios(fifo, range(6), **how), 0, at_least=0.003)
    assert len(set(random)) == 6


def test_when_a_fetch_fails_one_of_those_who_wait_asks_and_the_others_wait_for_that_one():
    """Each fetch takes half a second and fails: one at a time, six in three seconds, however many want it."""
    broken = Server(workers=9, service_ms=500, service_cv=0) >> Server("Broken")
    crowd = Clients(rate_per_s=8, **ONE_KEY) >> Cache(coalesce=True, hit_ms=0) >> broken
    run = simulate(crowd, duration_s=3, events=[Errors("broken", 0, 1e6, share=1)])
    assert run.records.visits["server"].entered_s.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert run.requests.status.tolist().count(500) == 5
