"""A system is a value: composition, names, paths, and what is refused when it is built."""

import copy
import pickle

import pytest

from pmtech import (
    Autoscale,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    RateLimiter,
    Server,
    Surge,
    System,
    Throttle,
    Users,
    simulate,
)
from pmtech.system.system import check_complete

SURVEY_TOOL = (
    [Clients("Company A", rate_per_s=10), Clients("Company B", rate_per_s=30), Clients("Company C", rate_per_s=150)]
    >> Throttle(rate_per_s=80)
    >> Server(workers=8, service_ms=100)
)


def arrows(system):
    return [(system.names[e.tail], system.names[e.head], e.label) for e in system.edges]


def refused(build, *words):
    with pytest.raises(ValueError) as error:
        build()
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


# Composition


def test_sources_side_by_side_before_one_part():
    assert SURVEY_TOOL.names == ("company_a", "company_b", "company_c", "throttle", "server")
    assert arrows(SURVEY_TOOL) == [
        ("company_a", "throttle", None),
        ("company_b", "throttle", None),
        ("company_c", "throttle", None),
        ("throttle", "server", None),
    ]
    assert list(SURVEY_TOOL.sources) == ["company_a", "company_b", "company_c"]
    assert SURVEY_TOOL.sources["company_c"].rate_per_s == 150


def test_a_pool_and_what_lies_behind_it():
    system = Clients() >> LoadBalancer(policy="least_connections") >> [Server()] * 3 >> Database()
    assert arrows(system) == [
        ("clients", "load_balancer", None),
        ("load_balancer", "server_1", None),
        ("load_balancer", "server_2", None),
        ("load_balancer", "server_3", None),
        ("server_1", "database", None),
        ("server_2", "database", None),
        ("server_3", "database", None),
    ]


def test_a_route_table():
    system = Clients() >> Gateway() >> {"/checkout": Server(), "/search": Server(workers=2) >> Database()}
    assert set(arrows(system)) == {
        ("clients", "gateway", None),
        ("gateway", "server_1", "/checkout"),
        ("gateway", "server_2", "/search"),
        ("server_2", "database", None),
    }


def test_it_does_not_matter_where_the_brackets_stand():
    clients, throttle, server, database = Clients(), Throttle(), Server(), Database()
    left = ((clients >> throttle) >> server) >> database
    assert left == clients >> (throttle >> (server >> database))


def test_one_object_is_one_box_and_a_list_makes_copies():
    database = Database()
    shared = Clients() >> Gateway() >> {"/a": Server("A") >> database, "/b": Server("B") >> database}
    assert [name for name in shared.names if "database" in name] == ["database"]
    own = Clients() >> Gateway() >> {"/a": Server("A") >> Database(), "/b": Server("B") >> Database()}
    assert [name for name in own.names if "database" in name] == ["database_1", "database_2"]
    ways = Clients() >> LoadBalancer() >> [Server() >> Database()] * 2
    assert sorted(ways.names) == ["clients", "database_1", "database_2", "load_balancer", "server_1", "server_2"]
    assert simulate(ways, duration_s=5).summary.error_rate == 0


def test_a_source_may_join_later():
    server = Server()
    system = [Clients("A") >> Throttle() >> server, Clients("B") >> server] >> Database()
    assert set(arrows(system)) == {
        ("a", "throttle", None),
        ("throttle", "server", None),
        ("b", "server", None),
        ("server", "database", None),
    }


def test_flow_order_puts_every_part_before_those_that_it_sends_to():
    database = Database()
    system = (
        [Clients("A"), Clients("B")]
        >> Gateway()
        >> {
            "/a": Server("Y") >> database,
            "/b": LoadBalancer() >> [Server("X")] * 2 >> database,
        }
    )
    order = system.plan.order
    assert sorted(order) == list(range(len(system.parts)))
    assert all(order.index(e.tail) < order.index(e.head) for e in system.edges)


def test_cost_counts_every_machine():
    system = (
        Clients() >> LoadBalancer() >> Server(price_usd_per_hour=0.25, replicas=4) >> Database(price_usd_per_hour=2)
    )
    assert system.cost_usd_per_hour == simulate(system, duration_s=1).summary.cost_usd_per_hour == 3


# What can't work


def test_what_can_not_work_is_refused_with_the_mend():
    refused(lambda: Clients() >> Server(replicas=3), '3 replicas of "server" need a LoadBalancer in front of them')
    refused(
        lambda: Clients() >> Gateway() >> {"/a": Server("Web", replicas=2)},
        '2 replicas of "web" need a LoadBalancer in front of them',
    )
    refused(
        lambda: Clients() >> [Server(), Server()],
        '"clients" can\'t choose between "server_1", "server_2": put a LoadBalancer before them',
    )
    refused(
        lambda: Clients() >> Server("Shop") >> [Database(), Server("Bank")],
        '"shop" can\'t choose between "database", "bank": put a LoadBalancer before them, or a Gather, which asks them all',
    )
    refused(
        lambda: Clients() >> Gateway() >> {"/a": [Server(), Server()]},
        '"gateway" has several parts for "/a": put a LoadBalancer before them',
    )
    refused(lambda: Clients() >> Server() >> {"/a": Server()}, "a route table needs a Gateway", '"server" is none')
    refused(lambda: Clients() >> Database() >> Server(), 'nothing can come after "database"')
    refused(lambda: Server() >> Clients(), '"clients" sends requests; nothing can go into it')
    refused(
        lambda: Clients() >> LoadBalancer() >> [Server(), Users()], '"users" sends requests; nothing can go into it'
    )


