"""The room's two pages in a real browser: for everybody, on a small phone, by keyboard alone, and with the clock running."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from jupyter_page import PATIENCE_MS, VIOLATIONS

from pmtech.course.exercises.questions import all_questions
from pmtech.room import app as room_app
from pmtech.room import state as room_state
from pmtech.room.state import Room

QUESTION = next(q for q in all_questions().values() if q.id == "05.check.1")
GUESS = next(q for q in all_questions().values() if q.guess and q.lesson == "05")
RUNS_OVER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def room():
    room = Room()
    server = uvicorn.Server(uvicorn.Config(room_app.app(room), port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    room.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield room
    server.should_exit = server.force_exit = True
    thread.join()
    room.close()


@pytest.fixture
def pages(browser):
    """A phone as narrow as 320 pixels, whose owner wants no motion, and a projector."""
    context = [
        browser.new_context(viewport={"width": 320, "height": 568}, reduced_motion="reduce"),
        browser.new_context(viewport={"width": 1280, "height": 720}),
    ]
    pages = [one.new_page() for one in context]
    errors = []
    for page in pages:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(PATIENCE_MS)
    yield pages
    for one in context:
        one.close()
    assert errors == []


def is_for_everybody(page):
    found = Axe().run(page, options=VIOLATIONS).response["violations"]
    assert [(one["id"], one["impact"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert not page.evaluate(RUNS_OVER)


def tab_to(page, name):
    """Go on with the Tab key until this control has the focus, which is seen."""
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => [document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]"
        )
        if focused[0].startswith(name):
            assert focused[1] != "none"
            return
    raise AssertionError(f"the Tab key does not come to {name}")


def test_a_vote_by_keyboard_alone_on_a_small_phone(room, pages):
    phone, board = pages
    phone.goto(f"{room.url}/#{room.word}")
    board.goto(f"{room.url}/board#{room.token}")
    board.get_by_label("Lesson").select_option("05")
    board.locator(".strip", has_text="Take away").wait_for()
    is_for_everybody(phone)
    tab_to(phone, "Join")
    phone.keyboard.press("Enter")
    phone.get_by_text("You are in.").wait_for()

    board.get_by_label("Question").select_option(QUESTION.id)
    tab_to(board, "Ask it")
    board.keyboard.press("Enter")
    phone.get_by_text("Choose one.").wait_for()
    is_for_everybody(phone)
    right = QUESTION.options.index(QUESTION.right)
    tab_to(phone, "ABCDEFG"[right])
    phone.keyboard.press("Enter")
    phone.get_by_text("Your vote counts.").wait_for()
    assert phone.locator("[aria-pressed=true]").count() == 1
    board.get_by_text("1 of 1").wait_for()
    is_for_everybody(board)

    tab_to(board, "Show the votes")
    board.keyboard.press("Enter")
    phone.locator(".bars").wait_for()
    moving = phone.evaluate("() => getComputedStyle(document.querySelector('.bar i')).transitionProperty")
    assert moving == "none" and not phone.locator(".right").count() and not board.locator(".right").count()
    for page in pages:
        is_for_everybody(page)

    tab_to(board, "Show what is right")
    board.keyboard.press("Enter")
    for page in pages:
        page.locator(".letter.right").wait_for()
        is_for_everybody(page)
    tab_to(board, "Start the clock")
    board.keyboard.press("Enter")
    board.get_by_text("Minute 0: Warm-up, 3 minutes left.").wait_for()


def test_a_guess_and_the_run_on_both_pages(room, pages):
    phone, board = pages
    seat = room.seat(room.join(room.word))
    phone.goto(f"{room.url}/#{room.word}")
    phone.get_by_role("button", name="Join").click()
    room.ask(GUESS.id)
    phone.get_by_role("slider").wait_for()
    is_for_everybody(phone)
    room.vote(seat, GUESS.id, GUESS.guess.low)
    room.set_truth(GUESS.id, GUESS.guess.high)
    board.goto(f"{room.url}/board#{room.token}")
    board.get_by_text("1 of 2").wait_for()
    assert board.locator(".truth").count() == 0, "not before the votes are shown"
    room.show()
    for page in pages:
        page.locator(".truth").wait_for()
        page.get_by_text(f"the run: {GUESS.guess.high:g} {GUESS.guess.unit}").wait_for()
        is_for_everybody(page)


def test_the_facilitator_goes_through_the_lessons_counts_hands_and_loads_the_page_anew(room, pages):
    """More lessons than a browser has lines to one address; what is being typed stays while votes come in."""
    board = pages[1]
    board.goto(f"{room.url}/board#{room.token}")
    for number in range(2, 11):
        board.get_by_label("Lesson").select_option(f"{number:02d}")
        board.wait_for_function(
            "(id) => document.querySelector('[aria-label=Question]').value.startsWith(id)", arg=f"{number:02d}"
        )
    board.get_by_label("Lesson").select_option("05")
    board.get_by_label("Question").select_option(QUESTION.id)
    board.get_by_role("button", name="Ask it").click()
    board.get_by_text("0 of 0").wait_for()
    board.get_by_text("Count hands").click()
    board.get_by_label("Hands for A").fill("3")
    room.set_stuck(room.seat(room.join(room.word)), True)
    board.get_by_text("1 stuck").wait_for()
    hands = board.get_by_label("Hands for A")
    assert hands.input_value() == "3" and hands.evaluate("it => it === document.activeElement")
    board.get_by_role("button", name="Add them").click()
    board.get_by_text("3 of 1").wait_for()
    board.reload()
    board.get_by_text("3 of 1").wait_for()
    board.get_by_text("Count hands").click()
    board.get_by_label("Hands for B").fill("2")
    board.get_by_role("button", name="Add them").click()
    board.get_by_text("5 of 1").wait_for()  # what is not filled in stays as it was counted
    assert room.token not in board.url, "not on the projector"
    with board.expect_download() as saved:
        board.get_by_role("button", name="Save the counts").click()
    assert Path(saved.value.path()).read_text().splitlines() == [
        "question,round,answer,votes",
        *(f'05.check.1,1,"{option.text}",{votes}' for option, votes in zip(QUESTION.options[:2], (3, 2), strict=True)),
    ]


def test_where_the_rooms_sliders_stand_is_seen_on_a_map(room, pages):
    board = pages[1]
    said = ["none", "some", "all"]
    axes = [{"label": label, "stops": [0, 5, 20], "said": said} for label in ("Asked", "Kept")]
    fields = [{"said": f"{n} ms", "figure": n} for n in range(9)]
    room.set_map({"panel": "0" * 16, "axes": axes, "cards": {"p95 answer": fields, "served": [*reversed(fields)]}})
    board.goto(f"{room.url}/board#{room.token}")
    board.get_by_text("Where the room's sliders stand: no pairs, Asked and Kept").click()
    for x, y, alike in ((0, 0, True), (20, 20, True), (20, 20, False), (10, 2.5, True)):
        room.put(room.seat(room.join(room.word)), "0" * 16, [x, y], alike)
    room.put(room.seat(room.join(room.word)), "1" * 16, [5, 5], True)  # of another panel
    board.get_by_text("sliders stand: 4 pairs").wait_for()
    is_for_everybody(board)
    # A point lies between the fields whose settings it lies between.
    middles = board.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".runs > *")].map((it) => {
             const { x, y, width, height } = it.getBoundingClientRect();
             return [it.className + it.textContent, [x + width / 2, y + height / 2].map(Math.round)]; }))"""
    )
    assert middles["other2"] == pytest.approx(middles["8 ms"], abs=2)
    between = [board.locator(".runs i").nth(n).bounding_box() for n in range(3)]
    centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in between]
    assert centres[1] == pytest.approx(middles["0 ms"], abs=2)
    a_third = (middles["2 ms"][0] - middles["1 ms"][0]) / 3
    halfway = (middles["0 ms"][1] + middles["3 ms"][1]) / 2
    assert centres[2] == pytest.approx((middles["1 ms"][0] + a_third, halfway), abs=2)
    board.get_by_label("Figure of the map").select_option("served")
    assert board.locator(".runs span").first.text_content() == "8 ms"
    room.put(room.seat(room.join(room.word)), "0" * 16, [5, 5], True)
    board.get_by_text("sliders stand: 5 pairs").wait_for()
    assert board.locator(".runs span").first.text_content() == "8 ms"  # what was chosen stays
    assert board.get_by_role("img", name="1 at Asked 10, Kept 2.5").count() == 1


