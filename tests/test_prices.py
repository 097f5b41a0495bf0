"""The price list, and what a design costs by it."""

import pandas as pd
import pytest

from pmtech import Clients, Database, LoadBalancer, RateLimiter, Server, Throttle, costs, machine, simulate, sizes
from pmtech.runs.comparison import run_designs
from pmtech.runs.fidelity import repaired_per_s


def test_price_list_is_sorted_and_ends_at_the_top():
    listed = sizes()
    assert list(listed.columns) == ["workers", "memory_gib", "usd_per_hour"]
    assert listed.index.is_unique and listed.workers.is_monotonic_increasing
    assert (listed.index[0], listed.index[-1], listed.workers.max()) == ("c7g.medium", "c7g.16xlarge", 64)


def test_a_machine_twice_as_large_costs_twice_as_much():
    """Lesson 05 says so. The vendor rounds the smallest to a hundredth of a cent."""
    listed = sizes()
    each = listed.usd_per_hour / listed.workers
    assert each.to_list() == pytest.approx([2.32 / 64] * len(listed), rel=0.002)


def test_price_list_shows_itself_with_source_date_and_limit():
    shown = sizes()._repr_html_()
    for words in ("Amazon Web Services", "c7g", "on demand", "before tax", "November 2026", "0.0363", "2.32"):
        assert words in shown
    assert "64 workers; above it this list ends" in shown
    assert "http" not in shown


def test_what_is_computed_from_the_list_is_an_ordinary_table():
    assert type(sizes().head(2)) is pd.DataFrame


def test_machine_gives_values_for_a_server_or_paths_for_a_system():
    server = Server(**machine("c7g.4xlarge"), service_ms=100)
    assert (server.workers, server.price_usd_per_hour, server.capacity_per_s) == (16, 0.58, 160)
    system = (Clients() >> Server()).replace(machine("c7g.large", "server"))
    assert (system.get("server.workers"), system.cost_usd_per_hour) == (2, 0.0725)


def test_machine_refuses_a_size_that_is_not_for_rent():
    with pytest.raises(ValueError, match=r'no machine "c7g.32xlarge": did you mean .*c7g.2xlarge'):
        machine("c7g.32xlarge")


def test_costs_by_hand():
    """9 answers a second for 0.36 dollars an hour: 0.36 / (9 * 3600) * 1,000,000 = 11.11 a million."""
    calls = Clients(rate_per_s=9, arrivals="even")
    cheap = calls >> Server(workers=1, service_ms=1, service_cv=0, price_usd_per_hour=0.36)
    runs = run_designs({"one": cheap, "dear": cheap.replace({"server.price_usd_per_hour": 0.72})}, duration_s=99.95)
    table = costs(runs)
    assert table.loc["one"].round(2).to_dict() == {
        "usd_per_hour": 0.36,
        "usd_per_month": 262.8,
        "served_per_s": 9.0,
        "can_serve_per_s": 1000.0,
        "usd_per_million": 11.11,
    }
    assert table.usd_per_million["dear"] == pytest.approx(2 * table.usd_per_million["one"])
    assert costs(runs["one"]).usd_per_hour["this run"] == 0.36
    assert "<td>0.36</td>" in table._repr_html_() and "<td>11.11</td>" in table._repr_html_()


def test_what_a_design_could_serve_is_what_its_busiest_part_could():
    """Four servers of 80 a second each; a limit of 40 before one of 80 leaves it half idle; a throttle is full at 40."""
    calls, server = Clients(rate_per_s=100), Server(workers=8, service_ms=100)
    designs = {
        "four": calls >> LoadBalancer() >> Server(workers=8, service_ms=100, replicas=4),
        "limit": calls >> RateLimiter(limit=40) >> server,
        "throttle": calls >> Throttle(rate_per_s=40) >> server,
        "refuses": calls >> Server(workers=8, service_ms=100, queue_limit=0),
        "database": calls >> server >> Database(connections=1, query_ms=20),
    }
    table = costs(run_designs(designs, duration_s=200))
    in_turn = repaired_per_s(8, 0.05) / 2  # eight workers of 100 ms who wait for one query of 20 ms after the other
    expected = {"four": 320, "limit": 80, "throttle": 40, "refuses": 80, "database": in_turn}
    assert table.can_serve_per_s.to_dict() == pytest.approx(expected, rel=0.03)  # of 8,000 works or more, each random
    assert "can serve a second, about" in table._repr_html_()


def test_nothing_served_has_no_price():
    table = costs(simulate(Clients(rate_per_s=0) >> Server(), duration_s=5))
    assert table.usd_per_million.isna().all()
    assert "<td>–</td>" in table._repr_html_()


@pytest.mark.parametrize("wrong", [None, 3, {"a": 1}, Clients() >> Server()])
def test_costs_refuses_what_is_no_run(wrong):
    with pytest.raises(
        ValueError, match=r'costs needs what compare\(\.\.\.\) gave, or runs, \{"now": simulate\(system\)\}, got'
    ):
        costs(wrong)
