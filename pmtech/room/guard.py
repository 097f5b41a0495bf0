"""Around the room: nothing long, slow or too often comes in, and every answer has the safe headers."""

import asyncio
import time

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pmtech.room.state import SEATS, Refused

MOST_BYTES = 32_768  # of a request: nothing that a room takes is longer (the longest is a map),
BODY_S = 10.0  # nor takes so long to send
SAFE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src blob:"
HEADERS = [
    (b"content-security-policy", f"{SAFE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


class Allowance:
    """So many a second for each of some keys, with as many at once: a token bucket."""

    def __init__(self, per_s: float, burst: float):
        self.per_s, self.burst, self.left = per_s, burst, {}

    def take(self, key: str) -> None:
        now = time.monotonic()
        left, since = self.left.get(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_s)
        if len(self.left) > 4 * SEATS:
            self.left = {k: v for k, v in self.left.items() if now - v[1] < self.burst / self.per_s}
        self.left[key] = max(0.0, left - 1) if left >= 1 else left, now
        if left < 1:
            raise Refused(429, "Too often: wait a moment.")


class Guard:
    """Around the application: nothing long or slow comes in, and every answer has the safe headers. ASGI itself: a vote
    is worth 1 ms."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        complete = late = False

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS, *([(b"connection", b"close")] if late else [])]
            await send(message)

        async def soon() -> Message:
            nonlocal complete, late
            if complete:
                return await receive()
            late = True
            message = await asyncio.wait_for(receive(), BODY_S)
            late, complete = False, not message.get("more_body")
            return message

        came = dict(scope.get("headers", ()))
        length = came.get(b"content-length", b"0")
        if b"transfer-encoding" in came or not length.isdigit() or int(length) > MOST_BYTES:
            late = True
            return await JSONResponse({"detail": "That is too long for a room."}, 413)(scope, receive, answer)
        await self.app(scope, soon, answer)
