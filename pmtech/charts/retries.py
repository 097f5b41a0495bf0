"""What fails and is asked again, over the run: requests, the attempts that are made for them, and answers."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from pmtech.charts.plot import BEHIND, KEPT, each, over_time, stroke
from pmtech.runs.result import Result


def attempts(result: Result, pinned: Result | None = None) -> dict:
    """Requests asked, attempts made for them at the part that works most, and answers, in each second."""
    seen = result.timeline
    lines = [(f"{KEPT}: answered", pinned.timeline.served, BEHIND)] if pinned else []
    lines += [
        ("asked", seen.offered, stroke("quiet", "dot", 2)),
        ("attempts", _each(came(result, asked_most(result)), result.duration_s, 1.0), stroke("refused-fill", "dash")),
        ("answered", seen.served, stroke("served")),
    ]
    return over_time(lines, "a second")


def asked_most(result: Result) -> str:
    """The part with places of work to which most requests come. Raises ValueError where nothing works."""
    works = [name for name, part in result.at_end.components.items() if part.station]
    if not works:
        raise ValueError("nothing works here: a system needs a server or a database")
    return max(works, key=lambda name: len(result.records.visits[name].entered_s))


def came(result: Result, name: str) -> np.ndarray:
    """When requests came to a part; each attempt is one. Raises ValueError for a part that is not there."""
    if name not in result.records.visits:
        raise ValueError(f'there is no part "{name}" to which requests come: {", ".join(result.records.visits)}')
    return result.records.visits[name].entered_s


def _each(times: np.ndarray, until_s: float, every_s: float) -> pd.Series:
    """How many a second, by stretches of `every_s`."""
    edges = np.arange(0, until_s + every_s, every_s)
    return pd.Series(np.histogram(times, bins=edges)[0] / every_s, edges[:-1])


def by_run(runs: dict[str, Result], at: str | None = None, every_s: float = 1.0) -> dict:
    """A line a run: answers a second, or attempts that come to the part `at`."""

    def counts(run: Result) -> pd.Series:
        times = run.records.finished_s[run.records.served] if at is None else came(run, at)
        return _each(times, run.duration_s, every_s)

    until = max(run.duration_s for run in runs.values())
    return over_time(each(runs, counts), "answered a second" if at is None else "attempts a second", until)


class Moment(NamedTuple):
    """What goes round, in a stretch of a run."""

    asked_per_s: float  # requests of customers
    attempts_per_s: float  # that come to the part
    wait_s: float  # before work on an attempt begins, or it is over
    in_vain: float  # share of the part's work for which nobody waited any more
    each: float  # attempts for a request


def moment(result: Result, name: str, since_s: float, until_s: float) -> Moment:
    """The same of the part `name` from `since_s` until `until_s`."""
    r, visits, lasts = result.records, result.records.visits[name], max(until_s - since_s, 1e-9)

    def within(times: np.ndarray) -> np.ndarray:
        return (times >= since_s) & (times < until_s)

    mine = within(visits.entered_s)
    gone = np.fmin(np.fmin(visits.started_s, visits.left_s), np.nan_to_num(visits.left_s, nan=until_s))
    waits = np.where(np.isnan(visits.started_s), np.nan_to_num(gone, nan=until_s), visits.started_s) - visits.entered_s
    done = int((within(visits.left_s) & ~np.isnan(visits.started_s)).sum())
    answered = int((r.served & within(r.finished_s)).sum())
    asked = int(within(r.arrived_s).sum())
    return Moment(
        asked / lasts,
        mine.sum() / lasts,
        float(waits[mine].mean()) if mine.any() else 0.0,
        max(0.0, 1 - answered / done) if done else 0.0,
        mine.sum() / asked if asked else 0.0,
    )


def loop(result: Result) -> tuple[str, Moment, Moment]:
    """(the part, before anything happened, at the end): what a causal loop is drawn from.

    Raises ValueError where nothing happens during the run: there is no before.
    """
    begins = [event.at_s for event in result.events]
    begins += [source.surge.at_s for source in result.system.sources.values() if source.surge]
    if not begins or not 0 < min(begins) < result.duration_s:
        raise ValueError("a causal loop needs a run with a trigger: simulate(system, events=[Slowdown(...)])")
    name = asked_most(result)
    end, before = result.duration_s, moment(result, name, result.warmup_s, min(begins))
    return name, before, moment(result, name, end - 0.2 * (end - min(begins)), end)
