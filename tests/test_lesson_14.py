"""Lesson 14: a new version that comes back by itself, canaries by hand, a real repository, pipeline and release, the task."""

import math
import os
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from lessons import NOTEBOOKS, sources
from scipy.stats import binom

from pmtech import (
    Clients,
    Deploy,
    LoadBalancer,
    Retry,
    Server,
    cadence,
    canary,
    check,
    contract,
    migration,
    pipeline,
    release,
    repository,
    rollouts,
    simulate,
    start_api,
    theory,
)
from pmtech.course.exercises.tasks.lesson_14 import PLAN, TASKS, shop
from pmtech.web.shipping.repository import CHOICES

(NOTEBOOK,) = (path for path in NOTEBOOKS if path.name.startswith("14_"))
ORDERS = Clients(rate_per_s=20) >> Server(workers=16, service_ms=100)
MIXED = Deploy("server", at_s=0, errors=0.3, errors_before=0.1, steps=((0, 0.4),))

# --- two versions in the model -------------------------------------------------------------------------------------------


def failed(run):
    return run.requests.status >= 400


def within(count, share, of, sure=1e-4):
    low, high = binom.interval(1 - sure, of, share)
    return low <= count <= high


def test_the_mixture_of_two_versions_is_the_binomial():
    """40 % of the new version with 30 % errors, 60 % of the old one with 10 %: 18 % fail."""
    run = simulate(ORDERS, duration_s=300, events=[MIXED])
    assert within(failed(run).sum(), 0.4 * 0.3 + 0.6 * 0.1, len(run.requests))
    only = simulate(ORDERS, duration_s=300, events=[replace(MIXED, errors=1.0, errors_before=0)])
    assert within(failed(only).sum(), 0.4, len(only.requests))


def test_the_two_versions_meet_the_same_customers_and_who_fails_with_the_better_fails_with_the_worse():
    shares = (0, 0.2, 1)
    runs = [simulate(ORDERS, duration_s=60, events=[replace(MIXED, steps=((0, share),))]) for share in shares]
    assert all(run.requests.arrived_s.equals(runs[0].requests.arrived_s) for run in runs)
    hit = [set(np.flatnonzero(failed(run))) for run in runs]
    assert hit[0] < hit[1] < hit[2]


def test_it_is_taken_back_by_itself_at_its_errors_and_after_the_time_that_takes():
    """Each of the new version's answers is an error: the fifth decides, 3 s later it is gone, and nobody fails after that."""
    event = Deploy("server", at_s=10, errors=1.0, back_at=5, looks_at=5, back_s=3)
    run = simulate(ORDERS, duration_s=60, events=[event])
    ((back_s, name),) = run.rollbacks
    after = run.requests[run.requests.arrived_s >= 10]
    assert name == "server" and back_s == pytest.approx(after.arrived_s.iloc[4] + 3)
    assert np.array_equal(failed(run), (run.requests.arrived_s >= 10) & (run.requests.arrived_s < back_s))
    assert not simulate(ORDERS, duration_s=60, events=[replace(event, back_at=None)]).rollbacks


def test_errors_are_counted_anew_after_each_look():
    """The share of runs that come back in one look is that of the binomial, and in many looks that of many."""
    event = Deploy("server", at_s=0, errors=0.05, back_at=3, looks_at=20)
    one_look = simulate(ORDERS, duration_s=600, events=[event])
    (back_s, _), *_ = one_look.rollbacks
    hits = failed(one_look).to_numpy()
    blocks = [hits[at : at + 20].sum() for at in range(0, len(hits), 20)]
    first = next(number for number, errors in enumerate(blocks) if errors >= 3)
    assert int((one_look.requests.arrived_s <= back_s).sum()) in range(20 * first, 20 * first + 21)


