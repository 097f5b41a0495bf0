"""A retry: asks again what lies behind it."""

from collections.abc import Generator
from dataclasses import dataclass
from math import nan

import numpy as np

from pmtech.components.backoff import BUDGETS, KINDS, wait_s
from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, one_of, whole
from pmtech.components.patience import Patience
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import identity
from pmtech.engine.request import Request
from pmtech.wording import counted, percent, plain, rate

AGAIN = (429, 500, 502, 503, 504)  # who answers so may have more luck later


@dataclass(frozen=True, kw_only=True, repr=False)
class Retry(Component):
    """Asks again what lies behind it, `attempts` times in all, when it fails (429, 500, 502, 503, 504) or is late.

    timeout_ms: an attempt that has no answer by then counts as failed (504); the work on it goes on in vain.
    backoff: how long to wait before the next one, from base_ms and at most cap_ms: "full_jitter", "none", "exponential",
        "equal_jitter" or "decorrelated" (`backoff.wait_s`); "none" asks for neither. Where an answer names a
        Retry-After, at least so long.
    budget: tries again may be this share of the requests, and ten besides. None: as many as they like.
    budget_by: what earns them, where there is a `budget`: "requests" (Finagle, Envoy), or "successes" (gRPC): then a
        failure takes a token of ten, a success gives back `budget` of one, and nobody tries again below half of them.
    Past the moment at which the client gives up (`timeout_ms` of `Clients`) it asks no more. Every attempt has luck of
    its own. Retries at three layers multiply: four attempts at each make 64.

    What this leaves out: whether asking twice does harm (lesson 02: only what is idempotent may be asked again).
    """

    attempts: int = whole(3, at_least=1, at_most=100)
    timeout_ms: float | None = number(None, more_than=0, at_most=3_600_000, optional=True)
    backoff: str = one_of(*KINDS)
    base_ms: float = number(100.0, at_least=0, at_most=3_600_000)
    cap_ms: float = number(10_000.0, at_least=0, at_most=3_600_000)
    budget: float | None = number(None, at_least=0, at_most=10, optional=True)
    budget_by: str = one_of(*BUDGETS)

    kind = "retry"
    icon = "M16 10a6 6 0 1 1-2-4.5M14 2v4h-4"
    question = "Who asks again, how often, at how many layers, and what does it cost to do the same twice?"
    needs_next = True
    noted = ("at_s", "attempts")

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        pause = "without a pause" if self.backoff == "none" else self.backoff.replace("_", " ")
        facts = [counted(self.attempts, "attempt"), *([pause] if self.attempts > 1 else [])]
        facts += [f"each {plain(self.timeout_ms)} ms at most"] if self.timeout_ms is not None else []
        return facts + ([f"budget {percent(self.budget)}"] if self.budget is not None else [])

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """attempts: how often each request was asked, on average."""
        return {"attempts": float(notes[:, 1].mean()) if len(notes) else nan}

    def findings(self, label: str, figures) -> list[Finding]:
        often = figures["attempts"]
        return [Finding("retried", 55, f"{label} asks {rate(often)} times for each request")] if often >= 1.05 else []


class RetryPart(Part, runs=Retry):
    next: Part

    def setup(self) -> None:
        self.luck = self.run.luck(f"{self.name}.backoff", identity)
        self.budget = BUDGETS[self.spec.budget_by](self.spec.budget)
        self._learn()

    def change(self, spec) -> None:
        anew, other = spec.budget_by != self.spec.budget_by, spec.timeout_ms != self.spec.timeout_ms
        super().change(spec)
        if anew:
            self.budget = BUDGETS[spec.budget_by](spec.budget)
        self.budget.share = spec.budget
        if other:
            self._learn()

    def _learn(self) -> None:
        """How long an attempt may take."""
        if self.spec.timeout_ms is not None:
            self.patience = Patience(self.env, self.spec.timeout_ms / 1000, self._give_up)

    def handle(self, request: Request) -> Steps:
        visit, luck_key, spec = self.visit(request), request.luck_key, self.spec
        visit[2] = self.env._now
        self.budget.earn()
        attempt, waited_s = 1, 0.0
        while True:
            # Without a limit the request goes there itself.
            status = yield from self.next.handle(request) if spec.timeout_ms is None else self._in_time(request)
            self.budget.heard(status in AGAIN)
            if status not in AGAIN or attempt >= spec.attempts:
                break
            luck = self.luck[request.luck_key][request.number]
            waited_s = wait_s(spec.backoff, attempt, spec.base_ms / 1000, spec.cap_ms / 1000, luck, waited_s)
            asked_for_s = 0.0 if request.retry_after != request.retry_after else request.retry_after
            pause_s = max(waited_s, asked_for_s)
            if self.env._now + pause_s >= request.deadline or not self.budget.spend():
                break
            if pause_s:
                yield pause_s
            attempt += 1
            request.served_by, request.retry_after, request.luck_key = None, nan, (*luck_key, self.name, attempt)
        request.luck_key = luck_key
        visit[3] = self.env._now
        self.notes.append((visit[1], attempt))
        return status

    def _in_time(self, request: Request) -> Generator[None, None, int]:
        """A call goes there for it, and is not waited for longer than it may take."""
        call = self.ask(request, self.next, request.wake)
        if not call.status:
            self.patience.begins(call)
        yield
        request.served_by = call.served_by or self.machine
        request.retry_after, request.version = call.retry_after, call.version
        return call.status or 504

    def _give_up(self, call: Request) -> None:
        """Nobody waits for this one any more; whoever waited goes on, unless it was answered."""
        wake, call.answer_to = call.answer_to, None
        if wake is not None:
            wake(call)
