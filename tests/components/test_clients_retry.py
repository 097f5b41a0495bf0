"""Clients that ask again: after how long, how often they may, and what happens when all of them come back at once."""

import numpy as np
import pytest

from pmtech import Change, Clients, Errors, Outage, RateLimiter, Retry, Server, Surge, Users, simulate, theory
from pmtech.components.backoff import KINDS
from pmtech.runs.result import Result

QUICK = Server(workers=100_000, service_ms=0.001, service_cv=0)
FOR_EVER = {"at_s": 0, "for_s": 1e6}
DEAD = [Outage("server", **FOR_EVER)]


def tries(result: Result) -> list[tuple]:
    return [(row.arrived_s, row.status) for row in result.requests.itertuples()]


def test_without_a_backoff_they_come_back_at_once(story):
    run = story(Clients(rate_per_s=0.1, arrivals="even", retries=2) >> QUICK, duration_s=5, events=DEAD)
    assert run.requests == [("clients", 0.0, 0.0, 502)] * 3


def test_a_pause_that_doubles(story):
    clients = Clients(rate_per_s=0.05, arrivals="even", retries=4, backoff="exponential", base_ms=500, cap_ms=2500)
    run = story(clients >> QUICK, duration_s=15, events=DEAD)
    assert [arrived for _, arrived, _, _ in run.requests] == [0, 0.5, 1.5, 3.5, 6]  # 0.5, 1, 2, and 4 is capped


def test_the_pause_begins_when_they_have_given_up():
    clients = Clients(rate_per_s=0.05, arrivals="even", retries=1, timeout_ms=250, backoff="exponential", base_ms=500)
    result = simulate(clients >> Server(service_ms=400, service_cv=0), duration_s=5)
    assert tries(result) == [(0, 504), (0.75, 504)]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_after_which_answers_they_come_back(status):
    cause = {
        500: (QUICK, [Errors("server", share=1, **FOR_EVER)]),
        502: (QUICK, DEAD),
        503: (Server(workers=1, queue_limit=0, service_ms=60_000, service_cv=0), []),
        504: (Server(service_ms=60_000, service_cv=0), []),
    }
    server, events = cause[status]
    clients = Clients(rate_per_s=1, arrivals="even", retries=2, timeout_ms=100 if status == 504 else None)
    statuses = simulate(clients >> server, duration_s=1.9, events=events).requests.status.tolist()
    assert statuses.count(status) == (3 if status == 503 else 6)


def test_who_is_told_that_it_is_too_much_stays_away():
    clients = Clients(rate_per_s=4, arrivals="even", retries=3, backoff="exponential")
    requests = simulate(clients >> RateLimiter(limit=1) >> Server("Web", service_ms=0.001), duration_s=0.9).requests
    assert requests.status.tolist() == [200, 429, 429, 429]


@pytest.mark.parametrize("kind", KINDS)
def test_the_pauses_are_those_of_theory(kind, story):
    """The first, second and third pause of requests that always fail."""
    clients = Clients(rate_per_s=30, retries=3, backoff=kind, base_ms=100, cap_ms=350)
    asked: dict[int, list[float]] = {}
    for request in story(clients >> QUICK, duration_s=45, events=DEAD).log:
        asked.setdefault(request.number, []).append(1000 * request.arrived)
    pauses = np.diff([times for times in asked.values() if len(times) == 4])
    assert len(pauses) > 1200
    for retry in (0, 1, 2):
        waits, expected = pauses[:, retry], theory.backoff_waits_ms(kind, retry, base_ms=100, cap_ms=350)
        step_ms = np.diff(expected).max(initial=0)
        assert expected.min() - step_ms - 0.1 <= waits.min() and waits.max() <= expected.max() + step_ms + 0.1
        assert abs(waits.mean() - expected.mean()) <= 3.3 * waits.std() / len(waits) ** 0.5 + 1e-3


def test_clients_and_a_retry_need_the_same_number_of_attempts():
    """Each fails 4 times in 10 by itself."""
    errors = [Errors("server", share=0.4, **FOR_EVER)]
    asks = Clients(rate_per_s=40, retries=3, backoff="full_jitter", base_ms=10) >> QUICK
    requests = simulate(asks, duration_s=60, events=errors).requests
    first = Clients(rate_per_s=40) >> Retry(attempts=4, base_ms=10) >> QUICK
    came = len(simulate(first, duration_s=60, events=errors).requests)
    often = len(requests) / came
    assert often == pytest.approx(theory.attempts(0.4, 4), abs=3.3 * 1.0 / came**0.5)


def test_a_budget_lets_a_share_of_the_requests_come_back_and_ten_besides():
    clients = Clients(rate_per_s=10, arrivals="even", retries=5, retry_budget=0.2)
    requests = simulate(clients >> QUICK, duration_s=100, events=DEAD).requests
    assert len(requests) == 1000 + 10 + 0.2 * 1000 - 1  # the first earns what there is no room for any more


def test_a_budget_may_be_turned_during_the_run():
    clients = Clients(rate_per_s=10, arrivals="even", retries=1, retry_budget=0)
    events = [*DEAD, Change("clients.retry_budget", 1, at_s=50)]
    requests = simulate(clients >> QUICK, duration_s=100, events=events).requests
    assert (requests.arrived_s < 50).sum() == 510 and (requests.arrived_s >= 50).sum() == 1000


def test_users_wait_between_their_attempts_too():
    users = Users(count=1, think_s=1, retries=1, backoff="exponential", base_ms=3000)
    at_s = simulate(users >> QUICK, duration_s=30, events=DEAD).requests.arrived_s.to_numpy()
    assert np.diff(at_s)[::2] == pytest.approx(3.0, abs=1e-5)  # and nobody else in between


def test_in_step_and_out_of_step():
    """A second without an answer; who was turned away comes back together, or spread over the pause."""

    def most(kind: str) -> int:
        clients = Clients(rate_per_s=200, arrivals="even", retries=3, backoff=kind, base_ms=2000)
        result = simulate(clients >> QUICK, duration_s=20, events=[Outage("server", at_s=5, for_s=0.05)])
        back = result.requests.arrived_s[result.requests.arrived_s.between(5.2, 9)]
        return int(np.histogram(back, bins=np.arange(5.2, 9, 0.05))[0].max())

    assert most("exponential") == 20 and most("full_jitter") <= 13 and most("none") == 10


def test_they_say_how_they_come_back():
    clients = Clients(retries=2, backoff="full_jitter", retry_budget=0.1)
    assert clients.facts() == ["retries 2 times, full jitter", "budget 10 %"]
    assert Clients(retries=1).facts() == ["retries 1 time"]
    assert Clients(backoff="full_jitter").facts() == []


def test_the_same_customers_come_whatever_the_pause():
    surge = Surge(at_s=5, for_s=5, times=4)
    one, other = (
        simulate(Clients(rate_per_s=20, surge=surge, backoff=kind, retries=1) >> QUICK, duration_s=20)
        for kind in ("none", "decorrelated")
    )
    assert one.requests.arrived_s.tolist() == other.requests.arrived_s.tolist()


def test_who_gives_up_at_once_and_asks_again_gives_up_once_each_time():
    """A patience too short for the clock to tell from none: each of the three is over before the next one begins."""
    clients = Clients(rate_per_s=1000, arrivals="even", timeout_ms=1e-300, retries=1)
    requests = simulate(
        clients >> Server(workers=1, service_ms=0.001, service_cv=0, queue_limit=0), duration_s=0.01
    ).requests
    assert requests.groupby(requests.arrived_s.round(6)).size().tolist() == [2] * 10
    assert set(requests.status) <= {503, 504}
