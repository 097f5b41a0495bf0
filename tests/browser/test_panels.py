"""The panels and the picture of a system in a real JupyterLab: drawn once, followed by keyboard, saved without a trace, stopped, accessible."""

from __future__ import annotations

import nbformat.v4 as nb
import psutil
import pytest

SET_UP = (
    "from pmtech import Clients, Server, Slider, Throttle, compare, explore, sweep\n"
    'tool = [Clients("Company A"), Clients("Company B", rate_per_s=150)] >> Throttle(rate_per_s=80) >> Server()'
)
EXPLORE = 'explore(tool, Slider("company_b.rate_per_s", 0, 300), Slider("server.workers", 0, 16), show="latency")'
WIDE = """from pmtech import Cache, Database, Network, Users
people = Users("People", count=60) >> Cache("Browser cache", private=True) >> Network()
people >> Server() >> Cache("Application cache", coalesce=True, invalidate=True) >> Database(queue_limit=5)"""
COMPARE = 'compare({"fair": tool, "in turn": tool.replace({"throttle.fair": False})})'


@pytest.fixture
def opened(lab):
    """A notebook with these cells, opened; in a fresh JupyterLab that counts how often plotly.js is loaded."""

    def write_and_open(*sources, fresh=False):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nb.new_notebook(cells=[nb.new_code_cell(source) for source in sources], metadata=kernel)
        (lab.server.folder / lab.folder / "panels.ipynb").write_text(nb.writes(notebook))
        lab.page.add_init_script(
            """window.loaded = 0;
            const url = URL.createObjectURL;
            URL.createObjectURL = (blob) => ((window.loaded += blob.size > 3e6), url.call(URL, blob));"""
        )
        return lab.open("panels.ipynb", fresh=fresh)

    return write_and_open


# What is dear to a page while a slider is turned: other style sheets, its head, a bar that looks anew at all its buttons.
WATCH = """() => {
    window.touched = [];
    new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
            const bar = target.nodeType === Node.ELEMENT_NODE && target.closest("head, .jp-Toolbar");
            if (bar) touched.push(bar.className || bar.tagName);
            if ([...addedNodes].some((one) => one.querySelector?.("style"))) touched.push("style");
        }
    }).observe(document, { subtree: true, childList: true, attributes: true });
}"""


def drawn(lab, number):
    lab.page.wait_for_function(f"() => document.querySelectorAll('.js-plotly-plot .main-svg').length >= {number}")
    return lab


