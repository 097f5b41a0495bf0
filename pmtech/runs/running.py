"""A system in motion: its machines, its run, and the knobs that can be turned meanwhile."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from pmtech.components.component import Component
from pmtech.components.surge import Surge
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.run import Run
from pmtech.runs.events.event import Event, machines_of, parts_of
from pmtech.runs.events.outage import Outage
from pmtech.runs.offers import History
from pmtech.system.system import System


class Running:
    """A system in motion."""

    def __init__(self, system: System, seed: int, events: Iterable = ()):
        self.system = system
        self.run = Run(seed)
        self.run.turn = self.turn
        order = system.plan.order
        sources = [index for index in sorted(order) if system.parts[index].is_source]
        # The sources last, as they are written: of two that send at the same moment the first goes first.
        for index in [*(index for index in reversed(order) if index not in sources), *sources]:
            spec, name = system.parts[index], system.names[index]
            targets, labels = self._targets(index)
            self.run.parts[name] = [self._machine(spec, name, n, targets, labels) for n in range(spec.replicas)]
        self.run.parts = {system.names[index]: self.run.parts[system.names[index]] for index in order}
        watched = ((name, spec.watcher(name, self.run)) for name, spec in system.components.items())
        self.watchers = {name: watcher for name, watcher in watched if watcher is not None}
        self.lasting: list[tuple[set[str], Callable[[Part], None]]] = []  # what befalls whoever comes to these parts
        self.history: History = [(0.0, system)]
        for event in events:
            self._plan(event)

    def _targets(self, index: int) -> tuple[list[Part], tuple[str | None, ...]]:
        """The machines that a part sends to, and the routes to them."""
        names = self.system.names
        found = [(part, e.label) for e in self.system.after(index) for part in self.run.parts[names[e.head]]]
        return [part for part, _ in found], tuple(label for _, label in found)

    def _machine(self, spec: Component, name: str, replica: int, targets: list[Part], labels: tuple) -> Part:
        part = spec.running(name, self.run, targets, labels)
        if replica or spec.replicas > 1 or spec.autoscale:
            part.machine = f"{name}#{replica + 1}"
        return part

    def _plan(self, event) -> None:
        if not isinstance(event, Event):
            raise ValueError(
                f"events are Change(...) or Outage(...), Slowdown(...), Errors(...), Deploy(...), Purge(...), got {event!r}"
            )
        event.check(self)
        self.at(event.at_s, lambda: event.happen(self))

    def at(self, at_s: float, happens: Callable[[], Any]) -> None:
        """Let something happen at a moment, before whatever else is due then."""
        Alarm(self.run.env, happens, urgent=True).set(float(at_s))

    def turn(self, values: dict[str, Any]) -> None:
        """Set the values at these paths, at the present simulated time."""
        before, after = self.system, self.system.replace(values)
        changed = [n for n, (old, new) in enumerate(zip(before.parts, after.parts, strict=True)) if old != new]
        for index in changed:
            for part in self.run.parts[after.names[index]]:
                part.change(after.parts[index])
        self.system = after
        for index in changed:
            if before.parts[index].replicas != after.parts[index].replicas:
                self._resize(index)
        if changed:
            self.history.append((self.now, after))
        for index in changed:
            if watcher := self.watchers.get(after.names[index]):
                watcher.change()

    def befall(self, name: str, begin: Callable[[Part], Callable[[], None]], for_s: float = inf) -> None:
        """What `begin` does to a machine holds from now on for all of a part, also for those that come later; after `for_s`
        what it returned is called."""
        names = {part.name for part in parts_of(self, name)}
        ends: list[Callable[[], None]] = []
        lasts = names, lambda machine: ends.append(begin(machine))
        self.lasting.append(lasts)
        for machine in (machine for known in names for machine in self.run.parts[known]):
            lasts[1](machine)

        def over() -> None:
            self.lasting.remove(lasts)
            for end in ends:
                end()

        self.at(self.now + for_s, over)

    @property
    def now(self) -> float:
        """The present simulated time, in seconds."""
        return self.run.env.now

    def surge(self, times: float, for_s: float) -> None:
        """From now on every source sends `times` as much, for `for_s` seconds."""
        self.turn({f"{name}.surge": Surge(self.now, for_s, times) for name in self.system.sources})

    def alive(self, name: str) -> list[Part]:
        """The machines of the pool `name` that could die."""
        return [machine for machine in machines_of(self, name, " to die") if machine.mortal and machine.alive]

    def kill(self, name: str, for_s: float) -> str:
        """One more machine of the pool `name` dies now and comes back, empty, after `for_s` seconds. Returns its name."""
        machines = self.alive(name)
        if not machines:
            raise ValueError(f'no machine of "{name}" is left that could die')
        Outage(name, self.now, for_s).happen(self)
        return machines[0].machine

    def _resize(self, index: int) -> None:
        """More or fewer replicas: new machines start empty; those taken away finish what they hold."""
        system, name = self.system, self.system.names[index]
        spec, machines = system.parts[index], self.run.parts[name]
        targets, labels = self._targets(index)
        known = len(machines)
        while len(machines) < spec.replicas:
            machines.append(self._machine(spec, name, len(machines), targets, labels))
            for names, begin in self.lasting:
                if name in names:
                    begin(machines[-1])
        retired = {part for pool in self.run.parts.values() for part in pool[pool[0].spec.replicas :]}
        for tail in {edge.tail for edge in system.before(index)}:
            senders = self.run.parts[system.names[tail]]
            pool = senders[0].targets + machines[known:]  # who was there keeps the number by which it is remembered
            gone = {n for n, part in enumerate(pool) if part in retired}
            for before in senders:
                before.resize(pool, gone)
        names = {part.machine for part in retired}
        for behind in set().union(*(machine.behind() for machine in machines)):
            behind.without(names)

    def advance(self, until_s: float) -> None:
        """Let simulated time run until `until_s`."""
        self.run.advance(until_s)
