"""A queue among other parts: who is handed what, over which way, and what becomes of it when something dies."""

import pytest

from pmtech import (
    CDN,
    Autoscale,
    Cache,
    Change,
    Clients,
    Database,
    Errors,
    Gateway,
    Gather,
    LoadBalancer,
    Network,
    Outage,
    Queue,
    Retry,
    Server,
    Slowdown,
    Throttle,
    simulate,
    theory,
)
from pmtech.runs.running import Running

HALF_SECONDS = Clients(rate_per_s=2, arrivals="even")
QUARTERS = Clients(rate_per_s=4, arrivals="even")
ONE = Clients(rate_per_s=0.001, arrivals="even")  # a single request, at second 0


def worker(service_ms, workers=1, **more):
    return Server(workers=workers, service_ms=service_ms, service_cv=0, **more)


def messages(system, **how):
    """(published, received, done, receives, outcome) of every message."""
    table = simulate(system, **how).messages.drop(columns="queue")
    return [tuple(None if v != v else v for v in row) for row in table.itertuples(index=False, name=None)]


def at(run, name):
    return [(row[0], *row[2:]) for row in run.visits if row[1] == name]


# What comes back


def test_work_that_takes_longer_than_it_is_hidden_is_done_twice(story):
    """Hidden until 1, handed to the other worker then; the first is done at 1.25, and nobody gets it a third time."""
    run = story(ONE >> Queue(store_ms=0, visibility_s=1) >> worker(1250, workers=2), duration_s=9)
    assert at(run, "server") == [(0, 0.0, 0.0, 1.25), (0, 1.0, 1.0, 2.25)]
    assert run.result.messages.iloc[0, 1:].tolist() == [0.0, 0.0, 1.25, 2, "done"]


@pytest.mark.parametrize("between", [(), (Retry(attempts=1, timeout_ms=9000),), (Gather(), Retry(timeout_ms=9000))])
def test_work_that_is_done_late_is_not_handed_out_again_though_it_waits(between):
    """One worker: in the queue again from 1 on, but at 1.25 he has done it after all, and says so before he takes more,
    through whomever he says it."""
    system = ONE >> Queue(store_ms=0, visibility_s=1)
    for part in (*between, worker(1250)):
        system = system >> part
    assert messages(system, duration_s=9) == [(0.0, 0.0, 1.25, 1, "done")]


@pytest.mark.parametrize(("workers", "done"), [(2, (None, 1, "dead")), (1, (1.25, 1, "done"))])
def test_a_dead_letter_is_found_by_who_comes_for_it_and_stays_dead_though_its_work_succeeds_late(workers, done):
    """Its time is up at 1. A second worker comes for it then, and it is put aside; a single one is still at it, until 1.25."""
    system = ONE >> Queue(store_ms=0, visibility_s=1, max_receives=1) >> worker(1250, workers=workers)
    assert messages(system, duration_s=9) == [(0.0, 0.0, *done)]


def test_each_receive_has_luck_of_its_own():
    """With one failure in two, half of those that are left succeed each time; what is poisoned never does."""
    system = Clients(rate_per_s=20) >> Queue(store_ms=0, visibility_s=1) >> worker(1, workers=50)
    found = simulate(system, duration_s=60, events=[Errors("server", 0, 1e6, share=0.5)]).messages
    done = found[found.published_s < 45].receives
    for receives in (1, 2, 3):
        left = (done >= receives).sum()
        assert abs((done == receives).sum() - left / 2) < 3.3 * (left / 4) ** 0.5
    poisoned = simulate(system, duration_s=60, events=[Errors("server", 0, 1e6, share=0.5, same=True)]).messages
    assert set(poisoned[poisoned.outcome == "done"].receives) == {1}


def test_when_one_of_two_workers_dies_the_other_goes_on(story):
    """At 0.25 machine 1 dies with message 0, which is hidden until 2; those that wait are handed to machine 2."""
    run = story(
        HALF_SECONDS >> Queue(store_ms=0, visibility_s=2) >> worker(750, replicas=2),
        duration_s=3,
        events=[Outage("server", 0.25, 1)],
    )
    assert sorted(at(run, "server"), key=lambda visit: visit[1]) == [
        (0, 0.0, 0.0, 0.25),
        (1, 0.5, 0.5, 1.25),
        (2, 1.25, 1.25, 2.0),
        (3, 1.5, 1.5, 2.25),
        (0, 2.0, 2.0, 2.75),
        (4, 2.25, 2.25, None),
        (5, 2.75, 2.75, None),
    ]
    assert [status for *_, status in run.requests] == [202] * 6


