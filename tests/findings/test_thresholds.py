"""From where on something is said: each threshold has a run just below it and one just above.

Arrivals are even and work is constant, so that every queue is known to the request: what is said turns on the threshold alone.
"""

from __future__ import annotations

import pytest

from pmtech import (
    Change,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    Outage,
    Profile,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    simulate,
)
from pmtech.runs.certainty import p99_between


def said(system, *events, p99=False, **how):
    return simulate(system, events=events, **how).explain(p99=p99)


def even(rate_per_s, **more):
    return Clients(rate_per_s=rate_per_s, arrivals="even", **more)


def serving(per_s, workers=1, **more):
    """A server that serves so many a second, each of them in the same time."""
    return Server(workers=workers, service_ms=1000 * workers / per_s, service_cv=0, **more)


def only_beyond(words, of, below, beyond):
    """It is said on the far side of a threshold, and not on the near one."""
    assert words not in (text := of(below)), text
    assert words in (text := of(beyond)), text


# When a queue is worth a word


def test_chance_makes_no_queue_of_three_standard_deviations():
    """20 of 10 for t seconds: 10 t wait, and 3 sqrt(20 t) is what chance makes; they are equal at 1.8 s."""
    only_beyond("The queue grows by 10", lambda t: said(even(20) >> serving(10), duration_s=t), 1.65, 1.9)


def test_a_queue_at_the_end_that_is_half_a_second_of_work_is_noticed():
    """1,200 of 1,000: after 2.5 s 500 wait; chance makes 164."""
    only_beyond("The queue grows", lambda t: said(even(1200) >> serving(1000, 100), duration_s=t), 2.4, 2.6)


def test_a_queue_that_is_gone_was_longer_than_six_standard_deviations():
    """20 of 10 for t seconds: 10 t wait, and 6 sqrt(20 t) is what chance makes; they are equal at 7.2 s."""
    only_beyond("were waiting at", lambda t: said(even(5, surge=Surge(10, t, 4)) >> serving(10)), 6.9, 7.5)


def test_a_queue_that_is_gone_was_a_second_of_work():
    """1,500 of 1,000: after 2 s 1,000 wait; chance makes 329."""
    system = lambda t: even(500, surge=Surge(5, t, 3)) >> serving(1000, 100)  # noqa: E731
    only_beyond("were waiting at", lambda t: said(system(t), duration_s=20), 1.95, 2.05)


def test_what_lasts_less_than_a_second_is_no_wave():
    only_beyond("were waiting at", lambda t: said(even(50, surge=Surge(10, t, 6)) >> serving(100)), 0.95, 1.05)


def test_what_began_within_the_first_second_began_at_the_start():
    system = even(40) >> serving(80)
    only_beyond("from second 1 on", lambda at_s: said(system, Change("clients.rate_per_s", 200, at_s=at_s)), 0.95, 1.05)


def test_a_queue_that_is_younger_than_a_twentieth_of_the_run_may_be_over_in_a_moment():
    def young(began_ago_s):
        change = Change("clients.rate_per_s", 400, at_s=100 - began_ago_s)
        return said(even(40) >> serving(80), change, duration_s=100)

    only_beyond("The queue grows by 320", young, 4.9, 5.1)
    assert "the last of them will wait about 20 s" in young(4.9)  # 1,568 of 80


# What became of it


def test_a_queue_that_grows_by_three_tenths_faster_has_been_turned():
    """112.9 instead of 110 of 100: 12.9 more each second than before, 29 % of them for the change; 115: 33 %."""

    def turned(rate_per_s):
        change = Change("clients.rate_per_s", rate_per_s, at_s=30)
        return said(even(110) >> Throttle(rate_per_s=100), change)

    only_beyond(
        "“Throttle” from second 30 on, which lets through 100. The queue is 300 long by then", turned, 114, 114.5
    )
    only_beyond("“Throttle” from second 30 on", turned, 107.5, 106.5)  # slower by 25 %, and by 35 %


@pytest.mark.parametrize("to", [("from second 0 to 15", 104.4), ("from second 15 on", 104.7)])
def test_a_queue_that_grows_on_by_less_than_chance_has_stopped_growing(to):
    """After 45 s at 104.5 instead of 150 of 100 it is 205 longer: as long as chance makes it."""
    text = said(even(150) >> Throttle(rate_per_s=100), Change("clients.rate_per_s", to[1], at_s=15))
    assert f"requests a second arrive at “Throttle” {to[0]}, which lets through 100" in text


