"""The palette of a sketch: which parts there are, and where each of them could stand."""

from typing import Any

from pmtech import components
from pmtech.components.component import Component
from pmtech.sketch.form import words
from pmtech.system import editing
from pmtech.system.system import System

_PARTS: list[Any] = [
    kind for kind in map(vars(components).__getitem__, components.__all__) if issubclass(kind, Component)
]
_ORDER = [*words()["parts"]]  # of the palette: senders first, then what most systems have
KINDS: dict[str, Any] = {
    kind.__name__: kind for kind in sorted(_PARTS, key=lambda kind: (_ORDER + [kind.__name__]).index(kind.__name__))
}
STEPS = {
    "after": editing.put_after,
    "before": editing.put_before,
    "beside": editing.put_beside,
    "also": editing.put_also,
}

# What comes with a step where a part can't choose by itself, and what is said of it.
BRINGS = {
    "LoadBalancer": "A load balancer stands before it now: somebody must choose among the machines.",
    "unlike": "A load balancer stands before them now: each request goes to one of them alone. For both to be asked, undo it, choose "
    "who asks them, and “also asked by”.",
    "Gather": "A gather stands between now: it asks all behind it at once and waits for all. Where nobody should wait, put a "
    "queue on that arrow.",
}


def brought(before: System | None, system: System | None, chosen: str | None) -> str:
    """What a step has put in besides the part that is chosen now, in a sentence."""
    there = {id(part) for part in before.parts} if before else set()
    now = system.components if system else {}
    came = {type(part).__name__: name for name, part in now.items() if id(part) not in there and name != chosen}
    said = next((BRINGS[kind] for kind in came if kind in BRINGS), "")
    if system and "LoadBalancer" in came:
        pool = {type(system.parts[edge.head]) for edge in system.after(system.numbers[came["LoadBalancer"]])}
        said = BRINGS["unlike"] if len(pool) > 1 else said
    return said or (_shared(system, chosen) if system and chosen and id(now[chosen]) not in there else "")


def _shared(system: System, made: str) -> str:
    """What a part that a gateway sends to asks together with another one of its, in a sentence."""
    number = system.numbers[made]
    if not any(system.parts[edge.tail].fan_out == "routes" for edge in system.before(number)):
        return ""
    for edge in system.after(number):
        for other in system.before(edge.head):
            if other.tail != number:
                asked, also = (f"“{system.label(system.names[place])}”" for place in (edge.head, other.tail))
                return (
                    f"It asks {asked}, as {also} does. For one of its own, take that arrow away and put one after it."
                )
    return ""


def what_for(kind: type[Component]) -> str:
    return words()["parts"].get(kind.__name__) or (kind.__doc__ or "").partition("\n")[0].replace("`", "")


def fitting(system: System, name: str) -> dict[str, list[str]]:
    """Which parts can stand after, before and beside this one, and which it can ask besides."""
    found: dict[str, list[str]] = {where: [] for where in STEPS}
    there = {system.parts[edge.head].kind for edge in system.after(system.numbers[name])}  # whom they may stand beside
    for where, step in STEPS.items():
        tried: dict[tuple, bool] = {}  # those that are composed alike are tried once
        for kind, made in KINDS.items():
            alike = made.is_source, made.fan_out, made.kind in there and made.kind
            if alike not in tried:
                tried[alike] = _can(step, system, name, made())
            found[where] += [kind] if tried[alike] else []
    return found


def _can(step, system: System, name: str, part: Component) -> bool:
    try:
        step(system, name, part)
    except ValueError:
        return False
    return True


def could_lead(system: System, number: int) -> list[str]:
    """Where one more arrow could lead."""
    part, after = system.parts[number], system.after(editing.gathers(system, number))
    if part.fan_out == "none" or (part.is_source and after):
        return []
    before = {place for place in range(len(system.parts)) if number in system.reached(place)}
    no = {number, editing.gathers(system, number), *before}
    no |= {edge.head for edge in after if part.fan_out != "routes"}
    return [name for place, name in enumerate(system.names) if place not in no and not system.parts[place].is_source]
