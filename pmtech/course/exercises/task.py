"""What "Your turn" asks for, as data: targets to meet, something to get the most out of, and what must not be touched.

A task has an `id`, `mark(attempt, tries) -> Marking` and `untouched(attempt)`: is that what the learner started from?
`SystemTask` is the kind whose attempt is a system: it simulates the learner's system for some seeds and measures.
A lesson that asks for something else brings a class of its own.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, fields, replace
from functools import partial
from math import isnan
from typing import Any

from pmtech.course.exercises.marking import PRECISE_FROM, Marking, about
from pmtech.runs.figure import figure
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System
from pmtech.wording import rounded, said


@dataclass(frozen=True)
class Target:
    """A bound on one figure: "company_b.p95_ms" (of a client or a component) or "p95_ms" (of the whole system)."""

    figure: str
    _: KW_ONLY
    name: str
    unit: str
    at_most: float

    def row(self, value: float, precise: bool) -> tuple[str, str, str, str]:
        asked = f"at most {said(self.at_most, self.unit)}" if self.at_most else "none"
        return self.name, asked, said(value, self.unit), self.word(value, precise)

    def word(self, value: float, precise: bool = True) -> str:
        if isnan(value):
            return "missed"
        if value <= self.at_most:
            return "met"
        # Of the numbers that are shown, so that the reader's own subtraction agrees.
        off = rounded(value, self.unit) - rounded(self.at_most, self.unit)
        if off <= 1e-9:
            return "just over"
        return f"{said(off, self.unit).replace(' %', ' points')} over" if precise else "too high"

    def sentence(self, value: float, precise: bool = True) -> str:
        if isnan(value):
            return f"{self.name} cannot be measured: no such request was served."
        wanted = said(self.at_most, self.unit)
        if not self.at_most:
            return f"{self.name}: there should be none."
        if not precise:
            return f"{self.name} is {self.word(value, precise)}: at most {wanted} was asked for."
        return f"{self.name} is {said(value, self.unit)}: {self.word(value)} the target of {wanted}."


@dataclass(frozen=True)
class Objective:
    """The figure to make as high as the targets allow, by a whole number at `path`.

    The best there is for a learner who has come this far is found by running the model for numbers up to `up_to`; no
    best value is ever written down, nor told. within: who comes this close to it has passed. gap: the sentence for the
    rest, with `{more}` in it. best: the sentence when nothing is left to gain.
    """

    figure: str
    _: KW_ONLY
    name: str
    unit: str
    path: str
    up_to: int
    within: float
    gap: str
    best: str


@dataclass(frozen=True, kw_only=True)
class SystemTask:
    """A system to change until it meets the targets. free: what may be changed, parts ("cache") or fields of them
    ("mailer.workers"); nothing else may."""

    id: str
    title: str
    start: Callable[[], System]
    free: tuple[str, ...]
    targets: tuple[Target, ...]
    objective: Objective | None = None
    duration_s: float = 60.0
    warmup_s: float = 0.0
    seeds: tuple[int, ...] = (1, 2, 3)
    events: tuple = ()

    def mark(self, system: System, tries: int = 1) -> Marking:
        """Simulates the system for each seed and sets the means beside the targets."""
        if not isinstance(system, System):
            raise ValueError(f'check("{self.id}", system) needs the system you built, got {system!r}')
        changed = self._changed(system)
        if changed:
            return Marking(title=self.title, passed=False, gaps=changed, counts=False)
        measured, precise = self._measure(system), tries >= PRECISE_FROM
        gaps = [t.sentence(measured[t.figure], precise) for t in self.targets if t.word(measured[t.figure]) != "met"]
        figures = [t.row(measured[t.figure], precise) for t in self.targets]
        beside = self._beside_the_best(system, not gaps, precise)
        return replace(beside, kept=not gaps, gaps=gaps + beside.gaps, figures=figures + beside.figures)

    def _beside_the_best(self, system: System, met: bool, precise: bool) -> Marking:
        """How the system stands in what there is to get the most out of, once the targets are `met`."""
        goal, marking = self.objective, Marking(title=self.title, passed=met, gaps=[])
        if goal is None:
            return marking
        mine = self._measure(system)[goal.figure]
        figure = goal.name, "as much as possible", said(mine, goal.unit)
        if not met:
            return replace(marking, figures=[(*figure, "")])
        short = self._measure(self._best(system, goal))[goal.figure] - mine
        passed = short <= goal.within
        figures = [(*figure, "met" if passed else "could be more")]
        more = f"{about(short)} more" if precise else "a little more" if passed else "more"
        gaps = [goal.gap.format(more=more)] if round(short, 1) > 0 else []
        return replace(marking, passed=passed, figures=figures, gaps=gaps, note="" if gaps else goal.best)

    def untouched(self, system: System) -> bool:
        """Is it the system that the learner starts from?"""
        return repr(system) == repr(self.start())

    def _best(self, system: System, goal: Objective) -> System:
        """The highest number that meets the targets, as that of `system` does."""
        low, meets = int(system.get(goal.path)), lambda number: self._meets(system.replace({goal.path: number}))
        return system.replace({goal.path: largest(low, goal.up_to, meets)})

    def fewest(self, system: System, path: str, most: int, least: int = 1) -> int | None:
        """The fewest at `path`, from `least` to `most`, with which the targets are met: more never do worse. None: `most` do
        not meet them."""

        def meets(number: int) -> bool:
            return self._meets(system.replace({path: number}))

        if most < least or not meets(most):
            return None
        return least + bisect_left(range(least, most), True, key=meets)  # past their end lies `most`, which does

    def _meets(self, system: System) -> bool:
        measured = self._measure(system)
        return all(measured[t.figure] <= t.at_most for t in self.targets)

    def _measure(self, system: System) -> dict[str, float]:
        """Figure -> its mean over the seeds. Kept, for a search comes by the same systems again and again."""
        key = (self.id, repr(system))
        if key not in _measured:
            run = partial(simulate, system, duration_s=self.duration_s, warmup_s=self.warmup_s, events=self.events)
            each = [self.measured(run(seed=seed)) for seed in self.seeds]
            _measured[key] = {name: sum(figures[name] for figures in each) / len(each) for name in each[0]}
        return _measured[key]

    def measured(self, run: Result) -> dict[str, float]:
        """What one run has of all that is asked for."""
        names = [t.figure for t in self.targets] + ([self.objective.figure] if self.objective else [])
        return {name: figure(run, name) for name in names}

    def _changed(self, system: System) -> list[str]:
        """A sentence for everything that differs from the task's own system, apart from what is free."""
        start = self.start()
        mine, theirs = system.components, start.components
        sentences = [f"This task has a part called {name}; yours has none." for name in theirs if name not in mine]
        sentences += [f"This task has no part called {name}; yours has one." for name in mine if name not in theirs]
        for name in (name for name in theirs if name in mine):
            if type(mine[name]) is not type(theirs[name]):
                sentences.append(f"{name} is a {type(theirs[name]).__name__} in this task; yours is another part.")
            elif name not in self.free:
                yours = [path.partition(".")[2] for path in self.free if path.startswith(f"{name}.")]
                wanted = replace(theirs[name], **{field: getattr(mine[name], field) for field in yours})
                sentences += differences(system.label(name), wanted, mine[name])
        if not sentences and _arrows(system) != _arrows(start):
            sentences.append("The parts are those of this task, but they are joined in another way.")
        return sentences


