"""Sockets on this machine alone, and the server that listens on them."""

import asyncio
import socket
import sys
import threading
from typing import Any

from pmtech.web.waiting import until

HOST = "127.0.0.1"
UVICORN: dict[str, Any] = {"http": "pmtech.web.app.unreadable:Protocol", "ws": "none", "lifespan": "off", "loop": "asyncio", "log_level": "critical",
           "timeout_graceful_shutdown": 1}  # fmt: skip


class Listening:
    """uvicorn on a thread that ends with the kernel: one app on each of some ports (0, or one that is taken: any)."""

    def __init__(self, *ports: int):
        self._listeners = [listener_at(port) for port in ports]
        self.urls = [f"http://{HOST}:{listener.getsockname()[1]}" for listener in self._listeners]

    def start(self, *apps) -> None:
        import uvicorn

        self._servers = [uvicorn.Server(uvicorn.Config(app, **UVICORN)) for app in apps]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="pmtech-api", daemon=True)
        self._thread.start()
        started = lambda: all(server.started for server in self._servers)  # noqa: E731
        until(started, "the server did not start", within_s=60, alive=self._thread.is_alive)

    async def _serve(self) -> None:
        each = zip(self._servers, self._listeners, strict=True)
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in each))

    def stop(self) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(5)
        for listener in self._listeners:
            listener.close()


def listener_at(port: int) -> socket.socket:
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
    return listener
