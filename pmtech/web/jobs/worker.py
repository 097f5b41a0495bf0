"""The worker: a process of its own that takes jobs out of the queue. It ends with whoever started it."""

from __future__ import annotations

import subprocess
import sys
import time

from pmtech.web.jobs import orders as program
from pmtech.web.jobs.orders import Orders

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Worker:
    """Starts the process, kills it, and says whether it lives."""

    def __init__(self, orders: Orders):
        self.orders = orders
        self._process: subprocess.Popen | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, give_up_s: float = 60.0) -> None:
        """Start one, if none is alive, and wait until it takes jobs. Raises RuntimeError when it does not come up."""
        if self.alive:
            return
        before, give_up = len(self.orders.log()), time.monotonic() + give_up_s
        command = [sys.executable, program.__file__, self.orders.folder]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, **QUIET)
        while len(self.orders.log()) == before:
            if time.monotonic() > give_up or not self.alive:
                self.kill()
                raise RuntimeError("the worker did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it as a power cut does: it has no time to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process = None
