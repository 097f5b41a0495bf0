"""A server: some workers, and a line of requests before them."""

from __future__ import annotations

from dataclasses import dataclass

from pmtech.components.component import Component
from pmtech.components.fields import number, whole, yes_no
from pmtech.components.work import WorkPart


@dataclass(frozen=True, kw_only=True, repr=False)
class Server(Component):
    """Handles `workers` requests at a time, first come first served, each for `service_ms` of its own work.

    service_cv: coefficient of variation of a gamma distribution with that mean (0 constant, 1 exponential).
    queue_limit: waiting places; a full queue answers 503 at once. None: the line may grow for ever.
    replicas: so many equal machines behind a load balancer, each with its own workers and its own line.
    blocking: the worker is held while the server waits for what lies downstream (thread per request); otherwise it
        is free as soon as its own work is done (asynchronous).
    With one worker, exponential work and poisson arrivals this is the M/M/1 queue of the textbooks.

    What this leaves out: processor sharing (all requests at once, each slower), warm-up, garbage collection,
    memory, crashes. Work is done before the call downstream, none after it.
    """

    workers: int = whole(8, at_least=1, at_most=100_000)
    service_ms: float = number(100.0, at_least=0.001, at_most=3_600_000)
    service_cv: float = number(1.0, at_least=0, at_most=10)
    queue_limit: int | None = whole(None, at_least=0, at_most=10_000_000, optional=True)
    replicas: int = whole(1, at_least=1, at_most=1000)
    blocking: bool = yes_no(True)
    price_usd_per_hour: float = number(0.10, at_least=0, at_most=1e6)

    @property
    def capacity_per_s(self) -> float:
        """Requests a second that all replicas together can work on, if nothing else holds them up."""
        return self.replicas * self.workers * 1000 / self.service_ms

    def running(self, *args) -> ServerPart:
        return ServerPart(self, *args)


class ServerPart(WorkPart):
    def measures(self):
        spec = self.spec
        return spec.workers, spec.queue_limit, spec.service_ms, spec.service_cv, spec.blocking
