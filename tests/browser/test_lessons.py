"""Every lesson in a real JupyterLab: run all, answer, move every slider, and nothing breaks or leaves the machine."""

from __future__ import annotations

from pathlib import Path

import lesson_00
import lesson_02
import lesson_04
import lesson_06
import lesson_11
import lesson_13
import lesson_14
import lesson_15
import lesson_16
import pytest
from jupyter_page import NOTEBOOK

LESSONS = sorted(path.name for path in (Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
# What a learner does in a lesson before the sliders are tried, each in its own file.
PLAYS = {
    "00_start_here.ipynb": lesson_00.play,
    "02_http_verbs.ipynb": lesson_02.play,
    "04_throttling_vs_rate_limiting.ipynb": lesson_04.play,
    "11_promises.ipynb": lesson_11.play,
    "14_shipping.ipynb": lesson_14.play,
    "06_front_door.ipynb": lesson_06.play,
    "13_security.ipynb": lesson_13.play,
    "15_the_meeting.ipynb": lesson_15.play,
    "16_the_peak_day.ipynb": lesson_16.play,
}
PANEL = ".pmtech"
LIVES = ".pmtech[class*=' pmtech-']"  # a panel that needs its kernel, as the map of the course does not
YOUR_TURN_IS_OPEN = """() => [...document.querySelectorAll('.pmtech-rail li button')]
    .every(({ title }) => !title.startsWith('Your turn') || title.endsWith('something is open'))"""  # it ran, and is not met
SMALL = """() => [...document.querySelectorAll('.pmtech svg text, .pmtech-diagram svg text')]
    .map((text) => [text.textContent, parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM()?.a ?? 0)])
    .filter(([words, px]) => words.trim() && px > 0 && px < 10.95)"""
COVERED = """(slider) => {
    const plot = slider.closest('.pmtech').querySelector('.pmtech-plot');
    const words = [...plot?.querySelectorAll('.textpoint text') ?? []].map((text) => [text.textContent, text.getBoundingClientRect()]);
    const missing = (plot?.data?.at(-1).text ?? []).filter((text) => text.trim()).length - words.filter(([text]) => text.trim()).length;
    const over = words.flatMap(([one, a], n) => words.slice(n + 1).filter(([other, b]) => one.trim() && other.trim()
        && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6)
        .map(([other]) => `${one} | ${other}`));
    return missing ? [...over, `${missing} words are missing`] : over;
}"""
BROKEN = "() => Math.max(...[...document.querySelectorAll('.pmtech-map th a')].map((title) => title.getClientRects().length))"
HIGHER = """(panel) => {
    const [picture, outcome] = ["picture", "outcome"].map((name) => panel.querySelector(`.pmtech-${name}`).getBoundingClientRect());
    const tall = Math.max(0, picture.height - 271); // with letters that can just be read, and three boxes over one another
    return outcome.bottom - picture.top - tall - jupyterapp.shell.currentWidget.content.outerNode.clientHeight;
}"""
SIDEWAYS = "() => (({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(jupyterapp.shell.currentWidget.content.outerNode)"
LONGEST = """() => {
    const { content } = jupyterapp.shell.currentWidget, wide = ({ node }) => node.querySelector(".jp-PlaceholderText")?.offsetWidth ?? 0;
    content.activeCellIndex = content.widgets.indexOf(content.widgets.toSorted((one, other) => wide(other) - wide(one))[0]);
}"""  # of the folded cells: beside its words stands the key, once it is selected
SELECTED = f"() => {NOTEBOOK}.content.activeCellIndex"
KINDS = f"() => {NOTEBOOK}.content.widgets.map((cell) => cell.model.type)"
IN_VIEW = f"""(index) => {{
    const {{ outerNode, widgets }} = {NOTEBOOK}.content;
    const [page, output] = [outerNode, widgets[index].outputArea.node].map((node) => node.getBoundingClientRect());
    const whole = output.bottom <= page.bottom || output.height > page.height; // the map of all lessons is taller: its top
    return output.height > 0 && output.top >= page.top && whole;
}}"""
AT_THE_TOP = f"() => {NOTEBOOK}.content.outerNode.scrollTop === 0 && {NOTEBOOK}.content.activeCellIndex === 0"
ASLEEP = "To bring this back, choose Kernel > Restart Kernel and Run All Cells. Your answers are kept."
OWN = """from pmtech import compare
runs = globals().get("runs", 0) + 1
print(runs, "in this kernel")
compare({"four": shop, "eight": shop.replace({"server.workers": 8})})"""


def no_trouble(lab) -> None:
    assert lab.errors() == []
    assert (
        lab.page.locator(f"{PANEL} [role=alert]:visible").all_inner_texts() == []
    )  # a chart that could not be drawn, say
    assert lab.console_errors == []
    assert lab.outside_requests == []
    assert lab.server.asked_outside() == []


def magnified_by_half_a_panel_stands_on_one_screen(lab) -> None:
    """Picture, sliders and chart together; what is said of them may lie below. The list of files is folded, as at the start."""
    lab.page.set_viewport_size({"width": 853, "height": 480})
    lab.page.evaluate("() => jupyterapp.shell.collapseLeft()")
    lab.wait_idle()
    for panel in lab.page.locator(".pmtech-explore:visible").all():
        panel.scroll_into_view_if_needed()
        assert panel.evaluate(HIGHER) <= 0
        panel.locator("input[type=range]").first.press("End")
        lab.wait_idle()
        panel.get_by_role("button", name="Keep this run").click()
        lab.wait_idle()
        assert panel.locator(".pmtech-cards").evaluate("(cards) => cards.scrollWidth - cards.clientWidth") <= 0
    lab.page.evaluate("() => jupyterapp.shell.expandLeft()")


def magnified_twice_it_can_be_read(lab) -> None:
    """Half of the screen's pixels are left: a drawing scrolls then, its letters do not shrink, and the page stays where it is."""
    lab.page.set_viewport_size({"width": 640, "height": 360})
    lab.wait_idle()
    assert lab.page.evaluate(SIDEWAYS) == 0
    lab.page.evaluate(LONGEST)
    lab.until("() => document.querySelector('.jp-Cell.jp-mod-active .jp-PlaceholderText')")
    assert lab.page.evaluate(SIDEWAYS) == 0
    assert lab.page.evaluate(SMALL) == []
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    lab.wait_idle()


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_every_slider_moves_to_its_ends(lab, lesson):
    lab.open(lesson).run_all().ready()
    lab.until(YOUR_TURN_IS_OPEN)
    no_trouble(lab)
    cells = lab.page.locator(".jp-Cell").count()
    PLAYS.get(lesson, no_trouble)(lab)
    sliders = lab.page.locator(f"{PANEL} input[type=range]:visible:enabled")
    for number in range(sliders.count()):
        slider = sliders.nth(number)
        slider.scroll_into_view_if_needed()
        for key in ("End", "Home"):
            slider.press(key)
            lab.wait_idle()
            wanted = slider.get_attribute("max" if key == "End" else "min")
            assert float(slider.input_value()) == float(wanted)
            assert lab.page.locator(f"{PANEL} [role=alert]:visible").count() == 0
            assert slider.evaluate(COVERED) == []
    assert lab.page.locator(".jp-Cell").count() == cells  # no key reached the notebook's own shortcuts
    no_trouble(lab)
    magnified_by_half_a_panel_stands_on_one_screen(lab)
    magnified_twice_it_can_be_read(lab)
    lab.screenshot(lesson.removesuffix(".ipynb"))
    assert lab.axe(f".jp-Notebook {PANEL}") == []


def one_key_leads_through_a_lesson_and_stray_ones_do_no_harm(lab) -> None:
    page = lab.page
    kinds = page.evaluate(KINDS)
    page.locator(".jp-MarkdownCell").first.dblclick()
    assert page.locator(".jp-MarkdownCell:not(.jp-mod-rendered)").count() == 0
    opened = []
    while (selected := page.evaluate(SELECTED)) not in opened:
        opened.append(selected)
        page.keyboard.press("Shift+Enter")
        lab.wait_idle()
        assert page.locator(".jp-Cell").count() == len(kinds)  # the last one stays where it is, and none is added
        if page.evaluate(f"(index) => {NOTEBOOK}.content.widgets[index].outputArea?.node.clientHeight > 0", selected):
            lab.until(IN_VIEW, selected)
    assert opened == list(range(len(kinds)))
    for stray in "xdd", "m", "b", "z":
        page.keyboard.type(stray)
    assert page.evaluate(KINDS) == kinds


def test_restarted_and_saved_and_opened_again_a_lesson_looks_fresh_and_keeps_what_is_the_learners(lab):
    """One lesson over two days: an answer and a cell of the learner's own outlive every kernel, a panel none."""
    lesson = "00_start_here.ipynb"
    one_key_leads_through_a_lesson_and_stray_ones_do_no_harm(lab.open(lesson))
    lab.page.locator(".jp-CodeCell .cm-content").last.click()
    lab.command("notebook:insert-cell-below")
    lab.page.keyboard.insert_text(OWN)
    lab.command("notebook:run-cell")
    lab.ready()
    cells, panels = lab.page.locator(".jp-Cell").count(), lab.page.locator(LIVES).count()
    question = lab.cell("A question to try").locator(PANEL)
    question.get_by_role("radio").nth(2).check()
    question.get_by_role("button").last.click()
    lab.wait_idle()

    def goes_on(runs: int) -> None:
        lab.ready()
        own = lab.cell("import compare")
        own.scroll_into_view_if_needed()
        own.get_by_text(f"{runs} in this kernel").wait_for()
        assert own.locator("table.pmtech-compare").count() == 1
        question.scroll_into_view_if_needed()
        question.get_by_text("Every lesson can be opened at any time").wait_for()
        assert question.get_by_role("radio").nth(2).is_checked()
        assert lab.page.locator(LIVES).count() == panels
        no_trouble(lab)

    def asleep() -> None:
        lab.until(
            """([panels, asleep, all]) => [...document.querySelectorAll(panels)].filter((one) =>
                !one.dataset.filled && one.firstElementChild.textContent === asleep).length === all""",
            [LIVES, ASLEEP, panels],
        )
        first = lab.page.locator(LIVES).first
        first.scroll_into_view_if_needed()
        first.get_by_text(ASLEEP).wait_for()  # it shows a moment after it is in sight: a panel may be on its way
        assert lab.page.locator(".jp-Cell").count() == cells
        lab.until(
            "() => [...document.querySelectorAll('.pmtech-rail li button')].every(({ title }) => title.endsWith('to come'))"
        )
        no_trouble(lab)

    goes_on(1)
    assert lab.page.evaluate(BROKEN) <= 3
    lab.restart_kernel()
    asleep()
    lab.restart_and_run_all().until(AT_THE_TOP)
    goes_on(1)
    lab.save_close_reopen(lesson, sidebar=None)  # the kernel lives: so do the panels
    lab.page.locator(".jp-FileBrowser").wait_for(state="hidden")  # it is folded
    assert lab.page.locator(".jp-Cell").count() == cells
    goes_on(1)
    what_if = lab.page.locator(".pmtech-explore")
    what_if.scroll_into_view_if_needed()
    said, picture = what_if.locator(".pmtech-sentences"), what_if.locator(".pmtech-picture")
    before, high = said.inner_text(), picture.bounding_box()["height"]
    what_if.locator("input[type=range]").press("End")
    lab.wait_idle()
    assert said.inner_text() != before
    assert picture.bounding_box()["height"] == high  # many wait now, which the picture says; what lies below stays
    lab.run_all()
    goes_on(2)
    lab.save_close_reopen(lesson, kernel="ended")
    asleep()
    assert lab.page.locator(".pmtech-kept .pmtech-plot .main-svg").count() > 0  # as it was last seen
    lab.run_all()
    goes_on(1)
