"""A load balancer: whom it picks."""

from collections import Counter
from itertools import pairwise, product

import pytest

from pmtech import (
    Cache,
    Change,
    CircuitBreaker,
    Clients,
    Database,
    Errors,
    LoadBalancer,
    Network,
    Outage,
    Retry,
    Server,
    Throttle,
    simulate,
)

QUARTERS = Clients(rate_per_s=4, arrivals="even")


def pool(policy, *service_ms, **more):
    servers = [Server(f"s{n}", workers=1, service_ms=ms, service_cv=0) for n, ms in enumerate(service_ms, 1)]
    return QUARTERS >> LoadBalancer(policy=policy, **more) >> servers


def test_round_robin_is_one_after_the_other_however_busy(story):
    run = story(pool("round_robin", 125, 2000, 125), duration_s=2)
    assert run.column("served_by") == ["s1", "s2", "s3", "s1", None, "s3", "s1", None]
    assert [visit for visit in run.visits if visit[1] == "s2"] == [
        (1, "s2", 0.25, 0.25, None),
        (4, "s2", 1.0, None, None),
        (7, "s2", 1.75, None, None),
    ]


def test_least_connections_avoids_the_busy_and_takes_turns_among_equals(story):
    run = story(pool("least_connections", 125, 1000, 625), duration_s=2.25)
    #       at      0     .25   .5    .75   1     1.25  1.5   1.75  2
    # free of three: all  all  1,3   1     1     1,2   1,2,3 ...
    assert run.column("served_by") == ["s1", "s2", "s3", "s1", "s1", "s2", "s3", "s1", "s1"]


def test_least_connections_counts_those_who_wait(story):
    run = story(pool("least_connections", 5000, 5000), duration_s=1.5)
    assert [visit[1] for visit in run.visits if visit[1] != "load_balancer"] == ["s1", "s2", "s1", "s2", "s1", "s2"]


def test_random_gives_everybody_the_same_share_and_does_not_look_at_the_load():
    clients = Clients(rate_per_s=100)
    system = clients >> LoadBalancer(policy="random") >> Server(workers=100_000, replicas=4)
    chosen = simulate(system, duration_s=100).requests.served_by.tolist()
    counts, share = Counter(chosen), len(chosen) / 4
    assert sorted(counts) == ["server#1", "server#2", "server#3", "server#4"]
    assert sum((c - share) ** 2 / share for c in counts.values()) < 16.27  # chi square, 3 degrees of freedom, 99.9 %
    assert simulate(system.replace({"server.service_ms": 300}), duration_s=100).requests.served_by.tolist() == chosen


def test_power_of_two_choices_takes_the_less_busy_of_two_different_ones(story):
    # of two machines it always sees both, so the one that holds a request for ever is avoided
    run = story(pool("power_of_two_choices", 125, 3_000_000), duration_s=60)
    assert Counter(run.column("served_by"))["s2"] == 1
    # of three it sees the free one two times out of three when two are stuck, wherever it stands
    for place in range(3):
        service_ms = [3_000_000] * 3
        service_ms[place] = 1
        run = story(pool("power_of_two_choices", *service_ms), duration_s=500)
        free = Counter(run.column("served_by"))[f"s{place + 1}"]
        assert abs(free - 2000 * 2 / 3) < 3.3 * (2000 * 2 / 9) ** 0.5


def test_a_pool_of_one():
    for policy in ("round_robin", "random", "least_connections", "power_of_two_choices"):
        result = simulate(pool(policy, 125), duration_s=2)
        assert result.requests.served_by.tolist() == ["s1"] * 8


@pytest.mark.parametrize("policy", ["least_connections", "power_of_two_choices"])
def test_looking_at_the_load_beats_not_looking(policy):
    """Paired: the same customers, the same work, another policy."""
    system = Clients(rate_per_s=36) >> LoadBalancer() >> Server(workers=1, service_ms=100, replicas=4)
    for seed in range(1, 6):
        blind, seeing = (
            simulate(system.replace({"load_balancer.policy": p}), duration_s=100, seed=seed) for p in ("random", policy)
        )
        assert seeing.summary.mean_ms < blind.summary.mean_ms


