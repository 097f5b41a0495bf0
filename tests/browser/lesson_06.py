"""Lesson 06 as a learner plays it: a wrong prediction is told what the run shows, and a killed copy leaves its marks."""

from __future__ import annotations

from gestures import keep_first_option


def play(lab) -> None:
    a_wrong_prediction_is_told_by_the_run(lab)
    what_is_left_of_a_panel_shows_what_was_chosen(lab)
    the_killed_copy_is_drawn_and_told(lab)


def what_is_left_of_a_panel_shows_what_was_chosen(lab) -> None:
    """Without its kernel, or on paper: a list that showed its first choice beside a picture of another had two answers."""
    panel = lab.page.locator(".pmtech-explore").first
    panel.scroll_into_view_if_needed()
    panel.get_by_label("Layer").select_option(label="7")
    lab.wait_idle()
    left = """(panel) => [...new DOMParser().parseFromString(window.pmtechStill(panel), "text/html")
        .querySelectorAll("select")].map(({ selectedOptions }) => selectedOptions[0].textContent)"""
    assert panel.evaluate(left) == ["7"]


def a_wrong_prediction_is_told_by_the_run(lab) -> None:
    """ "In equal parts, from the first second: that is what a balancer is for." """
    said, told = keep_first_option(lab, "06.predict")
    assert "This one sees connections" not in said, "no verdict before the run has told"
    assert "This one sees connections" in told


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
