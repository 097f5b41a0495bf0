"""A cache: remembers answers, so that what lies behind it is asked less often."""

from dataclasses import dataclass
from functools import reduce
from math import nan

import numpy as np

from pmtech import theory
from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, one_of, whole, yes_no
from pmtech.components.lookups import pass_remembered, remembers_alone
from pmtech.components.memory import Memory, Place, hits
from pmtech.components.rates import added
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import Stream, identity
from pmtech.engine.request import Request, is_success
from pmtech.wording import counted, value_in_words


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
    database cache are the same part in three places. "lfu" and "random" are those of `cachetools`.

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

    kind = "cache"
    icon = "M11 2 4 11.5h5L8 18l8-10h-5.5z"
    question = "How old may an answer be? What happens after a restart, when the cache is empty?"
    remembers = True
    thins = True
    noted = ("at_s", "hit", "stale")

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [counted(self.capacity, "answer") + (" for each caller" if self.private else "")]
        facts += [f"for {value_in_words(self.ttl_s, '_s')} at most"] if self.ttl_s is not None else []
        facts += ["a write removes its copy"] if self.invalidate else []
        return facts + (["asks once for all who wait"] if self.coalesce else [])

    def leaves(self, coming, callers):
        """The reads that it misses in the long run; the writes all go on."""
        reads, writes = (reduce(added, rates, np.zeros(0)) for rates in zip(*coming.values(), strict=True))
        going = {}
        for caller, (some, others) in coming.items():
            heads = max(callers[caller], 1)
            mine = (some / heads, others / heads) if self.private else (reads, writes)
            chances = self.hit_chances(*mine)[: len(some)] if mine[0].any() else 0.0
            going[caller] = some * (1 - chances), others
        return going

    def hit_chances(self, reads: np.ndarray, writes: np.ndarray) -> np.ndarray:
        """For each key the share of its reads that it answers in the long run: `theory.hit_chances`."""
        return theory.hit_chances(
            reads, writes * self.invalidate, capacity=self.capacity, policy=self.policy, ttl_s=self.ttl_s
        )

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """hit_ratio: share of the reads that it answered; stale_ratio: share of these answers that were out of date."""
        _, hits, stale = notes.T
        if not len(hits):
            return {"hit_ratio": nan, "stale_ratio": nan}
        return {"hit_ratio": float(hits.mean()), "stale_ratio": float(stale.sum() / hits.sum()) if hits.any() else 0.0}

    def findings(self, label: str, figures) -> list[Finding]:
        return hits(label, figures)


class CachePart(Part, runs=Cache):
    mortal = bypassed = True
    feeds_forward = property(remembers_alone)
    pass_sorted = pass_remembered

    def setup(self) -> None:
        luck = Stream((self.run.seed, f"{self.name}.evict"), identity)
        self.memory = Memory(self.spec, self.run.versions, luck)
        self.fetching: dict[Place, list[Request]] = {}  # those who wait for an answer that is asked for already

    def change(self, spec) -> None:
        """Another size or policy starts cold; another TTL holds for what comes in from now on."""
        before = self.spec
        super().change(spec)
        self.memory.spec = spec
        if (spec.capacity, spec.policy, spec.private) != (before.capacity, before.policy, before.private):
            self.memory.forget()

    def fail(self) -> None:
        """The machine dies: all that it remembered is gone, and until it is back everything goes downstream."""
        self.memory.forget()
        for place in list(self.fetching):
            self._go_on(place)

    def handle(self, request: Request) -> Steps:
        visit = [request, self.env._now, self.env._now, nan]
        self.visits.append(visit)
        status = yield from self._write(request) if request.write else self._read(request)
        visit[3] = self.env._now
        return status

    def _read(self, request: Request) -> Steps:
        env, spec, memory, came = self.env, self.spec, self.memory, self.env._now
        place = self._place(request)
        if self._hit(request, place, came):
            yield spec.hit_ms / 1000
            return 200
        if spec.miss_ms:
            self.coming.add(request)
            yield spec.miss_ms / 1000
            self.coming.discard(request)
        while spec.coalesce and self.alive and place in self.fetching:
            self.fetching[place].append(request)
            yield None
            if self._hit(request, place, came):
                return 200
        self.notes.append((came, False, False))
        self.fetching.setdefault(place, [])
        status = (yield from self.next.handle(request)) if self.next else 200
        if request.version is None:  # no cache nearer to the data has said which version the answer shows
            request.version = memory.versions.get(request.key, 0)
        if status == 200 and self.alive:
            memory.keep(place, env._now + memory.lasts_s, request.version)
        self._go_on(place)
        return status

    def _place(self, request: Request) -> Place:
        return (request.caller, request.key) if self.spec.private else request.key

    def _hit(self, request: Request, place: Place, came: float) -> bool:
        memory = self.memory
        if not memory.look(place, self.env._now):
            return False
        request.version, request.served_by = memory.shows(place), request.served_by or self.machine
        self.notes.append((came, True, memory.is_stale(place)))
        return True

    def _go_on(self, place: Place) -> None:
        for waiting in self.fetching.pop(place, ()):
            waiting.wake()

    def _write(self, request: Request) -> Steps:
        status = (yield from self.next.handle(request)) if self.next else 200
        if is_success(status):
            if request.version is None:  # the cache nearest to the data counts it, once
                request.version = self.memory.count(request.key)
            self.memory.drop(self._place(request))
        return status
