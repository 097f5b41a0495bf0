"""Who answered each request while a copy was dead, a block of lanes for each way of the proxy."""

from pmtech.charts import plot

BLOCK = 5.2  # lanes from one block to the next
SYMBOLS = ("circle", "square", "diamond")
FAILED = "failed"


def figure(
    blocks: dict[str, list[tuple[float, str | None]]], names: tuple[str, ...], moments: dict[str, float]
) -> dict:
    """blocks: {title: (when in s, who answered; None: it failed)}; moments: {what happened: when in s}."""
    end = max(at_s for tried in blocks.values() for at_s, _ in tried)
    data, notes, ticks = [], [], {}
    for block, (title, tried) in enumerate(blocks.items()):
        top = -BLOCK * block
        notes.append({**plot.note(title, 0, top, plot.TEXT, "left", size=12, bold=True), "bgcolor": plot.GROUND})
        for lane, name in enumerate((*names, None), 1):
            y = top - lane
            ticks[y] = name or FAILED
            mark = {"color": "var(--pmtech-refused-fill)", "symbol": "x"}
            if name:
                mark = {"color": f"var(--pmtech-series-{lane})", "symbol": SYMBOLS[lane - 1]}
            data.append(plot.marks(ticks[y], [(at_s, y) for at_s, who in tried if who == name], size=7, **mark))
    bottom, lines = min(ticks) - 0.7, []
    for words, at_s in moments.items():
        lines.append(plot.straight((at_s, bottom), (at_s, 0.7), plot.BEHIND))
        notes.append({**plot.note(words, at_s, 0.7, plot.QUIET, "left", size=12), "yanchor": "bottom"})
    y = {"tickvals": list(ticks), "ticktext": list(ticks.values()), "range": [bottom, 0.7], "showgrid": False}
    x = plot.axis("seconds", end, showgrid=False) | {"range": [-0.015 * end, end]}  # room for a mark at the beginning
    more = {"shapes": lines, "hovermode": False, "margin": {"l": 64, "t": 24}}
    return plot.figure(data, notes, x, y, **more)
