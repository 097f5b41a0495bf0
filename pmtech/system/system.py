"""A system: parts joined by `>>`. It is a value: the same one draws the diagram, runs, is compared, swept and saved.

    [Clients("Company A"), Clients("Company B")] >> Throttle(rate_per_s=80) >> Server(workers=8)
    Clients() >> LoadBalancer(policy="least_connections") >> [Server()] * 3 >> Database()
    Gateway() >> {"/checkout": Server(), "/search": Server(workers=2) >> Database()}

One object is one box: a database that two routes end in is one database. Only a list makes copies of an object that
stands in it more than once. What can't work is refused when it is built, in a sentence.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pmtech.components.component import Component
from pmtech.files import as_path, in_a_sentence, write
from pmtech.kinds import Known, explained
from pmtech.system.checks import check
from pmtech.system.plan import Edge, Plan
from pmtech.system.saving import from_json, to_json
from pmtech.wording import field_in_words, nearest


@explained
@dataclass(frozen=True, repr=False)
class System:
    """Some parts and the arrows between them. `heads` can be joined from the left, `tails` to the right."""

    parts: tuple[Component, ...]
    edges: tuple[Edge, ...] = ()
    heads: tuple[int, ...] = (0,)
    tails: tuple[int, ...] = (0,)

    def __post_init__(self):
        if not isinstance(self.parts, tuple) or not all(isinstance(part, Component) for part in self.parts):
            raise ValueError(f"a system is parts joined by >>, such as Clients() >> Server(), got {self.parts!r}")
        self.names  # noqa: B018  twins that can't be told apart are refused here

    # --- composition ---------------------------------------------------------------------------------------------

    def __rshift__(self, other) -> "System":
        return Component.join(self, other)

    def __rrshift__(self, other) -> "System":
        return Component.join(other, self)

    # joining.py hands this down when it is imported, as it does with `Component.join`.
    together: "ClassVar[Callable[..., System]]"

    # --- names and paths -----------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for every part: its own, and a number behind it where there are twins."""
        slugs = [part.slug for part in self.parts]
        twins, seen, names = Counter(slugs), Counter(), []
        for slug in slugs:
            seen[slug] += 1
            names.append(f"{slug}_{seen[slug]}" if twins[slug] > 1 else slug)
        for name, times in Counter(names).items():
            if times > 1:
                raise ValueError(f'two parts would be called "{name}": give one of them another name')
        return tuple(names)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Name -> its place in `parts`."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def components(self) -> dict[str, Component]:
        """Name -> part, in the order in which they were written."""
        return Known("part", zip(self.names, self.parts, strict=True))

    @cached_property
    def sources(self) -> dict[str, Any]:
        """Name -> part, of those that send requests."""
        return {name: part for name, part in self.components.items() if part.is_source}

    def label(self, name: str) -> str:
        """The name of a part as people read it, with the number of a twin."""
        part = self.components[name]
        return part.label + name.removeprefix(part.slug).replace("_", " ")

    def machine_label(self, machine: str) -> str:
        """One of its machines as people read it: "server#2" is "Server 2", "cdn in Mumbai" is "CDN in Mumbai"."""
        where, *number = machine.split("#")
        name, *place = where.split(" ", 1)
        return " ".join([self.label(name), *place, *number])

    def told(self, path: str) -> str:
        """A path in words: "Server: workers"."""
        found, _ = self._find(path)
        name, field = path.split(".", 1)
        label = self.label(name) if name in self.numbers else f"{self.parts[found[0]].label} (all {len(found)})"
        return f"{label}: {field_in_words(field)}"

    def _find(self, path: str) -> tuple[list[int], list[str]]:
        """The parts that a path means, and the field names that lead on from there."""
        name, dot, rest = path.partition(".") if isinstance(path, str) else ("", "", "")
        if not dot:
            fields = [f"{name}.{f.name}" for name, part in self.components.items() for f in dataclasses.fields(part)]
            raise ValueError(
                f'"{path}" is not a path such as "server.workers": {nearest(path, fields, self.components)}'
            )
        fields = rest.split(".", 1)  # "surge.times" leads into a Surge, "endpoints./submit" into the weights
        if name in self.numbers:
            return [self.numbers[name]], fields
        twins = [number for number, part in enumerate(self.parts) if part.slug == name]
        if twins:
            return twins, fields
        raise ValueError(
            f'there is no part "{name}" in "{path}": {nearest(name, {*self.names, *(p.slug for p in self.parts)})}'
        )

    def get(self, path: str) -> Any:
        """The value at a path such as "server.workers"; for twins that of the first."""
        found, rest = self._find(path)
        value = self.parts[found[0]]
        for field in rest:
            value = _inside(value, field, path)
        return value

    def replace(self, values: dict[str, Any]) -> "System":
        """A new system with other values: `{"server.workers": 16}`. A name that twins share means all of them.

        All values are put in before any is checked against the composition, so that they may depend on one another.
        """
        if not isinstance(values, dict):
            raise ValueError(f'replace needs {{path: value}} such as {{"server.workers": 16}}, got {values!r}')
        parts, changes = list(self.parts), {}
        for path, value in values.items():
            found, rest = self._find(path)
            for number in found:
                changes.setdefault(number, {})[tuple(rest)] = value, path
        for number, theirs in changes.items():
            parts[number] = _replaced(parts[number], theirs)
        system = dataclasses.replace(self, parts=tuple(parts))
        check(system)
        return system

    # --- how it shows itself -------------------------------------------------------------------------------------

    def __repr__(self):
        names = self.names
        if not self.edges:
            return repr(self.parts[0])
        lines = [f"{names[e.tail]} >> {names[e.head]}" + (f' for "{e.label}"' if e.label else "") for e in self.edges]
        return f"System({', '.join(map(repr, self.parts))}: {'; '.join(lines)})"

    # diagram/ lies above and hands the drawing down when it is imported.
    _repr_html_: "ClassVar[Callable[[System], str]]"

    # --- facts that follow from the parts ------------------------------------------------------------------------

    @cached_property
    def plan(self) -> Plan:
        """Who sends to whom, and in which order requests come by: worked out once."""
        return Plan.of(len(self.parts), self.edges)

    def after(self, number: int) -> tuple[Edge, ...]:
        """The arrows that leave part `number`."""
        return self.plan.after[number]

    def before(self, number: int) -> tuple[Edge, ...]:
        """The arrows that lead to part `number`."""
        return self.plan.before[number]

    def reached(self, *numbers: int) -> frozenset[int]:
        """All parts that a request may come to after these."""
        return frozenset().union(*(self.plan.reached[number] for number in numbers))

    @property
    def heard(self) -> set[str]:
        """Clients, and the parts whose answers they wait for."""
        return heard_by(self, self.sources)

    @property
    def cost_usd_per_hour(self) -> float:
        """What all the machines cost together."""
        return sum(part.price_usd_per_hour * part.replicas for part in self.parts)

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the system into a file that `System.open` reads, and return its path; never over a file. See `saving`."""
        path = as_path(path, "shop.json")
        try:
            with in_a_sentence(f'"{path}" can\'t be written'):
                write(path, to_json(self))
        except FileExistsError:
            raise ValueError(f'"{path}" is there already: choose another name, nothing is written over') from None
        return path

    @staticmethod
    def open(path: str | Path) -> "System":
        """The system that `save` wrote. Raises ValueError with a sentence for a file that is damaged or newer."""
        parts, form = from_json(path)
        edges = dict.fromkeys(Edge(*edge) for edge in form["edges"])
        try:
            system = System(parts, tuple(edges), tuple(form["heads"]), tuple(form["tails"]))
            check(system)
        except ValueError as error:
            raise ValueError(f'"{path}" holds what can\'t be: {error}') from None
        first = {n for n in range(len(parts)) if not system.before(n)}
        last = {n for n in range(len(parts)) if not system.after(n)}
        if (first, last) != ({*system.heads}, {*system.tails}):  # an arrow is missing
            raise ValueError(f'"{path}" is damaged')
        return system


def _inside(value, field: str, path: str):
    """What a part, or a table such as its endpoints, has in a field."""
    names = [f.name for f in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    names = list(value) if isinstance(value, dict) else names
    if field not in names:
        hint = nearest(field, names) if names else f"there is nothing inside {value!r}"
        raise ValueError(f'there is no "{field}" in "{path}": {hint}')
    return value[field] if isinstance(value, dict) else getattr(value, field)


def _replaced(part, changes: dict[tuple[str, ...], tuple]):
    """A part, or what is in its field, with all these values at once: whole, or (fields inside): (value, path)."""
    part, inner = changes[()][0] if () in changes else part, {}
    for field in dict.fromkeys(fields[0] for fields in changes if fields):
        theirs = {fields[1:]: to for fields, to in changes.items() if fields[:1] == (field,)}
        inner[field] = _replaced(_inside(part, field, next(iter(theirs.values()))[1]), theirs)
    return {**part, **inner} if isinstance(part, dict) else dataclasses.replace(part, **inner) if inner else part


UNFINISHED = {
    "nobody asks it": 'nothing sends requests to "{}": put Clients() >> before it',
    "leads nowhere": '"{}" has nowhere to send requests: put >> Server() after it',
}


def check_complete(system) -> System:
    """The system itself if it can run: it has sources, and requests have somewhere to go."""
    if isinstance(system, Component):
        system = System((system,))
    if not isinstance(system, System):
        raise ValueError(f"a system such as Clients() >> Server() is needed, got {system!r}")
    for name in system.names:
        if lack := lacks(system, name):
            raise ValueError(UNFINISHED[lack].format(name))
    return system


def lacks(system: System, name: str) -> str:
    """Why the system can't run yet, as far as this part goes: a key of `UNFINISHED`, or ""."""
    number, part = system.numbers[name], system.components[name]
    if not part.is_source and not system.before(number):
        return "nobody asks it"
    return "leads nowhere" if part.needs_next and not system.after(number) else ""


def heard_by(system: System, names: Iterable[str]) -> set[str]:
    """These, and the parts whose answers they wait for; not those that a queue or a topic lets work for later."""
    found, ahead = set(), [*names]
    while ahead:
        found.add(name := ahead.pop())
        heads = [system.names[edge.head] for edge in system.after(system.numbers[name])]
        ahead += [] if system.components[name].detached else [head for head in heads if head not in found]
    return found
