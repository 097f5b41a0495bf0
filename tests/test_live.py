"""The live panel through its own methods, and as the page drives it: exact, bounded, and it stops by itself."""

import asyncio
import os
import re
import signal
import tracemalloc

import pytest
from live_page import WISH

from pmtech import (
    Cache,
    Change,
    Choice,
    Clients,
    Database,
    LoadBalancer,
    Outage,
    RateLimiter,
    Server,
    Slider,
    Surge,
    Throttle,
    simulate,
)
from pmtech.engine import randomness
from pmtech.panels.live import clock
from pmtech.panels.live import live as live_module
from pmtech.panels.live.live import live
from pmtech.panels.live.replay import replay
from pmtech.panels.live.watch import WINDOW_S

SHOP = Clients("Customers", rate_per_s=18) >> Server(workers=4, service_ms=200)
POOL = Clients(rate_per_s=60) >> LoadBalancer(policy="least_connections") >> Server(workers=4, replicas=3) >> Database()


def trajectory(requests):
    return [(r.arrived, r.finished, r.status, r.served_by) for r in requests]


def simulated(system, panel, *events):
    """The same run at one go."""
    rows = simulate(system, duration_s=panel.now, events=events, engine="events").requests
    columns = zip(rows.arrived_s, rows.finished_s, rows.status, rows.served_by, strict=True)
    return [(a, f, s, None if by is None else by) for a, f, s, by in columns]


def same(ours, theirs):
    assert repr(ours) == repr([(float(a), float(f), int(s), by) for a, f, s, by in theirs])
    assert len(ours) > 100


# --- the same trajectory, to the last bit -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "control", "value"),
    [
        (SHOP, Slider("server.workers", 1, 16), 9),
        (SHOP, Slider("server.workers", 1, 16), 1),
        (SHOP, Slider("customers.rate_per_s", 1, 60), 47.5),
        (SHOP, Slider("server.service_ms", 50, 400), 310),
        (POOL, Slider("server.replicas", 1, 6), 5),
        (POOL, Slider("server.replicas", 1, 6), 1),
        (POOL, Choice("load_balancer.policy", ["least_connections", "random"]), "random"),
        (Clients(rate_per_s=50) >> RateLimiter(limit=40) >> Server(), Slider("rate_limiter.limit", 1, 99), 12),
        (Clients(rate_per_s=50) >> Throttle(rate_per_s=40) >> Server(), Slider("throttle.rate_per_s", 5, 99), 77),
        (Clients(rate_per_s=50) >> Cache(ttl_s=9) >> Database(), Slider("cache.ttl_s", 1, 30), 2),
    ],
)
def test_a_knob_turned_in_mid_run_is_the_change_that_simulate_knows(system, control, value):
    panel = live(system, control)
    for part in (0.4, 0.035, 3.1, 0.7):
        panel.advance(part)
    turned_at = panel.now
    panel.controls[control.path].value = value
    for part in (0.001, 2.0, 7.7):
        panel.advance(part)
    same(trajectory(panel.running.run.requests), simulated(system, panel, Change(control.path, value, at_s=turned_at)))


def test_a_surge_and_a_death_are_the_events_that_simulate_knows():
    panel = live(POOL)
    panel.advance(3.3)
    surge = Change("clients.surge", Surge(at_s=panel.now, for_s=10, times=5), at_s=panel.now)
    panel.surge()
    panel.advance(2.0)
    outage = Outage("server", at_s=panel.now, for_s=20)
    panel.kill()
    panel.advance(25)
    same(trajectory(panel.running.run.requests), simulated(POOL, panel, surge, outage))
    assert [mark["words"] for mark in panel.marks] == ["Surge: × 5 for 10 s", "Server 1 down for 20 s"]
    assert [mark["until"] - mark["at"] for mark in panel.marks] == pytest.approx([10, 20])


def test_who_dies_is_called_as_its_box_is():
    panel = live(Clients() >> LoadBalancer() >> Server("Checkout API", replicas=2))
    panel.kill()
    assert panel.marks[0]["words"] == "Checkout API 1 down for 20 s"


def test_what_is_turned_and_turned_back_while_time_stands_still_never_happened():
    panel = live(SHOP, Slider("server.workers", 1, 16))
    panel.advance(5)
    for workers in (16, 1, 4):
        panel.controls["server.workers"].value = workers
    panel.advance(5)
    same(trajectory(panel.running.run.requests), simulated(SHOP, panel))


