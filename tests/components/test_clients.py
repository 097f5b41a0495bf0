"""Clients: when requests arrive, what they ask for, what happens when nobody answers."""

import re
from inspect import cleandoc

import numpy as np
import pytest

from pmtech import Change, Clients, Database, LoadBalancer, Outage, Queue, RateLimiter, Retry, Server, Surge, simulate
from pmtech.engine.randomness import exponential, uniforms

FAST = Server(workers=100, service_ms=125, service_cv=0)


def arrivals(system, **how):
    return simulate(system, **how).requests.arrived_s.tolist()


def test_even_arrivals_come_every_rate_th_of_a_second_from_0_on(story):
    run = story(Clients(rate_per_s=2, arrivals="even") >> FAST, duration_s=2)
    assert run.requests == [
        ("clients", 0.0, 0.125, 200),
        ("clients", 0.5, 0.625, 200),
        ("clients", 1.0, 1.125, 200),
        ("clients", 1.5, 1.625, 200),
    ]
    assert run.visits == [
        (0, "server", 0.0, 0.0, 0.125),
        (1, "server", 0.5, 0.5, 0.625),
        (2, "server", 1.0, 1.0, 1.125),
        (3, "server", 1.5, 1.5, 1.625),
    ]


def test_what_arrives_at_the_end_is_not_in_and_what_is_not_done_has_status_0(story):
    run = story(
        Clients(rate_per_s=1, arrivals="even") >> Server(workers=2, service_ms=1500, service_cv=0), duration_s=2
    )
    assert run.requests == [("clients", 0.0, 1.5, 200), ("clients", 1.0, None, 0)]
    assert run.visits == [(0, "server", 0.0, 0.0, 1.5), (1, "server", 1.0, 1.0, None)]


def test_poisson_arrivals_are_the_running_sum_of_their_own_stream():
    gaps = exponential(uniforms((7, "clients.arrivals", "clients", 0), 0, 256))
    expected = [float(due) for due in np.add.accumulate(gaps) / 20 if due < 5]
    assert arrivals(Clients(rate_per_s=20) >> FAST, duration_s=5, seed=7) == pytest.approx(expected, rel=1e-12)


def test_a_rate_stretches_the_same_customers():
    slow = arrivals(Clients(rate_per_s=10) >> FAST, duration_s=40)
    fast = arrivals(Clients(rate_per_s=40) >> FAST, duration_s=10)
    assert len(slow) == len(fast) > 300
    assert slow == [at * 4 for at in fast]  # 4 is a power of two: not a bit is lost


def test_a_surge_multiplies_the_rate_for_a_while():
    surge = Clients(rate_per_s=1, arrivals="even", surge=Surge(at_s=2, for_s=1, times=4))
    assert arrivals(surge >> FAST, duration_s=6) == [0, 1, 2, 2.25, 2.5, 2.75, 3, 4, 5]


def test_a_surge_may_be_a_lull():
    lull = Clients(rate_per_s=2, arrivals="even", surge=Surge(at_s=0.75, for_s=2, times=0))
    assert arrivals(lull >> FAST, duration_s=4) == [0, 0.5, 3, 3.5]


def test_a_rate_turned_during_the_run_stretches_the_gap_that_is_under_way():
    system = Clients(rate_per_s=1, arrivals="even") >> FAST
    events = [Change("clients.rate_per_s", 4, at_s=1.5)]
    assert arrivals(system, duration_s=2.5, events=events) == [0, 1, 1.625, 1.875, 2.125, 2.375]


def test_nobody_comes_at_rate_0_until_somebody_turns_it_up():
    system = Clients(rate_per_s=0, arrivals="even") >> FAST
    assert arrivals(system, duration_s=9) == []
    assert arrivals(system, duration_s=9, events=[Change("clients.rate_per_s", 0.5, at_s=4)]) == [4, 6, 8]
    stops = [Change("clients.rate_per_s", 0.5, at_s=0), Change("clients.rate_per_s", 0, at_s=3)]
    assert arrivals(system, duration_s=9, events=stops) == [0, 2]


def test_who_hears_nothing_gives_up_and_the_work_goes_on_in_vain(story):
    impatient = Clients(rate_per_s=2, arrivals="even", timeout_ms=1250)
    run = story(impatient >> Server(workers=1, service_ms=1000, service_cv=0), duration_s=3)
    assert run.requests == [
        ("clients", 0.0, 1.0, 200),
        ("clients", 0.5, 1.75, 504),
        ("clients", 1.0, 2.25, 504),
        ("clients", 1.5, 2.75, 504),
        ("clients", 2.0, None, 0),
        ("clients", 2.5, None, 0),
    ]
    assert run.visits == [
        (0, "server", 0.0, 0.0, 1.0),
        (1, "server", 0.5, 1.0, 2.0),
        (2, "server", 1.0, 2.0, None),
        (3, "server", 1.5, None, None),
        (4, "server", 2.0, None, None),
        (5, "server", 2.5, None, None),
    ]
    assert run.result.components.loc["server", ["served", "rejected"]].tolist() == [2, 0]


def test_who_asks_again_sends_a_request_of_its_own_at_once(story):
    stubborn = Clients(rate_per_s=0.25, arrivals="even", timeout_ms=500, retries=2)
    run = story(stubborn >> Server(workers=1, service_ms=1000, service_cv=0), duration_s=4)
    assert run.requests == [
        ("clients", 0.0, 0.5, 504),
        ("clients", 0.5, 1.0, 504),
        ("clients", 1.0, 1.5, 504),
    ]
    assert run.visits == [
        (0, "server", 0.0, 0.0, 1.0),
        (1, "server", 0.5, 1.0, 2.0),
        (2, "server", 1.0, 2.0, 3.0),
    ]