def test_a_dead_queue_takes_nothing_and_loses_nothing():
    """Dead from 1.1 to 2.1: the requests of 1.5 and 2 fail; the message of 1 waits until it is back."""
    system = HALF_SECONDS >> Queue(store_ms=0) >> worker(600)
    result = simulate(system, duration_s=3, events=[Outage("queue", 1.1, 1)])
    assert result.requests.status.tolist() == [202, 202, 202, 502, 502, 202]
    assert result.messages.received_s.tolist()[:3] == [0.0, 0.6, 2.1]
    stored = simulate(ONE >> Queue(store_ms=500) >> worker(1), duration_s=2, events=[Outage("queue", 0.25, 1)])
    assert stored.requests.status.tolist() == [502] and len(stored.messages) == 0


# How much, together


def test_what_is_being_stored_counts_against_the_limit():
    """Each is stored within 0.5 s: 0 is handed over at 0.5, and 5 takes its place; 1 waits from 0.6 on."""
    system = Clients(rate_per_s=10, arrivals="even") >> Queue(limit=2, store_ms=500) >> worker(10_000)
    assert simulate(system, duration_s=1).requests.status.tolist() == [202, 202, 503, 503, 503, 0, 503, 503, 503, 503]
    assert simulate(system, duration_s=30).components.max_queue["queue"] == 2


def test_a_batch_waits_for_company_but_not_for_ever():
    """Full with the third at 0.5 s; or, when the first has waited for 0.4 s, with two."""
    run = simulate(QUARTERS >> Queue(store_ms=0, batch=3, batch_wait_s=0.6) >> worker(1, workers=9), duration_s=1.5)
    assert run.messages.received_s.tolist()[:5] == [0.5, 0.5, 0.5, 1.25, 1.25]
    run = simulate(QUARTERS >> Queue(store_ms=0, batch=3, batch_wait_s=0.4) >> worker(1, workers=9), duration_s=1.3)
    assert run.messages.received_s.tolist()[:4] == [0.4, 0.4, 0.9, 0.9]


def test_a_retry_asks_for_the_whole_batch(story):
    system = (
        QUARTERS >> Queue(store_ms=0, batch=2, batch_wait_s=9) >> Retry(timeout_ms=9_000) >> worker(250, item_ms=250)
    )
    assert at(story(system, duration_s=1), "server") == [(0, 0.25, 0.25, 0.75), (2, 0.75, 0.75, None)]


def test_a_batch_into_another_queue_is_as_many_messages():
    clients = Clients(rate_per_s=8, arrivals="even")
    system = clients >> Queue("First", store_ms=0, batch=4, batch_wait_s=9) >> Queue("Second", store_ms=0) >> worker(1)
    counts = simulate(system, duration_s=4.1).messages.value_counts(["queue", "outcome"]).to_dict()
    assert counts == {("first", "done"): 32, ("first", "waiting"): 1, ("second", "done"): 32}


def test_a_queue_behind_a_queue_is_filled_as_it_empties():
    system = HALF_SECONDS >> Queue("First", store_ms=0) >> Queue("Second", store_ms=0, limit=1) >> worker(1000)
    result = simulate(system, duration_s=20)
    assert result.components.rejected.sum() == 0
    assert result.components.max_queue["second"] == 1
    assert ((result.messages.queue == "second") & (result.messages.outcome == "done")).sum() == 19


@pytest.mark.parametrize(("wait", "most"), [(0.5, None), (0.5, 4), (None, 4)])
def test_waiting_for_company_costs_what_theory_says(wait, most):
    queue = Queue(store_ms=0, batch=most or 10_000, batch_wait_s=wait or 300)
    result = simulate(Clients(rate_per_s=6) >> queue >> worker(0.001, workers=99), duration_s=600)
    told = result.messages.dropna(subset="received_s")
    expected, batches = theory.linger(6, wait, most), told.groupby("received_s").size()
    assert abs(batches.mean() - expected.mean_batch) <= 3.3 * batches.std() / len(batches) ** 0.5
    # a batch is drawn anew each time, and so is the sum of the waits in it: a ratio of two means
    waits = (told.received_s - told.published_s).groupby(told.received_s).sum()
    off = waits - expected.wait_s * batches
    assert abs(off.mean()) <= 3.3 * off.std() / len(off) ** 0.5
    wrong = waits - 1.1 * expected.wait_s * batches
    assert abs(wrong.mean()) > 3.3 * wrong.std() / len(off) ** 0.5


# To whom, and over which way


