"""Every model beside its closed form: what a run says, what theory says, and the interval in which theory must lie.

Each case is run several times with other customers. The replications are independent, so the mean of a figure over
them has a Student interval; theory agrees where it lies within the interval of 99.9 %. Nothing else is allowed for: no
percentage, no tolerance. One row in a thousand falls outside by chance alone.

Runs start empty, and their first part is left out: 6 / (1 - sqrt(load))^2 service times, which is how long a queue
takes to forget how it began (Cohen, The Single Server Queue, 1969).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, exp, lgamma, log, sqrt

import numpy as np
import pandas as pd
from scipy.special import pdtrc

from pmtech import theory
from pmtech.components import (
    Cache,
    Clients,
    ConnectionPool,
    Database,
    Functions,
    Gateway,
    LoadBalancer,
    Queue,
    RateLimiter,
    Server,
    Throttle,
    Users,
)
from pmtech.runs.certainty import intervals
from pmtech.runs.simulate import simulate
from pmtech.system.system import System

SERVICE_S = 0.01
SHARE = 0.999
INDEX = ["part", "model", "at", "figure"]


FIGURES = {
    "mean_ms": ("mean latency, ms", lambda run: run.summary.mean_ms),
    "p99_ms": ("p99 latency, ms", lambda run: run.summary.p99_ms),
    "in_line": ("requests in line", lambda run: run.components.mean_queue.sum()),
    "refused": ("share refused", lambda run: run.summary.error_rate),
    "served_per_s": ("served a second", lambda run: run.summary.served_per_s),
    "hit_ratio": ("hit ratio", lambda run: run.components.hit_ratio.iloc[0]),
    "cold_share": ("share of cold calls", lambda run: run.components.cold_share.iloc[0]),
    "age_ms": ("mean age of a message when it is done, ms", lambda run: 1000 * np.nanmean(run.messages_of().age_s)),
    "handed_ms": ("mean wait until work begins, ms", lambda run: 1000 * np.nanmean(run.messages_of().wait_s)),
    "mean_batch": ("messages handed out together", lambda run: run.messages_of().mean_batch),
}


@dataclass(frozen=True)
class Case:
    """A system, and what theory says about it: figure -> value."""

    part: str
    model: str
    at: str
    system: System
    expected: dict[str, float]
    requests: int
    warmup_s: float
    replications: int

    def called(self, word: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(word)}", f"{self.part}, {self.model}", re.IGNORECASE) is not None

    def measured(self) -> pd.DataFrame:
        """A row a figure: its mean over the replications, and the interval from low to high."""
        rate = sum(source.offered_per_s for source in self.system.sources.values())
        how = {"duration_s": self.warmup_s + self.requests / rate, "warmup_s": self.warmup_s}
        runs = (simulate(self.system, seed=seed, **how) for seed in range(1, self.replications + 1))
        return intervals([pd.Series({name: FIGURES[name][1](run) for name in self.expected}) for run in runs], SHARE)

    def table(self) -> pd.DataFrame:
        """The same beside theory."""
        runs, closed = self.measured(), pd.Series(self.expected)
        shown = {"theory": closed, "simulated": runs["mean"], "difference": runs["mean"] - closed}
        table = pd.DataFrame(shown | {"interval from": runs.low, "to": runs.high}).map(lambda x: float(f"{x:.4g}"))
        table["agrees"] = closed.between(runs.low, runs.high).map({True: "yes", False: "no"})
        figures = [FIGURES[name][0] for name in table.index]
        return table.set_index(pd.MultiIndex.from_product([[self.part], [self.model], [self.at], figures], names=INDEX))


def fidelity(*wanted: str) -> pd.DataFrame:
    """Each model beside its closed form: a row a figure, with theory, simulation, difference and 99.9 % interval.

    wanted: words such as "Server", "M/M/1" or "Erlang"; without any, all models (about 20 s). The closed forms are
    those of `pmtech.theory`, and a few named here. Raises ValueError for a word that no part and no model has in its name.

    What this leaves out: what has no closed form (fair turns between clients, retries, outages, least connections);
    worked examples and other programs hold these in the tests.
    """
    chosen = list(cases())
    for word in wanted:
        if not any(case.called(word) for case in chosen):
            parts = ", ".join(dict.fromkeys(case.part for case in chosen))
            raise ValueError(f'no model is called "{word}": choose from {parts}, or a model such as M/M/1')
    return pd.concat(case.table() for case in chosen if not wanted or any(map(case.called, wanted)))


# --- the grid --------------------------------------------------------------------------------------------------------


def cases() -> Iterator[Case]:
    """All cases. The nearer to full, the longer a run has to be."""
    loads = (0.3, 0.8, 0.95)

    def case(part, model, load, system, expected, requests=None, *, warmup_s=None, replications=20, at="") -> Case:
        if warmup_s is None:
            warmup_s = SERVICE_S * ceil(6 / (1 - sqrt(min(load, 0.95))) ** 2)
        requests = requests or (15_000 if load < 0.5 else 50_000 if load < 0.9 else 100_000)
        return Case(part, model, at or f"load {load:g}", system, expected, requests, warmup_s, replications)

    def clients(rate, **fields) -> Clients:
        return Clients(rate_per_s=rate, **fields)

    def server(workers=1, **fields) -> Server:
        return Server(workers=workers, service_ms=SERVICE_S * 1000, **fields)

    for load in loads:
        for workers, model in ((1, "M/M/1"), (4, "M/M/4 (Erlang C)")):
            rate = load * workers / SERVICE_S
            queue = theory.mmc(rate, SERVICE_S, workers)
            expected = {"mean_ms": queue.time_in_system_s * 1000, "p99_ms": queue.latency_percentile_s(99) * 1000,
                        "in_line": queue.mean_queue}  # fmt: skip
            yield case("Server", model, load, clients(rate) >> server(workers), expected)
    for load in loads:
        rate = load / SERVICE_S
        for cv, model in ((0, "M/D/1"), (2, "M/G/1, cv 2")):
            time_s = theory.mg1(rate, SERVICE_S, cv).time_in_system_s
            yield case("Server", model, load, clients(rate) >> server(service_cv=cv), {"mean_ms": time_s * 1000})
    for load in (0.6, 0.95, 2):
        queue = theory.mm1k(load / SERVICE_S, SERVICE_S, places=4)
        expected = {"refused": queue.loss, "mean_ms": queue.time_in_system_s * 1000}
        short = clients(load / SERVICE_S) >> server(queue_limit=3)
        yield case("Server", "M/M/1/4", load, short, expected, 30_000, warmup_s=2)
    for load in (0.3, 0.95):
        lossy = clients(load * 5 / SERVICE_S) >> server(5, queue_limit=0, service_cv=2)
        lost = theory.erlang_b(load * 5, 5)
        yield case("Server", "M/G/5/5 (Erlang B)", load, lossy, {"refused": lost}, 20_000, warmup_s=2)

    for load in loads[:-1]:
        rate = load / (2 * SERVICE_S)
        both = theory.mg1(rate, 2 * SERVICE_S, sqrt(0.5))  # two exponentials, one after the other
        held = clients(rate) >> server() >> Database(connections=1, query_ms=SERVICE_S * 1000)
        expected = {"mean_ms": both.time_in_system_s * 1000}
        yield case("Database", "M/G/1, worker held", load, held, expected, 5_000, warmup_s=4)
    for load in (0.6, 2):
        lent = clients(load * 5 / SERVICE_S) >> ConnectionPool(size=5, open_ms=0, wait_ms=0)
        system = lent >> Database(query_ms=SERVICE_S * 1000)
        yield case("ConnectionPool", "M/M/5/5 (Erlang B)", load, system, {"refused": theory.erlang_b(load * 5, 5)},
                   3_000, warmup_s=1, replications=10)  # fmt: skip
    for load in loads[:-1]:
        rate, data = load / SERVICE_S, Database(connections=1, query_ms=SERVICE_S * 1000)
        split = clients(rate, endpoints={"/a": 0.4, "/b": 0.6}) >> Gateway() >> {
            "/a": Server("A", workers=1, service_ms=20, blocking=False) >> data,
            "/b": Server("B", workers=1, service_ms=10, blocking=False) >> data,
        }  # fmt: skip
        network = theory.jackson({"a": 0.4 * rate, "b": 0.6 * rate}, {"a": {"data": 1}, "b": {"data": 1}},
                                 {"a": 2 * SERVICE_S, "b": SERVICE_S, "data": SERVICE_S})  # fmt: skip
        yield case("Gateway", "Jackson network", load, split, {"mean_ms": network.time_in_system_s * 1000})

    for load in loads[:-1]:
        alone, two = theory.mm1(load / SERVICE_S, SERVICE_S), theory.power_of_choices(load, SERVICE_S)
        for policy, model, count, time_s, how in (
            ("random", "each alone (M/M/1)", 4, alone.time_in_system_s, {}),
            ("round_robin", "each gets every 4th (E4/M/1)", 4, in_turn_s(load, 4), {}),
            ("power_of_two_choices", "the limit of many servers", 200, two.time_in_system_s,
             {"requests": 25_000, "warmup_s": 0.5, "replications": 8}),
        ):  # fmt: skip
            system = clients(count * load / SERVICE_S) >> LoadBalancer(policy=policy) >> server(replicas=count)
            yield case("LoadBalancer", f"{policy}: {model}", load, system, {"mean_ms": time_s * 1000}, **how)

    for load in loads[:-1]:
        crowd = [Clients("A", rate_per_s=load * 25), Clients("B", rate_per_s=load * 75)]
        wait_s = theory.md1(load / SERVICE_S, SERVICE_S).wait_s
        yield case("Throttle", "M/D/1, the wait", load, crowd >> Throttle(rate_per_s=1 / SERVICE_S),
                   {"mean_ms": wait_s * 1000}, 20_000)  # fmt: skip
    for load in (0.8, 2):
        for algorithm, model, lost in (
            ("fixed_window", "a window after the other", window_loss(10 * load, 10)),
            ("sliding_window_log", "Erlang B", theory.erlang_b(10 * load, 10)),
            ("token_bucket", "M/D/1/10", bucket_loss(load, 10)),
        ):
            limited = clients(10 * load) >> RateLimiter(limit=10, per_s=1, algorithm=algorithm)
            yield case("RateLimiter", f"{algorithm}: {model}", load, limited, {"refused": lost}, 30_000, warmup_s=100)

    for load in loads[:-1]:
        how = {"requests": 3_000, "replications": 10}
        many, batched = (
            theory.mmc(4 * load / SERVICE_S, SERVICE_S, 4),
            theory.batch_server(5 * load / SERVICE_S, SERVICE_S, 5),
        )
        system = clients(4 * load / SERVICE_S) >> Queue(store_ms=0, visibility_s=3600) >> server(4)
        yield case("Queue", "M/M/4, the age", load, system, {"age_ms": many.time_in_system_s * 1000}, **how)
        system = clients(5 * load / SERVICE_S) >> Queue(store_ms=0, visibility_s=3600, batch=5) >> server()
        expected = {"handed_ms": batched.wait_s * 1000, "mean_batch": batched.mean_batch}
        yield case("Queue", "batches of what waits, 5 at most (Bailey)", load, system, expected, **how)
    for rate in (20, 100):
        company = theory.linger(rate, 0.05, 5)
        system = clients(rate) >> Queue(store_ms=0, batch=5, batch_wait_s=0.05) >> server(workers=500)
        expected = {"handed_ms": company.wait_s * 1000, "mean_batch": company.mean_batch}
        yield case("Queue", "waiting for company, workers free", 0.3, system, expected, 3_000, replications=10,
                   at=f"{rate} a second")  # fmt: skip

    asked = 100 / np.arange(1, 1001) / (1 / np.arange(1, 1001)).sum()
    readers = clients(100, keys=1000, popularity=1)  # as in lesson 03
    for capacity, warmup_s in ((10, 10), (100, 30)):
        hits, system = theory.che_lru(asked, capacity).hit_ratio, readers >> Cache(capacity=capacity)
        yield case("Cache", "LRU (Che)", 1, system, {"hit_ratio": hits}, 6_000, warmup_s=warmup_s, replications=10,
                   at=f"{capacity} of 1000 keys")  # fmt: skip
    for ttl_s in (1, 10):
        hits, system = theory.ttl_cache(asked, ttl_s).hit_ratio, readers >> Cache(capacity=1000, ttl_s=ttl_s)
        yield case("Cache", "TTL", 1, system, {"hit_ratio": hits}, 6_000, warmup_s=6 * ttl_s, replications=10,
                   at=f"TTL {ttl_s} s")  # fmt: skip
    for kept_s in (30, 120):
        called = clients(1 / 60) >> Functions(work_ms=1, cold_ms=1, idle_s=kept_s)
        cold = {"cold_share": theory.cold_share(1 / 60, keep_s=kept_s)}
        yield case("Functions", "one call at a time, e^(-lambda K)", 1, called, cold, 2_000, warmup_s=600, replications=10,
                   at=f"kept {kept_s} s")  # fmt: skip
    busy = clients(50) >> Functions(work_ms=200, cold_ms=0, concurrency=10)
    yield case(
        "Functions", "Erlang B", 1, busy, {"refused": theory.erlang_b(10, 10)}, 5_000, warmup_s=5, replications=10
    )
    for count in (10, 30):
        served, think_s = repaired_per_s(count, 0.2), 0.2
        expected = {"served_per_s": served, "mean_ms": (count / served - think_s) * 1000}
        system = Users(count=count, think_s=think_s) >> server()
        yield case("Users", "machine repair", 1, system, expected, 3_000, warmup_s=5, replications=10,
                   at=f"{count} users")  # fmt: skip


# --- closed forms that only this page needs ----------------------------------------------------------------------------


def in_turn_s(load: float, stages: int) -> float:
    """Mean time in system in seconds of E_k/M/1, which is one of k servers in turn: E[S] / (1 - s), with
    s = (k load / (k load + 1 - s))^k between 0 and 1. Kleinrock, Queueing Systems 1 (1975), 6.4."""
    s = 0.0
    for _ in range(10_000):
        s = (stages * load / (stages * load + 1 - s)) ** stages
    return SERVICE_S / (1 - s)


def window_loss(offered: float, limit: int) -> float:
    """Share refused by a window that opens at a caller's first request: each lasts 1, and then the next request is
    1 / offered away; in it the first, and at most `limit` - 1 of a Poisson number, pass."""
    more = pdtrc(np.arange(limit - 1), offered).sum()
    return float(1 - (1 + more) / (offered + 1))


def bucket_loss(load: float, burst: int) -> float:
    """Share refused by a bucket of `burst` tokens: that of M/D/1/K with K = burst, for the tokens that are missing are
    the work in a queue. Loss = 1 - 1 / (p0 + load), p0 the share of departures that leave it empty. Cooper,
    Introduction to Queueing Theory (1981), 5.9."""
    arrive = [exp(n * log(load) - load - lgamma(n + 1)) for n in range(burst + 1)]
    p = [1.0]
    for n in range(burst - 1):  # the balance of departures: p[n] = p[0] a[n] + sum_j p[j] a[n + 1 - j]
        p.append((p[n] - p[0] * arrive[n] - sum(p[j] * arrive[n + 1 - j] for j in range(1, n + 1))) / arrive[0])
    return 1 - 1 / (p[0] / sum(p) + load)


def repaired_per_s(count: int, think_s: float) -> float:
    """Requests a second that one worker serves for `count` users in a closed loop: p(n) is proportional to
    N! / (N - n)! (service / think)^n. Kleinrock, Queueing Systems 1 (1975), 3.8."""
    p = np.cumprod([1, *((count - n) * SERVICE_S / think_s for n in range(count))])
    return (1 - p[0] / p.sum()) / SERVICE_S
