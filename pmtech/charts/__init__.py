"""A result as a figure (`plot.py` has its parts): five lines at most; a second result, kept from before, is drawn
behind the first in grey."""

from collections.abc import Iterable
from math import isnan

import numpy as np
import pandas as pd

from pmtech.charts import plot
from pmtech.charts.caches import freshness, hits
from pmtech.charts.first_page import first_page
from pmtech.charts.load_curve import load
from pmtech.charts.messages import age, backlog, batches
from pmtech.charts.rented import machines, price
from pmtech.charts.retries import attempts
from pmtech.runs.result import Result
from pmtech.runs.table import column
from pmtech.system.system import System
from pmtech.wording import rate

ASKED = plot.stroke("quiet", "dot", 2)


def latency(result: Result, pinned: Result | None = None) -> dict:
    """Time to answer over the run: half of the requests (p50) and 95 of 100 (p95) of those that arrived each second.

    A line ends where more than the other half, or the other 5 of 100, are still inside: who was answered among
    them was only the lucky ones.
    """
    lines = [(f"{plot.KEPT}: p95", _answered(pinned, 0.95), plot.BEHIND)] if pinned else []
    lines += [("p50", _answered(result, 0.50), ASKED), ("p95", _answered(result, 0.95), plot.stroke("accent"))]
    return plot.of_times(lines, "time to answer")


def _answered(result: Result, share: float) -> pd.Series:
    """A percentile of the time to answer in s for each second of arrivals, where it can be known yet."""
    r, seen = result.records, result.timeline
    inside = np.bincount(r.arrived_s[r.status == 0].astype(int), minlength=len(seen))
    known = 1 - inside / seen.offered.clip(1) >= share
    return seen[f"p{share * 100:.0f}_ms"].where(known) / 1000


def throughput(result: Result, pinned: Result | None = None) -> dict:
    """Requests asked, served and refused in each second."""
    seen = result.timeline
    lines = [(f"{plot.KEPT}: served", pinned.timeline.served, plot.BEHIND)] if pinned else []
    lines += [("asked", seen.offered, ASKED), ("served", seen.served, plot.stroke("served"))]
    if seen.rejected.any():
        lines.append(("refused", seen.rejected, plot.stroke("refused-fill", "dash")))
    return plot.over_time(lines, "requests a second")


def queue(result: Result, pinned: Result | None = None) -> dict:
    """How many requests are inside, waiting or being worked on, at the end of each second."""
    lines = [(f"{plot.KEPT}: inside", pinned.timeline.in_system, plot.BEHIND)] if pinned else []
    lines.append(("inside", result.timeline.in_system, plot.stroke("waiting-fill")))
    return plot.over_time(lines, "requests inside")


def clients(result: Result, pinned: Result | None = None) -> dict:
    """What each client asked for, and what became of it: served, waiting (or in work) at the end, refused."""
    asked = result.by_client.offered_per_s
    most = set(asked.sort_values(ascending=False).index[: plot.MOST])
    names = [name for name in asked.index if name in most]
    fates = {name: _fates(result, name) for name in names}
    before = {name: _fates(pinned, name)["served"] for name in names if pinned and name in pinned.by_client.index}
    longest = max([0.0, *(sum(fate.values()) for fate in fates.values()), *before.values()])
    up, thick = (0.14, 0.46) if before else (0.0, 0.56)
    rows = {name: up - row for row, name in enumerate(names)}
    data, notes = [], []
    start, beside = dict.fromkeys(names, 0.0), {name: [] for name in names}
    for fate in ("served", "waiting", "refused"):
        widths = [fates[name][fate] for name in names]
        colour = f"var(--pmtech-{fate}{'' if fate == 'served' else '-fill'})"
        data.append(plot.bars(fate, list(rows.values()), widths, list(start.values()), colour, thick))
        for name, width in zip(names, widths, strict=True):
            words = f"{width * result.window_s:,.0f} still waiting" if fate == "waiting" else f"{fate} {rate(width)}"
            if width > longest * (0.028 * len(words) + 0.02):
                on = plot.note(words, start[name] + width / 2, rows[name], f"var(--pmtech-on-{fate})", "center")
                notes.append(on | {"font": on["font"] | {"weight": 600}})  # white on a colour is read better
            elif fate == "served" or width > 0.01 * longest:
                beside[name].append(words)
            start[name] += width
    for name, words in beside.items():
        if len(words) > 2:  # a third line would lie on the words of the next row
            words = [", ".join(words[:2]), *words[2:]]
        notes.append(plot.note("\n".join(words), start[name], rows[name], plot.TEXT, "left", 6))
    if before:
        down = [rows[name] - up - 0.26 for name in before]
        data.insert(0, plot.bars(f"{plot.KEPT}: served", down, [*before.values()], [0] * len(down), plot.PINNED, 0.18))
        for served, y in zip(before.values(), down, strict=True):
            notes.append(plot.note(f"{plot.KEPT}: served {rate(served)}", served, y, plot.QUIET, "left", 6, 12))
    ticks = {row - up: f"{result.system.label(name)}\nasks {rate(asked[name])} /s" for name, row in rows.items()}
    return plot.over_rows(data, notes, ticks, plot.room(notes, 390), "requests a second")


