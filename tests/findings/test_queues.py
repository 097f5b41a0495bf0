"""What is said of a queue of messages and of those who work for it; of several queues in one system; of what comes first.

Twenty mails a second, each of them 200 ms of work: three workers do 15 a second, eight do 40. Arrivals are even and work is
constant where a number is asked for.
"""

from __future__ import annotations

import re

import pytest

from pmtech import (
    Change,
    CircuitBreaker,
    Clients,
    ConnectionPool,
    Database,
    Deploy,
    Errors,
    Gather,
    LoadBalancer,
    Outage,
    Profile,
    Queue,
    RateLimiter,
    Server,
    Slowdown,
    Throttle,
    Topic,
    simulate,
)

SENDERS = Clients(rate_per_s=20, arrivals="even")
WEB = Server("Web", blocking=False, service_ms=20, service_cv=0)
FEW = SENDERS >> WEB >> Queue(visibility_s=5) >> Server("Mailer", workers=3, service_ms=200, service_cv=0)
MANY = FEW.replace({"mailer.workers": 8})


def said(system, *events, **how):
    return simulate(system, events=events, **how).explain(p99=False)


def number(pattern, text):
    """The number that stands in the place of # in a sentence."""
    found = re.search(re.escape(pattern).replace(r"\#", r"([\d,.]+\d|\d)"), text)
    assert found, f"{pattern!r} is not said: {text}"
    return float(found[1].replace(",", ""))


# A queue that grows


def test_more_come_than_the_workers_can_do():
    text = said(FEW)
    assert text.startswith(
        "20 messages a second arrive at “Queue”; “Mailer” behind it can serve 15. "
        "The queue grows by 5 every second from the start; at the end "
    )
    assert number("at the end # are waiting", text) == pytest.approx(300, abs=4)
    assert number("the last of them will wait about # s", text) == 20


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_last_message_waits_as_long_as_was_said(seed):
    """The promise against the run: let nobody come any more, and see when the last one is handed out."""
    system = FEW.replace({"clients.arrivals": "poisson", "mailer.service_cv": 1})
    promised = number("the last of them will wait about # s", said(system, seed=seed))
    stop = Change("clients.rate_per_s", 0, at_s=60)
    messages = simulate(system, duration_s=120, events=[stop], seed=seed).messages
    assert promised == pytest.approx(messages.received_s.max() - 60, rel=0.12)


def test_nobody_works_for_a_queue():
    text = said(SENDERS >> Queue())
    assert "20 messages a second arrive at “Queue”; nobody behind it works on them." in text
    assert "and none of them moves. None of the 1,200 messages of “Queue” was done." in text


def test_a_queue_with_a_limit_turns_away():
    text = said(FEW.replace({"queue.limit": 50}))
    assert text.startswith("20 messages a second arrive at “Queue”; “Mailer” behind it can serve 15.")
    assert number("“Queue” refuses # a second with 503", text) == pytest.approx(5 * 50 / 60, abs=0.2)


def test_batches_count_as_so_many_messages():
    """Ten at once take 200 + 9 x 20 ms: 26.3 a second."""
    mailer = Server("Mailer", workers=1, service_ms=200, service_cv=0, item_ms=20)
    over = said(Clients(rate_per_s=40, arrivals="even") >> Queue(batch=10) >> mailer)
    assert "40 messages a second arrive at “Queue”; “Mailer” behind it can serve 26. The queue grows by 13." in over
    under = said(SENDERS >> Queue(batch=10, batch_wait_s=1) >> mailer)
    assert re.search(r"its workers are taken 7\d % of the time, by (10|9\.\d) messages at once on average", under)


def test_batches_of_hardly_more_than_one_are_one():
    mailer = Server("Mailer", workers=1, service_ms=3000, service_cv=0)
    seldom = simulate(Clients(rate_per_s=0.05) >> Queue(batch=10) >> mailer, duration_s=5400).explain()
    assert "by 1 message at once on average" in seldom


