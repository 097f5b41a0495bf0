"""Running a system: settings, same customers, changes and outages during a run."""

import math
from importlib import import_module

import numpy as np
import pytest

from pmtech import (
    Autoscale,
    Change,
    Clients,
    Database,
    LoadBalancer,
    Outage,
    RateLimiter,
    Server,
    Slider,
    Surge,
    Throttle,
    Users,
    compare,
    explore,
    live,
    simulate,
    sweep,
)
from pmtech.runs.running import Running
from pmtech.runs.simulate import MOST_REQUESTS

SYSTEM = [Clients("A", rate_per_s=10), Clients("B", rate_per_s=30)] >> Server(workers=8, service_ms=100) >> Database()


def requests(system, client=None, **how):
    frame = simulate(system, **{"duration_s": 30, **how}).requests
    return frame if client is None else frame[frame.client == client].reset_index(drop=True)


def work(system, component, **how):
    """How long each request was worked on, by the request's number among its client's."""
    result = simulate(system, **{"duration_s": 30, **how})
    visits = result.visits[result.visits.component == component].set_index("request")
    took = (visits.left_s - visits.started_s).to_dict()
    number = result.requests.groupby("client").cumcount()
    client = result.requests.client
    return {(client[row], number[row]): value for row, value in took.items() if value == value}


# Same customers, different design


def test_the_rate_of_one_client_leaves_the_others_as_they_are():
    busier = SYSTEM.replace({"b.rate_per_s": 60})
    columns = ["arrived_s", "endpoint", "key"]
    assert requests(SYSTEM, "a")[columns].equals(requests(busier, "a")[columns])
    assert len(requests(busier, "b")) > 1.5 * len(requests(SYSTEM, "b"))


def test_a_client_more_leaves_the_others_as_they_are():
    more = [*SYSTEM.parts[:2], Clients("C", rate_per_s=50)] >> Server(workers=8, service_ms=100) >> Database()
    for client in "ab":
        assert requests(SYSTEM, client).arrived_s.equals(requests(more, client).arrived_s)


def test_twice_the_workers_do_the_same_work():
    pool = Clients(rate_per_s=20) >> LoadBalancer() >> Server(workers=2, service_ms=100, replicas=3)
    one = work(pool, "server")
    for change in (
        {"load_balancer.policy": "random"},
        {"load_balancer.policy": "least_connections"},
        {"server.workers": 4},
        {"server.replicas": 5},
    ):
        other = work(pool.replace(change), "server")
        assert len(one.keys() & other.keys()) > 500
        for who in one.keys() & other.keys():
            assert other[who] == pytest.approx(one[who], rel=1e-9)


def test_a_slower_server_stretches_every_request_alike():
    quick, slow = work(SYSTEM.replace({"database.query_ms": 0.001}), "server"), {}
    slow = work(SYSTEM.replace({"database.query_ms": 0.001, "server.service_ms": 200}), "server")
    both = quick.keys() & slow.keys()
    assert len(both) > 800
    for who in both:
        assert slow[who] - quick[who] == pytest.approx(quick[who], abs=2e-4)  # but for the query


def test_a_limiter_before_the_server_changes_nothing_for_those_who_pass():
    wide = Clients(rate_per_s=50) >> Server(workers=1000, service_ms=100)
    limited = Clients(rate_per_s=50) >> RateLimiter(limit=20) >> Server(workers=1000, service_ms=100)
    free, checked = requests(wide), requests(limited)
    passed = checked.status == 200
    assert free.arrived_s.equals(checked.arrived_s)
    assert 300 < passed.sum() < len(passed)
    assert checked.latency_ms[passed].equals(free.latency_ms[passed])


def test_the_name_of_a_part_is_part_of_its_luck_and_the_seed_is_too():
    renamed = requests(Clients("Z", rate_per_s=10) >> Server())
    assert requests(Clients("A", rate_per_s=10) >> Server()).arrived_s[0] != renamed.arrived_s[0]
    assert requests(SYSTEM, seed=2).arrived_s[0] != requests(SYSTEM, seed=1).arrived_s[0]
    assert requests(SYSTEM, seed=2).equals(requests(SYSTEM, seed=2))


@pytest.mark.parametrize("seed", [1.0, np.int64(1)])
def test_a_seed_is_a_number_however_it_is_written(seed):
    assert requests(SYSTEM, seed=seed).equals(requests(SYSTEM, seed=1))


def test_a_longer_run_begins_like_the_shorter_one():
    short, long = requests(SYSTEM, duration_s=20), requests(SYSTEM, duration_s=40)
    ended = short.status > 0
    assert short[ended].equals(long[: len(short)][ended])
    assert short.arrived_s.equals(long.arrived_s[: len(short)])


