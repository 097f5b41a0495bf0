"""A pool of connections: opened once and lent, waited for, refused; the database's limit; two in one hand."""

import numpy as np
import pytest
from scipy import stats

from pmtech import (
    Change,
    Clients,
    ConnectionPool,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    Outage,
    Queue,
    Server,
    Slowdown,
    System,
    simulate,
    theory,
)
from pmtech.runs.summary import open_at
from pmtech.system.flow import flows

SECONDS = Clients(rate_per_s=1, arrivals="even")
FAST = Clients(rate_per_s=4, arrivals="even")  # one every quarter of a second


def data(**more):
    return Database("Data", **{"connections": 100, "query_ms": 500, "query_cv": 0, **more})


def pool(**more):
    return ConnectionPool("Pool", **{"size": 2, "open_ms": 125, **more})


def latencies(system, **how):
    return (simulate(system, **{"duration_s": 4, **how}).requests.latency_ms / 1000).tolist()


def test_a_connection_is_opened_once_and_lent(story):
    run = story(SECONDS >> pool() >> data(), duration_s=3)
    assert run.visits == [
        (0, "pool", 0.0, 0.0, 0.625),
        (0, "data", 0.125, 0.125, 0.625),
        (1, "pool", 1.0, 1.0, 1.5),
        (1, "data", 1.0, 1.0, 1.5),
        (2, "pool", 2.0, 2.0, 2.5),
        (2, "data", 2.0, 2.0, 2.5),
    ]
    assert run.result.components.opened["pool"] == 1


def test_without_keeping_each_request_opens_its_own():
    assert latencies(SECONDS >> pool(keep=False) >> data(), duration_s=3) == [0.625] * 3


def test_whoever_finds_none_free_waits_first_come_first_served(story):
    run = story(FAST >> pool(size=1, open_ms=0) >> data(), duration_s=1.5)
    started = [row[3] for row in run.visits if row[1] == "pool"]
    assert started == [0.0, 0.5, 1.0, None, None, None]
    assert open_at(*run.result.backlog("pool"), 1.4) == 3


def test_whoever_has_waited_long_enough_is_refused(story):
    run = story(FAST >> pool(size=1, open_ms=0, wait_ms=200) >> data(), duration_s=1.1)
    assert run.refusals == [(1, "pool", 0.45, 503, None), (3, "pool", 0.95, 503, None)]
    assert [row[3] for row in run.requests] == [200, 503, 200, 503, 0]
    assert run.result.components.in_vain["pool"] == 2


def test_each_machine_that_asks_has_a_pool_of_its_own():
    servers = LoadBalancer() >> Server(replicas=3, workers=9, service_ms=0.001, service_cv=0)
    result = simulate(FAST >> servers >> pool(size=1) >> data(query_ms=10), duration_s=5)
    assert result.components.opened["pool"] == 3 and result.components.max_queue["pool"] == 0
    behind = simulate(FAST >> servers >> Network(round_trip_ms=1) >> pool(size=1) >> data(query_ms=10), duration_s=5)
    assert behind.components.opened["pool"] == 3


@pytest.mark.parametrize(("servers", "size", "opened"), [(4, 5, 20), (4, 6, 20), (20, 20, 20), (2, 3, 6)])
def test_a_database_gives_out_its_connections_and_no_more(servers, size, opened):
    crowd = Clients(rate_per_s=400, arrivals="even")
    machines = LoadBalancer() >> Server(replicas=servers, workers=50, service_ms=0.001, service_cv=0)
    system = crowd >> machines >> pool(size=size) >> data(connections=20, query_ms=1000)
    result = simulate(system, duration_s=3)
    assert result.components.opened["pool"] == opened
    assert (result.components.too_many["pool"] > 0) == (servers * size > 20)
    assert set(result.refusals.status) <= {503} and set(result.refusals.component) <= {"pool"}
    assert ("for a connection more than there are" in result.explain()) is (servers * size > 20)


def test_an_idle_connection_is_lost_to_the_others():
    """A asked once and keeps the only connection there is; B is refused for good, unless A gives it back."""
    once, often = Clients("A", rate_per_s=0.01, arrivals="even"), Clients("B", rate_per_s=1, arrivals="even")
    way = {"A": Server("Sa", service_cv=0, service_ms=1), "B": Server("Sb", service_cv=0, service_ms=100)}
    for keep, served in ((True, 1), (False, 4)):
        system = [once >> way["A"], often >> way["B"]] >> pool(open_ms=0, keep=keep) >> data(connections=1, query_ms=9)
        assert (simulate(system, duration_s=3).requests.status == 200).sum() == served


