"""What the parts of a system offered while it ran: knobs are turned, machines die, come back, are added, taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from pmtech.components import Database, Server, Throttle
from pmtech.system.system import System

History = list[tuple[float, System]]  # since when the system has been so
Deaths = dict[str, list[list[tuple[float, bool]]]]  # part -> for each machine (when, is it alive from then on)


class Offer(NamedTuple):
    """What some machines offered from `begin_s` to `end_s`: places of work (a throttle has none) and requests a second.

    `dead` of the `machines` that should have been there were down; those taken away do not count.
    """

    begin_s: float
    end_s: float
    places: int
    per_s: float
    machines: int
    dead: int

    @property
    def lasts_s(self) -> float:
        return self.end_s - self.begin_s


def stretches(history: History, begin: float, end: float, cuts: Iterable[float] = ()) -> Iterator:
    """(from when, to when, the system then), cut wherever it changed and at `cuts`."""
    moments = {begin, end, *(at_s for at_s in (*cuts, *(since for since, _ in history)) if begin < at_s < end)}
    for since, until in pairwise(sorted(moments)):
        yield since, until, next(system for changed, system in reversed(history) if changed <= since)


def offers(
    history: History, deaths: Deaths, names: Iterable[str], begin: float, end: float, machine: int | None = None
) -> list[Offer]:
    """What these parts offered together, or one machine of each; nothing for parts that never keep anybody waiting."""
    logs = {name: deaths.get(name, []) for name in names}
    happened = {at_s for machines in logs.values() for log in machines for at_s, _ in log}
    found = []
    for since, until, system in stretches(history, begin, end, happened):
        places = per_s = there = dead = 0
        parts = system.components
        for name, machines in logs.items():
            part, count = parts[name], getattr(parts[name], "replicas", 1)
            if not isinstance(part, Server | Database | Throttle):
                return []
            those = range(count) if machine is None else [n for n in (machine,) if n < count]
            down = sum(not ([True] + [up for at_s, up in machines[n] if at_s <= since])[-1] for n in those if machines)
            there, dead, up = there + len(those), dead + down, len(those) - down
            places += up * getattr(part, "workers", getattr(part, "connections", 0))
            per_s += up * part.capacity_per_s / count
        found.append(Offer(since, until, places, per_s, there, dead))
    return found
