"""The fields of a part as somebody sees them who turns them: words, a unit, a sane range, what it means, whom to ask."""

import ast
import dataclasses
import inspect
import math
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pmtech import components
from pmtech.components.fields import Checked
from pmtech.sketch.trial import duration_s
from pmtech.system.editing import put_before
from pmtech.system.system import System
from pmtech.wording import field_in_words, nearest, plain, unit, value_in_words

# What a field may hold besides nothing: the value that is put in when somebody switches it on, in a run of so many seconds.
INSTANCES: dict[str, Callable[[float], Checked]] = {
    "surge": lambda lasts_s: components.Surge(at_s=float(f"{lasts_s / 3:.2g}"), for_s=float(f"{lasts_s / 3:.2g}")),
    "profile": lambda lasts_s: components.Day(lasts_s=max(1, lasts_s)),
    "autoscale": lambda _: components.Autoscale(),
}


@cache
def words() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "fields.toml").read_text(encoding="utf-8"))


def _said(kind: type, field: str, what: str) -> str:
    """As it is meant in this part, or else everywhere."""
    here, usual = words().get(kind.__name__, {}).get(field, {}), words().get(field, {})
    return here.get(what) or usual.get(what, "")


def called(kind: type, field: str) -> str:
    return _said(kind, field, "called") or field_in_words(field).capitalize()


def meaning(kind: type, field: str) -> str:
    """One line that says what a field means; empty where nobody has said it."""
    said = _said(kind, field, "means")
    if said:
        return said
    text = re.sub(r"(?<!\n)\n(?!\n)\s*", " ", inspect.cleandoc(kind.__doc__ or "")).replace("`", "")
    found = re.search(rf"(?<!\w)(?:\w+, )*{field}(?:, \w+)*: (.+?(?:[.:;](?= )|(?=\n)|$))", text)
    first = found[1].rstrip(".:;") if found else ""
    return f"{first[:1].upper()}{first[1:]}{')' * (first.count('(') - first.count(')'))}." if first else ""


def form(system: System, name: str) -> list[dict[str, Any]]:
    """The fields of a part, its own first, then what all parts have: for each a path and how to show and change it."""
    return _fields(system.components[name], name)


def _fields(value: Any, path: str) -> list[dict[str, Any]]:
    own = [n for kind in type(value).__mro__ for n in inspect.get_annotations(kind)]
    late = ("place", "priority")
    fields = sorted(
        (f for f in dataclasses.fields(value) if f.name != "name"),
        key=lambda f: (f.name in late, "price" in f.name, own.index(f.name)),
    )
    found = []
    for field in fields:
        here, means = getattr(value, field.name), meaning(type(value), field.name)
        found.append(
            {
                "path": f"{path}.{field.name}",
                "label": called(type(value), field.name),
                "unit": unit(field.name),
                "means": means if field.metadata["optional"] else means.partition(" None: ")[0],
                "ask": _said(type(value), field.name, "ask"),
                **_shown(type(value), field, here),
            }
        )
        if isinstance(here, Checked):
            found += _fields(here, f"{path}.{field.name}")
    return found


def _shown(kind: type, field: dataclasses.Field, value) -> dict[str, Any]:
    """How a field is changed: a slider with a number beside it, one of a few words, a switch, or a line of text."""
    of, optional = field.metadata.get("kind"), field.metadata.get("optional", False)
    if of in ("number", "whole"):
        low, high = sane_range(field, value)
        step = 1 if of == "whole" else _nice((high - low) / 100)
        shown = {"as": "number", "value": value, "low": low, "high": high, "step": step, "optional": optional}
        return shown | ({"start": _start(field)} if optional else {})
    options = field.metadata.get("options") or ((True, False) if of == "yes or no" else None)
    if field.name in ("place", "shield"):
        return {"as": "place", "value": value or ""}
    if options:
        words = [value_in_words(option, field.name) for option in options]
        return {"as": "choice", "value": options.index(value), "options": words}
    if field.name in INSTANCES:
        return {"as": "switch", "value": value is not None, "said": "" if value is None else repr(value)}
    return {"as": "text", "value": as_text(value)}


def _usual(field: dataclasses.Field) -> float:
    """What it holds elsewhere, where it holds nothing or zero at first; 0: nobody has said."""
    return words().get(field.name, {}).get("usual", 0)


def _start(field: dataclasses.Field) -> float:
    """What a field holds at first when somebody gives it a number."""
    least = field.metadata.get("least") or field.metadata.get("above") or 0
    return max(_usual(field) or 10, least)


def sane_range(field: dataclasses.Field, value: float | None) -> tuple[float, float]:
    """From where to where a slider goes: a few times what it is and what is usual, within what is allowed."""
    usual = field.default or _usual(field) if isinstance(field.default, int | float) else _start(field)
    seen = [number for number in (value, usual) if number]
    least, most = field.metadata.get("least"), field.metadata.get("most") or math.inf
    low = least or 0
    if field.metadata.get("above") is not None or (least is not None and 0 < least < 1):
        low = _nice(min(seen, default=1) / 20, up=False)
    high = 1.0 if most == 1 else min(most, _nice(4 * max(seen, default=2.5)))
    return (low, max(high, low + 1)) if field.metadata["kind"] == "whole" else (low, high)


