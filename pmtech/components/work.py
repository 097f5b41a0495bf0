"""Work at a station: what a server and a database have in common while they run."""

from __future__ import annotations

from math import nan

import numpy as np

from pmtech.components.held import pass_held, pass_if_never_full
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import gamma
from pmtech.engine.request import Request
from pmtech.engine.sorted_pass import Fifo, fifo, only
from pmtech.engine.station import Station


def owns_what_ends(part: Part) -> bool:
    """Does it alone ask a station at which the way ends? Then whoever asks in order of time can be told when to expect
    the answer: nobody who comes later gets in between."""
    others = (other for machines in part.run.parts.values() for other in machines if other is not part)
    ends = isinstance(part.next, WorkPart) and part.next.next is None
    return ends and not any(part.next in other.targets for other in others)


class WorkPart(Part):
    """Places of work with a line before them; every request brings its own amount of work."""

    def setup(self) -> None:
        self.deaths: list[tuple[float, bool]] = []  # (when, is the machine alive from then on)
        self.station = Station(0)
        self.cv = None
        self._tune()

    def measures(self) -> tuple[int, int | None, float, float, bool]:
        """(places, queue limit, mean work in ms, its coefficient of variation, is the place held downstream)."""
        raise TypeError(f"{type(self).__name__} does not say what it offers")

    def change(self, spec) -> None:
        super().change(spec)
        self._tune()

    def _tune(self) -> None:
        places, limit, work_ms, cv, self.holds = self.measures()
        self.mean_s = work_ms / 1000
        if cv != self.cv:
            self.cv, self.work = cv, self.run.luck(f"{self.name}.work", gamma(cv))
        self.station.resize(places, limit)

    feeds_forward = True

    def pass_sorted(self, rows, times, book) -> None:
        station = self.station
        if self.next is not None and self.holds:
            return (pass_held if owns_what_ends(self) else pass_if_never_full)(self, rows, times, book)
        needs = self.needs(rows, book)
        self.write_down(rows, times, fifo(times, needs, station.places, station.limit), needs, book)

    def write_down(self, rows, times, started, needs, book) -> None:
        """Note who came when, when work on them began (NaN: it was full) and how much they needed; they go on."""
        left, refused = started + needs, np.isnan(started)
        book.visit(self, rows, times, started, np.where(refused, times, left) if refused.any() else left)
        book.serves(self, *only(started < book.until_s, rows))
        if refused.any():
            book.refuse(self, rows[refused], times[refused], 503)
        rows, left = only(~refused, rows, left)
        if self.next is None:
            book.answer(rows, left, 200)
        else:
            book.send(self.next, rows, left)

    def line(self) -> Fifo:
        """Its line, with nobody there yet: for parts that need to know ahead when it will answer."""
        return Fifo(self.station.places, self.station.limit)

    def needs(self, rows, book) -> np.ndarray:
        """Seconds of work that each of these requests needs."""
        return book.draw(self.work, rows) * self.mean_s

    def fail(self) -> None:
        """The machine dies: what it held or what waits for it is answered 502, and so is whatever still comes.

        What it had asked of others goes on: they do not know that nobody listens any more.
        """
        self.alive, died = False, self.station
        self.deaths.append((self.env._now, False))
        self.station = Station(died.places, died.limit)
        died.gone = True
        self.handle = self._refuses
        asked_others = {visit[0] for part in self._behind() for visit in part.visits if visit[3] != visit[3]}
        held = [visit for visit in self.visits if visit[3] != visit[3]]
        for visit in held:
            self.refuse(visit[0], visit, 502)
            if visit[0] in asked_others:
                visit[0].arrive(502)
        self.run.hurry({visit[0] for visit in held}.difference(asked_others).__contains__)
        for request in died.waiting:
            request.wake()

    def _behind(self) -> set[Part]:
        """All machines that a request may reach from here."""
        found, ahead = set(), [*self.targets]
        while ahead:
            part = ahead.pop()
            if part not in found:
                found.add(part)
                ahead += part.targets
        return found

    def recover(self) -> None:
        """The machine is back, empty."""
        self.alive = True
        del self.handle
        self.deaths.append((self.env._now, True))

    def _refuses(self, request: Request) -> Steps:
        return self.refuse(request, self.visit(request), 502)
        yield  # a journey of no steps

    def handle(self, request: Request) -> Steps:
        station, env = self.station, self.env
        visit = [request, env._now, nan, nan]  # written out: this is the hot path of every run
        self.visits.append(visit)
        if not station.take():
            if station.full:
                return self.refuse(request, visit, 503)
            yield station.wait(request)
            if station.gone:
                return 502
        visit[2] = env._now
        if request.served_by is None:
            request.served_by = self.machine
        yield self.work[request.line][request.number] * self.mean_s
        status = 200
        if self.next is not None and self.holds and not station.gone:
            status = yield from self.next.handle(request)
        if station.gone:  # the machine died while it held the request
            return 502
        station.leave()
        visit[3] = env._now
        if self.next is not None and not self.holds:
            status = yield from self.next.handle(request)
        return status
