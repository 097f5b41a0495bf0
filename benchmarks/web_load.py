"""Open-loop load on the real API from a process of its own: requests are sent on time whether or not answers came.

    python benchmarks/web_load.py                       starts an API and sends 200 a second for 20 s
    python benchmarks/web_load.py URL PER_S SECONDS     sends to an API that is running

Prints how many answers had each status (anything else is an error), and the p50, p95 and p99 of the latency in ms.
"""

import asyncio
import collections
import subprocess
import sys
import time

import httpx

REQUESTS = (
    ("GET", "/surveys", None),
    ("GET", "/surveys/1", None),
    ("PATCH", "/surveys/2", "goal"),
    ("POST", "/payments", "payment"),
)


async def load(url: str, per_s: float, for_s: float) -> None:
    seen, latencies = collections.Counter(), []
    # Nobody gives up: whoever waits for long, for an answer or for one of the 100 connections, shows in the latencies.
    async with httpx.AsyncClient(base_url=url, timeout=None, trust_env=False) as client:

        async def one(n: int, due: float) -> None:
            method, path, what = REQUESTS[n % len(REQUESTS)]
            body = {"goal": {"goal": n + 1}, "payment": {"customer": "Company C", "seats": 1}}.get(what)
            try:
                seen[str((await client.request(method, path, json=body)).status_code)] += 1
            except httpx.HTTPError as error:
                seen[repr(error)] += 1
            # From the moment it was due and not from the moment it was sent: no coordinated omission.
            latencies.append((time.perf_counter() - due) * 1000)

        begun, tasks = time.perf_counter(), []
        for n in range(int(per_s * for_s)):
            due = begun + n / per_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(n, due)))
        await asyncio.gather(*tasks)
    print(" ".join(f"{status}:{count}" for status, count in sorted(seen.items())))
    latencies.sort()
    print(" ".join(f"p{p}={latencies[int(len(latencies) * p / 100)]:.1f}ms" for p in (50, 95, 99)))


def main() -> None:
    if len(sys.argv) == 4:
        asyncio.run(load(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
        return
    from pmtech.web.app.server import start_api

    api = start_api(transport="socket")
    subprocess.run([sys.executable, __file__, api.url, "200", "20"], check=True)
    api.stop()


if __name__ == "__main__":
    main()
