"""Beside lesson 00, as beside each, stand its sections; JupyterLab's bars are out of the way, and one switch brings them back."""

from __future__ import annotations

import re

from jupyter_page import NOTEBOOK

MARKS = "() => [...document.querySelectorAll('.pmtech-rail li button')].map((one) => one.title)"


def play(lab) -> None:
    rail = lab.page.get_by_role("navigation", name="Sections of this lesson")
    the_rail_knows_what_is_done_and_where_one_is(lab, rail)
    it_is_printed_and_kept_with_its_charts(lab, rail)
    one_switch_brings_the_bars_back(lab, rail)


def the_rail_knows_what_is_done_and_where_one_is(lab, rail) -> None:
    items = rail.get_by_role("listitem")
    assert items.first.inner_text().split("\n")[:2] == ["One minute", "4 min"]
    lab.until("() => document.querySelector('.pmtech-rail li button').title === 'One minute: done'")
    lab.until(f"() => ({MARKS})()[2] === 'A question: something is open'")
    items.nth(3).get_by_role("button").click()
    lab.until("() => document.querySelectorAll('.pmtech-rail li')[3].querySelector('[aria-current]')")
    assert lab.page.evaluate(f"() => {NOTEBOOK}.content.activeCell.model.sharedModel.getSource()").startswith(
        "## Words"
    )


def it_is_printed_and_kept_with_its_charts(lab, rail) -> None:
    lab.context.add_init_script("window.print = () => {}")  # its window would wait for somebody
    with lab.context.expect_page() as printed:
        rail.get_by_role("button", name="Print, or save as a page").click()
    sheet = printed.value
    sheet.wait_for_selector(".main-svg")  # the chart of the what-if panel, and the moment of the running shop
    assert sheet.locator(".pmtech-live img").count() == 3 and sheet.locator("script").count() == 0
    assert sheet.get_by_role("heading", name="Your course").count() == 1
    sheet.emulate_media(media="print")  # on paper a page is made so much smaller that all of its width is there
    sheet.set_viewport_size({"width": 718, "height": 1000})
    wide, narrowest, farthest = sheet.evaluate(
        """() => { const box = (wanted) => [...document.querySelectorAll(wanted)].map((one) => one.getBoundingClientRect());
            return [document.documentElement.scrollWidth, Math.min(...box('.pmtech').map(({ width }) => width)),
                Math.max(...box('.main-svg').map(({ right }) => right))] }"""
    )
    assert narrowest > 600 and farthest <= wide, "a panel without width, or a chart that is cut off"
    sheet.close()

    lab.command("docmanager:save")
    exported = lab.server.ask("GET", f"nbconvert/html/{lab.folder}/00_start_here.ipynb").decode()
    assert re.search('class="pmtech-kept".*pmtech-plot.*main-svg', exported, re.DOTALL)


def one_switch_brings_the_bars_back(lab, rail) -> None:
    bars = lab.page.locator(".jp-NotebookPanel-toolbar, #jp-bottom-panel, .jp-SideBar.jp-mod-left")
    lab.until("() => [...document.querySelectorAll('#jp-bottom-panel')].every((bar) => !bar.clientHeight)")
    assert [bar.is_visible() for bar in bars.all()] == [False] * 3
    rail.get_by_role("button", name="Show JupyterLab's tools").click()
    assert [bar.is_visible() for bar in bars.all()] == [True] * 3
    rail.get_by_role("button", name="Hide JupyterLab's tools").click()
    assert [bar.is_visible() for bar in bars.all()] == [False] * 3
    for theme in ("dark", "light"):
        lab.set_theme(theme)
        assert lab.axe(".pmtech-rail") == []
