"""What a learner can turn: a control is declared with a path, and checked against the system it is for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import Any

import traitlets

from pmtech.system.system import System
from pmtech.wording import plain, shown_in, unit, value_in_words


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high` at a path such as "server.workers".

    Without a `step`, whole numbers go up by 1 and others in about fifty round steps. Without a `label`, the path in
    words ("Server: workers").
    """

    path: str
    low: float
    high: float
    step: float | None = None
    label: str | None = None

    def describe(self, system: System) -> dict[str, Any]:
        """What the page needs to draw it. Raises ValueError with a sentence if it does not fit the system."""
        value = system.get(self.path)
        for name in ("low", "high", "step"):
            bound = getattr(self, name)
            if not _is_number(bound) and not (name == "step" and bound is None):
                raise ValueError(f'{name} of the slider for "{self.path}" must be a finite number, got {bound!r}')
        if not self.low < self.high:
            limits = f"{plain(self.low)} and {plain(self.high)}"
            raise ValueError(f'the slider for "{self.path}" must have a low below its high, got {limits}')
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            span = plain(self.high - self.low)
            raise ValueError(
                f'step of the slider for "{self.path}" must be above 0 and at most {span}, got {self.step!r}'
            )
        if not _is_number(value):
            raise ValueError(f'a slider needs a number, but "{self.path}" is {value!r} in this system')
        if not self.low <= value <= self.high:
            raise ValueError(
                f'"{self.path}" is {plain(value)} in this system, '
                f"outside of its slider, which goes from {plain(self.low)} to {plain(self.high)}"
            )
        whole = _is_whole(system, self)
        if whole and any(number is not None and number % 1 for number in (self.low, self.high, self.step)):
            raise ValueError(f'"{self.path}" is a whole number: low, high and step of its slider must be, too')
        sign, per = shown_in(self.path, self.high)
        return {
            "kind": "slider",
            "path": self.path,
            "label": self.label or system.told(self.path),
            "unit": sign,
            "per": per,
            "low": self.low,
            "high": self.high,
            "step": self.step or (1 if whole else round_step(self.low, self.high, value)),
            "default": value,
        }


@dataclass(frozen=True)
class Choice:
    """One of a few values at a path such as "rate_limiter.algorithm". `label` as for a `Slider`.

    slide: shown as a slider from the first option to the last, for what has an order, such as cities by their distance.
    """

    path: str
    options: tuple
    label: str | None = None
    slide: bool = False

    def __post_init__(self):
        if isinstance(self.options, str) or not hasattr(self.options, "__iter__"):
            raise ValueError(f'options of the choice for "{self.path}" must be a list of values, got {self.options!r}')
        object.__setattr__(self, "options", tuple(self.options))

    def describe(self, system: System) -> dict[str, Any]:
        """What the page needs to draw it. Raises ValueError with a sentence if it does not fit the system."""
        value = system.get(self.path)
        if len(self.options) < 2:
            raise ValueError(f'the choice for "{self.path}" needs at least two options, got {list(self.options)!r}')
        if value not in self.options:
            raise ValueError(
                f'"{self.path}" is {value!r} in this system, which is not among the options of its choice, '
                f"{', '.join(map(repr, self.options))}"
            )
        for option in self.options:
            try:
                system.replace({self.path: option})
            except ValueError as refused:
                raise ValueError(f'the choice for "{self.path}" offers {option!r}, but {refused}') from None
        more = {"low": 0, "high": len(self.options) - 1, "step": 1} if self.slide else {}
        return more | {
            "kind": "slider" if self.slide else "choice",
            "path": self.path,
            "label": self.label or system.told(self.path),
            "unit": unit(self.path),
            "options": [value_in_words(option, self.path) for option in self.options],
            "default": self.options.index(value),
        }


class Control(traitlets.HasTraits):
    """One control of a panel. Setting `value` does what moving it in the browser does."""

    value = traitlets.Any()

    def __init__(self, declared: Slider | Choice, default):
        self.options = declared.options if isinstance(declared, Choice) else None
        ends = declared.options if isinstance(declared, Choice) else (declared.low, declared.high)
        self.low, self.high = ends[0], ends[-1]
        self.default = default
        super().__init__(value=default)


class Controls(dict[str, Control]):
    """path -> Control, for one panel of a system. turned({path: value}) is called when one is set, holding `lock`.

    The page's wishes come on another thread than the cell's: whatever belongs to the panel is done holding `lock`.
    Raises ValueError with a sentence for a control that does not fit the system.
    """

    def __init__(self, panel: str, system: System, declared: tuple, turned: Callable[[dict[str, Any]], None]):
        strangers = [control for control in declared if not isinstance(control, Slider | Choice)]
        if strangers:
            raise ValueError(f"{panel} takes a system, then Slider(...) or Choice(...), got {strangers[0]!r}")
        paths = [control.path for control in declared]
        twice = [path for path in paths if paths.count(path) > 1]
        if twice:
            raise ValueError(f'there are two controls for "{twice[0]}": one is enough')
        self.lock, self._quiet, self._turned = RLock(), False, turned
        self.described = [control.describe(system) for control in declared]
        super().__init__((control.path, Control(control, system.get(control.path))) for control in declared)
        for path, control in self.items():
            control.observe(lambda change, path=path: self._set({path: change["new"]}), "value")

    def _set(self, values: dict[str, Any]) -> None:
        with self.lock:
            if not self._quiet:
                self._turned(values)

    def put(self, values: dict[str, Any]) -> None:
        """Set values without telling."""
        with self.lock:
            self._quiet = True
            try:
                for path, value in values.items():
                    self[path].value = value
            finally:
                self._quiet = False

    @property
    def defaults(self) -> dict[str, Any]:
        return {path: control.default for path, control in self.items()}

    # The page knows an option by its number, so that a tuple or None need not survive the way through it. A value that
    # is no option, set from Python, has none: the page shows that nothing is chosen, and leaves it as it is.
    def sent(self) -> dict[str, Any]:
        return {path: c.value if c.options is None else _place(c.value, c.options) for path, c in self.items()}

    def received(self, values: dict[str, Any]) -> dict[str, Any]:
        chosen = ((path, value, self[path].options) for path, value in values.items() if value is not None)
        return {path: value if options is None else options[value] for path, value, options in chosen}


def _place(value, options: tuple) -> int | None:
    return options.index(value) if value in options else None


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(system: System, slider: Slider) -> bool:
    """Whether the model takes whole numbers only at this path: it is asked for a half."""
    try:
        system.replace({slider.path: math.floor(slider.high) - 0.5})
    except ValueError as refused:
        return "whole number" in str(refused)
    return False


def round_step(low: float, high: float, value: float) -> float:
    """A round step, about fifty to the whole range, that meets the present value."""
    unit = 10.0 ** math.floor(math.log10((high - low) / 50))
    for step in (5 * unit, 2 * unit, unit, unit / 2, unit / 5, unit / 10, unit / 100):
        if math.isclose((value - low) / step, round((value - low) / step), abs_tol=1e-6):
            return float(f"{step:.6g}")
    return (high - low) / 1000
