"""A run as a monitoring tool draws it: the same requests, counted in stretches, under the names of such a tool."""

import numpy as np
import plotly.graph_objects as go
import pytest

from pmtech import Clients, LoadBalancer, Outage, RateLimiter, Server, monitoring, simulate

POOL = Clients(rate_per_s=600) >> LoadBalancer() >> Server(replicas=8, workers=8, service_ms=100)


@pytest.fixture(scope="module")
def death():
    return simulate(POOL, events=[Outage("server", at_s=30, for_s=20)])


def lines(run) -> dict:
    return {(trace["xaxis"], trace["name"]): np.array(trace["y"], float) for trace in monitoring(run).figure["data"]}


def test_a_death_is_seen_in_the_errors_and_hardly_in_the_latency(death):
    seen = lines(death)
    assert list(seen) == [("x", "Clients"), ("x2", ""), ("x3", "p50"), ("x3", "p95"), ("x3", "p99")]
    errors = seen["x2", ""]
    assert len(errors) == 12 and (errors[:6] == 0).all() and (errors[6:10] > 10).all() and (errors[10:] == 0).all()
    assert seen["x", "Clients"].mean() == pytest.approx(death.summary.offered_per_s, rel=1e-3)
    assert seen["x3", "p95"].max() < 2 * seen["x3", "p95"].min()
    assert (seen["x3", "p50"] <= seen["x3", "p95"]).all()


def test_clients_who_compete_have_a_line_each():
    two = (
        [Clients("Company A", rate_per_s=10), Clients("Company C", rate_per_s=150)] >> RateLimiter(limit=36) >> Server()
    )
    shown = monitoring(simulate(two, duration_s=30))
    go.Figure(shown.figure)
    assert [trace["name"] for trace in shown.figure["data"] if trace["xaxis"] == "x"] == ["Company A", "Company C"]
    words = [note["text"] for note in shown.figure["layout"]["annotations"]]
    assert {"<b>Traffic, a second</b>", "<b>Errors, %</b>", "<b>Latency, ms</b>", "rate(http_requests_total)"} <= set(
        words
    )
    assert '100 * rate(…{status=~"4..|5.."}) / rate(…)' in words, "a share is asked for as one, in straight quotes"


@pytest.mark.parametrize("seconds", [1, 7, 400])
@pytest.mark.parametrize("rate", [0, 40])
def test_any_run_can_be_drawn(seconds, rate):
    figure = monitoring(simulate(Clients(rate_per_s=rate) >> Server(), duration_s=seconds)).figure
    go.Figure(figure)
    assert len(figure["data"][0]["y"]) == {1: 1, 7: 1, 400: 30}[seconds]


def test_what_is_no_run_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"monitoring needs a run, such as simulate\(system\) as result, got "):
        monitoring(POOL)
