"""The autoscaler's rules against Kubernetes' own cases; cold starts and prices against a count of calls."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.theory import (
    cold_share,
    desired_replicas,
    littles_law,
    price_crossing_per_s,
    replica_limit,
    stabilised_replicas,
)

# pkg/controller/podautoscaler/replica_calculator_test.go: current, shares of the ready, target, starting -> expected.
# Where a case has a pod without metrics, there are fewer shares than machines.
KUBERNETES = {
    "ScaleUp": (3, [0.3, 0.5, 0.7], 0.3, 0, 5),
    "ScaleUpUnreadyLessScale": (3, [0.5, 0.7], 0.3, 1, 4),
    "ScaleUpUnreadyNoScale": (3, [0.4], 0.3, 2, 3),
    "ScaleUpIgnoresFailedPods": (2, [0.5, 0.7], 0.3, 0, 4),
    "ScaleUpCM": (3, [20, 10, 30], 15, 0, 4),
    "ScaleUpCMUnreadyHotCpuNoLessScale": (3, [50, 10, 30], 15, 0, 6),
    "ScaleUpCMUnreadyHotCpuScaleWouldScaleDown": (3, [50, 15, 30], 15, 0, 7),
    "ScaleUpCMExternal": (1, [8.6], 4.4, 0, 2),
    "ScaleDown": (5, [0.1, 0.3, 0.5, 0.25, 0.25], 0.5, 0, 3),
    "ScaleDownCM": (5, [12] * 5, 20, 0, 3),
    "ScaleDownIncludeUnreadyPods": (5, [0.1, 0.3, 0.5], 0.5, 2, 2),
    "ScaleDownExcludeUnscheduledPods": (5, [0.1], 0.5, 4, 1),
    "Tolerance": (3, [1.01, 1.03, 1.02], 1.0, 0, 3),
    "ToleranceCM": (3, [20, 21, 21], 20, 0, 3),
    "SuperfluousMetrics": (4, [4, 9.5, 3, 7], 1.0, 0, 24),
    "MissingMetrics": (4, [0.4, 0.095], 1.0, 0, 3),
    "MissingMetricsNoChangeEq": (2, [1.0], 1.0, 0, 2),
    "MissingMetricsNoChangeGt": (2, [1.9], 1.0, 0, 2),
    "MissingMetricsNoChangeLt": (2, [0.6], 1.0, 0, 2),
    "MissingMetricsUnreadyChange": (3, [0.45], 0.5, 1, 3),
    "MissingMetricsUnreadyScaleUp": (3, [2.0], 0.5, 1, 4),
    "MissingMetricsUnreadyScaleDown": (4, [0.1, 0.1], 0.5, 1, 3),
    "ComputedToleranceAlgImplementation": (10, [0.5] * 10, 0.56, 0, 9),
    "ComputedToleranceAlgImplementation, unscaling": (10, [0.5] * 10, 0.55, 0, 10),
}


@pytest.mark.parametrize("name", KUBERNETES)
def test_the_cases_of_kubernetes(name):
    current, shares, target, starting, expected = KUBERNETES[name]
    assert desired_replicas(current, shares, target, starting=starting) == expected


def test_at_the_tolerance_nothing_happens_and_beyond_it_something_does():
    assert desired_replicas(10, [0.55] * 10, 0.5) == desired_replicas(10, [0.45] * 10, 0.5) == 10
    assert desired_replicas(10, [0.551] * 10, 0.5) == 12
    assert desired_replicas(10, [0.449] * 10, 0.5) == 9
    assert desired_replicas(10, [0.51] * 10, 0.5, tolerance=0) == 11


def test_a_whole_number_of_machines_is_not_rounded_up_by_the_dust_of_floats():
    assert desired_replicas(2, [0.1, 0.2], 0.1) == 3
    assert [desired_replicas(n, [0.7] * n, 0.1) for n in range(1, 40)] == [7 * n for n in range(1, 40)]


def test_where_nobody_is_ready_nothing_happens_and_idle_machines_are_not_wanted():
    assert desired_replicas(4, [], 0.5, starting=4) == 4
    assert desired_replicas(4, [0, 0, 0, 0], 0.5) == 0


@given(st.lists(st.integers(0, 300), min_size=1, max_size=12), st.integers(10, 120), st.integers(0, 5))
def test_in_whole_numbers_it_is_what_the_rule_says(percents, target, starting):
    """The rule in the words of Kubernetes' page, in whole per cent, so that nothing is rounded but the answer."""
    ready, used = len(percents), sum(percents)
    up, current = used > target * ready, ready + starting
    machines = current if up else ready
    tolerated = 10 * abs(used - target * machines) <= target * machines
    turned = up and used < target * machines
    expected = current if tolerated or turned else -(-used // target)
    assert desired_replicas(current, [p / 100 for p in percents], target / 100, starting=starting) == expected


def test_from_2_to_100_machines_takes_90_seconds():
    steps = [2]
    while steps[-1] < 100:
        steps.append(min(100, replica_limit(steps[-1])))
    assert steps == [2, 6, 12, 24, 48, 96, 100]
    assert 15 * (len(steps) - 1) == 90


def test_down_is_only_as_far_as_the_highest_of_the_last_300_seconds():
    assert stabilised_replicas(10, [(0, 10), (100, 7), (200, 4)]) == 10
    assert stabilised_replicas(10, [(0, 10), (100, 7), (300, 4)]) == 7  # that of 300 s ago counts no more
    assert stabilised_replicas(7, [(100, 7), (300, 4), (400, 4)]) == 4
    assert stabilised_replicas(4, [(0, 4), (15, 9)]) == 9  # up at once
    assert stabilised_replicas(5, [(0, 20), (15, 4)]) == 5  # what was wanted once does not lead up
    assert stabilised_replicas(5, [(0, 20), (15, 4)], calm_s=0) == 4
    assert stabilised_replicas(5, []) == 5


def test_cold_starts_of_one_caller_by_counting_the_gaps():
    gaps = np.random.default_rng(9).exponential(1 / 0.01, 200_000)
    cold = gaps > 300
    assert cold_share(0.01, keep_s=300) == pytest.approx(cold.mean(), abs=4 * cold.std() / math.sqrt(cold.size))
    assert cold_share(0.01, keep_s=0) == cold_share(0, keep_s=300) == 1


def test_where_an_hour_and_a_call_cost_the_same():
    rate = price_crossing_per_s(usd_per_call=0.000002, usd_per_hour=0.036)
    assert rate * 3600 * 0.000002 == pytest.approx(0.036)
    assert rate == pytest.approx(5)


def test_concurrency_is_rate_times_duration():
    assert littles_law(rate_per_s=200, time_in_system_s=0.25) == 50
