"""Starts the real API in this kernel, on this machine alone, and talks to it."""

import atexit
import contextlib
import html
import json as json_
import math
import re
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from pmtech.web.exchange import Exchange
from pmtech.web.faults import Faults
from pmtech.web.store import Snapshot, Store, fill

HOST = "127.0.0.1"
NO_SOCKETS = "http://in-process"
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_running: list["Api"] = []


def start_api(*, transport: str = "auto") -> "Api":
    """Starts the survey tool's API with a fresh database; one that was started before is stopped.

    `transport`: "socket" for a server on a free port of 127.0.0.1, "in_process" for no server at all, "auto" for
    the first of the two that works here.
    """
    if transport not in ("auto", "socket", "in_process"):
        raise ValueError(f'transport must be "auto", "socket" or "in_process", got {transport!r}')
    while _running:
        _running[0].stop()
    api = Api(transport)
    api.start()
    return api


class Api:
    """The running API.

    `url` is where it listens, `faults` what goes wrong on purpose, `request` sends, `rows()` are the rows of its database.
    """

    def __init__(self, transport: str = "auto"):
        self.faults = Faults()
        self.url = ""
        self._wish = transport
        self._port = 0
        self._server: _Server | None = None
        self._app = None
        self._folder = tempfile.TemporaryDirectory(prefix="pmtech-", ignore_cleanup_errors=True)
        self._store: Store | None = None
        self._path = Path(self._folder.name) / "surveys.db"

    @property
    def running(self) -> bool:
        return self._app is not None

    @property
    def transport(self) -> str:
        """How requests travel: "socket" or "in_process"."""
        return "socket" if self._server else "in_process"

    def start(self) -> None:
        """Starts it again after `stop`, with the rows that were there, on the same port if that is still free."""
        if self.running:
            return
        from pmtech.web.api import create_app
        from pmtech.web.calendar import CalendarClient, create_calendar

        fresh = not self._path.exists()
        self._store = Store(self._path)
        if fresh:
            fill(self._store)
        calendar = create_calendar(self.faults)
        if self._wish != "in_process" and sys.platform != "emscripten":
            try:
                self._server = _Server()
                way = CalendarClient(self._server.add(calendar, 0))
                app = create_app(self._store, faults=self.faults, calendar=way)
                self.url = self._server.add(app, self._port)
                self._server.start()
            except (OSError, RuntimeError, ImportError) as error:
                self._server = None
                if self._wish == "socket":
                    self._store.close()
                    raise RuntimeError(f"no server can be started here: {error}") from error
        if self._server is None:
            import httpx

            way = CalendarClient(NO_SOCKETS, httpx.ASGITransport(calendar, raise_app_exceptions=False))
            app = create_app(self._store, faults=self.faults, calendar=way)
            self.url = NO_SOCKETS
        else:
            self._port = int(self.url.rpartition(":")[2])
        self._app = app
        _running.append(self)
        # The first request of all pays for imports; nobody shall measure that one.
        self.request("GET", "/surveys")

    def stop(self) -> None:
        """Stops the server. The database stays for `start`, until the kernel ends."""
        if not self.running:
            return
        _running.remove(self)
        if self._server:
            self._server.stop()
        self._server = self._app = None
        self._store.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 5.0,
    ) -> Exchange:
        """Sends one request and waits at most `timeout_s` for the answer; never retries.

        `json` is data to be sent as JSON, `body` is text or bytes sent as they are. No answer is no exception: the
        exchange then has `status` None and an `error`. Raises ValueError for what cannot be sent at all.
        """
        import httpx

        from pmtech.web.transports import InProcessTransport, SocketTransport

        method, lines = _checked(method, path, headers or {}, timeout_s)
        if json is not None:
            body = json_.dumps(json, ensure_ascii=False)
            lines.setdefault("Content-Type", "application/json")
        content = body.encode() if isinstance(body, str) else body
        try:
            request = httpx.Request(
                method,
                self.url + path,
                headers=lines,
                content=content,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)},
            )
        except httpx.InvalidURL as error:
            raise ValueError(f"path cannot be sent: {error}") from None
        error = answer = None
        wire = SocketTransport() if self.url != NO_SOCKETS else InProcessTransport(self._app)
        begun = time.perf_counter()
        try:
            if not self.running:
                raise httpx.ConnectError("stopped")
            answer = wire.handle_request(request)
        except httpx.TimeoutException:
            error = f"No answer within {timeout_s:g} s. Whether the server did the work, the client cannot know."
        except httpx.ConnectError:
            error = f"Nobody listens at {self.url}: the API is stopped. api.start() starts it again."
        except httpx.TransportError:
            error = "The connection broke off. Whether the server did the work, the client cannot know."
        return Exchange(
            method=method,
            url=str(request.url),
            request_bytes=wire.sent.data,
            request_size=wire.sent.size,
            response_bytes=wire.received.data,
            response_size=wire.received.size,
            status=answer.status_code if answer else None,
            headers=dict(answer.headers) if answer else {},
            text=answer.text if answer else "",
            elapsed_ms=(time.perf_counter() - begun) * 1000,
            error=error,
        )

    def rows(self) -> Snapshot:
        """The newest rows of every table, read from the database and not through the API."""
        if not self.running:
            raise ValueError("the API is stopped: api.start() starts it again")
        return self._store.snapshot()

    def __repr__(self) -> str:
        if not self.running:
            return "Survey API, stopped: api.start() starts it again"
        counts = ", ".join(f"{table.replace('_', ' ')}: {len(rows)}" for table, rows in self.rows().items() if rows)
        where = f"listening on {self.url}" if self._server else "answering in process (no sockets here)"
        return f"Survey API, {where}; rows in its database: {counts or 'none'}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"


