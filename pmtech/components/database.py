"""A database: a pool of connections, each doing one query at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pmtech.components.component import Component
from pmtech.components.fields import number, whole
from pmtech.components.work import WorkPart


@dataclass(frozen=True, kw_only=True, repr=False)
class Database(Component):
    """Answers `connections` queries at a time, first come first served, each in `query_ms` on average.

    query_cv: coefficient of variation of a gamma distribution with that mean (0 constant, 1 exponential).
    queue_limit: waiting places; past them the query is refused with 503. None: the line may grow for ever.

    What this leaves out: locks and transactions, reads against writes, replicas, a cache of its own, queries that
    get slower the more of them run.
    """

    connections: int = whole(20, at_least=1, at_most=100_000)
    query_ms: float = number(20.0, at_least=0.001, at_most=3_600_000)
    query_cv: float = number(1.0, at_least=0, at_most=10)
    queue_limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    price_usd_per_hour: float = number(0.20, at_least=0, at_most=1e6)

    fan_out: ClassVar[str] = "none"

    @property
    def capacity_per_s(self) -> float:
        """Queries a second that all connections together can answer."""
        return self.connections * 1000 / self.query_ms

    def running(self, *args) -> DatabasePart:
        return DatabasePart(self, *args)


class DatabasePart(WorkPart):
    def measures(self):
        spec = self.spec
        return spec.connections, spec.queue_limit, spec.query_ms, spec.query_cv, True
