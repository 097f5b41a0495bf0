"""A room: who sits in it, what was asked, who voted for what, how far everybody is. No names and no texts are kept.

All of it lies in one SQLite database: in memory, and gone when the room closes, or in a file that the facilitator names.
A seat is known by a secret of its own; only a hash of it is kept. Whatever is asked is asked in rounds (peer instruction:
Crouch and Mazur, "Peer Instruction: Ten years of experience and results", 2001): alone, then after talking to a neighbour.
"""

import hmac
import json
import re
import secrets
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pmtech.room.word import new_word

SEATS = 1000  # of one room
STATES = ("not begun", "working", "done", "stuck")
SPLIT = (0.3, 0.7)  # right answers: in between, neighbours have something to tell one another
TABLES = """
create table if not exists room (key text primary key, value text);
create table if not exists seat (id integer primary key, secret text unique, stuck integer default 0);
create table if not exists round (id integer primary key, question text, number integer, open integer, shown integer);
create table if not exists vote (round integer, seat integer, option real, primary key (round, seat));
create table if not exists hands (round integer, option real, count integer, primary key (round, option));
create table if not exists truth (question text primary key, value real);
create table if not exists score (seat integer, day text, number integer, kept integer, total integer, primary key (seat, day, number));
create table if not exists place (seat integer, panel text, x real, y real, alike integer, primary key (seat, panel));
create table if not exists pace (seat integer, lesson text, section integer, state text, primary key (seat, lesson, section));
"""


class Refused(ValueError):
    """What a room does not take, as a sentence; `status` is that of HTTP."""

    def __init__(self, status: int, said: str):
        super().__init__(said)
        self.status = status


