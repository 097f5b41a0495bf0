"""The sentences under a run: what they must say, for systems whose answer is known."""

import re

import pytest

from pmtech import (
    Cache,
    Change,
    Clients,
    Database,
    Gateway,
    Gather,
    LoadBalancer,
    Network,
    Outage,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Topic,
    Users,
    simulate,
)
from pmtech.wording import percent, rate, seconds

COMPANIES = [
    Clients("Company A", rate_per_s=10),
    Clients("Company B", rate_per_s=30),
    Clients("Company C", rate_per_s=150),
]
EIGHTY = Server(workers=8, service_ms=100)


def said(system, **how):
    return simulate(system, **how).explain()


def number(pattern, text):
    """The number that stands in the place of # in a sentence."""
    found = re.search(re.escape(pattern).replace(r"\#", r"([\d,.]+\d|\d)"), text)
    assert found, f"{pattern!r} is not said: {text}"
    return float(found[1].replace(",", ""))


# The survey tool


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_unprotected_survey_tool(seed):
    text = said(COMPANIES >> EIGHTY, seed=seed)
    assert "190 requests a second arrive at “Server”, which can serve 80." in text
    assert "The queue grows by 110 every second from the start" in text
    waiting = number("at the end # are waiting", text)
    assert waiting == pytest.approx(6600, rel=0.05)
    assert number("the last of them will wait about # s", text) == pytest.approx(82, rel=0.06)


def test_the_last_one_will_wait_as_long_as_it_then_does():
    """The promise against the run: let nobody come any more, and see when the last one begins."""
    for system in (
        COMPANIES >> EIGHTY,
        COMPANIES >> Throttle(rate_per_s=80),
        COMPANIES[2] >> Throttle(rate_per_s=80) >> EIGHTY,
    ):
        promised = number("the last of them will wait about # s", said(system))
        stop = [Change(f"{name}.rate_per_s", 0, at_s=60) for name in system.sources]
        visits = simulate(system, duration_s=200, events=stop).visits
        first = visits[
            visits.component == system.names[-1 if "throttle" not in system.names else system.names.index("throttle")]
        ]
        last = first.started_s.max() - 60
        assert promised == pytest.approx(last, rel=0.05)


def test_a_limiter_names_who_is_refused():
    text = said(COMPANIES >> RateLimiter(limit=40) >> EIGHTY)
    assert number("“Rate limiter” refuses # a second with 429, all of them from “Company C”", text) == pytest.approx(
        110, rel=0.05
    )
    assert "The queue grows" not in text


def test_a_throttle_that_keeps_the_server_quiet_names_itself():
    text = said(COMPANIES >> Throttle(rate_per_s=70) >> EIGHTY)
    assert (
        "190 requests a second arrive at “Throttle”, which lets through 70. The queue grows by 120 every second" in text
    )


def test_patience_is_said():
    text = said(COMPANIES >> Throttle(rate_per_s=80, max_wait_s=2) >> EIGHTY)
    assert re.search(r"each for 2(.0)? s at most", text)
    assert "with 503, all of them from “Company C”" in text


# Other shapes


def test_a_quiet_system_names_its_busiest_part():
    text = said(Clients(rate_per_s=40) >> EIGHTY >> Database(connections=50, query_ms=1))
    assert number("The busiest part is “Server”: # % of its capacity of 80 a second is used", text) == pytest.approx(
        50, abs=3
    )
    assert "Half of the served requests took no more than" in text


def test_the_database_is_named_when_it_holds_the_server_up():
    text = said(Clients(rate_per_s=100) >> Server(workers=50, service_ms=20) >> Database(connections=4, query_ms=50))
    assert "100 requests a second arrive" in text
    assert "“Database” can serve 80" in text and "“Server”" in text


def test_it_says_since_when():
    text = said(Clients(rate_per_s=50, surge=Surge(at_s=50, for_s=10, times=3)) >> EIGHTY)
    assert number("from second # on", text) == pytest.approx(50, abs=1)
    text = said(Clients(rate_per_s=40) >> EIGHTY, events=[Change("clients.rate_per_s", 120, at_s=30)])
    assert number("from second # on", text) == pytest.approx(30, abs=1)


def test_few_requests_make_no_percentile():
    assert "too few for a percentile" in said(Clients(rate_per_s=1) >> EIGHTY, duration_s=5)
    assert "too few to judge the slowest 1 in 100" in said(Clients(rate_per_s=5) >> EIGHTY)
    assert "guess" not in said(Clients(rate_per_s=40) >> EIGHTY)


