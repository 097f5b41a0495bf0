"""What a meeting is made of, read from `meetings/NN_name.toml`, which a writer edits without touching code.

A file holds `title`, `setting`, `budget` (questions), `[[person]]`, `[[claim]]`, `[[dependency]]` and `[[scene]]` tables,
whose entries are the fields below. A scene has `lines` (`{ who, says }`, or `{ claim }`: whoever claims it says it) and
`[[scene.choice]]` tables, the sentences that the learner may say; one with a `decision` ends the meeting. A run is named by
`system`, `change`, `events` (`{ kind = "Slowdown", ... }`), `duration_s` and `figure`.

Whether a claim is true the run decides; what a dependency costs, two runs: as it comes when nobody has asked, and as it was
settled when somebody had. `tests/test_lesson_15.py` holds every `true` against its run, every way through to its end, and
every name to somebody who is there.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pmtech.course.exercises.meetings.systems import SYSTEMS
from pmtech.diagram import diagram
from pmtech.runs import events as happenings
from pmtech.runs.figure import figure
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System
from pmtech.wording import said

FOLDER = Path(__file__).parent / "meetings"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A run beside the table: a system of `meetings/systems.py`, what is changed in it (path -> value), what happens
    meanwhile, and the figure to look at (`runs.figure`). It is run once, when somebody wants to see it."""

    system: str = ""
    change: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float = 20.0
    figure: str = ""

    @property
    def design(self) -> System:
        return SYSTEMS[self.system]().replace(self.change)

    @property
    def happens(self) -> list:
        return [getattr(happenings, e["kind"])(**{k: v for k, v in e.items() if k != "kind"}) for e in self.events]

    @cached_property
    def result(self) -> Result:
        return simulate(self.design, duration_s=self.duration_s, events=self.happens)

    @cached_property
    def measured(self) -> float:
        return figure(self.result, self.figure)

    @cached_property
    def shown(self) -> dict[str, str]:
        """The run in sentences, and as a picture."""
        return {"why": self.result.explain(), "drawn": diagram(self.design)}


@dataclass(frozen=True, kw_only=True)
class Claim(Trial):
    """What somebody says will be so: `what`, "at most" or "at least" `number` in `unit`. true: as the writer means it;
    finds: the dependencies that are uncovered when it is shown."""

    id: str
    who: str
    says: str
    what: str
    bound: str
    number: float
    unit: str
    true: bool
    finds: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Does the run bear it out?"""
        return self.measured <= self.number if self.bound == "at most" else self.measured >= self.number

    @property
    def told(self) -> str:
        """The outcome of the run, in a sentence."""
        measured, claimed = said(self.measured, self.unit), f"{self.bound} {said(self.number, self.unit)}"
        return f"{self.what}: {measured}; claimed: {claimed}. The claim {'holds' if self.holds else 'does not hold'}."


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """What the plan hangs on. missed, settled: the run when nobody has asked, and when somebody had.

    settle: what is then agreed. figure: what is lost a second; hours: of the quarter in which it is so; each_usd: what one
    is worth (invented).
    """

    id: str
    name: str
    line: str
    settle: str
    system: str
    figure: str
    hours: float
    each_usd: float
    missed: dict[str, Any]
    settled: dict[str, Any]

    @cached_property
    def lost_usd(self) -> float:
        """What it costs in the quarter to have missed it, by itself: the difference of the two runs."""
        runs = (Trial(system=self.system, figure=self.figure, **run) for run in (self.missed, self.settled))
        missed, settled = (_usd(run, self.hours, self.each_usd) for run in runs)
        return missed - settled


@dataclass(frozen=True, kw_only=True)
class Decision(Trial):
    """How a meeting ends. brief: for the page to take along. settles: dependencies that it takes care of, known or not.

    share: how much still comes of what was missed (0.1: every tenth customer first). usd: what it costs besides what its
    run, if it has one, loses in these hours; for_what: in words.
    """

    brief: str
    share: float = 1.0
    settles: tuple[str, ...] = ()
    usd: float = 0.0
    for_what: str = ""
    hours: float = 0.0
    each_usd: float = 0.0

    @cached_property
    def lost_usd(self) -> float:
        """What it costs in the quarter by itself."""
        return self.usd + (_usd(self, self.hours, self.each_usd) if self.system else 0.0)


def _usd(run: Trial, hours: float, each_usd: float) -> float:
    """What a run whose figure is lost a second loses in so many hours."""
    return max(0.0, run.measured) * 3600 * hours * each_usd


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the learner may say, once. cost: in questions (0: it moves the talk on). finds: dependencies; needs: those that
    must be found before it is offered. to: the scene that follows. why: it was a good one, or a poor one."""

    text: str
    why: str
    cost: int = 1
    reply: tuple[dict[str, str], ...] = ()
    finds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    to: str = ""
    decision: Decision | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A stretch of the talk: what is said when it begins, and what the learner may say in it."""

    id: str
    lines: tuple[dict[str, str], ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """A meeting as it is written. budget: for so many questions there is time; to be shown a run takes one, too."""

    id: str
    title: str
    setting: str
    budget: int
    people: dict[str, dict[str, str]]  # id -> name, role, what he or she wants
    claims: dict[str, Claim]
    dependencies: dict[str, Dependency]
    scenes: dict[str, Scene]

    @property
    def choices(self) -> list[Choice]:
        """All that can be said in it."""
        return [choice for scene in self.scenes.values() for choice in scene.choices]


def _choice(table: dict[str, Any]) -> Choice:
    decision = table.get("decision")
    return Choice(**{**table, "decision": decision and Decision(**decision)})


def _agenda(path: Path) -> Agenda:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    scenes = [Scene(id=s["id"], lines=s["lines"], choices=tuple(map(_choice, s["choice"]))) for s in table["scene"]]
    return Agenda(
        id=path.stem.replace("_", ".", 1),
        **{name: table[name] for name in ("title", "setting", "budget")},
        people={one["id"]: one for one in table["person"]},
        claims={one["id"]: Claim(**one) for one in table["claim"]},
        dependencies={one["id"]: Dependency(**one) for one in table["dependency"]},
        scenes={scene.id: scene for scene in scenes},
    )


@cache
def all_agendas() -> dict[str, Agenda]:
    """Every meeting by id, in the order of the files."""
    return {agenda.id: agenda for agenda in map(_agenda, sorted(FOLDER.glob("*.toml")))}
