"""What all comparisons of two contracts share: how a difference is told, and how media types and their schemas compare."""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

from pmtech.web.client.openapi.document import Document
from pmtech.web.client.openapi.effect import Effect
from pmtech.web.client.openapi.form import ANY
from pmtech.web.client.openapi.schemas import Schemas

DESCRIBES = frozenset("summary description tags operationId externalDocs example examples".split())


@dataclass(frozen=True)
class ContractChange:
    """One difference: `breaking` when a client written for the old version can fail on the new one, None when that was not
    judged. `what` then begins with "differs, not judged", or with "may differ" for what could not be read."""

    where: str
    what: str
    breaking: bool | None


Found = Iterator[ContractChange]


class Comparison:
    """Of two documents. `turned` is true within what the API itself sends, and a client answers: there the client is
    `asked` for what stands in the answer. `more` is the effect of what may now be sent along: nobody need read it."""

    def __init__(self, old: Document, new: Document):
        self.old, self.new, self.turned, self.more = old, new, False, Effect.MORE
        self.schemas = Schemas(old, new)

    @property
    def turned_round(self) -> "Comparison":
        other = copy(self)
        other.turned, other.more = not self.turned, Effect.MORE if self.turned else Effect.NONE
        return other

    def change(self, where: str, what: str, effect: Effect, *, asked: bool = True) -> ContractChange:
        breaking = effect.breaks(asked=asked != self.turned)
        if self.turned and not breaking and effect.breaks(asked=asked):
            breaking = None  # who takes it for a request would call it breaking: an all-clear needs both
        return ContractChange(where, what if breaking is not None else f"differs, not judged: {what}", breaking)

    def rest(self, was: dict, now: dict, where: str, known: Iterable[str]) -> Found:
        """What no rule knows."""
        for name in sorted((was.keys() | now.keys()) - DESCRIBES - set(known)):
            if (name in was) != (name in now) or not self.schemas.same(was.get(name), now.get(name)):
                yield self.change(where, name or "what stands here", Effect.UNKNOWN)

    def flag(
        self, name: str, was: dict, now: dict, where: str, on: str, off: str, effect: Effect, **way: bool
    ) -> Found:
        """A switch that is off when nothing is said, and what turning it on does; turning it off undoes that."""
        if was.get(name, False) != now.get(name, False):
            yield self.change(where, on if now.get(name) else off, effect if now.get(name) else effect.turned, **way)

    def deprecated(self, was: dict, now: dict, where: str) -> Found:
        yield from self.flag("deprecated", was, now, where, "is now deprecated", "is no longer deprecated", Effect.NONE)

    def schema(self, was: dict, now: dict, where: str, *, asked: bool, text: str = "", word: str = "schema") -> Found:
        """Of two objects that have a schema each."""
        schemas = was.get(word, ANY), now.get(word, ANY)
        for found in self.schemas.findings(*schemas, asked=asked != self.turned, text=text):
            yield self.change(", ".join((where, *found.place)), found.what, found.effect, asked=asked)

    def content(self, was: dict, now: dict, where: str, *, asked: bool) -> Found:
        """The same data in several notations (media types), of which a client picks one."""
        was, now = (
            counted((_media(name), media) for name, media in side.get("content", {}).items()) for side in (was, now)
        )
        new, verb = set(now) - set(was), "takes" if asked != self.turned else "gives"
        for name, media in was.items():
            there, effect = (name, None) if name in now else _instead(name, now)
            if there is None:
                yield self.change(where, f"no longer {verb} {name}", Effect.OTHER)
                continue
            if effect:
                new.discard(there)
                yield self.change(where, f"now {verb} {there}, no longer {name}", effect, asked=asked)
            inside = where if len(was) == 1 and name.endswith("json") else f"{where}, as {name}"
            before, after = self.old.view(media, "media"), self.new.view(now[there], "media")
            yield from self.schema(before, after, inside, asked=asked, text=_text(name))
            yield from self.schema(before, after, f"{inside}, each item", asked=asked, word="itemSchema")
            yield from self.rest(before, after, inside, {"schema", "itemSchema"})
        for name in sorted(new):
            picks = self.turned and asked  # the API, or whoever set it up
            yield self.change(where, f"now also {verb} {name}", Effect.UNKNOWN if picks else Effect.NONE)


def counted(pairs: Iterable[tuple[Any, Any]]) -> dict:
    """As a dictionary, in which a second one of the same name is kept."""
    found: dict = {}
    for key, value in pairs:
        while key in found:
            key = (*key[:-1], f"{key[-1]} again") if isinstance(key, tuple) else f"{key} again"
        found[key] = value
    return found


def _media(name: str) -> str:
    kind, *options = (part.strip().lower() for part in name.split(";"))
    return "; ".join([kind, *(option for option in options if option.replace('"', "") != "charset=utf-8")])


def _instead(name: str, among: dict) -> tuple[str | None, Effect | None]:
    """The media type that stands in place of one that is no longer there."""
    for other in among:
        if _covers(other, name) or _covers(name, other):
            return other, Effect.MORE if _covers(other, name) else Effect.LESS
    other = next((other for other in among if other.partition(";")[0] == name.partition(";")[0]), None)
    return other, Effect.UNKNOWN if other else None


def _covers(wide: str, narrow: str) -> bool:
    """As */* covers everything, and application/json covers application/problem+json and application/json; version=1."""
    bare = narrow.partition(";")[0]
    kind, _, form = bare.partition("/")
    return wide != narrow and wide in ("*/*", f"{kind}/*", f"{kind}/{form.rpartition('+')[2]}", bare)


def _text(media: str) -> str:
    """What of a body travels as text: "fields" those of a form or in XML, "sent" all of it, in JSON nothing."""
    kind = media.partition(";")[0]
    if kind == "application/x-www-form-urlencoded" or kind.startswith("multipart/") or kind.endswith("xml"):
        return "fields"
    return "sent" if kind.startswith("text/") else ""
