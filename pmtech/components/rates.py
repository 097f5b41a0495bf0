"""Mean rates, like water: so much of each kind of request comes to a part a second."""

import numpy as np

Mix = dict[tuple[str, str], float]  # (source, endpoint) -> requests a second


def within(mix: Mix, capacity: float) -> tuple[Mix, float]:
    """What of a mix gets through where so much a second does, each kind in proportion, and how much a second does not."""
    total = sum(mix.values())
    share = min(1.0, capacity / total) if total else 1.0
    return {key: rate * share for key, rate in mix.items()}, total * (1 - share)


def added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The rates of two streams together; one of them may know fewer keys."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    both = longer.copy()
    both[: len(shorter)] += shorter
    return both


def by_caller(mix: Mix) -> dict[str, float]:
    """Requests a second of each source."""
    asked: dict[str, float] = {}
    for (caller, _), rate in mix.items():
        asked[caller] = asked.get(caller, 0.0) + rate
    return asked
