"""Load over time: the area under a curve, its inverse, and how many come."""

import numpy as np
import pytest

from pmtech import Change, Clients, Day, Profile, Server, Surge, simulate

CURVES = [
    Profile(),
    Profile(((0, 1), (10, 0), (20, 3)), repeat=True),
    Profile(((5, 2),)),
    Day(lasts_s=100),
    Day(peak_times=8, night=0),
]


@pytest.mark.parametrize("curve", CURVES, ids=repr)
def test_the_area_and_its_inverse(curve):
    lasts = min(curve.period_s, 200.0)
    grid = np.linspace(0, 2.3 * lasts, 4001)
    rates = [curve.times(at_s) for at_s in grid]
    steps = np.diff(grid) * (np.array(rates[1:]) + rates[:-1]) / 2
    assert curve.area(grid[-1]) == pytest.approx(steps.sum(), rel=2e-3)
    for at_s in grid[1::97]:
        assert curve.when(curve.area(at_s)) == pytest.approx(at_s, abs=1e-5 * lasts) or curve.times(at_s) < 1e-3


@pytest.mark.parametrize("curve", [*CURVES, Profile(((0, 0), (900, 0), (930, 1), (1800, 0)))], ids=repr)
def test_the_inverse_of_many_at_once_is_that_of_each_to_the_last_bit(curve):
    areas = np.concatenate(
        [np.linspace(0, 3 * curve.area(2000.0), 999), [curve.area(at_s) for at_s, _ in curve.points]]
    )
    assert curve.whens(areas).tolist() == [curve.when(area) for area in areas.tolist()]


def test_a_day_has_the_mean_and_the_peak_that_it_says():
    day = Day(peak_times=3, peak_at_h=20, night=0.1, lasts_s=2400)
    assert day.area(2400) / 2400 == pytest.approx(1, abs=1e-6)
    assert day.times(2000) == pytest.approx(3) == max(times for _, times in day.points)
    assert day.times(800) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(("peak_times", "night"), [(1.1, 0.9), (20, 0), (20, 0.5), (20, 0.9)])
def test_the_mean_is_right_at_the_ends_of_the_fields_too(peak_times, night):
    day = Day(peak_times=peak_times, peak_at_h=20, night=night, lasts_s=2400)
    assert day.area(2400) / 2400 == pytest.approx(1, abs=1e-5)
    assert day.times(2000) == pytest.approx(peak_times, rel=1e-3)


def test_as_many_come_as_the_curve_says_and_the_rate_can_be_turned_meanwhile():
    clients = Clients(rate_per_s=50, profile=Profile(((0, 0), (40, 4))))
    result = simulate(
        clients >> Server(workers=1000), duration_s=80, events=[Change("clients.rate_per_s", 25, at_s=40)]
    )
    counted = np.histogram(result.requests.arrived_s, bins=[0, 20, 40, 80])[0]
    for got, expected in zip(counted, (50 * 20, 50 * 60, 25 * 160), strict=True):
        assert abs(got - expected) < 4 * expected**0.5


def test_a_surge_is_a_profile_too_and_what_goes_backwards_is_refused():
    assert Clients(profile=Surge(1, 2, 3)) == Clients(surge=Surge(1, 2, 3))
    for points in (((5, 1), (5, 2)), ((0, -1),), (), "x", ((0, 1, 2),)):
        with pytest.raises(ValueError, match="points|profile"):
            Profile(points)
