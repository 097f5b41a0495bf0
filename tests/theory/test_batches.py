"""Batches against the balance of their states and against a simulation; a peak against its hours counted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.theory import backlog, batch_server, linger, mm1


@pytest.mark.parametrize(("rate", "batch_s", "most"), [(4, 1, 5), (0.5, 1, 2), (30, 0.1, 4), (2, 3, 50)])
def test_a_batch_server_by_the_balance_of_its_states(rate, batch_s, most):
    """Idle, or busy with 0, 1, 2, ... waiting: the flows in and out of each state, solved as equations."""
    states = 700
    flow = np.zeros((states + 1, states + 1))  # the last is idle; flow[i, j] from i to j
    for n in range(states):
        flow[n, min(n + 1, states - 1)] += rate * (n + 1 < states)
        flow[n, max(n - most, 0) if n else states] += 1 / batch_s
    flow[states, 0] = rate
    balance = flow.T - np.diag(flow.sum(axis=1))
    balance[0] = 1  # they sum to 1
    p = np.linalg.solve(balance, np.eye(states + 1)[0])
    queue = batch_server(rate, batch_s, most)
    assert queue.mean_queue == pytest.approx(p[:-1] @ np.arange(states), rel=1e-6)
    assert queue.wait_probability == pytest.approx(1 - p[-1], rel=1e-6)
    assert queue.mean_batch == pytest.approx(rate * batch_s / (1 - p[-1]), rel=1e-6)


def test_a_batch_server_as_the_field_quotes_it():
    queue = batch_server(rate_per_s=4, batch_s=1, most=5)
    assert (round(queue.wait_s, 5), round(queue.mean_batch, 4)) == (3.09539, 4.0735)
    assert queue.in_system == pytest.approx(4 * (3.09539 + 1), rel=1e-5)


@given(st.floats(0.01, 0.97), st.floats(1e-3, 10))
def test_batches_of_one_are_a_plain_queue(load, service):
    one, plain = batch_server(load / service, service, most=1), mm1(load / service, service)
    assert one.wait_s == pytest.approx(plain.wait_s, rel=1e-6)
    assert one.wait_probability == pytest.approx(load, rel=1e-9)
    assert one.mean_batch == pytest.approx(1, rel=1e-9)


def lingering(rate, wait_s, most, messages=40_000):
    """Mean batch and mean wait of simulated messages, and four standard errors of each, by batches."""
    arrivals = np.random.default_rng(11).exponential(1 / rate, messages).cumsum()
    sizes, waits, first = [], [], 0
    while first < messages - most:
        ends = arrivals[first] + wait_s
        last = min(int(np.searchsorted(arrivals, ends, side="right")), first + most)
        goes = arrivals[last - 1] if last - first == most else ends
        sizes.append(last - first)
        waits.append(float((goes - arrivals[first:last]).sum()))
        first = last
    sizes, waits = np.array(sizes), np.array(waits)
    mean = waits.sum() / sizes.sum()
    residual = (waits - mean * sizes).std() / sizes.mean()
    return sizes.mean(), mean, 4 * sizes.std() / math.sqrt(sizes.size), 4 * residual / math.sqrt(sizes.size)


@pytest.mark.parametrize(
    ("rate", "wait_s", "most"), [(4, 0.5, 10**4), (4, 0.5, 3), (20, 0.3, 5), (2, 10, 1), (1, 1e6, 8)]
)
def test_lingering_by_simulation(rate, wait_s, most):
    size, wait, size_error, wait_error = lingering(rate, wait_s, most)
    found = linger(rate, wait_s, most)
    assert found.mean_batch == pytest.approx(size, abs=size_error + 1e-9)
    assert found.wait_s == pytest.approx(wait, abs=wait_error + 1e-9)


@given(st.floats(0.1, 100), st.floats(0, 5), st.integers(1, 40))
def test_the_limits_of_lingering(rate, wait_s, most):
    free, full = linger(rate, wait_s), linger(rate, most=most)
    assert free.mean_batch == pytest.approx(1 + rate * wait_s)
    assert free.wait_s == pytest.approx(wait_s * (1 + rate * wait_s / 2) / (1 + rate * wait_s))
    assert (full.mean_batch, full.wait_s) == (most, pytest.approx((most - 1) / (2 * rate)))
    roomy, patient = linger(rate, wait_s, most=3000), linger(rate, 1e6, most)
    assert (roomy.mean_batch, roomy.wait_s) == (pytest.approx(free.mean_batch), pytest.approx(free.wait_s))
    assert (patient.mean_batch, patient.wait_s) == (pytest.approx(most), pytest.approx(full.wait_s))


def test_a_peak_second_by_second():
    waiting, history = 0.0, []
    for second in range(20_000):
        waiting = max(0.0, waiting + (80 if second < 3600 else 20) - 50)
        history.append(waiting)
    found = backlog(peak_per_s=80, for_s=3600, capacity_per_s=50, after_per_s=20)
    assert found.messages == max(history) == 108_000
    assert found.drained_s == history.index(0) + 1 - 3600 == 3600
    assert found.wait_s == 108_000 / 50


def test_a_peak_below_the_capacity_and_one_that_never_ends():
    assert backlog(40, 3600, 50).messages == backlog(40, 3600, 50, after_per_s=60).drained_s == 0
    assert backlog(80, 60, 50, after_per_s=50).drained_s == math.inf
