"""A throttle: spreads the excess out in time instead of refusing it."""

from collections import defaultdict
from dataclasses import dataclass
from math import inf

import numpy as np

from pmtech.components.component import Component
from pmtech.components.endpoints import endpoints_tuple
from pmtech.components.fields import number, yes_no
from pmtech.components.rates import Mix, by_caller
from pmtech.components.turns import Turns
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import plain, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class Throttle(Component):
    """Lets at most `rate_per_s` requests through, one every 1/rate seconds; the others wait their turn.

    fair: callers take turns (round robin of unit jobs, which is max-min fair: nobody gets more while someone with an
        unmet smaller demand could have it; Nagle, RFC 970; Demers and others, SIGCOMM 1989). Otherwise first come first.
    priority: endpoints that go before all others, the most important first.
    max_wait_s: whoever has waited so long is told 503. None: wait for ever.
    shed: endpoints that are refused with 503 as soon as anybody has to wait (load shedding of what is not essential).
    Without these it is a leaky bucket as a queue, one for all (nginx's limit_req has one for each caller, and a short one).

    What this leaves out: weights between callers, and the memory that the waiting requests take.
    """

    rate_per_s: float = number(80.0, at_least=0.001, at_most=1e6)
    fair: bool = yes_no(True)
    priority: tuple[str, ...] = endpoints_tuple()
    max_wait_s: float | None = number(None, at_least=0, at_most=86_400, optional=True)
    shed: tuple[str, ...] = endpoints_tuple()

    kind = "throttle"
    icon = "M3 3h14l-5.5 7v6l-3 1.5V10z"
    question = "How long may a request wait, whose go first, and what is the customer told meanwhile?"
    verb = "lets through"
    verbs = "let through"
    makes_wait = True
    thins = True

    @property
    def capacity_per_s(self) -> float:
        return self.rate_per_s

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [f"lets {plain(self.rate_per_s)} /s through"]
        facts += [f"first {', '.join(self.priority)}"] if self.priority else []
        facts += [f"sheds {', '.join(self.shed)}"] if self.shed else []
        return facts + ([f"waits at most {seconds(self.max_wait_s)}"] if self.max_wait_s is not None else [])

    def rank(self, endpoint: str) -> int:
        """The place of an endpoint in the order of importance, 0 first; those that nobody named come last, together."""
        return self.priority.index(endpoint) if endpoint in self.priority else len(self.priority)

    def passes(self, mix, capacity, callers, routes):
        """More important endpoints first, those to be shed last; between callers as evenly as their demand allows."""
        ranks: dict[float, Mix] = defaultdict(dict)
        for (caller, endpoint), rate in mix.items():
            ranks[inf if endpoint in self.shed else self.rank(endpoint)][caller, endpoint] = rate
        left, passed, shed = capacity, {}, 0.0
        for rank in sorted(ranks):
            asked = by_caller(ranks[rank])
            if self.fair:
                share, heads = {}, sum(callers[caller] for caller in asked)
                for caller in sorted(asked, key=lambda c: asked[c] / max(callers[c], 1)):
                    got = min(asked[caller], left * callers[caller] / max(heads, 1))
                    share[caller] = got / asked[caller] if asked[caller] else 1.0
                    left, heads = left - got, heads - callers[caller]
            else:
                all_ = min(1.0, left / total) if (total := sum(asked.values())) else 1.0
                left, share = left - total * all_, dict.fromkeys(asked, all_)
            passed |= {key: rate * share[key[0]] for key, rate in ranks[rank].items()}
            if rank == inf:
                shed = sum(rate * (1 - share[caller]) for caller, rate in asked.items())
        return passed, sum(mix.values()) - sum(passed.values()) if self.max_wait_s is not None else shed


class ThrottlePart(Part, runs=Throttle):
    feeds_forward = True

    def setup(self) -> None:
        self.turns: Turns[Request] = Turns(self.spec)
        self.refused: set[Request] = set()
        self.turn = Alarm(self.env, self._next_turn)
        self.deadline = Alarm(self.env, self._give_up)

    def change(self, spec) -> None:
        super().change(spec)
        self.turns.spec = spec
        self._set_alarms()

    def handle(self, request: Request) -> Steps:
        visit = self.visit(request)
        if not self.turns.lets_through(self.env._now):
            if request.endpoint in self.spec.shed:
                return self.refuse(request, visit, 503)
            self.turns.join(request, request.caller, request.endpoint, self.env._now)
            self._set_alarms()
            yield None
            if request in self.refused:
                self.refused.discard(request)
                return self.refuse(request, visit, 503)
        visit[2] = visit[3] = self.env._now
        return (yield from self.next.handle(request)) if self.next else 200

    def room(self) -> float:
        return 0 if self.turns.places else min(1, super().room())

    def state(self) -> tuple[float, float, float]:
        return len(self.turns.places), 0, 0

    def _set_alarms(self) -> None:
        self.turn.set(max(self.turns.turn_s, self.env._now))
        self.deadline.set(max(self.turns.deadline_s, self.env._now))

    def _next_turn(self) -> None:
        self.turns.next(self.env._now).wake()
        self._one_less()

    def _give_up(self) -> None:
        request = self.turns.give_up()
        self.refused.add(request)
        request.wake()
        self._one_less()

    def _one_less(self) -> None:
        self._set_alarms()
        if not self.turns.places:
            self.has_room()

    def pass_sorted(self, rows, times, book) -> None:
        by_endpoint = self.spec.priority or self.spec.shed
        endpoints = book.endpoint()[rows].tolist() if by_endpoint else [""] * len(rows)
        comers = [*zip(times.tolist(), book.caller[rows].tolist(), endpoints, strict=True)]
        through, refused = Turns[int](self.spec).walk(comers, book.until_s)
        book.visit(self, rows, times, through, np.fmin(through, refused))
        book.refuse(self, rows[refused >= 0], refused[refused >= 0], 503)
        passed = ~np.isnan(through)
        rows, through = rows[passed], through[passed]
        book.send(self.next, rows, through)
