"""Lesson 16: a design that keeps its day, and two more days that nobody has seen; with candid words to the public."""

from dataclasses import dataclass

from pmtech.course.days.weather import incident, weather
from pmtech.course.exercises.marking import TOO_EARLY, Marking
from pmtech.course.peak_day import PeakDay

OTHER_DAYS = (2, 5)  # seeds: together they bring everything that may happen


@dataclass(frozen=True, kw_only=True)
class PeakTask:
    """An attempt is a `PeakDay` that has been run: its own score, and that of the same design on other days."""

    id: str
    title: str

    def mark(self, attempt, tries: int = 1) -> Marking:
        if not isinstance(attempt, PeakDay):
            raise ValueError(f'check("{self.id}", day) needs the day that peak_day(...) made, got {attempt!r}')
        if attempt.outcome is None:
            sentence = "This design has not had its day yet: run it first, with day.run(seed=...)."
            return Marking(title=self.title, passed=False, gaps=[sentence], note=TOO_EARLY, counts=False)
        own = attempt.score.lines
        figures = [(one.what, one.asked, one.came, "met" if one.kept else "missed") for one in own]
        gaps = [one.gap for one in own if not one.kept]
        for seed in () if gaps else OTHER_DAYS:
            lost = [one for one in attempt.another(seed).lines if not one.kept]
            what = " ".join(f"{incident(attempt.plan, name)}." for name in weather(attempt.plan, seed).incidents)
            gaps += [f"Your day is kept, another is not ({one.what}: {one.came}). {what}" for one in lost]
        note = "Your day, and two that you have not seen."
        return Marking(title=self.title, passed=not gaps, gaps=gaps, figures=figures, note=note)

    def untouched(self, attempt) -> bool:
        """Is it what stands there today?"""
        return attempt.system == attempt.today


TASKS = (PeakTask(id="16.your_turn", title="The peak day, kept"),)
