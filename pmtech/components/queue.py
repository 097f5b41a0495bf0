"""A queue of messages: stores the work, says so at once, and hands it to whoever is free."""

from dataclasses import dataclass
from math import inf

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, whole
from pmtech.components.handed import hands_in_order, pass_handed
from pmtech.components.handing import HandingPart
from pmtech.engine.clock import Steps
from pmtech.engine.request import Request
from pmtech.engine.run import Message
from pmtech.wording import counted, plain, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class Queue(Component):
    """Stores a message within `store_ms` and answers 202 (accepted); whoever is free behind it gets the message later.

    Delivery is at least once, as in Amazon SQS. A message that was handed out is hidden for `visibility_s`; if the work
    on it has not succeeded by then (it failed, its worker died, it takes longer), the message is handed out again.
    max_receives: one that was handed out so often without success becomes a dead letter as soon as somebody else would get
        it. None: it comes back for ever.
    batch, batch_wait_s: up to so many messages are handed over together; a free worker waits for company until the
        oldest has waited so long. 0: it takes what there is. A `batch` of one waits for nobody.
    limit: so many may wait; past them the queue answers 503. None: the queue may grow for ever.
    Messages are handed out in the order of `Clients(priority=...)`, then of age. Source: Amazon SQS Developer Guide.

    What this leaves out: retention (SQS drops messages after 4 days), order across workers and strict first in, first
    out, deduplication, polling (a worker hears of a message at once), the queue's own limits.
    """

    visibility_s: float = number(30.0, at_least=0.1, at_most=43_200)
    max_receives: int | None = whole(None, at_least=1, at_most=1000, optional=True)
    batch: int = whole(1, at_least=1, at_most=10_000)
    batch_wait_s: float = number(0.0, at_least=0, at_most=300)
    limit: int | None = whole(None, at_least=1, at_most=10_000_000, optional=True)
    store_ms: float = number(1.0, at_least=0, at_most=60_000)

    kind = "queue"
    icon = "M2 6h4v8H2zM8 6h4v8H8zM14 6h4v8h-4z"
    question = "What may be late, how late, who looks at dead letters, and may the same work be done twice?"
    verb = "can hand out"
    verbs = "can hand out"
    fan_out = "pool"
    pulls = True
    detached = True
    makes_wait = True
    noted = ("at_s", "messages", "again", "dead")

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
        """handed_out: how many messages; again: how many of these not for the first time; dead: dead letters."""
        return dict(zip(("handed_out", "again", "dead"), notes[:, 1:].sum(axis=0).tolist(), strict=True))

    def findings(self, label: str, figures) -> list[Finding]:
        again, dead = counted(figures["again"], "time"), counted(figures["dead"], "message")
        said = [Finding("again", 92, f"{label} handed messages out again {again}")] if figures["again"] else []
        return said + ([Finding("dead", 93, f"{dead} of {label} became dead letters")] if figures["dead"] else [])


class QueuePart(HandingPart, runs=Queue):
    """storing: so many messages are being written down."""

    mortal = True
    storing = 0
    feeds_forward = property(hands_in_order)
    pass_sorted = pass_handed

    def recover(self) -> None:
        self.has_room()
        self.hand_out()

    def state(self) -> tuple[float, float, float]:
        return len(self.messages), 0, 0

    @property
    def left(self) -> float:
        """How many more may wait."""
        return inf if self.spec.limit is None else self.spec.limit - len(self.messages) - self.storing

    def room(self) -> float:
        return max(0, self.left - len(self.coming)) if self.alive else 0

    def on_room(self, call) -> None:
        self.roomed.append(call)

    def handle(self, request: Request) -> Steps:
        visit, items = self.visit(request), request.items
        if self.spec.limit is not None and items > self.left:
            return self.refuse(request, visit, 503)
        visit[2] = visit[1]
        self.storing += items
        store_s = self.spec.store_ms / 1000
        yield self.stretched(store_s, request) if self.slowness else store_s
        self.storing -= items
        if self.outages:
            return self.refuse(request, visit, 502)
        visit[3] = now = self.env._now
        request.served_by = request.served_by or self.machine
        for _ in range(items):
            message = Message(self.name, request, now)
            self.run.messages.append(message)
            self.messages.add(message)
        self.hand_out()
        return 202
