"""A result as a plotly figure: plain dicts, so that no panel waits for the import of plotly's Python half.

Colours are the custom properties of `panels/panel.css` (`var(--pmtech-served)`), which the page resolves for the light
or the dark theme. Lines and bars carry their names beside them; every axis has its unit; a figure draws five lines at
most. A second result, pinned as "A", is drawn behind the first in grey.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isnan, log10
from typing import TYPE_CHECKING

from pmtech.components import Users
from pmtech.explain import rate, seconds
from pmtech.result import Result
from pmtech.system import System

if TYPE_CHECKING:
    import pandas as pd

MOST = 5  # lines or clients in one figure

TEXT, QUIET, PINNED = "var(--pmtech-text)", "var(--pmtech-quiet)", "var(--pmtech-pinned)"

TEMPLATE = {
    "layout": {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": TEXT},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 60, "r": 16, "t": 8, "b": 44},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "var(--pmtech-ground)", "bordercolor": "var(--pmtech-line)"},
        **{
            axis: {
                "gridcolor": "var(--pmtech-line)",
                "linecolor": "var(--pmtech-line)",
                "tickfont": {"size": 12, "color": QUIET},
                "title": {"font": {"size": 12, "color": QUIET}, "standoff": 8},
                "ticks": "outside",
                "tickcolor": "rgba(0,0,0,0)",
                "zeroline": False,
                "fixedrange": True,
            }
            for axis in ("xaxis", "yaxis")
        },
    }
}


def latency(result: Result, pinned: Result | None = None) -> dict:
    """Time to answer over the run: half of the requests (p50) and 95 of 100 (p95) of those that arrived each second.

    A line ends where more than the other half, or the other 5 of 100, are still inside: who was answered among
    them was only the lucky ones.
    """
    lines = [
        ("p50", _answered(result, 0.50), {"color": QUIET, "width": 2, "dash": "dot"}),
        ("p95", _answered(result, 0.95), {"color": "var(--pmtech-accent)", "width": 2.5}),
    ]
    if pinned is not None:
        lines.insert(0, ("A: p95", _answered(pinned, 0.95), _BEHIND))
    unit, scale = ("s", 1000) if any(values.max() >= 2000 for _, values, _ in lines) else ("ms", 1)
    return over_time([(name, values / scale, line) for name, values, line in lines], f"time to answer, {unit}")


def _answered(result: Result, share: float) -> pd.Series:
    """A percentile of the time to answer in ms for each second of arrivals, where it can be known yet."""
    inside = result.requests.status.eq(0).groupby(result.requests.arrived_s.astype(int)).mean()
    known = 1 - inside.reindex(result.timeline.index, fill_value=0) >= share
    return result.timeline[f"p{share * 100:.0f}_ms"].where(known)


def throughput(result: Result, pinned: Result | None = None) -> dict:
    """Requests asked, served and refused in each second."""
    lines = [
        ("asked", result.timeline.offered, {"color": QUIET, "width": 2, "dash": "dot"}),
        ("served", result.timeline.served, {"color": "var(--pmtech-served)", "width": 2.5}),
    ]
    if result.timeline.rejected.any():
        lines.append(
            ("refused", result.timeline.rejected, {"color": "var(--pmtech-refused-fill)", "width": 2.5, "dash": "dash"})
        )
    if pinned is not None:
        lines.insert(0, ("A: served", pinned.timeline.served, _BEHIND))
    return over_time(lines, "requests a second")


def queue(result: Result, pinned: Result | None = None) -> dict:
    """How many requests are inside, waiting or being worked on, at the end of each second."""
    line = {"color": "var(--pmtech-waiting-fill)", "width": 2.5}
    lines = [("inside", result.timeline.in_system, line)]
    if pinned is not None:
        lines.insert(0, ("A: inside", pinned.timeline.in_system, _BEHIND))
    return over_time(lines, "requests inside")


def clients(result: Result, pinned: Result | None = None) -> dict:
    """What each client asked for, and what became of it: served, waiting (or in work) at the end, refused."""
    asking = list(result.by_client.sort_values("offered_per_s", ascending=False).index[:MOST])
    names = [name for name in result.by_client.index if name in asking]
    fates = {name: _fates(result, name) for name in names}
    before = {
        name: _fates(pinned, name)["served"] for name in names if pinned is not None and name in pinned.by_client.index
    }
    longest = max([0.0, *(sum(fate.values()) for fate in fates.values()), *before.values()])
    rows = {name: -row for row, name in enumerate(names)}
    up, thick = (0.14, 0.46) if before else (0.0, 0.56)
    data, notes = [], []
    start, beside = dict.fromkeys(names, 0.0), {name: [] for name in names}
    for fate in ("served", "waiting", "refused"):
        widths = [fates[name][fate] for name in names]
        colour = f"var(--pmtech-{fate}{'' if fate == 'served' else '-fill'})"
        data.append(bars(fate, [rows[name] + up for name in names], widths, list(start.values()), colour, thick))
        for name, width in zip(names, widths, strict=True):
            words = f"{fate} {rate(width)}"
            if width > longest * (0.028 * len(words) + 0.02):
                at = start[name] + width / 2
                notes.append(note(words, at, rows[name] + up, f"var(--pmtech-on-{fate})", "center"))
            elif fate == "served" or width > 0.01 * longest:
                beside[name].append(words)
            start[name] += width
    for name, words in beside.items():
        notes.append(note("<br>".join(words), start[name], rows[name] + up, TEXT, "left", 6))
    if before:
        down = [rows[name] - 0.26 for name in before]
        data.insert(0, bars("A: served", down, list(before.values()), [0] * len(down), PINNED, 0.18))
        for served, y in zip(before.values(), down, strict=True):
            notes.append(note(f"A: served {rate(served)}", served, y, QUIET, "left", 6, 12))
    ticks = {
        rows[name]: f"{result.system.label(name)}<br>asks {rate(result.by_client.offered_per_s[name])} /s"
        for name in names
    }
    return over_rows(data, notes, ticks, _room(notes, 390), "requests a second")


def by_design(results: dict[str, Result]) -> dict:
    """What each client gets from each design, a bar a design (five of each at most).

    Requests served a second; or p95, where the designs serve alike and bars of the served would say nothing.
    """
    results = dict(list(results.items())[:MOST])
    labels = {name: r.system.label(name) for r in reversed(results.values()) for name in r.by_client.index}
    names = _clients(results.values())[:MOST]
    figure, unit, scale, said = "served_per_s", "requests served a second", 1, rate
    if served_alike(results):
        longest = max(result.by_client.p95_ms.max() for result in results.values())
        figure, said = "p95_ms", lambda value: seconds(value * scale / 1000)
        unit, scale = ("s", 1000) if longest >= 2000 else ("ms", 1)
        unit = f"p95, {unit}: 95 of 100 answers took no longer"
    height = 0.8 / len(results)
    data, notes = [], []
    for place, (label, result) in enumerate(results.items()):
        got = {name: value / scale for name, value in result.by_client[figure].items() if name in names}
        at = {name: -names.index(name) + 0.4 - height * (place + 0.5) for name in got}
        colour = f"var(--pmtech-series-{place + 1})"
        data.append(bars(label, [*at.values()], [*got.values()], [0] * len(got), colour, height * 0.86))
        notes += [note(f"{said(got[name])}  {label}", got[name], at[name], TEXT, "left", 6, 12) for name in got]
    ticks = {-row: labels[name] for row, name in enumerate(names)}
    return over_rows(data, notes, ticks, _room(notes, 700), unit)


def _clients(results: Iterable[Result]) -> list[str]:
    """Who is in any of the designs, in order."""
    return list(dict.fromkeys(name for result in results for name in result.by_client.index))


def served_alike(results: dict[str, Result]) -> bool:
    """Does every client get the same share of its requests served by all designs, within 3 of 100?

    Users, who ask again once they are answered, ask less of a slow design: for them the number served must be alike.
    """
    tables = [result.by_client for result in results.values()]
    sources = next(iter(results.values())).system.sources
    for name in _clients(results.values()):
        if any(name not in table.index or isnan(table.p95_ms[name]) for table in tables):
            return False
        served = [table.served_per_s[name] for table in tables]
        asked = [table.offered_per_s[name] for table in tables]
        if isinstance(sources[name], Users):
            asked = [max(served)] * len(tables)
        shares = [s / a for s, a in zip(served, asked, strict=True)]
        if max(shares) - min(shares) > 0.03:
            return False
    return True


def load(result: Result, pinned: Result | None = None) -> dict:
    """Time to answer against the share of the capacity that is asked for: mean, p95 and p99."""
    from pmtech.load_curve import load  # which draws with the parts of this module

    return load(result, pinned)


def hits(result: Result, pinned: Result | None = None) -> dict:
    """Share of the reads that the cache answers, against how many answers it may keep."""
    from pmtech.cache_charts import hits

    return hits(result, pinned)


def freshness(result: Result, pinned: Result | None = None) -> dict:
    """Share of the reads that the cache answers, and share of these answers that are out of date, against the TTL."""
    from pmtech.cache_charts import freshness

    return freshness(result, pinned)


CHARTS = {
    "latency": latency, "throughput": throughput, "queue": queue, "clients": clients, "load": load,
    "hits": hits, "freshness": freshness,
}  # fmt: skip


def default_chart(system: System) -> str:
    """Who gets how much where clients compete; otherwise how long an answer takes."""
    return "clients" if len(system.sources) > 1 else "latency"


# --- parts of a figure -----------------------------------------------------------------------------------------------

_BEHIND = {"color": PINNED, "width": 2, "dash": "dash"}


def over_time(lines: list[tuple], unit: str) -> dict:
    """A figure of (name, values a second, line style), each line named at its end."""
    top = ceiling(max((float(values.max()) for _, values, _ in lines if values.notna().any()), default=1.0))
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": values.index.tolist(),
            "y": [None if isnan(y) else round(float(y), 3) for y in values],
            "line": line,
        }
        for name, values, line in lines
    ]
    ends = {name: values.dropna() for name, values, _ in lines if values.notna().any()}
    gap = 0.08 * top
    # Lines that end at about the same height are named in the order in which they ran.
    order = sorted(ends, key=lambda name: (round(ends[name].iloc[-1] / gap), ends[name].mean()))
    heights = _apart({name: float(ends[name].iloc[-1]) for name in order}, gap, top)
    notes = [note(name, ends[name].index[-1], y, TEXT, "left", 8) for name, y in heights.items()]
    last = len(lines[0][1])
    return {
        "data": data,
        "layout": {
            "template": TEMPLATE,
            "annotations": notes,
            "margin": {"r": 84},
            "xaxis": {"title": {"text": "seconds since the start"}, "range": [0, last], "showgrid": False},
            "yaxis": {"title": {"text": unit}, "range": [0, top], "tickformat": ",~r"},
        },
    }


def _apart(heights: dict[str, float], gap: float, top: float) -> dict[str, float]:
    """The same names, upwards in this order, `gap` apart and not above `top`: they must not cover one another."""
    apart, below = {}, -gap
    for name, height in heights.items():
        apart[name] = below = max(height, below + gap)
    above = top
    for name in reversed(apart):
        apart[name] = min(apart[name], above)
        above = apart[name] - gap
    return apart


def _room(notes: list, plot_px: int) -> float:
    """Where an axis must end so that what is written beside the bars has room in a plot of that width."""
    ends = [0.0]
    for words in notes:
        if words["xanchor"] == "left":
            share = (7.6 * max(map(len, words["text"].split("<br>"))) + 8) / plot_px
            ends.append(words["x"] / max(1 - share, 0.3))
    return ceiling(max(ends))


def over_rows(data: list, notes: list, ticks: dict, end: float, unit: str) -> dict:
    """A figure of rows of bars: `ticks` names the rows (height -> text), `end` is that of the axis in `unit`."""
    return {
        "data": data,
        "layout": {
            "template": TEMPLATE,
            "annotations": notes,
            "barmode": "overlay",
            "hovermode": False,
            "margin": {"l": 112},
            "xaxis": {"title": {"text": unit}, "range": [0, end], "tickformat": ",~r", "nticks": 8},
            "yaxis": {
                "tickvals": list(ticks),
                "ticktext": list(ticks.values()),
                "tickfont": {"size": 13, "color": TEXT},
                "range": [min(ticks) - 0.5, max(ticks) + 0.5],
                "showgrid": False,
            },
        },
    }


def bars(name: str, y: list, widths: list, base: list, colour: str, thick: float) -> dict:
    """Bars that lie, one at each height `y`, from `base` on."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": y,
        "x": [round(float(width), 3) for width in widths],
        "base": [round(float(b), 3) for b in base],
        "width": thick,
        "marker": {"color": colour, "line": {"width": 0}},
    }


def note(text: str, x: float, y: float, colour: str, anchor: str, shift: int = 0, size: int = 13) -> dict:
    """Words in a figure. anchor: which end of them stands at x ("left", "center", "right"); shift: px to the right."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "xanchor": anchor,
        "xshift": shift,
        "align": "left",
        "showarrow": False,
        "font": {"color": colour, "size": size},
    }


def _fates(result: Result, name: str) -> dict[str, float]:
    """What became of one client's requests, per second of the measured window."""
    mine = result.by_client.loc[name]
    refused = mine.error_rate * mine.offered_per_s
    served = min(mine.served_per_s, mine.offered_per_s - refused)
    return {"served": served, "waiting": max(0.0, mine.offered_per_s - refused - served), "refused": refused}


def ceiling(value: float) -> float:
    """The next round number above: axes that move in steps leave the eye a hold while a slider moves."""
    if not value > 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return next(
        step * unit for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value * 1.0001 or step == 10
    )
