"""Lesson 07: confirmations out in time after another lunch, nothing handed out twice, with as few workers as that takes."""

from dataclasses import dataclass, replace

from pmtech.components import Clients, Queue, Server, Surge
from pmtech.course.exercises.marking import Marking, about
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.system.system import System


def busy_lunch(workers: int = 4, visibility_s: float = 4) -> System:
    """What the learner starts from: too few workers, and messages that come back before a mail can be out."""
    return (
        Clients("People", rate_per_s=0.5, surge=Surge(at_s=300, for_s=1500, times=7), timeout_ms=10_000)
        >> Server("Survey tool", service_ms=50)
        >> Queue(visibility_s=visibility_s)
        >> Server("Mailer", workers=workers, service_ms=3000, service_cv=0.5, item_ms=300)
    )


@dataclass(frozen=True, kw_only=True)
class LunchTask(SystemTask):
    """The targets are to be met with the fewest workers. The best there is is searched for each time, for the visibility
    timeout that the learner chose.

    Whoever takes the queue away again is measured, too: their people wait for the mail.
    """

    def mark(self, system: System, tries: int = 1) -> Marking:
        people, tool, _, mailer = self.start().parts
        bare = replace(self, start=lambda: people >> tool >> mailer)
        if isinstance(system, System) and "queue" not in system.components and not bare._changed(system):
            p95 = self.targets[0]
            seen = replace(self, targets=(p95,))._measure(system)
            lost = f"Without a queue people wait for the mail: {p95.sentence(seen[p95.figure])}"
            return Marking(title=self.title, passed=False, gaps=[lost], figures=[p95.row(seen[p95.figure], True)])
        return super().mark(system, tries)

    def _beside_the_best(self, system: System, met: bool, precise: bool) -> Marking:
        workers, marking = system.get("mailer.workers"), super()._beside_the_best(system, met, precise)
        figure = "Workers that send mails", "as few as possible", str(workers)
        if not met:
            return replace(marking, figures=[(*figure, "")])
        over = workers - (self.fewest(system, "mailer.workers", workers) or workers)
        if not over:
            note = "With one worker fewer a promise would be broken."
            return replace(marking, figures=[(*figure, "met")], note=note)
        less = ("one worker fewer" if over == 1 else f"{about(over)} fewer workers") if precise else "fewer workers"
        gap = f"With {less} every promise would be kept, too."
        return replace(marking, passed=False, figures=[(*figure, "could be fewer")], gaps=[gap])


TASKS = (
    LunchTask(
        id="07.your_turn",
        title="Every confirmation in time, none twice, with as few workers as that takes",
        start=busy_lunch,
        free=("queue.visibility_s", "mailer.workers"),
        targets=(
            Target("p95_ms", at_most=200, name="The p95 of the answers", unit="ms"),
            Target("oldest_ms / 60000", at_most=10, name="The age of the oldest confirmation", unit="min"),
            Target("queue.again", at_most=0, name="What was handed out again", unit="messages"),
        ),
        duration_s=3600,
        seeds=(1,),
    ),
)
