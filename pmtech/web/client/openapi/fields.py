"""What differs between the fields of two objects.

A request does not carry what is `readOnly`, an answer not what is `writeOnly`. Clients pass over fields that they do not
know, so that a new field in an answer breaks nobody. A field that is gone from a request may still be sent; that nobody
reads it any more may matter to whoever does. Who sends is taken to send no field that is not named, unless none is, or
further ones are welcome in so many words. A field that is gone from an answer breaks whoever reads it, also when
it could be left out before.
"""

import re
from typing import Any

from pmtech.web.client.openapi.effect import Effect, Finding, Found, Pair
from pmtech.web.client.openapi.form import ANY
from pmtech.web.client.openapi.forms import Sides

FIELDS = set("properties required additionalProperties patternProperties dependentRequired dependentSchemas".split())


def fields(a: dict, b: dict, sides: Sides, *, asked: bool, text: str) -> Found:
    """Of the words of two objects; `text` when each field travels as text."""
    was, now = a.get("properties", {}), b.get("properties", {})
    way = "readOnly" if asked else "writeOnly"
    old = {name for name in was if True not in sides.old.said(was[name], way)}  # what is carried
    new = {name for name in now if True not in sides.new.said(now[name], way)}
    for name in sorted(was.keys() | now.keys()):
        if name in was and name in now and (name in old) == (name in new):
            always = None if name in old else Effect.NONE
            yield Pair(was[name], now[name], (f"field {name}",), always=always, text=text)
        elif name in old and name in now:
            said = f"field {name} is now {way}: " + ("what is sent is passed over" if asked else "it is gone")
            yield Finding(said, Effect.NONE if asked else Effect.MORE)
        elif name in old:
            yield from _gone(name, was[name], b, sides, asked=asked)
        elif name in new:
            yield from _new(name, now[name], a, b, sides, asked=asked)
        else:
            yield Finding(f"field {name}, which is {way}, is {'gone' if name in was else 'new'}", Effect.NONE)
    yield from _required(a, b, was.keys() - old, now.keys() - new, asked=asked)
    closing = "additionalProperties" in a or "additionalProperties" in b  # else `unevaluatedProperties` goes by itself
    rest, place = [_rest(side) if closing else ANY for side in (a, b)], "further field" if was or now else "value"
    yield from _further(rest[0], rest[1], f"each {place}", "further fields", sides, asked=asked)
    old_names, new_names = (side.get("patternProperties", {}) for side in (a, b))
    for name in sorted(old_names.keys() | new_names.keys()):  # who is not named is among the further fields
        pair, said = (old_names.get(name, _rest(a)), new_names.get(name, _rest(b))), f"fields with names like {name}"
        yield from _further(*pair, said, said, sides, asked=asked)
    yield from _beside(a.get("dependentSchemas", {}), b.get("dependentSchemas", {}))
    yield from _together(a.get("dependentRequired", {}), b.get("dependentRequired", {}))


def _gone(name: str, was: Any, b: dict, sides: Sides, *, asked: bool) -> Found:
    rest = _unnamed(name, b)
    refused, unread = not sides.new.union(rest).forms, sides.new.open(rest)
    others = b.get("properties")  # who names no field at all does not describe them
    sent = Effect.LESS if refused else Effect.PASSED if unread and others else Effect.MORE
    yield Finding(f"field {name} is gone", sent if asked else Effect.MORE)
    if asked and not refused and not unread:
        yield Pair(was, rest, (f"field {name}",))


def _new(name: str, now: Any, a: dict, b: dict, sides: Sides, *, asked: bool) -> Found:
    duty, rest = name in b.get("required", ()), _unnamed(name, a)
    # Where any field was welcome, with none named or as the contract says, one of this name may be sent already.
    welcome = not a.get("properties") or "additionalProperties" in a
    letter = not asked or (welcome and sides.old.open(rest) and not sides.new.open(now))
    open_before = sides.old.open(rest)
    effect = Effect.LESS if duty else Effect.PERHAPS_LESS if letter else Effect.NONE if open_before else Effect.MORE
    yield Finding(f"field {name} is new" + (" and required" if duty and asked else ""), effect)
    sent = name in a.get("required", ()) and name not in a.get("properties", {})
    if sent or (sides.old.union(rest).forms and not sides.old.open(rest)):
        yield Pair(rest, now, (f"field {name}",))


def _unnamed(name: str, words: dict) -> Any:
    """The schema for a field that is not among the properties."""
    for pattern, schema in words.get("patternProperties", {}).items():
        try:
            if re.search(pattern, name):
                return schema
        except re.error:  # another dialect than Python's
            continue
    return _rest(words)


def _rest(words: dict) -> Any:
    return words.get("additionalProperties", words.get("unevaluatedProperties", ANY))


def _required(a: dict, b: dict, hid: set[str], hides: set[str], *, asked: bool) -> Found:
    """Of two objects that hide fields on this way. A default fills in what is missing, and makes no duty less of one."""
    was, now = (side.get("required", frozenset()) for side in (a, b))
    before, after = (side.get("properties", {}) for side in (a, b))
    for name in sorted(was ^ now):
        more = name in now
        if (name in before or name not in after) if more else (name in after or name not in before):
            said = ("now required" if asked else "now always there") if more else "no longer required"
            effect = Effect.NONE if name in (hides if more else hid) else Effect.LESS if more else Effect.MORE
            yield Finding(f"field {name} is {said}", effect)


def _further(was: Any, now: Any, place: str, said: str, sides: Sides, *, asked: bool) -> Found:
    closed, closes = not sides.old.union(was).forms, not sides.new.union(now).forms
    verb = "takes" if asked else "has"
    if not closed and not closes:
        yield Pair(was, now, (place,))
    elif closed and not closes:
        yield Finding(f"now {verb} {said}", Effect.MORE if asked else Effect.NONE)
    elif closes and not closed:
        promised = not asked and not sides.old.open(was)  # the values of a map
        yield Finding(f"no longer {verb} {said}", Effect.MORE if promised else Effect.LESS)


def _beside(was: dict, now: dict) -> Found:
    for name in sorted(was.keys() | now.keys()):
        said = f"what must hold beside field {name}"
        if name in was and name in now:
            yield Pair(was[name], now[name], (said,))
        else:
            effect = Effect.LESS if name in now else Effect.MORE
            yield Finding(f"a rule about {said} is {'new' if name in now else 'gone'}", effect)


def _together(was: dict, now: dict) -> Found:
    for name in sorted(was.keys() | now.keys()):
        for other in sorted(set(was.get(name, ())) ^ set(now.get(name, ()))):
            must = other in now.get(name, ())
            said = f"field {other} {'must now' if must else 'need no longer'} come with field {name}"
            yield Finding(said, Effect.LESS if must else Effect.MORE)
