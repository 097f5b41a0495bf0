"""Load over time: how many times the usual rate is sent, moment by moment."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pmtech.components.fields import Checked, checked, number, plain_number, yes_no
from pmtech.wording import plain, rate

QUARTERS = 96  # of an hour in a day


class Curve(Checked):
    """A rate that changes steadily between points, as a share of the usual one: what `Profile` and `Day` have in common.

    A subclass gives `points` ((when in s, how many times), ...) and `period_s` (infinity: after the last point it stays).
    """

    if TYPE_CHECKING:  # as a field, or worked out

        @property
        def points(self) -> tuple[tuple[float, float], ...]: ...
        @property
        def period_s(self) -> float: ...

    @cached_property
    def _until(self) -> list[float]:
        """At each point, the area under the curve since the first: so many seconds at the usual rate."""
        (at_s, times), area = zip(*self.points, strict=True), [0.0]
        for since, until, first, last in zip(at_s, at_s[1:], times, times[1:], strict=False):
            area.append(area[-1] + (until - since) * (first + last) / 2)
        return area

    @property
    def said(self) -> str:
        """In words, for a box."""
        most = max(times for _, times in self.points)
        least = min(times for _, times in self.points)
        return f"× {rate(least)} to {rate(most)} over time"

    def _whole(self, at_s: float) -> tuple[float, float]:
        """The area of all periods that are over, and where in the present one it is."""
        if self.period_s == inf:
            return 0.0, at_s
        rounds = at_s // self.period_s
        return rounds * self._until[-1], at_s - rounds * self.period_s

    def times(self, at_s: float) -> float:
        """How many times the usual rate is sent at a moment."""
        points_s, times = zip(*self.points, strict=True)
        return float(np.interp(self._whole(at_s)[1], points_s, times))

    def area(self, at_s: float) -> float:
        """So many seconds at the usual rate send as much as is sent until `at_s`."""
        before, rest = self._whole(at_s)
        points, place = self.points, bisect_right(self.points, (rest, inf)) - 1
        if place < 0:
            return before + rest * points[0][1]
        since, first = points[place]
        last = first if place + 1 == len(points) else self.times(rest)
        return before + self._first + self._until[place] + (rest - since) * (first + last) / 2

    @cached_property
    def _first(self) -> float:
        """The area before the first point."""
        return self.points[0][0] * self.points[0][1]

    def when(self, area: float) -> float:
        """The inverse of `area`: until when so much is sent; infinity where that is never."""
        rounds, begin = 0.0, 0.0
        if self.period_s < inf:
            whole = self._until[-1]
            rounds = area // whole
            area, begin = area - rounds * whole, rounds * self.period_s
        area -= self._first
        if area < 0:
            return begin + (area + self._first) / self.points[0][1]
        place = bisect_right(self._until, area) - 1
        (since, first), left = self.points[place], area - self._until[place]
        if place + 1 == len(self.points):
            return begin + since + left / first if first else inf
        until, last = self.points[place + 1]
        slope = (last - first) / (until - since)
        # left = first t + slope t^2 / 2, in the form that does not cancel
        root = sqrt(max(first * first + 2 * slope * left, 0.0))
        return begin + since + (2 * left / (first + root) if first + root else 0.0)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def whens(self, areas: np.ndarray) -> np.ndarray:
        """`when` for many at once, by the same arithmetic; of an area without an end, nothing that is a number."""
        (points_s, times), until, begin = np.array(self.points).T, np.array(self._until), 0.0
        if self.period_s < inf:
            rounds = areas // until[-1]
            areas, begin = areas - rounds * until[-1], rounds * self.period_s
        areas = areas - self._first
        place = np.maximum(np.searchsorted(until, areas, "right") - 1, 0)
        since, first, left = points_s[place], times[place], areas - until[place]
        slope = np.append(np.diff(times) / np.diff(points_s), 0.0)[place]
        both = first + np.sqrt(np.maximum(first * first + 2 * slope * left, 0.0))
        after = np.where(both > 0, 2 * left / both, 0.0)
        ends = np.where(first > 0, left / first, inf)  # behind the last point it stays as there
        after = np.where(place + 1 == len(times), ends, after)
        return np.where(areas < 0, begin + (areas + self._first) / times[0], begin + since + after)


def _number(name: str, value) -> float:
    found = plain_number(value)
    if found is None or not 0 <= found <= 1e9:
        raise ValueError(f"{name} in a profile must be a number of at least 0, got {value!r}")
    return float(found)


def _points(name: str, value):
    pairs = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(pairs) < 1 or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise ValueError(
            f"{name} must be pairs of (second, times the usual rate) such as ((0, 1), (60, 4)), got {value!r}"
        )
    made = tuple((_number("the second", at_s), _number("how many times", times)) for at_s, times in pairs)
    for (before, _), (after, _) in zip(made, made[1:], strict=False):
        if not before < after:
            raise ValueError(f"{name} must go forward in time, got {plain(after)} after {plain(before)}")
    return made


@dataclass(frozen=True, repr=False)
class Profile(Curve):
    """Piecewise linear: `Profile(((0, 1), (60, 4)))` rises from once to four times the usual rate within a minute.

    Before the first point and after the last it stays as there. repeat: after the last point it begins again.
    """

    points: tuple[tuple[float, float], ...] = checked(((0.0, 1.0), (60.0, 4.0)), _points)
    repeat: bool = yes_no(False)

    def __post_init__(self):
        super().__post_init__()
        if self.repeat and (len(self.points) < 2 or self.points[0][0] > 0 or not self._until[-1]):
            raise ValueError("a profile that repeats must begin at second 0, end later, and send something")

    @property
    def period_s(self) -> float:
        return self.points[-1][0] if self.repeat else inf


@dataclass(frozen=True, repr=False)
class Day(Curve):
    """A day whose mean is the usual rate and whose peak is `peak_times` that, again and again.

    peak_at_h: the hour of the peak. night: the least, as a share of the mean. lasts_s: how long a day of the run is
    (3,600 lets a day pass in an hour). The shape is a cosine to the power that makes the mean right: one hump a day.

    What this leaves out: weekends, and the second hump that many services have at noon.
    """

    peak_times: float = number(3.0, at_least=1.1, at_most=20)
    peak_at_h: float = number(20.0, at_least=0, at_most=24)
    night: float = number(0.1, at_least=0, at_most=0.9)
    lasts_s: float = number(86_400.0, at_least=1, at_most=86_400 * 7)

    @property
    def period_s(self) -> float:
        return self.lasts_s

    @property
    def said(self) -> str:
        return f"a day: × {plain(self.peak_times)} at {plain(self.peak_at_h)} o'clock"

    @cached_property
    def points(self) -> tuple[tuple[float, float], ...]:
        peak = round(self.peak_at_h, 6) % 24
        # Sharp: a hump that quarters of an hour are too wide for.
        sharp = self.peak_times - self.night > QUARTERS * (1 - self.night)
        slices, high = (16 * QUARTERS, 1e6) if sharp else (QUARTERS, 4000.0)
        hours = np.unique([0.0, 24.0, *(peak + 24 / slices * np.arange(slices)) % 24])  # the peak is one of them
        hump = (1 + np.cos((hours - peak) * np.pi / 12)) / 2
        low = 0.0  # the higher the power, the steeper the hump, and the lower the mean
        for _ in range(100):
            power = (low + high) / 2
            times = self.night + (self.peak_times - self.night) * hump**power
            mean = (np.diff(hours) * (times[1:] + times[:-1])).sum() / 48
            low, high = (power, high) if mean > 1 else (low, power)
        return tuple(zip((hours / 24 * self.lasts_s).tolist(), times.tolist(), strict=True))
