"""What `pmtech check` and `check_environment()` find, one broken computer after the other."""

from __future__ import annotations

import ast
import http.server
import json
import os
import re
import sys
import threading
from importlib import metadata
from pathlib import Path

import pytest

from pmtech.install import environment
from pmtech.install.environment import EnvironmentCheck, Finding, check_environment

PYTHON = environment._command()


@pytest.fixture(autouse=True)
def no_lab_around_the_tests(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)


def findings() -> list[tuple[str, str]]:
    return [(finding.what, finding.command) for finding in check_environment().findings]


def test_here_all_is_well():
    assert check_environment() == EnvironmentCheck(())
    assert check_environment().ok
    assert repr(check_environment()) == "Everything this course needs is here."


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert findings() == [("This is Python 3.10, and the course needs 3.11 or newer.", "")]


def test_packages_that_are_missing_and_packages_that_are_too_old(monkeypatch):
    needed = ["anywidget>=0.9", "numpy>=999", "nosuchpackage>=2", 'pytest>=999; extra == "test"']
    monkeypatch.setattr(metadata, "requires", lambda name: needed)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    numpy = metadata.version("numpy")
    install = f"{PYTHON} -m pip install "
    assert findings() == [
        ("anywidget, nosuchpackage are missing.", f"{install}'anywidget>=0.9' 'nosuchpackage>=2'"),
        (f"Not the right version: numpy is {numpy}, the course needs numpy>=999.", f"{install}'numpy>=999'"),
    ]
    del needed[1:3]
    assert findings() == [("anywidget is missing.", f"{install}'anywidget>=0.9'")]


def test_a_package_that_was_never_installed(monkeypatch):
    def not_there(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", not_there)
    folder = Path(__file__).resolve().parent.parent
    assert findings() == [
        (
            "The package pmtech is in a folder, but it is not installed in this Python.",
            f"{PYTHON} -m pip install -e {folder}",
        )
    ]


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Say by which Python notebooks are run."""

    def write(python: str) -> None:
        spec = tmp_path / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return write


def test_a_kernel_in_another_environment_than_lab(kernel, tmp_path):
    other = tmp_path / "other-python"
    other.write_text("#!/bin/sh\necho /elsewhere\n")
    other.chmod(0o755)
    kernel(str(other))
    assert findings() == [
        (
            f"Notebooks would run in /elsewhere, while JupyterLab and the course are in {sys.prefix}.",
            f"{PYTHON} -m pmtech lab",
        )
    ]


def test_a_kernel_whose_python_is_gone(kernel, tmp_path):
    gone = str(tmp_path / "gone" / "bin" / "python")
    kernel(gone)
    assert findings() == [(f"Notebooks would be run by {gone}, which does not work.", f"{PYTHON} -m pmtech lab")]


@pytest.mark.parametrize("python", ["python", "python3", sys.executable])
def test_a_kernel_of_this_python(kernel, python):
    kernel(python)
    assert findings() == []


@pytest.fixture
def lab(tmp_path):
    """A JupyterLab that started this process and tells its pages this."""
    page = {}

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            allowed = self.path == "/lab" and self.headers["Authorization"] == "token secret"
            self.send_response(200 if allowed else 403)
            self.end_headers()
            config = f'<script id="jupyter-config-data" type="application/json">{json.dumps(page)}</script>'
            self.wfile.write(config.encode() if allowed else b"")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    url = f"http://127.0.0.1:{server.server_port}/"
    (runtime / "jpserver-1.json").write_text(json.dumps({"pid": os.getppid(), "url": url, "token": "secret"}))
    yield page
    server.shutdown()
    server.server_close()


BOTH = [{"name": "anywidget"}, {"name": "@jupyter-widgets/jupyterlab-manager"}, {"name": "jupyterlab-plotly"}]


def test_in_a_notebook_the_lab_that_started_it_is_asked(lab, kernel):
    kernel("/gone/python")  # of no interest to a notebook that runs
    lab.update(extensionManager={"install_path": sys.prefix}, federated_extensions=BOTH)
    assert findings() == []
    start = f"{PYTHON} -m pmtech lab {os.getcwd()}"
    lab.update(federated_extensions=BOTH[1:])
    assert findings() == [("The JupyterLab in your browser lacks anywidget.", start)]
    lab.update(federated_extensions=[])
    assert findings() == [("The JupyterLab in your browser lacks anywidget and ipywidgets.", start)]
    lab.update(federated_extensions=BOTH, extensionManager={"install_path": "/elsewhere"})
    assert findings() == [(f"This notebook runs in {sys.prefix}, its JupyterLab in /elsewhere.", start)]


def test_what_lab_does_not_say_is_not_reported(lab, tmp_path):
    lab.update(federated_extensions=BOTH)
    assert findings() == []
    (server,) = (tmp_path / "runtime").iterdir()
    server.write_text(server.read_text().replace("secret", "another"))
    assert findings() == []


def test_findings_are_shown_in_a_terminal_and_in_a_notebook():
    found = EnvironmentCheck(
        (Finding("a < b is missing.", "Install it:", "pip install 'a<b'"), Finding("Old.", "Renew it."))
    )
    assert not found.ok
    assert repr(found) == "- a < b is missing.\n  Install it:\n      pip install 'a<b'\n- Old.\n  Renew it."
    page = found._repr_html_()
    assert "a &lt; b is missing." in page
    assert "<code>pip install &#x27;a&lt;b&#x27;</code>" in page
    assert page.count("<code>") == 1
    assert not re.search(r"https?://|<script", page)


@pytest.mark.parametrize("module", ["__init__", "__main__", "install/cli", "install/environment"])
def test_an_old_python_can_read_what_tells_it_that_it_is_old(module):
    ast.parse((Path(environment.__file__).parents[1] / f"{module}.py").read_text(), feature_version=(3, 8))
