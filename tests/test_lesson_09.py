"""Lesson 09: the day and its advert, the task, real copies and cold starts, the boxes, and what the prose says."""

import os
import re
import subprocess
import sys
import time
from urllib.request import urlopen

import numpy as np
import plotly.graph_objects as go
import pytest
from lessons import NOTEBOOKS, run

from pmtech import (
    Autoscale,
    Clients,
    Functions,
    LoadBalancer,
    Outage,
    Profile,
    Server,
    Slider,
    Surge,
    brief,
    check,
    cold_starts,
    compare,
    container_file,
    explore,
    fleets,
    kill_process,
    layers,
    machine,
    simulate,
    theory,
)
from pmtech.charts import CHARTS
from pmtech.charts.rented import hourly, needed, there
from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.tasks.lesson_09 import TEN, day_with_advert
from pmtech.web.app import program

AHEAD = ((79_000, 14), (80_130, 1))
CONTAINER = {"dispatch.price_usd_per_hour": 0.0987, "dispatch.autoscale.starts_s": 30}


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


def missed(system):
    marking = all_tasks()["09.your_turn"].mark(system, 3)
    return marking.passed, " ".join(marking.gaps)


# --- the task ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "design",
    [
        day_with_advert(schedule=AHEAD),
        day_with_advert(schedule=((79_000, 12), (80_130, 1)), target=0.7),
        day_with_advert(schedule=((TEN - 60, 14), (80_130, 1)), target=0.8).replace(CONTAINER),
    ],
    ids=["machines", "fewer, busier", "containers"],
)
def test_the_solution_passes_and_its_neighbours(design):
    assert missed(design) == (True, "")


@pytest.mark.parametrize(
    ("design", "sentence"),
    [
        (day_with_advert(), "The share of orders that were lost"),
        (day_with_advert().replace(CONTAINER), "The share of orders that were lost"),  # a faster start alone
        (day_with_advert(target=0.3), "The cost of the day"),  # spare alone
        (day_with_advert(schedule=AHEAD, calm_s=0), "The share of orders that were lost"),
        (day_with_advert(schedule=((TEN, 14), (80_130, 1))), "The share of orders that were lost"),  # too late
    ],
)  # fmt: skip
def test_each_idea_bears_its_load(design, sentence):
    passed, gaps = missed(design)
    assert not passed and sentence in gaps


def test_a_bigger_fleet_alone_does_not_win():
    for replicas in (5, 14):
        assert not missed(day_with_advert().replace({"dispatch.autoscale": None, "dispatch.replicas": replicas}))[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dispatch.service_ms": 600}, "Dispatch works 6000 ms on a request"),
        ({"dispatch.price_usd_per_hour": 0.01}, "Nobody rents out a machine for 0.01 dollars an hour"),
        ({"dispatch.autoscale.starts_s": 10}, "there after 10 s: it is 0.0725 dollars and 150 s"),
        ({"dispatch.autoscale.every_s": 1}, "every_s"),
        ({"advert.rate_per_s": 1}, "Advert sends 4 a second"),
    ],
)
def test_what_is_not_the_learners(change, sentence):
    marking = check("09.your_turn", day_with_advert(schedule=AHEAD).replace(change))
    assert not marking.counts and sentence in " ".join(marking.gaps)


def test_the_cell_as_it_stands_is_off_target():
    assert all_tasks()["09.your_turn"].untouched(day_with_advert())


# --- charts ------------------------------------------------------------------------------------------------------------


def test_machines_that_are_there_and_machines_that_are_needed():
    """2 a second, 3 s each, 2 workers a machine: three are needed. One of four dies for ten seconds."""
    work = Server(workers=2, service_ms=3000, service_cv=0, replicas=4)
    run = simulate(
        Clients(rate_per_s=2, arrivals="even") >> LoadBalancer() >> work,
        duration_s=96,
        events=[Outage("server", 20, 10)],
    )
    assert list(there(run).items()) == [(0, 4), (20, 4), (20, 3), (30, 3), (30, 4), (96, 4)]
    assert set(needed(run)) == {3}
    more = run.system.replace({"server.replicas": 5})
    shown = fleets(compare({"one": run.system, "more": more, "two": run.system}, duration_s=96))
    assert "more" in shown.said[1] and shown.said[3].startswith("“one” and “two” have as many machines at every moment")
    assert len({line["line"]["dash"] for line in shown.figure["data"][1:]}) == 3, "one is seen through the other"
    with pytest.raises(ValueError, match=r"fleets needs what compare\(\.\.\.\) gave"):
        fleets(run)


def test_a_call_against_an_hour():
    """The dot of a run lies on the line of its price; the lines cross where `theory` says, and for a peak five times later."""
    part = Functions(work_ms=100, work_cv=0, cold_ms=0)
    run = simulate(Clients(rate_per_s=5) >> part, duration_s=300)
    drawn = CHARTS["price"](run)
    go.Figure(drawn)
    lines = {trace["name"]: trace for trace in drawn["data"]}
    by_call, dot = lines["by the call"], lines["your run"]
    assert dot["y"][0] == pytest.approx(dot["x"][0] * by_call["y"][-1] / by_call["x"][-1], rel=0.02)
    crosses = theory.price_crossing_per_s(part.usd_per_call, machine("c7g.medium")["price_usd_per_hour"])
    assert 3 < crosses < 4
    assert hourly(np.array([crosses]), 0.1)[0] == pytest.approx(crosses * 3600 * part.usd_per_call)


