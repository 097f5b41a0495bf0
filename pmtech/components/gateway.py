"""A gateway: one door, and behind it a part for each endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pmtech.components.component import Component
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request


@dataclass(frozen=True, kw_only=True, repr=False)
class Gateway(Component):
    """Sends each request where its endpoint says; answers 404 when there is no such route.

    What this leaves out: its own latency, authentication, path patterns (a route is an endpoint, word for word).
    """

    kind: ClassVar[str] = "gateway"
    icon: ClassVar[str] = "M9 2v16M9 4h6l2.5 2L15 8H9M9 9H5l-2.5 2L5 13h4"
    fan_out: ClassVar[str] = "routes"
    needs_next: ClassVar[bool] = True

    def passes(self, mix, capacity, callers, routes):
        passed = {key: rate for key, rate in mix.items() if not routes or key[1] in routes or None in routes}
        return passed, sum(mix.values()) - sum(passed.values())

    def trouble(self, refused: bool) -> list[str]:
        return ["no route for these"] if refused else []

    def running(self, *args) -> GatewayPart:
        return GatewayPart(self, *args)


class GatewayPart(Part):
    def setup(self) -> None:
        self.routes = dict(zip(self.labels, self.targets, strict=True))

    def handle(self, request: Request) -> Steps:
        target = self.routes.get(request.endpoint)
        if target is None:
            return self.refuse(request, self.visit(request), 404)
        self.pass_through(request)
        return (yield from target.handle(request))

    feeds_forward = True

    def pass_sorted(self, rows, times, book) -> None:
        wanted = book.endpoint()[rows]
        known = np.isin(wanted, list(self.routes))
        book.visit(self, rows, times, np.where(known, times, np.nan), times)
        book.refuse(self, rows[~known], times[~known], 404)
        for endpoint, target in self.routes.items():
            book.send(target, rows[wanted == endpoint], times[wanted == endpoint])
