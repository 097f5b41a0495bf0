"""A room of a workshop: who may do what, what is counted, what is told to whom, and that a learner's kernel says no more than it
promises.

The room is talked to over HTTP, as phones, kernels and strangers would; nothing leaves this process but where a real server
on the loopback is the point.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from lessons import NOTEBOOKS
from schemathesis import openapi

from pmtech import Choice, Clients, Server, Slider, ask, check_environment, explore, join, leave
from pmtech import room as open_room
from pmtech.course.exercises.ask import refresh
from pmtech.course.exercises.questions import all_questions
from pmtech.course.way.progress import Progress, hearers
from pmtech.panels.explore import watchers
from pmtech.room import app as room_app
from pmtech.room import guard as room_guard
from pmtech.room import join as room_join
from pmtech.room import seat as room_seat
from pmtech.room import server as room_server
from pmtech.room import state as room_state
from pmtech.room.agenda import agenda, section_of, sections
from pmtech.room.aloud import SIGNS, code
from pmtech.room.aloud import answer as meant_by
from pmtech.room.join import join_without_asking
from pmtech.room.membership import room_of_today
from pmtech.room.server import serving
from pmtech.room.state import Room, is_split
from pmtech.room.word import WORDS, new_word

CHECK = next(q for q in all_questions().values() if q.kind == "check" and not q.guess)
OTHER = next(q for q in all_questions().values() if q.kind == "check" and not q.guess and q.id != CHECK.id)
GUESS = next(q for q in all_questions().values() if q.guess)
BUTTONS = {
    "rounds": {"question": CHECK.id},
    "stop": {},
    "show": {},
    "verdict": {},
    "hands": {"counts": {"0": 3}},
    "aloud": {"code": "AAAA"},
}
RIGHT = next(n for n, option in enumerate(CHECK.options) if option.right)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


class Class:
    """A room, its facilitator, and learners by number."""

    def __init__(self, monkeypatch, keep=None):
        self.room = Room(keep)
        self.http = TestClient(room_app.app(self.room, lambda: "127.0.0.1"))
        self.lead = bearer(self.room.token)

    def sit(self, count=1):
        seats = [bearer(self.room.join(self.room.word)) for _ in range(count)]
        return seats if count > 1 else seats[0]

    def vote(self, seat, option, question=CHECK.id):
        return self.http.put("/api/votes/mine", json={"question": question, "option": option}, headers=seat).status_code

    def do(self, what, **body):
        answer = self.http.post(f"/api/{what}", headers=self.lead, **({"json": body} if body else {}))
        assert answer.status_code in (201, 204), answer.text
        return answer

    def board(self):
        return self.http.get("/api/board", headers=self.lead).json()


@pytest.fixture
def room(monkeypatch):
    made = Class(monkeypatch)
    yield made
    leave()
    made.room.close()


# Votes


def test_peer_instruction_from_the_first_vote_to_who_moved_where(room):
    ann, bob, cat = room.sit(3)
    assert room.do("rounds", question=CHECK.id).json() == {"round": 1}
    wrong = (RIGHT + 1) % len(CHECK.options)
    assert [room.vote(ann, RIGHT), room.vote(bob, wrong), room.vote(cat, wrong)] == [204, 204, 204]
    told = room.http.get("/api/room", headers=ann).json()
    assert told["open"] and "votes" not in told and told["right"] is None
    assert (board := room.board())["voted"] == 3 and board["rounds"] == []
    room.do("show")
    board = room.board()
    assert board["rounds"] == [{str(float(RIGHT)): 1, str(float(wrong)): 2}]
    known = room.http.get("/api/room", headers=ann).json()
    assert board["split"] and board["right"] is None is known["right"], "neighbours who talk do not know it"
    assert known["votes"] == board["rounds"][0]
    assert room.do("rounds", question=CHECK.id).json() == {"round": 2}
    assert [room.vote(ann, RIGHT), room.vote(bob, RIGHT), room.vote(cat, wrong)] == [204, 204, 204]
    assert room.board()["moved"] == []
    room.do("show")
    assert room.board()["moved"] == sorted([[RIGHT, RIGHT, 1], [wrong, RIGHT, 1], [wrong, wrong, 1]])
    room.do("verdict")
    board = room.board()
    assert board["right"] == RIGHT == room.http.get("/api/room", headers=ann).json()["right"] and not board["split"]


def test_a_seat_has_one_vote_and_none_outside_of_the_round(room):
    seat = room.sit()
    assert room.vote(seat, 0) == 409
    room.do("rounds", question=CHECK.id)
    assert [room.vote(seat, 0), room.vote(seat, 1)] == [204, 204]
    assert room.board()["voted"] == 1
    assert room.vote(seat, 0, GUESS.id) == 409
    room.do("stop")
    assert room.vote(seat, 0) == 409
    room.do("show")
    assert room.board()["rounds"] == [{"1.0": 1}]


@pytest.mark.parametrize("option", [-1, 0.5, 99, 1e308])
def test_what_is_none_of_the_answers_is_refused(room, option):
    seat = room.sit()
    room.do("rounds", question=CHECK.id)
    assert room.vote(seat, option) == 422


def test_a_number_is_voted_on_as_a_guess(room):
    seat, other = room.sit(2)
    room.do("rounds", question=GUESS.id)
    assert room.vote(seat, GUESS.guess.low, GUESS.id) == 204
    assert room.vote(other, GUESS.guess.high + 1, GUESS.id) == 422
    room.do("show")
    assert room.board()["rounds"] == [{str(float(GUESS.guess.low)): 1}]
    assert room.board()["right"] is None  # nobody knows before the run


def test_hands_are_counted_beside_the_votes(room):
    seat = room.sit()
    room.do("rounds", question=CHECK.id)
    room.vote(seat, 0)
    room.do("hands", counts={"0": 4, "1": 2})
    room.do("show")
    assert room.board()["rounds"] == [{"0.0": 5, "1.0": 2}]


@pytest.mark.parametrize(
    ("right", "votes", "split"),
    [(0, 0, False), (1, 1, False), (3, 10, True), (7, 10, True), (8, 10, False), (2, 10, False)],
)
def test_a_split_room_talks(right, votes, split):
    assert is_split(right, votes) is split


def test_a_page_that_was_left_behind_changes_nothing(room):
    """Two of the facilitator's pages: a button means the round that was on its page, and two presses of it are one."""
    press = lambda what, seen, **body: room.http.post(  # noqa: E731
        f"/api/{what}", headers=room.lead | {"If-Match": str(seen)}, **({"json": body} if body else {})
    )
    first = room.board()["id"]
    assert [press("rounds", first, question=CHECK.id).status_code for _ in range(2)] == [201, 412]
    old = room.board()["id"]
    assert press("rounds", old, question=OTHER.id).status_code == 201
    seat = room.sit()
    assert room.vote(seat, 0, OTHER.id) == 204
    before = room.board()
    for what, body in BUTTONS.items():
        late = press(what, old, **body)
        assert late.status_code == 412 and "has gone on meanwhile" in late.json()["detail"]
    assert room.board() == before
    assert press("show", before["id"]).status_code == 204 and room.board()["shown"]


