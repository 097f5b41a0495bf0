"""A part becomes slow."""

from dataclasses import dataclass

from pmtech.components.fields import number, text
from pmtech.runs.events.event import Event, Mark, Slow, check_works, named, names_of
from pmtech.system.system import System
from pmtech.wording import plain


@dataclass(frozen=True, repr=False)
class Slowdown(Event):
    """Work that the part `name` begins between `at_s` and `for_s` later takes `times` as long. Several at once multiply."""

    name: str = text(example="server")
    at_s: float = number(30.0, at_least=0)
    for_s: float = number(20.0, more_than=0)
    times: float = number(10.0, more_than=0, at_most=1e6)

    def check(self, running) -> None:
        check_works(running, self.name)

    def happen(self, running) -> None:
        running.befall(self.name, lambda machine: machine.slow(lambda _: self.times), self.for_s)

    def slows(self, system: System) -> list[Slow]:
        return [Slow(name, self.at_s, self.at_s + self.for_s, self.times) for name in names_of(system, self.name)]

    def mark(self, system: System) -> Mark:
        return Mark(self.at_s, self.at_s + self.for_s, f"{named(system, self.name)} {plain(self.times)} times as slow")
