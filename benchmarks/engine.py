"""How much faster is a request that is its own event than the plain SimPy idiom?

Server -> database with nested holding (a worker is held while it waits for the database), the same customers in
both. The plain program is written as the SimPy documentation does it: a process a hop, `simpy.Resource`. Prints the
median of the ratios of alternating runs, after checking that both give the same trajectory to the last bit.

    python benchmarks/engine.py [requests]
"""

from __future__ import annotations

import statistics
import sys
from time import perf_counter

import simpy

from pmtech import Clients, Database, Server
from pmtech.runs.running import Running

SYSTEM = Clients(rate_per_s=150) >> Server(workers=24, service_ms=90) >> Database(connections=16, query_ms=40)


def light(duration_s: float) -> tuple[float, list]:
    running = Running(SYSTEM, seed=1)
    begin = perf_counter()
    running.advance(duration_s)
    took = perf_counter() - begin
    return took, [(r.arrived, r.finished) for r in running.run.requests]


def plain(duration_s: float) -> tuple[float, list]:
    """The same customers through a program that anybody would write after reading the SimPy tutorial."""
    running = Running(SYSTEM, seed=1)  # only for the customers' luck
    source, server, database = (running.run.parts[name][0] for name in SYSTEM.names)
    line = ("clients", 0)
    phases, work, query = source.phases.__class__(1, "clients", "poisson"), server.work[line], database.work[line]

    env = simpy.Environment()
    workers, connections = simpy.Resource(env, 24), simpy.Resource(env, 16)
    log: list[list[float]] = []

    def at_database(n):
        with connections.request() as turn:
            yield turn
            yield env.timeout(query[n] * 0.040)

    def at_server(n):
        with workers.request() as turn:
            yield turn
            yield env.timeout(work[n] * 0.090)
            yield env.process(at_database(n))

    def customer(n):
        record = [env.now, float("nan")]
        log.append(record)
        yield env.process(at_server(n))
        record[1] = env.now

    def arrivals():
        n = 0
        while True:
            due = phases[n] / 150.0
            # An absolute time: timeout(due - now) would land a bit beside it.
            event = simpy.Event(env)
            event._ok, event._value = True, None
            simpy.core.heappush(env._queue, (due, 1, next(env._eid), event))
            yield event
            env.process(customer(n))
            n += 1

    env.process(arrivals())
    begin = perf_counter()
    env.run(until=duration_s)
    return perf_counter() - begin, [tuple(record) for record in log]


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    duration_s = requests / 150
    ratios, times = [], []
    for turn in range(6):
        slow, theirs = plain(duration_s)
        fast, ours = light(duration_s)
        assert repr(ours) == repr(theirs), "the trajectories differ"
        if turn:  # the first round warms up
            ratios.append(slow / fast)
            times.append((slow, fast))
    print(f"{len(ours):,} requests, server -> database, the worker held meanwhile; trajectories equal to the last bit")
    print(f"plain SimPy, a process a hop:  {statistics.median(t[0] for t in times) * 1000:7.0f} ms")
    print(f"a request is its own event:    {statistics.median(t[1] for t in times) * 1000:7.0f} ms")
    print(f"ratio (median of {len(ratios)}): {statistics.median(ratios):.2f}  [{min(ratios):.2f} .. {max(ratios):.2f}]")


if __name__ == "__main__":
    main()
