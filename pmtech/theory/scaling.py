"""What more workers bring: Amdahl's law and the Universal Scalability Law."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmtech.theory.checks import number


def amdahl(workers: float, serial: float) -> float:
    """Speed-up by `workers` when a share `serial` of the work cannot be split: 1 / (s + (1 - s) / n).

    Domain: workers at least 1, serial from 0 to 1. Never above 1 / s. Amdahl, AFIPS 30 (1967).
    """
    workers = number("workers", workers, at_least=1)
    serial = number("serial", serial, at_least=0, at_most=1)
    return 1 / (serial + (1 - serial) / workers)


@dataclass(frozen=True)
class UniversalScalability:
    """Gunther's universal scalability law: throughput X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)).

    gamma is the throughput of one worker a second, alpha the share spent waiting for each other (contention), beta
    the cost of agreeing, a pair of workers (coherency). All at least 0, gamma above 0. beta = 0 is Amdahl's law with
    serial = alpha. Gunther, Guerrilla Capacity Planning (2007), chapter 4.
    """

    gamma_per_s: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        number("gamma_per_s", self.gamma_per_s, above=0)
        number("alpha", self.alpha, at_least=0)
        number("beta", self.beta, at_least=0)

    def throughput_per_s(self, workers: float) -> float:
        """Throughput a second with `workers`, which must be at least 1."""
        n = number("workers", workers, at_least=1)
        return self.gamma_per_s * n / (1 + self.alpha * (n - 1) + self.beta * n * (n - 1))

    @property
    def peak_workers(self) -> float:
        """Where one more worker makes it slower: sqrt((1 - alpha) / beta), endless when beta is 0."""
        if self.alpha >= 1:
            return 1.0
        return max(1.0, math.sqrt((1 - self.alpha) / self.beta)) if self.beta else math.inf

    @classmethod
    def fit(cls, workers: Sequence[float], throughput_per_s: Sequence[float]) -> "UniversalScalability":
        """The law with the least squared error in throughput, alpha and beta held at or above 0.

        Domain: at least three different numbers of workers, throughput above 0. As R's package `usl` (Moeding) does.
        """
        from scipy.optimize import least_squares, nnls

        n = np.array([number("workers", value, at_least=1) for value in workers])
        x = np.array([number("throughput_per_s", value, above=0) for value in throughput_per_s])
        if n.size != x.size:
            raise ValueError(f"throughput_per_s must have {n.size} values like workers, got {x.size}")
        if (different := len(set(n))) < 3:
            raise ValueError(f"workers must have at least 3 different values, got {different}")
        top, best = n.max(), (x / n).max()
        # each term as its share of the whole at the largest N, so that all three have the same scale
        terms = np.column_stack([(n - 1) / (top - 1), n * (n - 1) / (top * (top - 1))])

        def law(p):
            return p[0] * n / (1 + terms @ p[1:])

        # 1 / X is linear in the three, so there is a good start that can't get stuck; its errors are those of 1 / X.
        (base, *more), _ = nnls(np.column_stack([np.ones(n.size), terms]) * (x / n)[:, None], np.ones(n.size))
        start = [1 / base / best, *(np.array(more) / base)] if base > 0 else [1.0, 1.0, 1.0]
        found = least_squares(
            lambda p: law(p) - x / best, start, bounds=(0, np.inf), method="dogbox", ftol=1e-14, xtol=1e-14, gtol=1e-14
        )
        gamma, alpha, beta = found.x * [best, 1 / (top - 1), 1 / (top * (top - 1))]
        return cls(float(gamma), float(alpha), float(beta))
