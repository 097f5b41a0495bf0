"""Places: a request travels to where a part stands, and back."""

import pytest

from pmtech import Change, Clients, Database, LoadBalancer, Network, Outage, Queue, Server, simulate, theory
from pmtech.system.flow import flows

HALF_S = theory.round_trip_ms("Mumbai", "Frankfurt") / 2000  # 33 ms
MUMBAI = Clients(rate_per_s=1, arrivals="even", place="Mumbai")


def server(name=None, service_ms=100, **more):
    return Server(name, **{"workers": 9, "service_ms": service_ms, "service_cv": 0, **more})


def test_there_and_back(story):
    run = story(MUMBAI >> server(place="Frankfurt"), duration_s=0.9)
    assert run.visits == [(0, "server", HALF_S, HALF_S, HALF_S + 0.1)]
    assert run.result.requests.latency_ms.tolist() == pytest.approx([2000 * HALF_S + 100])
    for here, there in ((None, "Frankfurt"), ("Mumbai", None), ("Mumbai", "Mumbai")):
        system = Clients(rate_per_s=1, arrivals="even", place=here) >> server(place=there)
        assert simulate(system, duration_s=0.9).requests.latency_ms.tolist() == [100]


def test_the_way_from_part_to_part():
    """The server goes on from where it stands; what has no place is where the request is."""
    system = MUMBAI >> Network(round_trip_ms=0) >> server(place="Frankfurt") >> server("Deep", place="Paris")
    expected = theory.round_trip_ms("Mumbai", "Frankfurt") + theory.round_trip_ms("Frankfurt", "Paris") + 200
    assert simulate(system, duration_s=0.9).requests.latency_ms.tolist() == pytest.approx([expected])
    near = [server("A", place="Mumbai"), server("B", place="Frankfurt")]
    latency = simulate(MUMBAI >> LoadBalancer() >> near, duration_s=1.9).requests.latency_ms
    assert latency.tolist() == pytest.approx([100, 100 + 2000 * HALF_S])


def test_whoever_arrives_at_a_dead_machine_is_refused_there():
    """It dies while the request is on its way: the answer takes the way back."""
    system = MUMBAI >> server(place="Frankfurt")
    requests = simulate(system, duration_s=1.9, events=[Outage("server", HALF_S / 2, 0.5)]).requests
    assert requests.status.tolist() == [502, 200]
    assert requests.latency_ms[0] == pytest.approx(2000 * HALF_S)


def test_a_question_that_is_on_its_way_when_its_server_dies_arrives_when_it_would_have(story):
    """The client hears at once; the database works in vain, and not before the question has come."""
    system = MUMBAI >> server(place="Mumbai") >> Database(query_ms=100, query_cv=0, place="Frankfurt")
    run = story(system, duration_s=0.9, events=[Outage("server", 0.1 + HALF_S / 2, 0.5)])
    assert run.requests == [("clients", 0.0, 0.1 + HALF_S / 2, 502)]
    (visit,) = (row for row in run.visits if row[1] == "database")
    assert visit[2:] == pytest.approx((0.1 + HALF_S, 0.1 + HALF_S, 0.2 + HALF_S))


def test_a_part_may_move_during_a_run():
    system = MUMBAI >> server(place="Frankfurt")
    events = [
        Change("server.place", "Mumbai", 0.5),
        Change("server.place", None, 1.5),
        Change("clients.place", "Paris", 2.5),
    ]
    events.append(Change("server.place", "Frankfurt", 2.5))
    latency = simulate(system, duration_s=3.9, events=events).requests.latency_ms.tolist()
    away = theory.round_trip_ms("Paris", "Frankfurt")
    assert latency == pytest.approx([100 + 2000 * HALF_S, 100, 100, 100 + away])


def test_mean_rates_know_the_way():
    system = MUMBAI >> server(place="Mumbai") >> Queue(store_ms=0, place="Frankfurt") >> server("Worker")
    assert flows(system)[0]["server"].held_ms == pytest.approx(2000 * HALF_S)
    far = MUMBAI >> server(workers=1, service_ms=1, place="Mumbai") >> server("Deep", place="Frankfurt")
    result = simulate(far.replace({"clients.rate_per_s": 20}), duration_s=60)
    assert flows(far.replace({"clients.rate_per_s": 20}))[0]["server"].passes == pytest.approx(1 / (0.101 + 2 * HALF_S))
    assert result.components.served["server"] == pytest.approx(60 / (0.101 + 2 * HALF_S), abs=1)
