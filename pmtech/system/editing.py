"""A system changed one step at a time, as somebody does who draws it: each step makes a new one, or says why it can't be.

Parts are named as in a path ("server", "server_2"). Arrows are kept as they would be drawn: what is put after a part takes
over its arrows, what is put beside it gets the same ones, what is taken out leaves them to its neighbours.
"""

import dataclasses
import re
from collections.abc import Iterable

from pmtech.components import Gather, LoadBalancer
from pmtech.components.component import Component
from pmtech.system.code import composed
from pmtech.system.plan import Edge
from pmtech.system.system import System
from pmtech.wording import nearest

FRESH = re.compile(r"/new\d*")  # the address of an arrow for which nobody asks yet


def put_after(system: System, name: str, part: Component) -> tuple[System, str]:
    """The system with a part after another, and the name of the new one. A part that asks several gets one more to ask.

    Raises ValueError with a sentence where it can't be, as all steps do.
    """
    number, new, after = *_places(system, name), system.after(_number(system, name))
    before = system.parts[number]
    if after and before.fan_out == "one":
        edges = [edge for edge in system.edges if edge.tail != number] + [Edge(number, new)]
        edges += _onward(system, part, new, [edge.head for edge in after])
    else:
        # What comes behind one of several alike is theirs together.
        ends = [number] if after else _twins(system, number)
        edges = [*system.edges, *(_arrow(system, end, new) for end in ends)]
        apart = before.fan_out == "all"  # who asks all of them has another purpose for each
        like = [edge.head for edge in after if system.parts[edge.head].kind == part.kind and not apart]
        alike = [{edge.head for edge in system.after(one)} for one in like]
        if alike and part.fan_out != "none":
            edges += _onward(system, part, new, sorted(set.intersection(*alike)))
    return _built([*system.parts, part], edges, part)


def put_before(system: System, name: str, part: Component) -> tuple[System, str]:
    """The system with a part before another; one that sends requests sends them there, as others go on to do."""
    number, new = _places(system, name)
    if part.is_source:
        return _built([*system.parts, part], [*system.edges, *_onward(system, part, new, [number])], part)
    edges = [edge._replace(head=new) if edge.head == number else edge for edge in system.edges]
    return _built([*system.parts, part], edges + _onward(system, part, new, [number]), part)


def put_beside(system: System, name: str, part: Component | None = None) -> tuple[System, str]:
    """The system with a part that gets requests from where another gets them, and sends them where that sends them.

    Without a part, one more like it. Where whoever sends to it can send to one alone, a load balancer chooses.
    """
    number, new = _places(system, name)
    part = dataclasses.replace(system.parts[number]) if part is None else part
    parts, edges, alone, shared = [*system.parts, part], [], [], set()
    for edge in system.edges:
        edges.append(edge)
        if edge.head == number:
            if system.parts[edge.tail].fan_out == "one":
                alone.append(edges.pop())
            elif edge.tail not in shared:
                shared.add(edge.tail)
                edges.append(_arrow(system, edge.tail, new))
    if alone:
        balancer = len(parts)
        parts.append(LoadBalancer())
        edges += [edge._replace(head=balancer) for edge in alone] + [Edge(balancer, number), Edge(balancer, new)]
    onward = [edge._replace(tail=new) for edge in system.after(number)]
    if part.kind != system.parts[number].kind:
        onward = _onward(system, part, new, [edge.head for edge in onward] if part.fan_out != "none" else [])
    return _built(parts, edges + onward, part)


def put_also(system: System, name: str, part: Component) -> tuple[System, str]:
    """The system with a part that another asks besides the one that it asks already: a gather asks all of them at once."""
    return _built(*_asking(system, name, part), part)


def take_out(system: System, name: str) -> System | None:
    """The system without a part: who sent to it alone, or this endpoint to it alone, sends to those behind it. None: nothing
    is left."""
    number = _number(system, name)
    if len(system.parts) == 1:
        return None
    after = system.after(number)
    edges = []
    for edge in system.edges:
        if edge.head == number:
            same_way = [other for other in system.after(edge.tail) if other.label == edge.label]
            alone = all(other.head == number for other in same_way)
            edges += [Edge(edge.tail, onward.head, edge.label) for onward in after] if alone else []
        elif edge.tail != number:
            edges.append(edge)
    shift = [place - (place > number) for place in range(len(system.parts))]
    kept = [part for place, part in enumerate(system.parts) if place != number]
    return composed(kept, [Edge(shift[e.tail], shift[e.head], e.label) for e in edges])


def lead(system: System, tail: str, head: str, route: str | None = None) -> System:
    """The system with an arrow more, from a part to another that is there; route: the endpoint, from a gateway.

    From a part that asks one already it is drawn as by `put_also`.
    """
    start, end = _number(system, tail), _number(system, head)
    if start == end:
        raise ValueError(f'"{tail}" can\'t send requests to itself')
    edge = _arrow(system, start, end) if route is None else Edge(start, end, route)
    if edge in system.edges or Edge(gathers(system, start), end) in system.edges:
        raise ValueError(f'"{tail}" sends requests to "{head}" already')
    if asks_one(system, start):
        return composed(*_asking(system, tail, system.parts[end]))
    return composed(system.parts, [*system.edges, edge])


