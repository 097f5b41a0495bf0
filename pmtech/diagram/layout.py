"""Where the boxes and arrows of an architecture stand, as plain numbers for anything that draws."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pmtech.diagram.words import cut, text_width, troubles, wrap
from pmtech.system.flow import Flow, flows
from pmtech.system.plan import Edge
from pmtech.system.system import System
from pmtech.wording import listed, rate

NAME, TEXT = 15, 14  # sizes of letters, in pixels
PAD, LINE, GAP_Y, MARGIN = 12, 20, 24, 8
NARROW, WIDE, PICTURE = 138, 264, 960  # boxes grow to WIDE, and shrink to NARROW so that a picture fits a cell
LANE = 3  # between the bars of machines that are not equally busy
DECK = 5  # by so much each box of a stack shows behind the one before it


@dataclass(frozen=True)
class Box:
    """One box: the parts that it stands for, its words, its place. `trouble` is "", "waiting" or "refused"."""

    parts: tuple[str, ...]
    icon: str
    name: str
    said: tuple[str, ...]  # facts and alarms at full length
    lines: tuple[str, ...]  # the name as it fits
    facts: tuple[str, ...]
    alarms: tuple[str, ...]
    trouble: str
    copies: int
    loads: tuple[float, ...]  # share of the capacity that is asked for; machine by machine where they differ
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    @property
    def deck(self) -> int:
        """By so much a stack of copies stands out at the right and above."""
        return DECK * min(self.copies - 1, 2)


@dataclass(frozen=True)
class Arrow:
    """From one box to another (their places in `Layout.boxes`) through `points`; its words stand around `label`."""

    tail: int
    head: int
    rate_per_s: float | None
    route: str
    points: tuple[tuple[float, float], ...]
    words: tuple[str, ...]
    label: tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A picture as plain numbers, in pixels."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float

    @property
    def way(self) -> str:
        """The boxes in the order in which a request comes by: "Company A and Company B, then Server"."""
        boxes = sorted(self.boxes, key=lambda box: box.x)
        columns = itertools.groupby(boxes, key=lambda box: box.x)
        return ", then ".join(listed(box.name for box in column) for _, column in columns)


def layout(
    system: System, marks: Mapping[str, str] | None = None, shares: Mapping[str, Sequence[float]] | None = None
) -> Layout:
    """Boxes and arrows with their places: sources at the left, every part right of those that send to it.

    marks: part -> one more line for its box. shares: part -> what each of its machines gets of all that comes, if not
    the same.
    """
    flow, rates = flows(system)
    groups = _groups(system)
    links = _links(system, groups, rates)
    words = {}
    for (tail, head), (per_s, routes) in links.items():
        most = "up to " if system.parts[groups[tail][0]].waits else ""
        said = [", ".join(routes)] * bool(routes) + [f"{most}{rate(per_s)} /s"] * bool(system.sources)
        words[tail, head] = tuple(cut(word, TEXT, 120) for word in said)

    columns, ways, before = _columns(len(groups), links)
    outs, ins = Counter(tail for tail, _ in links), Counter(head for _, head in links)
    gaps = [_gap(column, words, outs, ins) for column in columns[:-1]]
    made = [_box(system, flow, group, marks or {}, shares or {}) for group in groups]
    for widest in range(WIDE, NARROW - 1, -7):
        boxes = {node: fitted(widest - 2 * PAD) for node, fitted in enumerate(made)}
        widths = [max(boxes[node].width for node in column if node in boxes) for column in columns]
        decks = [max(boxes[node].deck for node in column if node in boxes) for column in columns]
        if sum(widths) + sum(decks) + sum(gaps) + 2 * MARGIN <= PICTURE:
            break

    left, sides = float(MARGIN), {}
    for column, width, deck, gap in zip(columns, widths, decks, [*gaps, 0], strict=True):
        for node in column:
            sides[node] = left, left + width + (boxes[node].deck if node in boxes else 0)
        left += width + deck + gap
    tall = {node: boxes[node].height + 2 * boxes[node].deck if node in boxes else 16 for node in sides}
    middle = _middles(columns, before, tall)
    for node, box in boxes.items():
        x, right = sides[node]
        boxes[node] = replace(box, x=x, y=middle[node] - box.height / 2, width=right - box.deck - x)

    arrows = []
    for (tail, head), (per_s, routes) in links.items():
        points, label = _way([tail, *ways[tail, head], head], outs[tail], ins[head], sides, middle)
        arrows.append(
            Arrow(tail, head, per_s if system.sources else None, ", ".join(routes), points, words[tail, head], label)
        )
    height = max(middle[node] + tall[node] / 2 for node in middle) + MARGIN
    return Layout(tuple(boxes.values()), tuple(arrows), left + MARGIN, height)


def _links(system: System, groups: list[list[int]], rates: dict[Edge, float]) -> dict[tuple[int, int], list]:
    """(tail, head) of each arrow between boxes -> requests a second, and the routes that it is for."""
    box_of = {part: box for box, group in enumerate(groups) for part in group}
    links: dict[tuple[int, int], list] = {}
    for edge in system.edges:
        link = links.setdefault((box_of[edge.tail], box_of[edge.head]), [0.0, {}])
        link[0] += rates[edge]
        link[1] |= {edge.label: None} if edge.label else {}
    return links


def _gap(column: list[int], words: dict[tuple[int, int], tuple[str, ...]], outs: Counter, ins: Counter) -> float:
    """The room behind a column, for the words on its arrows and for the bends where arrows part or meet."""
    rooms = [64.0]
    for (tail, head), said in words.items():
        if tail in column:
            bend = 18 if outs[tail] > 1 or ins[head] > 1 else 8 * (len(column) > 1)  # chains side by side bend, too
            rooms += [text_width(word, TEXT) + 16 + bend for word in said]
    return max(rooms)


def _groups(system: System) -> list[list[int]]:
    """The parts of each box. More than four equal twins stand in one; of more than six neighbours only five alone."""
    alike = defaultdict(list)
    for part, spec in enumerate(system.parts):
        before = frozenset(edge.tail for edge in system.before(part))
        after = frozenset(edge.head for edge in system.after(part))
        alike[type(spec), before, after].append(part)
    groups = []
    for parts in alike.values():
        alone = len(parts) if len(parts) < 7 else 5
        if len(parts) > 4 and len({repr(system.parts[part]) for part in parts}) == 1:
            alone = 0
        groups += [[part] for part in parts[:alone]] + [parts[alone:]] * (alone < len(parts))
    order = {part: place for place, part in enumerate(system.plan.order)}
    return sorted(groups, key=lambda group: order[group[0]])


def _box(
    system: System,
    flow: dict[str, Flow],
    group: list[int],
    marks: Mapping[str, str],
    shares: Mapping[str, Sequence[float]],
) -> Callable[[float], Box]:
    """Makes its box, given how wide a line of words may be."""
    specs, names = [system.parts[part] for part in group], [system.names[part] for part in group]
    spec, labels = specs[0], [system.label(name) for name in names]
    equal = len({repr(one) for one in specs}) == 1
    copies = sum(one.replicas for one in specs) if equal else 1
    flows_ = [flow[name] for name in names]
    arrives, passes, refused, capacity = (sum(one[i] or 0 for one in flows_) for i in range(4))
    total = Flow(arrives, passes, refused, capacity or None, flows_[0].held_ms)
    trouble, alarms = troubles(spec, total)
    if equal:
        name = shown = (spec.label if len(group) > 1 else labels[0]) + (f" × {copies}" if copies > 1 else "")
        facts = spec.facts(copies, total.held_ms)
        facts += [f"{spec.verb} {rate(capacity)} /s"] if capacity and not trouble else []
    else:
        name, shown, facts = ", ".join(labels), f"{len(group)} more", [f"{labels[0]} to {labels[-1]}"]
    facts += dict.fromkeys(marks[name] for name in names if name in marks)
    loads: tuple[float, ...] = ()
    if capacity and system.sources:
        of_each = shares.get(names[0], [1.0]) if len(group) == 1 else [1.0]
        loads = tuple(arrives / capacity * len(of_each) * share for share in of_each)
        full = sum(load > 1 for load in loads)
        if full and len(loads) > 1 and not trouble:  # some machines, and not all of them together
            trouble, alarms = "waiting", [f"overloaded: {full} of {len(loads)}"]
    said = tuple(facts + alarms)

    def fitted(room: float) -> Box:
        lines = wrap(shown, NAME, max(room - 26, 96), bold=True, lines=2)
        told = tuple(line for fact in facts for line in wrap(fact, TEXT, room, lines=4))
        warned = tuple(line for alarm in alarms for line in wrap(alarm, TEXT, room, bold=True))
        wide = [text_width(line, NAME, bold=True) + 26 for line in lines] + [text_width(line, TEXT) for line in told]
        wide += [text_width(line, TEXT, bold=True) for line in warned]
        height = 2 * PAD - 4 + LINE * (len(lines) + len(told) + len(warned)) + (12 if loads else 0)
        size = {"width": math.ceil(max(wide)) + 2 * PAD, "height": height}
        return Box(tuple(names), spec.icon, name, said, lines, told, warned, trouble, copies, loads, **size)

    return fitted


def _columns(count: int, links) -> tuple[list[list[int]], dict, dict[int, list[int]]]:
    """Boxes by column, for each arrow the empty places that it passes in the columns between, and what is before what."""
    rank = [0] * count
    for _ in range(count):
        for tail, head in links:
            rank[head] = max(rank[head], rank[tail] + 1)
    columns: list[list[int]] = [[node for node in range(count) if rank[node] == c] for c in range(max(rank) + 1)]
    ways, before, fresh = {}, defaultdict(list), count
    for tail, head in links:
        between = range(fresh, fresh := fresh + rank[head] - rank[tail] - 1)
        ways[tail, head] = list(between)
        for column, node in zip(columns[rank[tail] + 1 :], between, strict=False):
            column.append(node)
        for here, there in zip([tail, *between], [*between, head], strict=True):
            before[there].append(here)
    for left, column in itertools.pairwise(columns):
        place = {node: index for index, node in enumerate(left)}
        column.sort(key=lambda node: sum(place[other] for other in before[node]) / len(before[node]))
    return columns, ways, before


def _middles(columns, before, tall) -> dict[int, float]:
    """A height for the middle of every node: near those it is joined to, in order, and nothing overlaps."""
    near, y = defaultdict(list), {}
    for there, heres in before.items():
        near[there] += heres
        for here in heres:
            near[here].append(there)
    for column in columns:
        y |= _spread(column, [0.0] * len(column), tall)
    for _ in range(60):
        stood = dict(y)
        for column in columns:
            y |= _spread(column, [_between([y[n] for n in near[node] or [node]], 0) for node in column], tall)
        if y == stood:
            break
    for column in columns:  # once more and only from the left, so that a chain stays straight
        y |= _spread(column, [_between([y[n] for n in before.get(node, [node])], 12) for node in column], tall)
    top = min(y[node] - tall[node] / 2 for node in y)
    return {node: round(middle - top + MARGIN) for node, middle in y.items()}


def _between(levels, snap: float) -> float:
    """The mean, or one of the levels if it is nearly there: an arrow is straight or clearly bent."""
    mean = sum(levels) / len(levels)
    nearest = min(levels, key=lambda level: abs(level - mean))
    return nearest if abs(nearest - mean) < snap else mean


def _spread(column, wanted, tall) -> dict[int, float]:
    """The middles nearest to the wanted ones that keep order and distance (pool adjacent violators)."""
    below = [0.0]
    for upper, lower in itertools.pairwise(column):
        below.append(below[-1] + (tall[upper] + tall[lower]) / 2 + GAP_Y)
    pools: list[list[float]] = []
    for want, offset in zip(wanted, below, strict=True):
        pools.append([want - offset])
        while len(pools) > 1 and sum(pools[-2]) / len(pools[-2]) >= sum(pools[-1]) / len(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    tops = [sum(pool) / len(pool) for pool in pools for _ in pool]
    return {node: top + offset for node, top, offset in zip(column, tops, below, strict=True)}


def _way(nodes, outs, ins, sides, middle) -> tuple[tuple, tuple[float, float]]:
    """The corners of an arrow, and where its words stand: on the stretch that it shares with no other arrow."""
    fans_out = outs > 1 and ins == 1
    levels = [middle[node] for node in nodes]
    free, fixed = (-1, -2) if fans_out else (0, 1)  # a box is tall enough to bend an almost straight arrow straight
    if abs(levels[free] - levels[fixed]) < 12:
        levels[free] = levels[fixed]
    points, labels = [(sides[nodes[0]][1], levels[0])], []
    for step, (y0, y1) in enumerate(itertools.pairwise(levels)):
        start, (end, beyond) = sides[nodes[step]][1], sides[nodes[step + 1]]
        bend = start + 20 if fans_out else end - (28 if ins > 1 else 20)
        left, right = (bend, end - 10) if fans_out else (start, bend + 2 if ins > 1 or y0 != y1 else end - 10)
        labels.append(((left + right) / 2, y1 if fans_out else y0))
        points += ([(bend, y0), (bend, y1)] if y0 != y1 else []) + [(end, y1)]
        points += [(beyond, y1)] if nodes[step + 1] != nodes[-1] else []
    return tuple(points), labels[0]
