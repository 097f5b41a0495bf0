"""An autoscaler: watches how busy machines are, adds some, and takes them away."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf, nan

from pmtech import theory
from pmtech.components.fields import Checked, number, whole
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.run import Run
from pmtech.wording import percent, plain


@dataclass(frozen=True, repr=False)
class Autoscale(Checked):
    """`Server(autoscale=Autoscale(...))`: as many machines as keep `target` of their workers busy, by the rules of
    Kubernetes' horizontal pod autoscaler (`theory.desired_replicas`).

    least, most: never fewer, never more machines. every_s: it looks so often, at what happened since it looked last.
    starts_s: so long until a new machine takes requests; it is paid for meanwhile. calm_s: it takes machines away only
    down to the most that it would have wanted within so long. tolerance: a difference to the target that it leaves alone.
    At most four machines or as many again are added each `every_s`, whichever is more. least = most: so many, always; a
    machine that dies is replaced.

    What this leaves out: other measures than how busy workers are, a schedule, machines that fail to start, how long the
    platform takes to measure; others have other rules (Knative's panic mode, KEDA, target tracking).
    """

    target: float = number(0.6, at_least=0.01, at_most=1)
    least: int = whole(1, at_least=1, at_most=1000)
    most: int = whole(20, at_least=1, at_most=1000)
    every_s: float = number(15.0, at_least=1, at_most=3600)
    starts_s: float = number(60.0, at_least=0, at_most=3600)
    calm_s: float = number(300.0, at_least=0, at_most=86_400)
    tolerance: float = number(0.1, at_least=0, at_most=0.9)

    def __post_init__(self):
        super().__post_init__()
        if self.least > self.most:
            raise ValueError(f"least must be at most most, {self.most}; got {self.least}")

    def facts(self) -> list[str]:
        """A few words each, for the box of what it scales."""
        if self.least == self.most:
            return [f"always {plain(self.least)} machines"]
        return [f"{plain(self.least)} to {plain(self.most)} machines, {percent(self.target)} busy"]


class Autoscaler:
    """An `Autoscale` at work on the machines of one part."""

    def __init__(self, name: str, run: Run):
        self.name, self.run = name, run
        self.looked_s, self.work = 0.0, {}  # machine -> (so many of its visits are known, those that go on)
        self.ready_s: deque[float] = deque()  # when which of those that start will be ready
        self.wanted: deque[tuple[float, int]] = deque()  # what it would have wanted, and when
        self.alarm = Alarm(run.env, self._look)
        self.starts = Alarm(run.env, self._one_is_ready)
        self.alarm.set(self._spec.autoscale.every_s)

    @property
    def _spec(self):
        return self.run.parts[self.name][0].spec

    def _look(self) -> None:
        spec, now = self._spec, self.run.env.now
        rule = spec.autoscale
        if rule is None:
            return
        working = [machine for machine in self.run.parts[self.name][: spec.replicas] if machine.alive]
        shares = [self._used(machine) for machine in working]
        self.looked_s, current = now, len(working) + len(self.ready_s)
        wanted = current
        if current:
            starting = len(self.ready_s)
            wanted = theory.desired_replicas(current, shares, rule.target, starting=starting, tolerance=rule.tolerance)
        self.wanted.append((now, min(max(wanted, rule.least), rule.most)))
        wanted = theory.stabilised_replicas(current, self.wanted, calm_s=rule.calm_s)
        wanted = min(wanted, max(theory.replica_limit(current), rule.least))
        while self.wanted[0][0] < now - rule.calm_s:
            self.wanted.popleft()
        self._become(wanted - current)
        used = sum(shares) / len(shares) if shares else 0.0
        self._note(used)
        self.alarm.set(now + rule.every_s)

    def _become(self, more: int) -> None:
        spec, now = self._spec, self.run.env.now
        for _ in range(more):
            self.ready_s.append(now + spec.autoscale.starts_s)
        while more < 0 and self.ready_s:  # who has not begun yet is the first to go
            self.ready_s.pop()
            more += 1
        if more < 0:
            self.run.turn({f"{self.name}.replicas": max(1, spec.replicas + more)})
        self.starts.set(self.ready_s[0] if self.ready_s else inf)

    def _one_is_ready(self) -> None:
        now, ready = self.run.env.now, 0
        while self.ready_s and self.ready_s[0] <= now:
            self.ready_s.popleft()
            ready += 1
        self.run.turn({f"{self.name}.replicas": self._spec.replicas + ready})
        self.starts.set(self.ready_s[0] if self.ready_s else inf)
        self._note(nan)

    def _note(self, used: float) -> None:
        spec = self._spec
        self.run.parts[self.name][0].notes.append((self.run.env.now, spec.replicas, len(self.ready_s), used))

    def _used(self, machine: Part) -> float:
        """The share of its places that was taken since the last look, on average."""
        since, now = self.looked_s, self.run.env.now
        known, going = self.work.get(machine, (0, []))
        going += machine.visits[known:]
        busy_s = sum(
            min(left, now) - max(begun, since) if left == left else now - max(begun, since)
            for _, _, begun, left in going
            if begun == begun and not left < since
        )
        self.work[machine] = len(machine.visits), [visit for visit in going if visit[3] != visit[3]]
        return busy_s / (machine.station.places * (now - since))
