"""A queue: accepted at once, done later, at least once. Story by story, then against theory."""

from dataclasses import make_dataclass

import pytest

from pmtech import Change, Clients, Errors, Outage, Queue, Server, Topic, simulate, theory
from pmtech.components.messages import Messages
from pmtech.engine.run import Message
from pmtech.runs.certainty import student
from pmtech.runs.summary import open_at

EVEN = {"arrivals": "even"}


def run(*parts, duration_s=60, **how):
    system = parts[0]
    for part in parts[1:]:
        system = system >> part
    return simulate(system, duration_s=duration_s, **how)


def mailer(workers=1, service_ms=1000, **fields):
    return Server("Mailer", workers=workers, service_ms=service_ms, service_cv=0, **fields)


def told(result):
    columns = ["published_s", "received_s", "done_s", "receives", "outcome"]
    return [tuple(row) for row in result.messages[columns].round(6).itertuples(index=False)]


def test_it_answers_202_when_the_message_is_stored_and_the_work_is_done_later():
    result = run(Clients(rate_per_s=0.5, **EVEN), Queue(store_ms=10), mailer(), duration_s=3)
    assert result.requests.status.tolist() == [202, 202]
    assert result.requests.latency_ms.round(6).tolist() == [10, 10]
    assert told(result) == [(0.01, 0.01, 1.01, 1, "done"), (2.01, 2.01, float("nan"), 1, "in flight")] or (
        told(result)[0] == (0.01, 0.01, 1.01, 1, "done") and told(result)[1][3:] == (1, "in flight")
    )
    assert result.summary.error_rate == 0


def test_a_worker_takes_one_at_a_time_the_oldest_first():
    result = run(Clients(rate_per_s=2, **EVEN), Queue(store_ms=0), mailer(), duration_s=2)
    assert result.messages.received_s.round(6).tolist()[:2] == [0, 1]
    assert result.messages.outcome.tolist() == ["done", "in flight", "waiting", "waiting"]
    assert open_at(*result.backlog("queue"), 1.7) == 2


def test_a_visibility_shorter_than_the_work_has_everything_done_twice():
    how = {"visibility_s": 0.5, "store_ms": 0}
    result = run(Clients(rate_per_s=0.25, **EVEN), Queue(**how), mailer(workers=2), duration_s=4)
    assert told(result) == [(0, 0, 1, 2, "done")]
    assert result.components.again["queue"] == 1
    assert len(result.visits.query("component == 'mailer'")) == 2


def test_a_message_comes_back_after_its_visibility_when_its_worker_dies():
    system = (Clients(rate_per_s=0.05, **EVEN), Queue(visibility_s=5, store_ms=0), mailer(workers=2))
    result = run(*system, duration_s=15, events=[Outage("mailer", at_s=0.5, for_s=1)])
    assert told(result) == [(0, 0, 6, 2, "done")]


def test_a_poisoned_message_comes_for_ever_or_becomes_a_dead_letter():
    poison = [Errors("mailer", at_s=0, for_s=1000, share=1, same=True)]
    system = (Clients(rate_per_s=0.001, **EVEN), Queue(visibility_s=30, store_ms=0), mailer())
    assert told(run(*system, duration_s=200, events=poison))[0][3:] == (7, "in flight")
    limited = (system[0], Queue(visibility_s=30, store_ms=0, max_receives=3), system[2])
    result = run(*limited, duration_s=200, events=poison)
    assert told(result)[0][3:] == (3, "dead")
    assert result.components.dead["queue"] == 1
    assert "dead letter" in result.explain()


def test_a_full_queue_answers_503():
    result = run(Clients(rate_per_s=10, **EVEN), Queue(limit=3, store_ms=0), mailer(service_ms=1e6), duration_s=1)
    assert result.requests.status.tolist() == [202] * 4 + [503] * 6


def test_the_most_important_is_handed_out_first():
    crowd = [Clients("A", rate_per_s=5, **EVEN), Clients("B", rate_per_s=5, priority=1, **EVEN)]
    result = simulate(crowd >> Queue(store_ms=0) >> mailer(service_ms=400), duration_s=2)
    first = result.visits.query("component == 'mailer'").sort_values("started_s").request
    assert result.requests.client[first].tolist()[1:4] == ["b"] * 3


