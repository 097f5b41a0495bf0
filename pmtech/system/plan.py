"""A composed system, planned once: who sends to whom, and in which order requests come by."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Edge(NamedTuple):
    """Requests go from part `tail` to part `head` (their numbers); `label` is the route, or None."""

    tail: int
    head: int
    label: str | None = None


@dataclass(frozen=True)
class Plan:
    """For every part, by its number: the arrows that leave it and those that lead to it."""

    after: tuple[tuple[Edge, ...], ...]
    before: tuple[tuple[Edge, ...], ...]

    @classmethod
    def of(cls, count: int, edges: tuple[Edge, ...]) -> "Plan":
        """The plan of so many parts with these arrows."""
        after, before = [[] for _ in range(count)], [[] for _ in range(count)]
        for edge in edges:
            after[edge.tail].append(edge)
            before[edge.head].append(edge)
        return cls(tuple(map(tuple, after)), tuple(map(tuple, before)))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Numbers of the parts, every part before those that it sends to."""
        order, seen = [], set()

        def visit(number: int) -> None:
            if number not in seen:
                seen.add(number)
                for edge in reversed(self.after[number]):
                    visit(edge.head)
                order.append(number)

        for number in reversed(range(len(self.after))):
            visit(number)
        return tuple(order[::-1])

    @cached_property
    def reached(self) -> dict[int, frozenset[int]]:
        """For every part all those that a request may come to after it."""
        found: dict[int, frozenset[int]] = {}
        for number in reversed(self.order):
            heads = [edge.head for edge in self.after[number]]
            found[number] = frozenset(heads).union(*(found[head] for head in heads))
        return found
