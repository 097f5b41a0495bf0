"""How far the figures of a run can be trusted."""

from math import inf, sqrt

import numpy as np
import pandas as pd

BATCHES = 10


def as_set(counted: float, expected: float) -> float:
    """How many requests to speak of: those expected, if chance alone explains the difference to those that came."""
    return expected if abs(counted - expected) <= 3 * sqrt(expected) else counted


def student(freedom: int, share: float) -> float:
    """So many standard errors on each side hold `share` of all means. Student, Biometrika 6 (1908)."""
    from scipy.special import stdtrit  # scipy costs time that most runs need not pay

    return float(stdtrit(freedom, (1 + share) / 2))


def intervals(summaries: list[pd.Series], share: float = 0.95) -> pd.DataFrame:
    """Mean of each figure over independent runs, and the interval in which the true mean lies in `share` of all cases.

    Student's interval; a figure that a run does not have (nobody was served) counts where it is there. Law, "Simulation
    Modeling and Analysis" (2015), 9.4.1.

    What this leaves out: it is the mean of runs of this length. A p99 of a run that is too short for it is too low in the
    mean as well (M/M/1 at 80 %, 2,000 requests: by a tenth); more runs do not mend that, longer ones do.
    """
    table = pd.DataFrame(summaries)
    count, mean = table.count(), table.mean()
    half = pd.Series({n: student(count[n] - 1, share) if count[n] > 1 else inf for n in table}) * table.sem()
    half = half.where(count > 1, inf)
    return pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half, "runs": count}).rename_axis("figure")


def p99_between(result) -> tuple[float, float]:
    """Between which latencies in ms the p99 of a longer run would lie, from this run alone (95 %; infinity: who knows).

    The run is cut into ten stretches, for neighbours in a queue share their fate and are no independent evidence. How
    much the share of slow requests differs between them says how far off 1 in 100 may be (the ratio estimator of
    batch means: Law, 9.5.3), and with it which ranks the true p99 may have. Not for runs in which something changes.

    What this leaves out: stretches of a busy system still depend on one another, so that of a minute at 80 % or ten at
    90 % the ends held the true p99 in 83 to 88 of 100 runs, not in 95; where they fail, the true one is higher.
    """
    records, mine = result.records, result.measured
    arrived, latency = records.arrived_s[mine], np.sort((records.finished_s - records.arrived_s)[mine]) * 1000
    slow = (records.finished_s - records.arrived_s)[mine] * 1000 > result.totals["p99_ms"]
    stretch = np.minimum((arrived - result.warmup_s) / result.window_s * BATCHES, BATCHES - 1).astype(int)
    each, of_these = np.bincount(stretch, minlength=BATCHES), np.bincount(stretch[slow], minlength=BATCHES)
    off = student(BATCHES - 1, 0.95) * np.sqrt(
        BATCHES / (BATCHES - 1) * ((of_these - slow.mean() * each) ** 2).sum()
    ) / len(slow)  # fmt: skip
    low = latency[max(0, int(np.ceil((0.99 - off) * len(slow))) - 1)]
    return float(low), float(latency[int(np.ceil((0.99 + off) * len(slow))) - 1]) if off < 0.01 else inf
