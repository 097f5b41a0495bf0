"""What a meeting is made of, read from `meetings/NN_name.toml`, which a writer edits without touching code.

A file holds `title`, `setting`, `budget` (questions), `[[person]]`, `[[claim]]`, `[[dependency]]` and `[[scene]]` tables.
A scene has `lines` (`{ who, says }`, or `{ claim }`: whoever claims it says it) and choices. A choice is something that
the learner says: `text`, `cost` in questions (0: it moves the talk on), the `reply`, the dependencies that it `finds`, the
scene it leads `to`, those it `needs` (it is not offered before they are found), and `why` it was a good or a poor one. One
with a `decision` ends the meeting.

Who claims something names a run, a bound for a figure of it, and whether it is true (`tests/test_lesson_15.py` runs it).
What a dependency costs is told by two runs: as it comes when nobody has asked, and as it was settled when somebody had.
"""

import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pmtech.course.meetings.systems import SYSTEMS
from pmtech.diagram import diagram
from pmtech.runs import events as happenings
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.runs.views import figure
from pmtech.system.system import System
from pmtech.wording import said

FOLDER = Path(__file__).parent / "meetings"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A run beside the table: a system of `meetings/systems.py`, what is changed in it, what happens to it meanwhile."""

    system: str
    change: tuple[tuple[str, Any], ...] = ()
    events: tuple[happenings.Event, ...] = ()
    duration_s: float = 20.0

    @property
    def design(self) -> System:
        """The system that is run."""
        return SYSTEMS[self.system]().replace(dict(self.change))

    @cached_property
    def result(self) -> Result:
        """The run; it is made once, when somebody wants to see it."""
        return simulate(self.design, duration_s=self.duration_s, events=self.events)

    @cached_property
    def shown(self) -> dict[str, str]:
        """The run in sentences and as a picture."""
        return {"why": self.result.explain(), "drawn": diagram(self.design)}

    def value(self, path: str) -> float:
        """A figure of the run, by its path (`views.figure`)."""
        return figure(self.result, path)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What somebody says will be so: `what`, at most (or at least) `number` in `unit`. true: as the writer means it."""

    id: str
    who: str
    says: str
    what: str
    trial: Trial
    figure: str
    bound: str
    number: float
    unit: str
    true: bool
    finds: tuple[str, ...] = ()

    @cached_property
    def measured(self) -> float:
        """What the run says."""
        return self.trial.value(self.figure)

    @property
    def holds(self) -> bool:
        """Does the run bear it out?"""
        return self.measured <= self.number if self.bound == "at most" else self.measured >= self.number

    @property
    def told(self) -> str:
        """The outcome of the run, in a sentence."""
        fate = "The claim holds." if self.holds else "The claim does not hold."
        return f"{self.what}: {said(self.measured, self.unit)}; claimed: {self.bound} {said(self.number, self.unit)}. {fate}"


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """What the plan hangs on. missed, settled: how it comes when nobody has asked, and when somebody had.

    figure: what is lost a second, by its path; hours: of the quarter in which it is so; each_usd: what one is worth
    (invented). settle: what is agreed once it is found, for the brief.
    """

    id: str
    name: str
    line: str
    settle: str
    missed: Trial
    settled: Trial
    figure: str
    hours: float
    each_usd: float

    @cached_property
    def lost_usd(self) -> float:
        """What it costs in the quarter to have missed it, by itself: the difference of the two runs."""
        return self.cost(self.missed) - self.cost(self.settled)

    def cost(self, trial: Trial) -> float:
        """What a run of it loses in the hours of the quarter."""
        return max(0.0, trial.value(self.figure)) * 3600 * self.hours * self.each_usd


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a meeting ends. share: of what was missed, how much still comes (0.1: a pilot with every tenth customer).

    settles: dependencies that it takes care of whether or not anybody knew of them. usd: what it costs by itself (invented;
    `for_what` says for what). trial, figure, hours, each_usd: what its own run loses, as for a dependency.
    """

    brief: str
    share: float = 1.0
    settles: tuple[str, ...] = ()
    usd: float = 0.0
    for_what: str = ""
    trial: Trial | None = None
    figure: str = ""
    hours: float = 0.0
    each_usd: float = 0.0

    @cached_property
    def lost_usd(self) -> float:
        """What it costs in the quarter by itself."""
        lost = max(0.0, self.trial.value(self.figure)) * 3600 * self.hours * self.each_usd if self.trial else 0.0
        return self.usd + lost


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that is said."""

    who: str = ""
    says: str = ""
    claim: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that the learner may say."""

    text: str
    why: str
    cost: int = 1
    reply: tuple[Line, ...] = ()
    finds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    to: str = ""
    decision: Decision | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A stretch of the talk: what is said when it begins, and what the learner may say in it."""

    id: str
    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """A meeting as it is written. budget: how many questions there is time for; to be shown a run takes one, too."""

    id: str
    title: str
    setting: str
    budget: int
    people: dict[str, tuple[str, str, str]]  # id -> name, role, what he or she wants
    claims: dict[str, Claim]
    dependencies: dict[str, Dependency]
    scenes: dict[str, Scene]

    def __post_init__(self):
        if slip := next(self._slips(), None):
            raise ValueError(f"{self.id}: {slip}")

    @cached_property
    def choices(self) -> list[Choice]:
        return [choice for scene in self.scenes.values() for choice in scene.choices]

    def _slips(self):
        """What a writer may have got wrong, in sentences."""
        lines = [line for scene in self.scenes.values() for line in scene.lines]
        lines += [line for choice in self.choices for line in choice.reply]
        for line in lines:
            known = self.claims if line.claim else self.people
            if (name := line.claim or line.who) not in known:
                yield f"nobody, and no claim, is called {name!r}"
        for claim in self.claims.values():
            if claim.who not in self.people or claim.bound not in ("at most", "at least"):
                yield f"the claim {claim.id!r} needs one of the people, and at most or at least"
        for one in (*self.choices, *self.claims.values()):
            if unknown := {*one.finds, *getattr(one, "needs", ())} - self.dependencies.keys():
                yield f"there is no dependency {unknown.pop()!r}"
        for choice in self.choices:
            if choice.to and choice.to not in self.scenes:
                yield f"{choice.text!r} leads to {choice.to!r}, which is no scene"
        for scene in self.scenes.values():
            free = [c for c in scene.choices if not (c.cost or c.needs) and (c.decision or c.to)]
            if not free:
                yield f"the scene {scene.id!r} has no way on that is free"


