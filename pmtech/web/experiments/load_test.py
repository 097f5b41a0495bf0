"""What a load test found: the real API, the same server in the model, and a tester who waits beside one who does not."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from pmtech import theory
from pmtech.components import Server
from pmtech.runs.summary import percentiles
from pmtech.runs.table import Table
from pmtech.wording import plain, rate, seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class Step:
    """One rate of a load test. Times in ms, a value a request: really, from when it was due; and in the model.

    held: the model once more, with arrivals, work and the way of the answers as they were measured.
    """

    rate_per_s: float
    load: float
    real: np.ndarray
    model: np.ndarray
    held: np.ndarray
    failed: int


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadTest:
    """Made by `load_test`. steps: a rate each. log: the access log that was written. waiting: what a tester saw who waits
    for each answer before the next request, in ms (empty without a stall)."""

    server: Server
    steps: list[Step]
    log: Path
    stall_s: float
    waiting: np.ndarray

    @property
    def table(self) -> Table:
        """A row a rate: the average and the p95, really, in the model, and in the model as it was measured."""
        rows = {}
        for step in self.steps:
            times = {"real": step.real, "model": step.model, "held": step.held}
            row = {f"{name}_mean_ms": _mean(ms) for name, ms in times.items()}
            row |= {f"{name}_p95_ms": percentiles(ms, 0.95)[0] for name, ms in times.items()}
            sent = {"sent": len(step.real), "load": step.load, "failed": step.failed / len(step.real)}
            rows[f"{rate(step.rate_per_s)} a second"] = sent | row
        said = {"real": "really", "model": "model", "held": "model, with work as measured"}
        words = {f"{name}_{of}_ms": (f"{of}, {word}", "ms") for of in ("mean", "p95") for name, word in said.items()}
        words |= {"sent": ("sent", ""), "load": ("of what it can do", "%"), "failed": ("failed", "%")}
        return Table.of(rows, words)

    @property
    def testers(self) -> Table:
        """Two testers of one run with a stall: who sends on time, and who waits for each answer."""
        slow_ms, rows = 500 * self.stall_s, {}
        for name, ms in {"sends on time": self.steps[0].real, "waits for the answer": self.waiting}.items():
            slow, p95_ms = int((ms > slow_ms).sum()), percentiles(ms, 0.95)[0]
            row = {"sent": len(ms), "slow": slow, "share": slow / len(ms)}
            rows[name] = row | {"p95_ms": p95_ms, "longest_ms": float(ms.max())}
        words = {"slow": (f"slower than {seconds(slow_ms / 1000)}", ""), "share": ("that is", "%")}
        return Table.of(rows, words | {"p95_ms": ("p95", "ms"), "longest_ms": ("the slowest", "ms")})

    @property
    def results(self) -> dict[str, pd.Series]:
        """Each tester's row by name."""
        return dict(self.testers.iterrows())

    @property
    def said(self) -> list[str]:
        """How far the model is from the real server, in a sentence; none where it was full all the time."""
        under = [step for step in self.steps if step.load <= 0.8 and len(step.real)]
        if not under:
            return []
        off = {}
        for name in ("model", "held"):
            p95 = [(percentiles(getattr(s, name), 0.95)[0], percentiles(s.real, 0.95)[0]) for s in under]
            off[name] = ceil(100 * max(abs(of / real - 1) for of, real in p95))
        return [
            f"Up to 80 % of what the server can do, the model's p95 is at most {off['model']} % off; with arrivals and work "
            f"as they were measured, at most {off['held']} %."
        ]

    @property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """For a sheet of requirements: what was measured, and where."""
        step = max(self.steps, key=lambda step: (step.load <= 0.8, step.load))
        measured = f"95 of 100 within {seconds(percentiles(step.real, 0.95)[0] / 1000)}"
        where = f"a load test of {plain(len(step.real))} requests at {rate(step.rate_per_s)} a second, on one computer"
        return {"latency": (measured, where)}

    @property
    def needs(self) -> str:
        """How many requests a p99 takes, and how many there were."""
        most, n = max(self.steps, key=lambda step: len(step.real)), theory.requests_for_percentile(99)
        return (
            f"A p99 that can be believed takes {plain(n)} requests, more where they wait for one another; at "
            f"{rate(most.rate_per_s)} a second this test sent {plain(len(most.real))}."
        )

    def __repr__(self) -> str:
        return f"{(self.testers if self.stall_s else self.table).to_string()}\n{self.needs}"


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan
