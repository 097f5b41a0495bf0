"""Somebody turns a knob."""

from dataclasses import MISSING, dataclass
from typing import Any

from pmtech.components.fields import checked, number, text
from pmtech.components.surge import Surge
from pmtech.runs.events.event import Event, Mark
from pmtech.system.system import System
from pmtech.wording import plain, value_in_words


@dataclass(frozen=True, repr=False)
class Change(Event):
    """During a run somebody sets the value at `path` (such as "server.workers") to `value`, at `at_s` seconds."""

    path: str = text(example="server.workers")
    value: Any = checked(MISSING, lambda _, value: value)
    at_s: float = number(30.0, at_least=0)

    def check(self, running) -> None:
        if running.system.replace({self.path: self.value}).names != running.system.names:  # refused now, not then
            raise ValueError(f'"{self.path}" can\'t change during a run')

    def happen(self, running) -> None:
        running.turn({self.path: self.value})

    def after(self, system: System) -> System:
        return system.replace({self.path: self.value})

    def mark(self, system: System) -> Mark:
        if isinstance(self.value, Surge):
            return surge_mark(system, self.path, self.value)
        return Mark(self.at_s, self.at_s, f"{system.told(self.path)}: {value_in_words(self.value, self.path)}")


def surge_mark(system: System, path: str, surge: Surge) -> Mark:
    """What a page says of a surge; `path` is that of the field that holds it."""
    what = "Surge:" if len(system.sources) == 1 else system.told(path)
    words = f"{what} × {plain(surge.times)} for {value_in_words(surge.for_s, '_s')}"
    return Mark(surge.at_s, surge.at_s + surge.for_s, words)
