"""Lesson 02 as a learner plays it: an answer gets lost, the same order is charged twice, and with a key once."""

from __future__ import annotations


def send(lab, panel, example: str, *, lose: bool = False) -> tuple[str, str]:
    panel.get_by_label("Examples").select_option(label=example)
    if lose:
        panel.get_by_label("The next answer gets lost").check()
    panel.get_by_role("button", name="Send").click()
    # A lost answer is waited for as long as the console is patient.
    panel.locator("button[type=submit]:not([disabled])").wait_for()
    lab.wait_idle()
    return panel.locator(".pmtech-status").inner_text(), panel.locator(".pmtech-rows").inner_text()


def play(lab) -> None:
    panel = lab.page.locator(".pmtech-console").first
    panel.scroll_into_view_if_needed()
    a_lost_answer_is_paid_twice_and_with_a_key_once(lab, panel)
    mistakes_are_answered(lab, panel)
    the_table_of_verbs_is_ticked_marked_and_mended(lab)


def a_lost_answer_is_paid_twice_and_with_a_key_once(lab, panel) -> None:
    added = "1 row added in payments."
    assert send(lab, panel, "Charge for 5 seats", lose=True) == ("no answer", added)
    assert send(lab, panel, "Charge for 5 seats") == ("201 Created", added)
    # order-17 was used by the lesson itself, so the server only repeats its first answer.
    assert send(lab, panel, "Charge for 5 seats, with a key", lose=True) == ("no answer", "No row was touched.")
    assert send(lab, panel, "Charge for 5 seats, with a key") == ("201 Created", "No row was touched.")
    assert "idempotency-replayed: true" in panel.inner_text()
    assert panel.bounding_box()["height"] < 600  # of the 720 a projector has, JupyterLab itself takes about 120
    lab.screenshot("console")


def mistakes_are_answered(lab, panel) -> None:
    panel.get_by_label("Examples").select_option(label="Create a survey")
    panel.get_by_label("Body").fill("")
    panel.get_by_label("Body").press_sequentially('{"titel": "bxa"}')
    panel.get_by_label("Path").press("Enter")
    lab.wait_idle()
    assert panel.locator(".pmtech-status").inner_text().startswith("422")
    assert "titel: unknown field" in panel.inner_text()
    panel.get_by_label("Path").fill("surveys")
    panel.get_by_label("Path").press("Enter")
    lab.wait_idle()
    assert "path must start with /" in panel.locator("[role=alert]").inner_text()
    panel.get_by_label("Headers").fill("no colon here")  # a second slip right after the first
    panel.get_by_role("button", name="Send").click()
    panel.get_by_text("a header is a name, a colon and a value").wait_for()
    assert send(lab, panel, "Delete a survey") == ("204 No Content", "1 row removed in surveys.")
    assert lab.axe(".pmtech-console") == []


def the_table_of_verbs_is_ticked_marked_and_mended(lab) -> None:
    table, marked = lab.page.locator(".pmtech-verbs"), lab.cell("How many boxes are right?")
    right = {"GET": "sic", "HEAD": "sic", "PUT": "i", "DELETE": "i"}
    names = {"s": "safe", "i": "idempotent", "c": "cacheable"}
    table.scroll_into_view_if_needed()
    for verb, ticks in right.items():
        for tick in ticks:
            table.get_by_label(f"{verb} is {names[tick]}").check()
    table.get_by_label("PATCH is idempotent").check()
    rerun(lab, marked)
    assert "idempotent: 1 box is off. Send each method twice" in marked.inner_text()
    table.get_by_label("PATCH is idempotent").uncheck()
    rerun(lab, lab.cell("The table to fill in"))  # a new table, with the ticks of the last one
    assert [table.get_by_label(f"{verb} is idempotent").is_checked() for verb in ("PUT", "PATCH")] == [True, False]
    rerun(lab, marked)
    assert "Target met." in marked.inner_text()


def rerun(lab, cell) -> None:
    lab.wait_idle()
    cell.locator(".jp-InputPrompt, .jp-OutputPrompt").first.click()
    lab.page.keyboard.press("Control+Enter")
    lab.wait_idle()
