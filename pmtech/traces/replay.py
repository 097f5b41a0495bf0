"""Clients who come as a log says."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path

import numpy as np

from pmtech.components.clients import Clients, ClientsPart
from pmtech.components.endpoints import Weights
from pmtech.components.fields import checked, number, one_of
from pmtech.engine.randomness import BLOCK, uniforms
from pmtech.engine.request import Request
from pmtech.traces.access_log import AccessLog


def _a_log(name: str, value) -> AccessLog:
    if not isinstance(value, AccessLog):
        raise ValueError(
            f'{name} must be what an access log holds, as Clients.from_log("access.log") reads it, got {value!r}'
        )
    return value


@dataclass(frozen=True, kw_only=True, repr=False)
class Replay(Clients):
    """The requests of an `AccessLog` again: `Clients.from_log(path)`. They come whether or not the system keeps up.

    Each keeps its time, its endpoint, its caller (rate limits and fairness go by it) and what it asked for (caches do).
    rate_per_s: the mean rate of the log; another one lets the same requests come faster or slower. A log that is over
    before the run is begins again, with the next customers: the numbers of the requests go on, and with them their
    luck (the work that each needs). surge, timeout_ms and retries are those of `Clients`; endpoints, keys and
    write_share follow from the log and can't be set.
    A log tells the second only: of those who share one the first comes at its beginning, the others at random moments
    of it, drawn with the seed of the run, in the order of the log.

    What this leaves out: that people would have behaved otherwise on another system, what a log does not have in it
    (refused connections, requests to other hosts), and that a day differs from the next.
    """

    log: AccessLog = checked(None, _a_log)
    rate_per_s: float = number(None, at_least=0, at_most=1e6, optional=True)
    arrivals: str = one_of("log")

    def __post_init__(self):
        log = _a_log("log", self.log)
        counts = np.bincount(log.endpoint, minlength=len(log.endpoints)).tolist()
        said = {
            "endpoints": Weights(zip(log.endpoints, counts, strict=True)),
            "keys": int(log.key.max()),
            "write_share": float(log.write.mean()),
        }
        for f in fields(self):
            if f.name in said and getattr(self, f.name) not in (f.default, said[f.name]):
                raise ValueError(f"{f.name} follows from the log and can't be set, got {getattr(self, f.name)!r}")
        if self.rate_per_s is None:
            object.__setattr__(self, "rate_per_s", len(log) / log.lasts_s)
        super().__post_init__()
        for name, value in said.items():
            object.__setattr__(self, name, value)

    def __repr__(self):
        """The line of Python that reads it again, with all that was set."""
        said, log = {"endpoints", "keys", "write_share", "log"}, self.log
        usual = {"name": "Clients", "rate_per_s": len(log) / log.lasts_s}
        held = {
            f.name: (getattr(self, f.name), usual.get(f.name, f.default)) for f in fields(self) if f.name not in said
        }
        own = [f", {name}={value!r}" for name, (value, default) in held.items() if value != default]
        if log.name != Path(log.path).name:  # of one caller alone
            return f"Clients.from_log({log.path!r}).largest"
        return f"Clients.from_log({log.path!r}{''.join(own)})"

    @property
    def lasts_s(self) -> float:
        """How long the log lasts, in seconds of a run at this rate, until it begins again."""
        return len(self.log) / self.rate_per_s if self.rate_per_s else inf

    @property
    def lap_s(self) -> float:
        return self.log.lasts_s

    @property
    def is_steady(self) -> bool:
        return False

    @property
    def coming(self) -> str:
        return "requests come as in the log"

    @property
    def callers(self) -> int:
        """How many different callers there are."""
        return len(self.log.callers)

    @property
    def largest(self) -> "Replay":
        """The requests of its largest caller alone: `[log, log.largest] >> server` is the day on which that one doubles."""
        return Replay("Largest caller", log=self.log.of_largest())

    @property
    def key_weights(self) -> np.ndarray:
        return np.bincount(self.log.key)[1:].astype(float)


class ReplayPart(ClientsPart, runs=Replay):
    """Where clients draw by luck, these look into the log."""

    def _phases(self) -> "Laps":
        return Laps(self.spec.log, (self.run.seed, f"{self.name}.within", self.name, 0))

    @property
    def pace(self) -> float:
        return self.spec.rate_per_s / (len(self.spec.log) / self.spec.log.lasts_s)  # exactly 1 at the log's own rate

    def _learn(self) -> None:
        super()._learn()
        log = self.spec.log
        names = np.array(log.endpoints, dtype=object)
        self.keys, self.choose = _whatever_luck(Column(log.key)), _whatever_luck(Column(names[log.endpoint]))
        self.written, self.whose = Column(log.write), Column(log.caller)

    def send(
        self, number: int, attempt: int = 0, heard: Callable | None = None, caller: str | None = None, *waited
    ) -> None:
        caller = caller or f"{self.name} {self.spec.log.callers[self.whose[number]]}"
        super().send(number, attempt, heard, caller, *waited)

    def is_write(self, request: Request) -> bool:
        return self.written[request.number]

    def writes_among(self, count: int) -> np.ndarray:
        return self.written.first(count)

    def callers(self, count: int) -> np.ndarray:
        return self.whose.first(count)


class Laps:
    """Number -> when it comes, in seconds of the log, which is played over and over."""

    def __init__(self, log: AccessLog, luck: tuple):
        self.log, self.luck = log, luck
        self.held, self.begin = np.empty(0), 0  # some laps, and the number of the first in them

    def __getitem__(self, number: int) -> float:
        if not self.begin <= number < self.begin + len(self.held):
            lap, size = number // len(self.log), len(self.log)
            self.held, self.begin = self._laps(lap, -(-BLOCK // size)), lap * size
        return self.held.item(number - self.begin)

    def until(self, phase: float) -> np.ndarray:
        """All up to `phase`, and some more."""
        return self._laps(0, int(phase / self.log.lasts_s) + 1)

    def _laps(self, first: int, count: int) -> np.ndarray:
        """The moments of `count` laps, from lap `first` on; who shares a second is spread over it."""
        at_s, begins = self.log.at_s, np.arange(first, first + count)[:, np.newaxis] * self.log.lasts_s
        if not self.log.whole_seconds:
            return (begins + at_s).ravel()
        number, size = first * len(at_s), count * len(at_s)
        within = uniforms(self.luck, number - number % 4, size + number % 4)[number % 4 :].reshape(count, -1)
        within[:, np.flatnonzero(np.diff(at_s, prepend=-1.0))] = 0.0
        return (begins + np.sort(at_s + within)).ravel()


class Column:
    """Number -> value, as a `Stream`, but the values are given, and begin again after the last."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __getitem__(self, number: int):
        return self.values.item(number % len(self.values))

    def first(self, count: int) -> np.ndarray:
        return np.resize(self.values, count)

    def at(self, numbers: np.ndarray) -> np.ndarray:
        return self.values[numbers % len(self.values)]

    def again(self) -> "Column":
        return self


def _whatever_luck(column: Column) -> defaultdict:
    return defaultdict(lambda: column)
