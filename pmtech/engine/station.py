"""Places of work, and a queue before them."""

from collections import deque
from collections.abc import Callable
from math import inf

from pmtech.engine.request import Request


class Station:
    """Some places of work, taken first come, first served, and a queue of limited length before them."""

    __slots__ = ("busy", "freed", "gone", "limit", "places", "waiting")

    def __init__(self, places: int, limit: float | None = None):
        self.places, self.limit = places, inf if limit is None else limit
        self.busy, self.waiting = 0, deque()
        self.gone = False  # its machine died
        self.freed: Callable[[], None] | None = None  # called when a place is free that nobody here waits for

    def take(self) -> bool:
        """A place at once, if there is one."""
        if self.busy < self.places:
            self.busy += 1
            return True
        return False

    @property
    def full(self) -> bool:
        return len(self.waiting) >= self.limit

    def wait(self, request: Request) -> None:
        """Stand in the queue; whoever is woken has a place."""
        self.waiting.append(request)

    def leave(self) -> None:
        """Give the place back: the first in the queue gets it."""
        if self.waiting and self.busy <= self.places:
            self.waiting.popleft().wake()
        else:
            self.busy -= 1
            if self.freed is not None:
                self.freed()

    def resize(self, places: int, limit: int | None) -> None:
        """From now on so many places. Those who hold one that is taken away finish what they do."""
        self.places, self.limit = places, inf if limit is None else limit
        while self.waiting and self.busy < self.places:
            self.busy += 1
            self.waiting.popleft().wake()
        if self.freed is not None and self.room:
            self.freed()

    @property
    def room(self) -> int:
        """Places that nobody has taken or waits for."""
        return max(0, self.places - self.busy - len(self.waiting))
