"""The closed forms against textbook values, against their limits and against each other."""

import math

import cachetools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.theory import (
    UniversalScalability,
    amdahl,
    che_lru,
    erlang_b,
    erlang_c,
    jackson,
    littles_law,
    md1,
    mg1,
    mm1,
    mm1k,
    mmc,
    mmck,
    power_of_choices,
    processor_sharing,
    reuse_distances,
    ttl_cache,
)

loads = st.floats(0.01, 0.99)
services = st.floats(1e-3, 10)
workers = st.integers(1, 60)


def close(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


# Textbook values


def test_mm1_at_80_percent_load():
    queue = mm1(rate_per_s=8, service_s=0.1)  # Kleinrock 1, 3.2: N = load / (1 - load), W = 1 / (mu - lambda)
    assert (queue.load, queue.in_system, queue.time_in_system_s) == (close(0.8), close(4), close(0.5))
    assert (queue.mean_queue, queue.wait_s) == (close(3.2), close(0.4))
    assert queue.latency_percentile_s(99) / queue.time_in_system_s == close(math.log(100))


def test_mmc_bank_with_two_tellers():
    # Two servers at load 0.75: P0 = 1/7, Lq = 27/14 (Gross and Harris, 2.3, by hand: r = 1.5, C = 9/14)
    queue = mmc(rate_per_s=1.5, service_s=1, workers=2)
    assert (queue.wait_probability, queue.mean_queue) == (close(9 / 14), close(27 / 14))


def test_erlang_tables():
    # Printed Erlang B tables: 1 % loss at 10 lines carries 4.461 erlangs, at 100 lines 84.06
    assert erlang_b(4.461, 10) == pytest.approx(0.01, abs=2e-5)
    assert erlang_b(84.06, 100) == pytest.approx(0.01, abs=2e-5)
    assert erlang_c(8, 10) == pytest.approx(0.4092, abs=5e-5)


@pytest.mark.parametrize("load", [0.5, 0.9, 0.99])
def test_power_of_two_choices(load):
    # Mitzenmacher (2001), corollary 5: the exponents 2^i - 2, written out
    series = sum(load**exponent for exponent in (0, 2, 6, 14, 30, 62, 126, 254, 510, 1022, 2046, 4094))
    assert power_of_choices(load).time_in_system_s == close(series)


def test_usl_fit_of_the_spec_sdm91_benchmark():
    # Gunther (2007), chapter 5; coefficients as printed by version 3 of R's package usl
    users, scripts = [1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2]
    law = UniversalScalability.fit(users, scripts)
    assert (law.alpha, law.beta) == (pytest.approx(0.0277285, abs=1e-6), pytest.approx(0.0001044, abs=5e-8))
    assert law.gamma_per_s == pytest.approx(89.9952330, abs=1e-4)
    assert law.peak_workers == pytest.approx(96.5, abs=0.05)


def test_amdahl_with_one_twentieth_serial():
    assert amdahl(workers=20, serial=0.05) == close(20 / 1.95)
    assert amdahl(workers=1e12, serial=0.05) == pytest.approx(20)


def test_jackson_with_feedback():
    # A tenth of the pages is served again: traffic 10 / 0.9, so the load is 1 / 0.9 of what comes from outside
    web = jackson({"web": 9}, {"web": {"web": 0.1}}, {"web": 0.05})
    assert web.stations["web"].accepted_per_s == close(10)
    assert web.time_in_system_s == close(mm1(10, 0.05).time_in_system_s / 0.9)


def test_jackson_of_a_shop():
    # lambda_web = 20, half goes on to search: 10, all of that to the database, and a fifth of web directly: 14
    routes = {"web": {"search": 0.5, "database": 0.2}, "search": {"database": 1.0}}
    service = {"web": 0.1, "search": 0.05, "database": 0.05}
    shop = jackson({"web": 20}, routes, service, workers={"web": 4})
    assert {name: round(queue.accepted_per_s, 9) for name, queue in shop.stations.items()} == {
        "web": 20,
        "search": 10,
        "database": 14,
    }
    visits = {"web": 1, "search": 0.5, "database": 0.7}
    assert shop.time_in_system_s == close(sum(visits[n] * shop.stations[n].time_in_system_s for n in visits))


# Identities


@given(loads, services)
def test_the_one_worker_queues_agree(load, service):
    rate = load / service
    one = mm1(rate, service)
    general = mg1(rate, service, service_cv=1)
    assert general.wait_s == close(one.wait_s)
    assert md1(rate, service).wait_s == close(one.wait_s / 2)
    shared = processor_sharing(rate, service)
    assert shared.time_in_system_s == close(one.time_in_system_s)
    assert power_of_choices(load, service, choices=1) == mm1(load / service, service)
    for percent in (50, 95, 99):  # the wait of M/M/1 is zero or a latency: P(W > t) = load P(T > t)
        assert one.latency_percentile_s(percent) == close(-math.log(1 - percent / 100) * one.time_in_system_s)


@given(loads, services, workers)
def test_littles_law_holds_for_every_queue(load, service, count):
    rate = load * count / service
    for queue in (mmc(rate, service, count), mmck(rate, service, count, count + 3), mg1(load / service, service, 2.5)):
        assert queue.in_system == close(queue.accepted_per_s * queue.time_in_system_s)
        assert queue.mean_queue == close(queue.accepted_per_s * queue.wait_s)
        assert queue.time_in_system_s == close(queue.wait_s + service)


@given(loads, workers)
def test_erlang_b_and_c(load, count):
    erlangs = load * count
    lost, waiting = erlang_b(erlangs, count), erlang_c(erlangs, count)
    assert lost <= waiting
    assert waiting == close(count * lost / (count - erlangs * (1 - lost)))
    assert mmck(erlangs, 1.0, count, places=count).loss == close(lost)
    assert erlang_b(erlangs, count) == close(
        math.exp(count * math.log(erlangs) - math.lgamma(count + 1))
        / sum(math.exp(k * math.log(erlangs) - math.lgamma(k + 1)) for k in range(count + 1))
    )


@given(st.floats(0.05, 5).filter(lambda load: abs(load - 1) > 1e-3), st.integers(1, 80))
def test_mm1k_closed_form(load, places):
    full = mm1k(rate_per_s=load, service_s=1, places=places)
    assert full.loss == close((1 - load) * load**places / (1 - load ** (places + 1)), rel=1e-6)
    assert full.accepted_per_s == close(load * (1 - full.loss), rel=1e-6)


def test_mm1k_at_load_one_and_far_above():
    assert mm1k(rate_per_s=10, service_s=0.1, places=4).loss == close(1 / 5)
    flooded = mm1k(rate_per_s=1e9, service_s=0.1, places=4)
    assert (flooded.accepted_per_s, flooded.time_in_system_s) == (pytest.approx(10), pytest.approx(0.4))


@given(loads, workers)
def test_much_room_is_endless_room(load, count):
    endless, roomy = mmc(load * count, 1, count), mmck(load * count, 1, count, places=count + 8000)
    assert roomy.wait_s == close(endless.wait_s, rel=1e-6)
    assert roomy.wait_probability == close(endless.wait_probability, rel=1e-6)


@given(st.floats(0.05, 0.98), st.integers(1, 20), st.sampled_from([0, 10, 50, 90, 99, 99.9]))
def test_percentiles_invert_the_distribution(load, count, percent):
    queue = mmc(load * count, 1, count)
    late = 1 - percent / 100
    wait, latency = queue.wait_percentile_s(percent), queue.latency_percentile_s(percent)
    if wait > 0:
        assert queue.wait_probability * math.exp(-count * (1 - load) * wait) == close(late)
    else:
        assert queue.wait_probability <= late + 1e-12
    # P(T > t) by adding up the waits that leave t in the middle, on a grid: another way than the closed form
    drain, grid = count * (1 - load), np.linspace(0, latency, 20_001)
    density = queue.wait_probability * drain * np.exp(-drain * grid) * np.exp(-(latency - grid))
    longer = (1 - queue.wait_probability) * math.exp(-latency) + np.trapezoid(density, grid)
    longer += queue.wait_probability * math.exp(-drain * latency)
    assert longer == pytest.approx(late, abs=1e-5)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=60), st.data())
