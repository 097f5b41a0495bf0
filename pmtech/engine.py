"""The clock, and what moves by it.

SimPy is the clock. A plain SimPy process costs a Process, an Initialize event and a Timeout for every delay. Here a
request is itself the event that it waits for: one object that puts itself back on the environment's queue, with the
generator of its journey inside. The environment is an unmodified `simpy.Environment`, so ordinary SimPy processes
run beside it. `benchmarks/engine.py` measures what that is worth.

A journey's generator yields a delay in seconds, or nothing (`yield`) to be parked until somebody calls `wake()`.
Times are seconds since the start of the run.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from math import inf, nan
from typing import Any

import simpy
from simpy.events import NORMAL, URGENT, Event

from pmtech.randomness import Luck

Steps = Generator[float | None, None, Any]


def _resume(journey: Journey) -> None:
    journey.callbacks = _RESUME  # SimPy has taken the list away; one list serves all, for it passes the event along
    try:
        delay = next(journey.steps)
    except StopIteration as end:
        journey.arrive(end.value)
    else:
        if delay is not None:
            env = journey.env
            heappush(env._queue, (env._now + delay, NORMAL, next(env._eid), journey))


_RESUME = [_resume]


@contextmanager
def collecting_later() -> Iterator[None]:
    """What a run makes is kept until it ends: looking for garbage meanwhile only costs (a quarter of the time)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Journey(Event):
    """A light process: an event that resumes its own generator whenever its time comes."""

    __slots__ = ("steps",)
    _ok, _value = True, None

    def __init__(self, env: simpy.Environment):
        self.env, self.callbacks = env, _RESUME

    def begin(self, steps: Steps) -> None:
        """Take the first steps now."""
        self.steps = steps
        _resume(self)

    def wake(self) -> None:
        """Go on from where it parked, at the present time."""
        env = self.env
        heappush(env._queue, (env._now, NORMAL, next(env._eid), self))

    def arrive(self, outcome: Any) -> None:
        """The generator has returned `outcome`."""


def _ring(alarm: Alarm) -> None:
    alarm.callbacks = _RING
    if alarm.env._now == alarm.due:  # an alarm that was moved leaves its old entry on the queue
        alarm.due = inf
        alarm.ring()


_RING = [_ring]


class Alarm(Event):
    """Calls `ring()` at a set time, which may be moved or called off while it waits."""

    __slots__ = ("due", "priority", "ring")
    _ok, _value = True, None

    def __init__(self, env: simpy.Environment, ring: Callable[[], None], *, urgent: bool = False):
        self.env, self.callbacks, self.ring, self.due = env, _RING, ring, inf
        self.priority = URGENT if urgent else NORMAL

    def set(self, at_s: float) -> None:
        """Ring at `at_s` and at no other time; infinity calls it off."""
        if at_s == self.due:
            return
        self.due = at_s
        if at_s < inf:
            env = self.env
            # The absolute time, not now + (at_s - now), which would be off by a bit.
            heappush(env._queue, (at_s, self.priority, next(env._eid), self))


class Request(Journey):
    """One request: who sent it, what it asks for, and how it ended. It is its own journey."""

    __slots__ = (
        "answer_to", "arrived", "caller", "endpoint", "finished", "line",
        "number", "retry_after", "row", "served_by",
        "source", "status", "version",
    )  # fmt: skip

    def __init__(self, env, source, number: int, line: tuple, endpoint: str, caller: str):
        self.env, self.callbacks = env, _RESUME
        self.source, self.number, self.line, self.endpoint, self.caller = source, number, line, endpoint, caller
        self.arrived, self.finished, self.status = env._now, nan, 0
        self.served_by = self.answer_to = None
        self.retry_after, self.version = nan, None  # of its item: what the answer shows, or the write made

    @property
    def write(self) -> bool:
        """Does it change the item that it names?"""
        return self.source.is_write(self)

    @property
    def client(self) -> str:
        """The name of the source that sent it."""
        return self.source.name

    @property
    def key(self) -> int:
        """The item of the catalogue that it asks for, from 1."""
        return self.source.keys[self.source.first_line][self.number]

    def arrive(self, outcome: int) -> None:
        """The client hears the answer; only the first counts."""
        if not self.status:
            self.status, self.finished = outcome, self.env._now
            if self.answer_to is not None:
                self.answer_to(self)