def test_what_the_page_is_told_is_what_a_replay_shows():
    panel = live(POOL)
    assert panel.watch.every == 2
    panel.watch.every = 1
    steps = []
    for _ in range(40):
        panel.running.advance(panel.now + 0.37)
        steps += panel.watch.note()
    result = simulate(POOL, duration_s=panel.now)
    rows = replay(result)["steps"].tolist()
    assert sorted(map(tuple, steps)) == sorted(map(tuple, rows))
    assert [step[3] for step in steps] == sorted(step[3] for step in steps)

    timeline = result.timeline
    for at_s, offered, served, refused, _, _, in_system in list(panel.watch.samples)[7::4]:
        last = slice(int(at_s) - 2, int(at_s))
        assert (offered * 2, served * 2, refused * 2, in_system) == (
            timeline.offered[last].sum(),
            timeline.served[last].sum(),
            timeline.rejected[last].sum(),
            timeline.in_system[int(at_s) - 1],
        )


# --- the bar and the knobs --------------------------------------------------------------------------------------------


def test_a_run_of_many_minutes_is_told_in_minutes():
    slow = Clients(rate_per_s=8) >> Server(workers=8, service_ms=2000)
    panel = live(slow)
    panel.advance(900)
    said = r"Paused at 15\.0 min: .*; 95 of 100 answers within [\d.]+ min\."
    assert re.fullmatch(said, panel.sentence), panel.sentence
    panel.close()
    panel = live(Clients(rate_per_s=0.01) >> Server())
    panel.advance(36_600)  # more than ten hours, of which hours alone would say too little
    assert panel.sentence.startswith("Paused at 610.0 min: ")


def test_step_speed_and_reset():
    panel = live(SHOP, Slider("customers.rate_per_s", 1, 60), speed=2)
    assert panel.sentence == "Paused at the start."
    panel.step()
    assert panel.now == 1.0
    panel.speed = 10
    panel.step(2)
    assert panel.now == 11.0
    assert panel.sentence.startswith("Paused at 11.0 s: ")
    panel.controls["customers.rate_per_s"].value = 60
    assert panel.marks == [
        {
            "key": "customers.rate_per_s",
            "from": 11.0,
            "at": 11.0,
            "until": 11.0,
            "words": "Customers: requests a second: 60 /s",
        }
    ]
    panel.step()
    panel.reset()
    assert (panel.now, panel.marks, len(panel.watch.samples), panel.speed) == (0.0, [], 0, 10)
    assert panel.controls["customers.rate_per_s"].value == 18
    panel.advance(12)
    same(trajectory(panel.running.run.requests), simulated(SHOP, panel))
    with pytest.raises(ValueError, match="speed must be one of 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60; got 100"):
        panel.speed = 100


def test_a_drag_is_one_mark_and_other_knobs_have_their_own():
    panel = live(SHOP, Slider("customers.rate_per_s", 1, 60), Slider("server.workers", 1, 9))
    for rate in (20, 30, 40):
        panel.advance(0.25)
        panel.controls["customers.rate_per_s"].value = rate
    panel.controls["server.workers"].value = 5
    panel.advance(9)
    panel.controls["server.workers"].value = 6
    assert [(m["from"], m["at"], m["words"]) for m in panel.marks] == [
        (0.25, 0.75, "Customers: requests a second: 40 /s"),
        (0.75, 0.75, "Server: workers: 5"),
        (9.75, 9.75, "Server: workers: 6"),
    ]


def test_an_error_of_the_model_pauses_and_is_said():
    panel = live(SHOP, Slider("server.workers", 0, 9), Choice("customers.arrivals", ["poisson", "even"]))
    panel.advance(3)
    panel.playing = True
    panel.controls["server.workers"].value = 0
    assert (panel.playing, panel.error) == (False, "The run is paused: workers must be at least 1, got 0.")
    assert panel.controls["server.workers"].value == 4
    panel.controls["server.workers"].value = 5
    assert panel.error is None
    panel.controls["customers.arrivals"].value = "even"
    panel.playing = True
    panel.advance(1)
    assert (panel.playing, panel.error) == (False, "The run is paused: customers.arrivals can't change during a run.")
    assert panel.controls["customers.arrivals"].value == "poisson"


def test_only_pools_have_machines_to_kill_and_each_time_another_dies():
    assert live(SHOP).pools == {}
    panel = live(POOL)
    assert panel.pools == {"server": "Server"}
    for _ in range(3):
        panel.kill("server")
    assert [part.alive for part in panel.running.run.parts["server"]] == [False] * 3
    panel.kill()
    assert panel.error == 'The run is paused: no machine of "server" is left that could die.'
    panel = live(POOL)
    told = []
    panel.send = lambda message, buffers=None: told.append(message)
    panel.play()
    panel.wish = {**WISH, "number": 1, "kills": {"server": 4}}
    assert (panel.playing, panel.error, len(panel.marks)) == (True, None, 3)
    assert told[0]["none_left"] == {}
    assert told[-1]["none_left"] == {"server": "No machine of “Server” is left: each comes back 20 s after it died."}
    panel.pause()
    twins = Clients() >> LoadBalancer() >> [Server("Web"), Server("Web")]
    assert live(twins).pools == {"web": "Web"}
    with pytest.raises(ValueError, match='there is no pool "database": there is server'):
        panel.kill("database")


