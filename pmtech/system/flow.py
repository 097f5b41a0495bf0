"""Who sends how much to whom: the mean rates of a system, worked out without running it."""

import math
from collections import defaultdict
from typing import Any, NamedTuple

from pmtech import theory
from pmtech.components.rates import Mix, added, by_caller
from pmtech.system.plan import Edge
from pmtech.system.system import System


class Flow(NamedTuple):
    """Requests a second at one part in the long run: what comes, what goes on or is answered, what is refused."""

    arrives: float
    passes: float
    refused: float
    capacity: float | None  #: what it can work off; None for parts that do no work
    held_ms: float  #: how long each request keeps a worker, or what is lent, besides its own work: it is worked on downstream

    @property
    def held_back(self) -> float:
        """By so much the queue grows every second."""
        return max(0.0, self.arrives - self.passes - self.refused)


def flows(system: System) -> tuple[dict[str, Flow], dict[Edge, float]]:
    """A `Flow` for every part by its name, and the rate on every edge.

    Mean rates, like water: limits cap each caller, a throttle is max-min fair, a pool shares evenly, a station passes
    at most its capacity (with as many machines as an autoscaler may start), a blocking server's workers wait for the work that lies downstream, a queue hands out what
    those behind it can take, and a warm cache answers its hits.
    What this leaves out: surges, retries, chance, users who wait before they ask again, queues downstream.
    """
    return _Water(system).flows()


