"""A circuit breaker: when it opens, what passes meanwhile, when it closes. Held against resilience4j and pybreaker.

A story is a word: E an error, S a success, L a success that took too long, and what is asked for one second after the other.
"""

import random
from datetime import UTC, datetime, timedelta

import pybreaker
import pytest

from pmtech import CircuitBreaker, Clients, Errors, Outage, RateLimiter, Server, Slowdown, simulate
from pmtech.components.circuit_breaker import CLOSED, HALF_OPEN, OPEN, Breaker

QUICK = Server(workers=1000, service_ms=100, service_cv=0)
FOR_EVER = {"at_s": 0, "for_s": 1e6}


def played(story: str, *, step_s: float = 0.001, **fields) -> tuple[str, Breaker]:
    """Ask one call after the other; which of them are let through (their letter) and which are not (a dot)."""
    breaker, passed = Breaker(CircuitBreaker(**fields)), ""
    for number, letter in enumerate(story):
        now = number * step_s
        period = breaker.lets_through(now)
        passed += "." if period is None else letter
        if period is not None:
            breaker.heard(period, now, letter == "E", 9.0 if letter == "L" else 0.1)
    return passed, breaker


FIVE = {"failure_share": 0.5, "least_calls": 5}


@pytest.mark.parametrize(
    ("story", "passes", "fields"),
    [
        ("EEESSS", "EEESS.", FIVE),  # three of five: it opens at the fifth
        ("SSSEES", "SSSEES", FIVE),  # two of five are not enough,
        ("SSSEEES", "SSSEEE.", FIVE),  # three of six are
        ("EEEES", "EEEES", FIVE),  # four of four are not judged yet, and the fifth is: it opens after that
        ("EEEESS", "EEEES.", FIVE),
        ("EEEEEE", "EEEEE.", FIVE),
        ("SSSSSS", "SSSSSS", FIVE),
        ("SESESES", "SESESE.", FIVE),  # two of five, three of six
        ("ESESES", "ESESE.", FIVE),
        ("EE", "E.", {"window": 1, "least_calls": 1}),
        ("SEE", "SE.", {"window": 1, "least_calls": 1}),
        ("SSSSSEEE", "SSSSSEEE", {**FIVE, "window": 10, "failure_share": 0.6}),
        ("SSSSSSSSEEEEE", "SSSSSSSSEEEEE", {**FIVE, "window": 10}),  # five of the last ten: after the fifth
        ("SSSSSSSSEEEEEE", "SSSSSSSSEEEEE.", {**FIVE, "window": 10}),
        ("EEEESSSSSSSSSSE", "EEEES..........", {**FIVE, "window": 5}),
        ("EESSSEEES", "EESSSEEE.", {**FIVE, "window": 5}),  # the old ones go: S S S E E, then S S E E E
        ("EESSSEE", "EESSSEE", {**FIVE, "window": 5}),
        ("EEE", "EE.", {"window": 2, "least_calls": 9}),  # more than the window holds is never asked for
        ("SEEE", "SEE.", {"window": 3, "least_calls": 3, "failure_share": 0.6}),
        ("EEEEEEEEEES", "EEEEEEEEEE.", {}),  # the defaults: ten calls at least
        ("SSSSSEEEEES", "SSSSSEEEEE.", {}),
        ("SSSSSSEEEES", "SSSSSSEEEES", {}),
    ],
)
def test_when_it_opens(story, passes, fields):
    assert played(story, **fields)[0] == passes


@pytest.mark.parametrize(
    ("story", "passes"),
    [
        ("LLLLLS", "LLLLL."),  # all of them slow
        ("LLLLSS", "LLLLSS"),  # four of five: not all
        ("LLLLEE", "LLLLEE"),  # an error in time is not slow, and one of five no half
        ("SLLLLLL", "SLLLLL."),  # in a window of five the quick one has gone
        ("LLELLS", "LLELLS"),  # four slow ones and an error of five are neither all slow nor half in error
    ],
)
def test_slow_calls_count_when_all_are_slow(story, passes):
    fields = {**FIVE, "window": 5, "slow_ms": 1000}
    assert played(story, **fields)[0] == passes
    assert "." not in played(story.replace("E", "S"), **{**fields, "slow_ms": None})[0]


