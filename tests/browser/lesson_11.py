"""Lesson 11 as a learner plays it: the steps follow the sliders, and come back."""

from __future__ import annotations

from gestures import panel_of_steps


def play(lab) -> None:
    panel, steps = panel_of_steps(lab)
    users = panel.get_by_label("Users a day")
    steps.get_by_text("× 3 at the peak = 694 a second").wait_for()
    users.press("End")
    steps.get_by_text("4,000,000 users a day × 20 requests = 80,000,000 requests a day").wait_for()
    steps.get_by_text("× 3 at the peak = 2,778 a second").wait_for()
    panel.get_by_text("not enough today").wait_for()
    panel.get_by_role("button", name="Reset").click()
    steps.get_by_text("× 3 at the peak = 694 a second").wait_for()
    assert users.input_value() == "1000000"
    assert panel.bounding_box()["height"] < 600  # of the 720 a projector has
    lab.screenshot("demand")
