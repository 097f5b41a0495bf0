"""Where the sliders of a what-if panel stand in a room: what a seat tells of its own, and the map that a sweep draws for all."""

import math
from hashlib import sha256
from itertools import product
from typing import Any

from pmtech.panels.cards import CARDS, Card
from pmtech.panels.explore import Explore
from pmtech.runs.result import Result
from pmtech.wording import value_in_words

EACH_WAY = 6  # runs: a number in each field of the map can still be read from the last row


def sliders(panel: Explore) -> list[dict[str, Any]]:
    """The first two of a panel, or its only one: across, and up."""
    return [one for one in panel.controls.described if one["kind"] == "slider"][:2]


def key(panel: Explore) -> str:
    """The same for all who have this panel open; of a cell that was changed another: its points belong on no other map."""
    return sha256(panel.what.encode()).hexdigest()[:16]


def place(panel: Explore) -> dict[str, Any]:
    """Where it stands, and whether all that the map does not show is as at first."""
    now, across = panel.controls.sent(), [one["path"] for one in sliders(panel)]
    first = {one["path"]: one["default"] for one in panel.controls.described if one["path"] not in across}
    alike = panel.seed == panel.first_seed and all(now[path] == value for path, value in first.items())
    return {"panel": key(panel), "at": [now[path] for path in across], "alike": alike}


def _stops(slider: dict[str, Any]) -> list[float]:
    """Where a slider is put for the map: both ends, and what lies evenly between them, each where the slider can stand."""
    low, step = slider["low"], slider["step"]
    most = math.floor((slider["high"] - low) / step + 1e-9)
    few = min(EACH_WAY - 1, most)
    return [round(low + step * round(most * n / few), 9) for n in range(few + 1)]


def drawn(panel: Explore) -> dict[str, Any]:
    """The map: the cards of a run for each pair of settings, the first row lowest; all else as at first."""
    axes = [slider | {"stops": _stops(slider)} for slider in sliders(panel)]
    cards = {name: [] for name in panel.shows}
    for up, across in product(axes[1]["stops"] if axes[1:] else [None], axes[0]["stops"]):
        at = dict(zip((axis["path"] for axis in axes), (across, up), strict=False))
        try:
            result = panel.at(panel.controls.defaults | panel.controls.received(at), panel.first_seed)
        except ValueError:  # the panel says why, to whoever goes there
            result = None
        for name, fields in cards.items():
            fields.append(_field(CARDS[name], result))
    return {
        "panel": key(panel),
        "axes": [{"label": axis["label"], "stops": axis["stops"], "said": _said(axis)} for axis in axes],
        "cards": cards,
    }


def _field(card: Card, result: Result | None) -> dict[str, Any]:
    if result is None:
        return {"said": "can't be run", "figure": None}
    figure = card.figure(result)
    return {"said": card.words(figure, result), "figure": figure if math.isfinite(figure) else None}


def _said(axis: dict[str, Any]) -> list[str]:
    if "options" in axis:
        return [axis["options"][int(stop)] for stop in axis["stops"]]
    return [value_in_words(stop, axis["path"], axis["high"]) for stop in axis["stops"]]
