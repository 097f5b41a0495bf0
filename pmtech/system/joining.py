"""`>>`: systems joined from left to right, or put side by side."""

import dataclasses

from pmtech.components.component import Component
from pmtech.system.checks import check
from pmtech.system.plan import Edge
from pmtech.system.system import System


def join(left, right) -> System:
    """`left >> right`: requests go from left to right."""
    left = _side_by_side(left)
    names = left.names
    for tail in left.tails:
        if isinstance(right, dict) and left.parts[tail].fan_out != "routes":
            raise ValueError(f'a route table needs a Gateway before it, and "{names[tail]}" is none')
    if not isinstance(right, dict):
        targets = {None: _side_by_side(right)}
    elif right:
        targets = {endpoint: _side_by_side(target) for endpoint, target in right.items()}
    else:
        raise ValueError("an empty route table: write at least one {endpoint: part}")
    parts, edges, (_, *renumbered) = _united([left, *targets.values()])
    tails: list[int] = []
    for (label, target), number in zip(targets.items(), renumbered, strict=True):
        if label is not None and not isinstance(label, str):
            raise ValueError(f'a route must be an endpoint such as "/checkout", got {label!r}')
        edges += [Edge(tail, number[head], label) for tail in left.tails for head in target.heads]
        tails += [number[tail] for tail in target.tails]
    edges = sorted(dict.fromkeys(edges), key=lambda edge: edge.tail)  # wherever the brackets stood
    system = System(parts, tuple(edges), left.heads, tuple(dict.fromkeys(tails)))
    check(system)
    return system


def together(*systems: System | Component) -> System:
    """Several systems as one, side by side; a part that stands in more than one of them is one part."""
    system = _side_by_side(list(systems))
    check(system)
    return system


def _united(systems: list[System]) -> tuple[tuple[Component, ...], list[Edge], list[list[int]]]:
    """All parts, all edges, and for each system the new numbers of its parts. One object is one part."""
    parts: list[Component] = []
    edges: list[Edge] = []
    known: dict[int, int] = {}
    renumbered = []
    for system in systems:
        for part in system.parts:
            if id(part) not in known:
                known[id(part)] = len(parts)
                parts.append(part)
        numbers = [known[id(part)] for part in system.parts]
        edges += [Edge(numbers[e.tail], numbers[e.head], e.label) for e in system.edges]
        renumbered.append(numbers)
    return tuple(parts), edges, renumbered


def _one(value) -> System:
    if isinstance(value, System):
        return value
    if isinstance(value, Component):
        return System((value,))
    hint = f": write {value.__name__}()" if isinstance(value, type) and issubclass(value, Component) else ""
    raise ValueError(f"only parts such as Server() can be joined, got {value!r}{hint}")


def _side_by_side(value) -> System:
    """One part or system, or several in a list: sources side by side, or a pool."""
    if not isinstance(value, (list, tuple)):
        return _one(value)
    if not value:
        raise ValueError("an empty list: a pool needs at least one part")
    systems: list[System] = []
    for item in value:
        system = _one(item)
        if any(item is earlier for earlier in value[: len(systems)]):  # [Server()] * 3 is three servers, not one
            system = dataclasses.replace(system, parts=tuple(dataclasses.replace(part) for part in system.parts))
        systems.append(system)
    parts, edges, renumbered = _united(systems)
    heads = [n[head] for system, n in zip(systems, renumbered, strict=True) for head in system.heads]
    tails = [n[tail] for system, n in zip(systems, renumbered, strict=True) for tail in system.tails]
    return System(parts, tuple(dict.fromkeys(edges)), tuple(dict.fromkeys(heads)), tuple(dict.fromkeys(tails)))


Component.join = staticmethod(join)
System.together = staticmethod(together)
