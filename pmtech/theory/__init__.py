"""Closed forms of queueing, caching and scaling: what the simulated models must agree with.

Rates are a second, times are seconds, loads and ratios are shares from 0 to 1. A value outside a formula's
domain is a ValueError in one sentence.
"""

from pmtech.theory.caches import CacheHits, che_lru, hit_chances, stale_chances, ttl_cache
from pmtech.theory.queues import (
    MarkovQueue,
    Network,
    Queue,
    erlang_b,
    erlang_c,
    jackson,
    littles_law,
    md1,
    mg1,
    mm1,
    mm1k,
    mmc,
    mmck,
    power_of_choices,
    processor_sharing,
)
from pmtech.theory.scaling import UniversalScalability, amdahl

__all__ = [
    "CacheHits", "MarkovQueue", "Network", "Queue", "UniversalScalability", "amdahl", "che_lru", "erlang_b", "erlang_c",
    "hit_chances", "stale_chances",
    "jackson", "littles_law", "md1", "mg1", "mm1", "mm1k", "mmc", "mmck", "power_of_choices", "processor_sharing",
    "ttl_cache",
]  # fmt: skip
