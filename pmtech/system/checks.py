"""What can't work in a system, in a sentence that names the part and the mend."""

from collections import Counter
from graphlib import CycleError, TopologicalSorter


def check(system) -> None:
    """Refuse a composition that can't work. Raises ValueError."""
    names, parts = system.names, system.parts
    _check_no_cycle(system)
    for number, part in enumerate(parts):
        name, after = names[number], system.after(number)
        if part.is_source and system.before(number):
            raise ValueError(f'"{name}" sends requests; nothing can go into it')
        if part.fan_out == "none" and after:
            raise ValueError(f'nothing can come after "{name}": the way ends there')
        if part.fan_out == "one" and len(after) > 1:
            heads = ", ".join(f'"{names[e.head]}"' for e in after)
            mend = "put a LoadBalancer before them" + ("" if part.is_source else ", or a Gather, which asks them all")
            raise ValueError(f'"{name}" can\'t choose between {heads}: {mend}')
        labels = Counter(edge.label for edge in after)
        if part.fan_out == "routes" and after and max(labels.values()) > 1:
            route = labels.most_common(1)[0][0]
            raise ValueError(f'"{name}" has several parts for "{route}": put a LoadBalancer before them')
        if part.fan_out == "routes" and None in labels:
            raise ValueError(f'"{name}" needs a route table: put {{"/checkout": ..., "/search": ...}} after it')
        if part.replicas > 1 or part.autoscale:
            for edge in system.before(number):
                if parts[edge.tail].fan_out != "pool":
                    many = f"{part.replicas} replicas" if part.replicas > 1 else "the machines"
                    raise ValueError(f'{many} of "{name}" need a LoadBalancer in front of them')


def _check_no_cycle(system) -> None:
    try:
        TopologicalSorter({part: [e.head for e in system.after(part)] for part in range(len(system.parts))}).prepare()
    except CycleError as circle:
        name = system.names[circle.args[1][0]]
        raise ValueError(
            f'requests would go round in a circle through "{name}": write a second part where you mean another'
        ) from None
