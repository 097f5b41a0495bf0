"""A CDN: copies of answers near the customers, each edge with a memory of its own."""

from dataclasses import dataclass
from functools import reduce
from math import nan

import numpy as np

from pmtech import theory
from pmtech.components.component import Component, Finding
from pmtech.components.edge import HIT, MISS, NO_READ, REFILL, Edge
from pmtech.components.endpoints import endpoints_tuple
from pmtech.components.fetches import keeps_all, pass_fetched
from pmtech.components.fields import checked, number, whole, yes_no
from pmtech.components.memory import hits
from pmtech.components.named import cities, city
from pmtech.components.rates import added
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request, is_success
from pmtech.wording import counted, listed, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class CDN(Component):
    """The nearest edge that is alive answers from its memory, or asks the origin behind it and keeps the answer.

    edges: the cities where copies are kept, each with up to `capacity` answers (the one unused for longest makes room).
    ttl_s: an answer is fresh for so long after it came. stale_while_revalidate_s: for so long after that it is still given
        out at once, and asked for anew meanwhile. stale_if_error_s: for so long it is given out when the origin fails, with
        500, 502, 503 or 504 (RFC 5861 both).
    collapse: whoever wants what is being fetched waits for that one answer, be it an error, instead of asking too.
    shield: a city whose memory all edges ask before the origin is asked.
    keeps: endpoints that may be kept; none: all. Writes pass through. hit_ms: an edge's own time.
    The size of answers is `Clients(kb=...)`; price_usd_per_gb is for what the edges send, origin_usd_per_gb for what the
    origin sends them. An answer's age is counted from its leaving the origin, also behind a shield (RFC 9111, Age).

    What this leaves out: how long many bytes take, browsers' own copies, what the edges of one city are in truth (many machines), how
    customers are led to an edge (DNS or anycast) and how soon they notice that one is gone, the death of the shield, a shield
    that gives out an old copy while it asks anew, what the way from shield to edge costs, and that prices differ from city to city.
    """

    edges: tuple[str, ...] = checked(("Frankfurt",), cities)
    capacity: int = whole(1000, at_least=1, at_most=10_000_000)
    ttl_s: float = number(60.0, more_than=0, at_most=1e9)
    stale_while_revalidate_s: float = number(0.0, at_least=0, at_most=1e9)
    stale_if_error_s: float = number(0.0, at_least=0, at_most=1e9)
    collapse: bool = yes_no(True)
    shield: str | None = checked(None, city, optional=True)
    keeps: tuple[str, ...] = endpoints_tuple()
    hit_ms: float = number(1.0, at_least=0, at_most=60_000)
    price_usd_per_gb: float = number(0.085, at_least=0, at_most=1000)
    origin_usd_per_gb: float = number(0.09, at_least=0, at_most=1000)

    kind = "CDN"
    icon = "M10 3v14M3 10h14M5 5l10 10M15 5L5 15M10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"
    question = "What may be kept at the edge, how old may it be, and how do we take back what was wrong?"
    policy = "lru"
    invalidate = False
    remembers = True
    thins = True
    noted = ("at_s", "hit", "stale", "fetched", "kb", "age_s")

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        where = listed(self.edges) if len(self.edges) < 4 else f"{len(self.edges)} edges"
        facts = [where, f"fresh for {seconds(self.ttl_s)}"]
        facts += [f"shield in {self.shield}"] if self.shield else []
        old_s = self.stale_while_revalidate_s
        return facts + ([f"old for {seconds(old_s)} more"] if old_s else [])

    @property
    def copies_in(self) -> tuple[str, ...]:
        return self.edges

    def leaves(self, coming, callers):
        """As if the requests were spread evenly over the edges; the shield asks once for all of them, as all copies of an
        answer get too old at the same time: what was pushed out of an edge alone may still be there."""
        reads = reduce(added, (some for some, _ in coming.values()), np.zeros(0))
        left = 1 - self.hit_chances(reads, np.zeros_like(reads))
        if self.shield:
            pushed_out = left * (1 - theory.hit_chances(reads * left, 0 * reads, capacity=self.capacity))
            too_old = 1 - theory.hit_chances(reads, 0 * reads, capacity=max(len(reads), 1), ttl_s=self.ttl_s)
            left = np.minimum(left, np.maximum(pushed_out, too_old))
        return {caller: (some * left[: len(some)], others) for caller, (some, others) in coming.items()}

    def hit_chances(self, reads: np.ndarray, writes: np.ndarray) -> np.ndarray:
        """For each key the share of its reads that the edges answer in the long run."""
        return theory.hit_chances(reads / len(self.edges), 0 * reads, capacity=self.capacity, ttl_s=self.ttl_s)

    def may_keep(self, endpoint: str) -> bool:
        return not self.keeps or endpoint in self.keeps

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """hit_ratio: share of the reads that an edge answered at once; stale_ratio: share of these that were out of date;
        oldest_s: the age of the oldest answer it gave; to_origin: requests that reached the origin; gb: what the edges sent.
        """
        _, hit, stale, fetched, kb, age_s = notes.T
        reads, at_once = hit >= MISS, hit == HIT
        return {
            "hit_ratio": float(at_once[reads].mean()) if reads.any() else nan,
            "stale_ratio": float(stale.sum() / at_once.sum()) if at_once.any() else 0.0,
            "oldest_s": float(age_s.max(initial=0)),
            "to_origin": float(fetched.sum()),
            "gb": float(kb[hit != REFILL].sum() / 1e6),
        }

    def findings(self, label: str, figures) -> list[Finding]:
        left = counted(figures["to_origin"], "request")
        reach = "reaches" if figures["to_origin"] == 1 else "reach"
        return hits(label, figures, " at the edge", f"; {left} {reach} the origin")

    def extra_usd(self, notes: np.ndarray, begin_s: float, end_s: float) -> float:
        """What the bytes cost that the edges sent, and those that the origin sent them."""
        if not len(notes):
            return 0.0
        at_s, hit, _, _, kb, _ = notes.T
        price = np.where(hit == REFILL, self.origin_usd_per_gb, self.price_usd_per_gb)
        return float((kb * price)[(at_s >= begin_s) & (at_s < end_s)].sum()) / 1e6


