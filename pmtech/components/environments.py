"""Environments of functions: which are free, how long they are kept, and how quickly more are started."""

from collections import deque
from math import inf

GROWTH_S = 10.0
READY, WARM, COLD = "ready", "warm", "cold"  # always there, kept since its last call, begun for this one


class Environments:
    """Those of one part, whose `spec` may change, that are not at work."""

    def __init__(self, part):
        self.part = part
        self.idle: deque[float] = deque()  # since when each is free, the latest last
        self.starts: deque[float] = deque()  # when those of the last 10 s were started
        self.ready_busy = 0  # calls at work in those that are always kept

    def all_gone(self) -> None:
        """Those that are always kept come back."""
        self.idle.clear()
        self.ready_busy = 0

    def _forget(self, now: float) -> None:
        """Environments that were kept long enough, and starts that count no more."""
        idle, starts, idle_s = self.idle, self.starts, self.part.spec.idle_s
        while idle and idle[0] + idle_s < now:
            idle.popleft()
        while starts and starts[0] + GROWTH_S <= now:
            starts.popleft()

    @property
    def kept(self) -> int:
        """So many are there for the next calls."""
        return len(self.idle) + max(0, self.part.spec.warm - self.ready_busy)

    def free(self, now: float) -> tuple[int, float]:
        """For how many more calls there is or may be one, and when more may be started than now (inf: no end is near)."""
        self._forget(now)
        left = self.part.spec.grow_per_10s - len(self.starts)
        return self.kept + max(0, left), inf if left > 0 else self.starts[0] + GROWTH_S

    def take(self, now: float) -> str | None:
        """Which kind a call gets; None: too many were started lately."""
        self._forget(now)
        if self.ready_busy < self.part.spec.warm:
            self.ready_busy += 1
            return READY
        if self.idle:
            self.idle.pop()
            return WARM
        if len(self.starts) >= self.part.spec.grow_per_10s:
            return None
        self.starts.append(now)
        return COLD

    def give_back(self, kind: str, now: float) -> None:
        """The call is over."""
        if kind is READY:
            self.ready_busy -= 1
        else:
            self.idle.append(now)
