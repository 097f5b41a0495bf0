"""Patience: how long whoever asked waits for an answer."""

from collections import deque
from heapq import heappush
from math import inf

from simpy.events import NORMAL

from pmtech.engine.clock import Alarm
from pmtech.engine.request import Request


class Patience:
    """All who wait for the same time: they give up in the order in which they came, so one alarm serves them all."""

    def __init__(self, env, timeout_s: float):
        self.env, self.timeout_s, self.alarm = env, timeout_s, Alarm(env, self._is_over)
        self.waiting: deque[tuple[float, int, Request]] = deque()  # until when, its turn among all that is due then

    def begins(self, request: Request) -> None:
        """It gives up unless it has been answered by then."""
        env = self.env
        self.waiting.append((env._now + self.timeout_s, next(env._eid), request))
        if self.alarm.due == inf:
            self._next()

    def _is_over(self) -> None:
        self.waiting.popleft()[2].arrive(504)
        if self.alarm.due == inf:  # whoever asks again at once has set it already
            self._next()

    def _next(self) -> None:
        waiting = self.waiting
        while waiting and waiting[0][2].status:
            waiting.popleft()
        if waiting:
            self.alarm.due, turn, _ = waiting[0]
            heappush(self.env._queue, (self.alarm.due, NORMAL, turn, self.alarm))
