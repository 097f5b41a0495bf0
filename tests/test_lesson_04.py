"""Lesson 04: what the prose says against what the model does."""

from pmtech import Clients, Server, simulate
from pmtech.course.exercises.questions import question


def test_at_79_of_80_the_wait_is_what_the_prediction_and_the_text_say():
    visits = simulate(Clients("Customers", rate_per_s=79) >> Server(workers=8, service_ms=100), duration_s=600).visits
    wait_s = (visits.started_s - visits.entered_s).mean()
    right = next(option for option in question("04.break").options if option.right)
    assert "more than half a second" in right.text and wait_s > 0.5
