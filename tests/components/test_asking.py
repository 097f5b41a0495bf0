"""Gather, Retry and CircuitBreaker: who asks several, who asks again, who stops asking."""

import numpy as np
import pytest

from pmtech import CircuitBreaker, Clients, Errors, Gather, Outage, Retry, Server, Slowdown, simulate, theory
from pmtech.components.backoff import RetryBudget, wait_s
from pmtech.components.circuit_breaker import CLOSED, HALF_OPEN, OPEN, Breaker
from pmtech.runs.certainty import student

EVEN = Clients(rate_per_s=1, arrivals="even")


def fixed(name, ms, **fields):
    return Server(name, workers=100, service_ms=ms, service_cv=0, **fields)


def latencies(system, **how):
    return simulate(system, duration_s=3, **how).requests.latency_ms.dropna().round(6).tolist()


def test_all_are_as_slow_as_the_slowest_and_some_as_the_last_that_is_needed():
    branches = [fixed("A", 100), fixed("B", 200), fixed("C", 400)]
    assert latencies(EVEN >> Gather() >> branches) == [400] * 3
    assert latencies(EVEN >> Gather(need=2) >> branches) == [200] * 3
    assert latencies(EVEN >> Gather(need=1) >> branches) == [100] * 3


def test_a_branch_that_fails_fails_it_as_soon_as_too_few_are_left():
    branches = [fixed("A", 100), fixed("B", 200), fixed("C", 400)]
    down = [Outage("a", at_s=0, for_s=100)]
    result = simulate(EVEN >> Gather() >> branches, duration_s=3, events=down)
    assert result.requests.status.tolist() == [502] * 3
    assert simulate(EVEN >> Gather(need=2) >> branches, duration_s=3, events=down).requests.status.tolist() == [200] * 3


def test_the_slowest_of_several_is_the_harmonic_number():
    means = []
    for seed in range(1, 9):
        system = Clients(rate_per_s=20) >> Gather() >> [Server(f"S{n}", workers=200, service_ms=100) for n in range(4)]
        means.append(simulate(system, duration_s=150, warmup_s=5, seed=seed).summary.mean_ms)
    half = student(7, 0.999) * np.std(means, ddof=1) / 8**0.5
    assert abs(np.mean(means) - 1000 * theory.gathered_s(0.1, 4)) <= half


def test_hedging_cuts_the_tail_for_a_few_more_questions():
    system = Clients(rate_per_s=50) >> Gather() >> [Server("A", workers=500, service_cv=3), Server("B", workers=500)]
    plain, hedged = (simulate(system.replace({"gather.hedge_after_ms": ms}), duration_s=120) for ms in (None, 400))
    assert hedged.summary.p99_ms < 0.7 * plain.summary.p99_ms
    assert 0 < hedged.components.hedged["gather"] < 0.1


def test_asked_again_until_it_succeeds_with_luck_of_its_own():
    system = Clients(rate_per_s=50) >> Retry(attempts=3, backoff="none") >> fixed("A", 10)
    result = simulate(system, duration_s=60, events=[Errors("a", at_s=0, for_s=100, share=0.5)])
    assert result.summary.error_rate == pytest.approx(0.125, abs=0.025)
    assert result.components.attempts["retry"] == pytest.approx(theory.attempts(0.5, 3), abs=0.06)


def test_an_attempt_that_takes_too_long_is_given_up_and_its_work_goes_on():
    result = simulate(
        EVEN >> Retry(attempts=2, timeout_ms=300, backoff="exponential", base_ms=100) >> fixed("A", 1000), duration_s=1
    )
    assert result.requests.latency_ms.round(6).tolist() == [700]
    assert result.requests.status.tolist() == [504]
    assert len(result.visits.query("component == 'a'")) == 2


def test_past_the_deadline_of_the_client_nobody_asks_again():
    patient = Clients(rate_per_s=1, arrivals="even", timeout_ms=500)
    down = [Outage("a", at_s=0, for_s=100)]
    result = simulate(
        patient >> Retry(attempts=9, backoff="exponential", base_ms=300) >> fixed("A", 10), duration_s=1, events=down
    )
    assert len(result.refusals) == 2


