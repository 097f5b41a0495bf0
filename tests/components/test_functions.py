"""Functions: an environment a call. Stories call by call, then against closed forms, then among other parts."""

from collections import Counter
from math import exp

import numpy as np
import pytest

from pmtech import (
    CDN,
    Cache,
    Change,
    Clients,
    Database,
    Errors,
    Functions,
    Outage,
    Profile,
    Queue,
    Server,
    Slowdown,
    Users,
    simulate,
    theory,
)
from pmtech.runs.running import Running

EVEN = {"arrivals": "even"}


def one_a_second(**functions):
    """A call each second from 0 on; 400 ms of work, and a second more when cold."""
    return Clients(rate_per_s=1, **EVEN) >> Functions(**{"work_ms": 400, "work_cv": 0, "cold_ms": 1000, **functions})


def answers(result):
    """(when it came, how long it took in ms, status), call by call."""
    told = result.requests[["arrived_s", "latency_ms", "status"]].itertuples(index=False)
    return [(round(at_s, 6), round(took, 6) if took == took else None, status) for at_s, took, status in told]


# --- stories -----------------------------------------------------------------------------------------------------------


def test_the_first_is_cold_and_so_is_whoever_comes_while_it_starts():
    """The first is at work until 1.4, so that the second starts another; from 2 on one of the two is free."""
    assert answers(simulate(one_a_second(), duration_s=5)) == [
        (0, 1400, 200), (1, 1400, 200), (2, 400, 200), (3, 400, 200), (4, 400, 200),
    ]  # fmt: skip


def test_an_environment_is_kept_as_long_as_it_says_after_its_last_call():
    """Calls at 0, 5, 10, ...: after a warm one it is free for 4.6 s until the next comes, after a cold one for 3.6."""
    every_five = Clients(rate_per_s=0.2, **EVEN)
    for idle_s, times in ((3.5, [1400] * 4), (4.5, [1400, 400] * 2), (4.7, [1400, 400, 400, 400])):
        run = simulate(every_five >> Functions(work_ms=400, work_cv=0, cold_ms=1000, idle_s=idle_s), duration_s=19)
        assert [took for _, took, _ in answers(run)] == times, idle_s


def test_the_one_used_last_is_used_first_so_that_the_others_go():
    """Two at 0, then one each second: the second environment is kept for three seconds."""
    run = simulate(
        [Clients("a", rate_per_s=1, **EVEN), Clients("b", rate_per_s=1, profile=Profile(((0, 1), (0.5, 0))), **EVEN)]
        >> Functions(work_ms=100, work_cv=0, cold_ms=0, idle_s=3),
        duration_s=6,
    )
    kept = run.records.notes["functions"][:, 4]
    assert kept.tolist() == [1, 2, 2, 2, 2, 1, 1]


def test_so_many_are_always_there():
    run = simulate(one_a_second(warm=1), duration_s=4)
    assert [took for _, took, _ in answers(run)] == [400] * 4
    assert run.components.cold.sum() == 0
    two = [Clients("a", rate_per_s=1, **EVEN), Clients("b", rate_per_s=1, **EVEN)]
    both = simulate(two >> one_a_second(warm=1, idle_s=0).parts[1], duration_s=2)
    assert sorted(took for _, took, _ in answers(both) if took) == [400, 400, 1400]  # the second of each pair is cold


def test_past_so_many_at_a_time_and_past_so_many_new_ones_they_say_429():
    at_once = Clients(rate_per_s=1000, **EVEN)
    busy = simulate(at_once >> Functions(work_ms=5000, work_cv=0, cold_ms=0, concurrency=7), duration_s=1)
    assert Counter(busy.requests.status) == {0: 7, 429: 993}
    grown = simulate(at_once >> Functions(work_ms=1e6, work_cv=0, cold_ms=0, grow_per_10s=40), duration_s=25)
    begun = grown.visits.started_s.dropna()
    assert [int((begun < at_s).sum()) for at_s in (1, 9.9, 11, 19.9, 21, 25)] == [40, 40, 80, 80, 120, 120]
    assert set(grown.requests.status) == {0, 429} and (grown.refusals.component == "functions").all()


