"""Work at a station: what a server and a database have in common while they run."""

from __future__ import annotations

from math import nan

from pmtech.engine import Part, Request, Station, Steps
from pmtech.randomness import gamma


class WorkPart(Part):
    """Places of work with a line before them; every request brings its own amount of work."""

    def setup(self) -> None:
        self.places_log: list[tuple[float, int]] = []
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
        self.places_log.append((self.env._now, places))

    def handle(self, request: Request) -> Steps:
        station, env = self.station, self.env
        visit = [request, env._now, nan, nan]  # written out: this is the hot path of every run
        self.visits.append(visit)
        if not station.take():
            if station.full:
                return self.refuse(request, visit, 503)
            yield station.wait(request)
        visit[2] = env._now
        if request.served_by is None:
            request.served_by = self.machine
        yield self.work[request.line][request.number] * self.mean_s
        status = 200
        if self.next is not None and self.holds:
            status = yield from self.next.handle(request)
        station.leave()
        visit[3] = env._now
        if self.next is not None and not self.holds:
            status = yield from self.next.handle(request)
        return status
