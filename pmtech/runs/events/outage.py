"""Machines die, and come back."""

from dataclasses import dataclass

from pmtech.components.fields import number, text, whole
from pmtech.runs.events.event import Event, Mark, machines_of, named
from pmtech.system.system import System
from pmtech.wording import counted, seconds, value_in_words


@dataclass(frozen=True, repr=False)
class Outage(Event):
    """`count` machines of the part `name` die at `at_s` and come back, empty, `for_s` seconds later.

    A name that twins share means the pool. Who dies is chosen when it happens: the first that are alive, and where too
    few are, the first of the dead, which then stay so until the last of their outages has ended. A server, a database
    or a store answers 502 meanwhile, also what it held; a cache has forgotten everything, and requests pass it by; a
    queue keeps its messages. What a dead server had asked of others goes on, as a database finishes a query whose caller
    is gone: it is asked in vain.

    What this leaves out: the parts before a dead server (a balancer that counts connections, another server that waits)
    learn that it is gone only when what it had asked for is done. A server that does not block has nothing to lose of
    what it has passed on: those answers still come.
    """

    name: str = text(example="server")
    at_s: float = number(30.0, at_least=0)
    for_s: float = number(20.0, more_than=0)
    count: int = whole(1, at_least=1)

    def check(self, running) -> None:
        if not all(machine.mortal for machine in machines_of(running, self.name, " to die")):
            raise ValueError(f'"{self.name}" has no machine that could die: choose a server, database or cache')

    def happen(self, running) -> None:
        machines = sorted(machines_of(running, self.name), key=lambda machine: not machine.alive)[: self.count]

        def are_back() -> None:
            for machine in machines:
                machine.revive()

        for machine in machines:
            machine.die()
        running.at(running.now + self.for_s, are_back)

    def mark(self, system: System) -> Mark:
        words = f"{self.dead(system)} down for {value_in_words(self.for_s, '_s')}"
        return Mark(self.at_s, self.at_s + self.for_s, words)

    def dead(self, system: System) -> str:
        """The machine that dies, or how many of them."""
        pool = {name: part for name, part in system.components.items() if self.name in (name, part.slug)}
        machines = sum(part.replicas for part in pool.values())
        label = named(system, self.name)
        if any(part.autoscale for part in pool.values()):  # how many there are by then, the run tells
            return f"{counted(self.count, 'machine')} of {label}"
        if self.count > 1 and machines > 1:
            return f"{min(self.count, machines)} of {machines} machines of {label}"
        first, part = next(iter(pool.items()))
        return f"{system.label(first)} 1" if part.replicas > 1 else system.label(first)

    def told(self, system: System) -> str:
        """In a sentence about the run: "Server 1 down for 20 s"."""
        return f"{self.dead(system)} down for {seconds(self.for_s)}"
