"""Formats whose fields have names: CSV with a header, W3C with #Fields, JSON lines, key=value.

What a field is, is told by its name and by what stands in it: `time` is a moment or a duration, `host` the server or
the client, `request` a path or a whole request line. What can't be told is refused, or remarked on.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from itertools import chain, pairwise
from math import isnan
from typing import Any, ClassVar

from pmtech.traces.moments import FIRST_S, Moments, SinceStart, number
from pmtech.wording import listed

Row = tuple[str, str, str, str]  # when, who, method, what was asked for: as it is written

NO_REQUEST, UNLIKE, UNEVEN = "without an HTTP request", "not in this format", "with other fields than are named"
UNKNOWN = {"", "-", "null", "NULL", "None", "(null)", "unknown"}
PATH = re.compile(r"(?:[A-Z][A-Z-]* )?(?:/|\w+://|\*$)")
REQUEST_LINE = re.compile(r"([A-Z][A-Z-]*) (\S+)(?: HTTP/\S*)?$")
SOURCE = re.compile(r"\S+\.(?:go|py|rb|js|ts|java|kt|rs|cs|php|exs?):\d+$")  # whose `caller` is a line of the program
SERVERS = re.compile(r"server|upstream|origin|dest|backend|response")
UNIT = re.compile(r"(?:^|(?<=[^\W_]))[\W_]+(ms|us|ns|s|sec|millis|micros|nanos|utc)\W*$", re.IGNORECASE)
LONGEST_S = 1e7  # that a log lasts which counts from its own beginning: four months
TO_A_SECOND = {"ms": 1e3, "millis": 1e3, "us": 1e6, "micros": 1e6, "ns": 1e9, "nanos": 1e9}

# Names in small letters and digits alone; of several that are there the first counts.
WHEN = (
    "timestamp timelocal timeiso8601 msec starttime startutc startlocal startedat edgestarttimestamp eventtime "
    "datetime ts time requesttimeepoch requesttime reqtime reqtimesec date epoch unixtime at edgeendtimestamp "
    "requestreceivedtimestamp eventtimestamp"
).split()
WHO = (
    "client caller customer tenant trueclientip cfconnectingip xrealip httpxrealip xforwardedfor httpxforwardedfor forwardedfor fwd user clientip clienthost remoteip "
    "remoteaddr remoteaddress remotehost cip cliip sourceip srcip ipaddress ip clientaddr clientaddress "
    "downstreamremoteaddress sourceipport sourceips userid remote peer"
).split()
WHAT = (
    "endpoint requesturi path requestpath url uri target route csuristem requesturl clientrequesturi requesteduri "
    "urloriginal urlpath reqpath clientrequestpath request requestline req resourcepath routekey page label name operation"
).split()
WORDS = {"endpoint", "path", "url", "target", "route", "page", "label", "name", "operation"}  # need not begin with "/"
BARE = {"reqpath"}  # in which Akamai leaves it away
QUERY = ("query", "querystring", "args", "csuriquery", "requestquery", "querystr", "clientrequestquery")
METHOD = "method requestmethod httpmethod csmethod verb clientrequestmethod requestverb reqmethod".split()
VERBS = set("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND REPORT PURGE".split())
FROM_ANY_MOMENT = {"timestamp", "ts", "at"}  # small numbers there are no durations
METRIC, ITS_NAME = ("metric", "metricname", "measurement"), ("name", "key", "field", "variable")
ONE_REQUEST = "http_reqs"  # of the metrics that the load tester k6 writes down for a request, this one counts it
DEEPEST = 6  # fields in fields
COUNTS, IDS = ("count", "requests", "hits", "numrequests"), ("requestid", "xrequestid", "reqid", "auditid")


def bare(words: str) -> str:
    return re.sub(r"[\W_]", "", words).lower()


def mostly(found: Iterable[Any]) -> bool:
    found = [*map(bool, found)]
    return sum(found) * 2 > len(found)


def in_days(counted: list[float]) -> bool:
    """Days since 1900, with a time of day behind the point: of 2000 to 2100, and less than two months of them."""
    fit = all(36_526 <= days <= 73_050 for days in counted) and max(counted) - min(counted) < 62
    return fit and mostly(round(days, 3) != days for days in counted)


class Columns(dict[str, list[str]]):
    """The fields of a sample: title -> what stands in it. Where fields lie in one another a title is "request.uri"."""

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Bare name -> titles: time is found as `time`, then as `time_ms`, then as `request.time`."""
        found = defaultdict(list)
        for form in (
            bare,
            lambda title: bare(UNIT.sub("", title)),
            lambda title: bare(title).removeprefix("httprequest"),  # as BigQuery has the log of a Google load balancer
            *(lambda title, n=n: bare("".join(title.split(".")[n:])) for n in (-2, -1)),
        ):
            for title in self:
                if not (title in found[form(title)] or (form is not bare and SERVERS.search(bare(title)))):
                    found[form(title)].append(title)
        return found

    def named(self, *names: str) -> list[str]:
        """The fields of these names, in the order of the names."""
        return list(dict.fromkeys(title for name in names for title in self.names.get(name, ())))

    def known(self, title: str) -> list[str]:
        return [value for value in self[title] if value not in UNKNOWN]

    def verbs(self, title: str) -> bool:
        return mostly(value.upper() in VERBS for value in self.known(title))

    def moments(self, *titles: str) -> bool:
        """Do these fields together hold dates with a time of day, or seconds since 1970?"""
        moments = Moments()
        return mostly(not isnan(moments[" ".join(row)]) for row in zip(*(self[t] for t in titles), strict=False))


