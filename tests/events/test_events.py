"""What happens meanwhile: each event with its own rule, and several at once."""

import numpy as np
import pytest

from pmtech import Change, Clients, Deploy, Errors, LoadBalancer, Outage, Server, Slowdown, simulate

ONE = Clients(rate_per_s=20) >> Server(workers=50, service_ms=10)
POOL = Clients(rate_per_s=100) >> LoadBalancer(policy="random") >> Server(replicas=2, workers=50, service_ms=10)


def failed(result, begin, end):
    mine = result.requests[(result.requests.arrived_s >= begin) & (result.requests.arrived_s < end)]
    return (mine.status >= 500).mean()


def test_overlapping_outages_add_up():
    result = simulate(ONE, duration_s=40, events=[Outage("server", 10, 20), Outage("server", 15, 5)])
    assert [failed(result, *span) for span in ((0, 10), (10, 20), (20, 30), (30, 40))] == [0, 1, 1, 0]


def test_who_dies_is_chosen_when_it_happens():
    events = [Change("server.replicas", 8, at_s=5), Outage("server", at_s=20, for_s=20, count=6)]
    result = simulate(POOL, duration_s=40, events=events)
    assert failed(result, 20, 40) == pytest.approx(0.75, abs=0.04)
    assert failed(result, 0, 19) == 0


def test_a_second_outage_takes_another_machine():
    result = simulate(POOL, duration_s=30, events=[Outage("server", 10, 20), Outage("server", 20, 5)])
    assert failed(result, 10, 20) == pytest.approx(0.5, abs=0.06)
    assert failed(result, 20, 25) == 1


def test_slowdowns_multiply_and_end():
    system = Clients(rate_per_s=20) >> Server(workers=100, service_ms=10, service_cv=0)
    result = simulate(
        system, duration_s=40, events=[Slowdown("server", 10, 20, times=2), Slowdown("server", 20, 10, times=5)]
    )
    latency = result.requests.set_index("arrived_s").latency_ms.round(3)
    spans = ((0, 9.9), (10, 19.9), (20, 29.9), (30, 40))
    assert [set(latency.loc[a:b].dropna()) for a, b in spans] == [{10}, {20}, {100}, {10}]


def test_errors_hit_their_share_and_the_same_requests_when_told_so():
    result = simulate(POOL, duration_s=60, events=[Errors("server", at_s=20, for_s=20, share=0.3)])
    assert failed(result, 20, 40) == pytest.approx(0.3, abs=0.05)
    assert failed(result, 40, 60) == failed(result, 0, 20) == 0


def test_a_canary_meets_the_same_customers_as_the_whole_rollout():
    bad = {"errors": 1.0, "at_s": 10}
    canary = simulate(POOL, duration_s=40, events=[Deploy("server", steps=((0, 0.05), (20, 0)), **bad)])
    all_ = simulate(POOL, duration_s=40, events=[Deploy("server", steps=((0, 0.5),), **bad)])
    hit, more = (set(np.flatnonzero(run.requests.status == 500)) for run in (canary, all_))
    assert failed(canary, 10, 30) == pytest.approx(0.05, abs=0.025)
    assert failed(canary, 30, 40) == 0
    assert hit and hit <= more


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (Slowdown("load_balancer"), "does no work of its own"),
        (Errors("clients"), "sends requests and answers none"),
        (Outage("sever"), 'there is no part "sever" to die: did you mean server?'),
    ],
)
def test_what_can_not_happen_is_refused_before_the_run(event, sentence):
    with pytest.raises(ValueError, match=sentence):
        simulate(POOL, events=[event])
