"""Two ways to say what PATCH shall change: a merge patch (RFC 7396) and a JSON Patch (RFC 6902)."""

import copy
import re
from typing import Any


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7396: the fields named are set, a field set to null is removed, everything else stays."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for field, value in patch.items():
        if value is None:
            merged.pop(field, None)
        else:
            merged[field] = merge_patch(merged.get(field), value)
    return merged


class TestFailed(Exception):
    """A `test` operation found another value: the document is not what the sender believed it to be."""

    __test__ = False


def json_patch(document: dict, operations: Any) -> dict:
    """RFC 6902, in order, all or nothing; `{"op": "add", "path": "/questions/-", ...}` adds at the end of a list.

    Raises ValueError for an operation that makes no sense here, TestFailed for a `test` that does not hold.
    What this leaves out: `move` and `copy`.
    """
    if not isinstance(operations, list):
        raise ValueError("a JSON Patch is a list of operations")
    document = copy.deepcopy(document)
    for operation in operations:
        _apply(document, operation)
    return document


def _apply(document: dict, operation: Any) -> None:
    match operation:
        case {"op": "remove" as op, "path": str(path)}:
            value = None
        case {"op": "add" | "replace" | "test" as op, "path": str(path), "value": value}:
            pass
        case _:
            raise ValueError(
                'an operation has "op" (add, replace, remove, test), "path" and, unless it removes, "value"'
            )
    if not path.startswith("/"):
        raise ValueError(f"path must start with /, got {path!r}")
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    place: Any = document
    for part in parents:
        place = place[_position(place, part, path)]
    if op == "add" and isinstance(place, list):
        place.insert(len(place) if last == "-" else _position([*place, None], last, path), value)
    elif op == "add" and isinstance(place, dict):
        place[last] = value
    else:
        position = _position(place, last, path)
        if op == "remove":
            del place[position]
        elif op == "replace":
            place[position] = value
        elif place[position] != value:
            raise TestFailed(f"{path} is {place[position]!r}, not {value!r}")


def _position(place: Any, part: str, path: str) -> str | int:
    if isinstance(place, dict) and part in place:
        return part
    # At most 9 digits: int() of a longer one is slow, and no list here is that long.
    if isinstance(place, list) and re.fullmatch("[0-9]{1,9}", part) and int(part) < len(place):
        return int(part)
    raise ValueError(f"there is nothing at {path}")
