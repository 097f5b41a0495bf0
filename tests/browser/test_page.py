"""How a lesson behaves as a page: one key leads through it, nothing gets lost, and nothing plays dead."""

from __future__ import annotations

import nbformat.v4 as nb
import pytest
from jupyter_page import NOTEBOOK

from pmtech import progress
from pmtech.course.way.editions import shipped

SHOP = (
    "from pmtech import Clients, LoadBalancer, Server, Slider, ask, console, explore, live, start_api, verb_table\n"
    'shop = Clients("Customers", rate_per_s=15) >> LoadBalancer() >> Server(workers=2, replicas=2, service_ms=200)'
)
LIVE = 'live(shop, Slider("customers.rate_per_s", 5, 60, label="Customers send"), speed=5)'
STORY = "## The story\n\n" + "\n\n".join(["A paragraph of it."] * 10)
EXPLORE = 'explore(shop, Slider("customers.rate_per_s", 5, 60, label="Customers send"))'
SELECTED = f"() => {NOTEBOOK}.content.activeCellIndex"
READ_ON = f"""(index) => {{
    const {{ activeCellIndex, outerNode, widgets }} = {NOTEBOOK}.content;
    const [page, text, next] = [outerNode, widgets[index].node, widgets[index + 1].node].map((node) => node.getBoundingClientRect());
    return activeCellIndex === index + 1 && text.top >= page.top && next.bottom <= page.bottom;
}}"""


@pytest.fixture
def opened(lab):
    def write_and_open(*sources):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [(nb.new_markdown_cell if source.startswith("#") else nb.new_code_cell)(source) for source in sources]
        notebook = nb.new_notebook(cells=cells, metadata=kernel)
        (lab.server.folder / lab.folder / "page.ipynb").write_text(nb.writes(notebook))
        return lab.open("page.ipynb", sidebar=False)

    return write_and_open


def test_a_newer_edition_is_not_hidden_by_what_the_browser_kept_of_an_older_one(opened):
    """JupyterLab lets a browser keep what lies in a folder `static` for a year without asking: its own names change."""
    lab = opened("1 + 1")
    ours = lab.page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name)")
    ours = [address for address in ours if "/extensions/pmtech/" in address]
    assert {address.rsplit("/", 1)[1] for address in ours} == {"lesson.js", "lesson.css", "rail.js"}
    for address in ours:
        kept = lab.page.evaluate("async (at) => (await fetch(at)).headers.get('Cache-Control')", address)
        assert kept == "no-cache", f"{address}: {kept}"


def counts(lab):
    """The number beside each code cell of a notebook of code: None where it has not run."""
    return lab.page.evaluate(f"() => {NOTEBOOK}.content.widgets.map((cell) => cell.model.executionCount)")


def test_panels_are_gone_through_by_one_key_and_say_when_their_kernel_has_stopped(opened):
    lab = opened(SHOP, LIVE, EXPLORE, "ask('02.predict')", "console(start_api())", STORY, "verb_table()", STORY)
    the_key_goes_on_from_whatever_was_touched_and_leaves_it_as_it_is(lab)
    a_panel_whose_kernel_has_stopped_says_so_and_can_be_brought_back(lab)


def the_key_goes_on_from_whatever_was_touched_and_leaves_it_as_it_is(lab):
    page = lab.page
    for _ in range(5):
        page.keyboard.press("Shift+Enter")
        lab.wait_idle()
    assert counts(lab) == [1, 2, 3, 4, 5, None, None, None]
    page.locator(".pmtech-play").click()
    page.locator(".pmtech-clock", has_text="running").wait_for()
    page.keyboard.press("Shift+Enter")  # from the button
    lab.until(f"() => {NOTEBOOK}.content.widgets[2].model.executionCount === 6")
    page.locator(".pmtech-clock", has_text="running").wait_for()
    slider = page.locator(".pmtech-explore").get_by_role("slider")
    slider.press("End")
    slider.press("Shift+Enter")
    lab.until(f"() => {NOTEBOOK}.content.widgets[3].model.executionCount === 7")
    assert slider.input_value() == "60"
    option = page.locator(".pmtech-ask").get_by_role("radio").first
    option.check()
    option.press("Shift+Enter")
    lab.until(f"() => {NOTEBOOK}.content.widgets[4].model.executionCount === 8")
    assert option.is_checked() and option.is_enabled()  # touched, and not given as an answer
    page.locator(".pmtech-console").get_by_label("Headers").press("Shift+Enter")
    lab.until(READ_ON, 5)  # the text that comes next, with the cell that it leads to
    page.keyboard.press("Shift+Enter")
    lab.until(f"() => {NOTEBOOK}.content.widgets[6].model.executionCount === 9")
    assert lab.errors() == lab.console_errors == []