def test_who_leaves_is_told_nothing_more_and_may_come_again_at_once(room, pages):
    phone = pages[0]
    phone.goto(f"{room.url}/#{room.word}")
    phone.get_by_role("button", name="Join").click()
    phone.get_by_role("button", name="Leave").click()
    phone.get_by_role("button", name="Join").click()
    phone.get_by_text("You are in.").wait_for()
    phone.wait_for_timeout(2500)  # the line of the seat that is gone has ended, and would have asked again
    room.ask(QUESTION.id)
    phone.get_by_text("Choose one.").wait_for()
    assert room.board()["seats"] == 1


def test_two_boards_tell_the_same_whatever_their_clocks_and_an_old_one_opens_nothing(room, pages, monkeypatch):
    board = pages[1]
    other = board.context.new_page()
    for page in (board, other):
        page.goto(f"{room.url}/board#{room.token}")
        page.get_by_label("Lesson").select_option("05")
        page.locator(".strip", has_text="Take away").wait_for()
    board.get_by_role("button", name="Start the clock").click()
    other.get_by_text("Minute 0: Warm-up").wait_for()
    for page, hours in ((board, -2), (other, 2)):
        page.evaluate("(by) => { const real = Date.now; Date.now = () => real() + by * 3.6e6; }", hours)
    now_s = room_state.awake_s()
    monkeypatch.setattr(room_state, "awake_s", lambda: now_s + 180)
    for page in (board, other):
        page.get_by_text("Minute 3: ").wait_for()
        page.get_by_label("Question").select_option(QUESTION.id)
    board.get_by_role("button", name="Ask it").dblclick()
    other.get_by_text("Round 1").wait_for()
    assert room.board()["round"] == 1, "a double click is one"
    other.evaluate("listening.abort()")  # as a page that has slept
    board.get_by_role("button", name="Second round").click()
    board.get_by_text("Round 2").wait_for()
    for name in ("Show the votes", "Close the round", "Second round", "Ask it"):
        with other.expect_response("**/api/*") as refused:
            other.get_by_role("button", name=name).click()
        assert refused.value.status == 412
        other.get_by_text("Not done: the room has gone on meanwhile.").wait_for()
        assert (room.board()["round"], room.board()["open"], room.board()["shown"]) == (2, True, False)
    room.set_stuck(room.seat(room.join(room.word)), True)
    board.get_by_role("button", name="Show the votes").click()
    board.locator(".bars").wait_for()


