"""A part answers with errors."""

from dataclasses import dataclass
from functools import partial

from pmtech.components.fields import number, text, yes_no
from pmtech.engine.randomness import Luck
from pmtech.engine.request import Request
from pmtech.runs.events.event import Event, Mark, check_answers, faults, named
from pmtech.system.system import System
from pmtech.wording import percent


@dataclass(frozen=True, repr=False)
class Errors(Event):
    """The part `name` answers `share` of what comes with 500, at once, from `at_s` for `for_s` seconds.

    same: a request that failed fails again whenever it is tried again (a poisoned message); otherwise each try has luck of
    its own. Twins of that name fail each for itself, and so do several of these at once.
    """

    name: str = text(example="server")
    at_s: float = number(30.0, at_least=0)
    for_s: float = number(20.0, more_than=0)
    share: float = number(0.1, at_least=0, at_most=1)
    same: bool = yes_no(False)

    def check(self, running) -> None:
        check_answers(running, self.name)

    def happen(self, running) -> None:
        lucks = faults(running, self.name, "errors")

        def instead(luck: Luck, request: Request) -> int | None:
            luck_key = request.source.first_luck if self.same else request.luck_key
            return 500 if luck[luck_key][request.number] < self.share else None

        running.befall(self.name, lambda machine: machine.err(partial(instead, lucks[machine.name])), self.for_s)

    def mark(self, system: System) -> Mark:
        return Mark(self.at_s, self.at_s + self.for_s, f"{percent(self.share)} errors from {named(system, self.name)}")
