"""Latency against load, and where a run lies on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pmtech import charts, theory
from pmtech.components import Clients, Database, Network, Server
from pmtech.flow import flows
from pmtech.result import Result
from pmtech.simulate import simulate
from pmtech.system import System, flow_order

FIGURES = {"mean": "mean_ms", "p95": "p95_ms", "p99": "p99_ms"}
LOADS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the simulated points
FINE = np.array([*np.arange(0.02, 0.9, 0.04), *np.arange(0.9, 0.98, 0.01)])  # of the closed form
RIGHT = 1.15  # the axis ends here, in shares of the capacity


class Background(NamedTuple):
    """What does not change while a rate slider moves. Figure -> ms at each load."""

    simulated: dict[str, list[float]]
    closed: dict[str, list[float]]
    top_ms: float


def load(result: Result, pinned: Result | None = None) -> dict:
    """Time to answer against the share of the capacity that is asked for: mean, p95 and p99.

    Lines: the closed form of the long run, where there is one. Rings: long simulated runs. Dots: the present run.
    """
    background = _background(_at(result.system, 1.0))
    top, data, notes = background.top_ms, [], []
    for (name, line), values in zip(_LINES.items(), background.closed.values(), strict=False):
        kept = [(100 * x, y) for x, y in zip(FINE, values, strict=True) if y <= top]
        data.append(_trace(name, kept, mode="lines", line=line))
    for name, values in background.simulated.items():
        ring = {"symbol": "circle-open", "size": 6, "color": _LINES[name]["color"]}
        data.append(_trace(name, zip((100 * x for x in LOADS), values, strict=True), mode="markers", marker=ring))
    for run, label in ((pinned, "A"), (result, "")):
        if run is not None:
            dots, said = _dots(run, label, top)
            data.append(dots)
            notes += said
    full = charts._note("more than it can do", 107.5, 0.5 * top, charts.QUIET, "center", size=12)
    beyond = {"type": "rect", "x0": 100, "x1": 100 * RIGHT, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    says = "% of the capacity asked for" + (
        " (line: theory, rings: simulated, dots: your run)" if background.closed else ""
    )
    return {
        "data": data,
        "layout": {
            "template": charts.TEMPLATE,
            "hovermode": False,
            "annotations": [*notes, {**full, "textangle": -90}],
            "shapes": [{**beyond, "fillcolor": "var(--pmtech-raised)", "line": {"width": 0}}],
            "xaxis": {"title": {"text": says}, "range": [0, 100 * RIGHT], "tickvals": [*range(0, 101, 20)], "showgrid": False},
            "yaxis": {"title": {"text": "time to answer, ms"}, "range": [0, top], "tickformat": ",~r"},
        },
    }  # fmt: skip


_LINES = {
    "mean": {"color": charts.QUIET, "width": 2, "dash": "dot"},
    "p95": {"color": "var(--pmtech-accent)", "width": 2.5},
    "p99": {"color": "var(--pmtech-series-2)", "width": 2.5, "dash": "dash"},
}


def share_of_capacity(system: System) -> float:
    """How much of what its busiest part can do is asked of a system: 1 is full.

    A server that holds its worker while it waits for what lies downstream can do accordingly less.
    What this leaves out: what retries, caches and surges change.
    """
    arriving, _ = flows(system)
    shares = [
        arriving[name].arrives * _held_s(system, number) / _places(part)
        for number, (name, part) in enumerate(system.components.items())
        if isinstance(part, Server | Database)
    ]
    if not shares:
        raise ValueError('show="load" needs a Server or a Database: nothing in this system can be busy')
    return max(shares)


def _places(part: Server | Database) -> int:
    return part.replicas * part.workers if isinstance(part, Server) else part.connections


def _held_s(system: System, number: int) -> float:
    """For how long a request keeps a place at a part (of any other kind: what lies behind it), on average."""
    part, after = system.parts[number], system.after(number)
    below = sum(_held_s(system, edge.head) for edge in after) / max(len(after), 1)
    if isinstance(part, Server):
        return part.service_ms / 1000 + (below if part.blocking else 0)
    return part.query_ms / 1000 if isinstance(part, Database) else below + getattr(part, "round_trip_ms", 0) / 1000


def _at(system: System, share: float) -> System:
    """The same system with its customers so many that `share` of its capacity is asked for."""
    if not all(isinstance(source, Clients) for source in system.sources.values()):
        raise ValueError('show="load" needs Clients, whose rate can be set: Users wait for their answers')
    rates = {f"{name}.rate_per_s": source.rate_per_s for name, source in system.sources.items()}
    if not any(rates.values()):
        rates = dict.fromkeys(rates, 1.0)
    times = share / share_of_capacity(system.replace(rates))
    # Rounded, so that all rates of a slider mean the same background.
    return system.replace({path: float(f"{rate * times:.9g}") for path, rate in rates.items()})


@lru_cache(maxsize=32)
def _background(full: System) -> Background:
    """For a system at its capacity. The busier, the longer a run must be to show the long run."""
    simulated = {name: [] for name in FIGURES}
    total = sum(source.rate_per_s for source in full.sources.values())
    for seed, share in enumerate(LOADS, 1):  # other customers each time: luck must not lean to one side
        duration_s = 2000 / (1 - share) / (share * total)
        summary = simulate(_at(full, share), duration_s=1.1 * duration_s, warmup_s=0.1 * duration_s, seed=seed).summary
        for name, column in FIGURES.items():
            simulated[name].append(float(summary[column]))
    if closed_form(_at(full, 0.5)) is None:
        return Background(simulated, {}, charts._ceiling(12 * simulated["mean"][0]))
    forms = [closed_form(_at(full, share)) for share in FINE]
    closed = {"mean": [form(None) for form in forms]}
    closed |= {f"p{percent}": [form(percent) for form in forms] for percent in (95, 99)}
    return Background(simulated, closed, charts._ceiling(12 * closed["mean"][0]))


def closed_form(system: System) -> Callable[[float | None], float] | None:
    """Percent -> percentile of the latency in ms (None -> the mean) in the long run, where theory knows it; else None.

    It does for a chain of networks and of up to two M/M/c stations whose workers are not held downstream. Each stands
    as an M/M/c by itself (Jackson 1957), a request's times at the two are independent (Burke, Operations Research 17,
    1969), and waiting and work are phases of exponential length, so the latency is of phase type.
    """
    parts = [system.parts[number] for number in flow_order(system) if not system.parts[number].is_source]
    stations = [part for part in parts if isinstance(part, Server | Database)]
    networks = [part for part in parts if isinstance(part, Network)]
    chain = all(len(system.after(number)) == (system.parts[number] is not parts[-1]) for number in flow_order(system))
    known = chain and len(stations) + len(networks) == len(parts) and 1 <= len(stations) <= 2
    if not known or not all(_is_markov(part, last=part is parts[-1]) for part in stations):
        return None
    if any(network.round_trip_cv for network in networks) or not all(map(_is_poisson, system.sources.values())):
        return None
    rate = sum(source.rate_per_s for source in system.sources.values())
    way_ms = sum(network.round_trip_ms for network in networks)
    queues = [theory.mmc(rate, _held_s(system, system.parts.index(part)), _places(part)) for part in stations]
    mean_s = sum(queue.time_in_system_s for queue in queues)

    phases = 2 * len(queues)  # a wait and a work for each station
    moves, begin = np.zeros((phases, phases)), np.zeros(phases)
    begin[:2] = queues[0].wait_probability, 1 - queues[0].wait_probability
    for n, queue in enumerate(queues):
        wait, work = 2 * n, 2 * n + 1
        moves[wait, [wait, work]] = np.array([-1, 1]) * queue.workers * (1 - queue.load) / queue.service_s
        moves[work, work] = -1 / queue.service_s
        if n + 1 < len(queues):
            late = queues[n + 1].wait_probability
            moves[work, [wait + 2, work + 2]] = np.array([late, 1 - late]) / queue.service_s

    longest_s = 40 * mean_s
    halvings = [_expm(moves * longest_s / 2**24)]  # of what is left of `longest_s`, the last first
    for _ in range(23):
        halvings.append(halvings[-1] @ halvings[-1])

    def latency_ms(percent: float | None) -> float:
        if percent is None:
            return way_ms + 1000 * mean_s
        inside, time_s, step_s = begin, 0.0, longest_s
        for halving in reversed(halvings):  # bisection: go on as long as more than the rest is still inside
            step_s /= 2
            later = inside @ halving
            if later.sum() > 1 - percent / 100:
                inside, time_s = later, time_s + step_s
        return way_ms + 1000 * time_s

    return latency_ms


def _expm(small: np.ndarray) -> np.ndarray:
    """The exponential of a matrix whose entries are tiny, by its series (scipy's import would cost a second)."""
    one = np.eye(len(small))
    return one + small @ (one + small / 2 @ (one + small / 3))


def _is_markov(part, last: bool) -> bool:
    if isinstance(part, Server):
        return part.service_cv == 1 and part.queue_limit is None and part.replicas == 1 and (last or not part.blocking)
    return part.query_cv == 1 and part.queue_limit is None


def _is_poisson(source: Clients) -> bool:
    return source.arrivals == "poisson" and not source.surge and not source.timeout_ms and not source.retries


def _dots(run: Result, label: str, top: float) -> tuple[dict, list[dict]]:
    """The run's three figures at its load; what lies above the chart is drawn at its edge, with its number."""
    x = min(100 * share_of_capacity(run.system), 100 * RIGHT - 1)
    figures = {name: run.summary[column] for name, column in FIGURES.items()}
    figures = {name: float(ms) for name, ms in figures.items() if ms == ms}
    marker = {
        "size": 9 if label else 12,
        "color": [charts.PINNED if label else _LINES[name]["color"] for name in figures],
        "symbol": ["circle" if ms <= top else "triangle-up" for ms in figures.values()],
    }
    dots = _trace(
        label or "your run", ((x, min(ms, 0.98 * top)) for ms in figures.values()), mode="markers", marker=marker
    )
    notes, below = [], -top
    for name, ms in figures.items():
        y = below = max(min(ms, 0.86 * top), below + 0.085 * top)  # names that would cover one another move apart
        text = f"{label}: {name}" if label else f"<b>{name} {charts_ms(ms)}</b>"
        side = ("left", 10) if (x < 50) != bool(label) else ("right", -10)
        notes.append(charts._note(text, x, y, charts.QUIET if label else charts.TEXT, *side, size=12 if label else 13))
    return {**dots, "cliponaxis": False}, notes


def charts_ms(value: float) -> str:
    return f"{value:,.0f} ms" if value < 2000 else f"{value / 1000:,.1f} s"


def _trace(name: str, points, **style) -> dict:
    x, y = zip(*points, strict=True) if (points := list(points)) else ((), ())
    return {"type": "scatter", "name": name, "x": [round(float(v), 2) for v in x], "y": [round(float(v), 2) for v in y], **style}  # fmt: skip