class Named:
    """A format whose fields have names, learned from a sample of lines.

    Raises ValueError if they are in another format, with what was expected if they seem to be meant for this one.
    `remarks` are what may have been misunderstood.
    """

    name: ClassVar[str]
    zone: ClassVar[str] = ""  # which times are in, where they do not say it themselves
    any_words: ClassVar[bool] = False  # is every line a request, whatever it asks for?
    titles: Iterable[str] = ()  # that are known before the first record

    def __init__(self, sample: list[str]):
        self.remarks: list[str] = []
        records = [record for record in map(self.read, sample) if isinstance(record, dict)]
        columns = Columns({title: [] for title in self.titles})
        for title, value in chain.from_iterable(map(self.flat, records)):
            columns.setdefault(title, []).append(value)
        if not columns.named(*WHEN, *WHAT, *WHO):
            raise ValueError
        if not records and UNEVEN in map(self.read, sample):
            raise ValueError("its lines have more or fewer fields than are named")
        if not records:
            raise ValueError("there is no request in it, only the names of the fields")
        self.metric = self._metric(columns)
        self.what, self.query = self._what(columns), next(iter(columns.named(*QUERY)), None)
        self.method = next((title for title in columns.named(*METHOD) if columns.verbs(title)), None)
        self.method = self.method or next(filter(columns.verbs, columns), None)  # Fastly calls it "request"
        self.whole_line = self.what is not None and mostly(map(REQUEST_LINE.match, columns.known(self.what)))
        if not (self.method or self.whole_line or self.metric):
            self.remarks.append("none of its fields tells the method: all requests count as reads")
        self.when, self.moments = self._when(columns)
        self.who = self._who(columns)
        self._check_that_lines_are_requests(columns, [r for r in records if isinstance(self._row(r), tuple)])

    # --- what stands in a line ------------------------------------------------------------------------------------

    def read(self, line: str) -> dict | str | None:
        """The fields of a line, or why there are none, or None for a line that need not have any."""
        raise TypeError(f"{type(self).__name__} does not say what stands in a line")

    def get(self, record: dict, title: str) -> str:
        return record.get(title, "")

    def flat(self, record: dict) -> Iterable[tuple[str, str]]:
        return record.items()

    def rows(self, lines: list[str]) -> list[Row | str | None]:
        """For each line when, who, how and what was asked for, or why that is not known, or None."""
        return [self._row(record) if isinstance(record, dict) else record for record in map(self.read, lines)]

    def fields(self, rows: list[Row]) -> Iterable[Iterable[str]]:
        """When, who, method and what was asked for, a column each."""
        return zip(*rows, strict=True)

    def _row(self, record: dict) -> Row | str:
        get = self.get
        if self.metric and get(record, self.metric) != ONE_REQUEST:
            return f"with another metric than {ONE_REQUEST}"
        when = " ".join([get(record, title) for title in self.when]) + self.zone
        target = get(record, self.what) if self.what else "/"
        method = get(record, self.method) if self.method else "GET"
        if self.whole_line:
            line = REQUEST_LINE.match(target)
            method, target = line.groups() if line else ("", "")
        if target in UNKNOWN:
            return NO_REQUEST
        if self.query and "?" not in target and (query := get(record, self.query)) not in UNKNOWN:
            target = f"{target}?{query.removeprefix('?')}"
        who = next((who for who in [get(record, title) for title in self.who] if who not in UNKNOWN), "")
        return when, who, method.upper(), target

    # --- which field is which -------------------------------------------------------------------------------------

    def _when(self, columns: Columns) -> tuple[tuple[str, ...], Moments]:
        """The fields that tell when, and what their stamps mean."""
        named = columns.named(*WHEN)
        for titles in [*zip(columns.named("date"), columns.named("time"), strict=False), *((t,) for t in named)]:
            if columns.moments(*titles):
                return titles, Moments()
        for title in named:
            counted = [x for x in map(number, columns.known(title)) if abs(x) < FIRST_S]
            if not counted or len(counted) * 2 < len(columns.known(title)):
                continue
            if bare(UNIT.sub("", title)) not in FROM_ANY_MOMENT and any(
                after < before for before, after in pairwise(counted)
            ):
                raise ValueError(
                    f'its field "{title}" goes up and down, as durations do: expected is a field "timestamp" with the '
                    "moment of each request"
                )
            if in_days(counted):
                raise ValueError(
                    f'its field "{title}" holds days, as spreadsheets count them ({counted[0]:g}): expected is '
                    "2026-03-01T10:00:00, which the cells show when their format is yyyy-mm-ddThh:mm:ss"
                )
            unit = UNIT.search(title)
            to_a_second = TO_A_SECOND.get(unit[1].lower(), 1) if unit else 1
            if min(counted) > LONGEST_S * to_a_second:
                raise ValueError(
                    f'its field "{title}" counts from no moment that is known ({counted[0]:.15g}): expected are seconds since '
                    "1970, or thousandths, millionths, billionths of them, or since a test began"
                )
            return (title,), SinceStart(to_a_second)
        written = [t for t in columns if columns.moments(t) and all(map(isnan, map(number, columns.known(t))))]
        if len(written) == 1:
            self.remarks.append(f'when requests came is read from its field "{written[0]}"')
            return tuple(written), Moments()
        shows = ", ".join(f"{title}: {values[0] if values else ''}"[:50] for title, values in [*columns.items()][:8])
        raise ValueError(
            f"none of its fields tells when a request came ({shows}): expected is a field "
            '"timestamp" with a date and a time of day to the second, as in 2026-03-01T10:00:00Z, or with seconds since 1970'
        )

    def _what(self, columns: Columns) -> str | None:
        for title in columns.named(*WHAT):
            values = columns.known(title)
            words = bare(title) in (WORDS if self.any_words else BARE) and mostly(
                isnan(number(value)) for value in values
            )
            if values and (words or mostly(map(PATH.match, values))):
                return title
        if not self.any_words:
            raise ValueError('none of its fields tells what was asked for: expected is a field "path" or "request"')
        self.remarks.append("none of its fields tells what was asked for: all requests count as one endpoint")
        return None

    def _who(self, columns: Columns) -> list[str]:
        named = [title for title in columns.named(*WHO) if not mostly(map(SOURCE.match, columns[title]))]
        found = [title for title in named if columns.known(title)][:2]  # the second where the first is empty
        for host in [] if found else columns.named("host"):
            if len(set(columns.known(host))) > min(20, len(columns.known(host)) / 2):
                self.remarks.append(f'who sent a request is read from its field "{host}", which names so many')
                return [host]
            self.remarks.append(
                f'its field "{host}" is taken for the server: call it "client" if it says who sent a request'
            )
        return found

    def _metric(self, columns: Columns) -> str | None:
        """Where several lines stand for a request: the field that tells them apart."""
        for title in columns.named(*METRIC) + (columns.named(*ITS_NAME) if columns.named("value") else []):
            kinds = [*dict.fromkeys(columns.known(title))]
            if ONE_REQUEST in kinds:
                return title
            if len(kinds) > 1 and not mostly(map(PATH.match, kinds)):
                raise ValueError(
                    f'several lines stand for one request, for its field "{title}" holds {listed(kinds[:3])}: expected '
                    "is a line a request"
                )
        return None

    def _check_that_lines_are_requests(self, columns: Columns, records: list[dict]) -> None:
        for title in columns.named(*COUNTS):
            counts = [number(value) for value in columns.known(title)]
            if counts and all(count.is_integer() for count in counts) and max(counts) > 1:
                raise ValueError(
                    f'a line stands for several requests, which its field "{title}" counts: expected is a line for each'
                )
        for title in columns.named(*IDS)[:1]:
            ids = [self.get(record, title) for record in records]
            if len(ids) > 1 and 2 * sum(before == after for before, after in pairwise(ids)) >= len(ids):
                raise ValueError(
                    f'several lines stand for one request, for its field "{title}" holds the same in line after line: '
                    "expected is a line a request"
                )
            if len(set(ids)) < 0.75 * len(ids):
                self.remarks.append(f'its field "{title}" often holds the same again; each line counts as a request')


