"""A load test of the real API, the same server in the model beside it, and a tester who waits beside one who does not."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from pmtech import theory
from pmtech.components import Clients, Profile, Server
from pmtech.components.component import Component
from pmtech.engine.sorted_pass import fifo
from pmtech.runs.result import Result, percentiles
from pmtech.runs.simulate import simulate
from pmtech.runs.views import Table
from pmtech.system.system import System
from pmtech.theory.checks import count, number
from pmtech.web.app.server import Api
from pmtech.wording import counted, plain, rate, seconds

# Who calls, with the shares of lesson 04's example (invented), and what they ask for.
CALLERS = {"company-a.example": 10, "company-b.example": 30, "company-c.example": 150}
ENDPOINTS = {"GET /surveys": 4, "GET /surveys/1": 10, "GET /surveys/1/responses": 5, "GET /payments": 1}
SERVER = Server("API", workers=4, service_ms=100, service_cv=0.3)
MOST_S, DRAIN_S, PATIENCE_S = 120.0, 300.0, 60.0
OFTEN = 0.2  # of each difference goes into what is taken off
clock = time.perf_counter


@dataclass(frozen=True, kw_only=True, repr=False)
class Step:
    """One rate of a load test. Times in ms, a value a request: really, from when it was due; and in the model.

    held: the model once more, with arrivals, work and the way of the answers as they were measured.
    """

    rate_per_s: float
    load: float
    real: np.ndarray
    model: np.ndarray
    held: np.ndarray
    failed: int


@dataclass(frozen=True, kw_only=True, repr=False)
class LoadTest:
    """Made by `load_test`. steps: a rate each. log: the access log that was written. waiting: what a tester saw who waits
    for each answer before the next request, in ms (empty without a stall)."""

    server: Server
    steps: list[Step]
    log: Path
    stall_s: float
    waiting: np.ndarray

    @property
    def table(self) -> Table:
        """A row a rate: the average and the p95, really, in the model, and in the model as it was measured."""
        rows = {}
        for step in self.steps:
            times = {"real": step.real, "model": step.model, "held": step.held}
            row = {f"{name}_mean_ms": _mean(ms) for name, ms in times.items()}
            row |= {f"{name}_p95_ms": percentiles(ms, 0.95)[0] for name, ms in times.items()}
            sent = {"sent": len(step.real), "load": step.load, "failed": step.failed / len(step.real)}
            rows[f"{rate(step.rate_per_s)} a second"] = sent | row
        said = {"real": "really", "model": "model", "held": "model, with work as measured"}
        words = {f"{name}_{of}_ms": (f"{of}, {word}", "ms") for of in ("mean", "p95") for name, word in said.items()}
        words |= {"sent": ("sent", ""), "load": ("of what it can do", "%"), "failed": ("failed", "%")}
        return Table.of(rows, words)

    @property
    def testers(self) -> Table:
        """Two testers of one run with a stall: who sends on time, and who waits for each answer."""
        slow_ms, rows = 500 * self.stall_s, {}
        for name, ms in {"sends on time": self.steps[0].real, "waits for the answer": self.waiting}.items():
            slow, p95_ms = int((ms > slow_ms).sum()), percentiles(ms, 0.95)[0]
            row = {"sent": len(ms), "slow": slow, "share": slow / len(ms)}
            rows[name] = row | {"p95_ms": p95_ms, "longest_ms": float(ms.max())}
        words = {"slow": (f"slower than {seconds(slow_ms / 1000)}", ""), "share": ("that is", "%")}
        return Table.of(rows, words | {"p95_ms": ("p95", "ms"), "longest_ms": ("the slowest", "ms")})

    @property
    def results(self) -> dict[str, pd.Series]:
        """Each tester's row by name."""
        return dict(self.testers.iterrows())

    @property
    def said(self) -> list[str]:
        """How far the model is from the real server, in a sentence; none where it was full all the time."""
        under = [step for step in self.steps if step.load <= 0.8 and len(step.real)]
        if not under:
            return []
        off = {}
        for name in ("model", "held"):
            p95 = [(percentiles(getattr(s, name), 0.95)[0], percentiles(s.real, 0.95)[0]) for s in under]
            off[name] = ceil(100 * max(abs(of / real - 1) for of, real in p95))
        return [
            f"Up to 80 % of what the server can do, the model's p95 is at most {off['model']} % off; with arrivals and work "
            f"as they were measured, at most {off['held']} %."
        ]

    @property
    def requirements(self) -> dict[str, tuple[str, str]]:
        """For a sheet of requirements: what was measured, and where."""
        step = max(self.steps, key=lambda step: (step.load <= 0.8, step.load))
        measured = f"95 of 100 within {seconds(percentiles(step.real, 0.95)[0] / 1000)}"
        where = f"a load test of {plain(len(step.real))} requests at {rate(step.rate_per_s)} a second, on one computer"
        return {"latency": (measured, where)}

    @property
    def needs(self) -> str:
        """How many requests a p99 takes, and how many there were."""
        most, n = max(self.steps, key=lambda step: len(step.real)), theory.requests_for_percentile(99)
        return (
            f"A p99 that can be believed takes {plain(n)} requests, more where they wait for one another; at "
            f"{rate(most.rate_per_s)} a second this test sent {plain(len(most.real))}."
        )

    def __repr__(self) -> str:
        return f"{(self.testers if self.stall_s else self.table).to_string()}\n{self.needs}"


