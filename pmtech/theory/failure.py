"""When it fails: how often is asked, from which load on retries keep a system down, how long is waited between."""

import numpy as np

from pmtech.theory.checks import count, number
from pmtech.wording import nearest


def attempts(failure_share: float, most: int) -> float:
    """Mean attempts a request, at most n, each failing with chance p by itself: (1 - p^n) / (1 - p); n at p = 1.

    1 + p + ... + p^(n - 1): the k-th is made when those before have failed. p^n fail in the end.
    Retries at several layers multiply: at p = 1, n at each of L layers are n^L.
    """
    p, n = number("failure_share", failure_share, at_least=0, at_most=1), count("most", most)
    return float(n) if p == 1 else (1 - p**n) / (1 - p)


def vulnerable_from(most: int, budget: float | None = None) -> float:
    """Share of the capacity from which on a system, once it is down, stays down: 1 / n, with a budget 1 / (1 + budget).

    When every answer comes too late, all work is wasted and each request is sent n times, or 1 + `budget` times where
    retries may be at most that share of the requests (0.2: 20 %). If that is less than the capacity, the backlog drains
    by itself. Bronson and others, Metastable failures in distributed systems, HotOS 2021.
    """
    times = count("most", most)
    return 1 / (times if budget is None else min(times, 1 + number("budget", budget, at_least=0)))


BACKOFFS = ("none", "exponential", "full_jitter", "equal_jitter", "decorrelated")


def backoff_waits_ms(kind: str, retry: int, *, base_ms: float, cap_ms: float) -> np.ndarray:
    """The wait before a retry (0 is the first) in ms, as 1,000 equally likely values, shortest first.

    With v = min(cap, base 2^retry): "none" 0, "exponential" v, "full_jitter" uniform from 0 to v, "equal_jitter" from
    v/2 to v, all exactly; "decorrelated" min(cap, uniform from base to 3 times the last wait, which begins at base),
    numerically, to about 0.2 %. While no cap holds it, its mean is base (2 1.5^(retry + 1) - 1).
    Their mean is the mean wait, `numpy.quantile` of them the percentiles. Brooker, AWS Architecture Blog (2015).
    """
    if kind not in BACKOFFS:
        raise ValueError(f"kind must be a backoff, got {kind!r}: {nearest(kind, BACKOFFS)}")
    retry, base = count("retry", retry, at_least=0, at_most=1000), number("base_ms", base_ms, above=0)
    cap = number("cap_ms", cap_ms, at_least=base)
    u = (np.arange(1000) + 0.5) / 1000
    if kind == "decorrelated":
        waits = np.full(u.size, float(base))
        for _ in range(retry + 1):
            following = np.minimum(cap, base + np.outer(3 * waits - base, u))
            waits = np.sort(following, axis=None).reshape(u.size, -1).mean(axis=1)
        return waits
    v = min(cap, base * 2.0**retry)
    low, high = {"none": (0, 0), "exponential": (v, v), "full_jitter": (0, v), "equal_jitter": (v / 2, v)}[kind]
    return low + (high - low) * u
