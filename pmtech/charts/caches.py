"""Charts about caches: hits against size, hits and staleness against the TTL, who answers, what still gets through."""

from dataclasses import replace
from functools import lru_cache
from typing import TypeGuard

import numpy as np
import pandas as pd

from pmtech import theory
from pmtech.charts import plot
from pmtech.components.cache import Cache
from pmtech.components.cdn import CDN
from pmtech.components.component import Component
from pmtech.components.rates import added
from pmtech.runs import homes
from pmtech.runs.result import Result
from pmtech.runs.summary import each_second
from pmtech.system.system import System
from pmtech.wording import moment, percent, rate, took

SIZES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)  # of the catalogue, for the replays
PLOT_PX = 440, 240  # about as large as the plot is in a panel
TTL_S = 60.0  # the axis goes at least so far
HITS, STALE = plot.stroke("served"), plot.stroke("series-3", "dash")


def hits(result: Result, pinned: Result | None = None) -> dict:
    """Share of the reads that the cache answers, against how many answers it may keep.

    Line: Che's approximation (for lru). Rings: the requests of this run, replayed at other sizes. Dot: this run. All of
    them warm: counted in the second half. Dotted: what a cache would do whose worth grew with its size.
    """
    asked = cache, reads, _ = _asked(result)
    size = len(reads)
    sizes = tuple(np.unique(np.r_[1, np.geomspace(1, size, 40).astype(int)]).tolist())
    theory = _by_size(asked, sizes)
    data = [
        plot.line("in proportion", [(0, 0), (size, 100)], plot.stroke("quiet", "dot", 1.5)),
        *([plot.line(plot.KEPT, _by_size(_asked(pinned), sizes), plot.BEHIND)] if pinned else []),
        plot.line("theory", theory, HITS),
    ]
    notes = [
        {**plot.note("in proportion\nto its size", 0.6 * size, 60, plot.QUIET, "left", 14, 12), "yshift": -16},
        _named("from the cache", theory, size, at=0.28),  # where the dotted line is far
    ]
    if cache.ttl_s is None and not cache.invalidate and cache.policy == "lru":
        # What was asked for, in order. Writes are among it: their keys are as the reads' are.
        keys = result.records.key()[result.records.visits[_cache(result.system)[0]].row]
        replayed = _replayed(keys.tobytes(), size)
        data.append(plot.marks("replayed", replayed, symbol="circle-open", size=7, color=HITS["color"]))
    for run, label in ((pinned, plot.KEPT), (result, "")):
        if run is not None:
            share = _measured(run)[0]
            capacity = min(_cache(run.system)[1].capacity, size)
            data.append(_dot(label, capacity, share, HITS))
            drawn: list[list] = [theory, [(0, 0), (size, 100)]]
            notes.append(_told(label, capacity, share, size, drawn, notes))
    kept = "answers kept (line: theory, rings: replays, dot: your run, warm)"
    return _figure(data, notes, kept, size, "% of the reads")


def _by_size(asked: tuple, sizes: tuple[int, ...]) -> list[tuple[float, float]]:
    """What theory says a cache of each size answers, in % of the reads."""
    cache, reads, writes = asked
    return _curve_by_size(replace(cache, capacity=1), reads.tobytes(), writes.tobytes(), sizes)


@lru_cache(maxsize=4)  # a slider that moves the dot leaves the line as it was
def _curve_by_size(cache, read: bytes, written: bytes, sizes: tuple[int, ...]) -> list[tuple[float, float]]:
    reads, writes = np.frombuffer(read), np.frombuffer(written)
    hits = {n: reads @ replace(cache, capacity=n).hit_chances(reads, writes) for n in sizes}
    return [(n, 100 * float(hit / reads.sum())) for n, hit in hits.items()]


def freshness(result: Result, pinned: Result | None = None) -> dict:
    """Share of the reads that the cache answers, and share of these answers that are out of date, against the TTL.

    Lines: theory, for a cache with room for all. Dots: this run, counted in its second half.
    """
    asked = cache, *_ = _asked(result)
    if cache.ttl_s is None:
        raise ValueError('show="freshness" needs a Cache with a ttl_s, such as Cache(ttl_s=10)')
    top = plot.ceiling(0.999 * max(TTL_S, cache.ttl_s))
    from_cache, stale = _by_age(asked, top)
    shown = {"from the cache": HITS, "of these out of date": STALE}
    ghosts = _by_age(_asked(pinned), top) if pinned else ()
    data = [plot.line(plot.KEPT, points, plot.BEHIND) for points in ghosts]
    data += [plot.line(name, points, shown[name]) for name, points in zip(shown, (from_cache, stale), strict=True)]
    notes = [_named(name, points, top) for name, points in zip(shown, (from_cache, stale), strict=True)]
    for run, label in ((pinned, plot.KEPT), (result, "")):
        if run is not None and (kept_s := _cache(run.system)[1].ttl_s) is not None:
            ttl_s = min(kept_s, top)
            shares = _measured(run)
            for share, style in zip(shares, shown.values(), strict=True):
                data.append(_dot(label, ttl_s, share, style))
                notes.append(_told(label, ttl_s, share, top, [from_cache, stale], notes, above=share > min(shares)))
    return _figure(data, notes, "time kept (TTL), s (lines: theory, dots: your run, warm)", top, "share, %")


