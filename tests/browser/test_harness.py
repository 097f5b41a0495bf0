"""The tests in the browser can be trusted: they see an output, an error, and a request that leaves this machine."""

from __future__ import annotations

import threading

import nbformat.v4 as nb
import psutil
import pytest


@pytest.fixture
def write(lab):
    def write(name, *sources):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nb.new_notebook(cells=[nb.new_code_cell(source) for source in sources], metadata=kernel)
        (lab.server.folder / lab.folder / name).write_text(nb.writes(notebook))

    return write


def test_a_notebook_is_run_and_its_output_is_seen(lab, write):
    write("sum.ipynb", "20 + 22", "import os; os.environ['PMTECH_HOME']")
    lab.open("sum.ipynb").run_all()
    assert lab.cell("20 + 22").locator(".jp-OutputArea-output").inner_text().strip() == "42"
    assert str(lab.server.answers) in lab.cell("PMTECH_HOME").locator(".jp-OutputArea-output").inner_text()
    assert lab.errors() == []
    assert lab.console_errors == []
    assert lab.outside_requests == []
    assert lab.server.asked_outside() == []


def test_an_answer_is_waited_for_however_late_the_kernel_hears_of_it(lab, write):
    late = "slider.observe(lambda _: setattr(slider, 'description', 'late'), 'value')"
    write("late.ipynb", f"import ipywidgets, os\nslider = ipywidgets.IntSlider()\n{late}\nslider", "os.getpid()")
    lab.open("late.ipynb").run_all()
    kernel = psutil.Process(int(lab.cell("os.getpid()").locator(".jp-OutputArea-output").inner_text()))
    kernel.suspend()
    lab.page.locator(".noUi-handle").press("ArrowRight")
    threading.Timer(1, kernel.resume).start()
    assert lab.wait_idle().page.locator(".widget-label").first.inner_text() == "late"


def test_what_is_wrong_is_seen(lab, write):
    write(
        "wrong.ipynb",
        "from IPython.display import HTML; HTML('<img src=\"https://example.org/pixel.png\">')",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))",
        "1 / 0",
    )
    lab.open("wrong.ipynb").run_all()
    assert ["division by zero" in error for error in lab.errors()] == [True]
    assert set(lab.outside_requests) == {"https://example.org/pixel.png"}
    assert lab.console_errors
    assert [line.split(" by ")[0] for line in lab.server.asked_outside()] == ["socket.connect '192.0.2.1'"]
    lab.server.outside_log.unlink()


def test_themes_screenshots_axe_and_another_kernel(lab, write):
    unnamed = "from IPython.display import HTML; HTML('<div id=unnamed><input type=range></div>')"
    write("page.ipynb", unnamed, "seen = globals().get('seen', 0) + 1; seen")
    lab.open("page.ipynb", sidebar=False).run_all()
    light = lab.screenshot("light").read_bytes()
    dark = lab.set_theme("dark").screenshot("dark").read_bytes()
    assert light != dark
    assert [finding.split()[0] for finding in lab.axe("#unnamed")] == ["label"]
    seen = lab.cell("seen").locator(".jp-OutputArea-output")
    assert lab.run_all() and seen.inner_text().strip() == "2"
    lab.restart_kernel().run_all()
    assert seen.inner_text().strip() == "1"
