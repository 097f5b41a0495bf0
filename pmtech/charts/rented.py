"""Charts about rented machines: how many are there and how many the load needs, and a price a call against one an hour."""

from math import ceil

import numpy as np
import pandas as pd

from pmtech.charts import plot
from pmtech.components.component import StationSpec
from pmtech.runs.prices import machine
from pmtech.runs.result import Result
from pmtech.system.system import System

MOMENTS, EACH = 96, 40  # points of a line over time, at most; about so many requests for each
LINES = [plot.stroke(f"series-{number}") for number in (1, 2, 3)]
NEEDED = plot.stroke("quiet", "dot", 2)
RENTED, BUSY = "c7g.medium", 0.6  # the machine of the price list that calls are held against, and how busy it shall be
PEAK = 5  # times the mean


def machines(result: Result, pinned: Result | None = None) -> dict:
    """How many machines take requests, and, dotted, how many the load would keep at work."""
    lines = [(f"{plot.KEPT}: there", there(pinned), plot.BEHIND)] if pinned else []
    lines = [("needed", needed(result), NEEDED), *lines, ("there", there(result), LINES[0])]
    return plot.over_time(lines, "machines", result.duration_s)


def fleets(results: dict[str, Result]) -> dict:
    """The same of several designs that meet the same load, each with dashes of its own: lines may lie over one another."""
    first = next(iter(results.values()))
    lines = plot.each(results, there)
    return plot.over_time([("needed", needed(first), NEEDED), *lines], "machines", first.duration_s)


def alike(results: dict[str, Result]) -> list[list[str]]:
    """Those designs, of all that `fleets` draws, that have as many machines as one another at every moment."""
    groups: dict[tuple, list[str]] = {}
    for label, machines, _ in plot.each(results, there):
        groups.setdefault((*machines.items(),), []).append(label)
    return [labels for labels in groups.values() if len(labels) > 1]


def fleet(system: System) -> str:
    """The part that is meant: the first that is scaled, or else has several machines, or else does any work."""
    parts = {name: part for name, part in system.components.items() if part.station and not part.is_source}
    if not parts:
        raise ValueError("a chart of machines needs a part that works, such as a Server")
    return max(parts, key=lambda name: (parts[name].autoscale is not None, parts[name].replicas > 1))


def _work(system: System) -> StationSpec:
    station = system.components[fleet(system)].station
    assert station is not None
    return station


def there(result: Result) -> pd.Series:
    """How many of its machines take requests, as a line of steps."""
    name = fleet(result.at_end)
    offers = result.offers(name)
    moments = [at_s for offer in offers for at_s in (offer.begin_s, offer.end_s)]
    return pd.Series([float(o.machines - o.dead) for o in offers for _ in "be"], pd.Index(moments, dtype=float))


def needed(result: Result) -> pd.Series:
    """How many machines would be at work all the time on what arrives, by the mean work of a request."""
    r, work = result.records, _work(result.system)
    edges = np.linspace(0, result.duration_s, min(MOMENTS, max(12, len(r.arrived_s) // EACH)) + 1)
    came = np.histogram(r.arrived_s, edges)[0] / np.diff(edges)
    return pd.Series(came * work.mean_s / work.places, (edges[1:] + edges[:-1]) / 2)


def price(result: Result, pinned: Result | None = None) -> dict:
    """Dollars an hour by the load: by the call, by machines for an even load, by machines for a peak. The dot is your run."""
    part = result.system.components[fleet(result.system)]
    load, work_s = result.totals["offered_per_s"], _work(result.system).mean_s
    rates = np.linspace(0, plot.ceiling(1.6 * load), 201)[1:]
    lines = [
        (f"machines, peak × {PEAK}", hourly(rates, work_s, PEAK), LINES[2]),
        ("machines, even", hourly(rates, work_s), LINES[1]),
    ]
    if part.usd_per_call:
        lines.append(("by the call", 3600 * part.usd_per_call * rates, LINES[0]))
    top = plot.ceiling(max(result.totals["cost_usd_per_hour"], *(values[-1] for _, values, _ in lines)))
    ends = {name: float(values[-1]) for name, values, _ in sorted(lines, key=lambda line: line[1][-1])}
    heights = plot.apart(ends, 0.08 * top, top)
    styles = {name: style for name, _, style in lines}
    notes, pieces = plot.named([(name, rates[-1], y, styles[name]) for name, y in heights.items()], rates[-1])
    data = [plot.line(name, zip(rates, values, strict=True), style) for name, values, style in lines]
    runs = [(plot.KEPT, pinned, "var(--pmtech-pinned)")] if pinned else []
    for name, run, colour in [*runs, ("your run", result, "var(--pmtech-text)")]:
        dot = run.totals["offered_per_s"], run.totals["cost_usd_per_hour"]
        data.append(plot.marks(name, [dot], size=10, color=colour))
    x, y = plot.axis("requests a second, on average", rates[-1], showgrid=False), plot.axis("dollars an hour", top)
    return plot.figure(data, notes, x, y, shapes=pieces, margin={"r": 184}, hovermode="closest")


def hourly(rates: np.ndarray, work_s: float, peak: float = 1.0) -> np.ndarray:
    """What as many machines cost an hour as keep to their busy share in a peak of so many times the mean."""
    rented = machine(RENTED)
    per_s = rented["workers"] * BUSY / work_s
    return np.array([ceil(peak * rate / per_s) for rate in rates.tolist()]) * rented["price_usd_per_hour"]