def test_machines_that_are_added_take_at_once():
    system = Clients(rate_per_s=10, **EVEN) >> Queue(store_ms=0) >> mailer(replicas=1)
    result = simulate(system, duration_s=20, events=[Change("mailer.replicas", 30, at_s=10)])
    assert open_at(*result.backlog("queue"), 9.9) > 80
    assert open_at(*result.backlog("queue"), 15) == 0


def test_ten_together_take_one_turn_and_what_each_adds():
    server = mailer(service_ms=1000, item_ms=100)
    result = run(Clients(rate_per_s=10, **EVEN), Queue(store_ms=0, batch=10, batch_wait_s=5), server, duration_s=4)
    assert result.messages.received_s.round(3).tolist()[:10] == [0.9] * 10
    assert result.messages.done_s.round(3).tolist()[:10] == [2.8] * 10


def agrees(values, expected):
    mean = sum(values) / len(values)
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) ** 0.5
    return abs(mean - expected) <= student(len(values) - 1, 0.999) * spread


@pytest.mark.parametrize(("workers", "load"), [(1, 0.7), (3, 0.8)])
def test_the_age_of_a_message_is_that_of_m_m_c(workers, load):
    ages = []
    for seed in range(1, 9):
        system = Clients(rate_per_s=load * workers * 10) >> Queue(store_ms=0) >> Server(workers=workers, service_ms=100)
        done = simulate(system, duration_s=700, warmup_s=60, seed=seed, engine="events").messages.query(
            "published_s > 60"
        )
        ages.append((done.done_s - done.published_s).mean())
    assert agrees(ages, theory.mmc(load * workers * 10, 0.1, workers).time_in_system_s)


def test_greedy_batches_wait_as_theory_says():
    waits = []
    for seed in range(1, 9):
        system = (
            Clients(rate_per_s=4) >> Queue(store_ms=0, batch=5, visibility_s=1e4) >> Server(workers=1, service_ms=1000)
        )
        mine = simulate(system, duration_s=3000, warmup_s=300, seed=seed).messages.query(
            "published_s > 300 & receives > 0"
        )
        waits.append((mine.received_s - mine.published_s).mean())
    assert agrees(waits, theory.batch_server(4, 1, 5).wait_s)


def test_a_topic_gives_every_branch_its_own_copy_and_a_slow_one_holds_nobody():
    slow = Queue("Slow queue") >> Server("Slow", workers=1, service_ms=5000)
    system = Clients(rate_per_s=2, **EVEN) >> Topic() >> [Queue("Quick queue") >> Server("Quick", service_ms=10), slow]
    result = simulate(system, duration_s=30)
    assert (result.requests.status == 202).all()
    assert (result.requests.latency_ms == 0).all()
    counts = result.messages.groupby("queue").outcome.value_counts()
    assert counts["quick_queue", "done"] == 60
    assert counts["slow_queue", "waiting"] > 50


def test_a_copy_that_a_branch_refuses_is_lost_and_said():
    limited = Server("Full", workers=1, service_ms=10_000, service_cv=0, queue_limit=0)
    result = simulate(Clients(rate_per_s=1, **EVEN) >> Topic() >> [limited, Server("Other")], duration_s=5)
    assert result.components.lost["topic"] == 4
    assert "4 copies" in result.explain()


def test_a_message_that_is_done_while_it_waits_is_not_the_oldest_that_waits():
    """It stands behind a more important one, so that nobody has come to it yet."""
    Asked = make_dataclass("Asked", ["priority", ("place", str, None)])
    kept, late = Messages(Queue(visibility_s=1)), Message("queue", Asked(0), 0.0)
    kept.add(late)
    taken, _ = kept.take(1, 0.0)
    kept.come_back(1.0)
    kept.add(Message("queue", Asked(1), 1.5))
    kept.done(taken, 2.0)
    assert (len(kept), kept.oldest_s) == (1, 1.5)
    assert [message.published_s for message in kept.take(9, 2.0)[0]] == [1.5] and len(kept) == 0
