"""What the parts of a system offered while it ran: knobs are turned, machines die, come back, are added, taken away."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import inf, prod
from typing import NamedTuple

from pmtech.system.flow import flows
from pmtech.system.system import System

History = list[tuple[float, System]]  # since when the system has been so


class Offer(NamedTuple):
    """What some machines offered from `begin_s` to `end_s`: places of work (a throttle has none) and requests a second.

    `dead` of the `machines` that should have been there were down; those taken away do not count.
    """

    begin_s: float
    end_s: float
    places: float
    per_s: float
    machines: int
    dead: int

    @property
    def lasts_s(self) -> float:
        return self.end_s - self.begin_s


def stretches(history: History, begin: float, end: float, cuts: Iterable[float] = ()) -> Iterator:
    """(from when, to when, the system then), cut wherever it changed and at `cuts`."""
    changed = [since for since, _ in history]
    moments = {begin, end, *(at_s for at_s in (*cuts, *changed) if begin < at_s < end)}
    for since, until in pairwise(sorted(moments)):
        yield since, until, history[bisect_right(changed, since) - 1][1]


def capacity_stretches(
    run, *names: str, since: float = 0.0, until: float | None = None, machine: int | None = None
) -> list[Offer]:
    """What these parts of a run offered together, or one machine of each, stretch by stretch; nothing for parts that keep
    nobody waiting by themselves (a queue offers what those behind it do) or have no capacity that all share."""
    begin, end, deaths = since, run.duration_s if until is None else until, run.records.deaths
    logs = {name: [([at_s for at_s, _ in log], log) for log in deaths.get(name, [])] for name in names}
    happened = {at_s for machines in logs.values() for times, _ in machines for at_s in times}
    slowed = [slow for slow in run.slowed if slow.part in logs]
    happened |= {moment for slow in slowed for moment in (slow.at_s, slow.until_s)}
    found = []
    for since, until, system in stretches(run.history, begin, end, happened):
        places = per_s = there = dead = 0
        for name, machines in logs.items():
            part = system.components[name]
            capacity_per_s, lent = lets_through(system, name)
            if not part.makes_wait or part.pulls or capacity_per_s == inf:
                return []
            those = range(part.replicas) if machine is None else [n for n in (machine,) if n < part.replicas]
            down = sum(_is_down(*machines[n], since) for n in those if n < len(machines))
            there, dead, up = there + len(those), dead + down, len(those) - down
            places += up * part.station.places if part.station else lent
            now = (slow for slow in slowed if part.station and slow.part == name and slow.at_s <= since < slow.until_s)
            per_s += up * capacity_per_s / part.replicas / prod(slow.times for slow in now)
        found.append(Offer(since, until, places, per_s, there, dead))
    return found


def lets_through(system: System, name: str) -> tuple[float, float]:
    """Requests a second that all machines of a part let through together, if nothing else holds them up, and to how many at
    a time it lends; what is lent is in use until the work behind is done."""
    part = system.components[name]
    if part.lends is None:
        return part.capacity_per_s, 0.0
    flow = flows(system)[0][name]
    return (flow.capacity, flow.capacity * (part.own_s + flow.held_ms / 1000)) if flow.capacity else (inf, 0.0)


def _is_down(times: list[float], log: list[tuple[float, bool]], at_s: float) -> bool:
    last = bisect_right(times, at_s) - 1
    return last >= 0 and not log[last][1]
