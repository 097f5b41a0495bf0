"""A server: workers, a line before them, and what lies behind."""

import pytest

from pmtech import Change, Clients, Database, LoadBalancer, Server, simulate

HALF_SECONDS = Clients(rate_per_s=2, arrivals="even")


def test_capacity():
    assert Server(workers=8, service_ms=100).capacity_per_s == 80
    assert Server(workers=8, service_ms=100, replicas=3).capacity_per_s == 240


def test_first_come_first_served(story):
    run = story(HALF_SECONDS >> Server(workers=1, service_ms=750, service_cv=0), duration_s=2)
    assert run.visits == [
        (0, "server", 0.0, 0.0, 0.75),
        (1, "server", 0.5, 0.75, 1.5),
        (2, "server", 1.0, 1.5, None),
        (3, "server", 1.5, None, None),
    ]
    server = run.result.components.loc["server"]
    assert (server.served, server.rejected, server.max_queue) == (2, 0, 1)
    assert server.utilisation == 1.0
    assert server.mean_queue == (0.25 + 0.5 + 0.5) / 2


def test_two_workers_take_one_each(story):
    run = story(HALF_SECONDS >> Server(workers=2, service_ms=1250, service_cv=0), duration_s=2)
    assert run.visits == [
        (0, "server", 0.0, 0.0, 1.25),
        (1, "server", 0.5, 0.5, 1.75),
        (2, "server", 1.0, 1.25, None),
        (3, "server", 1.5, 1.75, None),
    ]


def test_a_full_queue_answers_503_at_once(story):
    system = Clients(rate_per_s=4, arrivals="even") >> Server(workers=1, service_ms=1000, service_cv=0, queue_limit=1)
    run = story(system, duration_s=1.5)
    assert run.requests == [
        ("clients", 0.0, 1.0, 200),
        ("clients", 0.25, None, 0),
        ("clients", 0.5, 0.5, 503),
        ("clients", 0.75, 0.75, 503),
        ("clients", 1.0, None, 0),
        ("clients", 1.25, 1.25, 503),
    ]
    assert run.refusals == [(n, "server", at, 503, None) for n, at in ((2, 0.5), (3, 0.75), (5, 1.25))]
    assert run.column("served_by") == ["server"] * 3 + ["server", None, "server"]


def test_without_waiting_places_a_busy_server_refuses(story):
    run = story(HALF_SECONDS >> Server(workers=1, service_ms=750, service_cv=0, queue_limit=0), duration_s=2)
    assert [(at, status) for _, at, _, status in run.requests] == [(0.0, 200), (0.5, 503), (1.0, 200), (1.5, 503)]


def test_a_blocking_worker_is_held_while_the_database_works(story):
    server, database = (
        Server(workers=1, service_ms=250, service_cv=0),
        Database(connections=1, query_ms=500, query_cv=0),
    )
    run = story(HALF_SECONDS >> server >> database, duration_s=1.5)
    assert run.visits == [
        (0, "server", 0.0, 0.0, 0.75),
        (0, "database", 0.25, 0.25, 0.75),
        (1, "server", 0.5, 0.75, None),
        (1, "database", 1.0, 1.0, None),
        (2, "server", 1.0, None, None),
    ]
    assert run.result.components.utilisation.tolist() == [1.0, pytest.approx(1.0 / 1.5)]


def test_a_worker_that_does_not_block_is_free_after_its_own_work(story):
    server = Server(workers=1, service_ms=250, service_cv=0, blocking=False)
    run = story(HALF_SECONDS >> server >> Database(connections=1, query_ms=500, query_cv=0), duration_s=1.5)
    assert run.visits == [
        (0, "server", 0.0, 0.0, 0.25),
        (0, "database", 0.25, 0.25, 0.75),
        (1, "server", 0.5, 0.5, 0.75),
        (1, "database", 0.75, 0.75, 1.25),
        (2, "server", 1.0, 1.0, 1.25),
        (2, "database", 1.25, 1.25, None),
    ]
    assert run.requests == [("clients", 0.0, 0.75, 200), ("clients", 0.5, 1.25, 200), ("clients", 1.0, None, 0)]


