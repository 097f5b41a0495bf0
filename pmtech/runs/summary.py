"""The figures of a run: of all its requests, of those of each client, and second by second."""

from functools import cached_property

import numpy as np
import pandas as pd

from pmtech.runs.certainty import intervals
from pmtech.runs.offers import stretches
from pmtech.runs.stations import Stations


def percentile(values: np.ndarray, share: float) -> float:
    """Nearest-rank percentile: the smallest value that at least `share` of all values do not exceed."""
    return percentiles(values, share)[0]


def percentiles(values: np.ndarray, *shares: float) -> list[float]:
    """Several at once, of values that are not negative: their bits are in their order, and whole numbers part faster."""
    if not len(values):
        return [np.nan] * len(shares)
    places = [max(1, int(np.ceil(share * len(values) - 1e-9))) - 1 for share in shares]
    return np.partition(np.asarray(values, dtype=float).view(np.int64), places)[places].view(float).tolist()


class Summarised(Stations):
    """A run in figures."""

    def _figures(self, mine: np.ndarray | slice) -> dict[str, float]:
        r = self.records
        arrived, finished, status, served = r.arrived_s[mine], r.finished_s[mine], r.status[mine], r.served[mine]
        offered = arrived >= self.warmup_s
        latency = (finished - arrived)[offered & served] * 1000
        count = int(offered.sum())
        p50_ms, p95_ms, p99_ms = percentiles(latency, 0.50, 0.95, 0.99)
        return {
            "offered_per_s": count / self.window_s,
            "served_per_s": int((served & (finished >= self.warmup_s)).sum()) / self.window_s,
            "error_rate": int((offered & (status >= 400)).sum()) / count if count else 0.0,
            "mean_ms": float(latency.mean()) if len(latency) else np.nan,
            "p50_ms": p50_ms,
            "p95_ms": p95_ms,
            "p99_ms": p99_ms,
        }

    @cached_property
    def summary(self) -> pd.Series:
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
        return pd.Series({**self._figures(slice(None)), "cost_usd_per_hour": cost, **self._ages()})

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
        numbers = {name: number for number, name in enumerate(self.records.sources)}
        rows = {name: self._figures(self.records.client == numbers[name]) for name in self.system.sources}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("client")

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

        def each(times: np.ndarray) -> np.ndarray:
            return np.histogram(times, bins=edges)[0] if len(times) else np.zeros(seconds, dtype=int)

        ends = np.minimum(edges[1:], self.duration_s)
        done = np.sort(finished[status > 0])
        latency = ((finished - arrived) * 1000)[served]  # in order of arrival, as all columns are
        groups = np.split(latency, np.searchsorted(arrived[served], edges[1:-1]))
        return pd.DataFrame(
            {
                "offered": each(arrived),
                "served": each(finished[served]),
                "rejected": each(finished[status >= 400]),
                "in_system": np.searchsorted(arrived, ends, "left") - np.searchsorted(done, ends, "left"),
                "p50_ms": [percentile(group, 0.50) for group in groups],
                "p95_ms": [percentile(group, 0.95) for group in groups],
            },
            index=pd.RangeIndex(seconds, name="second"),
        )