class _Water:
    """The mean rates of one system."""

    def __init__(self, system: System):
        self.system, self.parts, self.names = system, system.parts, system.names
        self.callers = {name: part.callers for name, part in system.sources.items()}
        self.batches = self._batches()
        # For every part that remembers answers the share of each caller's requests, of those it may keep, that it sends on.
        self.missed: dict[int, dict[str, float]] = {}
        # Where ways come together again each part is asked once.
        self.put_off: dict[tuple[int, str], bool] = {}
        self.takes: dict[tuple, float] = {}
        self.works: dict[tuple[int, tuple[str, str], str | None], float] = {}
        self._miss()

    def flows(self) -> tuple[dict[str, Flow], dict[Edge, float]]:
        arriving: dict[int, Mix] = defaultdict(lambda: defaultdict(float))
        per_part, per_edge = {}, {}
        for number in self.system.plan.order:
            name, part = self.names[number], self.parts[number]
            mix = self._sent(name) if part.is_source else arriving[number]
            held_s = self._held_s(number, mix)
            capacity = self._capacity(number, held_s, mix)
            routes = {edge.label for edge in self.system.after(number)}
            passed, refused = part.passes(mix, capacity, self.callers, routes)
            works = capacity if part.station or ((part.pulls or part.lends) and capacity < math.inf) else None
            per_part[name] = Flow(sum(mix.values()), sum(passed.values()), refused, works, held_s * 1000)
            shares = self._handed(number, passed) if part.pulls else None
            for edge, going in self._split(number, self._misses(passed, number), shares):
                per_edge[edge] = sum(going.values())
                for key, rate in going.items():
                    arriving[edge.head][key] += rate
        return per_part, per_edge

    def _sent(self, name: str) -> Mix:
        """What a source sends a second."""
        source = self.system.sources[name]
        total = sum(source.endpoints.values())
        return {(name, e): source.offered_per_s * w / total for e, w in source.endpoints.items()}

    def _held_s(self, number: int, mix: Mix) -> float:
        """How long a request keeps a worker busy besides its own work."""
        part = self.parts[number]
        if not (part.lends or (part.station and part.station.held)):
            return 0.0
        whole_s = self._work_s(number, mix)
        held_s = whole_s - part.own_s
        return held_s if held_s > 1e-9 * whole_s else 0.0  # of a weighted mean rounding alone leaves a trace

    def _capacity(self, number: int, held_s: float, mix: Mix) -> float:
        part = self.parts[number]
        if part.pulls:
            return sum(self._takes(edge.head, part.batch, mix) for edge in self.system.after(number))
        if part.station and self.batches[number] > 1:
            return self._takes(number, self.batches[number], mix)
        if part.lends:
            whole_s = part.own_s + held_s
            return part.lends * self._machines_before(number) / whole_s if whole_s else math.inf
        held = held_s / part.own_s if part.station else 0.0
        return part.capacity_per_s / part.replicas * part.most_replicas * self.batches[number] / (1 + held)

    def _machines_before(self, number: int) -> int:
        """How many machines ask it, through whatever does no work of its own."""
        found, ahead = set(), [edge.tail for edge in self.system.before(number)]
        while ahead:
            tail = ahead.pop()
            if self.parts[tail].station:
                found.add(tail)
            else:
                ahead += [edge.tail for edge in self.system.before(tail)]
        return max(1, sum(self.parts[tail].replicas for tail in found))

    def _batches(self) -> dict[int, int]:
        """For every part how many messages come to it together, where a queue hands out as many as it may."""
        found: dict[int, int] = {}
        for number in self.system.plan.order:
            before = [edge.tail for edge in self.system.before(number)]
            parts = [self.parts[tail] for tail in before]
            sizes = [
                part.batch if part.pulls else 1 if part.detached else found[tail]
                for tail, part in zip(before, parts, strict=True)
            ]
            found[number] = min(sizes, default=1)
        return found

    def _handed(self, number: int, mix: Mix) -> list[float]:
        """How much each target of a queue is handed: as even, machine by machine, as what each can take allows."""
        heads = [edge.head for edge in self.system.after(number)]
        machines = [self.parts[head].replicas for head in heads]
        takes = [self._takes(head, self.parts[number].batch, mix) for head in heads]
        left, rest, shares = sum(mix.values()), sum(machines), [0.0] * len(heads)
        for n in sorted(range(len(heads)), key=lambda n: takes[n] / machines[n]):
            shares[n] = min(takes[n], left * machines[n] / rest)
            left, rest = left - shares[n], rest - machines[n]
        return shares

    def _takes(self, number: int, batch: int, mix: Mix) -> float:
        """Messages a second that a part takes which is handed `batch` at a time."""
        total = sum(mix.values())
        key = number, batch, tuple((of, round(rate / total, 12)) for of, rate in mix.items() if total)
        if key not in self.takes:
            self.takes[key] = self._takes_of(number, batch, mix, total)
        return self.takes[key]

    def _takes_of(self, number: int, batch: int, mix: Mix, total: float) -> float:
        part = self.parts[number]
        if part.detached:
            return math.inf
        if part.station:
            own_s = part.own_s + (batch - 1) * (part.item_ms / 1000)
            return part.most_replicas * part.station.places * batch / (own_s + self._held_s(number, mix))
        behind = [
            (self._takes(edge.head, batch, going), sum(going.values()) / total if total else 1.0)
            for edge, going in self._split(number, self._misses(mix, number))
        ]
        if part.fan_out == "pool":
            return sum(takes for takes, _ in behind)
        limit = self._capacity(number, self._held_s(number, mix), mix) if part.lends else part.capacity_per_s
        return min([limit * batch, *(takes / share for takes, share in behind if share)])

    def _split(self, number: int, mix: Mix, shares: list[float] | None = None) -> list[tuple[Edge, Mix]]:
        """How a mix parts on the edges that leave: in a pool by `shares` or by replicas, by endpoint on routes, a copy on
        each of all."""
        edges, pool = self.system.after(number), self.parts[number].fan_out == "pool"
        if not shares or not sum(shares):
            shares = [self.parts[edge.head].replicas if pool else self.parts[number].asks(len(edges)) for edge in edges]
        whole = sum(shares) if pool else 1
        return [
            (edge, {key: rate * share / whole for key, rate in mix.items() if edge.label in (None, key[1])})
            for edge, share in zip(edges, shares, strict=True)
        ]

    def _misses(self, mix: Mix, number: int) -> Mix:
        """What a part that remembers answers sends on of a mix; all of it where there is none."""
        shares = self.missed.get(number)
        if shares is None:
            return mix
        return {key: rate * shares[key[0]] if self._keeps(number, key[1]) else rate for key, rate in mix.items()}

    def _keeps(self, number: int, endpoint: str) -> bool:
        """Does a part that remembers answers keep those of this endpoint? Not where all that comes is that it is put off."""
        return self.parts[number].may_keep(endpoint) and not self._puts_off(number, endpoint)

    def _puts_off(self, number: int, endpoint: str) -> bool:
        """Is all that is said behind a part that the work is done later (202)? One of all that are asked is enough for that."""
        if (number, endpoint) not in self.put_off:
            ways = [edge.head for edge in self.system.after(number) if edge.label in (None, endpoint)]
            later = [self.parts[head].detached or self._puts_off(head, endpoint) for head in ways]
            one_is_enough = self.parts[number].fan_out == "all"
            self.put_off[number, endpoint] = any(later) if one_is_enough else bool(later) and all(later)
        return self.put_off[number, endpoint]

    def _miss(self) -> None:
        """Work out who misses how much, were no work held up before it."""
        if not any(part.remembers for part in self.parts):
            return
        arriving: dict[int, dict[str, list]] = defaultdict(dict)  # part -> caller -> reads, writes a second of each key
        mixes: dict[int, Mix] = defaultdict(lambda: defaultdict(float))
        for number in self.system.plan.order:
            name, part = self.names[number], self.parts[number]
            coming: dict[str, Any] = arriving[number]
            mix = mixes[number]
            if part.is_source:
                coming, mix = {name: self.system.sources[name].asked()}, self._sent(name)
            if not (part.station or part.pulls or part.remembers):
                routes = {edge.label for edge in self.system.after(number)}
                passed, _ = part.passes(mix, part.capacity_per_s, self.callers, routes)
                coming, mix = _shared(coming, by_caller(passed), by_caller(mix)), passed
            if part.remembers and coming:
                kept = by_caller({key: rate for key, rate in mix.items() if self._keeps(number, key[1])})
                may = _shared(coming, kept, by_caller(mix))
                going = part.leaves(may, self.callers)
                self.missed[number] = {c: _total(going[c]) / (_total(both) or 1.0) for c, both in may.items()}
                coming = {
                    c: [on + all_ - asked for on, all_, asked in zip(going[c], both, may[c], strict=True)]
                    for c, both in coming.items()
                }
                mix = self._misses(mix, number)
            for edge, split in self._split(number, mix):
                for key, rate in split.items():
                    mixes[edge.head][key] += rate
                for c, both in _shared(coming, by_caller(split), by_caller(mix)).items():
                    before = arriving[edge.head].get(c)
                    arriving[edge.head][c] = both if before is None else [*map(added, before, both)]

    def _work_s(self, number: int, mix: Mix) -> float:
        """Mean seconds of work on a request at a part and behind it, nobody else in the way."""
        total = sum(mix.values())
        if not total:
            return self.parts[number].own_s
        return sum(rate * self._work_of(number, key) for key, rate in mix.items()) / total

    def _work_of(self, number: int, key: tuple[str, str], place: str | None = None) -> float:
        """Of one caller's requests at one endpoint that are at a place. Where ways meet again each part is gone through once."""
        part, here, behind = self.parts[number], self.parts[number].place or place, 0.0
        if part.detached:  # what lies behind it happens later
            return part.own_s
        if (number, key, here) not in self.works:
            for edge, going in self._split(number, self._misses({key: 1.0}, number)):
                if share := sum(going.values()):
                    there = self.parts[edge.head].place
                    way_s = theory.round_trip_ms(here, there) / 1000 if here and there else 0.0
                    below = share * (way_s + self._work_of(edge.head, key, here))
                    if part.fan_out == "all":  # all at the same time
                        behind = max(behind, below / part.asks(len(self.system.after(number))))
                    else:
                        behind += below
            self.works[number, key, here] = part.own_s + behind
        return self.works[number, key, here]


def _shared(coming: dict[str, Any], some: dict[str, float], whole: dict[str, float]) -> dict[str, Any]:
    """Of each caller's reads and writes a part, as `some` is of the `whole`."""
    shares = {c: some.get(c, 0.0) / whole[c] if whole.get(c) else 0.0 for c in coming}
    return {c: [rates * shares[c] for rates in both] for c, both in coming.items()}


def _total(both) -> float:
    return float(both[0].sum() + both[1].sum())