def test_che_fills_exactly_the_cache(rates, data):
    capacity = data.draw(st.integers(1, len(rates) - 1))
    cache = che_lru(rates, capacity)
    assert cache.hit_ratio_by_key.sum() == close(capacity, rel=1e-6)
    assert 0 < cache.hit_ratio < 1
    assert cache.hit_ratio <= che_lru(rates, capacity + 1).hit_ratio + 1e-12


def test_che_limits():
    assert che_lru([1.0] * 50, capacity=10).hit_ratio == close(0.2)  # no favourites: hits are the share that fits
    assert che_lru([5, 1, 0], capacity=2).hit_ratio == 1
    weights = 1 / np.arange(1, 1001) ** 0.8
    assert che_lru(weights, 100).hit_ratio == close(che_lru(7 * weights, 100).hit_ratio)


def test_che_against_an_lru_cache():
    weights = 1 / np.arange(1, 201) ** 0.9
    keys = np.random.default_rng(1).choice(200, size=60_000, p=weights / weights.sum()).tolist()
    kept, hits = {}, []
    for key in keys:
        hits.append(kept.pop(key, False))
        kept[key] = True
        if len(kept) > 20:
            del kept[next(iter(kept))]
    batches = np.array(hits[10_000:]).reshape(25, -1).mean(axis=1)
    halfwidth = 3.75 * batches.std(ddof=1) / 5  # t, 24 degrees of freedom, 99.9 %
    # Che is an approximation: on this cache its own error is far below one percentage point
    assert che_lru(weights, 20).hit_ratio == pytest.approx(batches.mean(), abs=halfwidth + 0.003)


