"""What differs between the parameters of two requests, and between the headers of two answers, which are written alike."""

from typing import Any

from pmtech.web.client.openapi.comparison import Comparison, Found, counted
from pmtech.web.client.openapi.document import Document
from pmtech.web.client.openapi.effect import Effect

FORM = ("query", "cookie")  # the places that are written as a form is, a=1&a=2; the others as 1,2
KNOWN = {"name", "in", "required", "schema", "content", "style", "explode", "deprecated"}
TEXT = {"type": "string"}
Key = tuple[str, str]


def listed(document: Document, own: list, shared: list, variables: list[str]) -> dict[Key, dict]:
    """Those of an operation and of its whole path by their place and name; a variable of the path by its position, for what
    it is called is not on the wire."""
    found: dict[Key, dict] = {}
    for nodes in (shared, own):
        inside = []
        for node in nodes:
            parameter = document.view(node, "parameter")
            place, name = parameter.get("in", ""), parameter.get("name", parameter.get("$ref", ""))
            key = str(name).lower() if place == "header" else str(name)
            position = str(variables.index(name) + 1) if place == "path" and name in variables else key
            inside.append(((place, position), parameter))
        found |= counted(inside)
    return found


def parameters(both: Comparison, before: dict[Key, dict], after: dict[Key, dict], where: str) -> Found:
    gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    for key in gone:
        there = next((other for other in new if other[1] == key[1] and "path" not in (key[0], other[0])), None)
        if there:
            new.remove(there)
            said = f"parameter {_told(before[key])} moved from {key[0]} to {there[0]}"
        else:
            said = f"parameter {_told(before[key])} is {'no longer described' if key[0] == 'path' else 'gone'}"
        yield both.change(where, said, Effect.NONE if key[0] == "path" else Effect.OTHER)
    for key in new:
        said, must = f"parameter {_told(after[key])} is", after[key].get("required")
        if key[0] == "path":  # any text would do until now
            yield both.change(where, f"{said} now described", Effect.NONE)
            yield from both.schema({"schema": TEXT}, after[key], f"{where}, {said[:-3]}", asked=True, text="sent")
        else:
            yield both.change(where, f"{said} new{' and required' if must else ''}", Effect.LESS if must else both.more)
    for key in sorted(before.keys() & after.keys()):
        yield from _parameter(both, key[0], before[key], after[key], where)


def _parameter(both: Comparison, place: str, was: dict, now: dict, where: str) -> Found:
    told = f"parameter {_told(now)}"
    if place != "path":
        said = f"{told} is now required", f"{told} is no longer required"
        yield from both.flag("required", was, now, where, *said, Effect.LESS)
    inside = f"{where}, {told}"
    usual = "form" if place in FORM else "simple"
    many = place in FORM and now.get("style", usual) == usual and now.get("explode", True)
    text = ("many" if many else "one") + " sent" * bool(was.get("required") and now.get("required"))
    yield from _written(both, was, now, inside, usual, asked=True, text=text)
    for name, said in (("allowReserved", "takes reserved signs"), ("allowEmptyValue", "takes an empty value")):
        yield from both.flag(name, was, now, inside, f"now {said}", f"no longer {said}", Effect.MORE)
    yield from both.rest(was, now, inside, KNOWN | {"allowReserved", "allowEmptyValue"})


def headers(both: Comparison, was: dict, now: dict, where: str) -> Found:
    """Of an answer. A client may read one that was never promised to be there."""
    before, after = (counted((n.lower(), (n, h)) for n, h in side.get("headers", {}).items()) for side in (was, now))
    for key in sorted(before.keys() | after.keys()):
        name = (after.get(key) or before[key])[0]
        if key in before and key in after:
            old, new = both.old.view(before[key][1], "parameter"), both.new.view(after[key][1], "parameter")
            inside = f"{where}, header {name}"
            said = "is now always there", "is no longer always there"
            yield from both.flag("required", old, new, inside, *said, Effect.LESS, asked=False)
            yield from _written(both, old, new, inside, "simple", asked=False)
            yield from both.rest(old, new, inside, KNOWN - {"name", "in"})
        else:
            must = key in after and both.new.view(after[key][1], "parameter").get("required")
            effect = Effect.OTHER if key in before else Effect.LESS if must else Effect.NONE
            yield both.change(where, f"header {name} is {'gone' if key in before else 'new'}", effect, asked=False)


def _written(both: Comparison, was: dict, now: dict, where: str, usual: str, *, asked: bool, text: str = "") -> Found:
    """The schema, and the style in which its parts become text."""
    if ("content" in was) != ("content" in now):
        yield both.change(where, "is now written in another way", Effect.OTHER)
    else:
        yield from both.content(was, now, where, asked=asked)
        yield from both.schema(was, now, where, asked=asked, text=text)
    styles = [side.get("style", usual) for side in (was, now)]
    spread = [side.get("explode", style == "form") for side, style in zip((was, now), styles, strict=True)]
    if styles[0] != styles[1]:
        yield both.change(where, f"is now written in style {styles[1]}, not in style {styles[0]}", Effect.OTHER)
    elif spread[0] != spread[1]:
        apart = {"object"} if styles[0] == "simple" else {"array", "object"}  # a list is 1,2 there either way
        parts = both.schemas.old.union(was.get("schema")).types & apart
        said = f"its parts are now written {'one by one' if spread[1] else 'together'}"
        yield both.change(where, said, Effect.OTHER if parts else Effect.NONE)
    yield from both.deprecated(was, now, where)


def _told(parameter: dict[str, Any]) -> str:
    return str(parameter.get("name", "without a name"))
