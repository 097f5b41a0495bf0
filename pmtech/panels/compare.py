"""The same customers in several designs, side by side: a table and a chart by client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import traitlets

from pmtech import charts
from pmtech.panels.widget import Panel
from pmtech.runs.comparison import ALL, Comparison, run_designs
from pmtech.system.system import System
from pmtech.wording import percent, rate, seconds


class ComparisonPanel(Panel):
    """Shows a comparison; `table` is a list of rows of text, the first of them the headings."""

    alone = True

    _esm = Path(__file__).parent / "compare.js"
    _css = Path(__file__).parent / "compare.css"

    table = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    height = traitlets.Int().tag(sync=True)


@dataclass(frozen=True, eq=False)
class ShownComparison(Comparison):
    """A comparison that shows itself in a notebook.

    steady: did nothing change during the run? Otherwise its stretches are not alike, and the interval of their means
    would say how much they differ and not how sure the difference is.
    """

    steady: bool = True

    def panel(self) -> ComparisonPanel:
        first, why = next(iter(self.results)), ""
        how = (
            f" In brackets, how low or high chance could make the difference to “{first}” (95 % confidence)."
            if self.steady
            else ""
        )
        if charts.served_alike(self.results):
            why = " Each serves the same share of what is asked, so the bars show p95."
        figure = charts.by_design(self.results)
        return ComparisonPanel(
            table=_rows(self),
            note=f"The same customers in every design.{how}{why}",
            figure=figure,
            height=72 + 18 * len(self.results) * len(figure["layout"]["yaxis"]["tickvals"]),
        )

    def _repr_mimebundle_(self, **_):
        return {**self.panel()._repr_mimebundle_(), "text/plain": self.table.to_string()}


def compare(
    designs: dict[str, System], *, duration_s: float = 60.0, warmup_s: float = 0.0, seed: int = 1, events: Iterable = ()
) -> Comparison:
    """Let the same customers meet each design ({label: system}) and show what becomes of them, side by side.

    The last line of a cell shows a table and a chart by client; `.table`, `.differences` and `.results` are the
    figures. duration_s, warmup_s, seed and events are those of `simulate`. Raises ValueError with a sentence.
    """
    events = tuple(events)
    results = run_designs(designs, duration_s=duration_s, warmup_s=warmup_s, seed=seed, events=events)
    return ShownComparison(results, steady=not events)


def _rows(comparison: ShownComparison) -> list[list[str]]:
    first = next(iter(comparison.results))
    rows = [["Design", "Served a second", f"Against “{first}”", "p95 answer", "Refused or failed", "Cost an hour"]]
    for label, result in comparison.results.items():
        s = result.summary
        against = "" if label == first else _against(comparison.differences.loc[label, ALL], comparison.steady)
        wait = "–" if s.p95_ms != s.p95_ms else seconds(s.p95_ms / 1000)
        rows.append([label, rate(s.served_per_s), against, wait, percent(s.error_rate), f"${s.cost_usd_per_hour:.2f}"])
    return rows


def _against(difference, steady: bool) -> str:
    low, high = _signed(difference.low_per_s), _signed(difference.high_per_s)
    return _signed(difference.served_per_s) + (f" ({low} to {high})" if steady else "")


def _signed(value: float) -> str:
    text = f"{abs(value):,.{0 if abs(value) >= 20 else 1}f}"
    return "0" if text == "0.0" else f"{'+' if value > 0 else '−'}{text}"
