"""A run as a monitoring tool draws it: traffic, errors and latency over time."""

import numpy as np

from pmtech.charts import plot
from pmtech.runs.result import Result
from pmtech.runs.summary import percentiles_within
from pmtech.wording import clock

EVERY_S, POINTS = 5.0, 30  # what such a tool takes together into one point, and how many it draws at most
NAMES = {  # in such a tool
    "Traffic, a second": "rate(http_requests_total)",
    "Errors, %": '100 * rate(…{status=~"4..|5.."}) / rate(…)',
    "Latency, ms": "histogram_quantile(0.95, …)",
}
SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def figure(result: Result) -> dict:
    """Three charts side by side, with the names that they bear in a tool (Prometheus, Grafana) under their own.

    Beyer and others, "Site Reliability Engineering" (2016), chapter 6: latency, traffic, errors; saturation is the fourth.
    """
    edges = np.linspace(0, result.duration_s, 1 + int(np.clip(result.duration_s / EVERY_S, 1, POINTS)))
    drawn = dict(zip(NAMES, (of(result, edges) for of in (_traffic, _errors, _latency)), strict=True))
    data, notes, axes = [], [], {}
    for number, (title, lines) in enumerate(drawn.items()):
        some, words, pair = _one(number, title, lines, edges)
        data, notes, axes = data + some, notes + words, axes | pair
    x, y = axes.pop("xaxis"), axes.pop("yaxis")
    return plot.figure(data, notes, x, y, margin={"l": 44, "r": 76, "t": 48, "b": 40}, **axes)


def _one(number: int, title: str, lines: dict[str, np.ndarray], edges: np.ndarray) -> tuple[list, list, dict]:
    """One of the charts: its lines, its words, its pair of axes."""
    unit, s = clock(edges[-1])
    n, left, middle = str(number + 1).replace("1", ""), number * 0.385, (edges[1:] + edges[:-1]) / 2 / s
    top = plot.ceiling(max(float(np.nanmax([0, *values])) for values in lines.values()))
    heights = plot.apart({name: _last(values) for name, values in lines.items()}, 0.1 * top, top)
    data, notes, here = [], [], {"xref": f"x{n}", "yref": f"y{n}"}
    for place, (name, values) in enumerate(lines.items(), 1):
        points = zip(middle, values, strict=True)
        data.append(plot.line(name, points, plot.series(place, 2)) | {"xaxis": f"x{n}", "yaxis": f"y{n}"})
        if len(lines) > 1:
            notes.append(plot.note(name, middle[-1], heights[name], plot.TEXT, "left", 6, 11) | here)
    above = {"xref": "paper", "yref": "paper", "yanchor": "bottom"}
    notes.append(plot.note(title, left, 1.0, plot.TEXT, "left", bold=True) | above | {"yshift": 18})
    notes.append(plot.note(NAMES[title], left, 1.0, plot.QUIET, "left", size=11) | above)
    look = plot.TEMPLATE["layout"]
    x = plot.axis(f"{unit}s", edges[-1] / s, nticks=4, showgrid=False, domain=[left, left + 0.23], anchor=f"y{n}")
    y = plot.axis("", top, nticks=4, anchor=f"x{n}")
    return data, notes, {f"xaxis{n}": {**look["xaxis"], **x}, f"yaxis{n}": {**look["yaxis"], **y}}


def _traffic(result: Result, edges: np.ndarray) -> dict[str, np.ndarray]:
    r, names = result.records, result.records.sources[: plot.MOST]
    counts = {name: np.histogram(r.arrived_s[r.client == number], edges)[0] for number, name in enumerate(names)}
    return {result.system.label(name): count / (edges[1] - edges[0]) for name, count in counts.items()}


def _errors(result: Result, edges: np.ndarray) -> dict[str, np.ndarray]:
    r = result.records
    done, failed = (np.histogram(r.finished_s[r.status >= least], edges)[0] for least in (1, 400))
    return {"": 100 * failed / np.maximum(done, 1)}


def _latency(result: Result, edges: np.ndarray) -> dict[str, np.ndarray]:
    """Of the answers that came in each stretch: a tool knows of no request before it is answered."""
    r = result.records
    good = (r.status >= 200) & (r.status < 400)
    at, took = r.finished_s[good], (r.finished_s - r.arrived_s)[good] * 1000
    return dict(zip(SHARES, percentiles_within(edges[:-1], edges[1:], at, took, *SHARES.values()), strict=True))


def _last(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else 0.0
