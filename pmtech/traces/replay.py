"""Clients who come as a log says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf

import numpy as np

from pmtech.components.clients import Clients, ClientsPart
from pmtech.components.fields import Weights, number, one_of
from pmtech.engine.randomness import identity
from pmtech.engine.request import Request
from pmtech.traces.access_log import AccessLog


@dataclass(frozen=True, kw_only=True, repr=False)
class Replay(Clients):
    """The requests of an `AccessLog` again: `Clients.from_log(path)`. They come whether or not the system keeps up.

    Each keeps its time, its endpoint, its caller (rate limits and fairness go by it) and what it asked for (caches do).
    rate_per_s: the mean rate of the log; another one lets the same requests come faster or slower. surge, timeout_ms
    and retries are those of `Clients`; endpoints, keys and write_share follow from the log and can't be set.
    A log tells the second only: of those who share one the first comes at its beginning, the others at random moments
    of it, drawn with the seed of the run, in the order of the log.

    What this leaves out: that people would have behaved otherwise on another system, and what a log does not have in
    it (refused connections, requests to other hosts).
    """

    log: AccessLog | None = None
    rate_per_s: float | None = number(None, at_least=0, at_most=1e6, optional=True)
    arrivals: str = one_of("log")

    def __post_init__(self):
        log = self.log
        if not isinstance(log, AccessLog):
            raise ValueError(
                f'log must be what an access log holds, as Clients.from_log("access.log") reads it, got {log!r}'
            )
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
        return f"Clients.from_log({self.log.name!r}): {self.log!r}, {self.rate_per_s:g} a second"

    @property
    def lasts_s(self) -> float:
        """How long the log lasts, in seconds of a run at this rate."""
        return len(self.log) / self.rate_per_s if self.rate_per_s else inf

    @property
    def callers(self) -> int:
        """How many different callers there are."""
        return len(self.log.callers)

    @property
    def key_weights(self) -> np.ndarray:
        return np.bincount(self.log.key)[1:].astype(float)

    def running(self, *args) -> ReplayPart:
        return ReplayPart(self, *args)


class ReplayPart(ClientsPart):
    """Where clients draw by luck, these look into the log."""

    def _phases(self) -> Moments:
        log, at_s = self.spec.log, self.spec.log.at_s
        if log.whole_seconds:
            within = self.run.luck(f"{self.name}.within", identity)[self.name, 0].first(len(log))
            within[np.flatnonzero(np.diff(at_s, prepend=-1.0))] = 0.0
            at_s = at_s + within[np.lexsort((within, at_s))]
        return Moments(at_s)

    @property
    def pace(self) -> float:
        return self.spec.rate_per_s / (len(self.spec.log) / self.spec.log.lasts_s)  # exactly 1 at the log's own rate

    def _learn(self) -> None:
        super()._learn()
        log = self.spec.log
        names = np.array(log.endpoints, dtype=object)
        self.keys, self.choose = _whatever_line(Column(log.key)), _whatever_line(Column(names[log.endpoint]))

    def send(self, number: int, attempt: int = 0, heard: Callable | None = None, caller: str | None = None) -> None:
        super().send(
            number, attempt, heard, caller or f"{self.name} {self.spec.log.callers[self.spec.log.caller[number]]}"
        )

    def is_write(self, request: Request) -> bool:
        return bool(self.spec.log.write[request.number])

    def writes_among(self, count: int) -> np.ndarray:
        return self.spec.log.write[:count]

    def callers(self, count: int) -> np.ndarray:
        return self.spec.log.caller[:count]


class Moments:
    """Number -> when it comes, in seconds of the log; after the last one, never."""

    def __init__(self, at_s: np.ndarray):
        self.at_s = at_s

    def __getitem__(self, number: int) -> float:
        return self.at_s.item(number) if number < len(self.at_s) else inf

    def until(self, _phase: float) -> np.ndarray:
        return self.at_s


class Column:
    """Number -> value, as a `Stream`, but the values are given."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __getitem__(self, number: int):
        return self.values.item(number)

    def first(self, count: int) -> np.ndarray:
        return self.values[:count]

    def again(self) -> Column:
        return self


def _whatever_line(column: Column) -> defaultdict:
    return defaultdict(lambda: column)