def _nice(number: float, up: bool = True) -> float:
    """1, 2 or 5 times a power of ten, at least (or at most) so much."""
    power = 10.0 ** math.floor(math.log10(number))
    steps = [step * power for step in (1, 2, 5, 10)]
    nice = next(s for s in steps if s >= number * 0.999) if up else next(s for s in steps[::-1] if s <= number * 1.001)
    return int(nice) if float(nice).is_integer() else float(f"{nice:.6g}")


# --- lines of text -----------------------------------------------------------------------------------------------------


def as_text(value) -> str:
    """A table as "/submit: 1, /dashboard: 4", or "Company A: /a /b"; several words as "/a, /b"."""
    if isinstance(value, dict):
        return ", ".join(
            f"{key}: {' '.join(inside) if isinstance(inside, tuple) else format(inside, 'g')}"
            for key, inside in value.items()
        )
    if isinstance(value, tuple):
        return ", ".join(f"{item[0]:g}: {item[1]:g}" if isinstance(item, tuple) else str(item) for item in value)
    return "" if value is None else str(value)


def from_text(text: str, field: dataclasses.Field) -> Any:
    """What somebody has written, as a value for this field. Raises ValueError with a sentence."""
    items = [item.strip() for item in str(text).split(",") if item.strip()]
    if not items and field.metadata.get("optional"):
        return None
    if field.metadata.get("kind") == "keys":
        return {who.strip(): tuple(paths.split()) for who, _, paths in (item.partition(":") for item in items)}
    if isinstance(field.default, dict):
        pairs = [item.rpartition(":") if ":" in item or " " in item else (item, ":", "1") for item in items]
        return {key.strip(): _number(said) for key, _, said in pairs}
    tables = isinstance(field.default, tuple) and field.default and isinstance(field.default[0], tuple)
    if field.name == "schedule" or tables:  # such as 8: 4, 62: 1
        return tuple(
            tuple(_number(side, "a second and a number, such as 8: 4") for side in item.split(":")) for item in items
        )
    return tuple(items)


def _number(said: str, such: str = "an endpoint and a number, such as /submit: 4") -> float:
    try:
        number = float(said.replace("_", ""))
    except ValueError:
        raise ValueError(f'"{said.strip()}" is no number: write {such}') from None
    return int(number) if number.is_integer() else number


def taken(system: System, path: str, sent) -> System:
    """The system with what somebody has put into a field of the form. Raises ValueError with a sentence."""
    holder, _, field = path.rpartition(".")
    part = system.components.get(holder) if "." not in holder else system.get(holder)
    known = {f.name: f for f in dataclasses.fields(part)} if dataclasses.is_dataclass(part) else {}
    if field not in known:
        raise ValueError(f'there is no "{path}": {nearest(field, known or system.names)}')
    shown = _shown(type(part), known[field], system.get(path))
    if shown["as"] == "choice":
        value = (known[field].metadata.get("options") or (True, False))[int(sent)]
    elif shown["as"] == "place":
        value = sent or None
    elif shown["as"] == "switch":
        value = INSTANCES[field](duration_s(system)) if sent else None
    elif shown["as"] == "text":
        value = from_text(sent, known[field])
    else:
        value = sent
    try:
        return with_value(system, path, value)
    except ValueError as error:
        raise ValueError(_in_words(str(error), type(part), field)) from None


def _in_words(refusal: str, kind: type, field: str) -> str:
    """Why a field refuses something, called as in the form, with its unit, and with tables as they are typed."""
    if not refusal.startswith(field):
        return refusal
    said = re.sub(r", got '.*'(?=:|$)|, got [^'].*$", "", refusal).replace(field, called(kind, field), 1)
    said, _, such = said.partition(" such as ")
    sign = unit(field)

    def bound(found: re.Match) -> str:
        many = float(found[0].replace(",", ""))
        return f"{plain(round(100 * many, 6) if sign == '%' else many)} {sign}".strip()

    said = re.sub(r"(?<=least |.most |.than )[\d,.]*\d", bound, said)
    with suppress(ValueError, SyntaxError):
        such = as_text(ast.literal_eval(such))
    return f"{said} such as {such}" if such else said


def with_value(system: System, path: str, value) -> System:
    """The system with another value; where it takes several machines, with a load balancer before them, if there is none."""
    try:
        return system.replace({path: value})
    except ValueError:
        name, _, field = path.partition(".")
        if field.partition(".")[0] not in ("replicas", "autoscale") or name not in system.numbers:
            raise
        balanced, _ = put_before(system, name, components.LoadBalancer())
        return balanced.replace({path: value})
