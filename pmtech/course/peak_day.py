"""`peak_day("tickets")`: the day on which everybody comes; designed, rehearsed, lived through and looked back on."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from importlib import import_module
from math import ceil
from random import Random
from typing import Any, ClassVar, NamedTuple

import numpy as np

from pmtech.components.component import Component
from pmtech.course.days import BEGINS_S, CALL_S, ENDS_S, LASTS_S, Plan
from pmtech.course.page import page
from pmtech.course.progress import progress_file
from pmtech.course.task import Marking, differences
from pmtech.panels.live.theatre import Theatre, theatre
from pmtech.runs.events import Change, Outage, Purge, Slowdown
from pmtech.runs.events.event import Event
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system import editing
from pmtech.system.system import System, check_complete
from pmtech.wording import nearest, percent

DAYS = ("tickets", "sale", "match", "food")
WORKER_USD_PER_HOUR, MOST_WORKERS = 0.03625, 64  # one vCPU, and the largest machine, of the course's price list
STARTS_S = 15.0  # so long until a new machine takes requests
REHEARSAL_HOURS = 12
SALES_TIMES, SALES_USD_PER_HOUR = 1.25, 0.15  # what sales would bring, and what that pays

INCIDENTS = {
    "zone": "One of three zones dies: a third of the machines of each kind, for 10 s",
    "partner": "Who works behind us slows down for 20 s: the partner, or the kitchens",
    "forecast": "The forecast was wrong: a quarter more than its upper end",
    "bots": "A wave: twice as much from one side, for 15 s",
    "deploy": "A deploy empties every memory at the peak",
}
TOLD = {
    "nothing": "nothing",
    "all is well": '"All is well."',
    "busy": '"It is slow, and what is ordered is kept."',
    "trouble": '"Not everybody gets through today. We are sorry, and say at noon how it went."',
}
SILENT = 0.95  # from this share of everything on, nobody need be told anything
ANSWERS = ("yes", "not today")


class Weather(NamedTuple):
    """What a day brings: how many times the load of `today`, and from when on which incident happens."""

    times: float
    incidents: dict[str, float]


def weather(plan: Plan, seed: int) -> Weather:
    """Three incidents and a load within the forecast, drawn by the seed."""
    luck, (low, high) = Random(f"{plan.label}/{seed}"), plan.forecast
    drawn = {name: BEGINS_S + luck.uniform(3, 12) for name in luck.sample(plan.may, 3)}
    return Weather(high * 1.25 if "forecast" in drawn else luck.uniform(low, high), drawn)


def happenings(plan: Plan, system: System, what: dict[str, float]) -> Iterator[Event]:
    """The incidents as events of a run; a forecast that was wrong is none, but a load."""
    for name, at_s in what.items():
        if name == "zone":
            for own in plan.own:
                part = system.components[own]
                there = part.autoscale.least_at(at_s) if part.autoscale else part.replicas
                yield Outage(own, at_s, 10, count=ceil(there / 3))
        elif name == "partner":
            yield Slowdown(str(plan.partner), at_s, 20, times=plan.slows)
        elif name == "bots":
            usual = system.get(path := f"{plan.bots}.rate_per_s")
            yield from (Change(path, 2 * usual, at_s), Change(path, usual, at_s + 15))
        elif name == "deploy":
            for memory, part in system.components.items():
                if part.remembers:
                    yield Purge(memory, at_s, takes_s=0) if part.copies_in else Outage(memory, at_s, 0.1)


# --- the design --------------------------------------------------------------------------------------------------------


def priced(plan: Plan, system: System) -> System:
    """The system at the day's prices: a machine by its workers, everything else by its list."""
    given, values = plan.today().components, {}
    for name, part in system.components.items():
        usual = type(part)()
        for field in (f.name for f in fields(part) if "usd" in f.name):
            values[f"{name}.{field}"] = getattr(given.get(name, usual), field, None)
        if name in plan.own and "workers" in {f.name for f in fields(part)}:
            values[f"{name}.price_usd_per_hour"] = part.workers * WORKER_USD_PER_HOUR
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
            said += [one.replace("in this task", "on this day") for one in differences(part.label, part, mine[name])]
    more = [part.label for name, part in mine.items() if name not in given and (part.is_source or _works(part))]
    return said + [f"{one} is no part of this day: rent more machines of a kind that is there." for one in more]


