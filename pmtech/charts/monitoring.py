"""A run as a monitoring tool draws it: traffic, errors and latency over time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pmtech.charts import plot
from pmtech.runs.result import Result, percentiles

EVERY_S, POINTS = 5.0, 30  # what such a tool takes together into one point, and how many it draws at most
PANELS = {
    "Traffic": "rate(http_requests_total)",
    "Errors": "rate(…{status=~“4..|5..”}) in %",
    "Latency": "histogram_quantile(0.95, …), ms",
}
SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def figure(result: Result) -> dict:
    """Three charts side by side, with the names that they bear in a tool (Prometheus, Grafana) under their own.

    Beyer and others, "Site Reliability Engineering" (2016), chapter 6: latency, traffic, errors; saturation is the fourth.
    """
    edges = np.arange(0, result.duration_s + 1e-9, max(EVERY_S, result.duration_s / POINTS))
    middle = (edges[1:] + edges[:-1]) / 2
    drawn = {"Traffic": _traffic(result, edges), "Errors": _errors(result, edges), "Latency": _latency(result, edges)}
    data, notes, axes = [], [], {}
    for number, (title, lines) in enumerate(drawn.items(), 1):
        n, left, right = "" if number == 1 else str(number), (number - 1) * 0.355, (number - 1) * 0.355 + 0.27
        top = plot.ceiling(
            max((np.nanmax(values) for values in lines.values() if not np.isnan(values).all()), default=1)
        )
        heights = plot.apart({name: _last(values) for name, values in lines.items()}, 0.1 * top, top)
        for place, (name, values) in enumerate(lines.items(), 1):
            stroke = plot.stroke(f"series-{place}", plot_dash(place), 2)
            on = {"xaxis": f"x{n}", "yaxis": f"y{n}"}
            data.append(plot.line(name, zip(middle, values, strict=True), stroke) | on)
            if len(lines) > 1:
                notes.append(
                    plot.note(name, middle[-1], heights[name], plot.TEXT, "left", 6, 11)
                    | {"xref": f"x{n}", "yref": f"y{n}"}
                )
        head = {"xref": "paper", "yref": "paper", "yanchor": "bottom"}
        notes.append(plot.note(title, left, 1.0, plot.TEXT, "left", bold=True) | head | {"yshift": 16})
        notes.append(plot.note(PANELS[title], left, 1.0, plot.QUIET, "left", size=11) | head)
        axes[f"xaxis{n}"] = plot.axis(
            "s", result.duration_s, nticks=4, showgrid=False, domain=[left, right], anchor=f"y{n}"
        )
        axes[f"yaxis{n}"] = plot.axis("", top, nticks=4, anchor=f"x{n}")
    drawing = plot.figure(
        data, notes, axes.pop("xaxis"), axes.pop("yaxis"), margin={"l": 44, "r": 76, "t": 48, "b": 40}
    )
    look = plot.TEMPLATE["layout"]
    drawing["layout"] |= {name: {**look[name.rstrip("23")], **axis} for name, axis in axes.items()}
    return drawing


def plot_dash(place: int) -> str:
    return ("solid", "dash", "dot", "dashdot", "longdash")[(place - 1) % 5]


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
    rows = [percentiles(took[(at >= a) & (at < b)], *SHARES.values()) for a, b in pairwise(edges)]
    return dict(zip(SHARES, np.array(rows).T, strict=True))


def _last(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known[-1]) if len(known) else 0.0