class _Server:
    """uvicorn on a thread that ends with the kernel."""

    def __init__(self):
        self._parts = []
        self._thread = None

    def add(self, app, port: int) -> str:
        import uvicorn

        # Only a socket that says it is TCP gets TCP_NODELAY from asyncio; without it answers can come 40 ms late.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            if not port:
                raise
            listener.bind((HOST, 0))
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        self._parts.append((uvicorn.Server(config), listener))
        return f"http://{HOST}:{listener.getsockname()[1]}"

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="pmtech-api", daemon=True)
        self._thread.start()
        give_up = time.monotonic() + 10
        while not all(server.started for server, _ in self._parts):
            if time.monotonic() > give_up or not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        for server, _ in self._parts:
            server.should_exit = True
        self._thread.join(5)
        for _, listener in self._parts:
            listener.close()

    def _run(self) -> None:
        import asyncio

        async def serve() -> None:
            await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._parts))

        asyncio.run(serve())


@atexit.register
def _stop_all() -> None:
    for api in _running[:]:
        with contextlib.suppress(Exception):
            api.stop()


def _checked(method: str, path: str, headers: dict[str, str], timeout_s: float) -> tuple[str, dict[str, str]]:
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        raise ValueError(f"method must be one word like GET, got {method!r}")
    if not isinstance(path, str) or not path.startswith("/") or any(ord(c) < 32 for c in path):
        raise ValueError(f"path must start with / and be one line, got {path!r}")
    for name, value in headers.items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise ValueError(f"a header name is one word of letters, digits and -, got {name!r}")
        if not isinstance(value, str) or any(ord(c) < 32 or ord(c) > 255 for c in value):
            raise ValueError(f"the header {name} must be one line of plain letters, got {value!r}")
    if not isinstance(timeout_s, (int, float)) or not math.isfinite(timeout_s) or timeout_s <= 0:
        raise ValueError(f"timeout_s must be more than 0, got {timeout_s!r}")
    return method.upper(), dict(headers)
