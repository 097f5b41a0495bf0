"""Connections that a pool lends to one machine: those that are open and idle, those in use, and who waits for one."""

from collections import deque
from typing import NamedTuple

from pmtech.components.database import DatabasePart
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.request import Request


class Connection(NamedTuple):
    """An open connection. to: the database that counts it, if one does; life: which of its lives."""

    to: DatabasePart | None
    life: int

    @property
    def good(self) -> bool:
        return self.to is None or self.life == self.to.life

    def close(self) -> None:
        if self.to is not None and self.good:
            self.to.given -= 1


class Lent:
    """The pool of one machine. pool: the part that it belongs to, whose `spec` may change."""

    __slots__ = ("idle", "late", "pool", "retired", "used", "waiting")

    def __init__(self, pool: Part):
        self.pool, self.used, self.retired = pool, 0, False
        self.idle: list[Connection] = []  # the one that came back last is the last
        self.waiting: deque[Request] = deque()
        self.late: set[Request] = set()  # who has waited in vain

    def enters(self) -> bool:
        """Takes a place, if one is free."""
        free = self.used < self.pool.spec.size
        self.used += free
        return free

    def wait(self, request: Request) -> None:
        """Stand in line for a place, at most so long."""
        self.waiting.append(request)
        if self.pool.spec.wait_ms is not None:
            env = self.pool.env
            Alarm(env, lambda: self._give_up(request)).set(env._now + self.pool.spec.wait_ms / 1000)

    def _give_up(self, request: Request) -> None:
        if request in self.waiting:
            self.waiting.remove(request)
            self.late.add(request)
            request.wake()

    def fit(self) -> None:
        """The pool has another size: more may enter, or those that were idle for longest are closed; all of them, where its
        machine is taken away."""
        self._hand_on()
        while self.idle and (self.retired or self.used + len(self.idle) > self.pool.spec.size):
            self.idle.pop(0).close()

    def in_vain(self, request: Request) -> bool:
        """Did it wait in vain? It is asked once."""
        late = request in self.late
        self.late.discard(request)
        return late

    def leave(self) -> None:
        """A place is free again: for the first in line, or for whoever comes."""
        self.used -= 1
        self._hand_on()
        if not self.waiting:
            self.pool.has_room()

    def _hand_on(self) -> None:
        """Places that are free go to those who wait."""
        while self.waiting and self.enters():
            self.waiting.popleft().wake()

    def find_idle(self) -> Connection | None:
        """The one that came back last, of those that are still good."""
        while self.idle:
            connection = self.idle.pop()
            if connection.good and self.pool.spec.keep:
                return connection
            connection.close()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep it for the next one, if there is to be a next one."""
        spec, stays = self.pool.spec, connection.good and not self.retired
        if spec.keep and stays and self.used + len(self.idle) <= spec.size:
            self.idle.append(connection)
        else:
            connection.close()
        self.leave()
