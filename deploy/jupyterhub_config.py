"""A hub for one machine: `jupyterhub -f deploy/jupyterhub_config.py`. What it is and needs: deploy/README.md.

Settings come from the environment: PMTECH_HUB (the folder in which all of it is kept), PMTECH_HUB_PASSWORD, PMTECH_HUB_ADMINS,
PMTECH_HUB_MEMORY (of one process, such as 1G), PMTECH_HUB_DISK (of one learner), PMTECH_HUB_BIND.
"""

import os
import re
import resource
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner, set_user_setuid

c = get_config()  # noqa: F821  JupyterHub's own
HERE = Path(__file__).resolve().parent
KEPT = Path(os.environ.get("PMTECH_HUB", "hub")).resolve()
ROOT = os.geteuid() == 0 and "PMTECH_HUB_TRIAL" not in os.environ
UNITS = {"M": 2**20, "G": 2**30}


def bytes_of(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)([MG])", text).groups()
    return int(float(number) * UNITS[unit])


def kept(name: str, make) -> str:
    """A secret that is drawn once and read by the hub alone."""
    path = KEPT / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text().strip()


for folder in ("homes", "runtime"):
    (KEPT / folder).mkdir(parents=True, exist_ok=True)
MEMORY = bytes_of(os.environ.get("PMTECH_HUB_MEMORY", "2G"))
DISK = bytes_of(os.environ["PMTECH_HUB_DISK"]) if "PMTECH_HUB_DISK" in os.environ else None

# --- the hub and its proxy --------------------------------------------------------------------------------------------

c.JupyterHub.bind_url = os.environ.get("PMTECH_HUB_BIND", "http://:8000")
c.JupyterHub.hub_port = int(os.environ.get("PMTECH_HUB_PORT", "8081"))
c.JupyterHub.db_url = f"sqlite:///{KEPT / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(KEPT / "cookie_secret")
# A hub that is started again finds its learners at work: their servers and kernels go on meanwhile.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.concurrent_spawn_limit = 20  # a class comes all at once
c.ConfigurableHTTPProxy.command = os.environ.get("PMTECH_HUB_PROXY", "configurable-http-proxy").split()
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ.get('PMTECH_HUB_PROXY_PORT', '8001')}"
c.ConfigurableHTTPProxy.auth_token = kept("proxy-token", secrets.token_hex)
c.ConfigurableHTTPProxy.pid_file = str(KEPT / "proxy.pid")

# --- who may come -----------------------------------------------------------------------------------------------------

# One password for a class; anybody who has it may sign in under any name. For more than a closed workshop take another
# authenticator (OAuthenticator for your company's accounts): the rest of this file stays.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ.get("PMTECH_HUB_PASSWORD") or kept(
    "password", lambda: secrets.token_urlsafe(9)
)
c.SharedPasswordAuthenticator.admin_password = kept("admin-password", lambda: secrets.token_urlsafe(32))
c.Authenticator.allow_all = True
c.Authenticator.admin_users = set(filter(None, os.environ.get("PMTECH_HUB_ADMINS", "").split(",")))
c.Authenticator.username_pattern = r"[a-z][a-z0-9-]{0,20}"  # it becomes a folder, and a user of this machine

# --- a learner's server -----------------------------------------------------------------------------------------------


class Learner(LocalProcessSpawner):
    """A learner's JupyterLab on this machine: as a user of its own where the hub is root, else (for a trial) as the hub's.

    Each of its processes may have so much memory of its own; one that asks for more gets a MemoryError, and the others live.
    """

    @property
    def system_user(self) -> str:
        return f"pm-{self.user.name}"  # never a user whom this machine has for other purposes

    @property
    def home(self) -> Path:
        return KEPT / "homes" / self.user.name

    @property
    def runtime(self) -> Path:
        """What kernels need to start, not in the home: they start for who has filled their disk, too."""
        return KEPT / "runtime" / self.user.name

    async def start(self):
        self.home.mkdir(mode=0o700, exist_ok=True)
        if DISK and not self.home.is_mount():
            self.mount()
        if ROOT and subprocess.run(["id", self.system_user], capture_output=True).returncode:
            command = ["useradd", "--home-dir", str(self.home), "--no-create-home", "--shell", "/bin/bash"]
            subprocess.run([*command, self.system_user], check=True)
        for folder in (self.home, self.runtime):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
            if ROOT:
                shutil.chown(folder, self.system_user, self.system_user)
        return await super().start()

    def mount(self) -> None:
        """A disk of their own, in a file that grows up to its size: whoever fills it stands in nobody's way."""
        disk = KEPT / "disks" / f"{self.user.name}.ext4"
        disk.parent.mkdir(mode=0o700, exist_ok=True)
        if not disk.exists():
            if any(self.home.iterdir()):
                return  # a home of before there was a limit
            with open(disk, "xb") as file:
                file.truncate(DISK)
            subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(disk)], check=True)
        subprocess.run(["mount", "-o", "loop,nodev,nosuid", str(disk), str(self.home)], check=True)

    def make_preexec_fn(self, name):
        home, become = str(self.home), set_user_setuid(self.system_user, chdir=False) if ROOT else lambda: None

        def before():
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            become()
            os.chdir(home)

        return before

    def user_env(self, env):
        own = {"USER": self.user.name, "HOME": str(self.home), "SHELL": "/bin/bash"}
        return env | own | {"JUPYTER_RUNTIME_DIR": str(self.runtime)}


c.JupyterHub.spawner_class = Learner
c.Spawner.cmd = [sys.executable, str(HERE / "learner.py")]
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "LANG", "LC_ALL", "VIRTUAL_ENV"]

# --- what runs beside -------------------------------------------------------------------------------------------------

DRAWN = "from pmtech.room.word import new_word; print(new_word())"
word = kept("room-word", lambda: subprocess.check_output([sys.executable, "-c", DRAWN], text=True))
room_port = int(os.environ.get("PMTECH_HUB_ROOM_PORT", "8765"))
c.JupyterHub.services = [
    {
        "name": "room",
        "url": f"http://127.0.0.1:{room_port}",
        "command": [sys.executable, str(HERE / "room.py"), str(KEPT / "room.sqlite")],
        "environment": {"PMTECH_ROOM_WORD": word},
        "display": True,
    },
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--cull-every=300"],
    },
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
# A learner's kernels are in the room without joining; leave() takes them out for good.
c.Spawner.environment = {"PMTECH_ROOM": f"{word}@http://127.0.0.1:{room_port}/services/room"}
