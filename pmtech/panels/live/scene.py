"""The stage of the theatre: the boxes and arrows of the architecture, with room for what moves."""

import itertools
from collections.abc import Mapping
from typing import Any

from pmtech.diagram import sentences
from pmtech.diagram.layout import NAME, PAD, TEXT, layout
from pmtech.diagram.words import wrap
from pmtech.system.system import System

LINE, APART = 20, 16  # of text; between boxes, in pixels
SOURCE = 196  # as wide as what a source says of its requests


def scene(system: System, most: Mapping[str, int]) -> dict[str, Any]:
    """What the page needs to draw the stage: `layout(system)` with lower boxes, which hold places of work, not loads.

    most: of each part so many machines there may be; all have room.
    A box is a source, a station (it has places of work) or a gate. `units` has a row a machine, in flow order.
    """
    picture = layout(system)
    boxes: list[dict[str, Any]] = []
    for box in picture.boxes:
        spec = system.components[box.parts[0]]
        kind = "source" if spec.is_source else "station" if spec.station else "gate"
        width = max(box.width, SOURCE) if spec.is_source else box.width
        facts = _facts(system, box.parts[0], width)
        rows = sum(most[name] for name in box.parts)
        grown = (
            wrap(f"{box.name} × {rows}", NAME, width - 2 * PAD - 24, bold=True, lines=2)
            if rows > box.copies == 1
            else ()
        )
        named = max(len(box.lines), len(grown))  # also once more machines have come
        room = {"source": LINE, "gate": 0, "station": min(24 * rows, 126)}[kind]
        boxes.append(
            {
                "parts": box.parts,
                "name": box.name,
                "lines": box.lines,
                "facts": facts,
                "kind": kind,
                "icon": box.icon,
                "x": box.x,
                "y": box.y + box.height / 2,
                "span": box.width,
                "width": width,
                "height": PAD + LINE * (named + len(facts)) + room + PAD / 2,
                "room": room,
            }
        )
    stretch = 1.0
    for _, column in itertools.groupby(sorted(boxes, key=lambda box: (box["x"], box["y"])), lambda box: box["x"]):
        for upper, lower in itertools.pairwise(column):
            needed = (upper["height"] + lower["height"]) / 2 + APART
            stretch = max(stretch, needed / (lower["y"] - upper["y"]))
    for box in boxes:
        box["y"] *= stretch
    top = min(box["y"] - box["height"] / 2 for box in boxes)
    for box in boxes:
        box["y"] -= top
    arrows = [
        {"tail": a.tail, "head": a.head, "points": [(x, y * stretch - top) for x, y in a.points]}
        for a in picture.arrows
    ]
    return {
        "boxes": boxes,
        "arrows": arrows,
        "height": max(box["y"] + box["height"] / 2 for box in boxes),
        "said": sentences(picture),
        "patience": any(source.timeout_ms for source in system.sources.values()),
    }


def units_of(boxes: list[dict], names: list[str]) -> list[dict[str, int]]:
    """For each machine (the name of its part): the number of its box, and its row in it."""
    box_of = {name: number for number, box in enumerate(boxes) for name in box["parts"]}
    rows = [0] * len(boxes)
    units = []
    for name in names:
        box = box_of[name]
        units.append({"box": box, "row": rows[box]})
        rows[box] += 1
    return units


def texts_of(system: System, boxes: list[dict]) -> list[dict[str, Any]]:
    """What the boxes of a scene say after a knob was turned, in the lines for which they have room."""
    names = {name: box.lines for box in layout(system).boxes for name in box.parts}
    return [
        {"lines": lines, "facts": _facts(system, part, box["width"], min(len(box["facts"]), _lines(box) - len(lines)))}
        for box in boxes
        for part in box["parts"][:1]
        for lines in [names[part]]
    ]


def _lines(box: dict) -> int:
    """For how many lines of words a box has room above its places of work."""
    return round((box["height"] - box["room"] - 1.5 * PAD) / LINE)


def _facts(system: System, name: str, width: float, lines: int = 2) -> tuple[str, ...]:
    spec = system.components[name]
    facts = [] if spec.is_source or lines < 1 else spec.facts(spec.replicas)[:1]
    return tuple(line for fact in facts for line in wrap(fact, TEXT, width - 2 * PAD, lines=lines))