@pytest.mark.parametrize(("took_s", "state"), [(1.0, CLOSED), (1.001, OPEN)])
def test_slow_is_longer_than_the_limit(took_s, state):
    breaker = Breaker(CircuitBreaker(window=2, least_calls=2, slow_ms=1000))
    for now in (0.0, 2.0):
        breaker.heard(breaker.lets_through(now), now, False, took_s)
    assert breaker.state == state


HALF = {"window": 2, "least_calls": 2, "open_s": 10, "trials": 4}


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("SSSS", CLOSED),
        ("SSSE", CLOSED),  # one of four is less than half
        ("ESSS", CLOSED),
        ("SSEE", OPEN),
        ("EESS", OPEN),  # judged when all four are there, not before
        ("EEEE", OPEN),
        ("SSS", HALF_OPEN),
        ("EEE", HALF_OPEN),
        ("", HALF_OPEN),
    ],
)
def test_half_open_is_judged_when_its_trials_are_complete(outcomes, state):
    _, breaker = played("EE", **HALF)
    assert breaker.state == OPEN and breaker.lets_through(9.9) is None
    periods = [breaker.lets_through(10.1 + number) for number in range(4)]
    assert None not in periods and breaker.lets_through(15) is None  # the trials are all out
    for period, outcome in zip(periods, outcomes, strict=False):
        breaker.heard(period, 16, outcome == "E", 0.1)
    assert breaker.state == state


def test_open_again_it_waits_as_long_again():
    _, breaker = played("EE", **HALF)
    for period in [breaker.lets_through(12) for _ in range(4)]:
        breaker.heard(period, 13, True, 0.1)
    assert breaker.state == OPEN
    assert breaker.lets_through(22.9) is None and breaker.lets_through(23) is not None


def test_slow_trials_open_it_again():
    _, breaker = played("EE", **HALF, slow_ms=1000)
    for period in [breaker.lets_through(12) for _ in range(4)]:
        breaker.heard(period, 20, False, 5.0)
    assert breaker.state == OPEN


def test_what_was_asked_before_it_changed_is_not_counted():
    breaker = Breaker(CircuitBreaker(**HALF))
    late = breaker.lets_through(0)
    for now in (1, 2):
        breaker.heard(breaker.lets_through(now), now, True, 0.1)
    trials = [breaker.lets_through(12) for _ in range(4)]
    assert breaker.heard(late, 12, True, 12.0) is False and breaker.state == HALF_OPEN
    for period in trials:
        breaker.heard(period, 13, False, 0.1)
    assert breaker.state == CLOSED
    breaker.heard(late, 14, True, 14.0)
    breaker.heard(breaker.lets_through(15), 15, True, 0.1)
    assert breaker.state == CLOSED  # one error, not two


class Resilience4j:
    """Its count window in a few plain lines: a list of all outcomes since the state began, looked at anew each time."""

    def __init__(self, window, share, least, open_s, trials):
        self.window, self.share, self.least, self.open_s, self.trials = window, share, least, open_s, trials
        self.state, self.began, self.seen, self.asked = "closed", 0.0, [], 0

    def permits(self, now):
        if self.state == "open" and now - self.began >= self.open_s:
            self.state, self.seen, self.asked = "half open", [], 0
        if self.state == "half open":
            self.asked += 1
            return self.asked <= self.trials
        return self.state == "closed"

    def result(self, now, failed, slow):
        self.seen.append((failed, slow))
        size = self.trials if self.state == "half open" else self.window
        least = self.trials if self.state == "half open" else min(self.least, self.window)
        last = self.seen[-size:]
        if len(last) < least:
            return
        failures, slows = sum(f for f, _ in last), sum(s for _, s in last)
        if failures >= self.share * len(last) or slows == len(last):
            self.state, self.began, self.seen = "open", now, []
        elif self.state == "half open":
            self.state, self.seen = "closed", []