class CDNPart(Part, runs=CDN):
    feeds_forward = property(keeps_all)
    pass_sorted = pass_fetched

    def setup(self) -> None:
        self.edges: list[Edge] = []
        self.shield: Edge | None = None
        self.change(self.spec)

    def change(self, spec) -> None:
        """Edges that stay keep what they have; another shield starts empty."""
        there = {edge.place: edge for edge in self.edges}
        self.edges, self.order = [there.get(place) or Edge(self, place) for place in spec.edges], {}
        if spec.shield != (self.shield and self.shield.place):
            self.shield = Edge(self, spec.shield) if spec.shield else None
        self.spec = spec

    def machines(self) -> list:
        return self.edges

    def copies(self) -> list:
        return [place.kept.clear for place in (self.shield, *self.edges) if place]  # an edge would ask the shield again

    def nearest(self, place: str | None) -> tuple[float, Edge] | None:
        """The edge that is alive and soonest reached, and how long it takes to get there."""
        if place not in self.order:  # (half of the way in s, the edge), the soonest reached first
            half_s = [theory.round_trip_ms(place or edge.place, edge.place) / 2000 for edge in self.edges]
            self.order[place] = sorted(zip(half_s, self.edges, strict=True), key=lambda way: way[0])
        return next((way for way in self.order[place] if way[1].alive), None)

    def handle(self, request: Request) -> Steps:
        visit, env, origin = self.visit(request), self.env, request.place
        visit[2], found = env._now, self.nearest(request.place)
        if found is None:  # no edge is left: straight to the origin
            status = yield from self.ask_origin(request)
        else:
            half_s, edge = found
            opening_s, hit_s = 2 * half_s * (request.trips - 1), self.spec.hit_ms / 2000
            half_s += hit_s
            yield half_s + opening_s
            request.place, request.trips = edge.place, 1
            pass_by = request.write or not self.spec.may_keep(request.endpoint)
            status = yield from (self._pass(request) if pass_by else edge.read(request))
            request.place = origin
            yield half_s
        visit[3] = env._now
        return status

    def note(self, hit: float, stale: bool = False, fetched: int = 0, kb: float = 0.0, age_s: float = 0.0) -> None:
        self.notes.append((self.env._now, hit, stale, fetched, kb, age_s))

    def ask_origin(self, request: Request) -> Steps:
        self.note(NO_READ, fetched=1)
        status = (yield from self.next.handle(request)) if self.next else 200
        if is_success(status) and request.kb:
            self.note(REFILL, kb=request.kb)
        return status

    def _pass(self, request: Request) -> Steps:
        """What is not kept, writes among it."""
        status = yield from self.ask_origin(request)
        self.note(NO_READ, kb=request.kb)
        if request.write and is_success(status) and request.version is None:
            request.version = self.run.versions[request.key] = self.run.versions.get(request.key, 0) + 1
        return status
