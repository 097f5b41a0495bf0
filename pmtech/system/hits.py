"""What a cache is worth in the long run: closed forms for the picture of a system and for the charts about caches."""

from __future__ import annotations

import numpy as np

from pmtech import theory
from pmtech.components import Cache
from pmtech.components.source import Source

NONE = np.zeros(0)


def asked(source: Source, rate_per_s: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """How many reads and how many writes of each key a source sends a second."""
    weights = source.key_weights
    rates = weights / weights.sum() * (source.offered_per_s if rate_per_s is None else rate_per_s)
    return rates * (1 - source.write_share), rates * source.write_share


def added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The rates of two streams together; one of them may know fewer keys."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    both = longer.copy()
    both[: len(shorter)] += shorter
    return both


def hit_chances(cache: Cache, reads: np.ndarray, writes: np.ndarray) -> np.ndarray:
    """For each key the share of its reads that a cache answers, from the rates of its reads and writes.

    Requests are independent of one another (Poisson). lru is Che's approximation, in which an answer unused for one
    characteristic time has gone (`theory.che_lru`). fifo and random: every answer stays equally long, used or not
    (Gelenbe 1973; Fricker, Robert and Roberts 2012). lfu: the most popular stay. With a TTL besides, whichever of the
    two keeps an answer for less time counts. With `invalidate` a write ends the stay.
    What this leaves out: the time that fetching takes, and the room that expired and removed answers leave to others.
    """
    removed = writes if cache.invalidate else np.zeros_like(reads)
    wanted, room = int((reads > 0).sum()), cache.capacity
    if wanted <= room:
        chances = _while(reads, removed, np.inf)
    elif cache.policy == "lru":
        kept_s = theory.che_lru(reads, room).lifetime_s
        chances = reads / np.maximum(reads + removed, 1e-300) * -np.expm1(-(reads + removed) * kept_s)
    elif cache.policy == "lfu":
        chances = _while(reads, removed, np.inf)
        chances[np.argsort(-reads, kind="stable")[room:]] = 0
    else:
        chances = _while(reads, removed, _stay_s(reads, room))
    return chances if cache.ttl_s is None else np.minimum(chances, _while(reads, removed, cache.ttl_s))


def stale_chances(ttl_s: float, writes: np.ndarray) -> np.ndarray:
    """For each key the share of its hits that are out of date, where only the TTL ends an answer's stay.

    A hit meets a copy of any age up to the TTL, equally likely; at age a it is wrong with probability 1 - exp(-w a).
    """
    expected = np.maximum(writes * ttl_s, 1e-12)
    return 1 + np.expm1(-expected) / expected


def _while(reads: np.ndarray, removed: np.ndarray, kept_s: float) -> np.ndarray:
    """Each stay begins with a miss and lasts `kept_s`, or until a write: so many hits to one miss (`theory.ttl_cache`)."""
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
