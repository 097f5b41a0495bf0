"""What a queue keeps, whatever clock drives it: which messages wait, which are hidden and until when, which are dead."""

from heapq import heappop, heappush
from itertools import count
from math import inf

from pmtech.engine.run import Message


class Messages:
    """The most important message comes first; of equals the oldest, also when it comes back."""

    def __init__(self, spec):
        self.spec, self.numbers = spec, count()
        self.returned = False  # has any come back so far?
        self.waiting: list[
            tuple[int, int, Message]
        ] = []  # the first of them waits; of the others, so many are deleted:
        self.deleted = 0
        self.hidden: list[tuple[float, int, int, Message]] = []  # until when, number, for which receive

    def __len__(self) -> int:
        """So many wait."""
        return len(self.waiting) - self.deleted

    def add(self, message: Message) -> None:
        message.number = next(self.numbers)
        heappush(self.waiting, (-message.request.priority, message.number, message))

    def take(self, most: int, now: float) -> tuple[list[Message], int]:
        """Hand out up to so many. They are hidden until their work is done, or for `visibility_s`. Whoever was received too
        often is found now, when somebody comes for it, and is a dead letter; until then its work may still succeed. Returns
        those handed out, and how many are dead."""
        waiting, hidden, until_s = self.waiting, self.hidden, now + self.spec.visibility_s
        limit, taken, dead = self.spec.max_receives or inf, [], 0
        while waiting and len(taken) < most:
            message = heappop(waiting)[2]
            self._drop()
            if message.receives >= limit:
                message.outcome = "dead"
                dead += 1
                continue
            message.receives = receive = message.receives + 1
            message.outcome = "in flight"
            if receive == 1:
                message.received_s = now
            heappush(hidden, (until_s, message.number, receive, message))
            taken.append(message)
        return taken, dead

    def done(self, taken: list[Message], now: float) -> None:
        """The work has succeeded. They are deleted, also where they wait or somebody works on them once more; what is a
        dead letter stays one."""
        for message in taken:
            if message.outcome not in ("done", "dead"):
                self.deleted += message.outcome == "waiting"
                message.outcome, message.done_s = "done", now
        self._drop()

    def _drop(self) -> None:
        """Deleted messages that nothing stands before any more: to look for the others would take longer than they do harm."""
        while self.deleted and self.waiting[0][2].outcome != "waiting":
            heappop(self.waiting)
            self.deleted -= 1

    @property
    def due_s(self) -> float:
        """When the next comes back; infinity: none is hidden."""
        while self.hidden and not self._is_hidden(*self.hidden[0][2:]):
            heappop(self.hidden)
        return self.hidden[0][0] if self.hidden else inf

    def come_back(self, now: float) -> None:
        """Those whose work has not succeeded in time wait again."""
        self.returned |= self.due_s <= now
        while self.due_s <= now:
            message = heappop(self.hidden)[3]
            message.outcome = "waiting"
            heappush(self.waiting, (-message.request.priority, message.number, message))

    @property
    def oldest_s(self) -> float:
        """When the oldest of those that wait was published."""
        return min(message.published_s for _, _, message in self.waiting if message.outcome == "waiting")

    @staticmethod
    def _is_hidden(receive: int, message: Message) -> bool:
        return message.outcome == "in flight" and message.receives == receive
