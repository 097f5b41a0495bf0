"""A cache: remembers answers, so that what lies behind it is asked less often."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappush
from math import nan

import numpy as np

from pmtech.components.component import Component
from pmtech.components.fields import number, one_of, whole, yes_no
from pmtech.components.memory import Memory
from pmtech.components.work import owns_what_ends
from pmtech.engine import Part, Request, Steps
from pmtech.randomness import Stream, identity
from pmtech.shortcut import moments


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


class CachePart(Part):
    def setup(self) -> None:
        luck = Stream((self.run.seed, f"{self.name}.evict"), identity)
        self.memory = Memory(self.spec, self.run.versions, luck)
        self.fetching: dict[tuple, list[Request]] = {}  # (whose, key) -> those who wait for that answer
        self.lookups: list[tuple[float, bool, bool]] = []  # (when, was it a hit, was the answer out of date)

    def change(self, spec) -> None:
        """Another size or policy starts cold; another TTL holds for what comes in from now on."""
        before, self.spec = self.spec, spec
        self.memory.spec = spec
        if (spec.capacity, spec.policy, spec.private) != (before.capacity, before.policy, before.private):
            self.memory.stores.clear()

    def fail(self) -> None:
        """The machine dies: all that it remembered is gone, and until it is back everything goes downstream."""
        self.alive = False
        self.memory.stores.clear()
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
        env, spec, memory, came = self.env, self.spec, self.memory, self.env._now
        place = request.caller if spec.private else None, request.key
        if self._hit(request, place, came):
            yield spec.hit_ms / 1000
            return 200
        if spec.miss_ms:
            yield spec.miss_ms / 1000
        while spec.coalesce and self.alive and place in self.fetching:
            yield self.fetching[place].append(request)
            if self._hit(request, place, came):
                return 200
        self.lookups.append((came, False, False))
        self.fetching.setdefault(place, [])
        status = (yield from self.next.handle(request)) if self.next else 200
        if request.version is None:  # no cache nearer to the data has said which version the answer shows
            request.version = memory.versions.get(request.key, 0)
        if status == 200 and self.alive:
            memory.keep(*place, env._now, request.version)
        self._go_on(place)
        return status

    def _hit(self, request: Request, place: tuple, came: float) -> bool:
        version = self.memory.look(*place, self.env._now)
        if version is None:
            return False
        self.lookups.append((came, True, version != self.memory.versions.get(request.key, 0)))
        request.version, request.served_by = version, request.served_by or self.machine
        return True

    def _go_on(self, place: tuple) -> None:
        for waiting in self.fetching.pop(place, ()):
            waiting.wake()

    def _write(self, request: Request) -> Steps:
        status = (yield from self.next.handle(request)) if self.next else 200
        if status == 200:
            if request.version is None:  # the cache nearest to the data counts it, once
                request.version = self.memory.count(request.key)
            self.memory.drop(request.caller if self.spec.private else None, request.key)
        return status

    # --- all requests at once (shortcut.py) ----------------------------------------------------------------------

    @property
    def feeds_forward(self) -> bool:
        """It is the only cache, and asks nothing or a station of its own that says at once when it will answer."""
        caches = [part for machines in self.run.parts.values() for part in machines if isinstance(part, CachePart)]
        return len(caches) == 1 and not self.spec.coalesce and (self.next is None or owns_what_ends(self))

    def pass_sorted(self, rows, times, book) -> None:
        """What is due happens before the next one looks; whoever asks knows at once when the answer will be due."""
        spec, memory, behind = self.spec, self.memory, self.next
        look, versions, miss_s = memory.look, memory.versions, spec.miss_ms / 1000
        keys, writes = book.key()[rows].tolist(), book.write()[rows].tolist()
        whose = book.caller[rows].tolist() if spec.private else [None] * len(rows)
        enter, needs = (behind.line().enter, behind.needs(rows, book).tolist()) if behind else (None, None)
        due: list[tuple] = []
        hits, stale, asked, asked_s = [], [], [], []

        def ask(who: int, now: float) -> None:
            asked.append(who)
            asked_s.append(now)
            if enter is None:
                hear(who, now)
            elif (begins := enter(now, needs[who])) is not None:
                heappush(due, (begins + needs[who], who, hear))

        def hear(who: int, now: float) -> None:
            key = keys[who]
            if writes[who]:
                memory.count(key)
                memory.drop(whose[who], key)
            else:
                memory.keep(whose[who], key, now, versions.get(key, 0))

        for who, now in moments(times, due, book.until_s):
            if writes[who]:
                ask(who, now)
            elif (version := look(whose[who], keys[who], now)) is not None:
                hits.append(who)
                stale.append(version != versions.get(keys[who], 0))
            elif miss_s:
                heappush(due, (now + miss_s, who, ask))
            else:
                ask(who, now)
        self._write_down(rows, times, writes, hits, stale, asked, asked_s, book)

    def _write_down(self, rows, times, writes, hits, stale, asked, asked_s, book) -> None:
        hits, asked, asked_s = np.array(hits, int), np.array(asked, int), np.array(asked_s, float)
        looked = np.zeros((len(rows), 3))
        looked[:, 0], looked[hits, 1], looked[hits, 2] = times, 1, stale
        known = np.zeros(len(rows), dtype=bool)
        known[hits] = known[asked] = True
        book.look(self, looked[known & ~np.array(writes, bool)])
        book.serves(self, rows[hits])
        book.answer(rows[hits], times[hits] + self.spec.hit_ms / 1000, 200)
        if self.next is None:
            book.answer(rows[asked], asked_s, 200)
        else:
            book.send(self.next, rows[asked], asked_s)
        book.come_back(lambda book: book.visit(self, rows, times, times, book.finished[rows]))
