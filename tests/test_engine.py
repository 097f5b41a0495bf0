"""The clock: light processes beside ordinary SimPy ones, alarms, stations."""

import gc

import pytest
import simpy

from pmtech import Clients, Database, Server, Throttle
from pmtech.engine.clock import Alarm, Journey
from pmtech.engine.records import from_run
from pmtech.engine.run import Run
from pmtech.engine.station import Station
from pmtech.runs.running import Running


@pytest.fixture
def run():
    return Run(seed=1)


def go(run, steps):
    journey = Journey(run.env)
    journey.begin(steps)
    return journey


# Journeys


def test_a_journey_takes_its_first_steps_at_once_and_then_goes_by_the_clock(run):
    log = []

    def walk():
        log.append(run.env.now)
        yield 1.5
        log.append(run.env.now)
        yield 0
        log.append(run.env.now)

    go(run, walk())
    assert log == [0]
    run.advance(10)
    assert log == [0, 1.5, 1.5]


def test_a_journey_that_parks_goes_on_when_somebody_wakes_it(run):
    log = []

    def sleep():
        yield
        log.append(("woken", run.env.now))
        yield 1.0
        log.append(("done", run.env.now))

    def wake(sleeper):
        yield 2.0
        sleeper.wake()
        log.append(("waker", run.env.now))

    go(run, wake(go(run, sleep())))
    run.advance(10)
    assert log == [("waker", 2.0), ("woken", 2.0), ("done", 3.0)]


def test_what_is_due_at_the_same_moment_happens_in_the_order_in_which_it_was_planned(run):
    log = []

    def walk(name, *delays):
        for delay in delays:
            yield delay
            log.append((name, run.env.now))

    go(run, walk("a", 1.0, 1.0))
    go(run, walk("b", 2.0))
    go(run, walk("c", 1.0, 1.0))
    run.advance(3)
    assert log == [("a", 1.0), ("c", 1.0), ("b", 2.0), ("a", 2.0), ("c", 2.0)]


def test_ordinary_simpy_processes_run_beside_the_light_ones(run):
    log = []
    resource = simpy.Resource(run.env, capacity=1)

    def plain(name, after):
        yield run.env.timeout(after)
        with resource.request() as turn:
            yield turn
            log.append((name, run.env.now))
            yield run.env.timeout(1)

    def light():
        for _ in range(3):
            yield 0.75
            log.append(("light", run.env.now))

    run.env.process(plain("first", 0.5))
    run.env.process(plain("second", 1))
    go(run, light())
    run.advance(5)
    assert log == [("first", 0.5), ("light", 0.75), ("light", 1.5), ("second", 1.5), ("light", 2.25)]


def test_a_simpy_process_meets_the_same_requests_as_without_it():
    """An autoscaler or a learner's own process may look on without changing anything."""
    system = Clients() >> Server() >> Database()
    alone, watched = Running(system, 1), Running(system, 1)
    seen = []

    def watch(env):
        while True:
            seen.append(len(watched.run.requests))
            yield env.timeout(1)

    watched.run.env.process(watch(watched.run.env))
    for running in (alone, watched):
        running.advance(30)
    assert [r.finished for r in watched.run.requests if r.status] == [
        r.finished for r in alone.run.requests if r.status
    ]
    assert len(seen) == 30 and seen == sorted(seen) and seen[-1] > 200


# The run


def test_what_is_due_at_the_end_has_not_happened(run):
    log = []

    def walk():
        while True:
            yield 1.0
            log.append(run.env.now)

    go(run, walk())
    run.advance(2)
    assert (log, run.env.now) == ([1.0], 2)
    run.advance(2)
    assert log == [1.0]
    run.advance(2.5)
    assert (log, run.env.now) == ([1.0, 2.0], 2.5)


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_looked_for_again_after_a_run_even_one_that_fails(run, collecting):
    def fall():
        yield 1.0
        raise RuntimeError("fell")

    go(run, fall())
    was = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises(RuntimeError, match="fell"):
            run.advance(2)
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if was else gc.disable)()


def test_a_run_that_was_broken_off_goes_on_with_what_is_due(run):
    log = []

    def fall():
        yield 1.0
        raise RuntimeError("fell")

    def walk():
        while True:
            yield 2.0
            log.append(run.env.now)

    go(run, fall())
    go(run, walk())
    with pytest.raises(RuntimeError, match="fell"):
        run.advance(5)
    run.advance(9)
    assert (log, run.env.now) == ([2.0, 4.0, 6.0, 8.0], 9)


def test_simpys_own_loop_moves_journeys_and_alarms_too(run):
    log = []

    def walk():
        yield 1.0
        log.append(("walked", run.env.now))
        yield 1.0
        log.append(("walked", run.env.now))

    go(run, walk())
    moved = Alarm(run.env, lambda: log.append(("rang", run.env.now)))
    moved.set(0.5)
    moved.set(1.5)
    run.env.run(until=3)
    assert log == [("walked", 1.0), ("rang", 1.5), ("walked", 2.0)]


