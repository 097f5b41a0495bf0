"""Copies of the real API: how long a cold one takes, one that is killed and comes back, and the file a container is made from."""

import html
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log10
from pathlib import Path

from pmtech.theory.checks import count
from pmtech.web.app import program
from pmtech.web.client.table import Rows, strong
from pmtech.web.waiting import until
from pmtech.wording import counted, plain

GIVE_UP_S = 180.0
LATE = f"the copies have not come so far within {GIVE_UP_S:g} s"
CONTAINER = Path(__file__).parent.parent / "Dockerfile"
PROGRAM = [sys.executable, "-P", program.__file__]  # -P: its folder has names of the library


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
        with subprocess.Popen([*PROGRAM, "answers", str(calls)], stdout=subprocess.PIPE, text=True) as process:
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


@dataclass(frozen=True, kw_only=True, repr=False)
class KilledCopy(Rows):
    """What became of a copy that was killed: steps are (when in s, what).

    back_s: from its death until a new copy was ready. failed: questions without an answer, of those asked meanwhile.
    """

    steps: list[tuple[float, str]]
    back_s: float
    asked: int
    failed: int
    heads = "after, s", "what happens"

    @property
    def sentence(self) -> str:
        asked = counted(self.asked, "question")
        lost = f"{self.failed} of {asked} got no answer" if self.failed else f"{asked} came, and all were answered"
        (_, (died_s, _), (there_s, _)) = self.steps
        took_s = round(there_s, 1) - round(died_s, 1)  # as the table says
        return f"{took_s:.1f} s later there is a new copy; nobody ordered it. Meanwhile {lost}."

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(f"{at_s:.1f}", what) for at_s, what in self.steps]


def kill_process(copies: int = 2) -> KilledCopy:
    """Starts so many real copies of the API under uvicorn's supervisor, kills one as a power cut does, and asks on.

    All of it on this machine alone; it is over when this returns. What this leaves out: other machines to start it on.
    """
    copies = count("copies", copies, at_most=8)
    begun = time.monotonic()
    with _supervised(copies) as (url, there):
        until(lambda: len(there) == copies and _answers(url), LATE, within_s=GIVE_UP_S)
        known, killed = sorted(there), max(there)
        who = f"{counted(copies, 'copy', 'copies')}: processes {', '.join(map(str, known))}"
        steps = [(time.monotonic() - begun, who)]
        os.kill(killed, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        died = time.monotonic()
        steps.append((died - begun, f"process {killed} is killed"))
        asked = []

        def goes_on() -> bool:
            asked.append(_answers(url))
            return len(there) > copies

        until(goes_on, LATE, within_s=GIVE_UP_S)
        back = time.monotonic()
        steps.append((back - begun, f"process {there[-1]} is there, which nobody has ordered"))
        return KilledCopy(steps=steps, back_s=back - died, asked=len(asked), failed=asked.count(False))


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/surveys", timeout=2, trust_env=False, verify=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _supervised(copies: int) -> Iterator[tuple[str, list[int]]]:
    """The address of so many copies, and which processes have said that they are ready; they end with the block, or with
    this process."""
    command, pipe, no = [*PROGRAM, "copies", str(copies)], subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=no)
    asks, says = process.stdin, process.stdout
    assert asks is not None and says is not None, "they are pipes"
    try:
        url = says.readline().strip()
        if not url:
            raise RuntimeError("the supervisor did not start")
        there: list[int] = []
        threading.Thread(target=lambda: there.extend(map(int, says)), daemon=True).start()
        yield url, there
    finally:
        asks.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


class ContainerFile:
    """A Dockerfile, line by line, each with what it is for. Shows itself."""

    def __init__(self, text: str):
        self.lines: list[tuple[str, str]] = []  # (what it is for, the lines)
        for block in text.strip().split("\n\n"):
            why = [line[2:] for line in block.splitlines() if line.startswith("# ")]
            self.lines.append((" ".join(why), "\n".join(re.findall("^[^#].*", block, re.MULTILINE))))

    def __repr__(self) -> str:
        return "\n\n".join(f"# {why}\n{lines}" for why, lines in self.lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th scope="row"><pre>{html.escape(lines)}</pre></th><td class="pmtech-said">{html.escape(why)}</td></tr>'
            for why, lines in self.lines
        )
        head = '<tr><th scope="col">in the file</th><th scope="col" class="pmtech-said">what it is for</th></tr>'
        rows = f'<table class="pmtech-figures"><thead>{head}</thead><tbody>{cells}</tbody></table>'
        return f'<div class="pmtech mathjax_ignore" data-filled>{rows}</div>'


def container_file() -> ContainerFile:
    """The file that the container of this course's API is made from, with what each line is for."""
    return ContainerFile(CONTAINER.read_text(encoding="utf-8"))
