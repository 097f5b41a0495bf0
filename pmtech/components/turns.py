"""Turns: who waits before a throttle, whose turn is next and when, whatever clock drives it."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Hashable
from math import inf, nan
from typing import Generic, TypeVar

import numpy as np

from pmtech.engine.sorted_pass import Undecided

Who = TypeVar("Who", bound=Hashable)


class Turns(Generic[Who]):
    """The waiting room of a throttle."""

    def __init__(self, spec):
        self.spec, self.last_s = spec, -inf
        # priority -> caller -> who waits
        self.lines: dict[int, OrderedDict[Hashable, deque[Who]]] = defaultdict(OrderedDict)
        self.places: dict[Who, tuple[int, Hashable]] = {}  # who still waits, and in which line
        self.since: deque[tuple[float, Who]] = deque()  # (since when, who), oldest first

    def lets_through(self, now: float) -> bool:
        """At once, if nobody waits and the last one is long enough ago."""
        if self.places or now < self.last_s + 1 / self.spec.rate_per_s:
            return False
        self.last_s = now
        return True

    def join(self, who: Who, caller: Hashable, endpoint: str, now: float) -> None:
        rank, caller = self.spec.rank(endpoint), caller if self.spec.fair else "all"
        self.lines[rank].setdefault(caller, deque()).append(who)
        self.places[who] = rank, caller
        self.since.append((now, who))

    @property
    def turn_s(self) -> float:
        """When the next one may go."""
        return self.last_s + 1 / self.spec.rate_per_s if self.places else inf

    @property
    def deadline_s(self) -> float:
        """When the one who has waited longest gives up."""
        while self.since and self.since[0][1] not in self.places:
            self.since.popleft()
        return self.since[0][0] + self.spec.max_wait_s if self.since and self.spec.max_wait_s is not None else inf

    def next(self, now: float) -> Who:
        """The most important line that is not empty; in it the caller whose turn it is; of that caller the first."""
        rank = min(self.lines)
        line = self.lines[rank]
        caller, queue = line.popitem(last=False)
        who = queue.popleft()
        if queue:
            line[caller] = queue  # to the end: the next turn is another caller's
        elif not line:
            del self.lines[rank]
        del self.places[who]
        self.last_s = now
        return who

    def give_up(self) -> Who:
        """The one who has waited longest leaves; it stands in front of its line."""
        who = self.since.popleft()[1]
        rank, caller = self.places.pop(who)
        line = self.lines[rank]
        line[caller].remove(who)
        if not line[caller]:
            del line[caller]
        if not line:
            del self.lines[rank]
        return who

    def walk(
        self: "Turns[int]", comers: list[tuple[float, Hashable, str]], until_s: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """When each of those who come (when, of whom, for which endpoint; in order of time) is let through, and when
        refused; NaN: not till `until_s`."""
        through, refused = [nan] * len(comers), [nan] * len(comers)
        gap_s, patient = 1 / self.spec.rate_per_s, self.spec.max_wait_s is None
        for who, (now, caller, endpoint) in enumerate([*comers, (until_s, None, "")]):
            while (due := inf) and self.places:
                turn, deadline = self.last_s + gap_s, inf if patient else self.deadline_s
                due = turn if turn < deadline else deadline
                if due >= now:
                    break
                if turn == deadline:
                    raise Undecided
                if due == turn:
                    through[self.next(due)] = due
                else:
                    refused[self.give_up()] = due
            if due == now < until_s:
                raise Undecided
            if caller is None:
                break
            if self.lets_through(now):
                through[who] = now
            elif endpoint in self.spec.shed:
                refused[who] = now
            else:
                self.join(who, caller, endpoint, now)
        return np.array(through), np.array(refused)
