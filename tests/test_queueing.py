"""Queueing theory against runs.

Each case is run several times with other customers. The replications are independent, so the mean of a figure over
them has a Student interval, and the value of the theory must lie within the interval of 99.9 %. Nothing else is
allowed for: no percentage, no tolerance. The seeds are fixed, so the outcome is too.

An interval that is wide enough holds anything. `Runs.tells_apart` therefore shows for every load that the same
intervals exclude the theory of a queue that is close by (another spread of the service, one place more).

Runs start empty; the warm-up is long against the time that a queue takes to forget how it began, which grows with
1 / (1 - sqrt(load))^2 service times (Cohen, The Single Server Queue, 1969).
"""

from math import ceil, sqrt

import numpy as np
import pytest
from scipy import stats

from pmtech import Clients, Database, LoadBalancer, Server, Throttle, Users, simulate, theory

LOADS = [0.3, 0.6, 0.8]  # and at 0.95, where runs have to be ten times as long, those of fidelity: tests/fidelity
SERVICE_S = 0.01


class Runs:
    """Replications of one system, and the 99.9 % interval of any figure of theirs."""

    def __init__(self, system, *, requests, replications, load=0.5):
        rate = sum(source.offered_per_s for source in system.sources.values())
        warmup_s = min(20_000, ceil(6 / (1 - sqrt(min(load, 0.95))) ** 2)) * SERVICE_S
        how = {"duration_s": warmup_s + requests / rate, "warmup_s": warmup_s}
        self.results = [simulate(system, seed=seed, **how) for seed in range(1, replications + 1)]

    def interval(self, figure):
        values = np.array([figure(result) for result in self.results])
        return stats.t.interval(0.999, len(values) - 1, loc=values.mean(), scale=stats.sem(values))

    def agrees(self, figure, value):
        low, high = self.interval(figure)
        assert low <= value <= high, f"{value:g} is not within {low:g} .. {high:g}"

    def tells_apart(self, figure, *others):
        low, high = self.interval(figure)
        for other in others:
            assert not low <= other <= high, f"{other:g} of another queue lies within {low:g} .. {high:g}"


def time_in_system_s(result):
    return result.summary.mean_ms / 1000


def p99_s(result):
    return result.summary.p99_ms / 1000


def mean_queue(result):
    return result.components.mean_queue.sum()


def utilisation(result):
    return result.components.utilisation.iloc[0]


def loss(result):
    return result.summary.error_rate


def in_system(result):
    """The mean number inside, counted from the requests themselves."""
    requests = result.requests
    begin, end = result.warmup_s, result.duration_s
    stays = requests.finished_s.fillna(end).clip(begin, end) - requests.arrived_s.clip(begin, end)
    return stays.sum() / (end - begin)


def server(load, *, workers=1, **more):
    """A server at that load; the more workers, the more customers."""
    rate = load * workers / SERVICE_S
    return rate, Clients(rate_per_s=rate) >> Server(workers=workers, service_ms=SERVICE_S * 1000, **more)


def size(load):
    """The nearer to full, the longer it takes to forget how it began."""
    return {"load": load, "requests": 10_000, "replications": 10}


@pytest.mark.parametrize("load", LOADS)
def test_mm1_and_littles_law(load):
    rate, system = server(load)
    runs, expected = Runs(system, **size(load)), theory.mm1(rate, SERVICE_S)
    runs.agrees(time_in_system_s, expected.time_in_system_s)
    runs.agrees(mean_queue, expected.mean_queue)
    runs.agrees(utilisation, load)
    runs.agrees(p99_s, expected.latency_percentile_s(99))
    runs.agrees(in_system, expected.in_system)
    # Little's law, run by run: the number inside is the rate that came times the time that they stayed
    runs.agrees(lambda r: in_system(r) - r.summary.offered_per_s * time_in_system_s(r), 0)
    runs.tells_apart(time_in_system_s, *(theory.mg1(rate, SERVICE_S, cv).time_in_system_s for cv in (0.5, 1.5)))


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize("load", LOADS)
def test_mmc(load, workers):
    rate, system = server(load, workers=workers)
    runs, expected = Runs(system, **size(load)), theory.mmc(rate, SERVICE_S, workers)
    runs.agrees(time_in_system_s, expected.time_in_system_s)
    runs.agrees(mean_queue, expected.mean_queue)
    runs.agrees(utilisation, load)
    runs.agrees(p99_s, expected.latency_percentile_s(99))
    if load > 0.3:  # below, next to nobody waits for any of them
        runs.tells_apart(mean_queue, theory.mmc(rate, SERVICE_S, workers + 1).mean_queue)


