"""Caches under independent requests: Che's approximation of LRU, and a time to live."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmtech.theory.checks import count, number


@dataclass(frozen=True)
class CacheHits:
    """Hit ratios of a cache under independent requests."""

    hit_ratio: float
    hit_ratio_by_key: np.ndarray
    lifetime_s: float  #: how long an entry stays: the TTL, or Che's characteristic time for LRU


def che_lru(rates_per_s: Sequence[float], capacity: int) -> CacheHits:
    """Che's approximation of an LRU cache: an unused key stays for one characteristic time T.

    T solves sum_i (1 - exp(-rate_i T)) = capacity, and hit_i = 1 - exp(-rate_i T). `rates_per_s` is the rate of each
    key (weights do too, then T is in their unit); a cache that holds every key always hits in the long run.
    Che, Tung and Wang, IEEE JSAC 20 (2002); why it is so exact: Fricker, Robert and Roberts (2012).
    """
    rates = _rates(rates_per_s)
    capacity = count("capacity", capacity)
    wanted = int((rates > 0).sum())
    if capacity >= wanted:
        return CacheHits(1.0, (rates > 0).astype(float), math.inf)
    from scipy.optimize import brentq

    def filled(log_t: float) -> float:
        return float(-np.expm1(-rates * math.exp(log_t)).sum()) - capacity

    low = high = math.log(capacity / rates.sum())  # the cache cannot fill sooner: 1 - exp(-x) <= x
    while filled(high) < 0:
        high += 1
    lifetime = math.exp(brentq(filled, low - 1, high, xtol=1e-13))
    hits = -np.expm1(-rates * lifetime)
    return CacheHits(float(rates @ hits / rates.sum()), hits, lifetime)


def ttl_cache(rates_per_s: Sequence[float], ttl_s: float) -> CacheHits:
    """A cache with room for all, whose entries die `ttl_s` seconds after they were put in, used or not.

    hit_i = rate_i T / (1 + rate_i T) under Poisson requests: one miss, then rate_i T hits on average.
    Domain: ttl_s at least 0. Jung, Berger and Balakrishnan, INFOCOM (2003).
    """
    rates = _rates(rates_per_s)
    expected = rates * number("ttl_s", ttl_s, at_least=0)
    hits = expected / (1 + expected)
    return CacheHits(float(rates @ hits / rates.sum()), hits, ttl_s)


def _rates(rates_per_s):
    rates = np.asarray(rates_per_s, dtype=float)
    if rates.ndim != 1 or not np.isfinite(rates).all() or (rates < 0).any() or not rates.sum() > 0:
        raise ValueError("rates_per_s must be a list of numbers of at least 0, one of them above 0")
    return rates
