"""Lesson 14: a rollout that loses few orders when the new version is bad, and is out within an hour when it is good."""

from dataclasses import dataclass, replace
from math import inf

from pmtech.components import Clients, Server
from pmtech.course.exercises.marking import PRECISE_FROM, Marking
from pmtech.course.exercises.task import SystemTask, Target, differences, several
from pmtech.runs.events import Deploy
from pmtech.runs.rollouts import Rollouts
from pmtech.runs.simulate import simulate
from pmtech.system.system import System

BEFORE, BAD = 0.01, 0.10  # shares of errors: of today's version and of a good new one, of a bad one
PLAN = Deploy("orders", steps=((0, 1),), back_s=300)


def shop() -> System:
    return Clients("Customers", rate_per_s=4) >> Server("Orders", workers=4, service_ms=100)


@dataclass(frozen=True, kw_only=True)
class RolloutTask(SystemTask):
    """An attempt is {"plan": Deploy(...), "system": ...}. On each day (a seed) the plan meets a bad version and a good one.

    most_lost: orders, on the worst of the days. out_min: until everybody has a good version.
    """

    most_lost: int
    out_min: float

    def mark(self, attempt, tries: int = 1) -> Marking:
        such_as = '{"plan": Deploy(...), "system": ...}'
        plan, system = several(self.id, attempt, such_as, plan=Deploy, system=System)
        changed = self._changed(system)
        changed += differences("The plan", PLAN, replace(plan, steps=PLAN.steps, back_at=None, looks_at=PLAN.looks_at))
        if changed:
            return Marking(title=self.title, passed=False, gaps=changed, counts=False)
        days, precise = [self._day(plan, system, seed) for seed in self.seeds], tries >= PRECISE_FROM
        lost = max(day.lost("bad") for day in days)
        target = Target("lost", at_most=self.most_lost, name="The loss when it is bad", unit="orders")
        gaps = [] if lost <= self.most_lost else [target.sentence(lost, precise)]
        back = all(day.results["bad"].rollbacks for day in days)
        if not gaps and not back:  # it would be lost after the hour, unseen
            gaps.append("A bad version is still there after the hour, and everybody who comes later meets it.")
        out_s, taken = max(day.out_s("good") for day in days), sum(bool(day.results["good"].rollbacks) for day in days)
        if taken:
            gaps.append(f"A good version was taken back on {taken} of {len(days)} days: chance looked like a fault.")
        elif out_s > 60 * self.out_min:
            gaps.append("A good version is not with everybody within the hour.")
        word = "met" if out_s <= 60 * self.out_min else "taken back" if taken else "too late"
        out = "Out for everybody when it is good", f"within {self.out_min:g} minutes", _minutes(out_s), word
        figures = [target.row(lost, precise), out]
        note = "Who was hit was in the canary."
        return Marking(title=self.title, passed=not gaps, gaps=gaps, figures=figures, note=note)

    def _day(self, plan: Deploy, system: System, seed: int) -> Rollouts:
        """The same customers meet the plan with a bad version and with a good one."""
        key = (self.id, repr(system), repr(plan), seed)
        if key not in _days:
            new = replace(plan, at_s=0.0, errors_before=BEFORE)
            runs = {
                name: simulate(system, duration_s=self.duration_s, seed=seed, events=[replace(new, errors=errors)])
                for name, errors in (("bad", BAD), ("good", BEFORE))
            }
            _days[key] = Rollouts(runs["good"], runs)  # a good version fails whom the one before it fails
        return _days[key]

    def untouched(self, attempt) -> bool:
        return attempt == self.first()

    def first(self) -> dict:
        """What the learner's cell has at first."""
        return {"plan": PLAN, "system": shop()}


_days: dict[tuple, Rollouts] = {}


def _minutes(length_s: float) -> str:
    return "never" if length_s == inf else f"{length_s / 60:.0f} minutes" if length_s else "at once"


TASKS = (
    RolloutTask(
        id="14.your_turn",
        title="A rollout that loses few orders when the new version is bad, and is out within an hour when it is good",
        start=shop,
        free=("orders",),
        targets=(),
        most_lost=40,
        out_min=60,
        duration_s=3600,
        seeds=(1, 2),
    ),
)
