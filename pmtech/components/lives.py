"""Connections that requests come on: which of them each takes, and which of its lives that one has."""

import numpy as np

from pmtech.engine.randomness import ROUND, exponential, identity
from pmtech.engine.request import Request


class Lives:
    """The connections of one source, whose `spec` may change; when one ends, another takes its place."""

    def __init__(self, source):
        self.source = source
        self.takes = source.run.luck(f"{source.name}.connection", identity)
        self.ages = source.run.luck(f"{source.name}.connection_age", exponential)
        self.reached: dict[int, tuple[int, float]] = {}  # connection -> (which life, when it ends)

    def of(self, request: Request) -> tuple[tuple, int]:
        """(which connection it comes on, which of the lives of that one)"""
        source, shared = self.source, self.source.spec.connections
        if shared is None:  # each request has its own
            return (request.number, *request.luck_key), 0
        number = int(self.takes[request.luck_key][request.number] * shared)
        return (source.name, number), self.at(number, source.env._now)

    def among(self, count: int) -> np.ndarray:
        """Which connection each of the first requests takes, -1 for one of its own: the other form of `of`."""
        source, shared = self.source, self.source.spec.connections
        return (
            np.full(count, -1) if shared is None else (self.takes[source.first_luck].first(count) * shared).astype(int)
        )

    def at(self, number: int, now: float) -> int:
        """Which of its lives a connection has at a moment; moments are asked for in their order."""
        age_s, (life, ends_s) = self.source.spec.connection_age_s, self.reached.get(number, (0, 0.0))
        if age_s is not None:
            while ends_s <= now:
                life += 1
                ends_s += self.ages[self.source.name, 0][life * ROUND + number] * age_s
            self.reached[number] = life, ends_s
        return life

    def during(self, numbers: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Which of its lives each of these connections has at its moment, in order of time: the other form of `at`."""
        life = np.zeros(len(numbers), dtype=int)
        if (age_s := self.source.spec.connection_age_s) is not None:
            ages, ends = self.ages[self.source.name, 0], {number: [0.0] for number in np.unique(numbers).tolist()}
            last = dict(zip(numbers.tolist(), times.tolist(), strict=True))
            living = list(ends)
            while living:  # life by life: the ages of one life lie side by side, and are made once
                for number in living:
                    ends[number].append(ends[number][-1] + ages[len(ends[number]) * ROUND + number] * age_s)
                living = [number for number in living if ends[number][-1] <= last[number]]
            for number, ended in ends.items():
                mine = numbers == number
                life[mine] = np.searchsorted(ended, times[mine], "right")
        return life