def test_of_several_the_one_with_most_room_gets_it(story):
    one, two = (Server(name, workers=n, service_ms=5000, service_cv=0) for n, name in ((1, "One"), (2, "Two")))
    run = story(QUARTERS >> Queue(store_ms=0) >> [one, two], duration_s=2)
    assert [row[1] for row in run.visits if row[1] != "queue"] == ["two", "one", "two"]


def test_new_machines_take_what_waits_and_those_that_go_get_nothing_more(story):
    events = [Change("server.replicas", 3, 0.875), Change("server.replicas", 1, 1.125)]
    system = Clients(rate_per_s=8, arrivals="even") >> Queue(store_ms=0) >> worker(500)
    run = story(system, duration_s=2.2, events=events)
    assert [visit[1:] for visit in at(run, "server")] == [
        (0.0, 0.0, 0.5),
        (0.5, 0.5, 1.0),
        (0.875, 0.875, 1.375),
        (0.875, 0.875, 1.375),
        (1.0, 1.0, 1.5),
        (1.5, 1.5, 2.0),
        (2.0, 2.0, None),
    ]


@pytest.mark.parametrize(
    ("behind", "path"),
    [
        (LoadBalancer() >> worker(500), "server.replicas"),
        (LoadBalancer() >> [Network(round_trip_ms=0)] * 2 >> worker(500), "server.workers"),
        (Retry() >> LoadBalancer(policy="least_connections") >> worker(500), "server.replicas"),
    ],
)
def test_places_that_come_behind_a_balancer_are_found(behind, path):
    """One works off 2 a second of 8; from second 5 on there are five."""
    system = Clients(rate_per_s=8, arrivals="even") >> Queue(store_ms=0) >> behind
    result = simulate(system, duration_s=40, events=[Change(path, 5, 5)])
    assert (result.messages.outcome == "waiting").sum() == 0
    assert (result.messages.outcome == "done").sum() >= 310


def test_who_is_found_well_again_is_handed_out_to():
    """The machine is dead from 0.5 to 5.5; the balancer asks each second, and sends nothing there from 1 to 6."""
    system = ONE >> Queue(store_ms=2000) >> LoadBalancer(health_check_s=1, unhealthy_after=1) >> worker(125)
    result = simulate(system, duration_s=9, events=[Outage("server", 0.5, 5)])
    assert result.messages.received_s.tolist() == [6.0]


@pytest.mark.parametrize(
    ("queue", "way", "server"),
    [
        (Queue(), Network(round_trip_ms=200), worker(100, workers=4)),
        (Queue(place="Mumbai"), Retry(), worker(100, workers=4, place="Frankfurt")),
        (Queue(), Retry(timeout_ms=9000) >> Network(round_trip_ms=200), worker(100, workers=4)),
        (Queue(), Throttle(rate_per_s=10), worker(100, workers=4)),
    ],
)
def test_nobody_is_handed_more_than_can_be_begun_however_long_the_way(queue, way, server):
    """While a message is on its way its place counts as taken: the others wait in the queue, where their age is seen."""
    result = simulate(Clients(rate_per_s=50) >> queue >> way >> server, duration_s=30)
    assert result.components.max_queue["server"] == 0
    assert result.components.max_queue.drop("queue").max() <= 1
    assert result.components.max_queue["queue"] > 300


@pytest.mark.parametrize(
    ("way", "server", "events"),
    [
        (Retry(attempts=1, place="London"), worker(1000, place="Sydney"), [Errors("server", 0, 0.1, share=1)]),
        (Network(round_trip_ms=200), worker(1000), [Errors("server", 0, 0.15, share=1)]),
        (Gateway(own_ms=100), worker(1000), []),  # the first asks for what has no route
    ],
)
def test_a_place_that_was_kept_for_one_who_is_turned_away_is_free_for_another_queue(way, server, events):
    first = Clients("First", rate_per_s=0.001, arrivals="even", endpoints="/other")
    queues = [first >> Queue("A", store_ms=0), ONE >> Queue("B", store_ms=1)]
    behind = {"/": server} if isinstance(way, Gateway) else server
    told = simulate(queues >> way >> behind, duration_s=9, events=events).messages
    assert told.received_s.notna().all() and told.received_s[1] < 0.2 and told.outcome[1] == "done"


def test_a_message_sets_out_from_where_it_was_published():
    there_s, on_s = (theory.round_trip_ms("Frankfurt", place) / 2000 for place in ("Mumbai", "Paris"))
    store = Server("Store", workers=9, service_ms=1, service_cv=0, place="Frankfurt") >> Queue(store_ms=0)
    system = Clients(rate_per_s=0.001, arrivals="even", place="Mumbai") >> store >> worker(1, place="Paris")
    result = simulate(system, duration_s=9)
    assert result.requests.finished_s[0] == pytest.approx(2 * there_s + 0.001)
    stored_s = there_s + 0.001
    assert result.messages.iloc[0, 1:4].tolist() == pytest.approx([stored_s, stored_s, stored_s + 2 * on_s + 0.001])


