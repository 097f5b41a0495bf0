"""A queue of messages: stores the work, says so at once, and hands it to whoever is free."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import ClassVar

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, whole
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Call, Request, is_success
from pmtech.engine.run import Message
from pmtech.wording import counted, plain, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class Queue(Component):
    """Stores a message within `store_ms` and answers 202 (accepted); whoever is free behind it gets the message later.

    Delivery is at least once, as in Amazon SQS. A message that was handed out is hidden for `visibility_s`; if the work
    on it has not succeeded by then (it failed, its worker died, it takes longer), the message is handed out again.
    max_receives: one that was handed out so often without success becomes a dead letter. None: it comes back for ever.
    batch, batch_wait_s: up to so many messages are handed over together; a free worker waits for company until the
        oldest has waited so long. 0: it takes what there is.
    limit: so many may wait; past them the queue answers 503. None: the queue may grow for ever.
    Messages are handed out in the order of `Clients(priority=...)`, then of age. Source: Amazon SQS Developer Guide.

    What this leaves out: retention (SQS drops messages after 4 days), order across workers and strict first in, first
    out, deduplication, polling (a worker hears of a message at once), the queue's own limits.
    """

    visibility_s: float = number(30.0, more_than=0, at_most=43_200)
    max_receives: int | None = whole(None, at_least=1, at_most=1000, optional=True)
    batch: int = whole(1, at_least=1, at_most=10_000)
    batch_wait_s: float = number(0.0, at_least=0, at_most=300)
    limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    store_ms: float = number(1.0, at_least=0, at_most=60_000)

    kind: ClassVar[str] = "queue"
    icon: ClassVar[str] = "M2 6h4v8H2zM8 6h4v8H8zM14 6h4v8h-4z"
    question: ClassVar[str] = (
        "What may be late, how late, who looks at dead letters, and may the same work be done twice?"
    )
    fan_out: ClassVar[str] = "pool"
    pulls: ClassVar[bool] = True
    detached: ClassVar[bool] = True
    makes_wait: ClassVar[bool] = True
    noted: ClassVar[tuple[str, ...]] = ("at_s", "messages", "again", "dead")

    @property
    def own_s(self) -> float:
        return self.store_ms / 1000

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [f"hidden for {seconds(self.visibility_s)} when taken"]
        facts += [f"by {plain(self.batch)} at most"] if self.batch > 1 else []
        facts += [f"dead after {counted(self.max_receives, 'receive')}"] if self.max_receives else []
        return facts + ([f"{plain(self.limit)} may wait"] if self.limit is not None else [])

    @property
    def waiting_limit(self) -> int | None:
        return self.limit

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """receives: handed out a second; again: of these not for the first time; dead: dead letters."""
        return {
            "handed_out": float(notes[:, 1].sum()),
            "again": float(notes[:, 2].sum()),
            "dead": float(notes[:, 3].sum()),
        }

    def findings(self, label: str, figures) -> list[Finding]:
        said = []
        if figures["again"]:
            said.append(
                Finding("again", 75, f"{label} hands out {counted(figures['again'], 'message')} more than once")
            )
        if figures["dead"]:
            said.append(Finding("dead", 85, f"{counted(figures['dead'], 'message')} of {label} became dead letters"))
        return said

    def running(self, *args) -> QueuePart:
        return QueuePart(self, *args)


class QueuePart(Part):
    mortal = True

    def setup(self) -> None:
        self.numbers = count()
        self.waiting: list[tuple[int, int, Message]] = []  # a heap: the most important, the oldest first
        self.turn, self.handing = -1, False
        self.retired: set[int] = set()
        self.company = Alarm(self.env, self.hand_out)  # the oldest has waited long enough for company
        for target in self.targets:
            target.on_room(self.hand_out)

    def change(self, spec) -> None:
        super().change(spec)
        self.hand_out()

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        for target in targets[len(self.targets) :]:
            target.on_room(self.hand_out)
        self.targets, self.retired = targets, retired
        self.hand_out()

    def recover(self) -> None:
        self.hand_out()

    def state(self) -> tuple[float, float, float]:
        return len(self.waiting), 0, 0

    def room(self) -> float:
        return inf if self.spec.limit is None else max(0, self.spec.limit - len(self.waiting))

    def on_room(self, call) -> None:
        """It has room whenever it is there."""

    def handle(self, request: Request) -> Steps:
        visit, spec = self.visit(request), self.spec
        if spec.limit is not None and len(self.waiting) >= spec.limit:
            return self.refuse(request, visit, 503)
        visit[2] = self.env._now
        yield spec.store_ms / 1000
        visit[3] = self.env._now
        if request.served_by is None:
            request.served_by = self.machine
        message = Message(self.name, request, self.env._now)
        self.run.messages.append(message)
        self._wait(message, next(self.numbers))
        self.hand_out()
        return 202

    def _wait(self, message: Message, number: int) -> None:
        message.outcome = "waiting"
        heappush(self.waiting, (-message.request.priority, number, message))

    # --- handing out -----------------------------------------------------------------------------------------------

    def hand_out(self) -> None:
        """To whoever is free, as long as somebody is and anything waits."""
        if self.handing:  # somebody answered at once: the loop below goes on
            return
        self.handing = True
        while self.alive and self.waiting and (target := self._free()):
            few = len(self.waiting) < self.spec.batch
            if few and self.env._now < (until_s := self._oldest_s() + self.spec.batch_wait_s):
                self.company.set(until_s)
                break
            taken = [heappop(self.waiting)[1:] for _ in range(min(self.spec.batch, len(self.waiting)))]
            self._hand(taken, target)
        self.handing = False

    def _oldest_s(self) -> float:
        return min(message.published_s for _, _, message in self.waiting)

    def _free(self) -> Part | None:
        """The target with the most room; of equals the next in turn."""
        best, room, targets = None, 0.0, self.targets
        for ahead in range(1, len(targets) + 1):
            number = (self.turn + ahead) % len(targets)
            if number not in self.retired and (has := targets[number].room()) > room:
                best, room = number, has
        if best is None:
            return None
        self.turn = best
        return targets[best]

    def _hand(self, taken: list[tuple[int, Message]], target: Part) -> None:
        now, again = self.env._now, 0
        for _, message in taken:
            message.receives += 1
            message.outcome = "in flight"
            if message.receives == 1:
                message.received_s = now
            else:
                again += 1
        self.notes.append((now, len(taken), again, 0))
        visible = Alarm(self.env, lambda: self._visible(taken))
        visible.set(now + self.spec.visibility_s)

        def worked(call: Call) -> None:
            if is_success(call.status):
                visible.set(inf)
                self._done(taken)
            self.hand_out()

        first = taken[0][1]
        luck = (first.receives,) if first.receives > 1 else ()
        self.ask(first.request, target, worked, *luck, items=len(taken))

    def _done(self, taken: list[tuple[int, Message]]) -> None:
        """The work has succeeded, and the messages are deleted, also where somebody else works on them once more."""
        gone = {message for _, message in taken if message.outcome == "waiting"}
        if gone:
            self.waiting = [entry for entry in self.waiting if entry[2] not in gone]
            self.waiting.sort()
        for _, message in taken:
            if message.outcome not in ("done", "dead"):
                message.outcome, message.done_s = "done", self.env._now

    def _visible(self, taken: list[tuple[int, Message]]) -> None:
        """Whoever took them has not succeeded in time."""
        most, dead = self.spec.max_receives, 0
        for turn, message in taken:
            if message.outcome != "in flight":
                continue
            if most is not None and message.receives >= most:
                message.outcome = "dead"
                dead += 1
            else:
                self._wait(message, turn)
        if dead:
            self.notes.append((self.env._now, 0, 0, dead))
        self.hand_out()
