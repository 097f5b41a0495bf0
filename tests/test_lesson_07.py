"""Lesson 07: the task is lost without the queue, is not won by a bigger machine alone, and the lunch is worked off as said."""

from dataclasses import replace

import pytest
from lessons import NOTEBOOKS, run

from pmtech import Clients, Outage, Queue, Server, Surge, brief, compare, lateness, simulate, theory
from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.tasks.lesson_07 import busy_lunch
from pmtech.runs.summary import open_at

TASK = "07.your_turn"


def marking(system):
    return all_tasks()[TASK].mark(system, 3)


def test_the_cell_as_it_stands_is_off_target():
    assert not marking(busy_lunch()).passed


def test_the_solution_of_the_notebook_passes():
    assert marking(busy_lunch(workers=8, visibility_s=60)).passed


@pytest.mark.parametrize(("workers", "visibility_s"), [(7, 60), (8, 4), (12, 60)])
def test_too_few_workers_a_short_visibility_and_idle_workers_miss(workers, visibility_s):
    assert not marking(busy_lunch(workers, visibility_s)).passed


def test_one_too_many_is_said_as_people_say_it():
    assert marking(busy_lunch(workers=9, visibility_s=60)).gaps == [
        "With one worker fewer every promise would be kept, too."
    ]


def test_without_the_queue_people_wait_for_the_mail():
    clients, tool, _, mailer = busy_lunch(workers=8).parts
    found = marking(clients >> tool >> mailer)
    assert not found.passed and "Without a queue people wait" in found.gaps[0]


def test_a_bigger_machine_alone_does_not_keep_the_answers_quick():
    """Even eleven workers, who keep up with the peak, let people wait for three seconds."""
    clients, tool, _, mailer = busy_lunch(workers=8).parts
    run = simulate(clients >> tool >> replace(mailer, workers=100), duration_s=3600)
    assert run.summary.p95_ms > 200


def test_one_subscriber_more_changes_nothing_for_the_others():
    lesson = run(NOTEBOOKS[7], "event", "with_archive")
    three, four = (simulate(lesson[name], duration_s=5400).deliveries for name in ("event", "with_archive"))
    assert list(four.index) == ["Mails", "Counts", "Calls", "Files"]
    assert four.loc[three.index].equals(three)


def test_the_backlog_at_its_worst_and_when_it_is_gone_are_those_of_the_sum_by_hand():
    lunch = Surge(at_s=600, for_s=1200, times=4)
    system = Clients(rate_per_s=0.5, surge=lunch) >> Queue() >> Server("Mailer", workers=3, service_ms=3000)
    run = simulate(system, duration_s=5400)
    assert run.components.max_queue["queue"] == pytest.approx(1200 * (2 - 1), rel=0.12)
    spare = 1 - 0.5
    assert open_at(*run.backlog("queue"), 1800 + 1200 / spare + 500) < 30
    assert open_at(*run.backlog("queue"), 1800 + 1200 / spare - 900) > 100
    assert theory.mmc(0.5, 3, 3).load == pytest.approx(0.5)


def test_a_death_in_the_middle_makes_some_mails_twice_and_loses_none():
    system = busy_lunch(workers=8, visibility_s=30)
    run = simulate(system, duration_s=5400, events=[Outage("mailer", at_s=1000, for_s=20)])
    assert run.components.again["queue"] > 0
    assert set(run.messages.query("published_s < 5000").outcome) == {"done"}


SLOW = Clients(rate_per_s=0.5) >> Server(service_ms=50) >> Queue() >> Server("Company A", workers=1, service_ms=3000)


def test_what_is_not_done_is_not_left_out_of_how_soon_it_was_done():
    """A third is never done: "95 of 100 done within" would speak of those alone who were lucky."""
    run = simulate(SLOW, duration_s=1800)
    (row,) = run.deliveries.itertuples()
    assert row.published / 2 < row.done < 0.8 * row.published
    assert row.half == "6.1 min" and row.most == "not yet"
    assert "Fewer than 95 of 100 messages were done" in lateness(run).said[0]
    two = compare({"slow": SLOW, "two": SLOW.replace({"company_a.workers": 2})}, duration_s=1800)
    heads, slow, quick = two.panel().table
    column = [head.startswith("95 of 100 done") for head in heads].index(True)
    assert slow[column] == "–" and float(quick[column]) > 3
    late = {"late": SLOW.replace({"company_a.service_ms": 2250}), "two": SLOW.replace({"company_a.workers": 2})}
    compared = compare(late, duration_s=1800)
    heads, row, _ = compared.panel().table
    within_s = compared.results["late"].messages_of().within_s(0.95)  # is told as its chart is drawn, over minutes
    assert float(row[heads.index("95 of 100 done, min")]) == pytest.approx(within_s / 60, abs=0.01)


def test_a_page_for_colleagues_does_not_recommend_what_never_catches_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    behind = brief(simulate(SLOW, duration_s=1800)).text
    assert "**Recommendation**: Not as it is: at this load all are answered" in behind
    enough = brief(simulate(SLOW.replace({"company_a.workers": 2}), duration_s=1800)).text
    assert "**Recommendation**: Go on with it at this load alone: “Company A” fills up first" in enough
    assert "At ten times, everybody is still answered" in enough and "messages are not done at the end." in enough
