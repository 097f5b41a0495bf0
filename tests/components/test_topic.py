"""A topic: a copy for each branch, each for itself."""

import pytest

from pmtech import Clients, Database, Errors, Outage, Queue, Server, Topic, simulate

HALF_SECONDS = Clients(rate_per_s=2, arrivals="even")


def server(name, service_ms, **more):
    return Server(name, workers=1, service_ms=service_ms, service_cv=0, **more)


def test_every_branch_works_on_its_own_copy_while_the_client_has_its_answer(story):
    run = story(HALF_SECONDS >> Topic() >> [server("Mail", 250), server("Stock", 750)], duration_s=1.5)
    assert run.requests == [("clients", at, at, 202) for at in (0.0, 0.5, 1.0)]
    assert run.column("served_by") == ["topic"] * 3
    assert [row for row in run.visits if row[1] != "topic"] == [
        (0, "mail", 0.0, 0.0, 0.25),
        (0, "stock", 0.0, 0.0, 0.75),
        (1, "mail", 0.5, 0.5, 0.75),
        (1, "stock", 0.5, 0.75, None),
        (2, "mail", 1.0, 1.0, 1.25),
        (2, "stock", 1.0, None, None),
    ]
    assert run.result.messages.outcome.tolist() == ["done", "done", "done", "in flight", "done", "in flight"]
    assert run.result.messages.done_s.tolist()[:3] == [0.25, 0.75, 0.75]


def test_a_copy_that_is_refused_is_lost_and_the_others_are_not():
    system = HALF_SECONDS >> Topic() >> [server("Mail", 10), server("Stock", 2000, queue_limit=0)]
    result = simulate(system, duration_s=2)
    lost = result.messages[result.messages.outcome == "dead"]
    assert lost.published_s.tolist() == [0.5, 1.0, 1.5]
    assert result.components.lost["topic"] == 3
    assert result.requests.status.tolist() == [202] * 4
    assert "3 copies of “Topic” got lost" in result.explain()


def test_a_queue_before_the_worker_keeps_what_comes_too_fast():
    """The copy is then the queue's message, and is counted once."""
    slow = Queue(store_ms=0) >> server("Stock", 2000)
    result = simulate(HALF_SECONDS >> Topic() >> [server("Mail", 10), slow], duration_s=2)
    counts = result.messages.value_counts(["queue", "outcome"]).to_dict()
    assert counts == {("topic", "done"): 4, ("queue", "waiting"): 3, ("queue", "in flight"): 1}
    assert result.components.lost["topic"] == 0
    full = Queue(store_ms=0, limit=1) >> server("Stock", 2000)
    result = simulate(HALF_SECONDS >> Topic() >> full, duration_s=2)
    counts = result.messages.value_counts(["queue", "outcome"]).to_dict()
    assert counts == {("topic", "dead"): 2, ("queue", "waiting"): 1, ("queue", "in flight"): 1}


def test_ages_are_those_of_the_work_not_of_handing_it_on():
    queue = Queue(store_ms=0) >> server("Stock", 250)
    summary = simulate(HALF_SECONDS >> Topic() >> queue, duration_s=9).summary
    assert (summary.age_p50_ms, summary.age_p99_ms, summary.not_done) == (250, 250, 0)


def test_where_branches_meet_again_each_has_luck_of_its_own():
    """Two copies of one request ask the same database; each query takes its own time."""
    steps = [Server(name, workers=99, service_ms=1, service_cv=0) for name in ("A", "B")]
    system = Clients(rate_per_s=50) >> Topic() >> steps >> Database(connections=1000)
    visits = simulate(system, duration_s=20).visits
    times = visits[visits.component == "database"].assign(takes=lambda v: (v.left_s - v.started_s).round(12))
    both = times.dropna().groupby("request").takes
    assert (both.nunique()[both.size() == 2] == 2).all()
    assert abs(both.first().corr(both.last())) < 3.3 / len(both) ** 0.5


def test_branches_that_do_not_meet_have_the_luck_of_the_request():
    """The same customers: mail takes as long for each of them as without the topic."""
    alone = simulate(Clients(rate_per_s=5) >> Server("Mail", workers=99), duration_s=20).visits
    both = simulate(
        Clients(rate_per_s=5) >> Topic() >> [Server("Mail", workers=99), Server("Stock")], duration_s=20
    ).visits
    assert both[both.component == "mail"].left_s.dropna().tolist() == alone.left_s.dropna().tolist()


def test_a_dead_topic_answers_502_and_a_faulty_one_500():
    system = HALF_SECONDS >> Topic() >> server("Mail", 10)
    result = simulate(system, duration_s=3, events=[Outage("topic", 0.75, 1), Errors("topic", 2, 0.25, share=1)])
    assert result.requests.status.tolist() == [202, 202, 502, 502, 500, 202]
    assert len(result.messages) == 3


def test_a_topic_of_which_nobody_hears():
    result = simulate(HALF_SECONDS >> Topic(), duration_s=1)
    assert result.requests.status.tolist() == [202, 202] and len(result.messages) == 0


@pytest.mark.parametrize("service_ms", [10, 5000])
def test_a_dead_branch_loses_its_copies_and_what_it_holds(service_ms):
    system = HALF_SECONDS >> Topic() >> server("Mail", service_ms)
    result = simulate(system, duration_s=3, events=[Outage("mail", 0.75, 1)])
    dead = [1.0, 1.5] if service_ms == 10 else [0.0, 0.5, 1.0, 1.5]
    assert result.messages[result.messages.outcome == "dead"].published_s.tolist() == dead
    assert result.components.lost["topic"] == len(dead)
