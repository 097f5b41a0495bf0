"""`join("fern-otter-417@192.0.2.10")`: from now on this kernel tells a room which option was chosen and how far it is.

Nothing is sent before that, and nothing but this: question, option, a seat that says nothing of whose it is, which section was
reached, whether the task has passed, how many promises of a peak day were kept, and "we are stuck". It is sent in the
background; where the room is not reached the lesson goes on, and what was done meanwhile is not sent later.
"""

import json
import os
import queue
import random
import secrets
import threading
import time
from contextlib import suppress
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import httpx

from pmtech import files
from pmtech.course.exercises.ask import refresh
from pmtech.course.exercises.questions import all_questions
from pmtech.course.exercises.verdicts import read_aloud, wait_for
from pmtech.course.page import page
from pmtech.course.way.progress import hearers, home
from pmtech.room.agenda import section_of
from pmtech.room.aloud import code

PORT = 8765
PATIENCE_S = 3.0
SILENCE_S = 30.0  # of the news: the room shows a sign of life every ten seconds
GONE = 3  # so many times in a row the room was not there: nobody waits for it any more
HERE = "room.json"  # in the folder of the answers: by what the facilitator's own kernel finds the room
KERNEL = secrets.token_hex(16)  # drawn anew in each kernel, and never sent
_seat: "Seat | Lead | Aloud | None" = None


class Seat:
    """A seat in a room. `said` is what the cell shows; leave() gives it back."""

    def __init__(self, address: str, secret: str):
        self.address, self.secret, self.said = address, secret, "You are in the room. Leave it with `leave()`."
        self._http = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=PATIENCE_S, trust_env=False
        )
        self._due: queue.Queue[tuple | None] = queue.Queue(maxsize=100)
        self._room: dict[str, Any] = {}
        self._ends = threading.Event()
        threading.Thread(target=self._send, daemon=True, name="pmtech-room").start()
        threading.Thread(target=self._listen, daemon=True, name="pmtech-room-news").start()
        hearers.append(self._hear)
        wait_for(self._is_held_back)

    def leave(self) -> None:
        """Give the seat back, with all that it said."""
        if self._hear in hearers:
            hearers.remove(self._hear)
        wait_for(None)
        self._ends.set()
        try:
            self._http.delete("/api/seats/mine")
        except httpx.HTTPError:
            pass  # a room that is closed knows no seats
        _stay_out(True)
        self._tell(None)
        self.said = "You have left the room. Nothing is sent any more."

    def stuck(self, stuck: bool = True) -> None:
        """Tell the facilitator, and nobody else, that you need help; `stuck(False)` takes it back."""
        self._tell(("/api/stuck/mine", {"stuck": bool(stuck)}))

    def _hear(self, record: dict[str, Any]) -> None:
        """A record was kept: what of it concerns the room."""
        kind, known = record.get("kind"), str(record.get("id", ""))
        asked = all_questions().get(known)
        if kind == "answer" and asked is not None:
            option = asked.value(record["option"])
            if option is not None and self._room.get("question") == known:
                self._tell(("/api/votes/mine", {"question": known, "option": float(option)}))
        if kind == "peak day":
            score = {"day": known, "number": record["seed"], "kept": record["kept"], "of": record["of"]}
            self._tell(("/api/score/mine", score))
        section = section_of(str(kind), known)
        if section is not None:
            passed = kind != "task" or record.get("passed")
            where = {"lesson": known[:2], "section": section, "state": "done" if passed else "working"}
            self._tell(("/api/pace/mine", where))

    def _is_held_back(self, question: str) -> bool:
        """Is the verdict of this question still hidden in the room?"""
        return self._room.get("question") == question and not self._room.get("shown", True)

    def _tell(self, what: tuple | None) -> None:
        try:
            self._due.put_nowait(what)
        except queue.Full:
            pass  # a room that is not reached for so long is not waited for

    def _send(self) -> None:
        while (what := self._due.get()) is not None:
            path, body = what
            try:
                self._http.put(path, json=body)
            except httpx.HTTPError:
                pass

    def _listen(self) -> None:
        """Hear the room's news as they come: nothing is asked while nothing changes. A room that is gone holds nothing back."""
        missed = 0
        while not self._ends.is_set():
            try:
                with self._http.stream("GET", "/api/news", timeout=httpx.Timeout(PATIENCE_S, read=SILENCE_S)) as news:
                    news.raise_for_status()
                    for line in news.iter_lines():
                        missed = 0
                        if line.startswith("data: ") and not self._ends.is_set():
                            self._know(json.loads(line[6:]))
            except (httpx.HTTPError, ValueError):
                pass
            missed += 1
            if missed == GONE:
                self._know({})
            self._ends.wait(min(10.0, missed) * random.uniform(0.5, 1.5))

    def _know(self, told: dict[str, Any]) -> None:
        before, self._room = self._room, told
        for question in filter(None, {before.get("question"), told.get("question")}):
            if not self._is_held_back(question) and told != before:
                refresh(question)

    def _repr_html_(self) -> str:
        return page(f"<p>{escape(self.said).replace('`', '')}</p>")

    def __repr__(self) -> str:
        return self.said.replace("`", "")