def _works(part: Component) -> bool:
    """Is it a place of work, as a server is? What only hands on or remembers is free to be added."""
    return part.station is not None or (bool(part.own_s) and not part.remembers and not part.detached)


def _not_ours(given: Component, mine: Any) -> list[str]:
    """Of our own machines we choose how many, how large, and how long their queues are."""
    ours = ("workers", "replicas", "autoscale", "queue_limit", "drops_late", "price_usd_per_hour")
    same = replace(given, **{field: getattr(mine, field) for field in ours})
    said = [one.replace("in this task", "on this day") for one in differences(given.label, same, mine)]
    if mine.workers > MOST_WORKERS:
        said.append(f"The largest machine for rent has {MOST_WORKERS} workers; {given.label} has {mine.workers:,}.")
    if mine.autoscale and mine.autoscale.starts_s < STARTS_S:
        said.append(f"A new machine takes {STARTS_S:g} s to start; {given.label} says {mine.autoscale.starts_s:g} s.")
    return said


# --- the score ---------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line of the score: what was asked, what came, and is it kept?"""

    what: str
    asked: str
    came: str
    kept: bool


def _worked(run: Result, names: set[str], within_s: float = np.inf) -> np.ndarray:
    """For each request: has one of these parts worked on it, and been done with it so soon after it came?"""
    done = np.zeros(len(run.records.arrived_s), dtype=bool)
    for name in names & set(run.records.visits):
        visits = run.records.visits[name]
        refused = np.isin(visits.row, run.records.refusals.row[run.records.refusals.component == name])
        soon = visits.left_s - run.records.arrived_s[visits.row] <= within_s
        done[visits.row[soon & ~refused & ~np.isnan(visits.started_s)]] = True
    return done


def scored(plan: Plan, run: Result, told: str | None = None, call: str = "not today") -> list[Line]:
    """The score in the open; told None: before anybody was told anything. What came too late in the run to be judged is
    left out; a refusal is no answer, and what a fallback said in place of the work is none."""
    r = run.records
    endpoint, clients = r.endpoint(), np.array(r.sources, dtype=object)[r.client]
    people, left_s = np.isin(clients, plan.people), run.duration_s - r.arrived_s
    memories = {name for name, part in run.system.components.items() if part.remembers}

    shares = []

    def line(said: str, least: float, good: np.ndarray, of: np.ndarray) -> Line:
        shares.append(share := float(good[of].mean()) if of.any() else 1.0)
        return Line(said, f"at least {percent(least)}", percent(share), bool(share >= least))

    what, who, within_s, least = plan.matters
    done, judged = _worked(run, {who}, within_s) & r.served, (endpoint == what) & (left_s >= within_s)
    found = [line(f"{what} done within {within_s:g} s", least, done, judged & people)]
    for asked, (by, ms, share) in plan.answers.items():
        soon = _worked(run, {by} | memories) & r.served & ((r.finished_s - r.arrived_s) * 1000 <= ms)
        found.append(
            line(
                f"{asked} answered within {ms:g} ms", share, soon, people & (endpoint == asked) & (left_s * 1000 >= ms)
            )
        )
    small, share = plan.small
    found.append(line(f"{run.system.label(small)}: {what} done", share, done, judged & (clients == small)))
    well = all(one.kept for one in found)
    usd, most = run.summary.cost_usd_per_hour, plan.budget + (SALES_USD_PER_HOUR if call == "yes" else 0)
    found.append(Line("Money", f"at most ${most:.2f} an hour", f"${usd:.2f}", bool(round(usd, 2) <= most)))
    if told is not None:
        through = well and min(shares) >= SILENT
        candid = {"all is well": through, "nothing": through, "busy": found[0].kept, "trouble": not through}[told]
        found.append(Line("What the public was told", "what was so", TOLD[told], candid))
    return found


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Outcome(Marking):
    """A rehearsal, a morning until the call, or a day. Shows itself; `run` is its `Result`, `lines` its score."""

    run: Result
    lines: list[Line]
    kind: ClassVar[str] = "Peak day"

    @property
    def met(self) -> int:
        """How many lines are kept."""
        return sum(line.kept for line in self.lines)

    @property
    def of(self) -> int:
        """How many lines there are."""
        return len(self.lines)

    @property
    def verdict(self) -> str:
        return f"{self.met} of {self.of} kept."