def test_whose_client_has_its_answer_is_not_late():
    """`drops_late` is for those who still wait: a message of ten seconds ago is worked on, and asked for again."""
    clients = Clients(rate_per_s=2, arrivals="even", timeout_ms=500)
    result = simulate(clients >> Queue(store_ms=0) >> worker(900, drops_late=True), duration_s=20)
    assert set(result.messages.outcome) == {"done", "in flight", "waiting"} and result.components.rejected.sum() == 0
    retry = Retry(attempts=2, backoff="exponential", base_ms=2000)
    again = simulate(
        clients >> Queue(store_ms=0) >> retry >> worker(1), duration_s=20, events=[Errors("server", 0, 1, 1)]
    )
    assert set(again.messages[again.messages.published_s < 17].outcome) == {"done"}


# What happens meanwhile


def test_a_slow_queue_and_turned_knobs():
    system = HALF_SECONDS >> Queue(store_ms=100) >> worker(1)
    events = [Slowdown("queue", 0.25, 0.5, 3), Change("queue.store_ms", 50, 1.25)]
    assert simulate(system, duration_s=2, events=events).requests.latency_ms.tolist() == pytest.approx(
        [100, 300, 100, 50]
    )
    events = [Change("queue.batch", 2, 0.2), Change("queue.batch_wait_s", 1, 0.2)]
    late = simulate(system, duration_s=3, events=events)
    assert late.messages.received_s.tolist() == pytest.approx(
        [0.1, 1.1, 1.1, 2.1, 2.1, 2.7][:5] + [float("nan")], nan_ok=True
    )


def test_live_it_forgets_what_is_over_and_nothing_else():
    system = Clients(rate_per_s=20) >> Queue(visibility_s=60) >> worker(100)
    running = Running(system, 1, [Errors("server", 0, 5, share=1)])
    running.advance(30)
    kept = [m.told() for m in running.run.messages if m.is_under_way or m.published_s >= 20]
    running.run.forget(20)
    assert [m.told() for m in running.run.messages] == kept
    running.advance(300)
    assert {m.outcome for m in running.run.messages} == {"done", "waiting", "in flight"}
    assert sum(m.receives > 1 for m in running.run.messages) >= 10


def test_an_autoscaler_follows_what_a_queue_hands_out():
    """Eight workers are busy all the time; half of them is wanted, so sixteen, once the messages of the start are done."""
    rule = Autoscale(target=0.5, every_s=5, starts_s=5, most=30, calm_s=30)
    pool = Server(workers=1, service_ms=200, service_cv=0, autoscale=rule)
    result = simulate(Clients(rate_per_s=40, arrivals="even") >> Queue() >> pool, duration_s=120)
    assert result.at_end.components["server"].replicas == 16
    assert result.components.most_machines["server"] == 30
    assert (result.messages.outcome == "done").sum() == 40 * 120 - 8


def test_a_database_may_work_off_a_queue():
    result = simulate(HALF_SECONDS >> Queue(store_ms=0) >> Database(query_ms=125, query_cv=0), duration_s=2)
    assert result.messages.done_s.tolist() == [0.125, 0.625, 1.125, 1.625]


@pytest.mark.parametrize("before", [CDN(ttl_s=2.1), Cache(ttl_s=2.1)])
def test_what_was_accepted_for_later_is_no_copy_and_stays_a_202(before):
    clients = Clients(rate_per_s=2, arrivals="even", keys=1)
    asked = simulate(clients >> before >> Queue() >> Server(), duration_s=5)
    assert set(asked.requests.status) == {202} and len(asked.messages) == 10


def test_room_is_told_once_however_many_ways_lead_to_a_server():
    behind = Server("End", workers=1, service_ms=125, service_cv=0)
    for n in range(5):
        behind = (
            LoadBalancer(f"Fork {n}") >> [Network(f"{way} {n}", round_trip_ms=0) for way in ("Left", "Right")] >> behind
        )
    running = Running(HALF_SECONDS >> Queue(store_ms=0) >> behind, seed=1)
    running.advance(2)
    assert len(running.run.parts["end"][0].roomed) == 2  # by the two that ask it, and not by all 32 ways
    assert [message.done_s for message in running.run.messages] == [0.125, 0.625, 1.125, 1.625]
