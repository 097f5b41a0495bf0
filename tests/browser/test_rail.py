"""Beside a lesson stand its sections, which are used and left by keyboard. What else they do: lesson_00.py."""

from __future__ import annotations

from jupyter_page import NOTEBOOK

MARKS = "() => [...document.querySelectorAll('.pmtech-rail li button')].map((one) => one.title)"


def test_the_rail_is_used_and_left_by_keyboard_and_tab_jumps_over_no_cell(lab):
    page = lab.open("02_http_verbs.ipynb", sidebar=False).page
    active = f"() => {NOTEBOOK}.content.activeCellIndex"
    assert all(title.endswith(": to come") for title in page.evaluate(MARKS))
    for _ in range(3):
        page.keyboard.press("Shift+Tab")  # from the first cell back: two buttons, then the last section
    assert page.evaluate("() => document.activeElement.title") == "Going further: to come"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")  # a key of the cells', not of the rail's
    assert page.evaluate("() => document.activeElement.title").startswith("Take away")
    page.keyboard.press("Enter")
    lab.until(f"() => {NOTEBOOK}.content.activeCell.node === document.activeElement")
    start = page.evaluate(active)
    assert page.evaluate(f"() => {NOTEBOOK}.content.activeCell.model.sharedModel.getSource()").startswith(
        "## Take away"
    )
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    passed = [start]
    while len(passed) < 4:  # past the heading's own button and the terms in the text
        page.keyboard.press("Tab")
        if (now := page.evaluate(active)) != passed[-1]:
            passed.append(now)
    assert passed == [start, start + 1, start + 2, start + 3]
    assert page.locator(".jp-collapseHeadingButton:not([aria-label])").count() == 0
    assert lab.errors() == lab.console_errors == []
