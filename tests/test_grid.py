"""A run for every combination of some values."""

import pytest

from pmtech import Change, Clients, Server, simulate
from pmtech.grid import run_grid

SYSTEM = Clients(rate_per_s=20) >> Server()
VALUES = {"server.workers": [1, 2, 4], "clients.rate_per_s": [10, 40]}


def test_a_row_a_combination_the_paths_first_then_the_figures():
    table = run_grid(SYSTEM, VALUES, duration_s=10)
    assert table.columns.tolist() == [*VALUES, *simulate(SYSTEM, duration_s=1).summary.index]
    assert table[[*VALUES]].values.tolist() == [[1, 10], [1, 40], [2, 10], [2, 40], [4, 10], [4, 40]]
    for row in table.to_dict("records"):
        system = SYSTEM.replace({path: row[path] for path in VALUES})
        alone = simulate(system, duration_s=10).summary
        assert [row[name] for name in alone.index] == alone.tolist()


def test_settings_and_events_hold_for_every_run():
    how = {"duration_s": 10, "warmup_s": 4, "seed": 3}
    events = (change for change in [Change("server.service_ms", 10, at_s=5)])  # an iterator serves all runs
    table = run_grid(SYSTEM, {"server.workers": [1, 2]}, **how, events=events)
    for workers, p95_ms in zip(table["server.workers"], table.p95_ms, strict=True):
        alone = simulate(
            SYSTEM.replace({"server.workers": workers}), **how, events=[Change("server.service_ms", 10, at_s=5)]
        )
        assert alone.summary.p95_ms == p95_ms


def test_one_value_need_not_stand_in_a_list():
    assert run_grid(SYSTEM, {"server.workers": 2}, duration_s=1)["server.workers"].tolist() == [2]
    table = run_grid(SYSTEM, {"clients.arrivals": "even", "server.workers": range(1, 3)}, duration_s=1)
    assert table[["clients.arrivals", "server.workers"]].values.tolist() == [["even", 1], ["even", 2]]


def test_it_tells_how_far_it_is_and_can_be_stopped():
    calls = []
    run_grid(SYSTEM, VALUES, duration_s=1, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(n, 6) for n in range(1, 7)]
    stopped = run_grid(SYSTEM, VALUES, duration_s=1, on_progress=lambda done, total: done < 2)
    assert len(stopped) == 2

    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    assert len(run_grid(SYSTEM, VALUES, duration_s=1, on_progress=interrupt)) == 3


def test_nothing_runs_when_a_value_is_refused():
    calls = []
    for values, sentence in (
        ({"server.workers": [1, 0]}, "workers must be at least 1, got 0"),
        ({"server.worker": [1]}, 'there is no "worker"'),
        ({"server.replicas": [1, 2]}, '2 replicas of "server" need a LoadBalancer'),
        ({"clients.rate_per_s": [1, 1e6]}, "a run holds 5,000,000 at most"),
        ({"server.workers": []}, 'sweep needs at least one value for "server.workers"'),
        ({}, "sweep needs {path: values}"),
        ([("server.workers", [1])], "sweep needs {path: values}"),
    ):
        with pytest.raises(ValueError, match=sentence):
            run_grid(SYSTEM, values, on_progress=lambda *_: calls.append(1))
    with pytest.raises(ValueError, match="duration_s must be more than 0, got 0"):
        run_grid(SYSTEM, VALUES, duration_s=0)
    with pytest.raises(ValueError, match="nothing sends requests"):
        run_grid(Server(), {"server.workers": [1]})
    assert calls == []
