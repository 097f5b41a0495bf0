"""A connection pool: connections to a database are opened once and lent, one request at a time."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.components.database import DatabasePart
from pmtech.components.fields import number, whole, yes_no
from pmtech.components.lent import Connection, Lent
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import counted, plain, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class ConnectionPool(Component):
    """Lends at most `size` connections to what lies behind it; whoever finds none free waits, first come, first served.

    Each machine that asks has a pool of its own: 20 servers with `size=20` may hold 400 connections.
    open_ms: to open one takes so long. It is opened when it is first needed and lent again (the one that came back last),
        until its database dies or its machine is taken away. keep=False opens one for each request and closes it afterwards.
    wait_ms: whoever has waited so long is told 503. None: wait for ever.
    needs: connections that a request holds at a time: with one in hand it asks for the next. Where all are in hands that
        want another nobody goes on (`theory.deadlock_free_pool`).
    A `Database` behind it gives out its `connections` and no more: one too many is refused with 503. What is idle in one
    pool is lost to all others.

    What this leaves out: checks whether a connection is still good, closing idle ones, connections of a server that died
    and of which the database has not yet heard.
    """

    size: int = whole(10, at_least=1, at_most=100_000)
    open_ms: float = number(20.0, at_least=0, at_most=3_600_000)
    wait_ms: float | None = number(None, at_least=0, at_most=3_600_000, optional=True)
    keep: bool = yes_no(True)
    needs: int = whole(1, at_least=1, at_most=100)

    kind = "connection pool"
    icon = "M3 6h6v3H3zM3 12h6v3H3zM9 7.5h8M9 13.5h4M13 12v3"
    question = "How many connections may all our servers open together, and how many does the database take?"
    verb = "lets through"
    verbs = "let through"
    slots = "connections"
    needs_next = True
    makes_wait = True
    noted = ("at_s", "waited_s", "opened", "in_vain", "too_many")

    @property
    def lends(self) -> float:
        return self.size / self.needs

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        kept = "" if self.keep else " for each request"
        facts = [f"{counted(self.size, 'connection')} a machine", f"opened in {plain(self.open_ms)} ms{kept}"]
        facts += [f"{self.needs} for each request"] if self.needs > 1 else []
        return facts + ([f"waits at most {plain(self.wait_ms)} ms"] if self.wait_ms is not None else [])

    def refuses_excess(self) -> bool:
        return self.wait_ms is not None

    @property
    def own_s(self) -> float:
        return 0.0 if self.keep else self.needs * self.open_ms / 1000

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """opened: connections. wait_ms, longest_wait_ms: for a connection, of those who got one. in_vain: waited for none.
        too_many: turned away by the database, which had given out all that it has."""
        got = notes[(notes[:, 3] == 0) & (notes[:, 4] == 0), 1] * 1000
        mean, longest = (float(got.mean()), float(got.max())) if len(got) else (0.0, 0.0)
        opened, in_vain, too_many = notes[:, 2:].sum(axis=0).tolist()
        return {"opened": opened, "wait_ms": mean, "longest_wait_ms": longest, "in_vain": in_vain, "too_many": too_many}

    def findings(self, label: str, figures) -> list[Finding]:
        found = []
        if figures["too_many"]:
            said = f"{label} asks {counted(figures['too_many'], 'time')} for a connection more than there are"
            found.append(Finding("too many connections", 85, said))
        if figures["in_vain"]:
            who = counted(figures["in_vain"], "request")
            found.append(Finding("no connection", 75, f"{who} got no connection of {label} in time"))
        if figures["longest_wait_ms"] >= 1:
            wait, longest = (seconds(figures[name] / 1000) for name in ("wait_ms", "longest_wait_ms"))
            said = f"for a connection of {label} requests wait {wait}, at most {longest}"
            found.append(Finding("connection", 45, said))
        return found


class ConnectionPoolPart(Part, runs=ConnectionPool):
    next: Part

    def setup(self) -> None:
        self.pools: dict[Any, Lent] = defaultdict(lambda: Lent(self))  # by the machine that asks
        self.counted = _counting(self.targets)

    def change(self, spec) -> None:
        super().change(spec)
        for pool in self.pools.values():
            pool.fit()
        self.has_room()

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        super().resize(targets, retired)
        self.counted = _counting([part for n, part in enumerate(targets) if n not in retired])

    def without(self, retired: set[str]) -> None:
        for machine, pool in self.pools.items():
            pool.retired = machine in retired
            pool.fit()
        self.has_room()

    def handle(self, request: Request) -> Steps:
        visit, pool, luck_key = self.visit(request), self.pools[request.via], request.luck_key
        held: list[Connection] = []
        status, came, opened = 200, self.env._now, 0
        waited_s, in_vain, too_many = 0.0, 0, 0
        for nth in range(self.spec.needs):
            asked_s = self.env._now
            if not pool.enters():
                pool.wait(request)
                yield None
                if pool.in_vain(request):
                    in_vain, status = 1, 503
                    break
            waited_s += self.env._now - asked_s
            if not nth:
                visit[2] = self.env._now
            connection = pool.find_idle()
            if connection is None:
                connection = self._opened()
                if connection is None:
                    too_many, status = 1, 503
                    pool.leave()
                    break
                opened += connection.good
                if open_s := self.stretched(self.spec.open_ms / 1000, request):
                    yield open_s
            held.append(connection)
            request.luck_key = (*luck_key, self.name, nth) if nth else luck_key
            status = yield from self.next.handle(request)
            if status >= 500:
                break
        request.luck_key = luck_key
        for connection in held:
            pool.give_back(connection)
        self.notes.append((came, waited_s, opened, in_vain, too_many))
        if in_vain or too_many:
            return self.refuse(request, visit, status)
        visit[3] = self.env._now
        return status

    def _opened(self) -> Connection | None:
        """A new one, that of a dead database good for nothing; None where all that there are have been given out."""
        if not self.counted:
            return Connection(None, 0)
        to = min(self.counted, key=lambda database: database.given)
        if not to.alive:
            return Connection(to, -1)
        if to.given >= to.spec.connections:
            return None
        to.given += 1
        return Connection(to, to.life)

    def room(self) -> float:
        pool = self.pools[None]
        return max(0, min(super().room(), (self.spec.size - pool.used - len(pool.waiting)) // self.spec.needs))

    def state(self) -> tuple[float, float, float]:
        return sum(len(pool.waiting) for pool in self.pools.values()), 0, 0


def _counting(targets: list[Part]) -> list[DatabasePart]:
    """The databases to which connections are opened: the nearest on every way, no other work in between."""
    found: list[DatabasePart] = []
    for part in targets:
        if isinstance(part, DatabasePart):
            found += [part] if part not in found else []
        elif not part.spec.station:
            found += [other for other in _counting(part.targets) if other not in found]
    return found
