"""How long a copy of the real API takes that is started cold, beside one that is there."""

import html
import statistics
import subprocess
import time
from dataclasses import dataclass
from math import log10

from pmtech.theory.checks import count
from pmtech.web.app.program import COMMAND
from pmtech.web.client.table import strong
from pmtech.wording import plain


@dataclass(frozen=True, kw_only=True)
class ColdStarts:
    """Measured here: cold_ms from the start of a new process to its first answer, warm_ms of every further answer."""

    cold_ms: list[float]
    warm_ms: list[float]

    @property
    def model(self) -> dict[str, float]:
        """The same as values of `Functions`: `Functions(**cold_starts().model)`."""
        warm, cold = statistics.mean(self.warm_ms), statistics.mean(self.cold_ms)
        return {
            "work_ms": warm,
            "work_cv": min(10.0, statistics.pstdev(self.warm_ms) / warm),
            "cold_ms": cold - warm,
            "cold_cv": statistics.pstdev(self.cold_ms) / cold,
        }

    @property
    def sentence(self) -> str:
        cold, warm = statistics.median(self.cold_ms), statistics.median(self.warm_ms)
        return f"Half of the cold answers came within {cold:,.0f} ms, half of the warm ones within {warm:,.1f} ms."

    def __repr__(self) -> str:
        return f"{self.sentence} ({len(self.cold_ms)} cold, {len(self.warm_ms)} warm)"

    def _repr_html_(self) -> str:
        return _strip({"cold": self.cold_ms, "warm": self.warm_ms}) + strong(self.sentence)


def cold_starts(times: int = 4, calls: int = 10) -> ColdStarts:
    """Starts a new Python process `times` times that imports the API and answers; then `calls` - 1 more answers of each.

    What this leaves out: the network, and what a platform does before a process begins (finding a machine, fetching the
    code). Raises ValueError for fewer than 2 of either.
    """
    times, calls = (count(name, n, at_least=2) for name, n in (("times", times), ("calls", calls)))
    cold, warm = [], []
    for _ in range(times):
        begun = time.perf_counter()
        with subprocess.Popen([*COMMAND, "answers", str(calls)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None, "it is a pipe"
            first = process.stdout.readline()
            took_ms = (time.perf_counter() - begun) * 1000
            rest = process.stdout.readlines()
        if not first:
            raise RuntimeError("the API did not answer in a process of its own")
        cold.append(took_ms)
        warm += map(float, rest)
    return ColdStarts(cold_ms=cold, warm_ms=warm)


def _strip(rows: dict[str, list[float]]) -> str:
    """Dots on an axis on which each step is ten times the one before."""
    every = [value for values in rows.values() for value in values]
    low, high = int(log10(min(every)) // 1), int(log10(max(every)) // 1) + 1
    left, wide, tall = 56, 560, 34

    def at(value: float) -> float:
        return left + wide * (log10(value) - low) / (high - low)

    drawn = []
    for n, (name, values) in enumerate(rows.items()):
        y = tall * (n + 0.5)
        drawn.append(f'<text x="0" y="{y + 5}">{name}</text>')
        drawn += [f'<circle cx="{at(value):.1f}" cy="{y}" r="5" fill-opacity=".35"/>' for value in values]
    bottom = tall * len(rows)
    for power in range(low, high + 1):
        x, words = at(10.0**power), f"{plain(10.0**power)} ms"
        drawn.append(f'<path d="M{x:.1f} 0V{bottom}" stroke="currentColor" stroke-opacity=".2"/>')
        drawn.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{words}</text>')
    said = html.escape(", ".join(f"{len(values)} {name} answers" for name, values in rows.items()))
    return (
        f'<svg role="img" aria-label="{said}" viewBox="0 0 {left + wide + 40} {bottom + 24}" width="{left + wide + 40}" '
        f'style="max-width:100%;font:13px system-ui" fill="currentColor">{"".join(drawn)}</svg>'
    )
