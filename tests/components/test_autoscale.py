"""An autoscaler: what it sees, when it acts, and what that costs. Its arithmetic is held in tests/theory/test_autoscaling.py."""

from itertools import pairwise

import numpy as np
import pytest

from pmtech import Autoscale, Change, Clients, LoadBalancer, Outage, Profile, Queue, Server, simulate, theory
from pmtech.runs.running import Running
from pmtech.system.flow import flows

EVEN = {"arrivals": "even"}


def pool(rule, *, replicas=1, service_ms=100, **more):
    return Server(workers=1, service_ms=service_ms, service_cv=0, replicas=replicas, autoscale=rule, **more)


def machines(result):
    """(since when, how many that take requests) as it went."""
    return [(at_s, system.components["server"].replicas) for at_s, system in result.history]


def looks(result):
    """(when it looked, how many take requests then, how many start)."""
    notes = result.records.notes["server"]
    return [(int(at_s), int(ready), int(starting)) for at_s, ready, starting, used in notes if used == used]


STEP = (
    Clients(rate_per_s=4, **EVEN)
    >> Queue(store_ms=0)
    >> pool(Autoscale(target=0.5, every_s=15, starts_s=30, calm_s=60), price_usd_per_hour=0.1)
)


def test_a_step_of_load():
    """At second 60 five times as much comes, work for two machines, so that four are wanted in the end.

    One that is always busy wants two, of which the second takes requests at 105; two wants four, at 150; the messages that
    wait meanwhile keep four busy until 172.5, so eight, at 195. From 195 on they are idle three quarters of the time: four
    would do. The last time that eight were wanted was then; 60 s later four go.
    """
    result = simulate(STEP, duration_s=300, events=[Change("clients.rate_per_s", 20, 60)])
    assert machines(result) == [(0, 1), (60, 1), (105, 2), (150, 4), (195, 8), (255, 4)]
    assert looks(result)[3:] == [
        (60, 1, 0), (75, 1, 1), (90, 1, 1), (105, 2, 0), (120, 2, 2), (135, 2, 2), (150, 4, 0), (165, 4, 4),
        (180, 4, 4), (195, 8, 0), (210, 8, 0), (225, 8, 0), (240, 8, 0), (255, 4, 0), (270, 4, 0), (285, 4, 0),
    ]  # fmt: skip
    server = result.components.loc["server"]
    assert server.most_machines == 8
    assert server.machines == pytest.approx(sum(ready for _, ready, _ in looks(result)) / 19)


def test_machines_that_start_are_paid_for():
    result = simulate(STEP, duration_s=300, events=[Change("clients.rate_per_s", 20, 60)])
    ready_s = 105 * 1 + 45 * 2 + 45 * 4 + 60 * 8 + 45 * 4
    starting_s = 30 * 1 + 30 * 2 + 30 * 4
    assert result.summary.cost_usd_per_hour == pytest.approx(0.1 * (ready_s + starting_s) / 300)
    later = simulate(STEP, duration_s=300, warmup_s=180, events=[Change("clients.rate_per_s", 20, 60)])
    assert later.summary.cost_usd_per_hour == pytest.approx(0.1 * (15 * 8 + 60 * 8 + 45 * 4) / 120)


def test_the_spike_beats_the_scaler():
    """Everybody is busy whoever is there: four more or twice as many every 15 s, 2 to 100 in 90 s."""
    rule = Autoscale(target=0.1, most=100, starts_s=0)
    system = Clients(rate_per_s=5, **EVEN) >> Queue() >> pool(rule, replicas=2, service_ms=200_000)
    result = simulate(system, duration_s=120)
    assert machines(result) == [(0, 2), (15, 6), (30, 12), (45, 24), (60, 48), (75, 96), (90, 100)]


def test_however_it_is_run_it_scales():
    """Behind a balancer nothing else needs events; the exact shortcut knows of no autoscaler."""
    system = Clients(rate_per_s=18, **EVEN) >> LoadBalancer() >> pool(Autoscale(starts_s=5))
    for engine in ("auto", "events"):
        assert machines(simulate(system, duration_s=60, engine=engine)) == [(0, 1), (20, 2), (50, 4)]


