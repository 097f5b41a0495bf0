"""`pmtech present`: a lesson on a projector."""

from __future__ import annotations

import pytest
from jupyter_page import JupyterServer, LabPage

SHOWN = "[...document.querySelectorAll('.jp-Notebook .jp-Cell h2')].filter((one) => one.offsetParent).length"


@pytest.fixture
def projector(browser, tmp_path):
    server = JupyterServer(tmp_path, present="05")
    context = browser.new_context(viewport={"width": 1280, "height": 720}, service_workers="block")
    context.set_default_timeout(60_000)
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
