"""A throttle: spreads the excess out in time instead of refusing it."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from math import inf

from pmtech.components.component import Component, endpoints_tuple, number, yes_no
from pmtech.engine import Alarm, Part, Request, Steps


@dataclass(frozen=True, kw_only=True, repr=False)
class Throttle(Component):
    """Lets at most `rate_per_s` requests through, one every 1/rate seconds; the others wait their turn.

    fair: callers take turns (round robin of unit jobs, which is max-min fair: nobody gets more while someone with an
        unmet smaller demand could have it; Nagle, RFC 970; Demers and others, SIGCOMM 1989). Otherwise first come first.
    priority: endpoints that go before all others, the most important first.
    max_wait_s: whoever has waited so long is told 503. None: wait for ever.
    shed: endpoints that are refused with 503 as soon as anybody has to wait (load shedding of what is not essential).
    Without these it is the leaky bucket as a queue (nginx limit_req without nodelay).

    What this leaves out: weights between callers, and the memory that the waiting requests take.
    """

    rate_per_s: float = number(80.0, at_least=0.001, at_most=1e6)
    fair: bool = yes_no(True)
    priority: tuple[str, ...] = endpoints_tuple()
    max_wait_s: float | None = number(None, at_least=0, at_most=86_400, optional=True)
    shed: tuple[str, ...] = endpoints_tuple()

    @property
    def capacity_per_s(self) -> float:
        return self.rate_per_s

    def running(self, *args) -> ThrottlePart:
        return ThrottlePart(self, *args)


class ThrottlePart(Part):
    def setup(self) -> None:
        self.lines: dict[int, OrderedDict[str, deque[Request]]] = {}  # priority -> caller -> who waits
        self.waiting: deque[tuple[float, Request]] = deque()  # (since when, who), oldest first
        self.places: dict[Request, tuple[int, str]] = {}  # who still waits, and where
        self.last, self.expired = -inf, set()
        self.turn = Alarm(self.env, self._next_turn)
        self.deadline = Alarm(self.env, self._give_up)

    def change(self, spec) -> None:
        super().change(spec)
        self._watch_deadlines()
        if self.places:
            self.turn.set(max(self.last + 1 / spec.rate_per_s, self.env._now))

    def handle(self, request: Request) -> Steps:
        spec, now = self.spec, self.env._now
        visit = self.visit(request)
        if self.places or now < self.last + 1 / spec.rate_per_s:
            if request.endpoint in spec.shed:
                return self.refuse(request, visit, 503)
            yield self._join(request)
            if request in self.expired:
                self.expired.discard(request)
                return self.refuse(request, visit, 503)
        else:
            self.last = now
        visit[2] = visit[3] = self.env._now
        return (yield from self.next.handle(request)) if self.next else 200

    def _join(self, request: Request) -> None:
        spec, now = self.spec, self.env._now
        rank = spec.priority.index(request.endpoint) if request.endpoint in spec.priority else len(spec.priority)
        caller = request.caller if spec.fair else "all"
        self.lines.setdefault(rank, OrderedDict()).setdefault(caller, deque()).append(request)
        if not self.places:
            self.turn.set(max(self.last + 1 / spec.rate_per_s, now))
        self.places[request] = rank, caller
        self.waiting.append((now, request))
        self._watch_deadlines()

    def _next_turn(self) -> None:
        """The most important line that is not empty; in it the caller whose turn it is; of that caller the first."""
        rank = min(self.lines)
        line = self.lines[rank]
        caller, queue = line.popitem(last=False)
        request = queue.popleft()
        if queue:
            line[caller] = queue  # to the end: the next turn is another caller's
        elif not line:
            del self.lines[rank]
        del self.places[request]
        self.last = self.env._now
        if self.places:
            self.turn.set(self.last + 1 / self.spec.rate_per_s)
        request.wake()

    def _watch_deadlines(self) -> None:
        """The one who has waited longest is the first to give up."""
        while self.waiting and self.waiting[0][1] not in self.places:
            self.waiting.popleft()
        if self.waiting and self.spec.max_wait_s is not None:
            self.deadline.set(max(self.waiting[0][0] + self.spec.max_wait_s, self.env._now))
        else:
            self.deadline.set(inf)

    def _give_up(self) -> None:
        request = self.waiting[0][1]
        if request in self.places:  # else it was let through since the alarm was set
            self._leave_line(request)
            self.expired.add(request)
            request.wake()
        self._watch_deadlines()

    def _leave_line(self, request: Request) -> None:
        rank, caller = self.places.pop(request)
        line = self.lines[rank]
        line[caller].remove(request)  # the oldest of its line, so it stands in front
        if not line[caller]:
            del line[caller]
        if not line:
            del self.lines[rank]
        if not self.places:
            self.turn.set(inf)
