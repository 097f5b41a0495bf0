"""The tables of a run, and of several designs beside one another, that lessons show."""

from collections.abc import Mapping
from http import HTTPStatus
from math import inf, isnan

import numpy as np
import pandas as pd

from pmtech.runs.deliveries import Deliveries
from pmtech.runs.summary import Summarised
from pmtech.runs.table import Table
from pmtech.wording import seconds

TIMES = ["mean_ms", "p95_ms", "p99_ms"]


class RunViews(Summarised):
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

    results: Mapping[str, RunViews]

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
