"""A database: a pool of connections."""

from pmtech import Change, Clients, Database, Gateway, Server

CLIENTS = Clients(rate_per_s=4, arrivals="even")


def test_capacity():
    assert Database(connections=20, query_ms=20).capacity_per_s == 1000


def test_queries_wait_for_a_connection(story):
    run = story(CLIENTS >> Database(connections=2, query_ms=625, query_cv=0), duration_s=1.25)
    assert run.visits == [
        (0, "database", 0.0, 0.0, 0.625),
        (1, "database", 0.25, 0.25, 0.875),
        (2, "database", 0.5, 0.625, None),
        (3, "database", 0.75, 0.875, None),
        (4, "database", 1.0, None, None),
    ]


def test_past_its_waiting_places_it_answers_503_and_the_server_passes_that_on(story):
    server = Server(workers=9, service_ms=125, service_cv=0)
    run = story(CLIENTS >> server >> Database(connections=1, query_ms=1000, query_cv=0, queue_limit=1), duration_s=1)
    assert run.requests == [
        ("clients", 0.0, None, 0),
        ("clients", 0.25, None, 0),
        ("clients", 0.5, 0.625, 503),
        ("clients", 0.75, 0.875, 503),
    ]
    assert run.refusals == [(2, "database", 0.625, 503, None), (3, "database", 0.875, 503, None)]
    assert run.result.components.rejected.to_dict() == {"server": 0, "database": 2}


def test_two_servers_share_one_database(story):
    database = Database(connections=1, query_ms=500, query_cv=0)
    clients = Clients(rate_per_s=4, arrivals="even", endpoints={"/a": 1})
    work = {"service_ms": 250, "service_cv": 0}
    system = clients >> Gateway() >> {"/a": Server("A", **work) >> database, "/b": Server("B", **work) >> database}
    assert list(system.components) == ["clients", "gateway", "a", "database", "b"]
    run = story(system, duration_s=0.75, events=[Change("clients.endpoints", "/b", at_s=0.125)])
    assert [visit for visit in run.visits if visit[1] != "gateway"] == [
        (0, "a", 0.0, 0.0, None),
        (0, "database", 0.25, 0.25, None),
        (1, "b", 0.25, 0.25, None),
        (1, "database", 0.5, None, None),
        (2, "b", 0.5, 0.5, None),
    ]


def test_connections_can_be_added_during_a_run(story):
    system = CLIENTS >> Database(connections=1, query_ms=1000, query_cv=0)
    run = story(system, duration_s=1, events=[Change("database.connections", 2, at_s=0.375)])
    assert run.visits == [
        (0, "database", 0.0, 0.0, None),
        (1, "database", 0.25, 0.375, None),
        (2, "database", 0.5, None, None),
        (3, "database", 0.75, None, None),
    ]
