"""Fields that refuse what makes no sense, in a sentence, when a value is made."""

import math
import operator
from collections.abc import Callable
from dataclasses import MISSING, field, fields
from itertools import pairwise
from typing import Any

from pmtech.theory.checks import as_number
from pmtech.wording import article, nearest, plain


def bounded(name: str, value, low, above, high):
    if above is not None and not value > above:
        raise ValueError(f"{name} must be more than {plain(above)}, got {plain(value)}")
    if low is not None and value < low:
        raise ValueError(f"{name} must be at least {plain(low)}, got {plain(value)}")
    if high is not None and value > high:
        raise ValueError(f"{name} must be at most {plain(high)}, got {plain(value)}")
    return value


def plain_number(value) -> int | float | None:
    """A finite number as Python's own (numpy has others); None for whatever else."""
    found = as_number(value)
    return found if isinstance(found, int) or (found is not None and math.isfinite(found)) else None


def checked(default, check: Callable[[str, Any], Any], *, optional: bool = False, **more) -> Any:
    """A field whose value is what `check(name, value)` makes of it. more: what others may know of it, such as bounds."""

    def accept(name: str, value):
        return None if optional and value is None else check(name, value)

    return field(default=default, metadata={"check": accept, "optional": optional, **more})


def number(default, *, at_least=None, more_than=None, at_most=1e9, optional=False) -> Any:
    """A field that holds a finite number."""

    def check(name: str, value):
        if as_number(value) is None:
            raise ValueError(f"{name} must be a number, got {value!r}")
        if (found := plain_number(value)) is None:
            raise ValueError(f"{name} must be a finite number, got {value}")
        return bounded(name, found, at_least, more_than, at_most)

    return checked(default, check, optional=optional, kind="number", least=at_least, above=more_than, most=at_most)


def whole(default, *, at_least=None, at_most=1_000_000, optional=False) -> Any:
    """A field that holds a whole number."""

    def check(name: str, value):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            if isinstance(value, bool):
                raise TypeError
            value = operator.index(value)
        except TypeError:
            raise ValueError(f"{name} must be a whole number, got {value!r}") from None
        return bounded(name, value, at_least, None, at_most)

    return checked(default, check, optional=optional, kind="whole", least=at_least, above=None, most=at_most)


def instance(*kinds: type) -> Any:
    """A field that holds a value of one of these kinds, such as a `Surge(...)`, or None."""

    def check(name: str, value):
        if not isinstance(value, kinds):
            some = ", ".join(f"{article(kind.__name__)}(...)" for kind in kinds)
            raise ValueError(f"{name} must be {some} or None, got {value!r}")
        return value

    return checked(None, check, optional=True)


def one_of(*options: str) -> Any:
    """A field that holds one of a few words; the first is the default."""

    def check(name: str, value):
        if not isinstance(value, str) or value not in options:
            raise ValueError(f"{name} must be one of {', '.join(options)}; got {value!r}")
        return value

    return checked(options[0], check, kind="word", options=options)


def text(*, example: str) -> Any:
    """A field without a default that holds text, such as the name of a part."""

    def check(name: str, value):
        if not isinstance(value, str):
            raise ValueError(f'{name} must be text such as "{example}", got {value!r}')
        return value

    return checked(MISSING, check)


def pairs_in_time(default: tuple, said: str, fits: Callable[[Any], bool]) -> Any:
    """A field that holds pairs of (second, value), forward in time; none at all only where that is the default.

    said: what they are, and such as which; fits: may the value of a pair be so?
    """

    def check(name: str, value):
        listed = isinstance(value, tuple | list) and all(isinstance(x, tuple | list) and len(x) == 2 for x in value)
        pairs: tuple[Any, ...] = tuple(tuple(map(plain_number, pair)) for pair in value) if listed else ()
        fit = all(None not in pair and pair[0] >= 0 and fits(pair[1]) for pair in pairs)
        if not listed or not fit or (default and not pairs):
            raise ValueError(f"{name} must be pairs of {said}, got {value!r}")
        if any(later[0] <= earlier[0] for earlier, later in pairwise(pairs)):
            raise ValueError(f"{name} must go forward in time, got {value!r}")
        return pairs

    return checked(default, check)


def yes_no(default: bool) -> Any:
    """A field that holds True or False."""

    def check(name: str, value):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be True or False, got {value!r}")
        return value

    return checked(default, check, kind="yes or no")


class _Sentences(type):
    """Turns a wrong argument name into a sentence with the nearest right one."""

    def __call__(cls, *args, **kwargs):
        known = [f.name for f in fields(cls)] if hasattr(cls, "__dataclass_fields__") else []
        for name in kwargs:
            if name not in known:
                raise TypeError(f'{cls.__name__} has no "{name}": {nearest(name, known)}')
        return super().__call__(*args, **kwargs)


class Checked(metaclass=_Sentences):
    """A value whose fields are checked when it is made."""

    def __post_init__(self):
        for f in fields(self):
            check = f.metadata.get("check")
            if check:
                object.__setattr__(self, f.name, check(f.name, getattr(self, f.name)))

    def __repr__(self):
        shown = []
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "name":
                shown += [repr(value)] if value is not None else []
            elif f.default is MISSING or value != f.default:
                shown.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"
