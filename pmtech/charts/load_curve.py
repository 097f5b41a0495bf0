"""Latency against load, and where a run lies on the curve."""

from collections.abc import Callable
from functools import lru_cache
from math import isnan
from typing import NamedTuple

import numpy as np

from pmtech import theory
from pmtech.charts import plot
from pmtech.charts.plot import BEHIND, KEPT, PINNED, QUIET, apart, axis, ceiling, figure, line, marks, note, stroke
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.flow import flows
from pmtech.system.system import System
from pmtech.wording import seconds

LINES = {"mean": stroke("quiet", "dot", 2), "p95": stroke("accent"), "p99": stroke("series-2", "dash")}
LOADS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the simulated points
FINE = np.array([*np.arange(0.02, 0.8, 0.06), *np.arange(0.8, 0.99, 0.005)])  # of the closed form
END = 115  # of the axis, in % of the capacity


class Background(NamedTuple):
    """What stays while a rate slider moves: figure -> ms at each of LOADS, and at each of FINE where theory knows it."""

    simulated: dict[str, list[float]]
    closed: dict[str, list[float]]
    top_ms: float


def load(result: Result, pinned: Result | None = None) -> dict:
    """Time to answer against the share of the capacity that is asked for: mean, p95 and p99.

    Lines: the closed form of the long run, where there is one. Rings: long simulated runs. Dots: the present run.
    """
    simulated, closed, top = _background(_at(result.system, 1.0))
    data = [line(f"{KEPT}: {name}", points, BEHIND) for name, points in _ghosts(pinned, top).items()]
    for name, style in LINES.items():
        rings = zip((100 * x for x in LOADS), simulated[name], strict=True)
        drawn = marks(name, rings, symbol="circle-open", size=6, color=style["color"])
        data += [line(name, _curve(closed.get(name, []), top), style), drawn]
    data += [_dots(run, run is pinned, top) for run in (pinned, result) if run is not None]
    notes = _values(result, pinned, top)
    notes.append({**note("more than\nit can do", END - 7.5, 0.5 * top, QUIET, "center", 0, 12), "textangle": -90})
    legend = f"{'line: theory, ' if closed else ''}rings: long runs, dots: your run"
    x = axis(f"% of the capacity asked for ({legend})", END, tickvals=[*range(0, 101, 20)], showgrid=False)
    y, right = axis("time to answer, ms", top), {"r": 164 if pinned else 116}
    return figure(data, notes, x, y, hovermode=False, shapes=[plot.beyond(100, END)], margin=right)


def _curve(ys: list[float], top: float, loads=FINE) -> list[tuple[float, float]]:
    """The part of a curve over the load that lies in the chart."""
    return [(100 * x, y) for x, y in zip(loads, ys, strict=False) if y <= top]


def _ghosts(pinned: Result | None, top: float) -> dict[str, list]:
    """The whole curves of the run that was kept, where theory knows them, else through its long runs."""
    if pinned is None:
        return {}
    simulated, closed, _ = _background(_at(pinned.system, 1.0))
    return {n: _curve(closed[n], top) if closed else _curve(simulated[n], top, LOADS) for n in ("mean", "p95")}


def share_of_capacity(system: System) -> float:
    """How much of what its busiest part can do is asked of a system: 1 is full."""
    shares = [flow.arrives / flow.capacity for flow in flows(system)[0].values() if flow.capacity]
    if not shares:
        raise ValueError('show="load" needs a Server or a Database: nothing in this system can be busy')
    return max(shares)


def _at(system: System, share: float) -> System:
    """The same system with so many customers that `share` of its capacity is asked for."""
    if any(source.waits for source in system.sources.values()):
        raise ValueError('show="load" needs Clients, whose rate can be set: Users wait for their answers')
    rates = {f"{name}.rate_per_s": source.rate_per_s for name, source in system.sources.items()}
    if not any(rates.values()):
        rates = dict.fromkeys(rates, 1.0)
    times = share / share_of_capacity(system.replace(rates))
    # Rounded, so that wherever a rate slider stands the background is the same.
    return system.replace({path: float(f"{rate * times:.9g}") for path, rate in rates.items()})


@lru_cache(maxsize=32)
def _background(full: System) -> Background:
    """For a system at its capacity. The busier, the longer must a run be to show the long run."""
    total = sum(source.rate_per_s for source in full.sources.values())
    forms = [form for share in FINE if (form := closed_form(_at(full, share)))]
    closed = {name: [form(name) for form in forms] for name in LINES if len(forms) == len(FINE)}
    length = 4000 if closed else 1500  # what theory does not know takes longer to simulate, too
    simulated = {name: [] for name in LINES}
    for seed, share in enumerate(LOADS, 1):  # other customers each time: luck must not lean to one side
        lasts_s = length / (1 - share) / (share * total)
        run = simulate(_at(full, share), duration_s=1.1 * lasts_s, warmup_s=0.1 * lasts_s, seed=seed)
        for name in LINES:
            simulated[name].append(float(run.totals[f"{name}_ms"]))
    return Background(simulated, closed, ceiling(12 * simulated["mean"][0]))


