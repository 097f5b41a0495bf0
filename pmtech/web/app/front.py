"""What happens to every request before and after its endpoint: the size of the body, HEAD, OPTIONS, lost answers."""

import asyncio
from contextlib import suppress

from starlette.responses import Response

from pmtech.web.app.faults import Faults
from pmtech.web.app.problems import problem

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
        body, method, answer = await _read(scope, receive), scope["method"], self.app
        if body is None:
            answer = problem(413, f"the body may have at most {BODY_LIMIT_BYTES:,} bytes")
        elif method == "OPTIONS" and (methods := self.allowed(scope["path"])):
            answer = Response(status_code=204, headers={"Allow": ", ".join(methods)})
        unread = [{"type": "http.request", "body": body}]

        async def again() -> dict:
            """The body that has been read; after that, what else there is to receive."""
            return unread.pop() if unread else await receive()

        # A server leaves the body of an answer to HEAD away by itself.
        scope = {**scope, "method": "GET" if method == "HEAD" else method}
        if not self.faults.lose_answers:
            return await answer(scope, again, send)
        self.faults.lose_answers -= 1
        await answer(scope, again, _lose)
        await _say_nothing(receive, send)


async def _lose(_message) -> None:
    """Where an answer goes that shall not arrive."""


async def _say_nothing(receive, send) -> None:
    """The work is done: wait until the client has given up."""
    with suppress(TimeoutError):
        await asyncio.wait_for(receive(), LOST_FOR_S)
    await send({"type": "http.response.start", "status": 504, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _read(scope, receive) -> bytes | None:
    """The body, or None when it is too large: then it is neither kept nor parsed.

    It is still read to its end, because a client that is cut off while it sends may never see the 413.
    """
    body, size, more = b"", 0, True
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    too_large = declared.isdigit() and int(declared) > BODY_LIMIT_BYTES
    while more and size <= DRAIN_LIMIT_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        too_large = too_large or size > BODY_LIMIT_BYTES
        body = b"" if too_large else body + chunk
    return None if too_large else body
