"""The model beside a real server: does simulate() say what uvicorn does?

    python benchmarks/real_server.py [seconds for each load]

A uvicorn app in a process of its own, on the loopback only: a pool of eight threads, and each request holds one of them
for as long as it says (exponential, 100 ms on average). Requests are sent when they are due, whether or not answers
have come, and latency counts from the moment at which a request was due (no coordinated omission). simulate() gets the
same arrivals and the same work. What it leaves out is reading and writing HTTP, and a machine that does other things
too: a thread that sleeps is woken late. The third line of each load is the model with both put in as they were
measured: each worker held as long as it really was, each answer later by what HTTP took at 10 % load.
The first tenth of each run is left out.

Stops by itself: each load after its seconds and at most 30 more, the server when this process is gone.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from math import inf

import numpy as np

from pmtech import Clients, Server, simulate
from pmtech.engine.sorted_pass import fifo
from pmtech.runs.running import Running
from pmtech.runs.summary import percentiles

WORKERS, SERVICE_MS = 8, 100
LOADS = (0.3, 0.6, 0.8, 0.9)
PATIENCE_S = 30.0


def serve() -> None:
    """The real thing. The port is the first line that it prints; it ends when its input is closed."""
    import uvicorn

    pool = ThreadPoolExecutor(WORKERS)

    def work(seconds: float) -> float:
        begin = time.perf_counter()
        time.sleep(seconds)
        return time.perf_counter() - begin

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        held = await asyncio.get_running_loop().run_in_executor(pool, work, float(scope["query_string"]))
        body = f"{held:.6f}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    def watch() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    # asyncio sends small pieces at once (TCP_NODELAY) only where the socket says that it speaks TCP
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_keep_alive=3600)).run(
        sockets=[listening]
    )


class Caller:
    """Sends requests over connections that are kept open; as many as are under way."""

    def __init__(self, port: int):
        self.port, self.idle = port, []

    async def ask(self, work_s: float) -> float:
        """How long a worker was held."""
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /?%.6f HTTP/1.1\r\nHost: localhost\r\n\r\n" % work_s)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        held = float(await reader.readexactly(int(length.split(b":")[1])))
        self.idle.append((reader, writer))
        return held

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()


async def load(port: int, due_s: list[float], work_s: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """The latency of each request from when it was due, and how long a worker was held."""
    caller, clock = Caller(port), time.perf_counter
    await asyncio.gather(*(caller.ask(0.001) for _ in range(WORKERS)))
    begin, tasks = clock() + 0.1, []

    async def one(due: float, work: float) -> tuple[float, float]:
        held = await caller.ask(work)
        return clock() - begin - due, held

    for due, work in zip(due_s, work_s, strict=True):
        await asyncio.sleep(max(0.0, begin + due - clock()))
        tasks.append(asyncio.create_task(one(due, work)))
    measured = np.array(await asyncio.gather(*tasks))
    caller.close()
    return measured[:, 0], measured[:, 1]


class Outcome:
    """Latencies in ms of the same requests in the real server and in the model."""

    def __init__(self, port: int, share: float, seconds: float):
        system = Clients(rate_per_s=share * WORKERS * 1000 / SERVICE_MS) >> Server(
            workers=WORKERS, service_ms=SERVICE_MS
        )
        records = simulate(system, duration_s=seconds).records
        part = Running(system, seed=1).run.parts["server"][0]
        works = part.work["clients", 0].first(len(records.arrived_s)) * part.mean_s
        run = load(port, records.arrived_s.tolist(), works.tolist())
        real, held = asyncio.run(asyncio.wait_for(run, seconds + PATIENCE_S))
        left = fifo(records.arrived_s, held, WORKERS, inf) + held
        counted = (records.arrived_s >= seconds / 10) & (records.status == 200)
        self.real = real[counted] * 1000
        self.model = (records.finished_s - records.arrived_s)[counted] * 1000
        self.measured = (left - records.arrived_s)[counted] * 1000
        self.over = float((held - works).mean()) * 1000


def line(name: str, latencies: np.ndarray, real: np.ndarray) -> str:
    cells = zip(percentiles(latencies, 0.5, 0.95, 0.99), percentiles(real, 0.5, 0.95, 0.99), strict=True)
    return f"  {name:30}" + "".join(
        f"{ms:8.0f} ms {'' if latencies is real else f'{ms / of - 1:+.1%}':7}" for ms, of in cells
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    server = subprocess.Popen([sys.executable, __file__, "--serve"], **pipes)
    try:
        port = int(server.stdout.readline())
        calm = Outcome(port, 0.1, min(seconds, 20.0))
        http_ms = float(np.median(calm.real - calm.measured))
        print(
            f"{WORKERS} workers, {SERVICE_MS} ms on average: {WORKERS * 1000 / SERVICE_MS:.0f} requests a second at most"
        )
        print(
            f"at 10 % load HTTP takes {http_ms:.1f} ms, and a worker is held {calm.over:.1f} ms longer than it should"
        )
        for share in LOADS:
            out = Outcome(port, share, seconds)
            print(f"\n{share:.0%} load, {len(out.real):,} requests:        p50                p95                p99")
            print(line("real server", out.real, out.real))
            print(line("simulate()", out.model, out.real))
            print(line(f"held {out.over:.1f} ms longer, and HTTP", out.measured + http_ms, out.real), flush=True)
        print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    finally:
        server.stdin.close()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--serve"] else main()
