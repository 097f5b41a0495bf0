"""A component while it runs."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

from pmtech import theory
from pmtech.engine.clock import Steps
from pmtech.engine.request import Call, Request
from pmtech.engine.run import Run


class Part:
    """A component while it runs, or one of its machines. Subclasses live beside their component and say what happens to a
    request: `handle` is its journey, read top to bottom.

    visits: [request, entered, started, left] of all that came. notes: rows of its own, as `Component.noted` names them.
    """

    mortal = False  # is there a machine that can die?
    bypassed = False  # do requests go on without it when it is dead, rather than be answered 502?

    def __init__(self, spec, name: str, run: Run, downstream: list[Part], labels: tuple[str | None, ...] = ()):
        self.spec, self.name, self.run, self.env = spec, name, run, run.env
        self.machine = name  # the name of a replica has its number behind it
        self.targets, self.labels = downstream, labels
        self.next = downstream[0] if downstream else None
        self.place = spec.place
        self.visits: list[list] = []
        self.notes: list[tuple] = []
        self.deaths: list[tuple[float, bool]] = []  # (when, is the machine alive from then on)
        self.outages = 0  # so many go on at the moment
        self.errors: list[Callable[[Request], int | None]] = []  # who answers in its place, at the moment,
        self.slowness: list[Callable[[Request], float]] = []  # and how many times its work takes
        self.setup()
        self._choose_way()

    def setup(self) -> None:
        """Prepare the state of a run."""

    def change(self, spec) -> None:
        """Somebody turned a knob: from now on behave as `spec`."""
        self.spec = spec

    # --- what happens to a request ---------------------------------------------------------------------------------

    def handle(self, request: Request) -> Steps:
        """The request's journey from here on; returns the HTTP status of the answer."""
        raise TypeError(f"{type(self).__name__} takes no requests")

    def visit(self, request: Request) -> list:
        """Note that the request has come in: [request, entered, started, left]."""
        record = [request, self.env._now, nan, nan]
        self.visits.append(record)
        return record

    def pass_through(self, request: Request) -> None:
        """Note that the request went by without stopping."""
        now = self.env._now
        self.visits.append([request, now, now, now])

    def refuse(self, request: Request, visit: list, status: int, retry_after: float = nan) -> int:
        """Turn the request away here."""
        visit[3] = self.env._now
        request.served_by, request.retry_after = self.machine, retry_after
        self.run.refusals.append((self.env._now, self.name, request, status, retry_after))
        return status

    def ask(
        self, request: Request, target: Part, answer_to: Callable[[Call], None], *luck: Any, items: int = 1
    ) -> Call:
        """Ask another part on behalf of a request, while the request goes on. luck: what makes it another try."""
        line = (*request.line, self.name, *luck) if luck else request.line
        call = Call(request, line, self, answer_to, items)
        call.begin(target.handle(call))
        return call

    # --- what others may know of it --------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return not self.outages

    def machines(self) -> list:
        """What of it can die by itself: it alone, unless it stands in several places."""
        return [self]

    def room(self) -> float:
        """How many requests it could begin to work on at once."""
        return self.next.room() if self.next else inf

    def on_room(self, call: Callable[[], None]) -> None:
        """Call when there is room again."""
        for target in self.targets:
            target.on_room(call)

    def state(self) -> tuple[float, float, float]:
        """(waiting, at work, places of work): what a live picture shows of the moment. 0 places: it has none."""
        return 0, 0, 0

    def sends_to(self, target: Part) -> bool:
        """Does it believe that this target is well?"""
        return True

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        """There are other machines behind it now. Who is retired (by number) finishes what it holds."""
        self.targets = targets

    # --- what happens meanwhile ------------------------------------------------------------------------------------

    def die(self) -> None:
        """Its machine dies, or one more reason for being dead comes up."""
        self.outages += 1
        if self.outages == 1:
            self.deaths.append((self.env._now, False))
            self.fail()
            self._choose_way()

    def revive(self) -> None:
        """A reason is gone; with the last one the machine is back."""
        self.outages -= 1
        if self.outages == 0:
            self.deaths.append((self.env._now, True))
            self._choose_way()
            self.recover()

    def fail(self) -> None:
        """What dying means beyond answering 502."""

    def recover(self) -> None:
        """The machine is back, empty."""

    def err(self, instead: Callable[[Request], int | None]) -> Callable[[], None]:
        """From now on `instead` may answer a request; returns what ends that."""
        self.errors.append(instead)
        self._choose_way()

        def end() -> None:
            self.errors.remove(instead)
            self._choose_way()

        return end

    def slow(self, times: Callable[[Request], float]) -> Callable[[], None]:
        """From now on its work takes `times` as long; returns what ends that."""
        self.slowness.append(times)
        return lambda: self.slowness.remove(times)

    def stretched(self, needs_s: float, request: Request) -> float:
        """Seconds of work, as long as they take at the moment."""
        for times in self.slowness:
            needs_s *= times(request)
        return needs_s

    def _choose_way(self) -> None:
        """Where nothing is the matter `handle` is the method itself: what never happens costs nothing."""
        self.__dict__.pop("handle", None)
        if self.outages and not self.bypassed:
            self.handle = self._refuse_all
        elif self.errors:
            self.handle = self._err(self.handle)
        if self.place is not None:
            self.handle = self._travel(self.handle)

    def _refuse_all(self, request: Request) -> Steps:
        return self.refuse(request, self.visit(request), 502)
        yield  # a journey of no steps

    def _err(self, handle: Callable[[Request], Steps]) -> Callable[[Request], Steps]:
        def erring(request: Request) -> Steps:
            for instead in self.errors:
                if status := instead(request):
                    return self.refuse(request, self.visit(request), status)
            return (yield from handle(request))

        return erring

    def _travel(self, handle: Callable[[Request], Steps]) -> Callable[[Request], Steps]:
        """A request that is elsewhere comes here and goes back."""

        def travelling(request: Request) -> Steps:
            origin = request.place
            half_s = theory.round_trip_ms(origin or self.place, self.place) / 2000
            if half_s:
                yield half_s
            request.place = self.place
            status = yield from handle(request)
            request.place = origin
            if half_s:
                yield half_s
            return status

        return travelling

    # --- all requests at once --------------------------------------------------------------------------------------

    feeds_forward = False  # can all requests be passed through at once, in order of time?

    def pass_sorted(self, rows, times, book) -> None:
        """Let all requests (rows of the book, in order of time) through: the other form of `handle`, sorted_pass.py."""
        raise TypeError(f"{type(self).__name__} needs the event engine")