def outcome(title: str, run: Result, lines: list[Line], *said: str) -> Outcome:
    """What came of a run, with what there is to say of it."""
    figures = [(one.what, one.asked, one.came, "met" if one.kept else "missed") for one in lines]
    return Outcome(
        title=title, passed=all(one.kept for one in lines), gaps=[*said], figures=figures, run=run, lines=lines
    )


# --- the day -----------------------------------------------------------------------------------------------------------


@dataclass
class PeakDay:
    """Made by `peak_day`. `today`: what stands there, to begin from. Everything else is a step of the day:
    `design`, `rehearse`, `morning`, `run`, `debrief`, `replay`; each shows itself.

    Raises ValueError with a sentence for a design that is not of this day and a step that has not been prepared.
    """

    id: str
    plan: Plan
    begins_s: ClassVar[float] = BEGINS_S  # the peak,
    ends_s: ClassVar[float] = ENDS_S
    starts_s: ClassVar[float] = STARTS_S

    def __post_init__(self):
        self.today = priced(self.plan, self.plan.today())
        self.system, self.hours, self.outcome, self.seed = self.today, float(REHEARSAL_HOURS), None, None
        self._how: dict[str, Any] = {}
        self._rehearsed: set[str] = set()

    @property
    def largest(self) -> System:
        """Today's architecture with the largest machine for each of our own servers."""
        return priced(self.plan, self.today.replace({f"{name}.workers": MOST_WORKERS for name in self.plan.own}))

    def design(self, system: Any) -> PeakDay:
        """Hand in a design: a system, or a sketch of one. Machines are priced by their workers."""
        system = getattr(system, "value", system)
        if not isinstance(system, System):
            raise ValueError(f"design needs a system or a sketch of one, got {system!r}")
        system = priced(self.plan, check_complete(system))
        if said := refused(self.plan, system):
            raise ValueError(" ".join(said))
        if system != self.system:
            self.system, self.outcome = system, None  # another design has not had its day yet
        return self

    def rehearse(self, times: float = 1.0, trouble: tuple[str, ...] | str = (), seed: int = 1) -> Outcome:
        """Try the day: so many times today's load, with these incidents. An hour, and one more for each incident and for
        each time the load; a team has twelve, and the same again takes none. What is not rehearsed is not found."""
        if not (isinstance(times, int | float) and 0 < times <= 10):
            raise ValueError(f"times must be more than 0 and at most 10, got {times!r}")
        trouble = (trouble,) if isinstance(trouble, str) else tuple(trouble or ())
        for one in trouble:
            if one not in self.plan.may:
                raise ValueError(f'"{one}" is no incident of this day: {nearest(one, self.plan.may)}')
        again = repr((self.system, times, trouble, seed))
        takes = 0 if again in self._rehearsed else 1 + len(trouble) + times
        if takes > self.hours + 1e-9:
            raise ValueError(f"that takes {takes:g} hours; {self.hours:g} of {REHEARSAL_HOURS} are left before the day")
        self.hours, self._rehearsed = round(self.hours - takes, 2), {*self._rehearsed, again}
        more = self.plan.forecast[1] * 1.25 if "forecast" in trouble else 0.0
        brings = Weather(max(times, more), dict.fromkeys(trouble, BEGINS_S + 6))
        run = self._simulate(self.system, brings, seed, LASTS_S)
        left = f"{self.hours:g} hours of rehearsal are left."
        return outcome("Rehearsal", run, scored(self.plan, run), left, run.explain(p99=False))

    def morning(self, seed: int = 1) -> Outcome:
        """The day until the telephone rings: what the team sees then, with the knobs still to be turned."""
        run = self._simulate(self.system, weather(self.plan, seed), seed, CALL_S)
        call = "The telephone: sales can bring a quarter more people from now on, and "
        call += f"${SALES_USD_PER_HOUR:.2f} an hour for it. Yes, or not today?"
        return outcome("Until the call", run, scored(self.plan, run), run.explain(p99=False), call)

    def run(self, seed: int = 1, call: str = "not today", told: str = "nothing", knobs: dict | None = None) -> Outcome:
        """The day itself. call: what sales is told. told: what the public is told, one of "nothing", "all is well",
        "busy", "trouble". knobs: what the team turns when the telephone rings, as {"limit.limit": 20}; machines come 15 s
        later. The try is kept on this computer."""
        for value, known, what in ((call, ANSWERS, "an answer to sales"), (told, TOLD, "known to be told")):
            if value not in known:
                raise ValueError(f'"{value}" is not {what}: {nearest(str(value), known)}')
        if not isinstance(knobs or {}, dict):
            raise ValueError(f'knobs must be {{path: value}} such as {{"booking.replicas": 4}}, got {knobs!r}')
        how = {"seed": seed, "call": call, "told": told, "knobs": dict(knobs or {})}
        self.outcome, self.seed, self._how = self._lived(self.system, **how), seed, how
        progress_file().add("peak day", self.id, seed=seed, kept=self.outcome.met, of=self.outcome.of)
        return self.outcome

    @property
    def score(self) -> Outcome:
        """The score of the day that was run last."""
        if self.outcome is None:
            raise ValueError("the day has not come yet: run it first")
        return self.outcome

    def another(self, seed: int) -> Outcome:
        """The same design on another day, with nobody at the knobs; what would be told is left out."""
        run = self._simulate(self.system, weather(self.plan, seed), seed, LASTS_S)
        return outcome(f"{self.plan.label}, day {seed}", run, scored(self.plan, run))

    def _lived(self, system: System, seed: int, call: str, told: str, knobs: dict) -> Outcome:
        brings = weather(self.plan, seed)
        run = self._simulate(system, brings, seed, LASTS_S, call, knobs)
        happened = [f"{INCIDENTS[name]}." for name in brings.incidents]
        said = f"Between {self.plan.forecast[0]:g} and {self.plan.forecast[1]:g} times was forecast; it was {brings.times:.2f}."
        name = f"{self.plan.label}, day {seed}"
        return outcome(name, run, scored(self.plan, run, told, call), said, *happened)

    def _simulate(self, system, brings: Weather, seed, lasts_s, call: str = "not today", knobs: dict | None = None):
        asks = {f"{name}.rate_per_s": brings.times * part.rate_per_s for name, part in system.sources.items()}
        system = system.replace(asks)
        events = [event for event in happenings(self.plan, system, brings.incidents) if event.at_s < lasts_s]
        if call == "yes":
            people = [f"{name}.rate_per_s" for name in self.plan.people if name != self.plan.small[0]]
            events += [Change(path, SALES_TIMES * system.get(path), CALL_S) for path in people]
        if knobs:
            turned = self._turned(system, knobs)
            events += [Change(path, turned.get(path), CALL_S + STARTS_S * _rents(path)) for path in knobs]
        return simulate(system, duration_s=lasts_s, seed=seed, events=events)

    def _turned(self, system: System, knobs: dict) -> System:
        """The system with its knobs turned, if they are the team's to turn."""
        if said := refused(self.plan, priced(self.plan, self.system.replace(knobs))):
            raise ValueError(" ".join(said))
        return system.replace(knobs)

    def debrief(self) -> Outcome:
        """What the design lived off: the same day without each thing that was put into it."""
        kept, said = self.score.lines[:-1], []
        for words, other in without(self.plan, self.system):
            try:
                there = self._lived(other, **self._how)
            except ValueError:  # a knob that was turned is gone with its part
                there = self._lived(other, **self._how | {"knobs": {}})
            pairs = [*zip(kept, there.lines, strict=False)]
            came = [f"{a.what}: {b.came} in place of {a.came}" for a, b in pairs]
            lost = [one for one, (a, b) in zip(came, pairs, strict=True) if a.kept and not b.kept]
            lived = f"lost. {'; '.join(lost)}." if lost else f"no promise hangs on it on this day ({came[0]})."
            said.append((len(lost), f"Without {words}: {lived}"))
        said.sort(key=lambda one: -one[0])
        told = [words for _, words in said] or ["Nothing was put into today's design."]
        return outcome(f"Debrief of {self.score.title}", self.score.run, self.score.lines, *told)

    def replay(self) -> Theatre:
        """The day as dots on the architecture."""
        return theatre(self.score.run)

    def share(self) -> str:
        """A line of text for colleagues; nothing personal in it."""
        told = "; ".join(f"{line.what} {line.came}" for line in self.score.lines[:3])
        return f"Peak day, {self.plan.label}, day {self.seed}: {self.score.met} of {self.score.of} kept ({told})"

    @property
    def tries(self) -> list[str]:
        """Past tries at this day on this computer, oldest first."""
        kept = progress_file().records("peak day", self.id)
        return [f"{one['at'][:10]}, day {one['seed']}: {one['kept']} of {one['of']} kept" for one in kept]

    def __repr__(self) -> str:
        return "\n".join([self.plan.label, self.plan.story, *self._told()])

    def _told(self) -> list[str]:
        plan, (what, _, within_s, least) = self.plan, self.plan.matters
        small = self.today.label(plan.small[0])
        answers = "; ".join(
            f"{percent(share)} of {one} answered within {ms:g} ms" for one, (_, ms, share) in plan.answers.items()
        )
        return [
            f"Promised: {percent(least)} of {what} done within {within_s:g} s; {answers}; "
            f"{percent(plan.small[1])} of {what} of {small}.",
            f"Budget: ${plan.budget:.2f} an hour. A machine costs ${WORKER_USD_PER_HOUR:g} a worker and starts in {STARTS_S:g} s.",
            f"Forecast: {plan.forecast[0]:g} to {plan.forecast[1]:g} times what the drawing says. The peak: from second "
            f"{BEGINS_S:g} to {ENDS_S:g} of {LASTS_S:g}.",
            "May happen: "
            + ", ".join(f'"{name}" ({INCIDENTS[name][0].lower()}{INCIDENTS[name][1:]})' for name in plan.may)
            + ".",
        ]

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(one)}</p>" for one in (self.plan.story, *self._told(), *self.tries[-3:]))
        return page(
            f'<p class="pmtech-kind">Peak day</p><p class="pmtech-title">{html.escape(self.plan.label)}</p>{said}'
        )