def test_who_is_down_is_left_out_once_health_checks_have_seen_it():
    panel = live(POOL.replace({"load_balancer.health_check_s": 1, "load_balancer.unhealthy_after": 2}))
    panel.advance(0.6)
    panel.kill()
    places = []
    for _ in range(5):
        panel.advance(0.5)
        places.append([panel.watch.state_of(part)[2] for part in panel.running.run.parts["server"]])
    assert places == [[-1, 4, 4], [-1, 4, 4], [-2, 4, 4], [-2, 4, 4], [-2, 4, 4]]


def test_bad_input_is_a_sentence():
    with pytest.raises(ValueError, match="live takes a system, then Slider"):
        live(SHOP, "server.workers")
    with pytest.raises(ValueError, match="did you mean workers"):
        live(SHOP, Slider("server.worker", 1, 2))
    with pytest.raises(ValueError, match='there are two controls for "server.workers": one is enough'):
        live(SHOP, Slider("server.workers", 1, 9), Slider("server.workers", 1, 5))


def test_dots_stand_for_as_many_as_an_eye_can_follow():
    panel = live(Clients(rate_per_s=200) >> Server(workers=40))
    assert panel.watch.every == 5
    panel.speed = 10
    assert panel.watch.every == 50
    panel.speed = 0.1
    assert panel.watch.every == 1
    panel.surge()  # in mid-run only what must be
    assert panel.watch.every == 1


# --- as the page drives it --------------------------------------------------------------------------------------------


def test_wishes_count_so_that_none_is_lost():
    panel = live(POOL, Slider("server.replicas", 1, 6), Choice("load_balancer.policy", ["least_connections", "random"]))
    panel.wish = {**WISH, "number": 3, "steps": 3, "values": {"server.replicas": 2, "load_balancer.policy": 1}}
    assert panel.now == 1.5
    assert panel.running.system == POOL.replace({"server.replicas": 2, "load_balancer.policy": "random"})
    panel.wish = {**panel.wish, "number": 4, "surges": 1, "kills": {"server": 2}}
    assert [mark["key"] for mark in panel.marks] == ["server.replicas", "load_balancer.policy", "surge", "kill", "kill"]
    panel.wish = {**panel.wish, "number": 5, "presses": 1, "playing": True}
    assert panel.playing
    panel.wish = {
        **panel.wish,
        "number": 6,
        "resets": 1,
        "playing": False,
        "values": {"server.replicas": 3, "load_balancer.policy": 0},
    }
    assert (panel.now, panel.playing, panel.marks) == (0.0, False, [])


def test_a_wish_that_comes_late_from_a_page_that_is_gone_undoes_nothing():
    panel = live(POOL)
    gone = {**WISH, "number": 1, "presses": 1, "playing": True}
    panel.wish = {**gone}
    panel.wish = {**WISH, "number": 2, "presses": 2, "surges": 1}
    panel.wish = gone
    assert not panel.playing
    assert [mark["key"] for mark in panel.marks] == ["surge"]
    panel.wish = {**WISH, "number": 3, "presses": 2, "surges": 2}
    assert [mark["key"] for mark in panel.marks] == ["surge", "surge"]


def test_a_page_that_comes_late_is_told_everything():
    panel = live(POOL, Slider("server.replicas", 1, 6))
    panel.advance(5)
    panel.controls["server.replicas"].value = 5
    panel.advance(1)
    told = []
    panel.send = lambda news, buffers: told.append((news, buffers))
    panel._message(None, {"kind": "hello"}, [])
    [(news, (steps, state, samples))] = told
    assert news["fresh"] and len(news["units"]) == 8 and news["now"] == 6.0
    assert [mark["words"] for mark in news["marks"]] == ["Server: replicas: 5"]
    assert len(samples) == 8 * 7 * 24
    assert len(state) == 8 * (1 + 3 * 8)
    assert len(steps) == 8 * 4 * len(panel.watch.present())


# --- it stops by itself, and needs no more memory as it goes on -------------------------------------------------------


