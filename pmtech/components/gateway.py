"""A gateway: one door, and behind it a part for each endpoint."""

from dataclasses import dataclass

import numpy as np

from pmtech.components.component import Component
from pmtech.components.endpoints import Weights
from pmtech.components.fields import checked, number
from pmtech.components.named import slugged
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import plain


def _keys(name: str, value):
    """{who has a key: what it opens}; one endpoint alone may be given as a string."""
    if not isinstance(value, dict) or not all(isinstance(who, str) for who in value):
        raise ValueError(f'{name} must be clients with endpoints such as {{"Company D": ["/export"]}}, got {value!r}')
    opened = {who: (what,) if isinstance(what, str) else what for who, what in value.items()}
    for who, what in opened.items():
        if not isinstance(what, (tuple, list)) or not all(isinstance(endpoint, str) for endpoint in what):
            raise ValueError(
                f'{name}: what the key of "{who}" opens must be endpoints such as ["/export"], got {what!r}'
            )
    return Weights({who: tuple(what) for who, what in opened.items()})


@dataclass(frozen=True, kw_only=True, repr=False)
class Gateway(Component):
    """Sends each request where its endpoint says; answers 404 when there is no such route.

    own_ms: time that it takes itself for every request, the refused ones included.
    keys: {client: endpoints that its key opens}; whoever has none is answered 401, and 403 for what the key does not open
        (RFC 9110, 15.5.2 and 15.5.4). A client is named as in the system, "Company D" or "company_d". None: no keys are
        asked for. Who may come in is asked before where to.
    When it dies it answers 502, also to what it had passed on; they hear it when that is done.

    What this leaves out: limits of its own time (as many as come at once), path patterns (a route is an endpoint, word
    for word), keys that are stolen, or out of date.
    """

    own_ms: float = number(0.0, at_least=0, at_most=3_600_000)
    keys: dict[str, tuple[str, ...]] | None = checked(None, _keys, optional=True, kind="keys")

    kind = "gateway"
    icon = "M9 2v16M9 4h6l2.5 2L15 8H9M9 9H5l-2.5 2L5 13h4"
    question = "What still works when the gateway does not, and who may change its rules?"
    fan_out = "routes"
    needs_next = True

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [f"{plain(self.own_ms)} ms"] if self.own_ms else []
        return facts + (["asks for a key"] if self.keys is not None else [])

    @property
    def own_s(self) -> float:
        return self.own_ms / 1000

    def may(self, client: str, endpoint: str) -> int:
        """200, or the status for a client (by its name in paths) that may not come in, or not there."""
        if self.keys is None:
            return 200
        for who, opened in self.keys.items():
            if slugged(who) == client:
                return 200 if endpoint in opened else 403
        return 401

    def passes(self, mix, capacity, callers, routes):
        passed = {
            (client, endpoint): rate
            for (client, endpoint), rate in mix.items()
            if self.may(client, endpoint) == 200 and (not routes or endpoint in routes or None in routes)
        }
        return passed, sum(mix.values()) - sum(passed.values())

    def trouble(self, refused: bool) -> list[str]:
        return ["no route for these" if self.keys is None else "no key or no route for these"] if refused else []


class GatewayPart(Part, runs=Gateway):
    mortal = True

    def setup(self) -> None:
        self.routes = dict(zip(self.labels, self.targets, strict=True))

    def handle(self, request: Request) -> Steps:
        visit, died = self.visit(request), len(self.deaths)
        if own_s := self.spec.own_s:
            self.coming.add(request)
            yield self.stretched(own_s, request)
            self.coming.discard(request)
            if len(self.deaths) > died:
                return self.refuse(request, visit, 502)
        status, target = self.spec.may(request.client, request.endpoint), self.routes.get(request.endpoint)
        if status != 200 or target is None:
            return self.refuse(request, visit, status if status != 200 else 404)
        visit[2], visit[3] = visit[1], self.env._now
        status = yield from target.handle(request)
        return status if len(self.deaths) == died else 502

    @property
    def feeds_forward(self) -> bool:
        return self.spec.keys is None and not self.spec.own_ms

    def pass_sorted(self, rows, times, book) -> None:
        wanted = book.endpoint()[rows]
        known = np.isin(wanted, [endpoint for endpoint in self.routes if endpoint is not None])
        book.visit(self, rows, times, np.where(known, times, np.nan), times)
        book.refuse(self, rows[~known], times[~known], 404)
        for endpoint, target in self.routes.items():
            book.send(target, rows[wanted == endpoint], times[wanted == endpoint])
