"""Every model against its closed form: theory lies within the 99.9 % interval of the replications, and nothing else is
allowed for. The seeds are fixed, so the outcome is too. The grid of loads is that of `pmtech.fidelity()`.

An interval that is wide enough holds anything. So the same intervals must also exclude the theory of a neighbour: a
queue with another spread, a worker more, a window of another length.
"""

from functools import cache

import numpy as np
import pytest

from pmtech import Clients, Server, fidelity, simulate, theory
from pmtech.runs.fidelity import SERVICE_S, Case, bucket_loss, cases, in_turn_s, repaired_per_s, window_loss

CASES = {f"{case.part}, {case.model}, {case.at}": case for case in cases()}
S, MEASURED = SERVICE_S, Case.measured


@cache
def measured(name):
    """The intervals, made once for all that is asked of them."""
    return MEASURED(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_theory_lies_within_the_interval_of_the_runs(name):
    for figure, said in CASES[name].expected.items():
        low, high = measured(name).loc[figure, ["low", "high"]]
        assert low <= said <= high, f"{figure}: {said:g} is not within {low:g} .. {high:g}"


def keys(exponent=1.0):
    weights = np.arange(1, 1001) ** -exponent
    return 100 * weights / weights.sum()


def time_ms(queue):
    return queue.time_in_system_s * 1000


NEIGHBOURS = {
    "Server, M/M/1, load 0.3": ("mean_ms", [time_ms(theory.mg1(30, S, cv)) for cv in (0.8, 1.2)]),
    "Server, M/M/1, load 0.8": ("mean_ms", [time_ms(theory.mg1(80, S, cv)) for cv in (0.8, 1.2)]),
    "Server, M/M/1, load 0.95": ("mean_ms", [time_ms(theory.mg1(95, S, cv)) for cv in (0.8, 1.2)]),
    "Server, M/M/4 (Erlang C), load 0.3": ("in_line", [theory.mmc(120, S, c).mean_queue for c in (3, 5)]),
    "Server, M/M/4 (Erlang C), load 0.8": ("in_line", [theory.mmc(320, S, 5).mean_queue, theory.mm1(80, S).mean_queue]),
    "Server, M/M/4 (Erlang C), load 0.95": ("in_line", [theory.mmc(380, S, 5).mean_queue]),
    "Server, M/D/1, load 0.3": ("mean_ms", [time_ms(theory.mg1(30, S, 0.3))]),
    "Server, M/D/1, load 0.95": ("mean_ms", [time_ms(theory.mg1(95, S, 0.3))]),
    "Server, M/G/1, cv 2, load 0.8": ("mean_ms", [time_ms(theory.mg1(80, S, cv)) for cv in (1.8, 2.2)]),
    "Server, M/M/1/4, load 0.6": ("refused", [theory.mm1k(60, S, k).loss for k in (3, 5)]),
    "Server, M/M/1/4, load 2": ("refused", [theory.mm1k(200, S, k).loss for k in (3, 5)]),
    "Server, M/G/5/5 (Erlang B), load 0.95": ("refused", [theory.erlang_b(4.75, n) for n in (4, 6)]),
    "Database, M/G/1, worker held, load 0.3": (
        "mean_ms", [time_ms(theory.mg1(15, 2 * S, cv)) for cv in (0.5, 1)] + [2 * time_ms(theory.mm1(15, S))]),
    "ConnectionPool, M/M/5/5 (Erlang B), load 2": ("refused", [theory.erlang_b(10, n) for n in (4, 6)]),
    "Gateway, Jackson network, load 0.8": ("mean_ms", [time_ms(theory.mm1(80, S)) * 2]),
    "LoadBalancer, random: each alone (M/M/1), load 0.8": ("mean_ms", [in_turn_s(0.8, 2) * 1000, time_ms(theory.mmc(320, S, 4))]),
    "LoadBalancer, round_robin: each gets every 4th (E4/M/1), load 0.8": ("mean_ms", [in_turn_s(0.8, n) * 1000 for n in (2, 8)]),
    "LoadBalancer, power_of_two_choices: the limit of many servers, load 0.8": (
        "mean_ms", [time_ms(theory.power_of_choices(0.8, S, n)) for n in (1, 3)]),
    "Throttle, M/D/1, the wait, load 0.8": ("mean_ms", [theory.mg1(80, S, cv).wait_s * 1000 for cv in (0.4, 1)]),
    "RateLimiter, fixed_window: a window after the other, load 0.8": (
        "refused", [window_loss(8, 9), window_loss(8, 11), theory.erlang_b(8, 10), bucket_loss(0.8, 10)]),
    "RateLimiter, sliding_window_log: Erlang B, load 0.8": ("refused", [theory.erlang_b(8, n) for n in (9, 11)]),
    "RateLimiter, token_bucket: M/D/1/10, load 0.8": ("refused", [bucket_loss(0.8, burst) for burst in (9, 11)]),
    "Cache, LRU (Che), 10 of 1000 keys": ("hit_ratio", [theory.che_lru(keys(), n).hit_ratio for n in (8, 12)]),
    "Cache, LRU (Che), 100 of 1000 keys": ("hit_ratio", [theory.che_lru(keys(e), 100).hit_ratio for e in (0.95, 1.05)]),
    "Cache, TTL, TTL 10 s": ("hit_ratio", [theory.ttl_cache(keys(), ttl_s).hit_ratio for ttl_s in (9, 11)]),
    "Users, machine repair, 10 users": ("served_per_s", [repaired_per_s(n, 0.2) for n in (9, 11)]),
}  # fmt: skip


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_the_same_interval_excludes_the_theory_of_a_neighbour(name):
    figure, others = NEIGHBOURS[name]
    low, high = measured(name).loc[figure, ["low", "high"]]
    for other in others:
        assert not low <= other <= high, f"{other:g} of another model lies within {low:g} .. {high:g}"


@pytest.mark.parametrize("load", [0.3, 0.8, 0.95])
def test_littles_law_in_every_run(load):
    """The number inside is the rate that came times the time that they stayed, run by run, up to the edges."""
    rate = load * 4 / S
    for seed in range(1, 4):
        run = simulate(Clients(rate_per_s=rate) >> Server(workers=4, service_ms=10), duration_s=200, seed=seed)
        requests = run.requests
        stays = requests.finished_s.fillna(200) - requests.arrived_s
        inside = run.components.mean_queue["server"] + 4 * run.components.utilisation["server"]
        assert stays.sum() / 200 == pytest.approx(inside, rel=1e-9)
        assert inside == pytest.approx(run.summary.offered_per_s * run.summary.mean_ms / 1000, rel=0.01)


def test_closed_forms_that_only_fidelity_needs():
    assert in_turn_s(0.8, 1) == pytest.approx(theory.mm1(80, S).time_in_system_s)
    assert window_loss(3.0, 1) == pytest.approx(3 / 4)  # one a window of length 1: that many of 1 + 3 are lost
    assert bucket_loss(0.7, 1) == pytest.approx(0.7 / 1.7)  # M/D/1/1 is Erlang's loss with one line
    assert repaired_per_s(1, 0.2) == pytest.approx(1 / (0.2 + S))


def test_the_table_shows_model_theory_difference_and_interval(monkeypatch):
    monkeypatch.setattr(Case, "measured", lambda case: measured(f"{case.part}, {case.model}, {case.at}"))
    table = fidelity("erlang b")
    assert table.index.names == ["part", "model", "at", "figure"]
    assert [*table.columns] == ["theory", "simulated", "difference", "interval from", "to", "agrees"]
    assert {*table.index.get_level_values("part")} == {"Server", "RateLimiter", "Functions", "ConnectionPool"}
    assert set(table.agrees) == {"yes"}
    assert table.loc[("Server", "M/G/5/5 (Erlang B)", "load 0.95", "share refused"), "theory"] == 0.2643
    with pytest.raises(
        ValueError, match='no model is called "M/G/k": choose from Server, .*, or a model such as M/M/1$'
    ):
        fidelity("M/G/k")