def _rents(path: str) -> bool:
    """Does turning it need machines that are still to start?"""
    return path.split(".")[1] in ("replicas", "workers")


def without(plan: Plan, system: System) -> Iterator[tuple[str, System]]:
    """The design without each thing that was put into it, and what that was."""
    given = plan.today().components
    for name, part in system.components.items():
        if name in plan.own:
            fewer = {f"{name}.autoscale": None, f"{name}.replicas": 1}
            if part.autoscale and part.autoscale.schedule:
                yield f"machines ahead of time at {part.label}", system.replace({f"{name}.autoscale.schedule": ()})
            if part.replicas > 1 or part.autoscale:
                yield f"more than one machine at {part.label}", system.replace(fewer)
        elif name not in given and (part.fan_out == "one" or part.pulls):
            try:
                yield system.label(name), editing.take_out(system, name)
            except ValueError:  # it can't stand without
                continue


def peak_day(id: str = "tickets") -> PeakDay:
    """The peak day: "tickets", "sale", "match" or "food".

        day = peak_day("tickets")
        day.design(my_sketch)              # sketch(day.today), changed by hand
        day.rehearse(times=1.2, trouble="zone")
        day.run(seed=7, told="busy")
        day.debrief()

    Raises ValueError with the nearest where there is no such day.
    """
    if id not in DAYS:
        raise ValueError(f'there is no day "{id}": {nearest(str(id), DAYS)}')
    return PeakDay(id, import_module(f"pmtech.course.days.{id}").PLAN)
