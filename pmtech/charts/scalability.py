"""Throughput against the number of servers: measurements, Amdahl's law and the Universal Scalability Law as one figure."""

from collections.abc import Mapping
from math import inf, isinf

from pmtech.charts import plot
from pmtech.theory import UniversalScalability, amdahl
from pmtech.theory.checks import number
from pmtech.wording import rate

POINTS = 60  # of each curve
NONE = 1e-6  # a share so small is an artefact of the fit
LINES = plot.stroke("quiet", "dot", 2), plot.stroke("series-2", "dash"), plot.stroke("series-1")


def fitted(measured: Mapping[int, float]) -> UniversalScalability:
    """The Universal Scalability Law that fits {number of servers: requests served a second} best."""
    if not isinstance(measured, Mapping):
        raise ValueError(f"measured must be {{servers: served a second}} such as {{1: 80, 2: 152}}, got {measured!r}")
    if len(measured) < 3:
        raise ValueError(
            f"a curve needs measurements with at least 3 different numbers of servers, got {len(measured)}"
        )
    for servers, served in measured.items():
        number("servers", servers, at_least=1)
        number(f"what {servers} servers served", served, above=0)
    return UniversalScalability.fit(list(measured), list(measured.values()))


def figure(measured: Mapping[int, float], law: UniversalScalability) -> dict:
    """Requests served a second by so many servers: dots as measured, and what three laws make of them."""
    last = max(max(measured), min(law.peak_workers, 2 * max(measured))) * 1.25
    numbers = [1 + (last - 1) * step / POINTS for step in range(POINTS + 1)]
    curves = {
        "in proportion": [measured.get(1, law.gamma_per_s) * n for n in numbers],
        "Amdahl's law": [law.gamma_per_s * amdahl(n, min(law.alpha, 1)) for n in numbers],
        "Universal Scalability": [law.throughput_per_s(n) for n in numbers],
    }
    top = plot.ceiling(max(*curves["Amdahl's law"], *measured.values()))
    data, ends = [], []
    for (name, values), style in zip(curves.items(), LINES, strict=True):
        inside = [(n, y) for n, y in zip(numbers, values, strict=True) if y <= top]
        data.append(plot.line(name, inside, style))
        ends.append((name, *inside[-1], style))
    data.append(plot.marks("measured", measured.items(), size=10, color="var(--pmtech-served)"))
    below = {"yshift": -18}  # its dot, and the curve through it
    label = plot.note("measured", max(measured), measured[max(measured)], plot.TEXT, "center") | below
    notes, pieces = _names(ends, last, top)
    x, y = plot.axis("servers", last, showgrid=False), plot.axis("requests served a second", top)
    margin = {"t": 24, "r": 152 + plot.PIECE}
    return plot.figure(data, [*notes, label], x, y, shapes=pieces, margin=margin, hovermode="closest")


def said(measured: Mapping[int, float], law: UniversalScalability) -> list[str]:
    """What the three curves mean, with the numbers of the fit."""
    most, one, by = max(measured), law.gamma_per_s, "" if 1 in measured else " by the fitted curve"
    sentences = [
        f"In proportion to one server{by}, {most:g} servers would serve {rate(most * measured.get(1, one))} a second; "
        f"measured were {rate(measured[most])}. Both curves come from one fit to the dots."
    ]
    if law.alpha > 1:
        sentences.append("Amdahl's law does not explain these numbers: by it more servers never serve less.")
    elif law.alpha > NONE:
        sentences.append(
            f"Amdahl's law: a share of {law.alpha:.1%} of the work can't be split between servers, so no number of them "
            f"would serve more than {rate(one / law.alpha)} a second.".replace("% ", " % ")
        )
    if isinf(law.peak_workers) or law.beta < NONE * law.alpha <= NONE:
        same = "the Universal Scalability Law and Amdahl's law are one curve"
        return [*sentences, f"These numbers show no cost of agreeing between servers: {same}."]
    peak = max(1, round(law.peak_workers))
    beyond = " That is more than were measured: a reason to measure further, not a promise." if peak > most else ""
    sentences.append(
        f"The Universal Scalability Law adds the cost of agreeing, which grows with every pair of servers: at about {peak} "
        f"{'servers' if peak > 1 else 'server'} it serves the most, {rate(law.throughput_per_s(peak))} a second, and each further "
        f"server makes the whole slower.{beyond}"
    )
    return sentences


def _names(ends: list[tuple[str, float, float, dict]], last: float, top: float) -> tuple[list[dict], list[dict]]:
    """The name of each curve where it leaves the picture: above it, or at the right, behind a piece of it."""
    notes, pieces, below = [], [], -inf
    for name, x, y, style in sorted(ends, key=lambda end: end[2]):
        if x < 0.95 * last:
            notes.append(plot.note(name, x, top, plot.TEXT, "center") | {"yanchor": "bottom"})
        else:
            below = max(y, below + 0.08 * top)
            beside, behind = plot.named([(name, last, below, style)], last)
            notes, pieces = notes + beside, pieces + behind
    return notes, pieces
