"""The worker: a process of its own that takes jobs out of the queue. It ends with whoever started it."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from pmtech.web.jobs import orders as program
from pmtech.web.jobs.orders import Orders
from pmtech.web.waiting import until

QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass
class Worker:
    """Starts the process, kills it, and says whether it lives."""

    orders: Orders
    _process: subprocess.Popen | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, give_up_s: float = 60.0) -> None:
        """Start one, if none is alive, and wait until it takes jobs. Raises RuntimeError when it does not come up."""
        if self.alive:
            return
        before, alive = len(self.orders.log()), lambda: self.alive
        command = [sys.executable, program.__file__, self.orders.folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, **QUIET)
        try:
            until(lambda: len(self.orders.log()) > before, "the worker did not start", within_s=give_up_s, alive=alive)
        except RuntimeError:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill it as a power cut does: it has no time to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
