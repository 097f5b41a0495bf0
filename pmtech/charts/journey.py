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
    """
    visits = result.visits[result.visits.request == number].sort_values("entered_s", kind="stable")
    times = visits[["entered_s", "started_s", "left_s"]].to_numpy()
    edges, found = np.unique(times), []
    for begin, end in pairwise(edges):
        deepest = np.flatnonzero((times[:, 0] <= begin) & (times[:, 2] >= end))[-1]
        name = visits.component.iloc[deepest]
        part = result.system.components[name]
        kind = part.kind if part.kind in ("network", "database") else "work"
        kind = "waiting" if begin < times[deepest, 1] else kind
        if found and found[-1][:2] == (name, kind):
            begin = found.pop()[2]
        found.append((name, kind, begin, end))
    if len(edges) == 1:  # it took no time
        found = [(visits.component.iloc[-1], "work", edges[0], edges[0])]
    return [Step(name, kind, (a - edges[0]) * 1000, (b - edges[0]) * 1000) for name, kind, a, b in found]


def chosen(result: Result, which: int | str) -> int:
    """The number of a served request: itself, "slowest", or "typical": its wait and work nearest to the median at each part."""
    served = result.requests.latency_ms[result.records.served].sort_values(kind="stable")
    if served.empty:
        raise ValueError("a waterfall needs a request that was answered; this run has none")
    if which == "typical":
        visits = result.visits[result.visits.request.isin(served.index)].set_index(["request", "component"])
        times = (visits.diff(axis=1)[["started_s", "left_s"]]).unstack()
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
