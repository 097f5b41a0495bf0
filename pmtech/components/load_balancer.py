"""A load balancer: picks one of several equal targets for each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pmtech.components.component import Component, one_of
from pmtech.engine import Part, Request, Steps
from pmtech.randomness import identity


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadBalancer(Component):
    """Sends each request to one target of the pool behind it.

    policy:
      "round_robin": one after the other.
      "random": any of them.
      "least_connections": the one with the fewest requests in flight (ties: the next in turn).
      "power_of_two_choices": two are drawn, the less busy one is taken (Mitzenmacher 2001; Envoy's "least request").

    What this leaves out: its own latency and limits, connections that stay open (layer 4), weights.
    """

    policy: str = one_of("round_robin", "random", "least_connections", "power_of_two_choices")

    fan_out: ClassVar[str] = "pool"

    def running(self, *args) -> LoadBalancerPart:
        return LoadBalancerPart(self, *args)


class LoadBalancerPart(Part):
    def setup(self) -> None:
        self.turn = -1
        self.in_flight = [0] * len(self.targets)
        self.first = self.run.luck(f"{self.name}.first", identity)
        self.second = self.run.luck(f"{self.name}.second", identity)

    def handle(self, request: Request) -> Steps:
        self.pass_through(request)
        chosen = getattr(self, self.spec.policy)(request)
        self.in_flight[chosen] += 1
        status = yield from self.targets[chosen].handle(request)
        self.in_flight[chosen] -= 1
        return status

    def round_robin(self, request: Request) -> int:
        self.turn = (self.turn + 1) % len(self.targets)
        return self.turn

    def random(self, request: Request) -> int:
        return int(self.first[request.line][request.number] * len(self.targets))

    def least_connections(self, request: Request) -> int:
        count = len(self.targets)
        after = self.turn + 1
        self.turn = min(range(count), key=lambda target: (self.in_flight[target], (target - after) % count))
        return self.turn

    def power_of_two_choices(self, request: Request) -> int:
        count = len(self.targets)
        one = self.random(request)
        if count == 1:
            return one
        other = int(self.second[request.line][request.number] * (count - 1))
        other += other >= one  # never the same twice
        return other if self.in_flight[other] < self.in_flight[one] else one
