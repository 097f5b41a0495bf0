"""The exact shortcut: a system that only feeds forward is worked out part by part over sorted arrays, without events.

All requests go through the first part, in order of time, then all through the next. For a line that is first come,
first served that is no approximation: a request begins when it has come and a place is free, and nothing that happens
later changes it (Ebert and others, "Computationally efficient simulation of queues", Journal of Statistical Software
95(5), 2020). Every part that can be passed so says how, beside its journey for the event engine; both use the same
luck, the same rules and the same arithmetic, so the trajectories are equal to the last bit. Where two requests meet at
the very same moment the order would have to be guessed: then the event engine decides (`Undecided`).

What needs events: workers held while they wait downstream, throttles, caches that fill on the answer, balancers that
look at the load, users, retries and timeouts, and whatever happens during a run.
"""

from __future__ import annotations

from collections import deque
from heapq import heapreplace
from itertools import chain
from math import inf

import numpy as np

from pmtech.engine import Part, Run
from pmtech.randomness import Luck
from pmtech.records import Records, Refusals, Visits

BLOCK = 4096


class Undecided(Exception):
    """Two requests at the same moment: only the event engine knows who was first."""


class Fifo:
    """A station, first come first served: some places, and a line of limited length before them."""

    def __init__(self, places: int, limit: float):
        self.free, self.limit = [-inf] * places, limit
        self.line: deque[float] = deque()  # when work on those begins who had to wait

    def enter(self, now: float, needs: float) -> float | None:
        """When work on it begins; None if the line is full."""
        soonest, line = self.free[0], self.line
        while line and line[0] < now:
            line.popleft()
        if soonest == now or (line and line[0] == now):
            raise Undecided
        if soonest > now:
            if len(line) >= self.limit:
                return None
            line.append(soonest)
        begins = max(soonest, now)
        heapreplace(self.free, begins + needs)
        return begins


