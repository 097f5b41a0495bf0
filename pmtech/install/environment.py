"""What a computer needs for this course, and how to mend what is missing.

Nothing but the standard library is needed to import this module, and its syntax is that of Python 3.8: it must be
able to speak where the rest of the package cannot even start.
"""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

__all__ = ["EnvironmentCheck", "Finding", "check_environment"]

OLDEST_PYTHON = (3, 11)
LAB_EXTENSIONS = {"anywidget": "anywidget", "ipywidgets": "@jupyter-widgets/jupyterlab-manager"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, in a sentence, and what mends it: a sentence, and a command where there is one."""

    what: str
    mend: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n  {self.mend}" + (f"\n      {self.command}" if self.command else "")


@dataclass(frozen=True)
class EnvironmentCheck:
    """What `check_environment` found. It shows itself in a notebook and in a terminal."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def __repr__(self) -> str:
        if self.ok:
            return f"Everything this course needs is here.{_room()}"
        return "\n".join(f"- {finding}" for finding in self.findings)

    def _repr_html_(self) -> str:
        if self.ok:
            return f"<p>{self!r}</p>"
        items = "".join(
            f"<li style='margin: 0 0 16px'><strong>{html.escape(finding.what)}</strong><br>{html.escape(finding.mend)}"
            + (f"<br><code>{html.escape(finding.command)}</code>" if finding.command else "")
            + "</li>"
            for finding in self.findings
        )
        return (
            f"<div class='mathjax_ignore'><p>Something is missing before the lessons can run.</p><ul>{items}</ul></div>"
        )


def _room() -> str:
    """What a hub's learners must know: they are in the room of the workshop without having joined it."""
    if "PMTECH_ROOM" not in os.environ:
        return ""
    from pmtech.room.membership import is_on_a_hub

    here = "You are in the room of the workshop already, without joining: it hears which answers you choose and how far you are."
    return f" {here} leave() takes you out." if is_on_a_hub() else " You have left the room of the workshop."


def check_environment() -> EnvironmentCheck:
    """Look for what would keep a lesson from running here; the same in a notebook and in a terminal."""
    lab = _lab_around_this_kernel()
    return EnvironmentCheck((*_python(), *_packages(), *(_lab(lab) if lab else (*_home(), *_kernel_of_lab()))))


def _python() -> Iterator[Finding]:
    if sys.version_info < OLDEST_PYTHON:
        here, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST_PYTHON))
        yield Finding(
            f"This is Python {here}, and the course needs {needed} or newer.",
            "Install a newer Python from python.org or with conda, and install the course with that one.",
        )


def _packages() -> Iterator[Finding]:
    try:
        lines = metadata.requires("pmtech") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "The package pmtech is in a folder, but it is not installed in this Python.",
            "Install it, and what it needs comes with it:",
            _install("-e", str(Path(__file__).resolve().parents[2])),
        )
        return
    needed = {line: re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line}
    here = {line: _version(name) for line, name in needed.items()}
    missing = [line for line, version in here.items() if version is None]
    wrong = [line for line, version in here.items() if version is not None and not _accepts(line, version)]
    if missing:
        yield Finding(
            f"{', '.join(needed[line] for line in missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            "Install what is missing, then restart the kernel of an open notebook:",
            _install(*missing),
        )
    if wrong:
        said = ", ".join(f"{needed[line]} is {here[line]}, the course needs {line}" for line in wrong)
        yield Finding(
            f"Not the right version: {said}.",
            "Install one that fits, then restart the kernel of an open notebook:",
            _install(*wrong),
        )


