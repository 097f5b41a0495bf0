"""The clock, and what moves by it.

SimPy is the clock. A plain SimPy process costs a Process, an Initialize event and a Timeout for every delay. Here a
request is itself the event that it waits for: one object that puts itself back on the environment's queue, with the
generator of its journey inside. To SimPy's own loop it looks like an `Event` that has been triggered. The environment is
an unmodified `simpy.Environment`, so ordinary SimPy processes run beside it. `benchmarks/engine.py` measures what that
is worth.

A journey's generator yields a delay in seconds, or nothing (`yield`) to be parked until somebody calls `wake()`.
Times are seconds since the start of the run.
"""

import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from heapq import heappush
from math import inf
from typing import Any

from simpy.events import NORMAL, URGENT

Clock = Any  # a `simpy.Environment`, whose queue is used directly
Steps = Generator[float | None, None, Any]


NO_MORE: Steps = (step for step in ())  # in the place of steps that were taken: what they stood on is free again
next(NO_MORE, None)  # taken to its end, as they are: whoever follows a request sees by its frame that it is over


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


class Journey:
    """A light process: an event that resumes its own generator whenever its time comes."""

    __slots__ = ("env", "steps")
    _ok, callbacks = True, property(lambda self: [self._go], lambda self, taken: None)  # for SimPy's own loop

    def __init__(self, env: Clock):
        self.env = env

    def begin(self, steps: Steps) -> None:
        """Take the next of these steps now."""
        self.steps = steps
        try:
            delay = next(steps)
        except StopIteration as end:
            self.steps = NO_MORE
            self.arrive(end.value)
        else:
            if delay is not None:
                env = self.env
                heappush(env._queue, (env._now + delay, NORMAL, next(env._eid), self))

    def _go(self, _event: Any) -> None:
        """SimPy's own loop has come to it."""
        self.begin(self.steps)

    def wake(self, _by: Any = None) -> None:
        """Go on from where it parked, at the present time. So it may be told of whoever wakes it."""
        env = self.env
        heappush(env._queue, (env._now, NORMAL, next(env._eid), self))

    def arrive(self, outcome: Any) -> None:
        """The generator has returned `outcome`."""


class Alarm:
    """Calls `rings()` at a set time, which may be moved or called off while it waits. urgent, last: before or after all else
    that is due then."""

    __slots__ = ("due", "env", "priority", "rings")
    _ok, callbacks = True, property(lambda self: [self._go], lambda self, taken: None)  # for SimPy's own loop

    def __init__(self, env: Clock, rings: Callable[[], None], *, urgent: bool = False, last: bool = False):
        self.env, self.rings, self.due = env, rings, inf
        self.priority = URGENT if urgent else NORMAL + last

    def set(self, at_s: float) -> None:
        """Ring at `at_s` and at no other time; infinity calls it off."""
        if at_s == self.due:
            return
        self.due = at_s
        if at_s < inf:
            env = self.env
            # The absolute time, not now + (at_s - now), which would be off by a bit.
            heappush(env._queue, (at_s, self.priority, next(env._eid), self))

    def _go(self, _event: Any) -> None:
        """SimPy's own loop has come to it."""
        if self.env._now == self.due:  # an alarm that was moved leaves its old entry on the queue
            self.due = inf
            self.rings()