def test_behind_the_pool_the_ways_come_together_again(story):
    system = (
        QUARTERS
        >> LoadBalancer()
        >> [Server(workers=1, service_ms=125, service_cv=0)] * 2
        >> Database(connections=1, query_ms=375, query_cv=0)
    )
    run = story(system, duration_s=1)
    assert [visit for visit in run.visits if visit[1] != "load_balancer"] == [
        (0, "server_1", 0.0, 0.0, 0.5),
        (0, "database", 0.125, 0.125, 0.5),
        (1, "server_2", 0.25, 0.25, 0.875),
        (1, "database", 0.375, 0.5, 0.875),
        (2, "server_1", 0.5, 0.5, None),
        (2, "database", 0.625, 0.875, None),
        (3, "server_2", 0.75, 0.875, None),
    ]


def test_a_target_may_be_a_way_of_its_own(story):
    ways = [
        Throttle(rate_per_s=1) >> Server("slow", workers=1, service_ms=125, service_cv=0),
        Server("fast", service_cv=0),
    ]
    run = story(QUARTERS >> LoadBalancer() >> ways, duration_s=1)
    assert run.column("served_by") == ["slow", "fast", None, "fast"]


def test_a_policy_can_be_turned_during_a_run(story):
    events = [Change("load_balancer.policy", "least_connections", at_s=0.9)]
    run = story(pool("round_robin", 125, 2000), duration_s=2, events=events)
    assert run.column("served_by") == ["s1", "s2", "s1", None, "s1", "s1", "s1", "s1"]


# Health checks, at 0.9, 1.8, 2.7, 3.6 s


def checked(**more):
    one = Server(workers=1, service_ms=100, service_cv=0, replicas=2)
    return QUARTERS >> LoadBalancer(health_check_s=0.9, **more) >> one


def test_after_two_checks_without_an_answer_nothing_is_sent_there_until_one_succeeds(story):
    """Machine 1 is dead from 0.65 to 3.15: missed at 0.9 and 1.8, found again at 3.6. Until 1.8 each of its turns is lost."""
    run = story(checked(), duration_s=4.4, events=[Outage("server", 0.65, 2.5)])
    ones, twos = "server#1", "server#2"
    assert run.column("served_by") == [*[ones, twos] * 4, *[twos] * 7, ones, twos, ones]
    assert [n for n, (*_, status) in enumerate(run.requests) if status == 502] == [4, 6]
    assert {status for *_, status in run.requests} == {200, 502}


def test_one_missed_check_is_forgotten_with_the_next_that_is_answered(story):
    """Dead at 0.9, alive at 1.8, dead at 2.7: never two in a row, so that it keeps its turns."""
    events = [Outage("server", 0.65, 0.9), Outage("server", 2.65, 0.3)]
    run = story(checked(), duration_s=4.4, events=events)
    assert run.column("served_by") == [f"server#{1 + n % 2}" for n in range(18)]
    assert [n for n, (*_, status) in enumerate(run.requests) if status == 502] == [4, 6]
    quick = story(checked(unhealthy_after=1), duration_s=4.4, events=events)
    assert quick.column("served_by")[4:8] == ["server#2"] * 4
    assert [n for n, (*_, status) in enumerate(quick.requests) if status == 502] == []


def test_without_checks_it_never_notices(story):
    run = story(
        checked().replace({"load_balancer.health_check_s": None}), duration_s=4.4, events=[Outage("server", 0.65, 9)]
    )
    assert [n for n, (*_, status) in enumerate(run.requests) if status == 502] == list(range(4, 18, 2))


def test_when_nobody_is_well_it_answers_itself(story):
    """Both dead from 0.65 on: 502 by the machines until 1.8, then 503 by the balancer."""
    run = story(checked(), duration_s=2.4, events=[Outage("server", 0.65, 9, count=2)])
    assert [status for *_, status in run.requests] == [200] * 3 + [502] * 5 + [503] * 2
    assert run.column("served_by")[-2:] == ["load_balancer"] * 2


