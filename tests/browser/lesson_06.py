"""Lesson 06 as a learner plays it: a wrong prediction is told what the run shows, and a killed copy leaves its marks."""

from __future__ import annotations


def play(lab) -> None:
    a_wrong_prediction_is_told_by_the_run(lab)
    the_killed_copy_is_drawn_and_told(lab)


def a_wrong_prediction_is_told_by_the_run(lab) -> None:
    """ "In equal parts, from the first second: that is what a balancer is for." """
    question = lab.page.locator(".pmtech-ask[data-question='06.predict']")
    told = lab.page.locator(".pmtech-reveal").first
    question.scroll_into_view_if_needed()
    question.get_by_role("radio").nth(0).check()
    question.get_by_role("button", name="Keep my prediction").click()
    lab.wait_idle()
    assert "This one sees connections" not in question.inner_text(), "no verdict before the run has told"
    told.scroll_into_view_if_needed()
    told.get_by_text("It turned out otherwise.").wait_for()
    assert "This one sees connections" in told.inner_text()


def the_killed_copy_is_drawn_and_told(lab) -> None:
    """Where there is a proxy: each way has a sentence, and the third loses nothing. Else it is said what is missing."""
    cell = lab.cell("Kill one of them")
    cell.scroll_into_view_if_needed()
    if "pmtech[proxy]" in cell.inner_text():
        return
    cell.get_by_text("none of").last.wait_for()
    said = [text for text in cell.locator("p").all_inner_texts() if text]
    assert [said[1].startswith("The proxy takes turns"), said[3].startswith("The proxy asks, and tries again")] == [
        True
    ] * 2
    assert cell.locator(".main-svg .scatterlayer .points path").count() > 30