def test_a_pool_is_one_version_and_the_old_ones_errors_are_not_held_against_the_new_one():
    pool = Clients(rate_per_s=50) >> LoadBalancer() >> Server(replicas=3, workers=16, service_ms=50)
    good = Deploy("server", at_s=0, errors=0, errors_before=0.5, steps=((0, 0.5),), back_at=1, looks_at=1)
    assert simulate(pool, duration_s=30, events=[good]).rollbacks == ()
    bad = simulate(pool, duration_s=30, events=[replace(good, errors=1.0, errors_before=0.0)])
    assert len(bad.rollbacks) == 1 and failed(bad).sum() == 1


def test_who_is_tried_again_stays_with_its_version():
    again = Clients(rate_per_s=20) >> Retry(attempts=5, backoff="none") >> Server(workers=16, service_ms=50)
    run = simulate(again, duration_s=60, events=[Deploy("server", at_s=0, errors=1.0, steps=((0, 0.3),))])
    assert within(failed(run).sum(), 0.3, len(run.requests))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"back_at": 0}, "back_at must be at least 1"),
        ({"back_at": 2.5}, "back_at must be a whole number"),
        ({"looks_at": 0}, "looks_at must be at least 1"),
        ({"back_s": -1}, "back_s must be at least 0"),
        ({"errors_before": 2}, "errors_before must be at most 1"),
        ({"steps": ((60, 0.5), (0, 1))}, "must go forward in time"),
        ({"back_at": 101}, "at most looks_at"),
    ],
)
def test_an_odd_plan_is_refused_in_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        simulate(ORDERS, events=[Deploy("server", **wrong)])


def test_the_four_ways():
    bad = Deploy("server", at_s=0, errors=0.1, errors_before=0.01, back_at=8, looks_at=100, back_s=300)
    ways = rollouts(Clients(rate_per_s=5) >> Server(workers=8, service_ms=100), bad)
    lost = {way: ways.lost(way) for way in ways.results}
    assert lost["blue/green"] < lost["canary"] < lost["rolling"] < lost["all at once"]
    assert all(0 < ways.back_s(way) < math.inf == ways.out_s(way) for way in lost)
    good = rollouts(ORDERS, replace(bad, errors=0.01), {"canary": {"steps": ((0, 0.05), (300, 1))}}, duration_s=400)
    assert good.lost("canary") == 0 and good.out_s("canary") == 300 and good.back_s("canary") == math.inf
    assert "orders lost" in ways._repr_html_()
    for odd, sentence in [
        ((ORDERS, None), "needs the new version"),
        ((ORDERS, bad, {}), "ways must be such as"),
        ((ORDERS, bad, {"a": {"step": 1}}), "did you mean steps"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            rollouts(*odd)


# --- canaries, by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "worse"), [(0.01, 0.02), (0.01, 0.05), (0.0, 0.02), (0.05, 0.05)])
def test_a_canary_by_hand(old, worse):
    """The sums of the binomial, term by term; one request fewer would not do."""

    def at_least(k, n, p):
        return 1 - sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k))

    found = canary(old, worse)
    n, k = found.requests, found.alarm_at
    assert at_least(k, n, old) <= 0.05 < at_least(k - 1, n, old) and at_least(k, n, old + worse) >= 0.95
    one_less = next(k for k in range(n) if at_least(k, n - 1, old) <= 0.05)
    assert at_least(one_less, n - 1, old + worse) < 0.95


def test_what_the_share_decides_and_what_it_does_not():
    small, large = (canary(0.01, 0.02, share=share, rate_per_s=20, back_s=300) for share in (0.05, 1))
    assert small.requests == large.requests == 521 and small.hit == large.hit == pytest.approx(10.42)
    assert small.wait_s == pytest.approx(521) and large.wait_s == pytest.approx(26.05)
    assert (small.hit_on_the_way_back, large.hit_on_the_way_back) == pytest.approx((6, 120))
    go.Figure(small.figure)


