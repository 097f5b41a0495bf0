"""What the kernel and the page both go by when a run is played: defined here, and told to the page as it is."""

import json

from pmtech import wording

SPEEDS: tuple[float, ...] = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60)  # simulated seconds a second
STEP_S = 0.5  # a step is what passes in so much time of playing
DOTS_PER_S = 50  # more requests than that an eye can't follow
CLOCKS = tuple(zip(("h", "min", "s"), wording.CLOCKS.values(), strict=True))  # what the page counts time in
FIRST_S, WINDOW_S = 60.0, 180.0  # so much of a live run its strips show at first, and at most: so much is kept
LONGEST_S = 60 * WINDOW_S  # as in a run so long time is counted at most: hours would stand still in strips of minutes
GOLDEN = (5**0.5 - 1) / 2  # says which requests are followed, see `is_followed`
NICE = (1, 2, 5)  # and their tenfold: how many requests are one dot, where an axis of time has its ticks
SENT, ENTERED, STARTED, LEFT, FINISHED = range(5)  # steps of a journey
DOWN, LEFT_OUT = -1, -2  # in place of the places of work: the machine is down, and health checks keep requests from it

_TOLD = (
    *("SPEEDS", "STEP_S", "FIRST_S", "WINDOW_S", "LONGEST_S", "GOLDEN", "NICE", "CLOCKS"),
    *("SENT", "ENTERED", "STARTED", "LEFT", "FINISHED", "DOWN", "LEFT_OUT"),
)


def terms_js() -> str:
    """The same for the page."""
    return f"const {{ {', '.join(_TOLD)} }} = {json.dumps({name: globals()[name] for name in _TOLD})};"


def is_followed(number: int, every: int) -> bool:
    """One in `every`, spread evenly, but not in step with whatever takes turns (golden ratio, Weyl)."""
    return number * GOLDEN % 1 < 1 / every


def nice(value: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below."""
    return next(step * 10**power for power in range(12) for step in NICE if step * 10**power >= value)
