"""The score of a day, in the open: what was promised, what came, and what came of it all."""

from dataclasses import dataclass
from math import nan
from typing import ClassVar, NamedTuple

import numpy as np

from pmtech.course.days import LASTS_S, QUIET, Plan, machines_at
from pmtech.course.exercises.marking import Marking
from pmtech.runs.result import Result
from pmtech.wording import percent

SALES_USD_PER_HOUR = 0.15  # what sales pays for those whom it brings
TOLD = {
    "nothing": "nothing",
    "all is well": '"All is well."',
    "busy": '"It is slow, and what is ordered is kept."',
    "trouble": '"Not everybody gets through today. We are sorry, and say at noon how it went."',
}
SO = "what was so"
ACCEPTED = 202  # "stored, to be done later": no answer to who looks at a page
SILENT = 0.95  # from this share of everything on, nobody need be told anything


class Line(NamedTuple):
    """A line of the score: what was asked, what came, and is it kept? share: what came, where it is a share."""

    what: str
    asked: str
    came: str
    kept: bool
    share: float = nan

    @property
    def word(self) -> str:
        return "met" if self.kept else "missed"

    @property
    def gap(self) -> str:
        """What is missing, in a sentence."""
        if self.asked == SO and self.came == "nothing":
            return "The public was told nothing, and was owed a word."
        if self.asked == SO:
            return f"The public was told what was not so: {TOLD[self.came]}"
        return f"{self.what}: {self.came}; {self.asked} was promised."


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
    left out, but while a day goes on what is done and what is refused by then counts: of the trouble that has just been the rest
    knows nothing. A refusal is no answer, and what a fallback said in place of the work is none. Money is told of a whole
    day."""
    r = run.records
    endpoint, clients = r.endpoint(), np.array(r.sources, dtype=object)[r.client]
    people, left_s = np.isin(clients, plan.people), run.duration_s - r.arrived_s
    memories = {name for name, part in run.system.components.items() if part.remembers}

    def line(said: str, least: float, good: np.ndarray, of: np.ndarray, within_s: float) -> Line:
        settled = good | (~r.served & ~np.isnan(r.finished_s)) if run.duration_s < LASTS_S else False
        of = of & ((left_s >= within_s) | settled)
        share = float(good[of].mean()) if of.any() else 1.0
        kept = round(100 * share) >= round(100 * least)  # as it is shown
        return Line(said, f"at least {percent(least)}", percent(share), kept, share)

    what, who, within_s, least = plan.matters
    done, wanted = _worked(run, {who}, within_s) & r.served, endpoint == what
    found = [line(f"{what} done within {within_s:g} s", least, done, wanted & people, within_s)]
    for asked, (by, ms, share) in plan.answers.items():
        soon = _worked(run, {by} | memories) & r.served & ((r.finished_s - r.arrived_s) * 1000 <= ms)
        soon &= (r.status != ACCEPTED) | (plan.later and asked == what)
        whose = people & (endpoint == asked)
        found.append(line(f"{asked} answered within {ms / 1000:g} s", share, soon, whose, ms / 1000))
    small, share = plan.small
    found.append(line(f"{run.system.label(small)}: {what} done", share, done, wanted & (clients == small), within_s))
    well, worst = all(one.kept for one in found), min(one.share for one in found)
    if run.duration_s >= LASTS_S:
        # Of the rest of the day nothing is simulated: it is quiet, and of machines that come and go there are the least.
        quiet_usd = sum(part.price_usd_per_hour * machines_at(part, LASTS_S) for part in run.at_end.parts)
        usd = (run.summary.cost_usd_per_hour + QUIET * quiet_usd) / (1 + QUIET)
        most = plan.budget + (SALES_USD_PER_HOUR if call == "yes" else 0)
        found.append(Line("Money", f"at most ${most:.2f} an hour", f"${usd:.2f}", bool(round(usd, 2) <= most)))
    if told is not None:
        through = well and worst >= SILENT
        candid = {"all is well": through, "nothing": through, "busy": found[0].kept, "trouble": not through}[told]
        found.append(Line("What the public was told", SO, told, candid))
    return found


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Outcome(Marking):
    """A rehearsal, or a day. Shows itself; `run` is its `Result`, `lines` its score."""

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
    figures = [(one.what, one.asked, one.came, one.word) for one in lines]
    return Outcome(
        title=title, passed=all(one.kept for one in lines), gaps=[*said], figures=figures, run=run, lines=lines
    )