_measured: dict[tuple[str, str], dict[str, float]] = {}

# How the fields that learners change most are said; any other is named as it is.
_WORDS = {
    "rate_per_s": "sends {} a second",
    "workers": "has {} workers",
    "service_ms": "works {} ms on a request",
    "service_cv": "has a service_cv of {}",
    "query_ms": "takes {} ms for a query",
    "connections": "has {} connections",
}


def several(id: str, attempt, such_as: str, **kinds: type) -> list[Any]:
    """What stands under these names in an attempt of several things. Raises ValueError with a sentence."""
    given = attempt if isinstance(attempt, Mapping) else {}
    if wrong := [name for name, kind in kinds.items() if not isinstance(given.get(name), kind)]:
        got = f"got {attempt!r}" if given is not attempt else f"but {wrong[0]} is {given.get(wrong[0])!r}"
        raise ValueError(f'check("{id}", ...) needs {such_as}, {got}')
    return [attempt[name] for name in kinds]


def differences(label: str, wanted, got, where: str = "in this task") -> list[str]:
    """A sentence for each field that is not as it is wanted there."""
    sentences = []
    for name in (f.name for f in fields(wanted)):
        asked, yours = getattr(wanted, name), getattr(got, name)
        if asked != yours:
            words = _WORDS.get(name, f"has {name} = {{}}")
            sentences.append(f"{label} {_said_of(words, asked)} {where}; yours {_said_of(words, yours)}.")
    return sentences


def _said_of(words: str, value) -> str:
    said = words.format(f"{value:g}" if isinstance(value, float) else value)
    return said.removesuffix("s") if value == 1 else said


def _arrows(system: System) -> set[tuple]:
    return {(system.names[e.tail], system.names[e.head], e.label) for e in system.edges}


def largest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The largest whole number from `low` to `high` for which a condition holds that, once broken, stays broken.

    `low` is taken to hold.
    """
    return low + bisect_left(range(low + 1, high + 1), True, key=lambda number: not holds(number))