def test_names_stand_beside_the_axes_where_the_panel_left_them_longer():
    """Their pieces stand there, too: at 100 of 120 calls a second the names lay over them."""
    called = Clients("Callers", rate_per_s=2) >> Functions(work_ms=100, cold_ms=500)
    panel = explore(called, Slider("callers.rate_per_s", 0.1, 60), show="price", duration_s=20)
    for rate_per_s in (60, 58, 47):
        panel.controls["callers.rate_per_s"].value = rate_per_s
        layout = panel.answer["figure"]["layout"]
        assert {note["x"] for note in layout["annotations"]} == {layout["xaxis"]["range"][1]}


def test_a_page_counts_the_machines_that_were_there_on_average(tmp_path):
    """Ten times the load of 16.5 orders of six seconds, two at a time, 30 % kept free: 71 machines at 7.25 cents."""
    rule = Autoscale(least=1, most=20, starts_s=150, schedule=((720, 14), (1830, 1)))
    orders = Clients("Orders", rate_per_s=0.7, surge=Surge(at_s=900, for_s=900, times=6.7))
    fleet = Server(workers=2, service_ms=6000, service_cv=0.5, price_usd_per_hour=0.0725, replicas=4, autoscale=rule)
    run = simulate(orders >> LoadBalancer(policy="least_connections") >> fleet, duration_s=1200)
    text = brief(run, folder=tmp_path).markdown.read_text()
    usd = float(re.search(r"roughly ([\d.]+) USD", text)[1])
    assert usd == pytest.approx(10 * run.summary.served_per_s * 6 / 2 / 0.7 * 0.0725, rel=0.1)


# --- real processes ----------------------------------------------------------------------------------------------------


def test_a_cold_start_is_measured_and_fits_the_model():
    measured = cold_starts(times=2, calls=3)
    assert len(measured.cold_ms) == 2 and len(measured.warm_ms) == 4
    assert min(measured.cold_ms) > max(measured.warm_ms) > 0
    part = Functions(**measured.model, idle_s=1)
    run = simulate(Clients(rate_per_s=0.01) >> part, duration_s=20_000)
    assert run.components.cold_share["functions"] > 0.9
    assert run.summary.mean_ms == pytest.approx(sum(measured.cold_ms) / 2, rel=0.2)
    assert measured._repr_html_().count("<circle") == 6
    with pytest.raises(ValueError, match="times must be at least 2, got 1"):
        cold_starts(times=1)


def test_a_copy_that_is_killed_comes_back():
    killed = kill_process(2)
    assert killed.steps[0][1].startswith("2 copies: processes ") and "is killed" in killed.steps[1][1]
    before = set(re.findall(r"\d{2,}", killed.steps[0][1]))
    (new,) = re.findall(r"process (\d+) is there", killed.steps[2][1])
    assert new not in before and killed.back_s > 0 and killed.asked > killed.failed
    for pid in {*before, new}:
        _is_gone(int(pid))
    with pytest.raises(ValueError, match="copies must be at least 1, got 0"):
        kill_process(0)


def _is_gone(pid: int) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


def test_the_command_of_the_container_starts_the_api(tmp_path):
    """What the file says is run is run, on another port, with the data where the file says."""
    why, lines = container_file().lines[-1]
    assert all(why and lines for why, lines in container_file().lines) and "started" in why
    command = re.findall(r'"(.*?)"', lines.splitlines()[-1])
    command[command.index("0.0.0.0")], command[command.index("8000")] = "127.0.0.1", "0"
    env = {**os.environ, program.FOLDER: str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", *command], stderr=subprocess.PIPE, text=True, env=env) as process:
        said = next(line for line in process.stderr if "running on" in line)
        with urlopen(f"{re.search(r'http://127.0.0.1:[0-9]+', said).group()}/surveys") as answer:
            assert answer.status == 200
        process.terminate()
    assert (tmp_path / "surveys.db").exists()


# --- the boxes, and what the prose says --------------------------------------------------------------------------------


def test_the_boxes_open_without_a_kernel_and_each_answers_the_same_questions():
    shown = layers()
    page = shown._repr_html_()
    assert page.count("<details>") == page.count("<summary>") == len(shown.layers) == 4
    assert page.count("<dt>") == page.count("<dd>") == 4 * 5 and "<script" not in page


def test_by_the_rule_alone_a_fast_start_still_loses_orders():
    on_air = Profile(((0, 0), (900, 0), (930, 1), (1800, 1), (1830, 0)))
    ten = [Clients("Orders", rate_per_s=0.7), Clients("Advert", rate_per_s=4, profile=on_air)] >> LoadBalancer(
        policy="least_connections"
    )
    lost = {}
    for starts_s in (150, 30, 10):
        rule = Autoscale(target=0.6, least=1, most=20, starts_s=starts_s)
        dispatch = Server(
            "Dispatch", workers=2, service_ms=6000, service_cv=0.5, queue_limit=4, replicas=4, autoscale=rule
        )
        lost[starts_s] = simulate(ten >> dispatch, duration_s=2700).summary.error_rate
    assert lost[150] > lost[30] > lost[10] > 0.005 and lost[150] > 0.08


def test_refusing_the_advert_saves_whoever_orders_anyway():
    lesson = run(NOTEBOOKS[9], "spike", "refusing")
    lost = {name: simulate(lesson[name], duration_s=2700).by_client.error_rate for name in ("spike", "refusing")}
    assert lost["spike"]["orders"] > 0.01 and lost["refusing"]["orders"] == 0
    assert lost["refusing"]["advert"] > 3 * lost["spike"]["advert"]
