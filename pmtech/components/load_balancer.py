"""A load balancer: picks one of several equal targets for each request."""

from dataclasses import dataclass
from math import nan

from pmtech.components.component import Component
from pmtech.components.connections import Connections, layer
from pmtech.components.fields import number, one_of, whole, yes_no
from pmtech.components.health import Health
from pmtech.components.policies import BLIND, BY_KEY, COUNTING, POLICIES, least_busy
from pmtech.components.ring import VIRTUAL_NODES, Ring
from pmtech.components.shares import share_out
from pmtech.components.work import WorkPart
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.randomness import identity
from pmtech.engine.request import Request
from pmtech.wording import counted, seconds

ELSEWHERE = (502, 503)  # somebody else may be able to do it


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadBalancer(Component):
    """Sends each request to one target of the pool behind it.

    policy:
      "round_robin": one after the other.
      "random": any of them.
      "least_connections": the one with the fewest requests in flight (ties: the next in turn).
      "power_of_two_choices": two are drawn, the less busy one is taken (Mitzenmacher 2001; Envoy's "least request").
      "consistent_hash": the one that `request.key` belongs to on a hash ring (`Ring`): few keys move when one comes or goes.
          Each stands there in `virtual_nodes` places: the more, the more equal their shares (`theory.ring_variation`).
      "modulo": key modulo the number of targets: nearly all keys move.
    layer: 7 picks for each request; 4 picks once for each connection (`Clients(connections=...)`), whose requests all go
        where its first went, until it ends or its target dies.
    health_check_s: it asks every target so often whether it is well; after `unhealthy_after` checks in a row without
        an answer it sends nothing there until a check succeeds again. None: it never notices that a target died. What is
        no machine itself (a `Network`, a `CircuitBreaker`) passes the question on to the one behind it.
    sticky: a caller stays with the target that it was first sent to, as long as that is there (session affinity).
    retries: what one target answers 502 or 503 is asked of so many others, at once, the least busy first; but never what
        changes something (`write_share`): it may have been done. Needs layer 7, which reads requests.

    What this leaves out: its own latency and limits, weights.
    """

    policy: str = one_of(*POLICIES)
    layer: int = layer()
    health_check_s: float | None = number(None, at_least=0.01, at_most=3600, optional=True)
    unhealthy_after: int = whole(2, at_least=1, at_most=100)
    sticky: bool = yes_no(False)
    retries: int = whole(0, at_least=0, at_most=10)
    virtual_nodes: int = whole(VIRTUAL_NODES, at_least=1, at_most=10_000)

    kind = "load balancer"
    icon = "M2 10h15M6 10l5-6h6M6 10l5 6h6"
    question = "If one machine dies at the peak, have the others room, and how soon is it noticed?"
    fan_out = "pool"
    needs_next = True

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
    def looks_per_s(self) -> float:
        return 1 / self.health_check_s if self.health_check_s else 0.0


class LoadBalancerPart(Part, runs=LoadBalancer):
    def setup(self) -> None:
        self.turn = -1
        self.in_flight = [0] * len(self.targets)
        self.retired: set[int] = set()
        self.homes: dict[str, int] = {}
        self.connections = Connections(self.targets)
        self.first = self.run.luck(f"{self.name}.first", identity)
        self.second = self.run.luck(f"{self.name}.second", identity)
        self.health = Health(self)
        self.change(self.spec)

    def change(self, spec) -> None:
        super().change(spec)
        self.choose_from()
        self.health.plan()

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        """The pool has other machines now. Who is retired finishes what it holds."""
        self.in_flight += [0] * (len(targets) - len(self.targets))
        super().resize(targets, retired)
        self.retired = retired
        self.connections.resize(targets, retired)
        self.choose_from()

    def sends_to(self, target: Part) -> bool:
        return self.targets.index(target) in self.up

    def room(self) -> float:
        return sum(self.targets[number].room() for number in self.up)

    def choose_from(self) -> None:
        """From now on, the targets that it believes to be well."""
        self.up = self.health.trusted(self.retired)
        self.pick = POLICIES[self.spec.policy]
        if self.spec.policy == "consistent_hash":
            self.ring = Ring(((n, self.targets[n].machine) for n in self.up), self.spec.virtual_nodes)
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
        tried, luck_key = {failed}, request.luck_key
        for attempt in range(1, self.spec.retries + 1):
            others = [target for target in self.up if target not in tried]
            if not others or status not in ELSEWHERE:
                break
            chosen = least_busy(self, others)
            tried.add(chosen)
            request.served_by, request.retry_after, request.luck_key = None, nan, (*luck_key, self.name, attempt)
            self.in_flight[chosen] += 1
            status = yield from self.targets[chosen].handle(request)
            self.in_flight[chosen] -= 1
        request.luck_key = luck_key
        return status

    def _choose(self, request: Request) -> int:
        spec = self.spec
        if spec.sticky and self.homes.get(request.caller) in self.up:
            return self.homes[request.caller]
        if spec.layer == 4:
            connection = request.connection
            if (kept := self.connections.find(*connection)) is not None:
                return kept
        first, second = self.first[request.luck_key][request.number], self.second[request.luck_key][request.number]
        chosen = self.pick(self, first, second, request.key if spec.policy in BY_KEY else 0)
        if spec.sticky:
            self.homes[request.caller] = chosen
        if spec.layer == 4:
            self.connections.keep(*connection, chosen)
        return chosen

    # --- all requests at once -------------------------------------------------------------------------------------------

    @property
    def feeds_forward(self) -> bool:
        """It looks at no state, or only at the machines of its own pool: who is there, and how much each of them holds."""
        spec = self.spec
        counts = spec.layer == 7 and self._ends_here and spec.policy in COUNTING
        return spec.health_check_s is None and not (spec.sticky or spec.retries) and (spec.policy in BLIND or counts)

    @property
    def _ends_here(self) -> bool:
        return all(isinstance(target, WorkPart) and target.next is target.place is None for target in self.targets)

    def follows(self, name: str) -> bool:
        scaled = {part for part, machines in self.run.parts.items() if machines[0].spec.autoscale}
        return self.spec.layer == 7 and self._ends_here and scaled == {name} == {target.name for target in self.targets}

    def pass_sorted(self, rows, times, book) -> None:
        book.visit(self, rows, times, times, times)
        share_out(self, rows, times, book)
