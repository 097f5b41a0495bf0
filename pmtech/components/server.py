"""A server: some workers, and a queue of requests before them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np

from pmtech.components.autoscale import MOST, Autoscale, Autoscaler
from pmtech.components.component import Component, Finding, StationSpec
from pmtech.components.fields import instance, number, whole, yes_no
from pmtech.components.work import WorkPart
from pmtech.engine.clock import Alarm
from pmtech.engine.request import Request
from pmtech.wording import counted, plain, rate, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class Server(Component):
    """Handles `workers` requests at a time, first come first served, each for `service_ms` of its own work.

    service_cv: coefficient of variation of a gamma distribution with that mean (0 constant, 1 exponential).
    item_ms: work for every further message where a `Queue` hands over several at once.
    queue_limit: waiting places; a full queue answers 503 at once. None: the queue may grow for ever.
    replicas: so many equal machines behind a load balancer, each with its own workers and its own queue.
    autoscale: an `Autoscale(...)` adds machines and takes them away; `replicas` is then how many there are at first.
    blocking: the worker is held while the server waits for what lies downstream (thread per request); otherwise it
        is free as soon as its own work is done (asynchronous).
    drops_late: work on a request whose client has given up meanwhile (`timeout_ms`) is not begun.
    crashes_at: so many may wait at a machine; one more, and its memory is full: it dies with all that it holds (502), and
        is back, empty, after restart_s. A shorter `queue_limit` keeps it alive. None: memory has no end.
    With one worker, exponential work and poisson arrivals this is the M/M/1 queue of the textbooks.

    What this leaves out: processor sharing (all requests at once, each slower), garbage collection, memory that
    fills by anything but waiting, a start that is slow at first. Work is done before the call downstream, none after it.
    """

    workers: int = whole(8, at_least=1, at_most=100_000)
    service_ms: float = number(100.0, at_least=0.001, at_most=3_600_000)
    service_cv: float = number(1.0, at_least=0, at_most=10)
    item_ms: float = number(0.0, at_least=0, at_most=3_600_000)
    queue_limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    replicas: int = whole(1, at_least=1, at_most=MOST)
    autoscale: Autoscale | None = instance(Autoscale)
    blocking: bool = yes_no(True)
    drops_late: bool = yes_no(False)
    crashes_at: int | None = whole(None, at_least=1, at_most=10_000_000, optional=True)
    restart_s: float = number(20.0, more_than=0, at_most=86_400)
    price_usd_per_hour: float = number(0.10, at_least=0, at_most=1e6)

    kind = "server"
    icon = "M3 3h14v6H3zM3 11h14v6H3zM6 6h.01M6 14h.01"
    makes_wait = True
    noted = ("at_s", "ready", "starting", "used")  # by an autoscaler; nothing but when: a crash

    @property
    def station(self) -> StationSpec:
        return StationSpec(self.workers, self.service_ms / 1000, self.service_cv, self.queue_limit, self.blocking)

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        held = f" work + {rate(held_ms)} ms wait" if held_ms else ""
        each = "each " if copies > 1 else ""
        facts = [f"{each}{counted(self.workers, 'worker')}, {plain(self.service_ms)} ms{held}"]
        facts += self.autoscale.facts() if self.autoscale else []
        facts += [f"{each}queue of {plain(self.queue_limit)}"] if self.queue_limit is not None else []
        if self.crashes_at is not None:
            facts += [f"dies when more than {plain(self.crashes_at)} wait", f"back after {seconds(self.restart_s)}"]
        return facts

    def is_markov(self, last: bool) -> bool:
        alone = self.replicas == 1 and (last or not self.blocking)
        return alone and self.service_cv == 1 and self.queue_limit is None and self.crashes_at is None

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """machines, most_machines: ready to work, on average (each time an autoscaler looks) and at most.
        crashes: how often one of them died of its backlog.
        """
        crashes = {} if self.crashes_at is None else {"crashes": float(np.isnan(notes[:, 1]).sum())}
        scaled = notes[~np.isnan(notes[:, 1])]
        looks = scaled[scaled[:, 3] >= 0, 1]
        machines = {"machines": float(looks.mean()), "most_machines": float(scaled[:, 1].max())} if len(looks) else {}
        return machines | crashes

    def findings(self, label: str, figures: Mapping[str, float]) -> list[Finding]:
        times, back = figures.get("crashes", 0), f"is back {seconds(self.restart_s)} later, empty"
        return (
            [Finding("crashed", 90, f"{label} dies {counted(times, 'time')} of its backlog, and {back}")]
            if times
            else []
        )

    def extra_usd(self, notes: np.ndarray, begin_s: float, end_s: float) -> float:
        """Machines that start are paid for before they work."""
        scaled = notes[~np.isnan(notes[:, 1])]
        at_s = np.clip([*scaled[:, 0], end_s], begin_s, end_s)
        return float(scaled[:, 2] @ np.diff(at_s)) * self.price_usd_per_hour / 3600

    def watcher(self, name: str, run) -> Autoscaler:
        return Autoscaler(name, run)


class ServerPart(WorkPart, runs=Server):
    def _tune(self) -> None:
        super()._tune()
        if self.spec.crashes_at is not None:
            self.station.limit = min(self.station.limit, self.spec.crashes_at)

    @property
    def feeds_forward(self) -> bool:
        return super().feeds_forward and self.spec.crashes_at is None

    def overflow(self, request: Request, visit: list) -> int:
        if len(self.station.waiting) != self.spec.crashes_at:
            return super().overflow(request, visit)
        now = self.env._now
        self.notes.append((now, nan, nan, nan))
        self.die()
        Alarm(self.env, self.revive, urgent=True).set(now + self.spec.restart_s)
        return 502
