"""The stage and the replay: what every dot does is what the run's records say; an exported file needs nobody."""

import base64
import errno
import json
import os
import re
from itertools import pairwise

import numpy as np
import pytest

import pmtech
from pmtech import (
    Autoscale,
    Change,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    Outage,
    Queue,
    RateLimiter,
    Server,
    Slider,
    Surge,
    Throttle,
    Users,
    live,
    simulate,
)
from pmtech.diagram.layout import layout
from pmtech.panels.live.replay import MOST, nice, replay
from pmtech.panels.live.scene import scene, texts_of, units_of
from pmtech.panels.live.theatre import theatre
from pmtech.panels.live.watch import ENTERED, FINISHED, LEFT, SENT, STARTED, is_followed
from pmtech.runs.summary import open_at

COMPANIES = [Clients("Company A", rate_per_s=10), Clients("Company B", rate_per_s=60)]
SURVEY_TOOL = COMPANIES >> Throttle(rate_per_s=40, max_wait_s=2) >> Server(workers=8, service_ms=100)
POOL = Clients(rate_per_s=70) >> LoadBalancer() >> Server(workers=4, replicas=3, queue_limit=5) >> Database()


@pytest.mark.parametrize(
    "result", [simulate(SURVEY_TOOL, duration_s=20), simulate(POOL, duration_s=20, events=[Outage("server", 8, 6)])]
)
def test_a_replay_is_the_records(result):
    played = replay(result)
    assert played["every"] == 1
    steps = {kind: played["steps"][played["steps"][:, 0] == kind] for kind in (SENT, ENTERED, STARTED, LEFT, FINISHED)}
    requests, visits = result.requests, result.visits
    done = requests[requests.status > 0]
    assert steps[SENT][:, 3].tolist() == requests.arrived_s.tolist()
    assert sorted(map(tuple, steps[FINISHED][:, 1:])) == sorted(
        zip(done.index + 1, done.status, done.finished_s, strict=True)
    )
    for kind, column in ((ENTERED, "entered_s"), (STARTED, "started_s"), (LEFT, "left_s")):
        expected = visits.dropna(subset=[column])
        ours = sorted((number, at_s) for _, number, _, at_s in steps[kind])
        assert ours == sorted(zip(expected.request + 1, expected[column], strict=True))
    assert (np.diff(played["steps"][:, 3]) >= 0).all()

    names = [name for name, unit in zip(_names(result), played["scene"]["units"], strict=True) if unit is not None]
    at = played["states"][:, 0]
    for moment in (40, 77):
        for name in result.components.index:
            mine = [n for n, one in enumerate(names) if one == name]
            waiting = sum(played["states"][moment, 1 + 3 * n] for n in mine)
            assert waiting == open_at(*result.backlog(name), at[moment])
            for n in mine:
                busy, places = played["states"][moment, 2 + 3 * n : 4 + 3 * n]
                assert 0 <= busy <= max(0, places)


def _names(result):
    return [n for n, p in result.system.components.items() for _ in range(getattr(p, "replicas", 1))]


def test_a_machine_that_is_down_is_shown_down():
    states = replay(simulate(POOL, duration_s=20, events=[Outage("server", 8, 6)]))["states"]
    places = states[:, 1 + 3 * 2 + 2]  # clients, balancer, then the first server
    down = (states[:, 0] >= 8) & (states[:, 0] < 14)
    assert set(places[down]) == {-1.0} and set(places[~down]) == {4.0}


def test_a_dead_machine_that_health_checks_have_found_is_shown_left_out():
    """It dies at 8.5 s: the checks at 9 and at 10 s go unanswered, and nothing more is sent there until it is back."""
    system = POOL.replace({"load_balancer.health_check_s": 1})
    states = replay(simulate(system, duration_s=20, events=[Outage("server", 8.5, 6)]))["states"]
    at, places = states[:, 0], states[:, 1 + 3 * 2 + 2]
    assert set(places[(at >= 8.5) & (at < 9.9)]) == {-1.0} and set(places[(at > 10) & (at < 14.5)]) == {-2.0}
    assert set(places[(at < 8.5) | (at >= 14.5)]) == {4.0}


