"""The network between two parts: half a round trip there, half a round trip back."""

from dataclasses import dataclass
from math import nan

from pmtech.components.component import Component
from pmtech.components.fields import number
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import gamma
from pmtech.engine.request import Request
from pmtech.wording import plain


@dataclass(frozen=True, kw_only=True, repr=False)
class Network(Component):
    """Adds a round trip of `round_trip_ms` on average, half of it before and half of it after what lies downstream.

    round_trip_cv: coefficient of variation of a gamma distribution with that mean (0 constant).
    Typical round trips: 0.5 ms within a data centre, 150 ms between California and the Netherlands (Dean, "Numbers
    everyone should know", 2009).

    What this leaves out: bandwidth and the size of what is sent, lost packets, setting up connections and TLS.
    """

    round_trip_ms: float = number(60.0, at_least=0, at_most=3_600_000)
    round_trip_cv: float = number(0.0, at_least=0, at_most=10)

    kind = "network"
    icon = "M2 10c2-7 14-7 16 0M2 10c2 7 14 7 16 0M10 4.8c-3 2-3 8.4 0 10.4M10 4.8c3 2 3 8.4 0 10.4M2 10h16"

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return [f"{plain(self.round_trip_ms)} ms there and back"]

    @property
    def own_s(self) -> float:
        return self.round_trip_ms / 1000

    def is_markov(self, last: bool) -> bool:
        return self.round_trip_cv == 0


class NetworkPart(Part, runs=Network):
    def setup(self) -> None:
        self.trip = self.run.luck(f"{self.name}.trip", gamma(self.spec.round_trip_cv))

    def change(self, spec) -> None:
        super().change(spec)
        self.setup()

    def handle(self, request: Request) -> Steps:
        now = self.env._now
        visit = [request, now, now, nan]
        self.visits.append(visit)
        half_s = self.trip[request.luck_key][request.number] * self.spec.round_trip_ms / 2000
        half_s = self.stretched(half_s, request) if self.slowness else half_s
        self.coming.add(request)
        yield half_s
        self.coming.discard(request)
        status = (yield from self.next.handle(request)) if self.next else 200
        yield half_s
        visit[3] = self.env._now
        return status

    feeds_forward = True

    def pass_sorted(self, rows, times, book) -> None:
        half_s = book.draw(self.trip, rows) * self.spec.round_trip_ms / 2000
        there = times + half_s
        book.send(self.next, rows, there)

        def back(book) -> None:
            book.finished[rows] += half_s
            book.visit(self, rows, times, times, book.finished[rows])

        book.come_back(back)