@pytest.mark.parametrize("cv", [0, 0.5, 2])
@pytest.mark.parametrize("load", LOADS)
def test_md1_and_mg1(load, cv):
    rate, system = server(load, service_cv=cv)
    runs = Runs(system, **size(load))
    expected = theory.mg1(rate, SERVICE_S, cv) if cv else theory.md1(rate, SERVICE_S)
    runs.agrees(time_in_system_s, expected.time_in_system_s)
    runs.agrees(mean_queue, expected.mean_queue)
    runs.agrees(utilisation, load)
    runs.tells_apart(time_in_system_s, theory.mm1(rate, SERVICE_S).time_in_system_s)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.95, 2])
def test_mm1k(load):
    rate, system = server(load, queue_limit=3)  # four places: one at work, three in line
    runs, expected = Runs(system, requests=25_000, replications=10), theory.mm1k(rate, SERVICE_S, places=4)
    runs.agrees(loss, expected.loss)
    runs.agrees(time_in_system_s, expected.time_in_system_s)
    runs.agrees(mean_queue, expected.mean_queue)
    runs.agrees(utilisation, expected.accepted_per_s * SERVICE_S)
    runs.agrees(lambda r: r.summary.served_per_s, expected.accepted_per_s)
    runs.tells_apart(loss, *(theory.mm1k(rate, SERVICE_S, places).loss for places in (3, 5)))


@pytest.mark.parametrize("cv", [1, 0, 2])
@pytest.mark.parametrize("load", [0.3, 0.6, 0.95])
def test_erlang_b_whatever_the_shape_of_the_service(load, cv):
    rate, system = server(load, workers=5, queue_limit=0, service_cv=cv)
    runs, erlangs = Runs(system, requests=12_000, replications=8), rate * SERVICE_S
    runs.agrees(loss, theory.erlang_b(erlangs, 5))
    if cv:
        runs.agrees(time_in_system_s, SERVICE_S)
    runs.tells_apart(loss, theory.erlang_b(erlangs, 4), theory.erlang_b(erlangs, 6))


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_stations_in_a_row_are_a_jackson_network(load):
    rate = load / SERVICE_S
    row = Server(workers=1, service_ms=10, blocking=False) >> Database(connections=1, query_ms=10)
    runs = Runs(Clients(rate_per_s=rate) >> row, **size(load))
    network = theory.jackson({"a": rate}, {"a": {"b": 1}}, {"a": SERVICE_S, "b": SERVICE_S})
    runs.agrees(time_in_system_s, network.time_in_system_s)
    for name, station in zip(("server", "database"), network.stations.values(), strict=True):
        runs.agrees(lambda r, name=name: r.components.mean_queue[name], station.mean_queue)


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_a_pool_chosen_at_random_is_so_many_mm1(load):
    rate = 4 * load / SERVICE_S
    system = Clients(rate_per_s=rate) >> LoadBalancer(policy="random") >> Server(workers=1, service_ms=10, replicas=4)
    runs = Runs(system, load=load, requests=16_000, replications=8)
    runs.agrees(time_in_system_s, theory.mm1(rate / 4, SERVICE_S).time_in_system_s)
    runs.tells_apart(time_in_system_s, theory.mmc(rate, SERVICE_S, 4).time_in_system_s)


@pytest.mark.parametrize("fair", [True, False])
@pytest.mark.parametrize("load", [0.3, 0.8])
def test_a_throttle_is_a_queue_with_constant_service_that_lets_go_at_its_begin(load, fair):
    sources = [Clients("A", rate_per_s=load * 25), Clients("B", rate_per_s=load * 75)]
    runs = Runs(sources >> Throttle(rate_per_s=1 / SERVICE_S, fair=fair), **size(load))
    expected = theory.md1(load / SERVICE_S, SERVICE_S)
    runs.agrees(time_in_system_s, expected.wait_s)  # whoever goes first: the mean does not mind
    runs.agrees(mean_queue, expected.mean_queue)
    runs.tells_apart(time_in_system_s, theory.mm1(load / SERVICE_S, SERVICE_S).wait_s)


def test_users_who_wait_for_the_answer_are_the_machine_repair_model():
    """Closed loop, one worker: p(n) is proportional to N! / (N - n)! (service / think)^n (Kleinrock 1, 3.8)."""
    count, think_s = 8, 0.05
    p = np.cumprod([1, *((count - n) * SERVICE_S / think_s for n in range(count))])
    p /= p.sum()
    throughput = (1 - p[0]) / SERVICE_S
    system = Users(count=count, think_s=think_s) >> Server(workers=1, service_ms=SERVICE_S * 1000)
    runs = Runs(system, requests=12_000, replications=8)
    runs.agrees(lambda r: r.summary.served_per_s, throughput)
    runs.agrees(in_system, p @ np.arange(count + 1))
    runs.agrees(time_in_system_s, count / throughput - think_s)  # Little's law around the whole loop
    runs.tells_apart(lambda r: r.summary.served_per_s, min(count / (think_s + SERVICE_S), 1 / SERVICE_S))