def test_a_budget_caps_the_attempts_of_a_storm():
    down = [Outage("a", at_s=0, for_s=1000)]
    for budget, most in ((None, 4), (0.2, 1.25)):
        system = Clients(rate_per_s=50) >> Retry(attempts=4, backoff="none", budget=budget) >> fixed("A", 10)
        attempts = simulate(system, duration_s=60, events=down).components.attempts["retry"]
        assert attempts == 4 if budget is None else 1 < attempts <= most


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("none", 0, 0),
        ("exponential", 0.4, 0.4),
        ("full_jitter", 0, 0.4),
        ("equal_jitter", 0.2, 0.4),
        ("decorrelated", 0.1, 0.9),
    ],
)
def test_how_long_to_wait_after_the_third_attempt(kind, low, high):
    found = [wait_s(kind, 3, 0.1, 10, luck, 0.3) for luck in (0, 0.5, 1)]
    assert found[0] == pytest.approx(low) and found[-1] == pytest.approx(high) and found == sorted(found)
    assert wait_s(kind, 60, 0.1, 2, 1, 50) <= 2


def test_a_budget_keeps_ten_at_most():
    budget = RetryBudget(0.5)
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    budget.earn(), budget.earn()
    assert budget.spend() and not budget.spend()


def asked(breaker, outcomes, took_s=0.1):
    """The state after each call: E failed, S succeeded."""
    states = []
    for now, outcome in enumerate(outcomes):
        period = breaker.lets_through(now)
        assert period is not None
        breaker.heard(period, now, outcome == "E", took_s)
        states.append(breaker.state)
    return states


def test_it_opens_at_the_fifth_call_and_not_before():
    assert asked(Breaker(CircuitBreaker(least_calls=5)), "EEESS") == [CLOSED] * 4 + [OPEN]
    assert asked(Breaker(CircuitBreaker(least_calls=5)), "SSSEEE") == [CLOSED] * 5 + [OPEN]


def test_only_the_last_of_the_window_count():
    assert asked(Breaker(CircuitBreaker(window=4, least_calls=4)), "SSSSEE") == [CLOSED] * 5 + [OPEN]
    assert asked(Breaker(CircuitBreaker(window=4, least_calls=4)), "SSSSESSSE") == [CLOSED] * 9


def test_half_open_it_judges_when_all_trials_are_answered():
    breaker = Breaker(CircuitBreaker(least_calls=2, trials=2, open_s=10))
    asked(breaker, "EE")
    assert breaker.lets_through(10.9) is None
    first, second = breaker.lets_through(11), breaker.lets_through(11)
    assert breaker.state == HALF_OPEN and breaker.lets_through(11) is None
    breaker.heard(first, 12, False, 0.1)
    assert breaker.state == HALF_OPEN
    breaker.heard(second, 12, False, 0.1)
    assert breaker.state == CLOSED


def test_what_was_asked_before_it_opened_is_not_counted_after():
    breaker = Breaker(CircuitBreaker(least_calls=2, trials=1, open_s=10))
    early = breaker.lets_through(0)
    asked(breaker, "EE")
    breaker.lets_through(20)
    breaker.heard(early, 21, True, 20)
    assert breaker.state == HALF_OPEN


def test_slow_calls_open_it_when_all_are_slow():
    slow = CircuitBreaker(least_calls=3, slow_ms=1000)
    assert asked(Breaker(slow), "SSS", took_s=2)[-1] == OPEN
    assert asked(Breaker(slow), "SSS", took_s=0.5)[-1] == CLOSED


def test_with_a_fallback_a_slow_part_is_spared_and_nobody_is_refused():
    system = (
        Clients(rate_per_s=20)
        >> CircuitBreaker(slow_ms=1000, fallback=True, open_s=5)
        >> Server(workers=4, service_ms=50)
    )
    result = simulate(system, duration_s=60, events=[Slowdown("server", at_s=20, for_s=20, times=100)])
    assert result.components.opened["circuit_breaker"] >= 1
    assert result.summary.error_rate == 0
    assert "fallback" in result.explain()
