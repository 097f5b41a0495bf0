"""Who sends how much to whom: the mean rates of a system, worked out without running it."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import NamedTuple

from pmtech.components import Cache, Database, Gateway, RateLimiter, Server, Throttle, Users
from pmtech.system.hits import NONE, added, asked, hit_chances
from pmtech.system.system import Edge, System, flow_order

Mix = dict[tuple[str, str], float]  # (caller, endpoint) -> requests a second


class Flow(NamedTuple):
    """Requests a second at one part in the long run: what comes, what goes on or is answered, what is refused."""

    arrives: float
    passes: float
    refused: float
    capacity: float | None  #: what it can work off; None for parts that do no work
    held_ms: float  #: how long each request keeps a worker busy besides its own work, while it is worked on downstream

    @property
    def held_back(self) -> float:
        """By so much the line grows every second."""
        return max(0.0, self.arrives - self.passes - self.refused)


def flows(system: System) -> tuple[dict[str, Flow], dict[Edge, float]]:
    """A `Flow` for every part by its name, and the rate on every edge.

    Mean rates, like water: limits cap each caller, a throttle is max-min fair, a pool shares evenly, a station passes
    at most its capacity, a blocking server's workers wait for the work that lies downstream, and a warm cache answers
    its hits (`hit_chances`).
    What this leaves out: surges, retries, chance, users who wait before they ask again, lines downstream.
    """
    arriving: dict[int, Mix] = defaultdict(lambda: defaultdict(float))
    callers = {
        name: part.count if isinstance(part, Users) else getattr(part, "callers", 1)
        for name, part in system.sources.items()
    }
    names, per_part, per_edge, missed = system.names, {}, {}, _missed(system, callers)
    for number in flow_order(system):
        name, part = names[number], system.parts[number]
        if part.is_source:
            total = sum(part.endpoints.values())
            arriving[number] = {(name, e): part.offered_per_s * w / total for e, w in part.endpoints.items()}
        mix = arriving[number]
        held_s = _work_s(system, number, mix, missed) - _own_s(part) if getattr(part, "blocking", False) else 0.0
        capacity = getattr(part, "capacity_per_s", math.inf)
        if isinstance(part, (Server, Database)):
            capacity /= 1 + held_s / _own_s(part)
        passed, refused = _passes(part, capacity, mix, callers, {edge.label for edge in system.after(number)})
        works = None if capacity == math.inf or isinstance(part, (RateLimiter, Throttle)) else capacity
        per_part[name] = Flow(sum(mix.values()), sum(passed.values()), refused, works, held_s * 1000)
        for edge, going in _split(system, number, _misses(passed, missed.get(number))):
            per_edge[edge] = sum(going.values())
            for key, rate in going.items():
                arriving[edge.head][key] += rate
    return per_part, per_edge


def _split(system: System, number: int, mix: Mix) -> list[tuple[Edge, Mix]]:
    """How a mix parts on the edges that leave: by replicas behind a balancer, by endpoint behind a gateway."""
    edges, pool = system.after(number), system.parts[number].fan_out == "pool"
    shares = [getattr(system.parts[edge.head], "replicas", 1) if pool else 1 for edge in edges]
    whole = sum(shares) if pool else 1
    return [
        (edge, {key: rate * share / whole for key, rate in mix.items() if edge.label in (None, key[1])})
        for edge, share in zip(edges, shares, strict=True)
    ]


def _misses(mix: Mix, shares: dict[str, float] | None) -> Mix:
    """What a cache sends on of a mix; all of it where there is no cache."""
    return mix if shares is None else {key: rate * shares[key[0]] for key, rate in mix.items()}


def _missed(system: System, callers: dict[str, int]) -> dict[int, dict[str, float]]:
    """For every cache the share of each caller's requests that it sends on, were nothing held up before it."""
    if not any(isinstance(part, Cache) for part in system.parts):
        return {}
    shares: dict[int, dict[str, float]] = {}
    arriving: dict[int, dict[str, list]] = defaultdict(dict)  # part -> caller -> reads and writes a second of each key
    for number in flow_order(system):
        name, part = system.names[number], system.parts[number]
        coming = {name: asked(part)} if part.is_source else arriving[number]
        if isinstance(part, Cache):
            going = _after(part, coming, callers)
            shares[number] = {c: _total(going[c]) / (_total(both) or 1.0) for c, both in coming.items()}
            coming = going
        mix = {(c, e): w for c in coming for e, w in system.components[c].endpoints.items()}
        for edge, split in _split(system, number, mix):
            asks = _by_caller(split)
            for c, both in coming.items():
                share = asks.get(c, 0.0) / sum(system.components[c].endpoints.values())
                before = arriving[edge.head].get(c)
                both = [rates * share for rates in both]
                arriving[edge.head][c] = both if before is None else [*map(added, before, both)]
    return shares