def test_a_cycle_is_refused():
    a, b = Server("A"), Server("B")
    refused(lambda: Clients() >> a >> b >> a, "in a circle", '"a"', "write a second part")
    refused(lambda: a >> a, "in a circle", '"a"')
    balancer = LoadBalancer()
    refused(lambda: Clients() >> balancer >> [a, b] >> balancer, "in a circle")


def test_an_empty_pool_or_table_is_refused():
    refused(lambda: Clients() >> LoadBalancer() >> [], "an empty list: a pool needs at least one part")
    refused(lambda: [] >> Server(), "an empty list")
    refused(lambda: Clients() >> Gateway() >> {}, "an empty route table", "{endpoint: part}")
    refused(lambda: Clients() >> Gateway() >> {"/a": []}, "an empty list")


def test_only_parts_can_be_joined():
    for other in (3, "Server", None, 2.5, object(), [3], {"/a": 3}):
        refused(lambda other=other: Gateway() >> other, "only parts such as Server() can be joined, got")
    refused(lambda: 3 >> Server(), "only parts such as Server() can be joined, got 3")
    refused(lambda: Clients() >> Server, "write Server()")
    refused(lambda: Clients() >> Gateway() >> {3: Server()}, 'a route must be an endpoint such as "/checkout", got 3')


def test_an_incomplete_system_can_not_run():
    refused(lambda: simulate(Server()), 'nothing sends requests to "server": put Clients() >> before it')
    refused(lambda: simulate(Throttle() >> Server()), 'nothing sends requests to "throttle"')
    refused(lambda: simulate(Clients()), '"clients" has nowhere to send requests: put >> Server() after it')
    refused(lambda: simulate(Clients() >> LoadBalancer()), '"load_balancer" has nowhere to send requests')
    refused(lambda: simulate(Clients() >> Gateway()), '"gateway" has nowhere to send requests')
    refused(lambda: simulate(3), "a system such as Clients() >> Server() is needed, got 3")
    assert check_complete(Clients() >> Throttle())


def test_a_gateway_without_a_route_table_is_refused():
    refused(lambda: Clients() >> Gateway() >> Server(), '"gateway"', "route table")


# Names and paths


def test_names():
    system = [Clients("Company C"), Clients(), Clients("2.5 x!"), Users()] >> RateLimiter()
    assert system.names == ("company_c", "clients", "2_5_x", "users", "rate_limiter")
    twins = [Clients(), Clients()] >> Server() >> Server() >> Database()
    assert twins.names == ("clients_1", "clients_2", "server_1", "server_2", "database")
    assert [twins.label(name) for name in twins.names] == ["Clients 1", "Clients 2", "Server 1", "Server 2", "Database"]
    assert SURVEY_TOOL.label("company_c") == "Company C"
    refused(lambda: Server("a 1") >> Server("a") >> Server("a"), 'two parts would be called "a_1"', "another name")


def test_replace_makes_a_new_system():
    more = SURVEY_TOOL.replace({"server.workers": 16, "company_c.rate_per_s": 300})
    assert (more.get("server.workers"), more.get("company_c.rate_per_s")) == (16, 300)
    assert (SURVEY_TOOL.get("server.workers"), SURVEY_TOOL.get("company_c.rate_per_s")) == (8, 150)
    assert more.edges == SURVEY_TOOL.edges
    assert more.replace({"server.workers": 8, "company_c.rate_per_s": 150}) == SURVEY_TOOL
    assert SURVEY_TOOL.replace({}) == SURVEY_TOOL


def test_values_of_one_part_are_put_in_at_once():
    """Each alone would be refused: at least 25 of at most 20. Whatever their order, both together are a rule."""
    system = Clients(endpoints={"/a": 1, "/b": 1}) >> LoadBalancer() >> Server(autoscale=Autoscale(most=20))
    least, most = ("server.autoscale.least", 25), ("server.autoscale.most", 30)
    for order in ([least, most], [most, least]):
        rule = system.replace(dict(order)).get("server.autoscale")
        assert (rule.least, rule.most) == (25, 30)
    inside_last = system.replace({"server.autoscale.most": 40, "server.autoscale": Autoscale(least=35, most=50)})
    assert inside_last.get("server.autoscale") == Autoscale(least=35, most=40)
    weights = system.replace({"clients.endpoints./a": 3, "clients.endpoints./b": 2})
    assert weights.get("clients.endpoints") == {"/a": 3, "/b": 2}