def test_a_vote_counts_in_the_round_it_was_meant_for(room):
    seat = room.sit()
    room.do("rounds", question=CHECK.id)
    room.do("rounds", question=CHECK.id)
    cast = lambda number: room.http.put(  # noqa: E731
        "/api/votes/mine", json={"question": CHECK.id, "option": 0, "round": number}, headers=seat
    )
    assert [cast(1).status_code, cast(3).status_code, room.board()["voted"]] == [409, 409, 0]
    assert [cast(2).status_code, room.board()["voted"]] == [204, 1]


def test_the_minutes_of_a_lesson_are_those_of_no_clock_that_is_set(monkeypatch, tmp_path):
    """Set back or forth by hours, the computer asleep for one, the room killed and started again: as many as have passed."""
    room, now_s = Class(monkeypatch, tmp_path / "room.sqlite"), room_state.awake_s()
    monkeypatch.setattr(room_state, "awake_s", lambda: now_s)

    def says(**clock):
        if clock:
            assert room.http.put("/api/clock", json={"lesson": "05"} | clock, headers=room.lead).status_code == 204
        return room.http.get("/api/board?lesson=05", headers=room.lead).json()["minutes"]

    assert says() is None and says(runs=True) == 0
    for jump_s in (-7200, 3600):
        with monkeypatch.context() as clock:
            clock.setattr(time, "time", lambda jump_s=jump_s, real=time.time: real() + jump_s)
            assert says() == 0
    now_s += 3601  # the computer slept
    assert says() == 60 and says(runs=True) == 60  # pressed on another page, too
    room.room.close()
    room = Class(monkeypatch, tmp_path / "room.sqlite")
    assert says() == 60 and room.board()["minutes"] is None  # of another lesson
    assert says(runs=False) is None
    room.room.close()


# Who may do what


def test_a_room_is_guessed_by_nobody(room, monkeypatch):
    monkeypatch.setattr(room_guard, "time", SimpleNamespace(monotonic=lambda: 0.0))
    assert len(WORDS) > 150 and len(set(WORDS)) == len(WORDS)
    assert len({new_word() for _ in range(2000)}) > 1990
    answers = [
        room.http.post("/api/seats", json={"word": "fern-otter-417"}).status_code for _ in range(room_state.SEATS + 1)
    ]
    assert set(answers) <= {403, 429} and answers[-1] == 429
    told = {room.http.post("/api/seats", json={"word": word}).status_code for word in (room.room.word, "x") * 3}
    assert told == {429}, "who guesses too often does not learn that one was right"


def test_a_class_behind_one_address_comes_all_at_once(room):
    answers = [room.http.post("/api/seats", json={"word": room.room.word}).status_code for _ in range(200)]
    assert set(answers) == {201}


def test_the_word_is_taken_as_people_write_it(room):
    word = room.room.word
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in word)
    dashes = [word.replace("-", dash) for dash in ("–", "\u2011", "_", "  ")]
    for written in (f" {word.upper()} ", *dashes, wide, f"{word}.", f"\u200b“{word}”"):
        assert room.http.post("/api/seats", json={"word": written}).status_code == 201, written
    first, second, number = word.split("-")
    for other in (f"{first}-{second}", f"{word}-1", f"{second}-{first}-{number}", "", "--", f"{word}\ud800"):
        body = json.dumps({"word": other})
        told = room.http.post("/api/seats", content=body, headers={"content-type": "application/json"})
        assert told.status_code in (403, 422), other


def paths(api):
    return [(method, path) for path, calls in api["paths"].items() for method in calls if path.startswith("/api")]


def test_nothing_is_told_or_done_without_a_seat_or_the_token(room):
    seat = room.sit()
    lead_alone = {
        "/api/board",
        "/api/rounds",
        "/api/stop",
        "/api/show",
        "/api/verdict",
        "/api/hands",
        "/api/questions",
        "/api/export",
        "/api/aloud",
        "/api/truth",
        "/api/agenda",
        "/api/code.svg",
        "/api/clock",
    }
    bodies = {"/api/rounds": {"question": CHECK.id}, "/api/hands": {"counts": {"0": 1}}}
    bodies["/api/aloud"] = {"code": "AAAA"}
    bodies["/api/clock"] = {"lesson": "05", "runs": True}
    bodies["/api/truth"] = {"question": GUESS.id, "value": 1}
    for method, path in paths(room.http.app.openapi()):
        if path == "/api/seats":
            continue
        for who in ({}, bearer("x"), bearer(""), *([seat] if path in lead_alone else [])):
            answer = room.http.request(method, path, headers=who, json=bodies.get(path))
            assert answer.status_code in (401, 422), f"{method} {path}: {answer.status_code}"
            assert room.room.token not in answer.text and room.room.word not in answer.text
    assert room.board()["question"] is None


def test_who_leaves_takes_along_all_that_was_said(room):
    seat = room.sit()
    room.do("rounds", question=CHECK.id)
    room.vote(seat, 0)
    room.http.put("/api/pace/mine", json={"lesson": "04", "section": 1, "state": "done"}, headers=seat)
    assert room.http.delete("/api/seats/mine", headers=seat).status_code == 204
    assert room.vote(seat, 0) == 401
    board = room.http.get("/api/board?lesson=04", headers=room.lead).json()
    assert (board["seats"], board["voted"], board["pace"]) == (0, 0, {})