def test_within_its_tolerance_it_leaves_things_alone():
    rule = Autoscale(target=0.5, calm_s=0, tolerance=0.1)
    for rate, after in ((11, 2), (9, 2), (12, 3), (4, 1)):
        result = simulate(Clients(rate_per_s=rate, **EVEN) >> Queue() >> pool(rule, replicas=2), duration_s=20)
        assert looks(result)[0][1] + looks(result)[0][2] == after, rate


def test_what_there_was_when_it_began_counts_as_wanted_then():
    """As in Kubernetes (recordInitialRecommendation, horizontal.go): nobody takes machines away before the calm is over."""
    rule = Autoscale(target=0.5, calm_s=60)
    system = Clients(rate_per_s=4, **EVEN) >> Queue(store_ms=0) >> pool(rule, replicas=6)
    assert machines(simulate(system, duration_s=120)) == [(0, 6), (60, 1)]
    later = simulate(
        system.replace({"server.autoscale": None}), duration_s=120, events=[Change("server.autoscale", rule, 20)]
    )
    assert machines(later) == [(0, 6), (20, 6), (80, 1)]


def test_as_many_as_are_set_always_and_the_dead_are_replaced():
    """One of three dies at 12, is missed at 20, and another is there at 40; at 112 it is back, and at 120 one goes."""
    rule = Autoscale(least=3, most=3, every_s=10, starts_s=20, calm_s=0)
    system = Clients(rate_per_s=3, **EVEN) >> LoadBalancer(health_check_s=1) >> pool(rule, replicas=3)
    result = simulate(system, duration_s=150, events=[Outage("server", 12, 100)])
    assert machines(result) == [(0, 3), (40, 4), (120, 3)]


def test_when_all_are_dead_it_starts_as_many_as_there_must_be():
    rule = Autoscale(least=2, most=9, every_s=10, starts_s=20)
    system = Clients(rate_per_s=3, **EVEN) >> Queue(store_ms=0) >> pool(rule, replicas=2)
    result = simulate(system, duration_s=60, events=[Outage("server", 12, 1e6, count=2)])
    assert machines(result)[:2] == [(0, 2), (40, 4)]
    received = result.messages.received_s
    assert not ((received > 12) & (received < 40)).any() and (received >= 40).sum() > 30


def test_of_those_that_go_the_dead_ones_do_not_count():
    """Of four idle machines one is dead, so three work, and one is enough: it has to be one that works."""
    rule = Autoscale(calm_s=0)
    system = Clients(rate_per_s=1, **EVEN) >> LoadBalancer(health_check_s=0.1) >> pool(rule, replicas=4)
    first = simulate(system, duration_s=40, events=[Outage("server", 1, 1e6)])
    last = simulate(system, duration_s=40, events=[Outage("server", 1, 0.5, count=3), Outage("server", 1.2, 1e6)])
    for result, ready in ((first, 2), (last, 1)):
        assert machines(result) == [(0, 4), (15, ready)]
        assert set(result.requests.status[result.requests.arrived_s.between(16, 39)]) == {200}


def test_it_can_be_switched_off_and_on():
    rule = Autoscale(target=0.5, every_s=10, starts_s=15, calm_s=0)
    system = Clients(rate_per_s=8, **EVEN) >> Queue(store_ms=0) >> pool(rule)
    off = simulate(system, duration_s=200, events=[Change("server.autoscale", None, 12)])
    assert machines(off) == [(0, 1), (12, 1)]  # the second was on its way
    assert off.summary.cost_usd_per_hour == pytest.approx(0.1 * (200 + 2) / 200)
    on = simulate(
        system.replace({"server.autoscale": None}), duration_s=200, events=[Change("server.autoscale", rule, 100)]
    )
    assert machines(on)[:3] == [(0, 1), (100, 1), (125, 2)]


def test_live_it_sees_as_much_of_what_is_forgotten_meanwhile():
    """A run without an end drops what is over; what a machine has done since the last look is still known."""
    system = Clients(rate_per_s=18) >> Queue() >> pool(Autoscale(every_s=15, starts_s=5, calm_s=30))
    plain, forgetful = Running(system, 1), Running(system, 1)
    plain.advance(300)
    for second in range(1, 301):
        forgetful.advance(second)
        forgetful.run.forget(second - 3)
    assert forgetful.history == plain.history and len(plain.history) > 3


AHEAD = Autoscale(target=0.5, every_s=15, starts_s=30, calm_s=30, most=9, schedule=((60, 6), (120, 2)))


