"""A run of a load test: the same requests in the model and, each when it is due, to the real API."""

import asyncio
import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter as clock

import numpy as np

from pmtech.components import Clients, Profile, Server
from pmtech.components.component import Component
from pmtech.engine.sorted_pass import fifo
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System
from pmtech.theory.checks import count, number
from pmtech.web.app.server import Api
from pmtech.web.experiments.door import Door
from pmtech.web.experiments.load_test import LoadTest, Step
from pmtech.web.experiments.tester import Tester
from pmtech.wording import counted, plain, rate, seconds

# Who calls, with the shares of lesson 04's example (invented), and what they ask for.
CALLERS = {"company-a.example": 10, "company-b.example": 30, "company-c.example": 150}
ENDPOINTS = {"GET /surveys": 4, "GET /surveys/1": 10, "GET /surveys/1/responses": 5, "GET /payments": 1}
SERVER = Server("API", workers=4, service_ms=100, service_cv=0.3)
MOST_S, DRAIN_S = 120.0, 300.0


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