def _version(name: str) -> str | None:
    """The installed version; None when it cannot be imported (each of our packages is imported by its own name)."""
    try:
        found = metadata.distribution(name)
        packages = {file.parts[0] for file in found.files or () if file.name == "__init__.py" and len(file.parts) == 2}
        modules = (found.read_text("top_level.txt") or "").split() or packages or [name]  # pyyaml is imported as yaml
        return found.version if any(util.find_spec(module) for module in modules) else None
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _accepts(line: str, version: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # itself one of the missing ones, and named as such
        return True
    return Requirement(line).specifier.contains(version, prereleases=True)


def _home() -> Iterator[Finding]:
    try:
        Path.home()
    except RuntimeError:
        yield Finding(
            "Your home folder is not known here, and JupyterLab keeps its settings in it.",
            "Set the environment variable HOME to a folder of yours.",
        )


def _kernel_of_lab() -> Iterator[Finding]:
    """The kernel that JupyterLab, started from this Python, would give to a notebook."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager

        spec = KernelSpecManager().get_kernel_spec("python3")
    except (ImportError, KeyError, RuntimeError):  # no Jupyter, no such kernel, no home
        return
    except (OSError, ValueError, TypeError) as problem:
        yield Finding(
            f"Jupyter's description of the program that runs notebooks cannot be read ({problem}).",
            "Start the lessons with this command, which brings its own:",
            _command("-m", "pmtech", "lab"),
        )
        return
    python = (spec.argv or ["nothing"])[0]
    if re.fullmatch(r"python(3(\.\d+)?)?", python):  # Jupyter puts its own Python in the place of a bare name
        return
    where = _prefix_of(python)
    if not where or not _same(where, sys.prefix):
        here = _same(spec.resource_dir, Path(sys.prefix, "share", "jupyter", "kernels", "python3"))
        yield Finding(
            f"Notebooks would run in {where}, while JupyterLab and the course are in {sys.prefix}."
            if where
            else f"Notebooks would be run by {python}, which does not work.",
            "Let notebooks run in this Python:",
            _command("-m", "ipykernel", "install", "--sys-prefix") if here else _command("-m", "pmtech", "lab"),
        )


def _prefix_of(python: str) -> str:
    """Where a Python is installed; nothing when it does not run."""
    asked = [python, "-c", "import sys; print(sys.prefix)"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
        return said.stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _lab_around_this_kernel() -> dict | None:
    """What the JupyterLab that started this process tells its own pages; None when there is none, or it will not say."""
    try:
        import psutil
        from jupyter_core.paths import jupyter_runtime_dir

        # Where a server listens, it notes there, under its process's number. (jupyter_server itself takes seconds to import.)
        notes = (Path(jupyter_runtime_dir(), f"jpserver-{one.pid}.json") for one in psutil.Process().parents())
        server = json.loads(next(filter(Path.exists, notes)).read_text(encoding="utf-8"))
        request = urllib.request.Request(server["url"] + "lab", headers={"Authorization": f"token {server['token']}"})
        # A proxy of the machine must not be asked for a page of the machine.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as page:
            config = re.findall(
                r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page.read().decode(), re.DOTALL
            )
        return json.loads(config[0])
    except Exception:  # noqa: BLE001 - whatever the reason, what cannot be known is not reported
        return None


def _lab(page: dict) -> Iterator[Finding]:
    """What the JupyterLab in the browser lacks for this kernel's panels."""
    where = page.get("extensionManager", {}).get("install_path", "")
    extensions = {extension["name"] for extension in page.get("federated_extensions", [])}
    lacking = [name for name, extension in LAB_EXTENSIONS.items() if extension not in extensions]
    what = ""
    if lacking:
        what = f"The JupyterLab in your browser lacks {' and '.join(lacking)}."
    elif where and not _same(where, sys.prefix):
        what = f"This notebook runs in {sys.prefix}, its JupyterLab in {where}."
    if what:
        mend = "Close JupyterLab and start the lessons with this command:"
        yield Finding(what, mend, _command("-m", "pmtech", "lab", os.getcwd()))


def _same(one: str | Path, other: str | Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _install(*what: str) -> str:
    """With pip, or where an environment of uv has none, with uv."""
    if util.find_spec("pip") is None and shutil.which("uv"):
        return _typed("uv", "pip", "install", "--python", sys.executable, *what)
    return _command("-m", "pip", "install", *what)


def _command(*words: str) -> str:
    return _typed(sys.executable, *words)


def _typed(*words: str) -> str:
    return (subprocess.list2cmdline if os.name == "nt" else shlex.join)(words)
