"""How much faster is a request that is its own event than the plain SimPy idiom?

Four systems, the same customers in both: a server that holds its worker while it waits for a database, a queue with workers, a
retry with backoff, a gather of three. The plain programs are written as the SimPy documentation does it: a process a hop,
`simpy.Resource`, `simpy.Store`, `simpy.AllOf`. Prints the median of the ratios of alternating runs, in time of this process
alone, after checking that both give the same times.

    python benchmarks/engine.py [requests]
"""

from __future__ import annotations

import statistics
import sys
from math import inf
from time import process_time

import simpy

from pmtech import Clients, Database, Gather, Queue, Retry, Server
from pmtech.components.backoff import wait_s
from pmtech.runs.running import Running

LINE = ("clients", 0)  # whose luck it is

HELD = Clients(rate_per_s=150) >> Server(workers=24, service_ms=90) >> Database(connections=16, query_ms=40)
QUEUE = Clients(rate_per_s=150) >> Queue(visibility_s=3600) >> Server("Mailer", workers=24, service_ms=150)
RETRY = (
    Clients(rate_per_s=150)
    >> Retry(attempts=3, backoff="exponential", base_ms=50)
    >> Server(workers=12, service_ms=80, queue_limit=6)
)
GATHER = Clients(rate_per_s=150) >> Gather() >> [Server(name, workers=16, service_ms=60) for name in "ABC"]


def ours(system, duration_s: float) -> tuple[float, list[float]]:
    running = Running(system, seed=1)
    begin = process_time()
    running.advance(duration_s)
    took = process_time() - begin
    run = running.run
    done = [m.done_s for m in run.messages] if run.messages else [r.finished for r in run.requests if r.status == 200]
    return took, sorted(at_s for at_s in done if at_s == at_s)


def plain(system, journey, duration_s: float) -> tuple[float, list[float]]:
    """The same customers through a program that anybody would write after reading the SimPy tutorial."""
    running = Running(system, seed=1)  # only for the customers' luck
    parts = {name: machines[0] for name, machines in running.run.parts.items()}
    phases = parts["clients"].arrivals.phases.__class__(1, "clients", "poisson")
    env, done = simpy.Environment(), []
    customer = journey(env, parts, done)

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
    begin = process_time()
    env.run(until=duration_s)
    return process_time() - begin, sorted(done)


def held(env, parts, done):
    work, query = parts["server"].work[LINE], parts["database"].work[LINE]
    workers, connections = simpy.Resource(env, 24), simpy.Resource(env, 16)

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
        yield env.process(at_server(n))
        done.append(env.now)

    return customer


def queue(env, parts, done):
    work, store = parts["mailer"].work[LINE], simpy.Store(env)

    def worker():
        while True:
            n = yield store.get()
            yield env.timeout(work[n] * 0.150)
            done.append(env.now)

    for _ in range(24):
        env.process(worker())

    def publish(n):
        yield env.timeout(0.001)
        yield store.put(n)

    def customer(n):
        yield env.process(publish(n))

    return customer


def retry(env, parts, done):
    luck, workers = parts["server"].work, simpy.Resource(env, 12)

    def at_server(n, line):
        if workers.count == 12 and len(workers.queue) >= 6:
            return 503
        with workers.request() as turn:
            yield turn
            yield env.timeout(luck[line][n] * 0.080)
        return 200

    def customer(n):
        for attempt in (1, 2, 3):
            line = LINE if attempt == 1 else (*LINE, "retry", attempt)
            status = yield env.process(at_server(n, line))
            if status == 200:
                done.append(env.now)
                return
            if attempt < 3:
                yield env.timeout(wait_s("exponential", attempt, 0.05, 10.0, 0.0, 0.0))

    return customer


def gather(env, parts, done):
    pools = [(parts[name].work[LINE], simpy.Resource(env, 16)) for name in "abc"]

    def at_server(n, work, workers):
        with workers.request() as turn:
            yield turn
            yield env.timeout(work[n] * 0.060)

    def customer(n):
        yield simpy.AllOf(env, [env.process(at_server(n, *pool)) for pool in pools])
        done.append(env.now)

    return customer


SYSTEMS = {
    "server -> database, the worker held": (HELD, held),
    "queue with workers": (QUEUE, queue),
    "retry with backoff": (RETRY, retry),
    "gather of three": (GATHER, gather),
}


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    duration_s = requests / 150
    print(f"about {requests:,} requests each; the same times in both programs")
    for name, (system, journey) in SYSTEMS.items():
        ratios, best = [], [inf, inf]
        for turn in range(6):
            slow, theirs = plain(system, journey, duration_s)
            fast, mine = ours(system, duration_s)
            assert mine == theirs, f"{name}: the times differ"
            if turn:  # the first round warms up
                ratios.append(slow / fast)
                best = [min(best[0], slow), min(best[1], fast)]
        spread = f"[{min(ratios):.2f} .. {max(ratios):.2f}]"
        times = f"{best[0] * 1000:5.0f} ms, {best[1] * 1000:4.0f} ms"
        print(f"{name:38} {statistics.median(ratios):5.2f} times plain SimPy  {spread}  ({times})")


if __name__ == "__main__":
    main()
