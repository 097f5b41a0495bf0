"""What differs between the parameters of two requests, and between the headers of two answers, which are written alike."""

from typing import Any

from pmtech.web.client.openapi.comparison import Comparison, Found, counted
from pmtech.web.client.openapi.document import Document
from pmtech.web.client.openapi.effect import Effect

FORM = ("query", "cookie")  # the places that are written as a form is, a=1&a=2; the others as 1,2
KNOWN = set("name in required schema content style explode deprecated allowReserved allowEmptyValue".split())
TEXT = {"type": "string"}
Listed = dict[tuple[str, str], dict[str, Any]]  # by their place and name


def listed(document: Document, own: list, shared: list, variables: list[str]) -> Listed:
    """Those of an operation and of its whole path; a variable of the path by its position, for what it is called is not on
    the wire."""
    found: Listed = {}
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


def parameters(both: Comparison, before: Listed, after: Listed, where: str) -> Found:
    before, after = dict(before), dict(after)
    for key in sorted(before.keys() - after.keys()):
        new = sorted(after.keys() - before.keys())
        there = next((other for other in new if other[1] == key[1] and "path" not in (key[0], other[0])), None)
        if there:
            said = f"{_told('parameter', before.pop(key))} moved from {key[0]} to {there[0]}"
            del after[there]
            yield both.change(where, said, Effect.OTHER)
    yield from _each(both, before, after, where, "parameter", asked=True)


def headers(both: Comparison, was: dict, now: dict, where: str) -> Found:
    """Of an answer. A client may read one that was never promised to be there."""
    before, after = (
        counted((("header", n.lower()), document.view(h, "parameter") | {"name": n}) for n, h in side.items())
        for document, side in ((both.old, was.get("headers", {})), (both.new, now.get("headers", {})))
    )
    yield from _each(both, before, after, where, "header", asked=False)


def _each(both: Comparison, before: Listed, after: Listed, where: str, kind: str, *, asked: bool) -> Found:
    for key, node in sorted((before | after).items(), key=lambda item: item[0]):
        is_path, told = key[0] == "path", _told(kind, node)
        if key in before and key in after:
            yield from _one(both, key[0], before[key], after[key], where, told, asked=asked)
        elif key in before:
            effect = Effect.NONE if is_path else Effect.OTHER
            yield both.change(where, f"{told} is {'no longer described' if is_path else 'gone'}", effect, asked=asked)
        elif is_path:  # any text would do until now
            yield both.change(where, f"{told} is now described", Effect.NONE)
            yield from both.schema({"schema": TEXT}, after[key], f"{where}, {told}", asked=True, text="sent")
        else:
            must = after[key].get("required")
            effect = Effect.LESS if must else both.more if asked else Effect.NONE
            yield both.change(where, f"{told} is new{' and required' if must and asked else ''}", effect, asked=asked)


def _one(both: Comparison, place: str, was: dict, now: dict, where: str, told: str, *, asked: bool) -> Found:
    usual, must = "form" if place in FORM else "simple", "required" if asked else "always there"
    if place != "path":
        said = f"{told} is now {must}", f"{told} is no longer {must}"
        yield from both.flag("required", was, now, where, *said, Effect.LESS, asked=asked)
    inside = f"{where}, {told}"
    many = place in FORM and now.get("style", usual) == usual and now.get("explode", True)
    text = ("many" if many else "one") + " sent" * bool(was.get("required") and now.get("required"))
    yield from _written(both, was, now, inside, usual, asked=asked, text=text if asked else "")
    for name, said in (("allowReserved", "takes reserved signs"), ("allowEmptyValue", "takes an empty value")):
        yield from both.flag(name, was, now, inside, f"now {said}", f"no longer {said}", Effect.MORE)
    yield from both.rest(was, now, inside, KNOWN)


def _written(both: Comparison, was: dict, now: dict, where: str, usual: str, *, asked: bool, text: str) -> Found:
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


def _told(kind: str, node: dict[str, Any]) -> str:
    return f"{kind} {node.get('name', 'without a name')}"
