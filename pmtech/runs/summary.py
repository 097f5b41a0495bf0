"""What is said of many requests in a few figures."""

from typing import Literal

import numpy as np

from pmtech.engine.records import Records

Side = Literal["left", "right"]


def percentiles(values: np.ndarray, *shares: float) -> list[float]:
    """Nearest-rank percentiles: the smallest value that at least such a share of all values do not exceed.

    Of values that are not negative: their bits are in their order, and whole numbers part faster.
    """
    if not len(values):
        return [np.nan] * len(shares)
    places = [max(1, int(np.ceil(share * len(values) - 1e-9))) - 1 for share in shares]
    return np.partition(np.asarray(values, dtype=float).view(np.int64), places)[places].view(float).tolist()


def percentiles_within(
    begins: np.ndarray, ends: np.ndarray, at_s: np.ndarray, values: np.ndarray, *shares: float, side: Side = "left"
) -> np.ndarray:
    """A row a share, a column a stretch: percentiles of the values of that time, [begin, end), or (begin, end] by "right"."""
    order = np.argsort(at_s, kind="stable")
    firsts, lasts = (np.searchsorted(at_s, moments, side, order) for moments in (begins, ends))
    groups = (values[order[first:last]] for first, last in zip(firsts, lasts, strict=True))
    return np.array([percentiles(group, *shares) for group in groups]).T


def open_at(begins: np.ndarray, ends: np.ndarray, at_s, side: Side = "right") -> np.ndarray:
    """How many have begun and not ended at these moments, or, by "left", just before them. NaN: it never happens."""
    begun, over = (np.searchsorted(np.sort(times), at_s, side) for times in (begins, ends))
    return begun - over


def each_second(times: np.ndarray, lasts_s: float) -> np.ndarray:
    """How many of these moments lie in each second of a run that lasts so long."""
    return np.histogram(times, np.arange(int(np.ceil(lasts_s)) + 1))[0]


def summed_up(r: Records, mine: np.ndarray | slice, since_s: float, window_s: float) -> dict[str, float]:
    """The figures of these requests, of a window that lasts so long: see `Result.summary`."""
    arrived, finished, status, served = r.arrived_s[mine], r.finished_s[mine], r.status[mine], r.served[mine]
    offered = arrived >= since_s
    latency = (finished - arrived)[offered & served] * 1000
    count = int(offered.sum())
    p50_ms, p95_ms, p99_ms = percentiles(latency, 0.50, 0.95, 0.99)
    return {
        "offered_per_s": count / window_s,
        "served_per_s": int((served & (finished >= since_s)).sum()) / window_s,
        "error_rate": int((offered & (status >= 400)).sum()) / count if count else 0.0,
        "mean_ms": float(latency.mean()) if len(latency) else np.nan,
        "p50_ms": p50_ms,
        "p95_ms": p95_ms,
        "p99_ms": p99_ms,
    }
