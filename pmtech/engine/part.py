"""A component while it runs."""

from collections.abc import Callable
from contextlib import suppress
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

    def __init_subclass__(cls, runs: Any = None) -> None:
        """runs: the component that this is while a run goes on."""
        if runs is not None:
            runs.running = lambda spec, *args: cls(spec, *args)

    def __init__(self, spec, name: str, run: Run, downstream: "list[Part]", labels: tuple[str | None, ...] = ()):
        self.spec, self.name, self.run, self.env = spec, name, run, run.env
        self.machine = name  # the name of a replica has its number behind it
        self.targets, self.labels = downstream, labels
        self.next = downstream[0] if downstream else None
        self.place = spec.place
        self.visits: list[list] = []
        self.notes: list[tuple] = []
        self.deaths: list[tuple[float, bool]] = []  # (when, is the machine alive from then on)
        self.outages = 0  # so many go on at the moment
        self.coming: set[Request] = set()  # who is on the way through it, or to it from elsewhere
        self.roomed: list[Callable[[], None]] = []  # who wants to know when there is room
        self.errors: list[Callable[[Request], int | None]] = []  # who answers in its place, at the moment,
        self.slowness: list[Callable[[Request], float]] = []  # and how many times its work takes
        self.versions: list[Callable[[Request], bool]] = []  # who is met by which new version, the latest last
        self.setup()
        if self.place is not None:
            self._choose_way()

    def setup(self) -> None:
        """Prepare the state of a run."""

    def change(self, spec) -> None:
        """Somebody turned a knob: from now on behave as `spec`."""
        moves, self.spec, self.place = spec.place != self.place, spec, spec.place
        if moves:
            self._choose_way()

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
        if self.roomed:  # the place that was kept for it while it came is free
            self.has_room()
        return status

    def ask(self, request: Request, target: "Part", answer_to: Callable[[Call], None], *luck: Any) -> Call:
        """Ask another part on behalf of a request, while the request goes on. luck: what makes it another try."""
        luck_key = (*request.luck_key, self.name, *luck) if luck else request.luck_key
        call = Call(request, luck_key, self, answer_to)
        call.begin(target.handle(call))
        return call

    def branch_luck(self) -> list[tuple]:
        """For each target what makes the luck of its branch its own: where branches come together again behind it, the
        same part would otherwise need the same time for all of them."""
        reached = [{part.name for part in (target, *target.behind())} for target in self.targets]
        meet = sum(map(len, reached)) > len(set().union(*reached))
        return [(target.name,) if meet else () for target in self.targets]

    # --- what others may know of it --------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return not self.outages

    @property
    def is_machine(self) -> bool:
        """Is it one whose death is felt by whoever asks it?"""
        return self.mortal and not self.bypassed

    @property
    def answering(self) -> "Part":
        """The machine that a connection to it leads to: what is none itself passes on what it is sent."""
        if self.next is None or self.spec.fan_out != "one" or self.is_machine:
            return self
        return self.next.answering

    @property
    def well(self) -> bool:
        """Is a health check that is sent to it answered?"""
        if self.is_machine or not self.targets:
            return self.alive
        return any(target.well for target in self.targets)

    def machines(self) -> list:
        """What of it can die by itself: it alone, unless it stands in several places."""
        return [self]

    def copies(self) -> list[Callable[[], None]]:
        """What throws away the copies in each place where it keeps some, in the order in which a purge gets there."""
        return []

    def behind(self) -> "set[Part]":
        """All machines that a request may reach from here."""
        found, ahead = set(), [*self.targets]
        while ahead:
            part = ahead.pop()
            if part not in found:
                found.add(part)
                ahead += part.targets
        return found

    def room(self) -> float:
        """How many requests somebody could begin to work on at once, if they came now."""
        return max(0, min(target.room() for target in self.targets) - len(self.coming)) if self.targets else inf

    def on_room(self, call: Callable[[], None]) -> None:
        """Call when there is room again: once, however many ways lead here."""
        if call not in self.roomed:
            self.roomed.append(call)
            for target in self.targets:
                target.on_room(call)

    def has_room(self) -> None:
        """Somebody may come."""
        for call in self.roomed:
            call()

    def state(self) -> tuple[float, float, float]:
        """(waiting, at work, places of work): what a live picture shows of the moment. 0 places: it has none."""
        return 0, 0, 0

    def sends_to(self, target: "Part") -> bool:
        """Does it believe that this target is well?"""
        return True

    def resize(self, targets: "list[Part]", retired: set[int]) -> None:
        """There are other machines behind it now. Who is retired (by number) finishes what it holds."""
        new, self.targets = targets[len(self.targets) :], targets
        for target in new:
            for call in self.roomed:
                target.on_room(call)

    def without(self, retired: set[str]) -> None:
        """These machines are taken away, and no others: what it kept for them is free."""

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
        self.has_room()

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
        with suppress(AttributeError):  # `vars` would make a dict of it, in which all its fields are slower
            del self.handle
        if self.outages and not self.bypassed:
            self.handle = self._refuse_all  # type: ignore[method-assign]
        elif self.errors:
            self.handle = self._err(self.handle)  # type: ignore[assignment, method-assign]
        self.arrived = self.handle
        if self.place is not None:
            self.handle = self._travel  # type: ignore[method-assign]

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

    def _travel(self, request: Request) -> Steps:
        """A request that is elsewhere comes here and goes back."""
        origin, here = request.place, self.place
        half_s = theory.round_trip_ms(origin or here, here) / 2000
        if half_s:
            self.coming.add(request)
            yield half_s * (2 * request.trips - 1)
            self.coming.discard(request)
        request.place, request.trips = here, 1
        status = yield from self.arrived(request)
        request.place = origin
        if half_s:
            yield half_s
        return status

    # --- all requests at once --------------------------------------------------------------------------------------

    @property
    def feeds_forward(self) -> bool:
        """Can all requests be passed through at once, in order of time?"""
        return False

    def follows(self, name: str) -> bool:
        """Does it know, passing all requests at once, when a machine of this part behind it comes or goes?"""
        return False

    def pass_sorted(self, rows, times, book) -> None:
        """Let all requests (rows of the book, in order of time) through: the other form of `handle`, sorted_pass.py."""
        raise TypeError(f"{type(self).__name__} needs the event engine")