class Csv(Named):
    name, any_words = "CSV with a header", True

    def __init__(self, sample: list[str]):
        header = next((line for line in sample if line.strip() and not line.startswith(("sep=", "#"))), "")
        self.delimiter = max(",;\t|", key=header.count)
        self.titles = self._split(header)
        super().__init__(sample)

    def _split(self, line: str) -> list[str]:
        """Each line by itself: a quote that is not closed must not swallow those that follow."""
        try:
            values = next(csv.reader((line,), delimiter=self.delimiter)) if '"' in line else line.split(self.delimiter)
        except csv.Error:
            return []
        return [*map(str.strip, values)]

    def read(self, line):
        values = self._split(line)
        if sorted(values) == sorted(self.titles):  # again, as where files were joined, maybe in another order
            self.titles = values
            return None
        if not line.strip():
            return None
        uneven = len(values) < len(self.titles) or any(values[len(self.titles) :])
        return UNEVEN if uneven else dict(zip(self.titles, values, strict=False))


class W3c(Named):
    """Internet Information Services, CloudFront: the fields are named in a line #Fields, which may come again."""

    name, zone = "W3C extended, with #Fields", "Z"

    def read(self, line):
        if line.startswith("#Fields:"):
            self.titles = line.split()[1:]
        if line.startswith("#") or not line.strip():
            return None
        values = line.split("\t" if "\t" in line else " ")
        return dict(zip(self.titles, values, strict=True)) if len(values) == len(self.titles) else UNEVEN


