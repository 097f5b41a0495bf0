"""Rings of keys, connections that end: whom a balancer picks, held against closed forms and the library `uhashring`."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from uhashring import HashRing

from pmtech import CDN, Autoscale, Change, Clients, LoadBalancer, Outage, Server, answers_by_machine, simulate
from pmtech.components.ring import VIRTUAL_NODES, Ring
from pmtech.engine.randomness import uniforms
from pmtech.theory import busiest_share, moved_share, new_machine_share, ring_variation

KEYS = range(1, 20_001)


def homes(machines, nodes=VIRTUAL_NODES) -> dict[int, str]:
    names = [f"machine {n}" for n in machines]
    ring = Ring(enumerate(names), nodes)
    return {key: names[ring.find(key)] for key in KEYS}


def moved(before, after) -> list[tuple[str, str]]:
    return [(before[key], after[key]) for key in KEYS if before[key] != after[key]]


@pytest.mark.parametrize(("few", "many"), [(4, 5), (1, 2), (9, 10)])
def test_a_new_machine_takes_its_share_and_nothing_moves_between_those_that_stay(few, many):
    going = moved(homes(range(few)), homes(range(many)))
    assert {to for _, to in going} == {f"machine {few}"}
    spread = 4 * ring_variation(many, VIRTUAL_NODES)  # of one machine's share, in parts of the mean
    assert len(going) / len(KEYS) == pytest.approx(moved_share(few, many), rel=spread)


def test_whoever_leaves_gives_its_own_keys_alone():
    before, after = homes(range(5)), homes([0, 1, 3, 4])
    going = moved(before, after)
    assert len(going) == Counter(before.values())["machine 2"] and {whose for whose, _ in going} == {"machine 2"}
    assert len({to for _, to in going}) == 4, "to all the others"


def test_it_moves_as_many_keys_as_the_library_does_and_like_it_none_besides():
    def library(machines):
        ring = HashRing([f"machine {n}" for n in machines], vnodes=VIRTUAL_NODES)
        return {key: ring.get_node(str(key)) for key in KEYS}

    for few, many in ((4, 5), (7, 8)):
        ours, theirs = (moved(of(range(few)), of(range(many))) for of in (homes, library))
        assert {to for _, to in ours} == {to for _, to in theirs} == {f"machine {few}"}
        spread = 4 * math.sqrt(2) * ring_variation(many, VIRTUAL_NODES) / many  # of the difference of two rings
        assert len(ours) / len(KEYS) == pytest.approx(len(theirs) / len(KEYS), abs=spread)


@pytest.mark.parametrize("nodes", [1, 10, 100])
def test_shares_vary_as_much_as_points_at_random(nodes):
    """The variation of the machines' shares over many rings, none of which has a machine of another one."""
    machines, rings, variances = 10, 60, []
    for first in range(0, machines * rings, machines):
        counts = Counter(homes(range(first, first + machines), nodes).values())
        shares = np.array([counts[f"machine {n}"] for n in range(first, first + machines)]) * machines / len(KEYS)
        variances.append(((shares - 1) ** 2).mean())
    error = 4 * np.std(variances) / math.sqrt(rings)
    by_keys = machines / len(KEYS)  # the keys are a sample of the circle
    assert np.mean(variances) == pytest.approx(ring_variation(machines, nodes) ** 2 + by_keys, abs=error)


def pool(policy="round_robin", replicas=4, **clients):
    many = {"rate_per_s": 200, "keys": 2000, "popularity": 0, **clients}
    return Clients(**many) >> LoadBalancer(policy=policy) >> Server(workers=1000, service_ms=1, replicas=replicas)


def answered(system, **more) -> dict[int, set[str]]:
    requests = simulate(system, duration_s=40, **more).requests.dropna(subset="served_by")
    return requests.groupby("key").served_by.agg(set).to_dict()


@pytest.mark.parametrize(("policy", "on_ring"), [("consistent_hash", True), ("modulo", False)])
def test_the_balancer_keeps_every_key_on_one_machine_and_moves_the_share_of_its_rule(policy, on_ring):
    four, five = answered(pool(policy)), answered(pool(policy, 5))
    assert all(len(machines) == 1 for machines in (*four.values(), *five.values()))
    share = np.mean([four[key] != five[key] for key in four])
    spread = 4 * (ring_variation(5, VIRTUAL_NODES) / 5 if on_ring else 0) + 4 * math.sqrt(0.25 / len(four))
    assert share == pytest.approx(moved_share(4, 5, ring=on_ring), abs=spread)