def test_new_machines_are_trusted_and_a_taken_one_is_not_sent_to(story):
    events = [Outage("server", 0.65, 9), Change("server.replicas", 3, 2.1), Change("server.replicas", 1, 3.1)]
    run = story(checked(), duration_s=3.6, events=events)
    assert run.column("served_by")[8:13] == ["server#2", "server#3", "server#2", "server#3", "server#2"]
    assert [status for *_, status in run.requests][-2:] == [
        503,
        503,
    ]  # the only one that is left is dead, and known to be


# Tried again elsewhere


def full(*limits, **clients):
    """Servers that hold a request for ever; a limit of None takes all, 0 but one."""
    servers = [
        Server(f"s{n}", workers=1, service_ms=3e6, service_cv=0, queue_limit=limit) for n, limit in enumerate(limits, 1)
    ]
    return Clients(rate_per_s=4, arrivals="even", **clients) >> LoadBalancer(retries=1) >> servers


def test_what_one_refuses_another_is_asked_for(story):
    run = story(full(0, 0, 0), duration_s=2)
    assert [status for *_, status in run.requests] == [0, 0, 0, 503, 503, 503, 503, 503]
    asked = [(request, part) for request, part, *_ in run.visits if part != "load_balancer" and request >= 3]
    # in turn, and then the next of those with as few in flight
    assert asked[:4] == [(3, "s1"), (3, "s2"), (4, "s2"), (4, "s3")]
    more = story(full(0, 0, 0).replace({"load_balancer.retries": 10}), duration_s=2)
    assert [part for request, part, *_ in more.visits if request == 3][1:] == ["s1", "s2", "s3"], "each once"


def test_a_retry_goes_to_the_least_busy_of_the_others(story):
    run = story(full(0, None, None), duration_s=2.75)  # s1 is full from the fourth request on
    assert [status for *_, status in run.requests] == [0] * 11
    asked = {n: [part for request, part, *_ in run.visits if request == n][1:] for n in range(11)}
    # the fourth: s2 and s3 hold one each, s2 is next in turn; the seventh: s2 holds three; the tenth: four each
    assert [asked[n] for n in (3, 6, 9)] == [["s1", "s2"], ["s1", "s3"], ["s1", "s2"]]
    assert [asked[n] for n in (4, 5, 7, 8, 10)] == [["s2"], ["s3"], ["s2"], ["s3"], ["s2"]]
    assert run.result.summary.error_rate == 0


def test_what_changes_something_is_never_asked_twice():
    dead = {"duration_s": 60, "events": [Outage("server", at_s=10, for_s=20)]}
    for share in (0.0, 0.3, 1.0):
        clients = Clients(rate_per_s=50, write_share=share)
        system = clients >> LoadBalancer(retries=1) >> Server(workers=100, service_ms=1, replicas=2)
        run = simulate(system, **dead)
        lost = (run.requests.status == 502).sum()
        meant_for_it = 20 * 50 / 2
        assert abs(lost - share * meant_for_it) < 4 * (meant_for_it * 2) ** 0.5 if share else lost == 0


def test_an_error_that_another_would_give_as_well_is_not_tried_again():
    system = QUARTERS >> LoadBalancer(retries=3) >> Server(replicas=2)
    run = simulate(system, duration_s=30, events=[Errors("server", at_s=0, for_s=30, share=1)])
    assert run.components.loc["server", "rejected"] == len(run.requests), "a 500 is the answer"


def test_layer_4_sees_no_request_to_try_again():
    with pytest.raises(ValueError, match="retries need layer=7"):
        LoadBalancer(layer=4, retries=1)


def between_them(part):
    """Two servers behind a balancer that looks each second, each behind a part that is no machine; A is dead from 2 to 8."""
    servers = [part(server) for server in (Server("A", service_ms=1), Server("B", service_ms=1))]
    return servers, [Outage("a", 2, 6)]


