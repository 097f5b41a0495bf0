"""What differs between two versions of the requests on a path, and of their answers."""

import re
from typing import Any

from pmtech.web.client.openapi.comparison import Comparison, Found, counted
from pmtech.web.client.openapi.document import METHODS
from pmtech.web.client.openapi.effect import Effect
from pmtech.web.client.openapi.parameters import headers, listed, parameters
from pmtech.web.client.openapi.sign_in import sign_in

KNOWN = {"parameters", "requestBody", "responses", "security", "callbacks", "deprecated"}
GONE: dict = {}  # in place of what is not there
STATUS = re.compile(r"[1-5](\d\d|XX)|default")


def path_item(both: Comparison, was: Any, now: Any, where: str, variables: tuple[list, list] = ([], [])) -> Found:
    """All requests on a path, with the variables in it; GONE for a path that is not there."""
    alone = "is gone" if now is GONE else "is new" if was is GONE else None
    was, now = both.old.view(was, "path"), both.new.view(now, "path")
    shared = was.get("parameters", []), now.get("parameters", [])
    for method in METHODS:
        inside = f"{method.upper()} {where}"
        if method in was and method in now:
            yield from _operation(both, was[method], now[method], shared, inside, variables)
        elif method in was:
            yield both.change(inside, "is gone", Effect.OTHER)
        elif method in now:
            yield both.change(inside, "is new", Effect.NONE)
    if not alone:
        yield from both.rest(was, now, where, ("parameters", *METHODS))
    elif not {*METHODS} & {*was, *now}:
        yield both.change(where, f"{alone}, without any request", Effect.NONE)


def calls(both: Comparison, was: Any, now: Any, where: str) -> Found:
    """What the API itself sends to its clients, webhooks by their name, or the addresses of a callback: a client reads the
    request and writes the answer. One that is gone breaks whoever waits for it; one that is new was asked for by nobody."""
    both = both.turned_round
    was, now = both.old.view(was, "calls"), both.new.view(now, "calls")
    for name in sorted(was.keys() | now.keys()):
        yield from path_item(both, was.get(name, GONE), now.get(name, GONE), f"{where} {name}")


def _operation(both: Comparison, was: Any, now: Any, shared: tuple, where: str, variables: tuple[list, list]) -> Found:
    was, now = both.old.view(was, "operation"), both.new.view(now, "operation")
    before = listed(both.old, was.get("parameters", []), shared[0], variables[0])
    after = listed(both.new, now.get("parameters", []), shared[1], variables[1])
    yield from parameters(both, before, after, where)
    yield from _body(both, was.get("requestBody"), now.get("requestBody"), f"{where}, request")
    yield from _answers(both, was.get("responses", {}), now.get("responses", {}), where)
    yield from sign_in(both, was.get("security"), now.get("security"), where)
    yield from both.deprecated(was, now, where)
    old, new = was.get("callbacks", {}), now.get("callbacks", {})
    for name in sorted(old.keys() | new.keys()):
        yield from calls(both, old.get(name), new.get(name), f"{where}, callback {name}")
    yield from both.rest(was, now, where, KNOWN)


def _body(both: Comparison, was: Any, now: Any, where: str) -> Found:
    before, after = both.old.view(was, "body"), both.new.view(now, "body")
    if was is None or now is None:
        if was is not now:
            must = after.get("required")
            said = "always has a body now" if must else "may now have a body" if was is None else "no longer has a body"
            yield both.change(where, said, Effect.OTHER if now is None else Effect.LESS if must else both.more)
        return
    yield from both.flag(
        "required", before, after, where, "always has a body now", "need no longer have a body", Effect.LESS
    )
    yield from both.content(before, after, where, asked=True)
    yield from both.rest(before, after, where, {"required", "content"})


def _answers(both: Comparison, was: dict, now: dict, where: str) -> Found:
    """An answer is described by its status, else by its hundred (4XX), else by the default. Clients are used to errors that
    nobody told them of; an answer of success that is gone leaves them without any."""
    was, now = (
        counted(("default" if name.lower() == "default" else name.upper(), answer) for name, answer in side.items())
        for side in (was, now)
    )
    for status in sorted(filter(STATUS.fullmatch, was)):
        there = _described(status, now)
        if there:
            yield from _answer(both, was[status], now[there], f"{where}, answer {status}")
        if there != status:
            success = status.startswith("2") or (status[0] in "3d" and not any(s.startswith("2") for s in {*was, *now}))
            said = f"is now described by {there}" if there else "is no longer given or described"
            part = status.endswith("XX") and any(s[0] == status[0] for s in now)  # the rest of the hundred is gone
            missed = not there and (both.turned or (success and not part))
            effect = Effect.NONE if not missed else Effect.OTHER if success else Effect.UNKNOWN
            yield both.change(f"{where}, answer {status}", said, effect)
    for status in sorted(filter(STATUS.fullmatch, now.keys() - was.keys())):
        there = _described(status, was)
        said = f"is new, until now it was described by {there}" if there else "is new"
        yield both.change(f"{where}, answer {status}", said, Effect.NONE)
        if there:
            yield from _answer(both, was[there], now[status], f"{where}, answer {status}")
    yield from both.rest(was, now, f"{where}, answers", [s for s in {*was, *now} if STATUS.fullmatch(s)])


def _answer(both: Comparison, was: Any, now: Any, where: str) -> Found:
    was, now = both.old.view(was, "answer"), both.new.view(now, "answer")
    yield from both.content(was, now, where, asked=False)
    yield from headers(both, was, now, where)
    yield from both.rest(was, now, where, {"content", "headers"})


def _described(status: str, answers: dict) -> str | None:
    return next((name for name in (status, f"{status[0]}XX", "default") if name in answers), None)
