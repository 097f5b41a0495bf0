"""The slowest of several, what is up of several, and pools, against counting."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.theory import any_slow, availability, deadlock_free_pool, gathered_s, mmck


@given(st.floats(0, 1), st.integers(1, 500))
def test_at_least_one_is_slow(p, n):
    assert any_slow(p, n) == pytest.approx(1 - (1 - p) ** n, abs=1e-12)


def test_at_least_one_is_slow_where_it_is_rare():
    assert any_slow(1e-15, 1000) == pytest.approx(1e-12, rel=1e-9)
    assert (any_slow(0, 3), any_slow(1, 3), round(any_slow(0.01, 100), 3)) == (0, 1, 0.634)


@pytest.mark.parametrize(("asked", "need"), [(8, None), (8, 1), (8, 5), (1, None), (3, 2)])
def test_answers_that_are_waited_for_by_drawing_them(asked, need):
    answers = np.sort(np.random.default_rng(4).exponential(0.2, (60_000, asked)), axis=1)
    waited = answers[:, (need or asked) - 1]
    assert gathered_s(0.2, asked, need) == pytest.approx(waited.mean(), abs=4 * waited.std() / math.sqrt(waited.size))


def test_all_of_eight_are_a_harmonic_number():
    assert gathered_s(1, 8) == pytest.approx(761 / 280)
    assert gathered_s(1, 8, need=1) == 1 / 8


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.data())
def test_what_is_up_by_every_way_to_be_up(parts, data):
    need = data.draw(st.integers(1, len(parts)))
    ways = itertools.product([True, False], repeat=len(parts))
    chance = sum(
        math.prod(a if up else 1 - a for a, up in zip(parts, way, strict=True)) for way in ways if sum(way) >= need
    )
    assert availability(parts, need) == pytest.approx(chance, abs=1e-12)
    assert availability(parts) == pytest.approx(math.prod(parts), abs=1e-12)


def test_series_and_parallel_as_the_field_quotes_them():
    assert round(availability([0.999] * 5), 5) == 0.99501
    assert round(availability([0.999] * 8), 3) == 0.992
    assert 1 - availability([0.99, 0.9], need=1) == pytest.approx(0.001)


@pytest.mark.parametrize(("threads", "each"), [(1, 1), (3, 2), (4, 3), (2, 5)])
def test_a_pool_in_which_somebody_can_always_go_on(threads, each):
    """Threads take one connection at a time, and give all back when they have what they need; the worst order."""

    def stuck(pool):
        held = [0] * threads
        while sum(held) < pool and any(h < each - 1 for h in held):
            held[min(range(threads), key=held.__getitem__)] += 1  # the worst: everybody has a part, nobody all
        return sum(held) == pool

    least = deadlock_free_pool(threads, each)
    assert not stuck(least)
    assert least == 1 or stuck(least - 1)


def test_a_pool_is_a_queue_with_a_limit():
    """20 connections of 50 ms, 380 requests a second, room for 20 to wait: the balance of its states by hand."""
    p = [1.0]
    for n in range(1, 41):
        p.append(p[-1] * 380 / (min(n, 20) / 0.05))
    pool = mmck(380, 0.05, workers=20, places=40)
    assert pool.loss == pytest.approx(p[-1] / sum(p))
    waiting = sum((n - 20) * chance for n, chance in enumerate(p) if n > 20) / sum(p)
    assert pool.wait_s == pytest.approx(waiting / (380 * (1 - pool.loss)))