def test_a_full_queue_is_asked_again_and_a_429_is_not(story):
    two = Clients(rate_per_s=4, arrivals="even", retries=1)
    full = story(two >> Server(workers=1, service_ms=1000, service_cv=0, queue_limit=0), duration_s=0.5)
    assert full.requests == [("clients", 0.0, None, 0), ("clients", 0.25, 0.25, 503), ("clients", 0.25, 0.25, 503)]
    limited = story(two >> RateLimiter(limit=1), duration_s=0.5)
    assert limited.requests == [("clients", 0.0, 0.0, 200), ("clients", 0.25, 0.25, 429)]


def test_a_retry_asks_for_the_same_and_needs_work_of_its_own(story):
    clients = Clients(rate_per_s=5, endpoints={"/a": 1, "/b": 1}, popularity=0, timeout_ms=50, retries=1)
    run = story(clients >> Server(workers=1000, service_ms=100), duration_s=60)
    log = run.log
    first = {r.number: r for r in log if r.luck_key[1] == 0}
    again = {r.number: r for r in log if r.luck_key[1] == 1}
    assert len(again) > 100
    assert all((first[n].endpoint, first[n].key) == (again[n].endpoint, again[n].key) for n in again)
    took = run.result.visits.left_s - run.result.visits.started_s
    row = {id(r): n for n, r in enumerate(log)}
    pairs = [(took[row[id(first[n])]], took[row[id(again[n])]]) for n in again]
    assert all(one != other for one, other in pairs)


def test_endpoints_come_in_proportion_to_their_weights_and_keys_by_popularity():
    clients = Clients(rate_per_s=100, endpoints={"/submit": 3, "/dashboard": 1, "/never": 0}, keys=2, popularity=1)
    requests = simulate(clients >> FAST, duration_s=100).requests
    count = len(requests)
    three_sigma = 3 * (count * 3 / 16) ** 0.5
    assert set(requests.endpoint) == {"/submit", "/dashboard"}
    assert abs((requests.endpoint == "/submit").sum() - count * 3 / 4) < three_sigma
    assert set(requests.key) == {1, 2}
    assert abs((requests.key == 1).sum() - count * 2 / 3) < 3 * (count * 2 / 9) ** 0.5


def test_arrivals_cannot_be_turned_during_a_run():
    with pytest.raises(ValueError, match="clients.arrivals can't change during a run"):
        simulate(Clients() >> FAST, events=[Change("clients.arrivals", "even", at_s=1)])


# --- fields that another one has to ask for ---------------------------------------------------------------------------------

# part, field, a value that matters, the field that asks for it and a value with which it does
ASKED_FOR = [
    (Clients, "backoff", "exponential", {"retries": 3}),
    (Clients, "base_ms", 900, {"retries": 3, "backoff": "exponential"}),
    (Clients, "cap_ms", 1, {"retries": 3, "backoff": "exponential"}),
    (Clients, "retry_budget", 0, {"retries": 3}),
    (Queue, "batch_wait_s", 2, {"batch": 10}),
    (LoadBalancer, "unhealthy_after", 9, {"health_check_s": 0.5}),
    (LoadBalancer, "virtual_nodes", 1, {"policy": "consistent_hash"}),
    (RateLimiter, "burst", 1, {"algorithm": "token_bucket"}),
    (Retry, "cap_ms", 1, {"backoff": "exponential"}),
    (Retry, "budget_by", "successes", {"budget": 0.1}),
    (Database, "crowding", 9, {"cores": 1}),
    (Server, "restart_s", 1, {"crashes_at": 3}),
]


def story_of(part, **fields):
    """What came of everybody, in a system in which requests wait, are refused and fail."""
    made, back = part(**fields), Server("Back", workers=2, service_ms=60, queue_limit=20)
    many = made if part is Clients else Clients(rate_per_s=60)
    middle = (
        [made >> ([back] * 2 if part is LoadBalancer else back)] if part not in (Clients, Server, Database) else [back]
    )
    system = many >> (made if part in (Server, Database) else middle[0])
    name = "back_1" if part is LoadBalancer else "back" if "back" in system.components else None
    events = [Outage(name, at_s=3, for_s=4)] if name else []
    run = simulate(system.replace({"clients.rate_per_s": 60}), duration_s=12, events=events)
    return run.records.finished_s.tolist(), run.records.messages["received_s"].tolist()


@pytest.mark.parametrize(("part", "field", "value", "asks"), ASKED_FOR)
def test_a_field_that_says_nothing_alone_is_told_with_the_one_that_asks_for_it(part, field, value, asks):
    off = {"backoff": "none"} if part is Retry and "backoff" in asks else {}
    as_text = [repr(story_of(part, **off, **more)) for more in ({}, {field: value})]
    assert as_text[0] == as_text[1]
    assert repr(story_of(part, **asks)) != repr(story_of(part, **asks, **{field: value}))
    told = [" ".join(one.split()) for one in re.split(r"\n(?=\w)", cleandoc(part.__doc__))]
    assert any(field in one and any(name in one or str(word) in one for name, word in asks.items()) for one in told)
