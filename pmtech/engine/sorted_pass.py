"""The exact shortcut: a system that only feeds forward is worked out part by part over sorted arrays, without events.

All requests go through the first part, in order of time, then all through the next. For a line that is first come,
first served that is no approximation: a request begins when it has come and a place is free, and nothing that happens
later changes it (Ebert and others, "Computationally efficient simulation of queues", Journal of Statistical Software
95(5), 2020). Every part that can be passed so says how, beside its journey for the event engine; both use the same
luck, the same rules and the same arithmetic, so the trajectories are equal to the last bit. Where two requests meet at
the very same moment the order would have to be guessed: then the event engine decides (`Undecided`).

A cache fills, and a worker that is held is free again, when an answer comes. Before a station of their own at which the
way ends that moment is known as soon as the question is asked, and both are walked through in order of time. So are the
fetches of a CDN, what a queue hands to one station of its own, and a pool that an autoscaler watches: its looks alone are
then left to the clock. Workers held for anything else are passed as if they were not, which is right unless one was
missing (`check_never_full`).

What needs events: workers that are held and run short before more than one part, caches behind one another, side by
side, with `miss_ms` or `coalesce`, or before anything else, queues whose messages come back or go to several, CDNs that
are written to or give out what is old, balancers that look at the load of what is not the end, users, retries, and
whatever happens during a run.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from heapq import heappop, heappushpop, heapreplace
from math import inf
from operator import itemgetter
from typing import Any

import numpy as np

from pmtech import theory
from pmtech.engine.clock import collecting_later
from pmtech.engine.part import Part
from pmtech.engine.randomness import Luck
from pmtech.engine.records import Records, Refusals, Visits, as_columns
from pmtech.engine.run import Run

BLOCK = 2048

# The C library of Linux keeps freed memory, up to twice the largest block that it has ever seen freed, instead of giving
# it back to the system and asking for it anew: this one raises the bar. A fifth of the time of a run of 100,000 requests.
np.empty(1 << 21)


class Undecided(Exception):
    """Only the event engine knows: two requests at the same moment, or who has to wait for one that is held."""


class Fifo:
    """A station, first come first served: some places, and a line of limited length before them."""

    def __init__(self, places: int, limit: float):
        self.free, self.limit = [-inf] * places, limit
        self.line: deque[float] = deque()  # when work on those begins who had to wait

    def enter(self, now: float, needs: float) -> float | None:
        """When work on it begins; None if the line is full."""
        soonest = self.free[0]
        if soonest == now:
            raise Undecided
        if self.limit < inf:
            line = self.line
            while line and line[0] < now:
                line.popleft()
            if line and line[0] == now:
                raise Undecided
            if soonest > now:
                if len(line) >= self.limit:
                    return None
                line.append(soonest)
        begins = max(soonest, now)
        heapreplace(self.free, begins + needs)
        return begins


def moments(times: np.ndarray, due: list[tuple], until_s: float) -> Iterator[tuple[int, float]]:
    """Who comes, and when, in order of time. What stands on the heap `due` (when, who, what) happens in between."""
    last = -inf
    for who, now in enumerate([*times.tolist(), until_s]):
        while due and due[0][0] <= now:
            at_s, whom, happens = heappop(due)
            if at_s == last or at_s == now:
                raise Undecided
            last = at_s
            happens(whom, at_s)
        if who < len(times):
            yield who, now
        last = now


def fifo(times: np.ndarray, work: np.ndarray, places: int, limit: float) -> np.ndarray:
    """When work on each request begins at a station; NaN for one that finds the line full."""
    if limit < inf:
        enter = Fifo(places, limit).enter
        return np.array([enter(*each) for each in zip(times.tolist(), work.tolist(), strict=True)], dtype=float)
    return np.fromiter(_begins(in_blocks(times, work), places), float, len(times))


def in_blocks(*columns: np.ndarray) -> Iterator[Iterator[tuple]]:
    """The columns' rows as Python's own numbers, a block at a time: short lists stay in fast memory."""
    for first in range(0, len(columns[0]), BLOCK):
        yield zip(*(column[first : first + BLOCK].tolist() for column in columns), strict=True)


def _begins(blocks: Iterable[Iterable[tuple[float, float]]], places: int) -> Iterator[float]:
    """When work on each begins: when it comes, or when the first place falls free."""
    free, others = 0.0, [0.0] * (places - 1)
    for block in blocks:
        for now, needs in block:
            if now < free:
                now = free
            yield now
            free = heappushpop(others, now + needs)


def check_never_full(came: np.ndarray, left: np.ndarray, places: int) -> None:
    """Undecided, unless each finds a place free: of those before it all but `places` - 1 have left (NaN: never)."""
    if not (np.sort(left)[: max(len(left) - places, 0)] < came[places:]).all():
        raise Undecided


def in_order(times: np.ndarray) -> np.ndarray | slice:
    """What puts these times in order; most are, and then nothing needs to be moved."""
    if (times[1:] >= times[:-1]).all():
        return slice(None)
    # The bits of floats from 0 on are in their order, and quicker.
    return np.argsort(times.view(np.int64), kind="stable")


def only(kept: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """These entries of the columns; where all are kept nothing is copied."""
    return columns if kept.all() else tuple(column[kept] for column in columns)


def joined(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One column after another; a single one is not copied."""
    return columns[0] if len(columns) == 1 else np.concatenate([np.empty(0, dtype=np.int64), *columns])


