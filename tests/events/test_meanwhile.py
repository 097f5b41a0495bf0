"""Events and what else goes on: machines that come and go, requests that are tried again, several faults at once."""

import pytest

from pmtech import (
    Change,
    Clients,
    Database,
    Deploy,
    Errors,
    Gather,
    LoadBalancer,
    Outage,
    Retry,
    Server,
    Slowdown,
    simulate,
)
from pmtech.runs.running import Running

QUARTERS = Clients(rate_per_s=4, arrivals="even")
MANY = Clients(rate_per_s=40)
POOL = QUARTERS >> LoadBalancer() >> Server(workers=9, service_ms=10, service_cv=0, replicas=1)
MORE = Change("server.replicas", 4, 2.1)


def statuses(system, events, duration_s=6):
    return simulate(system, duration_s=duration_s, events=events).requests.status.tolist()


def test_a_fault_of_a_part_is_one_of_machines_that_come_later_too():
    """From 1.1 to 4.1 everything fails, also at the three machines that are there from 2.1 on; then nothing."""
    assert statuses(POOL, [Errors("server", 1.1, 3, share=1), MORE]) == [200] * 5 + [500] * 12 + [200] * 7
    deployed = statuses(POOL, [Deploy("server", 1.1, errors=1, steps=((0, 1), (3, 0))), MORE])
    assert deployed == [200] * 5 + [500] * 12 + [200] * 7
    slow = simulate(POOL, duration_s=6, events=[Slowdown("server", 1.1, 3, times=5), MORE]).requests.latency_ms
    assert slow.round(9).tolist() == [10] * 5 + [50] * 12 + [10] * 7


def test_and_of_those_that_went_and_come_back():
    events = [
        Change("server.replicas", 3, 0.1),
        Change("server.replicas", 1, 0.6),
        Errors("server", 1.1, 3, share=1),
        MORE,
    ]
    assert statuses(POOL, events) == [200] * 5 + [500] * 12 + [200] * 7


def test_faults_of_one_part_add_up_and_end_each_by_itself():
    events = [Errors("server", 1.1, 2, share=1), Errors("server", 2.1, 2, share=1), Outage("server", 2.6, 1)]
    assert statuses(POOL, events) == [200] * 5 + [500] * 6 + [502] * 4 + [500] * 2 + [200] * 7


@pytest.mark.parametrize("fault", [Errors("server", 0, 99, share=0.5), Deploy("server", 0, errors=0.5)])
def test_twins_that_are_asked_at_once_fail_each_for_itself(fault):
    """One of three that fail with one half is enough: one in eight gets no answer."""
    system = MANY >> Gather(need=1) >> [Server(workers=99, service_ms=1)] * 3
    assert simulate(system, duration_s=50, events=[fault]).summary.error_rate == pytest.approx(1 / 8, abs=0.03)


def test_two_faults_of_one_part_are_independent():
    faults = [Errors("server", 0, 99, share=0.5), Errors("server", 0, 99, share=0.5)]
    assert simulate(MANY >> Server(), duration_s=50, events=faults).summary.error_rate == pytest.approx(3 / 4, abs=0.04)


def test_who_dies_is_among_those_that_live():
    """Two of three die, one after the other; a third outage takes the last, a fourth finds the dead, and makes it longer."""
    system = QUARTERS >> LoadBalancer() >> Server(workers=9, service_ms=10, replicas=3)
    running = Running(system, 1, [Outage("server", at_s, for_s) for at_s, for_s in ((1, 3), (2, 3), (3, 3), (3.5, 9))])
    alive = []
    for second in (0.5, 1.5, 2.5, 3.2, 3.7, 4.5, 5.5, 6.5, 13):
        running.advance(second)
        alive.append([machine.alive for machine in running.run.parts["server"]])
    yes, no = True, False
    assert alive == [
        [yes, yes, yes],
        [no, yes, yes],
        [no, no, yes],
        [no, no, no],
        [no, no, no],
        [no, no, no],  # the first would be back at 4, but dies until 12.5
        [no, yes, no],
        [no, yes, yes],
        [yes, yes, yes],
    ]


def test_outages_of_one_machine_are_one():
    events = [Outage("server", 1, 3), Outage("server", 2, 1), Outage("server", 5, 0.5)]
    result = simulate(POOL, duration_s=6, events=events)
    assert result.records.deaths["server"] == [[(1, False), (4, True), (5, False), (5.5, True)]]
    assert [offer.dead for offer in result.offers("server")] == [0, 1, 0, 1, 0]


def test_machines_that_were_taken_away_cannot_die():
    running = Running(QUARTERS >> LoadBalancer() >> Server(replicas=4), 1)
    running.advance(1)
    running.turn({"server.replicas": 2})
    assert len(running.alive("server")) == 2
    assert [running.kill("server", 9) for _ in range(2)] == ["server#1", "server#2"]
    with pytest.raises(ValueError, match='no machine of "server" is left that could die'):
        running.kill("server", 9)
    running.turn({"server.replicas": 3})
    assert running.kill("server", 9) == "server#3"


