"""A system as the lines of Python that make it, and the form in which it is put together by them.

From the last parts to the first: whoever sends to a part is written after it. What several send to is written once and
called by its name, so that it is one part.
"""

import keyword
from collections.abc import Iterable, Sequence
from typing import Any

from pmtech.components.component import Component
from pmtech.system.checks import check
from pmtech.system.joining import join
from pmtech.system.plan import Edge, Plan
from pmtech.system.system import System


def composed(parts: Sequence[Component], edges: Iterable[Edge]) -> System:
    """The system of these parts and arrows, in the order in which `>>` would put them together.

    Raises ValueError with a sentence for what can't work.
    """
    return _Writing(parts, edges).system


def as_code(system: System, name: str = "system") -> str:
    """Lines of Python that make `system` under this name, given `from pmtech import *`.

    A system that is not in the order in which `>>` puts things together is written part by part and arrow by arrow.
    """
    writing = _Writing(system.parts, system.edges)
    if writing.system == system:
        return writing.lines(name)
    parts = ",\n    ".join(map(repr, system.parts))
    edges = "".join(f"\n    {tuple(edge)!r}," for edge in system.edges)
    return f"{name} = System(\n    ({parts},),\n    ({edges}\n    ),\n    {system.heads!r}, {system.tails!r},\n)\n"


class _Writing:
    """Parts and arrows, made into one system by `>>`, and the words for it: for each part a chain of terms."""

    def __init__(self, parts: Sequence[Component], edges: Iterable[Edge]):
        edges = tuple(dict.fromkeys(edges))
        check(System(tuple(parts), edges))  # in the words of the parts, and not of what is put together here
        self.parts, self.plan = parts, Plan.of(len(parts), edges)
        self.names = _variables(parts)
        self.made: dict[int, System | Component] = {}
        self.chains: dict[int, list[str]] = {}
        self._alike: dict[int, bool] = {}  # of whom those behind go on alike
        self._shared: dict[int, bool] = {}
        for number in reversed(self.plan.order):
            right, terms = self._right(number)
            self.made[number] = parts[number] if right is None else join(parts[number], right)
            self.chains[number] = [repr(parts[number]), *terms]
        self.whole = self._side_by_side([number for number in range(len(parts)) if not self.plan.before[number]])
        self.system = System.together(*(system for system, _ in self.whole))

    def _term(self, number: int) -> list[str]:
        """How others write what begins with a part: by its name, or whole where nobody else needs it."""
        return [self.names[number]] if self._is_shared(number) else self.chains[number]

    def _is_shared(self, number: int) -> bool:
        """Is it written more than once? Those that stand in one list before it write it together."""
        if number in self._shared:
            return self._shared[number]
        before, after = self.plan.before, self.plan.after

        def writer(tail: int) -> Any:
            if not before[tail]:
                return tuple(edge[1:] for edge in after[tail])
            first = before[tail][0].tail
            return ("behind", first) if self._go_on_alike(first) else tail

        tails, labels = {edge.tail for edge in before[number]}, {edge.label for edge in before[number]}
        return self._shared.setdefault(number, len({*map(writer, tails)}) > 1 or len(labels) > 1)

    def _go_on_alike(self, tail: int) -> bool:
        """Do those behind a part, which nobody else sends to, all send to the same parts? That is written once, behind a list
        of them."""
        if tail in self._alike:
            return self._alike[tail]
        heads = [edge.head for edge in self.plan.after[tail]]
        onward = {tuple(edge[1:] for edge in self.plan.after[head]) for head in heads}
        alone = all([edge.label for edge in self.plan.before[head]] == [None] for head in heads)
        return self._alike.setdefault(tail, alone and len(onward) == 1 and onward != {()})

    def _right(self, number: int) -> tuple[Any, list[str]]:
        """What comes after a part, to be joined to it, and its terms."""
        after = self.plan.after[number]
        heads = [edge.head for edge in after]
        if not after:
            return None, []
        if after[0].label is not None:
            routes = {edge.label: self.made[edge.head] for edge in after}
            return routes, ["{" + ", ".join(f"{e.label!r}: {chained(self._term(e.head))}" for e in after) + "}"]
        if len(heads) == 1:
            return self.made[heads[0]], self._term(heads[0])
        if self._go_on_alike(number):
            pool = [self.parts[head] for head in heads]
            right, terms = self._right(heads[0])
            return join(pool, right), [f"[{', '.join(map(repr, pool))}]", *terms]
        return [self.made[head] for head in heads], [f"[{', '.join(chained(self._term(head)) for head in heads)}]"]

    def _side_by_side(self, heads: list[int]) -> list[tuple[System | Component, list[str]]]:
        """Those that send to the same parts are written as one list before them."""
        groups: dict[tuple, list[int]] = {}
        for number in heads:
            groups.setdefault(tuple(edge[1:] for edge in self.plan.after[number]) or (number, None), []).append(number)
        found: list[tuple[System | Component, list[str]]] = []
        for those in groups.values():
            if len(those) == 1:
                found.append((self.made[those[0]], self.chains[those[0]]))
            else:
                right, terms = self._right(those[0])
                left = [self.parts[number] for number in those]
                those_in = "System.together({})" if terms[0][0] in "[{" else "[{}]"  # a list has no >> of its own
                found.append((join(left, right), [those_in.format(", ".join(map(repr, left))), *terms]))
        return found

    def lines(self, name: str) -> str:
        """A statement for each part that several need, then one for the whole."""
        shared = [number for number in reversed(self.plan.order) if self._is_shared(number)]
        chains = [chain for _, chain in self.whole]
        whole = chains[0] if len(chains) == 1 else [f"System.together({', '.join(map(chained, chains))})"]
        statements = [*((self.names[n], self.chains[n]) for n in shared), (name, whole)]
        return "".join(_statement(variable, chain) for variable, chain in statements)


def chained(terms: list[str]) -> str:
    return " >> ".join(terms)


def _statement(variable: str, chain: list[str]) -> str:
    line = f"{variable} = {chained(chain)}\n"
    if len(line) <= 100 or len(chain) == 1:
        return line
    return f"{variable} = (\n    " + "\n    >> ".join(chain) + "\n)\n"


def _variables(parts: Sequence[Component]) -> dict[int, str]:
    """For each part a name that Python takes: the one that it has in a path, where that is possible."""
    names: dict[int, str] = {}
    for number, slug in enumerate(System(tuple(parts)).names):
        takes = slug.isidentifier() and not keyword.iskeyword(slug) and slug not in ("system", *names.values())
        names[number] = slug if takes else f"part_{number + 1}"
    return names
