"""What differs between the ways to sign in. Each entry of `security` is one way, of which any will do; a way may ask for
several things (schemes), and for rights within them (scopes), all of which are needed."""

from dataclasses import dataclass
from typing import Any

from pmtech.web.client.openapi.comparison import Comparison, Found
from pmtech.web.client.openapi.document import Document, component
from pmtech.web.client.openapi.effect import Effect, words

TOLD_BY = ("type", "in", "name", "scheme")


@dataclass(frozen=True)
class _Way:
    """The scopes by scheme, which is told by what it is rather than by what it is called; how to say it; and the schemes by
    name."""

    scopes: dict[str, frozenset[str]]
    said: str
    schemes: dict[str, Any]

    def asks_no_more(self, than: "_Way") -> bool:
        return all(key in than.scopes and scopes <= than.scopes[key] for key, scopes in self.scopes.items())


def sign_in(both: Comparison, was: Any, now: Any, where: str) -> Found:
    """Of an operation; None where it says nothing of its own, and that of the whole contract holds."""
    before = _ways(both.old, both.old.data.get("security") if was is None else was)
    after = _ways(both.new, both.new.data.get("security") if now is None else now)
    if both.turned:  # it is the API that signs in
        if [way.scopes for way in before] != [way.scopes for way in after]:
            yield both.change(where, "how the API signs in", Effect.UNKNOWN)
        return
    old, new = ({n: scheme for way in ways for n, scheme in way.schemes.items()} for ways in (before, after))
    for name in sorted(old.keys() & new.keys()):
        if not both.schemas.same(old[name], new[name]):
            yield both.change(f"sign-in {name}", "differs", Effect.UNKNOWN)
    for way in before:
        if not any(other.scopes == way.scopes for other in after):
            said = f"no longer takes the sign-in {way.said}" if way.scopes else "now asks for a sign-in"
            kept = any(other.asks_no_more(way) for other in after)
            yield both.change(where, said, Effect.NONE if kept else Effect.LESS)
    for way in after:
        if not any(other.scopes == way.scopes for other in before):
            said = f"now takes the sign-in {way.said}" if way.scopes else "no longer asks for a sign-in"
            yield both.change(where, said, Effect.MORE)


def _ways(document: Document, security: Any) -> list[_Way]:
    described = document.components("securitySchemes")
    ways = []
    for entry in security if isinstance(security, list) else []:
        scopes, said, schemes = {}, [], {}
        for name, asked in entry.items() if isinstance(entry, dict) else [(str(entry), [])]:
            rights = frozenset(map(str, asked if isinstance(asked, list) else [asked]))
            place = {"$ref": component("securitySchemes", name)}
            scheme = schemes[name] = _spelt(document.follow(place)) if name in described else None
            kept = scheme if isinstance(scheme, dict) and scheme.get("type") in ("apiKey", "http") else None
            scopes[str([kept.get(key) for key in TOLD_BY]) if kept else name] = rights
            said.append(name + (f" ({words(rights)})" if rights else ""))
        ways.append(_Way(scopes, " and ".join(said), schemes))
    return ways or [_Way({}, "", {})]


def _spelt(scheme: Any) -> Any:
    """In one spelling: `Bearer` and the names of headers are the same in any case (RFC 9110, 5.1 and 11.1)."""
    if isinstance(scheme, dict):
        is_header = scheme.get("type") == "apiKey" and scheme.get("in") == "header"
        for field in ["name"] * is_header + ["scheme"] * (scheme.get("type") == "http"):
            if isinstance(scheme.get(field), str):
                return scheme | {field: scheme[field].lower()}
    return scheme
