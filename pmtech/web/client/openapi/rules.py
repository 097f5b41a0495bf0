"""What differs between two forms of one type, told by one rule for each word: limits, values, items, rules about a part.

A rule is given what the old and the new form say by its word (None: nothing), and where it stands; it yields findings, and
pairs of schemas that stand at the same place within the two.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from pmtech.web.client.openapi.document import alike, exact
from pmtech.web.client.openapi.effect import Effect, Finding, Found, Pair, words
from pmtech.web.client.openapi.fields import FIELDS, fields
from pmtech.web.client.openapi.form import ANY, Form
from pmtech.web.client.openapi.forms import Sides
from pmtech.web.schemas import validator

WIDER = {("int32", "int64"), ("int32", "bigint"), ("int64", "bigint"), ("float", "double"), ("int32", "double")}
ANY_TEXT = (None, "password")  # a password is only shown in another way
EVERY_TEXT = {"", ".*", "^.*", ".*$", "^.*$", "^", "$", "(.*)", "^(.*)$", r"[\s\S]*", r"^[\s\S]*$"}
ITEMS = {"items", "prefixItems"}
LISTED = {"minimum", "maximum", "minLength", "maxLength", "multipleOf", "pattern", "whole"}


@dataclass(frozen=True)
class Place:
    """Of a rule: the words of the two forms; `asked` is true for what a client sends, false for what it is answered; `text`
    is set for what travels as text."""

    a: dict[str, Any]
    b: dict[str, Any]
    sides: Sides
    asked: bool
    text: str


Rule = Callable[[Any, Any, Place], Found]


def differences(a: Form, b: Form, sides: Sides, *, asked: bool, text: str) -> Found:
    """Of two forms of the same type."""
    if a.declared != b.declared and (a if b.declared else b).words:  # without words, any type is meant
        effect = Effect.PERHAPS_LESS if b.declared else Effect.PERHAPS_MORE  # other types were taken, or are now
        yield Finding(f"its type, {a.kind}, is {'now' if b.declared else 'no longer'} written down", effect)
    at, said = Place(a.words, b.words, sides, asked, text), a.words.keys() | b.words.keys()
    for word in sorted(said - FIELDS - ITEMS):
        if word in LISTED and (_listed(word, a.words, b.words) or _listed(word, b.words, a.words)):
            continue  # the lists of values tell the difference
        yield from RULES.get(word, partial(_unknown, word))(a.words.get(word), b.words.get(word), at)
    if said & ITEMS:
        yield from _items(at)
    bare = [{word: value for word, value in form.words.items() if word != "enum"} for form in (a, b)]
    if a.kind == "object" and "enum" in said and not sides.same(*bare):
        yield Finding("the objects that are listed, beside the other rules", Effect.UNKNOWN)
    if said & FIELDS:
        yield from fields(a.words, b.words, sides, asked=asked, text="many sent" if text == "fields" else "")


def _listed(word: str, a: dict, b: dict) -> bool:
    """Whether the one lists its values, and all of them keep this rule of the other."""
    if "enum" not in a or word not in b:
        return False
    limit, strict = b[word] if isinstance(b[word], tuple) else (b[word], False)
    rule = {"type": "integer"} if word == "whole" else {f"exclusive{word.capitalize()}" if strict else word: limit}
    try:
        return all(map(validator()(rule).is_valid, a["enum"]))
    except (re.error, ArithmeticError):  # a pattern in another dialect than Python's, a step of nothing
        return False


def _changed(said: str, was: Any, now: Any, *, less: bool, more: bool, unsure: bool = False) -> Finding:
    effect = Effect.OTHER if less and more else Effect.LESS if less else Effect.MORE if more else Effect.NONE
    told = f"{said} changed from {'none' if was is None else was} to {'none' if now is None else now}"
    return Finding(told, Effect.UNKNOWN if unsure else effect)


def _unknown(word: str, was: Any, now: Any, at: Place) -> Found:
    if not at.sides.same(was, now):
        yield Finding("a further rule" if word == "and" else word, Effect.UNKNOWN)


def _limit(said: str, sign: int, unsaid: Any, was: Any, now: Any, at: Place) -> Found:
    """A least value takes less the higher it is, a greatest value the lower it is; `unsaid` holds when nothing is said."""

    def tightness(limit: Any) -> tuple[float, bool]:
        value, strict = limit if isinstance(limit, tuple) else (unsaid if limit is None else limit, False)
        return (float("-inf"), False) if value is None else (sign * value, strict)

    def told(limit: Any) -> Any:
        value, strict = limit if isinstance(limit, tuple) else (limit, False)
        return f"{value} (itself left out)" if strict else value

    before, after = tightness(was), tightness(now)
    if before != after:
        less, more = after > before, after < before
        yield _changed(said, told(was), told(now), less=less, more=more, unsure=not less and not more)


def _label(said: str, was: str | None, now: str | None, at: Place) -> Found:
    if was != now:
        less, more = now not in ANY_TEXT and (was, now) not in WIDER, was not in ANY_TEXT and (now, was) not in WIDER
        yield _changed(said, was, now, less=less, more=more)


def _pattern(was: str | None, now: str | None, at: Place) -> Found:
    was, now = (None if pattern in EVERY_TEXT else pattern for pattern in (was, now))
    if was != now:
        unsure = was is not None and now is not None
        yield _changed("the pattern that it must fit", was, now, less=was is None, more=now is None, unsure=unsure)


def _multiple(was: float | None, now: float | None, at: Place) -> Found:
    said = "what it must be a multiple of"
    if alike(was, now):
        return
    try:
        old, new = (None if step is None else Fraction(str(step)) for step in (was, now))
        less = new is not None and (old is None or (old / new).denominator != 1)
        more = old is not None and (new is None or (new / old).denominator != 1)
        yield _changed(said, was, now, less=less, more=more)
    except (ValueError, ZeroDivisionError):
        yield _changed(said, was, now, less=False, more=False, unsure=True)


def _default(was: Any, now: Any, at: Place) -> Found:
    """A request without the field is taken as before. A parameter that is left out decides what is answered."""
    if ("default" in at.a) != ("default" in at.b) or not alike(was, now):
        told = (words([side["default"]]) if "default" in side else None for side in (at.a, at.b))
        decides = at.asked and at.text in ("one", "many")
        yield _changed("its default", *told, less=decides, more=decides)


def _values(was: list | None, now: list | None, at: Place) -> Iterator[Finding]:
    before, after = (None if side is None else set(map(exact, side)) for side in (was, now))
    gone = [v for v in was or () if after is not None and exact(v) not in after]
    new = [v for v in now or () if before is not None and exact(v) not in before]
    if gone or was is None:
        listed = words(gone) if gone else f"any value other than {words(now or ())}"
        yield Finding(f"no longer takes {listed}" if at.asked else f"is no longer {listed}", Effect.LESS)
    if new or now is None:
        listed = words(new) if new else f"any value other than {words(was or ())}"
        yield Finding(f"now also takes {listed}" if at.asked else f"may now also be {listed}", Effect.MORE)


def _extensible(was: list | None, now: list | None, at: Place) -> Found:
    """Values to which others may come at any time, which clients were told to expect."""
    for found in _values(was, now, at):
        yield found if at.asked else replace(found, effect=Effect.NONE)


def _switch(on: str, off: str, effect: Effect, was: bool | None, now: bool | None, at: Place) -> Found:
    if bool(was) != bool(now):
        yield Finding(on, effect) if now else Finding(off, effect.turned)


def _way(word: str, carried: bool, was: bool | None, now: bool | None, at: Place) -> Found:
    """Fields that go one way only are weighed where the fields are. On what is no field it says little."""
    effect = Effect.UNKNOWN if at.asked == carried else Effect.NONE
    yield from _switch(f"is now marked as {word}", f"is no longer marked as {word}", effect, was, now, at)


def _part(said: str, word: str, was: Any, now: Any, at: Place) -> Found:
    """A schema within a schema asks for more than none."""
    if was is not None and now is not None:
        counted = word == "contains" and "maxContains" in {*at.a, *at.b}
        yield Pair(was, now, (said,), turned=word == "not", always=Effect.UNKNOWN if counted else None)
    elif word in ("not", "contains") or not (at.sides.new.open(now) if was is None else at.sides.old.open(was)):
        yield _rule(said, added=was is None)


def _rule(said: str, *, added: bool) -> Finding:
    return Finding(f"a rule about {said} is {'new' if added else 'gone'}", Effect.LESS if added else Effect.MORE)


def _conditions(was: dict | None, now: dict | None, at: Place) -> Found:
    if was is None or now is None:
        yield _rule("what must hold if something else does", added=was is None)
        return
    yield Pair(was["if"], now["if"], ("its condition",), always=Effect.UNKNOWN)
    for word, said in (("then", "if its condition holds"), ("else", "if its condition does not hold")):
        yield Pair(was.get(word, ANY), now.get(word, ANY), (said,))


def _items(at: Place) -> Found:
    first, second = (side.get("prefixItems", []) for side in (at.a, at.b))
    rest, others = (side.get("items", ANY) for side in (at.a, at.b))
    for n in range(max(len(first), len(second))):
        pair = first[n] if n < len(first) else rest, second[n] if n < len(second) else others
        yield _item(*pair, f"item {n + 1}", at)
    yield _item(rest, others, "each further item" if first or second else "each item", at)


def _item(was: Any, now: Any, place: str, at: Place) -> Finding | Pair:
    """A list that ends before this item is a shorter one, and breaks only who sends more."""
    if at.sides.old.union(was).forms and not at.sides.new.union(now).forms:
        return Finding(f"can no longer have {place.replace('each', 'a')}", Effect.LESS)
    return Pair(was, now, (place,), text=at.text)


_PARTS = {
    "not": "what it must not be",
    "contains": "what a list must contain",
    "propertyNames": "the names of fields",
    "unevaluatedProperties": "further fields",
    "unevaluatedItems": "further items",
    "contentSchema": "what the text holds",
}
RULES: dict[str, Rule] = {
    "minimum": partial(_limit, "the least value", 1, None),
    "maximum": partial(_limit, "the greatest value", -1, None),
    "minLength": partial(_limit, "the least length", 1, 0),
    "maxLength": partial(_limit, "the greatest length", -1, None),
    "minItems": partial(_limit, "the fewest items", 1, 0),
    "maxItems": partial(_limit, "the most items", -1, None),
    "minProperties": partial(_limit, "the fewest fields", 1, 0),
    "maxProperties": partial(_limit, "the most fields", -1, None),
    "minContains": partial(_limit, "the fewest items that a list must contain", 1, 1),
    "maxContains": partial(_limit, "the most items that a list may contain", -1, None),
    "format": partial(_label, "its format"),
    "contentEncoding": partial(_label, "its encoding"),
    "contentMediaType": partial(_label, "what kind of text it is"),
    "pattern": _pattern,
    "multipleOf": _multiple,
    "default": _default,
    "enum": _values,
    "x-extensible-enum": _extensible,
    "whole": partial(
        _switch, "type changed from number to integer", "type changed from integer to number", Effect.LESS
    ),
    "uniqueItems": partial(_switch, "no item may come twice now", "an item may now come twice", Effect.LESS),
    "deprecated": partial(_switch, "is now deprecated", "is no longer deprecated", Effect.NONE),
    "readOnly": partial(_way, "readOnly", True),
    "writeOnly": partial(_way, "writeOnly", False),
    "if": _conditions,
    **{word: partial(_part, said, word) for word, said in _PARTS.items()},
}
