"""What reaches the origin and who waits, against caches that are simulated request by request."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.theory import edge_cache, origin_per_s, ttl_cache


def simulated(rate, ttl, fetch, collapse, stale, cycles=20_000):
    """Requests, waits and origin requests of each cycle, from the end of freshness to the next."""
    random = np.random.default_rng(2)
    counts = np.zeros((cycles, 3))
    for cycle in range(cycles):
        first = at = random.exponential(1 / rate)
        waits, requests = 0, 0
        while at < first + fetch or not requests:
            requests += 1
            waits += at > stale
            at += random.exponential(1 / rate)
        while at < first + fetch + ttl:
            requests += 1
            at += random.exponential(1 / rate)
        counts[cycle] = requests, waits, 1 if collapse else waits + (first <= stale)
    return counts


@pytest.mark.parametrize(
    ("rate", "ttl", "fetch", "collapse", "stale"),
    [
        (2, 5, 0.5, True, 0),
        (2, 5, 0.5, False, 0),
        (2, 3, 0, True, 0.7),
        (2, 3, 0.5, True, 0.3),
        (2, 3, 0.3, True, 0.8),
        (2, 3, 0.6, False, 0.4),
    ],
)
def test_an_edge_by_simulation(rate, ttl, fetch, collapse, stale):
    requests, waits, asked = simulated(rate, ttl, fetch, collapse, stale).T
    found = edge_cache(rate, ttl, fetch_s=fetch, collapse=collapse, stale_s=stale)
    for value, counted in ((found.origin_share, asked), (found.waiting_share, waits)):
        mean = counted.sum() / requests.sum()
        error = 4 * (counted - mean * requests).std() / requests.mean() / math.sqrt(requests.size)
        assert value == pytest.approx(mean, abs=error)


rates, times = st.floats(0.01, 50), st.floats(0, 20)


@given(rates, times, times, times)
def test_the_formulas_of_the_field(rate, ttl, fetch, stale):
    cycle = 1 + rate * (fetch + ttl)
    assert edge_cache(rate, ttl, fetch_s=fetch).origin_share == pytest.approx(1 / cycle)
    at_most = min(fetch, ttl)
    assert edge_cache(rate, ttl, fetch_s=at_most, collapse=False).origin_share == pytest.approx(
        (1 + rate * at_most) / (1 + rate * (at_most + ttl))
    )
    at_once = edge_cache(rate, ttl, stale_s=stale)
    assert at_once.waiting_share == pytest.approx(math.exp(-rate * stale) / (1 + rate * ttl), abs=1e-15)
    assert edge_cache(rate, ttl).origin_share == pytest.approx(1 - ttl_cache([rate], ttl).hit_ratio)


def test_edges_with_and_without_a_shield():
    assert origin_per_s([3] * 8, ttl_s=10) == pytest.approx(8 * 3 / 31)
    assert origin_per_s([3] * 8, ttl_s=10, shield=True) == pytest.approx(24 / 241)
    assert origin_per_s([1, 9, 0], ttl_s=0) == origin_per_s([1, 9, 0], ttl_s=0, shield=True) == 10


def test_a_shield_whose_answers_carry_their_age():
    """Requests at four edges; an edge takes the copy of the shield with its age, and drops it when that is too old."""
    random, rates, ttl = np.random.default_rng(8), np.array([0.2, 0.5, 1.0, 2.0]), 4.0
    at = random.exponential(1 / rates.sum(), 200_000).cumsum()
    edges = random.choice(4, size=at.size, p=rates / rates.sum())
    copies, shield, alone = [-math.inf] * 4, -math.inf, [-math.inf] * 4
    asked = asked_alone = 0
    for time, edge in zip(at.tolist(), edges.tolist(), strict=True):
        if time - copies[edge] >= ttl:
            if time - shield >= ttl:
                shield, asked = time, asked + 1
            copies[edge] = shield
        if time - alone[edge] >= ttl:
            alone[edge], asked_alone = time, asked_alone + 1
    for found, counted in ((origin_per_s(rates, ttl, shield=True), asked), (origin_per_s(rates, ttl), asked_alone)):
        assert found == pytest.approx(counted / at[-1], rel=4 / math.sqrt(counted))
