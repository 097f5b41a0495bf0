"""A day led live: it plays, halts at the telephone and at each incident, and what the team turns holds from then on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

from pmtech.components.fields import number
from pmtech.course.days import CALL_S, LASTS_S, Plan
from pmtech.course.days.design import STARTS_S, WORKER_USD_PER_HOUR
from pmtech.course.days.score import SALES_USD_PER_HOUR, TOLD, scored
from pmtech.course.days.weather import Weather, happenings, incident, under
from pmtech.panels.controls import Slider
from pmtech.panels.live.live import Live
from pmtech.runs.events import Change
from pmtech.runs.events.event import Event, Mark
from pmtech.system.system import System
from pmtech.wording import seconds

SALES_TIMES = 1.25  # what sales would bring
CALL = f"Sales can bring a quarter more people from now on, and ${SALES_USD_PER_HOUR:.2f} an hour for it."
# Of what was put in: what is turned at work, in words.
KNOBS = {
    "limit": "lets pass",
    "rate_per_s": "passes on",
    "timeout_ms": "waits for an answer",
    "open_s": "stays open",
    "ttl_s": "keeps a copy",
}
OVER = "The day is over. Run the cell below."
HALT_S = 1e-6  # a moment is reached when it is so near


@dataclass(frozen=True, repr=False)
class Sales(Event):
    """Sales hears yes: from then on so many more of these people come."""

    people: tuple[str, ...]
    at_s: float = number(CALL_S, at_least=0)
    heard: ClassVar[str] = "Sales has heard yes."
    missed: ClassVar[str] = "Sales has hung up: to play on was to say not today."

    def happen(self, running) -> None:
        running.turn(self._more(running.system))

    def after(self, system: System) -> System:
        return system.replace(self._more(system))

    def _more(self, system: System) -> dict[str, float]:
        return {path: SALES_TIMES * system.get(path) for path in (f"{name}.rate_per_s" for name in self.people)}

    def mark(self, system: System) -> Mark:
        return Mark(self.at_s, self.at_s, "Yes to sales")


@dataclass(frozen=True, repr=False)
class Told(Event):
    """The public hears one of `TOLD`."""

    what: str
    at_s: float = number(CALL_S, at_least=0)
    missed: ClassVar[str] = "The day is over: it is too late to tell anybody."

    @property
    def heard(self) -> str:
        return f"The public has been told, and is told once: {self.what}."

    def happen(self, running) -> None:
        """Words move no request."""

    def mark(self, system: System) -> Mark:
        return Mark(self.at_s, self.at_s, f"Tell all: {self.what}")


def decisions(plan: Plan, call: str, told: str, knobs: dict[str, Any]) -> list[Event]:
    """What a team decides when the telephone rings, as events."""
    said: list[Event] = [Told(told)] if told != "nothing" else []
    said += [_sales(plan)] if call == "yes" else []
    return said + [event for path, value in knobs.items() for event in turned(path, value, CALL_S)]


def _sales(plan: Plan) -> Sales:
    return Sales(tuple(name for name in plan.people if name != plan.small[0]))


def turned(path: str, value: Any, at_s: float) -> Iterator[Event]:
    """A knob, turned at a moment: other machines take their time to come, and cost what they cost."""
    part, field = path.rsplit(".", 1)
    at_s += STARTS_S if field in ("replicas", "workers") else 0
    yield Change(path, value, at_s)
    if field == "workers":
        yield Change(f"{part}.price_usd_per_hour", value * WORKER_USD_PER_HOUR, at_s)


def knobs(plan: Plan, system: System) -> Iterator[Slider]:
    """What there is to turn in a design: its machines where there may be several, and what was put in."""
    given = plan.today().components
    for name, part in system.components.items():
        if name in plan.own and part.autoscale:
            label, most = f"{part.label}: machines,", part.autoscale.most
            least = "at least, beside the schedule" if part.autoscale.schedule else "at least"
            yield Slider(f"{name}.autoscale.least", 1, max(2, most), label=f"{label} {least}")
            yield Slider(f"{name}.autoscale.most", 1, 2 * max(4, most), label=f"{label} at most")
        elif name in plan.own and _may_be_many(system, name):
            label = f"{part.label}: machines, there after {STARTS_S:g} s"
            yield Slider(f"{name}.replicas", 1, 2 * max(4, part.replicas), label=label)
        for field in (f for f in fields(part) if f.name in KNOBS and name not in given):
            if value := system.get(f"{name}.{field.name}"):
                low, label = 1 if field.metadata["kind"] == "whole" else value / 10, f"{part.label} {KNOBS[field.name]}"
                yield Slider(f"{name}.{field.name}", low, 4 * value, label=label)


def _may_be_many(system: System, name: str) -> bool:
    """Does something share out the work in front of it?"""
    try:
        return bool(system.replace({f"{name}.replicas": 2}))
    except ValueError:
        return False


class LiveDay(Live):
    """Made by `peak_day(...).live`. did: what the team has done so far, as events. note: why it has halted."""

    def __init__(self, plan: Plan, design: System, brings: Weather, seed: int, speed: float):
        self._plan, system, self.design, self.seed = plan, under(design, brings), design, seed
        says = [_sales(plan), *(Told(what) for what in TOLD if what != "nothing")]
        halts = {at_s: f"{incident(plan, name)}." for name, at_s in brings.incidents.items()}
        halts[CALL_S] = f"The telephone. {CALL} Say yes, or play on: not today. And what is the public told?"
        self._halts = halts | {LASTS_S: OVER}
        comes = tuple(happenings(plan, system, brings.incidents))
        super().__init__(system, tuple(knobs(plan, system)), speed, seed, tuple(says), comes=comes, pushes=False)

    @property
    def did(self) -> list[Event]:
        return [*self.happened]

    @property
    def _drawn(self) -> dict[str, Any]:
        return {path: value for path, value in self._turns.items() if not path.endswith(".replicas")}

    def play(self) -> None:
        self.note = ""
        super().play()

    def advance(self, duration_s: float, within_s: float = float("inf")) -> None:
        """As far as the next moment at which something is to be decided."""
        with self._lock:
            for path in [path for path in self._turns if path.endswith(".replicas")]:
                for event in turned(path, self._turns.pop(path), self.now):
                    self.running.at(event.at_s, partial(event.happen, self.running))
                    self.happened.append(event)
            at_s = min((at_s for at_s in self._halts if at_s > self.now + HALT_S), default=None)
            if at_s is not None:
                super().advance(min(duration_s, at_s - self.now), within_s)
                if self.now <= at_s - HALT_S:
                    return
                self._mark("halt", re.split(r": a | for |\.", self._halts[at_s])[0])
            self.playing, self.note = (
                False,
                f"At {seconds(round(self.now))}. {OVER if at_s is None else self._halts[at_s]}",
            )
            self.note += self._so_far() if at_s == CALL_S else ""
            self._tell()

    def _so_far(self) -> str:
        """Where the team stands, line by line of the score: what it weighs a promise against."""
        lines = scored(self._plan, self.recorded)
        return "".join(
            [
                "\nThe score so far, without those who still wait and have time:",
                *(f"\n{one.what}: {one.came} ({one.asked}): {one.word}" for one in lines),
            ]
        )

    def set_off(self, number: int) -> None:
        """Say something, to sales while the telephone rings, to all from then on until the day is over, and to each of them
        once. What was asked stays to be read."""
        with self._lock:
            kind, late_s = (Sales, CALL_S + HALT_S) if number == 0 else (Told, LASTS_S - HALT_S)
            rung = self.now >= CALL_S - HALT_S
            if rung and self.now < late_s and not any(isinstance(event, kind) for event in self.happened):
                super().set_off(number)
            heard = [event.heard for event in self.happened if isinstance(event, kind)]
            heard = (heard or [kind.missed]) if rung else ["The telephone has not rung yet."]
            self.note = "\n".join(dict.fromkeys([*filter(None, self.note.split("\n")), *heard]))
            self._tell()