def test_who_is_written_first_comes_first_when_two_come_at_the_same_moment():
    clients = [Clients(name, rate_per_s=1, arrivals="even") for name in "AB"]
    assert requests(clients >> RateLimiter(limit=1, by="all"), duration_s=1).status.tolist() == [200, 429]
    assert requests(clients >> RateLimiter(limit=1, by="all"), duration_s=1).client.tolist() == ["a", "b"]


# Events


def test_changes_happen_before_whatever_else_is_due_and_in_the_order_given():
    system = Clients(rate_per_s=1, arrivals="even") >> Server(service_ms=500, service_cv=0)
    events = [
        Change("server.service_ms", 375, at_s=0),
        Change("server.service_ms", 250, at_s=2),
        Change("server.service_ms", 100, at_s=1),
        Change("server.service_ms", 125, at_s=1),
    ]
    assert requests(system, duration_s=4, events=events).latency_ms.tolist() == [375, 125, 250, 250]


def test_a_change_at_0_is_the_other_system_and_one_after_the_end_is_none():
    more = SYSTEM.replace({"server.workers": 3})
    assert requests(SYSTEM, events=[Change("server.workers", 3, at_s=0)]).equals(requests(more))
    for at_s in (30, 1e9):
        assert requests(SYSTEM, events=[Change("server.workers", 3, at_s=at_s)]).equals(requests(SYSTEM))


def test_the_result_knows_the_system_before_and_at_the_end():
    result = simulate(SYSTEM, duration_s=10, events=[Change("server.workers", 3, at_s=5)])
    assert (result.system, result.at_end) == (SYSTEM, SYSTEM.replace({"server.workers": 3}))


def test_what_would_be_refused_then_is_refused_now():
    for path, value, sentence in (
        ("server.workers", 0, "workers must be at least 1, got 0"),
        ("server.worker", 3, 'there is no "worker"'),
        ("cache.capacity", 3, 'there is no part "cache"'),
        ("server.replicas", 2, '2 replicas of "server" need a LoadBalancer'),
    ):
        with pytest.raises(ValueError, match=sentence):
            simulate(SYSTEM, duration_s=1, events=[Change(path, value, at_s=20)])
    for wrong in (3, "server.workers", None, Surge()):
        with pytest.raises(ValueError, match=r"events are Change\(...\) or Outage\(...\), .*, got "):
            simulate(SYSTEM, duration_s=1, events=[wrong])


def test_one_event_need_not_stand_in_a_list():
    """Wherever events are taken."""
    one, knob = Outage("server", at_s=0.5, for_s=0.2), Slider("server.workers", 1, 9)
    alone = simulate(SYSTEM, duration_s=1, events=one).summary
    assert alone.equals(simulate(SYSTEM, duration_s=1, events=[one]).summary)
    assert alone.error_rate > 0
    assert compare({"a": SYSTEM, "b": SYSTEM}, duration_s=1, events=one).results["a"].summary.equals(alone)
    assert sweep(SYSTEM, {"server.workers": [1]}, duration_s=1, events=one).error_rate[0] > 0
    for panel in (explore(SYSTEM, knob, duration_s=1, events=one), live(SYSTEM, events=one)):
        panel.close()


def test_a_part_can_not_be_renamed_during_a_run():
    with pytest.raises(ValueError, match="name"):
        simulate(SYSTEM, duration_s=5, events=[Change("server.name", "Other", at_s=1)])


def test_a_change_can_not_make_a_run_too_long(monkeypatch):
    monkeypatch.setattr(import_module("pmtech.runs.simulate"), "MOST_REQUESTS", 1000)
    with pytest.raises(ValueError, match="requests"):
        simulate(SYSTEM, duration_s=10, events=[Change("a.rate_per_s", 10_000, at_s=1)])


def test_turning_by_hand_is_a_change():
    by_hand = Running(SYSTEM, 1)
    for until_s in (3.5, 3.5, 10):
        by_hand.advance(until_s)
        by_hand.turn({"server.workers": 3, "a.rate_per_s": 20} if until_s == 10 else {})
    by_hand.advance(20)
    events = [Change("server.workers", 3, at_s=10), Change("a.rate_per_s", 20, at_s=10)]
    told = requests(SYSTEM, duration_s=20, events=events)
    told_system = SYSTEM.replace({"server.workers": 3, "a.rate_per_s": 20})
    assert [r.finished for r in by_hand.run.requests if r.status] == told.finished_s[told.status > 0].tolist()
    assert [since for since, _ in by_hand.history] == [0, 10]
    assert by_hand.history[-1][1] == told_system


def test_a_knob_that_is_refused_leaves_the_run_as_it_was():
    one, other = Running(SYSTEM, 1), Running(SYSTEM, 1)
    one.advance(5)
    with pytest.raises(ValueError):
        one.turn({"server.workers": 3, "a.rate_per_s": -1})
    assert one.system == SYSTEM
    for running in (one, other):
        running.advance(20)
    assert [r.finished for r in one.run.requests if r.status] == [r.finished for r in other.run.requests if r.status]


