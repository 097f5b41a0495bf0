"""Lesson 05: the scalability chart, the task of "Your turn", and what the prose says against what the model does."""

from math import inf

import plotly.graph_objects as go
import pytest

from pmtech import (
    Clients,
    Database,
    LoadBalancer,
    Outage,
    Server,
    Users,
    answers_by_machine,
    check,
    costs,
    machine,
    scalability,
    simulate,
)
from pmtech.charts.scalability import figure, fitted, said
from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.tasks.lesson_05 import LaunchTask, launch
from pmtech.runs.prices import sizes
from pmtech.theory import UniversalScalability, amdahl

# --- the chart ---------------------------------------------------------------------------------------------------------

LAW = UniversalScalability(80, 0.04, 0.002)
MEASURED = {n: LAW.throughput_per_s(n) for n in (1, 2, 4, 8, 16, 32)}


def test_chart_draws_the_measurements_and_three_laws():
    drawn = figure(MEASURED, law := fitted(MEASURED))
    go.Figure(drawn)
    lines = {trace["name"]: trace for trace in drawn["data"]}
    assert list(lines) == ["in proportion", "Amdahl's law", "Universal Scalability", "measured"]
    assert (law.gamma_per_s, law.alpha, law.beta) == pytest.approx((80, 0.04, 0.002), rel=1e-6)
    for name, expected in {
        "in proportion": lambda n: 80 * n,
        "Amdahl's law": lambda n: 80 * amdahl(n, 0.04),
        "Universal Scalability": LAW.throughput_per_s,
    }.items():
        assert lines[name]["y"] == pytest.approx([expected(n) for n in lines[name]["x"]], rel=1e-3)
    assert dict(zip(lines["measured"]["x"], lines["measured"]["y"], strict=True)) == {
        n: round(y, 3) for n, y in MEASURED.items()
    }
    assert {note["text"] for note in drawn["layout"]["annotations"]} == set(lines)
    assert drawn["layout"]["xaxis"]["title"]["text"] and drawn["layout"]["yaxis"]["title"]["text"]


def test_chart_says_what_it_shows():
    sentences = said(MEASURED, fitted(MEASURED))
    assert (
        sentences[0]
        == "In proportion to one server, 32 servers would serve 2,560 a second; measured were 606. Both curves come from one fit to the dots."
    )
    assert "a share of 4.0 % of the work can't be split" in sentences[1] and "more than 2,000 a second" in sentences[1]
    assert "at about 22 servers it serves the most, 637 a second" in sentences[2]
    panel = scalability(MEASURED)
    assert (panel.said, panel.figure) == (sentences, figure(MEASURED, fitted(MEASURED)))
    (label,) = (note for note in panel.figure["layout"]["annotations"] if note["text"] == "measured")
    assert label["yshift"] < -12 and not label["showarrow"], (
        "beside its dot without an arrow: words move, arrows do not"
    )


def test_a_peak_beyond_the_measurements_is_not_promised():
    few = {n: MEASURED[n] for n in (1, 2, 4, 8)}
    assert said(few, fitted(few))[-1].endswith("a reason to measure further, not a promise.")


@pytest.mark.parametrize("alpha", [0, 0.05])
def test_no_cost_of_agreeing_is_amdahls_law(alpha):
    law = UniversalScalability(100, alpha, 0)
    measured = {n: law.throughput_per_s(n) for n in (1, 2, 4, 8)}
    assert law.peak_workers == inf
    assert said(measured, law)[-1].endswith("the Universal Scalability Law and Amdahl's law are one curve.")
    go.Figure(figure(measured, law))


def test_no_more_than_all_of_the_work_is_said_not_to_be_split():
    worse = {1: 80, 2: 60, 4: 50}
    assert fitted(worse).alpha > 1
    assert said(worse, fitted(worse))[1:] == [
        "Amdahl's law does not explain these numbers: by it more servers never serve less.",
        "The Universal Scalability Law adds the cost of agreeing, which grows with every pair of servers: at about 1 server "
        "it serves the most, 80 a second, and each further server makes the whole slower.",
    ]
    at_once = UniversalScalability(80, 1.5, 0)
    assert "makes the whole slower" in said({n: at_once.throughput_per_s(n) for n in (1, 2, 4)}, at_once)[-1]


