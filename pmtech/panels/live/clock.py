"""What makes a panel play: a task beside the cells of a kernel, which nobody has to wait for."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from time import monotonic
from weakref import WeakSet

from IPython.core.getipython import get_ipython

TICK_S = 0.035


class Clock:
    """Calls `tick(seconds)` some thirty times a second until it says False; `interrupted()` when the kernel is.

    All clocks of a kernel share its event loop, so a tick must be short. Without an event loop nothing ticks.
    """

    def __init__(self, tick: Callable[[float], bool], interrupted: Callable[[], None]):
        self.tick, self.interrupted = tick, interrupted
        self.task: asyncio.Task | None = None
        self.woken = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        with contextlib.suppress(RuntimeError):
            self.loop = asyncio.get_running_loop()

    def soon(self, call: Callable[[], object]) -> None:
        """In the loop, from any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(call)

    def start(self) -> None:
        self.soon(self._begin)

    def wake(self) -> None:
        """Tick now."""
        self.soon(self.woken.set)

    def _begin(self) -> None:
        if self.loop is not None and (self.task is None or self.task.done()):
            self.task = self.loop.create_task(self._run())

    async def _run(self) -> None:
        before, going = monotonic(), True
        _going.add(self)
        try:
            while going:
                _listen_for_interrupts()
                self.woken.clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self.woken.wait(), TICK_S)
                now = monotonic()
                # Whatever held the kernel up meanwhile, time does not leap.
                elapsed, before = min(now - before, 3 * TICK_S), now
                going = self.tick(elapsed)
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.interrupted()
        finally:
            _going.discard(self)


_going: WeakSet[Clock] = WeakSet()


def _interrupt_soon(*_) -> None:
    """In the loop, not at once: the signal may come while a tick is telling the page that it plays."""
    for clock in list(_going):
        clock.soon(clock.interrupted)


def _after_cell(result) -> None:
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        for clock in list(_going):
            clock.interrupted()


def _listen_for_interrupts() -> None:
    """Between cells a kernel ignores its interrupt, and a cell takes it for itself; to what plays it means: pause.

    ipykernel has no event for it (kernels that are interrupted by a message are another kind of kernel), so the signal
    itself is heard: only where it would be ignored, and ipykernel puts the handler it finds back after each cell.
    """
    with contextlib.suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, _interrupt_soon)
    shell = get_ipython()
    if shell is not None and _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)
