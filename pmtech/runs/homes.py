"""Which machine answered: how many requests, and for which keys, before and after something happened."""

from math import nan

import numpy as np
import pandas as pd

from pmtech.runs.comparison import by_label
from pmtech.runs.result import Result
from pmtech.runs.table import Table
from pmtech.theory.checks import number
from pmtech.wording import clock


def answers_by_machine(result: Result, every_s: float = 20) -> pd.DataFrame:
    """How many requests each machine answered, a row for each stretch of `every_s` seconds in which they arrived.

    A row's name is its beginning, in the unit of the run's charts: in a run of ten minutes or more in minutes.
    """
    every_s = number("every_s", every_s, above=0)
    answered = result.requests[result.records.served]
    table = pd.crosstab(answered.arrived_s // every_s, answered.served_by).rename_axis(columns=None)
    unit, s = clock(result.duration_s)
    since = np.round(table.index * every_s / s, 6 if s == 1 else 1)
    table.index = pd.Index(since.astype(int) if not any(since % 1) else since, name=f"came from {unit}")
    several = {who.split("#")[0] for who in table if "#" in who}  # the first of them has a number, too
    names = {who: result.system.machine_label(f"{who}#1" if who in several else who) for who in table}
    return Table(table.rename(columns=names))


def uneven_shares(result: Result) -> dict[str, list[float]]:
    """Of each pool whose machines got more and less than chance explains: which share of what came each of them got.

    Of the measured window, and of the pools that were as large all the time and lost no machine.
    """
    found = {}
    for name, visits in result.records.visits.items():
        machines = {system.components[name].replicas for _, system in result.history}
        counts = np.bincount(visits.machine[visits.entered_s >= result.warmup_s], minlength=max(machines))
        by_chance = 4 * counts.mean() ** 0.5  # standard deviations of a count
        died = any(result.records.deaths.get(name, ()))
        if len(machines) == 1 and not died and abs(counts - counts.mean()).max() > by_chance:
            found[name] = (counts / counts.sum()).tolist()
    return found


def keys_moved(runs, at_s: float) -> Table:
    """How many of the keys that were asked for before and after a moment have another machine after it, design by design,
    and which share of the reads since then caches answered.

    A key's machine is the one that answered for it last. Where most keys had several before, none has a machine of its
    own, and nothing can be said of that design (NaN). runs: what `compare` gave, or {label: result}.
    """
    number("at_s", at_s)
    words = {"keys": ("pages asked for before and after", ""), "moved": ("have another server now", "%")}
    words["hits"] = ("reads answered by a cache since then", "%")
    return Table.of({design: _moved(result, at_s) for design, result in by_label("keys_moved", runs).items()}, words)


def _moved(result: Result, at_s: float) -> dict[str, float]:
    answered = result.requests[result.records.served]
    early = answered.arrived_s < at_s
    before, after = (answered[part].groupby("key").served_by.agg(["nunique", "last"]) for part in (early, ~early))
    both = before.join(after["last"].rename("after"), how="inner")
    homed = both["nunique"].eq(1).mean() > 0.5
    moved = (both["last"] != both.after).mean() if homed else nan
    return {"keys": len(both), "moved": moved, "hits": hit_ratio(result, at_s)}


def hit_ratio(result: Result, since_s: float) -> float:
    """The share of the reads since a moment that the caches which looked them up answered; NaN where there is none."""
    caches = [name for name, part in result.system.components.items() if part.remembers]
    hits = np.concatenate([np.empty(0), *(reads(result, name, since_s)[0] for name in caches)])
    return float(hits.mean()) if len(hits) else nan


def reads(result: Result, cache: str, since_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Of each read since a moment that a cache looked up: did it answer (1 or 0), and with what was out of date?"""
    at_s, hit, stale = result.records.notes.get(cache, np.empty((0, 3))).T[:3]
    counts = (at_s >= since_s) & (hit >= 0)  # what is below is no read: an `Edge` says what
    return hit[counts], stale[counts]
