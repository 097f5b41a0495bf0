"""What a picture says about a part, in a few words that fit."""

import re
from functools import lru_cache

from pmtech.components.component import Component
from pmtech.system.flow import Flow
from pmtech.wording import rate


def troubles(part: Component, flow: Flow) -> tuple[str, list[str]]:
    """What happens to the excess, "waiting" or "refused" (or "" where there is none), and how much in words."""
    refused, waiting = flow.refused > 1e-9 * flow.arrives, flow.held_back > 1e-9 * flow.arrives
    words = []
    if flow.capacity is not None and (refused or waiting):
        words.append(f"overloaded: {rate(flow.arrives)} of {rate(flow.capacity)} /s")
    if refused:
        words.append(f"refused: {rate(flow.refused)} /s")
    words += part.trouble(refused)
    if waiting:
        words.append(f"waiting: +{rate(flow.held_back)} /s")
    return "waiting" if waiting else "refused" if refused else "", words


# Advance widths in ems of DejaVu Sans, the widest of the usual system fonts: what fits there fits everywhere.
_EMS = {c: ems for ems, some in ((0.33, "ijlI.,:;'|/![] \u00a0"), (0.4, "ftr-()"), (0.57, "ckszxyv")) for c in some}
_EMS |= dict.fromkeys("mwMWQO@%×+", 0.92)


@lru_cache(maxsize=1 << 14)  # a picture is laid out again at every move, and few words are new
def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how many pixels a text is wide."""
    ems = (_EMS.get(c, 1.0 if ord(c) > 0x2E7F else 0.7 if c.isupper() else 0.63) for c in text)
    return size * sum(ems) * (1.1 if bold else 1)


def cut(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, with an ellipsis where it would be too long."""
    whole, text = text, text[: max(0, int(room / (min(_EMS.values()) * size))) + 1]  # more of it never fits
    while text_width(text if text == whole else text + "…", size, bold) > room and text:
        text = text[:-1]
    return text if text == whole else text.rstrip() + "…"


@lru_cache(maxsize=1 << 14)
def wrap(text: str, size: float, room: float, bold: bool = False, lines: int = 3) -> tuple[str, ...]:
    """The text in a few lines, cut where they do not suffice; a number stays with its unit."""
    done = [""]
    for word in re.sub(r"(?<=\d) (?=\S)|(?<=×) |(?<=of) |(?<=\+) ", "\u00a0", text).split(" "):
        longer = f"{done[-1]} {word}".strip()
        if len(done) < lines and done[-1] and text_width(longer, size, bold) > room:
            done.append(word)
        else:
            done[-1] = longer
    return tuple(cut(line, size, room, bold) for line in done)
