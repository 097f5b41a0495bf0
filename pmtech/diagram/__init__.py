"""The architecture of a system as a picture: boxes in flow order, rates on the arrows, capacity on the boxes."""

import math
import re
from html import escape
from pathlib import Path

from pmtech.diagram.layout import DECK, LANE, LINE, NAME, PAD, TEXT, Arrow, Box, Layout, layout
from pmtech.system.system import System
from pmtech.wording import rate

CELL = 640  # the narrowest cell that a picture is made for, in pixels
LEAST = 11  # the smallest letters, in pixels: a page that is magnified by half has 705 for a picture of up to 897

STYLE = (Path(__file__).parent / "diagram.css").read_text(encoding="utf-8")


def diagram(system: System, plan: Layout | None = None) -> str:
    """The system as an HTML fragment with one SVG, in the colours of JupyterLab's light or dark theme.

    plan: where its boxes stand, for whoever knows already. No script, nothing loaded, and no id that a second picture
    on the page could clash with.
    """
    plan = plan or layout(system)
    most = max((arrow.rate_per_s or 0 for arrow in plan.arrows), default=0)
    drawn = [_arrow(arrow, most) for arrow in plan.arrows] + [_box(box) for box in plan.boxes]
    # A narrow cell scrolls before letters get smaller, and a low one grows.
    readable, high = (math.ceil(side * LEAST / TEXT) for side in (plan.width, plan.height))
    # To scroll without a mouse; JupyterLab's shortcuts would take the arrow keys away.
    focus = ' tabindex="0" role="group" aria-label="Architecture" data-lm-suppress-shortcuts="true"'
    keys = focus if readable > CELL else ""
    return (
        f'<div class="pmtech-diagram mathjax_ignore" style="--text-size: {TEXT}px; --name-size: {NAME}px"{keys}><style>{STYLE}</style>'
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{plan.width:.0f}" '
        f'viewBox="0 0 {plan.width:.0f} {plan.height:.0f}" style="max-width: 100%; min-width: {readable}px; min-height: {high}px">'
        f"<title>{escape(f'Architecture: {plan.way}')}</title><desc>{escape(sentences(plan))}</desc>{''.join(drawn)}</svg></div>"
    )


def sentences(plan: Layout) -> str:
    """The picture in words, box by box in flow order."""

    def requests(per_s: float | None) -> str:
        return "requests" if per_s is None else f"{rate(per_s)} request{'s' * (rate(per_s) != '1')} a second"

    told = []
    for place, box in enumerate(plan.boxes):
        comes = [arrow.rate_per_s for arrow in plan.arrows if arrow.head == place]
        known = [per_s for per_s in comes if per_s is not None]
        does = [f"gets {requests(sum(known) if len(known) == len(comes) else None)}"] if comes else []
        for arrow in (arrow for arrow in plan.arrows if arrow.tail == place):
            route = f" for {arrow.route}" if arrow.route else ""
            does.append(f"sends {requests(arrow.rate_per_s)}{route} to {plan.boxes[arrow.head].name}")
        said = f" ({'; '.join(re.sub(r'(?<=[0-9]) /s', ' a second', word) for word in box.said)})" if box.said else ""
        told.append(f"{box.name}{said} {', '.join(does)}".strip() + ".")
    return " ".join(told)


def _arrow(arrow: Arrow, most: float) -> str:
    thick = 1.5 + 2 * math.sqrt((arrow.rate_per_s or 0) / most) if most else 1.5
    x, y = arrow.points[-1]
    points = [*arrow.points[:-1], (x - 8, y)]
    way = f"M{points[0][0]:g} {points[0][1]:g}"
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        turn = min(8.0, math.dist((x0, y0), (x1, y1)) / 2, math.dist((x1, y1), (x2, y2)) / 2)
        into, out = math.atan2(y1 - y0, x1 - x0), math.atan2(y2 - y1, x2 - x1)
        way += f"L{x1 - turn * math.cos(into):.1f} {y1 - turn * math.sin(into):.1f}"
        way += f"Q{x1:g} {y1:g} {x1 + turn * math.cos(out):.1f} {y1 + turn * math.sin(out):.1f}"
    way += f"L{points[-1][0]:g} {points[-1][1]:g}"
    full = f"<title>{escape(arrow.route)}</title>" if arrow.route else ""
    words = "".join(
        f'<text class="rate" x="{arrow.label[0]:g}" y="{arrow.label[1] + down:g}">{escape(word)}</text>'
        for word, down in zip(arrow.words, (-8, 20), strict=False)
    )
    return (
        f'<g>{full}<path class="way" d="{way}" stroke-width="{thick:.1f}"/>'
        f'<path class="tip" d="M{x - 1:g} {y:g}l-11 -6v12z"/>{words}</g>'
    )


def _box(box: Box) -> str:
    def rect(css: str, x: float, y: float, width: float, height: float, round_: float) -> str:
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        return f'<rect class="{css}" {place} rx="{round_:g}"/>'

    x, y = box.x + PAD, box.y + PAD + 12
    drawn = [f"<title>{escape(box.name)}</title>"]
    for behind in range(box.deck, -1, -DECK):
        drawn.append(rect("box", box.x + behind, box.y - behind, box.width, box.height, 6))
    drawn.append(f'<path class="icon" transform="translate({x:g} {box.y + PAD - 2:g}) scale(.85)" d="{box.icon}"/>')
    for css, lines in (("name", box.lines), ("fact", box.facts), ("alarm", box.alarms)):
        for line in lines:
            indent = 26 if css == "name" else 0
            drawn.append(f'<text class="{css}" x="{x + indent:g}" y="{y:g}">{escape(line)}</text>')
            y += LINE
    lanes, bottom = len(box.loads), box.y + box.height - PAD - 1
    for lane, load in enumerate(box.loads):
        track = (box.width - 2 * PAD + LANE) / lanes - LANE
        left = x + lane * (track + LANE)
        drawn.append(rect("track", left, bottom, track, 4, 2))
        css = "load free" if lanes > 1 and load <= 1 else "load"
        drawn += [rect(css, left, bottom, max(4, track * min(load, 1)), 4, 2)] if load else []
    return f'<g class="{box.trouble}">{"".join(drawn)}</g>'


System._repr_html_ = diagram
