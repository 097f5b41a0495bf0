"""What happens to every request before and after its endpoint, whatever the endpoint is: HTTP by the book."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import nullcontext, suppress
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pmtech.web.app.asked import check_asker, check_size, origin_form
from pmtech.web.app.conditions import FIELDS, tag, unmet
from pmtech.web.app.faults import Faults
from pmtech.web.app.problems import problem
from pmtech.web.app.store import Store
from pmtech.web.strict_json import parse

BODY_LIMIT_BYTES = 1_000_000
DRAIN_LIMIT_BYTES = 64_000_000
LOST_FOR_S = 30.0
JSON, MERGE_PATCH, JSON_PATCH = "application/json", "application/merge-patch+json", "application/json-patch+json"
TAKEN = {  # method -> the header that says what it takes, and that
    "POST": ("Accept-Post", (JSON,)),
    "PUT": ("Accept", (JSON,)),
    "PATCH": ("Accept-Patch", (MERGE_PATCH, JSON, JSON_PATCH)),
}


class Front:
    """ASGI middleware around the API; `allowed(path)` lists the methods a path knows.

    In this order: the size of what was sent, who asks, is there such a path and method, is the body JSON (415, 400), does a
    condition hold. What changes something is one transaction with its condition, and an error takes all of it back.
    """

    def __init__(self, app, *, store: Store, faults: Faults, allowed: Callable[[str], list[str]]):
        self.app, self.store, self.faults, self.allowed = app, store, faults, allowed

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        with suppress(ClientDisconnect):
            body = await _read(scope, receive)
            if self.faults.lose_requests > 0:
                self.faults.lose_requests -= 1
                return await _say_nothing(scope, receive, send)
            lost = self.faults.lose_answers > 0
            self.faults.lose_answers -= lost
            try:
                async with self.faults.door(scope) if self.faults.door else nullcontext():
                    answer = await self._answer(origin_form(scope), body)
            except HTTPException as refused:
                answer = problem(refused.status_code, refused.detail, refused.headers)
            except sqlite3.OperationalError as error:
                answer = _unavailable(error)
            await (_say_nothing if lost else answer)(scope, receive, send)

    async def _answer(self, scope: dict, body: bytes | None) -> Response:
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        check_size(scope)
        check_asker(scope)
        if body is None:
            raise HTTPException(413, f"the body may have at most {BODY_LIMIT_BYTES:,} bytes")
        # A route takes "/surveys\n" for /surveys.
        methods = self.allowed(path) if path.isprintable() else []
        listed = ", ".join(methods)
        if method == "OPTIONS" and methods:
            return Response(status_code=204, headers={"Allow": listed})
        if not methods or path == "*":
            raise HTTPException(404, f"there is nothing at {path}")
        if method not in methods:
            raise HTTPException(405, f"{path} knows {listed}, not {method}", {"Allow": listed})
        if method in TAKEN:
            body = _checked(headers, method, body)
        if method not in ("GET", "HEAD"):
            return _at_once(self._change(scope, headers, body))
        # A server leaves the body of an answer to HEAD away by itself.
        answer = await self._get(scope)
        return unmet(headers, "GET", path, answer) or answer

    async def _change(self, scope: dict, headers: Headers, body: bytes) -> Response:
        try:
            with self.store.transaction():
                if any(field in headers for field in FIELDS):
                    unmet(headers, scope["method"], scope["path"], await self._get(scope))
                answer = await self._ask(scope, body)
                if answer.status_code >= 400:
                    raise _TakenBack(answer)
                return answer
        except _TakenBack as error:
            return error.answer

    async def _get(self, scope: dict) -> Response:
        return tag(await self._ask({**scope, "method": "GET"}, b""))

    async def _ask(self, scope: dict, body: bytes) -> Response:
        """What the endpoints answer."""
        start, chunks = {}, []

        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        async def send(message: dict) -> None:
            start.update(message)
            chunks.append(message.get("body", b""))

        await self.app({**scope}, receive, send)
        answer = Response(b"".join(chunks), start["status"])
        answer.raw_headers = list(start["headers"])
        return answer


class _TakenBack(Exception):
    """Ends the transaction of a request that is answered with an error."""

    def __init__(self, answer: Response):
        self.answer = answer


def _at_once(change: Coroutine[Any, Any, Response]) -> Response:
    """Runs it without a pause, so that no other request can come between; raises RuntimeError when it waits."""
    try:
        change.send(None)
    except StopIteration as done:
        return done.value
    change.close()
    raise RuntimeError("an endpoint that changes something must not wait in its transaction")


def _checked(headers: Headers, method: str, body: bytes) -> bytes:
    """The body as it was understood: JSON in one spelling. Raises HTTPException (415, 400)."""
    header, known = TAKEN[method]
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in known:
        detail = f"Content-Type must be {' or '.join(known)}, got {media_type or 'none'}"
        raise HTTPException(415, detail, {header: ", ".join(known)})
    if headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "the body must not be compressed", {"Accept-Encoding": "identity"})
    if not body.strip():
        raise HTTPException(400, "the body is empty; it has to be JSON")
    try:
        return json.dumps(parse(body, "the body"), ensure_ascii=False).encode()
    except UnicodeError:  # half of a surrogate pair is JSON, but no text that could be kept or sent back
        raise HTTPException(400, "the body is not proper UTF-8") from None
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def _unavailable(error: sqlite3.OperationalError) -> Response:
    """507 when there is no room for more, 503 when the database cannot be used for now."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return problem(507, "there is no room left for what you sent; nothing was changed")
    return problem(503, "the database cannot be used at the moment; nothing was changed", {"Retry-After": "1"})


async def _say_nothing(scope: dict, receive, send) -> None:
    """The work is done: wait until the client has given up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(receive(), LOST_FOR_S)
    await Response(status_code=504)(scope, receive, send)


async def _read(scope: dict, receive) -> bytes | None:
    """The body, or None when it is too large: then it is neither kept nor parsed. Raises ClientDisconnect.

    It is still read to its end, because a client that is cut off while it sends may never see the 413.
    """
    body, size = bytearray(), 0
    async for chunk in Request(scope, receive).stream():
        size += len(chunk)
        body += chunk if size <= BODY_LIMIT_BYTES else b""
        if size > DRAIN_LIMIT_BYTES:
            break
    return bytes(body) if size <= BODY_LIMIT_BYTES else None