def fifo(times: np.ndarray, work: np.ndarray, places: int, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """When work on each request begins and ends at a station; NaN for one that finds the line full."""
    if limit == inf:
        return _unlimited(times, work, places)
    enter = Fifo(places, limit).enter
    started = np.array([enter(*each) for each in zip(times.tolist(), work.tolist(), strict=True)], dtype=float)
    return started, started + work


def _unlimited(times: np.ndarray, work: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray]:
    count = len(times)
    blocks = (slice(first, first + BLOCK) for first in range(0, count, BLOCK))  # short lists stay in the fast memory
    each = chain.from_iterable(zip(times[block].tolist(), work[block].tolist(), strict=True) for block in blocks)
    if places == 1:
        free = 0.0
        left = np.fromiter([free := (now if now > free else free) + needs for now, needs in each], float, count)
        return np.maximum(times, np.concatenate([[0.0], left])[:count]), left
    soonest = [0.0] * places
    free = (heapreplace(soonest, (now if now > (free := soonest[0]) else free) + needs) for now, needs in each)
    begun = np.maximum(times, np.fromiter(free, float, count))  # when it came, or when the place was free that it took
    return begun, begun + work


def in_order(times: np.ndarray) -> np.ndarray | slice:
    """What puts these times in order; most are, and then nothing needs to be moved."""
    return slice(None) if (times[1:] >= times[:-1]).all() else np.argsort(times, kind="stable")


def _numbered(groups: list[np.ndarray]) -> np.ndarray:
    """The numbers of all groups, made different between groups."""
    first, found = 0, [np.empty(0, dtype=np.int64)]
    for numbers in groups:
        found.append(first + numbers)
        first += int(numbers.max(initial=-1)) + 1
    return np.concatenate(found)


class Book:
    """All requests of a run while they are passed from part to part."""

    def __init__(self, run: Run, until_s: float):
        self.until_s, self.run = until_s, run
        self.sources = [name for name, parts in run.parts.items() if hasattr(parts[0], "send")]
        arrivals = [run.parts[name][0].arrivals_until(until_s) for name in self.sources]
        counts = [len(times) for times in arrivals]
        times = np.concatenate(arrivals) if arrivals else np.empty(0)
        order = in_order(times)
        self.arrived = times[order]
        if (self.arrived[1:] == self.arrived[:-1]).any():
            raise Undecided
        self.client = np.repeat(np.arange(len(counts)), counts)[order]
        callers = [run.parts[name][0].callers(n) for name, n in zip(self.sources, counts, strict=True)]
        self.caller = _numbered(callers)[order]
        self.number = np.concatenate([np.arange(n) for n in counts])[order] if counts else np.empty(0, dtype=int)
        self.rows_of = [np.flatnonzero(self.client == code) for code in range(len(counts))]
        size = len(times)
        self.finished, self.status = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
        self.machines: list[str] = []
        self.served_by = np.full(size, -1)
        self.inbox: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        self.visits: dict[str, list[Visits]] = {name: [] for name in run.parts if name not in self.sources}
        self.refused: list[Refusals] = []
        self.returns: list = []

    # --- what a part asks for and writes down ---------------------------------------------------------------------

    def draw(self, luck: Luck, rows: np.ndarray) -> np.ndarray:
        """The numbers of these requests for one purpose."""
        if len(self.sources) == 1:
            return luck[self.sources[0], 0].first(len(self.arrived))[rows]
        values = None
        for code, name in enumerate(self.sources):
            whose = self.client[rows] == code
            if whose.any():
                drawn = luck[name, 0].first(len(self.rows_of[code]))[self.number[rows[whose]]]
                if values is None:
                    values = np.empty(len(rows), dtype=drawn.dtype)
                values[whose] = drawn
        return np.empty(0) if values is None else values

    def endpoint(self) -> np.ndarray:
        return self.draw_of_source("choose", object)

    def key(self) -> np.ndarray:
        return self.draw_of_source("keys", np.int64)

    def draw_of_source(self, purpose: str, dtype) -> np.ndarray:
        """What every source decides for its own requests."""
        values = np.empty(len(self.arrived), dtype=dtype)
        for name, rows in zip(self.sources, self.rows_of, strict=True):
            values[rows] = getattr(self.run.parts[name][0], purpose)[name, 0].first(len(rows))
        return values

    def visit(self, part: Part, rows, entered, started, left) -> None:
        """Note the visits to one machine; what lies at or past the end has not happened."""
        cut = [np.where(times < self.until_s, times, np.nan) for times in (started, left)]
        machine = np.full(len(rows), self.run.parts[part.name].index(part))
        self.visits[part.name].append(Visits(rows, entered, *cut, machine))

    def serves(self, part: Part, rows) -> None:
        """The first who works on a request is who served it."""
        first = rows[self.served_by[rows] < 0]
        self.served_by[first] = self._code(part)

    def refuse(self, part: Part, rows, times, status: int, retry_after=np.nan) -> None:
        self.served_by[rows] = self._code(part)
        names = np.full(len(rows), part.name, dtype=object)
        retry = np.broadcast_to(np.asarray(retry_after, dtype=float), len(rows))
        self.refused.append(Refusals(rows, names, times, np.full(len(rows), status), retry))
        self.answer(rows, times, status)

    def answer(self, rows, times, status: int) -> None:
        self.finished[rows], self.status[rows] = times, status

    def send(self, part: Part, rows, times) -> None:
        """These requests reach the next part at these times; those at or past the end never do."""
        soon = times < self.until_s
        self.inbox.setdefault(id(part), []).append((rows[soon], times[soon]))

    def come_back(self, way) -> None:
        """`way(book)` is called when all answers of what lies downstream are known."""
        self.returns.append(way)

    def _code(self, part: Part) -> int:
        if part.machine not in self.machines:
            self.machines.append(part.machine)
        return self.machines.index(part.machine)

    # --- the whole run --------------------------------------------------------------------------------------------

    def arrivals_at(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Who comes to a part, and when, in order of time."""
        crowds = self.inbox.pop(id(part), [])
        if not crowds:
            return np.empty(0, dtype=np.int64), np.empty(0)
        rows, times = (np.concatenate(columns) for columns in zip(*crowds, strict=True))
        order = in_order(times)
        rows, times = rows[order], times[order]
        if (times[1:] == times[:-1]).any():
            raise Undecided
        return rows, times

    def records(self) -> Records:
        late = ~(self.finished < self.until_s)
        self.finished[late], self.status[late] = np.nan, 0
        names = np.array([*self.machines, None], dtype=object)
        empty = Refusals(*(np.empty(0, dtype=kind) for kind in (np.int64, object, float, np.int64, float)))
        refused = Refusals(
            *(np.concatenate(c) for c in zip(*(vars(r).values() for r in [empty, *self.refused]), strict=True))
        )
        order = np.argsort(refused.at_s, kind="stable")
        nothing = Visits(*(np.empty(0, dtype=kind) for kind in (np.int64, float, float, float, np.int64)))
        return Records(
            sources=self.sources,
            client=self.client,
            arrived_s=self.arrived,
            finished_s=self.finished,
            status=self.status,
            endpoint=self.endpoint,
            key=self.key,
            served_by=lambda: names[self.served_by],
            visits={
                name: Visits(
                    *(np.concatenate(c) for c in zip(*(vars(v).values() for v in [nothing, *visits]), strict=True))
                )
                for name, visits in self.visits.items()
            },
            refusals=Refusals(*(column[order] for column in vars(refused).values())),
        )


def run_sorted(run: Run, until_s: float) -> Records | None:
    """The records of a run that has not begun, or None if it needs the event engine. `run.parts` is in flow order."""
    parts = [part for machines in run.parts.values() for part in machines]
    if not all(part.feeds_forward for part in parts):
        return None
    try:
        book = Book(run, until_s)
        for name, rows in zip(book.sources, book.rows_of, strict=True):
            book.send(run.parts[name][0].next, rows, book.arrived[rows])
        for part in parts:
            if part.name not in book.sources:
                part.pass_sorted(*book.arrivals_at(part), book)
    except Undecided:
        return None
    for way_back in reversed(book.returns):
        way_back(book)
    return book.records()
