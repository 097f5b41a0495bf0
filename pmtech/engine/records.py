"""What is written down during a run, as plain columns: whichever engine ran, the figures are made from these."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter, itemgetter

import numpy as np

from pmtech.engine.clock import collecting_later
from pmtech.engine.run import Run

TOLD = {
    "queue": object,
    "published_s": float,
    "received_s": float,
    "done_s": float,
    "receives": np.int64,
    "outcome": object,
}


@dataclass
class Visits:
    """A column entry a visit to one component: whose (the row of the request), when it came, when work began, when
    it left (NaN: it has not happened), and the number of the machine."""

    row: np.ndarray
    entered_s: np.ndarray
    started_s: np.ndarray
    left_s: np.ndarray
    machine: np.ndarray


@dataclass
class Refusals:
    """A column entry a refusal, in order of time."""

    row: np.ndarray
    component: np.ndarray
    at_s: np.ndarray
    status: np.ndarray
    retry_after_s: np.ndarray


@dataclass
class Records:
    """A column entry a request, in order of arrival.

    client holds the number of its source in `sources`. What is seldom asked for (endpoint, key, served_by) is a
    function that makes the column. Nothing in here leads back to the run: what it was made of is gone with it.
    """

    sources: list[str]
    client: np.ndarray
    arrived_s: np.ndarray
    finished_s: np.ndarray
    status: np.ndarray
    endpoint: Callable[[], np.ndarray]
    key: Callable[[], np.ndarray]
    served_by: Callable[[], np.ndarray]
    visits: dict[str, Visits]
    refusals: Refusals
    # part -> rows of what it noted, by time (the first column); see `Component.noted`
    notes: dict[str, np.ndarray] = field(default_factory=dict)
    # component -> for each machine (when, is it alive from then on)
    deaths: dict[str, list[list[tuple[float, bool]]]] = field(default_factory=dict)
    # the messages, in order of publication: a column for each thing that `Message.told` says
    messages: dict[str, np.ndarray] = field(default_factory=lambda: as_columns([]))

    @cached_property
    def served(self) -> np.ndarray:
        """Which requests were answered with a 2xx."""
        return self.status // 100 == 2

    def sent_by(self, client: str) -> np.ndarray:
        """Which requests came from a client."""
        return self.client == (self.sources.index(client) if client in self.sources else -1)


def as_columns(messages: list[tuple]) -> dict[str, np.ndarray]:
    """What each message tells, as columns."""
    columns = [*zip(*messages, strict=True)] or [()] * len(TOLD)
    return {name: np.array(column, kind) for (name, kind), column in zip(TOLD.items(), columns, strict=True)}


@collecting_later()
def from_run(run: Run) -> Records:
    """The columns of a run on the event engine."""
    log = run.requests
    for row, request in enumerate(log):
        request.row = row
    names = [name for name, parts in run.parts.items() if parts[0].spec.is_source]
    code = {name: number for number, name in enumerate(names)}
    client = np.fromiter(map(code.__getitem__, map(attrgetter("source.name"), log)), dtype=np.int64, count=len(log))
    visits, notes = {}, {}
    for name, parts in run.parts.items():
        if name in code:
            continue
        of_all = [visit for part in parts for visit in part.visits]
        whose, *times = zip(*of_all, strict=True) if of_all else [()] * 4
        rows = _column(whose, "row", np.int64)
        entered_s, started_s, left_s = (np.array(column, dtype=float) for column in times)
        machine = np.repeat(np.arange(len(parts)), [len(part.visits) for part in parts])
        visits[name] = Visits(rows, entered_s, started_s, left_s, machine)
        if columns := parts[0].spec.noted:
            noted = sorted((note for part in parts for note in part.notes), key=itemgetter(0))
            notes[name] = np.array(noted, dtype=float).reshape(-1, len(columns))  # by time: some are told later
    refused = run.refusals
    return Records(
        sources=names,
        client=client,
        arrived_s=_column(log, "arrived", float),
        finished_s=_column(log, "finished", float),
        status=_column(log, "status", np.int64),
        endpoint=_texts(map(attrgetter("endpoint"), log)),
        key=_keys([run.parts[name][0] for name in names], client, log),
        served_by=_texts(map(attrgetter("served_by"), log)),
        visits=visits,
        refusals=Refusals(
            row=np.array([r[2].row for r in refused], dtype=np.int64),
            component=np.array([r[1] for r in refused], dtype=object),
            at_s=np.array([r[0] for r in refused], dtype=float),
            status=np.array([r[3] for r in refused], dtype=np.int64),
            retry_after_s=np.array([r[4] for r in refused], dtype=float),
        ),
        notes=notes,
        deaths={name: [part.deaths for part in parts] for name, parts in run.parts.items()},
        messages=as_columns([message.told() for message in run.messages if message.is_told]),
    )


def _column(requests: Sequence, name: str, kind: type) -> np.ndarray:
    """What each of these requests has under a name."""
    return np.fromiter(map(attrgetter(name), requests), dtype=kind, count=len(requests))


def _texts(values: Iterable[str | None]) -> Callable[[], np.ndarray]:
    """A column of few different words, kept as their numbers."""
    numbers: dict[str | None, int] = {}
    codes = np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int32)
    words = np.array([*numbers, None], dtype=object)
    return lambda: words[codes]


def _keys(sources: list, client: np.ndarray, log: list) -> Callable[[], np.ndarray]:
    """What each request asked for: drawn again from its source's stream when somebody wants to know."""
    number = _column(log, "number", np.int64)
    streams = [source.keys[source.first_luck].again() for source in sources]

    def column() -> np.ndarray:
        keys = np.zeros(len(number), dtype=np.int64)
        for code, stream in enumerate(streams):
            mine = client == code
            keys[mine] = stream.at(number[mine])
        return keys

    return column