def test_an_outage_answers_502_and_the_machine_comes_back_empty():
    system = Clients(rate_per_s=4, arrivals="even") >> Server(workers=1, service_ms=625, service_cv=0)
    frame = requests(system, duration_s=2.5, events=[Outage("server", at_s=0.875, for_s=0.5)])
    log = [
        (at, None if done != done else done, status)
        for at, done, status in frame[["arrived_s", "finished_s", "status"]].values
    ]
    assert log == [
        (0.0, 0.625, 200),
        (0.25, 0.875, 502),  # at work
        (0.5, 0.875, 502),  # in line
        (0.75, 0.875, 502),
        (1.0, 1.0, 502),
        (1.25, 1.25, 502),
        (1.5, 2.125, 200),
        (1.75, None, 0),
        (2.0, None, 0),
        (2.25, None, 0),
    ]


def test_a_server_that_dies_answers_at_once_and_its_queries_go_on_for_nobody():
    system = (
        Clients("A", rate_per_s=4, arrivals="even")
        >> Server(workers=4, service_ms=125, service_cv=0)
        >> Database(connections=1, query_ms=437.5, query_cv=0)
    )
    result = simulate(system, duration_s=2.5, events=[Outage("server", at_s=0.8125, for_s=0.5)])
    assert result.requests[["arrived_s", "finished_s", "status"]].astype(object).values.tolist()[:7] == [
        [0.0, 0.5625, 200],
        [0.25, 0.8125, 502],  # its query runs
        [0.5, 0.8125, 502],  # its query waits for the connection
        [0.75, 0.8125, 502],  # at work on the server: its query is never asked
        [1.0, 1.0, 502],
        [1.25, 1.25, 502],
        [1.5, 2.0625, 200],
    ]
    queries = result.visits[result.visits.component == "database"]
    assert queries[["request", "entered_s", "started_s", "left_s"]].fillna(-1).values.tolist() == [
        [0, 0.125, 0.125, 0.5625],
        [1, 0.375, 0.5625, 1.0],
        [2, 0.625, 1.0, 1.4375],
        [6, 1.625, 1.625, 2.0625],
        [7, 1.875, 2.0625, -1],
        [8, 2.125, -1, -1],
        [9, 2.375, -1, -1],
    ]
    assert result.refusals[["request", "component", "at_s"]].values.tolist() == [
        [1, "server", 0.8125],
        [2, "server", 0.8125],
        [3, "server", 0.8125],
        [4, "server", 1.0],
        [5, "server", 1.25],
    ]
    held_s = 0.5625 + 0.5625 + 0.3125 + 0.0625 + 0.5625 + 0.75 + 0.5 + 0.25
    assert result.components.utilisation.tolist() == pytest.approx([held_s / (4 * 2), 5 * 0.4375 / 2.5])
    assert result.components.served.tolist() == [2, 4] and result.components.rejected.tolist() == [5, 0]


def test_of_a_pool_so_many_die():
    system = (
        Clients(rate_per_s=4, arrivals="even") >> LoadBalancer() >> Server(service_ms=125, service_cv=0, replicas=2)
    )
    assert requests(system, duration_s=2, events=[Outage("server", at_s=0.5, for_s=1)]).status.tolist() == [
        200, 200, 502, 200, 502, 200, 200, 200
    ]  # fmt: skip
    both = requests(system, duration_s=2, events=[Outage("server", at_s=0.5, for_s=1, count=2)])
    assert both.status.tolist() == [200, 200, 502, 502, 502, 502, 200, 200]


def test_only_machines_die():
    for name, sentence in (
        ("throttle", '"throttle" has no machine that could die'),
        ("clients", '"clients" has no machine that could die'),
        ("sever", 'there is no part "sever" to die: did you mean server?'),
    ):
        with pytest.raises(ValueError, match=sentence):
            simulate(Clients() >> Throttle() >> Server(), duration_s=1, events=[Outage(name)])


RESIZED = (
    Clients(rate_per_s=4, arrivals="even")
    >> LoadBalancer()
    >> Server(workers=1, service_ms=500, service_cv=0, replicas=2)
)
TO_THREE_AND_TO_ONE = [Change("server.replicas", 3, at_s=0.625), Change("server.replicas", 1, at_s=1.125)]


def test_replicas_that_come_start_empty_and_those_that_go_finish_what_they_hold():
    frame = requests(RESIZED, duration_s=2.25, events=TO_THREE_AND_TO_ONE)
    assert frame[frame.status == 200][["arrived_s", "finished_s", "served_by"]].values.tolist() == [
        [0.0, 0.5, "server#1"],
        [0.25, 0.75, "server#2"],
        [0.5, 1.0, "server#1"],
        [0.75, 1.25, "server#2"],
        [1.0, 1.5, "server#3"],
        [1.25, 1.75, "server#1"],
    ]
    assert frame.status.tolist() == [200] * 6 + [0] * 3