def test_growth_that_is_not_used_is_not_saved_up():
    """Nobody for a minute, then everybody: still no more than 40 at once."""
    late = Clients(rate_per_s=1000, profile=Profile(((0, 0), (60, 0), (60.001, 1))), **EVEN)
    run = simulate(late >> Functions(work_ms=1e6, work_cv=0, cold_ms=0, grow_per_10s=40), duration_s=65)
    assert run.visits.started_s.notna().sum() == 40


@pytest.mark.parametrize("concurrency", [3, 1000])
def test_environments_are_conserved(concurrency):
    """At every moment as many calls at work as environments busy, never more than allowed, none used twice at a time."""
    system = Clients(rate_per_s=30) >> Functions(
        work_ms=200, cold_ms=300, cold_cv=0.5, idle_s=0.5, concurrency=concurrency, grow_per_10s=25
    )
    running = Running(system, 3)
    part = running.run.parts["functions"][0]
    idle = part.environments.idle
    for at_s in np.arange(0.05, 40, 0.05):
        running.advance(at_s)
        inside = sum(visit[2] == visit[2] and visit[3] != visit[3] for visit in part.visits)
        assert inside == part.station.busy <= concurrency
        assert all(later >= earlier for earlier, later in zip(idle, list(idle)[1:], strict=False))
    starts = np.array([note[0] for note in part.notes if note[1]])
    assert all(((starts >= s) & (starts < s + 10)).sum() <= 25 for s in starts) and len(starts) >= min(concurrency, 30)


# --- closed forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "keep"), [(1 / 600, 300), (1 / 60, 30), (1 / 60, 120), (1 / 20, 5)])
def test_cold_calls_of_one_caller(rate, keep):
    """Few enough that two calls are hardly ever at work at once."""
    system = Clients(rate_per_s=rate) >> Functions(work_ms=1, cold_ms=1, idle_s=keep)
    run, calls = simulate(system, duration_s=20_000 / rate), 20_000
    expected = theory.cold_share(rate, keep_s=keep)
    assert run.components.cold_share["functions"] == pytest.approx(
        expected, abs=4 * (expected * (1 - expected) / calls) ** 0.5
    )


def test_cold_calls_of_somebody_who_waits_for_the_answer():
    """The pause is what is thought, whatever the call took: exactly e^(-K / pause)."""
    run = simulate(Users(count=1, think_s=10) >> Functions(work_ms=5000, cold_ms=5000, idle_s=8), duration_s=100_000)
    assert run.components.cold_share["functions"] == pytest.approx(exp(-0.8), abs=0.03)


@pytest.mark.parametrize(("rate", "work_ms"), [(50, 200), (200, 250), (20, 1500)])
def test_at_work_are_rate_times_duration(rate, work_ms):
    run = simulate(Clients(rate_per_s=rate) >> Functions(work_ms=work_ms, cold_ms=0), duration_s=120, warmup_s=20)
    at_work = run.components.utilisation["functions"] * 1000
    assert at_work == pytest.approx(theory.littles_law(rate_per_s=rate, time_in_system_s=work_ms / 1000), rel=0.08)


def test_with_a_limit_it_is_erlangs_loss_system():
    system = Clients(rate_per_s=50) >> Functions(work_ms=200, cold_ms=0, concurrency=10)
    assert simulate(system, duration_s=600).summary.error_rate == pytest.approx(theory.erlang_b(10, 10), rel=0.04)


def test_the_price_by_hand():
    """600 calls of 0.4 s in 2 GB, one of them a second longer, and five environments kept warm for 600 s."""
    run = simulate(
        one_a_second(memory_mb=2048, price_usd_per_million=5, price_usd_per_gb_s=0.001, cold_ms=500), duration_s=600.5
    )
    calls, gb_s = 601, (601 * 0.4 + 0.5) * 2
    assert run.summary.cost_usd_per_hour == pytest.approx((calls * 5e-6 + gb_s * 0.001) * 3600 / 600.5)
    kept = simulate(
        one_a_second(memory_mb=1024, warm=5, warm_usd_per_gb_s=0.01, price_usd_per_gb_s=0, price_usd_per_million=0)
    )
    assert kept.summary.cost_usd_per_hour == pytest.approx(5 * 0.01 * 3600)
    assert Functions(work_ms=100).usd_per_call == pytest.approx(0.2e-6 + 0.1 * 1769 / 1024 * 0.0000166667)


