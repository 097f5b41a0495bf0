"""A guess and what the run gave, on one chart, with the gap between them."""

import re
from typing import Any

from pmtech.charts import plot
from pmtech.runs.figure import CROSSING, figure
from pmtech.wording import rounded, said

YOU, RUN = "you said", "your run"
CLOSE = 0.1  # so near, as a share of the truth


def beside(guess, run: Any, value: float | None) -> tuple[dict, int]:
    """The figure and its height in px. guess: what was asked (`course.exercises.questions.Guess`); value: None for no answer."""
    crossing = re.fullmatch(CROSSING, guess.figure)
    return (_on_curve(guess, run, value, crossing), 264) if crossing else _as_bars(guess, run, value)


def _as_bars(guess, run: Any, value: float | None) -> tuple[dict, int]:
    """Bars under one another: what stands beside them, the guess as an outline, the run, and the gap."""
    bars = {label: figure(run, path) if isinstance(path, str) else path for label, path in guess.beside.items()}
    truth = figure(run, guess.figure)
    bars |= ({} if value is None else {YOU: value}) | {RUN: truth}
    rows = {label: -number for number, label in enumerate(bars)}
    data, notes, shapes = [], [], []
    for label, length in bars.items():
        colour = {YOU: "rgba(0,0,0,0)", RUN: "var(--pmtech-accent)"}.get(label, plot.PINNED)
        bar = plot.bars(label, [rows[label]], [length], [0], colour, 0.5)
        if label == YOU:
            bar["marker"]["line"] = {"width": 2, "color": "var(--pmtech-text)"}
        data.append(bar)
        text = said(length, guess.unit)
        notes.append(plot.note(text, length, rows[label], plot.TEXT, "left", 8, bold=label in (YOU, RUN)))
    if value is not None and (gap := _gap(value, truth, guess.unit)):
        y, (low, high) = rows[RUN] + 0.5, sorted((value, truth))
        shapes.append(plot.straight((low, y), (high, y), plot.stroke("refused-fill", "solid", 3)))
        notes.append(plot.note(gap, high, y, "var(--pmtech-refused)", "left", 8, 12))
    drawn = plot.over_rows(data, notes, {y: label for label, y in rows.items()}, max(*bars.values(), 1e-9), "")
    # Every bar has its number beside it: the axis would only repeat them.
    drawn["layout"] |= {"shapes": shapes, "margin": {"l": 150, "r": 230, "t": 4, "b": 4}}
    drawn["layout"]["xaxis"] |= {"showticklabels": False, "showgrid": False, "title": {"text": ""}}
    return drawn, 8 + 34 * len(rows)


def _on_curve(guess, run: Any, value: float | None, crossing: re.Match) -> dict:
    """The run's curve, the level that was asked for, and where guess and curve meet it."""
    along, of, level = crossing["along"], crossing["of"], float(crossing["level"])
    points, truth = list(zip(run[along], run[of], strict=True)), figure(run, guess.figure)
    top = plot.ceiling(2 * level)
    data = [
        plot.line("the run", points, plot.stroke("accent")),
        plot.line("asked", [(guess.low, level), (guess.high, level)], plot.BEHIND),
        plot.marks(RUN, [(truth, level)], size=13, color="var(--pmtech-accent)"),
    ]
    # The curve climbs to the right: below it there is room for the run's words, above it for the guess's.
    came = plot.note(f"{RUN}: {said(truth, guess.unit)}", truth, level, plot.TEXT, "left", 10, bold=True)
    notes = [came | {"yshift": -14}]
    if value is not None:
        data.append(plot.marks(YOU, [(value, level)], size=13, color="var(--pmtech-text)", symbol="circle-open"))
        gap = _gap(value, truth, guess.unit)
        share = (value - guess.low) / (guess.high - guess.low)
        side = ("right", 6) if share > 0.5 or (value < truth and share > 0.2) else ("left", -6)
        words = re.sub(" (more|less) ", r"\n\1 ", gap or f"{YOU}: {said(value, guess.unit)}")
        for row, text in enumerate(words.split("\n")[::-1]):  # short rows: at an end of the axis there is little room
            notes.append(plot.note(text, value, level, plot.TEXT, *side) | {"yshift": 18 + 16 * row})
    x = plot.axis(guess.unit, guess.high, showgrid=False) | {"range": [guess.low, guess.high]}
    words = f"{of.removesuffix('_ms')}, ms" if of.endswith("_ms") else of
    return plot.figure(data, notes, x, plot.axis(words, top), hovermode=False, margin={"l": 76, "r": 24})


def fate(guess, run: Any, value: float, right: bool) -> str:
    """How near the guess came, in which direction and by how much. right: it lies in the band of the right idea."""
    truth = figure(run, guess.figure)
    gap = _gap(value, truth, guess.unit)
    if not gap:
        return "It came as you said."
    close = abs(truth - value) <= max(guess.step, CLOSE * abs(truth))
    return f"{'Close' if close else 'The right idea' if right else 'It turned out otherwise'}: {gap}."


def _gap(value: float, truth: float, unit: str) -> str:
    """How far the run lies from the guess, of the numbers that are shown: "4.8 a second less than you said"."""
    off = rounded(truth, unit) - rounded(value, unit)
    if abs(off) < 1e-9:
        return ""
    return f"{said(abs(off), unit).replace(' %', ' points')} {'more' if off > 0 else 'less'} than you said"
