"""Four quantities that drive one another round, each with what it was and what it is."""

from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, BOX, HIGH = 720, 300, 216, 56
AT = ((WIDTH / 2, 40), (WIDTH - 122, 150), (WIDTH / 2, 260), (122, 150))  # centres: top, right, bottom, left
WAYS = (
    "M478 44 Q 600 52 604 112",
    "M604 188 Q 600 250 478 258",
    "M242 258 Q 120 250 116 188",
    "M116 112 Q 120 52 242 44",
)


class Node(NamedTuple):
    """words, before and now: as they are written. up: has it risen, and not come down again?"""

    words: str
    before: str
    now: str
    up: bool


def svg(nodes: tuple[Node, Node, Node, Node], middle: list[str], said: str) -> str:
    """Clockwise from the top. An arrow between two that are both up is drawn whole and drives; any other is broken."""
    drawn = []
    for number, way in enumerate(WAYS):
        drives = nodes[number].up and nodes[(number + 1) % 4].up
        look = "var(--pmtech-refused)" if drives else "var(--pmtech-quiet)"
        dash = "" if drives else ' stroke-dasharray="3 5"'
        drawn.append(
            f'<path d="{way}" fill="none" stroke="{look}" stroke-width="{2.5 if drives else 1.5}"{dash} '
            f'marker-end="url(#pmtech-tip-{"on" if drives else "off"})"/>'
        )
    for node, (x, y) in zip(nodes, AT, strict=True):
        edge = "var(--pmtech-refused)" if node.up else "var(--pmtech-line)"
        drawn += [
            f'<rect x="{x - BOX / 2}" y="{y - HIGH / 2}" width="{BOX}" height="{HIGH}" rx="6" '
            f'fill="var(--pmtech-ground)" stroke="{edge}" stroke-width="1.5"/>',
            _text(node.words, x, y - 6, 13),
            _text(f"{node.before} → {node.now}", x, y + 16, 15, bold=True),
        ]
    for number, line in enumerate(middle):
        drawn.append(_text(line, WIDTH / 2, 130 + 20 * number, 13))
    tips = "".join(
        f'<marker id="pmtech-tip-{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="6" markerHeight="6" '
        f'orient="auto"><path d="M0 0L10 5L0 10z" fill="var(--pmtech-{colour})"/></marker>'
        for name, colour in (("on", "refused"), ("off", "quiet"))
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}" style="width: 100%; max-width: {WIDTH}px">'
        f"<title>{escape(said)}</title><defs>{tips}</defs>{''.join(drawn)}</svg>"
    )


def _text(words: str, x: float, y: float, size: int, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="middle" fill="var(--pmtech-text)"{weight}>'
        f"{escape(words)}</text>"
    )
