"""Starts three copies of the API behind a real proxy, on this machine alone, and talks to them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pmtech
from pmtech.web.app.listening import HOST, listener_at
from pmtech.web.app.server import Api, stop_all
from pmtech.web.app.store import opened
from pmtech.web.waiting import until
from pmtech.wording import listed

MISSING = (
    'The proxy Caddy is not installed: pip install "pmtech[proxy]" brings it, on Linux and macOS (there is none for '
    "Windows). Nothing else of the lesson needs it."
)
PROGRAM = "pmtech.web.proxy.processes"
NAMES, PROXY = ("copy 1", "copy 2", "copy 3"), "proxy"
# A dead copy refuses at once; one that is slow to answer, on a busy machine, is not dead.
ASKS = {"health_checks": {"active": {"uri": "/surveys?limit=1", "interval": "1s", "timeout": "30s"}}}
WAYS: dict[str, dict] = {  # what the proxy does about a copy that does not answer; a request names its way in a header
    "takes turns": {},
    "asks each copy every second": ASKS,
    "asks, and tries again elsewhere": {**ASKS, "load_balancing": {"retries": 2}},
}
WAY = "Way"


def start_copies() -> "Copies | None":
    """Starts three copies of the survey tool's API on one fresh database, and the proxy Caddy before them.

    All of them listen on 127.0.0.1 only and end with the kernel; an API that was started before is stopped. Where Caddy
    is not installed this says so, and gives None. Raises RuntimeError when they do not come up.
    """
    command = shutil.which("caddy", path=sysconfig.get_path("scripts")) or shutil.which("caddy")
    if command is None or not hasattr(os, "fork"):
        print(MISSING)
        return None
    stop_all()
    copies = Copies(command)
    copies.start()
    return copies


class Copies(Api):
    """The running copies. `url` is the proxy's; whoever answered stands in the answer's header `Served-By`.

    The header `Way` of a request says how the proxy goes about with a dead copy (`WAYS`; without one, as the last).
    What this leaves out: what goes wrong on purpose (`faults`), and the owner's calendar.
    """

    _server: "_Processes | None" = None

    def __init__(self, command: str):
        super().__init__()
        self._command, self.alive = command, set()
        self.ports = dict(zip((*NAMES, PROXY), _free_ports(1 + len(NAMES)), strict=True))
        self.url = f"http://{HOST}:{self.ports[PROXY]}"

    def start(self) -> None:
        """Starts what does not run, and waits until it answers."""
        processes = self._server
        if processes is None:
            self._store = opened(self.folder)
            processes = self._server = _Processes(self.folder, self.ports, self._command)
            self._alike.append(self)
        for names in (NAMES, (PROXY,)):  # the proxy last: it looks at once who is there
            for name in names:
                self.revive(name)
            try:
                why = "the copies of the API and their proxy did not start"
                until(lambda: all(map(self.answers, self.alive)), why, within_s=60, alive=processes.live)
            except RuntimeError:
                self.stop()
                raise

    def revive(self, name: str) -> None:
        """Start one of them that is dead, without waiting until it answers."""
        if self._known(name) not in self.alive and self._server:
            self._server.tell(f"start {name}")
            self.alive.add(name)

    def kill(self, name: str) -> None:
        """Kill one of them, or "proxy", as a power cut does: it has no time to tidy up."""
        if self._known(name) in self.alive and self._server:
            self._server.tell(f"kill {name}")
            self.alive.discard(name)

    def _known(self, name: str) -> str:
        if name not in self.ports:
            raise ValueError(f"name must be one of {', '.join(self.ports)}, got {name!r}")
        return name

    def answers(self, name: str) -> bool:
        """Does somebody listen where this one stands?"""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, self.ports[name])) == 0

    def stop(self) -> None:
        self.alive.clear()
        super().stop()

    def __repr__(self) -> str:
        if not self.running:
            return "Copies of the survey API, stopped: .start() starts them again"
        alive = listed(sorted(self.alive & {*NAMES})) if self.alive & {*NAMES} else "no copy"
        return f"Survey API: {alive}, each a process of its own, behind the proxy Caddy, which listens on {self.url}"


class _Processes:
    """The program that has the copies and the proxy for children: they end with it, and it with this kernel."""

    def __init__(self, folder: Path, ports: dict[str, int], command: str):
        given = map(json.dumps, (str(folder), ports, command, configuration(ports)))
        program = [sys.executable, "-m", PROGRAM, *given]
        home, pipe, no = Path(pmtech.__file__).parents[1], subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(program, cwd=home, stdin=pipe, stdout=no, stderr=no)
        assert self._process.stdin is not None, "it is a pipe"
        self._hears = self._process.stdin

    def live(self) -> bool:
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        self._hears.write(f"{line}\n".encode())
        self._hears.flush()

    def stop(self) -> None:
        self._hears.close()
        self._process.wait()


def _free_ports(count: int) -> list[int]:
    free = [listener_at(0) for _ in range(count)]
    ports = [one.getsockname()[1] for one in free]
    for one in free:
        one.close()
    return ports


def configuration(ports: dict[str, int]) -> dict:
    """What Caddy is told: listen here, take the copies in turn; nobody may change it while it runs."""

    def proxy(how: dict) -> dict:
        picks = {"selection_policy": {"policy": "round_robin"}, **how.get("load_balancing", {})}
        upstreams = [{"dial": f"{HOST}:{ports[name]}"} for name in NAMES]
        return {"handler": "reverse_proxy", "upstreams": upstreams, **how, "load_balancing": picks}

    routes = [
        {"match": [{"header": {WAY: [name]}}], "handle": [proxy(how)], "terminal": True} for name, how in WAYS.items()
    ]
    last = {"handle": routes[-1]["handle"]}
    server = {"listen": [f"{HOST}:{ports[PROXY]}"], "routes": [*routes, last], "automatic_https": {"disable": True}}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "apps": {"http": {"servers": {"door": {**server, "protocols": ["h1"]}}}},
    }