def playing(*panels, until):
    """Play in an event loop, as in a kernel, until `until(*panels)`; then wait until all have stopped."""

    async def main():
        for panel in panels:
            panel._clock.loop = asyncio.get_running_loop()
            panel.play()
        while not until(*panels):
            await asyncio.sleep(0.01)
        await asyncio.gather(*(panel._clock.task for panel in panels))
        for panel in panels:
            panel._clock.loop = None

    asyncio.run(asyncio.wait_for(main(), 60))


def test_two_panels_advance_side_by_side():
    heavy = live(Clients(rate_per_s=20_000) >> Server(workers=4000), speed=60)
    light = live(SHOP)

    def until(*_):
        for panel in (heavy, light):
            panel._message(None, {"kind": "heard", "number": panel._number}, [])
        if light.now > 0.5:
            heavy.pause()
            light.pause()
        return not light.playing

    playing(heavy, light, until=until)
    assert heavy.now > 0


def test_it_waits_for_a_page_that_is_busy_and_goes_on_with_it(monkeypatch):
    monkeypatch.setattr(live_module, "AHEAD", 5)
    panel, seen = live(SHOP), []

    def until(panel):
        if panel._number - panel._heard == 5:
            seen.append(panel.now)
            if len(seen) > 10:  # ticks have passed meanwhile
                assert panel.playing and set(seen) == {seen[0]}
                panel._message(None, {"kind": "heard", "number": panel._number}, [])
        if seen and panel.now > seen[0]:
            panel.pause()
        return not panel.playing

    playing(panel, until=until)
    assert panel.now > seen[0]


def test_it_pauses_when_nobody_looks_any_more(monkeypatch):
    monkeypatch.setattr(live_module, "UNHEARD_S", 0.2)
    panel = live(SHOP)
    playing(panel, until=lambda panel: not panel.playing)
    panel.play()
    assert panel.playing
    panel._message(None, {"kind": "gone"}, [])
    assert not panel.playing


def test_the_kernels_interrupt_pauses_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a kernel between two cells
    try:
        panel = live(SHOP)

        def until(panel):
            if panel.now > 0:
                os.kill(os.getpid(), signal.SIGINT)
            return not panel.playing

        playing(panel, until=until)
    finally:
        signal.signal(signal.SIGINT, before)
    panel.playing = True
    clock._going.add(panel._clock)
    clock._after_cell(type("Ran", (), {"error_in_exec": None}))
    assert panel.playing
    clock._after_cell(type("Ran", (), {"error_in_exec": KeyboardInterrupt()}))
    assert not panel.playing
    clock._going.discard(panel._clock)


def test_an_interrupt_in_the_middle_of_a_tick_has_the_last_word(monkeypatch):
    told, before = [], signal.signal(signal.SIGINT, signal.SIG_IGN)

    def send(_panel, news, buffers=None):
        if news["playing"] and news["now"] > 0:
            os.kill(os.getpid(), signal.SIGINT)
        told.append(news["playing"])

    monkeypatch.setattr(live_module.Live, "send", send)
    try:
        playing(live(SHOP), until=lambda panel: not panel.playing)
    finally:
        signal.signal(signal.SIGINT, before)
    assert any(told) and told[-1] is False


def test_it_stops_before_the_machine_is_full(monkeypatch):
    monkeypatch.setattr(live_module, "MOST_INSIDE", 100)
    panel = live(Clients(rate_per_s=100) >> Server(workers=1, service_ms=1000))
    panel.playing = True
    panel.advance(2)
    assert not panel.playing
    assert panel.error.startswith("The run is paused: 100 requests are inside")
    panel = live(Clients(rate_per_s=100, timeout_ms=10) >> Server(workers=1, service_ms=1000))
    panel.playing = True
    panel.advance(2)  # the clients have given up, the work on their requests goes on
    assert not panel.playing


def test_a_long_run_needs_no_more_memory_than_its_window(monkeypatch):
    monkeypatch.setattr(randomness, "KEPT", 256)  # streams reach their bound late in a slow run
    busy = [Clients("A", rate_per_s=10, timeout_ms=400, retries=1), Clients("B", rate_per_s=5)]
    panel = live(busy >> LoadBalancer() >> Server(workers=2, replicas=2) >> Cache(ttl_s=2) >> Database(), speed=10)
    tracemalloc.start()
    try:
        panel.advance(3 * WINDOW_S)
        begin, _ = tracemalloc.get_traced_memory()
        for _ in range(90):
            panel.advance(5)
        end, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert end - begin < 5e5
    run, oldest = panel.running.run, panel.now - 1.3 * WINDOW_S
    assert min(request.arrived for request in run.requests) > oldest
    for part in panel.watch.units:
        assert all(visit[1] > oldest for visit in part.visits)
        assert all(lookup[0] > oldest for lookup in part.notes)
    assert len(panel.watch.samples) == 4 * WINDOW_S + 1
