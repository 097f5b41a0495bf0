"""JupyterLab as a learner sees it: the server that runs, and the page that is looked at."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import posixpath
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 300_000  # of a test in the browser, beside whatever else the machine has to do
LOOPBACK = re.compile(
    r"^(?:https?|wss?)://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)|^(?:data|blob|about|chrome):"
)

# What the console may say, and why that is no error.
KNOWN_NOISE = {
    "[anywidget] Failed to initialize model.": "anywidget says so whenever a page is busy for two seconds; the panel "
    "is drawn all the same, and the tests look at the panel",
    "Blocked script execution in 'about:srcdoc'": "lesson 13 shows a stored script, in a frame that may run nothing",
}

# Of what axe-core looks at it need describe only what is wrong: half of its work is to say where all the rest stands.
VIOLATIONS = {"resultTypes": ["violations"]}


def find_chromium() -> str | None:
    chosen = os.environ.get("PMTECH_CHROMIUM")
    if chosen:
        return chosen
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class JupyterServer:
    """`pmtech lab` in a folder of its own: no file of the learner's, of the user's Jupyter or of the project is touched.

    present: `pmtech present` with this lesson instead.
    """

    def __init__(self, folder: Path, present: str = "") -> None:
        self.folder = folder / "lessons"
        self.answers = folder / "answers"
        self.settings = folder / "settings"
        self.outside_log = folder / "outside.log"
        self.output = folder / "jupyterlab.log"
        runtime = folder / "runtime"
        config = folder / "config"
        config.mkdir(parents=True)
        (config / "jupyter_lab_config.json").write_text(
            json.dumps(
                {
                    "ServerApp": {"ip": "127.0.0.1", "port_retries": 0},
                    "LabApp": {"expose_app_in_browser": True},
                }
            )
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
        environment |= {
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(self.settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "PMTECH_HOME": str(self.answers),
            "PMTECH_OUTSIDE_LOG": str(self.outside_log),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "audit"), str(ROOT)]),
        }
        what = ["present", present, "--folder", str(self.folder)] if present else ["lab", str(self.folder)]
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pmtech", *what, "--no-browser", "--port", "0"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        try:
            self._wait_until_it_answers(runtime / f"jpserver-{self.process.pid}.json")
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self, said: Path) -> None:
        for _ in range(PATIENCE_MS // 100):
            with contextlib.suppress(OSError, ValueError):
                server = json.loads(said.read_text(encoding="utf-8"))
                self.url, self.token = server["url"].rstrip("/"), server["token"]
                self.ask("GET", "api/status")
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.output.read_text()}")

    def ask(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def end_sessions(self) -> None:
        for session in json.loads(self.ask("GET", "api/sessions")):
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def asked_outside(self) -> list[str]:
        """What JupyterLab and its kernels, not the page, asked outside this machine."""
        return self.outside_log.read_text().splitlines() if self.outside_log.exists() else []

    def stop(self) -> None:
        """End the server and its kernels, which are in process groups of their own."""
        with contextlib.suppress(psutil.NoSuchProcess):
            everyone = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
            self.process.terminate()
            _, alive = psutil.wait_procs(everyone, timeout=8)
            for process in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()


def _end_with_parent() -> None:
    """The server ends even when the tests are killed. Linux alone knows this."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class LabPage:
    """One browser page in which a learner opens one notebook after another."""

    def __init__(self, server: JupyterServer, context: BrowserContext) -> None:
        self.server, self.context = server, context
        self.console_errors: list[str] = []
        self.outside_requests: list[str] = []
        # No host outside has an address (conftest.py). What would stop requests here would stand between page and server, too,
        # and take JupyterLab out of the browser's memory, where it is found when the page is loaded again.
        context.on("request", lambda request: self._ask(request.url))
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: message.type == "error" and self._complain(message.text))
        self.page.on("pageerror", lambda error: self._complain(error.stack or str(error)))
        self.page.on("websocket", lambda socket: self._ask(socket.url))

    def begin(self, folder: str, screenshots: Path) -> LabPage:
        """Go on with a copy of the lessons in which nobody has worked."""
        self.folder, self.screenshots = folder, screenshots
        self.console_errors.clear()
        self.outside_requests.clear()
        return self

    def leave(self) -> None:
        """Close every notebook unsaved and end its kernel; JupyterLab itself stays, for loading it takes seconds."""
        self.page.evaluate(
            """async () => {
                const { shell, serviceManager } = window.jupyterapp;
                await serviceManager.sessions.shutdownAll();
                [...shell.widgets('main')].filter((widget) => widget.context).forEach((widget) => widget.dispose());
            }"""
        )
        if self.page.locator("body[data-jp-theme-name='JupyterLab Light']").count() == 0:
            self.set_theme("light")

    def _ask(self, url: str) -> None:
        if not LOOPBACK.match(url):
            self.outside_requests.append(url)

    def _complain(self, text: str) -> None:
        if not any(noise in text for noise in KNOWN_NOISE):
            self.console_errors.append(text)

    def open(self, notebook: str, *, sidebar: bool | None = True, fresh: bool = False) -> LabPage:
        """Open a notebook, with the file browser beside it, alone, or (None) as it comes; ready when its cells and its kernel are.

        It opens in the JupyterLab that the page shows already; with fresh=True, or where there is none, JupyterLab is
        loaded first.
        """
        path = posixpath.normpath(f"{self.folder}/{notebook}")
        if fresh or not self.page.evaluate("() => Boolean(window.jupyterapp)"):
            self.page.goto(f"{self.server.url}/lab/tree/{path}?reset&token={self.server.token}")
        else:
            self.command("docmanager:open", path=path)
        self.page.wait_for_function(
            f"""(path) => {{
                const {{ context, content }} = {NOTEBOOK} ?? {{}};
                return context?.path === path && content.isAttached
                    && content.node.querySelectorAll('.jp-Cell').length === context.model?.cells.length
                    && context.sessionContext.session?.kernel?.status === 'idle';
            }}""",
            arg=path,
        )
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        if sidebar is not None:
            self.page.evaluate("(beside) => window.jupyterapp.shell[beside ? 'expandLeft' : 'collapseLeft']()", sidebar)
        return self

    def command(self, name: str, **arguments: object) -> None:
        """Run a command of JupyterLab's, as its menus do, and wait for its end."""
        self._begin(name, **arguments)
        outcome = self.page.wait_for_function("() => window.commandOutcome").json_value()
        assert outcome == "done", f"{name}: {outcome}"

    def _begin(self, name: str, **arguments: object) -> None:
        self.page.evaluate(
            """([name, arguments]) => {
                window.commandOutcome = null;
                window.jupyterapp.commands.execute(name, arguments)
                    .then(() => { window.commandOutcome = 'done' }, (error) => { window.commandOutcome = String(error) });
            }""",
            [name, arguments],
        )

    def run_all(self) -> LabPage:
        """Run > Run All Cells, until the kernel has nothing left to do."""
        self.command("notebook:run-all-cells")
        return self.wait_idle()

    def wait_idle(self, quiet_ms: int = 100) -> LabPage:
        """Wait until the kernel has answered all it was asked and is idle: a moved slider's answer has been drawn.

        What a slider asks is counted from the moment the page sends it, so the kernel may be as late as it likes.
        """
        self.page.evaluate("() => { window.asked && (window.asked.idleSince = null) }")
        self.page.wait_for_function(
            f"""(quiet) => {{
                const now = performance.now();
                const kernel = {NOTEBOOK}.context.sessionContext.session?.kernel;
                if (kernel && window.asked?.kernel !== kernel) {{
                    const open = new Set();
                    window.asked = {{ kernel, open, idleSince: null }};
                    kernel.statusChanged.connect((_, status) => /starting/.test(status) && open.clear());
                    kernel.anyMessage.connect((_, {{ msg, direction }}) => {{
                        if (direction === 'send' && msg.channel !== 'stdin') open.add(msg.header.msg_id);
                        if (msg.content.execution_state === 'idle') open.delete(msg.parent_header.msg_id);
                    }});
                }}
                const idle = kernel?.status === 'idle' && window.asked.open.size === 0;
                window.asked && (window.asked.idleSince = idle ? window.asked.idleSince ?? now : null);
                return idle && now - window.asked.idleSince >= quiet;
            }}""",
            arg=quiet_ms,
            polling=20,
        )
        return self

    def until(self, said: str, arg: object = None) -> LabPage:
        """Wait until this JavaScript is true: what stands on the page arrives a moment after the kernel's answer."""
        self.page.wait_for_function(said, arg=arg)
        return self

    def ready(self) -> LabPage:
        """Wait until every panel is on the page, with its chart where it is not folded away.

        Where a cell is so far from the screen that the browser leaves out its layout, a chart comes when the cell does.
        """
        self.wait_idle().until(
            """() => [...document.querySelectorAll('.pmtech')].every((panel) => 'filled' in panel.dataset
                && [...panel.querySelectorAll('.pmtech-plot')].every((plot) => !plot.clientWidth
                    || !plot.checkVisibility({ contentVisibilityAuto: true }) || plot.querySelector('.main-svg')))"""
        )
        return self.wait_idle()

    def cell(self, source: str) -> Locator:
        """The first code cell whose source, or of a folded one its first line, contains these words."""
        shown = self.page.locator(".jp-InputArea-editor, .jp-InputPlaceholder", has_text=source)
        return self.page.locator(".jp-CodeCell", has=shown).first

    def errors(self) -> list[str]:
        """Every output a learner would read as "it is broken", out of sight, too (where `innerText` is empty)."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-OutputArea-output')].filter((output) =>
                ['application/vnd.jupyter.error', 'application/vnd.jupyter.stderr'].includes(output.dataset.mimeType)
                || output.querySelector('.jupyter-widgets.widget-error, .jp-RenderedRenderFailure')
                || /model not found|Error displaying widget|Loading widget|Javascript Error/i.test(output.textContent)
            ).map((output) => `${output.dataset.mimeType}: ${output.textContent}`)"""
        )

    def set_theme(self, theme: str) -> LabPage:
        """`light` or `dark`."""
        name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        return self

    def restart_kernel(self) -> LabPage:
        """Kernel > Restart Kernel, the question answered with yes."""
        self._begin("notebook:restart-kernel")
        self.page.click(".jp-Dialog .jp-mod-accept")
        self.page.wait_for_function("() => window.commandOutcome")
        return self.wait_idle()

    def restart_and_run_all(self) -> LabPage:
        """Run > Restart Kernel and Run All Cells, the question answered with yes; the page has not waited for anything."""
        self._begin("runmenu:restart-and-run-all")
        self.page.click(".jp-Dialog .jp-mod-accept")
        return self

    def save_close_reopen(self, notebook: str, *, kernel: str = "kept", sidebar: bool | None = True) -> LabPage:
        """Save, leave the page and open the notebook again; with kernel="ended", as on the next day."""
        self.command("docmanager:save")
        self.page.goto("about:blank")
        if kernel == "ended":
            self.server.end_sessions()
        return self.open(notebook, sidebar=sidebar)

    def screenshot(self, name: str, selector: str | None = None) -> Path:
        """Keep a picture of the page, or of one part of it."""
        path = self.screenshots / f"{name}.png"
        (self.page.locator(selector).first if selector else self.page).screenshot(path=path)
        return path

    def axe(self, selector: str) -> list[str]:
        """The serious and critical findings of axe-core in one part of the page."""
        found = Axe().run(self.page, context=selector, options=VIOLATIONS).response["violations"]
        return [
            f"{violation['id']} ({violation['impact']}): {violation['help']}: {[node['target'] for node in violation['nodes']]}"
            for violation in found
            if violation["impact"] in {"serious", "critical"}
        ]


NOTEBOOK = "window.jupyterapp?.shell.currentWidget"
