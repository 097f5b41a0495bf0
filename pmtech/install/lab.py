"""JupyterLab as the course starts it: its settings, its kernel, and no door that stands open unnoticed."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path

from pmtech.course.way.progress import home
from pmtech.files import scratch

SETTINGS = Path(__file__).parent / "jupyter"
PRESENT = Path(__file__).parent / "present"


def start(
    folder: Path,
    first: str,
    *,
    browser: bool = True,
    port: int | None = None,
    open_to_network: bool = False,
    present: bool = False,
) -> int:
    """Start JupyterLab in a folder, with one of its files opened; returns the exit status when it has ended.

    open_to_network: start even where the user's own settings let everybody on the network in without a password.
    present: for a projector, with no answers given and none kept.
    """
    try:
        from jupyterlab.labapp import main
    except ImportError:
        return 1  # the check has said so
    use_settings()
    end_in_order()
    with scratch("present") as answers:
        if present:
            for variable in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
                _put_first(variable, PRESENT)
            # Kernels hear it: verdicts wait until they are opened; `join("here")` looks where the facilitator's own things are.
            os.environ |= {"PMTECH_PRESENT": str(home().absolute()), "PMTECH_HOME": answers}
        if not open_to_network and (door := open_door()):
            print(door, file=sys.stderr)
            return 1
        tabs = [f"--LabApp.workspaces_dir={answers}/tabs"] if present else []  # not those of `pmtech lab`, nor for it
        options = [*tabs, f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url=/lab/tree/{first}"]
        options += [] if browser else ["--no-browser"]
        options += [] if port is None else [f"--ServerApp.port={port}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container everyone is root, and Jupyter would refuse
            options.append("--allow-root")
        return main(options) or 0


def end_in_order() -> None:
    """A terminal's window that is shut, or a request to end, ends this program as Ctrl + C does: it cleans up and leaves nothing."""
    hangs_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangs_up and signal.getsignal(hangs_up) is signal.SIG_DFL:  # or it was asked to stay: nohup
        signal.signal(hangs_up, lambda *_: signal.raise_signal(signal.SIGTERM))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # JupyterLab has its own; uvicorn hands on what ended it


def use_settings() -> None:
    """What JupyterLab reads when it starts: nothing is asked of the internet, and this Python's kernel comes first."""
    _put_first("JUPYTER_CONFIG_PATH", SETTINGS)
    _put_first("JUPYTER_PATH", Path(sys.prefix) / "share" / "jupyter")
    _put_first("JUPYTER_PATH", SETTINGS)  # what makes a page of cells a lesson


def open_door() -> str:
    """A sentence where the user's own settings let everybody on the network in, else nothing.

    The settings are read as JupyterLab does, before it starts and without what it says of them: it will say so itself.
    """
    from jupyter_server.serverapp import ServerApp
    from jupyterlab.labapp import LabApp
    from traitlets.config import Config

    settings, files = Config(), {}
    logging.disable()
    try:
        for app in (ServerApp(), LabApp()):
            app.load_config_file()
            settings.merge(app.config)
            files |= {file: None for file in app.loaded_config_files if not Path(file).is_relative_to(SETTINGS)}
        server = ServerApp(config=settings)
        locked = server.identity_provider_class(parent=server).auth_enabled
    finally:
        logging.disable(logging.NOTSET)
    if locked or _is_this_computer(server.ip):
        return ""
    return (
        f"Your own Jupyter settings in {' and '.join(files)} let everybody who reaches this computer over the network in, "
        "without a token or a password: they could run whatever they like here. JupyterLab was not started. Take the empty "
        "token out of the settings, or, if this is what you want: pmtech lab --open-to-network"
    )


def _is_this_computer(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"


def _put_first(variable: str, path: Path) -> None:
    others = os.environ.get(variable)
    os.environ[variable] = f"{path}{os.pathsep}{others}" if others else str(path)