@given(st.lists(st.integers(0, 12), max_size=80), st.integers(1, 14))
def test_an_lru_cache_finds_what_was_asked_for_at_most_its_room_ago(keys, room):
    kept, found = cachetools.LRUCache(room), []
    for key in keys:
        found.append(kept.get(key, False))
        kept[key] = True
    assert (reuse_distances(np.array(keys)) <= room).tolist() == found
    assert len(set(keys)) == np.isinf(reuse_distances(np.array(keys))).sum()


def test_ttl_cache():
    cache = ttl_cache([10, 0.1], ttl_s=10)
    assert cache.hit_ratio_by_key.tolist() == [close(100 / 101), close(0.5)]
    assert cache.hit_ratio == close((10 * 100 / 101 + 0.05) / 10.1)
    assert ttl_cache([3], ttl_s=0).hit_ratio == 0


@given(loads)
def test_a_second_choice_shortens_the_queue(load):
    one, two, three = (power_of_choices(load, choices=n).time_in_system_s for n in (1, 2, 3))
    assert one >= two >= three >= 1


@given(st.floats(1, 1e4), st.floats(0, 0.9), st.floats(0, 0.1))
def test_usl_fit_finds_the_law_it_came_from(gamma, alpha, beta):
    law = UniversalScalability(gamma, alpha, beta)
    n = [1, 2, 4, 8, 16, 32, 64]
    again = UniversalScalability.fit(n, [law.throughput_per_s(i) for i in n])
    assert [again.throughput_per_s(i) for i in n] == pytest.approx([law.throughput_per_s(i) for i in n], rel=1e-3)
    assert again.alpha >= 0 and again.beta >= 0


def test_usl_without_coherency_is_amdahl():
    law = UniversalScalability(gamma_per_s=7, alpha=0.1, beta=0)
    assert law.throughput_per_s(12) == close(7 * amdahl(12, 0.1))
    assert law.peak_workers == math.inf
    faster_than_linear = UniversalScalability.fit([1, 2, 4, 8], [10, 21, 44, 92])  # alpha, beta would be negative
    assert (faster_than_linear.alpha, faster_than_linear.beta) == (0, 0)


def test_littles_law_gives_the_third():
    assert littles_law(rate_per_s=80, time_in_system_s=0.25) == 20
    assert littles_law(in_system=20, time_in_system_s=0.25) == 80
    assert littles_law(in_system=20, rate_per_s=80) == 0.25


# Domains


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: mm1(12, 0.1), "load must be below 1, got 1.2: the queue grows without end"),
        (lambda: mmc(20, 0.1, 2), "load must be below 1, got 1: the queue grows without end"),
        (lambda: mm1(-1, 0.1), "rate_per_s must be above 0, got -1"),
        (lambda: mm1(1, math.nan), "service_s must be a finite number, got nan"),
        (lambda: mm1("8", 0.1), "rate_per_s must be a finite number, got '8'"),
        (lambda: mmc(1, 0.1, 0), "workers must be at least 1, got 0"),
        (lambda: mmc(1, 0.1, 1.5), "workers must be a whole number, got 1.5"),
        (lambda: mmck(1, 0.1, 4, 3), "places must be at least 4, got 3: every worker is a place"),
        (lambda: mg1(1, 0.1, -1), "service_cv must be at least 0, got -1"),
        (lambda: mm1(1, 0.1).wait_percentile_s(100), "percent must be below 100, got 100"),
        (lambda: erlang_c(10, 10), "load must be below 1, got 1: the queue grows without end"),
        (lambda: littles_law(in_system=1), "littles_law needs two of in_system, rate_per_s, time_in_system_s, got 1"),
        (lambda: littles_law(in_system=1, rate_per_s=0), "rate_per_s must be above 0, got 0"),
        (lambda: amdahl(2, 1.5), "serial must be at most 1, got 1.5"),
        (lambda: power_of_choices(1), "load must be below 1, got 1: the queue grows without end"),
        (lambda: che_lru([], 1), "rates_per_s must be a list of numbers of at least 0, one of them above 0"),
        (lambda: UniversalScalability.fit([1, 2], [1, 2]), "workers must have at least 3 different values, got 2"),
        (
            lambda: UniversalScalability.fit([1, 2, 3], [1, 2]),
            "throughput_per_s must have 3 values like workers, got 2",
        ),
        (lambda: jackson({"a": 1}, {"a": {"b": 1}}, {"a": 0.1}), "service_s must name every station, got none for 'b'"),
        (
            lambda: jackson({"a": 1}, {"a": {"a": 1}}, {"a": 0.1}),
            "routes must lead out in the end, got a loop that no request leaves",
        ),
        (lambda: jackson({"a": 20}, {}, {"a": 0.1}), "a: load must be below 1, got 2: the queue grows without end"),
    ],
)
def test_outside_the_domain_one_sentence(call, sentence):
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == sentence
