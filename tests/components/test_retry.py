"""A retry: how often it asks, how long it waits between, and what that does to a system that is down."""

import numpy as np
import pytest

from pmtech import Cache, Clients, Errors, Outage, RateLimiter, Retry, Server, Slowdown, simulate, theory
from pmtech.components.backoff import KINDS

ONE = Clients(rate_per_s=0.001, arrivals="even")
QUICK = Server(workers=100_000, service_ms=0.001, service_cv=0)
FOR_EVER = {"at_s": 0, "for_s": 1e6}


@pytest.mark.parametrize("most", [1, 2, 4])
def test_how_often_it_asks(most):
    """Each attempt fails 4 times in 10 by itself."""
    system = Clients(rate_per_s=40) >> Retry(attempts=most, backoff="none") >> QUICK
    result = simulate(system, duration_s=60, events=[Errors("server", share=0.4, **FOR_EVER)])
    attempts, lost = result.records.notes["retry"][:, 1], (result.requests.status == 500).mean()
    assert abs(attempts.mean() - theory.attempts(0.4, most)) <= 3.3 * attempts.std() / len(attempts) ** 0.5
    assert abs(lost - 0.4**most) <= 3.3 * (0.4**most * (1 - 0.4**most) / len(attempts)) ** 0.5
    poisoned = simulate(system, duration_s=60, events=[Errors("server", share=0.4, same=True, **FOR_EVER)])
    assert set(poisoned.records.notes["retry"][:, 1]) == {1, most}  # who failed once fails always


@pytest.mark.parametrize("kind", KINDS)
def test_how_long_it_waits(kind):
    """The second and the third pause of a request that always fails."""
    system = Clients(rate_per_s=40) >> Retry(attempts=4, backoff=kind, base_ms=100, cap_ms=350) >> QUICK
    result = simulate(system, duration_s=60, events=[Errors("server", share=1, **FOR_EVER)])
    here = result.visits[result.visits.component == "server"]
    asked = here.groupby("request").entered_s.apply(list)
    asked = np.array([times for times in asked if len(times) == 4]) * 1000
    for retry in (0, 1, 2):
        waits, expected = np.diff(asked)[:, retry], theory.backoff_waits_ms(kind, retry, base_ms=100, cap_ms=350)
        step_ms = np.diff(expected).max(initial=0)  # the theory's own values are a thousand
        assert expected.min() - step_ms - 0.1 <= waits.min() and waits.max() <= expected.max() + step_ms + 0.1
        assert abs(waits.mean() - expected.mean()) <= 3.3 * waits.std() / len(waits) ** 0.5 + 1e-3


def test_retries_at_three_layers_multiply():
    layers = Retry(attempts=4, backoff="none") >> Retry(attempts=4, backoff="none") >> Retry(attempts=4, backoff="none")
    result = simulate(ONE >> layers >> Server(), duration_s=1, events=[Outage("server", 0, 9)])
    assert (result.visits.component == "server").sum() == 64
    assert result.requests.status.tolist() == [502]


def test_it_waits_as_long_as_it_is_told():
    """One may pass in each second: refused at 0.625, told to come again at 1."""
    clients = Clients(rate_per_s=1.6, arrivals="even")
    system = clients >> Retry(attempts=2, backoff="none") >> RateLimiter(limit=1) >> Server("Web", service_ms=0.001)
    requests = simulate(system, duration_s=2.4).requests
    assert requests.finished_s.tolist() == pytest.approx([0, 1, 2, 2], abs=1e-3)
    assert requests.status.tolist() == [200, 200, 200, 429]  # the last comes at 2 as well, second


def test_an_answer_that_comes_too_late_is_not_waited_for(story):
    run = story(
        Clients(rate_per_s=0.5, arrivals="even")
        >> Retry(attempts=2, timeout_ms=250, backoff="exponential", base_ms=500)
        >> Server(workers=2, service_ms=1000, service_cv=0),
        duration_s=1.9,
    )
    assert run.requests == [("clients", 0.0, 1.0, 504)]
    assert [row[1:] for row in run.visits] == [
        ("retry", 0.0, 0.0, 1.0),
        ("server", 0.0, 0.0, 1.0),  # the work on it goes on
        ("server", 0.75, 0.75, 1.75),
    ]


def test_an_answer_in_time_is_the_answer_and_says_who_gave_it(story):
    run = story(ONE >> Retry(timeout_ms=250) >> Server("Web", service_ms=125, service_cv=0), duration_s=1)
    assert run.requests == [("clients", 0.0, 0.125, 200)] and run.column("served_by") == ["web"]


