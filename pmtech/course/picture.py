"""The course's drawings, readable in JupyterLab's light and dark theme."""

import re
from math import ceil
from pathlib import Path

from pmtech.charts.retries import loop
from pmtech.course.page import page
from pmtech.diagram import LEAST, circle
from pmtech.diagram import places as on_a_map
from pmtech.kinds import Known
from pmtech.runs.result import Result
from pmtech.system.system import System
from pmtech.wording import percent, rate, seconds

FOLDER = Path(__file__).parent / "pictures"


class Picture:
    """A drawing that shows itself: an SVG whose title and description are its text alternative."""

    def __init__(self, svg: str):
        self.svg = svg

    def _repr_html_(self) -> str:
        (width,) = re.findall(r'<svg[^>]* viewBox="0 0 (\d+)', self.svg)
        smallest = min(map(float, re.findall(r'font-size[:=][ "]*([\d.]+)', self.svg)))
        least = ceil(int(width) * LEAST / smallest)  # at most 732 px: on a screen of 1280 none scrolls
        return page(f'<div style="min-width: {least}px">{self.svg}</div>', "pmtech-picture")


def picture(name: str) -> Picture:
    """A drawing by its name, such as "frontend_and_backend". Raises ValueError with the nearest names."""
    drawn = {path.stem: path for path in sorted(FOLDER.glob("*.svg"))}
    return Picture(Known("picture", drawn)[name].read_text(encoding="utf-8"))


def places(system: System) -> Picture:
    """Where viewers, edges and servers stand, and light's time between them. Raises ValueError where nothing has a place."""
    return Picture(on_a_map.svg(system))


def causal_loop(result: Result) -> Picture:
    """Waiting, given up, asked again, more to do: what drives what, with the numbers of a run before its trigger and at its
    end. An arrow is whole where both of its ends have risen and stay up; when all four are, the circle goes on by itself.

    Raises ValueError for a run in which nothing happens.
    """
    name, then, now = loop(result)
    label = result.system.label(name)

    def node(words: str, told, before: float, after: float, floor: float) -> circle.Node:
        return circle.Node(words, told(before), told(after), after > max(1.3 * before, floor))

    def share(value: float) -> str:
        return percent(value).replace("less than", "<").replace("more than", ">")

    nodes = (
        node("attempts a second", rate, then.attempts_per_s, now.attempts_per_s, 0.0),
        node(f"an attempt waits at “{label}”", seconds, then.wait_s, now.wait_s, 0.05),
        node("work for which nobody waits", share, then.in_vain, now.in_vain, 0.05),
        node("attempts for each request", rate, then.each, now.each, 0.0),
    )
    closed, same = all(one.up for one in nodes), now.asked_per_s < 1.15 * then.asked_per_s
    goes_on = "and the circle goes on by itself" if same else "while more is asked than before"
    end = ("each drives the next,", goes_on) if closed else ("the circle is broken:", "it comes to rest")
    middle = [*end, f"(asked: {rate(then.asked_per_s)} a second", f"before, {rate(now.asked_per_s)} at the end)"]
    told = "; ".join(f"{one.words}: {one.before} before, {one.now} at the end" for one in nodes)
    return Picture(circle.svg(nodes, middle, f"{told}. {' '.join(middle)}."))
