"""What came out of a run: plain records, a row a request, a visit, a refusal or a message, and the figures of these."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from pmtech.engine.records import Records
from pmtech.kinds import explained
from pmtech.runs import views
from pmtech.runs.certainty import intervals
from pmtech.runs.deliveries import Deliveries
from pmtech.runs.events.deploy import slowed as slowed_by_versions
from pmtech.runs.events.event import Slow
from pmtech.runs.offers import History, capacity_stretches, stretches
from pmtech.runs.summary import each_second, open_at, percentiles, percentiles_within, summed_up
from pmtech.system.system import System
from pmtech.wording import value_in_words


@explained
@dataclass(eq=False, repr=False)
class Result:
    """The outcome of one run.

    Latency is the time from a request's arrival to its answer, in ms. Percentiles and means are those of the requests
    that arrived in the measured window and were served (any 2xx): a refusal is quick, and would flatter the
    figures (Beyer and others, "Site Reliability Engineering", 2016, chapter 6). Requests that are still inside at
    the end have no latency yet; where there are many, `explain()` says so, for the figures are then too good.
    Answered is not done: where a queue or a topic accepts work for later, `messages` says what became of it.
    """

    system: System
    records: Records
    _: KW_ONLY
    duration_s: float
    warmup_s: float
    seed: int
    history: History
    events: tuple = ()  # as they were given to `simulate`
    rollbacks: tuple[tuple[float, str], ...] = ()  # (when, of which part a new version was taken back by itself)
    others: tuple[pd.Series, ...] = ()  # the summaries of the other replications

    # findings/ lies above and hands this down when it is imported.
    explain: ClassVar[Callable[..., str]]

    def __repr__(self):
        s = self.summary
        p95 = "" if np.isnan(s.p95_ms) else f"p95 {s.p95_ms:,.0f} ms, "
        gave_up = " or given up" if (self.records.status == 504).any() else ""
        return (
            f"Result: {s.offered_per_s:.1f} requests a second offered, {s.served_per_s:.1f} served, "
            f"{s.error_rate:.1%} refused{gave_up}, {p95}over {value_in_words(self.window_s, '_s')}"
        )

    @property
    def window_s(self) -> float:
        """Seconds that are measured: the run without its warm-up."""
        return self.duration_s - self.warmup_s

    @property
    def at_end(self) -> System:
        """The system with the knobs as they were left."""
        return self.history[-1][1]

    @cached_property
    def requests(self) -> pd.DataFrame:
        """A row a request, in order of arrival; status 0 is still inside at the end."""
        r = self.records
        return pd.DataFrame(
            {
                "client": pd.Series(np.array(r.sources, dtype=object)[r.client], dtype=object),
                "endpoint": pd.Series(r.endpoint(), dtype=object),
                "key": r.key(),
                "arrived_s": r.arrived_s,
                "finished_s": r.finished_s,
                "latency_ms": (r.finished_s - r.arrived_s) * 1000,
                "status": r.status,
                "served_by": pd.Series(r.served_by(), dtype=object),
            }
        )

    @cached_property
    def visits(self) -> pd.DataFrame:
        """A row a request and component: when it came, when work on it began, when it left (NaN: not yet)."""
        frames = [
            pd.DataFrame(
                {
                    "request": visits.row,
                    "component": pd.Series([name] * len(visits.row), dtype=object),
                    "entered_s": visits.entered_s,
                    "started_s": visits.started_s,
                    "left_s": visits.left_s,
                }
            )
            for name, visits in self.records.visits.items()
        ]
        # Stable: within a request the parts stay in flow order.
        return pd.concat(frames, ignore_index=True).sort_values("request", kind="stable", ignore_index=True)

    @cached_property
    def measured(self) -> np.ndarray:
        """Which requests count for how long an answer takes: served, of those that came in the measured window."""
        return self.records.served & (self.records.arrived_s >= self.warmup_s)

    @cached_property
    def refusals(self) -> pd.DataFrame:
        """A row a refused request: where and when, the status, and the Retry-After in seconds (NaN: none was sent)."""
        columns = vars(self.records.refusals)
        return pd.DataFrame(columns).rename(columns={"row": "request"}).astype({"component": object})

    @cached_property
    def messages(self) -> pd.DataFrame:
        """A row a message, in order of publication: published_s, first received_s and done_s (NaN: not yet), how often it
        was handed out, and what became of it: "done", "waiting", "in flight" or "dead"."""
        return pd.DataFrame({name: pd.Series(column) for name, column in self.records.messages.items()})

    def messages_of(self, *queues: str) -> Deliveries:
        """The messages that were published in the measured window, as columns; without names, those of all queues."""
        told = self.records.messages
        mine = told["published_s"] >= self.warmup_s
        if queues:
            mine &= np.isin(told["queue"], queues)
        return Deliveries(**{name: column[mine] for name, column in told.items()}, until_s=self.duration_s)

    @property
    def queues(self) -> list[str]:
        """The parts that keep or copy messages, in the order in which they published."""
        return list(dict.fromkeys(self.records.messages["queue"].tolist()))

    # --- what its parts did ----------------------------------------------------------------------------------------

    offers = capacity_stretches

    @cached_property
    def slowed(self) -> list[Slow]:
        """Whose work was slowed by what happened meanwhile, and from when until when."""
        by_events = [slow for event in self.events for slow in event.slows(self.system)]
        return by_events + [*slowed_by_versions(self.events, self.rollbacks, self.system)]

    def backlog(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """When each request joined the queue before a component and when it left it (infinity: it stands there yet); of
        the messages that a queue keeps, until they are handed out for the first time."""
        if self.at_end.components[name].pulls:
            told = self.records.messages
            joined, gone = (told[column][told["queue"] == name] for column in ("published_s", "received_s"))
        else:
            visits = self.records.visits[name]
            joined, gone = visits.entered_s, np.fmin(visits.started_s, visits.left_s)  # of NaN and a number, the number
        gone = np.where(np.isnan(gone), np.inf, gone)
        waited = gone > joined
        return joined[waited], gone[waited]

    @cached_property
    def components(self) -> pd.DataFrame:
        """A row a component that handles requests: see `parts`."""
        return pd.DataFrame.from_dict(self.parts, orient="index").rename_axis("component")

    @cached_property
    def parts(self) -> dict[str, dict[str, float]]:
        """The figures of each component that handles requests.

        utilisation: share of the places of work, or of what is lent, that was taken, on average (a worker that is held while it waits
        for a database counts as taken, a place of a dead machine is none); for a throttle the share of its rate. More
        than 1 where places were taken away while work on them went on. mean_queue, max_queue: requests in line, for a
        `Queue` the messages that it keeps. served, rejected: how many it let through, and how many it refused itself.
        What a part counts besides has names of its own: see `figures` of its class.
        """
        begin, end = self.warmup_s, self.duration_s
        refusals = self.records.refusals
        rows = {}
        for name, visits in self.records.visits.items():
            joined, gone = self.backlog(name)
            gone = np.minimum(gone, end)
            waits = np.clip(gone, begin, end) - np.clip(joined, begin, end)
            refused = int(((refusals.component == name) & (refusals.at_s >= begin)).sum())
            rows[name] = {
                "utilisation": self._utilisation(name),
                "mean_queue": float(waits.sum()) / self.window_s,
                "max_queue": _most(joined[gone > begin], gone[gone > begin], begin),
                "served": int((visits.left_s >= begin).sum()) - refused,
                "rejected": refused,
                **self.figures(name),
            }
        return rows

    def figures(self, name: str) -> dict[str, float]:
        """What a part counts of its own, in the measured window."""
        notes = self.records.notes.get(name)
        if notes is None:
            return {}
        return self.at_end.components[name].figures(notes[notes[:, 0] >= self.warmup_s])

    def taken(self, name: str) -> np.ndarray:
        """Which share of its places of work was taken in the measured window, machine by machine, of those that had any work."""
        station = self.at_end.components[name].station
        if station is None:
            raise ValueError(f'"{name}" has no places of work')
        begin, end, visits = self.warmup_s, self.duration_s, self.records.visits[name]
        work_s = np.nan_to_num(np.nan_to_num(visits.left_s, nan=end).clip(begin) - visits.started_s.clip(begin))
        return np.bincount(visits.machine, work_s) / (station.places * self.window_s)

    def _utilisation(self, name: str) -> float:
        begin, end, visits = self.warmup_s, self.duration_s, self.records.visits[name]
        offers = self.offers(name, since=begin)
        if places_s := sum(offer.places * offer.lasts_s for offer in offers):
            leaves = np.where(np.isnan(visits.left_s), end, visits.left_s)
            work = np.clip(leaves, begin, end) - np.clip(visits.started_s, begin, end)
            return float(np.nansum(work)) / places_s
        turns = sum(offer.per_s * offer.lasts_s for offer in offers)
        return min(1.0, float((visits.started_s >= begin).sum()) / turns) if turns else np.nan

    # --- its figures -----------------------------------------------------------------------------------------------

    @cached_property
    def summary(self) -> pd.Series:
        """The run in eight figures: see `totals`."""
        return pd.Series(self.totals)

    @cached_property
    def totals(self) -> dict[str, float]:
        """The run in eight figures, of the measured window; every attempt of a client that tries again is a request.

        `error_rate` is the share of the arrivals that got a 4xx or 5xx, a client's own 504 included. `served_per_s`
        counts the answers of the window, also to those who came before it.

        `cost_usd_per_hour` is what all machines cost together, the mean over the measured window where replicas or
        prices changed in it; a dead machine is paid for, and one that starts, one that was taken away is not.

        Where there are messages, `age_p50_ms`, `age_p95_ms` and `age_p99_ms` are the times from publication to the end of
        the work, of those that were published in the measured window and are done, and `not_done` counts the others.
        """
        lasted = stretches(self.history, self.warmup_s, self.duration_s)
        cost = sum(s.cost_usd_per_hour * ((until - since) / self.window_s) for since, until, s in lasted)
        for name, part in self.at_end.components.items():
            if (notes := self.records.notes.get(name)) is not None:
                cost += part.extra_usd(notes, self.warmup_s, self.duration_s) * 3600 / self.window_s
        whole = summed_up(self.records, slice(None), self.warmup_s, self.window_s)
        return {**whole, "cost_usd_per_hour": cost, **self._ages()}

    def _ages(self) -> dict[str, float]:
        """Figures of the messages, where there are any."""
        if not len(self.records.messages["queue"]):
            return {}
        ages = self.messages_of().age_s * 1000
        done = ages[~np.isnan(ages)]
        named = dict(zip(("age_p50_ms", "age_p95_ms", "age_p99_ms"), percentiles(done, 0.50, 0.95, 0.99), strict=True))
        return {**named, "not_done": float(len(ages) - len(done))}

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """The figures of `summary` over all replications: mean, and the 95 % interval from low to high."""
        if not self.others:
            raise ValueError("one run has no intervals: use simulate(..., replications=20)")
        return intervals([self.summary, *self.others])

    @cached_property
    def by_client(self) -> pd.DataFrame:
        """The same figures, a row a client."""
        return pd.DataFrame.from_dict(self.senders, orient="index").rename_axis("client")

    @cached_property
    def senders(self) -> dict[str, dict[str, float]]:
        """The same figures for each client."""
        r, window = self.records, (self.warmup_s, self.window_s)
        return {name: summed_up(r, r.sent_by(name), *window) for name in self.system.sources}

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """A row a second of the whole run, warm-up and all; the last may be a part of one.

        offered: how many arrived. served, rejected: how many got a 2xx, or a 4xx or 5xx (504: the client gave up).
        in_system: how many are inside when it ends. Latencies are those of the requests that arrived in that second
        and were served.
        """
        r, seconds = self.records, int(np.ceil(self.duration_s))
        arrived, finished, status, served = r.arrived_s, r.finished_s, r.status, r.served
        edges = np.arange(seconds + 1)
        ends = np.minimum(edges[1:], self.duration_s)
        latency = ((finished - arrived) * 1000)[served]
        stretches = edges[:-1], np.append(edges[1:-1], np.inf)
        p50_ms, p95_ms = percentiles_within(*stretches, arrived[served], latency, 0.50, 0.95)
        return pd.DataFrame(
            {
                "offered": each_second(arrived, seconds),
                "served": each_second(finished[served], seconds),
                "rejected": each_second(finished[status >= 400], seconds),
                "in_system": open_at(arrived, finished[status > 0], ends, "left"),
                "p50_ms": p50_ms,
                "p95_ms": p95_ms,
            },
            index=pd.RangeIndex(seconds, name="second"),
        )

    # --- the tables that lessons show ------------------------------------------------------------------------------

    waiting_share = property(views.waiting_share)
    times = property(views.times)
    inside = property(views.inside)
    clients = property(views.clients)
    statuses = property(views.statuses)
    oldest_ms = property(views.oldest_ms)
    caught_up_s = property(views.caught_up_s)
    deliveries = property(views.deliveries)
    first_refusal = property(views.first_refusal)


def _most(begins: np.ndarray, ends: np.ndarray, since: float) -> int:
    """The greatest number of intervals [begin, end) that overlap at any moment from `since` on."""
    times = np.concatenate([ends, np.maximum(begins, since)])
    steps = np.repeat([-1, 1], [len(ends), len(begins)])
    return int(np.cumsum(steps[np.argsort(times, kind="stable")]).max(initial=0))  # who leaves, leaves before who comes