def test_a_name_that_twins_share_means_all_and_a_number_means_one():
    system = Clients() >> LoadBalancer() >> [Server()] * 3
    assert [p.workers for p in system.replace({"server.workers": 2}).parts[2:]] == [2, 2, 2]
    assert [p.workers for p in system.replace({"server_2.workers": 2}).parts[2:]] == [8, 2, 8]
    assert system.replace({"server_2.workers": 2}).get("server.workers") == 8  # of twins, the first


def test_paths_lead_into_a_surge_and_into_weights():
    clients = Clients(surge=Surge(at_s=1, for_s=2, times=3), endpoints={"/submit": 1, "/v1.0/view": 2})
    system = clients >> Server()
    assert system.replace({"clients.surge.times": 9}).get("clients.surge") == Surge(1, 2, 9)
    changed = system.replace({"clients.endpoints./submit": 5, "clients.endpoints./v1.0/view": 0})
    assert changed.get("clients.endpoints") == {"/submit": 5, "/v1.0/view": 0}
    assert changed.get("clients.endpoints./v1.0/view") == 0
    assert system.replace({"clients.surge": None}).get("clients.surge") is None


def test_values_may_depend_on_one_another():
    system = Clients() >> LoadBalancer() >> Server()
    assert system.replace({"server.replicas": 3}).get("server.replicas") == 3
    refused(lambda: (Clients() >> Server()).replace({"server.replicas": 3}), "3 replicas", "LoadBalancer")
    refused(lambda: system.replace({"server.workers": 0}), "workers must be at least 1, got 0")
    refused(lambda: system.replace({"clients.surge": 3}), "surge must be a Surge(...) or None, got 3")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("server.worker", 'there is no "worker" in "server.worker": did you mean workers?'),
        ("serverr.workers", 'there is no part "serverr" in "serverr.workers": did you mean server?'),
        ("company_d.rate_per_s", "did you mean company_c or company_b or company_a?"),
        ("workers", '"workers" is not a path such as "server.workers": did you mean server.workers'),
        ("server", '"server" is not a path such as "server.workers": did you mean server.'),
        ("server.workers.x", 'there is no "x" in "server.workers.x"'),
        ("company_a.endpoints./x", 'there is no "/x" in "company_a.endpoints./x": did you mean /?'),
        ("company_a.surge.times", 'there is no "times" in "company_a.surge.times"'),
        ("qqq.www", 'there is no part "qqq" in "qqq.www": there is company_a, company_b'),
        ("", '"" is not a path such as "server.workers"'),
        (None, '"None" is not a path such as "server.workers"'),
    ],
)
def test_a_path_that_leads_nowhere_is_answered_with_the_nearest(path, sentence):
    refused(lambda: SURVEY_TOOL.get(path), sentence)
    refused(lambda: SURVEY_TOOL.replace({path: 1}), sentence)


def test_replace_needs_a_dict():
    refused(
        lambda: SURVEY_TOOL.replace([("server.workers", 3)]),
        'replace needs {path: value} such as {"server.workers": 16}',
    )


# A value


def everything():
    database = Database(query_ms=3)
    return (
        [Clients("A", surge=Surge()), Users("B", endpoints={"/x": 1, "/y": 2})]
        >> RateLimiter(limit=9)
        >> Throttle(priority="/x")
        >> Gateway()
        >> {
            "/x": Server("X") >> database,
            "/y": LoadBalancer() >> Server("Y", replicas=2) >> database,
        }
    )


def test_equal_systems_are_equal_and_hash_alike():
    one, other = everything(), everything()
    assert one == other and hash(one) == hash(other) and one is not other
    assert {one: "seen"}[other] == "seen"
    assert one != one.replace({"x.workers": 9})
    assert one != SURVEY_TOOL and one != 3
    assert Clients() >> Server() >> Database() != Clients() >> Server()


def test_a_system_survives_pickle_and_copy():
    system = everything()
    for again in (pickle.loads(pickle.dumps(system)), copy.deepcopy(system), copy.copy(system)):
        assert again == system and hash(again) == hash(system) and repr(again) == repr(system)
        assert simulate(again, duration_s=5).requests.equals(simulate(system, duration_s=5).requests)


def test_a_repr_tells_the_parts_and_the_arrows():
    assert repr(Clients() >> Server(workers=2)) == "System(Clients(), Server(workers=2): clients >> server)"
    said = repr(Clients(endpoints="/a") >> Gateway() >> {"/a": Server()})
    assert said == (
        "System(Clients(endpoints={'/a': 1}), Gateway(), Server(): clients >> gateway; gateway >> server for \"/a\")"
    )
    assert repr(System((Server(),))) == "Server()"
    for word in ("Clients('A'", "Users('B'", "database", 'for "/y"'):
        assert word in repr(everything())


def test_a_system_can_not_be_changed():
    with pytest.raises(AttributeError):
        SURVEY_TOOL.parts = ()
