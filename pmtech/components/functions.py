"""Functions: a program that is rented by the call, in as many environments as there are calls at a time."""

from dataclasses import dataclass
from math import inf

import numpy as np

from pmtech.components.component import Component, Finding, StationSpec
from pmtech.components.environments import COLD, Environments
from pmtech.components.fields import number, whole
from pmtech.components.work import WorkPart
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.randomness import gamma
from pmtech.engine.request import Request
from pmtech.wording import counted, percent, plain, seconds

MOST = 1_000_000


@dataclass(frozen=True, kw_only=True, repr=False)
class Functions(Component):
    """Each call has an environment for itself for `work_ms` and for as long as what it asks takes; nobody waits in a queue.

    work_cv, cold_cv: coefficients of variation of gamma distributions (0 constant, 1 exponential).
    cold_ms: what a call waits in addition when no environment is free and one is started for it.
    idle_s: an environment is kept so long after its last call; the one used last is used first.
    warm: so many are started beforehand and always kept, which is paid for busy or not (provisioned concurrency).
    concurrency: so many calls at a time (arrivals a second times seconds each: Little's law). The next is told 429.
    grow_per_10s: so many environments are started within any 10 seconds; what is not used of it is not saved up. Whoever
        needs one more is told 429.
    price_usd_per_million, price_usd_per_gb_s: for a million calls, and for the time of each, its start included, times its
        memory_mb (at Lambda 1,769 are a whole processor core); warm_usd_per_gb_s: for those always kept. List prices of AWS
        Lambda as of 2026-11, without what is free.
    Source of the limits: AWS Lambda Developer Guide, "Lambda scaling behavior".

    What this leaves out: Lambda lets growth come back evenly rather than 10 s after each start; a call that has begun to
    start an environment takes no other that is free sooner; prices by vendor, retries by the platform, billing by whole
    milliseconds. Several messages in one call take as long as one.
    """

    work_ms: float = number(100.0, at_least=0.001, at_most=3_600_000)
    work_cv: float = number(1.0, at_least=0, at_most=10)
    cold_ms: float = number(800.0, at_least=0, at_most=600_000)
    cold_cv: float = number(0.0, at_least=0, at_most=10)
    idle_s: float = number(300.0, at_least=0, at_most=86_400)
    warm: int = whole(0, at_least=0, at_most=MOST)
    concurrency: int = whole(1000, at_least=1, at_most=MOST)
    grow_per_10s: int = whole(1000, at_least=1, at_most=MOST)
    memory_mb: float = number(1769.0, at_least=1, at_most=1e6)
    price_usd_per_million: float = number(0.20, at_least=0, at_most=1e6)
    price_usd_per_gb_s: float = number(0.0000166667, at_least=0, at_most=1e3)
    warm_usd_per_gb_s: float = number(0.0000041667, at_least=0, at_most=1e3)

    kind = "functions"
    icon = "M5 3h3l7 14M9 8l-5 9"
    question = "How long may the first call after a quiet hour take, and what lies behind that can't grow as fast?"
    makes_wait = True
    noted = ("at_s", "cold", "lasted_s", "at_work", "kept")

    @property
    def station(self) -> StationSpec:
        return StationSpec(self.concurrency, self.work_ms / 1000, self.work_cv, 0, True)

    @property
    def memory_gb(self) -> float:
        return self.memory_mb / 1024

    @property
    def price_usd_per_hour(self) -> float:
        """Of what is always kept warm."""
        return 3600 * self.warm * self.memory_gb * self.warm_usd_per_gb_s

    @property
    def usd_per_call(self) -> float:
        """Of a warm call that asks nobody else."""
        return self._usd(1, self.work_ms / 1000)

    def _usd(self, calls: float, lasted_s: float) -> float:
        return calls * self.price_usd_per_million / 1e6 + lasted_s * self.memory_gb * self.price_usd_per_gb_s

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [f"{plain(self.work_ms)} ms, cold {plain(self.cold_ms)} more", f"kept for {seconds(self.idle_s)}"]
        facts += [f"{plain(self.warm)} always warm"] if self.warm else []
        return [*facts, f"{plain(self.concurrency)} at a time"]

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """cold: calls that waited for an environment to start; cold_share: of all that were made; most_at_work: calls at a
        time, at most; most_kept: environments, at work or not."""
        _, cold, _, at_work, kept = notes.T
        return {
            "cold": float(cold.sum()),
            "cold_share": float(cold.mean()) if len(cold) else 0.0,
            "most_at_work": float(at_work.max(initial=0)),
            "most_kept": float(kept.max(initial=0)),
        }

    def findings(self, label: str, figures) -> list[Finding]:
        if not figures["cold"]:
            return []
        calls, share = counted(figures["cold"], "call"), percent(figures["cold_share"])
        return [Finding("cold", 62, f"{calls} of {label}, {share}, waited for an environment to start")]

    def extra_usd(self, notes: np.ndarray, begin_s: float, end_s: float) -> float:
        """What the calls cost that came in that time."""
        mine = notes[(notes[:, 0] >= begin_s) & (notes[:, 0] < end_s)]
        return self._usd(len(mine), float(mine[:, 2].sum()))


class FunctionsPart(WorkPart, runs=Functions):
    feeds_forward = False

    def setup(self) -> None:
        super().setup()
        self.environments = Environments(self)
        self.grows = Alarm(self.env, self.has_room)

    def change(self, spec) -> None:
        super().change(spec)
        self.has_room()

    def _tune(self) -> None:
        super()._tune()
        self.cold = self.run.luck(f"{self.name}.cold", gamma(self.spec.cold_cv))

    def fail(self) -> None:
        super().fail()
        self.environments.all_gone()

    def room(self) -> float:
        free, more_s = self.environments.free(self.env._now)
        if more_s < inf:
            self.grows.set(more_s)
        return 0 if self.outages else max(0, min(self.station.room, free) - len(self.coming))

    def handle(self, request: Request) -> Steps:
        station, env, environments = self.station, self.env, self.environments
        visit, now = self.visit(request), env._now
        kind = environments.take(now) if station.busy < station.places else None
        if kind is None:
            return self.refuse(request, visit, 429)
        station.take()
        visit[2] = now
        at_work, kept = station.busy, station.busy + environments.kept
        request.served_by = request.served_by or self.machine
        if kind is COLD:
            yield self.cold[request.luck_key][request.number] * self.spec.cold_ms / 1000
            if station.gone:
                return 502
        needs_s = self.work[request.luck_key][request.number] * self.mean_s
        yield self.stretched(needs_s, request) if self.slowness else needs_s
        status = 200
        if self.next is not None and not station.gone:
            status = yield from self.next.handle(request)
        if station.gone:  # the platform failed while it held the request
            return 502
        visit[3] = env._now
        environments.give_back(kind, visit[3])
        station.leave()
        self.notes.append((now, kind is COLD, visit[3] - now, at_work, kept))
        return status