def test_what_was_there_before_is_named_where_it_is_a_tenth():
    """A thirtieth of what 105.5 leave of 100 in 30 s: 167 of 1,667."""

    def turned(rate_per_s):
        return said(even(rate_per_s) >> Throttle(rate_per_s=100), Change("clients.rate_per_s", 150, at_s=30))

    only_beyond("long by then and grows by 50", turned, 105.4, 105.7)


@pytest.mark.parametrize(
    ("then", "up_to_s", "grows", "fell"),
    [(1.5, 0.9, 9.7, 10.3), (1.1, 0.8, 1.7, 1.9)],
    ids=["by a tenth of 1,000", "by three standard deviations of chance"],
)
def test_a_queue_that_has_clearly_fallen_does_not_grow(then, up_to_s, grows, fell):
    """150 of 100 for 20 s, then 90: a tenth is gone after 10 s. 110, then 80: 20 t are more than 3 sqrt(80 t) after 1.8 s."""
    clients = even(100, profile=Profile(((0, then), (20, then), (20.001, up_to_s))))
    only_beyond(
        "were waiting at second 20; at the end",
        lambda t: said(clients >> Throttle(rate_per_s=100), duration_s=20 + t),
        grows,
        fell,
    )


def test_a_queue_that_was_as_long_as_it_is_for_two_fifths_of_its_time_does_not_grow():
    """It grows for t seconds and stays so; nine tenths of it were there at 0.9 t, and 0.6 of 30 s are 18."""

    def level(t):
        profile = Profile(((0, 2), (t, 2), (t + 0.01, 1)))
        return said(even(10, profile=profile) >> serving(10), duration_s=30)

    only_beyond("The queue grows", level, 19.5, 20.5)
    assert "were waiting at second 18; at the end" in level(19.5)


def test_the_line_is_gone_when_a_tenth_is_left():
    """100 at second 20, and 5 fewer each second: ten are left at 38."""
    system = even(5, surge=Surge(10, 10, 4)) >> serving(10)
    only_beyond("the queue is gone by the end", lambda t: said(system, duration_s=t), 37.5, 38.5)


# What made it


def test_workers_that_others_hold_for_a_twentieth_of_their_time_are_held():
    """0.55 ms of 10.55."""

    def held(query_ms):
        server = serving(1000, 10) >> Database(connections=100, query_ms=query_ms, query_cv=0)
        return said(even(1100) >> server, duration_s=30)

    only_beyond("its workers are held while they wait for “Database”", held, 0.5, 0.55)


def test_workers_that_are_enough_are_taken_by_others_from_a_seventh_of_their_time_on():
    """2.1 ms of 12.1, less what chance makes of 15,000 requests (2.4 %)."""

    def taken(query_ms):
        server = serving(1000, 10) >> Database(connections=100, query_ms=query_ms, query_cv=0)
        return said(even(500) >> server, duration_s=30)

    only_beyond("held while they wait for “Database”", taken, 1.95, 2.15)


@pytest.mark.parametrize("held", [("Network", 430), ("Database", 460)])
def test_of_several_the_last_that_holds_six_tenths_of_the_longest_stay_is_the_holder(held):
    """The way and the query take 300 ms + q: the query is six tenths of that from 450 ms on."""
    name, query_ms = held
    far = Network(round_trip_ms=300, round_trip_cv=0) >> Database(connections=100, query_ms=query_ms, query_cv=0)
    text = said(even(60) >> Server(workers=20, service_ms=20, service_cv=0) >> far)
    assert f"its workers are held while they wait for “{name}”" in text


def test_what_explains_half_of_the_growth_has_made_it():
    """Two machines serve 40 each; A sends 60 to one, whose queue grows by 20; with 30 of B's, 10 of these are too many for both."""

    def sticky(rate_per_s):
        clients = [Clients("A", rate_per_s=60, arrivals="even"), Clients("B", rate_per_s=rate_per_s, arrivals="even")]
        return said(clients >> LoadBalancer(sticky=True) >> Server(workers=4, service_cv=0, replicas=2))

    only_beyond("The queue grows by 20 every second", sticky, 29, 31)
    assert "The machines do not get equal shares" in sticky(29)


def test_machines_that_begin_clearly_less_than_they_could_do_not_get_equal_shares():
    """A's machine is full; the other has a twentieth of the 80 over, or more."""

    def sticky(rate_per_s):
        clients = [Clients("A", rate_per_s=47, arrivals="even"), Clients("B", rate_per_s=rate_per_s, arrivals="even")]
        return said(clients >> LoadBalancer(sticky=True) >> Server(workers=4, service_cv=0, replicas=2))

    only_beyond("The machines do not get equal shares", sticky, 36.8, 35.2)


