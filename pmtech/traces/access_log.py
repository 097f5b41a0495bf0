"""An access log: who asked for what, and when, as a web server wrote it down."""

from __future__ import annotations

import gzip
import warnings
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from pmtech.traces.log_formats import Row, rows

WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class AccessLog:
    """The requests of a log, in order of time. Logs are equal when they hold the same requests.

    at_s counts from the first request. endpoint is the path without the query; key numbers what was asked for, path
    and query, the most wanted is 1; a write is a POST, PUT, PATCH or DELETE. broken: lines that could not be read.
    """

    name: str
    digest: str
    broken: int
    at_s: np.ndarray = field(compare=False)
    endpoint: np.ndarray = field(compare=False)  #: number in `endpoints`
    key: np.ndarray = field(compare=False)
    caller: np.ndarray = field(compare=False)  #: number in `callers`
    write: np.ndarray = field(compare=False)
    endpoints: tuple[str, ...] = field(compare=False)
    callers: tuple[str, ...] = field(compare=False)

    def __len__(self):
        return len(self.at_s)

    def __repr__(self):
        return (
            f"AccessLog({self.name}: {len(self):,} requests of {len(self.callers):,} callers in {self.lasts_s:,.0f} s, "
            f"{self.broken:,} broken lines)"
        )

    @property
    def whole_seconds(self) -> bool:
        """Does it tell no more than the second?"""
        return not (self.at_s % 1).any()

    @property
    def lasts_s(self) -> float:
        """From the first request until the next one after the last would come."""
        if self.whole_seconds or len(self) < 2:
            return float(self.at_s[-1]) + 1
        return float(self.at_s[-1]) * len(self) / (len(self) - 1)

    @property
    def table(self) -> pd.DataFrame:
        """A row a request."""
        endpoints, callers = np.array(self.endpoints, dtype=object), np.array(self.callers, dtype=object)
        return pd.DataFrame({
            "at_s": self.at_s, "endpoint": endpoints[self.endpoint], "key": self.key,
            "caller": callers[self.caller], "write": self.write,
        })  # fmt: skip


def read_log(path: str | Path) -> AccessLog:
    """Read an access log: common or combined format (Apache and nginx write it), or CSV with a timestamp column.

    A CSV has a header; its timestamps are seconds or milliseconds (since any moment) or ISO 8601, and it may have an
    endpoint, a client and a method column. A name that ends in .gz is unpacked. Lines that can't be read are counted
    and reported in one warning. Raises ValueError if there is no such file, or no request in it.
    """
    path, broken = Path(path), []
    if not path.is_file():
        raise ValueError(f'there is no file "{path}" to read requests from')
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        columns = _Columns(rows(file, broken, path.name))
    if not len(columns.at_s):
        raise ValueError(f'there is no request in "{path.name}" that could be read')
    if broken:
        count, where = len(columns.at_s) + len(broken), broken[0]
        said = f"{len(broken):,} of {count:,} lines of {path.name} can't be read and are left out; the first is line {where:,}"
        warnings.warn(said, stacklevel=3)
    return columns.log(path.name, len(broken))


class _Columns:
    """Numbers instead of words while the log is read: a million lines then take little room."""

    def __init__(self, rows: Iterator[Row]):
        self.at_s, self.caller, self.target, self.write = array("d"), array("L"), array("L"), bytearray()
        callers, targets = {}, {}
        for at_s, caller, target, method in rows:
            self.at_s.append(at_s)
            self.caller.append(callers.setdefault(caller, len(callers)))
            self.target.append(targets.setdefault(target, len(targets)))
            self.write.append(method in WRITES)
        self.callers, self.targets = tuple(callers), tuple(targets)

    def log(self, name: str, broken: int) -> AccessLog:
        at_s = np.array(self.at_s)
        order = np.argsort(at_s, kind="stable")  # a line is written when the answer is out, so some are late
        at_s = at_s[order] - at_s[order[0]]
        caller, target = np.array(self.caller, dtype=np.int64)[order], np.array(self.target, dtype=np.int64)[order]
        write = np.array(self.write, dtype=bool)[order]
        rank = np.empty(len(self.targets), dtype=np.int64)
        rank[np.argsort(-np.bincount(target, minlength=len(self.targets)), kind="stable")] = np.arange(len(rank))
        endpoints: dict[str, int] = {}
        of_target = np.array([endpoints.setdefault(_path_of(t), len(endpoints)) for t in self.targets])
        digest = blake2b("\n".join([*self.callers, *self.targets]).encode(errors="replace"), digest_size=16)
        for column in (at_s, caller, target, write):
            digest.update(column.tobytes())
        return AccessLog(
            name, digest.hexdigest(), broken, at_s, of_target[target], rank[target] + 1, caller, write,
            tuple(endpoints), self.callers,
        )  # fmt: skip


def _path_of(target: str) -> str:
    if "://" in target[:9]:  # as a proxy writes it, with the host
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return target.split("?", 1)[0] or "/"