def test_its_sliders_move_its_numbers():
    panel = canary(0.01, 0.02)
    values = {"error_share": 0.05, "worse": 0.01, "share": 1.0, "rate_per_s": 1.0, "back_s": 0.0}
    panel.wish = {"number": 1, "values": values}
    assert panel.answer["values"] == values and panel.answer["number"] == 1 and panel.requests > 521
    for one in panel.described:
        assert one["low"] <= one["default"] <= one["high"] and one["low"] < one["high"]
        for end in ("low", "high"):
            panel.wish = {"number": 2, "values": values | {one["path"]: one[end]}}
            assert panel.answer["values"][one["path"]] == one[end]


@pytest.mark.parametrize("odd", ["1", None, True, math.nan, math.inf, -1])
@pytest.mark.parametrize("place", range(5))
def test_an_odd_canary_is_refused_in_a_sentence(odd, place):
    given = [0.01, 0.02, 0.05, 20, 300]
    given[place] = odd
    names = dict(zip(("share", "rate_per_s", "back_s"), given[2:], strict=True))
    with pytest.raises(ValueError, match=r"(error_share|worse|share|rate_per_s|back_s) must be"):
        canary(*given[:2], **names)


# --- a year of changes -----------------------------------------------------------------------------------------------------


def test_a_year_of_changes_against_the_binomial():
    """n changes in a release: it is broken with the chance 1 - (1 - p)^n, and each fault takes mend + look n."""
    years = [
        cadence({"week": 1}, weeks=100, changes_per_week=20, breaks=0.02, seed=seed).loc["week"] for seed in range(10)
    ]
    assert within(sum(year.broken for year in years), 1 - math.exp(-20 * 0.02), 1000)
    hours = np.mean([year.broken_h for year in years])
    expected = 100 * 20 * 0.02 * (0.5 + 0.05 * 21)  # a faulty change is one of 1 + Poisson(20)
    assert hours == pytest.approx(expected, rel=0.15)
    assert np.mean([year.waits_days for year in years]) == pytest.approx(2.5, rel=0.05)


def test_small_and_often_is_broken_more_often_and_for_fewer_hours():
    table = cadence()
    assert table.broken.is_monotonic_decreasing and table.broken_h.is_monotonic_increasing
    assert table.releases.tolist() == [260, 52, 12, 4] and cadence(breaks=0).broken_h.sum() == 0
    assert cadence(look_h=0).broken_h.nunique() == 1, "where nobody must look, the size is nothing"
    assert "A model" in table.note


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"every": {}}, "every must be"),
        ({"every": {"never": 0}}, "must be above 0"),
        ({"weeks": 0}, "weeks must be"),
        ({"weeks": 10**9}, "weeks must be"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"breaks": 2}, "breaks must be"),
        ({"changes_per_week": math.nan}, "changes_per_week must be"),
        ({"look_h": -1}, "look_h must be"),
    ],
)
def test_an_odd_year_is_refused_in_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        cadence(**wrong)


# --- a real repository -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed here")
def test_git_itself_reads_the_same_history_and_finds_nothing_amiss(monkeypatch):
    repo = repository()
    repo.decide("Ben's").decide("both").decide("both")

    def git(*command: str) -> str:
        line = ["git", "-c", "safe.directory=*", *command]
        return subprocess.run(line, cwd=repo.folder, check=True, capture_output=True, encoding="utf-8").stdout

    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    lines = git("log", "--all", "--date-order", "--abbrev=7", "--format=%h%x09%an%x09%at%x09%p%x09%s").splitlines()
    rows = (line.split("\t") for line in lines)
    read = [(id, who, int(at_s), tuple(parents.split()), says) for id, who, at_s, parents, says in rows]
    assert read == repo.history and len(read) == 6
    assert git("status", "--porcelain") == "" and "error" not in git("fsck", "--strict")


