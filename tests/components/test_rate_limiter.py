"""Rate limiters: stories, then decision for decision against the Python library `limits`.

The library reads `time.time()`, so a test puts its own clock there. Its windows are whole seconds; so are the tests'.
It forgets old entries in a timer thread, which is stopped here: it only saves memory, and would read our clock.
"""

import itertools
from collections import Counter

import limits
import limits.storage.memory
import limits.strategies
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech import Change, Clients, RateLimiter, Server, Users, simulate
from pmtech.components.rate_limiter import ALGORITHMS

QUARTERS = Clients(rate_per_s=4, arrivals="even")
FAST = Server(workers=100, service_ms=125, service_cv=0)
STRATEGIES = {
    "fixed_window": limits.strategies.FixedWindowRateLimiter,
    "sliding_window_log": limits.strategies.MovingWindowRateLimiter,
    "sliding_window_counter": limits.strategies.SlidingWindowCounterRateLimiter,
}


def decisions(run):
    """(when, passed?, Retry-After) of every request."""
    retry = {row: retry_after for row, _, _, _, retry_after in run.refusals}
    return [(at, row not in retry, retry.get(row)) for row, (_, at, _, _) in enumerate(run.requests)]


# Stories


def test_the_refused_hear_429_at_once_and_the_others_go_on(story):
    run = story(QUARTERS >> RateLimiter(limit=2) >> FAST, duration_s=1.25)
    assert run.requests == [
        ("clients", 0.0, 0.125, 200),
        ("clients", 0.25, 0.375, 200),
        ("clients", 0.5, 0.5, 429),
        ("clients", 0.75, 0.75, 429),
        ("clients", 1.0, 1.125, 200),
    ]
    assert run.visits[4:7] == [
        (2, "rate_limiter", 0.5, None, 0.5),
        (3, "rate_limiter", 0.75, None, 0.75),
        (4, "rate_limiter", 1.0, 1.0, 1.0),
    ]
    assert run.refusals == [(2, "rate_limiter", 0.5, 429, 0.5), (3, "rate_limiter", 0.75, 429, 0.25)]
    assert run.column("served_by") == ["server", "server", "rate_limiter", "rate_limiter", "server"]
    assert run.result.components.loc["rate_limiter", ["served", "rejected"]].tolist() == [3, 2]


def test_a_fixed_window_opens_at_the_first_request_and_admits_twice_the_limit_around_its_edge(story):
    late = Clients(rate_per_s=0, arrivals="even")
    events = [Change("clients.rate_per_s", 4, at_s=0.75)]  # the window is 0.75 to 1.75, not 0 to 1
    run = story(late >> RateLimiter(limit=2), duration_s=2.25, events=events)
    assert decisions(run) == [
        (0.75, True, None),
        (1.0, True, None),
        (1.25, False, 0.5),
        (1.5, False, 0.25),
        (1.75, True, None),
        (2.0, True, None),
    ]
    # the burst: one early in the window, one at its end, then two more at once in the next
    window = ALGORITHMS["fixed_window"](RateLimiter(limit=2))
    assert [window.decide(at) for at in (0.0, 0.875, 0.9375, 1.0, 1.0, 1.0)] == [0, 0, 0.0625, 0, 0, 1.0]


def test_a_sliding_window_log_has_no_edge_to_burst_around(story):
    run = story(QUARTERS >> RateLimiter(limit=2, algorithm="sliding_window_log"), duration_s=1.75)
    assert decisions(run) == [
        (0.0, True, None),
        (0.25, True, None),
        (0.5, False, 0.5),
        (0.75, False, 0.25),
        (1.0, False, 1e-9),  # exactly one window old is not older than one window
        (1.25, True, None),
        (1.5, True, None),
    ]


def test_a_sliding_window_counter_weighs_the_window_before(story):
    run = story(QUARTERS >> RateLimiter(limit=3, algorithm="sliding_window_counter"), duration_s=2)
    assert decisions(run) == [
        (0.0, True, None),
        (0.25, True, None),
        (0.5, True, None),
        (0.75, False, 0.25),
        (1.0, False, 1e-9),  # 3 of the window before still count in full
        (1.25, True, None),  # 3 * 0.75 = 2.25
        (1.5, True, None),  # 1 + 3 * 0.5 = 2.5
        (1.75, True, None),  # 2 + 3 * 0.25 = 2.75
    ]


def test_a_token_bucket_lets_a_burst_through_and_then_the_rate(story):
    limiter = RateLimiter(limit=1, per_s=0.5, burst=3, algorithm="token_bucket")
    run = story(Clients(rate_per_s=8, arrivals="even") >> limiter, duration_s=1.125)
    assert decisions(run) == [
        (0.0, True, None),
        (0.125, True, None),
        (0.25, True, None),
        (0.375, False, 0.125),
        (0.5, True, None),
        (0.625, False, 0.375),
        (0.75, False, 0.25),
        (0.875, False, 0.125),
        (1.0, True, None),
    ]


def test_a_token_bucket_keeps_no_more_than_its_burst():
    bucket = ALGORITHMS["token_bucket"](RateLimiter(limit=4, algorithm="token_bucket"))
    assert [bucket.decide(100.0) for _ in range(5)] == [0, 0, 0, 0, 0.25]


@pytest.mark.parametrize("rate", [3, 7, 10, 30])
def test_a_token_bucket_lets_its_own_rate_through(rate):
    limiter = RateLimiter(limit=rate, burst=1, algorithm="token_bucket")
    assert simulate(Clients(rate_per_s=rate, arrivals="even") >> limiter, duration_s=20).summary.error_rate == 0


