"""The way from a client to the app where there are no sockets (a browser kernel): no threads either."""

import asyncio
import sys
import time
from collections.abc import Coroutine
from typing import Any

import httpx


class InProcessTransport(httpx.BaseTransport):
    """Calls the ASGI app on the caller's own thread."""

    def __init__(self, app):
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return run_here(asyncio.wait_for(self._answer(request), request.extensions["timeout"]["read"]))
        except TimeoutError:
            raise httpx.ReadTimeout("timed out") from None

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=await answer.aread())


class _Loop(asyncio.BaseEventLoop):
    """An event loop that knows timers and nothing else, so it runs everywhere."""

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
