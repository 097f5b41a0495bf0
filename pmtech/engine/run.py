"""One run of a system: its clock, its seed, and what is written down while it goes on."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush, heappushpop
from math import inf, nan
from typing import Any

import simpy
from simpy.events import NORMAL

from pmtech.engine.clock import NO_MORE, Alarm, Clock, Journey, collecting_later
from pmtech.engine.randomness import Luck
from pmtech.engine.request import Request

END = -1  # before all that is due at that moment
HANDED_ON = "handed on"  # to a part that keeps it as a message of its own: it is told of once


class Message:
    """Work that somebody else does later than the request is answered: what became of it."""

    __slots__ = ("done_s", "number", "outcome", "place", "published_s", "queue", "received_s", "receives", "request")
    number: int  # in its queue, in order of time

    def __init__(self, queue: str, request: Request, published_s: float):
        self.queue, self.request, self.published_s = queue, request, published_s
        self.place = request.place  # where it was published: the request goes home
        self.received_s, self.done_s, self.receives, self.outcome = nan, nan, 0, "waiting"

    def told(self) -> tuple[str, float, float, float, int, str]:
        """(queue, published_s, received_s, done_s, receives, outcome)"""
        return self.queue, self.published_s, self.received_s, self.done_s, self.receives, self.outcome

    @property
    def is_told(self) -> bool:
        return self.outcome != HANDED_ON

    @property
    def is_under_way(self) -> bool:
        return self.outcome in ("waiting", "in flight")


class Run:
    """One run of a system: its clock, its seed, and everything that is written down while it goes on."""

    def __init__(self, seed: int):
        self.env: Clock = simpy.Environment(0.0)
        self.seed = seed
        self.parts: dict[str, list[Any]] = {}
        self.requests: list[Request] = []
        self.refusals: list[tuple] = []
        self.rollbacks: list[tuple[float, str]] = []  # (when, of which part a new version was taken back)
        self.messages: list[Message] = []
        self.keeps_s = 0.0  # so far back somebody looks
        self.versions: dict[int, int] = {}  # key -> how often it was written
        self.crowds: dict[str, int] = {}  # source -> how many users it has
        self.drawn: dict[tuple, Luck] = {}  # (purpose, shape) -> what all machines draw from
        self.turn: Callable[[dict[str, Any]], None]  # sets values of the system, as somebody who turns its knobs

    def luck(self, purpose: str, shape: Callable) -> Luck:
        """The random numbers for one purpose, such as "server.work"."""
        return self.drawn.setdefault((purpose, shape), Luck(self.seed, purpose, shape, self.crowds))

    def own_luck(self, purpose: str, shape: Callable) -> Luck:
        """The same for what may happen several times at once: each time draws from numbers of its own."""
        before = sum(known.startswith(purpose) for known, _ in self.drawn)
        return self.luck(f"{purpose}{before or ''}", shape)

    def forget(self, before_s: float) -> None:
        """Drop what was over before `before_s`: a run without an end then needs no more memory as it goes on."""
        before_s = min(before_s, self.env.now - self.keeps_s)
        self.refusals[:] = [refusal for refusal in self.refusals if refusal[0] >= before_s]
        told = {refusal[2].root for refusal in self.refusals}  # also of those whose client gave up long ago
        for part in (part for machines in self.parts.values() for part in machines):
            part.visits[:] = [visit for visit in part.visits if not visit[3] < before_s]
            told.update(visit[0].root for visit in part.visits)
            part.notes[:] = [note for note in part.notes if note[0] >= before_s]
        self.messages[:] = [m for m in self.messages if m.is_under_way or (m.is_told and m.published_s >= before_s)]
        told.update(message.request.root for message in self.messages)
        self.requests[:] = [r for r in self.requests if not r.finished < before_s or r in told]

    def end(self) -> None:
        """It is over and written down. What is left of it holds itself in circles: they are cut, or it would stay."""
        for request in self.requests:
            request.steps = NO_MORE
        for part in (part for machines in self.parts.values() for part in machines):
            vars(part).clear()
        self.env._queue.clear()
        vars(self).clear()

    def hurry(self, concerns: Callable[[Request], bool]) -> None:
        """Whoever of these requests waits for its time goes on now."""
        env = self.env
        hurried = [isinstance(entry[3], Request) and concerns(entry[3]) for entry in env._queue]
        env._queue[:] = [
            (env._now, *entry[1:]) if now else entry for entry, now in zip(env._queue, hurried, strict=True)
        ]
        heapify(env._queue)

    def tidy(self) -> None:
        """Take from the clock what was called off."""
        queue = self.env._queue
        queue[:] = [entry for entry in queue if not isinstance(entry[3], Alarm) or entry[3].due == entry[0]]
        heapify(queue)

    def advance(self, until_s: float) -> None:
        """Let time run until `until_s`; what is due at that very moment has not happened yet."""
        env, queue, eid = self.env, self.env._queue, self.env._eid
        if until_s < env._now:
            raise ValueError(f"until_s must be at least the present time {env._now:g}, got {until_s:g}")
        end = until_s, END, 0, None
        heappush(queue, end)
        with collecting_later():
            entry = heappop(queue)
            while entry is not end:
                now, _, _, event = entry
                env._now = now
                if type(event) is Alarm:
                    if event.due == now:  # as `_go` does
                        event.due, rings = inf, event.rings
                        rings()
                elif isinstance(event, Journey):
                    try:  # what `begin` does, written out: this is the hot path of every run
                        delay = next(event.steps)
                    except StopIteration as over:
                        event.steps = NO_MORE
                        event.arrive(over.value)
                    else:
                        if delay is not None:
                            entry = heappushpop(queue, (now + delay, NORMAL, next(eid), event))
                            continue
                elif event is not None:  # the end of a run that was broken off
                    heappush(queue, entry)
                    env.step()
                entry = heappop(queue)
            env._now = until_s