def test_nobody():
    assert said(Clients(rate_per_s=0) >> EIGHTY) == "No request arrived. Let somebody send some."
    assert "Nobody was served" in said(Clients(rate_per_s=5) >> Server(service_ms=100_000, service_cv=0))


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_comes_all_the_time_does_not_begin_with_the_line(seed):
    text = said(Clients(rate_per_s=44) >> Server(workers=1, service_ms=25), seed=seed)
    assert text.startswith("44 requests a second arrive at “Server”, which can serve 40. ")
    if " were waiting at second " not in text:  # or the last seconds were calm
        grows = re.search(
            r"grows by 4 every second(?: from (?:the start|second (\d+) on))?(?: \(([\d.]+) in this run\))?; at", text
        )
        begin = float(grows[1] or re.search(r"(?: long by second (\d+)|$)", text)[1] or 0)
        long, waiting = re.search(r"The queue is (\d+) long", text), number("at the end # are waiting", text)
        before = float(long[1]) if long else 0.0
        assert before + float(grows[2] or 4) * (60 - begin) == pytest.approx(waiting, rel=0.12), text


@pytest.mark.parametrize("seed", range(1, 9))
def test_of_a_part_that_is_held_up_the_numbers_add_up(seed):
    pages = (
        Clients(rate_per_s=120) >> Server(workers=50, service_ms=10) >> Cache() >> Database(connections=4, query_ms=100)
    )
    text = said(pages, seed=seed)
    through, grows = number("held up by it, gets # through", text), number("grows by # every second", text)
    assert through + grows == 120


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_little_more_than_it_can_serve_is_called_so(seed):
    """41 of 40: chance makes more of the line than that does, but it is not chance alone."""
    text = said(Clients(rate_per_s=41) >> Server(workers=1, service_ms=25), seed=seed)
    assert re.search(
        r"grows by 1 every second(, and by chance has grown faster since second \d+:| from)|"
        r"used \(41 a second arrive\)|^41 .* were waiting at second",
        text,
    ), text


def test_chance_is_not_called_growth():
    """At 75 of 80 a second no run of these says that the queue grows."""
    for seed in range(1, 11):
        assert "The queue grows" not in said(Clients(rate_per_s=75) >> EIGHTY, seed=seed)


def test_at_exactly_its_capacity_no_growth_is_named():
    """80 of 80: the queue is a random walk. In a few of many runs it is long at the end, and that is called chance."""
    by_chance = 0
    for seed in range(60):
        text = said(Clients(rate_per_s=80) >> EIGHTY, seed=seed)
        assert "The queue grows" not in text
        chance = re.search(r"That leaves nothing over to work off a queue that chance has made(.*?): at the end", text)
        by_chance += chance is not None
        # 80 came all the time, so it is the line, and not the requests, that begins at some second.
        assert not chance or (
            chance[1] and text.startswith("80 requests a second arrive at “Server”, which can serve 80.")
        )
    assert 1 <= by_chance <= 10
    assert "The queue grows by 8 every second" in said(Clients(rate_per_s=88) >> EIGHTY)


def test_who_waits_for_an_answer_can_not_make_the_queue_grow_for_ever():
    text = said(Users(count=1000, think_s=1) >> EIGHTY)
    assert re.search(r"at “Server” from second 0 to [2-4], which can serve 80\.", text)
    assert number("at the end # are", text) == pytest.approx(1000 - 80, abs=40)
    assert number("the last of them will wait about # s", text) == pytest.approx(920 / 80, abs=1)


def test_a_full_queue_does_not_grow():
    text = said(Clients(rate_per_s=150) >> Server(workers=8, queue_limit=600))
    assert (
        "150 requests a second arrive at “Server”, which can serve 80. 600 wait there at the end, and no more" in text
    )
    assert number("“Server” refuses # a second with 503", text) == pytest.approx(150 - 80 - 600 / 60, abs=5)


def test_machines_that_get_unequal_shares():
    """A sends 50 to the one, B 5 to the other; each can serve 40."""
    clients = [Clients("A", rate_per_s=50), Clients("B", rate_per_s=5)]
    text = said(clients >> LoadBalancer(sticky=True) >> Server(workers=4, replicas=2))
    assert (
        "55 requests a second arrive at “Server”, which can serve 80. The machines do not get equal shares (busy "
        in text
    )
    assert number("% and # % of the time)", text) == pytest.approx(100 * 5 / 40, abs=4)
    assert number("at the end # are waiting", text) == pytest.approx(600, abs=120)


def test_work_of_very_different_size_makes_lines_that_are_chance():
    text = said(Clients(rate_per_s=40) >> Server(workers=2, service_ms=30, service_cv=5))
    assert "The busiest part is “Server”" in text