def part_ways(system: System, tail: str, head: str) -> System:
    """The system without the arrows from one part to another."""
    ends = _number(system, tail), _number(system, head)
    if not any(edge[:2] == ends for edge in system.edges):
        raise ValueError(f'"{tail}" does not send requests to "{head}"')
    return composed(system.parts, [edge for edge in system.edges if edge[:2] != ends])


def reroute(system: System, tail: str, head: str, routes: Iterable[str]) -> System:
    """The system in which a gateway sends these endpoints to a part, and no others."""
    start, end = _number(system, tail), _number(system, head)
    routes = list(dict.fromkeys(routes))
    if system.parts[start].fan_out != "routes":
        raise ValueError(f'a route table needs a Gateway before it, and "{tail}" is none')
    if not routes or not all(isinstance(route, str) and route.strip() for route in routes):
        raise ValueError(f'a route must be an endpoint such as "/checkout", got {routes!r}')
    new, edges = [Edge(start, end, route) for route in routes], list[Edge]()
    for edge in system.edges:
        if edge[:2] == (start, end):
            edges, new = edges + new, []  # they stay where they were
        elif edge.tail != start or edge.label not in routes:
            edges.append(edge)
    return composed(system.parts, edges + new)


def follow(before: System, system: System) -> System:
    """The system once its customers ask for other endpoints: what a gateway has for those that are gone, or had made up
    for itself, it sends to in order of the new ones. What was routed by hand stays.
    """
    gone = {*endpoints(before)} - {*endpoints(system)}
    free = [e.label for e in system.edges if e.label and (e.label in gone or FRESH.fullmatch(e.label))]
    new = [path for path in endpoints(system) if path not in {e.label for e in system.edges}]
    now: dict[str | None, str] = dict(zip(dict.fromkeys(free), new, strict=False))
    renamed = [edge._replace(label=now.get(edge.label) or edge.label) for edge in system.edges]
    return composed(system.parts, renamed) if now else system


def _number(system: System, name: str) -> int:
    if name not in system.numbers:
        raise ValueError(f'there is no part "{name}": {nearest(str(name), system.names)}')
    return system.numbers[name]


def _places(system: System, name: str) -> tuple[int, int]:
    """The number of a part, and that of the next one that comes."""
    return _number(system, name), len(system.parts)


def endpoints(system: System) -> list[str]:
    """What the customers ask for."""
    return list(dict.fromkeys(path for source in system.sources.values() for path in source.endpoints))


def asks_one(system: System, number: int) -> bool:
    """Does a part, which is no sender, ask another, and can ask more only by a gather?"""
    part = system.parts[number]
    return part.fan_out == "one" and not part.is_source and bool(system.after(number))


def gathers(system: System, number: int) -> int:
    """The gather by which a part asks several, or the part itself where there is none."""
    behind = [edge.head for edge in system.after(number)] if asks_one(system, number) else []
    asks_all = (head for head in behind if system.parts[head].fan_out == "all" and not system.parts[head].detached)
    return next(asks_all, number)


def _asking(system: System, name: str, part: Component) -> tuple[list[Component], list[Edge]]:
    """The parts and arrows with one more that is asked, new or there already, and a gather where there is none yet."""
    number = _number(system, name)
    if not asks_one(system, number):
        raise ValueError(f'"{name}" asks nobody yet, or chooses by itself: put the part after it')
    parts, edges, gather = list(system.parts), list(system.edges), gathers(system, number)
    if gather == number:
        gather = len(parts)
        parts.append(Gather())
        edges = [edge._replace(tail=gather) if edge.tail == number else edge for edge in edges] + [Edge(number, gather)]
    known = next((place for place, one in enumerate(parts) if one is part), len(parts))
    return parts + [part] * (known == len(parts)), [*edges, Edge(gather, known)]


def _twins(system: System, number: int) -> list[int]:
    """The part, and those just like it that the same parts send to and that send nowhere, either: one more like it each.
    Senders are alike, whoever they are."""

    def seen(place: int) -> tuple:
        part = system.parts[place]
        before = {edge.tail for edge in system.before(place)}
        return part.is_source or part, before, len(system.after(place))

    this = seen(number)
    return [place for place in range(len(system.parts)) if seen(place) == this]


def _arrow(system: System, tail: int, head: int) -> Edge:
    """An arrow from a part; from a gateway for an endpoint that has none yet."""
    if system.parts[tail].fan_out != "routes":
        return Edge(tail, head)
    taken = {edge.label for edge in system.after(tail)}
    fresh = [f"/new{n or ''}" for n in range(len(taken) + 1)]  # as FRESH knows them
    return Edge(tail, head, next(path for path in (*endpoints(system), *fresh) if path not in taken))


def _onward(system: System, part: Component, number: int, heads: Iterable[int]) -> list[Edge]:
    """Arrows from a new part; a gateway sends all that is asked for there."""
    paths = (endpoints(system) or ["/"]) if part.fan_out == "routes" else [None]
    return [Edge(number, head, path) for head in heads for path in paths]


def _built(parts: list[Component], edges: list[Edge], part: Component) -> tuple[System, str]:
    """What came of it, and the name of the new part."""
    made = composed(parts, edges)
    return made, next(name for name, one in made.components.items() if one is part)
