"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable


def until(found: Callable[[], object], why: str, *, within_s: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Waits until it is so. Raises RuntimeError with `why` when that takes too long, or whoever does it is gone."""
    give_up = time.monotonic() + within_s
    while not found():
        if time.monotonic() > give_up or not alive():
            raise RuntimeError(why)
        time.sleep(0.01)
