"""Attempts, the state that does not go away, and waits before a retry, each against a simulation."""

import math
from collections import deque

import numpy as np
import pytest

from pmtech.theory import BACKOFFS, attempts, backoff_waits_ms, vulnerable_from


@pytest.mark.parametrize(("p", "most"), [(0, 3), (0.1, 3), (0.5, 1), (0.9, 10), (1, 4)])
def test_attempts_by_trying(p, most):
    tries = np.minimum(np.random.default_rng(6).geometric(1 - p, 200_000), most) if p < 1 else np.full(10, most)
    assert attempts(p, most) == pytest.approx(tries.mean(), abs=4 * tries.std() / math.sqrt(tries.size) + 1e-12)


def stays_down(load, most, budget=None):
    """A server of 100 requests a tick that begins with a backlog: is it still late when that should be long gone?

    First come, first served, also who has given up after 5 ticks. A request whose answer is late is sent again when its
    time is up, `most` times in all, as long as the retries so far are at most `budget` of the requests.
    """
    line = deque([(0, 1, 4000.0)])  # (tick of arrival, which attempt, how many)
    again, fresh, retried, late = deque(), 0.0, 0.0, math.inf
    for tick in range(1, 3000):
        arrivals = [(tick, 1, 100 * load)]
        fresh += 100 * load
        while again and again[0][0] <= tick:
            _, attempt, many = again.popleft()
            many = many if budget is None else min(many, max(0.0, budget * fresh - retried))
            retried += many
            arrivals.append((tick, attempt + 1, many))
        line.extend(batch for batch in arrivals if batch[2] > 0)
        again.extend((tick + 6, attempt, many) for _, attempt, many in arrivals if attempt < most)
        room, late = 100.0, 0.0
        while line and room > 1e-9:
            came, attempt, many = line[0]
            done = min(many, room)
            room -= done
            if tick - came > 5:
                late += done
            else:  # answered in time: its retry is not needed
                _forget(again, came + 6, attempt, done)
            if done == many:
                line.popleft()
            else:
                line[0] = (came, attempt, many - done)
    return late > 50


def _forget(again, due, attempt, many):
    for index, (when, which, planned) in enumerate(again):
        if (when, which) == (due, attempt):
            again[index] = (when, which, max(0.0, planned - many))


@pytest.mark.parametrize(("most", "budget"), [(1, None), (2, None), (3, None), (4, 0.2), (4, 0.1), (2, 5.0)])
def test_from_which_load_on_retries_keep_a_system_down(most, budget):
    edge = vulnerable_from(most, budget)
    assert not stays_down(0.96 * edge, most, budget)
    assert stays_down(1.04 * edge, most, budget)


def test_the_edges_as_the_field_quotes_them():
    assert [round(vulnerable_from(10, b), 2) for b in (0.2, 0.1)] == [0.83, 0.91]
    assert vulnerable_from(3) == 1 / 3
    assert vulnerable_from(1) == vulnerable_from(1, budget=0.2) == vulnerable_from(5, budget=0) == 1


def drawn(kind, retry, base, cap, size=300_000):
    """Waits as the AWS article's program draws them, one caller after the other."""
    random, expo = np.random.default_rng(7), min(cap, base * 2**retry)
    if kind == "decorrelated":
        wait = np.full(size, float(base))
        for _ in range(retry + 1):
            wait = np.minimum(cap, random.uniform(base, 3 * wait))
        return wait
    jitter = random.uniform(size=size)
    return {"none": 0 * jitter, "exponential": 0 * jitter + expo, "full_jitter": expo * jitter,
            "equal_jitter": expo / 2 + expo / 2 * jitter}[kind]  # fmt: skip


@pytest.mark.parametrize("kind", BACKOFFS)
@pytest.mark.parametrize(("retry", "cap"), [(0, 10_000), (2, 10_000), (5, 2000), (9, 1500)])
def test_waits_by_drawing_them(kind, retry, cap):
    found, waits = backoff_waits_ms(kind, retry, base_ms=100, cap_ms=cap), drawn(kind, retry, 100, cap)
    assert found.mean() == pytest.approx(
        waits.mean(), abs=4 * waits.std() / math.sqrt(waits.size) + 1e-3 * found.mean()
    )
    for share in (0.1, 0.5, 0.9, 0.99):
        below, upto = (found < np.quantile(waits, share)).mean(), (found <= np.quantile(waits, share) + 1e-9).mean()
        assert below - 0.006 <= share <= upto + 0.006
    assert (np.diff(found) >= 0).all()


def test_decorrelated_waits_grow_by_half_while_no_cap_holds_them():
    means = [backoff_waits_ms("decorrelated", n, base_ms=100, cap_ms=1e9).mean() for n in range(6)]
    assert means == pytest.approx([100 * (2 * 1.5 ** (n + 1) - 1) for n in range(6)], rel=1e-6)
