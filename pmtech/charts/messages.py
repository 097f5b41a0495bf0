"""Charts about messages: how late the work is, how many wait for it, and what waiting for company costs."""

from collections.abc import Callable
from math import inf, isnan

import numpy as np
import pandas as pd

from pmtech import theory
from pmtech.charts import plot
from pmtech.runs.result import Result
from pmtech.runs.summary import percentiles_within
from pmtech.system.flow import flows
from pmtech.system.system import System

MOMENTS = 120  # points of a line over time
SHARE = 0.95
LINES = plot.stroke("waiting-fill"), plot.series(2), plot.series(3)  # of three queues


def age(result: Result, pinned: Result | None = None) -> dict:
    """Answered is not done: within which time 95 of 100 answers came, and 95 of 100 messages were done, by when they began.

    A line ends where more than 5 of 100 are not over yet.
    """
    edges, r = _edges(result), result.records
    before = _ages(pinned, edges)[:1] if pinned else []
    lines = [(f"{plot.KEPT}: {name}", values, plot.BEHIND) for name, values, _ in before]
    mine = r.served | (r.status == 0)  # a refusal is quick, and would flatter
    took_s = np.where(r.served, r.finished_s - r.arrived_s, np.nan)[mine]
    lines.append(("answer", _percentiles(r.arrived_s[mine], took_s, edges), plot.stroke("accent")))
    lines += _ages(result, edges)
    return plot.of_times(lines, "95 of 100 within", result.duration_s)


def backlog(result: Result, pinned: Result | None = None) -> dict:
    """How many messages are not done, and, thin, by hand: what comes less what can be done, without chance."""
    edges = _edges(result)
    lines = []
    for run, before in ([(pinned, f"{plot.KEPT}: ")] if pinned else []) + [(result, "")]:
        for queue, style in zip(run.queues, [plot.BEHIND] if before else LINES, strict=False):
            name = f"{before}{'not done' if len(run.queues) == 1 else run.system.label(queue)}"
            lines.append((name, pd.Series(run.messages_of(queue).waiting(edges), edges), style))
    if len(result.queues) == 1 and result.at_end.components[result.queues[0]].pulls:
        hand = pd.Series(by_hand(result.system, result.queues[0], edges), edges)
        lines.append(("by hand", hand, plot.stroke("quiet", "dot", 2)))
    lines = lines or [("not done", pd.Series(0.0, edges), LINES[0])]
    return plot.over_time(lines, "messages not done", result.duration_s)


def by_hand(system: System, queue: str, at_s: np.ndarray) -> np.ndarray:
    """How many wait in a queue at these moments: flow without chance, as `theory.backlog` has it, for any load over time."""
    flow, sources = flows(system)[0][queue], system.sources.values()
    offered = sum(source.offered_per_s for source in sources)
    moments = np.linspace(0, at_s[-1], 20 * len(at_s))
    comes = sum(source.rates(moments) for source in sources) * (flow.arrives / offered if offered else 0.0)
    spare = np.concatenate([[0.0], np.cumsum((comes - (flow.capacity or inf))[:-1] * np.diff(moments))])
    return np.interp(at_s, moments, spare - np.minimum(np.minimum.accumulate(spare), 0))


