"""A server that dies of its backlog: when, with what in its hands, and how it comes back."""

import pytest

from pmtech import Change, Clients, Database, LoadBalancer, Outage, Server, Surge, System, simulate


def slow(**more) -> Server:
    return Server(workers=1, service_ms=10_000, service_cv=0, **more)


def test_one_too_many_and_it_dies_with_all_that_it_holds(story):
    """One is at work and two wait when the fourth comes; the fifth finds it dead, the sixth finds it back, and empty."""
    run = story(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, restart_s=1.5), duration_s=5.9)
    assert run.requests == [
        ("clients", 0.0, 3.0, 502),
        ("clients", 1.0, 3.0, 502),
        ("clients", 2.0, 3.0, 502),
        ("clients", 3.0, 3.0, 502),
        ("clients", 4.0, 4.0, 502),
        ("clients", 5.0, None, 0),
    ]
    assert run.result.records.deaths["server"] == [[(3.0, False), (4.5, True)]]
    assert run.visits[-1] == (5, "server", 5.0, 5.0, None)
    assert run.result.components.crashes["server"] == 1


def test_as_many_as_its_memory_holds_do_no_harm(story):
    run = story(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2), duration_s=2.9)
    assert [status for *_, status in run.requests] == [0, 0, 0]
    assert run.result.components.crashes["server"] == 0


def test_a_shorter_queue_keeps_it_alive(story):
    """Some are refused, so that the others are not lost with it."""
    run = story(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, queue_limit=1), duration_s=3.9)
    assert [status for *_, status in run.requests] == [0, 0, 503, 503]
    assert run.result.components.crashes["server"] == 0
    longer = simulate(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, queue_limit=3), duration_s=3.9)
    assert longer.requests.status.tolist() == [502] * 4


def test_with_a_queue_as_long_as_its_memory_the_memory_gives_way():
    run = simulate(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, queue_limit=2), duration_s=3.9)
    assert run.components.crashes["server"] == 1


def test_each_machine_has_its_own_memory():
    pool = Clients(rate_per_s=2, arrivals="even") >> LoadBalancer() >> slow(crashes_at=1, restart_s=60, replicas=2)
    run = simulate(pool, duration_s=2.9)
    assert run.components.crashes["server"] == 2  # one and one in each pair of hands, then one too many
    assert [[at_s for at_s, _ in deaths] for deaths in run.records.deaths["server"]] == [[2.0], [2.5]]


def test_an_outage_and_a_crash_are_two_reasons_to_be_dead():
    system = Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=1, restart_s=4)
    run = simulate(system, duration_s=12, events=[Outage("server", at_s=3.5, for_s=5)])
    assert run.records.deaths["server"][0][:2] == [(2.0, False), (8.5, True)]
    assert run.components.crashes["server"] == 2  # and again at 11


def test_what_it_had_asked_for_goes_on_in_vain():
    system = Clients(rate_per_s=1, arrivals="even") >> Server(
        "Web", workers=1, service_ms=10, service_cv=0, crashes_at=1
    )
    run = simulate(system >> Database(connections=1, query_ms=5000, query_cv=0), duration_s=9)
    assert run.requests.status.tolist()[:3] == [502, 502, 502]
    at_database = run.visits[run.visits.component == "database"]
    assert at_database.left_s.iloc[0] == pytest.approx(5.01)


def test_memory_may_be_bought_during_the_run():
    system = Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=1, restart_s=60)
    bought = simulate(system, duration_s=4, events=[Change("server.crashes_at", 9, at_s=1.5)])
    sold = simulate(
        system.replace({"server.crashes_at": 9}), duration_s=4, events=[Change("server.crashes_at", 1, at_s=1.5)]
    )
    none = simulate(system, duration_s=4, events=[Change("server.crashes_at", None, at_s=1.5)])
    assert bought.requests.status.tolist() == none.requests.status.tolist() == [0] * 4
    assert sold.components.crashes["server"] == 1


def down_again(**clients) -> int:
    """How often it dies after a rush of five seconds."""
    people = Clients("People", rate_per_s=50, timeout_ms=2000, surge=Surge(10, 5, 4), **clients)
    return simulate(people >> Server(crashes_at=100, restart_s=5), duration_s=90).components.crashes["server"]


def test_everybody_who_comes_back_kills_it_again():
    together, spread = (
        {"retries": 3, "backoff": "exponential", "base_ms": 500},
        {"retries": 3, "backoff": "full_jitter"},
    )
    assert down_again() == 1
    assert down_again(**together) > down_again(**spread, base_ms=500) > 1
    assert down_again(**together, retry_budget=0.1) == 1


def test_it_says_so_and_can_be_kept_in_a_file(tmp_path):
    system = Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, restart_s=1.5)
    assert "dies when more than 2 wait" in system.components["server"].facts()
    run = simulate(system, duration_s=10)
    assert "dies 2 times of its backlog" in run.explain()
    system.save(tmp_path / "system.json")
    assert System.open(tmp_path / "system.json").components == system.components


def test_a_crash_costs_no_more_than_the_machine():
    run = simulate(Clients(rate_per_s=1, arrivals="even") >> slow(crashes_at=2, price_usd_per_hour=0.5), duration_s=9)
    assert run.components.crashes["server"] == 1 and run.summary.cost_usd_per_hour == pytest.approx(0.5)