def test_only_what_lies_behind_a_server_can_hold_it_up():
    slow = Server("B", workers=4, service_ms=100) >> Database("Slow", connections=1, query_ms=100)
    routes = {"/a": Server("A", workers=2, service_ms=100) >> Database("Quick", connections=99), "/b": slow}
    text = said(Clients(rate_per_s=60, endpoints={"/a": 50, "/b": 9}) >> Gateway() >> routes)
    assert re.search(r"arrive at “A”; its workers are held while they wait for “Quick”, so 1[5-8][.\d]* a second", text)


@pytest.mark.parametrize("per_s", [10, 20])
def test_a_short_run_says_too_who_holds_whom(per_s):
    """A sixth of its time the one worker waits: 8.3 a second, where its work alone would allow 10."""
    text = simulate(Clients(rate_per_s=per_s) >> Server(workers=1) >> Database(), duration_s=60).explain()
    assert "its workers are held while they wait for “Database”, so 8.4 a second get through" in text


def test_what_another_branch_asks_holds_nobody():
    """Both ask one database for the same request: the one is there while the other is at its own work."""
    database = Database(query_ms=1)
    one, other = Server("One", workers=2, service_ms=100), Server("Other", workers=2, service_ms=100)
    text = said(Clients(rate_per_s=25) >> Gather() >> [one >> database, other >> database], duration_s=20)
    assert "which can serve 20" in text and "held" not in text


def test_twins_on_two_routes_are_no_pool():
    """80 of 100 go to the one, which can serve 40; the other could serve 40 as well and is asked for 20."""
    routes = {"/a": Server(workers=4, service_ms=100), "/b": Server(workers=4, service_ms=100)}
    text = said(Clients(rate_per_s=100, endpoints={"/a": 4, "/b": 1}) >> Gateway() >> routes)
    assert number("# requests a second arrive at “Server 1”, which can serve 40.", text) == pytest.approx(80, rel=0.05)


def test_sentences_begin_with_a_capital():
    text = said(Clients(rate_per_s=40, timeout_ms=500) >> EIGHTY)
    assert re.search(r"\. Less than 1 % of the requests were given up after 500 ms \(status 504\)", text), text


def test_a_server_that_got_slower_is_not_held_by_what_lies_behind_it():
    slower = [Change("server.service_ms", 150, at_s=15)]
    text = said(Clients(rate_per_s=5) >> Server(workers=4, service_ms=20) >> Database(query_ms=1), events=slower)
    assert "% of its capacity of 70 a second is used (200 at first)" in text


def test_what_changed_before_the_measured_time_is_said_in_its_order():
    """Lesson 06: one server of 80 is full for a minute, then there are three; the third minute alone is measured."""
    kept = Clients("Company D", rate_per_s=85, connections=40, connection_age_s=3600)
    balancer = LoadBalancer(layer=4, policy="least_connections")
    system = [Clients("Visitors", rate_per_s=20), kept] >> balancer >> Server(workers=8, service_ms=100, service_cv=0.5)
    more = [Change("server.replicas", 3, at_s=60)]
    for warmup_s in (0, 30, 120):
        text = said(system, duration_s=180, warmup_s=warmup_s, events=more)
        assert "which can serve 80 (240 from second 60 on)" in text, text


def test_who_turns_away_for_a_time_is_named_with_that_time():
    """60 of 80 until second 30, then of 40; and a queue of ten places is soon full."""
    server = Server(workers=8, service_ms=100, queue_limit=10)
    result = simulate(Clients(rate_per_s=60) >> server, events=[Change("server.workers", 4, at_s=30)])
    text = result.explain()
    assert re.search(
        r"^6\d requests a second arrive at “Server” from second 3[01] on, which can serve 40 \(80 at", text
    )
    assert number("“Server” refuses # a second with 503", text) == round(len(result.refusals) / 60, 1)


def test_who_turns_away_because_another_holds_it_up():
    text = said(
        Clients(rate_per_s=60) >> Server(service_ms=20, queue_limit=100) >> Database(connections=2, query_ms=100)
    )
    assert text.startswith("60 requests a second arrive; “Database” can serve 20, and “Server”, held up by it, gets")
    assert number("held up by it, gets # through", text) == pytest.approx(20, rel=0.1)


def test_a_far_database_is_not_blamed_for_the_way_to_it():
    text = said(Clients(rate_per_s=60) >> Server(workers=8, service_ms=20) >> Network(round_trip_ms=300) >> Database())
    assert "its workers are held while they wait for “Network”, so" in text


