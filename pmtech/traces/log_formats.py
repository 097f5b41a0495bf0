"""The formats of access logs, and which of them a file is in."""

import csv
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import isnan

from pmtech.traces.columns import KINDS, NO_REQUEST, UNKNOWN, UNLIKE, Named
from pmtech.traces.moments import Moments

ALL_DAY = r"(?! ?[AaPp]\.?[Mm]\b)"  # a clock of twelve hours is none that can be read
ISO = rf"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?+{ALL_DAY}(?: ?(?:Z|[+-]\d\d:?\d\d))?"
CLF = rf"\d\d/[A-Z][a-z]{{2}}/\d{{4}}[: ]\d\d:\d\d:\d\d(?:\.\d+)?+{ALL_DAY}(?: [+-]\d{{4}})?"
ANY_TIME = rf"{ISO}|{CLF}|(?<![\w.])1\d{{9}}\.\d{{3}}(?![\w.])"  # the last are seconds since 1970, as nginx writes them
IP = r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[\da-fA-F:]*::|(?:[\da-fA-F]+:){7})[\da-fA-F:.]{2,}+)(?![\w.])"
OTHER = rf'(?:(?!{IP})[^"])*+'
ONE_TIME = rf'(?=(?>[^"]*?(?P<when>{ANY_TIME}))(?![^"]*?(?:{ANY_TIME})))'
HOST = r"(?:(?=[\d.-]*[A-Za-z_*])[\w.*-]++(?::\d+)?|(?:\d+(?:\.\d+){3}|\[[^ \]]+\]):\d+)"  # a name, or anything with a port
QUOTED = r'"(?:[^"\\]|\\.)*+"'
REQUEST = r'"(?P<method>[A-Z][A-Z-]*) (?P<target>(?:[^ "\\]+|\\.)*+)[^"\\]*+(?:\\.[^"\\]*+)*+"'
# An address, maybe with a port or with more that it came through; else a name, to which nothing else is stuck.
V6 = r"(?=[^ ]*::|(?:\w+:){7})[\da-fA-Fx:.]+(?:%\w+)?"  # x where it was made nobody's
WHO = rf"(?P<who>(?:{V6}|\[[^ \]]+\]|[^ :=,\[\x1b]+|unix(?=:))(?::\d*)?(?:,[^ ]*)?)"
WITH_PORT = r"(?P<who>[^ ]+):\d+"  # also behind an address of IPv6, without brackets
WHEN = r"\[(?P<when>[^\]]+)\]"
# Between them the identity (nearly always -), and the user (maybe of several words).
BEGIN = rf"\"?{WHO} (?:- \[[^ ]+\] )?(?:[^ .:]+ [^ ]+|- [^\[\"]+) {WHEN} "

