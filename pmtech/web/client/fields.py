"""What differs between the fields of two objects.

A request does not carry what is `readOnly`, an answer does not carry what is `writeOnly`. Clients pass over fields that
they do not know, so that a new field in an answer breaks nobody; a field of an answer that is gone breaks whoever reads it,
also if it could be left out before.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pmtech.web.client.effect import Effect, Finding, Pair
from pmtech.web.client.forms import ANY

if TYPE_CHECKING:
    from pmtech.web.client.schemas import Schemas

Found = Iterator[Finding | Pair]


def fields(a: dict, b: dict, schemas: "Schemas", *, asked: bool) -> Found:
    was, now = a.get("properties", {}), b.get("properties", {})
    way = "readOnly" if asked else "writeOnly"
    hidden_before = {name for name in was if schemas.old.flag(was[name], way)}
    hidden_now = {name for name in now if schemas.new.flag(now[name], way)}
    for name in sorted(was.keys() | now.keys()):
        if name in hidden_before and name in hidden_now:
            yield Pair(was[name], now[name], (f"field {name}",), always=Effect.NONE)
        elif name in was and name in now and not {name} & (hidden_before | hidden_now):
            yield Pair(was[name], now[name], (f"field {name}",))
        elif name in was and name not in hidden_before:
            yield from _gone(name, a, b, schemas, asked=asked, hidden=name in now)
        elif name in now and name not in hidden_now:
            yield from _new(name, a, b, schemas, asked=asked)
        else:
            yield Finding(f"field {name} is {'gone' if name in was else 'new'}, which is {way}", Effect.NONE)
    yield from _required(a, b, hidden_before | hidden_now, asked=asked)
    yield from _further(a, b, schemas, asked=asked)
    yield from _by_pattern(a, b)
    yield from _together(a, b)


def _gone(name: str, a: dict, b: dict, schemas: "Schemas", *, asked: bool, hidden: bool) -> Found:
    was, said = a["properties"][name], f"field {name} is gone"
    if hidden:
        said = f"field {name} is now readOnly: what is sent for it is passed over" if asked else f"{said} (writeOnly)"
        yield Finding(said, Effect.NONE if asked else Effect.MORE)
        return
    rest = _rule_for(name, b)
    refused = asked and not schemas.new.union(rest).forms
    yield Finding(said, Effect.LESS if refused else Effect.MORE)
    if asked and not refused and not schemas.new.open(rest):
        yield Pair(was, rest, (f"field {name}",))


def _new(name: str, a: dict, b: dict, schemas: "Schemas", *, asked: bool) -> Found:
    now, duty = b["properties"][name], name in b.get("required", ())
    if asked and duty and any("default" in form for form in schemas.new.union(now).forms):
        yield Finding(f"field {name} is new and required, yet it has a default", Effect.UNKNOWN)
    else:
        said = f"field {name} is new" + (" and required" if asked and duty else "")
        yield Finding(said, Effect.LESS if duty or not asked else Effect.MORE)
    rest = _rule_for(name, a)
    if asked and schemas.old.union(rest).forms and not schemas.old.open(rest):
        yield Pair(rest, now, (f"field {name}",))


def _rule_for(name: str, form: dict) -> Any:
    """The schema that a field must fit which is not named."""
    for pattern, schema in form.get("patternProperties", {}).items():
        try:
            if re.search(pattern, name):
                return schema
        except re.error:  # another dialect than Python's
            continue
    return form.get("additionalProperties", ANY)


def _required(a: dict, b: dict, hidden: set[str], *, asked: bool) -> Found:
    was, now = a.get("required", frozenset()), b.get("required", frozenset())
    before, after = a.get("properties", {}), b.get("properties", {})
    for name in sorted(now - was):
        if name in before or name not in after:
            said = f"field {name} is now required" if asked else f"field {name} is now always there"
            yield Finding(said, Effect.NONE if name in hidden else Effect.LESS)
    for name in sorted(was - now):
        if name in after or name not in before:
            said = f"field {name} may now be left out" if asked else f"field {name} may now be missing"
            yield Finding(said, Effect.NONE if name in hidden else Effect.MORE)


def _further(a: dict, b: dict, schemas: "Schemas", *, asked: bool) -> Found:
    was, now = a.get("additionalProperties", ANY), b.get("additionalProperties", ANY)
    closed, closing = not schemas.old.union(was).forms, not schemas.new.union(now).forms
    if not closed and not closing:
        named = a.get("properties") or b.get("properties")
        yield Pair(was, now, ("each further field" if named else "each value",))
    elif closed and not closing:
        said = "takes further fields" if asked else "may have further fields"
        yield Finding(f"now {said}", Effect.MORE if asked else Effect.NONE)
    elif closing and not closed:
        named = not schemas.old.open(was)  # a map, whose values were promised
        said = "takes further fields" if asked else "has further fields"
        yield Finding(f"no longer {said}", Effect.MORE if named and not asked else Effect.LESS)


def _by_pattern(a: dict, b: dict) -> Found:
    for said, key in (
        ("fields with names like", "patternProperties"),
        ("what must hold beside field", "dependentSchemas"),
    ):
        was, now = a.get(key, {}), b.get(key, {})
        for name in sorted(was.keys() | now.keys()):
            if name in was and name in now:
                yield Pair(was[name], now[name], (f"{said} {name}",))
            else:
                added = name in now
                effect = Effect.LESS if added else Effect.MORE
                yield Finding(f"a rule about {said} {name} is {'new' if added else 'gone'}", effect)


def _together(a: dict, b: dict) -> Found:
    was, now = a.get("dependentRequired", {}), b.get("dependentRequired", {})
    for name in sorted(was.keys() | now.keys()):
        before, after = (side.get(name) or [] for side in (was, now))
        try:
            more, fewer = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        except TypeError:
            if before != after:
                yield Finding(f"dependentRequired of field {name}", Effect.UNKNOWN)
            continue
        for other in more:
            yield Finding(f"field {other} must now come with field {name}", Effect.LESS)
        for other in fewer:
            yield Finding(f"field {other} need no longer come with field {name}", Effect.MORE)
