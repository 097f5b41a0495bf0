"""Work at a station: what a server and a database have in common while they run."""

from __future__ import annotations

from math import nan

import numpy as np

from pmtech.engine import Part, Request, Station, Steps
from pmtech.randomness import gamma
from pmtech.shortcut import fifo


class WorkPart(Part):
    """Places of work with a line before them; every request brings its own amount of work."""

    def setup(self) -> None:
        self.deaths: list[tuple[float, bool]] = []  # (when, is the machine alive from then on)
        self.station = Station(0)
        self.cv = None
        self._tune()

    def measures(self) -> tuple[int, int | None, float, float, bool]:
        """(places, queue limit, mean work in ms, its coefficient of variation, is the place held downstream)."""
        raise NotImplementedError

    def change(self, spec) -> None:
        super().change(spec)
        self._tune()

    def _tune(self) -> None:
        places, limit, work_ms, cv, self.holds = self.measures()
        self.mean_s = work_ms / 1000
        if cv != self.cv:
            self.cv, self.work = cv, self.run.luck(f"{self.name}.work", gamma(cv))
        self.station.resize(places, limit)

    @property
    def feeds_forward(self) -> bool:
        return self.next is None or not self.holds

    def pass_sorted(self, rows, times, book) -> None:
        station = self.station
        work = book.draw(self.work, rows) * self.mean_s
        started, left = fifo(times, work, station.places, station.limit)
        refused = np.isnan(started)
        book.visit(self, rows, times, started, np.where(refused, times, left))
        book.serves(self, rows[started < book.until_s])
        if refused.any():
            book.refuse(self, rows[refused], times[refused], 503)
        rows, left = rows[~refused], left[~refused]
        if self.next is None:
            book.answer(rows, left, 200)
        else:
            book.send(self.next, rows, left)

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
