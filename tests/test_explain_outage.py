"""The sentences under a run in which machines die: they speak of the capacity that was there."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech import (
    Autoscale,
    Change,
    Clients,
    Database,
    LoadBalancer,
    Outage,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    simulate,
)

LAUNCH = (
    Clients("Visitors", rate_per_s=600)
    >> LoadBalancer(health_check_s=1)
    >> Server(workers=8, service_ms=100, service_cv=0.5, replicas=8)
)
TWO = Clients(rate_per_s=60) >> LoadBalancer(health_check_s=1) >> Server(workers=4, service_ms=100, replicas=2)


def said(system, *events, **how):
    return simulate(system, events=events, **how).explain()


def number(pattern, text):
    """The number that stands in the place of # in a sentence."""
    found = re.search(re.escape(pattern).replace(r"\#", r"([\d,.]+\d|\d)"), text)
    assert found, f"{pattern!r} is not said: {text}"
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize("seed", range(1, 6))
def test_seven_of_eight_servers_serve_560(seed):
    text = said(LAUNCH, Outage("server", at_s=10, for_s=60), seed=seed)
    assert "600 requests a second arrive at “Server” from second" in text
    assert "which can serve 560 while 1 of 8 machines is dead." in text
    assert number("The queue grows by # every second", text) == pytest.approx(40, abs=12)


def test_a_line_that_grew_until_the_machine_came_back():
    text = said(TWO, Outage("server", at_s=20, for_s=30))
    assert "60 requests a second arrive at “Server” from second 21 to 50" in text
    assert "which can serve 40 while 1 of 2 machines is dead." in text
    assert number("# were waiting at second 50", text) > number("at the end # still are", text)


def test_the_last_one_will_wait_as_long_as_it_then_does():
    outage, nobody_else = Outage("server", at_s=20, for_s=30), Change("clients.rate_per_s", 0, at_s=60)
    promised = number("the last of them will wait about # s", said(TWO, outage))
    visits = simulate(TWO, duration_s=120, events=[outage, nobody_else]).visits
    last_s = visits[visits.component == "server"].started_s.max() - 60
    assert promised == pytest.approx(last_s, rel=0.15)  # the line stands before the machine that lived


def test_twins_count_as_one_pool():
    twins = Clients(rate_per_s=60) >> LoadBalancer(health_check_s=1) >> [Server(workers=4), Server(workers=4)]
    text = said(twins, Outage("server", at_s=20, for_s=60))
    assert "60 requests a second arrive at the 2 machines of “Server”" in text
    assert "which can serve 40 while 1 of 2 machines is dead." in text


def test_a_death_without_a_line_is_spoken_of_and_the_share_is_that_of_what_was_there():
    result = simulate(LAUNCH.replace({"server.replicas": 9}), events=[Outage("server", at_s=30, for_s=20)])
    text = result.explain()
    assert "a second is used (1 of 9 machines is dead for 20 s)" in text
    capacity = number("of its capacity of # a second", text)
    assert capacity == pytest.approx(720 - 80 * 20 / 60, abs=1)
    assert number("“Server”: # %", text) / 100 * capacity == pytest.approx(result.summary.served_per_s, rel=0.02)


def test_a_single_machine_that_is_dead():
    text = said(Clients(rate_per_s=60) >> Server(workers=8), Outage("server", at_s=20, for_s=30))
    assert "its capacity of 40 a second is used (it is dead for 30 s)" in text
    assert number("“Server” refuses # a second with 502.", text) == pytest.approx(30, rel=0.1)


def test_who_refuses_because_it_is_dead_though_another_part_is_the_busiest():
    text = said(
        Clients(rate_per_s=60) >> Server(workers=8, service_ms=100) >> Database(connections=100),
        Outage("database", at_s=20, for_s=10),
    )
    assert "The busiest part is “Server”" in text
    assert re.search(r"“Database” refuses [\d.]+ a second with 502 \(it is dead for 10 s\)\.", text)


def test_a_dead_server_is_not_blamed_for_the_database():
    system = (
        Clients(rate_per_s=100)
        >> LoadBalancer(health_check_s=1)
        >> Server(workers=50, service_ms=20, replicas=2)
        >> Database(connections=4, query_ms=50)
    )
    text = said(system, Outage("server", at_s=20, for_s=10))
    assert "“Database” can serve 80, and “Server”, held up by it, gets" in text


@pytest.mark.parametrize(
    ("system", "change", "capacity"),
    [
        (Clients(rate_per_s=60) >> Server(workers=8), Change("server.workers", 4, at_s=20), 40),
        (Clients(rate_per_s=60) >> Server(workers=4), Change("server.workers", 8, at_s=40), 40),
        (Clients(rate_per_s=60) >> LoadBalancer() >> Server(workers=4), Change("server.replicas", 2, at_s=40), 40),
        (TWO, Change("server.replicas", 1, at_s=20), 40),
        (
            Clients(rate_per_s=60) >> Throttle(rate_per_s=80) >> Server(workers=80),
            Change("throttle.rate_per_s", 40, at_s=20),
            40,
        ),
        (Clients(rate_per_s=60) >> Server(workers=4), Change("server.service_ms", 50, at_s=40), 40),
        (Clients(rate_per_s=60) >> Database(connections=4, query_ms=50), Change("database.query_ms", 100, at_s=20), 40),
        (Clients(rate_per_s=60) >> Database(connections=4, query_ms=50), Change("database.connections", 2, at_s=5), 40),
    ],
    ids=[
        *("fewer workers", "more workers", "a second machine", "one machine less"),
        *("a slower throttle", "quicker work", "slower queries", "fewer connections"),
    ],
)
def test_a_knob_that_is_turned_changes_what_could_be_served(system, change, capacity):
    text = said(system, change)
    assert number("# requests a second arrive", text) == pytest.approx(60, rel=0.07)
    assert re.search(rf"which (can serve|lets through) {capacity} \(80 (at first|from second 40 on)\)\.", text)
    assert number("from second #", text) == pytest.approx(change.at_s if "at first" in text else 0, abs=3)
    assert "dead" not in text


