"""A gather: whom it asks, when it goes on, what a failure does, and what help is worth."""

import numpy as np
import pytest
from scipy import stats

from pmtech import (
    Clients,
    Database,
    Errors,
    Gather,
    LoadBalancer,
    Outage,
    Queue,
    Retry,
    Server,
    Topic,
    simulate,
    theory,
)

SECONDS = Clients(rate_per_s=1, arrivals="even")
ONE = Clients(rate_per_s=0.001, arrivals="even")


def server(name, service_ms, **more):
    return Server(name, **{"workers": 1, "service_ms": service_ms, "service_cv": 0, **more})


def branches(*service_ms):
    return [server(name, ms) for name, ms in zip("ABCDE", service_ms, strict=False)]


def test_it_waits_for_the_slowest_of_all(story):
    run = story(SECONDS >> Gather() >> branches(250, 125, 500), duration_s=1)
    assert run.requests == [("clients", 0.0, 0.5, 200)]
    assert run.visits == [
        (0, "gather", 0.0, 0.0, 0.5),
        (0, "a", 0.0, 0.0, 0.25),
        (0, "b", 0.0, 0.0, 0.125),
        (0, "c", 0.0, 0.0, 0.5),
    ]
    assert run.column("served_by") == ["gather"]


@pytest.mark.parametrize(("need", "answered_s"), [(1, 0.125), (2, 0.25), (3, 0.5), (9, 0.5), (None, 0.5)])
def test_or_for_as_many_as_it_needs(story, need, answered_s):
    run = story(SECONDS >> Gather(need=need) >> branches(250, 125, 500), duration_s=1)
    assert run.requests == [("clients", 0.0, answered_s, 200)]
    assert [row[4] for row in run.visits][1:] == [0.25, 0.125, 0.5]  # the others go on in vain


@pytest.mark.parametrize(
    ("need", "down", "answer"),
    [
        (None, "A", (0.0, 502)),  # all are needed: with the first failure it is over
        (2, "A", (0.5, 200)),
        (2, "AB", (0.0, 502)),
        (1, "AB", (0.5, 200)),
        (1, "ABC", (0.0, 502)),
    ],
)
def test_a_branch_that_fails_fails_it_when_the_others_are_too_few(need, down, answer):
    events = [Outage(name.lower(), 0, 9) for name in down]
    result = simulate(SECONDS >> Gather(need=need) >> branches(250, 125, 500), duration_s=1, events=events)
    assert result.requests[["finished_s", "status"]].values.tolist() == [list(answer)]


def test_what_a_branch_puts_off_until_later_is_accepted_and_not_done():
    """It was 200, and a topic before it counted the copy as done here, and once more as the queue's message."""
    work = Topic() >> [Gather() >> [Queue(store_ms=0) >> server("A", 500), server("B", 125)]]
    told = simulate(SECONDS >> work, duration_s=1).messages
    assert told[["queue", "outcome", "done_s"]].values.tolist() == [["queue", "done", 0.5]]
    assert simulate(SECONDS >> Gather() >> branches(250, 125), duration_s=1).requests.status.tolist() == [200]


def test_a_branch_that_dies_meanwhile_fails_it_then():
    result = simulate(SECONDS >> Gather() >> branches(250, 125, 500), duration_s=1, events=[Outage("c", 0.375, 9)])
    assert result.requests[["finished_s", "status"]].values.tolist() == [[0.375, 502]]


def test_help_where_all_are_needed_asks_the_same_branch_once_more(story):
    """The second finds a machine that is stuck; the help, a quarter of a second later, goes to the other."""
    pool = LoadBalancer() >> [server("Fast", 125), server("Stuck", 5000)]
    clients = Clients(rate_per_s=2, arrivals="even")
    run = story(clients >> Gather(hedge_after_ms=250) >> [server("A", 125), pool], duration_s=1)
    assert run.requests == [("clients", 0.0, 0.125, 200), ("clients", 0.5, 0.875, 200)]
    assert [row for row in run.visits if row[1] in ("fast", "stuck")] == [
        (0, "fast", 0.0, 0.0, 0.125),
        (1, "fast", 0.75, 0.75, 0.875),
        (1, "stuck", 0.5, 0.5, None),
    ]
    assert run.result.records.notes["gather"].tolist() == [[0.0, 2, 0], [0.5, 3, 1]]
    assert run.result.components.hedged["gather"] == 1 / 4  # of what was asked at first


