"""An autoscaler: watches how busy machines are, adds some, and takes them away."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nan
from operator import itemgetter

from pmtech import theory
from pmtech.components.fields import Checked, number, pairs_in_time, whole
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.run import Run
from pmtech.wording import percent, plain, seconds

MOST = 1000  # machines of one part


@dataclass(frozen=True, repr=False)
class Autoscale(Checked):
    """`Server(autoscale=Autoscale(...))`: as many machines as keep `target` of their workers busy, by the rules of
    Kubernetes' horizontal pod autoscaler (`theory.desired_replicas`).

    least, most: never fewer, never more machines. every_s: it looks so often, at what happened since it looked last.
    starts_s: so long until a new machine takes requests; it is paid for meanwhile. calm_s: it takes machines away only
    down to the most that it would have wanted within so long; what there was when it began counts as wanted then.
    tolerance: a difference to the target that it leaves alone.
    schedule: pairs of (from which second of the run, least) such as ((35_400, 8), (39_600, 1)): machines are there before the
    load is, if that is known.
    At most four machines or as many again are added each `every_s`, whichever is more. A machine that it has not seen
    working since the look before counts as one that starts. One that dies is replaced, and goes when it is back: least =
    most are so many, always.

    What this leaves out: other measures than how busy workers are, machines that fail to start, how long the
    platform takes to measure; others have other rules (Knative's panic mode, KEDA, target tracking).
    """

    target: float = number(0.6, at_least=0.01, at_most=1)
    least: int = whole(1, at_least=1, at_most=MOST)
    most: int = whole(20, at_least=1, at_most=MOST)
    every_s: float = number(15.0, at_least=1, at_most=3600)
    starts_s: float = number(60.0, at_least=0, at_most=3600)
    calm_s: float = number(300.0, at_least=0, at_most=86_400)
    tolerance: float = number(0.1, at_least=0, at_most=0.9)
    schedule: tuple[tuple[float, int], ...] = pairs_in_time(
        (),
        "(second, least machines) such as ((35_400, 8), (39_600, 1))",
        lambda least: isinstance(least, int) and 1 <= least <= MOST,
    )

    def __post_init__(self):
        super().__post_init__()
        for least in (self.least, *(least for _, least in self.schedule)):
            if least > self.most:
                raise ValueError(f"least must be no more than most ({self.most}), got {least}")

    def least_at(self, at_s: float) -> int:
        """The fewest machines at a moment, by the schedule, and never fewer than `least`."""
        return max(self.least, next((least for since_s, least in reversed(self.schedule) if since_s <= at_s), 1))

    def facts(self) -> list[str]:
        """A few words each, for the box of what it scales."""
        if self.least == self.most:
            return [f"always {plain(self.least)} machines"]
        facts = [f"{plain(self.least)} to {plain(self.most)} machines, {percent(self.target)} busy"]
        return facts + [f"at least {plain(least)} from {seconds(since_s)}" for since_s, least in self.schedule]


class Autoscaler:
    """An `Autoscale` at work on the machines of one part."""

    def __init__(self, name: str, run: Run):
        self.name, self.run, self.looked_s = name, run, 0.0
        self.held: dict[Part, list[list]] = {}  # who worked at the last look, and the visits that went on then
        self.ready_s: list[float] = []  # when which of those that start will be ready, the next first
        self.wanted: deque[tuple[float, int]] = deque()  # what it would have wanted, and when
        self.alarm, self.starts = Alarm(run.env, self._look), Alarm(run.env, self._are_ready)
        self.change()

    def change(self) -> None:
        """Somebody turned a knob of what it watches: it may have been switched on or off."""
        rule = self._spec.autoscale
        if rule is not None and self.alarm.due == inf:
            self._see({machine: self._lately(machine) for machine in self._alive})
            self.wanted = deque([(self.looked_s, self._spec.replicas)])  # as Kubernetes does when it begins
            self.alarm.set(self.looked_s + rule.every_s)
        elif rule is None:
            self.alarm.set(inf)
            if self.ready_s:
                self._start(())
                self._note(nan)

    @property
    def _spec(self):
        return self.run.parts[self.name][0].spec

    @property
    def _alive(self) -> list[Part]:
        return [machine for machine in self.run.parts[self.name][: self._spec.replicas] if machine.alive]

    def _look(self) -> None:
        rule, now, alive = self._spec.autoscale, self.run.env.now, self._alive
        self.alarm.set(now + rule.every_s)
        lately = {machine: self._lately(machine) for machine in alive}
        shares = [self._used(machine, lately[machine]) for machine in alive if machine in self.held]
        self._see(lately)
        current = len(alive) + len(self.ready_s)
        new = current - len(shares)
        wanted = theory.desired_replicas(current, shares, rule.target, starting=new, tolerance=rule.tolerance)
        least = rule.least_at(now)
        wanted = min(max(wanted, least), rule.most)
        while self.wanted and self.wanted[-1][1] <= wanted:  # an older one that is not higher will never decide
            self.wanted.pop()
        self.wanted.append((now, wanted))
        wanted = theory.stabilised_replicas(current, [*self.wanted], calm_s=rule.calm_s)
        wanted = min(wanted, rule.most, max(theory.replica_limit(current), least))
        while self.wanted[0][0] < now - rule.calm_s:
            self.wanted.popleft()
        if wanted > current:
            self._start((*self.ready_s, *[now + rule.starts_s] * (wanted - current)))
        elif wanted < current:
            self._stop(current - wanted)
        self._note(sum(shares) / len(shares) if shares else 0.0)

    def _start(self, ready_s: Iterable[float]) -> None:
        self.ready_s = sorted(ready_s)
        self.starts.set(self.ready_s[0] if self.ready_s else inf)

    def _stop(self, less: int) -> None:
        """Who has not begun yet is the first to go, then the last machines, those among them that are dead besides."""
        unborn = min(less, len(self.ready_s))
        self._start(self.ready_s[: len(self.ready_s) - unborn])
        less, machines, stay = less - unborn, self.run.parts[self.name], self._spec.replicas
        while less and stay > 1:
            stay -= 1
            less -= machines[stay].alive
        self.run.turn({f"{self.name}.replicas": stay})

    def _are_ready(self) -> None:
        ready = bisect_right(self.ready_s, self.run.env.now)
        self._start(self.ready_s[ready:])
        self.run.turn({f"{self.name}.replicas": min(self._spec.replicas + ready, MOST)})
        self._note(nan)

    def _note(self, used: float) -> None:
        machines = self.run.parts[self.name]
        machines[0].notes.append((self.run.env.now, self._spec.replicas, len(self.ready_s), used))

    def _see(self, lately: dict[Part, list[list]]) -> None:
        """Remember who works, and on what."""
        self.run.keeps_s = max(self.run.keeps_s, self._spec.autoscale.every_s)
        now = self.run.env.now  # what is known ahead (sorted_pass.py) has not happened
        self.held = {machine: [v for v in visits if not v[3] <= now] for machine, visits in lately.items()}
        self.looked_s = now

    def _lately(self, machine: Part) -> list[list]:
        """The visits that went on at the last look or began since; all of a machine that was not there then."""
        if machine not in self.held:
            return machine.visits
        since, held = self.looked_s, self.held[machine]
        first = bisect_left(machine.visits, since, key=itemgetter(1))  # they stand in order of time
        new = reversed(machine.visits[first:])
        return held + [visit for visit in new if visit[1] > since or not any(visit is known for known in held)]

    def _used(self, machine: Part, lately: list[list]) -> float:
        """The share of its places that was taken since the last look, on average."""
        since, now = self.looked_s, self.run.env.now
        ends = [(left if left < now else now, begun) for _, _, begun, left in lately if begun <= now]
        busy_s = sum([end - (begun if begun > since else since) for end, begun in ends])
        return busy_s / (machine.state()[2] * (now - since))
