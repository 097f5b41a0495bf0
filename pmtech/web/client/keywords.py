"""What differs between two forms of one type: limits, values, and rules about text, lists and whatever they hold.

`asked` is true for what a client sends, false for what it is answered. `text` is set for a parameter, which travels as
text and whose default decides what is answered to those who leave it out. Each rule yields findings, and pairs of schemas
that stand at the same place within the two.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pmtech.web.client.effect import Effect, Finding, Pair, words
from pmtech.web.client.fields import fields
from pmtech.web.client.forms import ANY, alike

if TYPE_CHECKING:
    from pmtech.web.client.schemas import Schemas

# A least value takes less the higher it is, a greatest value the lower it is; what is said by leaving it out.
LIMITS = {
    "minimum": ("the least value", 1, None),
    "maximum": ("the greatest value", -1, None),
    "minLength": ("the least length", 1, 0),
    "maxLength": ("the greatest length", -1, None),
    "minItems": ("the fewest items", 1, 0),
    "maxItems": ("the most items", -1, None),
    "minProperties": ("the fewest fields", 1, 0),
    "maxProperties": ("the most fields", -1, None),
    "minContains": ("the fewest items that it must contain", 1, 1),
    "maxContains": ("the most items that it may contain", -1, None),
}
PARTS = {
    "not": "what it must not be",
    "contains": "what a list must contain",
    "propertyNames": "the names of fields",
    "unevaluatedProperties": "further fields",
    "unevaluatedItems": "further items",
    "contentSchema": "what the text holds",
}
EVERYTHING = {"", ".*", "^.*", ".*$", "^.*$", "^", "$", "^.*?$", "(.*)", "^(.*)$", r"[\s\S]*", r"^[\s\S]*$"}
WIDER_FORMAT = {("int32", "int64"), ("float", "double")}
NAMES = {"format": "its format", "contentEncoding": "its encoding", "contentMediaType": "what kind of text it holds"}
Found = Iterator[Finding | Pair]


def forms(a: dict, b: dict, schemas: "Schemas", *, asked: bool, text: str) -> Found:
    """All differences of two forms that have the same type."""
    names = (a.keys() | b.keys()) - {"type", "name", "declared"}
    for name in sorted(names):
        was, now = a.get(name), b.get(name)
        if name in LIMITS:
            yield from _limit(name, was, now)
        elif name in _RULES:
            yield from _RULES[name](was, now, asked)
        elif name in PARTS:
            yield from _part(name, a, b, schemas)
        elif name in ("format", "contentEncoding", "contentMediaType"):
            yield from _label(NAMES[name], was, now)
        elif name == "default":
            if (name in a) != (name in b) or not alike(was, now):
                said = " to ".join(words([form[name]]) if name in form else "none" for form in (a, b))
                # A request with a field left out is still taken; a parameter left out is answered differently.
                yield Finding(f"its default changed from {said}", Effect.OTHER if asked and text else Effect.NONE)
        elif name == "if":
            yield from _conditions(was, now)
        elif name not in _ELSEWHERE and not schemas.same(was, now):
            yield Finding(_named(name), Effect.UNKNOWN)
    if a["type"] == "array":
        yield from _items(a, b, text)
    yield from fields(a, b, schemas, asked=asked)


def _named(name: str) -> str:
    return "a further rule of its parts" if name == "and" else name


def _limit(name: str, was: Any, now: Any) -> Found:
    said, sign, missing = LIMITS[name]

    def rank(limit: Any) -> tuple:
        value, strict = limit if isinstance(limit, tuple) else (limit, False)
        value = missing if value is None else value
        return (float("-inf"), False) if value is None else (sign * value, strict)

    before, after = rank(was), rank(now)
    if before != after:
        effect = Effect.LESS if after > before else Effect.MORE if after < before else Effect.UNKNOWN
        yield Finding(f"{said} changed from {_bound(was)} to {_bound(now)}", effect)


def _bound(limit: Any) -> str:
    value, strict = limit if isinstance(limit, tuple) else (limit, False)
    return "none" if value is None else f"{value}, itself left out," if strict else f"{value}"


def _values(was: list | None, now: list | None, asked: bool) -> Found:
    gone = [] if was is None else [v for v in was if now is not None and not any(alike(v, n) for n in now)]
    new = [] if now is None else [v for v in now if was is not None and not any(alike(v, w) for w in was)]
    if gone or (was is None and now is not None):
        listed = words(gone) if gone else f"any value other than {words(now or ())}"
        yield Finding(f"no longer takes {listed}" if asked else f"is no longer {listed}", Effect.LESS)
    if new or (now is None and was is not None):
        listed = words(new) if new else f"any value other than {words(was or ())}"
        yield Finding(f"now also takes {listed}" if asked else f"may now also be {listed}", Effect.MORE)


def _extensible(was: Any, now: Any, asked: bool) -> Found:
    """Values to which others may come at any time, which clients have been told to expect."""
    if not isinstance(was, list | None) or not isinstance(now, list | None):
        if not alike(was, now):
            yield Finding("x-extensible-enum", Effect.UNKNOWN)
        return
    for finding in _values(was, now, asked):
        yield finding if asked else Finding(finding.what, Effect.NONE)


def _pattern(was: str | None, now: str | None, asked: bool) -> Found:
    was, now = (None if text in EVERYTHING else text for text in (was, now))
    if was != now:
        effect = Effect.LESS if was is None else Effect.MORE if now is None else Effect.UNKNOWN
        yield Finding(f"the pattern that it must fit changed from {was or 'none'} to {now or 'none'}", effect)


def _label(said: str, was: str | None, now: str | None) -> Found:
    if was != now:
        less, more = now is not None, was is not None
        if (now, was) in WIDER_FORMAT:
            more = False
        if (was, now) in WIDER_FORMAT:
            less = False
        effect = Effect.OTHER if less and more else Effect.LESS if less else Effect.MORE
        yield Finding(f"{said} changed from {was or 'none'} to {now or 'none'}", effect)


def _multiple(was: float | None, now: float | None, asked: bool) -> Found:
    if was == now:
        return
    try:
        old, new = (None if step is None else Fraction(str(step)) for step in (was, now))
        less, more = new is not None, old is not None
        if old and new:
            less, more = (old / new).denominator != 1, (new / old).denominator != 1
        effect = Effect.OTHER if less and more else Effect.LESS if less else Effect.MORE
    except (ValueError, ZeroDivisionError):
        effect = Effect.UNKNOWN
    yield Finding(f"the step that it must be a multiple of changed from {was or 'none'} to {now or 'none'}", effect)


def _whole(was: bool | None, now: bool | None, asked: bool) -> Found:
    if was != now:
        said = "type changed from integer to number" if was else "type changed from number to integer"
        yield Finding(said, Effect.MORE if was else Effect.LESS)


def _unique(was: bool | None, now: bool | None, asked: bool) -> Found:
    if bool(was) != bool(now):
        said = "an item may no longer come twice" if now else "an item may now come twice"
        yield Finding(said, Effect.LESS if now else Effect.MORE)


def _deprecated(was: bool | None, now: bool | None, asked: bool) -> Found:
    if bool(was) != bool(now):
        yield Finding("is now deprecated" if now else "is no longer deprecated", Effect.NONE)


def _way(name: str) -> Any:
    """`readOnly` and `writeOnly` of fields are weighed where the fields are; on what is no field they say little."""

    def rule(was: bool | None, now: bool | None, asked: bool) -> Found:
        if bool(was) != bool(now):
            matters = asked == (name == "readOnly")
            said = "is now" if now else "is no longer"
            yield Finding(f"{said} marked as {name}", Effect.UNKNOWN if matters else Effect.NONE)

    return rule


def _part(name: str, a: dict, b: dict, schemas: "Schemas") -> Found:
    """A schema within a schema: where there was none it asks for more."""
    if name in a and name in b:
        # More that counts as contained is more to take, and more of what there may be too much.
        counted = name == "contains" and ("maxContains" in a or "maxContains" in b)
        always = Effect.UNKNOWN if counted else None
        yield Pair(a[name], b[name], (PARTS[name],), turned=name == "not", always=always)
    else:
        matters = name in ("not", "contains") or not (schemas.old if name in a else schemas.new).open(
            a.get(name, b.get(name))
        )
        if matters:
            yield added_or_gone(PARTS[name], name in b)


def added_or_gone(said: str, added: bool) -> Finding:
    return Finding(f"a rule about {said} is {'new' if added else 'gone'}", Effect.LESS if added else Effect.MORE)


def _conditions(was: dict | None, now: dict | None) -> Found:
    if was is None or now is None:
        yield added_or_gone("what must hold if something else does", was is None)
        return
    yield Pair(was["if"], now["if"], ("its condition",), always=Effect.UNKNOWN)
    for name, said in (("then", "if the condition holds"), ("else", "if the condition does not hold")):
        yield Pair(was.get(name, ANY), now.get(name, ANY), (said,))


def _items(a: dict, b: dict, text: str) -> Found:
    first, second = a.get("prefixItems", []), b.get("prefixItems", [])
    rest = a.get("items", ANY), b.get("items", ANY)
    for n in range(max(len(first), len(second))):
        was, now = (side[n] if n < len(side) else others for side, others in zip((first, second), rest, strict=True))
        yield Pair(was, now, (f"item {n + 1}",), text=text)
    yield Pair(*rest, ("each further item" if first or second else "each item",), text=text)


_RULES = {
    "enum": _values,
    "x-extensible-enum": _extensible,
    "pattern": _pattern,
    "multipleOf": _multiple,
    "whole": _whole,
    "uniqueItems": _unique,
    "deprecated": _deprecated,
    "readOnly": _way("readOnly"),
    "writeOnly": _way("writeOnly"),
}
_ELSEWHERE = {"items", "prefixItems", "properties", "required", "additionalProperties", "patternProperties"} | {
    "dependentRequired",
    "dependentSchemas",
}