def test_what_was_turned_last_says_since_when_and_how_fast():
    """90 of 80, then of 20: the line is 150 long and grows by 70."""
    slower = Change("throttle.rate_per_s", 20, at_s=15)
    text = said(Clients(rate_per_s=90) >> Throttle(rate_per_s=80), slower, duration_s=20)
    assert "90 requests a second arrive at “Throttle” from second 15 on, which lets through 20 (80 at first)." in text
    assert number("The queue is # long by then and grows by 70 every second", text) == pytest.approx(150, abs=70)
    waits_s = number("at the end # are waiting", text) / 20
    assert number("the last of them will wait about # s", text) == pytest.approx(waits_s, abs=0.5)


def test_the_last_in_line_waits_as_long_as_the_part_now_needs():
    """Hardly slower than before, so that the line grows much as it did; but 13.3 a second are what it will serve."""
    text = said(Clients(rate_per_s=60) >> Server(workers=2), Change("server.service_ms", 150, at_s=30))
    waits_s = number("at the end # are waiting", text) * 0.075
    assert number("the last of them will wait about # s", text) == pytest.approx(waits_s, rel=0.1)


def test_customers_who_come_less_often_end_the_growth():
    """150 of 120 until second 15, then 120: the line stays as it is."""
    text = said(Clients(rate_per_s=150) >> Throttle(rate_per_s=120), Change("clients.rate_per_s", 120, at_s=15))
    assert "150 requests a second arrive at “Throttle” from second 0 to 15, which lets through 120." in text
    assert number("# were waiting at second 15", text) == pytest.approx(450, abs=140)


def test_a_change_that_changes_nothing_is_not_spoken_of():
    system = Clients(rate_per_s=60) >> Server(workers=4)
    assert said(system, Change("server.price_usd_per_hour", 9, at_s=30)).startswith(said(system)[:150])


def test_a_queue_that_was_full_for_a_time():
    system = Clients(rate_per_s=60, surge=Surge(5, 5, 6)) >> Server(workers=4, queue_limit=100)
    text = said(system, Change("server.workers", 16, at_s=15), duration_s=30)
    assert re.search(r"arrive at “Server” from second [4-7] to 15, which can serve 40 \(160 from second 15 on\)", text)
    assert "“Server” refuses" in text


def test_two_who_refuse_are_both_named():
    """A quarter of the time the database is dead; the limiter turns away ten a second all the time."""
    system = Clients(rate_per_s=60, arrivals="even") >> RateLimiter(limit=50) >> Database(connections=20, query_ms=10)
    text = said(system, Outage("database", at_s=20, for_s=15))
    assert "“Database” refuses 12.5 a second with 502; “Rate limiter” refuses 10 a second with 429." in text
    assert "(it is dead for 15 s)" in text


@settings(max_examples=25)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.floats(0, 12),
    st.floats(0.1, 20),
    st.sampled_from([None, 1]),
    st.integers(1, 120),
    st.floats(0, 5),
)
def test_whatever_dies_no_more_is_promised_than_was_there(machines, count, at_s, for_s, check_s, rate_per_s, warmup_s):
    system = (
        Clients(rate_per_s=rate_per_s)
        >> LoadBalancer(health_check_s=check_s)
        >> Server(workers=2, service_ms=100, replicas=machines)
    )
    how = {"duration_s": 12, "warmup_s": warmup_s}
    text = said(system, Outage("server", at_s=at_s, for_s=for_s, count=count), **how)
    assert "nan" not in text and "inf" not in text
    for promised, dead, of in re.findall(r"can serve ([\d.]+) while (\d) of (\d)", text):
        assert float(promised) == pytest.approx(20 * (int(of) - int(dead)))
        assert int(dead) == min(count, machines) and int(of) == machines
    for promised in re.findall(r"capacity of ([\d.]+)", text):
        assert float(promised.rstrip(".")) <= 20 * machines


def test_of_a_scaled_pool_it_is_said_how_many_died_and_not_that_all_are_gone():
    """How many there are at that moment, the autoscaler decides."""
    pool = Clients() >> LoadBalancer() >> Server("Door", autoscale=Autoscale(schedule=((8, 4),)))
    assert Outage("door", count=2, for_s=10).mark(pool).words == "2 machines of Door down for 10 s"
    assert Outage("door", count=2, for_s=1800).mark(pool).words == "2 machines of Door down for 30 min"
    assert Outage("door", for_s=10).told(pool) == "1 machine of Door down for 10 s"
