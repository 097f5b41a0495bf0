"""What differs between two whole documents."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pmtech.web.client.openapi.comparison import Comparison, ContractChange, Found
from pmtech.web.client.openapi.document import Document
from pmtech.web.client.openapi.effect import Effect
from pmtech.web.client.openapi.operations import GONE, calls, path_item
from pmtech.web.client.openapi.sign_in import spelt

DESCRIBES = {"openapi", "info", "tags", "externalDocs", "examples"}
SAFE = {"responses", "parameters", "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems"}
UNSEEN = {"discriminator", "$dynamicRef", "$recursiveRef"}
VARIABLE = re.compile(r"\{([^{}/]*)\}")


def changes(old: Document, new: Document) -> Found:
    both = Comparison(old, new)
    was, now = old.view(old.data, "document"), new.view(new.data, "document")
    yield from _paths(both, was.get("paths", {}), now.get("paths", {}))
    yield from calls(both, was.get("webhooks"), now.get("webhooks"), "webhook")
    yield from _components(both, was.get("components", {}), now.get("components", {}))
    versions = [str(side.get("openapi", "3")) for side in (was, now)]
    if versions[0][:3] != versions[1][:3]:
        said = f"is written for OpenAPI {versions[1]}, no longer for {versions[0]}"
        yield both.change("the whole contract", said, Effect.NONE)
    yield from both.rest(was, now, "the whole contract", DESCRIBES | {"paths", "webhooks", "components", "security"})
    for reference in sorted(old.unread | new.unread):
        file, _, place = reference.partition("#")
        where = "#".join(filter(None, (file if "://" in file else Path(file).name, place)))
        yield ContractChange(where, "may differ, not judged: what is referred to here could not be read", None)


def _paths(both: Comparison, was: dict, now: dict) -> Found:
    """Paths are the same that differ only in what their variables are called."""
    before, after = ([path for path in side if path.startswith("/")] for side in (was, now))
    free: dict[str, list[str]] = {}
    for path in after:
        if path not in before:
            free.setdefault(VARIABLE.sub("{}", path), []).append(path)
    pairs = {path: path for path in before if path in now}
    for path in before:
        if path not in pairs and (others := free.get(VARIABLE.sub("{}", path))):
            pairs[path] = others.pop(0)
    for path in before:
        names = VARIABLE.findall(path), VARIABLE.findall(pairs.get(path, ""))
        yield from path_item(both, was[path], now[pairs[path]] if path in pairs else GONE, path, names)
    for path in sorted({*after} - {*pairs.values()}):
        yield from path_item(both, GONE, now[path], path)
    yield from both.rest(was, now, "paths", {*before, *after})


def _components(both: Comparison, was: dict, now: dict) -> Found:
    """What no request leads to was not met on the way. A schema among it may still be meant, by a discriminator."""
    asked = _reached(both.old), _reached(both.new)
    used = asked[0] | asked[1]
    safe = SAFE if used & UNSEEN else SAFE | {"schemas"}
    kinds = {kind for kind in {*was, *now} if all(isinstance(side.get(kind, {}), dict) for side in (was, now))}
    for kind in sorted(kinds - DESCRIBES):
        before, after = was.get(kind, {}), now.get(kind, {})
        for name in sorted(before.keys() | after.keys()):
            itself = f"#/components/{kind}/{name.replace('~', '~0').replace('/', '~1')}"
            if itself in used or used.issuperset(_leads(side[name]) for side in (before, after) if name in side):
                continue
            sides = [spelt(side.get(name)) for side in (before, after)]
            differs = name not in before or name not in after or not both.schemas.same(*sides)
            if kind == "securitySchemes" and name in used:
                if differs and (name in asked[0] & asked[1] or (name in before and name in after)):
                    yield both.change(f"sign-in {name}", "differs", Effect.UNKNOWN)
            elif differs:
                said = "is new" if name not in before else "is gone" if name not in after else "differs"
                effect = Effect.NONE if kind in safe else Effect.UNKNOWN
                yield both.change(f"components, {kind}, {name}", f"{said}, and no request uses it", effect)
    yield from both.rest(was, now, "components", kinds)


def _leads(node: Any) -> str | None:
    """Where a part that only refers to another one leads."""
    reference = node.get("$ref") if isinstance(node, dict) and len(node) == 1 else None
    return unquote(reference) if isinstance(reference, str) else None


def _reached(document: Document) -> set[str]:
    """The references that requests lead to, the names of the sign-ins that they ask for, and the words by which
    they may mean a schema that no reference leads to."""
    reached: set[str] = set()
    seen: set[int] = set()
    waiting: list[Any] = [{name: document.data.get(name) for name in ("paths", "webhooks", "security")}]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node.values() if isinstance(node, dict) else node
        if isinstance(node, dict):
            reached |= UNSEEN & node.keys()
            if isinstance(node.get("$ref"), str):
                reached.add(unquote(node["$ref"]))
                waiting.append(document.target(node["$ref"]))
            ways = node["security"] if isinstance(node.get("security"), list) else []
            reached |= {name for way in ways if isinstance(way, dict) for name in way}
    return reached
