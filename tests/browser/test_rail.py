"""Beside a lesson stand its sections; JupyterLab's bars are out of the way, and one switch brings them back."""

from __future__ import annotations

import re

from jupyter_page import NOTEBOOK

MARKS = "() => [...document.querySelectorAll('.pmtech-rail li button')].map((one) => one.title)"


def test_a_lesson_has_a_rail_and_no_bars_and_prints_with_its_charts(lab):
    page = lab.open("00_start_here.ipynb", sidebar=False).page
    bars = page.locator(".jp-NotebookPanel-toolbar, #jp-bottom-panel, .jp-SideBar.jp-mod-left")
    rail = page.get_by_role("navigation", name="Sections of this lesson")
    items = rail.get_by_role("listitem")
    assert items.first.inner_text().split("\n")[:2] == ["One minute", "4 min"]
    assert all(title.endswith(": to come") for title in page.evaluate(MARKS))
    lab.until("() => [...document.querySelectorAll('#jp-bottom-panel')].every((bar) => !bar.clientHeight)")
    assert [bar.is_visible() for bar in bars.all()] == [False] * 3

    lab.run_all()
    lab.until("() => document.querySelector('.pmtech-rail li button').title === 'One minute: done'")
    lab.until(f"() => ({MARKS})()[2] === 'A question: something is open'")
    items.nth(3).get_by_role("button").click()
    lab.until("() => document.querySelectorAll('.pmtech-rail li')[3].querySelector('[aria-current]')")
    assert page.evaluate(f"() => {NOTEBOOK}.content.activeCell.model.sharedModel.getSource()").startswith("## Words")

    lab.context.add_init_script("window.print = () => {}")  # its window would wait for somebody
    with lab.context.expect_page() as printed:
        rail.get_by_role("button", name="Print, or save as a page").click()
    sheet = printed.value
    sheet.wait_for_selector(".main-svg")  # the chart of the what-if panel, and the moment of the running shop
    assert sheet.locator(".pmtech-live img").count() == 3 and sheet.locator("script").count() == 0
    assert sheet.get_by_role("heading", name="Your course").count() == 1
    sheet.close()

    lab.command("docmanager:save")
    exported = lab.server.ask("GET", f"nbconvert/html/{lab.folder}/00_start_here.ipynb").decode()
    assert re.search('class="pmtech-kept".*pmtech-plot.*main-svg', exported, re.DOTALL)

    rail.get_by_role("button", name="Show JupyterLab's tools").click()
    assert [bar.is_visible() for bar in bars.all()] == [True] * 3
    rail.get_by_role("button", name="Hide JupyterLab's tools").click()
    assert [bar.is_visible() for bar in bars.all()] == [False] * 3
    for theme in ("light", "dark"):
        lab.set_theme(theme)
        assert lab.axe(".pmtech-rail") == []
    assert lab.errors() == lab.console_errors == []


def test_the_rail_is_used_and_left_by_keyboard_and_tab_jumps_over_no_cell(lab):
    page = lab.open("02_http_verbs.ipynb", sidebar=False).page
    active = f"() => {NOTEBOOK}.content.activeCellIndex"
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