def test_a_batch_that_is_made_larger_meanwhile_changes_what_can_be_done():
    system = SENDERS >> Queue() >> Server("Mailer", workers=1, service_ms=200, service_cv=0)
    text = said(system, Change("queue.batch", 3, at_s=40))
    assert text.startswith(
        "20 messages a second arrive at “Queue” from second 40 on; “Mailer” behind it can serve 15 (5 at first). "
        "The queue is 600 long by then and grows by 5 every second; at the end 700 are waiting"
    )


def test_what_holds_the_workers_holds_up_the_queue():
    text = said(MANY >> Database(connections=1, query_ms=80, query_cv=0))
    assert text.startswith("20 messages a second arrive; “Database” can serve 12.5, and “Queue”, held up by it, gets")
    through = number("held up by it, gets # through", text)
    assert through == pytest.approx(12.5, abs=0.3)
    assert number("The queue grows by # every second", text) == pytest.approx(20 - through)


def test_a_throttle_on_the_way_to_the_workers_decides_where_it_is_slower():
    def throttled(rate_per_s, batch=1):
        queue = Queue(batch=batch, batch_wait_s=9)
        return said(SENDERS >> queue >> Throttle(rate_per_s=rate_per_s) >> Server("Mailer", workers=3, service_ms=200))

    for slow in (throttled(8), throttled(2, batch=4)):
        assert slow.startswith("20 messages a second arrive at “Queue”; “Throttle” behind it lets through 8. The queue")
        assert number("The queue grows by # every second", slow) == pytest.approx(12, rel=0.05)
        waits_s = number("the last of them will wait about # s", slow)
        assert waits_s == pytest.approx(number("at the end # are waiting", slow) / 8, abs=0.6)
    assert throttled(16).startswith("20 messages a second arrive at “Queue”; “Mailer” behind it can serve 15")


def test_where_all_branches_are_asked_the_slowest_decides():
    branches = [Server("Slow", workers=2, service_ms=200), Server("Quick", workers=8, service_ms=50)]
    assert "“Slow” behind it can serve 10." in said(SENDERS >> Queue() >> Gather() >> branches)


@pytest.mark.parametrize("balancer", [[], [LoadBalancer(health_check_s=1)]], ids=["straight", "by a balancer"])
def test_several_machines_work_for_a_queue(balancer):
    system = SENDERS >> Queue(visibility_s=5)
    for part in balancer:
        system = system >> part
    pool = system >> [Server("Mailer", workers=1, service_ms=80, service_cv=0) for _ in range(2)]
    text = said(pool, Outage("mailer", at_s=20, for_s=50))
    assert (
        "“Queue” from second 2" in text and "the 2 machines of “Mailer” behind it can serve 12.5 while 1 of 2" in text
    )
    assert number("The queue grows by # every second", text) == pytest.approx(7.5, abs=0.3)


# A queue that is worked off


def test_a_wave_is_worked_off():
    """Dead for 10 s: 200 wait, and 20 more are done than come each second."""
    text = said(MANY, Outage("mailer", at_s=20, for_s=10))
    assert "“Queue” from second 20 to 30; “Mailer” behind it can serve 0 while it is dead." in text
    assert number("# were waiting at second 30; the queue was empty again", text) == pytest.approx(195, abs=8)
    assert number("the queue was empty again at second #", text) == pytest.approx(40, abs=1.1)


def test_a_wave_that_is_being_worked_off():
    text = said(MANY, Outage("mailer", at_s=20, for_s=10), duration_s=36)
    left = number("at the end # still are", text)
    assert left == pytest.approx(200 - 6 * 20, abs=10)
    assert number("the last of them will wait about # s", text) == pytest.approx(left / 40, abs=0.1)


def test_workers_that_are_dead_at_the_end_move_nothing():
    text = said(MANY, Outage("mailer", at_s=50, for_s=20))
    assert "from second 50 on; “Mailer” behind it can serve 0 while it is dead. The queue grows by 20" in text
    assert "are waiting, and none of them moves" in text