def test_an_answer_of_what_lies_behind_is_the_answer(story):
    server = Server(workers=9, service_ms=250, service_cv=0)
    database = Database(connections=1, query_ms=875, query_cv=0, queue_limit=0)
    run = story(HALF_SECONDS >> server >> database, duration_s=1.5)
    assert run.requests == [("clients", 0.0, 1.125, 200), ("clients", 0.5, 0.75, 503), ("clients", 1.0, None, 0)]
    assert run.column("served_by") == ["server", "database", "server"]


def test_more_workers_take_who_waits_and_fewer_finish_what_they_hold(story):
    system = Clients(rate_per_s=4, arrivals="even") >> Server(workers=1, service_ms=1000, service_cv=0)
    events = [Change("server.workers", 3, at_s=0.625), Change("server.workers", 1, at_s=0.875)]
    run = story(system, duration_s=3, events=events)
    assert run.visits[:6] == [
        (0, "server", 0.0, 0.0, 1.0),
        (1, "server", 0.25, 0.625, 1.625),
        (2, "server", 0.5, 0.625, 1.625),
        (3, "server", 0.75, 1.625, 2.625),
        (4, "server", 1.0, 2.625, None),
        (5, "server", 1.25, None, None),
    ]
    assert run.result.components.utilisation["server"] == pytest.approx((1 + 1 + 1 + 1 + 0.375) / (3 + 2 * 0.25))


def test_a_new_service_time_holds_for_work_that_begins_after_it(story):
    system = HALF_SECONDS >> Server(workers=1, service_ms=750, service_cv=0)
    run = story(system, duration_s=2, events=[Change("server.service_ms", 250, at_s=0.25)])
    assert run.visits == [
        (0, "server", 0.0, 0.0, 0.75),
        (1, "server", 0.5, 0.75, 1.0),
        (2, "server", 1.0, 1.0, 1.25),
        (3, "server", 1.5, 1.5, 1.75),
    ]


def test_replicas_are_machines_with_a_line_each(story):
    system = HALF_SECONDS >> LoadBalancer() >> Server(workers=1, service_ms=1250, service_cv=0, replicas=2)
    run = story(system, duration_s=2)
    assert run.visits == [
        (0, "load_balancer", 0.0, 0.0, 0.0),
        (0, "server", 0.0, 0.0, 1.25),
        (1, "load_balancer", 0.5, 0.5, 0.5),
        (1, "server", 0.5, 0.5, 1.75),
        (2, "load_balancer", 1.0, 1.0, 1.0),
        (2, "server", 1.0, 1.25, None),
        (3, "load_balancer", 1.5, 1.5, 1.5),
        (3, "server", 1.5, 1.75, None),
    ]
    assert run.column("served_by") == ["server#1", "server#2", "server#1", "server#2"]
    # a pool written out is the same pool
    pool = story(HALF_SECONDS >> LoadBalancer() >> [Server(workers=1, service_ms=1250, service_cv=0)] * 2, duration_s=2)
    assert pool.requests == run.requests


def test_service_times_have_the_mean_and_the_spread_that_is_asked_for():
    clients = Clients(rate_per_s=100)
    for cv in (0.25, 1, 2):
        visits = simulate(clients >> Server(workers=100_000, service_ms=200, service_cv=cv), duration_s=200).visits
        work = (visits.left_s - visits.started_s).dropna()
        n = len(work)
        assert abs(work.mean() - 0.2) < 3.3 * 0.2 * cv / n**0.5
        # the sample variance of a gamma: sd = sigma^2 sqrt((kurtosis - 1) / n), kurtosis = 3 + 6 cv^2
        variance = (0.2 * cv) ** 2
        assert abs(work.var() - variance) < 3.3 * variance * ((2 + 6 * cv**2) / n) ** 0.5


def test_who_came_with_patience_is_not_dropped_when_others_come_with_less(story):
    """Four come with 10 s of patience; from 1 s on people come with a quarter of a second, and only they are dropped."""
    clients = Clients(rate_per_s=4, arrivals="even", timeout_ms=10_000)
    system = clients >> Server(workers=1, service_ms=500, service_cv=0, drops_late=True)
    run = story(system, duration_s=4, events=[Change("clients.timeout_ms", 250, at_s=1.1)])
    assert [status for *_, status in run.requests[:4]] == [200] * 4
    assert {row for row, *_ in run.refusals} and all(row >= 4 for row, *_ in run.refusals)
