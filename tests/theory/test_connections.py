"""Balls thrown, connections that end, keys on rings: each formula against a count."""

import hashlib
import itertools
import math
from bisect import bisect_right

import numpy as np
import pytest

from pmtech.theory import busiest_share, moved_share, new_machine_share, ring_variation


@pytest.mark.parametrize(("connections", "machines"), [(1, 1), (1, 4), (5, 3), (7, 2), (3, 6), (6, 1)])
def test_the_busiest_by_trying_every_way_to_fall(connections, machines):
    ways = itertools.product(range(machines), repeat=connections)
    mean = np.mean([max(way.count(machine) for machine in set(way)) for way in ways])
    assert busiest_share(connections, machines) == pytest.approx(mean * machines / connections, rel=1e-9)


@pytest.mark.parametrize(("connections", "machines"), [(20, 4), (100, 4), (100, 10), (1000, 7)])
def test_the_busiest_by_throwing(connections, machines):
    counts = np.random.default_rng(3).multinomial(connections, [1 / machines] * machines, size=40_000).max(axis=1)
    error = 4 * counts.std() / math.sqrt(counts.size)
    assert busiest_share(connections, machines) * connections / machines == pytest.approx(counts.mean(), abs=error)


def test_the_busiest_as_the_field_quotes_it():
    assert [round(busiest_share(c, n), 2) for c, n in ((20, 4), (100, 4), (100, 10))] == [1.48, 1.21, 1.51]
    assert busiest_share(5000, 2) == pytest.approx(1 + math.sqrt(2 / math.pi / 5000), rel=1e-5)  # half normal


def test_what_a_new_machine_gets_while_connections_end():
    """2 machines, a third comes; each connection ends without memory after 600 s and comes back anywhere."""
    random, connections, at_s = np.random.default_rng(5), 300_000, 420
    ended = np.zeros(connections)
    where = random.integers(2, size=connections)
    while (young := np.flatnonzero(ended < at_s)).size:
        ended[young] += random.exponential(600, young.size)
        moved = young[ended[young] < at_s]
        where[moved] = random.integers(3, size=moved.size)
    new = (where == 2).mean()
    assert new_machine_share(at_s, 600) / 3 == pytest.approx(new, abs=4 * math.sqrt(new / connections))
    assert (new_machine_share(0, 600), round(new_machine_share(600 * math.log(2), 600), 12)) == (0, 0.5)


def ring(machines, virtual_nodes, salt=0):
    nodes = itertools.product(range(machines), range(virtual_nodes))
    return sorted((int(hashlib.md5(f"{salt}-{m}-{v}".encode()).hexdigest()[:12], 16), m) for m, v in nodes)


@pytest.mark.parametrize(("machines", "virtual_nodes"), [(10, 1), (10, 20), (4, 5)])
def test_the_shares_of_rings_vary(machines, virtual_nodes):
    variations = []
    for salt in range(800):
        points = ring(machines, virtual_nodes, salt)
        arcs = np.diff([point for point, _ in points], prepend=points[-1][0] - 16**12) / 16**12
        shares = np.bincount([machine for _, machine in points], weights=arcs, minlength=machines)
        variations.append(shares.var() * machines**2)  # about the mean, which is 1 / machines
    error = 4 * np.std(variations) / math.sqrt(len(variations))
    assert ring_variation(machines, virtual_nodes) ** 2 == pytest.approx(np.mean(variations), abs=error)


def test_ring_variation_as_the_field_quotes_it():
    assert (round(ring_variation(10), 2), round(ring_variation(10, 100), 3)) == (0.9, 0.095)
    assert ring_variation(1) == 0


@pytest.mark.parametrize(("before", "after"), [(4, 5), (5, 4), (6, 8), (3, 9), (7, 7)])
def test_keys_that_move(before, after):
    keys = np.arange(9 * 8 * 7 * 5 * 10)
    assert moved_share(before, after, ring=False) == pytest.approx((keys % before != keys % after).mean())
    old, new = ring(before, 300), ring(after, 300)
    places = [int(hashlib.md5(str(key).encode()).hexdigest()[:12], 16) for key in range(4000)]

    def owners(points):
        starts = [point for point, _ in points]
        return np.array([points[bisect_right(starts, place) % len(points)][1] for place in places])

    moved = (owners(old) != owners(new)).mean()
    # one ring is not the mean ring: the joining share varies as `ring_variation` says
    error = 4 * (ring_variation(max(before, after), 300) + 1 / math.sqrt(4000)) * moved_share(before, after)
    assert moved_share(before, after) == pytest.approx(moved, abs=error)
