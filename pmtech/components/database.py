"""A database: so many connections, each doing one query at a time."""

from dataclasses import dataclass

from pmtech.components.component import Component, StationSpec
from pmtech.components.fields import number, whole
from pmtech.components.work import WorkPart
from pmtech.engine.request import Request
from pmtech.wording import counted, plain


@dataclass(frozen=True, kw_only=True, repr=False)
class Database(Component):
    """Answers `connections` queries at a time, first come first served, each in `query_ms` on average.

    query_cv: coefficient of variation of a gamma distribution with that mean (0 constant, 1 exponential).
    queue_limit: waiting places; past them the query is refused with 503. None: the queue may grow for ever.
    cores: so many queries run at full speed. More of them share the cores and lose time to switching and to locks, each
        above `cores` another `crowding` of it: with n at work one that begins takes n / cores (1 + crowding (n - cores))
        times as long (after Gunther's contention). None: each runs as if it were alone.
    A `ConnectionPool` before it holds connections open, of which there are `connections`: no more can be opened.

    What this leaves out: transactions, reads against writes, replicas, a cache of its own; a query's time is settled when
    it begins, by how many are at work then.
    """

    connections: int = whole(20, at_least=1, at_most=100_000)
    query_ms: float = number(20.0, at_least=0.001, at_most=3_600_000)
    query_cv: float = number(1.0, at_least=0, at_most=10)
    queue_limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    cores: int | None = whole(None, at_least=1, at_most=100_000, optional=True)
    crowding: float = number(0.02, at_least=0, at_most=10)
    price_usd_per_hour: float = number(0.20, at_least=0, at_most=1e6)

    kind = "database"
    icon = "M3 5c0-3.6 14-3.6 14 0v10c0 3.6-14 3.6-14 0zM3 5c0 3.6 14 3.6 14 0M3 10c0 3.6 14 3.6 14 0"
    question = "What do customers see while the database is down, and who brings it back?"
    fan_out = "none"
    holds_data = True
    makes_wait = True

    @property
    def station(self) -> StationSpec:
        return StationSpec(self.connections, self.query_ms / 1000, self.query_cv, self.queue_limit, True)

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        each = "each " if copies > 1 else ""
        facts = [f"{each}{counted(self.connections, 'connection')}, {plain(self.query_ms)} ms"]
        facts += [counted(self.cores, "core")] if self.cores else []
        return facts + ([f"{each}queue of {plain(self.queue_limit)}"] if self.queue_limit is not None else [])

    def is_markov(self, last: bool) -> bool:
        return self.query_cv == 1 and self.queue_limit is None and self.cores is None

    @property
    def capacity_per_s(self) -> float:
        """With cores: as long as no more queries come at a time than there are cores."""
        return min(self.connections, self.cores or self.connections) / self.station.mean_s


class DatabasePart(WorkPart, runs=Database):
    """given: connections that pools hold open; life: how often it has died, and all of them with it."""

    def setup(self) -> None:
        super().setup()
        self.given = self.life = 0
        self._share_cores()

    def change(self, spec) -> None:
        super().change(spec)
        self._share_cores()

    def fail(self) -> None:
        super().fail()
        self.given, self.life = 0, self.life + 1

    @property
    def feeds_forward(self) -> bool:
        return super().feeds_forward and self.spec.cores is None

    def _share_cores(self) -> None:
        self.slowness = [times for times in self.slowness if times != self._crowded]
        if self.spec.cores is not None:
            self.slowness.append(self._crowded)

    def _crowded(self, _request: Request) -> float:
        """By how much a query takes longer that begins now: it is one of those at work."""
        over = self.station.busy - self.spec.cores
        return 1.0 if over <= 0 else self.station.busy / self.spec.cores * (1 + self.spec.crowding * over)
