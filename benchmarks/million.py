"""One million requests through four stations: time, peak memory, and what a request costs at 10^4, 10^5 and 10^6.

    python benchmarks/million.py [file.log]

Each size runs in a process of its own: five runs with their summary, after one to warm up. Times are CPU times, the
median; the memory is the highest that the process ever held, less what it held after the imports. With the name of a
file, an access log of a million lines is written there, read with Clients.from_log and sent through the same stations.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import warnings
from contextlib import redirect_stdout
from io import StringIO
from time import perf_counter, process_time

from pmtech import Clients, Database, Server, simulate

RATE = 1000
STATIONS = (
    Server("Door", workers=10, service_ms=8, blocking=False)
    >> Server("Search", workers=40, service_ms=30, blocking=False)
    >> Server("Prices", workers=4, service_ms=3, blocking=False)
    >> Database(connections=20, query_ms=15)
)


def held_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def measure(requests: int) -> dict:
    system, before, took = Clients(rate_per_s=RATE) >> STATIONS, held_mb(), []
    for turn in range(6):
        begin = process_time()
        result = simulate(system, duration_s=requests / RATE)
        result.summary  # noqa: B018
        if turn:
            took.append(process_time() - begin)
        count, result = len(result.records.arrived_s), None  # or two runs would be held at once
    return {"requests": count, "took_s": statistics.median(took), "mb": held_mb() - before}


def write_log(path: str, lines: int = 1_000_000) -> None:
    with open(path, "w") as file:
        for n in range(lines):
            second, key = n // RATE, n * 7919 % 5000
            file.write(
                f'10.{n % 20}.{n % 251}.{n * 31 % 256} - - [01/Mar/2026:{10 + second // 3600}:{second // 60 % 60:02}:{second % 60:02} +0000] '
                f'"GET /surveys/{key * key // 5000}?page={key % 7} HTTP/1.1" 200 {key} "https://example.com/" "Mozilla/5.0 (X11; Linux)"\n'
                if n % 1000 else "a line that is broken\n"
            )  # fmt: skip


def replay(path: str) -> dict:
    before, begin, wall = held_mb(), process_time(), perf_counter()
    with warnings.catch_warnings(record=True) as reported, redirect_stdout(StringIO()):
        warnings.simplefilter("always")
        clients = Clients.from_log(path)
    read_s, read_wall_s, read_mb = process_time() - begin, perf_counter() - wall, held_mb() - before
    begin = process_time()
    result = simulate(clients >> STATIONS, duration_s=clients.lasts_s)
    result.summary  # noqa: B018
    return {
        "said": str(reported[0].message), "read_s": read_s, "read_wall_s": read_wall_s, "read_mb": read_mb,
        "requests": len(result.records.arrived_s), "took_s": process_time() - begin, "mb": held_mb() - before,
    }  # fmt: skip


def in_a_process(*arguments: str) -> dict:
    return json.loads(subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True).stdout)


def main() -> None:
    if sys.argv[1:2] == ["--size"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    if sys.argv[1:2] == ["--replay"]:
        print(json.dumps(replay(sys.argv[2])))
        return
    print("four stations, first come first served, in a row:")
    for size in (10_000, 100_000, 1_000_000):
        m = in_a_process("--size", str(size))
        each = m["took_s"] / m["requests"] * 1e6
        print(
            f"{m['requests']:10,} requests  {m['took_s']:7.3f} s  {each:5.2f} us a request  {m['mb']:6.0f} MB at most"
        )
    for path in sys.argv[1:]:
        write_log(path)
        m = in_a_process("--replay", path)
        print(f"\naccess log of {os.path.getsize(path) / 1e6:,.0f} MB: {m['said']}")
        print(
            f"read in {m['read_s']:.1f} s of CPU ({m['read_wall_s']:.1f} s on the clock), {m['read_mb']:.0f} MB at most"
        )
        print(
            f"{m['requests']:,} requests through the four stations: {m['took_s']:.1f} s, {m['mb']:.0f} MB at most in all"
        )
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