class Station:
    """Some places of work, taken first come, first served, and a line of limited length before them."""

    __slots__ = ("busy", "gone", "limit", "places", "waiting")

    def __init__(self, places: int, limit: int | None = None):
        self.places, self.limit = places, inf if limit is None else limit
        self.busy, self.waiting = 0, deque()
        self.gone = False  # its machine died

    def take(self) -> bool:
        """A place at once, if there is one."""
        if self.busy < self.places:
            self.busy += 1
            return True
        return False

    @property
    def full(self) -> bool:
        return len(self.waiting) >= self.limit

    def wait(self, request: Request) -> None:
        """Stand in line; whoever is woken has a place."""
        self.waiting.append(request)

    def leave(self) -> None:
        """Give the place back: the first in line gets it."""
        if self.waiting and self.busy <= self.places:
            self.waiting.popleft().wake()
        else:
            self.busy -= 1

    def resize(self, places: int, limit: int | None) -> None:
        """From now on so many places. Those who hold one that is taken away finish what they do."""
        self.places, self.limit = places, inf if limit is None else limit
        while self.waiting and self.busy < self.places:
            self.busy += 1
            self.waiting.popleft().wake()


class Part:
    """A component while it runs. Subclasses live beside their component and say what happens to a request."""

    def __init__(self, spec, name: str, run: Run, downstream: list[Part], labels: tuple[str, ...] = ()):
        self.spec, self.name, self.run, self.env = spec, name, run, run.env
        self.machine = name  # the name of a replica has its number behind it
        self.targets, self.labels = downstream, labels
        self.next = downstream[0] if downstream else None
        self.visits: list[list] = []
        self.alive = True
        self.setup()

    def setup(self) -> None:
        """Prepare the state of a run."""

    def change(self, spec) -> None:
        """Somebody turned a knob: from now on behave as `spec`."""
        self.spec = spec

    def fail(self) -> None:
        """The machine dies."""
        raise ValueError(f'"{self.name}" has no machine that could die')

    def handle(self, request: Request) -> Steps:
        """The request's journey from here on; returns the HTTP status of the answer."""
        raise TypeError(f"{type(self).__name__} takes no requests")

    feeds_forward = False  # can all requests be passed through at once, in order of time?

    def pass_sorted(self, rows, times, book) -> None:
        """Let all requests (rows of the book, in order of time) through: the other form of `handle`, see shortcut.py."""
        raise TypeError(f"{type(self).__name__} needs the event engine")

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


class Run:
    """One run of a system: its clock, its seed, and everything that is written down while it goes on."""

    def __init__(self, seed: int):
        self.env = simpy.Environment()
        self.seed = seed
        self.parts: dict[str, list[Part]] = {}
        self.requests: list[Request] = []
        self.refusals: list[tuple] = []
        self.versions: dict[int, int] = {}  # key -> how often it was written

    def luck(self, purpose: str, shape: Callable) -> Luck:
        """The random numbers for one purpose, such as "server.work"."""
        return Luck(self.seed, purpose, shape)

    def forget(self, before_s: float) -> None:
        """Drop what was over before `before_s`: a run without an end then needs no more memory as it goes on."""
        self.refusals[:] = [refusal for refusal in self.refusals if refusal[0] >= before_s]
        told = {refusal[2] for refusal in self.refusals}  # also of those whose client gave up long ago
        for part in (part for machines in self.parts.values() for part in machines):
            part.visits[:] = [visit for visit in part.visits if not visit[3] < before_s]
            told.update(visit[0] for visit in part.visits)
            if hasattr(part, "lookups"):
                part.lookups[:] = [lookup for lookup in part.lookups if lookup[0] >= before_s]
        self.requests[:] = [r for r in self.requests if not r.finished < before_s or r in told]

    def hurry(self, concerns: Callable[[Request], bool]) -> None:
        """Whoever of these requests waits for its time goes on now."""
        env = self.env
        hurried = [isinstance(entry[3], Request) and concerns(entry[3]) for entry in env._queue]
        env._queue[:] = [
            (env._now, *entry[1:]) if now else entry for entry, now in zip(env._queue, hurried, strict=True)
        ]
        heapify(env._queue)

    def advance(self, until_s: float) -> None:
        """Let time run until `until_s`; what is due at that very moment has not happened yet."""
        env, queue, eid = self.env, self.env._queue, self.env._eid
        if until_s < env._now:
            raise ValueError(f"until_s must be at least the present time {env._now:g}, got {until_s:g}")
        with collecting_later():
            while queue and queue[0][0] < until_s:
                event = queue[0][3]
                if event.__class__ is Request:  # what `_resume` does, written out: this is the hot path of every run
                    env._now = now = heappop(queue)[0]
                    try:
                        delay = next(event.steps)
                    except StopIteration as end:
                        event.arrive(end.value)
                    else:
                        if delay is not None:
                            heappush(queue, (now + delay, NORMAL, next(eid), event))
                elif event.__class__ is Alarm:
                    env._now = heappop(queue)[0]
                    _ring(event)
                else:
                    env.step()
            env._now = until_s
