"""All requests of a CDN at once: who finds a copy at an edge, who fetches one, and who waits for it."""

from collections.abc import Callable
from heapq import heappush
from math import inf, nan

import numpy as np

from pmtech import theory
from pmtech.components.edge import HIT, MISS, NO_READ, REFILL
from pmtech.components.work import owns_what_ends
from pmtech.engine.sorted_pass import Undecided, moments


def keeps_all(part) -> bool:
    """Do copies leave only when they are old, is nothing asked for twice at a time, and does the origin answer all?"""
    spec, sources = part.spec, (m[0].spec for m in part.run.parts.values() if m[0].spec.is_source)
    reads = all(source.write_share == 0 and source.keys <= spec.capacity for source in sources)
    plain = spec.collapse and not spec.keeps and not spec.stale_while_revalidate_s
    return reads and plain and owns_what_ends(part, elsewhere=True) and part.next.spec.waiting_limit is None


def pass_fetched(part, rows, times, book) -> None:
    """Each goes to the nearest edge and back; what is asked of the origin is followed from moment to moment."""
    edge, at, back_s = _there(part, rows, times, book)
    fetches = Fetches(part, edge, at, book.key()[rows], part.next.needs(rows, book))
    for _ in moments(np.empty(0), fetches.due, book.until_s):
        pass
    who, reached, begun, needs = np.array(fetches.served).reshape(-1, 4).T
    part.next.write_down(rows[who.astype(int)], reached, begun, needs, book)
    left, came = np.array(fetches.left), np.array(fetches.came)
    if np.isin(at, left[left > at]).any():  # was it there in time?
        raise Undecided
    book.visit(part, rows, times, times, left + back_s)
    book.answer(rows, left + back_s, 200)
    heard = np.argsort(at)
    heard = heard[left[heard] < book.until_s]
    book.served_by[rows[heard]] = np.array([book.code(one) for one in part.edges])[edge[heard]]
    kb, asked, brought = _kb(rows, book), np.array(fetches.asked), np.array(fetches.brought).reshape(-1, 2)
    refilled = kb[brought[:, 0].astype(int)]
    told = [
        _told(asked[asked < book.until_s], NO_READ, fetched=1),
        _told(brought[:, 1], REFILL, kb=refilled)[refilled > 0],
        _told(left[heard], np.array(fetches.hit)[heard], kb=kb[heard], age_s=(left - came)[heard]),
    ]
    notes = np.concatenate(told)
    book.note(part, notes[np.argsort(notes[:, 0], kind="stable")])


def _there(part, rows, times, book) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """To which edge each comes, when, and how long it takes from there."""
    ways = [part.nearest(city) for city in book.cities]
    half_s = np.array([half_s for half_s, _ in ways])[book.place[rows]]
    edge = np.array([part.edges.index(edge) for _, edge in ways])[book.place[rows]]
    opening_s, back_s = 2 * half_s * (book.trips[rows] - 1), half_s + part.spec.hit_ms / 2000
    at = times + (back_s + opening_s)
    if len(np.unique(at)) < len(at):
        raise Undecided
    return edge, at, back_s


def _kb(rows, book) -> np.ndarray:
    """The size of each answer."""
    sizes = [book.run.parts[name][0].spec.kb for name in book.sources]
    asked = zip(book.client[rows].tolist(), book.endpoint()[rows].tolist(), strict=True)
    return np.array([sizes[who].get(what, 0.0) for who, what in asked])


def _told(at_s, hit, fetched=0, kb=0.0, age_s=0.0) -> np.ndarray:
    """Rows of what a CDN notes."""
    return np.column_stack(np.broadcast_arrays(at_s, hit, 0, fetched, kb, age_s))


