"""A topic: what is published once goes to everybody who has subscribed."""

from dataclasses import dataclass
from math import inf

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Call, Request, is_success
from pmtech.engine.run import HANDED_ON, Message
from pmtech.wording import counted


@dataclass(frozen=True, kw_only=True, repr=False)
class Topic(Component):
    """Answers 202 (accepted) at once; every branch behind it gets a copy of its own and works on it by itself.

    A copy that a branch refuses is lost: a `Queue` before the worker keeps what comes too fast (Amazon SNS with SQS), and
    the copy is then a message of that queue.

    What this leaves out: filters, tries again when a branch refuses, the topic's own time and limits.
    """

    kind = "topic"
    icon = "M3 8v4h3l6 4V4L6 8zM14.5 7c1.5 1.5 1.5 4.5 0 6M16.5 5c3 3 3 7 0 10"
    question = "Who else listens, who notices when a listener fails, and does the order matter to anybody?"
    fan_out = "all"
    detached = True
    noted = ("at_s", "lost")

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return ["a copy for each branch"]

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """lost: copies that a branch refused."""
        return {"lost": float(notes[:, 1].sum())}

    def findings(self, label: str, figures) -> list[Finding]:
        lost = counted(figures["lost"], "copy", "copies")
        return [Finding("lost", 85, f"{lost} of {label} got lost")] if figures["lost"] else []


class TopicPart(Part, runs=Topic):
    mortal = True

    def setup(self) -> None:
        self.luck = self.branch_luck()

    def room(self) -> float:
        return inf if self.alive else 0

    def on_room(self, call) -> None:
        self.roomed.append(call)

    def handle(self, request: Request) -> Steps:
        self.pass_through(request)
        request.served_by = request.served_by or self.machine
        for target, luck in zip(self.targets, self.luck, strict=True):
            self._deliver(request, target, *luck)
        return 202
        yield  # a journey of no steps

    def _deliver(self, request: Request, target: Part, *luck) -> None:
        copies = [Message(self.name, request, self.env._now) for _ in range(request.items)]
        for message in copies:
            message.received_s, message.receives, message.outcome = self.env._now, 1, "in flight"
        self.run.messages += copies

        def over(call: Call) -> None:
            outcome = HANDED_ON if call.status == 202 else "done" if is_success(call.status) else "dead"
            for message in copies:
                message.outcome = outcome
                if outcome == "done":
                    message.done_s = self.env._now
            if outcome == "dead":
                self.notes.append((self.env._now, len(copies)))

        self.ask(request, target, over, *luck)
