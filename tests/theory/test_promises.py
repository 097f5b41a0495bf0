"""Promises by hand, percentiles by measuring them again and again, canaries by the binomial."""

import math

import numpy as np
import pytest

from pmtech.theory import (
    allowed_minutes,
    budget_spent,
    burn_rate,
    canary,
    months_until_full,
    peak_per_s,
    requests_for_percentile,
)


def test_minutes_of_a_promise():
    assert [round(allowed_minutes(a), 2) for a in (0.999, 0.9995, 0.9999, 1)] == [43.2, 21.6, 4.32, 0]
    assert allowed_minutes(0.99, days=1) == pytest.approx(14.4)


def test_burn_rates_of_the_workbook():
    # SRE Workbook, table 5-8: 2 % of the budget in an hour, 5 % in six, 10 % in three days
    assert [budget_spent(*burnt) for burnt in ((14.4, 1), (6, 6), (1, 72))] == pytest.approx([0.02, 0.05, 0.10])
    assert burn_rate(0.0144, 0.999) == pytest.approx(14.4)
    assert budget_spent(burn_rate(1, 0.999), hours=allowed_minutes(0.999) / 60) == pytest.approx(1)


def test_users_a_day_as_requests_a_second():
    assert round(peak_per_s(1_000_000, 20)) == 231
    assert round(peak_per_s(1_000_000, 20, peak_times=3)) == 694


def test_months_until_a_part_is_full():
    assert 0.5 * 1.1 ** months_until_full(0.5, 0.1) == pytest.approx(1)
    assert months_until_full(0.5, 1) == pytest.approx(1)  # doubled every month
    assert (months_until_full(1.2, 0.1), months_until_full(0, 0.1), months_until_full(0.5, 0)) == (
        0,
        math.inf,
        math.inf,
    )


@pytest.mark.parametrize(("percent", "within", "confidence"), [(99, None, 0.95), (95, 1, 0.9), (50, 5, 0.95)])
def test_how_often_a_measured_percentile_is_close(percent, within, confidence):
    n, within = requests_for_percentile(percent, within, confidence), within or (100 - percent) / 2
    found = []
    for seed in range(40):  # of uniform numbers a percentile is its own rank
        runs = np.random.default_rng(seed).uniform(0, 100, (100, n))
        found.extend(np.partition(runs, math.ceil(n * percent / 100) - 1, axis=1)[:, math.ceil(n * percent / 100) - 1])
    close = (np.abs(np.array(found) - percent) <= within).mean()
    assert close == pytest.approx(confidence, abs=0.02 + 4 * math.sqrt(confidence * (1 - confidence) / 4000))


def test_a_p99_takes_well_over_a_thousand():
    assert requests_for_percentile(99) == 1522
    assert requests_for_percentile(99.9) == 15351  # ten times as rare, ten times as many


def at_least(k, n, p):
    """P(Binomial(n, p) >= k), one term after the other."""
    return 1 - math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k))


@pytest.mark.parametrize(
    ("old", "worse", "found"),
    [(0, 0.05, 0.95), (0.01, 0.1, 0.95), (0.05, 0.15, 0.8), (0.3, 0.4, 0.95), (0.5, 0.5, 0.8)],
)
def test_a_canary_by_the_binomial(old, worse, found):
    n, k = 1, 0
    while True:
        while at_least(k, n, old) > 0.05:
            k += 1
        if at_least(k, n, old + worse) >= found:
            break
        n += 1
    test = canary(old, worse, found=found)
    assert (test.requests, test.alarm_at) == (n, k)
    assert test.hit == pytest.approx(n * (old + worse))


def test_a_canary_of_two_per_cent_more_errors_by_simulation():
    test = canary(0.01, 0.02)
    random = np.random.default_rng(12)
    good, bad = random.binomial(test.requests, 0.01, 100_000), random.binomial(test.requests, 0.03, 100_000)
    assert (good >= test.alarm_at).mean() <= 0.05 + 0.003
    assert (bad >= test.alarm_at).mean() == pytest.approx(0.95, abs=0.006)
    assert bad.mean() == pytest.approx(test.hit, rel=0.01)


def test_where_no_error_was_ever_seen_the_first_is_the_alarm():
    test = canary(0, 0.02)
    assert (test.requests, test.alarm_at) == (math.ceil(math.log(0.05) / math.log(0.98)), 1)
    assert canary(0, 1).requests == 1