def test_more_servers_that_only_harm():
    worse = {1: 100, 2: 90, 4: 70}
    assert "at about 1 server it serves the most, 100 a second" in said(worse, fitted(worse))[-1]
    go.Figure(figure(worse, fitted(worse)))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([80, 152], r"measured must be \{servers: served a second\}"),
        ({1: 80, 2: 152}, "at least 3 different numbers of servers, got 2"),
        ({1: 80, 2: 152, 0: 3}, "servers must be at least 1, got 0"),
        ({1: 80, 2: 152, 4: 0}, "what 4 servers served must be above 0, got 0"),
        ({1: 80, "2": 152, 4: 283}, "servers must be a finite number, got '2'"),
    ],
)
def test_chart_refuses_in_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        scalability(wrong)


# --- the task ----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


def tried(system, tries=3):
    return all_tasks()["05.your_turn"].mark(system, tries)


def test_the_cell_as_it_stands_is_off_target_and_says_by_how_much():
    marking = check("05.your_turn", launch())
    assert not marking.passed and marking.counts
    assert marking.gaps[0] == "The p95 of all visitors is too high: at most 400 ms was asked for."
    assert tried(launch()).gaps[0].startswith("The p95 of all visitors is 1,")
    assert marking.figures[-1] == ("The servers, an hour", "as low as possible", "$2.32", "")


def test_nine_of_todays_are_praised_and_told_that_something_cheaper_will_do():
    nine = launch("c7g.2xlarge", 9)
    marking = check("05.your_turn", nine)
    assert not marking.passed and marking.kept and marking.verdict.startswith("Well done")
    assert marking.gaps == ["A design that is cheaper keeps every promise, too."]
    assert tried(nine).gaps == ["A design that is 5 to 10 % cheaper keeps every promise, too."]
    assert [word for *_, word in marking.figures] == ["met", "met", "could be lower"]
    assert "2.46" not in repr(marking) + repr(tried(nine))


def test_the_solution_of_the_lesson_passes():
    marking = check("05.your_turn", launch("c7g.xlarge", 17))
    assert marking.passed and not marking.gaps
    assert marking.note == "No cheaper design in the price list meets the targets."


def test_one_big_machine_does_not_survive():
    marking = tried(launch("c7g.16xlarge", 1))
    assert not marking.passed
    assert any("requests that failed is 4" in gap for gap in marking.gaps)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"server.workers": 12}, "No machine in the price list has 12 workers for $0.29 an hour"),
        ({"server.price_usd_per_hour": 0.01}, "No machine in the price list has 8 workers for $0.01 an hour"),
        ({"server.service_ms": 10}, "Server works 100 ms on a request in this task; yours works 10 ms on a request."),
        ({"visitors.rate_per_s": 60}, "Visitors sends 600 a second in this task; yours sends 60 a second."),
        ({"load_balancer.health_check_s": 0.01}, "Load balancer has health_check_s = 1 in this task"),
    ],
)
def test_what_is_not_for_rent_does_not_count(change, sentence):
    marking = check("05.your_turn", launch("c7g.2xlarge", 9).replace(change))
    assert not marking.counts and not marking.passed
    assert sentence in marking.gaps[0]


def test_the_search_finds_what_trying_everything_finds():
    """A launch of a tenth the size, small enough to try every size and number."""

    def small(size="c7g.xlarge", replicas=3):
        return launch(size, replicas).replace({"visitors.rate_per_s": 60})

    task = LaunchTask(
        id="test.small_launch",
        title="A small launch",
        start=small,
        free=("server",),
        targets=all_tasks()["05.your_turn"].targets,
        within_usd=0.01,
        duration_s=20,
        seeds=(1,),
        events=(Outage("server", at_s=8, for_s=6),),
    )
    every = [small(size, replicas) for size in sizes().index for replicas in range(4, 13)]
    prices = [system.components["server"].replicas * system.get("server.price_usd_per_hour") for system in every]
    best = min(price for system, price in zip(every, prices, strict=True) if task._meets(system))
    for size, replicas in (("c7g.16xlarge", 9), ("c7g.medium", 12)):
        found = task.cheapest(small(size, replicas)).components["server"]
        assert found.replicas * found.price_usd_per_hour == pytest.approx(best)


# --- what the prose says -----------------------------------------------------------------------------------------------

WORK = {"service_ms": 100, "service_cv": 0.5}
TODAY = (
    Clients("Visitors", rate_per_s=60)
    >> LoadBalancer()
    >> Server(**machine("c7g.2xlarge"), **WORK, blocking=False)
    >> Database(connections=20, query_ms=40)
)
LAUNCH = TODAY.replace({"visitors.rate_per_s": 600, "database.connections": 40})


