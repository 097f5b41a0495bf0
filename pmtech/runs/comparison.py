"""A paired experiment: the same customers meet several designs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pmtech.runs.certainty import BATCHES
from pmtech.runs.events.event import as_events
from pmtech.runs.result import Result
from pmtech.runs.simulate import check_run, simulate
from pmtech.runs.table import Table
from pmtech.runs.views import told
from pmtech.system.system import System, check_complete

T_95 = 2.262  # Student's t, 97.5 %, BATCHES - 1 degrees of freedom; `student` would load scipy for it
ALL = "all"


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came out of each design.

    results: label -> Result, in the order given.
    """

    results: dict[str, Result]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The figures of `Result.by_client`, a row a (design, client); the row "all" is the whole run.

        `comparison.table.served_per_s.unstack()` has the designs as rows and the clients as columns.
        """
        rows = {}
        for design, result in self.results.items():
            for client, figures in result.by_client.iterrows():
                rows[design, client] = figures
            rows[design, ALL] = result.summary.drop("cost_usd_per_hour")
        return _indexed(rows)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Requests served a second more than in the first design, with the 95 % interval, a row a (design, client).

        The interval is that of batch means of the paired difference: the run is cut into ten equal stretches, in each
        the two designs' served requests are counted and subtracted, and Student's t is applied to the ten
        differences. Both designs serve the same customers, so the luck of the arrivals cancels (common random
        numbers). Batches rather than single requests, because neighbours in a queue share their fate and are no
        independent evidence. Source: Law, "Simulation Modeling and Analysis", 5th ed. 2015, sections 9.5.3 (batch
        means), 10.2.1 (paired-t) and 11.2 (common random numbers).

        What this leaves out: batches next to each other still depend a little on one another when queues are long,
        so the true interval is then somewhat wider; other days' customers are what other seeds are for.
        """
        base, *others = self.results.values()
        rows = {}
        for design, result in zip(list(self.results)[1:], others, strict=True):
            for client in [*result.by_client.index, ALL]:
                gains = _batches(result, client) - _batches(base, client)
                half = T_95 * gains.std(ddof=1) / np.sqrt(BATCHES)
                rows[design, client] = {
                    "served_per_s": gains.mean(),
                    "low_per_s": gains.mean() - half,
                    "high_per_s": gains.mean() + half,
                }
        return _indexed(rows)

    @property
    def deliveries(self) -> Table:
        """What became of the messages of each design that has any: see `Result.deliveries`."""
        return told({label: run.messages_of() for label, run in self.results.items() if run.queues})

    @property
    def p95(self) -> Table:
        """Within how many seconds 95 of 100 answers came: a row a client, a column a design."""
        rows = {label: run.by_client.p95_ms / 1000 for label, run in self.results.items()}
        names = {name: run.system.label(name) for run in self.results.values() for name in run.by_client.index}
        shown = Table(pd.DataFrame(rows).loc[list(names)].rename(index=names))
        shown.words = {design: (f"{design}: p95", "s") for design in rows}
        return shown


def run_designs(
    designs: dict[str, System], *, duration_s: float = 60.0, warmup_s: float = 0.0, seed: int = 1, events: Iterable = ()
) -> dict[str, Result]:
    """Run each design with the same customers: label -> Result. Raises ValueError before anything runs."""
    if not isinstance(designs, dict) or len(designs) < 2:
        raise ValueError('at least two designs are needed, such as {"today": system, "with a limit": other}')
    for label in designs:
        if not isinstance(label, str) or not label.strip():
            raise ValueError(f"the label of a design must be a few words, got {label!r}")
    events, complete = as_events(events), {}
    for label, system in designs.items():
        try:
            complete[label] = check_complete(system)
            check_run(complete[label], duration_s, warmup_s, seed)
            if ALL in complete[label].sources:
                raise ValueError(f'"{ALL}" is the name of the row for all clients together: call the client otherwise')
        except ValueError as refused:
            raise ValueError(f'design "{label}": {refused}') from None
    return {
        label: simulate(system, duration_s=duration_s, warmup_s=warmup_s, seed=seed, events=events)
        for label, system in complete.items()
    }


def by_label(what: str, runs: Any) -> dict[str, Result]:
    """What `compare` gave, {label: run}, or one run, as label -> run. what: who takes it, for the sentence of the ValueError."""
    results = {"this run": runs} if isinstance(runs, Result) else getattr(runs, "results", runs)
    if not isinstance(results, dict) or not results or not all(isinstance(run, Result) for run in results.values()):
        raise ValueError(f'{what} needs what compare(...) gave, or runs, {{"now": simulate(system)}}, got {runs!r}')
    return results


def _batches(result: Result, client: str) -> np.ndarray:
    """Requests served a second in each of the equal stretches of the measured window."""
    records = result.records
    served = records.served if client == ALL else records.served & records.sent_by(client)
    edges = np.linspace(result.warmup_s, result.duration_s, BATCHES + 1)
    counts, _ = np.histogram(records.finished_s[served], bins=edges)
    return counts * BATCHES / result.window_s


def _indexed(rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index = pd.MultiIndex.from_tuples(rows, names=["design", "client"])
    return frame
