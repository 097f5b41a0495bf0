"""What came out of a run: plain records, one a request and one a visit, and the figures that follow from them."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from pmtech.runs.views import RunViews


class Result(RunViews):
    """The outcome of one run.

    Latency is the time from a request's arrival to its answer, in ms. Percentiles and means are those of the requests
    that arrived in the measured window and were served (any 2xx): a refusal is quick, and would flatter the
    figures (Beyer and others, "Site Reliability Engineering", 2016, chapter 6). Requests that are still inside at
    the end have no latency yet; where there are many, `explain()` says so, for the figures are then too good.
    Answered is not done: where a queue or a topic accepts work for later, `messages` says what became of it.
    """

    # findings/ lies above and hands this down when it is imported.
    explain: ClassVar[Callable[..., str]]

    def __repr__(self):
        s = self.summary
        p95 = "" if np.isnan(s.p95_ms) else f"p95 {s.p95_ms:,.0f} ms, "
        gave_up = " or given up" if (self.records.status == 504).any() else ""
        return (
            f"Result: {s.offered_per_s:.1f} requests a second offered, {s.served_per_s:.1f} served, "
            f"{s.error_rate:.1%} refused{gave_up}, {p95}over {self.window_s:g} s"
        )
