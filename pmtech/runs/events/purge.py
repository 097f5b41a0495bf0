"""Copies are thrown away."""

from dataclasses import dataclass

from pmtech.components.fields import number, text
from pmtech.runs.events.event import Event, Mark, named, parts_of
from pmtech.system.system import System
from pmtech.wording import seconds


@dataclass(frozen=True, repr=False)
class Purge(Event):
    """Somebody orders at `at_s` that all copies in the part `name` be thrown away. The order gets to one place after another,
    at equal distances, to the last of them `takes_s` later; a shield is first, or edges would ask it for the old copy.

    What this leaves out: orders for some pages alone, orders that get lost, the copies in browsers, which no order reaches.
    """

    name: str = text(example="cdn")
    at_s: float = number(30.0, at_least=0)
    takes_s: float = number(5.0, at_least=0, at_most=86_400)

    def check(self, running) -> None:
        if not any(part.copies() for part in parts_of(running, self.name)):
            raise ValueError(f'"{self.name}" has no copies in several places that could be purged: choose a CDN')

    def happen(self, running) -> None:
        for part in parts_of(running, self.name):
            places = part.copies()
            for number_, forget in enumerate(places, 1):
                running.at(running.now + self.takes_s * number_ / len(places), forget)

    def mark(self, system: System) -> Mark:
        words = f"{named(system, self.name)}: purge" + (f", takes {seconds(self.takes_s)}" if self.takes_s else "")
        return Mark(self.at_s, self.at_s + self.takes_s, words)
