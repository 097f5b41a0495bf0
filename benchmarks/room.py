"""A room under load: so many seats vote within one second, while every one of them and the projector's page listen.

    python benchmarks/room.py [seats] [hostile]

The room runs in a process of its own, as `pmtech room --keep` does; the voters share one, with two connections each, as phones have.
With "hostile", one more seat votes all the while as often as it can. Told: how many votes were counted, by when the room had answered the
last of them, by when the projector's page had heard of it, and for how long the room was at work, whatever else this computer did.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from pmtech.room.state import Room

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "05.check.1"
FLOOD = 20  # connections of the hostile seat


class Line:
    """A connection to the room that costs its client next to nothing."""

    def __init__(self, address: tuple[str, int], secret: str):
        self.address, self.secret = address, secret

    async def open(self) -> "Line":
        self.reader, self.writer = await asyncio.open_connection(*self.address)
        return self

    async def ask(self, method: str, path: str, **body) -> tuple[int, bytes]:
        sent = json.dumps(body).encode() if body else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: room\r\nAuthorization: Bearer {self.secret}\r\n"
        self.writer.write(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent
        )
        told = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", told)
        return int(told.split()[1]), await self.reader.readexactly(int(length[1])) if length else b""

    async def hear(self, until) -> float:
        """Listen to the news until some are as wanted; when that was."""
        await self.ask("GET", "/api/news")
        async for line in self.reader:
            if line.startswith(b"data: ") and until(json.loads(line[6:])):
                return time.perf_counter()
        raise RuntimeError("the news ended")


async def flood(lines: list[Line], answers: list[int]) -> None:
    """One seat, as often as it can, until it is stopped."""

    async def one(line: Line) -> None:
        while True:
            answers.append((await line.ask("PUT", "/api/votes/mine", question=QUESTION, option=1))[0])

    await asyncio.gather(*map(one, lines))


async def measure(address: tuple[str, int], token: str, secrets: list[str], hostile: str, pid: int) -> None:
    def used_s() -> float:
        return sum(psutil.Process(pid).cpu_times()[:2])

    async def lines(of: list[str]) -> list[Line]:
        return [await Line(address, secret).open() for secret in of]

    seats, (lead, page) = len(secrets), await lines([token, token])
    voters, listeners, loud = await lines(secrets), await lines(secrets), await lines([hostile] * FLOOD)
    await lead.ask("POST", "/api/rounds", question=QUESTION)
    all_voted = asyncio.create_task(page.hear(lambda told: told["voted"] >= seats + bool(hostile)))
    shown = [asyncio.create_task(one.hear(lambda told: told["shown"])) for one in listeners]
    await asyncio.sleep(2)
    refused: list[int] = []
    noise = asyncio.create_task(flood(loud, refused)) if hostile else None
    busy, begin = used_s(), time.perf_counter()

    async def vote(n: int) -> tuple[int, float]:
        await asyncio.sleep(n / seats)  # spread over the second
        sent = time.perf_counter()
        status, _ = await voters[n].ask("PUT", "/api/votes/mine", question=QUESTION, option=n % 3)
        return status, time.perf_counter() - sent

    answers = await asyncio.gather(*map(vote, range(seats)))
    last, heard = time.perf_counter(), await all_voted
    busy, took_s = used_s() - busy, time.perf_counter() - begin
    if noise:
        noise.cancel()
    counted = json.loads((await lead.ask("GET", "/api/board"))[1])["voted"] - bool(hostile)
    opened = time.perf_counter()
    await lead.ask("POST", "/api/show")
    all_shown = max(await asyncio.gather(*shown)) - opened

    times = sorted(took for _, took in answers)
    good = sum(status == 204 for status, _ in answers)
    print(f"{seats} seats voted within a second: {counted} counted, {good} answered 204")
    print(f"a vote took {1000 * times[seats // 2]:.0f} ms, 95 of 100 at most {1000 * times[seats * 95 // 100]:.0f} ms")
    print(f"the room was at work for {1000 * busy / (seats + len(refused)):.1f} ms a request")
    print(f"the last was answered {last - begin:.2f} s after the first was sent")
    print(f"the page heard of all {max(0.0, heard - last):.2f} s after that")
    print(f"all {seats} phones showed the votes {all_shown:.2f} s after the facilitator opened them")
    if hostile:
        print(f"one hostile seat: {len(refused) / took_s:.0f} votes a second, {refused.count(429)} of them refused")


def main(seats: int, hostile: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "room.sqlite"
        room = Room(kept)
        secrets = [room.join(room.word) for _ in range(seats + hostile)]
        room.close()
        process = subprocess.Popen(
            [sys.executable, "-m", "pmtech", "room", "--here", "--port", "0", "--keep", str(kept)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PMTECH_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            said = ""
            while "Ctrl + C" not in said:
                said += process.stdout.readline()
            port, token = re.search(r"http://127.0.0.1:(\d+)/board#(\S+)", said).groups()
            extra = secrets.pop() if hostile else ""
            asyncio.run(measure(("127.0.0.1", int(port)), token, secrets, extra, process.pid))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:] if word.isdigit()] or [200], hostile="hostile" in sys.argv)
