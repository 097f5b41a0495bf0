"""The parts of a plotly figure, as plain dicts, so that no panel waits for the import of plotly's Python half.

Each takes its texts as they are, and puts them in so that plotly finds no tag and no formula in a name.
Colours are the custom properties of `panels/panel.css` (`var(--pmtech-served)`), which the page resolves for the light
or the dark theme. Lines and bars carry their names beside them; every axis has its unit.
"""

import re
from collections.abc import Callable, Iterable
from html import unescape
from itertools import islice
from math import floor, isnan, log10
from typing import Any

from pmtech import escapes
from pmtech.wording import clock

MOST = 5  # lines or clients in one figure
KEPT = "before"  # what a run that is kept for comparison is called
LINE = 0.12  # of the height: a line of words in the lowest of our charts
PIECE = 27  # px of a line beside its name: a dash, a gap, a dash, as `PIECES` of panels/panel.js has them
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # of as many lines as a figure has room for

TEXT, QUIET, PINNED, GROUND = (f"var(--pmtech-{name})" for name in ("text", "quiet", "pinned", "ground"))

TEMPLATE: dict[str, dict] = {
    "layout": {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": TEXT},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 65, "r": 16, "t": 8, "b": 44},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": GROUND, "bordercolor": "var(--pmtech-line)"},
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


def stroke(colour: str, dash: str = "solid", width: float = 2.5) -> dict:
    """How a line is drawn. colour: a name of the style sheet, such as "served"."""
    return {"color": f"var(--pmtech-{colour})", "width": width, "dash": dash}


BEHIND = stroke("pinned", "dash", 2)


def series(number: int, width: float = 2.5) -> dict:
    """How one of several lines of a kind is drawn, counted from 1: in a colour and with a dash of its own."""
    return stroke(f"series-{number}", DASHES[number - 1], width)


def axis(title: str, end: float, **more) -> dict:
    """From 0 to `end`; the title has the unit in it."""
    return {"title": {"text": escapes.chart(title)}, "range": [0, end], "tickformat": ",~r", **more}


def figure(data: list, notes: list, x: dict, y: dict, **layout) -> dict:
    """A figure with these two axes; beside long numbers, the title of the upright one stands further out."""
    more = 8 * max(0, len(f"{y.get('range', [0, 0])[1]:,.0f}") - len("9,999"))
    if more and y.get("tickformat"):
        layout["margin"] = {"l": TEMPLATE["layout"]["margin"]["l"] + more} | layout.get("margin", {})
    return {
        "data": data,
        "layout": {"template": TEMPLATE, "annotations": notes, "xaxis": x, "yaxis": y, **layout},
    }


def line(name: str, points: Iterable[tuple[float, float]], style: dict) -> dict:
    """Through (x, y) after (x, y); it is broken where y is NaN."""
    return {**_scatter(name, points), "mode": "lines", "line": style}


def marks(name: str, points: Iterable[tuple[float, float]], **marker) -> dict:
    """A mark at each (x, y)."""
    return {**_scatter(name, points), "mode": "markers", "marker": marker, "cliponaxis": False}


def _scatter(name: str, points: Iterable[tuple[float, float]]) -> dict:
    points = [(round(float(x), 3), None if isnan(y) else round(float(y), 3)) for x, y in points]
    return {"type": "scatter", "name": escapes.chart(name), "x": [x for x, _ in points], "y": [y for _, y in points]}


def bars(name: str, y: list, widths: list, base: list, colour: str, thick: float) -> dict:
    """Bars that lie, one at each height `y`, from `base` on."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": escapes.chart(name),
        "y": y,
        "x": [round(float(width), 3) for width in widths],
        "base": [round(float(b), 3) for b in base],
        "width": thick,
        "marker": {"color": colour, "line": {"width": 0}},
    }


def note(
    text: str, x: float, y: float, colour: str, anchor: str, shift: int = 0, size: int = 13, bold: bool = False
) -> dict:
    """Words in a figure. anchor: which end of them stands at x ("left", "center", "right"); shift: px to the right."""
    shown = escapes.chart(text)
    return {
        "text": f"<b>{shown}</b>" if bold else shown,
        "x": x,
        "y": y,
        "xanchor": anchor,
        "xshift": shift,
        "align": "left",
        "showarrow": False,
        "font": {"color": colour, "size": size},
    }


def straight(start: tuple[float, float], end: tuple[float, float], style: dict) -> dict:
    """A straight line between two points, behind or beside what is drawn."""
    (x0, y0), (x1, y1) = start, end
    return {"type": "line", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": style}


def beyond(limit: float, end: float) -> dict:
    """A grey ground for what lies beyond a limit on an axis that ends there, or later, as a panel leaves it where it was."""
    there = {"type": "rect", "x0": limit, "x1": 10 * end, "y0": 0, "y1": 1, "yref": "paper"}
    return there | {"layer": "below", "line": {"width": 0}, "fillcolor": "var(--pmtech-raised)"}


def each(runs: dict[str, Any], values: Callable[[Any], Any], width: float = 2.5) -> list[tuple]:
    """A line a run for `over_time`, of as many as a figure has room for."""
    shown = enumerate(islice(runs.items(), MOST), 1)
    return [(label, values(run), series(number, width)) for number, (label, run) in shown]


def over_time(lines: list[tuple], unit: str, until_s: float | None = None) -> dict:
    """A figure of (name, values by second, stroke), each line named at its end, behind a short piece of it.

    until_s: where the axis of time ends, which is one of hours, minutes or seconds; None: as many as there are values.
    """
    until_s = until_s or len(lines[0][1])
    in_, scale = clock(until_s)
    until = until_s / scale
    lines = [(name, values.set_axis(values.index / scale), style) for name, values, style in lines]
    known = {name: values.dropna() for name, values, _ in lines if values.notna().any()}
    styles = {name: style for name, _, style in lines}
    top = ceiling(max((float(values.max()) for values in known.values()), default=1.0))
    gap = LINE * top
    # Lines that end at about the same height are named in the order in which they ran.
    order = sorted(known, key=lambda name: (round(known[name].iloc[-1] / gap), known[name].mean()))
    heights = apart({name: float(known[name].iloc[-1]) for name in order}, gap, top)
    ends = [(name, known[name].index[-1], y, styles[name]) for name, y in heights.items()]
    notes, pieces = named(ends, until)
    data = [line(name, values.items(), style) for name, values, style in lines]
    x = axis(f"{in_}s since the start", until, showgrid=False)
    right = 24 + 8 + PIECE + 7.5 * max(map(len, styles))
    return figure(data, notes, x, axis(unit, top), shapes=pieces, margin={"r": right})


def of_times(lines: list[tuple], what: str, until_s: float | None = None) -> dict:
    """The same of times in s, drawn in the unit that the longest of them is read in."""
    longest_s = max((float(values.max()) for _, values, _ in lines if values.notna().any()), default=0.0)
    unit, scale = ("min", 60) if longest_s >= 600 else ("s", 1) if longest_s >= 2 else ("ms", 0.001)
    return over_time([(name, values / scale, style) for name, values, style in lines], f"{what}, {unit}", until_s)


def respaced(figure: dict, top: float) -> None:
    """Where the upright axis of a figure over time reaches to `top`, its lines' names still do not cover one another."""
    layout = figure["layout"]
    pairs = {
        note["text"]: (note, shape)
        for note, shape in zip(layout["annotations"], layout.get("shapes", []), strict=False)
    }
    if all(shape.get("xsizemode") == "pixel" for _, shape in pairs.values()):
        ends = dict(sorted(((text, note["y"]) for text, (note, _) in pairs.items()), key=lambda end: end[1]))
        for text, y in apart(ends, LINE * top, top).items():
            note, shape = pairs[text]
            note["y"] = shape["y0"] = shape["y1"] = y


def named(ends: Iterable[tuple[str, float, float, dict]], until: float) -> tuple[list[dict], list[dict]]:
    """Names of lines that end at (name, x, y, stroke), each behind a piece of its line: notes, and shapes.

    until: where the axis ends. A piece, in the coordinates of the paper, may stand outside of the axes.
    """
    notes, pieces = [], []
    for name, x, y, style in ends:
        notes.append(note(name, x, y, TEXT, "left", 8 + PIECE + 6))
        place = {"xref": "paper", "xsizemode": "pixel", "xanchor": x / until, "x0": 8, "x1": 8 + PIECE}
        pieces.append({"type": "line", **place, "y0": y, "y1": y, "line": style})
    return notes, pieces


def over_rows(data: list, notes: list, ticks: dict, end: float, unit: str) -> dict:
    """A figure of rows of bars: `ticks` names the rows (height -> text), `end` is that of the axis in `unit`."""
    rows = {
        "tickvals": list(ticks),
        "ticktext": list(map(escapes.chart, ticks.values())),
        "tickfont": {"size": 13, "color": TEXT},
        "range": [min(ticks) - 0.5, max(ticks) + 0.5],
        "showgrid": False,
    }
    return figure(data, notes, axis(unit, end, nticks=8), rows, barmode="overlay", hovermode=False, margin={"l": 112})


def room(notes: list, plot_px: int) -> float:
    """Where an axis must end so that what is written beside the bars has room in a plot of that width."""
    ends = [0.0]
    for words in notes:
        if words["xanchor"] == "left":
            share = (7.6 * longest_line(words) + 8) / plot_px
            ends.append(words["x"] / max(1 - share, 0.3))
    return ceiling(max(ends))


def longest_line(note: dict) -> int:
    """How many letters a reader sees in the longest line of a note."""
    return max(len(unescape(re.sub("<.*?>", "", line))) for line in note["text"].split("<br>"))


def apart(heights: dict[str, float], gap: float, top: float) -> dict[str, float]:
    """The same names, upwards in this order, `gap` apart and not above `top`: they must not cover one another."""
    apart, below = {}, -gap
    for name, height in heights.items():
        apart[name] = below = max(height, below + gap)
    above = top
    for name in reversed(apart):
        apart[name] = min(apart[name], above)
        above = apart[name] - gap
    return apart


def ceiling(value: float) -> float:
    """The next round number above: axes that move in steps leave the eye a hold while a slider moves."""
    if not value > 0:
        return 1.0
    unit = 10.0 ** floor(log10(value))
    return next(
        step * unit for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value * 1.0001 or step == 10
    )
