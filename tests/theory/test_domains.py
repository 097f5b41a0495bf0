"""Outside its domain each formula says so, in one sentence that names the field, the bound and the value."""

import importlib
import math
import pkgutil
from fractions import Fraction

import numpy as np
import pytest

from pmtech import theory


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: theory.desired_replicas(-1, [0.5], 0.5), "current must be at least 0, got -1"),
        (lambda: theory.desired_replicas(1.5, [0.5], 0.5), "current must be a whole number, got 1.5"),
        (lambda: theory.desired_replicas(1, 0.5, 0.5), "shares must be a list of numbers, got 0.5"),
        (lambda: theory.desired_replicas(1, ["a"], 0.5), "each of shares must be a finite number, got 'a'"),
        (lambda: theory.desired_replicas(1, [-0.5], 0.5), "each of shares must be at least 0, got -0.5"),
        (lambda: theory.desired_replicas(1, [0.5], 0), "target must be above 0, got 0"),
        (lambda: theory.desired_replicas(1, [0.5], 1, starting=-1), "starting must be at least 0, got -1"),
        (lambda: theory.desired_replicas(1, [0.5], 1, tolerance=-1), "tolerance must be at least 0, got -1"),
        (lambda: theory.erlang_b(1, 1e300), "servers must be at most 1e+06, got 1e+300"),
        (lambda: theory.availability([0.9], need=Fraction(1, 2)), "need must be at least 1, got 0.5"),
        (
            lambda: theory.hit_chances([1], [0], capacity=1, policy="LRU"),
            "policy must be one of lru, lfu, fifo, random, got 'LRU'",
        ),
        (lambda: theory.che_lru({}, 1), "rates_per_s must be a list of numbers of at least 0, one of them above 0"),
        (
            lambda: theory.stabilised_replicas(2, [1]),
            "recommendations must be pairs of (time in s, machines wanted), got [1]",
        ),
        (lambda: theory.replica_limit(2.5), "replicas must be a whole number, got 2.5"),
        (lambda: theory.stabilised_replicas(2, [(0, -1)]), "a recommendation must be at least 0, got -1"),
        (lambda: theory.cold_share(-1, 5), "rate_per_s must be at least 0, got -1"),
        (lambda: theory.price_crossing_per_s(0, 1), "usd_per_call must be above 0, got 0"),
        (lambda: theory.busiest_share(0, 4), "connections must be at least 1, got 0"),
        (lambda: theory.new_machine_share(1, 0), "mean_age_s must be above 0, got 0"),
        (lambda: theory.moved_share(0, 5), "before must be at least 1, got 0"),
        (lambda: theory.ring_variation(3, 0), "virtual_nodes must be at least 1, got 0"),
        (lambda: theory.batch_server(5, 1, 5), "load must be below 1, got 1: the queue grows without end"),
        (lambda: theory.batch_server(5, 1, 0), "most must be at least 1, got 0"),
        (lambda: theory.linger(5), "linger needs wait_s or most, got neither: the batch would never go"),
        (lambda: theory.linger(5, wait_s=-1), "wait_s must be at least 0, got -1"),
        (lambda: theory.backlog(80, 60, 0), "capacity_per_s must be above 0, got 0"),
        (lambda: theory.edge_cache(0, 5), "rate_per_s must be above 0, got 0"),
        (
            lambda: theory.edge_cache(3, 1, fetch_s=2, collapse=False),
            "fetch_s must be at most 1, got 2: without collapse it is at most ttl_s",
        ),
        (lambda: theory.edge_cache(1, 5, stale_s=math.inf), "stale_s must be a finite number, got inf"),
        (lambda: theory.origin_per_s(3, 5), "rates_per_s must be a list of numbers, got 3"),
        (lambda: theory.any_slow(1.2, 3), "slow_share must be at most 1, got 1.2"),
        (lambda: theory.gathered_s(1, 3, need=4), "need must be at most 3, got 4"),
        (lambda: theory.availability([0.9, 99]), "each of parts must be at most 1, got 99"),
        (lambda: theory.availability([]), "parts must be a list of at least one number"),
        (lambda: theory.availability([0.9], need=2), "need must be at most 1, got 2"),
        (lambda: theory.deadlock_free_pool(0, 1), "threads must be at least 1, got 0"),
        (lambda: theory.allowed_minutes(99.9), "availability must be at most 1, got 99.9"),
        (lambda: theory.burn_rate(0.1, 1), "availability must be below 1, got 1"),
        (lambda: theory.peak_per_s(-1, 20), "users_per_day must be at least 0, got -1"),
        (lambda: theory.peak_per_s(1, 20, peak_times=0.5), "peak_times must be at least 1, got 0.5"),
        (lambda: theory.requests_for_percentile(100), "percent must be below 100, got 100"),
        (lambda: theory.requests_for_percentile(99, within=2), "within must be at most 1, got 2"),
        (lambda: theory.attempts(0.5, 0), "most must be at least 1, got 0"),
        (lambda: theory.vulnerable_from(2, budget=-0.1), "budget must be at least 0, got -0.1"),
        (
            lambda: theory.backoff_waits_ms("full jitter", 0, base_ms=1, cap_ms=2),
            "kind must be a backoff, got 'full jitter': did you mean full_jitter or equal_jitter?",
        ),
        (lambda: theory.backoff_waits_ms("none", 0, base_ms=3, cap_ms=2), "cap_ms must be at least 3, got 2"),
        (lambda: theory.canary(0.1, 0), "worse must be above 0, got 0"),
        (
            lambda: theory.canary(0.1, 1e-5),
            "worse must be more, got 1e-05: that takes more than 1,000,000 requests to see",
        ),
        (lambda: theory.erlang_b(0.5, 10**9), "servers must be at most 1e+06, got 1e+09"),
        (lambda: theory.mm1(10**400, 1), "rate_per_s must be a finite number, got a huge one"),
        (
            lambda: theory.ttl_cache(["a"], 1),
            "rates_per_s must be a list of numbers of at least 0, one of them above 0",
        ),
        (
            lambda: theory.stabilised_replicas(2, [3]),
            "recommendations must be pairs of (time in s, machines wanted), got [3]",
        ),
        (lambda: theory.canary(0.6, 0.6), "error_share + worse must be at most 1, got 1.2"),
    ],
)
def test_outside_the_domain_one_sentence(call, sentence):
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == sentence


def test_small_numbers_of_numpy_lose_no_digits_and_rare_waits_are_none():
    assert theory.mm1(np.float32(8), np.float32(0.0625)) == theory.mm1(8.0, 0.0625)
    assert theory.mmc(1, 0.001, workers=500).wait_percentile_s(99) == 0
    assert theory.batch_server(1e-9, 1e-9, 3).mean_batch == 1


def test_a_number_too_great_to_reckon_with_is_no_finite_number():
    with pytest.raises(ValueError, match=r"^days must be a finite number, got a huge one"):
        theory.allowed_minutes(0.9, days=10**400)
    assert theory.batch_server(1e-300, 1, 5).mean_batch == pytest.approx(1)


def test_every_formula_is_exported_and_has_its_page():
    for module in set(pkgutil.iter_modules(theory.__path__)):
        if module.name != "checks":
            made = importlib.import_module(f"pmtech.theory.{module.name}")
            own = {
                n for n, it in vars(made).items() if getattr(it, "__module__", None) == made.__name__ and n[0] != "_"
            }
            assert own <= set(theory.__all__)
            assert all(getattr(made, name).__doc__ for name in own)