def test_when_the_database_dies_all_connections_are_gone_and_opened_anew():
    result = simulate(SECONDS >> pool() >> data(), duration_s=5, events=[Outage("data", 1.25, 1)])
    assert result.requests.status.tolist() == [200, 502, 502, 200, 200]
    assert result.requests.latency_ms[[3, 4]].tolist() == [625, 500]
    assert result.components.opened["pool"] == 2  # and once in vain


def test_a_dead_database_owes_nobody_a_connection():
    """All that it had given out are free when it is back: as many as it has can be opened once more."""
    machines = LoadBalancer() >> Server(replicas=4, workers=9, service_ms=0.001)
    system = Clients(rate_per_s=100) >> machines >> pool(size=5) >> data(connections=20, query_ms=100)
    result = simulate(system, duration_s=20, events=[Outage("data", 5, 1), Outage("data", 9, 1)])
    after = result.requests[result.requests.arrived_s > 11]
    assert result.components.too_many["pool"] == 0 and (after.status[after.status > 0] == 200).all()


def test_size_and_keeping_can_be_turned_meanwhile():
    larger = latencies(FAST >> pool(size=1, open_ms=0) >> data(), events=[Change("pool.size", 2, 1)], duration_s=2)
    assert larger[:4] == [0.5, 0.75, 1.0, 0.75]  # at 1 the third gets the new one, and the fourth that of the second
    smaller = simulate(
        FAST >> pool(open_ms=0) >> data(), duration_s=9, events=[Change("pool.size", 1, 4)]
    ).visits.query("component == 'data' and entered_s > 4.5")
    assert (smaller.entered_s.diff().dropna() == 0.5).all()
    closing = latencies(SECONDS >> pool() >> data(), events=[Change("pool.keep", False, 1.75)], duration_s=4)
    assert closing == [0.625, 0.5, 0.625, 0.625]


def test_opening_can_be_slowed():
    slow = latencies(SECONDS >> pool(keep=False) >> data(), events=[Slowdown("pool", 0, 9, 2)], duration_s=1)
    assert slow == [0.75]


def test_a_queue_hands_out_what_the_pool_has_connections_for():
    result = simulate(FAST >> Queue(store_ms=0) >> pool(open_ms=0) >> data(), duration_s=9)
    assert result.messages.outcome.eq("done").sum() >= 34 and result.components.max_queue["pool"] == 0


# --- two connections for one request ----------------------------------------------------------------------------------


def test_with_one_in_hand_it_asks_for_the_next(story):
    run = story(SECONDS >> pool(needs=2) >> data(), duration_s=1.5)
    assert run.requests[0] == ("clients", 0.0, 1.25, 200)


@pytest.mark.parametrize(("threads", "needs"), [(4, 2), (3, 3), (8, 2), (1, 4)])
def test_one_connection_fewer_than_the_rule_and_nobody_goes_on(threads, needs):
    """All threads ask at the same moment, and each takes its next connection only when all have theirs."""
    enough = theory.deadlock_free_pool(threads, needs)
    for size in (enough, enough - 1):
        burst = Clients(rate_per_s=200, arrivals="even")
        server = Server(workers=threads, service_ms=0.001, service_cv=0)
        run = simulate(burst >> server >> pool(size=size, needs=needs, open_ms=0) >> data(query_ms=100), duration_s=9)
        assert (run.summary.served_per_s > 1) == (size == enough)


# --- held against theory ----------------------------------------------------------------------------------------------


def mean(values, share=0.999):
    return stats.norm.interval(share, loc=np.mean(values), scale=stats.sem(values))


@pytest.mark.parametrize(("erlangs", "size"), [(3, 5), (8, 5), (0.5, 1)])
def test_who_waits_for_nothing_is_lost_as_erlang_says(erlangs, size):
    system = Clients(rate_per_s=erlangs * 10) >> pool(size=size, open_ms=0, wait_ms=0) >> data(query_ms=100, query_cv=1)
    lost = [simulate(system, duration_s=12_000 / erlangs / 10, seed=seed).summary.error_rate for seed in range(6)]
    low, high = stats.t.interval(0.999, 5, loc=np.mean(lost), scale=stats.sem(lost))
    assert low <= theory.mmck(erlangs * 10, 0.1, size, size).loss <= high


@pytest.mark.parametrize(("rate", "size", "room"), [(40, 5, 12), (80, 6, 9), (25, 2, 9)])
def test_the_wait_for_a_connection_is_that_of_a_queue(rate, size, room):
    """At most `room` are inside: what comes above that is refused before it can wait."""
    door = Server("Door", workers=room, queue_limit=0, service_ms=0.001, service_cv=0)
    system = Clients(rate_per_s=rate) >> door >> pool(size=size, open_ms=0) >> data(query_ms=100, query_cv=1)
    runs = [simulate(system, duration_s=12_000 / rate, warmup_s=20, seed=seed) for seed in range(6)]
    expected = theory.mmck(rate, 0.1, size, room)
    for figures, value in (
        ([run.summary.error_rate for run in runs], expected.loss),
        ([run.components.wait_ms["pool"] / 1000 for run in runs], expected.wait_s),
    ):
        low, high = stats.t.interval(0.999, 5, loc=np.mean(figures), scale=stats.sem(figures))
        assert low <= value <= high