def _by_age(asked: tuple, top: float) -> tuple[list, list]:
    """What theory says of each TTL up to `top`: % of the reads from the cache, % of these out of date."""
    cache, reads, writes = asked
    return _curves_by_age(replace(cache, ttl_s=1.0), reads.tobytes(), writes.tobytes(), top)


@lru_cache(maxsize=4)
def _curves_by_age(cache, read: bytes, written: bytes, top: float) -> tuple[list, list]:
    reads, writes = np.frombuffer(read), np.frombuffer(written)
    from_cache, stale = [], []
    for ttl_s in np.r_[0.01, 0.25, 0.5, 1:top:60j]:
        chances = replace(cache, ttl_s=float(ttl_s)).hit_chances(reads, writes)
        wrong = 0 * chances if cache.invalidate else theory.stale_chances(ttl_s, writes)
        from_cache.append((ttl_s, 100 * (reads @ chances) / reads.sum()))
        stale.append((ttl_s, 100 * (reads * chances) @ wrong / max(reads @ chances, 1e-12)))
    return from_cache, stale


def traffic(results: dict[str, Result], at: str) -> dict:
    """Requests that reach a part in each second, a line a design."""
    lines = plot.each(results, lambda result: pd.Series(reached(result, at)), 2)
    return plot.over_time(lines, f"requests a second at {next(iter(results.values())).system.label(at)}")


def reached(result: Result, at: str) -> np.ndarray:
    """How many requests came to a part in each second of a run."""
    return each_second(result.records.visits[at].entered_s, result.duration_s)


def outdated(results: dict[str, Result]) -> dict:
    """Of the answers that came from copies in each second, how many in a hundred were out of date; a line a run."""
    return plot.over_time(plot.each(results, stale_by_second, 2), "answers that are out of date, %")


def stale_by_second(result: Result) -> pd.Series:
    at_s, hit, stale = result.records.notes[_cache(result.system)[0]].T[:3]
    read, wrong = (each_second(at_s[mask], result.duration_s) for mask in (hit >= 0, stale > 0))
    return pd.Series(np.divide(100.0 * wrong, read, out=np.zeros(len(read)), where=read > 0))


def outdated_said(results: dict[str, Result]) -> list[str]:
    """The chart in sentences."""
    said = []
    for label, result in results.items():
        at_s, _, stale = result.records.notes[_cache(result.system)[0]].T[:3]
        wrong = at_s[stale > 0]
        lasted = f" until {moment(wrong.max(), result.duration_s)}" if len(wrong) else ""
        said.append(f"“{label}”: {len(wrong):,} answers were out of date{lasted}.")
    return said


def answers(result: Result) -> dict[str, float]:
    """Part -> the share of the answers that came from it: a cache's hits, and what reached a database."""
    counts = {}
    for name, part in result.system.components.items():
        if part.remembers:
            counts[name] = float((result.records.notes.get(name, np.zeros((0, 3)))[:, 1] > 0).sum())
        elif part.holds_data:
            counts[name] = float(np.isfinite(result.records.visits[name].left_s).sum())
    total = sum(counts.values()) or 1.0
    return {name: count / total for name, count in counts.items()}


def answered_by(results: dict[str, Result]) -> dict:
    """Where the answers of each design come from, a bar a design, with the mean time to an answer behind it."""
    rows, colours, data, notes = {}, {}, [], []
    for row, (label, result) in enumerate(list(results.items())[: plot.MOST]):
        rows[-row], start = label, 0.0
        for name, share in answers(result).items():
            kind = result.system.label(name)
            colour = colours.setdefault(kind, f"var(--pmtech-series-{len(colours) + 1})")
            data.append(plot.bars(kind, [-row], [100 * share], [start], colour, 0.56))
            # The words stand above their stretch: not every colour of the series can carry text.
            if share > 0.08 or start + 100 * share > 99.9:
                notes.append(plot.note(f"{kind} {percent(share)}", start, -row + 0.39, plot.TEXT, "left", size=12))
            start += 100 * share
        notes.append(plot.note(f"{result.totals['mean_ms']:,.0f} ms", 100, -row, plot.TEXT, "left", 8, bold=True))
    drawn = plot.over_rows(data, notes, rows, 70, "% of the answers; behind each bar the average time to an answer")
    drawn["layout"]["xaxis"] |= {"range": [0, 112], "tickvals": [0, 25, 50, 75, 100]}
    drawn["layout"]["yaxis"]["range"] = [min(rows) - 0.4, 0.6]
    return drawn


def traffic_said(results: dict[str, Result], at: str) -> list[str]:
    """The chart in sentences."""
    return [
        f"“{label}”: {rate((came := reached(result, at)).mean())} a second reach {result.system.label(at)} on average, "
        f"{came.max():,} in the busiest second; 99 of 100 requests are answered within {took(result.summary.p99_ms)}."
        for label, result in results.items()
    ]


