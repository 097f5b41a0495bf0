"""A cache: remembers answers, so that what lies behind it is asked less often."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import inf, nan
from typing import NamedTuple

import cachetools

from pmtech.components.component import Component, number, one_of, whole, yes_no
from pmtech.engine import Part, Request, Steps
from pmtech.randomness import Stream, identity


@dataclass(frozen=True, kw_only=True, repr=False)
class Cache(Component):
    """Keeps up to `capacity` answers by `request.key`; a miss goes downstream and fills when the answer comes.

    ttl_s: an answer older than this is asked for anew, counted from when it came in; an old answer keeps its place
        until it is asked for or pushed out. None: kept for ever.
    policy: what makes room: "lru" the one not used for longest, "lfu" the least often used (of equals the one that has
        been so for longest; who is pushed out is forgotten), "fifo" the one that came in first, "random" any.
    hit_ms, miss_ms: time that a hit takes, and that looking in vain adds to a miss.
    coalesce: while an answer is being fetched, others who want it wait for that one instead of asking too, and count
        as hits (request coalescing, also called single flight; nginx proxy_cache_lock).
    invalidate: a write removes the answer that it made wrong. Otherwise it is served until it is too old or pushed out.
    private: every caller has a cache of this size alone, as browsers do (RFC 9111: private and shared caches); a write
        then removes the writer's own copy only.
    Writes (`Clients(write_share=...)`) pass through and are never answered from here. Browser, application and
    database cache are the same part in three places. The store is `cachetools`, its time the simulated one.

    What this leaves out: sizes of answers, memory, serving stale while asking anew (RFC 5861), a cache shared by
    several machines. An answer counts as read when it reaches the cache nearest to the data. Caches behind one another
    each count the TTL anew (HTTP's `Age` header is there to prevent that: RFC 9111, 5.1).
    """

    capacity: int = whole(100, at_least=1, at_most=10_000_000)
    ttl_s: float | None = number(None, more_than=0, at_most=1e9, optional=True)
    policy: str = one_of("lru", "lfu", "fifo", "random")
    hit_ms: float = number(1.0, at_least=0, at_most=3_600_000)
    miss_ms: float = number(0.0, at_least=0, at_most=3_600_000)
    coalesce: bool = yes_no(False)
    invalidate: bool = yes_no(False)
    private: bool = yes_no(False)
    price_usd_per_hour: float = number(0.05, at_least=0, at_most=1e6)

    def running(self, *args) -> CachePart:
        return CachePart(self, *args)


class Entry(NamedTuple):
    """An answer: until when it is fresh, and which version of the item it shows."""

    until_s: float
    version: int


STORES = {"lru": cachetools.LRUCache, "lfu": cachetools.LFUCache, "fifo": cachetools.FIFOCache}


class CachePart(Part):
    def setup(self) -> None:
        self.stores: dict[str | None, cachetools.Cache] = {}  # of each caller, or of all (None)
        self.fetching: dict[tuple, list[Request]] = {}  # (whose, key) -> those who wait for that answer
        self.lookups: list[tuple[float, bool, bool]] = []  # (when, was it a hit, was the answer out of date)
        self.luck, self.draws = Stream((self.run.seed, f"{self.name}.evict"), identity), count()

    def change(self, spec) -> None:
        """Another size or policy starts cold; another TTL holds for what comes in from now on."""
        before, self.spec = self.spec, spec
        if (spec.capacity, spec.policy, spec.private) != (before.capacity, before.policy, before.private):
            self.stores.clear()

    def fail(self) -> None:
        """The machine dies: all that it remembered is gone, and until it is back everything goes downstream."""
        self.alive = False
        self.stores.clear()
        for place in list(self.fetching):
            self._go_on(place)

    def recover(self) -> None:
        self.alive = True

    def handle(self, request: Request) -> Steps:
        visit = [request, self.env._now, self.env._now, nan]
        self.visits.append(visit)
        status = yield from self._write(request) if request.write else self._read(request)
        visit[3] = self.env._now
        return status

    def _read(self, request: Request) -> Steps:
        env, spec, came = self.env, self.spec, self.env._now
        place = request.caller if spec.private else None, request.key
        entry = self._fresh(*place)
        if entry is not None:
            self._hit(request, entry, came)
            yield spec.hit_ms / 1000
            return 200
        if spec.miss_ms:
            yield spec.miss_ms / 1000
        while spec.coalesce and self.alive and place in self.fetching:
            yield self.fetching[place].append(request)
            entry = self._fresh(*place)
            if entry is not None:
                self._hit(request, entry, came)
                return 200
        self.lookups.append((came, False, False))
        self.fetching.setdefault(place, [])
        status = (yield from self.next.handle(request)) if self.next else 200
        if request.version is None:  # no cache nearer to the data has said which version the answer shows
            request.version = self.run.versions.get(request.key, 0)
        if status == 200 and self.alive:
            until_s = inf if self.spec.ttl_s is None else env._now + self.spec.ttl_s
            self._store(place[0])[request.key] = Entry(until_s, request.version)
        self._go_on(place)
        return status

    def _hit(self, request: Request, entry: Entry, came: float) -> None:
        self.lookups.append((came, True, entry.version != self.run.versions.get(request.key, 0)))
        request.version, request.served_by = entry.version, request.served_by or self.machine

    def _go_on(self, place: tuple) -> None:
        for waiting in self.fetching.pop(place, ()):
            waiting.wake()

    def _write(self, request: Request) -> Steps:
        status = (yield from self.next.handle(request)) if self.next else 200
        if status == 200:
            if request.version is None:  # the cache nearest to the data counts it, once
                request.version = self.run.versions[request.key] = self.run.versions.get(request.key, 0) + 1
            if self.spec.invalidate:
                self._store(request.caller if self.spec.private else None).pop(request.key, None)
        return status

    def _store(self, whose: str | None) -> cachetools.Cache:
        store, spec = self.stores.get(whose), self.spec
        if store is None:
            random = spec.policy == "random"
            store = cachetools.RRCache(spec.capacity, self._any) if random else STORES[spec.policy](spec.capacity)
            self.stores[whose] = store
        return store

    def _any(self, keys: list[int]) -> int:
        return keys[int(self.luck[next(self.draws)] * len(keys))]

    def _fresh(self, whose: str | None, key: int) -> Entry | None:
        store = self.stores.get(whose) if self.alive else None
        entry = None if store is None else store.get(key)
        if entry is not None and entry.until_s <= self.env._now:
            del store[key]
            return None
        return entry
