"""What a queue keeps, whatever clock drives it: which messages wait, which are hidden and until when, which are dead."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import inf

from pmtech.engine.run import Message


class Messages:
    """The most important message comes first; of equals the oldest, also when it comes back."""

    def __init__(self, spec):
        self.spec, self.numbers = spec, count()
        self.waiting: list[tuple[int, int, Message]] = []
        self.hidden: list[tuple[float, int, int, Message]] = []  # until when, number, for which receive

    def __len__(self) -> int:
        """So many wait."""
        return len(self.waiting)

    def add(self, message: Message) -> None:
        message.number = next(self.numbers)
        self._wait(message)

    def take(self, most: int, now: float) -> list[Message]:
        """Hand out up to so many. They are hidden until their work is done, or for `visibility_s`."""
        waiting, hidden, until_s = self.waiting, self.hidden, now + self.spec.visibility_s
        taken = [heappop(waiting)[2] for _ in range(min(most, len(waiting)))]
        for message in taken:
            message.receives = receive = message.receives + 1
            message.outcome = "in flight"
            if receive == 1:
                message.received_s = now
            heappush(hidden, (until_s, message.number, receive, message))
        return taken

    def done(self, taken: list[Message], now: float) -> None:
        """The work has succeeded. They are deleted, also where they wait or somebody works on them once more; what is a
        dead letter stays one."""
        late = False
        for message in taken:
            if message.outcome not in ("done", "dead"):
                late |= message.outcome == "waiting"
                message.outcome, message.done_s = "done", now
        if late:
            self.waiting[:] = [entry for entry in self.waiting if entry[2].outcome == "waiting"]
            heapify(self.waiting)

    @property
    def due_s(self) -> float:
        """When the next comes back; infinity: none is hidden."""
        while self.hidden and not self._is_hidden(*self.hidden[0][2:]):
            heappop(self.hidden)
        return self.hidden[0][0] if self.hidden else inf

    def come_back(self, now: float) -> int:
        """Those whose work has not succeeded in time wait again, or were received too often. So many of them are dead."""
        most, dead = self.spec.max_receives, 0
        while self.due_s <= now:
            message = heappop(self.hidden)[3]
            if most is not None and message.receives >= most:
                message.outcome = "dead"
                dead += 1
            else:
                self._wait(message)
        return dead

    @property
    def oldest_s(self) -> float:
        """When the oldest of those that wait was published."""
        return min(message.published_s for _, _, message in self.waiting)

    def _wait(self, message: Message) -> None:
        message.outcome = "waiting"
        heappush(self.waiting, (-message.request.priority, message.number, message))

    @staticmethod
    def _is_hidden(receive: int, message: Message) -> bool:
        return message.outcome == "in flight" and message.receives == receive