def test_a_page_that_is_loaded_again_while_it_plays_goes_on(opened):
    lab = opened(SHOP, LIVE, EXPLORE)
    lab.run_all().ready().command("docmanager:save")
    page = lab.page
    clock, play = page.locator(".pmtech-clock"), page.locator(".pmtech-play")
    page.get_by_role("button", name="Keep this run").click()
    lab.wait_idle()
    # Whatever is pressed afterwards has been pressed before: the page counts anew, and its kernel goes on counting.
    for before in ("Step", "Reset", "Play", "Surge now", "Kill one"):
        page.get_by_role("button", name=before).first.click()
    clock.get_by_text("running").wait_for()
    page.reload()
    page.get_by_role("button", name="Reset").first.click()
    clock.get_by_text("paused, 0.0 s").wait_for()
    play.click()
    clock.get_by_text("running").wait_for()
    page.get_by_role("button", name="Pause").click()
    clock.get_by_text("paused").wait_for()
    stopped = clock.inner_text()
    page.get_by_role("button", name="Step").click()
    lab.until("(stopped) => document.querySelector('.pmtech-clock').innerText !== stopped", stopped)
    what_if = page.locator(".pmtech-explore")
    what_if.get_by_role("button", name="Forget the kept run").wait_for()
    said = what_if.locator(".pmtech-sentences").inner_text()
    what_if.get_by_role("slider").press("End")
    lab.until("(said) => document.querySelector('.pmtech-sentences').innerText !== said", said)
    assert lab.errors() == lab.console_errors == []


def a_panel_whose_kernel_has_stopped_says_so_and_can_be_brought_back(lab):
    lab.ready().command("docmanager:save")
    lab.command("application:close")
    lab.open("page.ipynb", sidebar=False).ready()  # in the same JupyterLab, with its kernel alive
    lab.command("kernelmenu:shutdown")
    said = "[...document.querySelectorAll('.pmtech-stopped')].filter((one) => /^The kernel behind this panel has stopped/.test(one.textContent))"
    lab.until(f"() => {said}.length === 5 && document.querySelectorAll('.pmtech > [inert]').length === 5")
    assert lab.axe(".jp-Notebook .pmtech") == []
    lab._begin("runmenu:restart-and-run-all")
    lab.until(f"() => {said}.length === 0 && {NOTEBOOK}.content.widgets[6].model.executionCount === 6")
    lab.ready().page.locator(".pmtech-play").click()
    lab.page.locator(".pmtech-clock", has_text="running").wait_for()
    assert lab.errors() == lab.console_errors == []


def test_cards_are_sorted_and_marked_by_keyboard_alone(opened):
    lab = opened("from pmtech import sort\nsort('10.roles')")
    page = lab.run_all().ready().page
    piles, cards = page.locator(".pmtech-pile"), page.locator(".pmtech-piles .pmtech-card")
    piles.nth(1).focus()
    for number in range(10):
        assert page.locator(".pmtech-hand[aria-live='polite']").text_content().startswith(f"Card {number + 1} of 10.")
        page.keyboard.press("Enter")
        lab.until("(count) => document.querySelectorAll('.pmtech-piles .pmtech-card').length === count", number + 1)
    assert lab.axe(".pmtech-sort") == []
    assert page.evaluate("() => document.activeElement.textContent") == "Mark them"
    page.keyboard.press("Enter")
    page.locator(".pmtech-verdict", has_text="of 10 cards lie where they belong").wait_for()
    assert page.evaluate("() => document.activeElement.className") == "pmtech-result"
    assert "belongs on Frontend" in " ".join(card.get_attribute("aria-label") for card in cards.all())
    assert lab.axe(".pmtech-sort") == []
    page.get_by_role("button", name="Sort these again").press("Enter")
    page.locator(".pmtech-hand", has_text="Press its pile").wait_for()
    page.locator(".pmtech-hand .pmtech-card").drag_to(piles.nth(0))
    page.locator(".pmtech-piles > div").nth(0).locator(".pmtech-card").wait_for()
    assert lab.errors() == lab.console_errors == []


def test_a_control_that_goes_under_the_focus_leaves_it_to_its_panel(opened):
    lab = opened(
        "from pmtech import lost_order, console, start_api\napi = start_api()", "lost_order(api)", "console(api)"
    )
    page = lab.run_all().ready().page
    order = page.get_by_role("button", name="Order five seats")
    for button, done in (
        (order, "What the client sees"),
        (page.get_by_role("button", name="Send"), "No row was touched."),
    ):
        button.press("Enter")
        page.get_by_text(done).wait_for()
        lab.until("() => document.activeElement.matches('.pmtech button:enabled')")
        assert button.evaluate("(button) => button === document.activeElement")
    answer = page.get_by_role("region", name="Response, as it came")
    answer.press("ArrowDown")  # scrolls it
    assert answer.evaluate("(answer) => answer === document.activeElement")
    assert lab.errors() == lab.console_errors == []


def test_the_map_of_the_course_fits_a_page_at_twice_its_size(browser, monkeypatch, tmp_path):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    monkeypatch.chdir(shipped())
    page = browser.new_page()
    page.set_content(f'<div style="width: 500px">{progress()._repr_html_()}</div>')
    assert page.evaluate(
        "() => { const map = document.querySelector('table'); return map.scrollWidth <= map.parentElement.clientWidth; }"
    )
    page.close()
