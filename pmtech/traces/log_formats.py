"""The formats of access logs: what a line says. A row is (when in seconds, who, what was asked for, the HTTP method)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice

Row = tuple[float, str, str, str]

# host identity user [day/month/year:hour:minute:second zone] "method target protocol" status size, and maybe more
LINE = re.compile(r'(\S+) \S+ .*?\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "([A-Z]+) (\S+)[^"]*" \d{3} ')
STAMPS, PLACES = ("timestamp", "time", "datetime", "date", "ts"), ("endpoint", "path", "url", "target", "request")
CALLERS, METHODS = ("client", "caller", "user", "ip", "host", "remote_addr"), ("method", "verb")
MONTHS = {name: n for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
EARLIEST_S, LATEST_S = -1e11, 1e11  # a number past this is in milliseconds


def rows(lines: Iterable[str], broken: list[int], name: str) -> Iterator[Row]:
    """The requests of the file called `name`; the numbers of the lines that can't be read are added to `broken`."""
    lines = iter(lines)
    first = list(islice(lines, 100))
    lines = chain(first, lines)
    return _of_log(lines, broken) if any(map(LINE.match, first)) else _of_csv(lines, broken, name)


def _of_log(lines: Iterator[str], broken: list[int]) -> Iterator[Row]:
    known: dict[str, float] = {}  # many requests share a second
    for number, line in enumerate(lines, 1):
        found = LINE.match(line)
        if found is None:
            if line.strip():
                broken.append(number)
            continue
        caller, stamp, method, target = found.groups()
        at_s = known.get(stamp)
        if at_s is None:
            try:
                at_s = known[stamp] = datetime.fromisoformat(_iso(stamp)).timestamp()
            except (ValueError, KeyError):  # the 31st of February
                broken.append(number)
                continue
        yield at_s, caller, target, method


def _iso(stamp: str) -> str:
    """10/Oct/2000:13:55:36 -0700 as 2000-10-10T13:55:36-0700; `strptime` would want the months in the user's language."""
    return f"{stamp[7:11]}-{MONTHS[stamp[3:6]]:02}-{stamp[:2]}T{stamp[12:20]}{stamp[21:]}"


def _of_csv(lines: Iterator[str], broken: list[int], name: str) -> Iterator[Row]:
    header = next(lines, "")
    comma = max(",;\t", key=header.count)
    titles = [title.strip().strip('"').lower() for title in header.split(comma)]

    def column(names: tuple[str, ...]) -> int | None:
        return next((titles.index(each) for each in names if each in titles), None)

    when = column(STAMPS)
    if when is None:
        raise ValueError(
            f'"{name}" is no access log: its lines are neither in the common or combined format, '
            'nor is it a CSV file with a column "timestamp"'
        )
    which = [column(names) for names in (CALLERS, PLACES, METHODS)]
    table = csv.reader((line.replace("\0", "") for line in lines), delimiter=comma)
    while True:
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error:
            broken.append(table.line_num + 1)
            continue
        if not row:
            continue
        try:
            at_s = _seconds(row[when])
            caller, place, method = (
                default if n is None else row[n] for n, default in zip(which, ("", "/", "GET"), strict=True)
            )
        except (ValueError, IndexError, OverflowError):
            broken.append(table.line_num + 1)
        else:
            yield at_s, caller, place, method.upper()


def _seconds(stamp: str) -> float:
    try:
        at_s = float(stamp)
    except ValueError:
        moment = datetime.fromisoformat(stamp.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not EARLIEST_S * 1000 < at_s < LATEST_S * 1000:
        raise ValueError
    return at_s if EARLIEST_S < at_s < LATEST_S else at_s / 1000
