"""Asking several: the slowest of them, what is up of them, and the connections that they need."""

import math
from collections.abc import Sequence

import numpy as np

from pmtech.theory.checks import COUNTED, count, number, numbers


def any_slow(slow_share: float, asked: int) -> float:
    """Chance that at least one of n is slow (or fails, or breaks), each with chance p by itself: 1 - (1 - p)^n.

    Dean and Barroso, The tail at scale, CACM 56 (2013).
    """
    p, n = number("slow_share", slow_share, at_least=0, at_most=1), count("asked", asked)
    return 1.0 if p == 1 else -math.expm1(n * math.log1p(-p))


def gathered_s(mean_s: float, asked: int, need: int | None = None) -> float:
    """Mean seconds until `need` (None: all) of n have answered, each exponential of mean `mean_s` by itself.

    mean (1/n + 1/(n - 1) + ... + 1/(n - need + 1)): for all, n's harmonic number; for the first, mean / n. With i still
    out, the next comes after mean / i, as the exponential has no memory. Renyi, Acta Math. Hung. 4 (1953).
    """
    mean, n = number("mean_s", mean_s, above=0), count("asked", asked, at_most=COUNTED)
    k = n if need is None else count("need", need)
    number("need", k, at_most=n)
    return mean * math.fsum(1 / i for i in range(n - k + 1, n + 1))


def availability(parts: Sequence[float], need: int | None = None) -> float:
    """Chance that at least `need` of the parts are up, each its share of the time, by itself.

    None needs all, in series: the product. 1 is in parallel: 1 - product of (1 - a). Between, k of n.
    Failures that come together (one network, one deployment) make parallel parts much worse than this says.
    """
    shares = numbers("parts", parts, at_least=0, at_most=1)
    k = len(shares) if need is None else count("need", need)
    if not shares:
        raise ValueError("parts must be a list of at least one number")
    number("need", k, at_most=len(shares))
    up = np.ones(1)  # chance of 0, 1, ... parts up
    for share in shares:
        up = np.convolve(up, [1 - share, share])
    return float(up[k:].sum())


def deadlock_free_pool(threads: int, connections_each: int) -> int:
    """Least connections with which one thread can always go on: T (C - 1) + 1, where each of T holds up to C at once.

    With one less, all may hold C - 1 and wait for ever. HikariCP, About Pool Sizing.
    """
    return count("threads", threads) * (count("connections_each", connections_each) - 1) + 1
