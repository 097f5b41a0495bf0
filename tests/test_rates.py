"""Mean rates, worked out like water, against long runs: what comes, what goes on, what is refused at every part.

The customers come evenly, so that the counts of a run differ from the rates by no more than what is inside when it ends,
and by the chance in what is drawn of each: the share of an endpoint, of a key, of a way.
"""

import pytest

from pmtech import (
    CDN,
    Cache,
    Clients,
    ConnectionPool,
    Database,
    Day,
    Gateway,
    Gather,
    LoadBalancer,
    Network,
    Queue,
    RateLimiter,
    Retry,
    Server,
    System,
    Throttle,
    Topic,
    simulate,
    theory,
)
from pmtech.system.flow import flows

FIFTY = Clients(rate_per_s=50, arrivals="even")
TWO_PATHS = Clients(rate_per_s=50, arrivals="even", endpoints={"/a": 3, "/b": 1})


def fixed(name=None, workers=8, service_ms=100, **more):
    return Server(name, workers=workers, service_ms=service_ms, service_cv=0, **more)


SYSTEMS = {
    "a topic copies": FIFTY >> Topic() >> [fixed("A"), fixed("B", queue_limit=5, workers=2)],
    "a gather asks all": FIFTY >> Gather() >> [fixed("A"), fixed("B", service_ms=10)] >> Database(query_cv=0),
    "a queue hands out what its worker can do": FIFTY >> Queue(store_ms=0) >> fixed(workers=2),
    "in batches": FIFTY >> Queue(store_ms=0, batch=10) >> fixed(workers=1, item_ms=20),
    "to several": FIFTY >> Queue(store_ms=0) >> [fixed("A", workers=1), fixed("B", workers=1, service_ms=50)],
    "over a balancer": FIFTY
    >> Queue(store_ms=0)
    >> LoadBalancer(policy="least_connections")
    >> fixed(workers=1, replicas=3),
    "over a slow way": FIFTY >> Queue(store_ms=0) >> Throttle(rate_per_s=12) >> fixed(),
    "through a few connections": FIFTY >> Queue(store_ms=0) >> ConnectionPool(size=2, open_ms=0) >> fixed(),
    "whose workers are held": FIFTY >> Queue(store_ms=0) >> fixed(workers=4) >> Database(query_ms=60, query_cv=0),
    "into another": FIFTY >> Queue("First", store_ms=0) >> Queue("Second", store_ms=0) >> fixed(workers=3),
    "held by a network": FIFTY >> fixed(workers=4, service_ms=20) >> Network(round_trip_ms=180) >> fixed("Deep"),
    "held by the slower of two": FIFTY
    >> fixed(workers=4, service_ms=20)
    >> Gather()
    >> [fixed("A"), fixed("B", service_ms=180)],
    "held by nobody": FIFTY >> fixed(workers=1, service_ms=10) >> Queue(store_ms=5) >> fixed("Later", workers=3),
    "routes": TWO_PATHS
    >> Gateway()
    >> {"/a": fixed("A", workers=2), "/b": RateLimiter(limit=5, algorithm="token_bucket") >> fixed("B")},
    "retries of what does not fail": FIFTY >> Retry() >> fixed(),
    "a gather that asks some, and the others when they are late": FIFTY
    >> Gather(need=1, hedge_after_ms=9000)
    >> [fixed("A"), fixed("B", service_ms=50), fixed("C") >> fixed("D", service_ms=10)],
    "no copy of what is put off": FIFTY >> CDN() >> Cache() >> fixed() >> Queue(store_ms=0) >> fixed("Later"),
    "nor where one of several puts it off": FIFTY >> Cache() >> Gather() >> [fixed("A"), Topic() >> fixed("B")],
    "nor behind a way": TWO_PATHS
    >> Gateway()
    >> {"/a": CDN(keeps=("/b",)) >> fixed("A"), "/b": Cache() >> Queue() >> fixed("B")},
    "over a day": FIFTY.__class__(rate_per_s=50, arrivals="even", profile=Day(lasts_s=50)) >> fixed(),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_long_run_goes_as_the_water(name):
    system, lasts_s = SYSTEMS[name], 100
    result, (per_part, _) = simulate(system, duration_s=lasts_s), flows(system)
    for part in result.components.index:
        flow, here = per_part[part], result.visits[result.visits.component == part]
        batch = max((one.batch for one in system.parts if one.pulls), default=1)
        chance = 0 if len(system.sources["clients"].endpoints) == 1 else 3.3 * (flow.arrives * lasts_s / 4) ** 0.5
        within = (
            chance
            + 2 * batch
            + int(here.left_s.isna().sum()) * (not system.components[part].pulls)
            + 0.002 * 50 * lasts_s
        )
        together = batch if system.components[part].station else 1
        assert len(here) * together == pytest.approx(flow.arrives * lasts_s, abs=within), part
        assert result.components.rejected[part] == pytest.approx(flow.refused * lasts_s, abs=within), part
        if system.components[part].pulls:
            outcomes = result.messages[result.messages.queue == part].outcome.value_counts()
            assert outcomes["done"] == pytest.approx(flow.passes * lasts_s, abs=within), part
            assert outcomes.get("waiting", 0) == pytest.approx(flow.held_back * lasts_s, abs=within), part


def test_a_cache_behind_a_route_is_asked_for_its_share_alone():
    """Three of four requests reach it; what it remembers for a second is asked for three quarters as often as all together."""
    clients = Clients(rate_per_s=100, endpoints={"/a": 3, "/b": 1}, keys=50, popularity=0)
    store = fixed("A", service_ms=0.01)
    system = clients >> Gateway() >> {"/a": Cache(capacity=50, ttl_s=1) >> store, "/b": fixed("B")}
    misses = flows(system)[0]["a"].arrives
    assert misses == pytest.approx(75 * (1 - theory.ttl_cache([1.5] * 50, 1).hit_ratio))
    result = simulate(system, duration_s=200)
    assert abs(len(result.records.visits["a"].row) - misses * 200) < 3.3 * (misses * 200) ** 0.5


VIEWERS = Clients.in_places(("Mumbai", "London"), rate_per_s=40, keys=10, endpoints={"/a": 1, "/b": 3})


@pytest.mark.parametrize(
    "cdn",
    [
        CDN(edges=("Mumbai", "London"), ttl_s=2),
        CDN(edges=("Mumbai", "London"), ttl_s=2, keeps=("/a",)),
        CDN(edges=("Mumbai", "London"), ttl_s=2, shield="London"),
        CDN(edges=("Mumbai", "London"), ttl_s=60, shield="London", keeps=("/b",), capacity=3),
    ],
)
def test_what_a_cdn_sends_on(cdn):
    """What it may not keep goes on, and behind a shield all copies of an answer get too old at the same time."""
    system = VIEWERS >> cdn >> Gateway() >> {"/a": fixed("A", 99, 0.1), "/b": fixed("B", 99, 0.1)}
    result, (per_part, _) = simulate(system, duration_s=420), flows(system)
    for part in ("gateway", "a", "b"):
        came = (result.records.visits[part].entered_s >= 20).sum() / 400
        # The way between the cities, and Che's approximation where there is room for three, are left out.
        assert per_part[part].arrives == pytest.approx(came, rel=0.06 if cdn.capacity > 3 else 0.1), part


@pytest.mark.parametrize(
    "before",
    [
        lambda cache: Throttle(rate_per_s=8, max_wait_s=0.1) >> cache,
        lambda cache: RateLimiter(limit=8) >> cache,
        lambda cache: Gateway() >> {"/a": Gateway() >> {"/a": cache}, "/b": fixed("Else")},
    ],
)
def test_a_cache_is_asked_as_often_as_what_stands_before_it_lets_through(before):
    """What it remembers for five seconds is asked for by fewer, so that it answers a smaller share of them."""
    clients = Clients(rate_per_s=32, endpoints={"/a": 1, "/b": 3}, keys=20, popularity=0)
    system = clients >> before(Cache(capacity=20, ttl_s=5) >> fixed("A", service_ms=0.01))
    misses = flows(system)[0]["a"].arrives
    assert misses == pytest.approx(8 * (1 - theory.ttl_cache([8 / 20] * 20, 5).hit_ratio))
    result = simulate(system, duration_s=500)
    assert abs(len(result.records.visits["a"].row) - misses * 500) < 3.3 * (misses * 500) ** 0.5


@pytest.mark.parametrize("parting", [Gather, LoadBalancer])
@pytest.mark.parametrize("before", [CDN, Server, Queue])
def test_ways_that_part_and_meet_again_are_gone_through_once(monkeypatch, before, parting):
    """Twelve times in a row: 4,096 ways, of 39 parts."""
    tail = Server("Last")
    for number in range(12):
        tail = parting(f"G{number}") >> [Network(f"A{number}") >> tail, Network(f"B{number}") >> tail]
    system, asked, after = Clients() >> before() >> tail, [], System.after
    monkeypatch.setattr(System, "after", lambda *of: asked.append(of) or after(*of))
    flows(system)
    assert 39 <= len(asked) < 1000


def test_what_is_not_held_is_not_called_held_by_rounding():
    """Four callers' mean of 50 ms is 50 ms and a trace of rounding: no wait, and none in the box."""
    callers = [
        Clients(f"From {city}", rate_per_s=rate) for city, rate in zip("abcd", (24.1, 0.7, 13.3, 57.9), strict=True)
    ]
    for ms in (50, 6000, 7, 33.3):
        assert flows(callers >> LoadBalancer() >> Server(service_ms=ms))[0]["server"].held_ms == 0


def test_each_endpoint_waits_for_the_slowest_of_its_own_ways():
    """The mean of the longest (30 ms for either), not the longest of the means (15 ms)."""
    system = (
        Clients(endpoints={"/a": 1, "/b": 1})
        >> Server(service_ms=5)
        >> Gather()
        >> [
            Gateway("One") >> {"/a": fixed("A", service_ms=30), "/b": fixed("B", service_ms=0.01)},
            Gateway("Other") >> {"/a": fixed("C", service_ms=0.01), "/b": fixed("D", service_ms=30)},
        ]
    )
    assert flows(system)[0]["server"].held_ms == pytest.approx(30 + Gateway().own_ms)