def test_by_client_or_all_together(story):
    sources = [Clients("A", rate_per_s=2, arrivals="even"), Clients("B", rate_per_s=4, arrivals="even")]
    each = story(sources >> RateLimiter(limit=2), duration_s=1)
    assert Counter((client, status) for client, _, _, status in each.requests) == {
        ("a", 200): 2,
        ("b", 200): 2,
        ("b", 429): 2,
    }
    together = story(sources >> RateLimiter(limit=2, by="all"), duration_s=1)
    assert [status for *_, status in together.requests] == [200, 200, 429, 429, 429, 429]


def test_a_new_limit_starts_with_a_clean_slate(story):
    events = [Change("rate_limiter.limit", 1, at_s=0.375)]
    run = story(QUARTERS >> RateLimiter(limit=1, per_s=10), duration_s=1, events=events)
    same = story(QUARTERS >> RateLimiter(limit=1, per_s=10), duration_s=1)
    assert decisions(run) == decisions(same)  # nothing has changed, so nothing starts anew
    more = story(QUARTERS >> RateLimiter(limit=2, per_s=10), duration_s=1, events=events)
    assert [passed for _, passed, _ in decisions(more)] == [True, True, True, False]


# Against the library


class Clock:
    now = 0.0

    def time(self):
        return self.now


@pytest.fixture
def library(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(limits.storage.memory, "time", clock)
    storage = limits.storage.MemoryStorage()
    storage.timer.cancel()
    storage.timer.join()
    monkeypatch.setattr(storage, "_MemoryStorage__schedule_expiry", lambda: None)
    callers = map(str, itertools.count())

    def decide(algorithm, limit, per_s, times, caller=None):
        strategy, item = STRATEGIES[algorithm](storage), limits.RateLimitItemPerSecond(limit, per_s)
        caller, answers = caller or next(callers), []
        for clock.now in times:
            answers.append(strategy.hit(item, caller))
        return answers

    return decide


# The library's key of "the window before" is int((now - window) / window), which at now < window is the key of the
# present window. It never happens with a wall clock, so the tests begin some windows after 0, as a wall clock does.
EARLIEST = 5


@st.composite
def hits(draw):
    """A limit, a window, and irregular times: bursts at one moment, window edges, lulls of several windows."""
    limit, per_s = draw(st.integers(1, 12)), draw(st.sampled_from([1, 2, 3, 7, 60]))
    step = st.one_of(
        st.just(0.0),
        st.sampled_from([1.0, 0.5, 0.25, 1 / 3, 0.1]),
        st.floats(0, 0.3),
        st.floats(0, 3),
        st.sampled_from([1.0, 2.0, 3.0]),
    )
    times = [float(EARLIEST * per_s)]
    for gap in draw(st.lists(step, min_size=1, max_size=60)):
        to_edge = per_s - times[-1] % per_s
        times.append(times[-1] + draw(st.sampled_from([gap, gap, gap * per_s, to_edge])))
    return limit, per_s, times


@pytest.mark.parametrize("algorithm", STRATEGIES)
def test_decides_as_the_library_does(algorithm, library):
    # not an argument of the test: hypothesis would complain about the fixture, which lives through all examples
    @settings(max_examples=300)
    @given(hits())
    def agree(drawn):
        limit, per_s, times = drawn
        window = ALGORITHMS[algorithm](RateLimiter(limit=limit, per_s=per_s, algorithm=algorithm))
        ours = [window.decide(at) == 0 for at in times]
        assert ours == library(algorithm, limit, per_s, times)

    agree()


@pytest.mark.parametrize("algorithm", STRATEGIES)
@pytest.mark.parametrize("per_s", [1, 3])
def test_a_whole_run_agrees_with_the_library(algorithm, per_s, library, story):
    """Two clients and some users, from the sixth window on; the library meets the arrivals of the run."""
    begin = EARLIEST * per_s
    system = [Clients("A", rate_per_s=0), Clients("B", rate_per_s=0), Users(count=5, think_s=0.2)] >> RateLimiter(
        limit=7, per_s=per_s, algorithm=algorithm
    )
    quiet = system.replace({"users.count": 0})
    events = [
        Change(path, value, at_s=begin)
        for path, value in {"a.rate_per_s": 5, "b.rate_per_s": 20, "users.count": 5}.items()
    ]
    of_caller = {}
    for request in story(quiet, duration_s=begin + 60, events=events).log:
        of_caller.setdefault(request.caller, []).append((request.arrived, request.status == 200))
    assert len(of_caller) == 7
    for caller, log in of_caller.items():
        assert [passed for _, passed in log] == library(algorithm, 7, per_s, [at for at, _ in log], caller)
    assert {passed for log in of_caller.values() for _, passed in log} == {True, False}


# Properties


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(drawn=hits(), burst=st.integers(1, 12))
def test_who_waits_as_told_is_let_through(algorithm, drawn, burst):
    limit, per_s, times = drawn
    limiter = RateLimiter(limit=limit, per_s=per_s, algorithm=algorithm, burst=burst)
    window = ALGORITHMS[algorithm](limiter)
    for at in times:
        retry_after = window.decide(at)
        assert 0 <= retry_after <= 2 * per_s
    if retry_after:  # nobody else came meanwhile
        assert window.decide(times[-1] + retry_after + 1e-6 * per_s) == 0


@given(hits())
def test_no_span_of_one_window_holds_more_than_the_limit_or_around_an_edge_twice_the_limit(drawn):
    limit, per_s, times = drawn
    for algorithm, most in (("sliding_window_log", limit), ("fixed_window", 2 * limit), ("token_bucket", 2 * limit)):
        window = ALGORITHMS[algorithm](RateLimiter(limit=limit, per_s=per_s, algorithm=algorithm))
        passed = [at for at in times if window.decide(at) == 0]
        assert max(sum(at <= other < at + per_s for other in passed) for at in passed) <= most
