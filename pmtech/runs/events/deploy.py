"""A new version takes over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from pmtech.components.fields import number, pairs_in_time, text, whole
from pmtech.engine.part import Part
from pmtech.engine.randomness import Luck, identity
from pmtech.engine.request import Request
from pmtech.runs.events.event import Event, Mark, Slow, check_answers, check_works, faults, named, names_of
from pmtech.system.system import System
from pmtech.wording import plain


@dataclass(frozen=True, repr=False)
class Deploy(Event):
    """From `at_s` on a new version of the part `name` takes over, by `steps` of (seconds after the start, share of the
    requests): ((0, 1),) all at once, ((0, 0.05), (60, 1)) a canary first; a last share of 0 is a rollback.

    The new version answers the share `errors` with 500, and its work takes `slower` times as long; the one before it
    answers the share `errors_before` with 500, from `at_s` on as well (errors of the time before are `Errors`). A
    request stays with its version when it is tried again: the same luck decides that it is among the first 5 % and
    among the first 50 %, and who fails with the better of the two fails with the other.

    back_at: it is rolled back by itself at so many errors of the new version among `looks_at` of its answers, counted
    anew after each `looks_at`; that takes `back_s`, in which the new version goes on. `Result.rollbacks` says when.

    Where another version follows, its share of the requests has neither the errors nor the slowness of those before it.

    What this leaves out: machines that are away while they are exchanged, a database that both versions share, and
    whether slowness is noticed: only errors are counted.
    """

    name: str = text(example="server")
    at_s: float = number(30.0, at_least=0)
    errors: float = number(0.0, at_least=0, at_most=1)
    slower: float = number(1.0, more_than=0, at_most=1e6)
    steps: tuple[tuple[float, float], ...] = pairs_in_time(
        ((0.0, 1.0),),
        "(seconds after the start, share of the requests) such as ((0, 0.05), (60, 1))",
        lambda share: 0 <= share <= 1,
    )
    errors_before: float = number(0.0, at_least=0, at_most=1)
    back_at: int | None = whole(None, at_least=1, optional=True)
    looks_at: int = whole(100, at_least=1)
    back_s: float = number(0.0, at_least=0)

    def check(self, running) -> None:
        check_answers(running, self.name)
        if self.back_at is not None and self.back_at > self.looks_at:
            raise ValueError(
                f"back_at must be at most looks_at ({self.looks_at}), got {self.back_at}: it never came to that"
            )
        if self.slower != 1:
            check_works(running, self.name)

    def happen(self, running) -> None:
        run = running.run
        version, lucks = run.luck(f"{self.name}.version", identity), faults(running, self.name, "fault")

        answered = failed = 0  # by the new version, since it was last looked at
        decided = over = False

        def is_new(request: Request) -> bool:
            return not over and version[request.source.first_luck][request.number] < self.share_at(run.env.now)

        def instead(fails: Luck, request: Request) -> int | None:
            new, luck = is_new(request), fails[request.luck_key][request.number]
            fault = luck < (self.errors if new else self.errors_before)
            if new and not decided:
                watch(fault)
            return 500 if fault else None

        def watch(fault: bool) -> None:
            nonlocal answered, failed, decided
            answered, failed = answered + 1, failed + fault
            if self.back_at is not None and failed >= self.back_at:
                decided = True
                running.at(run.env.now + self.back_s, roll_back)
            elif answered == self.looks_at:
                answered = failed = 0

        def roll_back() -> None:
            nonlocal over
            over = True
            run.rollbacks.append((run.env.now, self.name))

        def take_over(machine: Part) -> Callable[[], None]:
            versions, earlier = machine.versions, len(machine.versions)
            versions.append(is_new)

            def ours(request: Request) -> bool:
                """Has no later version taken it over?"""
                return not any(later(request) for later in versions[earlier + 1 :])

            fails = lucks[machine.name]
            if self.errors or self.errors_before:
                machine.err(lambda request: instead(fails, request) if ours(request) else None)
            if self.slower != 1:
                machine.slow(lambda request: self.slower if is_new(request) and ours(request) else 1.0)
            return lambda: None  # it stays

        running.befall(self.name, take_over)

    def share_at(self, at_s: float) -> float:
        """The share of the requests that it has at a moment, unless it is taken back or another follows."""
        return next((share for after_s, share in reversed(self.steps) if at_s >= self.at_s + after_s), 0.0)

    def mark(self, system: System) -> Mark:
        share = plain(100 * self.steps[0][1])
        return Mark(self.at_s, self.at_s + self.steps[-1][0], f"New version of {named(system, self.name)}: {share} %")


def slowed(events: Iterable[Event], rollbacks: Iterable[tuple[float, str]], system: System) -> Iterator[Slow]:
    """Whose work new versions made slower, on average: each has the requests that no later one has, until it is taken back."""
    deploys = sorted((event for event in events if isinstance(event, Deploy)), key=lambda one: one.at_s)
    ends = [inf] * len(deploys)
    for at_s, name in rollbacks:  # of the last that may have been
        ends[max(n for n, one in enumerate(deploys) if (one.name, ends[n]) == (name, inf) and one.at_s <= at_s)] = at_s
    moments = sorted({*ends, *(one.at_s + after_s for one in deploys for after_s, _ in one.steps)} - {inf})
    for since, until in pairwise([*moments, inf]):
        times, taken = dict.fromkeys(system.names, 1.0), dict.fromkeys(system.names, 0.0)
        for one, end in reversed([*zip(deploys, ends, strict=True)]):
            share = one.share_at(since) if since < end else 0.0
            for part in names_of(system, one.name):
                times[part] += max(share - taken[part], 0.0) * (one.slower - 1)
                taken[part] = max(taken[part], share)
        yield from (Slow(part, since, until, each) for part, each in times.items() if each != 1)
