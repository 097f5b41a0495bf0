"""What a team may build for a day: at the day's prices, out of what is its own; and what it lives off."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from pmtech.components.component import Component
from pmtech.course.days import Plan
from pmtech.course.exercises.task import differences
from pmtech.system import editing
from pmtech.system.system import System

WORKER_USD_PER_HOUR, MOST_WORKERS = 0.03625, 64  # one vCPU, and the largest machine, of the course's price list
STARTS_S = 15.0  # so long until a new machine takes requests


def priced(plan: Plan, system: System) -> System:
    """The system at the day's prices, a machine by its workers, everything else by its list; and with the time that a machine takes
    to start on this day, where the drawing has a longer one."""
    given, values = plan.today().components, {}
    for name, part in system.components.items():
        usual = type(part)()
        for field in (f.name for f in fields(part) if "usd" in f.name):
            values[f"{name}.{field}"] = getattr(given.get(name, usual), field, None)
        if name in plan.own and "workers" in {f.name for f in fields(part)}:
            values[f"{name}.price_usd_per_hour"] = system.get(f"{name}.workers") * WORKER_USD_PER_HOUR
            if part.autoscale and part.autoscale.starts_s > STARTS_S:
                values[f"{name}.autoscale.starts_s"] = STARTS_S
    return system.replace(values) if values else system


def refused(plan: Plan, system: System) -> list[str]:
    """A sentence for everything that is not the learner's to change on this day."""
    given, mine, said = plan.today().components, system.components, []
    for name, part in given.items():
        if name not in mine:
            if part.is_source or part.own_s:
                said.append(f"{part.label} belongs to this day; your design has no part of that name.")
        elif type(part) is not type(mine[name]):
            said.append(f"{part.label} is a {type(part).__name__} on this day; yours is another part.")
        elif name in plan.own:
            said += _not_ours(part, mine[name])
        elif part.is_source or part.own_s:
            said += differences(part.label, part, mine[name], "on this day")
    said += [
        f"Programs and people have the same keys on this day: leave {part.label} without any."
        for name, part in mine.items()
        if part.fan_out == "routes" and system.get(f"{name}.keys")
    ]
    more = [part.label for name, part in mine.items() if name not in given and (part.is_source or _works(part))]
    return said + [f"{one} is no part of this day: rent more machines of a kind that is there." for one in more]


def _works(part: Component) -> bool:
    """Is it a place of work, as a server is? What only hands on or remembers is free to be added."""
    return part.station is not None or (bool(part.own_s) and not part.remembers and not part.detached)


def _not_ours(given: Component, mine: Any) -> list[str]:
    """Of our own machines we choose how many, how large, and how long their queues are."""
    ours = ("workers", "replicas", "autoscale", "queue_limit", "drops_late", "price_usd_per_hour")
    same = replace(given, **{field: getattr(mine, field) for field in ours})
    said = differences(given.label, same, mine, "on this day")
    if mine.workers > MOST_WORKERS:
        said.append(f"The largest machine for rent has {MOST_WORKERS} workers; {given.label} has {mine.workers:,}.")
    if mine.autoscale and mine.autoscale.starts_s < STARTS_S:
        said.append(f"A new machine takes {STARTS_S:g} s to start; {given.label} says {mine.autoscale.starts_s:g} s.")
    return said


def without(plan: Plan, system: System) -> Iterator[tuple[str, System]]:
    """The design without each thing that was put into it, and what that was."""
    given = plan.today().components
    for name, part in system.components.items():
        if name in plan.own:
            fewer = {f"{name}.autoscale": None, f"{name}.replicas": 1}
            if part.autoscale and part.autoscale.schedule:
                yield f"machines ahead of time at {part.label}", system.replace({f"{name}.autoscale.schedule": ()})
            if system.get(path := f"{name}.workers") > (usual := plan.today().get(path)):
                yield f"larger machines at {part.label}", priced(plan, system.replace({path: usual}))
            if part.replicas > 1 or part.autoscale:
                yield f"more than one machine at {part.label}", system.replace(fewer)
        elif name not in given and (part.fan_out == "one" or part.pulls):
            with suppress(ValueError):  # it can't stand without
                if left := editing.take_out(system, name):
                    yield system.label(name), left