def test_a_line_that_has_gone_silent_is_told_of_and_comes_back(room, pages, monkeypatch):
    """As after sleep, or in another network: nobody hangs up, and nothing comes."""
    phone, board = pages
    old = "What stands here may be old."
    board.goto(f"{room.url}/board#{room.token}")
    phone.goto(f"{room.url}/#{room.word}")
    phone.get_by_role("button", name="Join").click()
    board.get_by_text("1 seat", exact=True).wait_for()
    monkeypatch.setattr(room_app, "ALIVE_S", 1e9)
    for page in pages:
        page.get_by_text(old).wait_for()
    is_for_everybody(phone)
    monkeypatch.setattr(room_app, "ALIVE_S", 0.25)
    for page in pages:
        page.get_by_text(old).wait_for(state="hidden")
    room.ask(QUESTION.id)
    phone.get_by_text("Choose one.").wait_for()


def test_a_phone_has_one_seat_however_often_it_scans_the_code(room, pages):
    """A second tap, another tab, the page loaded anew in the middle of a round: one seat, and it knows its vote."""
    phone = pages[0]
    other = phone.context.new_page()
    for page in (phone, other):
        page.goto(f"{room.url}/#{room.word}")
    phone.evaluate("() => { const go = document.querySelector('form'); go.requestSubmit(); go.requestSubmit(); }")
    phone.get_by_text("You are in.").wait_for()
    other.get_by_role("button", name="Join").click()
    room.ask(QUESTION.id)
    other.get_by_text("Choose one.").wait_for()
    phone.locator(".options button").first.click()
    phone.get_by_text("Your vote counts.").wait_for()
    phone.get_by_role("button", name="We are stuck").click()
    phone.get_by_text("Help is coming").wait_for()
    for page in (phone, other):
        page.reload()
        page.get_by_text("Your vote counts.").wait_for()
        assert page.locator("[aria-pressed=true]").count() == 2
    assert [room.board()[what] for what in ("seats", "voted", "stuck")] == [1, 1, 1]
    phone.goto(f"{room.url}/#{room.word}%")
    phone.get_by_text("Your vote counts.").wait_for()
    phone.get_by_role("button", name="Leave").click()
    for page in (phone, other):
        page.get_by_role("button", name="Join").wait_for()
    assert [room.board()[what] for what in ("seats", "voted", "stuck")] == [0, 0, 0]