def answered_said(results: dict[str, Result]) -> list[str]:
    """The chart in sentences: who is soonest, and who spares the databases most."""
    soonest = sorted(results, key=lambda label: results[label].summary.mean_ms)
    left = {
        label: sum(share for name, share in answers(run).items() if run.system.components[name].holds_data)
        for label, run in results.items()
    }
    times = ", ".join(f"{label} {took(results[label].summary.mean_ms)}" for label in soonest)
    asked = ", ".join(f"{label} {percent(left[label])}" for label in sorted(left, key=lambda label: left[label]))
    return [f"From the soonest answer to the latest: {times}.", f"What is left for the database: {asked}."]


# --- parts of these charts -------------------------------------------------------------------------------------------


def _remembers(part: Component) -> TypeGuard[Cache | CDN]:
    return part.remembers


def _cache(system: System) -> tuple[str, Cache | CDN]:
    for name, part in system.components.items():
        if _remembers(part):
            return name, part
    raise ValueError("this chart needs a Cache in the system, such as Clients() >> Cache() >> Database()")


def _asked(result: Result) -> tuple[Cache | CDN, np.ndarray, np.ndarray]:
    """The cache nearest to the clients, and how often each key is read and written a second."""
    reads = writes = np.zeros(0)
    for source in result.system.sources.values():
        some, others = source.asked()
        reads, writes = added(reads, some), added(writes, others)
    if not reads.any():
        raise ValueError("this chart needs clients who read: a rate above 0 and a write_share below 1")
    return _cache(result.system)[1], reads, writes


def _measured(result: Result) -> tuple[float, float]:
    """Percent of the reads that the cache answered, and of these answers that were out of date, in the second half."""
    hit, stale = homes.reads(result, _cache(result.system)[0], (result.warmup_s + result.duration_s) / 2)
    return 100 * float(hit.mean()) if len(hit) else 0.0, 100 * float(stale.sum() / hit.sum()) if hit.any() else 0.0


@lru_cache(maxsize=32)
def _replayed(keys: bytes, size: int) -> list[tuple[int, float]]:
    """(size of a cache with lru, percent of the later half of these requests that it answers)."""
    distances = theory.reuse_distances(np.frombuffer(keys, dtype=np.int64))
    later, sizes = distances[len(distances) // 2 :], sorted({max(1, round(share * size)) for share in SIZES})
    return [(capacity, 100 * float((later <= capacity).mean()) if len(later) else 0.0) for capacity in sizes]


def _dot(label: str, x: float, y: float, style: dict) -> dict:
    colour = plot.PINNED if label else style["color"]
    return plot.marks(label or "your run", [(x, y)], size=9 if label else 13, color=colour)


def _span(note: dict, right: float) -> np.ndarray:
    """Places along the axis over which the words of a note stand."""
    wide = 7.8 * plot.longest_line(note) * right / PLOT_PX[0]
    return note["x"] + np.linspace(0, wide if note["xanchor"] == "left" else -wide, 9)


def _named(name: str, points: list, right: float, at: float = 0.64) -> dict:
    """The name of a line, above its last third (or from that share of the axis on); under it where the top is near."""
    note = plot.note(name, at * right, 0.0, plot.TEXT, "left", size=12)
    heights = np.interp(_span(note, right), *np.transpose(points))
    above = heights.max() < 91  # clear of the line at 100
    return {**note, "y": float(heights.max() if above else heights.min()), "yshift": 14 if above else -14}


def _told(
    label: str, x: float, y: float, right: float, lines: list[list], others: list[dict], above: bool = False
) -> dict:
    """The share beside a dot, where it lies on no line and on no other words, as near to it as there is room.

    above: not far under it, where there is another dot with a share of its own.
    """
    text = f"{label}: {percent(y / 100)}" if label else percent(y / 100)
    side = ("left", 8) if x < right / 2 else ("right", -8)
    note = plot.note(text, x, y, plot.QUIET if label else plot.TEXT, *side, 12 if label else 13, bold=not label)
    over, px = _span(note, right), 104 / PLOT_PX[1]
    taken = [np.interp(over, *np.transpose(line)) for line in lines]
    near = [one for one in others if np.ptp([*over, *(there := _span(one, right))]) < np.ptp(over) + np.ptp(there)]
    taken += [np.array([one["y"] + one.get("yshift", 0) * px]) for one in near]

    def free(shift: int) -> float:
        middle = y + shift * px
        return min(middle, 104 - middle, *(np.abs(heights - middle).min() for heights in taken), 16 * px)

    shifts = (-18, 18, -32, 32, *((46, 60, 74) if above else (-46, 46, -60, 60)))
    shift = max(shifts, key=free)  # the first of those that are free
    return {**note, "yshift": shift}


def _figure(data: list, notes: list, kept: str, right: float, of: str) -> dict:
    x, y = plot.axis(kept, right * 1.001, showgrid=False), plot.axis(of, 104, tickvals=[0, 25, 50, 75, 100])
    return plot.figure(data, notes, x, y, hovermode=False, margin={"r": 28})
