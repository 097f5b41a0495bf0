"""A component while it runs."""

from __future__ import annotations

from math import nan

from pmtech.engine.clock import Steps
from pmtech.engine.request import Request
from pmtech.engine.run import Run


class Part:
    """A component while it runs. Subclasses live beside their component and say what happens to a request."""

    def __init__(self, spec, name: str, run: Run, downstream: list[Part], labels: tuple[str, ...] = ()):
        self.spec, self.name, self.run, self.env = spec, name, run, run.env
        self.machine = name  # the name of a replica has its number behind it
        self.targets, self.labels = downstream, labels
        self.next = downstream[0] if downstream else None
        self.visits: list[list] = []
        self.alive = True
        self.setup()

    def setup(self) -> None:
        """Prepare the state of a run."""

    def change(self, spec) -> None:
        """Somebody turned a knob: from now on behave as `spec`."""
        self.spec = spec

    def fail(self) -> None:
        """The machine dies."""
        raise ValueError(f'"{self.name}" has no machine that could die')

    def handle(self, request: Request) -> Steps:
        """The request's journey from here on; returns the HTTP status of the answer."""
        raise TypeError(f"{type(self).__name__} takes no requests")

    feeds_forward = False  # can all requests be passed through at once, in order of time?

    def pass_sorted(self, rows, times, book) -> None:
        """Let all requests (rows of the book, in order of time) through: the other form of `handle`, see shortcut.py."""
        raise TypeError(f"{type(self).__name__} needs the event engine")

    def visit(self, request: Request) -> list:
        """Note that the request has come in: [request, entered, started, left]."""
        record = [request, self.env._now, nan, nan]
        self.visits.append(record)
        return record

    def pass_through(self, request: Request) -> None:
        """Note that the request went by without stopping."""
        now = self.env._now
        self.visits.append([request, now, now, now])

    def refuse(self, request: Request, visit: list, status: int, retry_after: float = nan) -> int:
        """Turn the request away here."""
        visit[3] = self.env._now
        request.served_by, request.retry_after = self.machine, retry_after
        self.run.refusals.append((self.env._now, self.name, request, status, retry_after))
        return status
