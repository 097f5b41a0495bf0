"""A hub as deploy/ sets it up, on the loopback, and learners who sign in as people do: what its test and its benchmark share."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
PROXY = os.environ.get("PMTECH_HUB_PROXY") or shutil.which("configurable-http-proxy")
ANYBODY = "\nc.JupyterHub.authenticator_class = 'dummy'\n"  # signs in whoever comes, for a test alone


def until(is_so, patience_s: float = 120):
    """Wait for what is so in the end, and return it."""
    end = time.monotonic() + patience_s
    while not (found := is_so()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def may_mount(folder: Path) -> bool:
    """Can a home have a disk of its own here?"""
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("mkfs.ext4"):
        return False
    disk, place = folder / "trial.ext4", folder / "trial"
    place.mkdir()
    disk.write_bytes(bytes(2**20))
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(disk), str(place)], capture_output=True).returncode == 0
    return mounted and subprocess.run(["umount", str(place)]).returncode == 0


class Hub:
    """The hub; `stop` and `start` it as often as you like."""

    def __init__(self, folder: Path, authenticator: str = ANYBODY, disk: str | None = None):
        self.folder, ports = folder, _free_ports(4)
        self.config = folder / "jupyterhub_config.py"
        folder.mkdir(parents=True, exist_ok=True)
        deploy = ROOT / "deploy"
        own = f"__file__ = {str(deploy / 'jupyterhub_config.py')!r}\n"
        self.config.write_text(own + (deploy / "jupyterhub_config.py").read_text() + authenticator)
        self.url = f"http://127.0.0.1:{ports[0]}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "PMTECH"))}
        self.environment = (
            kept
            | {
                "PMTECH_HUB": str(folder / "kept"),
                "PMTECH_HUB_TRIAL": "1",
                "PMTECH_HUB_BIND": self.url,
                "PMTECH_HUB_PORT": str(ports[1]),
                "PMTECH_HUB_PROXY": PROXY or "",
                "PMTECH_HUB_PROXY_PORT": str(ports[2]),
                "PMTECH_HUB_ROOM_PORT": str(ports[3]),
                "PYTHONPATH": str(ROOT),
            }
            | ({"PMTECH_HUB_DISK": disk} if disk else {})
        )
        self.log = folder / "hub.log"
        self.start()

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(self.config)],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/hub/login", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def end(self) -> None:
        """The hub, and its proxy, its services and the learners' servers and kernels, which would go on without it."""
        mine = str(self.folder)
        self.stop()
        for process in psutil.process_iter():
            try:
                of = process.environ()
                if mine in of.get("PMTECH_HUB", "") or mine in of.get("HOME", ""):
                    process.kill()
            except psutil.Error:
                pass
        for home in (self.folder / "kept" / "homes").glob("*"):
            if home.is_mount():
                subprocess.run(["umount", "--lazy", str(home)], check=True)

    def lead(self, method: str, path: str, **more) -> httpx.Response:
        """What the room's facilitator does, through the hub."""
        token = self.log.read_text().rpartition("/services/room/board#")[2].split()[0]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.url}/services/room/api/{path}", headers=headers, trust_env=False, **more)

    def board(self) -> dict:
        return self.lead("GET", "board?lesson=05").json()


class Learner:
    """Signs in by the page, has a server of their own, and runs cells in its kernel."""

    def __init__(self, hub: Hub, name: str):
        self.hub, self.name = hub, name
        self.http = httpx.Client(base_url=hub.url, follow_redirects=True, timeout=120, trust_env=False)
        self.http.get("/hub/login")
        form = {"username": name, "password": "any", "_xsrf": self._xsrf("/hub/")}
        answer = self.http.post("/hub/login", data=form)
        assert answer.status_code == 200, answer.text
        until(lambda: self.http.get(f"/user/{name}/lab").url.path.startswith(f"/user/{name}/lab"))
        self.kernel = self.ask("POST", "kernels", json={"name": "python3"})["id"]

    def _xsrf(self, path: str) -> str:
        return next(cookie.value for cookie in self.http.cookies.jar if cookie.name == "_xsrf" and cookie.path == path)

    def ask(self, method: str, path: str, **more):
        base = f"/user/{self.name}/"
        answer = self.http.request(method, f"{base}api/{path}", headers={"X-XSRFToken": self._xsrf(base)}, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    @property
    def home(self) -> Path:
        return self.hub.folder / "kept" / "homes" / self.name

    async def run(self, *cells: str) -> str:
        """Run cells one after the other; what they printed. A cell that fails is an AssertionError."""
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        url = f"{self.hub.url}/user/{self.name}/api/kernels/{self.kernel}/channels".replace("http://", "ws://")
        cookies = "; ".join(
            f"{one.name}={one.value}" for one in self.http.cookies.jar if one.path in ("/", f"/user/{self.name}/")
        )
        channel = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies}), max_message_size=2**28)
        said = ""
        for cell in cells:
            header = {
                "msg_id": uuid4().hex,
                "msg_type": "execute_request",
                "session": "s",
                "username": "",
                "version": "5.3",
            }
            content = {
                "code": cell,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
            }
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
            await channel.write_message(json.dumps(message))
            while True:
                told = await channel.read_message()
                assert told is not None, "the kernel's line was cut"
                if isinstance(told, bytes):
                    continue
                told = json.loads(told)
                assert told["content"].get("execution_state") not in ("restarting", "dead"), "the kernel has died"
                if told["parent_header"].get("msg_id") != header["msg_id"]:
                    continue
                assert told["msg_type"] != "error", told["content"]
                said += told["content"].get("text", "") if told["msg_type"] == "stream" else ""
                if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                    break
        channel.close()
        return said
