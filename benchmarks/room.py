"""A room under load: so many seats vote within one second, while the projector's page listens.

    python benchmarks/room.py [seats]

The room runs in a process of its own, as `pmtech room` does; the voters share one, with a connection each. Told: how many votes
were counted, by when the room had answered the last of them, and by when the projector's page had heard of it.
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

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "05.check.1"


def used_s(pid: int) -> float:
    """Processor time of the room."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def listen(client: httpx.AsyncClient, headers: dict, seats: int) -> float:
    """When the news say that all have voted."""
    async with client.stream("GET", "/api/news", headers=headers, timeout=60) as news:
        async for line in news.aiter_lines():
            if line.startswith("data: ") and json.loads(line[6:])["voted"] == seats:
                return time.perf_counter()
    raise RuntimeError("the news ended")


async def measure(url: str, word: str, token: str, seats: int, pid: int) -> None:
    lead = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:
        taken = []
        while len(taken) < seats:  # a room lets in two a second from one address, after the first sixty
            answer = await client.post("/api/seats", json={"word": word})
            if answer.status_code == 201:
                taken.append({"Authorization": f"Bearer {answer.json()['seat']}"})
            else:
                await asyncio.sleep(0.5)
        await client.post("/api/rounds", json={"question": QUESTION}, headers=lead)
        await asyncio.gather(*(client.get("/api/room", headers=seat) for seat in taken))  # connections stand
        heard = asyncio.create_task(listen(client, lead, seats))
        await asyncio.sleep(1)
        busy = used_s(pid)
        begin = time.perf_counter()

        async def vote(n: int) -> tuple[int, float]:
            await asyncio.sleep(n / seats)  # spread over the second
            sent = time.perf_counter()
            answer = await client.put("/api/votes/mine", json={"question": QUESTION, "option": n % 3}, headers=taken[n])
            return answer.status_code, time.perf_counter() - sent

        answers = await asyncio.gather(*(vote(n) for n in range(seats)))
        last = time.perf_counter()
        page = await heard
        busy = used_s(pid) - busy
        times = sorted(took for _, took in answers)
        counted = (await client.get("/api/board", headers=lead)).json()["voted"]
    print(
        f"{seats} seats voted within a second: {counted} counted, {sum(code == 204 for code, _ in answers)} answered 204"
    )
    print(
        f"a vote took {1000 * times[len(times) // 2]:.0f} ms, 95 of 100 at most {1000 * times[len(times) * 95 // 100]:.0f} ms"
    )
    print(f"the room was at work for {1000 * busy / seats:.1f} ms a vote, whatever else this computer did")
    print(f"the last was answered {last - begin:.2f} s after the first was sent")
    print(f"the page heard of all {max(0.0, page - last):.2f} s after that")


def main(seats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = subprocess.Popen(
            [sys.executable, "-m", "pmtech", "room", "--here", "--port", "0"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PMTECH_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            said = ""
            while "Ctrl + C" not in said:
                said += room.stdout.readline()
            url, token = re.search(r"(http://\S+)/board#(\S+)", said).groups()
            word = re.search(r'join\("(\S+)@', said)[1]
            asyncio.run(measure(url, word, token, seats, room.pid))
        finally:
            room.terminate()
            room.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