def test_the_strip_has_who_is_stuck_where_they_work_or_after_what_they_have_done(room):
    ann, bob, cat, phone = room.sit(4)
    for seat, section, state in ((ann, 2, "done"), (bob, 2, "done"), (bob, 3, "working"), (cat, 2, "done")):
        body = {"lesson": "04", "section": section, "state": state}
        assert room.http.put("/api/pace/mine", json=body, headers=seat).status_code == 204
    for seat in (ann, bob, phone):
        room.http.put("/api/stuck/mine", json={"stuck": True}, headers=seat)
    board = room.http.get("/api/board?lesson=04", headers=room.lead).json()
    assert board["pace"] == {"2": {"done": 3}, "3": {"working": 0, "stuck": 2}}
    assert (board["stuck"], board["pairs"]) == (3, 3)


def test_the_board_has_the_scores_of_the_peak_day_and_no_names(room):
    """A number a pair and day, the best of its tries, most first; who leaves takes its number along."""
    seats = room.sit(3)

    def led(seat, day="tickets", number=1, kept=4, of=6):
        body = {"day": day, "number": number, "kept": kept, "of": of}
        return room.http.put("/api/score/mine", json=body, headers=seat).status_code

    assert [led(seats[0], kept=kept) for kept in (3, 5, 2)] == [204] * 3
    assert [led(seats[1]), led(seats[2], day="food", number=7, kept=1, of=5)] == [204] * 2
    assert room.board()["scores"] == [
        {"day": "food", "number": 7, "of": 5, "kept": [1]},
        {"day": "tickets", "number": 1, "of": 6, "kept": [5, 4]},
    ]
    assert {led(seats[0], day="Ann"), led(seats[0], kept=7), led({}), led(seats[0], number=-1)} == {422, 401}
    room.http.delete("/api/seats/mine", headers=seats[0])
    assert room.board()["scores"][1]["kept"] == [4]


def test_what_is_kept_says_nothing_of_whose_it_is(tmp_path, monkeypatch):
    kept = Class(monkeypatch, tmp_path / "room.sqlite")
    secret = kept.room.join(kept.room.word)
    kept.do("rounds", question=CHECK.id)
    kept.vote(bearer(secret), 0)
    kept.room.close()
    assert secret.encode() not in (tmp_path / "room.sqlite").read_bytes()
    if os.name == "posix":  # the token lies in it: the facilitator's alone
        assert (tmp_path / "room.sqlite").stat().st_mode & 0o077 == 0


def test_a_room_with_a_full_disk_says_so_and_knows_what_it_knew(tmp_path, monkeypatch):
    full = Class(monkeypatch, tmp_path / "room.sqlite")
    seat = full.sit()
    full.do("rounds", question=CHECK.id)
    assert full.vote(seat, 0) == 204
    pages = full.room._rows("pragma page_count")[0][0]
    full.room._rows(f"pragma max_page_count = {pages}")  # SQLite's own way to a disk without room
    with pytest.raises(sqlite3.OperationalError):
        for n in range(1000):
            full.room.reached(n, "04", 1, "done")
    answer = full.http.put("/api/pace/mine", json={"lesson": "05", "section": 1, "state": "done"}, headers=seat)
    assert answer.status_code == 507 and "disk is full" in answer.json()["detail"]
    assert full.board()["voted"] == 1
    with pytest.raises(sqlite3.OperationalError):
        for _ in range(1000):
            full.room.ask(OTHER.id)
    assert full.room.told()["open"], "the round before is not closed for one that could not be opened"
    full.room.close()


KILLED = """
import os, sys
from pathlib import Path
from pmtech.room.state import Room
room = Room(Path(sys.argv[1]))
secret = room.join(room.word)
room.ask(sys.argv[2])
room.vote(room.seat(secret), sys.argv[2], 1)
print(room.word, room.token, secret, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_room_that_was_killed_knows_its_votes_if_it_was_told_to_keep_them(tmp_path, monkeypatch):
    path = tmp_path / "room.sqlite"
    process = subprocess.run([sys.executable, "-c", KILLED, path, CHECK.id], stdout=subprocess.PIPE, text=True)
    assert process.returncode != 0
    word, token, secret = process.stdout.split()
    after = Class(monkeypatch, path)
    assert (after.room.word, after.room.token) == (word, token)
    assert after.board()["voted"] == 1 and after.vote(bearer(secret), 0) == 204
    assert after.http.get("/api/export", headers=after.lead).json() == [
        {"question": CHECK.id, "round": 1, "option": 0.0, "votes": 1, "answer": CHECK.options[0].text}
    ]
    after.room.close()


def test_no_saved_answer_is_a_formula(room, monkeypatch):
    first, *others = CHECK.options
    asked = replace(CHECK, options=(replace(first, text="=1+1"), *others))
    room.do("rounds", question=CHECK.id)
    assert room.vote(room.sit(), 0) == 204
    monkeypatch.setattr(room_app, "all_questions", lambda: {CHECK.id: asked})
    (row,) = room.http.get("/api/export", headers=room.lead).json()
    assert row["answer"] == "'=1+1"


def test_a_laptop_in_another_network_says_where_it_is_now(tmp_path, monkeypatch):
    """On the board, in the picture to scan, and in the news of a board on which nobody presses anything."""
    where, seen = ["192.0.2.10"], []

    class Run:
        def __init__(self, api, room):
            self.http, self.lead = TestClient(api), bearer(room.token)

        def run(self, sockets):
            for where[0] in ("192.0.2.10", "198.51.100.7"):
                board = self.http.get("/api/board", headers=self.lead).json()
                seen.append((board["host"], self.http.get("/api/code.svg", headers=self.lead).content))
            sockets[0].close()

    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    monkeypatch.setattr(room_server, "address", lambda: where[0])
    monkeypatch.setattr(room_server, "serving", Run)
    assert room_server.serve(port=0) == 0
    (before, code_before), (after, code_after) = seen
    assert before.startswith("192.0.2.10:") and after.startswith("198.51.100.7:") and code_before != code_after

    async def hears():
        where[0], room = "192.0.2.10", Room()
        news = room_app._news(room, lambda: where[0], lambda: False, True)
        told = [await anext(news)]
        where[0] = "198.51.100.7"
        told.append(await anext(news))
        room.close()
        return told

    assert asyncio.run(hears()) == ["data: 192.0.2.10\n\n", "data: 198.51.100.7\n\n"]


def test_a_port_that_is_taken_is_a_sentence_and_what_was_kept_is_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert room_server.serve(taken.getsockname()[1], tmp_path / "room.sqlite", here=True) == 1
    assert "port 0 is any that is free" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["room.sqlite"]


def test_a_room_that_closes_leaves_the_way_to_one_that_was_opened_after_it(tmp_path, monkeypatch):
    class Later:
        def run(self, sockets):
            (tmp_path / "room.json").write_text("of another room")

    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    monkeypatch.setattr(room_server, "serving", lambda api, room: Later())
    assert room_server.serve(0, here=True) == 0
    assert (tmp_path / "room.json").read_text() == "of another room"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_room_that_is_ended_leaves_one_file_with_all_votes_and_no_token(tmp_path, name):
    """A computer that shuts down, a terminal's window that is closed; meanwhile no second room takes the file."""
    end = getattr(signal, name, None)
    if end is None or signal.getsignal(end) is signal.SIG_IGN:
        pytest.skip("nothing ends by this signal here")
    keep, note = tmp_path / "room.sqlite", tmp_path / "room.json"
    command = [sys.executable, "-m", "pmtech", "room", "--here", "--port", "0", "--keep", keep]
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=os.environ | {"PMTECH_HOME": str(tmp_path)}, **said)
    until(note.exists)
    until(lambda: note.read_text().endswith("}"))
    told = json.loads(note.read_text())
    lead = httpx.Client(base_url=told["address"], headers=bearer(told["token"]), trust_env=False)
    until(lambda: answers(lead))
    assert lead.post("/api/rounds", json={"question": CHECK.id}).status_code == 201
    assert lead.post("/api/hands", json={"counts": {"0": 7}}).status_code == 204
    with pytest.raises(sqlite3.OperationalError, match="locked"), closing(sqlite3.connect(keep, timeout=0)) as second:
        second.execute("select * from room")
    process.send_signal(end)
    assert process.wait(120) == 0, process.stderr.read()
    assert [path.name for path in tmp_path.iterdir()] == ["room.sqlite"]
    after = Room(keep)
    assert after.export() == [{"question": CHECK.id, "round": 1, "option": 0.0, "votes": 7}]
    after.close()