def test_the_cost_of_opening_is_paid_by_the_first_only():
    system = Clients(rate_per_s=30) >> pool(size=10, open_ms=1000) >> data(query_ms=100)
    run = simulate(system, duration_s=60)
    assert run.components.opened["pool"] <= 10
    slow = run.requests.latency_ms >= 1000
    assert 0 < slow.sum() and run.requests.arrived_s[slow].max() < 5


def test_mean_rates_know_what_a_pool_can_lend():
    system = Clients(rate_per_s=100) >> Server(workers=99) >> pool(size=2, open_ms=0) >> data(query_ms=100)
    at_pool = flows(system)[0]["pool"]
    assert at_pool.capacity == pytest.approx(20) and at_pool.held_back == pytest.approx(80)
    four = Clients(rate_per_s=100) >> LoadBalancer() >> Server(replicas=4) >> pool(size=2) >> data(query_ms=100)
    assert flows(four)[0]["pool"].capacity == pytest.approx(80)
    refusing = flows(system.replace({"pool.wait_ms": 100}))[0]["pool"]
    assert refusing.refused == pytest.approx(80) and refusing.held_back == 0


def test_a_saved_system_with_a_pool_opens_again(tmp_path):
    system = SECONDS >> pool(wait_ms=100, keep=False, needs=2) >> data(cores=4, crowding=0.1)
    assert System.open(system.save(tmp_path / "pool.json")) == system


# --- a database whose queries share cores -----------------------------------------------------------------------------


def test_more_queries_than_cores_take_longer_together():
    """Four at once on two cores: the third takes 1.5 times as long, with 0.1 lost for the one above; the fourth 2 times 1.2."""
    burst = Clients(rate_per_s=1000, arrivals="even")
    run = simulate(burst >> data(cores=2, crowding=0.1), duration_s=0.0035, events=[])
    assert len(run.requests) == 4
    run = simulate(burst >> data(cores=2, crowding=0.1, connections=4), duration_s=2)
    first = run.visits[run.visits.component == "data"].head(4)
    assert (first.left_s - first.started_s).tolist() == pytest.approx([0.5, 0.5, 0.825, 1.2])


def test_a_smaller_pool_is_faster_where_queries_share_cores():
    busy = Clients(rate_per_s=100, arrivals="even")
    served = [
        simulate(busy >> pool(size=size, open_ms=0) >> data(query_ms=100, query_cv=1, cores=8), duration_s=30)
        for size in (4, 8, 60)
    ]
    rates = [run.summary.served_per_s for run in served]
    assert rates[1] > 1.5 * rates[0] and rates[1] > 1.5 * rates[2]


def test_cores_can_be_turned_and_slowed_meanwhile():
    system = Clients(rate_per_s=1000, arrivals="even") >> data(cores=1, crowding=0)
    events = [Slowdown("data", 0, 9, 2), Change("data.cores", None, 0.0015)]
    visits = simulate(system, duration_s=3, events=events).visits.head(4)
    assert (visits.left_s - visits.started_s).tolist() == pytest.approx([1, 2, 1, 1])


def test_a_machine_that_is_taken_away_gives_its_connections_back():
    """Four machines hold all forty; three of them go, one of which is at work till then. Others get what they held."""
    database = Database(connections=40, query_ms=100, query_cv=0)
    first, others = (
        LoadBalancer() >> Server(name, workers=10, service_ms=1, replicas=4) for name in ("First", "Others")
    )
    two = [Clients("A", rate_per_s=200, endpoints={"/a": 1}), Clients("B", rate_per_s=0, endpoints={"/b": 1})]
    system = two >> Gateway() >> {"/a": first, "/b": others} >> ConnectionPool(size=10) >> database
    less = [Change("first.replicas", 1, 20), Change("a.rate_per_s", 5, 20), Change("b.rate_per_s", 100, 25)]
    run = simulate(system, duration_s=40, events=less)
    assert run.summary.error_rate == 0 and run.components.too_many["connection_pool"] == 0
    opened = run.components.opened["connection_pool"]
    again = simulate(system, duration_s=60, events=[*less, Change("first.replicas", 4, 40)])  # they begin with none
    assert opened == again.components.opened["connection_pool"] - 3
