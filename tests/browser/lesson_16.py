"""Lesson 16 as a team plays it: something is drawn, handed in, and the debrief says what it was good for."""

from __future__ import annotations

ALL_RAN = """() => [...jupyterapp.shell.currentWidget.content.model.cells].every((cell) =>
    cell.type !== "code" || cell.executionCount)"""


def play(lab) -> None:
    """The seats get a queue before them; then the day, from the cell on that hands the design in."""
    lab.until(ALL_RAN)
    board = lab.page.locator(".sk")
    board.scroll_into_view_if_needed()
    board.locator(".sk-box[data-part=seats]").click()
    board.get_by_role("tab", name="Add a part").click()
    board.get_by_label("before", exact=True).check()
    board.locator(".sk-kind[data-kind=Queue]").click()
    board.locator(".sk-box[data-part=queue]").wait_for()
    for words in ("The day, live", "The score of your day", "The debrief"):
        cell = lab.cell(words)
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputPlaceholder").click()
        lab.command("notebook:run-cell")
        lab.wait_idle()
        if words == "The day, live":
            live = lab.page.locator(".pmtech-live").last
            live.get_by_label("Speed").select_option("60")
            live.locator(".pmtech-play").click()
            live.locator(".pmtech-note", has_text="At 3").wait_for()  # the first incident: it halts there
    cell.get_by_text("Without Queue:").wait_for()
    lab.screenshot("debrief")