def test_the_balancer_has_as_many_virtual_nodes_as_it_is_told():
    """Key for key the ring of that many, also after somebody has turned the knob."""
    system, machines = pool("consistent_hash"), [(n, f"server#{n + 1}") for n in range(4)]
    coarse = answered(system.replace({"load_balancer.virtual_nodes": 1}))
    assert coarse == {key: {f"server#{Ring(machines, 1).find(key) + 1}"} for key in coarse}
    turned = simulate(system, duration_s=9, events=[Change("load_balancer.virtual_nodes", 1, 4)]).requests
    late = turned[(turned.arrived_s > 4) & (turned.status == 200)]
    assert all({who} == coarse.get(key, {who}) for key, who in zip(late.key, late.served_by, strict=True))


def test_a_machine_that_leaves_a_run_gives_its_own_keys_alone():
    events = [Change("server.replicas", 3, at_s=20)]
    requests = simulate(pool("consistent_hash"), duration_s=40, events=events).requests.dropna(subset="served_by")
    before, after = (requests[(requests.arrived_s < 20) == early] for early in (True, False))
    homes = (part.groupby("key").served_by.first() for part in (before, after))
    old, new = next(homes), next(homes)
    both = old.index.intersection(new.index)
    stayed = both[old[both] != "server#4"]
    assert (old[stayed] == new[stayed]).all() and "server#4" not in set(new)


# --- connections -------------------------------------------------------------------------------------------------------


def on_connections(connections, replicas=4, policy="random", age_s=None, layer=4):
    clients = {"rate_per_s": 100, "connections": connections, "connection_age_s": age_s}
    system = pool(policy, replicas, **clients)
    return system.replace({"load_balancer.layer": layer})


def test_all_requests_of_a_connection_go_where_its_first_went():
    run = simulate(on_connections(7, age_s=None), duration_s=30)
    requests = run.requests.dropna(subset="served_by")
    assert requests.served_by.nunique() <= 4 and len(requests) > 2500
    again = simulate(on_connections(1), duration_s=30).requests.served_by.dropna()
    assert again.nunique() == 1


def test_who_has_no_connections_of_its_own_has_one_for_each_request():
    layers = [simulate(on_connections(None, policy="round_robin", layer=n), duration_s=10) for n in (4, 7)]
    assert layers[0].requests.served_by.tolist() == layers[1].requests.served_by.tolist()


def test_the_busiest_machine_has_as_many_connections_as_chance_would_give_it():
    busiest = []
    for seed in range(1, 61):
        table = answers_by_machine(simulate(on_connections(20), duration_s=60, seed=seed), every_s=60).to_numpy()[0]
        busiest.append(table.max() * 4 / table.sum())
    error = 4 * np.std(busiest) / math.sqrt(len(busiest))
    # Requests take any of the connections, so a machine's share of the requests is near that of its connections.
    assert np.mean(busiest) == pytest.approx(busiest_share(20, 4), abs=error + 0.01)


def test_a_new_machine_gets_its_share_as_connections_end():
    """At t after it came, 1 - e^(-t/D) of a third. Each connection is used four times a second: the model opens it with
    its first request, so that one that rests has not chosen yet."""
    age_s, came_s, seeds, connections = 20, 4, range(1, 9), 100
    system = on_connections(connections, replicas=2, age_s=age_s).replace({"clients.rate_per_s": 400})
    more = [Change("server.replicas", 3, at_s=came_s)]
    runs = [simulate(system, duration_s=34, seed=seed, events=more).requests for seed in seeds]
    requests = pd.concat(runs).dropna(subset="served_by")
    for after_s in (2, 10, 20, 28):
        some = requests[(requests.arrived_s - came_s - after_s).abs() < 1]
        wanted = np.mean([new_machine_share(after_s + d, age_s) for d in np.linspace(-1, 1, 21)]) / 3
        luck = math.sqrt(wanted * (1 - wanted) * (1 / len(some) + 1 / (connections * len(seeds))))
        assert (some.served_by == "server#3").mean() == pytest.approx(wanted, abs=4 * luck)


def test_connections_of_a_dead_machine_are_opened_elsewhere_and_do_not_come_back():
    system = on_connections(30, replicas=3, policy="round_robin").replace({"load_balancer.health_check_s": 0.1})
    run = simulate(system, duration_s=60, events=[Outage("server", at_s=20, for_s=10)])
    late = run.requests[run.requests.arrived_s > 21].dropna(subset="served_by")
    assert "server#1" not in set(late.served_by)


POLICIES = ["round_robin", "random", "least_connections", "power_of_two_choices", "consistent_hash", "modulo"]