def _fates(result: Result, name: str) -> dict[str, float]:
    """What became of one client's requests, per second of the measured window."""
    mine = result.by_client.loc[name]
    refused = mine.error_rate * mine.offered_per_s
    served = min(mine.served_per_s, mine.offered_per_s - refused)
    return {"served": served, "waiting": max(0.0, mine.offered_per_s - refused - served), "refused": refused}


def waits(result: Result, pinned: Result | None = None) -> dict:
    """How long each client's answers took: p95."""
    return by_design(({plot.KEPT: pinned} if pinned else {}) | {"now": result}, slow=True)


def by_design(results: dict[str, Result], slow: bool = False) -> dict:
    """What each client gets from each design, a bar a design (five of each at most).

    Requests served a second; or p95, where that is wanted (`slow`), or the designs serve alike and bars of the served
    would say nothing.
    """
    results = dict(list(results.items())[: plot.MOST])
    labels = {name: r.system.label(name) for r in reversed(results.values()) for name in r.by_client.index}
    names = _clients(results.values())[: plot.MOST]
    figure, unit, scale, short = "served_per_s", "requests served a second", 1, ""
    if slow or served_alike(results):
        figure = "p95_ms"
        p95_ms = [p95 for result in results.values() for p95 in result.by_client.p95_ms]
        unit, _ = column(p95_ms, "ms")  # as in the table
        scale = {"s": 1000, "ms": 1}[unit]
        unit, short = f"p95, {unit}: 95 of 100 answers took no longer", f" {unit}"
    every = [value / scale for result in results.values() for value in result.by_client[figure]]
    digits = len(max(column(every, short.strip())[1], key=len).partition(".")[2])  # that of the table
    height = 0.8 / len(results)
    data, notes = [], []
    for place, (label, result) in enumerate(results.items()):
        got = {name: value / scale for name, value in result.by_client[figure].items() if name in names}
        at = {name: -names.index(name) + 0.4 - height * (place + 0.5) for name in got}
        colour = f"var(--pmtech-series-{place + 1})"
        data.append(plot.bars(label, [*at.values()], [*got.values()], [0] * len(got), colour, height * 0.86))
        texts = {name: f"{value:,.{digits}f}{short}".replace("nan", "–") for name, value in got.items()}
        notes += [plot.note(f"{texts[name]}  {label}", got[name], at[name], plot.TEXT, "left", 6, 12) for name in got]
    ticks = {-row: labels[name] for row, name in enumerate(names)}
    return plot.over_rows(data, notes, ticks, plot.room(notes, 700), unit)


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
        if sources[name].waits:
            asked = [max(served)] * len(tables)
        shares = [s / a for s, a in zip(served, asked, strict=True)]
        if max(shares) - min(shares) > 0.03:
            return False
    return True


DRAWN = [latency, throughput, queue, clients, waits, load, hits, freshness]
DRAWN += [age, backlog, batches, first_page, machines, price, attempts]
CHARTS = {chart.__name__: chart for chart in DRAWN}


def default_chart(system: System) -> str:
    """Who gets how much where clients compete; otherwise how long an answer takes."""
    return "clients" if len(system.sources) > 1 else "latency"
