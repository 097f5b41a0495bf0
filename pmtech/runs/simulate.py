"""Run a system: from a value to a run to a `Result`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pmtech.components.fields import Checked, number, whole
from pmtech.components.surge import Surge
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.records import from_run
from pmtech.engine.run import Run
from pmtech.engine.sorted_pass import run_sorted
from pmtech.runs.offers import History
from pmtech.runs.result import Result
from pmtech.system.system import System, check_complete, flow_order
from pmtech.wording import nearest, plain

MOST_REQUESTS = 5_000_000


@dataclass(frozen=True, repr=False)
class Change(Checked):
    """During a run somebody sets the value at `path` (such as "server.workers") to `value`, at `at_s` seconds."""

    path: str
    value: Any
    at_s: float = number(30.0, at_least=0)


@dataclass(frozen=True, repr=False)
class Outage(Checked):
    """`count` machines of the part `name` die at `at_s` and come back, empty, `for_s` seconds later.

    A name that twins share means the pool; the first `count` machines of it die. A server or a database answers 502
    meanwhile, also what it held; a cache has forgotten everything, and requests pass it by. What a dead server had
    asked of others goes on, as a database finishes a query whose caller is gone: it is asked in vain.

    What this leaves out: the parts before a dead server (a balancer that counts connections, another server that waits)
    learn that it is gone only when what it had asked for is done. A server that does not block has nothing to lose of
    what it has passed on: those answers still come.
    """

    name: str
    at_s: float = number(30.0, at_least=0)
    for_s: float = number(20.0, more_than=0)
    count: int = whole(1, at_least=1)


class Running:
    """A system in motion: its parts, its run, and the knobs that can be turned meanwhile."""

    def __init__(self, system: System, seed: int, events: Iterable = ()):
        self.system = system
        self.run = Run(seed)
        order = flow_order(system)
        sources = [index for index in sorted(order) if system.parts[index].is_source]
        # The sources last, as they are written: of two that send at the same moment the first goes first.
        for index in [*(index for index in reversed(order) if index not in sources), *sources]:
            spec, name = system.parts[index], system.names[index]
            targets, labels = self._targets(index)
            copies = getattr(spec, "replicas", 1)
            self.run.parts[name] = [self._part(spec, name, n, targets, labels) for n in range(copies)]
        self.run.parts = {system.names[index]: self.run.parts[system.names[index]] for index in order}
        self.changes: list[tuple[float, str, Any]] = []
        self.history: History = [(0.0, system)]
        for event in events:
            self._plan(event)

    def _targets(self, index: int) -> tuple[list[Part], tuple[str, ...]]:
        """The machines that a part sends to, and the routes to them."""
        found = [
            (part, e.label) for e in self.system.after(index) for part in self.run.parts[self.system.names[e.head]]
        ]
        return [part for part, _ in found], tuple(label for _, label in found)

    def _part(self, spec, name: str, replica: int, targets: list[Part], labels: tuple[str, ...]) -> Part:
        part = spec.running(name, self.run, targets, labels)
        if replica or getattr(spec, "replicas", 1) > 1:
            part.machine = f"{name}#{replica + 1}"
        return part

    def _plan(self, event) -> None:
        if isinstance(event, Change):
            after = self.system.replace({event.path: event.value})  # refuse now what would be refused then
            if after.names != self.system.names:
                raise ValueError(f'"{event.path}" can\'t change during a run')
            self._at(event.at_s, lambda: self.turn({event.path: event.value}))
        elif isinstance(event, Outage):
            machines = self._machines(event)
            self._at(event.at_s, lambda: [part.fail() for part in machines if part.alive])
            self._at(event.at_s + event.for_s, lambda: [part.recover() for part in machines if not part.alive])
        else:
            raise ValueError(f"events are Change(...) or Outage(...), got {event!r}")

    def _at(self, at_s: float, happens: Callable[[], Any]) -> None:
        Alarm(self.run.env, happens, urgent=True).set(float(at_s))

    def _machines(self, outage: Outage) -> list[Part]:
        components = self.system.components
        names = [name for name, part in components.items() if outage.name in (name, part.slug)]
        if not names:
            raise ValueError(f'there is no part "{outage.name}" to die: {nearest(outage.name, components)}')
        machines = [part for name in names for part in self.run.parts[name]]
        for part in machines:
            if type(part).fail is Part.fail:
                raise ValueError(f'"{outage.name}" has no machine that could die: choose a server, database or cache')
        return machines[: outage.count]

    def turn(self, values: dict[str, Any]) -> None:
        """Set the values at these paths, at the present simulated time."""
        after = self.system.replace(values)
        for name, spec in after.components.items():
            if spec != self.system.components[name]:
                for part in self.run.parts[name]:
                    part.change(spec)
        before, self.system = self.system, after
        for index, (old, new) in enumerate(zip(before.parts, after.parts, strict=True)):
            if getattr(old, "replicas", 1) != getattr(new, "replicas", 1):
                self._resize(index)
        self.changes += [(self.now, path, value) for path, value in values.items()]
        if after != before:
            self.history.append((self.now, after))

    @property
    def now(self) -> float:
        """The present simulated time, in seconds."""
        return self.run.env.now

    def surge(self, times: float, for_s: float) -> None:
        """From now on every source sends `times` as much, for `for_s` seconds."""
        self.turn({f"{name}.surge": Surge(self.now, for_s, times) for name in self.system.sources})

    def alive(self, name: str) -> list[Part]:
        """The machines of the pool `name` that could die."""
        components = self.system.components
        pool = [part for part in self._machines(Outage(name, count=1_000_000)) if part.alive]
        return [p for p in pool if p in self.run.parts[p.name][: getattr(components[p.name], "replicas", 1)]]

    def kill(self, name: str, for_s: float) -> str:
        """One more machine of the pool `name` dies now and comes back, empty, after `for_s` seconds. Returns its name."""
        machines = self.alive(name)
        if not machines:
            raise ValueError(f'no machine of "{name}" is left that could die')
        machines[0].fail()
        self._at(self.now + for_s, lambda: [part.recover() for part in machines[:1] if not part.alive])
        return machines[0].machine

    def _resize(self, index: int) -> None:
        """More or fewer replicas: new machines start empty; those taken away finish what they hold."""
        system, name = self.system, self.system.names[index]
        spec, machines = system.parts[index], self.run.parts[name]
        targets, labels = self._targets(index)
        while len(machines) < spec.replicas:
            machines.append(self._part(spec, name, len(machines), targets, labels))
        for tail in {edge.tail for edge in system.edges if edge.head == index}:
            pool, _ = self._targets(tail)
            gone = {n for n, part in enumerate(pool) if part in machines[spec.replicas :]}
            for balancer in self.run.parts[system.names[tail]]:
                balancer.resize(pool, gone)

    def advance(self, until_s: float) -> None:
        """Let simulated time run until `until_s`."""
        self.run.advance(until_s)


def simulate(
    system: System,
    *,
    duration_s: float = 60.0,
    warmup_s: float = 0.0,
    seed: int = 1,
    events: Iterable = (),
    engine: str = "auto",
    replications: int = 1,
) -> Result:
    """Run `system` for `duration_s` seconds of its own time and say what came out.

    warmup_s: seconds at the start that the figures leave out. seed: which customers come (the same seed, the same
    customers, whatever the design). events: what happens meanwhile, `Change(...)` and `Outage(...)`.
    Requests that are still inside at the end have status 0. engine: "auto" takes the exact shortcut where there is one
    (shortcut.py), "events" never; both give the same trajectory to the last bit. replications: so many runs, each with
    other customers (seeds seed, seed + 1, ...); the result is that of the first, and its `intervals` say how far its
    figures can be trusted.
    Raises ValueError with a sentence for a system that can't run or a run that would be too long.
    """
    check_run(system := check_complete(system), duration_s, warmup_s, seed, replications)
    if engine not in ("auto", "events"):
        raise ValueError(f'engine must be "auto" or "events", got {engine!r}')
    seed, events = int(seed), tuple(events) if isinstance(events, Iterable) else (events,)
    changed = system
    for event in sorted((e for e in events if isinstance(e, Change) and e.at_s < duration_s), key=lambda e: e.at_s):
        changed = changed.replace({event.path: event.value})
        check_run(changed, duration_s - event.at_s)
    running = Running(system, seed, events)
    records = run_sorted(running.run, float(duration_s)) if engine == "auto" and not events else None
    if records is None:
        running = Running(system, seed, events)  # the shortcut may have begun and given up
        running.advance(float(duration_s))
        records = from_run(running.run)
        running.run.end()
    how = {"duration_s": float(duration_s), "warmup_s": float(warmup_s)}
    others = (simulate(system, **how, seed=seed + n, events=events, engine=engine) for n in range(1, int(replications)))
    others = tuple(other.summary for other in others)
    return Result(system, records, **how, seed=seed, history=running.history, events=events, others=others)


@dataclass(frozen=True)
class _Settings(Checked):
    duration_s: float = number(60.0, more_than=0, at_most=86_400 * 366)
    warmup_s: float = number(0.0, at_least=0)
    seed: int = whole(1, at_least=0, at_most=2**63)
    replications: int = whole(1, at_least=1, at_most=10_000)


def check_run(system: System, duration_s: float, warmup_s: float = 0.0, seed: int = 1, replications: int = 1) -> None:
    """Refuse settings that make no sense, and a run of more requests than a machine can hold."""
    _Settings(duration_s, warmup_s, seed, replications)
    if warmup_s >= duration_s:
        raise ValueError(f"warmup_s must be less than duration_s ({plain(duration_s)}), got {plain(warmup_s)}")
    expected = 0.0
    for source in system.sources.values():
        expected += source.offered_per_s * duration_s
        if source.surge is not None:
            lasts = max(0.0, min(source.surge.at_s + source.surge.for_s, duration_s) - source.surge.at_s)
            expected += source.offered_per_s * (source.surge.times - 1) * lasts
    expected *= 1 + max((source.retries for source in system.sources.values()), default=0)
    if expected > MOST_REQUESTS:
        raise ValueError(
            f"that would be about {expected:,.0f} requests; a run holds {MOST_REQUESTS:,} at most: "
            "shorten duration_s or lower the rates"
        )