def _trial(table: dict) -> Trial:
    """The run that a table names; what it takes is taken out of the table."""
    happens = (dict(one) for one in table.pop("events", ()))
    made = tuple(getattr(happenings, one.pop("kind"))(**one) for one in happens)
    rest = {name: table.pop(name) for name in ("system", "duration_s") if name in table}
    return Trial(**rest, change=tuple(table.pop("change", {}).items()), events=made)


def _tuples(table: dict) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}


def _choice(table: dict) -> Choice:
    if decision := table.pop("decision", None):
        run = {"trial": _trial(decision)} if "system" in decision else {}
        table["decision"] = Decision(**_tuples(decision), **run)
    return Choice(**_tuples(table | {"reply": _lines(table.get("reply", []))}))


def _lines(tables: list[dict]) -> tuple[Line, ...]:
    return tuple(Line(**table) for table in tables)


def _scene(table: dict) -> Scene:
    choices = tuple(map(_choice, table["choice"]))
    return Scene(id=table["id"], lines=_lines(table.get("lines", [])), choices=choices)


def _dependency(table: dict) -> Dependency:
    common = {name: table.pop(name) for name in ("system", "duration_s") if name in table}
    runs = {name: _trial(common | table.pop(name, {})) for name in ("missed", "settled")}
    return Dependency(**table, **runs)


def _agenda(path: Path) -> Agenda:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    claims = [Claim(trial=_trial(one), **_tuples(one)) for one in table["claim"]]
    return Agenda(
        id=path.stem.replace("_", ".", 1),
        **{name: table[name] for name in ("title", "setting", "budget")},
        people={one["id"]: (one["name"], one["role"], one["wants"]) for one in table["person"]},
        claims={claim.id: claim for claim in claims},
        dependencies={one["id"]: _dependency(one) for one in table["dependency"]},
        scenes={one["id"]: _scene(one) for one in table["scene"]},
    )


@cache
def all_agendas() -> dict[str, Agenda]:
    """Every meeting by id, in the order of the files."""
    agendas = map(_agenda, sorted(FOLDER.glob("*.toml")))
    return {agenda.id: agenda for agenda in agendas}
