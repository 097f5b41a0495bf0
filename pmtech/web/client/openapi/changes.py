"""What differs between two whole documents."""

from pathlib import Path
from urllib.parse import unquote

from pmtech.web.client.openapi.comparison import Comparison, ContractChange, Found
from pmtech.web.client.openapi.document import VARIABLE, Document, component
from pmtech.web.client.openapi.effect import Effect
from pmtech.web.client.openapi.operations import GONE, calls, path_item

SAFE = {"responses", "parameters", "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems"}
UNSEEN = ("discriminator", "$dynamicRef", "$recursiveRef")


def changes(old: Document, new: Document) -> Found:
    both = Comparison(old, new)
    was, now = old.view(old.data, "document"), new.view(new.data, "document")
    yield from _paths(both, was.get("paths", {}), now.get("paths", {}))
    sent, sends = (side.get("webhooks", side.get("x-webhooks")) for side in (was, now))  # the latter before OpenAPI 3.1
    yield from calls(both, sent, sends, "webhook")
    yield from _components(both, was.get("components", {}), now.get("components", {}))
    versions = [str(side.get("openapi", "3")) for side in (was, now)]
    if versions[0][:3] != versions[1][:3]:
        said = f"is written for OpenAPI {versions[1]}, no longer for {versions[0]}"
        yield both.change("the whole contract", said, Effect.NONE)
    known = {"openapi", "info", "paths", "webhooks", "x-webhooks", "components", "security"}
    yield from both.rest(was, now, "the whole contract", known)
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
    """What nothing led to on the way, and so was not compared. A schema among it may still be meant, by a discriminator."""
    met = {unquote(reference) for side in (both.old, both.new) for reference in side.met}
    safe = SAFE if both.old.says(*UNSEEN) or both.new.says(*UNSEEN) else SAFE | {"schemas"}
    kinds = {kind for kind in {*was, *now} if all(isinstance(side.get(kind, {}), dict) for side in (was, now))}
    for kind in sorted(kinds - {"examples"}):
        before, after = was.get(kind, {}), now.get(kind, {})
        for name in sorted(before.keys() | after.keys()):
            # A part that only refers to another one may be met by that one's name.
            parts = [side[name] for side in (before, after) if name in side]
            others = {unquote(str(p["$ref"])) for p in parts if isinstance(p, dict) and p.keys() == {"$ref"}}
            if component(kind, name) in met or (len(others) == len(parts) and others <= met):
                continue
            if len(parts) == 1 or not both.schemas.same(*parts):
                said = "differs" if len(parts) == 2 else "is gone" if name in before else "is new"
                effect = Effect.NONE if kind in safe else Effect.UNKNOWN
                yield both.change(f"components, {kind}, {name}", f"{said}, and no request that stays uses it", effect)
    yield from both.rest(was, now, "components", kinds)