def batches(result: Result, pinned: Result | None = None) -> dict:
    """How long a message waits until work on it begins, against how many come a second. Lines: theory. Dots: your run.

    Theory knows a queue before one worker (or several, one message at a time) whose work has no memory, and how long a
    message waits for company where a worker is always free.
    """
    part = _queue(result.system)
    if part is None:
        nothing = plot.note("Nothing waits in a queue here.", 0.5, 0.5, plot.QUIET, "center")
        return plot.figure([], [nothing], plot.axis("messages a second", 1), plot.axis("mean wait, s", 1))
    data, notes, dots = [], [], []
    for run, name in ((pinned, plot.KEPT), (result, "your run")):
        if run is not None and (queue := _queue(run.system)):
            mine = run.messages_of(queue)
            waits = mine.wait_s[~np.isnan(mine.wait_s)]
            dots.append((name, len(mine) / run.window_s, float(waits.mean()) if len(waits) else 0.0))
    capacity = flows(result.system)[0][part].capacity or inf
    end = plot.ceiling(max(1.15 * capacity if capacity < inf else 0.0, *(1.05 * x for _, x, _ in dots)))
    forms = _forms(result.system, part)
    rates = np.linspace(end / 200, end, 200)
    curves = {name: [_known(form, rate) for rate in rates] for name, (form, _) in forms.items()}
    low = (ys[np.searchsorted(rates, 0.9 * min(capacity, end)) - 1] for ys in curves.values())
    highest = [ys[0] for ys in curves.values()] + [y for y in low if not isnan(y)]
    top = plot.ceiling(1.1 * max(1e-3, *highest, *(y for _, _, y in dots)))
    for name, ys in curves.items():
        points = [(x, y) for x, y in zip(rates, ys, strict=True) if y <= top]
        data.append(plot.line(name, points, forms[name][1]))
        rises = points and points[-1][1] > points[0][1]  # its name stands where it is steep, beside the line
        x, y = points[-1] if rises else points[len(points) // 4] if points else (0, 0)
        side, down = (("right", -10), -4) if rises else (("left", 6), 14)
        notes.append({**plot.note(name, x, y, plot.TEXT, *side, 12), "yshift": down})
    for name, x, y in dots:
        colour = plot.PINNED if name == plot.KEPT else "var(--pmtech-accent)"
        data.append(plot.marks(name, [(x, y)], size=9 if name == plot.KEPT else 12, color=colour))
        side = ("left", 10) if x < end / 2 else ("right", -10)
        notes.append({**plot.note(name, x, y, plot.TEXT, *side, 13, bold=name != plot.KEPT), "yshift": 9})
    shapes = [plot.beyond(capacity, end)] if capacity < end else []
    x = plot.axis("messages a second (grey: more than can be done)", end, showgrid=False)
    return plot.figure(data, notes, x, plot.axis("mean wait to begin, s", top), hovermode=False, shapes=shapes)


def _forms(system: System, queue: str) -> dict[str, tuple[Callable[[float], float], dict]]:
    """What theory says of the wait in a queue, seconds at so many messages a second: name -> form, stroke."""
    part, forms = system.components[queue], {}
    behind = [system.parts[edge.head] for edge in system.after(system.numbers[queue])]
    alone = len(behind) == 1 and behind[0].replicas == 1 and behind[0].is_markov(last=True)
    work = behind[0].station if alone else None
    if part.batch_wait_s and part.batch > 1:
        company = plot.stroke("series-3", "dash")
        forms["for company"] = lambda rate: theory.linger(rate, part.batch_wait_s, part.batch).wait_s, company
    if work and part.batch == 1:
        forms["for a worker"] = lambda rate: theory.mmc(rate, work.mean_s, work.places).wait_s, plot.stroke("accent")
    elif work and work.places == 1 and not behind[0].item_ms:
        worker = plot.stroke("accent")
        forms["for the worker"] = lambda rate: theory.batch_server(rate, work.mean_s, part.batch).wait_s, worker
    return forms


def _known(form: Callable[[float], float], rate: float) -> float:
    """NaN where the queue would grow without end."""
    try:
        return form(rate)
    except ValueError:
        return np.nan


def _queue(system: System) -> str | None:
    """The first part that keeps messages."""
    return next((name for name, part in system.components.items() if part.pulls), None)


# --- by moments ------------------------------------------------------------------------------------------------------


def _edges(result: Result) -> np.ndarray:
    return np.linspace(0, result.duration_s, min(MOMENTS, max(1, int(result.duration_s))) + 1)


def _ages(result: Result, edges: np.ndarray) -> list[tuple]:
    """A line a queue, three at most."""
    lines = []
    for queue, style in zip(result.queues, LINES, strict=False):
        mine = result.messages_of(queue)
        name = "message" if len(result.queues) == 1 else result.system.label(queue)
        lines.append((name, _percentiles(mine.published_s, mine.age_s, edges), style))
    return lines


def _percentiles(at_s: np.ndarray, took_s: np.ndarray, edges: np.ndarray) -> pd.Series:
    """The nearest-rank percentile of those that began between two edges; NaN where it is not over, or nobody came."""
    ends_s = np.where(np.isnan(took_s), inf, took_s)
    (values,) = percentiles_within(edges[:-1], np.append(edges[1:-1], inf), at_s, ends_s, SHARE)
    return pd.Series(np.where(np.isinf(values), np.nan, values), (edges[1:] + edges[:-1]) / 2)