def test_time_does_not_run_backwards(run):
    run.advance(5)
    with pytest.raises(ValueError):
        run.advance(3)


# Alarms


def test_an_alarm_rings_once_at_its_time(run):
    log = []
    Alarm(run.env, lambda: log.append(run.env.now)).set(2.5)
    run.advance(10)
    assert log == [2.5]


def test_an_alarm_can_be_moved_called_off_and_set_again(run):
    log = []
    alarm = Alarm(run.env, lambda: log.append(run.env.now))
    alarm.set(2)
    alarm.set(1)
    alarm.set(3)
    run.advance(2.5)
    assert log == []
    run.advance(4)
    assert log == [3]
    alarm.set(5)
    alarm.set(float("inf"))
    run.advance(6)
    assert log == [3]
    alarm.set(7)
    alarm.set(8)
    alarm.set(7)  # the entry of the first time stands there yet: it rings once all the same
    run.advance(9)
    assert log == [3, 7]


def test_an_alarm_may_set_itself_again(run):
    log = []

    def ring():
        log.append(run.env.now)
        alarm.set(run.env.now + 1)

    alarm = Alarm(run.env, ring)
    alarm.set(0.5)
    run.advance(3)
    assert log == [0.5, 1.5, 2.5]


def test_an_urgent_alarm_goes_before_whatever_else_is_due(run):
    log = []
    Alarm(run.env, lambda: log.append("arrives")).set(1)
    Alarm(run.env, lambda: log.append("turned"), urgent=True).set(1)
    run.advance(2)
    assert log == ["turned", "arrives"]


# Stations


def test_places_are_taken_first_come_first_served(run):
    station, log = Station(1), []

    def visit(name, work):
        if not station.take():
            yield station.wait(journeys[name])
        log.append((name, "begins", run.env.now))
        yield work
        station.leave()
        log.append((name, "leaves", run.env.now))

    journeys = {name: Journey(run.env) for name in "abc"}
    for name in "abc":
        journeys[name].begin(visit(name, 1.0))
    assert (station.busy, len(station.waiting), station.full) == (1, 2, False)
    run.advance(10)
    assert log == [
        ("a", "begins", 0),
        ("a", "leaves", 1),
        ("b", "begins", 1),
        ("b", "leaves", 2),
        ("c", "begins", 2),
        ("c", "leaves", 3),
    ]
    assert station.busy == 0


def test_a_line_of_limited_length():
    station = Station(1, limit=1)
    assert (station.take(), station.take(), station.full) == (True, False, False)
    station.wait(object())
    assert station.full
    assert Station(1, limit=0).full and not Station(1).full


def test_resizing_wakes_who_waits_and_lets_go_of_places_as_they_fall_free(run):
    station, woken = Station(2), []

    class Waiter:
        def __init__(self, name):
            self.name = name

        def wake(self):
            woken.append(self.name)

    assert station.take() and station.take() and not station.take()
    for name in "abcd":
        station.wait(Waiter(name))
    station.resize(3, None)
    assert (woken, station.busy) == (["a"], 3)
    station.resize(1, 2)
    assert (station.busy, station.limit) == (3, 2)
    station.leave()
    station.leave()
    assert (woken, station.busy) == (["a"], 1)  # two places are gone, nobody takes them
    station.leave()
    assert (woken, station.busy) == (["a", "b"], 1)


# Forgetting


def forgetful(system, at_s, before_s):
    running = Running(system, 1)
    running.advance(at_s)
    running.run.forget(before_s)
    return running


def test_a_run_that_forgets_goes_on_as_if_it_had_not():
    system = Clients(rate_per_s=20) >> Server(workers=2) >> Database()
    plain, short = Running(system, 1), forgetful(system, at_s=20, before_s=15)
    for running in (plain, short):
        running.advance(40)
    kept = [r for r in plain.run.requests if not r.finished < 15]
    assert 0 < len(kept) < len(plain.run.requests)
    assert [repr((r.number, r.finished)) for r in short.run.requests] == [repr((r.number, r.finished)) for r in kept]
    assert from_run(short.run).arrived_s.tolist() == [r.arrived for r in kept]


@pytest.mark.parametrize(
    "behind", [Server(workers=1, service_ms=400, queue_limit=20), Throttle(rate_per_s=1, max_wait_s=5)]
)
def test_who_gave_up_is_remembered_as_long_as_the_work_goes_on(behind):
    running = forgetful(Clients(rate_per_s=5, timeout_ms=250) >> behind, at_s=20, before_s=18)
    assert len(from_run(running.run).visits) == 1
