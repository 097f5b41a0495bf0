"""Lesson 15 as a learner plays it: by keyboard through the review, a claim is shown, and the end tells what was missed."""

from __future__ import annotations


def play(lab) -> None:
    table = lab.page.locator(".pmtech-meeting[data-meeting='15.review']")
    table.scroll_into_view_if_needed()
    says = table.get_by_role("group", name="What you can say").get_by_role("button")
    log = table.get_by_role("log")
    says.filter(has_text="Show me: “Deleting").focus()
    lab.page.keyboard.press("Enter")
    log.get_by_text("The claim does not hold.").wait_for()
    table.get_by_text("5 questions left").wait_for()
    assert table.locator(".pmtech-says button").first.evaluate("(one) => one === document.activeElement")
    log.get_by_text("What was run").click()
    log.locator("svg").first.wait_for()
    lab.screenshot("meeting", ".pmtech-meeting")
    for words in ("follow one page", "Then the launch", "heard enough", "Every tenth customer"):
        says.filter(has_text=words).press("Enter")
        lab.wait_idle()
    result = table.locator(".pmtech-result")
    result.get_by_text("The quarter loses $").wait_for()
    assert result.evaluate("(one) => one === document.activeElement") and says.count() == 0
    assert result.get_by_text("Missed: ").count() == 3 and result.get_by_text("Found: ").count() == 1
    lab.screenshot("meeting-end", ".pmtech-meeting")
    table.get_by_role("button", name="Begin again").press("Enter")
    table.get_by_text("6 questions left").wait_for()
    assert table.bounding_box()["height"] < 1000
