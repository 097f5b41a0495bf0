"""A gateway: a part for each endpoint."""

from pmtech import Clients, Gateway, LoadBalancer, Server


def test_each_endpoint_has_a_way_of_its_own_and_what_has_none_is_404(story):
    sources = [
        Clients("Buy", rate_per_s=2, arrivals="even", endpoints="/checkout"),
        Clients("Find", rate_per_s=1, arrivals="even", endpoints="/search"),
        Clients("Lost", rate_per_s=1, arrivals="even", endpoints="/lost"),
    ]
    fast, slow = Server("Fast", service_ms=125, service_cv=0), Server("Slow", service_ms=375, service_cv=0)
    run = story(sources >> Gateway() >> {"/checkout": fast, "/search": slow}, duration_s=1)
    assert sorted(run.requests) == [
        ("buy", 0.0, 0.125, 200),
        ("buy", 0.5, 0.625, 200),
        ("find", 0.0, 0.375, 200),
        ("lost", 0.0, 0.0, 404),
    ]
    who = [client for client, *_ in run.requests]
    assert sorted((who[visit[0]], *visit[1:]) for visit in run.visits) == [
        ("buy", "fast", 0.0, 0.0, 0.125),
        ("buy", "fast", 0.5, 0.5, 0.625),
        ("buy", "gateway", 0.0, 0.0, 0.0),
        ("buy", "gateway", 0.5, 0.5, 0.5),
        ("find", "gateway", 0.0, 0.0, 0.0),
        ("find", "slow", 0.0, 0.0, 0.375),
        ("lost", "gateway", 0.0, None, 0.0),
    ]
    assert run.result.components.loc["gateway", ["served", "rejected"]].tolist() == [3, 1]


def test_a_route_is_the_whole_endpoint_word_for_word(story):
    clients = Clients(rate_per_s=1, arrivals="even", endpoints="/search/more")
    assert story(clients >> Gateway() >> {"/search": Server()}, duration_s=1).requests == [("clients", 0, 0, 404)]


def test_a_route_may_lead_to_a_pool(story):
    clients = Clients(rate_per_s=4, arrivals="even", endpoints="/a")
    pool = LoadBalancer() >> Server(workers=1, service_ms=125, service_cv=0, replicas=2)
    run = story(clients >> Gateway() >> {"/a": pool, "/b": Server("B")}, duration_s=1)
    assert run.column("served_by") == ["server#1", "server#2", "server#1", "server#2"]
