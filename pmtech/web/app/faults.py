"""What goes wrong on purpose while the API runs."""

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass


@dataclass
class Faults:
    """Faults the lesson can switch on; change a field and the next request meets it.

    lose_requests: how many of the next requests never arrive.
    lose_answers: how many of the next requests are worked on but never answered.
    calendar_ms: how long somebody else's calendar takes for its answer, in milliseconds.
    door: whom a request must pass before it is worked on: scope -> asynchronous context (a load test has one).
    """

    lose_requests: int = 0
    lose_answers: int = 0
    calendar_ms: float = 40.0
    door: Callable[[dict], AbstractAsyncContextManager] | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.__dataclass_fields__:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(self.__dataclass_fields__)}")
        if name == "door":
            if value is not None and not callable(value):
                raise ValueError(f"door must be None, or open for a request, got {value!r}")
        elif not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} must be a number of at least 0, got {value!r}")
        super().__setattr__(name, value)
