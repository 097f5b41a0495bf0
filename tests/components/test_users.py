"""Users: they think, ask, wait for the answer, and think again."""

import numpy as np
import pytest

from pmtech import Change, Clients, RateLimiter, Server, Surge, Throttle, Users, simulate
from pmtech.components import users as module
from pmtech.runs.running import Running

SLOW = Server(workers=1, service_ms=1000, service_cv=0)


@pytest.fixture
def even(monkeypatch):
    """Everybody thinks for exactly `think_s`."""
    monkeypatch.setattr(module, "exponential", np.ones_like)


def test_a_user_waits_for_the_answer_and_thinks_before_asking_again(even, story):
    run = story(Users(count=1, think_s=0.5) >> SLOW, duration_s=4)
    assert run.requests == [("users", 0.5, 1.5, 200), ("users", 2.0, 3.0, 200), ("users", 3.5, None, 0)]


def test_two_users_at_one_worker_ask_no_more_than_it_can_answer(even, story):
    run = story(Users(count=2, think_s=0.5) >> SLOW, duration_s=5)
    assert run.visits == [
        (0, "server", 0.5, 0.5, 1.5),
        (1, "server", 0.5, 1.5, 2.5),
        (2, "server", 2.0, 2.5, 3.5),
        (3, "server", 3.0, 3.5, 4.5),
        (4, "server", 4.0, 4.5, None),
    ]


def test_those_who_came_for_the_surge_leave_after_their_next_answer(even, story):
    surge = Users(count=1, think_s=1, surge=Surge(at_s=1.25, for_s=2, times=3))
    run = story(surge >> Server(workers=9, service_ms=500, service_cv=0), duration_s=6)
    assert [r[1] for r in run.requests] == [1.0, 2.25, 2.25, 2.5, 3.75, 3.75, 4.0, 5.5]


def test_more_users_begin_to_think_and_fewer_leave_after_their_answer(even, story):
    free = Server(workers=9, service_ms=500, service_cv=0)
    more = story(Users(count=1, think_s=1) >> free, duration_s=4, events=[Change("users.count", 2, at_s=1.75)])
    assert [r[1] for r in more.requests] == [1.0, 2.5, 2.75]
    fewer = story(Users(count=2, think_s=1) >> free, duration_s=6, events=[Change("users.count", 1, at_s=2)])
    assert [r[1] for r in fewer.requests] == [1.0, 1.0, 2.5, 2.5, 4.0, 5.5]


def test_who_left_and_comes_back_goes_on_with_the_next_request(even, story):
    events = [Change("users.count", 0, at_s=0.5), Change("users.count", 1, at_s=3)]
    run = story(Users(count=1, think_s=1) >> SLOW, duration_s=5, events=events)
    assert run.requests == [("users", 1.0, 2.0, 200), ("users", 4.0, None, 0)]
    assert [r.number for r in run.log] == [0, module.ROUND]


def test_a_retry_comes_before_the_thinking(even, story):
    users = Users(count=1, think_s=1, timeout_ms=250, retries=1)
    run = story(users >> Server(workers=9, service_ms=500, service_cv=0), duration_s=3)
    assert run.requests == [
        ("users", 1.0, 1.25, 504),
        ("users", 1.25, 1.5, 504),
        ("users", 2.5, 2.75, 504),
        ("users", 2.75, None, 0),
    ]


def test_every_user_is_a_caller_of_its_own(even, story):
    each = story(Users(count=3, think_s=1) >> RateLimiter(limit=1, per_s=60), duration_s=1.5)
    assert [r[3] for r in each.requests] == [200, 200, 200]
    together = story(Users(count=3, think_s=1) >> RateLimiter(limit=1, per_s=60, by="all"), duration_s=1.5)
    assert [r[3] for r in together.requests] == [200, 429, 429]
    # two users and a client that floods: each of the three has a turn
    system = [Users(count=2, think_s=1), Clients(rate_per_s=4, arrivals="even")] >> Throttle(rate_per_s=1)
    through = sorted((r.finished, r.caller) for r in story(system, duration_s=6).log if r.status)
    assert through == [
        (0.0, "clients"),
        (1.0, "clients"),
        (2.0, "users#1"),
        (3.0, "users#2"),
        (4.0, "clients"),
        (5.0, "users#1"),
    ]


def test_a_user_never_has_two_requests_under_way():
    requests = simulate(Users(count=1, think_s=0.1) >> SLOW, duration_s=100).requests
    assert len(requests) > 80
    assert (requests.arrived_s[1:].to_numpy() > requests.finished_s[:-1].to_numpy()).all()


def test_another_user_changes_nothing_for_those_who_are_there(story):
    wide = Server(workers=100, service_ms=100)
    three, four = (story(Users(count=n, think_s=1) >> wide, duration_s=30).log for n in (3, 4))
    seen = {(r.caller, r.number): (r.arrived, r.finished, r.key) for r in four}
    assert all(seen[r.caller, r.number] == (r.arrived, r.finished, r.key) for r in three if r.status)
    assert len(four) > len(three) > 50


def test_a_change_at_the_moment_of_the_surge_comes_before_it(story):
    system = Users(count=3, think_s=0.1, surge=Surge(at_s=1, for_s=9, times=9)) >> Server(workers=99)
    told = story(system, duration_s=2, events=[Change("users.count", 0, at_s=1)])
    by_hand = Running(system, 1)
    by_hand.advance(1)
    by_hand.turn({"users.count": 0})
    by_hand.advance(2)
    assert told.column("arrived_s") == [r.arrived for r in by_hand.run.requests]
