"""Lesson 10: fan-out, series and networks of queues against their closed forms, the task, and what the prose says."""

import numpy as np
import pytest
from lessons import NOTEBOOKS, run
from scipy import stats

from pmtech import (
    Clients,
    ConnectionPool,
    Database,
    Errors,
    Gateway,
    Gather,
    LoadBalancer,
    Server,
    check,
    simulate,
    theory,
)
from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.tasks.lesson_10 import ENDPOINTS, monday
from pmtech.runs.figure import figure

NOTEBOOK = next(path for path in NOTEBOOKS if path.name.startswith("10_"))


def student(values, share=0.999):
    return stats.t.interval(share, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))


# --- held against closed forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [1, 2, 8, 20])
def test_the_slowest_of_many_takes_a_harmonic_number_of_times_the_mean(asked):
    services = [Server(f"s{n}", workers=10_000, service_ms=100) for n in range(asked)]
    runs = [simulate(Clients(rate_per_s=40) >> Gather() >> services, duration_s=12, seed=seed) for seed in range(6)]
    low, high = student([run.summary.mean_ms for run in runs])
    assert low <= 100 * sum(1 / n for n in range(1, asked + 1)) <= high


@pytest.mark.parametrize(("asked", "need", "share"), [(8, None, 0.02), (8, 7, 0.1), (3, 1, 0.3), (5, 5, 0.05)])
def test_a_page_is_up_as_often_as_its_parts_in_series_or_parallel_say(asked, need, share):
    services = [Server(f"s{n}", workers=10_000, service_ms=1, service_cv=0) for n in range(asked)]
    errors = [Errors(f"s{n}", 0, 1e6, share=share) for n in range(asked)]
    system = Clients(rate_per_s=100) >> Gather(need=need) >> services
    up = [1 - simulate(system, duration_s=10, seed=seed, events=errors).summary.error_rate for seed in range(6)]
    low, high = student(up)
    assert low <= theory.availability([1 - share] * asked, need) <= high


@pytest.mark.parametrize("after_ms", [20, 50, 150])
def test_a_hedge_is_asked_for_who_has_not_answered_and_shortens_the_tail(after_ms):
    """Each of two is asked again with the chance that it takes longer, while the page is still open."""
    services = [Server(f"s{n}", workers=10_000, service_ms=50) for n in range(2)]
    system = Clients(rate_per_s=50) >> Gather(need=2, hedge_after_ms=after_ms) >> services
    runs = [simulate(system, duration_s=25, seed=seed) for seed in range(6)]
    late = np.exp(-after_ms / 50)
    low, high = student([run.components.hedged["gather"] for run in runs])
    assert low <= late <= high  # so much more load
    alone = system.replace({"gather.hedge_after_ms": None})
    assert runs[0].summary.p99_ms < simulate(alone, duration_s=25, seed=0).summary.p99_ms


def hop(name, service_ms, workers=1):
    return Server(name, workers=workers, service_ms=service_ms, blocking=False)


@pytest.mark.parametrize("load", [0.4, 0.7])
def test_services_one_behind_the_other_are_a_tandem_of_jackson(load):
    rate = load * 100
    tandem = Clients(rate_per_s=rate) >> hop("A", 10) >> hop("B", 20, workers=2) >> hop("C", 5)
    network = theory.jackson({"a": rate}, {"a": {"b": 1}, "b": {"c": 1}}, {"a": 0.01, "b": 0.02, "c": 0.005}, {"b": 2})
    runs = [simulate(tandem, duration_s=200, warmup_s=10, seed=seed) for seed in range(8)]
    low, high = student([run.summary.mean_ms / 1000 for run in runs])
    assert low <= network.time_in_system_s <= high


def test_services_that_branch_and_meet_again_are_a_network_of_jackson():
    rate, both = 60, hop("Bills", 8)
    ways = {
        "/buy": hop("Checkout", 20) >> both,
        "/ask": hop("Surveys", 10) >> both,
        "/see": hop("Pages", 12, workers=2),
    }
    shares = {"/buy": 0.4, "/ask": 0.4, "/see": 0.2}
    network = theory.jackson(
        {"door": rate},
        {"door": {"checkout": 0.4, "surveys": 0.4, "pages": 0.2}, "checkout": {"bills": 1}, "surveys": {"bills": 1}},
        {"door": 0.004, "checkout": 0.02, "surveys": 0.01, "pages": 0.012, "bills": 0.008},
        {"pages": 2},
    )
    system = Clients(rate_per_s=rate, endpoints=shares) >> hop("Door", 4) >> Gateway() >> ways
    runs = [simulate(system, duration_s=150, warmup_s=10, seed=seed) for seed in range(8)]
    low, high = student([run.summary.mean_ms / 1000 for run in runs])
    assert low <= network.time_in_system_s <= high
    for name in ("bills", "checkout"):
        low, high = student([run.components.mean_queue[name] for run in runs])
        assert low <= network.stations[name].mean_queue <= high


# --- the task ----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


def missed(**design):
    marking = all_tasks()["10.your_turn"].mark(monday(**design), 3)
    assert marking.counts
    return marking.passed, " ".join(marking.gaps)


@pytest.mark.parametrize(("program", "service"), [(10, 6), (8, 8), (12, 4), (15, 1), (6, 4)])
def test_the_reports_cut_out_and_any_sensible_split_passes(program, service):
    assert missed(cut=("/report",), program=program, service=service) == (True, "")