def test_a_death_is_told_of_a_queue_that_would_have_grown_without_it():
    text = said(FEW, Outage("mailer", at_s=20, for_s=10))
    assert "“Mailer” behind it can serve 15 (it is dead for 10 s). The queue is " in text
    assert number("The queue is # long by", text) == pytest.approx(100 + 200, abs=8)


@pytest.mark.parametrize(
    ("event", "per_s", "times"),
    [
        (Slowdown("mailer", at_s=20, for_s=20, times=4), 10, 4),
        (Deploy("mailer", at_s=20, slower=4, steps=((0, 1.0), (20, 0.0))), 10, 4),
        (Deploy("mailer", at_s=20, slower=7, steps=((0, 0.5), (20, 0.0))), 10, 4),
    ],
    ids=["a slow part", "a new version", "a new version for one of two"],
)
def test_a_part_that_is_slow_for_a_time(event, per_s, times):
    """40 a second, then a quarter of that: 10 more come than are done, and 20 s of that are worked off in 10 s."""
    text = said(MANY, event)
    assert f"“Mailer” behind it can serve {per_s} while its work takes {times} times as long." in text
    assert number("# were waiting at second", text) == pytest.approx(200, abs=35)
    assert number("the queue was empty again at second #", text) == pytest.approx(50, abs=3)


def test_a_slow_server_is_told_as_well_and_a_quick_one_afterwards():
    system = Clients(rate_per_s=60) >> Server(workers=8, service_ms=100)
    text = said(system, Slowdown("server", at_s=20, for_s=20, times=2))
    assert "“Server” from second 20 to 40, which can serve 40 while its work takes 2 times as long." in text
    text = said(system.replace({"clients.rate_per_s": 20}), Slowdown("server", at_s=20, for_s=20, times=2))
    assert "% of its capacity of 67 a second is used (its work takes 2 times as long for 20 s)" in text


def test_a_load_that_rises_and_falls():
    """1,500 s: from half to three times 20 a second and down; of the 30 that can be done more come for six minutes."""
    clients = Clients(rate_per_s=20, profile=Profile(((0, 0.5), (300, 3), (600, 0.2))))
    mailer = Server("Mailer", workers=6, service_ms=200)
    text = said(clients >> Queue() >> mailer, duration_s=1500)
    assert number("“Queue” from minute #", text) == pytest.approx(120 / 60, abs=10 / 60)
    assert number("the queue was empty again at minute #", text) == pytest.approx(720 / 60, abs=40 / 60)


# What comes back


def test_errors_bring_messages_back():
    text = said(MANY, Errors("mailer", at_s=20, for_s=20, share=0.3))
    assert text.startswith("The busiest part is “Mailer”: 50 % of its capacity of 40 a second is used")
    assert re.search(r"“Queue” handed messages out again \d+ times; “Mailer” refuses [\d.]+ a second with 500\.", text)
    assert "messages of “Queue” were done within" in text


def test_a_visibility_that_is_shorter_than_the_work_doubles_it():
    """Each message is handed out a second time before it is done: 40 are to be done a second, and 25 can be."""
    system = FEW.replace({"queue.visibility_s": 0.15, "mailer.workers": 5})
    text = said(system)
    assert text.startswith("20 messages a second arrive at “Queue”, and ")
    back = number("and # come back to be worked on once more; “Mailer” behind it can serve 25.", text)
    assert 20 + back > 25
    assert number("The queue grows by # every second", text) > 2


@pytest.mark.parametrize(("share", "is_said"), [(0.07, False), (0.16, True)])
def test_a_tenth_that_comes_back_is_spoken_of(share, is_said):
    result = simulate(FEW, events=[Errors("mailer", at_s=0, for_s=60, share=share)])
    figures = result.components.loc["queue"]
    back = figures.again / figures.served
    assert (0.05 < back < 0.1, 0.1 < back < 0.15) == (not is_said, is_said)
    assert ("come back to be worked on once more" in result.explain()) == is_said


