"""What a formula takes: a value outside its domain is a ValueError in one sentence."""

import math
import sys
from collections.abc import Iterable
from numbers import Integral, Real

MOST = sys.float_info.max
COUNTED = 1_000_000  # what is added up one by one is no more


def as_number(value) -> int | float | None:
    """A number as Python writes it, also one of NumPy's or a fraction; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    return int(value) if isinstance(value, Integral) else float(value)  # NumPy's small ones lose digits


def number(name, value, *, above=-math.inf, at_least=-math.inf, below=math.inf, at_most=math.inf, why=""):
    """`value` where it is a finite number within the bounds; else the sentence that names field, bound and value."""
    if type(value) not in (int, float):  # asking an abstract class is slow, and a run asks often
        if (found := as_number(value)) is None:
            raise ValueError(f"{name} must be a finite number, got {value!r}")
        value = found
    if not -MOST <= value <= MOST:
        raise ValueError(f"{name} must be a finite number, got {value if isinstance(value, float) else 'a huge one'}")
    if above < value < below and at_least <= value <= at_most:
        return value
    for broken, bound in (
        (value <= above, f"above {above:g}"),
        (value < at_least, f"at least {at_least:g}"),
        (value >= below, f"below {below:g}"),
        (value > at_most, f"at most {at_most:g}"),
    ):
        if broken:
            raise ValueError(f"{name} must be {bound}, got {value:g}{why}")
    return value


def count(name, value, at_least=1, at_most=math.inf, why=""):
    value = number(name, value, at_least=at_least, at_most=at_most, why=why)
    if value != int(value):
        raise ValueError(f"{name} must be a whole number, got {value:g}")
    return int(value)


def numbers(name, values, **bounds):
    """`values` as a list, each of them a `number` within the bounds."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{name} must be a list of numbers, got {values!r}")
    return [number(f"each of {name}", value, **bounds) for value in values]


def growth_range(growth) -> tuple[float, float]:
    """At least and at most so much more every month, as shares. Raises ValueError with a sentence."""
    if not isinstance(growth, tuple | list) or len(growth) != 2:
        raise ValueError(
            f"growth must be two shares a month, at least and at most, such as (0.02, 0.15), got {growth!r}"
        )
    low, high = (number("growth", share, at_least=0, at_most=1) for share in growth)
    if low > high:
        raise ValueError(f"growth goes from the least to the most, got {low:g} and then {high:g}")
    return low, high