def test_what_is_not_worth_asking_again():
    """404 and 409 stay what they are."""
    system = Clients(rate_per_s=1, arrivals="even") >> Retry() >> Server(service_cv=0, service_ms=100)
    assert simulate(system, duration_s=3).records.notes["retry"][:, 1].tolist() == [1, 1, 1]


def test_a_copy_is_as_old_behind_a_retry_as_it_is():
    """The deep cache serves what a write has made wrong; the near one keeps that, and knows it from the answer."""
    reader = Clients("Reader", rate_per_s=4, arrivals="even", keys=1)
    writer = Clients("Writer", rate_per_s=0.6, arrivals="even", keys=1, write_share=1)
    near = reader >> Cache("Near", ttl_s=0.4) >> Retry(timeout_ms=5000)
    system = [near, writer] >> Cache("Deep") >> Server(service_ms=1, service_cv=0)
    notes = simulate(system, duration_s=6).records.notes["near"]
    hits = notes[(notes[:, 1] == 1) & (notes[:, 0] > 2.2)]
    assert len(hits) > 5 and hits[:, 2].all()


EACH_SECOND = Clients(rate_per_s=1, arrivals="even")


def attempts_each_second(duration_s, *outages, **how):
    system = EACH_SECOND >> Retry(attempts=4, backoff="none", **how) >> QUICK
    run = simulate(system, duration_s=duration_s, events=[Outage("server", *outage) for outage in outages])
    return run.records.notes["retry"][:, 1].astype(int).tolist()


def test_a_budget_of_requests():
    """Ten are there; each request earns a fifth of one more: after the first ones every fifth may be tried again."""
    assert attempts_each_second(5.5, (0, 99), budget=0.2) == [4, 4, 4, 2, 1, 2]  # 10, 7.2, 4.4, 1.6, .8, 1


def test_a_budget_of_successes_as_grpc_has_it():
    """Ten tokens: 9, 8, 7, 6 are left after the first request, 5 after the second, which may not be tried again."""
    by_success = {"budget": 0.5, "budget_by": "successes"}
    assert attempts_each_second(6.5, (0, 99), **by_success) == [4, 1, 1, 1, 1, 1, 1]
    # 6, 5, 4; two successes: 5; a failure takes one before it is asked: 4; four successes: 6, then 5.
    assert attempts_each_second(10.5, (0, 2.5), (4.5, 1), (9.5, 1), **by_success) == [4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    # 6, 5; six successes: 8; failures leave 7 and 6 (asked again), then 5 (not).
    assert attempts_each_second(8.5, (0, 1.5), (7.5, 9), **by_success) == [4, 1, 1, 1, 1, 1, 1, 1, 3]
    assert attempts_each_second(2.5, (0, 99), budget_by="successes") == [4, 4, 4]  # no budget at all


def test_with_a_budget_of_successes_a_storm_dies_by_itself():
    assert down_after(0.45, attempts=3) == 1
    assert down_after(0.45, attempts=3, budget=0.1, budget_by="successes") == 0


def down_after(load, for_s=20, **more):
    """The share of the requests that fail long after a stumble of 20 s, at that share of a capacity of 100 a second."""
    system = (
        Clients(rate_per_s=100 * load)
        >> Retry(backoff="none", timeout_ms=500, **more)
        >> Server(workers=10, service_ms=100, service_cv=0)
    )
    result = simulate(system, duration_s=150, events=[Slowdown("server", 10, for_s, times=20)])
    return (result.requests.status[result.requests.arrived_s.between(135, 145)] == 504).mean()


def test_from_which_load_on_it_stays_down():
    """Every attempt comes too late, so that all work is in vain: three attempts from a third of the capacity on."""
    assert 0.25 < theory.vulnerable_from(3) < 0.45 < theory.vulnerable_from(3, 0.1)
    assert down_after(0.25, attempts=3) == 0
    assert down_after(0.45, attempts=3) == 1
    assert down_after(0.45, attempts=3, budget=0.1) == 0
    assert down_after(0.45, attempts=1) == 0


@pytest.mark.parametrize(("attempts", "budget"), [(1, None), (3, None), (4, None), (3, 0.2)])
def test_the_edge_of_vulnerability_lies_where_theory_has_it(attempts, budget):
    """At 85 % of it the system recovers by itself after a stumble of 8 s, at 115 % it stays down."""
    edge, how = theory.vulnerable_from(attempts, budget), {"for_s": 8, "attempts": attempts, "budget": budget}
    assert down_after(0.85 * edge, **how) == 0
    assert edge > 0.85 or down_after(1.15 * edge, **how) > 0.9
