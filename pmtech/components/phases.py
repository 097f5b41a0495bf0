"""Phases: when requests would arrive at a rate of one a second; the rate of the moment stretches them."""

import numpy as np

from pmtech.engine.randomness import BLOCK, exponential, kept_stream


class Phases(dict):
    """Number -> when it would arrive at a rate of one a second."""

    def __init__(self, seed: int, name: str, arrivals: str):
        super().__init__()
        self.even = arrivals == "even"
        self.gaps = kept_stream((seed, f"{name}.arrivals", name, 0), exponential)
        self.total, self.first = 0.0, 0

    def __missing__(self, number: int) -> float:
        if self.even:
            return float(number)
        self.clear()  # arrivals only go forward
        gaps = self.gaps.ahead(self.first)
        gaps[0] += self.total
        phases = np.cumsum(gaps).tolist()  # adds one by one
        self.update(enumerate(phases, self.first))
        self.total, self.first = phases[-1], self.first + len(phases)
        return self[number]

    def until(self, phase: float) -> np.ndarray:
        """All phases up to `phase`, and some more."""
        if self.even:
            return np.arange(int(phase) + 2, dtype=float)
        count = int(phase + 6 * phase**0.5) + BLOCK
        while True:
            phases = np.cumsum(self.gaps.first(count))
            if phases[-1] > phase:
                return phases
            count *= 2