def test_a_machine_that_is_back_has_the_queue_that_it_had():
    """One waits at most, before and after: dead from 0.6 to 1.1."""
    system = QUARTERS >> Server(workers=1, service_ms=1000, service_cv=0, queue_limit=1)
    assert statuses(system, [Outage("server", 0.6, 0.5)], 3.5) == [
        502, 502, 503, 502, 502,  # 0 and 1 are there when it dies, and 3 and 4 come while it is dead
        200, 200, 503, 503, 0, 503, 503, 503, 0,
    ]  # fmt: skip


def test_what_fails_for_its_own_sake_fails_again():
    """Half fail; tried three times, one in eight, but of those that are poisoned all."""
    system = MANY >> Retry(attempts=3, backoff="none") >> Server("Web", workers=99, service_ms=1)
    for same, expected in ((False, 1 / 8), (True, 1 / 2)):
        result = simulate(system, duration_s=60, events=[Errors("web", 0, 1e6, share=0.5, same=same)])
        failed, count = (result.requests.status == 500).mean(), len(result.requests)
        assert abs(failed - expected) < 3.3 * (expected * (1 - expected) / count) ** 0.5


def test_who_meets_the_new_version_meets_it_again():
    """It is so slow that the client gives up and asks again: three in ten fail twice, not one in eleven."""
    impatient = Clients(rate_per_s=40, timeout_ms=100, retries=1)
    system = impatient >> Server(workers=9999, service_ms=10, service_cv=0)
    result = simulate(system, duration_s=60, events=[Deploy("server", 0, slower=50, steps=((0, 0.3),))])
    first = result.requests.groupby("arrived_s").ngroups  # every attempt is a request
    timed_out = (result.requests.status == 504).sum()
    tried = len(result.requests) - timed_out / 2
    assert first > 0 and abs(timed_out / 2 / tried - 0.3) < 3.3 * (0.21 / tried) ** 0.5


def test_a_version_that_follows_is_without_the_faults_of_the_one_before():
    """All fail from 1 on; from 21 on half of them have a mended version, from 31 on all."""
    events = [Deploy("server", 1, errors=1), Deploy("server", 21, steps=((0, 0.5), (10, 1)))]
    requests = simulate(MANY >> Server(workers=99, service_ms=1), duration_s=40, events=events).requests
    spans = ((0, 0.9), (1.1, 20.9), (21.1, 30.9), (31.1, 40))
    shares = [requests[requests.arrived_s.between(*span)].status.eq(500).mean() for span in spans]
    assert shares == pytest.approx([0, 1, 0.5, 0], abs=0.08)
    slow = [Deploy("server", 1.1, slower=5), Deploy("server", 3.1)]
    latency = simulate(POOL, duration_s=6, events=slow).requests.latency_ms
    assert latency.round(9).tolist() == [10] * 5 + [50] * 8 + [10] * 11


def test_a_slow_version_is_slow_until_it_is_taken_back_or_another_follows():
    """Eighty a second; a quarter of that while everybody has the slow one, by the shares of each while two are out."""

    def capacity(*deploys, duration_s=60):
        run = simulate(MANY >> Server(workers=8, service_ms=100), duration_s=duration_s, events=deploys)
        return [(round(offer.begin_s, 2), round(offer.per_s, 6)) for offer in run.offers("server")], run

    slow, steps = Deploy("server", 10, slower=4), ((0, 0.25), (10, 1))
    assert capacity(slow)[0] == [(0, 80), (10, 20)]
    assert capacity(slow, Deploy("server", 20))[0] == [(0, 80), (10, 20), (20, 80)]
    assert capacity(slow, Deploy("server", 20, slower=2, steps=steps))[0] == [
        (0, 80), (10, 20), (20, round(80 / (1 + 0.75 * 3 + 0.25), 6)), (30, 40),
    ]  # fmt: skip
    canary = Deploy("server", 10, slower=3, steps=((0, 0.1),))
    assert capacity(canary, Deploy("server", 20, steps=((0, 0.5), (10, 0))))[0] == [
        (0, 80), (10, round(80 / 1.2, 6)), (20, 80), (30, round(80 / 1.2, 6)),
    ]  # fmt: skip
    found, run = capacity(Deploy("server", 10, slower=4, errors=1, back_at=5, back_s=2))
    assert found[2:] == [(round(run.rollbacks[0][0], 2), 80)] and 12 < run.rollbacks[0][0] < 13
    assert "4 times as long for 2 s" in run.explain()


def test_an_outage_is_felt_where_it_is_and_what_lies_behind_goes_on():
    """The server dies at 0.6: the client hears it then; the database ends its query at 1."""
    system = Clients(rate_per_s=0.5, arrivals="even") >> Server(service_ms=500, service_cv=0)
    run = simulate(system >> Database(query_ms=500, query_cv=0), duration_s=1.5, events=[Outage("server", 0.6, 9)])
    assert run.requests[["finished_s", "status"]].values.tolist() == [[0.6, 502]]
    assert run.visits[["component", "left_s"]].values.tolist() == [["server", 0.6], ["database", 1.0]]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (Deploy("load_balancer", slower=2), '"load_balancer" does no work of its own that could be slow'),
        (Deploy("clients", errors=0.1), '"clients" sends requests and answers none'),
        (Slowdown("sever"), 'there is no part "sever": did you mean server?'),
    ],
)
def test_what_would_do_nothing_is_refused(event, sentence):
    with pytest.raises(ValueError, match=sentence):
        simulate(POOL, duration_s=1, events=[event])
