"""What differs between two forms of one type: their limits, their values, their items, and other rules.

A rule is given what the old and the new form say by one word (None: nothing), and yields findings, and pairs of schemas that
stand at the same place within the two. `asked` is true for what a client sends, false for what it is answered.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from pmtech.web.client.openapi.document import alike, exact
from pmtech.web.client.openapi.effect import Effect, Finding, Found, words
from pmtech.web.client.openapi.fields import FIELDS, fields
from pmtech.web.client.openapi.form import Form
from pmtech.web.client.openapi.forms import Sides
from pmtech.web.client.openapi.parts import ITEMS, PARTS, conditions, items, part

# A least value takes less the higher it is, a greatest value the lower it is; last what holds when nothing is said.
LIMITS = {
    "minimum": ("the least value", 1, None),
    "maximum": ("the greatest value", -1, None),
    "minLength": ("the least length", 1, 0),
    "maxLength": ("the greatest length", -1, None),
    "minItems": ("the fewest items", 1, 0),
    "maxItems": ("the most items", -1, None),
    "minProperties": ("the fewest fields", 1, 0),
    "maxProperties": ("the most fields", -1, None),
    "minContains": ("the fewest items that a list must contain", 1, 1),
    "maxContains": ("the most items that a list may contain", -1, None),
}
LABELS = {"format": "its format", "contentEncoding": "its encoding", "contentMediaType": "what kind of text it is"}
WIDER = {("int32", "int64"), ("int32", "bigint"), ("int64", "bigint"), ("float", "double"), ("int32", "double")}
ANY_TEXT = (None, "password")  # a password is only shown in another way
EVERY_TEXT = {"", ".*", "^.*", ".*$", "^.*$", "^", "$", "(.*)", "^(.*)$", r"[\s\S]*", r"^[\s\S]*$"}


def differences(a: Form, b: Form, sides: Sides, *, asked: bool, text: str) -> Found:
    """Of two forms of the same type. `text` is set for what travels as text."""
    if a.declared != b.declared and (a if b.declared else b).words:  # without words, any type is meant
        effect = Effect.PERHAPS_LESS if b.declared else Effect.PERHAPS_MORE  # other types were taken, or are now
        yield Finding(f"its type, {a.kind}, is {'now' if b.declared else 'no longer'} written down", effect)
    for word in sorted(a.words.keys() | b.words.keys()):
        was, now = a.words.get(word), b.words.get(word)
        if word in LIMITS:
            yield from _limit(word, was, now)
        elif word in PARTS:
            counted = word == "contains" and ("maxContains" in a.words or "maxContains" in b.words)
            yield from part(word, was, now, sides, Effect.UNKNOWN if counted else None)
        elif word in LABELS:
            yield from _label(LABELS[word], was, now)
        elif word in _RULES:
            yield from _RULES[word](was, now, asked)
        elif word == "default":
            yield from _default(a.words, b.words, decides=asked and text in ("one", "many"))
        elif word not in FIELDS | ITEMS and not sides.same(was, now):
            yield Finding("a further rule" if word == "and" else word, Effect.UNKNOWN)
    if ITEMS & (a.words.keys() | b.words.keys()):
        yield from items(a.words, b.words, sides, text)
    bare = [{word: value for word, value in form.words.items() if word != "enum"} for form in (a, b)]
    if a.kind == "object" and "enum" in (a.words | b.words) and not sides.same(*bare):
        yield Finding("the objects that are listed, beside the other rules", Effect.UNKNOWN)
    if FIELDS & (a.words.keys() | b.words.keys()):
        yield from fields(a.words, b.words, sides, asked=asked, text="many sent" if text == "fields" else "")


def _changed(said: str, was: Any, now: Any, effect: Effect) -> Finding:
    return Finding(f"{said} changed from {'none' if was is None else was} to {'none' if now is None else now}", effect)


def _effect(*, less: bool, more: bool) -> Effect:
    return Effect.OTHER if less and more else Effect.LESS if less else Effect.MORE if more else Effect.NONE


def _limit(word: str, was: Any, now: Any) -> Found:
    said, sign, unsaid = LIMITS[word]

    def tightness(limit: Any) -> tuple[float, bool]:
        value, strict = limit if isinstance(limit, tuple) else (unsaid if limit is None else limit, False)
        return (float("-inf"), False) if value is None else (sign * value, strict)

    before, after = tightness(was), tightness(now)
    if before != after:
        effect = Effect.LESS if after > before else Effect.MORE if after < before else Effect.UNKNOWN
        yield _changed(said, _bound(was), _bound(now), effect)


def _bound(limit: Any) -> Any:
    value, strict = limit if isinstance(limit, tuple) else (limit, False)
    return f"{value} (itself left out)" if strict else value


def _values(was: list | None, now: list | None, asked: bool) -> Iterator[Finding]:
    before, after = (None if side is None else set(map(exact, side)) for side in (was, now))
    gone = [v for v in was or () if after is not None and exact(v) not in after]
    new = [v for v in now or () if before is not None and exact(v) not in before]
    if gone or was is None:
        listed = words(gone) if gone else f"any value other than {words(now or ())}"
        yield Finding(f"no longer takes {listed}" if asked else f"is no longer {listed}", Effect.LESS)
    if new or now is None:
        listed = words(new) if new else f"any value other than {words(was or ())}"
        yield Finding(f"now also takes {listed}" if asked else f"may now also be {listed}", Effect.MORE)


def _extensible(was: Any, now: Any, asked: bool) -> Found:
    """Values to which others may come at any time, which clients were told to expect."""
    if isinstance(was, list | None) and isinstance(now, list | None):
        yield from (f if asked else Finding(f.what, Effect.NONE) for f in _values(was, now, asked))
    elif not alike(was, now):
        yield Finding("x-extensible-enum", Effect.UNKNOWN)


def _pattern(was: str | None, now: str | None, asked: bool) -> Found:
    was, now = (None if pattern in EVERY_TEXT else pattern for pattern in (was, now))
    if was != now:
        effect = Effect.LESS if was is None else Effect.MORE if now is None else Effect.UNKNOWN
        yield _changed("the pattern that it must fit", was, now, effect)


def _label(said: str, was: str | None, now: str | None) -> Found:
    if was != now:
        less = now not in ANY_TEXT and (was, now) not in WIDER
        more = was not in ANY_TEXT and (now, was) not in WIDER
        yield _changed(said, was, now, _effect(less=less, more=more))


def _multiple(was: float | None, now: float | None, asked: bool) -> Found:
    if alike(was, now):
        return
    try:
        old, new = (None if step is None else Fraction(str(step)) for step in (was, now))
        less = new is not None and (old is None or (old / new).denominator != 1)
        more = old is not None and (new is None or (new / old).denominator != 1)
        effect = _effect(less=less, more=more)
    except (ValueError, ZeroDivisionError):
        effect = Effect.UNKNOWN
    yield _changed("what it must be a multiple of", was, now, effect)


def _switch(on: str, off: str, effect_on: Effect, effect_off: Effect) -> Callable[[Any, Any, bool], Found]:
    def rule(was: bool | None, now: bool | None, asked: bool) -> Found:
        if bool(was) != bool(now):
            yield Finding(on if now else off, effect_on if now else effect_off)

    return rule


def _way(word: str) -> Callable[[Any, Any, bool], Found]:
    """Fields that go one way only are weighed where the fields are. On what is no field it says little."""

    def rule(was: bool | None, now: bool | None, asked: bool) -> Found:
        if bool(was) != bool(now):
            effect = Effect.UNKNOWN if asked == (word == "readOnly") else Effect.NONE
            yield Finding(f"{'is now' if now else 'is no longer'} marked as {word}", effect)

    return rule


def _default(a: dict, b: dict, *, decides: bool) -> Found:
    """A request without the field is taken as before. A parameter that is left out `decides` what is answered."""
    if ("default" in a) != ("default" in b) or not alike(a.get("default"), b.get("default")):
        was, now = (words([side["default"]]) if "default" in side else None for side in (a, b))
        yield _changed("its default", was, now, Effect.OTHER if decides else Effect.NONE)


_RULES: dict[str, Callable[[Any, Any, bool], Found]] = {
    "enum": _values,
    "x-extensible-enum": _extensible,
    "pattern": _pattern,
    "multipleOf": _multiple,
    "if": conditions,
    "readOnly": _way("readOnly"),
    "writeOnly": _way("writeOnly"),
    "deprecated": _switch("is now deprecated", "is no longer deprecated", Effect.NONE, Effect.NONE),
    "uniqueItems": _switch("no item may come twice now", "an item may now come twice", Effect.LESS, Effect.MORE),
    "whole": _switch(
        "type changed from number to integer", "type changed from integer to number", Effect.LESS, Effect.MORE
    ),
}
