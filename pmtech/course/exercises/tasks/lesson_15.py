"""Lesson 15: a roadmap on which a debt, a promise and a deadline collide, so that the quarter loses little."""

from dataclasses import dataclass

from pmtech.course.exercises.marking import TOO_EARLY, Marking
from pmtech.course.exercises.meeting import Meeting
from pmtech.wording import plain, rate


@dataclass(frozen=True, kw_only=True)
class MeetingTask:
    """An attempt is a meeting that has come to its end: what the simulated quarter loses, and whether a claim was run."""

    id: str
    title: str
    meeting: str
    at_most_usd: float

    def mark(self, table: Meeting, tries: int = 1) -> Marking:
        if not isinstance(table, Meeting):
            raise ValueError(
                f'check("{self.id}", ...) needs the meeting, as meeting("{self.meeting}") gave it, got {table!r}'
            )
        if table.agenda["id"] != self.meeting or not (outcome := table.outcome):
            gap = f"This task is the meeting {self.meeting}, once you have decided in it. Play it to its end, then run this cell."
            return Marking(title=self.title, passed=False, gaps=[gap], note=TOO_EARLY, counts=False)
        gaps = []
        if dear := outcome.lost_usd > self.at_most_usd:
            missed = f": {len(outcome.missed)} dependencies were not found" if outcome.missed else ""
            gaps.append(f"The quarter loses more than ${plain(self.at_most_usd)}{missed}.")
        if not table.talk.shown:
            gaps.append("You took every claim at its word: ask to be shown at least one.")
        figures = [
            ("The quarter loses", f"at most ${plain(self.at_most_usd)}", f"${rate(outcome.lost_usd)}", "too much" if dear else "met"),
            ("Claims that were run", "at least 1", str(len(table.talk.shown)), "met" if table.talk.shown else "missed"),
        ]  # fmt: skip
        note = "You asked for what nobody had said."
        return Marking(title=self.title, passed=not gaps, gaps=gaps, figures=figures, note=note)

    def untouched(self, table: Meeting) -> bool:
        """Has nobody said anything yet?"""
        return not table.value


TASKS = (
    MeetingTask(
        id="15.your_turn",
        title="A roadmap meeting after which the quarter loses little",
        meeting="15.roadmap",
        at_most_usd=5000,
    ),
)