def test_the_history_says_who_and_when_and_that_a_merge_has_two_parents():
    repo = repository()
    assert {commit.who for commit in repo.history} == {"Ana", "Ben", "Cem"} and not (
        repo.folder / "test_ben.py"
    ).read_text() == ""
    assert "(Cem, changed by Ben)" in (repo.folder / "test_cem.py").read_text(), "60 dollars were Cem's, 40 are not"
    merge = repo.decide("Ana's").history[0]
    assert merge.who == "You" and len(merge.parents) == 2 and repo.conflict == ()
    assert "Friday" in repo._repr_html_() and "Decided" in repo.said


def test_a_user_with_settings_and_hooks_of_their_own_gets_the_same(monkeypatch, tmp_path):
    (tmp_path / ".gitconfig").write_text(
        "[commit]\n gpgsign = true\n[init]\n defaultBranch = trunk\n[core]\n autocrlf = true\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert [commit.who for commit in repository().history][-1] == "Cem" and not (tmp_path / "elsewhere").exists()


def test_what_was_not_decided_or_not_proposed_is_refused_in_a_sentence():
    repo = repository()
    with pytest.raises(ValueError, match="decide first"):
        pipeline(repo)
    with pytest.raises(ValueError, match="nobody has proposed 'bothh'.*did you mean both"):
        repo.decide("bothh")
    with pytest.raises(ValueError, match="pipeline needs the repository"):
        pipeline(None)


def test_tests_that_take_too_long_are_ended_with_a_sentence(monkeypatch):
    monkeypatch.setattr("pmtech.web.shipping.pipeline.GIVE_UP_S", 0.01)
    with pytest.raises(RuntimeError, match="were not through within 0.01 s"):
        pipeline(repository().decide("both"))


# --- pipeline and release, really ----------------------------------------------------------------------------------------


def rule(line):
    names = {"SEAT_USD": 12}
    exec(f"def amount_usd(seats): return {line}", names)
    return names["amount_usd"]


def test_what_each_choice_costs_by_hand():
    prices = {means: [rule(line)(seats) for seats in (1, 5, 20)] for means, line in CHOICES.items()}
    assert prices == {
        "Ana's": [12, 60, 200],
        "Ben's": [-8, 40, 220],
        "both": [-8, 40, 180],
        "the better one": [-8, 40, 200],
    }


@pytest.fixture(scope="module")
def runs():
    repo = repository()
    hurried = pipeline(repo.decide("Ben's"))
    return hurried, pipeline(repo.decide("the better one"))


@pytest.fixture
def api():
    api = start_api(transport="socket")
    yield api
    api.stop()


def test_red_then_green_in_a_process_of_its_own(runs):
    hurried, built = runs
    assert hurried.red == 1 and not hurried.green and "(Ana)" in next(says for says, why in hurried.checks if why)
    assert next(why for _, why in hurried.checks if why) == "the API charges 220"
    assert built.green and len(built.checks) == 3 and "it may be shipped" in built.said
    assert hurried.commit != built.commit


def test_the_fault_that_nobody_wrote_a_test_for_goes_out_and_the_row_stays(runs, api):
    hurried, built = runs
    with pytest.raises(ValueError, match="only what the pipeline has found green"):
        release(api, hurried)
    shipped = release(api, built)
    assert [usd for *_, usd in shipped.steps] == [12, -8, 12] and shipped.wrong == 1
    again = release(api, built, flag=True)
    assert [usd for *_, usd in again.steps] == [12, 12, -8, 12] and again.wrong == 1
    assert [row["amount_usd"] for row in api.rows()["payments"]].count(-8) == 2
    assert api.request("POST", "/payments", json={"customer": "A", "seats": 5}).json()["amount_usd"] == 60


def test_a_column_is_renamed_in_two_steps(api):
    before = contract(api).document
    rows = api.rows()
    moved = migration(api)
    works = [(old == "works", new == "works") for _, old, new, _ in moved.rows]
    assert works == [(True, False), (False, True), (True, True), (False, True)]
    broken = [broken for *_, broken in moved.rows]
    assert broken[0] == broken[2] == 0 < broken[1] == broken[3]
    assert contract(api).document == before and api.rows() == rows, "it was a copy"


# --- the task --------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


WATCHED = replace(PLAN, back_at=8)
STEPS = ((0, 0.05), (1200, 0.25), (1800, 1))


def tried(plan, system=None):
    return TASKS[0].mark({"plan": plan, "system": system or shop()}, 3)


def test_a_canary_that_comes_back_by_itself_is_enough():
    marking = tried(replace(WATCHED, steps=STEPS))
    assert marking.passed and not marking.gaps


@pytest.mark.parametrize(
    ("plan", "lost"),
    [
        (WATCHED, "no canary"),
        (replace(PLAN, steps=STEPS), "nobody looks"),
        (replace(WATCHED, steps=((0, 0.1), (300, 1))), "too soon"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_it_is_lost_when_the_idea_is_left_out(plan, lost):
    marking = tried(plan)
    assert not marking.passed and "The loss when it is bad is" in marking.gaps[0], lost


def test_a_bigger_machine_alone_does_not_win():
    marking = tried(PLAN, shop().replace({"orders.workers": 200}))
    assert marking.counts and not marking.passed and "The loss when it is bad is" in marking.gaps[0]


def test_a_good_version_must_not_be_taken_back_by_chance_nor_come_too_late():
    assert "chance looked like a fault" in tried(replace(WATCHED, steps=STEPS, back_at=3)).gaps[0]
    assert "not with everybody" in tried(replace(WATCHED, steps=((0, 0.05), (3700, 1)))).gaps[0]
    assert "not with everybody" in tried(replace(WATCHED, steps=((0, 0.05),))).gaps[0]


@pytest.mark.parametrize("steps", [((3600, 1),), ((0, 0.02), (3600, 1))])
def test_the_hour_does_not_end_before_a_bad_version_has_been_found(steps):
    marking = tried(replace(PLAN, steps=steps))
    assert not marking.passed and "still there after the hour" in marking.gaps[0]


def test_the_cell_as_it_stands_loses_and_is_no_attempt():
    made = {}
    (cell,) = (source for source in sources(NOTEBOOK, "code") if source.startswith("my_shop = Clients"))
    exec("from pmtech import *\n" + cell.replace('check("14.your_turn", ', "attempt = ("), made)
    assert TASKS[0].untouched(made["attempt"]) and not check("14.your_turn", made["attempt"]).passed


def test_another_task_is_no_attempt():
    for plan in (replace(WATCHED, back_s=0), replace(WATCHED, errors=0.5), replace(WATCHED, name="server")):
        assert not tried(plan).counts
    assert not tried(WATCHED, shop().replace({"customers.rate_per_s": 1})).counts
    for odd in (None, PLAN, {"plan": PLAN}, {"plan": 1, "system": shop()}):
        with pytest.raises(ValueError, match="needs {"):
            TASKS[0].mark(odd)


# --- the prose -------------------------------------------------------------------------------------------------------------


def test_the_numbers_of_the_texts():
    half, fault, small = (theory.canary(0.01, worse).requests for worse in (0.01, 0.02, 0.07))
    assert half / fault == pytest.approx(3, abs=0.1) and round(half, -2) == 1600 and small == 77
    assert theory.canary(0.01, 0.05).requests < 300
    assert canary(0.01, 0.02, rate_per_s=2).wait_s > 3600 > canary(0.01, 0.02, rate_per_s=3).wait_s
    assert small / (2 * 0.01) / 60 / 24 > 2  # days, of two orders a minute at 1 %


def test_what_is_told_of_the_better_one_does_not_give_one_seat_away():
    """The price of one seat stands nowhere before it is ordered."""
    text = "".join(sources(NOTEBOOK, "markdown"))
    assert not re.search(r"−8|-8\b|below zero", text)