class Door:
    """So many workers before the API: who comes waits for one, in order, and holds it for the work of its number.

    A stall: nobody's work ends while it lasts.
    """

    def __init__(self, places: int, work_s: np.ndarray, stall: tuple[float, float]):
        self.free, self.line, self.work_s, self.stall = places, deque(), itertools.cycle(work_s.tolist()), stall
        self.seen: list[tuple] = []  # (name of a request, when it came, for how long it held a worker, when it left)
        self.over_s = 0.0  # for so much longer than its work the API itself and the clock have held a worker: taken off

    @asynccontextmanager
    async def __call__(self, scope: dict):
        name, work_s, came = dict(scope["headers"]).get(b"x-request-id", b"").decode(), next(self.work_s), clock()
        begun = await self._worker()
        try:
            await asyncio.sleep(max(0.0, begun + work_s - self.over_s - clock()))
            if stalled := self.stall[0] <= clock() < self.stall[1]:
                await asyncio.sleep(self.stall[1] - clock())
            yield
        finally:
            left = clock()
            self._free(left)
            self.seen.append((name, came, left - begun, left))
        self.over_s += 0.0 if stalled else OFTEN * (left - begun - work_s)

    async def _worker(self) -> float:
        """Since when this request has a worker: one that was handed over is held from then on, though nobody has woken."""
        if self.free:
            self.free -= 1
            return clock()
        self.line.append(turn := asyncio.get_running_loop().create_future())
        return await turn

    def _free(self, now: float) -> None:
        if self.line:
            self.line.popleft().set_result(now)
        else:
            self.free += 1


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


def run_load_test(
    api: Api, rate_per_s: float | Iterable[float], *, server: Server, for_s: float, stall_s: float, seed: int
) -> LoadTest:
    """See `load_test` in panels/load_test.py."""
    rates = _checked(api, rate_per_s, server, for_s, stall_s, seed)
    steps, lines, waiting = [], [], []
    for per_s in rates:
        run = _modelled(per_s, server, for_s, seed)
        with ThreadPoolExecutor(1) as beside:  # a notebook's own thread has a loop that runs
            step, seen, written = beside.submit(asyncio.run, _drive(api, run, per_s, server, for_s, stall_s)).result()
        steps.append(step)
        waiting += [*seen]
        lines += written
    log = _written(api, lines)
    return LoadTest(server=server, steps=steps, log=log, stall_s=stall_s, waiting=np.array(waiting))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _checked(api, rate_per_s, server, for_s, stall_s, seed) -> list[float]:
    if not isinstance(api, Api) or not api.running:
        raise ValueError(f"a load test needs the running API, as start_api() gives it, got {api!r}")
    if api.transport != "socket":
        raise ValueError("a load test needs an API that listens on a socket, and there are none here")
    station = server.station if isinstance(server, Component) else None
    if station is None or server.replicas != 1 or station.limit is not None or vars(server).get("autoscale"):
        raise ValueError(f"server must be one Server without a limit to its queue, got {server!r}")
    rates = [*rate_per_s] if isinstance(rate_per_s, Iterable) and not isinstance(rate_per_s, str) else [rate_per_s]
    if not rates:
        raise ValueError("rate_per_s must be at least one number of requests a second")
    count("seed", seed, at_least=0)
    number("for_s", for_s, at_least=0.5, at_most=MOST_S)
    number("stall_s", stall_s, at_least=0, at_most=for_s / 2)
    for per_s in rates:
        number("rate_per_s", per_s, at_least=1 / for_s, at_most=500)
        if per_s > 1.5 * server.capacity_per_s:
            raise ValueError(
                f"{plain(per_s)} a second is far more than this server's {rate(server.capacity_per_s)}: it would only wait"
            )
    if len(rates) * for_s > MOST_S:
        raise ValueError(
            f"{counted(len(rates), 'rate')} of {seconds(for_s)} each take too long: at most {seconds(MOST_S)} in all"
        )
    if stall_s and len(rates) > 1:
        raise ValueError("with a stall give one rate_per_s")
    return rates