STANDS_BEFORE = [
    lambda server: server,
    lambda server: Network(round_trip_ms=1) >> server,
    lambda server: CircuitBreaker(least_calls=100) >> Retry(attempts=1) >> server,
    lambda server: Cache(capacity=1) >> server,
]
ANOTHER_POOL = [
    (7, lambda server: LoadBalancer() >> server)
]  # a connection to it does not end with one of its machines


@pytest.mark.parametrize(("layer", "part"), [*product((7, 4), STANDS_BEFORE), *ANOTHER_POOL])
def test_a_machine_that_dies_is_noticed_through_what_stands_before_it(layer, part):
    servers, events = between_them(part)
    balancer = LoadBalancer(layer=layer, health_check_s=1)
    ran = simulate(Clients(rate_per_s=40, connections=8) >> balancer >> servers, duration_s=12, events=events)
    asked = ran.requests
    assert set(asked.status[asked.arrived_s < 2]) == {200}
    assert {502} < set(asked.status[asked.arrived_s.between(2, 4)]) <= {200, 502}  # two checks in a row
    assert set(asked.status[asked.arrived_s > 4.1]) == {200}
    assert set(asked.served_by[asked.arrived_s.between(4.1, 8)]) <= {"b", "load_balancer", "cache_2"}
    assert layer == 4 or "a" in set(asked.served_by[asked.arrived_s > 9.1])


def test_a_dead_cache_is_no_dead_target():
    """Requests pass it by: whoever looks through it finds the server."""
    servers, _ = between_them(lambda server: Cache(capacity=1) >> server)
    system = Clients(rate_per_s=40) >> LoadBalancer(health_check_s=1) >> servers
    ran = simulate(system, duration_s=12, events=[Outage("cache_1", 2, 9)])
    assert ran.summary.error_rate == 0
    assert "a" in set(ran.requests.served_by[ran.requests.arrived_s.between(5, 10)])


# --- a pool of several parts, each of which may grow and shrink ----------------------------------------------------------


def machines_at(result, *moments):
    """Which machines of the pool were sent requests in each stretch of time."""
    requests = result.requests
    return [set(requests.served_by[requests.arrived_s.between(*each, inclusive="left")]) for each in pairwise(moments)]


def two_parts(policy="round_robin", replicas=1, **more):
    a, b = (Server(name, workers=1, service_ms=3000, service_cv=0, replicas=replicas) for name in "ab")
    return Clients(rate_per_s=4, arrivals="even", connections=5) >> LoadBalancer(policy=policy, **more) >> [a, b]


def test_who_was_taken_away_stays_away_when_another_part_of_the_pool_changes():
    changes = [Change("a.replicas", 1, 10), Change("b.replicas", 2, 20), Change("a.replicas", 2, 40)]
    system = two_parts(replicas=3).replace({"a.service_ms": 10, "b.service_ms": 10})
    ran = simulate(system, duration_s=60, events=changes)
    assert machines_at(ran, 0, 10, 20, 40, 60) == [
        {"a#1", "a#2", "a#3", "b#1", "b#2", "b#3"},
        {"a#1", "b#1", "b#2", "b#3"},
        {"a#1", "b#1", "b#2"},
        {"a#1", "a#2", "b#1", "b#2"},
    ]


def test_a_machine_that_joins_one_part_does_not_take_over_what_is_remembered_of_another():
    """At 10 the two that are there hold 17 each: all that comes until 12 goes to the one that holds nothing."""
    ran = simulate(two_parts("least_connections"), duration_s=12, events=[Change("a.replicas", 2, 10)])
    a, b = (ran.records.visits[name] for name in "ab")
    assert set(a.machine[a.entered_s >= 10]) == {1} and not (b.entered_s >= 10).any()
    kept = simulate(two_parts("random", layer=4), duration_s=20, events=[Change("a.replicas", 2, 10)])
    before, after = (
        kept.visits[kept.visits.entered_s.between(*each) & (kept.visits.component == "b")]
        for each in ((0, 10), (10, 20))
    )
    assert len(before) > 5 and len(after) > 5
    assert not (kept.requests.served_by == "a#2").any()
