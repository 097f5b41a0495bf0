"""A seat in a room: what of a kernel's records is sent there, and what is heard of the room.

What is sent, in the background: question, option, a seat that says nothing of whose it is, which section was reached, whether
the task has passed, where the sliders of a panel have come to rest, how many promises of a peak day were kept, and "we are
stuck". Where the room is not reached the lesson goes on, and what was done meanwhile is not sent later.
"""

import json
import queue
import random
import threading
from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakSet

import httpx
import traitlets

from pmtech.course.exercises.ask import refresh
from pmtech.course.exercises.questions import all_questions
from pmtech.course.exercises.verdicts import wait_for
from pmtech.course.page import STYLE, page
from pmtech.course.way.progress import hearers
from pmtech.panels.explore import Explore, watchers
from pmtech.panels.widget import Panel
from pmtech.room.agenda import section_of
from pmtech.room.membership import stay_out
from pmtech.room.settings import place, sliders

PATIENCE_S = 3.0
REST_S = 1.0  # a slider that has not moved for so long has come to rest
SILENCE_S = 30.0  # of the news: the room shows a sign of life every second
INSIDE = (
    "You are in the room, and so are your other lessons, from the next cell on that you run there. It hears which answers "
    "you choose, how far you are, where the sliders of a panel stand, and how many promises of a peak day you keep: no "
    "name, no text. It is gone when the room closes, unless your facilitator keeps the counts."
)
GONE = 3  # so many times in a row the room was not there: nobody waits for it any more


class Joined:
    """What `join` gives: `said` is what the cell shows; leave() ends it."""

    said: str

    def _repr_html_(self) -> str:
        return page(f"<p>{escape(self.said).replace('`', '')}</p>")

    def __repr__(self) -> str:
        return self.said.replace("`", "")


def connection(address: str, secret: str) -> httpx.Client:
    """To a room, for whoever shows this secret."""
    shown = {"Authorization": f"Bearer {secret}"}
    return httpx.Client(base_url=address, headers=shown, timeout=PATIENCE_S, trust_env=False)


class InLesson(Panel):
    """A seat as its cell shows it."""

    _esm = Path(__file__).parent / "in_lesson.js"
    _css = STYLE
    said = traitlets.Unicode().tag(sync=True)
    asks = traitlets.Bool().tag(sync=True)
    inside = traitlets.Bool().tag(sync=True)

    def __init__(self, seat: "Seat"):
        self._seat = seat
        super().__init__(**self._now())
        self.on_msg(lambda _widget, content, _buffers: self._do(content.get("do")))

    def refresh(self) -> None:
        with self.hold_sync():
            for name, value in self._now().items():
                self.set_trait(name, value)

    def _now(self) -> dict[str, Any]:
        return {"said": self._seat.said, "asks": self._seat.is_stuck, "inside": not self._seat.has_left}

    def _do(self, what: str | None) -> None:
        if what == "leave":
            self._seat.leave()
        elif what == "stuck":
            self._seat.stuck(not self._seat.is_stuck)


class Seat(Joined):
    """A seat in a room; leave() gives it back."""

    is_stuck = False

    def __init__(self, address: str, secret: str):
        self.address, self.secret, self.said = address, secret, INSIDE
        self._shown: WeakSet[InLesson] = WeakSet()
        self._http = connection(address, secret)
        self._due: queue.Queue[tuple | None] = queue.Queue(maxsize=100)
        self._room: dict[str, Any] = {}
        self._answered = 0  # the id of the last round that has an answer from here
        self._ends = threading.Event()
        self._rest: threading.Timer | None = None
        self._resting = threading.Lock()
        hearers.append(self._hear)
        watchers.append(self._watch)
        wait_for(self._is_held_back, self._asks)
        threading.Thread(target=self._send, daemon=True, name="pmtech-room").start()
        threading.Thread(target=self._listen, daemon=True, name="pmtech-room-news").start()

    def _repr_mimebundle_(self, **how):
        panel = InLesson(self)
        self._shown.add(panel)
        return panel._repr_mimebundle_(**how)

    @property
    def has_left(self) -> bool:
        return self._ends.is_set()

    def leave(self) -> None:
        """Give the seat back, with all that it said."""
        if self.has_left:
            return
        self._end("You have left the room. Nothing is sent any more.")
        stay_out()
        try:
            self._http.delete("/api/seats/mine")
        except httpx.HTTPError:
            pass  # a room that is closed knows no seats

    def _end(self, said: str) -> None:
        """Nothing is sent or heard any more, here; nothing waits for the room."""
        self._ends.set()
        hearers.remove(self._hear)
        watchers.remove(self._watch)
        wait_for(None)
        self._tell(None)
        self.said = said
        self._know({})
        self._show()

    def _show(self) -> None:
        for panel in list(self._shown):
            panel.refresh()

    def stuck(self, stuck: bool = True) -> None:
        """Tell the facilitator, and nobody else, that you need help; `stuck(False)` takes it back."""
        self.is_stuck = bool(stuck)
        self._tell(("/api/stuck/mine", {"stuck": self.is_stuck}))
        self._show()

    def _hear(self, record: dict[str, Any]) -> None:
        """A record was kept: what of it concerns the room."""
        kind, known = record.get("kind"), str(record.get("id", ""))
        asked = all_questions().get(known)
        if kind == "answer" and asked is not None:
            option = asked.value(record["option"])
            if option is not None and self._room.get("question") == known:
                self._answered = self._room["id"]
                vote = {"question": known, "option": float(option), "round": self._room["round"]}
                self._tell(("/api/votes/mine", vote))
        if kind == "peak day":
            score = {"day": known, "number": record["seed"], "kept": record["kept"], "of": record["of"]}
            self._tell(("/api/score/mine", score))
        section = section_of(str(kind), known)
        if section is not None:
            passed = kind != "task" or record.get("passed")
            where = {"lesson": known[:2], "section": section, "state": "done" if passed else "working"}
            self._tell(("/api/pace/mine", where))

    def _watch(self, panel: Explore) -> None:
        """A panel was opened, or turned: where it stands once it rests."""
        if not sliders(panel):
            return
        if self._rest is not None:
            self._rest.cancel()
        self._rest = threading.Timer(REST_S, self._rests, [panel])
        self._rest.daemon = True
        self._rest.start()

    def _rests(self, panel: Explore) -> None:
        with self._resting:  # what is told last is where it stands
            self._tell(("/api/settings/mine", place(panel)))

    def _is_held_back(self, question: str) -> bool:
        """Is the verdict of this question still hidden in the room?"""
        return self._room.get("question") == question and not self._room.get("verdict", True)

    def _asks(self, question: str) -> int:
        """The round of this question that is open and has no answer from here, else 0."""
        room = self._room
        asks = room.get("question") == question and room["open"] and room["id"] != self._answered
        return room["round"] if asks else 0

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
                    if (
                        news.status_code == 401 and not self.has_left
                    ):  # left in another lesson, or a room that was opened anew
                        return self._end(
                            "You are not in the room any more: nothing is sent. Join once more to be in it."
                        )
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
            if told != before:
                refresh(question)