def answers(line):
    with suppress(httpx.HTTPError):
        return line.get("/api/board").status_code == 200


# Load, faults, hostile seats


def test_two_hundred_seats_vote_at_once_and_all_are_counted(room):
    seats = room.sit(200)
    room.do("rounds", question=CHECK.id)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda seat: room.vote(seat, 0), seats))
    assert set(answers) == {204} and room.board()["voted"] == 200


def test_one_seat_that_floods_is_slowed_and_others_are_not(room, monkeypatch):
    loud, quiet = room.sit(2)
    room.do("rounds", question=CHECK.id)
    monkeypatch.setattr(room_guard, "time", SimpleNamespace(monotonic=lambda: 0.0))  # all of it in one moment
    answers = [room.vote(loud, n % 2) for n in range(300)]
    assert answers[0] == 204 and answers.count(429) > 200
    assert set(answers[answers.index(429) :]) == {429}
    assert room.vote(quiet, 0) == 204 and room.board()["voted"] == 2


HOSTILE = ["<script>alert(1)</script>", "'; drop table vote; --", "\u202e", "\x00", "A" * 5000, "{{7*7}}", "../../etc"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_refused_and_never_said_again(room, text):
    seat = room.sit()
    room.do("rounds", question=CHECK.id)
    for answer in (
        room.http.post("/api/seats", json={"word": text}),
        room.http.put("/api/votes/mine", json={"question": text, "option": 0}, headers=seat),
        room.http.put("/api/pace/mine", json={"lesson": text, "section": 1, "state": "done"}, headers=seat),
        room.http.put("/api/pace/mine", json={"lesson": "04", "section": 1, "state": text}, headers=seat),
        room.http.post("/api/rounds", json={"question": text}, headers=room.lead),
        room.http.post("/api/hands", json={"counts": {text: 1}}, headers=room.lead),
        room.http.post("/api/aloud", json={"code": text}, headers=room.lead),
        room.http.put("/api/truth", json={"question": text, "value": 1}, headers=room.lead),
        room.http.get("/api/board", headers=bearer(quote(text))),
    ):
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/json"
    assert "<script" not in json.dumps(room.board())


def test_pages_hold_no_secret_and_run_no_script_of_others(room):
    for path in ("/", "/board"):
        answer = room.http.get(path)
        assert answer.status_code == 200 and "default-src 'none'" in answer.headers["content-security-policy"]
        assert room.room.token not in answer.text and room.room.word not in answer.text
        assert not re.search(
            r"innerHTML|insertAdjacentHTML|document\.write|https?://(?!www\.w3\.org)[a-z]", answer.text
        )


schema = openapi.from_asgi("/openapi.json", room_app.app(Room()))


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_no_input_ends_in_a_failure_of_the_server(case):
    if case.path == "/api/news":
        return  # never ends by itself
    assert case.call().status_code < 500


BODIES = ["NaN", "Infinity", "1e999", "9" * 3000, '"\\ud800"', "[" * 3000, "\x00", '{"": "<script>"}']


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("inside", ["%s", '{"question": "05.check.1", "option": %s}', '{"question": %s, "option": 1}'])
def test_what_is_no_vote_is_refused_and_not_said_again(room, inside, body):
    told = room.http.put(
        "/api/votes/mine", content=inside % body, headers=room.sit() | {"content-type": "application/json"}
    )
    assert told.status_code in (400, 422) and body[:8] not in told.text and len(told.text) < 100


def lines(address, *requests):
    """Connections to a room on each of which this was sent."""
    host, port = address.split(":")
    opened = [socket.create_connection((host, int(port)), timeout=30) for _ in requests]
    for line, request in zip(opened, requests, strict=True):
        line.sendall(request.encode())
    return opened


def test_a_seat_that_opens_many_lines_is_told_the_news_on_the_last(real):
    room, address = real
    secret = room.join(room.word)
    news = f"GET /api/news HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n"
    opened = []
    for _ in range(3 * room_app.STREAMS):
        opened += lines(address, news)
        assert opened[-1].recv(10_000).startswith(b"HTTP/1.1 200")
    for line in opened[: -room_app.STREAMS]:
        while line.recv(10_000):  # to its end
            pass
    room.ask(CHECK.id)
    told = b""
    while CHECK.id.encode() not in told:
        told += opened[-1].recv(10_000)
    for line in opened:
        line.close()


def test_who_sends_too_slowly_is_hung_up_on(real, monkeypatch):
    monkeypatch.setattr(room_guard, "BODY_S", 0.2)
    room, address = real
    begun = f"PUT /api/votes/mine HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nAuthorization: Bearer {room.join(room.word)}\r\n\r\n"
    (line,) = lines(address, begun + '{"question": ')
    told = b""
    while came := line.recv(10_000):
        told += came
    assert told.startswith(b"HTTP/1.1 400")
    line.close()


# A learner's kernel


@pytest.fixture
def real(tmp_path, monkeypatch, capfd):
    """A room on the loopback, as `pmtech room --here` runs it."""
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    room = Room()
    server, listener = serving(room_app.app(room), room), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until(lambda: server.started)
    yield room, f"127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True  # with whoever listens: nobody keeps a room from closing
    thread.join(120)
    said = capfd.readouterr().err
    assert not thread.is_alive() and "ERROR" not in said, said
    leave()
    room.close()


def until(is_so, patience_s=120):
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def answered_in(room, address):
    """A learner's seat, and the panel in which the room's question has been answered right."""
    seat = join(f"{room.word}@{address}")
    room.ask(CHECK.id)
    until(lambda: seat._room.get("question") == CHECK.id)
    panel = ask(CHECK.id)
    panel.value = RIGHT
    panel.commit()
    return seat, panel


def test_an_answer_in_the_notebook_is_a_vote_and_its_verdict_waits_for_the_room(real):
    room, address = real
    seat, panel = answered_in(room, address)
    assert panel.correct is None and "when the room has voted" in panel.feedback
    until(lambda: room.board()["voted"] == 1)
    room.show()
    until(lambda: seat._room["shown"])
    assert panel.correct is None
    room.show(verdict=True)
    until(lambda: panel.correct is True)
    assert room.board(CHECK.id[:2])["pace"] == {8: {"done": 1}}


@pytest.mark.parametrize("kind", ["check", "predict"])
def test_a_second_round_is_answered_in_the_notebook_too(real, kind):
    """Whoever answers there has talked to a neighbour as well, and moves from one answer to the other."""
    room, address = real
    asked = next(q for q in all_questions().values() if q.kind == kind and not q.guess)
    join(f"{room.word}@{address}")
    panel = ask(asked.id)
    panel.value = 0
    panel.commit()  # before the room has come to it
    for number, option in ((1, 0), (2, 1)):
        room.ask(asked.id)
        until(lambda number=number: panel.again_label == f"Answer in the room: round {number}")
        panel.again()
        panel.value = option
        panel.commit()
        until(lambda: room.board()["voted"] == 1)
        assert panel.correct is None and not panel.again_label
        room.show()
    assert room.board()["moved"] == [(0, 1, 1)]


def test_a_kernel_hears_the_news_and_asks_for_nothing_while_nothing_changes(real, monkeypatch):
    room, address = real
    asked = []
    known = room.seat
    monkeypatch.setattr(room, "seat", lambda secret: asked.append(secret) or known(secret))
    monkeypatch.setattr(room_app, "ALIVE_S", 2 * room_app.NEWS_S)
    seat = join(f"{room.word}@{address}")
    until(lambda: seat._room and room.changed)
    before = len(asked)
    time.sleep(6 * room_app.NEWS_S)
    assert len(asked) == before
    room.ask(CHECK.id)
    until(lambda: seat._room.get("question") == CHECK.id)


def test_a_verdict_is_not_held_back_by_a_room_that_is_gone(real, monkeypatch):
    room, address = real
    seat, panel = answered_in(room, address)
    assert panel.correct is None
    room.leave(room.seat(seat.secret))  # as after a room that was opened anew
    until(lambda: panel.correct is True)


def test_only_what_was_promised_is_sent(real, monkeypatch):
    room, address = real
    seat = join(f"{room.word}@{address}")
    sent = []
    monkeypatch.setattr(seat, "_tell", sent.append)
    for hear in hearers:
        hear({"kind": "task", "id": "04.your_turn", "passed": True, "figures": ["secret"], "name": "Ann"})
        hear({"kind": "answer", "id": CHECK.id, "option": CHECK.options[0].text})
        hear({"kind": "peak day", "id": "food", "seed": 3, "kept": 4, "of": 5, "name": "Ann"})
        hear({"kind": "note", "id": "04.note", "text": "my own words"})
    assert [body for _, body in sent] == [
        {"lesson": "04", "section": 7, "state": "done"},
        {"lesson": CHECK.id[:2], "section": 8, "state": "done"},
        {"day": "food", "number": 3, "kept": 4, "of": 5},
    ]


# Where the sliders of a panel stand


def what_if(**more):
    shop = Clients("Visitors", rate_per_s=20) >> Server(workers=2, service_ms=90, queue_limit=10)
    across = Slider("visitors.rate_per_s", 0, 47, step=5, label="Visitors send")
    up = Slider("server.workers", 1, 3, label="Workers")
    choice = Choice("server.queue_limit", (10, 20))
    return explore(shop, choice, across, up, **({"duration_s": 2, "cards": ("refused", "p95 answer")} | more))


@pytest.fixture
def led(real, monkeypatch):
    """A room, a learner's seat in it and the facilitator, whose sliders rest at once."""
    room, address = real
    monkeypatch.setattr(room_seat, "REST_S", 0.0)
    seat = join(f"{room.word}@{address}")
    lead = room_join.Lead(f"http://{address}", room.token)
    yield room, seat, lead
    if lead._hear in hearers:
        lead.leave()


def test_the_rooms_sliders_are_points_on_a_map_of_the_facilitators_own_runs(led):
    room, _, _ = led
    panel = what_if()
    until(lambda: room.map() and room.map()["points"])
    told = room.map()
    assert [axis["stops"] for axis in told["axes"]] == [[0, 10, 20, 25, 35, 45], [1, 2, 3]]  # where a slider can stand
    assert [axis["said"][-1] for axis in told["axes"]] == ["45 /s", "3"]
    assert told["points"] == [(20.0, 2.0, 1, 1)]
    # Each field is the panel's own run: rows from below, what stands beside the map as at first.
    for number, at in ((2, (20, 1)), (8, (20, 2)), (17, (45, 3))):
        panel.controls["visitors.rate_per_s"].value, panel.controls["server.workers"].value = at
        assert {name: fields[number]["said"] for name, fields in told["cards"].items()} == panel.cards
        until(lambda at=at: [tuple(point[:2]) for point in room.map()["points"]] == [at])
    assert told["cards"]["refused"][17]["figure"] == panel.result.totals["error_rate"] > 0
    assert told["cards"]["p95 answer"][0] == {"said": "–", "figure": None}  # nobody comes
    panel.controls["server.queue_limit"].value = 20
    until(lambda: room.map()["points"] == [(45.0, 3.0, 0, 1)])  # something else was changed, too
    panel.reset()
    until(lambda: room.map()["points"] == [(20.0, 2.0, 1, 1)])


def test_the_largest_map_is_taken_and_a_field_that_cannot_be_run_says_so(led):
    room, _, _ = led
    shop = Clients("Visitors", rate_per_s=20) >> Server(workers=2, service_ms=90)
    sliders = (
        Slider("visitors.rate_per_s", 0, 50),
        Slider("server.replicas", 1, 6, label="S" * 100),
    )  # 2 need a balancer
    panel = explore(shop, *sliders, duration_s=1, cards=("served", "p95 answer", "refused", "busiest part"))
    until(lambda: room.map())
    cards = room.map()["cards"]
    assert list(cards) == list(panel.shows) and {len(fields) for fields in cards.values()} == {36}
    said = [field["said"] for field in cards["served"]]
    assert "can't be run" not in said[:6] and set(said[6:]) == {"can't be run"}
    longest = {"said": "9" * 100, "figure": -1.2345678901234567e-300}
    whole = room.map() | {"cards": {name * 5: [longest] * 36 for name in cards}}
    del whole["points"]
    assert led[2]._http.put("/api/map", json=whole).status_code == 204


def test_a_map_has_points_of_its_own_panel_alone_and_none_of_who_has_left(led):
    room, seat, lead = led
    what_if()
    until(lambda: room.map() and room.map()["points"])
    first = room.map()["panel"]
    other = what_if(duration_s=3)  # a cell that was changed
    until(lambda: room.map()["panel"] != first and room.map()["points"])
    lead.leave()
    what_if(duration_s=4).controls["server.workers"].value = 3
    assert room.map()["panel"] != first and room.map()["points"] == [(20.0, 2.0, 1, 1)]
    seat.leave()
    assert room.map()["points"] == [] and watchers == []
    other.controls["server.workers"].value = 1  # goes on, and tells nobody


def test_a_map_of_one_slider_is_a_row_and_a_panel_without_one_has_none(led):
    room, _, _ = led
    shop = Clients("Visitors", rate_per_s=20) >> Server(workers=2)
    explore(shop, Choice("server.workers", (1, 2)), duration_s=2)
    explore(shop, Choice("server.workers", (1, 2, 4), slide=True), duration_s=2)
    until(lambda: room.map() and room.map()["points"])
    told = room.map()
    assert [axis["said"] for axis in told["axes"]] == [["1", "2", "4"]] and told["points"] == [(1.0, None, 1, 1)]


def test_a_map_is_taken_whole_and_from_the_facilitator_alone(led):
    room, _, lead = led
    ends = {"stops": [0.0, 1.0], "said": ["none", "all"], "label": "Share"}
    field = {"said": "0", "figure": None}
    whole = {"panel": "0" * 16, "axes": [ends, ends], "cards": {"served": [field] * 4}}
    assert lead._http.put("/api/map", json=whole).status_code == 204
    one = {"axes": [ends], "cards": {"served": [field] * 3}}
    for wrong in ({"cards": {}}, {"cards": {"served": [field] * 3}}, {"axes": []}, {"panel": "<script>"}, one):
        assert lead._http.put("/api/map", json=whole | wrong).status_code == 422
    uneven = {"axes": [ends, ends | {"said": ["none"] * 3}]}
    assert lead._http.put("/api/map", json=whole | uneven).status_code == 422
    stranger = httpx.put(f"{lead._http.base_url}/api/map", json=whole)
    assert stranger.status_code == 401


def test_who_runs_the_cell_of_joining_again_keeps_the_seat_and_its_vote(real):
    room, address = real
    seat, _ = answered_in(room, address)
    until(lambda: room.board()["voted"] == 1)
    assert join(f"{room.word}@{address}") is seat and (room.board()["seats"], room.board()["voted"]) == (1, 1)
    leave()
    assert join(f"{room.word}@{address}") is not seat and (room.board()["seats"], room.board()["voted"]) == (1, 0)


OTHER_LESSON = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
import pmtech
from pmtech.room import join
shell = InteractiveShell.instance()
pmtech.load_ipython_extension(shell)
def told():
    print(json.dumps(None if join._seat is None else [join._seat.secret, join._seat.has_left]), flush=True)
def inside():
    return join._seat is not None and not join._seat.has_left
while not inside() and "wait" in sys.argv: time.sleep(0.02)
told()
for line in sys.stdin:
    if line == "a cell\\n": shell.run_cell("None")
    while inside() != (line == "a cell\\n"): time.sleep(0.02)
    told()
"""


def test_all_lessons_are_in_the_room_on_the_same_seat_until_one_of_them_leaves(real, tmp_path):
    """Who joins in lesson 00 votes in lesson 05, opened before or after it; who leaves in one has left in all, and nothing is
    asked of the room any more."""
    room, address = real

    def kernel(*how):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", OTHER_LESSON, *how], env=os.environ, **pipes)

    def does(lesson, what):
        lesson.stdin.write(f"{what}\n")
        lesson.stdin.flush()
        return told_by(lesson)

    def told_by(lesson):
        return json.loads(lesson.stdout.readline())

    before = kernel()
    assert told_by(before) is None
    for _ in range(2):  # and whoever comes back
        seat = join(f"{room.word}@{address}")
        other = kernel("wait")
        assert told_by(other) == [seat.secret, False] == does(before, "a cell") and room.board()["seats"] == 1
        leave()
        assert does(other, "left?") == [seat.secret, True] == does(before, "left?")
        other.stdin.close()
        assert (other.wait(60), room.board()["seats"]) == (0, 0)
    after = kernel()
    assert told_by(after) is None
    for lesson in (before, after):
        lesson.stdin.close()
    assert (before.wait(60), after.wait(60), room.board()["seats"]) == (0, 0, 0)


def test_a_room_of_yesterday_or_one_that_is_closed_is_asked_for_by_nobody(real, tmp_path, monkeypatch):
    room, address = real
    kept, sent = tmp_path / "joined-room.json", []
    join(f"{room.word}@{address}")
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps(told | {"since": told["since"] - 13 * 3600}))
    assert room_of_today() == ""
    leave()
    assert not kept.exists()
    kept.write_text(json.dumps(told | {"room": f"{room.word}@127.0.0.1:1"}))
    monkeypatch.setattr(room_join, "time", SimpleNamespace(sleep=sent.append))
    join_without_asking()
    until(lambda: not kept.exists())
    assert sent == [0, 5] and room.board()["seats"] == 0
    for damaged in ("", "[]", "{}", '{"since": "now"}', "\x00"):
        kept.write_text(damaged)
        assert room_of_today() == ""


def test_a_cell_that_has_joined_asks_for_help_and_leaves_at_one_click(real):
    room, address = real
    seat = join(f"{room.word}@{address}")
    seat._repr_mimebundle_()
    (panel,) = seat._shown
    assert "It hears which answers you choose" in panel.said and panel.inside
    for stuck in (1, 0):
        panel._do("stuck")
        until(lambda stuck=stuck: room.board()["stuck"] == stuck)
        assert panel.asks == bool(stuck)
    panel._do("leave")
    until(lambda: room.board()["seats"] == 0)
    assert not panel.inside and "Nothing is sent" in panel.said and hearers == []
    assert join(f"{room.word}@{address}") is not seat


def test_leaving_takes_the_seat_back_and_nothing_is_sent_any_more(real):
    room, address = real
    seat = join(f"{room.word}@{address}")
    seat.stuck()
    until(lambda: room.board()["stuck"] == 1)
    leave()
    until(lambda: room.board()["seats"] == 0)
    assert hearers == [] and "Nothing is sent" in repr(seat)


def test_a_room_that_dies_stops_nobody(real):
    room, address = real
    join(f"{room.word}@{address}")
    room.close()
    panel = ask(CHECK.id)
    panel.value = RIGHT
    panel.commit()
    assert panel.correct is True


@pytest.mark.parametrize("wrong", ["fern", "@", "fern-7@", "fern-7@127.0.0.1:1", "fern-7@no such host", 7])
def test_no_room_is_a_sentence(wrong):
    with pytest.raises(ValueError, match="joined by word and address|no room answers"):
        join(wrong)


@pytest.mark.parametrize("status", [200, 201, 404])
@pytest.mark.parametrize("said", ["[]", "null", "7", '"hello"', "{}", '{"detail": null}', "<html>", '["seat"]'])
def test_what_answers_and_is_no_room_is_a_sentence(monkeypatch, status, said):
    monkeypatch.setattr("httpx.post", lambda *_, **__: httpx.Response(status, text=said))
    with pytest.raises(ValueError, match="no room answers|did not let you in"):
        join("fern-otter-417@192.0.2.10")


def test_a_wrong_word_is_a_sentence(real):
    with pytest.raises(ValueError, match="no such room"):
        join(f"fern-otter-417@{real[1]}")


# What a room knows of a lesson, and of the facilitator's own run


def test_sections_are_the_lessons_own_and_minutes_those_of_the_note(room):
    told = room.http.get("/api/agenda?lesson=05", headers=room.lead).json()
    assert told["sections"][:3] == ["Warm-up", "The story", "Predict"] and "Going further" not in told["sections"]
    assert dict(zip(told["sections"], told["until"], strict=True))["Explore"] == 23
    assert told["cut"].startswith("Cut in this order: Check yourself")
    for stranger in ("99", "x", "../05", ""):
        assert agenda(stranger) == {"sections": [], "until": [], "cut": ""}


@pytest.mark.parametrize("lesson", [path.name[:2] for path in NOTEBOOKS[1:]])
def test_every_lesson_has_minutes_for_the_room_that_only_go_up(lesson):
    told = agenda(lesson)
    until = [minute for minute in told["until"] if minute is not None]
    assert until == sorted(until) and len(until) >= len(told["sections"]) - 1 and told["cut"]


@pytest.mark.parametrize(
    ("kind", "id", "heading"),
    [
        ("answer", "05.predict", "Predict"),
        ("run", "05.predict", "Why"),
        ("answer", "05.break.seen", "Break it"),
        ("task", "05.your_turn", "Your turn"),
        ("answer", "99.x", None),
        ("note", "05.predict", None),
    ],
)
def test_a_record_belongs_to_the_section_it_was_made_in(kind, id, heading):
    number = section_of(kind, id)
    assert (sections(id[:2])[number] if number is not None else None) == heading


def test_the_facilitators_run_is_drawn_into_the_guesses_once_votes_are_shown(real, tmp_path, monkeypatch):
    room, address = real
    with pytest.raises(ValueError, match="no room is open on this machine"):
        join("here")
    (tmp_path / "room.json").write_text(json.dumps({"address": f"http://{address}", "token": room.token}))
    for name, value in (("token", "of a room that is closed"), ("address", "http://127.0.0.1:9")):
        gone = {"address": f"http://{address}", "token": room.token} | {name: value}
        (tmp_path / "room.json").write_text(json.dumps(gone))
        with pytest.raises(ValueError, match="no room is open on this machine"):
            join("here")
    (tmp_path / "room.json").write_text(json.dumps({"address": f"http://{address}", "token": room.token}))
    monkeypatch.setenv("PMTECH_PRESENT", str(tmp_path))  # the same before a projector, whose answers lie elsewhere
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "answers"))
    join("here")
    room.ask(GUESS.id)
    for hear in hearers:
        hear({"kind": "truth", "id": GUESS.id, "value": 4.5})
    assert "truth" not in room.told()
    room.show()
    assert room.told()["truth"] == 4.5
    leave()
    assert hearers == []


def test_a_room_can_be_opened_in_a_cell_and_is_there_until_it_is_closed(tmp_path, monkeypatch):
    """No terminal: the same room as the command's. A cell that is run again shows the room that is open, and loses no vote."""
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    opened = open_room(0, keep=tmp_path / "votes.sqlite", here=True)
    try:
        word, host = re.search(r'join\("(.+)@(.+)"\)', repr(opened)).groups()
        board = re.search(r'href="http://[\d.:]+/board#([\w-]+)"', opened._repr_html_())[1]
        assert board not in re.sub(r'href="[^"]*"', "", opened._repr_html_())  # the secret is no text on a projector
        seat = bearer(httpx.post(f"http://{host}/api/seats", json={"word": word}).json()["seat"])
        lead = bearer(board)
        assert httpx.post(f"http://{host}/api/rounds", json={"question": GUESS.id}, headers=lead).status_code == 201
        vote = {"question": GUESS.id, "option": 4.0}
        assert httpx.put(f"http://{host}/api/votes/mine", json=vote, headers=seat).status_code == 204
        assert open_room() is opened is open_room(0, keep=tmp_path / "votes.sqlite", here=True)
        with pytest.raises(ValueError, match="a room is open in this kernel already"):
            open_room(0)
        assert len(hearers) == 1  # and this kernel's runs are drawn in
        httpx.post(f"http://{host}/api/show", headers=lead)
        hearers[0]({"kind": "truth", "id": GUESS.id, "value": 4.5})
        told = httpx.get(f"http://{host}/api/board", headers=lead).json()
        assert told["truth"] == 4.5
    finally:
        opened.close()
    assert not opened.is_open and repr(opened) == "The room is closed." and hearers == []
    assert [path.name for path in tmp_path.iterdir()] == ["votes.sqlite"]
    with pytest.raises(ValueError, match="port must be at most"):
        open_room(70_000)
    with pytest.raises(ValueError, match="path must be the name of a file such as"):
        open_room(0, keep="")
    again = open_room(0, keep=tmp_path / "votes.sqlite", here=True)
    try:
        assert word in repr(again)  # what was kept is known again
    finally:
        again.close()


def test_only_a_number_is_drawn_in(room):
    put = lambda question: room.http.put("/api/truth", json={"question": question, "value": 1}, headers=room.lead)  # noqa: E731
    assert [put(GUESS.id).status_code, put(CHECK.id).status_code, put("nothing").status_code] == [204, 422, 404]


# Without a network


def test_an_answer_is_read_out_in_four_signs_and_counted(room, monkeypatch, tmp_path):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    join("aloud")
    panel = ask(CHECK.id)
    panel.value = RIGHT
    panel.commit()
    signs = re.fullmatch(r"To read out: \*\*(\w{4})\*\*\.", panel.past)[1]
    assert panel.correct is None and panel.again_label == "Show what is right"
    leave()
    room.do("rounds", question=CHECK.id)
    for heard in (signs, signs.lower(), " ".join(signs)):
        room.do("aloud", code=heard)
    room.do("show")
    assert room.board()["rounds"] == [{str(float(RIGHT)): 3}]


@pytest.mark.parametrize("kind", ["check", "predict"])
def test_a_second_round_is_read_out_too_until_it_is_told_what_is_right(monkeypatch, tmp_path, kind):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    asked = next(q for q in all_questions().values() if q.kind == kind and not q.guess)
    join("aloud")
    panel = ask(asked.id)
    for option in (0, 1):
        panel.value = option
        panel.commit()
        assert panel.past == f"To read out: **{code(asked.id, option)}**."
        panel._do({"do": "change"})
        assert not panel.committed and panel.value is None
    panel.value = 1
    panel.commit()
    if kind == "check":
        panel.again()
    else:
        Progress(tmp_path).add("run", asked.id, shown=True)
        refresh(asked.id)
    assert panel.change_label == ""
    with pytest.raises(ValueError, match="this answer is kept"):
        panel.change()
    leave()
    panel = ask(asked.id)
    assert panel.change_label == ""


def test_signs_for_another_question_or_misheard_are_refused(room):
    signs = code(CHECK.id, RIGHT)
    post = lambda said: room.http.post("/api/aloud", json={"code": said}, headers=room.lead).status_code  # noqa: E731
    assert post(signs) == 422
    room.do("rounds", question=CHECK.id)
    for place in range(4):
        for other in set(SIGNS) - {signs[place]}:
            assert post(signs[:place] + other + signs[place + 1 :]) in (422, 409)
    assert room.board()["voted"] == 0


def test_every_answer_of_every_question_has_signs_of_its_own():
    for question in all_questions().values():
        guess = question.guess
        values = [guess.low, guess.low + guess.step, guess.high] if guess else range(len(question.options))
        for value in values:
            assert meant_by(question.lesson, code(question.id, value)) == (question.id, value)


# On a hub


def test_all_kernels_of_a_learner_on_a_hub_are_one_seat_and_leaving_is_for_good(real, monkeypatch, tmp_path):
    room, address = real
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "the learner's own")
    monkeypatch.setenv("PMTECH_ROOM", f"{room.word}@{address}")
    join_without_asking()
    until(lambda: room.board()["seats"] == 1)
    assert "in the room of the workshop already" in repr(check_environment())
    seat = join(f"{room.word}@{address}")
    assert room.board()["seats"] == 1
    assert room.seat(seat.secret)
    leave()
    assert room.board()["seats"] == 0
    assert "You have left the room" in repr(check_environment())
    join_without_asking()
    assert not [thread for thread in threading.enumerate() if thread.name == "pmtech-room-joins"]
    join(f"{room.word}@{address}")
    assert room.board()["seats"] == 1 and not (tmp_path / "left-the-room").exists()
