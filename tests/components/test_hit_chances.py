"""What the picture of a system says about caches, against runs of the same system."""

import numpy as np
import pytest

from pmtech import Cache, Clients, Database, Gateway, LoadBalancer, Network, Server, Users, simulate
from pmtech.diagram import diagram, sentences
from pmtech.diagram.layout import layout
from pmtech.system.flow import flows
from pmtech.theory import stale_chances

VIEWERS = Clients("Viewers", rate_per_s=100, keys=500, write_share=0.02)
QUICK = Database(connections=50, query_ms=1)


@pytest.mark.parametrize(
    "how",
    [
        {"capacity": 50},
        {"capacity": 50, "policy": "fifo"},
        {"capacity": 50, "policy": "random"},
        {"capacity": 50, "invalidate": True},
        {"capacity": 500, "ttl_s": 5},
        {"capacity": 500, "ttl_s": 5, "invalidate": True},
        {"capacity": 50, "ttl_s": 5},
    ],
    ids=str,
)
def test_the_long_run_is_what_a_warm_run_does(how):
    cache = Cache(**how)
    run = simulate(VIEWERS >> cache >> QUICK, duration_s=150, warmup_s=50).components.loc["cache"]
    reads, writes = VIEWERS.asked()
    chances = cache.hit_chances(reads, writes)
    # 10,000 reads: three standard deviations of a share are at most 0.015
    assert run.hit_ratio == pytest.approx(np.average(chances, weights=reads), abs=0.015)


@pytest.mark.parametrize("ttl_s", [2, 20])
def test_how_much_of_what_a_cache_answers_is_out_of_date(ttl_s):
    system = VIEWERS >> Cache(capacity=500, ttl_s=ttl_s) >> QUICK
    runs = [simulate(system, duration_s=300, warmup_s=20, seed=seed) for seed in range(3)]
    reads, writes = VIEWERS.asked()
    chances = Cache(capacity=500, ttl_s=ttl_s).hit_chances(reads, writes)
    expected = np.average(stale_chances(ttl_s, writes), weights=reads * chances)
    # hits on the same copy are out of date together, so few writes of few popular keys decide
    assert np.mean([run.components.stale_ratio["cache"] for run in runs]) == pytest.approx(expected, abs=0.02)


def test_the_most_popular_stay_in_an_lfu_cache():
    reads, writes = VIEWERS.asked()
    chances = Cache(capacity=50, policy="lfu").hit_chances(reads, writes)
    assert chances[:50].min() == 1 and chances[50:].max() == 0
    assert Cache(capacity=500).hit_chances(reads, writes).min() == 1


def test_a_picture_shows_what_a_cache_sends_on():
    per_part, per_edge = flows(VIEWERS >> Server(workers=50, service_ms=10) >> Cache(capacity=50) >> QUICK)
    reads, writes = VIEWERS.asked()
    misses = (reads * (1 - Cache(capacity=50).hit_chances(reads, writes))).sum() + writes.sum()
    assert [round(rate, 6) for rate in per_edge.values()] == [100, 100, round(misses, 6)]
    assert per_part["cache"].held_back == 0
    assert per_part["server"].held_ms == pytest.approx(misses / 100)  # only a miss keeps a worker waiting for the query


def test_streams_that_meet_and_part_before_a_cache():
    pool = [Server(workers=50, service_ms=10) >> Cache(capacity=50) for _ in range(2)]
    split = VIEWERS >> LoadBalancer() >> pool >> QUICK
    api = Clients("API", rate_per_s=50, keys=900, popularity=0.5)
    shared = [VIEWERS, api] >> Gateway() >> {"/": Cache(capacity=50) >> QUICK}
    for system in (split, shared):
        run = simulate(system, duration_s=150, warmup_s=50)
        asked_for = (run.visits.query("component == 'database'").entered_s >= 50).sum() / 100
        assert flows(system)[0]["database"].arrives == pytest.approx(asked_for, rel=0.03)


def test_caches_behind_one_another_and_each_callers_own():
    people = Users("People", count=20, think_s=0.5, keys=100, popularity=1.2)
    system = (
        people
        >> Cache("Browser", capacity=20, private=True)
        >> Network(round_trip_ms=10)
        >> Cache(capacity=40)
        >> QUICK
    )
    run = simulate(system, duration_s=160, warmup_s=80)
    scale = run.summary.offered_per_s / 40  # users also wait for their answers
    for name in ("network", "database"):
        came = (run.records.visits[name].entered_s >= 80).sum() / 80
        # Che takes what one cache sends on for random again, which it is not quite
        assert flows(system)[0][name].arrives * scale == pytest.approx(came, rel=0.1)


def test_words_icons_and_keys_of_the_picture():
    assert Cache(capacity=1, ttl_s=60, coalesce=True, invalidate=True).facts() == [
        "1 answer", "for 60 s at most", "a write removes its copy", "asks once for all who wait",
    ]  # fmt: skip
    assert Cache(capacity=2000, private=True).facts() == ["2,000 answers for each caller"]
    assert Network(round_trip_ms=150).facts() == ["150 ms there and back"]
    system = VIEWERS >> Network() >> Server(workers=50) >> Cache(capacity=500) >> QUICK
    assert "Cache (500 answers) gets 100 requests a second, sends 2 requests a second to Database." in sentences(
        layout(system)
    )
    drawn = diagram(system)
    assert drawn.count('class="icon"') == 5 and len({path for path in drawn.split('d="') if "icon" not in path}) > 5
    assert 'tabindex="0"' in drawn and 'tabindex="0"' not in diagram(VIEWERS >> QUICK)
    assert flows(Clients(rate_per_s=0) >> Cache() >> QUICK)[0]["database"].arrives == 0
