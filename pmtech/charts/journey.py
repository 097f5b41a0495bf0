"""Where the time of single requests went: their steps, and a figure with a bar for each, on an axis in ms."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pmtech.charts.plot import TEXT, bars, ceiling, note, over_rows
from pmtech.runs.result import Result

COLOURS = {
    "network": "var(--pmtech-pinned)",
    "waiting": "var(--pmtech-waiting-fill)",
    "work": "var(--pmtech-served)",
    "database": "var(--pmtech-series-2)",
}
WORDS = {"network": "there", "waiting": "waiting", "work": "work", "database": "query"}


class Step(NamedTuple):
    """A stretch of a request's time, in ms since it was sent. kind: network, waiting, work or database."""

    part: str
    kind: str
    begin_ms: float
    end_ms: float

    @property
    def shown_ms(self) -> float:
        """How long it took, rounded so that the steps of a request add up to the whole that is shown."""
        took = self.end_ms - self.begin_ms
        return round(self.end_ms) - round(self.begin_ms) if took >= 1 else took


def steps(result: Result, number: int) -> list[Step]:
    """What a request did from its arrival to its answer, without gaps, from `Result.visits`.

    While a part waits for another one further down (a network, a server that holds its worker), the time is the other's.
    What nobody has is the way between a client and the first part with a place; what works for later is not waited for.
    """
    system, (arrived, finished) = result.system, result.requests.loc[number, ["arrived_s", "finished_s"]]
    visits = result.visits[(result.visits.request == number) & result.visits.component.isin(system.heard)]
    visits = visits.sort_values("entered_s", kind="stable")
    times = visits[["entered_s", "started_s", "left_s"]].to_numpy()
    inside = times[(times > arrived) & (times < finished)]
    found: list[tuple] = []
    for begin, end in pairwise([arrived, *np.unique(inside), finished]):
        there = np.flatnonzero((times[:, 0] <= begin) & (times[:, 2] >= end))
        if there.size:
            name = visits.component.iloc[there[-1]]
            kind = system.components[name].kind
            kind = kind if kind in ("network", "database") else "work"
            kind = kind if begin >= times[there[-1], 1] else "waiting"  # also whoever was turned away in the end
        else:
            name, kind = result.requests.client[number], "network"
        if found and found[-1][:2] == (name, kind):
            begin = found.pop()[2]
        found.append((name, kind, begin, end))
    return [Step(name, kind, (a - arrived) * 1000, (b - arrived) * 1000) for name, kind, a, b in found]


def chosen(result: Result, which: int | str) -> int:
    """The number of a served request: itself, "slowest", or "typical": its wait and work nearest to the median at each part."""
    served = result.requests.latency_ms[result.records.served].sort_values(kind="stable")
    if served.empty:
        raise ValueError("a waterfall needs a request that was answered; this run has none")
    if which == "typical":
        visits = result.visits[result.visits.request.isin(served.index)].set_index(["request", "component"])
        spent = visits[visits.index.get_level_values(1).isin(result.system.heard)].diff(axis=1)[["started_s", "left_s"]]
        times = spent.groupby(level=[0, 1]).sum().unstack()  # who is asked again has several visits
        return int((times - times.median()).abs().sum(axis=1).idxmin())
    if which == "slowest":
        return int(served.index[-1])
    if isinstance(which, int | np.integer) and not isinstance(which, bool) and which in served.index:
        return int(which)
    raise ValueError(
        f'a waterfall shows "typical", "slowest" or the number of a request that was answered '
        f"({served.index.min()} to {served.index.max()}), got {which!r}"
    )


def name_of(result: Result, which: int | str) -> str:
    if isinstance(which, str):
        return f"{which} of {result.records.served.sum():,} requests"
    return f"request {which}"


def said(result: Result, which: int | str) -> str:
    """The picture in a sentence."""
    way = steps(result, chosen(result, which))
    spent = {kind: sum(s.shown_ms for s in way if s.kind == kind) for kind in COLOURS}
    parts = ", ".join(f"{_ms(ms)} {kind}" for kind, ms in spent.items() if ms)
    return f"{name_of(result, which).capitalize()}: {_ms(way[-1].end_ms)}{f', of which {parts}' * bool(parts)}."


def figure(result: Result, which: tuple[int | str, ...]) -> dict:
    """The chosen requests below one another, on the same axis; step by step, each bar labelled."""
    stretches: dict[str, list] = {kind: [] for kind in COLOURS}
    notes, ticks, row, longest = [], {}, 0, 0.0
    for choice in which:
        way = steps(result, chosen(result, choice))
        longest = max(longest, way[-1].end_ms)
        title = f"{name_of(result, choice)}: {_ms(way[-1].end_ms)}".capitalize()
        notes.append(note(title, 0, row, TEXT, "left", bold=True))
        for step in way:
            row -= 1
            stretches[step.kind].append((row, step.begin_ms, step.end_ms - step.begin_ms))
            back = step.kind == "network" and step is not way[0]
            ticks[row] = f"{result.system.label(step.part)}: {'back' if back else WORDS[step.kind]}"
            notes.append(note(_ms(step.shown_ms), step.end_ms, row, TEXT, "left", 6))
        row -= 1
    data = [
        bars(kind, [y for y, _, _ in found], [width for _, _, width in found], [begin for _, begin, _ in found],
             COLOURS[kind], 0.7)
        for kind, found in stretches.items() if found
    ]  # fmt: skip
    drawn = over_rows(data, notes, ticks, ceiling(longest), "ms since the request was sent")
    drawn["layout"]["xaxis"]["range"] = [0, longest * 1.1 or 1]
    drawn["layout"]["yaxis"]["range"] = [row + 0.4, 0.6]
    drawn["layout"]["margin"] = {"l": 168}
    return drawn


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 1 or not value else f"{value:.1f} ms"