class JsonLines(Named):
    name = "JSON, an object a line"

    def read(self, line):
        line = line.strip().removesuffix(",")
        if line in ("", "[", "]"):  # an array with an object a line
            return None
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return UNLIKE
        if isinstance(record, dict) and isinstance(
            inside := record.get("properties"), str
        ):  # as Azure App Service has it
            with suppress(ValueError, RecursionError):
                record["properties"] = json.loads(inside)
        return record if isinstance(record, dict) else UNLIKE

    def get(self, record, title):
        while isinstance(record, dict) and title not in record:  # some loggers write "url.path" as one name
            name, _, title = title.partition(".")
            record = record.get(name)
        return _text(record.get(title)) if isinstance(record, dict) else ""

    def flat(self, record, way=""):
        for name, value in record.items():
            if isinstance(value, dict) and way.count(".") < DEEPEST:
                yield from self.flat(value, f"{way}{name}.")
            else:
                yield way + name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None or isinstance(value, dict | list) else str(value)


class Logfmt(Named):
    name = "key=value"
    pair = re.compile(r'(?<![\w.@/-])([\w.@/-]++)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')

    def read(self, line):
        pairs = {key: quoted or word for key, quoted, word in self.pair.findall(line)}
        return pairs if len(pairs) > 1 else UNLIKE if line.strip() else None


class Ltsv(Named):
    """ltsv.org: there `host` is who sent the request, and `vhost` the server."""

    name = "LTSV, name:value between tabs"

    def read(self, line):
        pairs = [part.split(":", 1) for part in line.split("\t")]
        if len(pairs) < 2 or any(len(pair) < 2 for pair in pairs):
            return UNLIKE if line.strip() else None
        return {"remotehost" if name == "host" else name: value for name, value in pairs}


KINDS = (W3c, JsonLines, Csv, Logfmt, Ltsv)
