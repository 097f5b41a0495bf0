"""Lesson 16: each day is won by the ideas of the lessons and by nothing less; its rehearsal, its score, its debrief."""

import pytest
from peak_designs import DESIGNS, IDEAS

from pmtech import Queue, RateLimiter, Server, check, peak_day, simulate, sketch
from pmtech.course.check import all_tasks
from pmtech.course.days import LASTS_S
from pmtech.course.days.weather import INCIDENTS, weather
from pmtech.course.peak_day import DAYS
from pmtech.course.tasks.lesson_16 import OTHER_DAYS
from pmtech.system import editing

LEFT_OUT = [(id, idea) for id in DAYS for idea in IDEAS[id].split()]


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


def lost(id, design):
    """What a design loses on the days of the task, up to the first that it loses."""
    day = peak_day(id).design(design)
    found = ({one.what for one in day.another(seed).lines if not one.kept} for seed in OTHER_DAYS)
    return next((lines for lines in found if lines), set())


# --- won by ideas ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", DAYS)
def test_the_ideas_together_win(id):
    day = peak_day(id).design(DESIGNS[id]())
    assert day.run(seed=4, told="busy").passed, day.score
    assert check("16.your_turn", day).passed


def test_the_debrief_says_what_each_thing_was_good_for():
    day = peak_day("sale").design(DESIGNS["sale"]())
    day.run(seed=1, told="busy", knobs={"queue.limit": 900})  # a knob that is gone when the queue is
    told = day.debrief().gaps
    whom = {line.split(":")[0].removeprefix("Without ") for line in told}
    assert whom >= {
        "Cache",
        "Queue",
        "Circuit breaker",
        "machines ahead of time at Shop",
        "more than one machine at Shop",
    }
    assert "/pay answered within 1500 ms" in next(line for line in told if "Queue" in line)


@pytest.mark.parametrize(("id", "idea"), LEFT_OUT)
def test_each_idea_bears_its_load(id, idea):
    """Left out, the day is lost: for lack of machines ahead of time, for all that is asked twice, for who is let in."""
    assert lost(id, DESIGNS[id](idea))


def test_the_ideas_of_seven_lessons_are_needed():
    assert {idea for _, idea in LEFT_OUT} == {"03", "04", "05", "07", "08", "09", "12"}


@pytest.mark.parametrize("id", DAYS)
def test_it_is_not_won_by_buying(id):
    """Neither today's architecture nor the largest machines, and not for their price alone."""
    for design in (peak_day(id).today, peak_day(id).largest):
        assert lost(id, design) - {"Money"}
    bought = peak_day(id).design(peak_day(id).largest).rehearse(trouble="zone")  # as the lesson runs it
    assert len([one for one in bought.lines if not one.kept]) >= 2


@pytest.mark.parametrize("id", ["tickets", "sale"])
def test_machines_that_are_always_there_are_too_dear(id):
    design = DESIGNS[id]()
    own = [name for name in peak_day(id).plan.own if design.get(f"{name}.autoscale")]
    always = {f"{name}.{field}": value for name in own for field, value in (("autoscale", None), ("replicas", 5))}
    assert lost(id, design.replace(always)) == {"Money"}


# --- a day's luck ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", DAYS)
def test_the_days_of_the_task_bring_everything_that_may_happen(id):
    plan = peak_day(id).plan
    drawn = [weather(plan, seed) for seed in range(40)]
    assert {name for seed in OTHER_DAYS for name in weather(plan, seed).incidents} == set(plan.may) <= set(INCIDENTS)
    assert all(len(day.incidents) == 3 for day in drawn) and len({day.times for day in drawn}) > 5
    low, high = plan.forecast
    assert all(("forecast" in day.incidents) == (day.times > high) and day.times >= low for day in drawn)


def test_the_same_day_again_is_the_same_day():
    one, other = (peak_day("match").run(seed=3) for _ in range(2))
    assert one.lines == other.lines != peak_day("match").run(seed=4).lines


# --- what is not the learner's -----------------------------------------------------------------------------------------


def test_what_belongs_to_the_day_is_refused_in_a_sentence():
    day = peak_day("tickets")
    for change, sentence in (
        ({"seats.connections": 50}, "Seats has 2 connections on this day; yours has 50 connections"),
        ({"programs.rate_per_s": 0}, "Programs sends 10 a second on this day"),
        ({"booking.service_ms": 1}, "Booking works 400 ms on a request on this day"),
        ({"booking.workers": 65}, "The largest machine for rent has 64 workers"),
    ):
        with pytest.raises(ValueError, match=sentence):
            day.design(day.today.replace(change))
    magic, _ = editing.put_before(day.today, "seats", Server("Magic", service_ms=0.01))
    with pytest.raises(ValueError, match="Magic is no part of this day"):
        day.design(magic)
    with pytest.raises(ValueError, match="design needs a system or a sketch of one"):
        day.design(7)


def test_machines_have_the_prices_of_the_day():
    day = peak_day("sale")
    free = day.design(day.today.replace({"shop.price_usd_per_hour": 0, "prices.price_usd_per_hour": 0}))
    assert free.system == day.today and free.system.get("shop.price_usd_per_hour") == pytest.approx(0.29)


