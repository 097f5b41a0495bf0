"""Four quantities that drive one another round, each with what it was and what it is."""

from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

DRAWN = Template((Path(__file__).parent / "circle.svg").read_text(encoding="utf-8"))
DRIVES = 'stroke="var(--pmtech-refused)" stroke-width="2.5" marker-end="url(#pmtech-tip-on)"'
BROKEN = 'stroke="var(--pmtech-quiet)" stroke-width="1.5" stroke-dasharray="3 5" marker-end="url(#pmtech-tip-off)"'


class Node(NamedTuple):
    """words, before and now: as they are written. up: has it risen, and not come down again?"""

    words: str
    before: str
    now: str
    up: bool


def svg(nodes: tuple[Node, Node, Node, Node], middle: list[str], said: str) -> str:
    """Clockwise from the top, with four lines in the middle. An arrow between two that are both up is drawn whole and
    drives; any other is broken."""
    texts = {"said": said, **{f"line{n}": line for n, line in enumerate(middle)}}
    looks = {}
    for n, node in enumerate(nodes):
        texts |= {f"words{n}": node.words, f"before{n}": node.before, f"now{n}": node.now}
        looks[f"way{n}"] = DRIVES if node.up and nodes[(n + 1) % 4].up else BROKEN
        looks[f"edge{n}"] = "refused" if node.up else "line"
    return DRAWN.substitute(looks, **{name: escape(text) for name, text in texts.items()})
