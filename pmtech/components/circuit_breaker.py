"""A circuit breaker: when what lies behind it fails too often it is not asked for a while."""

from collections import deque
from dataclasses import dataclass
from math import inf

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, whole, yes_no
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import counted, percent, seconds

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half open"


@dataclass(frozen=True, kw_only=True, repr=False)
class CircuitBreaker(Component):
    """Closed, it lets requests pass and counts the last `window` of them. When `failure_share` of them failed (5xx), or
    all took longer than `slow_ms`, it opens: for `open_s` it answers 503 at once. Then, half open, `trials` may pass; when
    all of these are answered it closes, or opens again, by the same share.

    least_calls: fewer than so many are not judged.
    fallback: instead of 503 it answers 200 with something simpler (half a page instead of none).
    The rules are those of resilience4j's count-based window. What was asked before it changed its state is not counted.
    Failures in a row are the special case window=n, least_calls=n, failure_share=1, trials=1 (the library pybreaker).

    What this leaves out: trials that are judged before all are answered (resilience4j does so where its minimum number of
    calls is less than the trials), windows of time, waiting for a place among the trials, opening by hand.
    """

    window: int = whole(100, at_least=1, at_most=100_000)
    failure_share: float = number(0.5, more_than=0, at_most=1)
    least_calls: int = whole(10, at_least=1, at_most=100_000)
    slow_ms: float | None = number(None, more_than=0, at_most=3_600_000, optional=True)
    open_s: float = number(30.0, more_than=0, at_most=86_400)
    trials: int = whole(10, at_least=1, at_most=100_000)
    fallback: bool = yes_no(False)

    kind = "circuit breaker"
    icon = "M2 14h4l8-8M14 14h4M6 14h.01M14 14h.01"
    question = "What is shown while it is open, who decided that, and who is told?"
    thins = True
    noted = ("at_s", "kept_off", "opened")

    @property
    def stands_in(self) -> bool:
        return self.fallback

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        opens = f"opens at {percent(self.failure_share)} of {counted(self.window, 'call')}"
        return [opens, f"for {seconds(self.open_s)}", *["with a fallback"] * self.fallback]

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """opened: how often it opened. kept_off: requests that it answered itself."""
        return {"opened": float(notes[:, 2].sum()), "kept_off": float(notes[:, 1].sum())}

    def findings(self, label: str, figures) -> list[Finding]:
        if not figures["opened"]:
            return []
        times, kept_off = counted(figures["opened"], "time"), counted(figures["kept_off"], "request")
        how = "answers with its fallback" if self.fallback else "refuses at once"
        return [Finding("opened", 80, f"{label} opens {times} and {how}, {kept_off} in all")]


class Breaker:
    """The breaker itself, whatever clock drives it."""

    def __init__(self, spec: CircuitBreaker):
        self.spec, self.state, self.since_s, self.period = spec, CLOSED, -inf, 0
        self.calls: deque[tuple[bool, bool]] = deque(maxlen=spec.window)  # (failed, slow)
        self.passed = 0  # of the trials

    def lets_through(self, now: float) -> int | None:
        """May a call pass? Then the number of the period in which it began, to be given back with its outcome."""
        if self.state == OPEN and now >= self.since_s + self.spec.open_s:
            self._become(HALF_OPEN, now)
        if self.state == OPEN or (self.state == HALF_OPEN and self.passed == self.spec.trials):
            return None
        self.passed += 1
        return self.period

    def heard(self, period: int, now: float, failed: bool, took_s: float) -> bool:
        """A call that was let through has been answered. Does that open it?"""
        spec = self.spec
        if period != self.period:
            return False
        self.calls.append((failed, spec.slow_ms is not None and took_s * 1000 > spec.slow_ms))
        if len(self.calls) < (spec.trials if self.state == HALF_OPEN else min(spec.least_calls, spec.window)):
            return False
        bad, slow = (sum(column) / len(self.calls) for column in zip(*self.calls, strict=True))
        if bad >= spec.failure_share or slow == 1:
            self._become(OPEN, now)
            return True
        if self.state == HALF_OPEN:
            self._become(CLOSED, now)
        return False

    def _become(self, state: str, now: float) -> None:
        self.state, self.since_s, self.passed = state, now, 0
        self.period += 1
        self.calls = deque(maxlen=self.spec.trials if state == HALF_OPEN else self.spec.window)


class CircuitBreakerPart(Part, runs=CircuitBreaker):
    def setup(self) -> None:
        self.breaker = Breaker(self.spec)

    def change(self, spec) -> None:
        """New rules begin closed, as a breaker does that is deployed anew."""
        super().change(spec)
        self.setup()

    def handle(self, request: Request) -> Steps:
        env, visit = self.env, self.visit(request)
        came = env._now
        breaker, period = self.breaker, self.breaker.lets_through(came)
        if period is None:
            self.notes.append((came, 1, 0))
            if not self.spec.fallback:
                return self.refuse(request, visit, 503)
            visit[2] = visit[3] = came
            request.served_by = self.machine
            return 200
        visit[2] = came
        status = (yield from self.next.handle(request)) if self.next else 200
        visit[3] = env._now
        if breaker.heard(period, env._now, status >= 500, env._now - came) and breaker is self.breaker:
            self.notes.append((env._now, 0, 1))
        return status
