"""The processes: the copies of the API and the proxy before them. Run as a program, which needs `fork` (Linux, macOS).

Whoever started it writes lines, "start copy 1" and "kill copy 1", or "proxy". A copy is forked from this process, which has imported
all that it needs; it is killed as a power cut does. When nobody is there to write any more, all of them are killed, and
this process ends: so they end with the kernel, however that came.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import uvicorn

from pmtech.web.app.api import create_app
from pmtech.web.app.listening import UVICORN, listener_at
from pmtech.web.app.store import opened


def serve(folder: str, name: str, port: int) -> None:
    """Be a copy: it opens the database that all of them share, and says in each answer who it is."""
    config = uvicorn.Config(create_app(opened(Path(folder))), **UVICORN, headers=[("Served-By", name)])
    uvicorn.Server(config).run(sockets=[listener_at(port)])


def start_proxy(command: str, config: dict, folder: str) -> subprocess.Popen:
    """Caddy, with this configuration and with `folder` for whatever it would like to keep."""
    env = {**os.environ, **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), folder)}
    line, no = [command, "run", "--config", "-"], subprocess.DEVNULL
    proxy = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=no, stderr=no, env=env)
    assert proxy.stdin is not None, "it is a pipe"
    proxy.stdin.write(json.dumps(config).encode())
    proxy.stdin.close()
    return proxy


def end(process: subprocess.Popen | BaseProcess) -> None:
    process.kill()
    process.wait() if isinstance(process, subprocess.Popen) else process.join()


def main(folder: str, ports: dict[str, int], command: str, config: dict) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # interrupting the kernel is no reason to stop
    forks, running = multiprocessing.get_context("fork"), dict[str, subprocess.Popen | BaseProcess]()
    try:
        for line in sys.stdin:
            what, name = line.strip().split(" ", 1)
            if what == "kill":
                end(running.pop(name))
            elif name == "proxy":
                running[name] = start_proxy(command, config, folder)
            else:
                running[name] = copy = forks.Process(target=serve, args=(folder, name, ports[name]))
                copy.start()
    finally:
        for process in running.values():
            end(process)


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
