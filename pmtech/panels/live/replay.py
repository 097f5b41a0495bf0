"""A finished run as the theatre plays it: what every request did, and the state of every machine over time."""

from operator import itemgetter
from typing import Any

import numpy as np

from pmtech.panels.live.scene import scene, texts_of, units_of
from pmtech.panels.live.terms import DOWN, ENTERED, FINISHED, LEFT, LEFT_OUT, SENT, STARTED, is_followed, nice
from pmtech.panels.live.watch import CELL_S, SMOOTH
from pmtech.runs.events.change import surge_mark
from pmtech.runs.events.event import Mark
from pmtech.runs.result import Result
from pmtech.runs.summary import open_at, percentiles_within

MOST = 10_000  # requests in a replay; of a longer run every 2nd, 5th, 10th ... is kept
POINTS = 600


def replay(result: Result) -> dict[str, Any]:
    """The stage, three tables as `Watch` has them (steps, states and samples), and a mark for all that was done to it."""
    records = result.records
    counts = dict.fromkeys(records.sources, 1)
    for name in records.visits:
        counts[name] = max(system.components[name].replicas for _, system in result.history)
    stage, names = scene(result.system, counts), [name for name, count in counts.items() for _ in range(count)]
    every = nice(len(records.arrived_s) / MOST)
    at = np.linspace(0, result.duration_s, 1 + min(POINTS, max(1, int(result.duration_s / CELL_S))))
    return {
        "scene": {**stage, "units": units_of(stage["boxes"], names)},
        "every": every,
        "rate": sum(source.offered_per_s for source in result.system.sources.values()),
        "duration": result.duration_s,
        "steps": _steps(result, counts, every),
        "states": _states(result, counts, at),
        "samples": _samples(result, at),
        "marks": _marks(result, stage["boxes"]),
    }


def _marks(result: Result, boxes: list[dict]) -> list[dict[str, Any]]:
    """From when (`at`) until when what happened, in words; after a change also what the boxes say from then on."""
    system = result.system
    surges = {f"{name}.surge": source.surge for name, source in system.sources.items() if source.surge}
    marks = [_told(surge_mark(system, path, surge)) for path, surge in surges.items()]
    for event in sorted(result.events, key=lambda event: event.at_s):
        told, before, system = _told(event.mark(system)), system, event.after(system)
        marks.append(told if system == before else {**told, "texts": texts_of(system, boxes)})
    return sorted((mark for mark in marks if mark["at"] < result.duration_s), key=itemgetter("at"))


def _told(mark: Mark) -> dict[str, Any]:
    return {"from": mark.at_s, "at": mark.at_s, "until": mark.until_s, "words": mark.words}


def _steps(result: Result, counts: dict[str, int], every: int) -> np.ndarray:
    """Rows of (step, number of the request, machine or status, at_s), in order of time."""
    r = result.records
    first = dict(zip(counts, np.cumsum([0, *counts.values()]), strict=False))

    def rows(step: int, row, where, at_s) -> np.ndarray:
        keep = is_followed(row + 1, every) & ~np.isnan(at_s)
        columns = np.broadcast_arrays(float(step), row + 1, where, at_s)
        return np.column_stack(columns)[keep]

    everyone = np.arange(len(r.arrived_s))
    sources = np.array([first[name] for name in r.sources])
    steps = [rows(SENT, everyone, sources[r.client], r.arrived_s)]
    for name, v in r.visits.items():
        where = first[name] + v.machine
        times = ((ENTERED, v.entered_s), (LEFT, v.left_s), (STARTED, v.started_s))
        steps += [rows(step, v.row, where, at_s) for step, at_s in times]
    steps.append(rows(FINISHED, everyone, r.status, r.finished_s))
    table = np.concatenate(steps)
    return table[np.argsort(table[:, 3], kind="stable")]


def _so_far(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.sort(times), at, "right")


def _rate(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """So many a second, over the last two seconds."""
    span = np.minimum(np.maximum(at, CELL_S), CELL_S * SMOOTH)
    return (_so_far(times, at) - _so_far(times, at - span)) / span


def _states(result: Result, counts: dict[str, int], at: np.ndarray) -> np.ndarray:
    """Rows of at_s, then for every machine three numbers: see `Watch.state`."""
    r, columns = result.records, [at]
    for code in range(len(r.sources)):
        mine = r.client == code
        fates = r.arrived_s[mine], r.finished_s[mine & r.served], r.finished_s[mine & (r.status >= 400)]
        columns += [_rate(times, at) for times in fates]
    for name, v in r.visits.items():
        part, checked = result.system.components[name], _is_checked(result, name)
        for machine in range(counts[name]):
            mine = v.machine == machine
            entered, started, left = v.entered_s[mine], v.started_s[mine], v.left_s[mine]
            begun = ~np.isnan(started)
            waiting = open_at(entered, np.where(begun, started, left), at)
            offers = result.offers(name, machine=machine)
            if offers and part.station:
                now = np.searchsorted([offer.begin_s for offer in offers], at, "right") - 1
                places = np.array([DOWN if offer.dead else offer.places for offer in offers])[now]
                until = np.array([offer.end_s for offer in offers])[now]
                left_out = checked & (places < 0) & (_so_far(entered, until) == _so_far(entered, at))
                at_work = open_at(started, left[begun], at)
                columns += [waiting, at_work, np.where(left_out, LEFT_OUT, places)]
            else:
                columns += [waiting if part.makes_wait else 0 * at, 0 * at, 0 * at]
    return np.column_stack(columns)


def _is_checked(result: Result, name: str) -> bool:
    """Does a balancer in front ask whether it is well? Then one that is dead and is sent nothing more has been left out."""
    number = result.system.numbers[name]
    before = [edge.tail for edge in result.system.before(number)]
    return any(system.parts[tail].health_check_s for _, system in result.history for tail in before)


def _samples(result: Result, at: np.ndarray) -> np.ndarray:
    """Rows of at_s, offered, served, refused a second, p50 and p95 in ms of the answers, and how many are inside."""
    r = result.records
    served, over = r.served, r.finished_s[r.status > 0]
    finished, latency = r.finished_s[served], (r.finished_s - r.arrived_s)[served] * 1000
    took = percentiles_within(at - CELL_S * SMOOTH, at, finished, latency, 0.50, 0.95, side="right")
    rates = [_rate(times, at) for times in (r.arrived_s, finished, r.finished_s[r.status >= 400])]
    return np.column_stack([at, *rates, *took, open_at(r.arrived_s, over, at)])
