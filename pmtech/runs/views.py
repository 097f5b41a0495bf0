"""The tables that lessons show of a run, each a property of `Result`."""

from http import HTTPStatus
from math import inf, isnan

import numpy as np
import pandas as pd

from pmtech.runs.deliveries import Deliveries
from pmtech.runs.summary import open_at
from pmtech.runs.table import Table
from pmtech.wording import seconds

TIMES = ["mean_ms", "p95_ms", "p99_ms"]


def waiting_share(run, mine: np.ndarray | slice = slice(None)) -> float:
    """The share of the requests of the measured window, or of `mine`, that have no answer yet at its end."""
    arrived, status = run.records.arrived_s[mine], run.records.status[mine]
    asked = status[arrived >= run.warmup_s]
    return float((asked == 0).mean()) if len(asked) else 0.0


def times(run) -> Table:
    """How long answers took: on average, and within which time 95 and 99 of 100 came."""
    return Table([run.summary[TIMES]], index=["all requests"])


def inside(run) -> Table:
    """Little's law: how many arrive a second, how long each stays, their product, and how many were counted."""
    asked, stay_ms = run.summary.offered_per_s, run.summary.mean_ms
    counted = run.timeline.in_system.iloc[int(run.warmup_s) :].mean()
    row = {"offered_per_s": asked, "inside_ms": stay_ms, "multiplied": asked * stay_ms / 1000, "counted": counted}
    return Table([row], index=["requests"])


def clients(run) -> Table:
    """What became of each client's requests: asked, served, time to answer, refused, still waiting."""
    shown = run.by_client[["offered_per_s", "served_per_s", "p95_ms", "error_rate"]]
    waiting = [waiting_share(run, run.records.sent_by(name)) for name in shown.index]
    return Table(shown.assign(waiting_share=waiting).rename(index=run.system.label))


def statuses(run) -> Table:
    """How many of each client's requests of the measured window ended how: a column a status."""
    asked = run.requests[run.requests.arrived_s >= run.warmup_s]
    table = pd.crosstab(asked.client, asked.status).rename_axis(index=None, columns=None)
    order = sorted(table.columns, key=lambda code: code or inf)  # 0, no answer yet, comes last
    table = table.reindex([name for name in run.records.sources if name in table.index])[order]
    names = {code: f"{code} {HTTPStatus(code).phrase}" if code else "no answer yet" for code in order}
    return Table(table.rename(index=run.system.label, columns=names))


def oldest_ms(run) -> float:
    """The greatest age of a message, from publication until its work is done; infinity with a dead letter among them."""
    return run.messages_of().oldest_s * 1000


def caught_up_s(run) -> float:
    """From when on nobody waits in the queue that was the longest; infinity where that never comes."""
    lines = [line for line in map(run.backlog, run.queues) if len(line[0])]
    if not lines:
        return 0.0
    joined, gone = max(lines, key=lambda line: len(line[0]))
    moments = np.sort(np.concatenate([joined, gone]))
    length = open_at(joined, gone, moments)
    worst = int(length.argmax())
    return float(moments[worst:][length[worst:] == 0][0])


def deliveries(run) -> Table:
    """What became of the messages, a row a queue: done, handed out again, dead, how late, how many out of order."""
    return told({run.system.label(queue): run.messages_of(queue) for queue in run.queues})


def first_refusal(run) -> Table:
    """The first refused request: whose, when, with which status, and for how long it was told to stay away."""
    row = run.refusals.head(1)
    whose = [run.system.label(run.requests.client[number]) for number in row.request]
    return Table(row[["at_s", "status", "retry_after_s"]].set_axis(whose))


def told(messages: dict[str, Deliveries]) -> Table:
    """A row for each of these: counts, and ages in words, for those of one queue may be ms and of the next minutes."""
    rows = {}
    for label, mine in messages.items():
        done, dead = int((mine.outcome == "done").sum()), int(mine.dead.sum())
        ages = map(mine.within_s, (0.5, 0.95))
        half, most = ["not yet" if isnan(age_s) else seconds(age_s, mine.until_s) for age_s in ages]
        row = {"published": len(mine), "done": done, "again": mine.again, "dead": dead}
        rows[label] = row | {"half": half, "most": most, "overtaken": mine.overtaken}
    return Table.of(rows)
