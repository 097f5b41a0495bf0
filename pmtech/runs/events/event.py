"""What all events have in common."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pmtech.components.fields import Checked
from pmtech.engine.part import Part
from pmtech.engine.randomness import Luck, identity
from pmtech.system.system import System
from pmtech.wording import nearest


class Mark(NamedTuple):
    """From when until when something happened, in words."""

    at_s: float
    until_s: float
    words: str


class Slow(NamedTuple):
    """From when until when the work of a part takes how many times as long."""

    part: str
    at_s: float
    until_s: float
    times: float


class Event(Checked):
    """Something that happens to a system while it runs. A subclass says when (`at_s`), and what it does then."""

    at_s: float

    def check(self, running) -> None:
        """Refuse in a sentence, before the run begins, what could not happen."""

    def happen(self, running) -> None:
        """It is `at_s`."""
        raise TypeError(f"{type(self).__name__} does not say what happens")

    def after(self, system: System) -> System:
        """The system as it is from then on: another one where knobs were turned."""
        return system

    def slows(self, system: System) -> list[Slow]:
        """Whose work it makes slower, on average."""
        return []

    def told(self, system: System) -> str:
        """In a sentence about the run, "Server 1 down for 20 s"; "" for what nobody suffers from."""
        return ""

    def mark(self, system: System) -> Mark:
        """What a page says of it; `system` is how it was before."""
        raise TypeError(f"{type(self).__name__} has no words")


def as_events(events: Any) -> tuple:
    """As they were given: several, or one alone."""
    return tuple(events) if isinstance(events, Iterable) else (events,)


def names_of(system: System, name: str) -> list[str]:
    """The part, or all parts of the pool of twins, of that name."""
    return [known for known, part in system.components.items() if name in (known, part.slug)]


def parts_of(running, name: str, why: str = "") -> list[Part]:
    """All machines of the part, or the pool of twins, of that name, in the order of the system."""
    components = running.system.components
    names = names_of(running.system, name)
    if not names:
        raise ValueError(f'there is no part "{name}"{why}: {nearest(name, components)}')
    return [part for known in names for part in running.run.parts[known][: components[known].replicas]]


def machines_of(running, name: str, why: str = "") -> list[Part]:
    """What of them can die by itself: of a part that stands in several places, each place."""
    return [machine for part in parts_of(running, name, why) for machine in part.machines()]


def faults(running, name: str, purpose: str) -> dict[str, Luck]:
    """Who fails, part by part of that name: twins that are asked for the same request do not fail together."""
    known = {part.name for part in parts_of(running, name)}
    return {part: running.run.own_luck(f"{part}.{purpose}", identity) for part in sorted(known)}


def check_answers(running, name: str) -> None:
    if any(part.spec.is_source for part in parts_of(running, name)):
        raise ValueError(f'"{name}" sends requests and answers none: choose a part that answers')


def check_works(running, name: str) -> None:
    if not any(part.spec.own_s for part in parts_of(running, name)):
        raise ValueError(f'"{name}" does no work of its own that could be slow: choose a server or a database')


def named(system: System, name: str) -> str:
    """A part, or a pool of twins, as people read it."""
    if name in system.numbers:
        return system.label(name)
    return next((part.label for part in system.parts if part.slug == name), name)