def test_what_was_done_to_a_run_stands_in_its_chart():
    companies = [Clients("Company A", rate_per_s=10), Clients("Company B", surge=Surge(at_s=4, for_s=2, times=3))]
    system = companies >> LoadBalancer() >> Server(workers=4, replicas=3) >> Database()
    events = [
        Change("server.workers", 9, at_s=12),
        Outage("server", at_s=8, for_s=6),
        Outage("server", at_s=9, for_s=1.5, count=2),
        Outage("database", at_s=16, for_s=9),
        Change("load_balancer.health_check_s", None, at_s=15),
        Change("company_a.surge", Surge(at_s=17, for_s=3, times=5), at_s=17),
        Outage("database", at_s=21, for_s=9),  # after the end
    ]
    marks = replay(simulate(system, duration_s=20, events=events))["marks"]
    assert [(mark["from"], mark["at"], mark["until"], mark["words"]) for mark in marks] == [
        (4, 4, 6, "Company B: surge × 3 for 2 s"),
        (8, 8, 14, "Server 1 down for 6 s"),
        (9, 9, 10.5, "2 of 3 machines of Server down for 1.5 s"),
        (12, 12, 12, "Server: workers: 9"),
        (15, 15, 15, "Load balancer: health check: none"),
        (16, 16, 25, "Database down for 9 s"),
        (17, 17, 20, "Company A: surge × 5 for 3 s"),
    ]
    said = ["".join(line for box in mark["texts"] for line in box["facts"]) for mark in marks if "texts" in mark]
    assert ["9\xa0workers" in text for text in said] == [True, True]
    assert theatre(simulate(system, duration_s=20, events=events)).about["marks"] == marks
    assert replay(simulate(POOL, duration_s=5))["marks"] == []


def test_of_many_requests_a_fair_share_is_kept_whoever_takes_turns():
    result = simulate(Clients(rate_per_s=1500) >> LoadBalancer() >> [Server(workers=100)] * 4, duration_s=20)
    played = replay(result)
    assert played["every"] == nice(len(result.requests) / MOST) == 5
    entered = played["steps"][played["steps"][:, 0] == ENTERED]
    _, counts = np.unique(entered[:, 2], return_counts=True)
    assert counts[0] == pytest.approx(len(result.requests) / 5, rel=0.02)
    assert counts[1:] == pytest.approx(counts[0] / 4, rel=0.05)
    numbers = np.arange(1, 10_000)
    coarse, fine = is_followed(numbers, 20), is_followed(numbers, 5)
    assert (fine | ~coarse).all()  # of fewer dots each was there before


@pytest.mark.parametrize(
    "system",
    [
        SURVEY_TOOL,
        POOL,
        [Clients(f"Client {n}") for n in range(9)] >> LoadBalancer() >> [Server()] * 3 >> Database(),
        Clients(endpoints={"/a": 1, "/b": 1}) >> Gateway() >> {"/a": Server(), "/b": Network() >> Server("Deep")},
        Users(count=5) >> LoadBalancer() >> Server(replicas=20),
    ],
)
def test_the_stage_is_the_layout_with_room(system):
    most = {name: part.replicas for name, part in system.components.items()}
    stage, picture = scene(system, most), layout(system)
    assert [(box["parts"], box["x"]) for box in stage["boxes"]] == [(box.parts, box.x) for box in picture.boxes]
    assert [(a["tail"], a["head"]) for a in stage["arrows"]] == [(a.tail, a.head) for a in picture.arrows]
    for arrow in stage["arrows"]:
        for end, point in (("tail", arrow["points"][0]), ("head", arrow["points"][-1])):
            box = stage["boxes"][arrow[end]]
            assert abs(box["y"] - point[1]) < box["height"] / 2
    for x in {box["x"] for box in stage["boxes"]}:
        column = sorted((box for box in stage["boxes"] if box["x"] == x), key=lambda box: box["y"])
        for upper, lower in pairwise(column):
            assert upper["y"] + upper["height"] / 2 + 15 < lower["y"] - lower["height"] / 2
    names = [name for name, part in system.components.items() for _ in range(getattr(part, "replicas", 1))]
    units = units_of(stage["boxes"], names)
    assert len({(unit["box"], unit["row"]) for unit in units}) == len(names)


