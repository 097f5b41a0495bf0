"""A throttle: spreads the excess out in time instead of refusing it."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from math import inf, nan
from typing import ClassVar

import numpy as np

from pmtech.components.component import Component, Mix, by_caller
from pmtech.components.fields import endpoints_tuple, number, yes_no
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.engine.sorted_pass import Undecided
from pmtech.wording import plain


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

    kind: ClassVar[str] = "throttle"
    icon: ClassVar[str] = "M3 3h14l-5.5 7v6l-3 1.5V10z"
    question: ClassVar[str] = "How long may a request wait, whose go first, and what is the customer told meanwhile?"
    verb: ClassVar[str] = "lets through"
    verbs: ClassVar[str] = "let through"
    makes_wait: ClassVar[bool] = True
    thins: ClassVar[bool] = True

    @property
    def capacity_per_s(self) -> float:
        return self.rate_per_s

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = [f"lets {plain(self.rate_per_s)} /s through"]
        facts += [f"first {', '.join(self.priority)}"] if self.priority else []
        facts += [f"sheds {', '.join(self.shed)}"] if self.shed else []
        return facts + ([f"waits at most {plain(self.max_wait_s)} s"] if self.max_wait_s is not None else [])

    def passes(self, mix, capacity, callers, routes):
        """More important endpoints first, those to be shed last; between callers as evenly as their demand allows."""
        ranks: dict[float, Mix] = defaultdict(dict)
        for (caller, endpoint), rate in mix.items():
            rank = self.priority.index(endpoint) if endpoint in self.priority else len(self.priority)
            ranks[inf if endpoint in self.shed else rank][caller, endpoint] = rate
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

    def running(self, *args) -> ThrottlePart:
        return ThrottlePart(self, *args)


class Turns:
    """Who waits, whose turn is next and when: the throttle itself, whatever clock drives it."""

    def __init__(self, spec: Throttle):
        self.spec, self.last_s = spec, -inf
        self.lines: dict[int, OrderedDict[Hashable, deque]] = defaultdict(
            OrderedDict
        )  # priority -> caller -> who waits
        self.places: dict[Hashable, tuple[int, Hashable]] = {}  # who still waits, and in which line
        self.since: deque[tuple[float, Hashable]] = deque()  # (since when, who), oldest first

    def lets_through(self, now: float) -> bool:
        """At once, if nobody waits and the last one is long enough ago."""
        if self.places or now < self.last_s + 1 / self.spec.rate_per_s:
            return False
        self.last_s = now
        return True

    def join(self, who: Hashable, caller: Hashable, endpoint: str, now: float) -> None:
        spec = self.spec
        rank = spec.priority.index(endpoint) if endpoint in spec.priority else len(spec.priority)
        caller = caller if spec.fair else "all"
        line = self.lines[rank]
        if caller in line:
            line[caller].append(who)
        else:
            line[caller] = deque([who])
        self.places[who] = rank, caller
        self.since.append((now, who))

    @property
    def turn_s(self) -> float:
        """When the next one may go."""
        return self.last_s + 1 / self.spec.rate_per_s if self.places else inf

    @property
    def deadline_s(self) -> float:
        """When the one who has waited longest gives up."""
        while self.since and self.since[0][1] not in self.places:
            self.since.popleft()
        return self.since[0][0] + self.spec.max_wait_s if self.since and self.spec.max_wait_s is not None else inf

    def next(self, now: float) -> Hashable:
        """The most important line that is not empty; in it the caller whose turn it is; of that caller the first."""
        rank = min(self.lines)
        line = self.lines[rank]
        caller, queue = line.popitem(last=False)
        who = queue.popleft()
        if queue:
            line[caller] = queue  # to the end: the next turn is another caller's
        elif not line:
            del self.lines[rank]
        del self.places[who]
        self.last_s = now
        return who

    def give_up(self) -> Hashable:
        """The one who has waited longest leaves; it stands in front of its line."""
        who = self.since.popleft()[1]
        rank, caller = self.places.pop(who)
        line = self.lines[rank]
        line[caller].remove(who)
        if not line[caller]:
            del line[caller]
        if not line:
            del self.lines[rank]
        return who


class ThrottlePart(Part):
    feeds_forward = True

    def setup(self) -> None:
        self.turns, self.refused = Turns(self.spec), set()
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
            yield self._set_alarms()
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
        turns, spec, by_endpoint = self.turns, self.spec, self.spec.priority or self.spec.shed
        endpoints = book.endpoint()[rows].tolist() if by_endpoint else [""] * len(rows)
        through, refused = [nan] * len(rows), [nan] * len(rows)
        ends = [*zip(times.tolist(), book.caller[rows].tolist(), endpoints, strict=True), (book.until_s, None, None)]
        for who, (now, caller, endpoint) in enumerate(ends):
            while (due := inf) and turns.places:
                turn, deadline = turns.turn_s, turns.deadline_s
                due = turn if turn < deadline else deadline
                if due >= now:
                    break
                if turn == deadline:
                    raise Undecided
                if due == turn:
                    through[turns.next(due)] = due
                else:
                    refused[turns.give_up()] = due
            if due == now < book.until_s:
                raise Undecided
            if caller is None:
                break
            if turns.lets_through(now):
                through[who] = now
            elif endpoint in spec.shed:
                refused[who] = now
            else:
                turns.join(who, caller, endpoint, now)
        through, refused = np.array(through, float), np.array(refused, float)
        book.visit(self, rows, times, through, np.fmin(through, refused))
        book.refuse(self, rows[refused >= 0], refused[refused >= 0], 503)
        passed = ~np.isnan(through)
        rows, through = rows[passed], through[passed]
        if self.next is None:
            book.answer(rows, through, 200)
        else:
            book.send(self.next, rows, through)
