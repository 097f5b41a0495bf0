"""A hash ring: which of several machines a key belongs to, so that few keys move when a machine comes or goes."""

from bisect import bisect
from collections.abc import Iterable
from hashlib import blake2b

VIRTUAL_NODES = 100


def place(text: str) -> int:
    """Where a text stands on the ring: the first 8 bytes of its hash."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


class Ring:
    """Each machine stands on the ring in `VIRTUAL_NODES` places; a key belongs to the next place after its own.

    When a machine leaves only its own keys move, to the others in equal parts; a new one takes 1/N of all. Source: Karger
    and others, "Consistent hashing and random trees", STOC 1997.
    """

    def __init__(self, machines: Iterable[tuple[int, str]], nodes: int = VIRTUAL_NODES):
        points = sorted((place(f"{name} {node}"), number) for number, name in machines for node in range(nodes))
        self.places, self.numbers = zip(*points, strict=True) if points else ((), ())

    def find(self, key: int) -> int:
        """The number of the machine that a key belongs to."""
        return self.numbers[bisect(self.places, place(str(key))) % len(self.numbers)]
