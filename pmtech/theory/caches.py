"""Caches under independent requests: Che's approximation of LRU, and a time to live."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmtech.theory.checks import count, number

POLICIES = ("lru", "lfu", "fifo", "random")


@dataclass(frozen=True)
class CacheHits:
    """Hit ratios of a cache under independent requests."""

    hit_ratio: float
    hit_ratio_by_key: np.ndarray
    lifetime_s: float  #: how long an entry stays: the TTL, or Che's characteristic time for LRU


def che_lru(rates_per_s: Sequence[float] | np.ndarray, capacity: int) -> CacheHits:
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


def hit_chances(
    reads: Sequence[float] | np.ndarray,
    removed: Sequence[float] | np.ndarray,
    *,
    capacity: int,
    policy: str = "lru",
    ttl_s: float | None = None,
) -> np.ndarray:
    """For each key the share of its reads that a cache answers, from the rates of its reads, and of what removes it.

    Requests are independent of one another (Poisson). lru is Che's approximation, in which an answer unused for one
    characteristic time has gone (`che_lru`). fifo and random: every answer stays equally long, used or not (Gelenbe
    1973; Fricker, Robert and Roberts 2012). lfu: the most popular stay. With a TTL besides, whichever of the two keeps
    an answer for less time counts.
    What this leaves out: the time that fetching takes, and the room that expired and removed answers leave to others.
    """
    if policy not in POLICIES:
        raise ValueError(f"policy must be one of {', '.join(POLICIES)}, got {policy!r}")
    reads, removed = (np.asarray(rates, dtype=float) for rates in (reads, removed))
    if 0 < (total := float(reads.sum())) < 1e-100:  # the same chances, by a clock on which times can be written down
        with np.errstate(over="ignore"):
            reads, removed = reads / total, removed / total
        ttl_s = None if ttl_s is None else ttl_s * total
    wanted = int((reads > 0).sum())
    if wanted <= capacity:
        chances = _while(reads, removed, np.inf)
    elif policy == "lru":
        kept_s = che_lru(reads, capacity).lifetime_s
        chances = reads / np.maximum(reads + removed, 1e-300) * -np.expm1(-(reads + removed) * kept_s)
    elif policy == "lfu":
        chances = _while(reads, removed, np.inf)
        chances[np.argsort(-reads, kind="stable")[capacity:]] = 0
    else:
        chances = _while(reads, removed, _stay_s(reads, capacity))
    return chances if ttl_s is None else np.minimum(chances, _while(reads, removed, ttl_s))


def stale_chances(ttl_s: float, writes: Sequence[float] | np.ndarray) -> np.ndarray:
    """For each key the share of its hits that are out of date, where only the TTL ends an answer's stay.

    A hit meets a copy of any age up to the TTL, equally likely; at age a it is wrong with probability 1 - exp(-w a).
    """
    expected = np.maximum(np.asarray(writes, dtype=float) * number("ttl_s", ttl_s, at_least=0), 1e-12)
    return 1 + np.expm1(-expected) / expected


def reuse_distances(keys: np.ndarray) -> np.ndarray:
    """For each of these requests, how many keys were asked for since its own was last, itself among them; inf at first.

    An LRU cache that keeps n answers, whatever n, finds those of a distance of at most n (Mattson et al., IBM Systems
    Journal 9, 1970). Counted for all at once, from blocks of one request to blocks of half of them.
    """
    n = len(keys)
    order, previous = np.argsort(keys, kind="stable"), np.full(n, -1)
    again = keys[order[1:]] == keys[order[:-1]]
    previous[order[1:][again]] = order[:-1][again]
    # Between two requests for a key, each other key counts once: where it was not asked for since the first of the two.
    seen, width = np.zeros(n), 1
    while width < n:
        pair, late = divmod(np.arange(n) // width, 2)
        ranked = pair * (n + 1) + previous
        seen[late == 1] += np.searchsorted(np.sort(ranked[late == 0]), ranked[late == 1]) - pair[late == 1] * width
        width *= 2
    return np.where(previous < 0, np.inf, seen - previous)


def _while(reads: np.ndarray, removed: np.ndarray, kept_s: float) -> np.ndarray:
    """Each stay begins with a miss and lasts `kept_s`, or until a write: so many hits to one miss (`ttl_cache`)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        stay_s = np.where(removed > 0, -np.expm1(-removed * kept_s) / removed, kept_s)
        hits = reads * stay_s
        return np.where(reads > 0, np.where(np.isinf(hits), 1.0, hits / (1 + hits)), 0.0)


def _stay_s(reads: np.ndarray, room: int) -> float:
    """How long an answer stays where use does not matter: so long that `room` of them are there on average."""
    low, high = -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        filled = float(_while(reads, np.zeros_like(reads), np.exp(middle)).sum())
        low, high = (middle, high) if filled < room else (low, middle)
    return float(np.exp(low))


def _rates(rates_per_s):
    try:
        rates = np.asarray(rates_per_s, dtype=float)
    except (TypeError, ValueError, OverflowError):
        rates = np.empty(0)
    if rates.ndim != 1 or not np.isfinite(rates).all() or (rates < 0).any() or not rates.sum() > 0:
        raise ValueError("rates_per_s must be a list of numbers of at least 0, one of them above 0")
    return rates