def test_machines_that_are_gone_are_no_longer_places_of_work():
    result = simulate(RESIZED, duration_s=2.25, events=TO_THREE_AND_TO_ONE)
    work_s = 7 * 0.5  # the seventh ends just now
    places_s = 2 * 0.625 + 3 * 0.5 + 1 * 1.125
    assert result.components.utilisation["server"] == pytest.approx(work_s / places_s)


# Settings


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"duration_s": 0}, "duration_s must be more than 0, got 0"),
        ({"duration_s": -1}, "duration_s must be more than 0, got -1"),
        ({"duration_s": math.nan}, "duration_s must be a finite number, got nan"),
        ({"duration_s": math.inf}, "duration_s must be a finite number, got inf"),
        ({"duration_s": "60"}, "duration_s must be a number, got '60'"),
        ({"duration_s": None}, "duration_s must be a number, got None"),
        ({"duration_s": True}, "duration_s must be a number, got True"),
        ({"duration_s": 1e9}, "duration_s must be at most 31,622,400, got 1,000,000,000"),
        ({"warmup_s": -1}, "warmup_s must be at least 0, got -1"),
        ({"warmup_s": 60}, r"warmup_s must be less than duration_s \(60\), got 60"),
        ({"warmup_s": math.nan}, "warmup_s must be a finite number, got nan"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 1.5}, "seed must be a whole number, got 1.5"),
        ({"seed": "1"}, "seed must be a whole number, got '1'"),
        ({"seed": None}, "seed must be a whole number, got None"),
        ({"engine": "fast"}, "engine must be"),
    ],
)
def test_settings_that_make_no_sense_are_refused(how, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}"):
        simulate(SYSTEM, **how)


def test_a_run_of_too_many_requests_is_refused_before_it_starts():
    for system in (
        Clients(rate_per_s=1e5) >> Server(),
        Clients(rate_per_s=1e4, surge=Surge(0, 60, 10)) >> Server(),
        Clients(rate_per_s=1e4, timeout_ms=1, retries=10) >> Server(),
        Users(count=100_000, think_s=0.1) >> Server(),
    ):
        with pytest.raises(ValueError, match=f"requests; a run holds {MOST_REQUESTS:,} at most"):
            simulate(system)


def test_a_run_that_is_followed_event_by_event_holds_what_a_machine_has_room_for():
    server, many = Server(workers=200, service_ms=1), Clients(rate_per_s=100_000)
    chain = many >> server >> Database(connections=200, query_ms=1)  # three visits a request, with that of who sends it
    for system in (many >> server, Users(count=1000, think_s=0.01) >> server, chain):
        with pytest.raises(ValueError, match="^that would be about 3,000,000 requests; a run that is followed") as said:
            simulate(system, duration_s=30, engine="events")
    assert "through these parts, holds 1,290,323 at most: shorten duration_s or" in str(
        said.value
    )  # 2 GB / 1,550 bytes
    with pytest.raises(ValueError, match="followed event by event"):
        simulate(Clients(rate_per_s=10) >> server, events=[Change("clients.rate_per_s", 80_000, at_s=1)])


def test_what_looks_at_regular_times_is_bounded_and_so_are_events():
    year, slow = 365 * 86_400, Clients(rate_per_s=0.001)
    checked = LoadBalancer(health_check_s=0.01) >> Server(replicas=3)
    for parts in (checked, LoadBalancer() >> Server(autoscale=Autoscale(every_s=1))):
        with pytest.raises(ValueError, match="would look at machines about .* times; a run has 20,000,000 at most"):
            simulate(slow >> parts, duration_s=year)
    simulate(slow >> LoadBalancer(health_check_s=60) >> Server(replicas=3), duration_s=86_400)
    with pytest.raises(ValueError, match="^events are 5,001; a run takes 5,000 at most$"):
        simulate(SYSTEM, events=[Change("a.rate_per_s", 1, at_s=1)] * 5001)


def test_connections_that_hardly_last_are_refused():
    often, server = Clients(rate_per_s=1, connections=40, connection_age_s=0.01), Server(replicas=3)
    with pytest.raises(
        ValueError, match="would end about 240,000 times; a run has 200,000 at most: .*connection_age_s"
    ):
        simulate(often >> LoadBalancer(layer=4) >> server)
    with pytest.raises(ValueError, match="would end about 240,000 times"):
        simulate(often >> Server(), events=[Change("clients.connections", 40, at_s=1)])


def test_all_but_the_system_is_given_by_name():
    with pytest.raises(TypeError):
        simulate(SYSTEM, 60)