class Fetches:
    """What is asked of the origin, by whom and when; and with it who is answered when, from a copy that came when.

    A place is a key at an edge; its requests stand one after the other, in order of time. due: what happens next.
    """

    def __init__(self, part, edge, at, keys, needs):
        self.ttl_s, self.shield, here = part.spec.ttl_s, part.shield, part.next.place
        self.keys = int(keys.max(initial=0)) + 1
        place = edge * self.keys + keys
        order = np.lexsort((at, place))
        self.order, self.at, self.needs = order.tolist(), at[order].tolist(), needs.tolist()
        ends = np.cumsum(np.bincount(place, minlength=self.keys * len(part.edges))).tolist()
        self.next, self.ends = [0, *ends[:-1]], ends
        self.left, self.came, self.hit = [nan] * len(at), [nan] * len(at), [MISS] * len(at)
        self.enter, self.due = part.next.line().enter, []
        self.asked, self.brought, self.served = [], [], []
        self.fresh: dict[int, float] = {}  # when the shield's copy came,
        self.brings: dict[int, float] = {}  # and that of it which is on its way to a place
        self.waiting: dict[int, list[int]] = {}  # places that wait for what the shield is fetching
        self.to_shield_s = [self._half_s(one.place, self.shield.place) for one in part.edges if self.shield]
        askers = [self.shield] * len(part.edges) if self.shield else part.edges
        self.to_origin_s = [self._half_s(one.place, here) for one in askers]
        for place in range(len(ends)):
            self.ask(place, 0.0)

    @staticmethod
    def _half_s(place: str, other: str | None) -> float:
        return theory.round_trip_ms(place, other or place) / 2000

    def ask(self, place: int, now: float) -> None:
        """The next request of a place finds no copy that is good, when it comes or at once."""
        if (number := self.next[place]) == self.ends[place]:
            return
        now, edge = max(self.at[number], now), place // self.keys
        if self.shield:
            heappush(self.due, (now + self.to_shield_s[edge], place, self.look))
        else:
            self.asked.append(now)
            heappush(self.due, (now + self.to_origin_s[edge], place, self.serve))

    def travel(self, place: int, now: float, way_s: list[float], then: Callable[[int, float], None]) -> None:
        """From here, the way that those of its edge have."""
        if delay_s := way_s[place // self.keys]:
            heappush(self.due, (now + delay_s, place, then))
        else:
            then(place, now)

    def look(self, place: int, now: float) -> None:
        """It has come to the shield."""
        key = place % self.keys
        if now - self.fresh.get(key, -inf) < self.ttl_s:
            self.brings[place] = self.fresh[key]
            self.travel(place, now, self.to_shield_s, self.keep)
        elif key in self.waiting:
            self.waiting[key].append(place)
        else:
            self.waiting[key] = [place]
            self.asked.append(now)
            self.travel(place, now, self.to_origin_s, self.serve)

    def serve(self, place: int, now: float) -> None:
        """It has come to the origin."""
        who = self.order[self.next[place]]
        begins = self.enter(now, self.needs[who])
        self.served.append((who, now, begins, self.needs[who]))
        there_s = begins + self.needs[who] + self.to_origin_s[place // self.keys]
        heappush(self.due, (there_s, place, self.bring))

    def bring(self, place: int, now: float) -> None:
        """The origin's answer has come to whoever asked it."""
        self.brought.append((self.order[self.next[place]], now))
        if not self.shield:
            return self.keep(place, now)
        self.fresh[place % self.keys] = now
        for waiting in self.waiting.pop(place % self.keys):
            self.brings[waiting] = now
            self.travel(waiting, now, self.to_shield_s, self.keep)

    def keep(self, place: int, now: float) -> None:
        """The answer has come to the edge: for those who wait, and those who come while it is good."""
        came_s = self.brings[place] if self.shield else now
        number = self.next[place]
        while number < self.ends[place]:
            at_s, who = max(self.at[number], now), self.order[number]
            if self.at[number] > now and at_s - came_s >= self.ttl_s:  # too old for whoever did not wait for it
                break
            self.left[who], self.came[who], self.hit[who] = at_s, came_s, HIT if at_s > now else MISS
            number += 1
        self.next[place] = number
        self.ask(place, now)
