"""What a page must know of a run that goes on: some journeys step by step, the state of every machine, the rates."""

from collections import deque
from inspect import GEN_CLOSED, getgeneratorstate
from operator import itemgetter

import numpy as np

from pmtech.engine.part import Part
from pmtech.engine.request import Request, is_success
from pmtech.panels.live.terms import DOWN, ENTERED, FINISHED, LEFT, LEFT_OUT, SENT, STARTED, WINDOW_S, is_followed
from pmtech.runs.running import Running
from pmtech.runs.summary import percentiles

CELL_S = 0.25  # a point of the chart stands for so much time,
SMOOTH = 8  # and for the mean of the last so many


class Cell:
    """What happened in a quarter of a second; counts stand by source."""

    def __init__(self, sources: int):
        self.sent, self.served, self.refused = [0] * sources, [0] * sources, [0] * sources
        self.latencies: list[float] = []


class Watch:
    """Follows a `Running`. Call `note()` whenever it has advanced.

    every: of so many requests one is followed step by step. units: a row a machine, in flow order (new replicas
    come at the end). samples: rows of (at_s, offered, served, refused a second, p50 and p95 in ms of the answers,
    in_system), oldest first. by_source: (sent, served, refused) a second.
    """

    def __init__(self, running: Running):
        self.running, self.every = running, 1
        self.units: dict[Part, int] = {}
        self.upto: dict[Part, int] = {}  # so many of its visits are known,
        self.under_way: dict[Part, list[list]] = {}  # and these go on: [visit, has work on it begun]
        self.find_units()
        self.sources = {part: n for n, part in enumerate(part for part in self.units if part.spec.is_source)}
        self.seen = self.serial = 0
        self.forgets_at = WINDOW_S
        self.inside: list[Request] = []
        self.followed: dict[Request, int] = {}
        self.cells: dict[int, Cell] = {}
        self.done = 0  # cells that are complete
        self.recent: deque[Cell] = deque(maxlen=SMOOTH)
        self.samples: deque[tuple] = deque(maxlen=int(WINDOW_S / CELL_S) + 1)
        self.by_source = [(0.0, 0.0, 0.0)] * len(self.sources)
        self.in_system = 0

    def find_units(self) -> None:
        """Look for new machines."""
        for part in (part for machines in self.running.run.parts.values() for part in machines):
            if part not in self.units:
                self.units[part] = len(self.units)
                self.upto[part], self.under_way[part] = 0, []

    def note(self) -> list[tuple[int, int, int, float]]:
        """What the followed requests did since the last time: (step, number, machine or status, at_s), in order."""
        steps = [*self._count(), *self._visits()]
        self._sample()
        steps.sort(key=itemgetter(3))  # stable: at the same moment in flow order
        if self.running.now > self.forgets_at:
            run = self.running.run
            run.forget(self.running.now - WINDOW_S)
            self.forgets_at = self.running.now + WINDOW_S / 4  # it looks at everything, so not too often
            self.seen = len(run.requests)
            self.upto = {part: len(part.visits) for part in self.units}
        return steps

    def _cell(self, at_s: float) -> Cell:
        # A step at the very edge of a slice belongs to a cell that may be closed already.
        number = max(int(at_s / CELL_S), self.done)
        cell = self.cells.get(number)
        if cell is None:
            cell = self.cells[number] = Cell(len(self.sources))
        return cell

    def _count(self) -> list[tuple]:
        steps, still, requests = [], [], self.running.run.requests
        for request in requests[self.seen :]:
            self.serial += 1
            self._cell(request.arrived).sent[self.sources[request.source]] += 1
            if is_followed(self.serial, self.every):
                self.followed[request] = self.serial
                steps.append((SENT, self.serial, self.units[request.source], request.arrived))
            self.inside.append(request)
        self.seen = len(requests)
        for request in self.inside:
            if not request.status:
                still.append(request)
                continue
            cell, source = self._cell(request.finished), self.sources[request.source]
            if is_success(request.status):
                cell.served[source] += 1
                cell.latencies.append((request.finished - request.arrived) * 1000)
            else:
                cell.refused[source] += 1
            if request in self.followed:
                steps.append((FINISHED, self.followed[request], request.status, request.finished))
        self.inside = still
        return steps

    def _visits(self) -> list[tuple]:
        steps, followed = [], self.followed
        self.find_units()
        for part, unit in self.units.items():
            here = self.under_way[part]
            for visit in part.visits[self.upto[part] :]:
                if visit[0] in followed:
                    steps.append((ENTERED, followed[visit[0]], unit, visit[1]))
                    here.append([visit, False])
            self.upto[part] = len(part.visits)
            for entry in here:
                (request, _, started, left), was_started = entry
                if started == started and not was_started:
                    entry[1] = True
                    steps.append((STARTED, followed[request], unit, started))
                if left == left:
                    steps.append((LEFT, followed[request], unit, left))
            self.under_way[part] = [entry for entry in here if entry[0][3] != entry[0][3]]
        # A client may have given up long before the work on its request ends.
        over = [request for request in followed if request.status and getgeneratorstate(request.steps) == GEN_CLOSED]
        for request in over:
            del followed[request]
        return steps

    def _sample(self) -> None:
        while (self.done + 1) * CELL_S <= self.running.now:
            cell = self.cells.pop(self.done, None) or Cell(len(self.sources))
            self.done += 1
            self.recent.append(cell)
            span = len(self.recent) * CELL_S
            self.by_source = [
                tuple(sum(getattr(c, fate)[n] for c in self.recent) / span for fate in ("sent", "served", "refused"))
                for n in self.sources.values()
            ]
            self.in_system += sum(cell.sent) - sum(cell.served) - sum(cell.refused)
            latencies = [ms for c in self.recent for ms in c.latencies]
            rates = map(sum, zip(*self.by_source, strict=True))
            p50, p95 = percentiles(np.array(latencies), 0.50, 0.95)
            self.samples.append((self.done * CELL_S, *rates, p50, p95, self.in_system))

    @property
    def waiting(self) -> int:
        """Requests in all lines, also those whose client has given up."""
        return int(sum(self.state_of(part)[0] for part in self.units if part not in self.sources))

    def present(self) -> list[tuple[int, int, int, float]]:
        """The journeys that are under way, for somebody who has not seen them begin."""
        steps = [
            (SENT, number, self.units[request.source], request.arrived) for request, number in self.followed.items()
        ]
        for part, here in self.under_way.items():
            for (request, *times, _), _ in here:
                for step, at_s in zip((ENTERED, STARTED), times, strict=True):
                    if at_s == at_s:
                        steps.append((step, self.followed[request], self.units[part], at_s))
        return sorted(steps, key=itemgetter(3))

    def state(self) -> list[float]:
        """The present moment: at_s, then three numbers a machine, as `state_of` has them."""
        row = [self.running.now]
        for part in self.units:
            row += self.by_source[self.sources[part]] if part in self.sources else self.state_of(part)
        return row

    def state_of(self, part: Part) -> tuple[float, float, float]:
        """(waiting, at work, places of work). 0 places: it has none, or was taken away; or DOWN, or LEFT_OUT."""
        waiting, busy, places = part.state()
        if not part.alive:
            return waiting, busy, LEFT_OUT if self._left_out(part) else DOWN
        retired = self.running.run.parts[part.name].index(part) >= part.spec.replicas
        return waiting, busy, 0 if retired else places

    def _left_out(self, part: Part) -> bool:
        """Have health checks told a balancer that it should not send there?"""
        return any(not one.sends_to(part) for one in self.units if part in one.targets)
