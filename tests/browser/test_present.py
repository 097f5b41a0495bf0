"""`pmtech present`: a lesson on a projector."""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path

import psutil
import pytest
from jupyter_page import PATIENCE_MS, JupyterServer, LabPage

SHOWN = "[...document.querySelectorAll('.jp-Notebook .jp-Cell h2')].filter((one) => one.offsetParent).length"


@pytest.fixture
def projector(browser, tmp_path):
    server = JupyterServer(tmp_path, present="05")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    yield LabPage(server, context).begin(".", tmp_path)
    context.close()
    server.stop()


def test_a_lesson_is_shown_a_section_at_a_time_without_its_code(projector):
    page = projector.open("05_scaling.ipynb").page
    where = page.locator(".pmtech-sections [role=status]")
    where.wait_for()
    assert where.inner_text() == "Title · 1 of 12"
    assert page.evaluate(SHOWN) == 0
    page.locator(".jp-Notebook").focus()
    for section in ("Warm-up", "The story", "Predict", "Run it"):
        page.keyboard.press("PageDown")
        assert where.inner_text().startswith(f"{section} · ")
        projector.until(f"{SHOWN} === 1")
    assert page.locator(".jp-CodeCell .cm-editor:visible").count() == 0
    page.keyboard.press("PageUp")
    assert where.inner_text().startswith("Predict · ")
    size = page.evaluate("() => parseFloat(getComputedStyle(document.querySelector('.jp-MarkdownOutput')).fontSize)")
    assert size >= 20
    projector.screenshot("present")
    assert projector.console_errors == [] and projector.outside_requests == []
    leaves_nothing(projector.server)


def leaves_nothing(server):
    """Neither in the tabs of `pmtech lab`, nor in the lesson's file by itself; and once the terminal is shut, no answers, no kernel."""
    settings = json.loads(server.ask("GET", "lab/api/settings/@jupyterlab/docmanager-extension:plugin"))
    assert settings["schema"]["properties"]["autosave"]["default"] is False
    assert not any((server.folder.parent / "workspaces").glob("*"))
    mine = f"pmtech-present-*-{server.process.pid}-*"
    kernels = psutil.Process(server.process.pid).children(recursive=True)
    assert kernels and any(Path(tempfile.gettempdir()).glob(mine))
    shut = getattr(signal, "SIGHUP", signal.SIGTERM)
    server.process.send_signal(shut if signal.getsignal(shut) is signal.SIG_DFL else signal.SIGTERM)
    server.process.wait(30)
    assert psutil.wait_procs(kernels, timeout=120)[1] == []
    assert not any(Path(tempfile.gettempdir()).glob(mine))