def test_a_sketch_is_handed_in_as_it_stands():
    panel = sketch(peak_day("tickets").today)
    panel.add("Queue", "before", "seats")
    panel.add("LoadBalancer", "before", "booking")
    for field, sent in (("autoscale", True), ("autoscale.starts_s", 15), ("autoscale.schedule", "8: 4, 62: 1")):
        panel._put(f"booking.{field}", sent)  # as the page does
    drawn = peak_day("tickets").design(panel).system
    assert "queue" in drawn.numbers and drawn.get("booking.autoscale.schedule") == ((8, 4), (62, 1))


# --- rehearsal, call, words --------------------------------------------------------------------------------------------


def test_a_rehearsal_finds_what_it_contains():
    """The food day with all but a limit: fine as forecast, lost when the forecast was wrong."""
    day = peak_day("food").design(DESIGNS["food"]("04"))
    assert day.rehearse(times=0.5).passed and day.hours == 10.5
    assert not day.rehearse(times=1.0, trouble="forecast").passed and day.hours == 7.5
    day.rehearse(times=0.5)
    assert day.hours == 7.5, "the same again takes no time"
    with pytest.raises(ValueError, match="that takes 9 hours; 7.5 of 12 are left"):
        day.rehearse(times=8)
    with pytest.raises(ValueError, match="times must be more than 0 and at most 10"):
        day.rehearse(times=-1)
    with pytest.raises(ValueError, match='"flood" is no incident of this day'):
        day.rehearse(trouble="flood")


def test_until_the_call_it_is_the_day_itself():
    day = peak_day("match")
    first, whole = day.morning(seed=2).run.records, day.run(seed=2).run.records
    early = len(first.arrived_s)
    assert 0 < early < len(whole.arrived_s) and (first.arrived_s == whole.arrived_s[:early]).all()


def test_sales_brings_people_and_money():
    day = peak_day("sale").design(DESIGNS["sale"]())
    no, yes = day.run(seed=4), day.run(seed=4, call="yes")
    assert len(yes.run.records.status) > 1.1 * len(no.run.records.status)
    assert "at most $1.07" in str(yes) and "at most $0.92" in str(no)


def test_a_knob_is_turned_when_the_telephone_rings():
    day = peak_day("tickets").design(DESIGNS["tickets"]())
    day.run(seed=4, knobs={"rate_limiter.limit": 1, "pages.replicas": 5})
    turned = {
        event.path: event.at_s
        for event in day.score.run.events
        if "rate_per_s" not in getattr(event, "path", "x.rate_per_s")
    }
    assert turned == {"rate_limiter.limit": 45, "pages.replicas": 60}
    with pytest.raises(ValueError, match="Seats has 2 connections on this day"):
        day.run(knobs={"seats.connections": 9})


def test_the_public_is_told_what_is_so():
    day = peak_day("food")
    words = {told: day.run(seed=4, told=told).lines[-1].kept for told in ("nothing", "all is well", "busy", "trouble")}
    assert words == {"nothing": False, "all is well": False, "busy": False, "trouble": True}
    with pytest.raises(ValueError, match='"fine" is not known to be told'):
        day.run(told="fine")


def test_an_answer_in_place_of_the_work_does_not_count():
    """Orders that a queue accepts and nobody cooks in time are not done, however quickly they were answered."""
    day = peak_day("food")
    design, _ = editing.put_before(day.today, "kitchens", Queue(limit=5000))
    assert day.design(design).another(2).lines[0].kept is False
    refused, _ = editing.put_before(day.today, "kitchens", RateLimiter(limit=1))
    assert not day.design(refused).another(2).lines[0].kept


def test_tries_are_kept_and_the_line_to_share_has_nothing_personal():
    day = peak_day("tickets")
    day.run(seed=3)
    kept = day.score.met
    assert peak_day("tickets").tries[0].endswith(f"day 3: {kept} of 6 kept") and not peak_day("sale").tries
    assert day.share().startswith(f"Peak day, Railway tickets at ten, day 3: {kept} of 6 kept (/book done within 20 s ")
    assert "tickets" in repr(day) and "31,814" in day._repr_html_() and "missed" in day.score._repr_html_()


def test_what_is_asked_too_early_is_said():
    with pytest.raises(ValueError, match="run it first"):
        peak_day("tickets").debrief()
    day = peak_day("tickets")
    day.run(seed=3)
    with pytest.raises(ValueError, match="knobs must be"):
        day.run(knobs=[1])
    assert day.design(day.today).score.title.endswith("day 3"), "a day that could not be run leaves the last one"
    with pytest.raises(ValueError, match="run it first"):
        day.design(day.largest).debrief()
    with pytest.raises(ValueError, match='there is no day "ticket"'):
        peak_day("ticket")
    marking = all_tasks()["16.your_turn"].mark(peak_day("tickets"))
    assert not marking.counts and "run it first" in marking.gaps[0]


def test_a_part_taken_off_a_route_leaves_its_route():
    design = DESIGNS["tickets"]()
    without = editing.take_out(design, "cdn")
    assert simulate(without, duration_s=LASTS_S / 8).by_client.served_per_s["travellers"] > 0
    assert {edge.label for edge in without.edges if edge.label} == {"/look", "/book"}