def test_help_where_one_is_enough_asks_who_was_spared(story):
    run = story(SECONDS >> Gather(need=1, hedge_after_ms=250) >> branches(1500, 125), duration_s=3)
    assert run.requests == [
        ("clients", 0.0, 0.375, 200),  # A, and 0.25 s later B
        ("clients", 1.0, 1.125, 200),  # in turn: B, who needs no help
        ("clients", 2.0, 2.375, 200),
    ]
    assert [row[:2] for row in run.visits if row[1] == "a"] == [(0, "a"), (2, "a")]


def test_who_fails_is_replaced_by_one_who_was_spared_at_once():
    system = SECONDS >> Gather(need=1, hedge_after_ms=900) >> branches(250, 125)
    result = simulate(system, duration_s=1, events=[Outage("a", 0, 9)])
    assert result.requests[["finished_s", "status"]].values.tolist() == [[0.125, 200]]
    both = simulate(system, duration_s=1, events=[Outage(name, 0, 9) for name in "ab"])
    assert both.requests[["finished_s", "status"]].values.tolist() == [[0.0, 502]]


def test_whoever_fails_at_once_wakes_it_once():
    """Three fail one after the other while they are asked; the pause of the retry behind it is not cut short."""
    gather = Gather(need=1, hedge_after_ms=100) >> branches(1, 1, 1)
    retry = Retry(attempts=3, backoff="exponential", base_ms=1000)
    events = [Outage(name, 0, 2.5) for name in "abc"]
    result = simulate(ONE >> retry >> gather, duration_s=9, events=events)
    assert result.requests[["finished_s", "status"]].values.tolist() == [[3.001, 200]]


def test_a_help_that_fails_is_not_a_failure_while_the_first_question_is_open():
    clients = SECONDS >> Gather(hedge_after_ms=250) >> server("A", 500, queue_limit=0)
    assert simulate(clients, duration_s=1).requests[["finished_s", "status"]].values.tolist() == [[0.5, 200]]


def test_where_branches_meet_again_each_has_luck_of_its_own():
    steps = [server(name, 1, workers=99) for name in "ABC"]
    system = Clients(rate_per_s=20) >> Gather() >> steps >> Database("Store", connections=1000, query_ms=100)
    result = simulate(system, duration_s=100)
    low, high = _mean(result.requests.latency_ms.dropna() / 1000)
    assert low <= theory.gathered_s(0.1, 3) + 0.001 <= high and not low <= 0.101 <= high


@pytest.mark.parametrize(("asked", "need"), [(5, None), (5, 1), (5, 3)])
def test_the_time_of_many(asked, need):
    pool = [Server(f"s{n}", workers=100_000, service_ms=100) for n in range(asked)]
    result = simulate(Clients(rate_per_s=40) >> Gather(need=need) >> pool, duration_s=100, seed=2)
    low, high = _mean(result.requests.latency_ms.dropna() / 1000)
    assert low <= theory.gathered_s(0.1, asked, need) <= high
    assert not low <= theory.gathered_s(0.1, asked - 1, need) <= high


def test_one_wrong_of_twenty_is_more_of_ten_pages():
    """1 in 20 of the answers of each of ten is wrong: four pages out of ten are."""
    pool = [Server(f"s{n}", workers=100_000, service_ms=10, service_cv=0) for n in range(10)]
    errors = [Errors(f"s{n}", 0, 1e6, share=0.05) for n in range(10)]
    status = simulate(Clients(rate_per_s=40) >> Gather() >> pool, duration_s=60, events=errors).requests.status
    expected = theory.any_slow(0.05, 10)
    assert abs((status == 500).mean() - expected) < 3.3 * (expected * (1 - expected) / len(status)) ** 0.5


def _mean(values):
    """The ends of the interval in which the mean of independent values lies, 99.9 %."""
    return stats.norm.interval(0.999, loc=np.mean(values), scale=stats.sem(values))