def single_file(policy, events=(), **more):
    """Twelve clients with one connection each: {client: its answered requests, in order}."""
    one = {"rate_per_s": 5, "connections": 1, "keys": 50, "popularity": 0, **more}
    clients = [Clients(f"c{n}", **one) for n in range(12)]
    pool = LoadBalancer(layer=4, policy=policy) >> Server(workers=100, service_ms=1, replicas=3)
    run = simulate(clients >> pool, duration_s=30, events=events)
    return dict(list(run.requests[run.requests.status == 200].groupby("client")))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_machine_that_joins_gets_nothing_from_connections_that_are_open(policy):
    events = [Change("server.replicas", 6, at_s=10)]
    assert {requests.served_by.nunique() for requests in single_file(policy, events).values()} == {1}
    ending = single_file(policy, events, connection_age_s=2).values()
    assert {"server#4", "server#5", "server#6"} <= {name for requests in ending for name in requests.served_by}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("events", "gone"),
    [
        ([Change("server.replicas", 2, at_s=10)], "server#3"),
        ([Change("server.replicas", 2, at_s=10), Change("server.replicas", 3, at_s=20)], "server#3"),
        ([Outage("server", at_s=10, for_s=8)], "server#1"),
    ],
)
def test_who_was_on_a_machine_that_went_is_elsewhere_for_good_and_nobody_else_moves(policy, events, gone):
    found = single_file(policy, events).values()
    on_it = [requests for requests in found if requests.served_by.iloc[0] == gone]
    assert on_it and {requests.served_by.nunique() for requests in found if requests.served_by.iloc[0] != gone} == {1}
    for requests in on_it:  # while nobody checks, the dead machine may be tried again: a refused request each time
        assert gone not in set(requests[requests.arrived_s > 18].served_by)
        assert set(requests[requests.arrived_s < 10].served_by) == {gone}


def test_a_connection_that_broke_while_nobody_used_it_is_opened_anew():
    """A request a second, at 0, 1, 2, ...; the machine is dead from 4.3 to 4.6, when nothing is under way."""
    clients = Clients(rate_per_s=1, arrivals="even", connections=1)
    system = clients >> LoadBalancer(layer=4) >> Server(service_ms=1, replicas=3)
    died = simulate(system, duration_s=9, events=[Outage("server", at_s=4.3, for_s=0.3)])
    assert died.requests.served_by.tolist() == ["server#1"] * 5 + ["server#2"] * 4
    others = [Change("server.replicas", 1, at_s=4.3), Change("server.replicas", 3, at_s=4.6)]
    assert simulate(system, duration_s=9, events=others).requests.served_by.tolist() == ["server#1"] * 9


def test_short_lives_of_connections_are_made_a_life_at_a_time(monkeypatch):
    """Connection by connection, each of 40 made all the lives anew, and an age of a second kept a learner waiting for 11 s."""
    made = []
    monkeypatch.setattr("pmtech.engine.randomness.uniforms", lambda *key: made.append(key) or uniforms(*key))
    simulate(on_connections(40, age_s=1), duration_s=60)
    assert len(made) < 3 * 60


def test_an_autoscaler_adds_machines_that_only_new_connections_reach():
    late = {}
    for age_s in (None, 10):
        clients = Clients(rate_per_s=150, connections=30, connection_age_s=age_s)
        server = Server(workers=8, service_ms=100, autoscale=Autoscale(starts_s=5))
        run = simulate(clients >> LoadBalancer(layer=4) >> server, duration_s=90)
        late[age_s] = set(run.requests[run.requests.arrived_s > 60].served_by.dropna())
    assert late[None] <= {"server", "server#1"} and {"server#2", "server#3"} <= late[10]


def test_who_answered_when_is_told_in_the_unit_of_the_runs_charts():
    pool = Clients(rate_per_s=5) >> Server(service_ms=10)
    for duration_s, every_s, said in (
        (80, 40, "second 40"),
        (2, 0.5, "second 1.5"),
        (900, 300, "minute 5"),
        (900, 450, "minute 7.5"),
    ):
        table = answers_by_machine(simulate(pool, duration_s=duration_s, seed=2), every_s=every_s)
        assert f"came from {said}<" in table._repr_html_()


def test_an_edge_answers_too():
    edges = [Clients("Near", place="Mumbai"), Clients("Far", place="London")] >> CDN(edges=("Mumbai", "London"))
    assert [*answers_by_machine(simulate(edges >> Server()))] == ["CDN in London", "CDN in Mumbai"]
