"""Lesson 14 as a learner plays it: a wrong prediction is told by the pipeline, and the canary follows its sliders."""

from __future__ import annotations

from gestures import keep_first_option, panel_of_steps


def play(lab) -> None:
    the_pipeline_tells_a_wrong_prediction(lab)
    the_share_decides_how_soon_and_not_how_many(lab)


def the_pipeline_tells_a_wrong_prediction(lab) -> None:
    """ "The software puts both rules together." """
    _, told = keep_first_option(lab, "14.predict")
    assert "1 of the 3 tests objected" in told
    pipeline = lab.cell("and the pipeline")
    pipeline.scroll_into_view_if_needed()
    assert "the API charges 220" in pipeline.inner_text()


def the_share_decides_how_soon_and_not_how_many(lab) -> None:
    panel, steps = panel_of_steps(lab)
    share = panel.get_by_label("Share of the requests")
    steps.get_by_text("they come within 521 s").wait_for()
    share.press("End")
    steps.get_by_text("100 % of 20 a second = 20 a second: they come within 26 s").wait_for()
    assert "10 customers hit until then" in steps.inner_text() and "= 120 more" in steps.inner_text()
    panel.get_by_role("button", name="Reset").click()
    steps.get_by_text("they come within 521 s").wait_for()
    assert panel.bounding_box()["height"] < 600  # of the 720 a projector has
    lab.screenshot("canary")
