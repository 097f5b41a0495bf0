"""Two ways from a client to the app: over a socket, or in process where there are no sockets (a browser kernel).

Both are httpx transports with one method, `handle_request`, and both leave in `sent` and `received` the bytes that
went over the wire; in process these are the bytes that HTTP/1.1 would have put there.
"""

import asyncio
import sys
import time
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

import httpcore
import httpx

KEPT_BYTES = 100_000


class SocketTransport(httpx.BaseTransport):
    """One connection a request, tapped."""

    def __init__(self):
        self.sent, self.received = Tape(), Tape()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raw = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.content,
            extensions=request.extensions,
        )
        try:
            with httpcore.ConnectionPool(network_backend=_Tap(self.sent, self.received)) as pool:
                answer = pool.handle_request(raw)
                body = answer.read()
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout(str(error)) from error
        except httpcore.ConnectError as error:
            raise httpx.ConnectError(str(error)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise httpx.TransportError(str(error)) from error
        return httpx.Response(answer.status, headers=answer.headers, content=body, extensions=answer.extensions)


class InProcessTransport(httpx.BaseTransport):
    """Calls the ASGI app on the caller's own thread."""

    def __init__(self, app):
        self.sent, self.received = Tape(), Tape()
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        head = b"%s %s HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)
        self.sent.add(head + _lines(request.headers.raw) + request.content)
        inner = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        timeout_s = request.extensions["timeout"]["read"]
        try:
            answer, body = run_here(asyncio.wait_for(_answer(inner, request), timeout_s))
        except TimeoutError:
            raise httpx.ReadTimeout("timed out") from None
        phrase = HTTPStatus(answer.status_code).phrase.encode()
        self.received.add(b"HTTP/1.1 %d %s\r\n" % (answer.status_code, phrase) + _lines(answer.headers.raw) + body)
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=body)


class Tape:
    """What went one way: the first `KEPT_BYTES` of it, and how much it was in all."""

    def __init__(self):
        self.data, self.size = b"", 0

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.data += data[: max(0, KEPT_BYTES - len(self.data))]


async def _answer(inner: httpx.ASGITransport, request: httpx.Request) -> tuple[httpx.Response, bytes]:
    answer = await inner.handle_async_request(request)
    return answer, await answer.aread()


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"


class _Tap(httpcore.NetworkBackend):
    def __init__(self, sent: Tape, received: Tape):
        self._inner, self._sent, self._received = httpcore.SyncBackend(), sent, received

    def connect_tcp(self, *args, **options) -> httpcore.NetworkStream:
        return _TappedStream(self._inner.connect_tcp(*args, **options), self._sent, self._received)


class _TappedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, sent: Tape, received: Tape):
        self._inner, self._sent, self._received = inner, sent, received

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, timeout)
        self._received.add(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)
        self._sent.add(buffer)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Loop(asyncio.BaseEventLoop):
    """An event loop that knows timers and nothing else: no sockets, no threads, so it runs everywhere."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> list:
        time.sleep(timeout or 0)
        return []

    def _process_events(self, events: list) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def run_here(work: Coroutine) -> Any:
    """Runs async work to its end on this thread, even below a loop that is running already (every notebook cell is)."""
    outer = asyncio._get_running_loop()
    if outer and sys.version_info >= (3, 12):
        task = asyncio.tasks._swap_current_task(outer, None)
    asyncio._set_running_loop(None)
    loop = _Loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
        asyncio._set_running_loop(outer)
        if outer and sys.version_info >= (3, 12):
            asyncio.tasks._swap_current_task(outer, task)