def awake_s() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the computer sleeps (Python's monotonic one stops on
    two systems)."""
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))  # of Linux; of macOS
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def _written(word: str) -> str:
    """A word as people and keyboards write it: with capitals, spaces, long dashes, wide digits, a full stop after it."""
    return "-".join(re.findall(r"[a-z]+|[0-9]+", unicodedata.normalize("NFKC", word).lower()))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


class Room:
    """A room, from opening to closing. keep: the file in which it stays when it is closed, or None. word: drawn where none is given.

    word: what learners join by. token: what its controls ask for. changed: how often anything has changed, for whoever
    waits for news; ends: there will be no more. All methods may be called from any thread.
    """

    def __init__(self, keep: Path | None = None, word: str = ""):
        self._lock, self.changed, self.ends = threading.RLock(), 0, False
        if keep is not None:
            Path(keep).touch(mode=0o600)  # it holds the token
        self._db = sqlite3.connect(keep or ":memory:", check_same_thread=False, isolation_level=None)
        # One room to a file. A vote is safe from a room that is killed as soon as it is written, and waits for no disk.
        self._db.executescript(
            f"pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal; {TABLES}"
        )
        self.word = word or self._kept("word", new_word)
        self.token = self._kept("token", lambda: secrets.token_urlsafe(24))

    def _kept(self, key: str, make) -> str:
        self._write("insert or ignore into room values (?, ?)", key, make())
        return self._one("select value from room where key = ?", key)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- SQLite -----------------------------------------------------------------------------------------------------

    def _write(self, sql: str, *values) -> int:
        with self._lock, closing(self._db.execute(sql, values)) as done:
            self.changed += 1
            return done.lastrowid or 0

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """What is written meanwhile is written as a whole, or, on a full disk, not at all."""
        with self._lock:
            self._db.execute("begin")
            with self._db:
                yield

    def _rows(self, sql: str, *values) -> list[tuple]:
        with self._lock, closing(self._db.execute(sql, values)) as found:
            return found.fetchall()

    def _one(self, sql: str, *values) -> Any:
        rows = self._rows(sql, *values)
        return rows[0][0] if rows else None

    # --- seats ------------------------------------------------------------------------------------------------------

    def join(self, word: str, own: str = "") -> str:
        """A seat: returns its secret. The word may be written as people do.

        own: a secret that whoever joins has drawn, and comes back with: several kernels of one learner are one seat.
        """
        if not hmac.compare_digest(_written(word), _written(self.word)):
            raise Refused(403, "There is no such room here: look at the word on the screen once more.")
        secret = own or secrets.token_urlsafe(16)
        with self._lock:
            if own and self._one("select id from seat where secret = ?", _hash(own)) is not None:
                return own
            if self._one("select count(*) from seat") >= SEATS:
                raise Refused(409, f"This room is full: it has {SEATS} seats.")
            self._write("insert into seat (secret) values (?)", _hash(secret))
        return secret

    def seat(self, secret: str) -> int:
        """The number of a seat. Raises Refused for a stranger."""
        found = self._one("select id from seat where secret = ?", _hash(secret))
        if found is None:
            raise Refused(401, "This seat is not known here: join the room first.")
        return found

    def leave(self, seat: int) -> None:
        """The seat goes, with all that it said."""
        with self._at_once():
            for table, column in (
                ("vote", "seat"),
                ("pace", "seat"),
                ("place", "seat"),
                ("score", "seat"),
                ("seat", "id"),
            ):
                self._write(f"delete from {table} where {column} = ?", seat)

    def is_facilitator(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    # --- votes ------------------------------------------------------------------------------------------------------

    def ask(self, question: str) -> int:
        """Open a question, or its next round; what was open is closed. Returns the number of the round, from 1."""
        with self._at_once():
            self._write("update round set open = 0")
            number = 1 + self._one("select count(*) from round where question = ?", question)
            self._write("insert into round (question, number, open, shown) values (?, ?, 1, 0)", question, number)
        return number

    def stop(self) -> None:
        """No more votes in this round."""
        self._write("update round set open = 0")

    def show(self, verdict: bool = False) -> None:
        """Open the distribution to all; with verdict: what is right, too. Neighbours who talk know the one without the other."""
        self._write(
            "update round set shown = max(shown, ?), open = 0 where id = (select max(id) from round)", 1 + verdict
        )

    def _now(self) -> tuple | None:
        rows = self._rows("select id, question, number, open, shown from round order by id desc limit 1")
        return rows[0] if rows else None

    def vote(self, seat: int, question: str, option: float, number: int | None = None) -> None:
        """A seat's vote in the round that is open: one; as long as it is open, the last counts. number: of the round
        that was meant."""
        with self._lock:
            now = self._now()
            if now is None or now[1] != question or not now[3] or number not in (None, now[2]):
                raise Refused(409, "This question is not open for votes at the moment.")
            self._write("insert or replace into vote (round, seat, option) values (?, ?, ?)", now[0], seat, option)

    def show_hands(self, counts: dict[float, int]) -> None:
        """Without a network: hands that were counted in the room, beside the votes."""
        with self._at_once():
            now = self._now()
            if now is None:
                raise Refused(409, "Ask something first.")
            for option, count in counts.items():
                self._write("insert or replace into hands values (?, ?, ?)", now[0], option, count)

    def add_hand(self, question: str, option: float) -> None:
        """One more hand, whose answer was read out."""
        with self._lock:
            now = self._now()
            if now is None or now[1] != question:
                raise Refused(409, "These signs answer another question than the one that is asked.")
            self._write(
                "insert into hands values (?, ?, 1) on conflict (round, option) do update set count = count + 1",
                now[0],
                option,
            )

    def votes(self, round_id: int) -> dict[float, int]:
        found: dict[float, int] = {}
        for option, count in self._rows("select option, count(*) from vote where round = ? group by option", round_id):
            found[option] = count
        for option, count in self._rows("select option, count from hands where round = ?", round_id):
            found[option] = found.get(option, 0) + count
        return found

    def moved(self, question: str) -> list[tuple[float, float, int]]:
        """(from, to, how many) between the last two rounds of a question, of the seats that voted in both."""
        rounds = [row[0] for row in self._rows("select id from round where question = ? order by id", question)][-2:]
        if len(rounds) < 2:
            return []
        return self._rows(
            "select a.option, b.option, count(*) from vote a join vote b on a.seat = b.seat"
            " where a.round = ? and b.round = ? group by 1, 2 order by 1, 2",
            *rounds,
        )

    def set_truth(self, question: str, value: float) -> None:
        """What the facilitator's own run gives, of a question whose answer is a number."""
        self._write("insert or replace into truth values (?, ?)", question, value)

    # --- pace -------------------------------------------------------------------------------------------------------

    def reached(self, seat: int, lesson: str, section: int, state: str) -> None:
        """A pair has begun a section of a lesson, or is done with it."""
        if state not in STATES:
            raise Refused(422, f"A section is {', '.join(STATES)}; got {state}.")
        self._write("insert or replace into pace values (?, ?, ?, ?)", seat, lesson, section, state)

    def set_stuck(self, seat: int, stuck: bool) -> None:
        """A pair asks for help, or needs none any more."""
        self._write("update seat set stuck = ? where id = ?", int(stuck), seat)

    def pace(self, lesson: str) -> dict[int, dict[str, int]]:
        """Section -> state -> how many seats. Who is stuck is so where it works, or in the section after what it has done."""
        found: dict[int, dict[str, int]] = {}
        rows = self._rows("select section, state, count(*) from pace where lesson = ? group by 1, 2", lesson)
        for section, state, count in rows:
            found.setdefault(section, {})[state] = count
        # Of the row that has the maximum, SQLite gives the other columns, too.
        last = "select max(section) as section, state from pace join seat on id = seat where stuck and lesson = ? group by id"
        for section, state, count in self._rows(f"select section, state, count(*) from ({last}) group by 1, 2", lesson):
            if state != "done":
                found[section][state] -= count
            at = found.setdefault(section + (state == "done"), {})
            at["stuck"] = at.get("stuck", 0) + count
        return found

    # --- what the sliders of a panel say --------------------------------------------------------------------------------

    def put(self, seat: int, panel: str, at: list[float], alike: bool) -> None:
        """A pair's sliders stand there, the last word counts. alike: all that the map does not show is as at first."""
        x, y = (*at, None)[:2]
        self._write("insert or replace into place values (?, ?, ?, ?, ?)", seat, panel, x, y, int(alike))

    def set_map(self, drawn: dict[str, Any]) -> None:
        """The map of the panel that the facilitator has before the room: of its own run, as `settings.drawn` gives it."""
        self._write("insert or replace into room values ('map', ?)", json.dumps(drawn))

    def map(self) -> dict[str, Any] | None:
        """It, and the points of the room: [x, y, whether all of them are alike, how many]."""
        if (drawn := self._one("select value from room where key = 'map'")) is None:
            return None
        told = json.loads(drawn)
        points = "select x, y, min(alike), count(*) from place where panel = ? group by 1, 2 order by 4 desc, 1, 2"
        return told | {"points": self._rows(points, told["panel"])}

    # --- the clock ------------------------------------------------------------------------------------------------------

    def clock(self, lesson: str, runs: bool) -> None:
        """Start the clock of a lesson, unless it runs, or stop it."""
        if runs:
            self._write("insert or ignore into room values (?, ?)", f"begun {lesson}", awake_s())
        else:
            self._write("delete from room where key = ?", f"begun {lesson}")

    def minutes(self, lesson: str) -> int | None:
        """Whole minutes since the clock of a lesson was started; None where it stands still."""
        begun = self._one("select value from room where key = ?", f"begun {lesson}")
        gone_s = (
            -1 if begun is None else awake_s() - float(begun)
        )  # less than nothing: from before the computer was started
        return None if gone_s < 0 else int(gone_s // 60)

    # --- the peak day ---------------------------------------------------------------------------------------------------

    def score(self, seat: int, day: str, number: int, kept: int, total: int) -> None:
        """A pair has led a day of this number and kept so many promises; the best of its tries stands."""
        self._write(
            "insert into score values (?, ?, ?, ?, ?) on conflict (seat, day, number) do update set kept = max(kept, excluded.kept)",
            *(seat, day, number, kept, total),
        )

    def scores(self) -> list[dict[str, Any]]:
        """For each day that was led: its number, how many promises it has, and how many each pair has kept, most first."""
        found: dict[tuple, list[int]] = {}
        for *day, kept in self._rows("select day, number, total, kept from score order by day, number, kept desc"):
            found.setdefault(tuple(day), []).append(kept)
        return [{"day": day, "number": number, "of": of, "kept": kept} for (day, number, of), kept in found.items()]

    # --- what others see ----------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """What every seat may know: what is asked, and once each is opened, how all have voted and whether it is told what is right."""
        with self._lock:
            now = self._now()
            if now is None:
                return {"id": 0, "question": None, "round": 0, "open": False, "shown": False, "verdict": False}
            shown = bool(now[4])
            told = {"id": now[0], "question": now[1], "round": now[2], "open": bool(now[3]), "shown": shown}
            told["verdict"] = now[4] == 2
            truth = self._one("select value from truth where question = ?", now[1])
            return told | ({"votes": self.votes(now[0]), "truth": truth} if shown else {})

    def board(self, lesson: str = "") -> dict[str, Any]:
        """What the facilitator sees: besides, how many have voted, how far all are, who is stuck, and who moved where."""
        with self._lock:
            now = self._now()
            told = {
                **self.told(),
                "word": self.word,
                "seats": self._one("select count(*) from seat"),
                "stuck": self._one("select count(*) from seat where stuck = 1"),
                "pace": self.pace(lesson),
                "pairs": self._one("select count(distinct seat) from pace where lesson = ?", lesson),
                "minutes": self.minutes(lesson),
                "scores": self.scores(),
                "map": self.map(),
                "voted": sum(self.votes(now[0]).values()) if now else 0,
                "rounds": [],
                "moved": [],
            }
            if now and now[4]:
                ids = self._rows("select id from round where question = ? order by id", now[1])
                told["rounds"], told["moved"] = [self.votes(one) for (one,) in ids], self.moved(now[1])
        return told

    def export(self) -> list[dict[str, Any]]:
        """All votes as records, without whose they are: question, round, option, how many."""
        with self._lock:
            rounds = self._rows("select id, question, number from round order by id")
            return [
                {"question": question, "round": number, "option": option, "votes": votes}
                for one, question, number in rounds
                for option, votes in sorted(self.votes(one).items())
            ]


def is_split(right: int, all_votes: int) -> bool:
    """Is it worth talking to a neighbour?"""
    return all_votes > 1 and SPLIT[0] <= right / all_votes <= SPLIT[1]