def _after(part: Cache, coming: dict[str, tuple], callers: dict[str, int]) -> dict[str, tuple]:
    """What a cache leaves of the reads of each caller; the writes all go on."""
    reads = writes = NONE
    for some, others in coming.values():
        reads, writes = added(reads, some), added(writes, others)
    going = {}
    for caller, (some, others) in coming.items():
        heads = max(callers[caller], 1)
        mine = (some / heads, others / heads) if part.private else (reads, writes)
        chances = hit_chances(part, *mine)[: len(some)] if mine[0].any() else 0.0
        going[caller] = some * (1 - chances), others
    return going


def _total(both) -> float:
    return float(both[0].sum() + both[1].sum())


def _own_s(part) -> float:
    fields = ("service_ms", "query_ms", "round_trip_ms")
    return next((getattr(part, field) for field in fields if hasattr(part, field)), 0.0) / 1000


def _work_s(system: System, number: int, mix: Mix, missed) -> float:
    """Mean seconds of work on a request at a part and behind it, nobody else in the way."""
    total, behind = sum(mix.values()), 0.0
    for edge, going in _split(system, number, _misses(mix, missed.get(number))):
        if share := sum(going.values()):
            behind += share / total * _work_s(system, edge.head, going, missed)
    return _own_s(system.parts[number]) + behind


def _passes(part, capacity: float, mix: Mix, callers, labels) -> tuple[Mix, float]:
    """What of a mix gets through a part, and how much is refused."""
    total = sum(mix.values())
    if isinstance(part, Throttle):
        return _throttled(part, mix, callers)
    if isinstance(part, Gateway):
        passed = {key: rate for key, rate in mix.items() if not labels or key[1] in labels or None in labels}
        return passed, total - sum(passed.values())
    if isinstance(part, RateLimiter) and part.by == "client":
        asked = _by_caller(mix)
        share = {c: min(1.0, capacity * callers[c] / rate) if rate else 1.0 for c, rate in asked.items()}
        passed = {key: rate * share[key[0]] for key, rate in mix.items()}
        return passed, total - sum(passed.values())
    share = min(1.0, capacity / total) if total else 1.0
    refuses = isinstance(part, RateLimiter) or getattr(part, "queue_limit", None) is not None
    return {key: rate * share for key, rate in mix.items()}, total * (1 - share) if refuses else 0.0


def _by_caller(mix: Mix) -> dict[str, float]:
    asked: dict[str, float] = defaultdict(float)
    for (caller, _), rate in mix.items():
        asked[caller] += rate
    return asked


def _throttled(part: Throttle, mix: Mix, callers) -> tuple[Mix, float]:
    """More important endpoints first, those to be shed last; between callers as evenly as their demand allows."""
    ranks: dict[float, Mix] = defaultdict(dict)
    for (caller, endpoint), rate in mix.items():
        rank = part.priority.index(endpoint) if endpoint in part.priority else len(part.priority)
        ranks[math.inf if endpoint in part.shed else rank][caller, endpoint] = rate
    left, passed, shed = part.rate_per_s, {}, 0.0
    for rank in sorted(ranks):
        asked = _by_caller(ranks[rank])
        if part.fair:
            share, heads = {}, sum(callers[caller] for caller in asked)
            for caller in sorted(asked, key=lambda c: asked[c] / max(callers[c], 1)):
                got = min(asked[caller], left * callers[caller] / max(heads, 1))
                share[caller] = got / asked[caller] if asked[caller] else 1.0
                left, heads = left - got, heads - callers[caller]
        else:
            all_ = min(1.0, left / total) if (total := sum(asked.values())) else 1.0
            left, share = left - total * all_, dict.fromkeys(asked, all_)
        passed |= {key: rate * share[key[0]] for key, rate in ranks[rank].items()}
        if rank == math.inf:
            shed = sum(rate * (1 - share[caller]) for caller, rate in asked.items())
    return passed, sum(mix.values()) - sum(passed.values()) if part.max_wait_s is not None else shed
