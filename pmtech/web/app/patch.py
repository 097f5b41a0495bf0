"""Two ways to say what PATCH shall change: a merge patch (RFC 7396) and a JSON Patch (RFC 6902)."""

import json
from copy import deepcopy
from typing import Any

from jsonpatch import JsonPatch, JsonPatchException, JsonPatchTestFailed, JsonPointerException

from pmtech.web.strict_json import check_depth

# What all operations together may go over, in characters of JSON: each `copy` could double the document.
WORK = 5_000_000


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


def json_patch(document: Any, operations: Any) -> Any:
    """RFC 6902, in order, all or nothing; `{"op": "add", "path": "/questions/-", ...}` adds at the end of a list.

    Raises ValueError for an operation that makes no sense here, TestFailed for a `test` that does not hold.
    """
    if not isinstance(operations, list) or not all(isinstance(step, dict) for step in operations):
        raise ValueError("a JSON Patch is a list of operations, each an object")
    document, work = deepcopy(document), 0
    for number, step in enumerate(operations, 1):
        try:
            document = JsonPatch([step]).apply(document, in_place=True)
        except JsonPatchTestFailed:
            raise TestFailed(f"{step['path']} is not {json.dumps(step.get('value'), ensure_ascii=False)}") from None
        except (JsonPatchException, JsonPointerException, TypeError):
            raise ValueError(
                f'operation {number} cannot be done: it needs "op" (add, remove, replace, move, copy, test), a "path" to '
                'a place that is there, such as "/questions/0", and, as its kind asks, "value" or "from"'
            ) from None
        check_depth(document, "the patched survey")
        work += len(json.dumps(document))
        if work > WORK:
            raise ValueError("the patch is too much work: send fewer operations")
    return document
