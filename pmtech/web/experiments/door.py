"""The door before the real API, at which it becomes the server of the model: so many workers, and so much work."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from itertools import cycle
from time import perf_counter as clock

import numpy as np

OFTEN = 0.2  # of each difference goes into what is taken off


class Door:
    """So many workers before the API: who comes waits for one, in order, and holds it for the work of its number.

    A stall: nobody's work ends while it lasts.
    """

    def __init__(self, places: int, work_s: np.ndarray, stall: tuple[float, float]):
        self.free, self.line, self.work_s, self.stall = places, deque(), cycle(work_s.tolist()), stall
        self.seen: list[tuple] = []  # (name of a request, when it came, for how long it held a worker, when it left)
        self.over_s = 0.0  # for so much longer than its work the API itself and the clock have held a worker: taken off

    @asynccontextmanager
    async def __call__(self, scope: dict):
        name, work_s, came = dict(scope["headers"]).get(b"x-request-id", b"").decode(), next(self.work_s), clock()
        begun = await self._worker()
        try:
            await asyncio.sleep(max(0.0, begun + work_s - self.over_s - clock()))
            if stalled := self.stall[0] <= clock() < self.stall[1]:
                await asyncio.sleep(self.stall[1] - clock())
            yield
        finally:
            left = clock()
            if self.line:
                self.line.popleft().set_result(left)
            else:
                self.free += 1
            self.seen.append((name, came, left - begun, left))
        self.over_s += 0.0 if stalled else OFTEN * (left - begun - work_s)

    async def _worker(self) -> float:
        """Since when this request has a worker: one that was handed over is held from then on, though nobody has woken."""
        if self.free:
            self.free -= 1
            return clock()
        self.line.append(turn := asyncio.get_running_loop().create_future())
        return await turn
