"""A load balancer: picks one of several equal targets for each request."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf, nan
from typing import ClassVar

import numpy as np

from pmtech.components.component import Component
from pmtech.components.fields import checked, number, one_of, whole, yes_no
from pmtech.components.ring import Ring
from pmtech.components.work import WorkPart
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import identity
from pmtech.engine.request import Request
from pmtech.engine.sorted_pass import Undecided
from pmtech.wording import counted, seconds

ELSEWHERE = (502, 503)  # somebody else may be able to do it


def layer():
    """A field that holds 7 or 4."""

    def check(name: str, value):
        if type(value) is not int or value not in (7, 4):
            raise ValueError(f"{name} must be 7 (requests) or 4 (connections), got {value!r}")
        return value

    return checked(7, check, kind="choice", options=(7, 4))


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadBalancer(Component):
    """Sends each request to one target of the pool behind it.

    policy:
      "round_robin": one after the other.
      "random": any of them.
      "least_connections": the one with the fewest requests in flight (ties: the next in turn).
      "power_of_two_choices": two are drawn, the less busy one is taken (Mitzenmacher 2001; Envoy's "least request").
      "consistent_hash": the one that `request.key` belongs to on a hash ring (`Ring`): few keys move when one comes or goes.
      "modulo": key modulo the number of targets: nearly all keys move.
    layer: 7 picks for each request; 4 picks once for each connection (`Clients(connections=...)`), whose requests all go
        where its first went, until it ends or its target dies.
    health_check_s: it asks every target so often whether it is well; after `unhealthy_after` checks in a row without
        an answer it sends nothing there until a check succeeds again. None: it never notices that a target died.
    sticky: a caller stays with the target that it was first sent to, as long as that is there (session affinity).
    retries: what one target answers 502 or 503 is asked of so many others, at once, the least busy first; but never what
        changes something (`write_share`): it may have been done. Needs layer 7, which reads requests.

    What this leaves out: its own latency and limits, weights.
    """

    policy: str = one_of(
        "round_robin", "random", "least_connections", "power_of_two_choices", "consistent_hash", "modulo"
    )
    layer: int = layer()
    health_check_s: float | None = number(None, at_least=0.01, at_most=3600, optional=True)
    unhealthy_after: int = whole(2, at_least=1, at_most=100)
    sticky: bool = yes_no(False)
    retries: int = whole(0, at_least=0, at_most=10)

    kind: ClassVar[str] = "load balancer"
    icon: ClassVar[str] = "M2 10h15M6 10l5-6h6M6 10l5 6h6"
    question: ClassVar[str] = "If one machine dies at the peak, have the others room, and how soon is it noticed?"
    fan_out: ClassVar[str] = "pool"
    needs_next: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        if self.layer == 4 and self.retries:
            raise ValueError(
                "retries need layer=7: at layer 4 a balancer sees connections, and no request to try again"
            )

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        layer = ["layer 4: by connection"] if self.layer == 4 else []
        again = [f"tries {counted(self.retries, 'other')} (reads only)"] if self.retries else []
        return [self.policy.replace("_", " "), *layer, *again]

    def conditions(self) -> list[str]:
        return [f"a health check every {seconds(self.health_check_s)}" if self.health_check_s else "no health checks"]

    @property
    def checks_health(self) -> bool:
        return self.health_check_s is not None

    @property
    def looks_per_s(self) -> float:
        return 1 / self.health_check_s if self.health_check_s else 0.0

    def running(self, *args) -> LoadBalancerPart:
        return LoadBalancerPart(self, *args)


class LoadBalancerPart(Part):
    def setup(self) -> None:
        self.turn = -1
        self.in_flight = [0] * len(self.targets)
        self.missed = [0] * len(self.targets)
        self.retired: set[int] = set()
        self.homes: dict[str, int] = {}
        self.kept: dict[
            tuple, tuple[int, int, int]
        ] = {}  # connection -> (which life, its target, whose deaths till then)
        self.first = self.run.luck(f"{self.name}.first", identity)
        self.second = self.run.luck(f"{self.name}.second", identity)
        self.checkup = Alarm(self.env, self._check_health)
        self._choose_from()
        self._plan_checkup()

    def change(self, spec) -> None:
        super().change(spec)
        self._choose_from()
        self._plan_checkup()

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        """The pool has other machines now. Who is retired finishes what it holds."""
        more = len(targets) - len(self.targets)
        super().resize(targets, retired)
        self.retired = retired
        self.kept = {line: kept for line, kept in self.kept.items() if kept[1] not in retired}
        self.in_flight += [0] * more
        self.missed += [0] * more
        self._choose_from()

    def sends_to(self, target: Part) -> bool:
        return self.targets.index(target) in self.up

    def room(self) -> float:
        return sum(self.targets[number].room() for number in self.up)

    def _plan_checkup(self) -> None:
        every = self.spec.health_check_s
        self.checkup.set(inf if every is None else self.env._now + every)

    def _check_health(self) -> None:
        self.missed = [0 if part.alive else n + 1 for part, n in zip(self.targets, self.missed, strict=True)]
        self._choose_from()
        self._plan_checkup()

    def _choose_from(self) -> None:
        """The targets that it believes to be well."""
        trusted = inf if self.spec.health_check_s is None else self.spec.unhealthy_after
        self.up = [n for n, missed in enumerate(self.missed) if missed < trusted and n not in self.retired]
        if self.spec.policy == "consistent_hash":
            self.ring = Ring((n, f"{self.targets[n].machine}") for n in self.up)
        self.has_room()

    def handle(self, request: Request) -> Steps:
        if not self.up:
            return self.refuse(request, self.visit(request), 503)
        self.pass_through(request)
        chosen = self._choose(request)
        self.in_flight[chosen] += 1
        status = yield from self.targets[chosen].handle(request)
        self.in_flight[chosen] -= 1
        if status in ELSEWHERE and self.spec.retries and not request.write:
            status = yield from self._elsewhere(request, chosen, status)
        return status

    def _elsewhere(self, request: Request, failed: int, status: int) -> Steps:
        """Ask others for what one could not do; each attempt has luck of its own."""
        tried, line = {failed}, request.line
        for attempt in range(1, self.spec.retries + 1):
            others = [target for target in self.up if target not in tried]
            if not others or status not in ELSEWHERE:
                break
            chosen = min(others, key=lambda target: (self.in_flight[target], self._in_turn(target)))
            tried.add(chosen)
            request.served_by, request.retry_after, request.line = None, nan, (*line, self.name, attempt)
            self.in_flight[chosen] += 1
            status = yield from self.targets[chosen].handle(request)
            self.in_flight[chosen] -= 1
        request.line = line
        return status

    def _choose(self, request: Request) -> int:
        if self.spec.sticky and self.homes.get(request.caller) in self.up:
            return self.homes[request.caller]
        line, number = request.line, request.number
        if self.spec.layer == 4:
            connection, life = request.connection
            kept_life, kept, deaths = self.kept.get(connection, (None, 0, 0))
            if kept_life == life and len(self.targets[kept].deaths) == deaths and self.targets[kept].alive:
                return kept
        self.key = request.key if self.spec.policy in ("consistent_hash", "modulo") else 0
        chosen = getattr(self, self.spec.policy)(self.first[line][number], self.second[line][number])
        if self.spec.sticky:
            self.homes[request.caller] = chosen
        if self.spec.layer == 4:
            self.kept[connection] = life, chosen, len(self.targets[chosen].deaths)
        return chosen

    def _in_turn(self, target: int) -> int:
        """How many come before this target, counted from the one that was served last."""
        return (target - self.turn - 1) % len(self.targets)

    def round_robin(self, _first: float, _second: float) -> int:
        all_up = len(self.up) == len(self.targets)
        self.turn = (self.turn + 1) % len(self.targets) if all_up else min(self.up, key=self._in_turn)
        return self.turn

    def random(self, first: float, _second: float) -> int:
        return self.up[int(first * len(self.up))]

    def least_connections(self, _first: float, _second: float) -> int:
        self.turn = min(self.up, key=lambda target: (self.in_flight[target], self._in_turn(target)))
        return self.turn

    def consistent_hash(self, _first: float, _second: float) -> int:
        return self.ring.find(self.key)

    def modulo(self, _first: float, _second: float) -> int:
        return self.up[self.key % len(self.up)]

    def power_of_two_choices(self, first: float, second: float) -> int:
        one = int(first * len(self.up))
        if len(self.up) == 1:
            return self.up[one]
        other = int(second * (len(self.up) - 1))
        other += other >= one  # never the same twice
        return min(self.up[one], self.up[other], key=self.in_flight.__getitem__)

    # --- all requests at once (shortcut.py) ----------------------------------------------------------------------

    @property
    def feeds_forward(self) -> bool:
        """It looks at no state, or only at how many requests the machines of its own pool hold."""
        spec = self.spec
        blind = spec.policy in ("round_robin", "random")
        ends_here = all(isinstance(target, WorkPart) and target.next is None for target in self.targets)
        counts = spec.layer == 7 and ends_here and spec.policy in ("least_connections", "power_of_two_choices")
        return spec.health_check_s is None and not (spec.sticky or spec.retries) and (blind or counts)

    def pass_sorted(self, rows, times, book) -> None:
        book.visit(self, rows, times, times, times)
        for target, theirs in zip(self.targets, self._shares(rows, times, book), strict=True):
            book.send(target, rows[theirs], times[theirs])

    def _shares(self, rows, times, book) -> list[slice] | list[np.ndarray]:
        """Which of these requests each target is sent."""
        targets = len(self.targets)
        if self.spec.layer == 4:
            chosen = self._by_connection(rows, times, book)
        elif self.spec.policy == "round_robin":
            return [slice(turn, None, targets) for turn in range(targets)]
        elif self.spec.policy == "random":
            chosen = (book.draw(self.first, rows) * targets).astype(int)
        else:
            chosen = self._by_load(rows, times, book)
        order = np.argsort(chosen.astype(np.min_scalar_type(targets)), kind="stable")  # small numbers sort by counting
        return np.split(order, np.cumsum(np.bincount(chosen, minlength=targets))[:-1])

    def _by_connection(self, rows, times, book) -> np.ndarray:
        """Which target each request is sent to, when that is chosen once for each connection."""
        lives, kept, chosen, choose = [{} for _ in book.sources], {}, [], getattr(self, self.spec.policy)
        sources = [self.run.parts[name][0] for name in book.sources]
        luck = (book.draw(each, rows).tolist() for each in (self.first, self.second))
        who, takes = book.client[rows].tolist(), book.connection()[rows].tolist()
        for now, source, taken, first, second in zip(times.tolist(), who, takes, *luck, strict=True):
            if taken < 0:  # one of its own
                chosen.append(choose(first, second))
                continue
            connection = source, taken, sources[source].life(taken, now, lives[source])
            if connection not in kept:
                kept[connection] = choose(first, second)
            chosen.append(kept[connection])
        return np.array(chosen, dtype=int)

    def _by_load(self, rows, times, book) -> np.ndarray:
        """Which target each request is sent to, from how many the targets hold at that moment."""
        lines = [target.line() for target in self.targets]
        of = {target.name: target for target in self.targets}  # replicas share a name, and with it the work
        works = {name: target.needs(rows, book).tolist() for name, target in of.items()}
        needs = [works[target.name] for target in self.targets]
        first, second = book.draw(self.first, rows).tolist(), book.draw(self.second, rows).tolist()
        choose, in_flight, leaving, chosen = getattr(self, self.spec.policy), self.in_flight, [], []
        for place, now in enumerate(times.tolist()):
            while leaving and leaving[0][0] <= now:
                if leaving[0][0] == now:
                    raise Undecided
                in_flight[heappop(leaving)[1]] -= 1
            target = choose(first[place], second[place])
            chosen.append(target)
            begins = lines[target].enter(now, needs[target][place])
            if begins is not None:
                in_flight[target] += 1
                heappush(leaving, (begins + needs[target][place], target))
        return np.array(chosen, dtype=int)
