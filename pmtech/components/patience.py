"""Patience: how long whoever asked waits for an answer."""

from collections import deque
from collections.abc import Callable
from heapq import heappush
from math import inf

from simpy.events import NORMAL

from pmtech.engine.clock import Alarm
from pmtech.engine.request import Request


class Patience:
    """All who wait for the same time: their time is over in the order in which they came, so one alarm serves them all.

    is_over: told of each, which does nothing to one that has been answered.
    """

    def __init__(self, env, timeout_s: float, is_over: Callable[[Request], None]):
        self.env, self.timeout_s, self.is_over, self.alarm = env, timeout_s, is_over, Alarm(env, self._rings)
        self.waiting: deque[tuple[float, int, Request]] = deque()  # until when, its turn among all that is due then

    def begins(self, request: Request) -> None:
        """Its time runs from now on."""
        env = self.env
        self.waiting.append((env._now + self.timeout_s, next(env._eid), request))
        if self.alarm.due == inf:
            self._next()

    def _rings(self) -> None:
        self.is_over(self.waiting.popleft()[2])
        if self.alarm.due == inf:  # whoever asks again at once has set it already
            self._next()

    def _next(self) -> None:
        waiting = self.waiting
        while waiting and waiting[0][2].status:
            waiting.popleft()
        if waiting:
            self.alarm.due, turn, _ = waiting[0]
            heappush(self.env._queue, (self.alarm.due, NORMAL, turn, self.alarm))