def p95(system, **changes):
    return simulate(system.replace({name.replace("__", "."): value for name, value in changes.items()})).summary.p95_ms


def test_twice_the_servers_is_not_half_the_latency():
    one, two, four = (p95(TODAY, server__replicas=n) for n in (1, 2, 4))
    assert 265 < one < 280 and 255 < two < 265 and abs(two - four) < 1


def test_for_the_same_money_the_big_machine_is_faster():
    big, eight = LAUNCH.replace(machine("c7g.16xlarge", "server")), LAUNCH.replace({"server.replicas": 8})
    assert big.cost_usd_per_hour == pytest.approx(eight.cost_usd_per_hour)
    assert p95(big) < p95(eight) - 10
    table = costs({"big": simulate(big, duration_s=20), "eight": simulate(eight, duration_s=20)})
    assert table.usd_per_million["big"] == pytest.approx(table.usd_per_million["eight"], rel=0.01)


def test_one_line_is_faster_than_ten_however_they_are_chosen():
    lines = Clients("Visitors", rate_per_s=80) >> LoadBalancer() >> Server(workers=1, replicas=10)
    policies = ("random", "round_robin", "power_of_two_choices", "least_connections")
    waits = [p95(lines, load_balancer__policy=policy) for policy in policies]
    waits.append(p95(lines, server__replicas=1, server__workers=10))
    assert waits == sorted(waits, reverse=True)


@pytest.mark.parametrize(
    ("servers", "connections", "named"),
    [(6, 20, "Server"), (7, 20, "Database"), (10, 20, "Database"), (16, 20, "Database"), (10, 34, "Server")],
)
def test_the_bottleneck_moves(servers, connections, named):
    system = LAUNCH.replace({"server.replicas": servers, "database.connections": connections})
    result = simulate(system, duration_s=20)
    assert f"“{named}”" in result.explain().partition(".")[0]
    assert result.summary.served_per_s == pytest.approx(min(80 * servers, 25 * connections, 605), rel=0.03)


def test_one_of_eight_dies():
    """An eighth of the requests for a third of the time; a check each second finds it, and a ninth server carries it."""
    died = [Outage("server", at_s=15, for_s=10)]
    runs = {
        name: simulate(LAUNCH.replace(values), duration_s=30, events=died).summary
        for name, values in {
            "big": machine("c7g.16xlarge", "server"),
            "unchecked": {"server.replicas": 8},
            "checked": {"server.replicas": 8, "load_balancer.health_check_s": 1},
            "spare": {"server.replicas": 9, "load_balancer.health_check_s": 1},
        }.items()
    }
    assert runs["big"].error_rate == pytest.approx(1 / 3, abs=0.01)
    assert runs["unchecked"].error_rate == pytest.approx(1 / 24, abs=0.002) and runs["unchecked"].p95_ms < 320
    assert runs["checked"].error_rate < 0.01 and runs["checked"].p95_ms > 800
    assert runs["spare"].error_rate < 0.01 and runs["spare"].p95_ms < 300


def test_a_dead_server_with_the_fewest_connections_gets_nearly_everything():
    """The "sinkhole" of "Site Reliability Engineering" (2016), chapter 20."""
    system = LAUNCH.replace({"server.replicas": 9, "load_balancer.policy": "least_connections"})
    timeline = simulate(system, duration_s=12, events=[Outage("server", at_s=4, for_s=8)]).timeline
    dead = timeline.loc[6:11]
    assert (dead.rejected / dead.offered).min() > 0.85


def test_sticky_visitors_crowd_and_do_not_come_back():
    people = [Users("Visitors", count=180, think_s=1), Clients("Call centre", rate_per_s=30)]
    server = Server(**machine("c7g.2xlarge"), replicas=4, **WORK)
    answered = {}
    for sticky in (False, True):
        system = people >> LoadBalancer(health_check_s=1, sticky=sticky) >> server
        result = simulate(system, events=[Outage("server", at_s=20, for_s=20)])
        answered[sticky] = answers_by_machine(result, every_s=20).T
        assert answered[sticky].to_numpy().sum() == (result.requests.status == 200).sum()
    assert answered[False][0].max() < 1.05 * answered[False][0].min()
    assert answered[True][0].max() > 1.5 * answered[True][0].min()
    assert answered[False][40].min() > 900 and answered[True].loc["Server 1", 40] == 0
