"""A product manager draws a product: by mouse and by keyboard alone, at 1280 x 720."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat.v4 as nb
from playwright.sync_api import expect


def begin(lab, source="from pmtech import sketch\nsketch()"):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nb.new_notebook(cells=[nb.new_code_cell(source)], metadata=kernel)
    (lab.server.folder / lab.folder / "sketch.ipynb").write_text(nb.writes(notebook))
    lab.open("sketch.ipynb", sidebar=False).run_all().ready()
    return lab.page


def test_a_product_is_drawn_set_up_broken_and_undone(lab):
    page = begin(lab)
    tab, box = (
        (lambda name: page.get_by_role("tab", name=name)),
        (lambda name: page.locator(f".sk-box[data-part={name}]")),
    )
    for kind in ("Clients", "Server", "Database"):
        page.locator(f".sk-kind[data-kind={kind}]").click()
        expect(box(kind.lower())).to_have_attribute("aria-pressed", "true")
        if kind == "Clients":  # in the picture itself, where it stands
            expect(box("clients")).to_have_attribute("aria-label", re.compile("; leads nowhere$"))
    expect(box("clients")).not_to_have_attribute("aria-label", re.compile("nowhere"))
    page.locator(".sk-kind[data-kind=Server]").focus()  # what can't be can be asked why
    page.keyboard.press("Enter")
    expect(page.locator(".sk .pmtech-error")).to_have_text("Nothing can come after “Database”: the way ends there.")
    cards = page.locator(".sk .pmtech-cards p")
    expect(cards).to_have_count(4)
    box("server").focus()
    page.keyboard.press("Enter")  # by keyboard from here
    expect(box("server")).to_have_attribute("aria-pressed", "true")
    tab("Set up").focus()
    page.keyboard.press("Enter")
    workers = page.get_by_label("Workers", exact=True)
    workers.fill("1000000000")
    page.keyboard.press("Enter")
    expect(page.locator(".sk .pmtech-error")).to_have_text("Workers must be at most 100,000.")
    expect(page.get_by_label("Workers: slider")).to_have_attribute("max", "50")
    workers.fill("1")
    page.keyboard.press("Enter")
    expect(box("server")).to_have_attribute("aria-label", re.compile("the busiest part$"))
    expect(page.locator(".sk-picture")).to_contain_text("1 worker")
    expect(workers).to_be_focused()
    tab("Break it").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Kill a machine").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sk-chips")).to_contain_text("Kill a machine: Server")
    expect(page.locator(".sk .pmtech-sentences")).to_contain_text("dead")
    page.get_by_role("button", name="Watch the run").click()  # on the stage, in the place of the drawing
    expect(page.locator(".sk-frame canvas").first).to_be_visible()
    page.locator(".sk-frame").get_by_role("button", name="Play").click()
    tab("Keep").click()  # what changes nothing leaves it playing
    expect(page.locator(".sk-frame").get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Back to the drawing").click()
    expect(box("server")).to_be_visible()
    for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as picture:
            page.get_by_role("button", name=f"Picture ({kind})").click()
        assert Path(picture.value.path()).read_bytes().startswith(begins)
    for step in range(5):
        page.get_by_role("button", name="Undo").focus()
        page.keyboard.press("Enter")
        lab.wait_idle()
        if step == 0:  # what was set off last, and nothing that was drawn
            expect(page.locator(".sk-chips")).not_to_contain_text("Kill")
            expect(page.locator(".sk-picture")).to_contain_text("1 worker")
    expect(page.locator(".sk-empty")).to_be_visible()
    assert lab.console_errors == [] and lab.outside_requests == []


def test_no_click_is_lost_while_an_answer_comes_and_two_sketches_stand_on_one_page(lab):
    """A finger rests on a button for a quarter of a second; what was typed before is answered meanwhile."""
    source = "from pmtech import *\nfrom IPython.display import display\nit = Clients() >> Server() >> Database()"
    page = begin(lab, f"{source}\ndisplay(sketch(it), sketch(it))")
    one, other = page.locator(".sk").all()
    for panel in (one, other):
        panel.locator(".sk-box[data-part=server]").click()
        panel.get_by_label("Workers", exact=True).fill("3")
        panel.get_by_role("tab", name="Add a part").click(delay=250)
        expect(panel.get_by_role("tab", name="Add a part")).to_have_attribute("aria-selected", "true")
        expect(panel.locator(".sk-picture")).to_contain_text("3 workers")
    one.get_by_label("also asked by").check()
    other.get_by_label("before").check()
    expect(one.get_by_label("also asked by")).to_be_checked()
    one.locator(".sk-kind[data-kind=Queue]").click(delay=250)
    expect(one.locator(".sk-status")).to_contain_text("A gather stands between now")
    expect(one.get_by_label("after", exact=True)).to_be_checked()  # the next one is no exception without being told
    expect(other.locator(".sk-box")).to_have_count(3)
    ids = page.eval_on_selector_all(".sk [id]", "all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) and lab.console_errors == []


def test_what_is_pointed_at_can_be_read_and_a_part_is_read_from_its_beginning(lab):
    """Beside other panels, whose looks come later and are as strong."""
    source = "from pmtech import *\nfrom IPython.display import display\nit = Clients() >> RateLimiter() >> Server()"
    page = begin(lab, f"{source}\ndisplay(ask('16.warmup'), sketch(it), theatre(simulate(it)))")
    box, side = (lambda name: page.locator(f".sk-box[data-part={name}]")), page.locator(".sk-side")
    box("server").hover()
    expect(box("server")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    box("server").click()
    expect(box("server")).to_have_css("outline-width", "3px")  # chosen, and still pointed at
    expect(side.get_by_label("Name", exact=True)).to_be_visible()
    side.evaluate("(side) => side.scrollTo(0, 300)")
    box("rate_limiter").click()
    expect(side.locator("h3")).to_have_text("Rate limiter")
    assert side.evaluate("(side) => side.scrollTop") == 0
    page.get_by_role("tab", name="Keep").click()
    assert side.locator("textarea").bounding_box()["height"] > 60
    page.get_by_role("tab", name="Add a part").click()
    side.get_by_label("before", exact=True).check()
    page.get_by_label("Start from").select_option("log")
    expect(page.get_by_label("Access log")).to_be_focused()
    page.get_by_label("Start from").select_option("empty")
    side.locator(".sk-kind[data-kind=Clients]").click()
    expect(side.get_by_label("after", exact=True)).to_be_checked()
    side.locator(".sk-kind[data-kind=Users]").dispatch_event("mouseenter")
    expect(side.locator(".sk-what")).to_contain_text("It can't stand after Clients.")
    assert side.locator(".sk-what").evaluate(
        "(what) => what.scrollHeight <= what.clientHeight"
    )  # no word under the palette
    assert lab.console_errors == []
