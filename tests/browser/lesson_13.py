"""Lesson 13 as a learner plays it: a number in an address is changed, and a role is taken; the frames can do nothing."""

from __future__ import annotations


def play(lab) -> None:
    panel = lab.page.locator(".pmtech-console")
    panel.scroll_into_view_if_needed()
    path, send, answer = (
        panel.get_by_label("Path"),
        panel.get_by_role("button", name="Send"),
        panel.get_by_label("Response, as"),
    )
    send.click()
    answer.get_by_text('"total":0').wait_for()
    panel.get_by_text("In the database: responses").wait_for()  # what is there is not what Ben was told
    path.fill("/surveys/1/responses")
    send.click()
    answer.get_by_text('"respondent":"noor"').wait_for()
    lab.screenshot("a number changed")
    panel.get_by_label("Examples").select_option(label="Change how my name is shown")
    panel.get_by_label("Body").fill('{"shown": "Benny", "role": "staff"}')
    send.click()
    answer.get_by_text('"role":"staff"').wait_for()
    frames = lab.page.locator("iframe[title='put on the page as it is'], iframe[title='escaped']")
    frames.first.scroll_into_view_if_needed()
    assert [frames.nth(number).get_attribute("sandbox") for number in range(frames.count())] == ["", ""]
    assert lab.page.frame_locator("iframe[title='put on the page as it is']").locator("input").count() == 1
    assert lab.page.frame_locator("iframe[title='escaped']").locator("input").count() == 0
