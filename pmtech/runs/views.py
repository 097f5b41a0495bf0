"""What a run is asked for in a lesson: single figures by their path, and tables with people's words for their columns."""

import html
import operator
import re
from collections.abc import Mapping
from http import HTTPStatus
from math import floor, inf, isnan, log10
from typing import Any

import numpy as np
import pandas as pd

from pmtech.runs.deliveries import Deliveries
from pmtech.wording import seconds

# How a column is called, and the unit it is in. Any other column is called by its own name.
COLUMNS = {
    "offered_per_s": ("asked a second", ""),
    "served_per_s": ("served a second", ""),
    "can_serve_per_s": ("can serve a second, about", ""),
    "mean_ms": ("average", "ms"),
    "p50_ms": ("half within", "ms"),
    "p95_ms": ("95 of 100 within (p95)", "ms"),
    "p99_ms": ("99 of 100 within (p99)", "ms"),
    "error_rate": ("refused or failed", "%"),
    "waiting_share": ("still waiting", "%"),
    "asked": ("asked", "requests"),
    "served": ("served", "requests"),
    "refused": ("refused or failed", "requests"),
    "waiting": ("still waiting", "requests"),
    "inside_s": ("stay, on average", "s"),
    "multiplied": ("multiplied", ""),
    "counted": ("inside, counted each second", ""),
    "at_s": ("refused at", "s"),
    "status": ("status", ""),
    "retry_after_s": ("told to stay away for", "s"),
    "workers": ("workers", ""),
    "memory_gib": ("memory", "GiB"),
    "usd_per_hour": ("an hour", "$"),
    "usd_per_month": ("a month", "$"),
    "usd_per_million": ("for a million requests", "$"),
    "cost_usd_per_hour": ("cost an hour", "$"),
    "done": ("done", ""),
    "again": ("handed out again", ""),
    "dead": ("dead letters", ""),
    "half": ("half done within", ""),
    "most": ("95 of 100 done within", ""),
    "overtaken": ("overtaken by a later one", "%"),
}


class Table(pd.DataFrame):
    """Figures that show themselves: people's words, one unit and one precision a column, a note under it.

    What is computed from it is an ordinary DataFrame.
    """

    _metadata = ["note", "words"]

    @property
    def _constructor(self):
        return pd.DataFrame

    @classmethod
    def of(cls, rows: Mapping, words: Mapping[str, tuple[str, str]] = COLUMNS, note: str = "") -> "Table":
        """From {what a row is called: its figures}. words: column -> what it is called, and its unit."""
        table = cls(pd.DataFrame.from_dict(rows, orient="index"))
        table.words, table.note = words, note
        return table

    def _repr_html_(self) -> str:
        words = getattr(self, "words", None) or COLUMNS
        heads, columns = [], []
        named = [words.get(name, (str(name).replace("_", " "), "")) for name in self.columns]
        longest = max(
            (self[name].max() for name, (_, unit) in zip(self, named, strict=True) if unit == "ms"), default=0
        )
        for name, (said, unit) in zip(self.columns, named, strict=True):
            unit, texts = column(self[name], unit, longest)
            heads.append(f"{said}, {unit}" if unit else said)
            columns.append(texts)
        labels = [str(one) if isinstance(one, str) else f"{self.index.name or 'row'} {one}" for one in self.index]
        return table(["", *heads], zip(labels, *columns, strict=True), getattr(self, "note", ""))


def table(heads: list[str], rows, note: str = "") -> str:
    """The HTML of a table of text: the first column names the row, figures stand under one another."""
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' if text else "<td></td>" for text in heads)
    body = "".join(
        f'<tr><th scope="row">{html.escape(label)}</th>{"".join(f"<td>{html.escape(text)}</td>" for text in cells)}</tr>'
        for label, *cells in rows
    )
    under = f'<p class="pmtech-quiet">{html.escape(note)}</p>' if note else ""
    # mathjax_ignore: dollars in a table are money, not formulas.
    return (
        f'<div class="pmtech mathjax_ignore" data-filled><table class="pmtech-figures"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{under}</div>"
    )


def column(values, unit: str, longest_ms: float = 0) -> tuple[str, list[str]]:
    """A column of figures as text, all in one unit and to one precision: ("s", ["0.40", "12.30"]); "–" for nothing.

    unit: "ms" (seconds where the longest, here or in a column beside it, takes ten), "%" (of shares of 1), "$", any other
    word, or "".
    """
    if not all(isinstance(value, int | float | np.number) for value in values):
        return unit, [str(value) for value in values]
    if unit == "ms" and max([longest_ms, *(value for value in values if not isnan(value))]) >= 10_000:
        unit, scale = "s", 0.001
    else:
        scale = 100 if unit == "%" else 1
    shown = [value * scale for value in values]
    digits = _digits([abs(value) for value in shown if value and not isnan(value)], unit)
    return unit, ["–" if isnan(value) else f"{value:,.{digits}f}" for value in shown]


