"""What a day brings, drawn by its number: how many come, and which three of its incidents happen when."""

from collections.abc import Iterator
from math import ceil
from random import Random
from typing import NamedTuple

from pmtech.course.days import BEGINS_S, Plan, machines_at
from pmtech.runs.events import Change, Outage, Purge, Slowdown
from pmtech.runs.events.event import Event
from pmtech.system.system import System

INCIDENTS = {
    "zone": "One of three zones dies: a third of the machines of each kind (rounded up), for 10 s",
    "partner": "{partner}: slow for 20 s",
    "forecast": "The forecast was wrong: a quarter more than its upper end",
    "bots": "{bots}: twice as many for 15 s",
    "deploy": "A deploy empties every memory at the peak",
}


def incident(plan: Plan, name: str) -> str:
    """An incident of this day, in words."""
    system = plan.today()
    who = {"partner": plan.partner, "bots": plan.bots}
    return INCIDENTS[name].format(**{role: system.label(part) for role, part in who.items() if part})


class Weather(NamedTuple):
    """What a day brings: how many times the load of `today`, and from when on which incident happens."""

    times: float
    incidents: dict[str, float]


def weather(plan: Plan, seed: int) -> Weather:
    """Three incidents, among them those that are sure, and a load within the forecast, drawn by the seed."""
    luck, (low, high) = Random(f"{plan.label}/{seed}"), plan.forecast
    names = luck.sample(plan.may, 3)
    for one in plan.sure:
        if one not in names:
            names[max(n for n, name in enumerate(names) if name not in plan.sure)] = one
    drawn = {name: BEGINS_S + luck.uniform(3, 12) for name in names}
    return Weather(high * 1.25 if "forecast" in drawn else round(luck.uniform(low, high), 2), drawn)  # as it is told


def under(system: System, brings: Weather) -> System:
    """The system on a day on which so many times as many come."""
    asks = {f"{name}.rate_per_s": brings.times * part.rate_per_s for name, part in system.sources.items()}
    return system.replace(asks)


def happenings(plan: Plan, system: System, what: dict[str, float]) -> Iterator[Event]:
    """The incidents as events of a run; a forecast that was wrong is none, but a load."""
    for name, at_s in what.items():
        if name == "zone":
            for own in plan.own:
                yield Outage(own, at_s, 10, count=ceil(machines_at(system.components[own], at_s) / 3))
        elif name == "partner":
            yield Slowdown(str(plan.partner), at_s, 20, times=plan.slows)
        elif name == "bots":
            usual = system.get(path := f"{plan.bots}.rate_per_s")
            yield from (Change(path, 2 * usual, at_s), Change(path, usual, at_s + 15))
        elif name == "deploy":
            for memory, part in system.components.items():
                if part.remembers:
                    yield Purge(memory, at_s, takes_s=0) if part.copies_in else Outage(memory, at_s, 0.1)
