"""An access log: who asked for what, and when, as a web server wrote it down."""

import re
import warnings
from array import array
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain, compress, count
from pathlib import Path

import numpy as np
import pandas as pd

from pmtech.engine.clock import collecting_later
from pmtech.files import as_path
from pmtech.traces.columns import UNKNOWN
from pmtech.traces.lines import Lines
from pmtech.traces.log_formats import Format, recognise
from pmtech.traces.moments import FIRST_S, NO_ZONE
from pmtech.wording import counted, percent, rate, seconds

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
SAMPLE = 500  # lines, by which the format is recognised
MOST_PER_S = 1e6
HALF_AN_HOUR_S, HOUR_S = 1800.0, 3600.0
ALL = 0.99  # of the requests: next to all
FEW = 20  # requests: of so few nobody may have come twice
NO_TIME = "with no time that there could be"
# An address as proxies write it, with its port or in brackets.
ADDRESS = re.compile(r"(\d+(?:\.\d+){3})(?::\d+)?|\[([\da-fA-F:.]+(?:%[^\]]+)?)\](?::\d+)?|([\da-fA-F]*:[\da-fA-F:.]+)")


@dataclass(frozen=True)
class AccessLog:
    """The requests of a log, in order of time. Logs are equal when they hold the same requests.

    at_s counts from the first request. endpoint is the path without the query; key numbers what was asked for, path
    and query, the most wanted is 1; a write is a POST, PUT, PATCH or DELETE. broken: lines that could not be read.
    Printed it is a table of what was understood; `doubts` are sentences about what may have been misunderstood.
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
    read_as: str = field(compare=False)
    left_out: dict[str, tuple[int, int]] = field(compare=False)  #: why -> how many lines, and which is the first
    begins_s: float = field(compare=False)  #: since 1970, or since any moment where the log does not say more
    zone: str = field(compare=False)
    remarks: tuple[str, ...] = field(compare=False)
    path: str = field(default="", compare=False)  #: where the file was, as it was named

    def __len__(self):
        return len(self.at_s)

    def __repr__(self):
        return (
            f"AccessLog({self.name}: {counted(len(self), 'request')} of {counted(len(self.callers), 'caller')} in "
            f"{self.lasts_s:,.0f} s, {counted(self.broken, 'broken line')})"
        )

    def __str__(self):
        (caller, sends), (endpoint, gets) = _most(self.callers, self.caller), _most(self.endpoints, self.endpoint)
        rows = [
            (self.name, self.read_as),
            ("lines read", f"{len(self) + self.broken:,}: {counted(len(self), 'request')}, {self.broken:,} left out"),
            *(("", f"{many:,} {why}, the first is line {n:,}") for why, (many, n) in self.left_out.items()),
            ("callers", f"{len(self.callers):,}: {caller or '(not said)'} sends {_of_all(sends)}"),
            ("endpoints", f"{len(self.endpoints):,}: {endpoint} gets {_of_all(gets)}"),
            ("writes", f"{percent(float(self.write.mean()))} of the requests"),
            ("first request", self._moment(0)),
            ("last request", self._moment(-1)),
            ("lasts", f"{seconds(self.lasts_s)}, {rate(len(self) / self.lasts_s)} requests a second on average"),
        ]
        width = max(len(head) for head, _ in rows)
        return "\n".join(f"{head:{width}}  {words}" for head, words in rows)

    def _moment(self, number: int) -> str:
        at_s = self.begins_s + float(self.at_s[number])
        if self.begins_s < FIRST_S:
            return f"{at_s:,.3f} s".replace(".000", "")
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} {self.zone}"

    @property
    def doubts(self) -> list[str]:
        """What was left out or may have been misunderstood, a sentence each."""
        said, whole = [], len(self) + self.broken
        if self.broken:
            first = min(first for _, first in self.left_out.values())
            lines = f"{self.broken:,} of {whole:,} lines of {self.name}"
            said.append(f"{lines} can't be read and are left out; the first is line {first:,}")
        said += self.remarks
        if len(self) < 2:
            return said
        (caller, sends), (endpoint, gets) = _most(self.callers, self.caller), _most(self.endpoints, self.endpoint)
        if sends > ALL and not caller:
            said.append(f"{self.name} does not say who sent a request: all count as one caller")
        elif sends > ALL:
            said.append(
                f"one caller, {caller}, sends {_of_all(sends)} of {self.name}: if that is a proxy, nobody is told "
                "apart, and limits and fairness between callers say nothing"
            )
        if len(self) >= FEW and not self.at_s[-1]:
            said.append(f"all requests of {self.name} have the same time: it says nothing of how fast they come")
        if len(self) >= FEW and len(self.callers) > ALL * len(self):
            said.append(
                f"nearly every request has a caller of its own, {caller} is one: if that is something else, limits and "
                "fairness between callers say nothing"
            )
        if gets > ALL:
            said.append(f"one endpoint, {endpoint}, gets {_of_all(gets)} of {self.name}")
        gaps = np.diff(self.at_s)
        last = int(gaps.argmax())
        if gaps[last] > max(60.0, self.lasts_s / 2):
            silent = f"nothing came from {self._moment(last)} to {self._moment(last + 1)}"
            said.append(f"{silent}, most of the time that {self.name} covers: its average says little")
        return said

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

    def counts(self, what: str) -> dict[str, int]:
        """Name -> number of requests, the most frequent first; what: "caller" or "endpoint"."""
        names = getattr(self, f"{what}s")
        counts = np.bincount(getattr(self, what), minlength=len(names))
        return {_shown(names[n], 60) or "(not said)": int(counts[n]) for n in np.argsort(-counts, kind="stable")}

    def busiest(self, within_s: float) -> tuple[str, int]:
        """When the busiest stretch of that length begins, and how many requests come in it."""
        ends = np.searchsorted(self.at_s, self.at_s + within_s - 1e-9)
        many = ends - np.arange(len(self))
        return self._moment(int(many.argmax())), int(many.max())

    def of_largest(self) -> "AccessLog":
        """What the caller with the most requests sent."""
        number = int(np.bincount(self.caller).argmax())
        mine, name = self.caller == number, self.callers[number]
        asked, endpoint = np.unique(self.endpoint[mine], return_inverse=True)
        return replace(
            self, name=f"{name or 'one caller'} in {self.name}", digest=f"{self.digest}-{number}", endpoint=endpoint,
            endpoints=tuple(self.endpoints[n] for n in asked), callers=(name,), caller=np.zeros_like(endpoint),
            at_s=self.at_s[mine], key=self.key[mine], write=self.write[mine],
        )  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """A row a request."""
        endpoints, callers = np.array(self.endpoints, dtype=object), np.array(self.callers, dtype=object)
        return pd.DataFrame({
            "at_s": self.at_s, "endpoint": endpoints[self.endpoint], "key": self.key,
            "caller": callers[self.caller], "write": self.write,
        })  # fmt: skip


def _most(names: tuple[str, ...], column: np.ndarray) -> tuple[str, float]:
    """The most frequent name, fit to be shown, and its share."""
    counts = np.bincount(column, minlength=len(names))
    return _shown(names[counts.argmax()], 60), float(counts.max() / len(column))


def _of_all(share: float) -> str:
    return "all requests" if share == 1 else f"{percent(share)} of the requests"


def _shown(words: str, most: int = 160) -> str:
    """What stands in a file, in one line and without what would steer a terminal."""
    words = "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in words[: most + 1])
    return words if len(words) <= most else f"{words[:most]}..."


def read_log(path: str | Path) -> AccessLog:
    """Read an access log in one of the formats of log_formats.py and columns.py, packed or not.

    What may have been misunderstood is said in warnings; lines that can't be read are counted, never fatal. Raises
    ValueError if there is no such file, no request in it, or no format fits: with a line and what was expected.
    """
    path = as_path(path, "access.log").expanduser()
    lines = Lines(path)
    with collecting_later():
        blocks = iter(lines)
        first = next(blocks)
        if lines.broke_off and not any(first):
            raise ValueError(f'"{path.name}" ({lines.written[0]}) breaks off before its first line is whole')
        reading = _Reading(_recognised(first, path.name))
        for block in chain([first], blocks):
            reading.take(block)
    log = replace(reading.log(path.name, lines), path=str(path))
    for doubt in log.doubts:
        warnings.warn(doubt, stacklevel=3)
    return log


def _recognised(lines: list[str], name: str) -> Format:
    try:
        return recognise(lines[:SAMPLE])
    except ValueError as why:
        if len(lines) > SAMPLE:  # a server may have much to say before its first request
            with suppress(ValueError):
                return recognise(lines)
        expected, number = why.args
        shows = f". Its line {number} is “{_shown(lines[number - 1])}”" if number else ""
        raise ValueError(f'"{name}" is no access log that can be read here: {expected}{shows}') from None


def _codes() -> defaultdict[str, int]:
    """Word -> number, in order of first sight."""
    return defaultdict(count().__next__)


class _Reading:
    """Numbers instead of words while the log is read: a million lines then take little room."""

    def __init__(self, form: Format):
        self.form, self.lines = form, 0
        self.at_s, self.caller, self.target, self.write = array("d"), array("L"), array("L"), bytearray()
        self.callers, self.targets = _codes(), _codes()
        self.left_out: dict[str, tuple[int, int]] = {}

    def take(self, lines: list[str]) -> None:
        rows = self.form.rows(lines)
        good = [row for row in rows if type(row) is tuple]
        when, who, method, what = self.form.fields(good) if good else [()] * 4
        at_s = np.fromiter(map(self.form.moments.__getitem__, when), float, len(good))
        if (never := np.isnan(at_s)).any():
            numbers = [number for number, row in enumerate(rows) if type(row) is tuple]
            for number in compress(numbers, never):
                rows[number] = NO_TIME
            at_s, who, method, what = at_s[~never], *(compress(column, ~never) for column in (who, method, what))
        if len(at_s) < len(rows):
            for number, why in [(number, why) for number, why in enumerate(rows, self.lines + 1) if type(why) is str]:
                many, first = self.left_out.get(why, (0, number))
                self.left_out[why] = many + 1, first
        self.lines += len(lines)
        self.at_s.frombytes(at_s.tobytes())
        self.caller.extend(map(self.callers.__getitem__, who))
        self.target.extend(map(self.targets.__getitem__, what))
        self.write.extend(map(WRITES.__contains__, method))

    def log(self, name: str, lines: Lines) -> AccessLog:
        if not self.at_s:
            raise ValueError(f'there is no request in "{name}" that could be read')
        at_s = np.array(self.at_s)
        order = np.argsort(at_s, kind="stable")  # a line is written when the answer is out, so some are late
        begins_s = float(at_s[order[0]])
        back_s = -float(np.diff(at_s).min(initial=0))
        if self.form.moments.zone == NO_ZONE and back_s > HALF_AN_HOUR_S and at_s[-1] > at_s[0]:
            self.form.remarks.append(
                f"its times go back by {seconds(back_s)} and give no time zone: at the end of summer time two hours would "
                "count as one"
            )
        if self.form.moments.zone == NO_ZONE and (hour := _hour_without_anybody(at_s[order])):
            self.form.remarks.append(
                f"nobody comes from {hour}:00 to {hour + 1}:00 and its times give no time zone: where summer time begins that "
                "hour does not exist, and would count as a pause"
            )
        at_s = at_s[order] - begins_s
        callers, caller = _renumbered(map(_caller_of, self.callers), np.array(self.caller, dtype=np.int64)[order])
        target = np.array(self.target, dtype=np.int64)[order]
        endpoints, endpoint = _renumbered(map(_path_of, self.targets), target)
        write = np.array(self.write, dtype=bool)[order]
        rank = np.empty(len(self.targets), dtype=np.int64)
        rank[np.argsort(-np.bincount(target, minlength=len(self.targets)), kind="stable")] = np.arange(len(rank))
        digest = blake2b("\n".join([*callers, *self.targets]).encode(errors="replace"), digest_size=16)
        for column in (at_s, caller, target, write):
            digest.update(column.tobytes())
        harm = [f"{name} breaks off, or is damaged: {lines.harm}"] * (lines.harm != "")
        log = AccessLog(
            name, digest.hexdigest(), sum(many for many, _ in self.left_out.values()), at_s, endpoint, rank[target] + 1,
            caller, write, endpoints, callers, ", ".join([self.form.name, *lines.written]), self.left_out, begins_s,
            self.form.moments.zone, (*harm, *(f"{name}: {remark}" for remark in self.form.remarks)),
        )  # fmt: skip
        if len(log) > MOST_PER_S * log.lasts_s:
            per_s = rate(len(log) / log.lasts_s)
            raise ValueError(f'the times in "{name}" would mean {per_s} requests a second: they can be no moments')
        return log


def _hour_without_anybody(at_s: np.ndarray) -> int | None:
    """The hour of a night from whose first to whose last moment nobody came, though there was hardly a pause before and after."""
    before = np.flatnonzero(np.diff(at_s) >= HOUR_S)
    for last_s, next_s in zip(at_s[before], at_s[before + 1], strict=True):
        hour = int(-(-last_s // HOUR_S))  # begun within a minute
        close = hour * HOUR_S - last_s <= 60 and next_s - (hour + 1) * HOUR_S <= 60
        if close and 1 <= hour % 24 <= 3:
            return hour % 24
    return None


def _renumbered(names: Iterable[str], column: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Where names that were numbered turn out to be the same: each once, and the column with their new numbers."""
    codes = _codes()
    new = np.array([codes[name] for name in names])
    return tuple(codes), new[column]


def _caller_of(word: str) -> str:
    """Who sent it, without the port, and without the proxies on the way, which X-Forwarded-For adds behind a comma."""
    if ":" in word or "," in word:
        address = ADDRESS.fullmatch(word.split(",", 1)[0].strip())
        word = next(filter(None, address.groups())) if address else word
    return "" if word in UNKNOWN else word.removeprefix("::ffff:")  # IPv4, as a socket of IPv6 writes it


def _path_of(target: str) -> str:
    if "://" in target[:9]:  # as a proxy writes it, with the host
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return target.split("?", 1)[0] or "/"
