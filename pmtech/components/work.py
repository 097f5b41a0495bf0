"""Work at a station: what a server and a database have in common while they run."""

from collections.abc import Callable
from math import nan

import numpy as np

from pmtech.components.held import pass_held, pass_if_never_full
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import gamma
from pmtech.engine.request import Request
from pmtech.engine.sorted_pass import Fifo, fifo, only
from pmtech.engine.station import Station


def owns_what_ends(part: Part, elsewhere: bool = False) -> bool:
    """Does it alone ask a station at which the way ends? Then whoever asks in order of time can be told when to expect
    the answer: nobody who comes later gets in between. elsewhere: may it stand in some city?"""
    others = (other for machines in part.run.parts.values() for other in machines if other is not part)
    ends = isinstance(part.next, WorkPart) and part.next.next is None and (elsewhere or part.next.place is None)
    return ends and not any(part.next in other.targets for other in others)


class WorkPart(Part):
    """Places of work with a line before them; every request brings its own amount of work."""

    mortal = True

    def setup(self) -> None:
        self.station = Station(0)
        self.cv = None
        self._tune()

    def change(self, spec) -> None:
        super().change(spec)
        self._tune()

    def _tune(self) -> None:
        places, self.mean_s, cv, limit, self.holds = self.spec.station
        if cv != self.cv:
            self.cv, self.work = cv, self.run.luck(f"{self.name}.work", gamma(cv))
        self.drops_late, self.item_s = self.spec.drops_late, self.spec.item_ms / 1000
        self.station.resize(places, limit)

    def room(self) -> float:
        station = self.station
        if self.outages or station.busy >= station.places:
            return 0
        free = station.places - station.busy - len(station.waiting) - len(self.coming)
        return free if free > 0 else 0

    def on_room(self, call: Callable[[], None]) -> None:
        self.roomed.append(call)
        self.station.freed = self.has_room

    def state(self) -> tuple[float, float, float]:
        return len(self.station.waiting), self.station.busy, self.station.places

    @property
    def feeds_forward(self) -> bool:
        """As long as it asks nobody whether they have given up, and who adds machines is followed by who sends to it."""
        before = [machines for machines in self.run.parts.values() if self in machines[0].targets]
        followed = len(before) == 1 and before[0][0].follows(self.name)
        return not self.drops_late and (self.spec.autoscale is None or followed)

    def pass_sorted(self, rows, times, book) -> None:
        station = self.station
        if not len(rows):  # nobody comes, or who sent them has written down what they did here
            return
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
        died = self.station
        self.station = Station(died.places, died.limit)
        died.gone, died.freed, self.station.freed = True, None, died.freed
        behind = self.behind()
        asked_others = {visit[0] for part in behind for visit in part.visits if visit[3] != visit[3]}
        asked_others.update(*(part.coming for part in behind))
        held = [visit for visit in self.visits if visit[3] != visit[3]]
        for visit in held:
            self.refuse(visit[0], visit, 502)
            if visit[0] in asked_others:
                visit[0].arrive(502)
        self.run.hurry({visit[0] for visit in held}.difference(asked_others).__contains__)
        for request in died.waiting:
            request.wake()

    def overflow(self, request: Request, visit: list) -> int:
        """No place, and no room to wait for one."""
        return self.refuse(request, visit, 503)

    def handle(self, request: Request) -> Steps:
        station, env = self.station, self.env
        visit = [request, env._now, nan, nan]  # written out: this is the hot path of every run
        self.visits.append(visit)
        if station.busy < station.places:
            station.busy += 1
        elif station.full:
            return self.overflow(request, visit)
        else:
            station.wait(request)
            yield None
            if station.gone:
                return 502
        if self.drops_late and env._now >= request.deadline:
            station.leave()
            return self.refuse(request, visit, 504)
        visit[2] = env._now
        if request.served_by is None:
            request.served_by = self.machine
        needs_s = self.work[request.luck_key][request.number] * self.mean_s
        if self.item_s:
            needs_s += (request.items - 1) * self.item_s
        yield self.stretched(needs_s, request) if self.slowness else needs_s
        status, request.via, behind = 200, self.machine, self.next
        if behind is not None and self.holds and not station.gone:
            status = yield from behind.handle(request)
        if station.gone:  # the machine died while it held the request
            return 502
        station.leave()
        visit[3] = env._now
        if behind is not None and not self.holds:
            status = yield from behind.handle(request)
        return status