def _modelled(per_s: float, server: Server, for_s: float, seed: int) -> Result:
    """The same requests in the model, until all are answered."""
    until = Profile(((0, 1), (for_s, 1), (for_s + 1e-6, 0)))
    whole = sum(CALLERS.values())
    callers = [
        Clients(who, rate_per_s=per_s * share / whole, endpoints=ENDPOINTS, profile=until)
        for who, share in CALLERS.items()
    ]
    system: System = callers >> server
    for luck in range(seed, seed + 1000, 100):  # a short test of a low rate may have drawn nobody
        run = simulate(system, duration_s=for_s + DRAIN_S, seed=luck)
        if len(run.requests):
            return run
    raise ValueError(f"at {plain(per_s)} a second nobody came within {seconds(for_s)}: make for_s longer")


async def _drive(api, run, per_s, server, for_s, stall_s) -> tuple[Step, np.ndarray, list[tuple]]:
    visits, requests = next(iter(run.records.visits.values())), run.requests
    work_s, tester = np.empty(len(requests)), Tester(api.url)
    work_s[visits.row] = visits.left_s - visits.started_s
    whose = [run.system.label(name) for name in requests.client]
    due_s = requests.arrived_s.to_numpy()
    plan = [*zip(due_s.tolist(), whose, requests.endpoint, strict=True)]
    begin = clock() + 0.1
    stalled = begin + (for_s - stall_s) / 2
    door = Door(server.station.places, work_s, (stalled, stalled + stall_s))
    api.faults.door = door
    try:
        beside = tester.one_by_one(begin + for_s) if stall_s else asyncio.sleep(0, [])
        real, seen = map(np.array, await asyncio.gather(tester.on_time(plan, begin), beside))
    finally:
        api.faults.door = None
        tester.close()
    held = _held(door, real, server.station.places)
    load, model = per_s / server.capacity_per_s, requests.latency_ms.to_numpy()
    step = Step(rate_per_s=per_s, load=load, real=real, model=model, held=held, failed=tester.failed)
    return step, seen, tester.lines


def _held(door: Door, real_ms: np.ndarray, places: int) -> np.ndarray:
    """By the model (first come first served), with the moments at which the door saw requests come, how long each held a
    worker, and how long its answer was on the way: ms from when it was due."""
    seen = sorted(door.seen, key=lambda one: one[1])
    came, held, left = (np.array([one[column] for one in seen]) for column in (1, 2, 3))
    modelled = fifo(came, held, places, np.inf) + held
    mine = [(row, int(name)) for row, (name, *_) in enumerate(seen) if name]
    # The way of an answer is what its time from when it was due leaves after the door.
    return np.array([real_ms[n] - 1000 * (left[row] - modelled[row]) for row, n in mine])


def _written(api: Api, lines: list[tuple]) -> Path:
    """An access log in the common format, in the folder of the API's database."""
    path = next(path for n in itertools.count(1) if not (path := api.folder / f"access-{n}.log").exists())
    path.write_text("".join(_line(*line) for line in sorted(lines)), encoding="utf-8")
    return path


def _line(at: float, who: str, what: str, status: int, size: int) -> str:
    when = datetime.fromtimestamp(at, UTC)
    return f'{who} - - [{when:%d/%b/%Y:%H:%M:%S} +0000] "{what} HTTP/1.1" {status} {size}\n'
