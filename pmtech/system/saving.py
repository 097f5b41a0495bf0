"""A system as a file: JSON with a version, read back through the same checks as what is written by hand."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from pmtech import components
from pmtech.components.component import Component
from pmtech.components.fields import Checked
from pmtech.files import as_path, read, reason
from pmtech.wording import nearest

VERSION = 1


def kinds() -> dict[str, type[Checked]]:
    """Whatever may stand in a file, by its name: the parts, and the values that their fields hold."""
    return {name: getattr(components, name) for name in components.__all__}


def to_json(system) -> str:
    """The text of a file. Raises ValueError for what can't be kept in one."""
    form = {
        "pmtech": VERSION,
        "parts": [_told(part) for part in system.parts],
        "edges": [list(edge) for edge in system.edges],
        "heads": list(system.heads),
        "tails": list(system.tails),
    }
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def _told(value) -> Any:
    if isinstance(value, Checked):
        kind = type(value).__name__
        if kind not in kinds():
            log = getattr(getattr(value, "log", None), "name", "another file")
            raise ValueError(
                f"what is replayed from {log} can't be saved, for its requests are there: save the parts behind it, and "
                "put it before them again, Clients.from_log(...) >> System.open(...)"
            )
        own = {f.name: (getattr(value, f.name), f.default) for f in dataclasses.fields(value)}  # type: ignore[arg-type]
        return {"kind": kind, **{name: _told(held) for name, (held, default) in own.items() if held != default}}
    return [_told(item) for item in value] if isinstance(value, tuple | list) else value


def from_json(path: str | Path) -> tuple[tuple[Component, ...], dict[str, Any]]:
    """The parts in a file, and the whole of it. Raises ValueError with a sentence."""
    path = as_path(path, "shop.json")
    try:
        form = json.loads(read(path).decode())
    except OSError as error:
        raise ValueError(f'"{path}" can\'t be read: {reason(error)}') from None
    except (ValueError, RecursionError):
        raise ValueError(f'"{path}" is damaged, or no system that was saved') from None
    if not isinstance(form, dict) or type(form.get("pmtech")) is not int or form["pmtech"] < 1:
        raise ValueError(f'"{path}" is no system that was saved')
    if form["pmtech"] > VERSION:
        raise ValueError(f'"{path}" was saved by a newer pmtech: install that one to open it')
    try:
        parts = tuple(_made(part) for part in form["parts"])
        count = len(parts)
        numbers = [*form["heads"], *form["tails"], *(end for edge in form["edges"] for end in _ends(*edge))]
        whole = (
            all(type(number) is int and 0 <= number < count for number in numbers) and form["heads"] and form["tails"]
        )
        labels = all(label is None or isinstance(label, str) for *_, label in form["edges"])
        if not (whole and labels and all(isinstance(part, Component) for part in parts)):
            raise KeyError
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f": {error}" if isinstance(error, TypeError) and "has no" in str(error) else ""
        raise ValueError(f'"{path}" is damaged{said}') from None
    except ValueError as error:
        raise ValueError(f'"{path}" holds what can\'t be: {error}') from None
    return parts, form


def _ends(tail: int, head: int, _label: str | None) -> tuple[int, int]:
    return tail, head


def _made(told) -> Any:
    if isinstance(told, dict) and isinstance(told.get("kind"), str):  # else a table, of weights say
        known = kinds()
        if told["kind"] not in known:
            raise ValueError(f'there is no part "{told["kind"]}": {nearest(told["kind"], known)}')
        return known[told["kind"]](**{name: _made(value) for name, value in told.items() if name != "kind"})
    return tuple(_made(item) for item in told) if isinstance(told, list) else told
