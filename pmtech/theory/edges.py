"""Copies near the customer: what reaches the origin, and who waits for it. One key, Poisson requests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pmtech.theory.checks import number, numbers


@dataclass(frozen=True)
class EdgeCache:
    """One key at one edge, in the long run."""

    origin_share: float  #: requests to the origin for each request of a customer
    waiting_share: float  #: share of the customers' requests that wait for the origin


def edge_cache(
    rate_per_s: float, ttl_s: float, *, fetch_s: float = 0.0, collapse: bool = True, stale_s: float = 0.0
) -> EdgeCache:
    """An answer fetched in D = `fetch_s`, fresh for T from its arrival, then used stale for W while one fetches anew.

    A cycle is the wait for a first request after the answer went stale, the fetch, the fresh time: 1 + lambda (D + T)
    requests. Those wait that come while there is neither a fresh answer nor a stale one within W: with a = min(D, W),
    e^(-lambda (W - a)) (1 + lambda (D - a)) a cycle. With `collapse` one request a cycle reaches the origin; without,
    each that waits does, and one in the background. W = 0: 1 or 1 + lambda D over 1 + lambda (D + T).
    Any values of at least 0, the rate above; without `collapse` D is at most T, or answers that come later than the first
    find it too old and are fresh again. RFC 5861; renewal reward as in `ttl_cache`, which is D = W = 0.
    """
    rate, ttl = number("rate_per_s", rate_per_s, above=0), number("ttl_s", ttl_s, at_least=0)
    longest, why = (math.inf, "") if collapse else (ttl, ": without collapse it is at most ttl_s")
    fetch, stale = (
        number("fetch_s", fetch_s, at_least=0, at_most=longest, why=why),
        number("stale_s", stale_s, at_least=0),
    )
    covered = min(fetch, stale)
    waiting = math.exp(-rate * (stale - covered)) * (1 + rate * (fetch - covered))
    asked = 1.0 if collapse else waiting - math.expm1(-rate * stale)
    requests = 1 + rate * (fetch + ttl)
    return EdgeCache(asked / requests, waiting / requests)


def origin_per_s(rates_per_s: Sequence[float], ttl_s: float, *, shield: bool = False) -> float:
    """Requests a second for one key that reach the origin behind several edges, `rates_per_s` a rate an edge.

    Each edge asks for itself, lambda / (1 + lambda T) each; E like ones E times that. Behind a `shield` they are one
    cache of the sum of the rates, exactly so where an edge counts the age that the shield's answer already has (RFC
    9111, Age): then all copies end at once. Fetches take no time. Domain: rates and T at least 0.
    """
    rates, ttl = numbers("rates_per_s", rates_per_s, at_least=0), number("ttl_s", ttl_s, at_least=0)
    return sum(rate / (1 + rate * ttl) for rate in ([sum(rates)] if shield else rates))
