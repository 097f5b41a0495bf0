"""A cache: remembers answers, so that what lies behind it is asked less often."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import NamedTuple

import cachetools

from pmtech.components.component import Component, number, one_of, whole, yes_no
from pmtech.engine import Part, Request, Steps
from pmtech.randomness import uniforms


@dataclass(frozen=True, kw_only=True, repr=False)
class Cache(Component):
    """Keeps up to `capacity` answers by `request.key`; a miss goes downstream and fills when the answer comes.

    ttl_s: an answer older than this is asked for anew (counted from when it was filled). None: kept for ever.
    policy: what makes room: "lru" the one not used for longest, "lfu" the least often used (ties: the oldest),
        "fifo" the oldest, "random" any. hit_ms: time that a hit takes.
    coalesce: while an answer is being fetched, others who want it wait for that one instead of asking too (request
        coalescing, also called single flight; nginx proxy_cache_lock).
    invalidate: a write removes the answer that it made wrong. Otherwise it is served until it is too old or pushed out.
    Writes (`Clients(write_share=...)`) pass through and are never answered from here. Browser, application and
    database cache are the same part in three places. The store is `cachetools` with the simulated clock.

    What this leaves out: sizes of answers, memory, serving stale while asking anew (RFC 5861), a cache shared by
    several machines.
    """

    capacity: int = whole(100, at_least=1, at_most=10_000_000)
    ttl_s: float | None = number(None, more_than=0, at_most=1e9, optional=True)
    policy: str = one_of("lru", "lfu", "fifo", "random")
    hit_ms: float = number(1.0, at_least=0, at_most=3_600_000)
    coalesce: bool = yes_no(False)
    invalidate: bool = yes_no(False)
    price_usd_per_hour: float = number(0.05, at_least=0, at_most=1e6)

    def running(self, *args) -> CachePart:
        return CachePart(self, *args)


class Entry(NamedTuple):
    """An answer: until when it is fresh, and which version of the item it shows."""

    until_s: float
    version: int


class CachePart(Part):
    def setup(self) -> None:
        spec = self.spec
        if spec.policy == "random":
            self.draws = 0
            self.store = cachetools.RRCache(spec.capacity, choice=self._any)
        else:
            kinds = {"lru": cachetools.LRUCache, "lfu": cachetools.LFUCache, "fifo": cachetools.FIFOCache}
            self.store = kinds[spec.policy](spec.capacity)
        self.fetching: dict[int, list[Request]] = {}
        self.lookups: list[tuple[float, bool, bool]] = []  # (when, was it a hit, was the answer out of date)

    def change(self, spec) -> None:
        """Another size or policy starts cold; another TTL holds for what is filled from now on."""
        before, self.spec = self.spec, spec
        if (spec.capacity, spec.policy) != (before.capacity, before.policy):
            lookups, fetching = self.lookups, self.fetching
            self.setup()
            self.lookups, self.fetching = lookups, fetching

    def fail(self) -> None:
        """The machine dies: all that it remembered is gone, and until it is back everything goes downstream."""
        self.store.clear()
        self.alive = False

    def recover(self) -> None:
        self.alive = True

    def _any(self, keys):
        self.draws += 1
        at, first = self.draws % 4, self.draws - self.draws % 4
        return keys[int(uniforms((self.run.seed, f"{self.name}.evict"), first, 4)[at] * len(keys))]

    def handle(self, request: Request) -> Steps:
        env, spec, key = self.env, self.spec, request.key
        visit = [request, env._now, env._now, nan]
        self.visits.append(visit)
        if request.write:
            status = yield from self._write(request)
        elif (entry := self._fresh(key)) is not None:
            self.lookups.append((env._now, True, entry.version != self.run.versions.get(key, 0)))
            request.served_by = request.served_by or self.machine
            yield spec.hit_ms / 1000
            status = 200
        else:
            self.lookups.append((env._now, False, False))
            status = yield from self._miss(request)
        visit[3] = env._now
        return status

    def _fresh(self, key: int) -> Entry | None:
        entry = self.store.get(key) if self.alive else None
        if entry is not None and entry.until_s <= self.env._now:
            del self.store[key]
            return None
        return entry

    def _miss(self, request: Request) -> Steps:
        key = request.key
        if self.spec.coalesce and key in self.fetching:
            yield self.fetching[key].append(request)
            entry = self._fresh(key)
            if entry is not None:
                request.served_by = request.served_by or self.machine
                return 200
        self.fetching.setdefault(key, [])
        status = (yield from self.next.handle(request)) if self.next else 200
        if status == 200 and self.alive:
            ttl_s = inf if self.spec.ttl_s is None else self.spec.ttl_s
            self.store[key] = Entry(self.env._now + ttl_s, self.run.versions.get(key, 0))
        for waiting in self.fetching.pop(key, ()):
            waiting.wake()
        return status

    def _write(self, request: Request) -> Steps:
        status = (yield from self.next.handle(request)) if self.next else 200
        if status == 200:
            if not request.landed:  # the cache nearest to the data counts it, once
                request.landed = True
                self.run.versions[request.key] = self.run.versions.get(request.key, 0) + 1
            if self.spec.invalidate:
                self.store.pop(request.key, None)
        return status