def _stacked(tables: list):
    """One table of several with the same columns."""
    return type(tables[0])(*map(joined, zip(*(vars(table).values() for table in tables), strict=True)))


def _numbered(groups: list[np.ndarray]) -> np.ndarray:
    """The numbers of all groups, made different between groups."""
    first, found = 0, []
    for numbers in groups:
        found.append(first + numbers)
        first += int(numbers.max(initial=-1)) + 1
    return joined(found)


class Book:
    """All requests of a run while they are passed from part to part."""

    def __init__(self, run: Run, until_s: float):
        self.until_s, self.run = until_s, run
        self.sources = [name for name, parts in run.parts.items() if parts[0].spec.is_source]
        arrivals = [run.parts[name][0].arrivals_until(until_s) for name in self.sources]
        run.tidy()
        self.counts = [len(times) for times in arrivals]
        times = joined(arrivals)
        self.order = in_order(times)
        self.arrived = times[self.order]
        if (self.arrived[1:] == self.arrived[:-1]).any():
            raise Undecided
        size = len(times)
        self.all_rows = np.arange(size)
        self.client = self._of_each(lambda source, count: np.broadcast_to(self.sources.index(source.name), count))
        one = len(self.sources) == 1
        self.rows_of = [self.all_rows] if one else [np.flatnonzero(self.client == n) for n in range(len(self.sources))]
        self.finished, self.status = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
        parts = [run.parts[name][0] for name in self.sources]
        self.cities = [*{part.place for machines in run.parts.values() for part in machines}]
        self.place = np.array([self.cities.index(part.place) for part in parts])[self.client]  # where each is
        self.trips = np.array([part.trips for part in parts])[self.client]
        self.machines: list[str] = []
        self.served_by = np.full(size, -1, dtype=np.int32)
        self.inbox: dict[int, list[tuple[np.ndarray, ...]]] = {}
        self.visits: dict[str, list[tuple[int, Visits]]] = {name: [] for name in run.parts if name not in self.sources}
        self.refused: list[Refusals] = []
        specs = {name: run.parts[name][0].spec for name in self.visits}
        self.notes = {name: np.empty((0, len(spec.noted))) for name, spec in specs.items() if spec.noted}
        self.messages: list[tuple] = []  # of each queue its columns
        self.returns: list = []
        self.drawn = "", np.empty(0)

    def _of_each(self, column: Callable[[Any, int], np.ndarray]) -> np.ndarray:
        """A column of what each source says of its requests, given how many it sends."""
        each = zip(self.sources, self.counts, strict=True)
        return joined([column(self.run.parts[name][0], count) for name, count in each])[self.order]

    @cached_property
    def caller(self) -> np.ndarray:
        """Who sends each request, as a number that no two sources share."""
        each = zip(self.sources, self.counts, strict=True)
        return _numbered([self.run.parts[name][0].callers(count) for name, count in each])[self.order]

    # --- what a part asks for and writes down ---------------------------------------------------------------------

    def draw(self, luck: Luck, rows: np.ndarray) -> np.ndarray:
        """The numbers of these requests for one purpose."""
        if self.drawn[0] != luck.purpose:  # replicas ask for the same, one after the other
            self.drawn = luck.purpose, self._of_each(lambda source, count: luck[source.name, 0].first(count))
        return self.drawn[1] if rows is self.all_rows else self.drawn[1][rows]

    def endpoint(self) -> np.ndarray:
        return self._of_each(lambda source, count: source.choose[source.first_luck].first(count))

    def key(self) -> np.ndarray:
        return self._of_each(lambda source, count: source.keys[source.first_luck].first(count))

    def write(self) -> np.ndarray:
        return self._of_each(lambda source, count: source.writes_among(count)).astype(bool)

    def connection(self) -> np.ndarray:
        return self._of_each(lambda source, count: source.lives.among(count))

    def visit(self, part: Part, rows, entered, started, left) -> None:
        """Note the visits to one machine; what lies at or past the end has not happened."""
        number, times = self.run.parts[part.name].index(part), (self._happened(started), self._happened(left))
        told = Visits(rows, entered, *times, np.broadcast_to(number, len(rows)))
        self.visits[part.name].append((number, told))

    def _happened(self, times: np.ndarray) -> np.ndarray:
        past = times < self.until_s
        return times if past.all() else np.where(past, times, np.nan)

    def serves(self, part: Part, rows) -> None:
        """The first who works on a request is who served it."""
        (first,) = only(self.served_by[rows] < 0, rows)
        self.served_by[first] = self.code(part)

    def note(self, part: Part, rows: np.ndarray) -> None:
        """What a part notes for itself, in order of time: see `Component.noted`."""
        self.notes[part.name] = rows.reshape(-1, len(part.spec.noted))

    def publish(self, part: Part, published_s, received_s, done_s) -> None:
        """Note the messages of a queue, in order of publication, that are handed out once at most."""
        waiting = np.full(len(published_s) - len(received_s), np.nan)
        times = published_s, *(self._happened(np.append(each, waiting)) for each in (received_s, done_s))
        receives = (times[1] == times[1]).astype(int)
        outcome = np.array(["waiting", "in flight", "done"], dtype=object)[receives + (times[2] == times[2])]
        self.messages.append((np.full(len(receives), part.name, dtype=object), *times, receives, outcome))

    def refuse(self, part: Part, rows, times, status: int, retry_after=np.nan) -> None:
        self.served_by[rows] = self.code(part)
        names = np.full(len(rows), part.name, dtype=object)
        retry = np.broadcast_to(np.asarray(retry_after, dtype=float), len(rows))
        self.refused.append(Refusals(rows, names, times, np.full(len(rows), status), retry))
        self.answer(rows, times, status)

    def answer(self, rows, times, status: int) -> None:
        self.finished[rows], self.status[rows] = times, status

    def send(self, part: Part | None, rows, times) -> None:
        """These requests reach the next part at these times; those at or past the end never do. None: that is the answer."""
        if part is None:
            self.answer(rows, times, 200)
        else:
            self.inbox.setdefault(id(part), []).append(only(times < self.until_s, rows, times))

    def come_back(self, way) -> None:
        """`way(book)` is called when all answers of what lies downstream are known."""
        self.returns.append(way)

    def travel(self, part: Part, rows, times) -> tuple[np.ndarray, np.ndarray]:
        """Who is elsewhere goes to where the part stands, and back with its answer: as `Part` does."""
        half_s = np.array([theory.round_trip_ms(city or part.place, part.place) / 2000 for city in self.cities])
        half_s, trips = half_s[self.place[rows]], self.trips[rows]
        self.place[rows], self.trips[rows] = self.cities.index(part.place), 1

        def back(book: Book) -> None:
            book.finished[rows] += half_s

        self.come_back(back)
        there = times + half_s * (2 * trips - 1)
        arrived, there = only(there < self.until_s, rows, there)
        return arrived, there

    def code(self, part) -> int:
        """The number of a machine's name."""
        if part.machine not in self.machines:
            self.machines.append(part.machine)
        return self.machines.index(part.machine)

    # --- the whole run --------------------------------------------------------------------------------------------

    def arrivals_at(self, part: Part) -> tuple[np.ndarray, np.ndarray]:
        """Who comes to a part, and when, in order of time."""
        crowds = self.inbox.pop(id(part), None)
        if crowds is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        rows, times = map(joined, zip(*crowds, strict=True))
        if len(crowds) > 1:  # by arrival they are nearly in order of time, and sort in less
            when = np.full(len(self.arrived), inf)
            when[rows] = times
            rows = np.flatnonzero(when < inf)
            times = when[rows]
        if part.place is not None:
            rows, times = self.travel(part, rows, times)
        order = in_order(times)
        if not isinstance(order, slice):
            rows, times = rows[order], times[order]
        if (times[1:] == times[:-1]).any():
            raise Undecided
        return rows, times

    def lose_patience(self) -> None:
        """Whose client has given up is not heard any more; the work went on in vain."""
        for source, rows in zip(self.sources, self.rows_of, strict=True):
            if (timeout_s := self.run.parts[source][0].timeout_s) is not None:
                ends, finished = self.arrived[rows] + timeout_s, self.finished[rows]
                if (ends == finished).any():
                    raise Undecided
                late, at_s = only(~(finished < ends), rows, ends)
                self.answer(late, at_s, 504)

    def records(self) -> Records:
        self.lose_patience()
        messages = as_columns([])
        if self.messages:
            messages = dict(zip(messages, map(joined, zip(*self.messages, strict=True)), strict=True))
            order = in_order(messages["published_s"])
            messages = {name: column[order] for name, column in messages.items()}
            if (np.diff(messages["published_s"]) == 0).any():
                raise Undecided
        late = np.flatnonzero(~(self.finished < self.until_s))
        self.finished[late], self.status[late] = np.nan, 0
        names = np.array([*self.machines, None], dtype=object)
        empty = Refusals(*(np.empty(0, dtype=kind) for kind in (np.int64, object, float, np.int64, float)))
        nothing = Visits(*(np.empty(0, dtype=kind) for kind in (np.int64, float, float, float, np.int64)))
        refused = _stacked(self.refused or [empty])
        order = np.argsort(refused.at_s, kind="stable")
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
                name: _stacked([told for _, told in sorted(visits, key=itemgetter(0))] or [nothing])
                for name, visits in self.visits.items()
            },
            refusals=Refusals(*(column[order] for column in vars(refused).values())),
            notes=self.notes,
            messages=messages,
        )


@collecting_later()
def run_sorted(run: Run, until_s: float) -> Records | None:
    """The records of a run that has not begun, or None if it needs the event engine. `run.parts` is in flow order."""
    if not all(part.feeds_forward for machines in run.parts.values() for part in machines):
        return None
    try:
        book = Book(run, until_s)
        for name, rows in zip(book.sources, book.rows_of, strict=True):
            book.send(run.parts[name][0].next, rows, book.arrived[rows])
        for part in (part for machines in run.parts.values() for part in machines):  # there may be more of them by then
            if part.name not in book.sources:
                part.pass_sorted(*book.arrivals_at(part), book)
        for way_back in reversed(book.returns):
            way_back(book)
        records = book.records()
    except Undecided:
        return None
    book.returns, book.messages = [], []  # what is still to be asked of it needs neither
    return records
