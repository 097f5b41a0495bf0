"""A new version takes over."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from pmtech.components.fields import checked, number
from pmtech.engine.randomness import identity
from pmtech.engine.request import Request
from pmtech.runs.events.event import Event, Mark, Slow, check_answers, check_works, named, names_of
from pmtech.system.system import System
from pmtech.wording import plain


def _steps(name: str, value):
    pairs = tuple(map(tuple, value)) if isinstance(value, tuple | list) else ()
    numbers = [x for pair in pairs for x in pair]
    right = pairs and all(len(pair) == 2 for pair in pairs) and all(type(x) in (int, float) for x in numbers)
    if not right or any(after_s < 0 or not 0 <= share <= 1 for after_s, share in pairs):
        raise ValueError(
            f"{name} must be pairs of (seconds after the start, share of the requests) such as ((0, 0.05), (60, 1)), "
            f"got {value!r}"
        )
    if any(later[0] <= earlier[0] for earlier, later in zip(pairs, pairs[1:], strict=False)):
        raise ValueError(f"{name} must go forward in time, got {value!r}")
    return pairs


@dataclass(frozen=True, repr=False)
class Deploy(Event):
    """From `at_s` on a new version of the part `name` takes over, by `steps` of (seconds after the start, share of the
    requests): ((0, 1),) all at once, ((0, 0.05), (60, 1)) a canary first; a last share of 0 is a rollback.

    The new version answers the share `errors` with 500, and its work takes `slower` times as long. A request stays with its
    version when it is tried again: the same luck decides that it is among the first 5 % and among the first 50 %.

    What this leaves out: machines that are away while they are exchanged, and a database that both versions share.
    """

    name: str
    at_s: float = number(30.0, at_least=0)
    errors: float = number(0.0, at_least=0, at_most=1)
    slower: float = number(1.0, more_than=0, at_most=1e6)
    steps: tuple[tuple[float, float], ...] = checked(((0.0, 1.0),), _steps)

    def check(self, running) -> None:
        check_answers(running, self.name)
        if self.slower != 1:
            check_works(running, self.name)

    def happen(self, running) -> None:
        run, began = running.run, running.now
        version, fails = run.luck(f"{self.name}.version", identity), run.luck(f"{self.name}.fault", identity)

        def is_new(request: Request) -> bool:
            passed = [share for after_s, share in self.steps if run.env.now >= began + after_s]
            return bool(passed) and version[request.source.first_line][request.number] < passed[-1]

        def instead(request: Request) -> int | None:
            return 500 if is_new(request) and fails[request.line][request.number] < self.errors else None

        if self.errors:
            running.befall(self.name, lambda machine: machine.err(instead))
        if self.slower != 1:
            running.befall(self.name, lambda machine: machine.slow(lambda r: self.slower if is_new(r) else 1.0))

    def slows(self, system: System) -> list[Slow]:
        begins = [self.at_s + after_s for after_s, _ in self.steps]
        steps = zip(begins, [*begins[1:], inf], (1 + share * (self.slower - 1) for _, share in self.steps), strict=True)
        return [Slow(name, *step) for step in steps for name in names_of(system, self.name)]

    def mark(self, system: System) -> Mark:
        share = plain(100 * self.steps[0][1])
        return Mark(self.at_s, self.at_s + self.steps[-1][0], f"New version of {named(system, self.name)}: {share} %")