@pytest.mark.parametrize("seed", range(40))
def test_decision_for_decision_like_the_count_window_of_resilience4j(seed):
    luck = random.Random(seed)
    fields = {
        "window": luck.choice([1, 2, 5, 8, 20]),
        "failure_share": luck.choice([0.25, 0.5, 0.75, 1.0]),
        "least_calls": luck.choice([1, 2, 5, 30]),
        "open_s": luck.choice([2.5, 7.5]),
        "trials": luck.choice([1, 2, 5]),
    }
    mine, theirs = Breaker(CircuitBreaker(**fields, slow_ms=1000)), Resilience4j(*fields.values())
    bad = 0.5
    for now in range(600):
        bad = luck.choice([0.05, 0.5, 0.95]) if now % 40 == 0 else bad
        period = mine.lets_through(now)
        assert (period is not None) is theirs.permits(now), now
        if period is not None:
            failed, slow = luck.random() < bad, luck.random() < bad
            mine.heard(period, now, failed, 2.0 if slow else 0.1)
            theirs.result(now, failed, slow)
            assert mine.state == theirs.state


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("in_a_row", [1, 3, 5])
def test_failures_in_a_row_are_those_of_pybreaker(in_a_row, seed, monkeypatch):
    luck, begun, now = random.Random(seed), datetime(2026, 1, 1, tzinfo=UTC), 0
    spec = CircuitBreaker(window=in_a_row, least_calls=in_a_row, failure_share=1, trials=1, open_s=7.5)
    mine = Breaker(spec)
    theirs = pybreaker.CircuitBreaker(fail_max=in_a_row, reset_timeout=7.5, throw_new_error_on_trip=False)

    def call(fails: bool):
        if fails:
            raise TimeoutError

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return begun + timedelta(seconds=now)

    monkeypatch.setattr(pybreaker, "datetime", Clock)
    for now in range(200):
        fails, period, passed = luck.random() < 0.6, mine.lets_through(now), True
        try:
            theirs.call(call, fails)
        except pybreaker.CircuitBreakerError:
            passed = False
        except TimeoutError:
            pass
        assert (period is not None) is passed, now
        if period is not None:
            mine.heard(period, now, fails, 0.1)


# --- in a system -----------------------------------------------------------------------------------------------------

EVEN = Clients(rate_per_s=1, arrivals="even")
TWO = {"window": 2, "least_calls": 2, "open_s": 4.5, "trials": 1}


def statuses(breaker: CircuitBreaker, *events, duration_s: float = 9.5, server: Server = QUICK) -> list[int]:
    return simulate(EVEN >> breaker >> server, duration_s=duration_s, events=events).requests.status.tolist()


def test_open_it_refuses_at_once_and_then_tries_one():
    dead = Outage("server", at_s=0, for_s=3.5)
    assert statuses(CircuitBreaker(**TWO), dead) == [502, 502, 503, 503, 503, 503, 200, 200, 200, 200]
    long = Outage("server", at_s=0, for_s=8)
    assert statuses(CircuitBreaker(**TWO), long) == [502, 502, 503, 503, 503, 503, 502, 503, 503, 503]


def test_with_a_fallback_everybody_gets_half_a_page():
    dead = Outage("server", at_s=0, for_s=3.5)
    assert statuses(CircuitBreaker(**TWO, fallback=True), dead) == [502, 502] + [200] * 8


def test_slow_answers_open_it_and_the_slow_part_is_left_in_peace():
    slow = Slowdown("server", at_s=0, for_s=6.5, times=20)  # two seconds instead of a tenth
    found = statuses(CircuitBreaker(**TWO, slow_ms=1000), slow)
    assert found == [200, 200, 200, 503, 503, 503, 503, 503, 200, 200]  # the second is heard of at 3


def test_what_a_client_does_wrong_does_not_open_it():
    """A 429 says that too much is asked, not that the part is ill."""
    system = EVEN >> CircuitBreaker(**TWO) >> RateLimiter(limit=1, per_s=60) >> QUICK
    run = simulate(system, duration_s=9.5)
    assert run.requests.status.tolist()[1:] == [429] * 9 and run.components.opened["circuit_breaker"] == 0


def test_what_it_counts():
    run = simulate(
        Clients(rate_per_s=20) >> CircuitBreaker(open_s=5) >> QUICK,
        duration_s=60,
        events=[Errors("server", at_s=10, for_s=20, share=0.9)],
    )
    breaker = run.components.loc["circuit_breaker"]
    assert breaker.opened >= 4
    assert breaker.kept_off == (run.requests.status == 503).sum() > 300
