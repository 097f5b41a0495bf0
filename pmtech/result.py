"""What came out of a run: plain records, one a request and one a visit, and the figures that follow from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmtech.engine import Run
from pmtech.system import System

if TYPE_CHECKING:
    from collections.abc import Callable


def percentile(values: np.ndarray, share: float) -> float:
    """Nearest-rank percentile: the smallest value that at least `share` of all values do not exceed."""
    if not len(values):
        return np.nan
    rank = max(1, int(np.ceil(share * len(values) - 1e-9)))
    return float(np.partition(values, rank - 1)[rank - 1])


class Result:
    """The outcome of one run.

    Latency is the time from a request's arrival to its answer, in ms. Percentiles and means are those of the requests
    that arrived in the measured window and were served (status 200): a refusal is quick, and would flatter the
    figures (Beyer and others, "Site Reliability Engineering", 2016, chapter 6). Requests that are still inside at
    the end have no latency yet; where there are many, `explain()` says so, for the figures are then too good.
    """

    def __init__(
        self, system: System, run: Run, *, duration_s: float, warmup_s: float, seed: int, at_end: System | None = None
    ):
        self.system, self.duration_s, self.warmup_s, self.seed = system, duration_s, warmup_s, seed
        self.at_end = at_end or system  # with the knobs as they were left
        self._run = run

    def __repr__(self):
        s = self.summary
        return (
            f"Result: {s.offered_per_s:.1f} requests a second offered, {s.served_per_s:.1f} served, "
            f"{s.error_rate:.1%} refused, p95 {s.p95_ms:,.0f} ms, over {self.window_s:g} s"
        )

    # --- records -------------------------------------------------------------------------------------------------

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        log = self._run.requests
        return {
            "client": np.array([r.client for r in log], dtype=object),
            "arrived": np.array([r.arrived for r in log], dtype=float),
            "finished": np.array([r.finished for r in log], dtype=float),
            "status": np.array([r.status for r in log], dtype=int),
        }

    @cached_property
    def _index(self) -> dict[int, int]:
        """The row of each request."""
        return {id(request): row for row, request in enumerate(self._run.requests)}

    @cached_property
    def requests(self) -> pd.DataFrame:
        """A row a request, in order of arrival; status 0 is still inside at the end."""
        log, c = self._run.requests, self._columns
        return pd.DataFrame(
            {
                "client": pd.Series(c["client"], dtype=object),
                "endpoint": pd.Series([r.endpoint for r in log], dtype=object),
                "key": np.array([r.key for r in log], dtype=int),
                "arrived_s": c["arrived"],
                "finished_s": c["finished"],
                "latency_ms": (c["finished"] - c["arrived"]) * 1000,
                "status": c["status"],
                "served_by": pd.Series([r.served_by for r in log], dtype=object),
            }
        )

    @cached_property
    def visits(self) -> pd.DataFrame:
        """A row a request and component: when it came, when work on it began, when it left (NaN: not yet)."""
        rows = [
            (self._index[id(request)], name, entered, started, left)
            for name, parts in self._run.parts.items()
            for part in parts
            for request, entered, started, left in part.visits
        ]
        rows.sort(key=lambda row: row[0])  # stable: within a request the parts stay in flow order
        return pd.DataFrame(rows, columns=["request", "component", "entered_s", "started_s", "left_s"])

    @cached_property
    def refusals(self) -> pd.DataFrame:
        """A row a refused request: where and when, the status, and the Retry-After in seconds (NaN: none was sent)."""
        rows = [(self._index[id(r)], name, at, status, retry) for at, name, r, status, retry in self._run.refusals]
        return pd.DataFrame(rows, columns=["request", "component", "at_s", "status", "retry_after_s"])

    # --- figures -------------------------------------------------------------------------------------------------

    @property
    def window_s(self) -> float:
        """Seconds that are measured: the run without its warm-up."""
        return self.duration_s - self.warmup_s

    def _figures(self, mine: np.ndarray | slice) -> dict[str, float]:
        c = self._columns
        arrived, finished, status = c["arrived"][mine], c["finished"][mine], c["status"][mine]
        offered = arrived >= self.warmup_s
        served = status == 200
        latency = (finished - arrived)[offered & served] * 1000
        count = int(offered.sum())
        return {
            "offered_per_s": count / self.window_s,
            "served_per_s": int((served & (finished >= self.warmup_s)).sum()) / self.window_s,
            "error_rate": int((offered & (status >= 400)).sum()) / count if count else 0.0,
            "mean_ms": float(latency.mean()) if len(latency) else np.nan,
            "p50_ms": percentile(latency, 0.50),
            "p95_ms": percentile(latency, 0.95),
            "p99_ms": percentile(latency, 0.99),
        }

    @cached_property
    def summary(self) -> pd.Series:
        """The run in eight figures. `error_rate` is the share of the arrivals that got a 4xx or 5xx."""
        return pd.Series({**self._figures(slice(None)), "cost_usd_per_hour": self.system.cost_usd_per_hour})

    @cached_property
    def by_client(self) -> pd.DataFrame:
        """The same figures, a row a client."""
        client = self._columns["client"]
        rows = {name: self._figures(client == name) for name in self.system.sources}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("client")

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """A row a second. Latencies are those of the requests that arrived in that second and were served."""
        c, seconds = self._columns, int(np.ceil(self.duration_s))
        arrived, finished, status = c["arrived"], c["finished"], c["status"]
        edges = np.arange(seconds + 1)
        second = arrived.astype(int)

        def each(times: np.ndarray) -> np.ndarray:
            return np.histogram(times, bins=edges)[0] if len(times) else np.zeros(seconds, dtype=int)

        ends = np.minimum(edges[1:], self.duration_s)
        done = np.sort(finished[status > 0])
        latency = (finished - arrived) * 1000
        groups = np.split(latency[np.argsort(second, kind="stable")], np.cumsum(np.bincount(second, minlength=seconds)))
        kept = np.split(
            (status == 200)[np.argsort(second, kind="stable")], np.cumsum(np.bincount(second, minlength=seconds))
        )
        served = [group[mask] for group, mask in zip(groups, kept, strict=True)]
        return pd.DataFrame(
            {
                "offered": each(arrived),
                "served": each(finished[status == 200]),
                "rejected": each(finished[status >= 400]),
                "in_system": np.searchsorted(arrived, ends, "left") - np.searchsorted(done, ends, "right"),
                "p50_ms": [percentile(group, 0.50) for group in served[:seconds]],
                "p95_ms": [percentile(group, 0.95) for group in served[:seconds]],
            },
            index=pd.RangeIndex(seconds, name="second"),
        )

    @cached_property
    def _visits_of(self) -> dict[str, np.ndarray]:
        """Component -> array of (entered, started, left), NaN where it has not happened."""
        return {
            name: np.array([visit[1:] for part in parts for visit in part.visits], dtype=float).reshape(-1, 3)
            for name, parts in self._run.parts.items()
        }

    def line(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """When each request joined the line before a component and when it left it (infinity: it stands there yet)."""
        entered, started, left = self._visits_of[name].T
        gone = np.fmin(np.where(np.isnan(started), np.inf, started), np.where(np.isnan(left), np.inf, left))
        waited = gone > entered
        return entered[waited], gone[waited]

    def waiting_at(self, name: str, at_s: float) -> int:
        """How many requests stand in line before a component at a moment."""
        joined, gone = self.line(name)
        return int(((joined <= at_s) & (gone > at_s)).sum())

    @cached_property
    def components(self) -> pd.DataFrame:
        """A row a component that handles requests.

        utilisation: share of the places of work that were taken, on average (a worker that is held while it waits
        for a database counts as taken). mean_queue, max_queue: requests in line. served, rejected: how many it let
        through, and how many it refused itself. A cache also has hit_ratio (of the reads) and stale_ratio (of the hits).
        """
        begin, end = self.warmup_s, self.duration_s
        refused: dict[str, int] = {}
        for at_s, name, *_ in self._run.refusals:
            if at_s >= begin:
                refused[name] = refused.get(name, 0) + 1
        rows = {}
        for name, parts in self._run.parts.items():
            if self.system.components[name].is_source:
                continue
            entered, started, left = self._visits_of[name].T
            joined, gone = self.line(name)
            gone = np.minimum(gone, end)
            waits = np.clip(gone, begin, end) - np.clip(joined, begin, end)
            worked = ~np.isnan(started)
            work = np.clip(np.where(np.isnan(left), end, left), begin, end) - np.clip(started, begin, end)
            rows[name] = {
                "utilisation": self._utilisation(name, parts, float(work[worked].sum())),
                "mean_queue": float(waits.sum()) / self.window_s,
                "max_queue": _most(joined[gone > begin], gone[gone > begin], begin),
                "served": int((left >= begin).sum()) - refused.get(name, 0),
                "rejected": refused.get(name, 0),
                **self._lookups(parts),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("component")

    def _lookups(self, parts: list) -> dict[str, float]:
        """For a cache: the share of the reads that it answered, and the share of those answers that were out of date."""
        looked = [lookup for part in parts for lookup in getattr(part, "lookups", ()) if lookup[0] >= self.warmup_s]
        if not looked:
            return {}
        _, hits, stale = np.array(looked).T
        return {"hit_ratio": float(hits.mean()), "stale_ratio": float(stale.sum() / hits.sum()) if hits.any() else 0.0}

    def _utilisation(self, name: str, parts: list, work_s: float) -> float:
        begin, end = self.warmup_s, self.duration_s
        logs = [part.places_log for part in parts if hasattr(part, "places_log")]
        if logs:
            places_s = 0.0
            for log in logs:
                for (since, places), (until, _) in zip(log, [*log[1:], (end, 0)], strict=True):
                    places_s += places * max(0.0, min(until, end) - max(since, begin))
            return work_s / places_s if places_s else np.nan
        rate = getattr(self.system.components[name], "rate_per_s", None)
        if rate is None:
            return np.nan
        _, started, _ = self._visits_of[name].T
        return float((started >= begin).sum() / (rate * self.window_s))

    def explain(self) -> str:
        """Two or three sentences: what the bottleneck is, by how much, and since when."""
        from pmtech.explain import explain

        return explain(self)


def _most(begins: np.ndarray, ends: np.ndarray, since: float) -> int:
    """The greatest number of intervals [begin, end) that overlap at any moment from `since` on."""
    times = np.concatenate([np.maximum(begins, since), ends])
    steps = np.concatenate([np.ones(len(begins), dtype=int), -np.ones(len(ends), dtype=int)])[np.lexsort(
        (np.concatenate([np.ones(len(begins)), np.zeros(len(ends))]), times))]  # fmt: skip
    return int(np.cumsum(steps).max(initial=0))