def _digits(known: list[float], unit: str) -> int:
    """So many decimals that every figure of a column says something: cents, whole ms, three digits of the largest."""
    if not known or all(value.is_integer() for value in map(float, known)):
        return 0
    least, most = min(known), max(known)
    if unit == "$":
        return 0 if most >= 100 else next((digits for digits in (2, 3, 4) if _exact(known, digits)), 2)
    if unit in ("ms", "%", "requests"):
        return int(least < 1)
    by_most = max(0, 2 - max(0, floor(log10(most))))
    return max(by_most, 2 if least < 1 else 1 if least < 10 else 0) if unit == "s" else max(by_most, int(least < 1))


def _exact(known: list[float], digits: int) -> bool:
    return all(abs(round(value, digits) - value) < 1e-9 for value in known)


# --- single figures ------------------------------------------------------------------------------------------------------

CROSSING = r"(?P<along>.+) where (?P<of>.+) is (?P<level>[\d.]+)"
_OPERATIONS = {"+": operator.add, "-": operator.sub, "x": operator.mul, "/": operator.truediv}


def figure(run: Any, path: str) -> float:
    """A figure of what a lesson has run, by its path.

    "p95_ms" of the whole run, "company_b.p95_ms" of a client, "server.utilisation" of a part; "with C/p95_ms" of a
    design or a row that is called so; of anything else its attribute, "charges", or how many there are of it. Figures and numbers may be joined,
    from left to right: "mean_ms - 95". Of a sweep also "visitors.rate_per_s where p95_ms is 1000". Raises ValueError with a sentence when the run has no such figure.
    """
    if where := re.fullmatch(CROSSING, path):
        return _crossing(run[where["along"]], run[where["of"]], float(where["level"]))
    first, *rest = re.split(r" ([-+x/]) ", path)
    value = _single(run, first)
    for sign, operand in zip(rest[::2], rest[1::2], strict=True):
        value = _OPERATIONS[sign](value, _single(run, operand))
    return value


