"""A request: its own event, its own journey."""

from __future__ import annotations

from math import nan

from pmtech.engine.clock import _RESUME, Journey


class Request(Journey):
    """One request: who sent it, what it asks for, and how it ended. It is its own journey."""

    __slots__ = (
        "answer_to", "arrived", "caller", "endpoint", "finished", "line",
        "number", "retry_after", "row", "served_by",
        "source", "status", "version",
    )  # fmt: skip

    def __init__(self, env, source, number: int, line: tuple, endpoint: str, caller: str):
        self.env, self.callbacks = env, _RESUME
        self.source, self.number, self.line, self.endpoint, self.caller = source, number, line, endpoint, caller
        self.arrived, self.finished, self.status = env._now, nan, 0
        self.served_by = self.answer_to = None
        self.retry_after, self.version = nan, None  # of its item: what the answer shows, or the write made

    @property
    def write(self) -> bool:
        """Does it change the item that it names?"""
        return self.source.is_write(self)

    @property
    def client(self) -> str:
        """The name of the source that sent it."""
        return self.source.name

    @property
    def key(self) -> int:
        """The item of the catalogue that it asks for, from 1."""
        return self.source.keys[self.source.first_line][self.number]

    def arrive(self, outcome: int) -> None:
        """The client hears the answer; only the first counts."""
        if not self.status:
            self.status, self.finished = outcome, self.env._now
            if self.answer_to is not None:
                self.answer_to(self)
