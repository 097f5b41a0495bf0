"""A class on the hub of deploy/: learners sign in together, run lesson 05 and answer; what memory and time each of them takes.

    python benchmarks/hub.py [learners]

Needs JupyterHub (the extra `hub`) and its proxy (npm install configurable-http-proxy, on the path or as PMTECH_HUB_PROXY).
"""

import asyncio
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from hub_class import Hub, Learner  # noqa: E402

MB = 2**20


def proportional_mb(process: psutil.Process) -> float:
    """Memory of a process, what it shares with others counted in equal parts (PSS)."""
    return process.memory_full_info().pss / MB


def lesson() -> list[str]:
    cells = json.loads((ROOT / "notebooks" / "05_scaling.ipynb").read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def measure(learners: int, folder: Path) -> None:
    hub = Hub(folder)
    try:
        begin = time.monotonic()
        with ThreadPoolExecutor(learners) as together:
            everybody = list(together.map(lambda n: Learner(hub, f"learner-{n}"), range(learners)))
        print(f"{learners} learners signed in together: {time.monotonic() - begin:.0f} s")
        begin = time.monotonic()

        async def all_run():
            await asyncio.gather(*(learner.run(*lesson()) for learner in everybody))

        asyncio.run(all_run())
        print(f"all of them ran lesson 05 together: {time.monotonic() - begin:.0f} s")
        servers, kernels, beside = [], [], []
        for process in psutil.Process(hub.process.pid).children(recursive=True):
            words = " ".join(process.cmdline())
            where = kernels if "ipykernel" in words else servers if "learner.py" in words else beside
            where.append(proportional_mb(process))
        hub_mb = proportional_mb(psutil.Process(hub.process.pid)) + sum(beside)
        print(f"the hub, its proxy, the room, the idle culler: {hub_mb:.0f} MB")
        print(
            f"a learner's server: {sum(servers) / len(servers):.0f} MB, a kernel after lesson 05: {max(kernels):.0f} MB at most"
        )
        print(f"a learner with one lesson open: {(sum(servers) + sum(kernels)) / learners:.0f} MB")
        print(f"seats in the room: {hub.board()['seats']}")
    finally:
        hub.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pmtech-hub-", ignore_cleanup_errors=True) as folder:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5, Path(folder))
