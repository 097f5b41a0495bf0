"""What happens to every request before and after its endpoint: the size of the body, HEAD, OPTIONS, lost answers."""

import asyncio
from contextlib import suppress

from starlette.responses import Response

from pmtech.web.faults import Faults
from pmtech.web.problems import Problem

BODY_LIMIT_BYTES = 1_000_000
DRAIN_LIMIT_BYTES = 64_000_000
LOST_FOR_S = 30.0


class Front:
    """ASGI middleware around the API; `allowed(path)` lists the methods a path knows."""

    def __init__(self, app, *, faults: Faults, allowed):
        self.app, self.faults, self.allowed = app, faults, allowed

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body = await _read(scope, receive)
        send = self._perhaps_lost(receive, send)
        if body is None:
            problem = Problem(413, f"the body may have at most {BODY_LIMIT_BYTES:,} bytes")
            return await problem.response()(scope, receive, send)
        if scope["method"] == "OPTIONS" and (methods := self.allowed(scope["path"])):
            return await Response(status_code=204, headers={"Allow": ", ".join(methods)})(scope, receive, send)
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        await self.app(scope, _replay(body, receive), send)

    def _perhaps_lost(self, receive, send):
        lost = False

        async def forward(message) -> None:
            nonlocal lost
            if message["type"] == "http.response.start" and self.faults.lose_answers:
                self.faults.lose_answers -= 1
                lost = True
            if not lost:
                await send(message)
            elif not message.get("more_body", False) and message["type"] == "http.response.body":
                # The work is done and nothing is said: wait until the client has given up.
                with suppress(TimeoutError):
                    await asyncio.wait_for(receive(), LOST_FOR_S)
                await send({"type": "http.response.start", "status": 504, "headers": []})
                await send({"type": "http.response.body", "body": b""})

        return forward


async def _read(scope, receive) -> bytes | None:
    """The body, or None when it is too large: then it is neither kept nor parsed.

    It is still read to its end, because a client that is cut off while it sends may never see the 413.
    """
    chunks, size, more = [], 0, True
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    too_large = declared.isdigit() and int(declared) > BODY_LIMIT_BYTES
    while more and size <= DRAIN_LIMIT_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        too_large = too_large or size > BODY_LIMIT_BYTES
        if too_large:
            chunks.clear()
        else:
            chunks.append(chunk)
    return None if too_large else b"".join(chunks)


def _replay(body: bytes, receive):
    sent = False

    async def again() -> dict:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _without_body(send):
    async def forward(message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return forward