class Lead:
    """The facilitator's own kernel: where a number was guessed, its run draws the model's answer into the room's guesses."""

    said = "This is the facilitator's kernel: what your run gives is drawn into the room's guesses."

    def __init__(self, address: str, token: str):
        self._http = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S, trust_env=False
        )
        hearers.append(self._hear)

    def leave(self) -> None:
        hearers.remove(self._hear)
        self.said = "Your runs are not drawn into the room any more."

    def _hear(self, record: dict[str, Any]) -> None:
        if record["kind"] == "truth":
            with suppress(httpx.HTTPError):
                self._http.put("/api/truth", json={"question": record["id"], "value": record["value"]})

    _repr_html_, __repr__ = Seat._repr_html_, Seat.__repr__


class Aloud:
    """A room without a network: every answer shows four signs, which the pair reads out."""

    said = "Each of your answers shows four signs: read them out. Nothing is sent."

    def __init__(self):
        read_aloud(code)

    def leave(self) -> None:
        read_aloud(None)
        self.said = "Your answers show no signs any more."

    _repr_html_, __repr__ = Seat._repr_html_, Seat.__repr__


def _lead() -> Lead:
    """By what `pmtech room` has written for this user of this machine: no secret stands in a cell on the projector."""
    try:
        told = json.loads((home() / HERE).read_text(encoding="utf-8"))
        return Lead(told["address"], told["token"])
    except (OSError, ValueError, KeyError):
        raise ValueError("no room is open on this machine: pmtech room opens one") from None


def join(room: str) -> Seat | Lead | Aloud:
    """Take a seat in a workshop's room: `join("fern-otter-417@192.0.2.10")`, as it stands on the screen.

    `join("aloud")`: where there is no network, answers show four signs to read out. `join("here")` is for the facilitator, on
    the machine where `pmtech room` runs. Raises ValueError with a sentence where
    there is no such room. `leave()` gives the seat back.
    """
    global _seat
    if room in ("here", "aloud"):
        leave()
        other = _lead() if room == "here" else Aloud()
        _seat = other
        return other
    word, at, host = str(room).strip().rpartition("@")
    if not (word and at and host):
        raise ValueError(f'a room is joined by word and address, such as "fern-otter-417@192.0.2.10"; got "{room}"')
    address = (
        host if host.startswith(("http://", "https://")) else f"http://{host if ':' in host else f'{host}:{PORT}'}"
    )
    try:
        answer = httpx.post(
            f"{address}/api/seats", json={"word": word, "own": _own(word)}, timeout=PATIENCE_S, trust_env=False
        )
        told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise ValueError(
            f"no room answers at {host}: is the address right, and are you in the same network as the facilitator?"
        ) from None
    if answer.status_code != 201:
        raise ValueError(str(told.get("detail", "the room did not let you in")).rstrip("."))
    if isinstance(_seat, Seat) and (_seat.address, _seat.secret) == (address, told["seat"]):
        return _seat
    leave()
    _stay_out(False)
    _seat = Seat(address, told["seat"])
    return _seat


def leave() -> None:
    """Leave the room; nothing is sent any more. Does nothing where there is none."""
    global _seat
    if _seat is not None:
        _seat.leave()
        _seat = None


def is_on_a_hub() -> bool:
    """Has a hub started this kernel, whose learner is in its room without joining, and has not left it?"""
    return bool(os.environ.get("PMTECH_ROOM")) and not _left().exists()


def join_on_a_hub() -> None:
    """On a hub: its room, in the background."""
    if is_on_a_hub():
        room = os.environ["PMTECH_ROOM"]
        threading.Thread(target=_quietly, args=(room,), daemon=True, name="pmtech-room-hub").start()


def _quietly(room: str) -> None:
    for wait_s in (0, 5, 20, 60, 120):  # a class comes all at once, and a room lets in some at a time
        time.sleep(wait_s)
        with suppress(ValueError):
            join(room)
            return


def _own(word: str) -> str:
    """A kernel that joins again has the seat that it had, with its votes. On a hub all kernels of a learner are one seat:
    its secret follows from one that only they and the hub know."""
    token = os.environ.get("JUPYTERHUB_API_TOKEN") or KERNEL
    return sha256(f"{word} {token}".encode()).hexdigest()


def _left() -> Path:
    """A file that is there where a learner on a hub has left the room."""
    return home() / "left-the-room"


def _stay_out(left: bool) -> None:
    if "PMTECH_ROOM" in os.environ:
        with suppress(OSError):
            files.write(_left(), "", over=True) if left else _left().unlink(missing_ok=True)
