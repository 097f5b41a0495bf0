"""Tables with people's words for their columns, one unit and one precision each."""

import html
import re
from collections.abc import Iterable, Mapping
from itertools import repeat
from math import floor, isfinite, log10

import numpy as np
import pandas as pd

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
    "inside_ms": ("stay, on average", "ms"),
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

FIGURE = re.compile(
    r"((less|more) than )?[-−+]?[$]?\d.{0,12}$|(–|not yet|at once)?$"
)  # a number with its unit, or nothing


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


def table(heads: Iterable[str], rows: Iterable[Iterable], note: str = "") -> str:
    """The HTML of a table: the first column names the row; figures stand under one another, words begin at the left. A column
    is one of figures where most of its cells are.

    Everything is shown as the text that it is. Lines of a cell stay lines.
    """
    texts = [[str(cell) for cell in row] for row in rows]
    kinds = ["" if _of_figures(cells) else ' class="pmtech-said"' for cells in zip(*texts, strict=True)]

    def line(cells: Iterable[str], tag: str, scope: str) -> str:
        shown = []
        for place, (text, kind) in enumerate(zip(cells, kinds or repeat(""), strict=False)):
            open_ = f'th scope="{scope}"' if text and (tag == "th" or not place) else "td"
            words = html.escape(text).replace("\n", "<br>")
            shown.append(f"<{open_}{kind if place else ''}>{words}</{open_[:2]}>")
        return f"<tr>{''.join(shown)}</tr>"

    head, body = line(heads, "th", "col"), "".join(line(row, "td", "row") for row in texts)
    under = f'<p class="pmtech-quiet">{html.escape(note)}</p>' if note else ""
    # mathjax_ignore: dollars in a table are money, not formulas.
    return (
        f'<div class="pmtech mathjax_ignore" data-filled><table class="pmtech-figures"><thead>{head}</thead>'
        f"<tbody>{body}</tbody></table>{under}</div>"
    )


def _of_figures(cells: tuple[str, ...]) -> bool:
    """Are more than half of those in which something stands figures?"""
    figures = [bool(FIGURE.match(cell)) for cell in cells if cell]
    return 2 * sum(figures) > len(figures) or not figures


def column(values, unit: str, longest_ms: float = 0) -> tuple[str, list[str]]:
    """A column of figures as text, all in one unit and to one precision: ("s", ["0.40", "12.30"]); "–" for nothing and for never.

    unit: "ms" (seconds where the longest, here or in a column beside it, takes ten), "%" (of shares of 1), "$", any other
    word, or "".
    """
    if not all(isinstance(value, int | float | np.number) for value in values):
        return unit, [str(value) for value in values]
    if unit == "ms" and max([longest_ms, *(value for value in values if isfinite(value))]) >= 10_000:
        unit, scale = "s", 0.001
    else:
        scale = 100 if unit == "%" else 1
    shown = [value * scale for value in values]
    digits = _digits([abs(value) for value in shown if value and isfinite(value)], unit)
    return unit, [f"{value:,.{digits}f}" if isfinite(value) else "–" for value in shown]


def _digits(known: list[float], unit: str) -> int:
    """So many decimals that every figure of a column says something: cents, whole ms, three digits of the largest."""
    least, most = min(known, default=0), max(known, default=0)
    if unit == "$" and known:
        return 0 if most >= 100 else next((digits for digits in (2, 3, 4) if _exact(known, digits)), 2)
    if all(value.is_integer() for value in map(float, known)):
        return 0
    if unit in ("ms", "%", "requests"):
        return int(least < 1)
    by_most = max(0, 2 - max(0, floor(log10(most))))
    return max(by_most, 2 if least < 1 else 1 if least < 10 else 0) if unit == "s" else max(by_most, int(least < 1))


def _exact(known: list[float], digits: int) -> bool:
    return all(abs(round(value, digits) - value) < 1e-9 for value in known)
