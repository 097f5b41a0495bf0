"""How many requests a new version must answer until it can be told from the old one, and what that costs."""

from functools import cache

import numpy as np

from pmtech import theory
from pmtech.charts import plot
from pmtech.panels.controls import round_step
from pmtech.panels.steps import Steps, slider
from pmtech.theory.checks import number
from pmtech.wording import counted, plain, rate, rounded, seconds

# name -> what its slider says, its unit, between which numbers it goes at least, and the least and most that it may be.
SLIDERS = {
    "error_share": ("Errors of today's version", "%", (0.0, 0.05), (0, 0.5)),
    "worse": ("More in the new one", "%", (0.01, 0.1), (0.002, 0.5)),
    "share": ("Share of the requests", "%", (0.01, 1.0), (0.01, 1)),
    "rate_per_s": ("Requests a second, all", "/s", (1.0, 100.0), (0.01, 1e5)),
    "back_s": ("The way back takes", "s", (0.0, 900.0), (0, 86_400)),
}


class Canary(Steps):
    """Made by `canary`. The numbers are as the sliders stand; false_alarm and found as they were given."""

    BOUNDS = {name: {"at_least": least, "at_most": most} for name, (*_, (least, most)) in SLIDERS.items()}

    def __init__(self, values: dict[str, float], false_alarm: float, found: float):
        self._sure = {"false_alarm": false_alarm, "found": found}
        shows = "how many errors chance makes in either version"
        super().__init__(values, [_slider(name, value) for name, value in values.items()], name="Canary", shows=shows)

    @property
    def test(self) -> theory.Canary:
        """Requests that it takes, errors at which the alarm rings: see `theory.canary`."""
        return _test(self.error_share, self.worse, **self._sure)

    requests = property(lambda self: self.test.requests)
    alarm_at = property(lambda self: self.test.alarm_at)

    @property
    def wait_s(self) -> float:
        """Until the new version has answered so many."""
        return self.requests / (self.share * self.rate_per_s)

    @property
    def hit(self) -> float:
        """Requests that fail in the new version and would not have failed in the old one, until it is noticed."""
        return self.requests * self.worse

    @property
    def hit_on_the_way_back(self) -> float:
        """The same, from the decision until it is gone."""
        return self.back_s * self.share * self.rate_per_s * self.worse

    @property
    def steps(self) -> list[str]:
        """Each step by hand."""
        new = self.share * self.rate_per_s
        of = f"{100 * self.share:.3g} % of {rate(self.rate_per_s)} a second = {rate(new)} a second"
        return [
            f"{plain(self.requests)} requests tell it from chance: the alarm rings at {counted(self.alarm_at, 'error')} among them",
            f"{of}: they come within {_long(self.wait_s)}",
            f"× {100 * self.worse:.3g} % more errors = {_people(self.hit)} customers hit until then",
            f"+ {_long(self.back_s)} on the way back × {rate(new)} a second × {100 * self.worse:.3g} % "
            f"= {_people(self.hit_on_the_way_back)} more",
        ]

    @property
    def said(self) -> str:
        """What the share decides, in a sentence."""
        whole = self.back_s * self.rate_per_s * self.worse
        told = f"Noticing costs {_people(self.hit)} customers, whatever the share; "
        if self.share == 1:
            return f"{told}the way back, with everybody at once, {_people(whole)} more."
        return (
            f"{told}the way back {_people(self.hit_on_the_way_back)} more. With everybody at once the fault is noticed within "
            f"{_long(self.requests / self.rate_per_s)}, and the way back costs {_people(whole)}."
        )

    @property
    def figure(self) -> dict:
        """How likely each number of errors is, in the old version and in the new one, and where the alarm rings."""
        from scipy.stats import binom

        test, new = self.test, min(1.0, self.error_share + self.worse)
        last = int(max(test.alarm_at + 3, binom.ppf(0.999, test.requests, new)))
        at = np.unique(np.linspace(0, last, 200).round())
        old_p, new_p = (binom.pmf(at, test.requests, share) for share in (self.error_share, new))
        top = plot.ceiling(1.25 * max(old_p.max(), new_p.max()))
        data = [
            plot.line("today's version", zip(at, old_p, strict=True), plot.stroke("quiet", "dash")),
            plot.line("a bad new version", zip(at, new_p, strict=True), plot.stroke("accent")),
        ]
        edge = test.alarm_at - 0.5
        alarm = plot.straight((edge, 0), (edge, top), plot.stroke("quiet", "dot", 2))
        heights = {name: float(p.max() + 0.07 * top) for name, p in (("old", old_p), ("new", new_p))}
        # Where the alarm leaves no room for the name, it stands behind it and points at its curve.
        today = ("today's version", "right", -8) if edge > 0.25 * last else ("← today's version", "left", 8)
        notes = [
            plot.note(today[0], edge, heights["old"], plot.TEXT, *today[1:]),
            plot.note("a bad new version", float(at[new_p.argmax()]), heights["new"], plot.TEXT, "left", -4),
            plot.note("alarm", edge, 0.95 * top, plot.QUIET, "left", 6, 12),
        ]
        x = plot.axis(f"errors among {plain(test.requests)} requests", last * 1.02, showgrid=False)
        return plot.figure(data, notes, x, plot.axis("how likely", top), shapes=[alarm], margin={"t": 16, "r": 130})


def canary(
    error_share: float,
    worse: float,
    *,
    share: float = 0.05,
    rate_per_s: float = 20.0,
    back_s: float = 300.0,
    false_alarm: float = 0.05,
    found: float = 0.95,
) -> Canary:
    """How many requests of a canary it takes until `worse` more errors can be told from chance: `canary(0.01, 0.02)`.

    error_share: of today's version. share: of the requests that the canary gets. rate_per_s: of all requests. back_s: how
    long the way back takes. false_alarm, found: how often a good version may be taken for bad, and a bad one must be
    found. One look, at the end; who looks again and again needs a later alarm. Exact binomial. In a notebook each number
    has a slider. Raises ValueError with a sentence.
    """
    given = {"error_share": error_share, "worse": worse, "share": share, "rate_per_s": rate_per_s, "back_s": back_s}
    values = {name: float(number(name, value, **Canary.BOUNDS[name])) for name, value in given.items()}
    number("error_share + worse", error_share + worse, at_most=1)
    return Canary(values, false_alarm, found)


_test = cache(theory.canary)


def _long(length_s: float) -> str:
    return seconds(length_s) if length_s else "0 s"


def _people(number: float) -> str:
    return plain(rounded(number, "customers")) if number >= 1 else rate(number)


def _slider(name: str, value: float) -> dict:
    label, unit, (low, high), _ = SLIDERS[name]
    low, high = min(low, value), max(high, value)
    step = {"%": 0.01 if high > 0.5 else 0.005}.get(unit) or round_step(low, high, value)
    return slider(name, label, unit, low, high, step, value)
