"""An order that gets lost is a real one: the client sees the same, whatever was lost, and the database does not."""

from __future__ import annotations

import pytest

from pmtech import start_api
from pmtech.course.frontend import frontend
from pmtech.panels import lost_order as module
from pmtech.panels.lost_order import lost_order


@pytest.fixture(scope="module")
def panel():
    api = start_api()
    yield lost_order(api)
    api.stop()


@pytest.mark.parametrize(
    ("lost", "with_key", "booked"),
    [("answer", False, [1, 2]), ("answer", True, [1, 1]), ("request", False, [0, 1]), ("request", True, [0, 1])],
)
def test_the_client_sees_the_same_and_the_database_does_not(panel, lost, with_key, booked, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    panel._from_page(panel, {"do": "play", "lost": lost, "key": with_key}, [])
    attempts = panel.told["attempts"]
    assert [one["line"] for one in attempts] == ["no answer", "201 Created"]
    assert [one["booked"] for one in attempts] == booked
    assert bool(panel.told["key"]) == with_key
    payments = "1 payment" if booked[-1] == 1 else "2 payments"
    assert panel.told["sentence"].endswith(f"What the database holds of this order: {payments}.")


def test_a_fault_that_was_set_before_is_met_by_the_request_it_was_set_for():
    api = start_api()
    api.faults.lose_requests = 1
    assert api.request("GET", "/surveys", timeout_s=0.2).status is None
    assert api.request("GET", "/surveys").status == 200
    assert api.request("GET", "/surveys", timeout_s=0.2, lose_request=True).status is None
    assert api.request("GET", "/surveys").status == 200
    api.stop()


def test_an_api_that_has_stopped_is_a_sentence():
    api = start_api()
    stopped = lost_order(api)
    api.stop()
    stopped.play("answer", False)
    assert "the API is stopped" in stopped.told["error"]
    with pytest.raises(ValueError, match="lost_order needs the running API"):
        lost_order("http://127.0.0.1")


def test_the_small_page_is_what_its_switches_say():
    """In its frame it may run its own script, and nothing else."""
    assert all(word in frontend()._esm for word in ("How was lunch?", "#0072b2", "onclick", 'sandbox: "allow-scripts"'))
    assert ":root" not in frontend()._esm, "a ground of ours under the page would keep the page's own from its edges"
