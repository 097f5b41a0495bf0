"""A run for every combination of some values."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures.process import BrokenProcessPool

import joblib
import psutil
import pytest

from pmtech import Change, Clients, Database, Server, simulate
from pmtech.runs import grid
from pmtech.runs.grid import run_grid

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


# --- on every core, and elsewhere ------------------------------------------------------------------------------------

BUSY = Clients(rate_per_s=150) >> Server() >> Database()  # held downstream: long enough to be interrupted
MANY = {"server.workers": [*range(1, 13)], "clients.rate_per_s": [100, 150]}


def workers_of(pid: int | None = None) -> list[psutil.Process]:
    """The workers that a process has started and that are still there."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "loky" in (line := " ".join(child.cmdline())) and "resource_tracker" not in line:
                found.append(child)
    return found


@pytest.fixture
def every_core(monkeypatch):
    """After its first run a sweep goes to every core, however short it is."""
    monkeypatch.setattr(grid, "WORTH_MORE_CORES_S", -1)


@pytest.fixture(scope="module")
def alone():
    return run_grid(BUSY, MANY, duration_s=10)


def test_every_core_gives_the_same_numbers_to_the_last_bit(alone, every_core):
    assert run_grid(BUSY, MANY, duration_s=10).equals(alone)
    assert workers_of(), "nobody was at work: the test shows nothing"


def test_stopped_on_every_core_nobody_is_left_at_work(alone, every_core):
    def interrupt(done, total):
        if done == 5:
            assert workers_of()
            raise KeyboardInterrupt

    for stop in (interrupt, lambda done, total: done < 5):
        assert run_grid(BUSY, MANY, duration_s=10, on_progress=stop).equals(alone[:5])
        assert workers_of() == []


def test_a_worker_that_dies_is_replaced_and_the_sweep_finishes(alone, every_core):
    killed = []

    def kill_one(done, total):
        if done == 5:
            killed.append(workers_of()[0])
            killed[0].kill()

    assert run_grid(BUSY, MANY, duration_s=10, on_progress=kill_one).equals(alone)
    assert killed, "nobody was killed: the test shows nothing"


def test_workers_that_die_again_and_again_are_given_up(every_core):
    def kill_all(done, total):
        for worker in workers_of():
            worker.kill()

    with pytest.raises(BrokenProcessPool):  # far more work than can be over before the killing
        run_grid(BUSY, {"server.workers": range(1, 1000)}, duration_s=20, on_progress=kill_all)


@pytest.mark.parametrize("whole_group", [False, True])  # a terminal and Jupyter interrupt the workers too
def test_an_interrupt_from_outside_leaves_no_process(whole_group):
    code = """
        from pmtech import Clients, Database, Server
        from pmtech.runs import grid
        grid.WORTH_MORE_CORES_S = -1
        busy = Clients(rate_per_s=150) >> Server() >> Database()
        rows = grid.run_grid(busy, {"server.workers": range(1, 1000)}, duration_s=20,
                             on_progress=lambda done, total: print(done, flush=True))
        print("rows", len(rows), flush=True)
        input()
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], start_new_session=True, **pipes)
    try:
        assert "4\n" in program.stdout, "it ended before its fourth run"
        assert workers_of(program.pid)
        (os.killpg if whole_group else os.kill)(program.pid, signal.SIGINT)
        last = next(line for line in program.stdout if line.startswith("rows"))
        assert 4 <= int(last.split()[1]) < 999
        assert workers_of(program.pid) == []
    finally:
        program.kill()
        program.communicate()


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster on this machine: two processes, nothing to be seen from outside."""
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": None, "silence_logs": "CRITICAL"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", **quiet) as cluster:
        with distributed.Client(cluster):
            yield cluster


def test_a_dask_cluster_gives_the_same_numbers_to_the_last_bit(alone, cluster):
    seen = []
    with joblib.parallel_config(backend="dask"):
        table = run_grid(BUSY, MANY, duration_s=10, on_progress=lambda done, total: seen.append((done, total)))
    assert table.equals(alone)
    assert seen == [(n, 24) for n in range(1, 25)]


def test_stopped_on_a_dask_cluster_the_rows_so_far_stay(alone, cluster):
    with joblib.parallel_config(backend="dask"):
        assert run_grid(BUSY, MANY, duration_s=10, on_progress=lambda done, total: done < 5).equals(alone[:5])


def test_a_dask_worker_that_dies_is_replaced_and_the_sweep_finishes(alone, cluster):
    pids = []

    def kill_one(done, total):
        if done == 5:
            pids.extend(worker.pid for worker in cluster.workers.values())
            os.kill(pids[0], signal.SIGKILL)

    with joblib.parallel_config(backend="dask"):
        assert run_grid(BUSY, MANY, duration_s=10, on_progress=kill_one).equals(alone)
    assert pids, "nobody was killed: the test shows nothing"