# How sure a format is, what it is called, and what a line of it is. Of those in which most lines can be read the surest
# counts, then the one that tells more callers apart, then the first. `forwarded` comes before `who`, where it is known.
# The last two are for formats of one's own, in which only one thing can be meant.
PATTERNS = (
    (2, "common or combined (Apache, nginx)", BEGIN + REQUEST),
    (3, "combined, with X-Forwarded-For at the end (nginx)",
        rf'{BEGIN}{REQUEST} \d+ [^ ]+ {QUOTED} {QUOTED} "(?P<forwarded>{IP}|-)(?:,[^"]*)?"'),
    (2, "combined, with the virtual host in front (Apache)", f"{HOST} {BEGIN}{REQUEST}"),
    (2, "combined, with X-Forwarded-For in front",
        rf"(?P<forwarded>{IP}|-)(?:, ?{IP})* (?P<who>{IP}) - [^\[\"]+ {WHEN} {REQUEST}"),
    (2, "combined, with the server's address in front", rf"{IP} (?P<who>{IP}) - [^\[\"]+ {WHEN} {REQUEST}"),
    (2, "AWS load balancer (ALB, Classic)",
        rf"(?:(?:https?|h2|grpcs?|wss?) )?(?P<when>{ISO}) [^ ]+ {WITH_PORT} [^ ]+ (?:-?[\d.]+ ){{3}}"
        rf"[^ ]+ [^ ]+ -?\d+ -?\d+ {REQUEST}"),
    (2, "AWS S3", rf"[^ ]+ [^ ]+ {WHEN} {WHO} [^ ]+ [^ ]+ [A-Z\d]+\.[^ ]+ [^ ]+ {REQUEST}"),
    (2, "HAProxy",
        rf"(?:.*?\bhaproxy\[\d+\]: )?{WITH_PORT} \[(?P<when>{CLF})\] [^ ]+ [^ ]+ [-\d/+]+ -?\d+ [^\"]*{REQUEST}"),
    (2, "Envoy", rf'\[(?P<when>{ISO})\] {REQUEST} [^"]*(?:{QUOTED} )?(?:[\d-]+ ){{4}}"(?P<who>[^"]*)"'),
    (3, "Envoy (Istio)",
        rf'\[(?P<when>{ISO})\] {REQUEST} [^"]*(?:{QUOTED} )?(?:[\d-]+ ){{4}}"(?P<forwarded>[^"]*)" (?:{QUOTED} ){{4}}(?:[^ ]+ ){{3}}'
        rf"{WITH_PORT}"),
    (2, "Nginx Proxy Manager",
        rf'{WHEN} (?:[^ ]+ )?[\d-]+ [\d-]+ - (?P<method>[A-Z]+) https? [^ ]+ "(?P<target>[^"]*)" \[Client (?P<who>[^\]]+)\] '),
    (2, "Squid", rf"(?P<when>\d{{9,10}}\.\d{{3}}) +\d+ {WHO} [A-Z_]+/\d+ \d+ (?P<method>[A-Z]+) (?P<target>[^ ]+) "),
    (2, "Heroku router",
        rf'(?:\d+ )?(?:<\d+>1 )?(?P<when>{ISO}) (?>.*?heroku(?:\[router\]:| router -) .*?method=)(?P<method>[A-Z]+) path="(?P<target>[^"]*)"'
        r'.*? fwd="(?P<who>[^"]*)"'),
    (2, "Rails", rf'.*?Started (?P<method>[A-Z]+) "(?P<target>[^"]*)" for {WHO} at (?P<when>{ISO})'),
    (2, "Rails (lograge)",
        rf'[A-Z], \[(?P<when>{ISO}) #\d+\] +[A-Z]+ -- : .*?\bmethod=(?P<method>[A-Z]+) path=(?P<target>[^ ]+)'
        r'(?:.* (?:remote_|client_)?ip=)?+(?P<who>(?<=ip=)[^ ]+|)'),
    (2, "Gin",
        r"\[GIN\] (?P<when>\d{4}/\d\d/\d\d - [\d:]{8}) \|[^|]+\|[^|]+\| +(?P<who>[^ ]+) \| *(?P<method>[A-Z]+) +"
        r'"(?P<target>[^"]*)"'),
    (2, "uWSGI",
        rf"\[pid: [^\]]+\] {WHO} \([^)]*\) \{{[^}}]*\}} {WHEN} (?P<method>[A-Z]+) (?P<target>[^ ]+) =>"),
    (2, "chi", rf'(?:\[[^\]]*\] )?(?P<when>\d{{4}}/\d\d/\d\d [\d:]{{8}}) (?:\[[^\]]*\] )?{REQUEST} from {WHO} - '),
    (0, "one time, one address and a request", rf"{ONE_TIME}{OTHER}(?P<who>{IP}){OTHER}{REQUEST}"),
    (0, "one time and a request", rf"{ONE_TIME}{OTHER}{REQUEST}(?P<who>)"),
)  # fmt: skip
# What is not sure, even where a format fits.
REMARKS = {
    "combined, with X-Forwarded-For in front": "of the two addresses in front the first is taken for the caller",
    "combined, with the server's address in front": "of the two addresses in front the second is taken for the caller",
}
HUNG_UP = re.compile(r'[\]\d] "(?![A-Z]+ )')  # what was sent was no HTTP request, or nothing at all

