"""A tester of the real API, who sends on time or waits for each answer."""

import asyncio
import time
from contextlib import suppress
from time import perf_counter as clock

PATIENCE_S = 60.0


class Tester:
    """Sends to an API over connections that are kept open, and writes down what came: (sent at, who, what, status, bytes).

    By hand, for a client library would need as much of this machine as the API does.
    """

    def __init__(self, url: str):
        self.host, self.port = url.removeprefix("http://").split(":")
        self.idle: list[tuple] = []
        self.lines: list[tuple] = []
        self.failed = 0

    async def ask(self, name: str, who: str, what: str, due: float) -> float:
        """How long after it was due the answer came, in ms."""
        at, status, size = time.time(), 499, 0  # as nginx writes down a client that is gone
        with suppress(OSError, EOFError, TimeoutError):
            status, size = await asyncio.wait_for(self._exchange(name, what), PATIENCE_S)
        self.failed += status >= 400
        self.lines.append((at, who, what, status, size))
        return (clock() - due) * 1000

    async def _exchange(self, name: str, what: str) -> tuple[int, int]:
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(self.host, self.port)
        writer.write(f"{what} HTTP/1.1\r\nHost: {self.host}\r\nX-Request-Id: {name}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(head.partition("content-length:")[2].partition("\r\n")[0])
        await reader.readexactly(size)
        self.idle.append((reader, writer))
        return int(head.split()[1]), size

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()

    async def on_time(self, plan: list[tuple], begin: float) -> list[float]:
        """Sends each when it is due, whether or not answers have come."""
        tasks = []
        for n, (due_s, who, what) in enumerate(plan):
            await asyncio.sleep(max(0.0, begin + due_s - clock()))
            tasks.append(asyncio.create_task(self.ask(str(n), who, what, begin + due_s)))
        return await asyncio.gather(*tasks)

    async def one_by_one(self, until: float) -> list[float]:
        """Waits for each answer before the next request."""
        seen = []
        while clock() < until:
            seen.append(await self.ask("", "tester.example", "GET /surveys/1", clock()))
        return seen
