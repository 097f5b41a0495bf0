"""From users a day to requests a second at the peak: every step shown, each number movable, and a year with a range."""

from math import ceil

from pmtech import theory
from pmtech.charts import plot
from pmtech.panels.controls import round_step
from pmtech.panels.steps import Steps, slider
from pmtech.theory.checks import growth_range, number
from pmtech.wording import percents, plain, rate

MOST = 1e12
MONTHS = 12
LABELS = {
    "users_per_day": "Users a day",
    "requests_per_user": "Requests of each, a day",
    "peak_times": "Peak, times the average",
}
LEAST = {"users_per_day": 0, "requests_per_user": 0, "peak_times": 1}


class Demand(Steps):
    """Made by `demand`. users_per_day, requests_per_user and peak_times are as the sliders stand.

    growth: at least and at most so much more every month, as shares. capacity_per_s: what there is now, or None.
    """

    BOUNDS = {name: {"at_least": least} for name, least in LEAST.items()}

    def __init__(self, values: dict[str, float], growth: tuple[float, float], capacity_per_s: float | None):
        self.growth, self.capacity_per_s = growth, capacity_per_s
        shows = "requests a second at the peak, month by month"
        super().__init__(values, [_slider(name, value) for name, value in values.items()], name="Demand", shows=shows)

    @property
    def mean_per_s(self) -> float:
        return theory.peak_per_s(self.users_per_day, self.requests_per_user)

    @property
    def peak_per_s(self) -> float:
        """Requests a second at the busiest time of an average day."""
        return theory.peak_per_s(self.users_per_day, self.requests_per_user, self.peak_times)

    def in_months(self, months: float) -> tuple[float, float]:
        """Between what the peak will lie then, if the growth stays within its range."""
        number("months", months, at_least=0, at_most=120)
        low, high = (self.peak_per_s * (1 + share) ** months for share in self.growth)
        return low, high

    def full_in(self, capacity_per_s: float) -> tuple[float, float]:
        """After how many months, at the earliest and at the latest, the peak is as much as can be served."""
        number("capacity_per_s", capacity_per_s, above=0)
        load = self.peak_per_s / capacity_per_s
        soonest, latest = (theory.months_until_full(load, share) for share in reversed(self.growth))
        return soonest, latest

    @property
    def steps(self) -> list[str]:
        """Each step by hand."""
        users, each, peak = (plain(round(getattr(self, name), 4)) for name in LEAST)
        return [
            f"{users} users a day × {each} requests = {rate(self.users_per_day * self.requests_per_user)} requests a day",
            f"÷ 86,400 seconds in a day = {rate(self.mean_per_s)} a second on average",
            f"× {peak} at the peak = {rate(self.peak_per_s)} a second",
        ]

    @property
    def said(self) -> str:
        """The forecast in a sentence."""
        low, high = map(rate, self.in_months(MONTHS))
        peak = low if low == high else f"{low} to {high}"
        told = f"At {percents(self.growth)} more every month the peak is {peak} a second in a year."
        if self.capacity_per_s is None:
            return told
        early, late = self.full_in(self.capacity_per_s)
        there = f"What is there now serves {rate(self.capacity_per_s)} a second"
        if not late:
            return f"{told} {there}: not enough today."
        if early > 120:
            return f"{told} {there}: enough for ten years."
        until = f"{ceil(late)}" if late <= 120 else "later than anybody can see"
        return f"{told} {there}: full in month {ceil(early)} at the earliest, {until} at the latest."

    @property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """For a sheet of requirements: load and growth, and where they come from."""
        users, each, peak = (plain(round(getattr(self, name), 4)) for name in LEAST)
        low, high = map(rate, self.in_months(MONTHS))
        load = f"{rate(self.peak_per_s)} requests a second at the peak"
        year = f"{percents(self.growth)} a month: {low} to {high} a second in a year"
        return {
            "load": (load, f"{users} users a day × {each} requests ÷ 86,400 s × {peak}"),
            "growth": (year, "a forecast, as a range"),
        }

    @property
    def figure(self) -> dict:
        """The peak, month by month, between the least and the most growth."""
        months = range(MONTHS + 1)
        low, high = zip(*map(self.in_months, months), strict=True)
        top = plot.ceiling(max(high[-1], 1.1 * (self.capacity_per_s or 0)))
        band = plot.line("at most", zip(months, high, strict=True), plot.stroke("served"))
        band |= {"fill": "tonexty", "fillcolor": "var(--pmtech-raised)"}
        data = [plot.line("at least", zip(months, low, strict=True), plot.stroke("served", width=1.5)), band]
        ends = {"at least": low[-1], "at most": high[-1]}
        if self.capacity_per_s is not None:
            level = [(0, self.capacity_per_s), (MONTHS, self.capacity_per_s)]
            data.append(plot.line("what can be served", level, plot.stroke("quiet", "dash", 2)))
            ends["can be served"] = self.capacity_per_s
        heights = plot.apart(dict(sorted(ends.items(), key=lambda end: end[1])), 0.09 * top, top)
        notes = [
            plot.note(f"{name}: {rate(ends[name])}", MONTHS, y, plot.TEXT, "left", 8) for name, y in heights.items()
        ]
        x, y = plot.axis("months from now", MONTHS, showgrid=False), plot.axis("requests a second at the peak", top)
        return plot.figure(data, notes, x, y, margin={"r": 170, "t": 12})


def demand(
    users_per_day: float,
    requests_per_user: float,
    peak_times: float = 3.0,
    *,
    growth: tuple[float, float] = (0.02, 0.15),
    capacity_per_s: float | None = None,
) -> Demand:
    """Users a day as requests a second at the peak: `demand(1_000_000, 20, 3).peak_per_s` is 694.

    requests_per_user: of each, a day. peak_times: the busiest hour over the average. growth: at least and at most so much
    more every month, as shares. capacity_per_s: drawn beside it. In a notebook each number has a slider.
    What this leaves out: that days differ, and what one caller or one shop window does. Raises ValueError with a sentence.
    """
    values = {"users_per_day": users_per_day, "requests_per_user": requests_per_user, "peak_times": peak_times}
    for (name, value), most in zip(values.items(), (MOST, 1e6, 1000), strict=True):
        number(name, value, at_least=LEAST[name], at_most=most)
    if capacity_per_s is not None:
        number("capacity_per_s", capacity_per_s, above=0, at_most=MOST)
    return Demand({name: float(value) for name, value in values.items()}, growth_range(growth), capacity_per_s)


def _slider(name: str, value: float) -> dict:
    low, high = LEAST[name], plot.ceiling(3 * value) if value > LEAST[name] else 10.0
    return slider(name, LABELS[name], "", low, high, round_step(low, high, value), value)
