"""A run as a story: plain lists of tuples, in which None stands for what has not happened."""

import pytest

from pmtech import simulate
from pmtech.runs.running import Running


def rows(frame, columns):
    return [tuple(None if v != v else v for v in row) for row in frame[columns].itertuples(index=False, name=None)]


class Story:
    """A run with its records as lists."""

    def __init__(self, system, **how):
        self.result = simulate(system, **how)
        self.told = system, how

    @property
    def log(self):
        """The requests themselves, which know more than the tables: their number, their caller."""
        system, how = self.told
        running = Running(system, how.get("seed", 1), how.get("events", ()))
        running.advance(how["duration_s"])
        return running.run.requests

    @property
    def requests(self):
        """(client, arrived, finished, status) of every request."""
        return rows(self.result.requests, ["client", "arrived_s", "finished_s", "status"])

    @property
    def visits(self):
        """(request, component, entered, started, left) of every visit."""
        return rows(self.result.visits, ["request", "component", "entered_s", "started_s", "left_s"])

    @property
    def refusals(self):
        """(request, component, when, status, Retry-After) of every refusal."""
        return rows(self.result.refusals, ["request", "component", "at_s", "status", "retry_after_s"])

    def column(self, name):
        return self.result.requests[name].tolist()


@pytest.fixture
def story():
    return Story