def test_a_schedule_orders_machines_before_the_load():
    """From 60 on at least six: ordered at that look, there at 90; from 120 on two, at once as nobody has wanted more for 30 s
    (the six were the schedule's wish, the last time at 105)."""
    system = Clients(rate_per_s=4, **EVEN) >> Queue(store_ms=0) >> pool(AHEAD)
    assert machines(simulate(system, duration_s=200)) == [(0, 1), (90, 6), (135, 2)]
    without = system.replace({"server.autoscale.schedule": ()})
    assert machines(simulate(without, duration_s=200)) == [(0, 1)]


def test_the_least_is_never_undercut_by_the_schedule():
    """Somebody who asks for three at least has three, whatever was planned for the hour."""
    system = Clients(rate_per_s=4, **EVEN) >> Queue(store_ms=0) >> pool(AHEAD)
    system = system.replace({"server.autoscale.least": 3, "server.replicas": 3})
    assert machines(simulate(system, duration_s=200)) == [(0, 3), (90, 6), (135, 3)]


def test_a_schedule_is_faster_than_the_limit_and_never_above_most():
    rule = Autoscale(most=30, starts_s=0, schedule=((10, 25),))
    system = Clients(rate_per_s=1, **EVEN) >> Queue() >> pool(rule)
    assert machines(simulate(system, duration_s=40)) == [(0, 1), (15, 25)]
    assert AHEAD.facts() == ["1 to 9 machines, 50 % busy", "at least 6 from 60 s", "at least 2 from 120 s"]


def test_in_the_long_run_there_are_as_many_as_there_may_be():
    """Mean rates, as the picture has them: nothing is refused that the most machines can take."""
    system = Clients(rate_per_s=50) >> LoadBalancer() >> pool(Autoscale(most=6), queue_limit=5)
    flow = flows(system)[0]["server"]
    assert (flow.capacity, flow.passes) == (60, 50)
    assert flows(system.replace({"server.autoscale": None}))[0]["server"].capacity == 10


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ((60, 6), "schedule must be pairs"),
        (((60, 0),), "schedule must be pairs"),
        (((60, 1.5),), "schedule must be pairs"),
        (((60, 2), (60, 3)), "schedule must go forward in time"),
        (((60, 21),), r"least must be no more than most \(20\), got 21"),
        ("at ten", "schedule must be pairs"),
    ],
)
def test_a_schedule_that_makes_no_sense(schedule, sentence):
    with pytest.raises(ValueError, match=sentence):
        Autoscale(schedule=schedule)


def test_each_look_is_kubernetes_arithmetic():
    """What it did at each look follows from what it saw there, by `theory` alone; a day with a surge, a death, a slow hour."""
    rule = Autoscale(target=0.6, least=1, most=30, every_s=15, starts_s=40, calm_s=120)
    load = Clients(rate_per_s=6, profile=Profile(((0, 1), (300, 1), (320, 6), (900, 6), (1000, 0.5))))
    system = load >> LoadBalancer(health_check_s=5) >> pool(rule, replicas=2, queue_limit=20, service_ms=400)
    result = simulate(system, duration_s=1500, events=[Outage("server", 600, 200)])
    notes, said = result.records.notes["server"], []
    ups = [b - a for (_, a), (_, b) in pairwise(machines(result)) if b > a]
    for at_s, ready, starting, used in notes[~np.isnan(notes[:, 3])]:
        said.append((at_s, ready + starting, used))
    for (at_s, had, _), (_, has, used) in pairwise(said):
        assert has <= max(theory.replica_limit(int(had)), rule.least), at_s
        assert has <= had or used > rule.target * (1 + rule.tolerance) or at_s >= 585, at_s
        assert has >= had or used < rule.target, at_s
    assert max(ups) > 4 and len(ups) > 3 and 1 <= min(has for _, has, _ in said) < 5


def test_rules_that_make_no_sense_and_words_for_its_box():
    with pytest.raises(ValueError, match=r"^least must be no more than most \(3\), got 4$"):
        Autoscale(least=4, most=3)
    assert Autoscale(least=2, most=2).facts() == ["always 2 machines"]
    assert Autoscale(target=0.5, most=9).facts() == ["1 to 9 machines, 50 % busy"]
    with pytest.raises(ValueError, match='the machines of "server" need a LoadBalancer in front of them'):
        Clients() >> pool(Autoscale())