def test_refusals_that_no_client_hears_come_after_those_that_one_hears():
    both = [Errors("web", at_s=10, for_s=30, share=0.1), Errors("mailer", at_s=10, for_s=5, share=0.5)]
    text = said(MANY.replace({"queue.visibility_s": 60}), *both)
    assert "“Web” refuses" in text and text.index("“Web” refuses") < text.index("messages of “Queue” were done")
    assert "“Mailer” refuses" not in text
    direct = SENDERS >> Server("Web", service_ms=20) >> Server("Mailer", workers=8, service_ms=200)
    assert "“Mailer” refuses" in said(direct, both[1])


# How busy, and how old


def test_workers_are_busy_though_nobody_waits_before_them():
    text = said(MANY.replace({"mailer.workers": 5}))
    assert text.startswith("The busiest part is “Mailer”: 80 % of its capacity of 25 a second is used")
    waited = said(MANY.replace({"clients.arrivals": "poisson"}))
    assert re.search(r"of its capacity of 40 a second is used[^.]*, and up to \d+ messages waited in “Queue”\.", waited)


def test_ages_are_those_of_the_messages():
    result = simulate(FEW)
    messages = result.messages
    ages = (messages.done_s - messages.published_s).dropna().sort_values().to_numpy()
    half, most = (ages[int(-(-share * len(ages) // 1)) - 1] for share in (0.5, 0.95))
    text = result.explain()
    assert f"Half of the messages of “Queue” were done within {half:.1f} s, 95 of 100 within {most:.0f} s" in text
    assert text.endswith("; those that are not done yet are not in these figures.")
    assert "not in these figures" not in said(MANY)


@pytest.mark.parametrize(("seconds", "is_said"), [(18.5, False), (19.5, True)])
def test_twenty_messages_are_enough_for_their_ages(seconds, is_said):
    system = Clients(rate_per_s=1, arrivals="even") >> Queue() >> Server("Mailer", service_ms=1, service_cv=0)
    assert ("messages of “Queue” were done within" in said(system, duration_s=seconds)) == is_said


@pytest.mark.parametrize(("work_s", "is_said"), [(4.9, False), (5.2, True)])
def test_a_twentieth_that_is_not_done_is_spoken_of(work_s, is_said):
    mailer = Server("Mailer", workers=1000, service_ms=1000 * work_s, service_cv=0)
    text = said(SENDERS >> Queue() >> mailer, duration_s=100)
    assert ("those that are not done yet are not in these figures" in text) == is_said


# Several queues


def test_both_queues_of_a_topic_are_told_and_the_older_messages():
    stats = Queue("Figures") >> Server("Statistics", workers=1, service_ms=60, service_cv=0)
    mails = Queue("Mails") >> Server("Mailer", workers=3, service_ms=200, service_cv=0)
    text = said(SENDERS >> Topic() >> [mails, stats])
    assert text.startswith("20 messages a second arrive at “Mails”; “Mailer” behind it can serve 15.")
    more = number("At the end, # more wait in “Figures”; “Statistics” behind it can serve 16.7.", text)
    assert more == pytest.approx(60 * (20 - 1000 / 60), abs=4)
    quiet = said(SENDERS >> Topic() >> [mails, Queue("Figures") >> Server("Statistics", service_ms=10)])
    assert "Half of the messages of “Mails” were done within" in quiet and "“Figures”" not in quiet


def test_copies_that_a_full_queue_refuses_do_not_hide_how_late_it_is():
    full = Topic("Submitted") >> [Queue("Mails", limit=3) >> Server("Mailer", workers=1, service_ms=400)]
    text = simulate(Clients(rate_per_s=10) >> full, duration_s=20).explain()
    assert "copies of “Submitted” got lost" in text and "Half of the messages of “Mails” were done within" in text
    assert "None of the" not in text


def test_of_two_waves_both_are_told():
    stats = Queue("Figures") >> Server("Statistics", workers=2, service_ms=60, service_cv=0)
    mails = Queue("Mails") >> Server("Mailer", workers=8, service_ms=200, service_cv=0)
    text = said(SENDERS >> Topic() >> [mails, stats], Outage("mailer", 20, 10), Outage("statistics", 25, 8))
    assert "from second 20 to 30; “Mailer” behind it can serve 0 while it is dead." in text
    assert number("At second 33, # more stood in “Figures”", text) == pytest.approx(160, abs=5)


def test_two_parts_that_have_a_queue_are_both_told():
    text = said(Clients(rate_per_s=190) >> Throttle(rate_per_s=100) >> Server(workers=8, service_ms=100))
    assert text.startswith("100 requests a second arrive at “Server”, which can serve 80. The queue grows by 20")
    assert number("At the end, # more wait before “Throttle”, which lets through 100.", text) == pytest.approx(
        60 * 90, rel=0.06
    )


def test_three_queues_are_told_in_whole_sentences():
    database = Database(connections=12, query_ms=100)
    feed, stories = (Server(name, workers=20, service_ms=30) >> database for name in ("Feed", "Stories"))
    page = Clients(rate_per_s=201, timeout_ms=2000) >> Server("Page", workers=200, service_ms=5)
    text = simulate(page >> Gather() >> [feed, stories], duration_s=10).explain()
    assert ", held up by it; at the end, " in text and re.search(r"; [A-Z]", text) is None


def test_of_a_part_that_is_held_up_the_queue_is_told_too():
    system = Clients(rate_per_s=200) >> Server(workers=500, service_ms=20) >> Database(connections=4, query_ms=50)
    text = said(system)
    assert "requests a second arrive at “Database”" in text
    assert number("At the end, # more wait before “Server”, held up by it.", text) == pytest.approx(6600, rel=0.06)
    few = said(system.replace({"server.workers": 8}))
    assert "“Database” can serve 80, and “Server”, held up by it, gets" in few and "more wait" not in few


@pytest.mark.parametrize("seed", range(1, 11))
def test_chance_behind_a_queue_that_grows_is_not_told_in_its_place(seed):
    """80 of 80 come to the server: now and then chance makes a queue there, while 40 more each second wait before it."""
    system = Clients(rate_per_s=120) >> Throttle(rate_per_s=80) >> Server(workers=1, service_ms=12.5)
    text = said(system, seed=seed)
    assert text.startswith("120 requests a second arrive at “Throttle”, which lets through 80. The queue grows by 40")
    assert "more wait before “Server”" not in text


def test_the_slowest_machine_decides_how_long_the_last_one_waits():
    """600 wait, all before one of two machines that serve 40 each: 15 s, not the 7.5 s that both together would need."""
    clients = [Clients("A", rate_per_s=50, arrivals="even"), Clients("B", rate_per_s=5, arrivals="even")]
    text = said(clients >> LoadBalancer(sticky=True) >> Server(workers=4, service_cv=0, replicas=2))
    assert number("at the end # are waiting", text) == pytest.approx(600, abs=10)
    assert number("the last of them will wait about # s", text) == 15


# What comes first


def test_what_parts_say_of_themselves_stands_where_it_weighs():
    breaker = Clients(rate_per_s=60) >> CircuitBreaker(open_s=5, fallback=True) >> Server(workers=8, service_ms=100)
    text = said(breaker, Errors("server", at_s=20, for_s=20, share=0.8))
    first, refused, opened = (
        text.index(words) for words in ("busiest part", "“Server” refuses", "“Circuit breaker” opens")
    )
    assert first < refused < opened
    limited = Clients(rate_per_s=60, timeout_ms=50) >> RateLimiter(limit=50) >> Server(workers=8, service_ms=100)
    text = said(limited)
    assert text.index("“Rate limiter” refuses") < text.index("were given up") and "Half of the" not in text


def test_workers_who_all_wait_for_ever_are_held_not_unlucky():
    """Each has one connection and wants another: nobody comes to a worker any more, and that is no chance."""
    pool = ConnectionPool(size=4, needs=2, open_ms=0)
    system = Clients(rate_per_s=50) >> Server(workers=4, service_ms=1) >> pool >> Database(query_ms=200)
    text = said(system, duration_s=30)
    assert (
        "its workers are held while they wait for “Connection pool”, each for what another" in text
        and "chance" not in text
    )


def test_the_capacity_of_workers_who_wait_a_little_is_that_with_the_wait():
    """100 ms of work and 5 of waiting are 76 a second, not 80: at 60 a second 79 % of it, as the workers say themselves."""
    server = Server(workers=8, service_ms=100, service_cv=0)
    system = Clients(rate_per_s=60, arrivals="even") >> server >> Database(query_ms=5, query_cv=0)
    result = simulate(system, duration_s=100)
    assert "79 % of its capacity of 76 a second, waiting for “Database” included, is used" in result.explain()
    assert round(result.components.utilisation["server"], 2) == 0.79


TWO_EACH = Server(workers=8, service_ms=20) >> ConnectionPool(size=8, needs=2) >> Database(query_ms=100)


@pytest.mark.parametrize("system", [Clients(rate_per_s=40) >> TWO_EACH, Clients(rate_per_s=12) >> Queue() >> TWO_EACH])
def test_when_all_wait_for_what_others_of_them_keep_nothing_is_served_any_more(system):
    """A deadlock after a while: the pace of before says nothing of those who wait."""
    run = simulate(system, duration_s=250)
    done_s = run.records.visits["database"].left_s
    text = run.explain()
    assert 40 < len(done_s) and done_s.max() < 210
    assert "each for what another of them keeps: nothing is served any more" in text and "none of them moves" in text
    assert f"from second {done_s.max():.0f} on" in text and "will wait about" not in text


@pytest.mark.parametrize("more", [{"size": 9}, {"wait_ms": 4000}])
def test_who_goes_on_though_slowly_is_no_deadlock(more):
    system = Clients(rate_per_s=40) >> TWO_EACH.replace({f"connection_pool.{name}": n for name, n in more.items()})
    text = simulate(system, duration_s=33).explain()
    assert "nothing is served any more" not in text and "will wait about" in text


@pytest.mark.parametrize(
    ("ahead", "says"),
    [
        (Clients(rate_per_s=30), "30 requests a second arrive at “Connection pool”, which lets through 20"),
        (Clients(rate_per_s=30) >> Queue(), "“Connection pool” behind it lets through 20"),
        (
            Clients(rate_per_s=30) >> Queue() >> Server("Mailer", workers=20, service_ms=1),
            "“Connection pool” lets through 20, and “Queue”, held up by it, gets",
        ),
    ],
    ids=["alone", "behind a queue", "behind a queue's workers"],
)
def test_what_is_lent_limits_those_before_it(ahead, says):
    """Two connections for 100 ms each let 20 a second through, whatever the ten workers behind them can do."""
    pool = ConnectionPool(size=2, open_ms=0)
    result = simulate(ahead >> pool >> Server(workers=10, service_ms=100, service_cv=0), duration_s=60)
    text = result.explain()
    assert says in text and "chance" not in text
    rate = number("grows by # every second", text)
    waiting = int((result.records.visits["connection_pool"].started_s <= 60).sum())
    assert rate == 10 and abs(waiting - 1200) < 10
    assert number("at the end # are waiting", text) == pytest.approx(20 * number("wait about # s", text), rel=0.05)


def test_a_wave_before_workers_who_are_held_is_told_although_they_could_do_much():
    """Their own work is 1 ms; the database behind them holds ten connections six times as long for 20 s."""
    pool = ConnectionPool(size=10) >> Database(cores=16, query_ms=30)
    system = Clients(rate_per_s=100) >> Server(workers=50, service_ms=1) >> pool
    text = said(system, Slowdown("database", at_s=20, for_s=20, times=6))
    assert "its workers are held while they wait for “Connection pool”" in text
    assert 800 < number("# were waiting at", text) < 1000
