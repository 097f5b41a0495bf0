"""A real JupyterLab in a real browser. `lab` is what a test asks for; where no Chromium is found it is skipped."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_page import PATIENCE_MS, ROOT, JupyterServer, LabPage, find_chromium
from playwright.sync_api import Browser, expect, sync_playwright

expect.set_options(timeout=PATIENCE_MS)
pytest.register_assert_rewrite("lesson_02", "lesson_04")

NO_CHROMIUM = (
    "No Chromium was found: install it, or name one in PMTECH_CHROMIUM. The tests in a real browser were left out."
)
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        (pytest.fail if os.environ.get("PMTECH_REQUIRE_BROWSER") else pytest.skip)(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def jupyter(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    server = JupyterServer(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


@pytest.fixture(scope="package")
def left_open() -> list[LabPage]:
    """The page that the test before left, where it went well."""
    return []


@pytest.fixture
def lab(
    jupyter: JupyterServer,
    browser: Browser,
    left_open: list[LabPage],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[LabPage]:
    """A page 1280 wide and 720 high, on a fresh copy of the lessons and with no answers given yet."""
    folder = re.sub(r"\W+", "-", request.node.name)
    shutil.copytree(ROOT / "notebooks", jupyter.folder / folder, ignore=shutil.ignore_patterns(".*"))
    for kept in (jupyter.answers, jupyter.settings):
        shutil.rmtree(kept, ignore_errors=True)
    screenshots = Path(os.environ.get("PMTECH_SCREENSHOTS", tmp_path))
    screenshots.mkdir(parents=True, exist_ok=True)
    if not left_open:
        context = browser.new_context(viewport={"width": 1280, "height": 720}, service_workers="block")
        context.set_default_timeout(PATIENCE_MS)
        left_open.append(LabPage(jupyter, context))
    lab, failed = left_open.pop(), request.session.testsfailed
    yield lab.begin(folder, screenshots)
    if request.session.testsfailed == failed:
        lab.leave()
        left_open.append(lab)
    else:
        lab.context.close()
        jupyter.end_sessions()