def test_no_word_lies_over_a_place_of_work_when_machines_have_come():
    """In a picture so wide that the name of a part takes two lines once there are several of it."""
    booking = Server("Booking", workers=4, autoscale=Autoscale(most=3))
    rest = Queue() >> Database("Seats")
    system = Clients() >> Throttle() >> RateLimiter() >> LoadBalancer() >> booking >> rest
    boxes = scene(system, {name: part.most_replicas for name, part in system.components.items()})["boxes"]
    for replicas in (1, 3):
        texts = texts_of(system.replace({"booking.replicas": replicas}), boxes)
        for box, text in zip(boxes, texts, strict=True):
            words = 12 + 20 * (len(text["lines"]) + len(text["facts"])) + 6  # pixels, with what is left free
            assert words + box["room"] <= box["height"], (box["name"], text)
    assert [len(text["lines"]) for text in texts if "Booking" in text["lines"][0]] == [2]


def test_who_may_grow_has_room_for_all_of_its_machines_from_the_start():
    """A machine more than before is drawn where there was room for it, in a live run and in one that is played again."""
    alone, scaled = (
        Clients(rate_per_s=8) >> LoadBalancer() >> Server(workers=1, autoscale=rule)
        for rule in (None, Autoscale(most=4, every_s=5, starts_s=0))
    )

    def room(panel):
        return next(box["room"] for box in panel.scene["boxes"] if box["kind"] == "station")

    result = simulate(scaled, duration_s=60)
    peak = max(system.components["server"].replicas for _, system in result.history)
    assert peak > 1 and room(theatre(result)) == peak * room(live(alone))
    assert room(live(scaled)) == 4 * room(live(alone))
    assert room(live(scaled, Slider("server.autoscale.most", 1, 5))) == 5 * room(live(alone))
    assert room(live(alone, Slider("server.replicas", 1, 3))) == 3 * room(live(alone))


def test_an_exported_file_carries_everything(tmp_path):
    name = "</script><script>alert(1)</script>"
    panel = theatre(simulate(Clients(name) >> Server(), duration_s=5))
    text = panel.to_html(tmp_path / "run.html", title=name).read_text()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\b(src|href)=|@import|fetch\(|from ['\"]", text)
    assert text.count("<script") == text.count("</script>") == 2
    given = json.loads(re.search(r'id="given">(.*?)</script>', text, re.S)[1])
    assert given["scene"] == json.loads(json.dumps(panel.scene))
    assert {n: base64.b64decode(given[n]) for n in ("numbers", "times", "states", "samples")} == {
        n: getattr(panel, n) for n in ("numbers", "times", "states", "samples")
    }
    numbers = np.frombuffer(panel.numbers, "<i4").reshape(-1, 2)
    steps = replay(simulate(Clients(name) >> Server(), duration_s=5))["steps"]
    assert (numbers == np.column_stack([8 * steps[:, 2] + steps[:, 0], steps[:, 1]])).all()


def test_an_exported_file_is_whole_and_never_over_another(tmp_path, monkeypatch):
    one, another = (theatre(simulate(Clients(rate_per_s=rate) >> Server(), duration_s=5)) for rate in (2, 3))
    path = tmp_path / "new" / "run.html"
    assert one.to_html(path) == path
    before = path.read_bytes()
    assert one.to_html(path) == path
    assert another.to_html(path) == tmp_path / "new" / "run-2.html"
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match=r"run.html could not be written: Not a directory\.$"):
        one.to_html(path / "run.html")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match=r"third.html could not be written: No space left on device\.$"):
        one.to_html(tmp_path / "third.html")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["new", "run-2.html", "run.html"]


def test_runs_in_which_little_happens():
    for system in (Clients(rate_per_s=0) >> Server(), Clients(rate_per_s=1) >> Server(service_ms=9000)):
        played = theatre(simulate(system, duration_s=2))
        assert len(np.frombuffer(played.samples).reshape(-1, 7)) == 9


def test_only_a_result_is_played():
    with pytest.raises(ValueError, match=r"theatre needs a run, such as simulate\(system\) as result, got"):
        pmtech.theatre(SURVEY_TOOL)
