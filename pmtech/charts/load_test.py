"""A load test as a figure: what the real server did at each rate, beside the model of it."""

from pmtech.charts import plot
from pmtech.runs.table import Table

LINES = {"mean": plot.stroke("series-2", "dash"), "p95": plot.stroke("accent")}
NAMES = {"mean": "average", "p95": "95 of 100 within"}


def figure(table: Table, capacity_per_s: float) -> dict:
    """Time to answer against the rate: the model as lines, the real server as dots. table: `LoadTest.table`."""
    rates = [load * capacity_per_s for load in table.load]
    last = max(*rates, capacity_per_s) * 1.05
    top = plot.ceiling(1.1 * float(table.filter(regex="(real|model)_").to_numpy().max()))
    data, notes = [], []
    ends = {of: float(table[f"model_{of}_ms"].iloc[-1]) for of in LINES}
    heights = plot.apart(dict(sorted(ends.items(), key=lambda end: end[1])), 0.1 * top, top)
    for of, style in LINES.items():
        data.append(plot.line(f"{NAMES[of]}, model", zip(rates, table[f"model_{of}_ms"], strict=True), style))
        real = zip(rates, table[f"real_{of}_ms"], strict=True)
        data.append(plot.marks(f"{NAMES[of]}, really", real, size=10, color=style["color"]))
        notes.append(plot.note(NAMES[of], last, heights[of], plot.TEXT, "left", 8))
    notes.append(plot.note("line: model · dot: the real server", 0.02 * last, 0.95 * top, plot.QUIET, "left", 0, 12))
    notes.append(plot.note("full", capacity_per_s, 0.95 * top, plot.QUIET, "left", 6, 12))
    full = plot.straight((capacity_per_s, 0), (capacity_per_s, top), plot.stroke("quiet", "dot", 2))
    x, y = plot.axis("requests sent a second", last, showgrid=False), plot.axis("time to answer, ms", top)
    return plot.figure(data, notes, x, y, shapes=[full], margin={"r": 130, "t": 12})