# What syslog, a container or kubectl writes before a line.
SPACED = ISO.replace(" ", r"\ ")
PREFIX = re.compile(
    rf"""(?:(?!{SPACED}|(?:DEBUG|INFO|WARNING|ERROR):)[\w.*/\\-]++:(?:\d+:)?(?=\S)|MESSAGE=)?  # grep; journalctl -o export
    (?:(?:\d+\ )?<\d+>1\ (?:\S+\ ){{5}}(?:-|(?:\[(?:[^\]"]|{QUOTED})*\])+)\ \ufeff?  # RFC 5424
    | (?:<\d+>)?(?:[A-Z][a-z]{{2}}\ [\ \d]\d\ \d\d:\d\d:\d\d|{SPACED})\ \S+\ [^\s:\["{{]+(?:\[\d+\])?:\s+  # RFC 3164
    | {SPACED}\ (?:std(?:out|err)\ [FP]\ |(?!http)[\w.$-]+/[\w./$\[\]-]+\ )?  # CRI; docker logs -t, kubectl logs --timestamps; aws logs tail
    | \{{\w+="[^}}]*\}}\ +  # logcli, of Loki
    | \[pod/[^\]]+\]\ +  # kubectl logs --prefix
    | [\w.-]+\ +\|\ +  # docker compose
    | (?:DEBUG|INFO|WARNING|ERROR):[\w.]+:  # Python
    )*""",
    re.VERBOSE,
)
# Docker's file, Filebeat, journald, Graylog, Google Cloud.
INSIDE = ("log", "message", "MESSAGE", "msg", "short_message", "textPayload")


COLOUR = re.compile(r"\x1b\[[\d;]*m")


def _behind_prefix(line: str) -> str:
    line = COLOUR.sub("", line)
    prefix = PREFIX.match(line)
    return line[prefix.end() :] if prefix else line


def _inside_csv(line: str) -> str:
    """Its longest value, as spreadsheets and consoles export a log with a column for each whole line."""
    with suppress(csv.Error):
        return max(next(csv.reader([line]), [""]), key=len) if '""' in line else line
    return line


def _inside_json(line: str) -> str:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    found = [record[key] for key in INSIDE if isinstance(record.get(key), str)] if isinstance(record, dict) else []
    return found[0].rstrip("\n") if found else line


WRAPPED: dict[str, Callable[[str], str]] = {
    "": str,
    ", behind a prefix of syslog, a container, kubectl or grep": _behind_prefix,
    ", inside JSON": _inside_json,
    ", in a column of CSV": _inside_csv,
}


class Pattern:
    """A format in which all lines look alike: see `Named` for what its methods give."""

    def __init__(self, name: str, pattern: str):
        self.name, self.pattern, self.moments = name, re.compile(pattern), Moments()
        self.remarks = [REMARKS[name]] if name in REMARKS else []
        self.place = {group: number - 1 for group, number in self.pattern.groupindex.items()}

    def rows(self, lines: list[str]) -> list[tuple | str | None]:
        found = map(self.pattern.match, lines)
        return [m.groups() if m else _why_not(line) for m, line in zip(found, lines, strict=True)]

    def fields(self, rows: list[tuple]) -> Iterable[Iterable[str]]:
        columns = [*zip(*rows, strict=True)]
        when, who, method, what = (columns[self.place[group]] for group in ("when", "who", "method", "target"))
        if "forwarded" in self.place:
            both = zip(columns[self.place["forwarded"]], who, strict=True)
            who = [near if far in UNKNOWN else far for far, near in both]
        return when, who, method, what


class Wrapped:
    """Another format, with something around each line."""

    def __init__(self, form: Pattern | Named, how: str):
        self.form, self.unwrap, self.name = form, WRAPPED[how], form.name + how
        self.moments, self.remarks, self.fields = form.moments, form.remarks, form.fields

    def rows(self, lines: list[str]) -> list[tuple | str | None]:
        return self.form.rows([*map(self.unwrap, lines)])


Format = Pattern | Named | Wrapped


