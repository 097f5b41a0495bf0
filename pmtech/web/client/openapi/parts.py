"""What differs between the schemas that stand within two forms: items, conditions, and rules about a part of the value."""

from typing import Any

from pmtech.web.client.openapi.effect import Effect, Finding, Found, Pair
from pmtech.web.client.openapi.form import ANY
from pmtech.web.client.openapi.forms import Sides

ITEMS = {"items", "prefixItems"}
PARTS = {
    "not": "what it must not be",
    "contains": "what a list must contain",
    "propertyNames": "the names of fields",
    "unevaluatedProperties": "further fields",
    "unevaluatedItems": "further items",
    "contentSchema": "what the text holds",
}


def part(word: str, was: Any, now: Any, sides: Sides, always: Effect | None) -> Found:
    """A schema within a schema asks for more than none."""
    if was is not None and now is not None:
        yield Pair(was, now, (PARTS[word],), turned=word == "not", always=always)
    elif word in ("not", "contains") or not (sides.new.open(now) if was is None else sides.old.open(was)):
        yield from _rule(PARTS[word], added=was is None)


def _rule(said: str, *, added: bool) -> Found:
    yield Finding(f"a rule about {said} is {'new' if added else 'gone'}", Effect.LESS if added else Effect.MORE)


def conditions(was: dict | None, now: dict | None, asked: bool) -> Found:
    if was is None or now is None:
        yield from _rule("what must hold if something else does", added=was is None)
        return
    yield Pair(was["if"], now["if"], ("its condition",), always=Effect.UNKNOWN)
    for word, said in (("then", "if its condition holds"), ("else", "if its condition does not hold")):
        yield Pair(was.get(word, ANY), now.get(word, ANY), (said,))


def items(a: dict, b: dict, sides: Sides, text: str) -> Found:
    first, second = a.get("prefixItems", []), b.get("prefixItems", [])
    rest, others = a.get("items", ANY), b.get("items", ANY)
    for n in range(max(len(first), len(second))):
        pair = first[n] if n < len(first) else rest, second[n] if n < len(second) else others
        yield _item(*pair, f"item {n + 1}", sides, text)
    yield _item(rest, others, "each further item" if first or second else "each item", sides, text)


def _item(was: Any, now: Any, place: str, sides: Sides, text: str) -> Finding | Pair:
    """A list that ends before this item is a shorter one, and breaks only who sends more."""
    if sides.old.union(was).forms and not sides.new.union(now).forms:
        return Finding(f"can no longer have {place.replace('each', 'a')}", Effect.LESS)
    return Pair(was, now, (place,), text=text)
