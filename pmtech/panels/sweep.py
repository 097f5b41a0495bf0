"""A sweep with a progress bar, and a button that stops it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

from pmtech.panels.widget import Panel
from pmtech.runs.grid import run_grid
from pmtech.runs.table import Table
from pmtech.system.system import System

WORTH_A_BAR_S = 1.0
BETWEEN_UPDATES_S = 0.1


class Bar(Panel):
    """A progress bar and a Stop button."""

    _esm = Path(__file__).parent / "progress.js"
    _css = Path(__file__).parent / "progress.css"

    done = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    running = traitlets.Bool(True).tag(sync=True)


class Progress:
    """How far long work is. Shows a bar once the work turns out to be long, and clears it when all is done.

    The cell holds the kernel's main thread meanwhile; the Stop button still works, as messages to widgets are handled
    on another one (a subshell, JupyterLab 4.4 and ipykernel 7). Without subshells the kernel's interrupt stops it.
    """

    def __init__(self):
        self._stop, self._began, self._updated, self.total = Event(), monotonic(), 0.0, 0
        self.bar: Bar | None = None  # made when it is shown: the page complains of one that is gone at once

    def step(self, done: int, total: int) -> bool:
        """Say that `done` of `total` are done; False if the work should stop."""
        now, self.total = monotonic(), total
        left_s = (now - self._began) / done * (total - done)
        if self.bar is None and left_s > WORTH_A_BAR_S:
            self._show()
        if self.bar is not None and now - self._updated > BETWEEN_UPDATES_S:
            self._updated = now
            left = f"{round(left_s / 60)} min" if left_s > 90 else f"{max(1, round(left_s))} s"
            said = f"{done} of {total} runs, about {left} left"
            with self.bar.hold_sync():
                self.bar.done, self.bar.total, self.bar.said = done, total, said
        return not self._stop.is_set()

    def _show(self) -> Bar:
        self.bar = bar = Bar()
        bar.on_msg(lambda _bar, message, _buffers: self._stop.set() if message.get("kind") == "stop" else None)
        self._shown = display(bar, display_id=True)
        return bar

    def end(self, done: int) -> None:
        """Vanish, or say what was stopped."""
        if done == self.total:
            return self.close()
        bar = self.bar or self._show()
        with bar.hold_sync():
            bar.running = False
            bar.said = f"Stopped after {done} of {self.total} runs. The table has the rows so far."

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self._shown.update(HTML(""))  # or the sentence of a panel that is asleep would stand in its place


def sweep(
    system: System,
    values: dict[str, Iterable[Any]],
    *,
    duration_s: float = 60.0,
    warmup_s: float = 0.0,
    seed: int = 1,
    events: Iterable = (),
) -> Table:
    """Run the system once for every combination of `values` ({path: values}): one row a combination.

    The columns are the paths, then the figures of `Result.summary`. The same customers meet every combination. In a
    notebook, work of more than a second shows its progress and can be stopped, with its button or the kernel's
    interrupt; the rows so far are returned. duration_s, warmup_s, seed and events are those of `simulate`. Raises
    ValueError with a sentence before anything runs.
    """
    run = partial(run_grid, system, values, duration_s=duration_s, warmup_s=warmup_s, seed=seed, events=events)
    if not hasattr(get_ipython(), "kernel"):
        return Table(run())
    progress = Progress()
    try:
        rows = run(on_progress=progress.step)
    except BaseException:
        progress.close()
        raise
    progress.end(len(rows))
    return Table(rows)
