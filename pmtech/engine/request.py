"""A request: its own event, its own journey; and what it causes besides."""

from collections.abc import Callable
from math import inf, nan
from operator import attrgetter
from typing import Any

from pmtech.engine.clock import Journey

# Any 2xx: done, created, accepted, nothing to say (RFC 9110, 15.3).
is_success: Callable[[int], bool] = range(200, 300).__contains__


class Request(Journey):
    """One request: who sent it, what it asks for, and how it ended. It is its own journey.

    luck_key: where its luck lies, in whatever is drawn for it: its client and the attempt, and what else makes it another try.
    """

    __slots__ = (
        "answer_to", "arrived", "caller", "deadline", "endpoint", "finished", "luck_key",
        "number", "place", "retry_after", "row", "served_by",
        "source", "status", "trips", "version", "via",
    )  # fmt: skip
    answer_to: Callable[[Any], None] | None
    deadline: float  # until when its client waits, in seconds of the run
    row: int  # among all requests, once they are written down
    served_by: str | None
    version: int | None
    via: str | None

    def __init__(self, env, source, number: int, luck_key: tuple, endpoint: str, caller: str):
        # Three at a time, here and below: more of them would be packed into a tuple first.
        self.env, self.source, self.number = env, source, number
        self.luck_key, self.endpoint, self.caller = luck_key, endpoint, caller
        self.arrived, self.finished, self.status = env._now, nan, 0
        patience_s = source.timeout_s
        self.deadline = inf if patience_s is None else env._now + patience_s
        self.served_by = self.answer_to = self.via = None  # via: the machine that asks others on its behalf
        self.place = source.place  # the city where it is
        self.trips = source.trips  # round trips of the way it goes first
        self.retry_after, self.version = nan, None  # of its item: what the answer shows, or the write made

    items = 1  # messages that are worked on together

    @property
    def root(self) -> "Request":
        """The request of a client that caused it: itself."""
        return self

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
        return self.source.keys[self.source.first_luck][self.number]

    @property
    def connection(self) -> tuple[tuple, int]:
        """(which connection it comes on, which of the lives of that one)"""
        return self.source.lives.of(self)

    @property
    def kb(self) -> float:
        """The size of its answer."""
        return self.source.spec.kb.get(self.endpoint, 0.0)

    @property
    def priority(self) -> int:
        """The greater, the more important."""
        return self.source.spec.priority

    def arrive(self, outcome: int) -> None:
        """The client hears the answer; only the first counts."""
        if not self.status:
            self.status, self.finished = outcome, self.env._now
            if (answer_to := self.answer_to) is not None:
                self.answer_to = None  # whoever asked needs to be told once; what was kept for it is free again
                answer_to(self)


class Call(Request):
    """What one part asks of others on behalf of a request: an attempt, a branch, a message. It has luck of its own where
    its `luck_key` differs from the request's."""

    __slots__ = ("items", "root")

    items: int
    root: Request

    def __init__(self, request: Request, luck_key: tuple, asked_by, answer_to: "Callable[[Call], None] | None" = None):
        # Written out, as this is the hot path of runs with messages and branches.
        self.env, self.root, self.answer_to = request.env, request.root, answer_to
        self.number, self.luck_key, self.items = request.number, luck_key, request.items
        self.place, self.status, self.retry_after = asked_by.place or request.place, 0, nan
        self.served_by = self.version = None
        if asked_by.spec.detached:  # who has been answered waits no more, nor does its machine
            self.trips, self.deadline, self.via = 1, inf, None
        else:
            self.trips, self.deadline, self.via = request.trips, request.deadline, request.via

    # The request that caused it says what it is about.
    source, endpoint, caller, row = (
        property(attrgetter(f"root.{field}")) for field in ("source", "endpoint", "caller", "row")
    )

    def arrive(self, outcome: int) -> None:
        """Whoever asked hears the answer, unless it waits no more."""
        if not self.status:
            self.status = outcome
            self.heard()

    def heard(self) -> None:
        """It has been answered."""
        if (answer_to := self.answer_to) is not None:
            self.answer_to = None
            answer_to(self)