def test_a_slider_is_moved_and_a_wide_picture_scrolled_by_keyboard(opened):
    lab = drawn(opened(SET_UP, EXPLORE, COMPARE, WIDE, fresh=True).run_all(), 2)
    page = lab.page
    assert page.evaluate("window.loaded") == 1
    panel = page.locator(".pmtech-explore")
    slider = panel.get_by_label("Server: workers")
    slider.focus()
    line = "[...document.querySelectorAll('.pmtech-explore path.js-line')].at(-1).getAttribute('d')"
    sentences, before = panel.locator(".pmtech-sentences").inner_text(), page.evaluate(line)
    cells = page.locator(".jp-Cell").count()
    for key in ("ArrowLeft", "ArrowLeft", "b", "x"):  # b and x are shortcuts of the notebook
        page.keyboard.press(key)
    lab.wait_idle()
    assert page.locator(".jp-Cell").count() == cells
    assert slider.get_attribute("aria-valuetext") == "6"
    assert panel.locator(".pmtech-sentences").inner_text() != sentences
    lab.until(f"(before) => {line} !== before", before)

    page.evaluate(WATCH)
    parts = panel.locator(".pmtech-picture *").count()
    page.keyboard.press("PageUp")
    lab.wait_idle()
    assert panel.locator(".pmtech-picture *").count() != parts  # drawn anew in part
    assert page.evaluate("touched") == []

    shows_that_it_waits(lab, panel)

    page.keyboard.press("Home")
    lab.wait_idle()
    assert panel.get_by_role("alert").inner_text() == "This can't be run: workers must be at least 1, got 0."
    assert lab.axe(".pmtech-explore") == []
    panel.get_by_role("button", name="Reset").click()
    panel.get_by_role("button", name="Keep this run").click()
    panel.get_by_role("button", name="New customers").click()
    lab.wait_idle()
    assert panel.get_by_role("alert").count() == 0
    assert "Customers #2" in panel.inner_text()
    panel.locator(".textpoint", has_text="before: p95").wait_for()

    chart, controls = panel.locator(".pmtech-plot").bounding_box(), panel.locator(".pmtech-controls").bounding_box()
    assert chart["y"] < controls["y"] + controls["height"] and controls["y"] < chart["y"] + chart["height"]
    assert panel.bounding_box()["height"] <= 580  # what JupyterLab leaves of 720, with the architecture in it
    moved = places(panel)
    for theme in ("light", "dark"):
        lab.set_theme(theme).wait_idle()
        expected = {"light": "#0072b2", "dark": "#56b4e9"}[theme]
        page.wait_for_function(
            f"() => document.querySelector('.pmtech-plot').data.some(({{ line }}) => line?.color === '{expected}')"
        )
        for part in (".pmtech-explore", "table.pmtech-compare", ".pmtech-diagram"):
            assert lab.axe(part) == []
            lab.screenshot(f"{part.split('-')[-1]}-{theme}", part)
    assert places(panel) == moved  # a theme draws the chart anew, a slider moves its points: both come to the same
    picture = lab.cell("People").locator(".pmtech-diagram")
    assert picture.evaluate("el => el.scrollWidth > el.clientWidth"), "this one is wider than its cell"
    picture.focus()
    for _ in range(8):
        picture.press("ArrowRight")
    lab.until("(picture) => picture.scrollLeft > 0", picture.element_handle())
    assert lab.console_errors == lab.errors() == lab.outside_requests == []


def shows_that_it_waits(lab, panel):
    """Only for an answer that keeps somebody waiting; and meanwhile nothing is drawn, for the kernel needs the processor."""
    everyone = psutil.Process(lab.server.process.pid).children(recursive=True)
    kernels = [one for one in everyone if "ipykernel_launcher" in one.cmdline()]
    kernel = max(kernels, key=psutil.Process.create_time)
    kernel.suspend()
    try:
        lab.page.keyboard.press("ArrowLeft")
        plot = panel.locator(".pmtech-plot")
        assert plot.evaluate("plot => plot.getAnimations().length") == 0
        lab.until("plot => getComputedStyle(plot).opacity === '0.6'", plot.element_handle())
    finally:
        kernel.resume()
    lab.wait_idle().until("plot => getComputedStyle(plot).opacity === '1'", plot.element_handle())


def places(panel) -> list:
    """Where every line and word of a panel's chart stands."""
    return panel.locator(".pmtech-plot").evaluate(
        """(plot) => [...plot.querySelectorAll('.js-line, .point, .main-svg text')].map((one) =>
            [one.textContent, ...['d', 'x', 'y', 'transform', 'text-anchor'].map((name) => one.getAttribute(name))])"""
    )


def test_a_sweep_is_stopped_while_its_cell_runs(opened):
    lab = opened(SET_UP, 'rows = sweep(tool, {"server.workers": range(1, 1000)}, duration_s=1000)', "len(rows)")
    lab._begin("notebook:run-all-cells")
    lab.page.get_by_role("button", name="Stop").click()
    lab.wait_idle()
    rows = int(lab.cell("len(rows)").locator(".jp-OutputArea-output").inner_text())
    assert 0 < rows < 999
    assert f"Stopped after {rows} of 999 runs." in lab.cell("rows = sweep").inner_text()
    assert lab.errors() == []
