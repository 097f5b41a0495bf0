"""The same customers in several designs, side by side: a table and a chart by client."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import traitlets

from pmtech import charts
from pmtech.findings.sentences import has_changed
from pmtech.panels.widget import Panel
from pmtech.runs.comparison import ALL, Comparison, run_designs
from pmtech.runs.events.event import as_events
from pmtech.runs.table import column
from pmtech.system.system import System
from pmtech.wording import shown_in


class ComparisonPanel(Panel):
    """Shows a comparison; `table` is a list of rows of text, the first of them the headings."""

    alone = True

    _esm = Path(__file__).parent / "compare.js"

    table = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    height = traitlets.Int().tag(sync=True)


@dataclass(frozen=True, eq=False)
class ShownComparison(Comparison):
    """A comparison that shows itself in a notebook.

    steady: did nothing change during the run, and as many come all the time? Otherwise its stretches are not alike, and the
    interval of their means would say how much they differ and not how sure the difference is.
    """

    steady: bool = True

    def panel(self) -> ComparisonPanel:
        first, why = next(iter(self.results)), ""
        how = f" In brackets, how low or high chance could make the difference to “{first}” (95 % confidence)."
        if charts.served_alike(self.results):
            why = " Each serves about the same share of what is asked, so the bars show p95."
        figure = charts.by_design(self.results)
        return ComparisonPanel(
            table=_rows(self),
            note=f"The same customers in every design.{how * self.steady}{why}",
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
    results = run_designs(designs, duration_s=duration_s, warmup_s=warmup_s, seed=seed, events=as_events(events))
    return ShownComparison(results, steady=not any(map(has_changed, results.values())))


def _rows(comparison: ShownComparison) -> list[list[str]]:
    """The table as text: each column in one unit, to one precision."""
    runs = comparison.results
    first, sums = next(iter(runs)), [run.summary for run in runs.values()]
    waiting = [run.waiting_share for run in runs.values()]
    p95, times = column([s.p95_ms for s in sums], "ms")
    served = column([s.served_per_s for s in sums], "")[1]
    digits = len(served[0].partition(".")[2])
    columns = {
        "design": list(runs),
        "served a second": served,
        f"against “{first}”": _against(comparison, [round(s.served_per_s, digits) for s in sums], digits),
        f"p95, {p95}": times,
        **_done(list(runs.values())),
        "refused or failed, %": column([s.error_rate for s in sums], "%")[1],
        "still waiting, %": column(waiting, "%")[1],
        "cost an hour, $": column([s.cost_usd_per_hour for s in sums], "$")[1],
    }
    return [list(columns), *map(list, zip(*columns.values(), strict=True))]


def _done(runs: list) -> dict[str, list[str]]:
    """Where any design has messages: within which time 95 of 100 of them are done."""
    within_s = [run.messages_of().within_s(0.95) for run in runs]
    unit, per = shown_in("within_s", max(run.duration_s for run in runs))
    if per == 1 or not any(age_s >= per for age_s in within_s):
        unit, per = "ms", 0.001
    unit, times = column([age_s / per for age_s in within_s], unit)
    return {f"95 of 100 done, {unit}": times} if any(run.queues for run in runs) else {}


def _against(comparison: ShownComparison, served: list[float], digits: int) -> list[str]:
    """How many more a second than in the first design, as the figures that stand beside it differ, and how low or high
    chance could make it; so many decimals."""
    said = [""]
    for label, value in zip(list(comparison.results)[1:], served[1:], strict=True):
        row, more = comparison.differences.loc[label, ALL], value - served[0]
        low, high = (_signed(f(more, end), digits) for f, end in ((min, row.low_per_s), (max, row.high_per_s)))
        said.append(_signed(more, digits) + f" ({low} to {high})" * comparison.steady)
    return said


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):,.{digits}f}"
    return text if float(text.replace(",", "")) == 0 else f"{'+' if value > 0 else '−'}{text}"
