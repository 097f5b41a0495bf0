"""A database: a pool of connections, each doing one query at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pmtech.components.component import Component, StationSpec
from pmtech.components.fields import number, whole
from pmtech.components.work import WorkPart
from pmtech.wording import counted, plain


@dataclass(frozen=True, kw_only=True, repr=False)
class Database(Component):
    """Answers `connections` queries at a time, first come first served, each in `query_ms` on average.

    query_cv: coefficient of variation of a gamma distribution with that mean (0 constant, 1 exponential).
    queue_limit: waiting places; past them the query is refused with 503. None: the queue may grow for ever.

    What this leaves out: locks and transactions, reads against writes, replicas, a cache of its own, queries that
    get slower the more of them run.
    """

    connections: int = whole(20, at_least=1, at_most=100_000)
    query_ms: float = number(20.0, at_least=0.001, at_most=3_600_000)
    query_cv: float = number(1.0, at_least=0, at_most=10)
    queue_limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    price_usd_per_hour: float = number(0.20, at_least=0, at_most=1e6)

    kind: ClassVar[str] = "database"
    icon: ClassVar[str] = "M3 5c0-3.6 14-3.6 14 0v10c0 3.6-14 3.6-14 0zM3 5c0 3.6 14 3.6 14 0M3 10c0 3.6 14 3.6 14 0"
    question: ClassVar[str] = "What do customers see while the database is down, and who brings it back?"
    fan_out: ClassVar[str] = "none"
    holds_data: ClassVar[bool] = True
    makes_wait: ClassVar[bool] = True

    @property
    def station(self) -> StationSpec:
        return StationSpec(self.connections, self.query_ms / 1000, self.query_cv, self.queue_limit, True)

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        each = "each " if copies > 1 else ""
        facts = [f"{each}{counted(self.connections, 'connection')}, {plain(self.query_ms)} ms"]
        return facts + ([f"{each}queue of {plain(self.queue_limit)}"] if self.queue_limit is not None else [])

    def is_markov(self, last: bool) -> bool:
        return self.query_cv == 1 and self.queue_limit is None

    def running(self, *args) -> WorkPart:
        return WorkPart(self, *args)