def _why_not(line: str) -> str | None:
    return None if not line or line.isspace() else NO_REQUEST if HUNG_UP.search(line) else UNLIKE


def recognise(sample: list[str]) -> Format:
    """The format in which most of these lines can be read. Raises ValueError(what was expected, which line)."""
    found, refused = [], []
    for how, unwrap in WRAPPED.items():
        lines = [*map(unwrap, sample)]
        if how and lines == sample:
            continue
        forms: list[tuple[float, Pattern | Named]] = [
            (sure, Pattern(name, pattern)) for sure, name, pattern in PATTERNS
        ]
        for kind in KINDS:
            try:
                forms.append((1, kind(lines)))
            except ValueError as why:
                refused = refused or [*why.args, 1] * bool(why.args)
        for sure, form in forms:
            count, callers = _reads(form, lines)
            found.append((count, sure, callers, Wrapped(form, how) if how else form))
    count, _, _, best = max(found, key=lambda each: each[:3])
    if count:
        return best
    raise ValueError(*(refused or _expected(sample))[:2])


def _reads(form: Pattern | Named, lines: list[str]) -> tuple[int, int]:
    """How many lines it can read, and how many callers it tells apart."""
    rows = [row for row in form.rows(lines) if isinstance(row, tuple)]
    when, who, *_ = form.fields(rows) if rows else ((), ())
    return sum(not isnan(form.moments[stamp]) for stamp in when), len(set(who) - UNKNOWN)


# What a file that can't be read seems to be, and what was expected.
SEEMS = (
    (r'\s*(?:[\[{]\s*$|\[\s*\{|\{\s*"\w+"\s*:\s*\[)',
     "it is a JSON document: expected is JSON with an object a line (jq -c '.[]', or '.records[]', makes it)"),
    (r"\d{4}/\d\d/\d\d [\d:]{8} \[|\[[^\]]+\] \[[\w:]+\] \[pid ",
     "it is an error log: expected is the access log, which names every request"),
    (rf"(?!.*(?:{ANY_TIME})).*\"[A-Z]+ /[^\"]*\"",
     "it does not say when: expected is a time in each line (docker logs -t and kubectl logs --timestamps add one)"),
    (r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /[^ ]* \d{3} ",
     "it does not say when: expected is a time in each line"),
    (r"\[?\d\d:\d\d:\d\d(?:\.\d+)?\]? ",
     "its times have no date: expected is the day, too"),
    (rf"(?:tls|tcp) \d\.\d {ISO} ",
     "it is the log of a network load balancer, which knows connections: expected is a log that names every request"),
    (rf'(?>[^"]*?(?:{ANY_TIME}))[^"]*?(?:{ANY_TIME})[^"]*"[A-Z]+ /',
     "several times stand before the request, and which of them is its own can't be told: expected is one"),
    (rf'{OTHER}{IP}{OTHER}{IP}[^"]*"[A-Z]+ ',
     "several addresses stand before the request, and which of them sent it can't be told: expected is one"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [\w.:]+ ",
     "it looks like W3C extended: expected is a line #Fields: before it, which names the fields"),
    (r".*[\x00-\x08\x0e-\x1a\x1c-\x1f]|(?:.*\ufffd){4}",
     "it is no text: expected are lines that can be read, packed with gzip, bzip2 or xz or not at all"),
    (rf"(?=.*(?:{ANY_TIME}|\b1\d{{12}}\b))(?:(?:[^\t]*\t){{3}}|(?:[^,\"]*,){{3}}|(?:[^|]*\|){{3}})",
     "its columns have no names: expected is a first line that names them, as in timestamp,client,method,path"),
    ("",
     'expected is the common or combined format, as in 10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 200 '
     '5, or CSV with a column "timestamp", JSON lines, W3C with #Fields, or the log of an AWS load balancer'),
)  # fmt: skip


def _expected(sample: list[str]) -> tuple[str, int]:
    """What to say of a file in no known format, and which line shows it."""
    for pattern, what in SEEMS:
        for number, line in enumerate(sample, 1):
            if line.strip() and re.match(pattern, line):
                return what, number
    return "it is empty", 0
