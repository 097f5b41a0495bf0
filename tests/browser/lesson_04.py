"""Lesson 04 as a learner plays it: a wrong prediction is answered, and a moved slider changes the chart and the sentence."""

from __future__ import annotations


def play(lab) -> None:
    a_prediction_is_kept_before_its_answer_shows(lab)
    a_slider_moved_by_keyboard_changes_the_chart_and_the_sentence(lab)


def a_prediction_is_kept_before_its_answer_shows(lab) -> None:
    question = lab.cell('ask("04.predict")').locator(".pmtech")
    question.scroll_into_view_if_needed()
    assert "misconception" not in question.inner_text()
    assert "first come, first served does not ask" not in question.inner_text().lower()
    # With the keyboard alone, and wrong on purpose: "Only C is slowed down".
    question.locator("input[type=radio]").first.focus()
    for _ in range(2):
        lab.page.keyboard.press("ArrowDown")
    question.get_by_role("button").last.press("Enter")
    lab.wait_idle()
    assert "first come, first served does not ask who sent a request" in question.inner_text().lower()
    assert question.locator("input[type=radio]").nth(2).is_checked()
    lab.screenshot("a-wrong-prediction")


def a_slider_moved_by_keyboard_changes_the_chart_and_the_sentence(lab) -> None:
    panel = lab.cell("patient = ").locator(".pmtech")
    panel.scroll_into_view_if_needed()
    sentences, chart = panel.locator(".pmtech-sentences"), panel.locator(".main-svg").first
    said, painted = sentences.inner_text(), chart.inner_html()
    for _ in range(5):
        panel.locator("input[type=range]").first.press("ArrowRight")
    lab.wait_idle()
    lab.until("([chart, painted]) => chart.innerHTML !== painted", [chart.element_handle(), painted])
    assert sentences.inner_text() != said
    lab.screenshot("a-slider-moved")
