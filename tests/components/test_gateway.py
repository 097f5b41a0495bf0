"""A gateway: a part for each endpoint."""

import pytest

from pmtech import Clients, Gateway, LoadBalancer, Outage, Server, System, simulate


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


ASKED = {"/export": 1, "/submit": 1}


def door(**more):
    sources = [
        Clients(name, rate_per_s=2, arrivals="even", endpoints=ASKED) for name in ("Visitors", "Company D", "Script")
    ]
    keys = {"Visitors": ["/export", "/submit"], "company_d": "/export"}
    return sources >> Gateway(keys=keys, **more) >> {"/export": Server("Exports"), "/submit": Server("Submissions")}


def test_who_has_no_key_is_401_and_what_a_key_does_not_open_is_403():
    requests = simulate(door(), duration_s=60).requests
    statuses = requests.groupby(["client", "endpoint"]).status.agg(set).to_dict()
    served = {200, 0}  # some are still inside at the end
    assert statuses.pop(("visitors", "/export")) | statuses.pop(("visitors", "/submit")) <= served
    assert statuses.pop(("company_d", "/export")) <= served
    assert statuses == {("company_d", "/submit"): {403}, ("script", "/export"): {401}, ("script", "/submit"): {401}}


def test_no_key_is_said_before_no_route(story):
    stranger = Clients(rate_per_s=1, arrivals="even", endpoints="/nowhere")
    assert story(stranger >> Gateway(keys={}) >> {"/a": Server()}, duration_s=1).requests == [("clients", 0, 0, 401)]


def test_the_mean_rates_know_the_keys():
    mix = {
        ("company_d", "/submit"): 1.0,
        ("company_d", "/export"): 2.0,
        ("script", "/export"): 4.0,
        ("visitors", "/x"): 8.0,
    }
    passed, refused = door().components["gateway"].passes(mix, 1e9, {}, {"/export", "/submit"})
    assert (passed, refused) == ({("company_d", "/export"): 2.0}, 13.0)


def test_its_own_time_comes_before_the_work_and_before_a_no(story):
    sources = [
        Clients("Buy", rate_per_s=1, arrivals="even", endpoints="/checkout"),
        Clients("Lost", rate_per_s=1, arrivals="even", endpoints="/lost"),
    ]
    run = story(sources >> Gateway(own_ms=250) >> {"/checkout": Server(service_ms=125, service_cv=0)}, duration_s=1)
    assert sorted(run.requests) == [("buy", 0.0, 0.375, 200), ("lost", 0.0, 0.25, 404)]


def test_when_the_door_is_dead_nobody_gets_through_and_who_was_inside_is_lost(story):
    buy = Clients("Buy", rate_per_s=4, arrivals="even", endpoints="/checkout")
    system = buy >> Gateway() >> {"/checkout": Server(service_ms=125, service_cv=0)}
    run = story(system, duration_s=1.25, events=[Outage("gateway", at_s=0.3, for_s=0.5)])
    assert run.requests == [
        ("buy", 0.0, 0.125, 200),
        ("buy", 0.25, 0.375, 502),
        ("buy", 0.5, 0.5, 502),
        ("buy", 0.75, 0.75, 502),
        ("buy", 1.0, 1.125, 200),
    ]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (["Company D"], "keys must be clients with endpoints"),
        ({"Company D": 3}, 'what the key of "Company D" opens must be endpoints'),
    ],
)
def test_keys_are_refused_in_a_sentence(keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        Gateway(keys=keys)


def test_keys_are_kept_in_a_file(tmp_path):
    door(own_ms=2).save(tmp_path / "door.json")
    assert System.open(tmp_path / "door.json") == door(own_ms=2)