def _crossing(x, y, level: float) -> float:
    """Where a curve first reaches a level, on a straight line between its points; NaN where it does not."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    above = np.flatnonzero(y >= level)
    if not len(above) or above[0] == 0:
        return float("nan")
    at = slice(above[0] - 1, above[0] + 1)
    return float(np.interp(level, y[at], x[at]))


def _single(run: Any, path: str) -> float:
    if re.fullmatch(r"[\d.]+", path):
        return float(path)
    label, slash, name = path.rpartition("/")
    try:
        return float(_of(_design(run, label) if slash else run, name))
    except (KeyError, AttributeError, TypeError):
        raise ValueError(f'"{path}" is not among the figures of this run') from None


def _design(run: Any, label: str) -> Any:
    if isinstance(run, pd.DataFrame):
        turned = run.iloc[:, 0].astype(str)  # of a sweep
        return run.loc[label] if label in run.index else run[turned == label].squeeze()
    return (run if isinstance(run, dict) else run.results)[label]


def _of(run: Any, name: str) -> Any:
    if hasattr(run, "by_client"):
        part, dot, figure = name.rpartition(".")
        if not dot:
            return run.summary[figure] if figure in run.summary.index else getattr(run, figure)
        return (run.by_client if part in run.by_client.index else run.components).loc[part, figure]
    value = run[name] if isinstance(run, pd.Series) else getattr(run, name)
    return len(value) if isinstance(value, list) else value


# --- tables --------------------------------------------------------------------------------------------------------------

TIMES = ["mean_ms", "p95_ms", "p99_ms"]


class RunViews:
    """The tables of a `Result` that lessons show."""

    @property
    def waiting_share(self) -> float:
        """The share of the requests of the measured window that have no answer yet at its end."""
        return self._waiting(slice(None))

    def _waiting(self, mine) -> float:
        arrived, status = self.records.arrived_s[mine], self.records.status[mine]
        asked = status[arrived >= self.warmup_s]
        return float((asked == 0).mean()) if len(asked) else 0.0

    @property
    def times(self) -> Table:
        """How long answers took: on average, and within which time 95 and 99 of 100 came."""
        return Table([self.summary[TIMES]], index=["all requests"])

    @property
    def inside(self) -> Table:
        """Little's law: how many arrive a second, how long each stays, their product, and how many were counted."""
        asked, stay_s = self.summary.offered_per_s, self.summary.mean_ms / 1000
        counted = self.timeline.in_system.iloc[int(self.warmup_s) :].mean()
        row = {"offered_per_s": asked, "inside_s": stay_s, "multiplied": asked * stay_s, "counted": counted}
        return Table([row], index=["requests"])

    @property
    def clients(self) -> Table:
        """What became of each client's requests: asked, served, time to answer, refused, still waiting."""
        shown = self.by_client[["offered_per_s", "served_per_s", "p95_ms", "error_rate"]]
        numbers = [self.records.sources.index(name) for name in shown.index]
        waiting = [self._waiting(self.records.client == number) for number in numbers]
        return Table(shown.assign(waiting_share=waiting).rename(index=self.system.label))

    @property
    def statuses(self) -> Table:
        """How many of each client's requests of the measured window ended how: a column a status."""
        asked = self.requests[self.requests.arrived_s >= self.warmup_s]
        table = pd.crosstab(asked.client, asked.status).rename_axis(index=None, columns=None)
        order = sorted(table.columns, key=lambda code: code or inf)  # 0, no answer yet, comes last
        table = table.reindex([name for name in self.records.sources if name in table.index])[order]
        names = {code: f"{code} {HTTPStatus(code).phrase}" if code else "no answer yet" for code in order}
        return Table(table.rename(index=self.system.label, columns=names))

    @property
    def oldest_ms(self) -> float:
        """The greatest age of a message, from publication until its work is done; infinity with a dead letter among them."""
        return self.messages_of().oldest_s * 1000

    @property
    def caught_up_s(self) -> float:
        """From when on nobody waits in the queue that was the longest; infinity where that never comes."""
        lines = [line for line in map(self.backlog, self.queues) if len(line[0])]
        if not lines:
            return 0.0
        joined, gone = max(lines, key=lambda line: len(line[0]))
        moments = np.sort(np.concatenate([joined, gone]))
        length = np.searchsorted(np.sort(joined), moments, "right") - np.searchsorted(np.sort(gone), moments, "right")
        worst = int(length.argmax())
        return float(moments[worst:][length[worst:] == 0][0])

    @property
    def deliveries(self) -> Table:
        """What became of the messages, a row a queue: done, handed out again, dead, how late, how many out of order."""
        return _told({self.system.label(queue): self.messages_of(queue) for queue in self.queues})

    @property
    def first_refusal(self) -> Table:
        """The first refused request: whose, when, with which status, and for how long it was told to stay away."""
        row = self.refusals.head(1)
        whose = [self.system.label(self.requests.client[number]) for number in row.request]
        return Table(row[["at_s", "status", "retry_after_s"]].set_axis(whose))


def _told(messages: dict[str, Deliveries]) -> Table:
    """A row for each of these: counts, and ages in words, for those of one queue may be ms and of the next minutes."""
    rows = {}
    for label, mine in messages.items():
        done, dead = int((mine.outcome == "done").sum()), int(mine.dead.sum())
        half, most = ["not yet" if isnan(age_s) else seconds(age_s) for age_s in map(mine.within_s, (0.5, 0.95))]
        row = {"published": len(mine), "done": done, "again": mine.again, "dead": dead}
        rows[label] = row | {"half": half, "most": most, "overtaken": mine.overtaken}
    return Table.of(rows)


class ComparisonViews:
    """The tables of a `Comparison` that lessons show."""

    @property
    def deliveries(self) -> Table:
        """What became of the messages of each design that has any: see `Result.deliveries`."""
        return _told({label: run.messages_of() for label, run in self.results.items() if run.queues})

    @property
    def counts(self) -> Table:
        """How many requests were asked, served, refused and left waiting by each design, in the measured window."""
        rows = {}
        for label, run in self.results.items():
            asked = run.summary.offered_per_s * run.window_s
            refused, waiting = run.summary.error_rate * asked, run.waiting_share * asked
            rows[label] = {"asked": asked, "served": asked - refused - waiting, "refused": refused, "waiting": waiting}
        return Table(pd.DataFrame.from_dict(rows, orient="index").round())

    @property
    def p95(self) -> Table:
        """Within how many seconds 95 of 100 answers came: a row a client, a column a design."""
        rows = {label: run.by_client.p95_ms / 1000 for label, run in self.results.items()}
        names = {name: run.system.label(name) for run in self.results.values() for name in run.by_client.index}
        shown = Table(pd.DataFrame(rows).loc[list(names)].rename(index=names))
        shown.words = {design: (f"{design}: p95", "s") for design in rows}
        return shown


class Sweep(Table):
    """What `sweep` gives: one row a combination of values."""

    @property
    def times(self) -> Table:
        """Times to answer and the refused share, a row a value of the first path."""
        return Table(self[[*TIMES, "error_rate"]].set_axis([f"{value:g}" for value in self.iloc[:, 0]]))
