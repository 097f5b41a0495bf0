"""Closed forms of what the lessons are about: what the simulated models must agree with.

Rates are a second, times are seconds, loads and ratios are shares from 0 to 1, unless a name says otherwise. A value
outside a formula's domain is a ValueError in one sentence.
"""

# ruff: noqa: F401

from types import ModuleType as _Module

from pmtech.theory.autoscaling import (
    cold_share,
    desired_replicas,
    price_crossing_per_s,
    replica_limit,
    stabilised_replicas,
)
from pmtech.theory.batches import Backlog, Batch, BatchQueue, backlog, batch_server, linger
from pmtech.theory.caches import CacheHits, che_lru, hit_chances, reuse_distances, stale_chances, ttl_cache
from pmtech.theory.connections import busiest_share, moved_share, new_machine_share, ring_variation
from pmtech.theory.edges import EdgeCache, edge_cache, origin_per_s
from pmtech.theory.failure import BACKOFFS, attempts, backoff_waits_ms, vulnerable_from
from pmtech.theory.fan_out import any_slow, availability, deadlock_free_pool, gathered_s
from pmtech.theory.network import PLACES, coordinates, distance_km, round_trip_ms, round_trips
from pmtech.theory.promises import (
    allowed_minutes,
    budget_spent,
    burn_rate,
    months_until_full,
    peak_per_s,
    requests_for_percentile,
)
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
from pmtech.theory.rollout import Canary, canary
from pmtech.theory.scaling import UniversalScalability, amdahl

# All that is imported here, but not the modules that it comes from.
__all__ = [name for name, value in globals().items() if not (name.startswith("_") or isinstance(value, _Module))]