def test_a_call_that_waits_for_others_is_paid_meanwhile():
    alone = simulate(one_a_second(cold_ms=0)).summary.cost_usd_per_hour
    behind = simulate(one_a_second(cold_ms=0) >> Server(service_ms=400, service_cv=0, price_usd_per_hour=0))
    assert behind.summary.cost_usd_per_hour == pytest.approx(2 * alone - 0.2e-6 * 3600, rel=0.02)


# --- among others ------------------------------------------------------------------------------------------------------


def test_a_platform_that_fails_forgets_all_environments():
    """At 2.2 the calls of 1 and 2 are at work and lost; until 4.5 they say 502; the call of 5 is cold again."""
    run = simulate(one_a_second(), duration_s=7.5, events=[Outage("functions", 2.2, 2.3)])
    assert [status for _, _, status in answers(run)] == [200, 502, 502, 502, 502, 200, 200, 200]
    assert [took for _, took, status in answers(run) if status == 200] == [1400, 1400, 1400, 400]


def test_slow_work_errors_and_knobs():
    slow = simulate(one_a_second(), duration_s=5, events=[Slowdown("functions", 1.5, 1, 2)])
    assert [took for _, took, _ in answers(slow)] == [1400, 1800, 800, 400, 400]
    wrong = simulate(one_a_second(), duration_s=5, events=[Errors("functions", 1.5, 1, 1)])
    assert [status for _, _, status in answers(wrong)] == [200, 200, 500, 200, 200]
    fewer = simulate(
        Clients(rate_per_s=10, **EVEN) >> Functions(work_ms=950, work_cv=0, cold_ms=0),
        duration_s=5,
        events=[Change("functions.concurrency", 4, 2)],
    )
    assert 429 not in set(fewer.requests.status[fewer.requests.arrived_s < 2])
    assert fewer.components.most_at_work["functions"] == 10
    assert fewer.summary.error_rate == pytest.approx(18 / 50, abs=0.04)


def test_before_a_database_they_all_ask_at_once():
    """Half a second after a burst a hundred environments want one of ten connections."""
    burst = Clients(rate_per_s=200, profile=Profile(((0, 1), (0.5, 1), (0.501, 0))), **EVEN)
    behind = burst >> Functions(work_ms=1, work_cv=0, cold_ms=0) >> Database(connections=10, query_ms=1000, query_cv=0)
    run = simulate(behind, duration_s=20)
    assert run.components.max_queue["database"] == pytest.approx(90, abs=1) and run.summary.error_rate == 0
    assert run.components.most_at_work["functions"] == pytest.approx(100, abs=1)
    few = simulate(behind.replace({"functions.concurrency": 10}), duration_s=20)
    assert few.components.max_queue["database"] == 0 and few.summary.error_rate == pytest.approx(0.9, abs=0.01)


def test_a_queue_hands_over_only_what_there_is_an_environment_for():
    """Four may be started in ten seconds; the other 17 wait for those four, at 6, 12 and 18, or for the next four, at 10."""
    orders = Clients(rate_per_s=100, profile=Profile(((0, 1), (0.2, 1), (0.201, 0))), **EVEN)
    queued = (
        orders
        >> Queue(store_ms=0, visibility_s=100)
        >> Functions(work_ms=6000, work_cv=0, cold_ms=0, idle_s=0.5, grow_per_10s=4)
    )
    run = simulate(queued, duration_s=60)
    assert run.refusals.empty and set(run.messages.outcome) == {"done"}
    received = np.floor(run.messages.received_s + 1e-9).astype(int)
    assert Counter(received) == {0: 4, 6: 4, 10: 4, 12: 4, 16: 4, 18: 1}


def test_what_it_says_of_itself():
    run = simulate(one_a_second(), duration_s=5)
    assert "2 calls of “Functions”, 40 %, waited for an environment to start" in run.explain()
    assert Functions(warm=3).facts() == ["100 ms, cold 800 more", "kept for 300 s", "3 always warm", "1,000 at a time"]
    with pytest.raises(ValueError, match="^concurrency must be at least 1, got 0$"):
        Functions(concurrency=0)


def test_copies_before_functions():
    """The exact shortcut once asked them for a limit of their queue, which they do not have."""
    for front in (CDN(), Cache(), Queue()):
        run = simulate(Clients(rate_per_s=20, keys=10) >> front >> Functions(), duration_s=20)
        assert run.summary.error_rate == 0 and run.summary.served_per_s > 15
