"""Two ways to say what PATCH shall change: a merge patch (RFC 7396) and a JSON Patch (RFC 6902)."""

import copy
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
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise ValueError('each operation is an object with "op" and "path"')
    op, path = operation.get("op"), operation["path"]
    if op not in ("add", "replace", "remove", "test"):
        raise ValueError(f"op must be add, replace, remove or test, got {op!r}")
    if op != "remove" and "value" not in operation:
        raise ValueError(f'"{op}" needs a value')
    if not path.startswith("/"):
        raise ValueError(f"path must start with /, got {path!r}")
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    place: Any = document
    for part in parents:
        place = place[_position(place, part, path)]
    if op == "add" and isinstance(place, list):
        place.insert(len(place) if last == "-" else _position(place, last, path, extra=1), operation["value"])
    elif op == "add" and isinstance(place, dict):
        place[last] = operation["value"]
    else:
        position = _position(place, last, path)
        if op == "remove":
            del place[position]
        elif op == "replace":
            place[position] = operation["value"]
        elif place[position] != operation["value"]:
            raise TestFailed(f"{path} is {place[position]!r}, not {operation['value']!r}")


def _position(place: Any, part: str, path: str, extra: int = 0) -> str | int:
    if isinstance(place, dict) and part in place:
        return part
    # At most 9 digits: int() of a longer one is slow, and no list here is that long.
    if (
        isinstance(place, list)
        and part.isascii()
        and part.isdigit()
        and len(part) < 10
        and int(part) < len(place) + extra
    ):
        return int(part)
    raise ValueError(f"there is nothing at {path}")