def test_how_far_p99_can_be_trusted_is_said_where_it_is_asked_for():
    result = simulate(Clients(rate_per_s=80) >> Server(workers=1, service_ms=10))
    assert "; the run is too short for p99: it may lie anywhere" in result.explain()
    assert result.explain(p99=False) == result.explain().partition(";")[0] + "."


def test_what_chance_made_of_the_use_of_a_part_is_told_from_what_it_will_be():
    for seed in range(5):
        text = said(Clients(rate_per_s=32) >> Server(workers=1, service_ms=25), seed=seed)
        assert text.startswith("The busiest part is “Server”: 80 % of") or "(80 % in the long run)" in text
        assert "long run" not in said(Clients(rate_per_s=32) >> Cache() >> Database(connections=1), seed=seed)


# What it once got wrong


def test_who_gave_up_was_not_refused():
    patient, hasty = Clients("Patient", rate_per_s=70), Clients("Hasty", rate_per_s=30, timeout_ms=50)
    server = Server(workers=40, service_ms=200, service_cv=0)
    assert "all of them from “Patient”" in said([hasty, patient] >> RateLimiter(limit=60) >> server)


def test_workers_that_are_held_serve_less():
    text = said(Clients(rate_per_s=60) >> Server(workers=8, service_ms=20) >> Database(connections=100, query_ms=200))
    assert "“Database”" in text and "which can serve 400" not in text


def test_a_full_queue_is_a_bottleneck():
    text = said(Clients(rate_per_s=150) >> Server(workers=8, service_ms=100, queue_limit=20))
    assert "150 requests a second arrive at “Server”, which can serve 80" in text


def test_who_gives_up_is_spoken_of():
    assert "504" in said(Clients(rate_per_s=100, timeout_ms=1000) >> EIGHTY)


def test_an_overload_that_is_over_is_spoken_of():
    text = said(Clients(rate_per_s=50, surge=Surge(at_s=20, for_s=10, times=3)) >> EIGHTY)
    assert number("from second #", text) == pytest.approx(20, abs=1)


def test_a_rate_that_is_set_is_named_as_it_is_set():
    for seed in range(1, 11):
        text = said(Clients(rate_per_s=80) >> EIGHTY, seed=seed)
        assert not re.search(r"\b(?!80)\d+ requests a second arrive", text), text


def test_the_numbers_of_a_sentence_agree():
    text = said(Clients(rate_per_s=120) >> EIGHTY, duration_s=3)
    arrive, serve = number("# requests a second arrive", text), number("can serve #", text)
    assert number("The queue grows by # every second", text) == pytest.approx(arrive - serve, abs=1)


def test_an_outage_is_spoken_of():
    system = Clients(rate_per_s=60) >> LoadBalancer(health_check_s=1) >> Server(workers=4, replicas=2)
    assert "which can serve 80" not in said(system, events=[Outage("server", at_s=20, for_s=30)])


# Words for numbers


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (80, "80"),
        (1900, "1,900"),
        (190.4, "190"),
        (20, "20"),
        (7.5, "7.5"),
        (3, "3"),
        (0.25, "0.25"),
        (0.3333, "0.33"),
        (0, "0"),
    ],
)
def test_rates(value, words):
    assert rate(value) == words


def test_a_rate_has_no_empty_decimals():
    assert rate(17.04) == "17"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.001, "1 ms"),
        (0.25, "250 ms"),
        (0.9994, "999 ms"),
        (2.54, "2.5 s"),
        (5, "5 s"),
        (9.97, "10 s"),
        (82.4, "82 s"),
        (599, "599 s"),
        (600, "10 min"),
        (7200, "120 min"),
        (36_000, "10 hours"),
    ],
)
def test_times(value, words):
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("value", "lasts_s", "words"),
    [
        (316, 4800, "5.3 min"),
        (59, 4800, "59 s"),
        (60, 599, "60 s"),
        (5400, 86_400, "1.5 hours"),
        (7200, 600, "120 min"),
    ],
)
def test_a_time_in_a_run_has_the_unit_of_its_chart(value, lasts_s, words):
    assert seconds(value, lasts_s) == words


@pytest.mark.parametrize(
    "share_words", [(0, "0 %"), (0.004, "less than 1 %"), (0.5, "50 %"), (0.995, "more than 99 %"), (1, "100 %")]
)
def test_shares(share_words):
    assert percent(share_words[0]) == share_words[1]


def test_nobody_waits_for_what_a_topic_lets_work_for_later():
    """A worker that tells others of what it has stored is held by the database alone."""
    others = Topic() >> [Server("E-mail"), Server("SMS")]
    told = simulate(Clients(rate_per_s=60) >> Server("Worker") >> Gather() >> [Database("Parcels"), others]).explain()
    assert "held while they wait for “Parcels”" in told
