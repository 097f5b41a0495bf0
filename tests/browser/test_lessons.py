"""Every lesson in a real JupyterLab: run all, answer, move every slider, and nothing breaks or leaves the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

LESSONS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
PANEL = ".pmtech"


def no_trouble(lab) -> None:
    assert lab.errors() == []
    assert lab.console_errors == []
    assert lab.outside_requests == []
    assert lab.server.asked_outside() == []


def ready(lab) -> None:
    """Every panel has been drawn: the last chart, too."""
    lab.page.wait_for_function(
        "() => [...document.querySelectorAll('.pmtech')].every((panel) => panel.childElementCount > 0)"
    )
    lab.wait_idle()


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_every_slider_moves_to_its_ends(lab, lesson):
    lab.open(lesson).run_all()
    ready(lab)
    no_trouble(lab)
    sliders = lab.page.locator(f"{PANEL} input[type=range]")
    for number in range(sliders.count()):
        slider = sliders.nth(number)
        slider.scroll_into_view_if_needed()
        for key in ("End", "Home"):
            slider.press(key)
            lab.wait_idle()
            wanted = slider.get_attribute("max" if key == "End" else "min")
            assert float(slider.input_value()) == float(wanted)
            assert lab.page.locator(f"{PANEL} [role=alert]:visible").count() == 0
    no_trouble(lab)
    lab.screenshot(lesson.removesuffix(".ipynb"))
    assert lab.axe(".jp-Notebook .pmtech") == []


def test_a_prediction_is_kept_before_its_answer_shows(lab):
    lab.open("04_throttling_vs_rate_limiting.ipynb").run_all()
    question = lab.cell('ask("04.predict")').locator(PANEL)
    question.scroll_into_view_if_needed()
    assert "misconception" not in question.inner_text()
    assert "first come, first served does not ask" not in question.inner_text().lower()
    # With the keyboard alone, and wrong on purpose: "Only C is slowed down".
    question.locator("input[type=radio]").first.focus()
    for _ in range(2):
        lab.page.keyboard.press("ArrowDown")
    question.get_by_role("button").last.press("Enter")
    lab.wait_idle()
    assert "first come, first served does not ask who sent a request" in question.inner_text().lower()
    assert question.locator("input[type=radio]").nth(2).is_checked()
    lab.screenshot("a-wrong-prediction")
    no_trouble(lab)


def test_a_slider_moved_by_keyboard_changes_the_chart_and_the_sentence(lab):
    lab.open("04_throttling_vs_rate_limiting.ipynb").run_all()
    panel = lab.cell("patient = ").locator(PANEL)
    panel.scroll_into_view_if_needed()
    chart = panel.locator(".main-svg").first
    chart.wait_for()
    before, painted = panel.inner_text(), chart.inner_html()
    slider = panel.locator("input[type=range]").first
    for _ in range(5):
        slider.press("ArrowRight")
    lab.wait_idle()
    lab.page.wait_for_timeout(200)
    assert panel.inner_text() != before
    assert chart.inner_html() != painted
    assert lab.page.locator(".jp-Cell").count() > 20  # no key reached the notebook's own shortcuts
    lab.screenshot("a-slider-moved")
    no_trouble(lab)


@pytest.mark.parametrize("kernel", ["kept", "ended"])
def test_a_lesson_that_was_saved_and_opened_again_looks_fresh(lab, kernel):
    name = "04_throttling_vs_rate_limiting.ipynb"
    lab.open(name).run_all()
    ready(lab)
    cells = lab.page.locator(".jp-Cell").count()
    lab.save_close_reopen(name, kernel=kernel)
    lab.wait_idle()
    if kernel == "kept":
        ready(lab)  # the panels of the kernel that went on come back by themselves
    assert lab.errors() == []
    assert lab.page.locator(".jp-Cell").count() == cells
    lab.run_all()
    ready(lab)
    no_trouble(lab)


def test_a_restarted_kernel_leaves_no_error_boxes(lab):
    lab.open("00_start_here.ipynb").run_all()
    ready(lab)
    lab.restart_kernel()
    assert lab.errors() == []
    lab.run_all()
    ready(lab)
    no_trouble(lab)