@pytest.mark.parametrize(
    ("design", "sentence"),
    [
        ({}, "The p95 of the buyers"),
        ({"cut": ("/mail",), "program": 12, "service": 4}, "The p95 of the buyers"),
        ({"cut": ("/answers",), "program": 8, "service": 8}, "The p95 of the buyers"),
        ({"cut": ("/checkout",), "program": 12, "service": 4}, "The traffic over the network"),
        ({"cut": ("/report", "/mail"), "program": 8, "service": 8}, "The traffic over the network"),
        ({"cut": ENDPOINTS, "service": 16}, "The p95 of the buyers"),
        ({"cut": ("/report",)}, "The size of all machines"),
        ({"cut": ("/report",), "program": 2, "service": 8}, "The p95 of the buyers"),
    ],
)
def test_each_idea_bears_its_load(design, sentence):
    passed, gaps = missed(**design)
    assert not passed and sentence in gaps


@pytest.mark.parametrize("program", [17, 24, 64, 200])
def test_a_bigger_program_alone_does_not_win(program):
    assert not missed(program=program)[0]


def test_what_is_not_the_learners_is_not_measured():
    faster = monday(cut=("/report",), program=10, service=6).replace({"network.round_trip_ms": 0})
    quiet = monday(cut=("/report",), program=10, service=6).replace({"managers.rate_per_s": 0.1})
    people = [Clients("Visitors", rate_per_s=60, endpoints="/answers")]
    for other in (faster, quiet, people >> Gateway("Door") >> {"/answers": Server("Survey tool")}):
        assert not check("10.your_turn", other).counts


def test_a_service_that_is_reached_without_the_network_is_another_system():
    people = [part for part in monday().parts if part.is_source]
    direct = monday(cut=("/report",), program=10, service=6)
    tool = direct.components["survey_tool"] >> Gateway("Its parts") >> {
        "/answers": direct.components["answers"], "/checkout": direct.components["bills"], "/mail": direct.components["mails"],
    }  # fmt: skip
    around = (
        direct.components["service"] >> Gateway("Parts of the service") >> {"/report": direct.components["statistics"]}
    )
    ways = {"/answers": tool, "/checkout": tool, "/mail": tool, "/report": around}
    assert not check("10.your_turn", people >> Gateway("Door") >> ways).counts


def test_the_cell_as_it_stands_is_off_target_and_is_what_the_task_begins_with():
    design = run(NOTEBOOK, "my_design")["my_design"]
    marking = check("10.your_turn", design)
    assert marking.counts and not marking.passed and all_tasks()["10.your_turn"].untouched(design)


# --- what the prose says -----------------------------------------------------------------------------------------------


def test_who_wins_depends():
    """Reports: the cut and the wall keep buyers safe. A rush: one program. A bad release: services. For the same money."""
    names = run(NOTEBOOK, "one_program", "services", "bulkhead", "rush", "mistake")
    one, services, wall = names["one_program"], names["services"], names["bulkhead"]
    monday_ = {"managers.rate_per_s": 1.5}
    frozen, cut, walled = (simulate(s.replace(monday_)) for s in (one, services, wall))
    assert frozen.by_client.p95_ms["buyers"] > 100 * cut.by_client.p95_ms["buyers"]
    assert walled.by_client.p95_ms["buyers"] < 100 and walled.by_client.error_rate["managers"] > 0.5
    rushed = [simulate(s.replace(names["rush"])).by_client.p95_ms["visitors"] for s in (one, services)]
    assert rushed[1] > 1.8 * rushed[0]
    bad = [simulate(s, events=[names["mistake"]]).by_client.error_rate["buyers"] for s in (one, services)]
    assert bad[0] > 0.05 and bad[1] == 0
    costs = {round(simulate(s, duration_s=1).summary.cost_usd_per_hour, 9) for s in (one, services, wall)}
    assert len(costs) == 1
    slower = [simulate(s).by_client.p50_ms["buyers"] for s in (one, services)]
    assert slower[1] - slower[0] == pytest.approx(2, abs=1.5)


def test_a_smaller_pool_is_the_faster_one_and_the_largest_is_refused():
    sizes = run(NOTEBOOK, "sizes")["sizes"]
    p95 = [figure(sizes, f"{n} each/p95_ms") for n in (5, 2, 1)]
    assert p95 == sorted(p95, reverse=True) and p95[0] > 10 * p95[2]
    assert figure(sizes, "20 each/error_rate") > 0.2 and figure(sizes, "20 each/pool.too_many") > 500
    assert figure(sizes, "5 each/error_rate") == 0


def test_nine_connections_for_eight_workers_and_no_fewer():
    assert theory.deadlock_free_pool(8, 2) == 9
    both = run(NOTEBOOK, "both")["both"]
    stuck, free = (simulate(both.replace({"pool.size": size})) for size in (8, 9))
    assert (stuck.requests.status[stuck.requests.arrived_s > 20] == 0).all()
    assert free.summary.served_per_s > 35


def test_the_figures_of_the_text_follow_from_the_numbers():
    assert round(sum(1 / n for n in range(1, 9)), 1) == 2.7
    assert f"{theory.availability([0.999] * 8):.2%}" == "99.20%"
    assert round(16 / 0.03) == 533  # queries a second of 16 cores


def test_one_pool_for_all_is_not_one_pool_each():
    """Serverless, in a sentence: the more machines, the more connections, at the same load."""
    opened = [
        simulate(
            Clients(rate_per_s=200) >> LoadBalancer() >> Server(replicas=n, workers=50, service_ms=1)
            >> ConnectionPool(size=50) >> Database(connections=5000, query_ms=50), duration_s=10,
        ).components.opened["connection_pool"]
        for n in (1, 10, 40)
    ]  # fmt: skip
    assert opened[0] < opened[1] < opened[2]
