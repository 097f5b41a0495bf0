"""`join("fern-otter-417@192.0.2.10")`: from now on this kernel tells a room which option was chosen and how far it is.

Nothing is sent before that; what is sent then stands in seat.py.
"""

import json
import os
import threading
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from pmtech.course.exercises.verdicts import read_aloud
from pmtech.course.way.progress import hearers, home
from pmtech.panels.explore import Explore, watchers
from pmtech.room.aloud import code
from pmtech.room.membership import is_on_a_hub, room_of_today, stay_in, stay_out, token_for
from pmtech.room.seat import PATIENCE_S, Joined, Seat, connection
from pmtech.room.settings import drawn, key, sliders

PORT = 8765
HERE = "room.json"  # in the folder of the answers: by what the facilitator's own kernel finds the room
_seat: "Seat | Lead | Aloud | None" = None
_trying: threading.Thread | None = None


class Lead(Joined):
    """The facilitator's own kernel: where a number was guessed, its run draws the model's answer into the room's guesses; of a
    panel that is open here, the room's page shows a map, and on it where the sliders of all stand."""

    said = (
        "This is the facilitator's kernel: what your run gives is drawn into the room's guesses. Of a panel with sliders that "
        "you open here, the room's page shows a map with where everybody's sliders stand."
    )

    def __init__(self, address: str, token: str):
        self._http = connection(address, token)
        self._drawing = threading.Lock()
        self._maps: dict[str, dict[str, Any]] = {}
        self._shown = ""  # of which panel the room has the map
        hearers.append(self._hear)
        watchers.append(self._watch)

    def leave(self) -> None:
        hearers.remove(self._hear)
        watchers.remove(self._watch)
        self.said = "Your runs are not drawn into the room any more."

    def _hear(self, record: dict[str, Any]) -> None:
        if record["kind"] == "truth":
            with suppress(httpx.HTTPError):
                self._http.put("/api/truth", json={"question": record["id"], "value": record["value"]})

    def _watch(self, panel: Explore) -> None:
        """The panel that was touched last is the one whose map is shown; its runs are made once, beside what goes on."""
        if sliders(panel) and key(panel) != self._shown:
            self._shown = key(panel)
            threading.Thread(target=self._draw, args=[panel, self._shown], daemon=True, name="pmtech-room-map").start()

    def _draw(self, panel: Explore, shown: str) -> None:
        with self._drawing:
            if shown != self._shown:
                return  # another was opened meanwhile
            try:
                if shown not in self._maps:
                    self._maps[shown] = drawn(panel)
                self._http.put("/api/map", json=self._maps[shown]).raise_for_status()
            except httpx.TransportError:
                self._shown = ""  # at the next touch, then


class Aloud(Joined):
    """A room without a network: every answer shows four signs, which the pair reads out."""

    said = "Each of your answers shows four signs: read them out. Nothing is sent."

    def __init__(self):
        read_aloud(code)

    def leave(self) -> None:
        read_aloud(None)
        self.said = "Your answers show no signs any more."


def _lead() -> Lead:
    """By what `pmtech room` has written for this user of this machine: no secret stands in a cell on the projector."""
    try:
        own = Path(os.environ.get("PMTECH_PRESENT") or home())  # `pmtech present` keeps its answers elsewhere
        told = json.loads((own / HERE).read_text(encoding="utf-8"))
        with connection(told["address"], told["token"]) as line:  # a terminal that was shut leaves the file behind
            line.get("/api/questions?lesson=none").raise_for_status()
        return Lead(told["address"], told["token"])
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        raise ValueError("no room is open on this machine: room() opens one") from None


def join(room: str) -> Seat | Lead | Aloud:
    """Take a seat in a workshop's room: `join("fern-otter-417@192.0.2.10")`, as it stands on the screen.

    `join("aloud")`: where there is no network, answers show four signs to read out. `join("here")` is for the facilitator, on
    the machine where the room is open. Raises ValueError with a sentence where there is no such room. `leave()` gives the
    seat back. The other lessons of that day are in the room, too, on the same seat.
    """
    global _seat
    if room in ("here", "aloud"):
        leave()
        other = _lead() if room == "here" else Aloud()
        _seat = other
        return other
    room = str(room).strip()
    word, at, host = room.rpartition("@")
    if not (word and at and host):
        raise ValueError(f'a room is joined by word and address, such as "fern-otter-417@192.0.2.10"; got "{room}"')
    address = (
        host if host.startswith(("http://", "https://")) else f"http://{host if ':' in host else f'{host}:{PORT}'}"
    )
    try:
        answer = httpx.post(
            f"{address}/api/seats", json={"word": word, "own": _own(room)}, timeout=PATIENCE_S, trust_env=False
        )
        told = dict(answer.json())
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError):
        raise ValueError(
            f"no room answers at {host}: is the address right, and are you in the same network as the facilitator?"
        ) from None
    if answer.status_code != 201 or "seat" not in told:
        raise ValueError(str(told.get("detail") or "the room did not let you in").rstrip("."))
    if isinstance(_seat, Seat) and not _seat.has_left and (_seat.address, _seat.secret) == (address, told["seat"]):
        return _seat
    if _seat is not None:  # another room; of the one that is joined now the other kernels are to know
        leave()
    stay_in(room)
    _seat = Seat(address, told["seat"])
    return _seat


def leave() -> None:
    """Leave the room, in all lessons; nothing is sent any more. Does nothing where there is none."""
    global _seat
    if _seat is None:
        stay_out()
    else:
        _seat.leave()
        _seat = None


def join_without_asking() -> None:
    """On a hub its room, elsewhere the one that another lesson has joined today: in the background, and one try at a time."""
    global _trying
    if room_of_today() and _is_free() and not (_trying is not None and _trying.is_alive()):
        _trying = threading.Thread(target=_quietly, daemon=True, name="pmtech-room-joins")
        _trying.start()


def _is_free() -> bool:
    return _seat is None or isinstance(_seat, Seat) and _seat.has_left


def _quietly() -> None:
    for wait_s in (0, 5, 20, 60, 120) if is_on_a_hub() else (0, 5):  # a class comes all at once: some have to wait
        time.sleep(wait_s)
        with suppress(ValueError):
            if _is_free() and (room := room_of_today()):  # not joined, or left, meanwhile
                join(room)
            return
    if not is_on_a_hub():
        stay_out()  # a room that is closed is asked for by no lesson after this one


def _own(room: str) -> str:
    """A kernel that joins again has the seat that it had, with its votes, and all kernels of a learner are one seat."""
    return sha256(f"{room.rpartition('@')[0]} {token_for(room)}".encode()).hexdigest()
