"""How fast is simulate() beside other simulators? Each peer's own program stands in benchmarks/peers/.

    python benchmarks/peers.py [requests] [workload ...]        (100,000 requests; all workloads: mmc balanced nested)

The same customers go through all programs. The peers get them as lists; simulate() draws them within its time, and its
time includes the summary. Before anything is timed, the latency of every customer must be the same in all programs, to
a nanosecond. Then each peer takes turns with simulate(): one round to warm up, five that count. Times are CPU times,
which a busy machine disturbs less; what is printed are medians, and the median of the ratios of the rounds.
Peers that are not installed are left out (pip install ciw salabim simulus numba).
"""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from pmtech import Cache, Clients, Database, LoadBalancer, Server, simulate
from pmtech.runs.running import Running

sys.path.insert(0, str(Path(__file__).parent / "peers"))
ROUNDS = 5

MMC = Clients(rate_per_s=380) >> Server(workers=4, service_ms=10)
BALANCED = (
    Clients(rate_per_s=1200, keys=1000)
    >> LoadBalancer(policy="round_robin")
    >> Server(workers=4, service_ms=20, replicas=8, blocking=False)
    >> Cache(capacity=100, hit_ms=1)
    >> Database(connections=14, query_ms=20)
)
CACHES = (100, 300, 1000)  # the sizes that lesson 03 tries, of 1,000 keys
NESTED = Clients(rate_per_s=150) >> Server(workers=24, service_ms=90) >> Database(connections=16, query_ms=40)


def customers(system, requests: int) -> tuple[float, list, dict]:
    """How long to run for so many requests, the gaps between them, and the work of each at each station."""
    duration_s = requests / system.get("clients.rate_per_s")
    arrived = simulate(system, duration_s=duration_s).records.arrived_s
    parts = Running(system, seed=1).run.parts

    def work(name: str) -> list[float]:
        part = parts[name][0]
        return (part.work["clients", 0].first(len(arrived)) * part.mean_s).tolist()

    return (
        duration_s,
        np.diff(arrived, prepend=0.0).tolist(),
        {name: work(name) for name in ("server", "database") if name in parts},
    )


def mmc(requests: int) -> tuple:
    duration_s, gaps, works = customers(MMC, requests)
    peers = {}
    for name in ("simpy", "ciw", "salabim", "simulus", "numba"):
        try:
            peers[name] = importlib.import_module(f"with_{name}").several_servers
        except ImportError:
            print(f"({name} is not installed)")
    peers = {"simpy, a process a hop": importlib.import_module("with_simpy").several_servers_calls, **peers}
    runs = {name: lambda run=run: run(gaps, works["server"]) for name, run in peers.items()}
    if "numba" in runs:  # its loop takes arrays, and is not to be charged for making them
        arrays = np.array(gaps), np.array(works["server"])
        runs["numba"] = lambda: peers["numba"](*arrays)
    return "M/M/4 at 95 % load", MMC, duration_s, runs


def balanced(requests: int, capacity: int) -> tuple:
    system = BALANCED.replace({"cache.capacity": capacity})
    duration_s, gaps, works = customers(system, requests)
    run = simulate(system, duration_s=duration_s)
    keys, hits = run.requests.key.tolist(), run.components.hit_ratio["cache"]
    sizes = {"servers": 8, "workers": 4, "connections": 14, "capacity": capacity, "hit_s": 0.001}
    simpy = importlib.import_module("with_simpy")
    of = {"simpy, a process a hop": simpy.balanced_calls, "simpy, one process": simpy.balanced}
    runs = {
        name: lambda run=run: run(gaps, works["server"], works["database"], keys, **sizes) for name, run in of.items()
    }
    title = f"clients -> 8 balanced servers -> cache of {capacity} ({hits:.0%} hits) -> database"
    return title, system, duration_s, runs


def nested(requests: int) -> tuple:
    duration_s, gaps, works = customers(NESTED, requests)
    simpy = importlib.import_module("with_simpy")
    of = {"simpy, a process a hop": simpy.nested_calls, "simpy, one process": simpy.nested}
    runs = {
        name: lambda run=run: run(gaps, works["server"], works["database"], workers=24, connections=16)
        for name, run in of.items()
    }
    return "server -> database, the worker held meanwhile", NESTED, duration_s, runs


def timed(run: Callable) -> float:
    begin = process_time()
    run()
    return process_time() - begin


def measure(title: str, system, duration_s: float, runs: dict[str, Callable]) -> None:
    records = simulate(system, duration_s=duration_s).records
    answered = np.isfinite(records.finished_s)
    latency = records.finished_s - records.arrived_s
    print(f"\n{title}: {len(latency):,} requests")
    for name, run in runs.items():
        theirs = np.array(run())
        furthest = np.abs(theirs[answered] - latency[answered]).max()
        assert furthest < 1e-9, f"{name}: a customer's latency differs by {furthest:g} s"

    def ours():
        return simulate(system, duration_s=duration_s).summary

    took = {name: [] for name in runs}
    for turn in range(ROUNDS + 1):
        for name, run in runs.items():
            gc.collect()  # what the peer left behind
            ours()  # the collector and the peer emptied what the interpreter keeps ready
            one, other = timed(ours), timed(run)
            if turn:
                took[name].append((one, other))
    own = statistics.median(one for rounds in took.values() for one, _ in rounds)
    print(f"  {'pmtech':24s} {own * 1000:9.1f} ms   {own / len(latency) * 1e6:6.2f} us a request")
    for name, rounds in took.items():
        ratios = [other / one for one, other in rounds]
        median = statistics.median(other for _, other in rounds)
        print(
            f"  {name:24s} {median * 1000:9.1f} ms   {statistics.median(ratios):8.2f} times as long"
            f"  [{min(ratios):.2f} .. {max(ratios):.2f}]"
        )


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chosen = sys.argv[2:] or ["mmc", "balanced", "nested"]
    several = {"mmc": [mmc], "balanced": [partial(balanced, capacity=n) for n in CACHES], "nested": [nested]}
    for workload in chosen:
        for prepare in several[workload]:
            measure(*prepare(requests))
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