def closed_form(system: System) -> Callable[[str], float] | None:
    """The latency of the long run in ms, as a function of "mean", "p95" or "p99"; None where theory does not know it.

    It does for a chain of networks and of one or two M/M/c stations whose workers are not held downstream. Each stands
    as an M/M/c by itself (Jackson 1957), a request's times at the two are independent (Burke, Operations Research 17,
    1969), and waiting and work are phases of exponential length, so the latency is of phase type.
    """
    order = system.plan.order
    parts = [system.parts[number] for number in order if not system.parts[number].is_source]
    stations = [part.station for part in parts if part.station]
    networks = [part for part in parts if part.kind == "network"]
    chain = all(len(system.after(number)) == (system.parts[number] is not parts[-1]) for number in order)
    if not (chain and len(stations) + len(networks) == len(parts) and 1 <= len(stations) <= 2):
        return None
    if not all(part.is_markov(part is parts[-1]) for part in [*system.sources.values(), *parts]):
        return None
    rate = sum(source.rate_per_s for source in system.sources.values())
    way_ms = 1000 * sum(network.own_s for network in networks)
    queues = [theory.mmc(rate, station.mean_s, station.places) for station in stations]
    mean_s = sum(queue.time_in_system_s for queue in queues)

    size = 2 * len(queues)  # a wait and a work for each station
    moves, begin = np.zeros((size, size)), np.zeros(size)
    begin[:2] = queues[0].wait_probability, 1 - queues[0].wait_probability
    for wait, queue in zip(range(0, size, 2), queues, strict=True):
        moves[wait, wait : wait + 2] = np.array([-1, 1]) * queue.workers * (1 - queue.load) / queue.service_s
        moves[wait + 1, wait + 1] = -1 / queue.service_s
        if wait + 2 < size:
            late = queues[1].wait_probability
            moves[wait + 1, wait + 2 :] = np.array([late, 1 - late]) / queue.service_s
    # What a time that is half as long each does to the phases: for bisection, from `40 * mean_s` down.
    small, one = moves * 40 * mean_s / 2**24, np.eye(size)
    halvings = [one + small @ (one + small / 2 @ (one + small / 3))]  # the exponential's series: the entries are tiny
    for _ in range(23):
        halvings.append(halvings[-1] @ halvings[-1])

    def latency_ms(figure: str) -> float:
        if figure == "mean":
            return way_ms + 1000 * mean_s
        inside, time_s, step_s = begin, 0.0, 40 * mean_s
        for halving in reversed(halvings):
            step_s /= 2
            later = inside @ halving
            if later.sum() > 1 - int(figure[1:]) / 100:  # more than the rest is still inside
                inside, time_s = later, time_s + step_s
        return way_ms + 1000 * time_s

    return latency_ms


def _figures(run: Result) -> dict[str, float]:
    figures = {name: float(run.totals[f"{name}_ms"]) for name in LINES}
    return {name: ms for name, ms in figures.items() if not isnan(ms)}


def _dots(run: Result, pin: bool, top: float) -> dict:
    """The run's three figures at its load; what lies above the chart is drawn at its edge."""
    x, figures = min(100 * share_of_capacity(run.system), END - 1), _figures(run)
    return marks(
        KEPT if pin else "your run",
        ((x, min(ms, 0.98 * top)) for ms in figures.values()),
        size=9 if pin else 12,
        color=[PINNED if pin else LINES[name]["color"] for name in figures],
        symbol=["circle" if ms <= top else "triangle-up" for ms in figures.values()],
    )


def _values(result: Result, pinned: Result | None, top: float) -> list[dict]:
    """The figures in the right margin, each at its height, as far as they do not cover one another, in the colour of its curve."""
    before = _figures(pinned) if pinned else {}
    told = {f"{KEPT}: p95": (before["p95"], QUIET)} if "p95" in before else {}
    told |= {name: (ms, LINES[name]["color"]) for name, ms in _figures(result).items()}
    order = sorted(told, key=lambda name: told[name][0])
    heights = apart({name: min(told[name][0], 0.96 * top) for name in order}, 0.1 * top, 0.96 * top)
    notes = []
    for name, y in heights.items():
        ms, colour = told[name]
        notes.append(note(f"{name} {seconds(ms / 1000)}", END, y, colour, "left", 8, 13, bold=name in LINES))
    return notes
