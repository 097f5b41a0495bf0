"""Systems of any parts that there are, with any values in their fields and anything happening meanwhile.

The parts are found in `pmtech.components` and their values in the fields' own bounds, so that a new part is tried here
without a line. Whatever the grammar accepts runs, loses no request and no message, repeats itself to the last bit, and can
be drawn, explained, played, watched, saved and opened.
"""

import dataclasses
import re
import tempfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st

from pmtech import (
    Autoscale,
    Cache,
    Change,
    Clients,
    Day,
    Deploy,
    Errors,
    Outage,
    Profile,
    Slowdown,
    Surge,
    System,
    Topic,
    brief,
    components,
    live,
    simulate,
    theatre,
)
from pmtech.components.component import Component
from pmtech.runs.running import Running
from pmtech.system.code import as_code, composed
from pmtech.system.flow import flows

SOME = settings(
    max_examples=60,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
FEW = settings(SOME, max_examples=12)

PARTS = [cls for cls in (getattr(components, name) for name in components.__all__) if issubclass(cls, Component)]
SOURCES = [cls for cls in PARTS if cls.is_source]
OTHERS = [cls for cls in PARTS if not cls.is_source]
ENDPOINTS = ("/", "/submit", "/dashboard")
MOST_PER_S = 60  # of a source
SLOW = (
    400  # a number that is a time, a rate or a count is mostly small: such runs are over soon, and more happens in them
)

some = st.sampled_from

# What fields the kinds of which say too little
VALUES = {
    "name": st.none(),
    "place": some([None, None, None, "Mumbai", "Paris"]),
    "surge": some([None, None, Surge(0.5, 1, 3)]),
    "profile": some(
        [None, Profile(((0, 1), (2, 3))), Profile(((0, 0), (1, 2)), repeat=True), Day(lasts_s=4), Surge(1, 1, 2)]
    ),
    "autoscale": some(
        [None, Autoscale(every_s=1, starts_s=0.5, calm_s=1), Autoscale(least=2, most=2, every_s=1, starts_s=0)]
    ),
    "endpoints": st.dictionaries(some(ENDPOINTS), some([0.5, 1]), min_size=1),
    "priority": st.lists(some(ENDPOINTS), max_size=2, unique=True).map(tuple),
    "shed": st.lists(some(ENDPOINTS), max_size=1).map(tuple),
    "rate_per_s": st.floats(0, MOST_PER_S),
    "count": st.integers(0, 30),
    "think_s": some([0.5, 1, 3]),
    "retries": some([0, 0, 1, 2]),
    "attempts": some([1, 2, 3]),
    "timeout_ms": some([None, None, 5, 150, 2000]),
    "visibility_s": some([0.1, 0.5, 30]),
}


def values_of(cls: type, f: dataclasses.Field):
    """Some values of a field, from what it says of itself."""
    about = f.metadata
    if (cls.is_source, f.name) == (True, "priority"):
        return st.integers(0, 2)
    if (cls.__name__, f.name) == ("Gateway", "keys"):
        return some([None, None, {"clients": ("/a",)}, {"users": ("/a", "/b"), "clients_1": ()}])
    if f.name in VALUES:
        return VALUES[f.name]
    if f.name == "edges":
        return some([("Mumbai",), ("Paris", "Tokyo"), ("London", "Mumbai", "Sydney")])
    if f.name == "keeps":
        return some([(), ("/a",)])
    if f.name == "shield":
        return some([None, None, "Frankfurt"])
    nothing = [None, None] if about["optional"] else []
    match about.get("kind"):
        case "sizes":
            return some([{}, {"/": 20}, {"/a": 5.5, "/": 0}])
        case "choice":
            return some(about["options"])
        case "word":
            return some(about["options"])
        case "yes or no":
            return st.booleans()
        case "whole":
            least = about["least"] or 0
            return some([*nothing, least, least, least + 1, min(about["most"], least + 7)])
        case "number":
            least = about["above"] if about["least"] is None else about["least"]
            least += 0.001 * (about["least"] is None)
            most = min(about["most"], SLOW)
            return st.one_of(some([*nothing, f.default, least, (9 * least + most) / 10]), st.floats(least, most))
    raise TypeError(f"nobody knows what {cls.__name__}.{f.name} may hold")


def parts(cls: type, **more):
    """A part of a class, most of its fields as they are by default."""

    @st.composite
    def draw_part(draw):
        fields = [f for f in dataclasses.fields(cls) if f.name not in ("replicas", "autoscale", *more)]
        turned = draw(st.lists(some(fields), max_size=5, unique_by=lambda f: f.name))
        values = {f.name: draw(values_of(cls, f)) for f in turned}
        try:
            return cls(**values, **{name: draw(value) for name, value in more.items()})
        except ValueError:  # fields that do not go together, such as two surges
            return cls()

    return draw_part()


def of(kind: str):
    return [cls for cls in OTHERS if cls.fan_out == kind]


def any_part(classes):
    return st.one_of([parts(cls) for cls in classes])


ends = any_part([cls for cls in OTHERS if not cls.needs_next and cls.fan_out in ("one", "none")])
machines = parts(components.Server, replicas=some([1, 2, 3]), autoscale=VALUES["autoscale"])


def longer(inside):
    pooled = st.one_of(st.lists(inside, min_size=1, max_size=3), machines, inside.map(lambda target: [target] * 2))
    table = st.dictionaries(some(ENDPOINTS), inside, min_size=1, max_size=3)
    branches = st.lists(inside, min_size=1, max_size=3)
    middles = st.lists(any_part(of("one")), min_size=2, max_size=2)
    join = st.builds(lambda first, next_, last: first >> next_ >> last, any_part(of("all")), middles, ends)
    one = st.builds(lambda first, next_: first >> next_, any_part(of("one")), inside)
    return st.one_of(
        one,
        one,
        st.builds(lambda first, next_: first >> next_, any_part(of("pool")), pooled),
        st.builds(lambda first, next_: first >> next_, any_part(of("routes")), table),
        st.builds(lambda first, next_: first >> next_, any_part(of("all")), branches),
        join,
    )


ways = st.recursive(ends, longer, max_leaves=5)


@st.composite
def runs(draw):
    """A system, how long it runs, and what happens meanwhile."""
    sources = draw(st.lists(any_part(SOURCES), min_size=1, max_size=2))
    system = sources >> draw(ways)
    duration_s = draw(some([1, 3, 6.5]))
    moments = st.one_of(st.floats(0, duration_s), some([0, 1, 2]))
    events = [draw(event) for event in draw(st.lists(some(events_of(system, moments)), max_size=4))]
    return system, {"duration_s": duration_s, "seed": draw(st.integers(0, 3)), "events": events}


def events_of(system: System, at_s) -> list:
    lasts = some([0.1, 1, 1e9])
    slugs = {part.slug: part for part in system.parts if not part.is_source}
    name, share = some(sorted(slugs)), some([0.0, 0.3, 1.0])
    can_die = sorted(slug for slug, part in slugs.items() if part.running(slug, *nowhere(part)).mortal)
    works = sorted(slug for slug, part in slugs.items() if part.own_s)
    found = [
        st.builds(Errors, name, at_s, lasts, share, same=st.booleans()),
        st.builds(
            Deploy,
            name,
            at_s,
            share,
            steps=some([((0, 1),), ((0, 0.2), (0.5, 1), (1, 0))]),
            errors_before=share,
            back_at=some([None, 1, 3]),
            looks_at=some([3, 9]),
            back_s=some([0, 0.5]),
        ),
        changes(system, at_s),
        changes(system, at_s),
    ]
    if can_die:
        found.append(st.builds(Outage, some(can_die), at_s, lasts, some([1, 2, 5])))
    if works:
        found.append(st.builds(Slowdown, some(works), at_s, lasts, some([0.1, 3, 50])))
        found.append(st.builds(Deploy, some(works), at_s, share, some([0.5, 4])))
    return found


def nowhere(part):
    """What a part needs to be asked what it is while it runs."""
    from pmtech.engine.run import Run

    behind = components.Server().running("behind", Run(1), [])
    return behind.run, [behind], ("/",)


@st.composite
def changes(draw, system, at_s):
    """A knob is turned to a value that the system accepts."""
    paths = [
        (f"{name}.{f.name}", type(part), f)
        for name, part in system.components.items()
        for f in dataclasses.fields(part)
        if f.name not in ("name", "arrivals", "retries", "attempts")
    ]
    path, cls, f = draw(some(paths))
    fitting = {"replicas": st.integers(1, 4)}.get(f.name)
    change = Change(path, draw(fitting if fitting is not None else values_of(cls, f)), draw(at_s))
    try:
        system.replace({change.path: change.value})
    except ValueError:
        return Change(path, system.get(path), change.at_s)
    return change


def ran(system, how) -> Running:
    running = Running(system, how["seed"], how["events"])
    running.advance(float(how["duration_s"]))
    return running


@SOME
@given(runs())
def test_no_request_and_no_message_is_lost(run):
    system, how = run
    note(f"{system!r}, {how}")
    result, running = simulate(system, **how), ran(system, how)

    requests, statuses = result.requests, Counter(result.requests.status)
    assert set(statuses) <= {0, 200, 202, 401, 403, 404, 429, 500, 502, 503, 504}
    answered = sum(count for status, count in statuses.items() if 200 <= status < 300)
    refused = sum(count for status, count in statuses.items() if status >= 400)
    assert len(requests) == answered + refused + statuses[0]
    assert (requests.finished_s.notna() == (requests.status > 0)).all()
    assert (requests.latency_ms.dropna() >= 0).all()
    seconds = result.timeline
    assert (seconds.offered.sum(), seconds.served.sum(), seconds.rejected.sum()) == (len(requests), answered, refused)
    assert seconds.in_system.iloc[-1] == statuses[0]

    messages, stored = result.messages, Counter()
    assert set(messages.outcome) <= {"done", "waiting", "in flight", "dead"}
    assert (messages.done_s.notna() == (messages.outcome == "done")).all()
    assert (messages.received_s.notna() == (messages.receives > 0)).all()
    assert not (messages.done_s < messages.received_s).any() and not (messages.received_s < messages.published_s).any()
    for name, part in system.components.items():
        if not part.detached:
            assert name not in set(messages.queue)
            continue
        mine = messages[messages.queue == name]
        counted = mine.outcome.value_counts()
        (running_part,) = running.run.parts[name]
        visits = result.visits[result.visits.component == name]
        kept = int(visits.left_s.notna().sum()) - int((result.refusals.component == name).sum())
        if part.pulls:
            assert counted.get("waiting", 0) == running_part.state()[0]
            assert len(mine) >= kept  # a batch that is handed on is one visit of several messages
            if part.max_receives is None and not any(isinstance(event, Change) for event in how["events"]):
                assert counted.get("dead", 0) == 0
            if not any(above.pulls for above in system.parts if above is not part):
                assert len(mine) == kept
            stored[name] = len(mine)
        else:
            assert counted.get("waiting", 0) == 0


@SOME
@given(runs())
def test_whoever_holds_a_place_is_being_worked_on_and_nothing_waits_for_nobody(run):
    system, how = run
    note(f"{system!r}, {how}")
    running = ran(system, how)
    for name, machines in running.run.parts.items():
        for part in machines:
            begun = [visit[2] == visit[2] for visit in part.visits if visit[3] != visit[3]]
            if part.spec.station:
                waiting, busy, _ = part.state()
                assert (waiting, busy) == (begun.count(False), begun.count(True)), name
            if part.spec.pulls and part.alive and part.state()[0] >= part.spec.batch:
                targets = running.run.parts[name][0].targets
                assert all(target.room() == 0 for n, target in enumerate(targets) if n not in part.retired), name


@SOME
@given(runs(), st.lists(st.floats(0, 1), max_size=3))
@example(
    (Clients(arrivals="even") >> Topic() >> Cache(), {"duration_s": 1, "seed": 0, "events": []}), []
)  # at 0 s sharp
def test_it_is_the_same_run_again_and_in_slices(run, cuts):
    system, how = run
    note(f"{system!r}, {how}, {cuts}")
    one, other = simulate(system, **how), simulate(system, **how, engine="events")
    for table in ("requests", "visits", "refusals", "messages", "components", "timeline"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)
    pd.testing.assert_series_equal(one.summary, other.summary, check_exact=True)
    running = Running(system, how["seed"], how["events"])
    for cut in sorted([*cuts, 1.0]):
        running.advance(cut * how["duration_s"])
    told = [message.told() for message in running.run.messages if message.is_told]
    assert list(map(repr, told)) == list(map(repr, one.messages.itertuples(index=False, name=None)))
    done = [(float(r.arrived), float(r.finished), r.status, r.served_by) for r in running.run.requests]
    columns = ["arrived_s", "finished_s", "status", "served_by"]
    assert list(map(repr, done)) == list(map(repr, one.requests[columns].itertuples(index=False, name=None)))


@SOME
@given(runs())
def test_it_can_be_explained_drawn_saved_and_opened(run):
    system, how = run
    note(f"{system!r}, {how}")
    result = simulate(system, **how, warmup_s=0.25)
    said = result.explain()
    assert said.endswith(".") and not re.search(r"\b(nan|inf|None(?! of))\b|infinity", said), said
    assert repr(result).startswith("Result: ")
    assert not result.components.index.has_duplicates
    assert (result.components.utilisation.dropna() >= 0).all() and (result.components.mean_queue >= 0).all()
    per_part, per_edge = flows(system)
    for name, part in system.components.items():
        flow = per_part[name]
        assert flow.passes >= -1e-9 and flow.refused >= -1e-9 and flow.held_back >= 0
        if not part.remembers:
            assert flow.passes + flow.refused + flow.held_back == pytest.approx(flow.arrives)
    assert system._repr_html_().startswith("<")
    with tempfile.TemporaryDirectory() as folder:
        path = system.save(Path(folder) / "system.json")
        opened = System.open(path)
    assert opened == system and opened.names == system.names
    said = {}
    exec(f"from pmtech import *\n{as_code(system)}", said)
    assert said["system"] == system
    made = composed(system.parts, system.edges)
    assert sorted(map(repr, made.parts)) == sorted(map(repr, system.parts)) and len(made.edges) == len(system.edges)
    exec(f"from pmtech import *\n{as_code(made)}", said)
    assert said["system"] == made and "System(" not in as_code(made)
    again = simulate(opened, **how, warmup_s=0.25)
    pd.testing.assert_series_equal(again.summary, result.summary, check_exact=True)


@FEW
@given(runs())
def test_it_plays_in_every_panel(run):
    system, how = run
    note(f"{system!r}, {how}")
    result = simulate(system, **how)
    theatre(result).close()
    with TemporaryDirectory() as folder:
        page = brief(result, title="What we saw", folder=folder)
        assert "What we saw" in page.html.read_text(encoding="utf-8")
    panel = live(system, seed=how["seed"])
    for event in how["events"]:
        panel.running.at(event.at_s, lambda event=event: event.happen(panel.running))
    for _ in range(6):
        panel.step()
        assert panel.error is None
    panel.surge()
    for name in panel.pools:
        if panel.running.alive(name):
            panel.kill(name)
    panel.step()
    assert panel.error is None
    panel.close()
