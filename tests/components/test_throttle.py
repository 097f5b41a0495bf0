"""A throttle: who is let through when, in which order, and who is turned away."""

from math import inf

from pmtech import Change, Clients, Server, Throttle, simulate
from pmtech.components.turns import Turns

QUARTERS = Clients(rate_per_s=4, arrivals="even")


def let_through(run):
    """(when, who) in the order of being let through; who is client@arrival."""
    done = [(left, f"{client}@{at:g}") for client, at, left, status in run.requests if status == 200]
    return sorted(done)


def client(name, first_s, rate_per_s=4, **more):
    """A client that begins to send at `first_s`: nothing is sent at the same moment by two, and the story is plain."""
    return Clients(name, rate_per_s=0, arrivals="even", **more), Change(
        f"{name.lower()}.rate_per_s", rate_per_s, first_s
    )


def test_one_passes_every_rate_th_of_a_second_and_the_others_wait(story):
    run = story(QUARTERS >> Throttle(rate_per_s=2), duration_s=1.25)
    assert run.visits == [
        (0, "throttle", 0.0, 0.0, 0.0),
        (1, "throttle", 0.25, 0.5, 0.5),
        (2, "throttle", 0.5, 1.0, 1.0),
        (3, "throttle", 0.75, None, None),
        (4, "throttle", 1.0, None, None),
    ]
    throttle = run.result.components.loc["throttle"]
    assert (throttle.served, throttle.rejected, throttle.max_queue) == (3, 0, 2)
    assert throttle.mean_queue == (0.25 + 0.5 + 0.5 + 0.25) / 1.25


def test_below_its_rate_nobody_waits(story):
    run = story(QUARTERS >> Throttle(rate_per_s=4) >> Server(workers=9, service_ms=125, service_cv=0), duration_s=1)
    assert [(at, done) for _, at, done, _ in run.requests] == [(0, 0.125), (0.25, 0.375), (0.5, 0.625), (0.75, 0.875)]


def test_fair_is_taking_turns(story):
    many, begin_many = client("Many", 0, 8)
    few, begin_few = client("Few", 0.3125, 1)
    run = story([many, few] >> Throttle(rate_per_s=2), duration_s=3, events=[begin_many, begin_few])
    assert let_through(run) == [
        (0.0, "many@0"),
        (0.5, "many@0.125"),
        (1.0, "few@0.3125"),
        (1.5, "many@0.25"),
        (2.0, "few@1.3125"),
        (2.5, "many@0.375"),
    ]


def test_unfair_is_first_come_first_served(story):
    many, begin_many = client("Many", 0, 8)
    few, begin_few = client("Few", 0.3125, 1)
    run = story([many, few] >> Throttle(rate_per_s=2, fair=False), duration_s=3, events=[begin_many, begin_few])
    assert let_through(run) == [
        (0.0, "many@0"),
        (0.5, "many@0.125"),
        (1.0, "many@0.25"),
        (1.5, "few@0.3125"),
        (2.0, "many@0.375"),
        (2.5, "many@0.5"),
    ]


def test_max_min_fairness_gives_the_small_what_they_ask_and_shares_the_rest():
    """Demands 2, 6, 20 and 40 at a rate of 30: fair shares are 2, 6, 11 and 11."""
    asks = {"a": 2, "b": 6, "c": 20, "d": 40}
    clients = [Clients(name, rate_per_s=rate, arrivals="even") for name, rate in asks.items()]
    result = simulate(clients >> Throttle(rate_per_s=30), duration_s=50, warmup_s=10)
    served = (result.by_client.served_per_s * result.window_s).round().to_dict()
    for name, share in {"a": 2, "b": 6, "c": 11, "d": 11}.items():
        assert abs(served[name] - share * 40) <= 2  # a request at either end of the window
    assert result.by_client.p95_ms[["a", "b"]].max() <= 4 * 1000 / 30  # at most a turn of each of the four


def test_more_important_endpoints_go_first(story):
    submit, begin_submit = client("Submit", 0.375, 2, endpoints="/submit")
    view, begin_view = client("View", 0, 4, endpoints="/view")
    rest, begin_rest = client("Rest", 0.125, 4, endpoints="/rest")
    system = [submit, view, rest] >> Throttle(rate_per_s=2, priority=("/submit", "/view"))
    run = story(system, duration_s=3.75, events=[begin_submit, begin_view, begin_rest])
    assert let_through(run) == [
        (0.0, "view@0"),
        (0.5, "submit@0.375"),
        (1.0, "submit@0.875"),
        (1.5, "submit@1.375"),
        (2.0, "submit@1.875"),
        (2.5, "submit@2.375"),
        (3.0, "submit@2.875"),
        (3.5, "submit@3.375"),
    ]
    lone = story(system.replace({"throttle.priority": "/view"}), duration_s=1.75, events=[begin_view, begin_rest])
    assert let_through(lone) == [(0.0, "view@0"), (0.5, "view@0.25"), (1.0, "view@0.5"), (1.5, "view@0.75")]


def test_who_has_waited_too_long_is_told_503(story):
    run = story(QUARTERS >> Throttle(rate_per_s=1, max_wait_s=0.625), duration_s=2)
    assert run.visits == [
        (0, "throttle", 0.0, 0.0, 0.0),
        (1, "throttle", 0.25, None, 0.875),
        (2, "throttle", 0.5, 1.0, 1.0),
        (3, "throttle", 0.75, None, 1.375),
        (4, "throttle", 1.0, None, 1.625),
        (5, "throttle", 1.25, None, 1.875),
        (6, "throttle", 1.5, None, None),
        (7, "throttle", 1.75, None, None),
    ]
    assert run.refusals == [
        (n, "throttle", at, 503, None) for n, at in ((1, 0.875), (3, 1.375), (4, 1.625), (5, 1.875))
    ]
    assert [status for *_, status in run.requests] == [200, 503, 200, 503, 503, 503, 0, 0]


