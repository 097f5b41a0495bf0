"""Shipping: how many requests it takes to see that a new version is worse, and how many customers that costs."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pmtech.theory.checks import COUNTED, number


@dataclass(frozen=True)
class Canary:
    """A test of a new version on a part of the requests."""

    requests: int  #: that the new version must answer
    alarm_at: int  #: errors among them at which chance alone is too poor an excuse
    hit: float  #: errors among them to be expected of a bad version, those of the old one included


def canary(error_share: float, worse: float, *, false_alarm: float = 0.05, found: float = 0.95) -> Canary:
    """The fewest requests of which a version with `worse` more errors is told from chance.

    The old version's share of errors p is known. `alarm_at`: the least k with P(Binomial(n, p) >= k) <= `false_alarm`;
    n: the least with P(Binomial(n, p + worse) >= k) >= `found`. Exact, no normal limit; one look, at the end (who
    looks all the time sees false alarms more often). Domain: p at least 0, worse above 0, p + worse at most 1.
    """
    old = number("error_share", error_share, at_least=0, below=1)
    new = old + number("worse", worse, above=0)
    number("error_share + worse", new, at_most=1 + 1e-12)
    alpha = number("false_alarm", false_alarm, above=0, below=1)
    power = number("found", found, above=0, below=1)
    deviations = (NormalDist().inv_cdf(p) * (q * (1 - min(q, 1.0))) ** 0.5 for p, q in ((1 - alpha, old), (power, new)))
    if sum(deviations) > worse * COUNTED**0.5:  # by the normal limit
        raise ValueError(f"worse must be more, got {worse:g}: that takes more than {COUNTED:,} requests to see")
    from scipy.stats import binom

    first = 1
    while True:
        n = np.arange(first, 2 * first + 1000)
        k = binom.isf(alpha, n, old) + 1  # isf: the least m with P(more than m) <= alpha
        enough = np.flatnonzero(binom.sf(k - 1, n, min(new, 1.0)) >= power)
        if enough.size:
            n, k = int(n[enough[0]]), int(k[enough[0]])
            return Canary(n, k, n * new)
        first = int(n[-1]) + 1
