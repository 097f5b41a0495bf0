"""The API as a program of its own: `uvicorn --factory pmtech.web.app.program:app`, as its container starts it; and, run
by itself, `copies N` of it under uvicorn's supervisor, on this machine alone, until whoever started them is gone, or
`answers N` and the end."""

import asyncio
import os
import sys
import tempfile
import threading
import time
import types
from functools import cache
from pathlib import Path

if __name__ in ("__main__", "__mp_main__"):  # run as a file, the API alone: no server of it would load the models
    sys.modules["pmtech"] = types.ModuleType("pmtech")
    sys.modules["pmtech"].__path__ = [str(Path(__file__).parents[2])]

from pmtech.files import scratch  # noqa: E402
from pmtech.web.app.listening import HOST, UVICORN, listener_at  # noqa: E402
from pmtech.web.app.store import opened  # noqa: E402

FOLDER = "PMTECH_DATA"  # where the database lies; without it, a new one that nobody keeps
COMMAND = [sys.executable, "-P", __file__]  # runs it by itself; -P: its folder has names of the library
TELLS = "PMTECH_TELLS"  # set: a copy says its number when it is ready


@cache
def _own_folder() -> tempfile.TemporaryDirectory:
    return scratch("api")


def app():
    """The API on the database in that folder."""
    from pmtech.web.app.api import create_app

    api = create_app(opened(Path(os.environ.get(FOLDER) or _own_folder().name)))
    if TELLS in os.environ:
        print(f"{os.getpid()}\n", end="", flush=True)  # at once: another copy may write between a number and its end
    return api


async def answers(count: int) -> None:
    """Ask it so many times, and print how long each answer took, in ms."""
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://here") as client:
        for _ in range(count):
            begun = time.perf_counter()
            (await client.get("/surveys")).raise_for_status()
            print((time.perf_counter() - begun) * 1000, flush=True)


def copies(count: int) -> None:
    """So many copies, always: uvicorn's supervisor looks twice a second, and starts another for each that is gone."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    with scratch("copies") as folder, listener_at(0) as socket:
        os.environ |= {FOLDER: folder, TELLS: "yes"}
        opened(Path(folder)).close()  # it is there before two begin to make it
        socket.listen()
        socket.set_inheritable(True)
        # On a busy computer a copy takes long until it answers its supervisor for the first time.
        how = UVICORN | {"factory": True, "workers": count, "timeout_worker_healthcheck": 120}
        config = uvicorn.Config("pmtech.web.app.program:app", **how)
        supervisor = Multiprocess(config, [socket])
        print(f"http://{HOST}:{socket.getsockname()[1]}", flush=True)

        def end() -> None:
            sys.stdin.read()  # until whoever started it is gone
            supervisor.should_exit.set()

        threading.Thread(target=end, daemon=True).start()
        supervisor.run()


if __name__ == "__main__":
    what, count = sys.argv[1], int(sys.argv[2])
    asyncio.run(answers(count)) if what == "answers" else copies(count)