def test_with_no_patience_it_is_a_limiter_that_answers_503(story):
    run = story(QUARTERS >> Throttle(rate_per_s=2, max_wait_s=0), duration_s=1.25)
    assert [(at, done, status) for _, at, done, status in run.requests] == [
        (0.0, 0.0, 200),
        (0.25, 0.25, 503),
        (0.5, 0.5, 200),
        (0.75, 0.75, 503),
        (1.0, 1.0, 200),
    ]


def test_what_is_not_essential_is_shed_as_soon_as_anybody_has_to_wait(story):
    submit, begin_submit = client("Submit", 0, 2, endpoints="/submit")
    export, begin_export = client("Export", 0.125, 2, endpoints="/export")
    system = [submit, export] >> Throttle(rate_per_s=2, shed="/export")
    run = story(system, duration_s=2, events=[begin_submit, begin_export])
    assert [(client, at, status) for client, at, _, status in run.requests] == [
        ("submit", 0.0, 200),
        ("export", 0.125, 503),
        ("submit", 0.5, 200),
        ("export", 0.625, 503),
        ("submit", 1.0, 200),
        ("export", 1.125, 503),
        ("submit", 1.5, 200),
        ("export", 1.625, 503),
    ]
    alone = story(system, duration_s=1, events=[begin_export])
    assert [status for *_, status in alone.requests] == [200, 200]


def test_a_new_rate_holds_from_the_next_turn_on(story):
    events = [Change("throttle.rate_per_s", 8, at_s=0.625)]
    run = story(QUARTERS >> Throttle(rate_per_s=1), duration_s=1.125, events=events)
    assert run.visits == [
        (0, "throttle", 0.0, 0.0, 0.0),
        (1, "throttle", 0.25, 0.625, 0.625),
        (2, "throttle", 0.5, 0.75, 0.75),
        (3, "throttle", 0.75, 0.875, 0.875),
        (4, "throttle", 1.0, 1.0, 1.0),
    ]


def test_a_new_patience_holds_for_those_who_wait_already(story):
    events = [Change("throttle.max_wait_s", 0.125, at_s=1.0625), Change("throttle.max_wait_s", None, at_s=1.25)]
    run = story(QUARTERS >> Throttle(rate_per_s=0.5), duration_s=2.125, events=events)
    assert run.visits == [
        (0, "throttle", 0.0, 0.0, 0.0),
        (1, "throttle", 0.25, None, 1.0625),
        (2, "throttle", 0.5, None, 1.0625),
        (3, "throttle", 0.75, None, 1.0625),
        (4, "throttle", 1.0, None, 1.125),
        (5, "throttle", 1.25, 2.0, 2.0),
        (6, "throttle", 1.5, None, None),
        (7, "throttle", 1.75, None, None),
        (8, "throttle", 2.0, None, None),
    ]


def test_who_gave_up_keeps_the_place_in_line_and_uses_up_a_turn(story):
    system = Clients(rate_per_s=4, arrivals="even", timeout_ms=375) >> Throttle(rate_per_s=2)
    run = story(system, duration_s=1.75)
    assert [(at, done, status) for _, at, done, status in run.requests] == [
        (0.0, 0.0, 200),
        (0.25, 0.5, 200),
        (0.5, 0.875, 504),
        (0.75, 1.125, 504),
        (1.0, 1.375, 504),
        (1.25, 1.625, 504),
        (1.5, None, 0),
    ]
    assert run.visits[2:4] == [(2, "throttle", 0.5, 1.0, 1.0), (3, "throttle", 0.75, 1.5, 1.5)]


def test_however_it_is_turned_it_never_lets_two_through_too_close():
    clients = [Clients("A", rate_per_s=30, endpoints={"/a": 1, "/b": 1}), Clients("B", rate_per_s=90)]
    for more in ({}, {"fair": False}, {"priority": "/b"}, {"max_wait_s": 0.5}, {"shed": "/a", "max_wait_s": 2}):
        result = simulate(clients >> Throttle(rate_per_s=80, **more), duration_s=30)
        passed = result.visits.started_s.dropna().sort_values()
        assert len(passed) >= 80 * 30 - 1  # and never idle while somebody waits
        assert passed.diff().min() >= 1 / 80 - 1e-9


def test_when_all_of_a_rank_have_given_up_the_next_rank_has_its_turn(story):
    """The order waits from 0.25 on and gives up at 0.875; the view of 0.5 goes at 1, though nobody stands before it now."""
    clients = [
        Clients("Views", rate_per_s=2, arrivals="even", endpoints="/view"),
        Clients("Orders", rate_per_s=1.6, arrivals="even", endpoints="/order"),
    ]
    throttle = Throttle(rate_per_s=0.8, priority="/order", max_wait_s=0.625)
    run = story(clients >> throttle, duration_s=3)
    assert {status for *_, status in run.requests} <= {0, 200, 503}
    turns = Turns(Throttle(rate_per_s=1, priority="/order", max_wait_s=1))
    assert turns.lets_through(0.0)
    turns.join("order", "A", "/order", 0.25)
    turns.join("view", "A", "/view", 0.5)
    assert (turns.turn_s, turns.deadline_s, turns.give_up()) == (1.0, 1.25, "order")
    assert (turns.deadline_s, turns.next(1.0), turns.turn_s) == (1.5, "view", inf)