def test_a_hundredth_more_than_can_be_served_is_more_than_all_of_it():
    only_beyond("(101 a second arrive)", lambda rate: said(even(rate) >> serving(100), duration_s=10), 100.9, 101.1)


# Who was turned away


def test_a_queue_is_full_from_nine_tenths_of_its_places_on():
    """20 of 10: after 9 s nine tenths of 100 places are taken."""
    system = even(20) >> serving(10, queue_limit=100)
    only_beyond("wait there at the end, and no more may", lambda t: said(system, duration_s=t), 8.8, 9.2)


def test_a_part_that_turns_away_a_fiftieth_is_the_bottleneck():
    """A surge of 100 of 80 for t seconds: counted in the run itself."""

    def full(t):
        server = Server(workers=8, service_ms=100, service_cv=0, queue_limit=0)
        result = simulate(even(40, surge=Surge(20, t, 2.5)) >> server)
        return len(result.refusals) / len(result.requests), result.explain(p99=False)

    few, many = full(1.9), full(2.05)
    assert 0.018 < few[0] < 0.02 < many[0] < 0.022
    assert few[1].startswith("The busiest part is") and "arrive at “Server” from second 20 to 22" in many[1]


def test_a_second_who_refuses_is_named_from_a_tenth_on():
    """The limiter refuses 600; the database 50 for every second that it is dead."""
    system = even(60) >> RateLimiter(limit=50) >> Database(connections=20, query_ms=1, query_cv=0)
    only_beyond("; “Database” refuses", lambda t: said(system, Outage("database", at_s=20, for_s=t)), 1.25, 1.42)


def test_whose_requests_were_refused_is_said_of_more_than_half():
    """The seconds of A are as many as those of B and C together, or a few fewer: counted in the run itself."""

    def refused(rate_per_s):
        clients = [Clients(name, rate_per_s=rate) for name, rate in (("A", rate_per_s), ("B", 25), ("C", 25))]
        result = simulate(clients >> Server(workers=1, service_ms=100, queue_limit=0))
        whose = result.requests.client[result.refusals.request]
        return (whose == "a").mean(), result.explain()

    few, many = refused(47), refused(54)
    assert 0.46 < few[0] < 0.5 < many[0] < 0.54
    assert "of them from" not in few[1] and "of them from “A”" in many[1]


# How quick it was, and how sure that is


def test_twenty_are_enough_for_a_percentile():
    only_beyond("Half of the served requests", lambda n: said(even(1) >> serving(100), duration_s=n - 0.5), 19, 20)
    assert "Only 19 requests were served" in said(even(1) >> serving(100), duration_s=18.5)


def test_a_thousand_are_enough_to_judge_the_slowest_in_a_hundred():
    texts = {n: said(even(100) >> serving(1000), p99=True, duration_s=n / 100 + 0.005) for n in (998, 999, 1000, 1001)}
    counted = {n: int(text.rpartition("; ")[2].split()[0]) for n, text in texts.items() if "are too few" in text}
    assert counted and max(counted.values()) == 999 and len(counted) < len(texts)


def test_a_twentieth_that_is_still_inside_is_spoken_of():
    """Each takes s seconds, and of 100 s the last s are still inside."""

    def inside(service_s):
        return said(even(10) >> Server(workers=1000, service_ms=1000 * service_s, service_cv=0), duration_s=100)

    only_beyond("those who still wait are not in these figures", inside, 4.9, 5.1)


def test_clients_who_wait_three_times_as_long_have_figures_of_their_own():
    def unlike(service_ms):
        clients = [Clients(x, rate_per_s=5, arrivals="even", endpoints={f"/{x}": 1}) for x in "ab"]
        routes = {"/a": Server(service_ms=10, service_cv=0), "/b": Server(service_ms=service_ms, service_cv=0)}
        return said(clients >> Gateway() >> routes)

    only_beyond("95 of 100 served requests of “a” took no more than 10 ms, of “b”", unlike, 29, 31)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_run_is_too_short_for_p99_where_its_ends_lie_half_of_it_apart(seed):
    result = simulate(Clients(rate_per_s=80) >> Server(workers=1, service_ms=10), duration_s=1500, seed=seed)
    low, high = p99_between(result)
    doubt = (high - low) / result.summary.p99_ms
    assert ("too short for p99" in result.explain()) == (doubt > 0.5), doubt
