"""What differs between two versions of one request and its answers: parameters, bodies, statuses, headers, sign-in."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pmtech.web.client.document import METHODS, Document
from pmtech.web.client.effect import Effect, words
from pmtech.web.client.forms import ANY
from pmtech.web.client.schemas import Schemas

DESCRIBES = frozenset("summary description tags operationId externalDocs example examples".split())
STYLES = {"query": "form", "cookie": "form"}  # in paths and headers it is "simple"


@dataclass(frozen=True)
class ContractChange:
    """One difference: `breaking` when a client written for the old version can fail on the new one, None when that was not
    judged. `what` then begins with "differs, not judged"."""

    where: str
    what: str
    breaking: bool | None


Found = Iterator[ContractChange]


class Messages:
    """Compares operations of two documents. With `judged` off every difference is listed as not judged: for what the API
    sends to its clients, where the sides are changed."""

    def __init__(self, old: Document, new: Document, *, judged: bool = True):
        self.old, self.new, self.judged = old, new, judged
        self.schemas = Schemas(old, new)

    def path(self, was: Any, now: Any, where: str, names: tuple[list, list] = ([], [])) -> Found:
        """All operations of a path, `names` being the variables in it; None for a path that is not there."""
        alone = was is None or now is None
        said = "is gone" if now is None else "is new"
        was, now = self.old.view(was, "path"), self.new.view(now, "path")
        shared = was.get("parameters", []), now.get("parameters", [])
        for method in METHODS:
            inside = f"{method.upper()} {where}"
            if method in was and method in now:
                yield from self._operation(was[method], now[method], shared, inside, names)
            elif method in was:
                yield self.change(inside, "is gone", Effect.OTHER)
            elif method in now:
                yield self.change(inside, "is new", Effect.NONE)
        if not alone:
            yield from self.rest(was, now, where, ("parameters", *METHODS))
        elif not {*METHODS} & {*was, *now}:
            yield self.change(where, f"{said}, without any request", Effect.NONE)

    def calls(self, was: Any, now: Any, where: str) -> Found:
        """What the API itself sends to its clients: callbacks by their name and address, or webhooks."""
        unjudged = Messages(self.old, self.new, judged=False)
        was, now = self.old.view(was, "calls"), self.new.view(now, "calls")
        for name in sorted(was.keys() | now.keys()):
            if name in was and name in now:
                yield from unjudged.path(was[name], now[name], f"{where} {name}")
            else:
                yield unjudged.change(f"{where} {name}", f"is {'gone' if name in was else 'new'}", Effect.UNKNOWN)

    def _operation(self, was: dict, now: dict, shared: tuple, where: str, names: tuple[list, list]) -> Found:
        was, now = self.old.view(was, "operation"), self.new.view(now, "operation")
        before, after = (
            _parameters(document, own.get("parameters", []), common, variables)
            for document, own, common, variables in zip((self.old, self.new), (was, now), shared, names, strict=True)
        )
        yield from self._parameters(before, after, where)
        yield from self._body(was.get("requestBody"), now.get("requestBody"), where)
        yield from self._answers(was.get("responses", {}), now.get("responses", {}), where)
        yield from self._sign_in(was.get("security"), now.get("security"), where)
        yield from self._deprecated(was, now, where)
        before, after = was.get("callbacks", {}), now.get("callbacks", {})
        for name in sorted(before.keys() | after.keys()):
            yield from self.calls(before.get(name), after.get(name), f"{where}, callback {name}")
        handled = {"parameters", "requestBody", "responses", "security", "callbacks", "deprecated"}
        yield from self.rest(was, now, where, handled)

    def rest(self, was: dict, now: dict, where: str, handled: Iterable[str]) -> Found:
        """What no rule knows."""
        for name in sorted((was.keys() | now.keys()) - DESCRIBES - set(handled)):
            if (name in was) != (name in now) or not self.schemas.same(was.get(name), now.get(name)):
                yield self.change(where, name or "what stands here", Effect.UNKNOWN)

    def change(self, where: str, what: str, effect: Effect, *, asked: bool = True) -> ContractChange:
        breaking = effect.breaks(asked=asked) if self.judged else None
        return ContractChange(where, what if breaking is not None else f"differs, not judged: {what}", breaking)

    def _schema(self, was: Any, now: Any, where: str, *, asked: bool, text: str = "") -> Found:
        for found in self.schemas.findings(was, now, asked=asked, text=text):
            yield self.change(", ".join((where, *found.place)), found.what, found.effect, asked=asked)

    def _deprecated(self, was: dict, now: dict, where: str) -> Found:
        if was.get("deprecated", False) != now.get("deprecated", False):
            yield self.change(where, f"is {'now' if now.get('deprecated') else 'no longer'} deprecated", Effect.NONE)

    def _parameters(self, before: dict, after: dict, where: str) -> Found:
        moved = set()
        for key in sorted(before.keys() - after.keys()):
            place, name = key
            there = next((other for other in sorted(after.keys() - before.keys()) if other[1] == name), None)
            if place == "path":
                yield self.change(where, f"parameter {name} is no longer described", Effect.NONE)
            elif there:
                moved.add(there)
                yield self.change(where, f"parameter {name} moved from {place} to {there[0]}", Effect.OTHER)
            else:
                yield self.change(where, f"parameter {_told(before[key])} is gone", Effect.OTHER)
        for key in sorted(after.keys() - before.keys() - moved):
            if key[0] == "path":
                yield self.change(where, f"parameter {_told(after[key])} is now described", Effect.NONE)
            elif after[key].get("required"):
                yield self.change(where, f"parameter {_told(after[key])} is new and required", Effect.LESS)
            else:
                yield self.change(where, f"parameter {_told(after[key])} is new", Effect.MORE)
        for key in sorted(before.keys() & after.keys()):
            yield from self._parameter(key[0], before[key], after[key], where)

    def _parameter(self, place: str, was: dict, now: dict, where: str) -> Found:
        told = f"parameter {_told(now)}"
        inside = f"{where}, {told}"
        if place != "path" and was.get("required", False) != now.get("required", False):
            required = now.get("required")
            said = f"{told} is now required" if required else f"{told} may now be left out"
            yield self.change(where, said, Effect.LESS if required else Effect.MORE)
        if ("content" in was) != ("content" in now):
            yield self.change(inside, "is now written in another way", Effect.OTHER)
        elif "content" in was:
            yield from self._content(was["content"], now["content"], inside, asked=True)
        else:
            style = STYLES.get(place, "simple")
            many = place in STYLES and now.get("style", style) == style and now.get("explode", True)
            schemas = was.get("schema", ANY), now.get("schema", ANY)
            yield from self._schema(*schemas, inside, asked=True, text="many" if many else "one")
            yield from self._style(was, now, style, inside)
        for name, said in (("allowReserved", "reserved signs"), ("allowEmptyValue", "an empty value")):
            if was.get(name, False) != now.get(name, False):
                taken = now.get(name, False)
                said = f"{'now' if taken else 'no longer'} takes {said}"
                yield self.change(inside, said, Effect.MORE if taken else Effect.LESS)
        yield from self._deprecated(was, now, inside)
        handled = {"name", "in", "required", "schema", "content", "style", "explode", "deprecated", "allowReserved"}
        yield from self.rest(was, now, inside, handled | {"allowEmptyValue"})

    def _style(self, was: dict, now: dict, usual: str, where: str) -> Found:
        styles = [side.get("style", usual) for side in (was, now)]
        spread = [side.get("explode", style == "form") for side, style in zip((was, now), styles, strict=True)]
        if styles[0] != styles[1]:
            yield self.change(where, f"is written in style {styles[1]}, no longer in {styles[0]}", Effect.OTHER)
        elif spread[0] != spread[1]:
            parts = self.schemas.old.union(was.get("schema", ANY)).types & {"array", "object"}
            said = "its parts are now written " + ("one by one" if spread[1] else "together")
            yield self.change(where, said, Effect.OTHER if parts else Effect.NONE)

    def _body(self, was: Any, now: Any, where: str) -> Found:
        if was is None or now is None:
            if now is not None:
                must = self.new.view(now, "body").get("required")
                said = "now needs a body" if must else "may now have a body"
                yield self.change(f"{where}, request", said, Effect.LESS if must else Effect.MORE)
            elif was is not None:
                yield self.change(f"{where}, request", "no longer takes a body", Effect.OTHER)
            return
        was, now = self.old.view(was, "body"), self.new.view(now, "body")
        if was.get("required", False) != now.get("required", False):
            must = now.get("required")
            said = "now needs a body" if must else "the body may now be left out"
            yield self.change(f"{where}, request", said, Effect.LESS if must else Effect.MORE)
        yield from self._content(was.get("content", {}), now.get("content", {}), f"{where}, request", asked=True)
        yield from self.rest(was, now, f"{where}, request", {"required", "content"})

    def _content(self, was: dict, now: dict, where: str, *, asked: bool) -> Found:
        """The same data in several notations, media types, of which a client picks one."""
        was, now = (_each((_media(name), media) for name, media in side.items()) for side in (was, now))
        new, verb = set(now) - set(was), "takes" if asked else "gives"
        for name, media in was.items():
            there = name if name in now else next((n for n in now if _covers(n, name) or _covers(name, n)), None)
            inside = where if len(was) == 1 and name.endswith("json") else f"{where}, as {name}"
            if there is None:
                yield self.change(where, f"no longer {verb} {name}", Effect.OTHER)
                continue
            if there != name:
                new.discard(there)
                effect = Effect.MORE if _covers(there, name) else Effect.LESS
                yield self.change(where, f"now {verb} {there}, no longer {name}", effect, asked=asked)
            old, other = self.old.view(media, "media"), self.new.view(now[there], "media")
            yield from self._schema(old.get("schema", ANY), other.get("schema", ANY), inside, asked=asked)
            yield from self.rest(old, other, inside, {"schema"})
        for name in sorted(new):
            yield self.change(where, f"now also {verb} {name}", Effect.NONE)

    def _answers(self, was: dict, now: dict, where: str) -> Found:
        was, now = (_each((_status(code), answer) for code, answer in side.items()) for side in (was, now))
        for code in sorted(was):
            there = _covering(code, now)
            if there:
                yield from self._answer(was[code], now[there], f"{where}, answer {code}")
                if there != code:
                    yield self.change(where, f"answer {code} is now described by {there}", Effect.NONE)
            elif code == "default":
                told = any(_good(other) for other in was) or any(_good(other) for other in now)
                yield self.change(
                    where, "answers that are not listed are no longer described", Effect.NONE if told else Effect.OTHER
                )
            elif _is_status(code):
                said = f"no longer answers {code}"
                yield self.change(where, said, Effect.OTHER if _good(code) else Effect.NONE)
        for code in sorted(now.keys() - was.keys()):
            there = _covering(code, was)
            if there and _is_status(code):
                yield self.change(where, f"answer {code} is now described apart from {there}", Effect.NONE)
                yield from self._answer(was[there], now[code], f"{where}, answer {code}")
            elif _is_status(code):
                yield self.change(where, f"may now answer {code}", Effect.NONE)
        yield from self.rest(was, now, f"{where}, answers", filter(_is_status, was.keys() | now.keys()))

    def _answer(self, was: Any, now: Any, where: str) -> Found:
        was, now = self.old.view(was, "answer"), self.new.view(now, "answer")
        yield from self._content(was.get("content", {}), now.get("content", {}), where, asked=False)
        before, after = (_each((n.lower(), (n, h)) for n, h in side.get("headers", {}).items()) for side in (was, now))
        for low in sorted(before.keys() | after.keys()):
            name = (after.get(low) or before[low])[0]
            if low not in after:
                yield self.change(where, f"header {name} is gone", Effect.OTHER)
            elif low not in before:
                yield self.change(where, f"header {name} is new", Effect.NONE)
            else:
                yield from self._header(before[low][1], after[low][1], f"{where}, header {name}")
        yield from self.rest(was, now, where, {"content", "headers"})

    def _header(self, was: Any, now: Any, where: str) -> Found:
        was, now = self.old.view(was, "parameter"), self.new.view(now, "parameter")
        if was.get("required", False) != now.get("required", False):
            there = now.get("required")
            said = "is now always there" if there else "may now be missing"
            yield self.change(where, said, Effect.LESS if there else Effect.MORE, asked=False)
        if ("content" in was) != ("content" in now):
            yield self.change(where, "is now written in another way", Effect.OTHER)
        else:
            yield from self._content(was.get("content", {}), now.get("content", {}), where, asked=False)
            yield from self._schema(was.get("schema", ANY), now.get("schema", ANY), where, asked=False)
        yield from self._style(was, now, "simple", where)
        yield from self._deprecated(was, now, where)
        yield from self.rest(was, now, where, {"required", "schema", "content", "style", "explode", "deprecated"})

    def _sign_in(self, was: list | None, now: list | None, where: str) -> Found:
        """Each entry is one way to sign in, of which any will do; each may ask for several things, all of them."""
        before = _ways(self.old, self.old.data.get("security") if was is None else was)
        after = _ways(self.new, self.new.data.get("security") if now is None else now)
        for way in before:
            if not any(_asks_no_more(other, way) for other in after):
                said = "now asks for a sign-in" if not way else f"no longer takes the sign-in {_way(way)}"
                yield self.change(where, said, Effect.LESS)
        for way in after:
            if not any(_asks_no_more(other, way) for other in before):
                said = f"now takes the sign-in {_way(way)}" if way else "no longer asks for a sign-in"
                yield self.change(where, said, Effect.MORE)


def _parameters(document: Document, own: list, shared: list, variables: list[str]) -> dict[tuple[str, str], dict]:
    """Those of an operation and of its path, by where they stand and their name; a path's variable by its position, for
    what it is called is not on the wire."""
    found: dict[tuple[str, str], dict] = {}
    for listed in (shared, own):
        inside = []
        for node in listed:
            parameter = document.view(node, "parameter")
            place, name = parameter.get("in", ""), parameter.get("name", str(parameter.get("$ref", "")))
            key = name.lower() if place == "header" else name
            if place == "path" and name in variables:
                key = str(variables.index(name) + 1)
            inside.append(((place, key), parameter))
        found |= _each(inside)
    return found


def _each(pairs: Iterable[tuple[Any, Any]]) -> dict:
    """As a dictionary, in which what goes by the same name is still counted."""
    found: dict = {}
    for key, value in pairs:
        while key in found:
            key = (*key[:-1], f"{key[-1]} again") if isinstance(key, tuple) else f"{key} again"
        found[key] = value
    return found


def _told(parameter: dict) -> str:
    return parameter.get("name", "without a name")


def _media(name: str) -> str:
    kind, *options = (part.strip().lower() for part in name.split(";"))
    return "; ".join([kind, *(o for o in options if o.replace('"', "") != "charset=utf-8")])


def _covers(wide: str, narrow: str) -> bool:
    kind, _, form = narrow.partition("/")
    return wide in ("*/*", f"{kind}/*", f"{kind}/{form.rpartition('+')[2]}") and wide != narrow


def _status(code: str) -> str:
    return code.upper() if code.lower() != "default" else "default"


def _is_status(code: str) -> bool:
    return code == "default" or re.fullmatch(r"[1-5](\d\d|XX)", code) is not None


def _good(code: str) -> bool:
    return code.startswith("2")


def _covering(code: str, answers: dict) -> str | None:
    """The entry that describes an answer: its own, else that of its hundred, else the default."""
    return next((c for c in (code, f"{code[0]}XX", "default") if c in answers), None) if _is_status(code) else None


def _ways(document: Document, listed: Any) -> list[dict]:
    """What each way to sign in asks for, told by what it is and not by what it is called, with the scopes."""
    components = document.view(document.data.get("components") or {}, "components")
    schemes = components.get("securitySchemes", {})
    ways = []
    for entry in listed if isinstance(listed, list) else []:
        way = {}
        for name, scopes in entry.items() if isinstance(entry, dict) else [(str(entry), [])]:
            scheme = document.follow(schemes.get(name))
            told = (
                {n: v for n, v in scheme.items() if n in ("type", "name", "in", "scheme")}
                if isinstance(scheme, dict)
                else {}
            )
            plain = told.get("type") in ("apiKey", "http")
            key = " ".join(str(told[n]).lower() for n in sorted(told)) if plain else name
            way[key] = (name, frozenset(map(str, scopes if isinstance(scopes, list) else [scopes])))
        ways.append(way)
    return ways or [{}]


def _asks_no_more(way: dict, than: dict) -> bool:
    return all(key in than and scopes <= than[key][1] for key, (_, scopes) in way.items())


def _way(way: dict) -> str:
    return " and ".join(name + (f" ({words(scopes)})" if scopes else "") for name, scopes in way.values())
