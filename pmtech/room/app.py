"""The room over HTTP: JSON for seats and for the facilitator, news as server-sent events, and two pages.

Who may do what: a seat shows its secret, the facilitator the token from the terminal, both as `Authorization: Bearer`
(RFC 6750, 2.1). There are no cookies and no CORS, so that no page elsewhere can act for anybody.
"""

import asyncio
import json
import math
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pmtech.course.exercises.questions import all_questions
from pmtech.room.agenda import agenda
from pmtech.room.aloud import answer
from pmtech.room.state import SEATS, Refused, Room, is_split

HERE = Path(__file__).parent
NEWS_S = 0.25  # so often news are looked for: what changes in between is told once
ALIVE_S = 10.0  # so often a line without news shows a sign of life
MOST_BYTES = 4096  # of a request: nothing that a room takes is longer,
BODY_S = 10.0  # nor takes so long to send
STREAMS = 4  # of news to one seat; of more, the latest are served
SAFE = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src blob:"
HEADERS = [
    (b"content-security-policy", f"{SAFE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def _secret(shown: HTTPAuthorizationCredentials | None) -> str:
    return shown.credentials if shown else ""


class Allowance:
    """So many a second for each of some keys, with as many at once: a token bucket."""

    def __init__(self, per_s: float, burst: float):
        self.per_s, self.burst, self.left = per_s, burst, {}

    def take(self, key: str) -> None:
        now = time.monotonic()
        left, since = self.left.get(key, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_s)
        if len(self.left) > 4 * SEATS:
            self.left = {k: v for k, v in self.left.items() if now - v[1] < self.burst / self.per_s}
        self.left[key] = max(0.0, left - 1) if left >= 1 else left, now
        if left < 1:
            raise Refused(429, "Too often: wait a moment.")


class Guard:
    """Around the application: nothing long or slow comes in, and every answer has the safe headers. ASGI itself: a vote is worth 1 ms."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        complete = late = False

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS, *([(b"connection", b"close")] if late else [])]
            await send(message)

        async def soon() -> Message:
            nonlocal complete, late
            if complete:
                return await receive()
            late = True
            message = await asyncio.wait_for(receive(), BODY_S)
            late, complete = False, not message.get("more_body")
            return message

        came = dict(scope.get("headers", ()))
        length = came.get(b"content-length", b"0")
        if b"transfer-encoding" in came or not length.isdigit() or int(length) > MOST_BYTES:
            late = True
            return await JSONResponse({"detail": "That is too long for a room."}, 413)(scope, receive, answer)
        await self.app(scope, soon, answer)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Join(_Model):
    word: str = Field(max_length=100)
    own: str = Field("", pattern=r"^([0-9a-f]{64})?$")  # a secret of the learner's own, to come back by


class Vote(_Model):
    question: str = Field(max_length=80)
    option: float = Field(allow_inf_nan=False)


class Reached(_Model):
    lesson: str = Field(max_length=8, pattern=r"^\d{2}$")
    section: int = Field(ge=0, le=30)
    state: str = Field(max_length=20)


class Score(_Model):
    day: Literal["tickets", "sale", "match", "food"]
    number: int = Field(ge=0, le=1_000_000)
    kept: int = Field(ge=0, le=20)
    of: int = Field(ge=1, le=20)


class Stuck(_Model):
    stuck: bool


class Ask(_Model):
    question: str = Field(max_length=80)


class Truth(_Model):
    question: str = Field(max_length=80)
    value: float = Field(allow_inf_nan=False)


class Aloud(_Model):
    code: str = Field(max_length=12)


class Hands(_Model):
    counts: dict[str, Annotated[int, Field(ge=0, le=SEATS)]] = Field(max_length=30)


def _options(question: str) -> dict[str, Any]:
    """How a question is shown to vote on: its text and options, or the ends of a guess."""
    asked = all_questions().get(question)
    if asked is None:
        raise Refused(404, f'There is no question "{question}".')
    shown: dict[str, Any] = {"id": asked.id, "text": asked.text.strip()}
    if asked.guess:
        return shown | {"guess": {name: getattr(asked.guess, name) for name in ("unit", "low", "high", "step")}}
    return shown | {"options": [option.text for option in asked.options]}


def _check_vote(question: str, option: float) -> None:
    asked = _options(question)
    guess = asked.get("guess")
    right = guess["low"] <= option <= guess["high"] if guess else option in range(len(asked["options"]))
    if not right:
        raise Refused(422, "This is none of the answers.")


def _is_right(question: str, option: float) -> bool:
    asked = all_questions()[question]
    return asked.chosen(option).right


def app(room: Room, host: Callable[[], str] = lambda: "") -> FastAPI:
    """The room as a web application. host: where it is reached, for the page of the projector."""
    api = FastAPI(title="pmtech room", docs_url=None, redoc_url=None)
    votes, joins, others = Allowance(5, 10), Allowance(2, 60), Allowance(20, 60)
    wrong = Allowance(0.5, 20)  # guesses at the word, of one address
    streams: Counter[str] = Counter()  # how many each seat has opened so far
    for_seats = lru_cache(1)(lambda changed: json.dumps(_shown(room)))  # written once, whoever listens

    api.add_middleware(Guard)

    @api.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, error.status)

    @api.exception_handler(RequestValidationError)
    async def unfit(_: Request, error: RequestValidationError) -> JSONResponse:
        """What came is not said again: it may be anything, even what is no JSON."""
        return JSONResponse({"detail": "A room takes nothing of this kind."}, 422)

    @api.exception_handler(sqlite3.OperationalError)
    async def not_kept(_: Request, error: sqlite3.OperationalError) -> JSONResponse:
        return JSONResponse({"detail": f"The room can't keep this ({error}); what it knew, it still knows."}, 507)

    async def seated(shown: Bearer) -> int:
        seat = room.seat(_secret(shown))
        others.take(f"seat {seat}")
        return seat

    async def facilitator(shown: Bearer) -> None:
        if not room.is_facilitator(_secret(shown)):
            raise Refused(401, "This needs the address that stands in the terminal.")

    lead = [Depends(facilitator)]

    def address(request: Request) -> str:
        return request.client.host if request.client else ""

    # --- seats --------------------------------------------------------------------------------------------------------

    @api.post("/api/seats", status_code=201)
    async def join(asked: Join, request: Request) -> dict[str, str]:
        joins.take(address(request))
        try:
            return {"seat": room.join(asked.word, asked.own)}
        except Refused as error:
            if error.status == 403:
                wrong.take(address(request))
            raise

    @api.delete("/api/seats/mine", status_code=204)
    async def leave(seat: Annotated[int, Depends(seated)]) -> None:
        room.leave(seat)

    @api.get("/api/room")
    async def now(_: Annotated[int, Depends(seated)]) -> dict[str, Any]:
        return _shown(room)

    @api.put("/api/votes/mine", status_code=204)
    async def vote(cast: Vote, seat: Annotated[int, Depends(seated)]) -> None:
        votes.take(f"seat {seat}")
        _check_vote(cast.question, cast.option)
        room.vote(seat, cast.question, cast.option)

    @api.put("/api/pace/mine", status_code=204)
    async def reached(place: Reached, seat: Annotated[int, Depends(seated)]) -> None:
        room.reached(seat, place.lesson, place.section, place.state)

    @api.put("/api/score/mine", status_code=204)
    def score(led: Score, seat: Annotated[int, Depends(seated)]) -> None:
        if led.kept > led.of:
            raise Refused(422, "More promises cannot be kept than there are.")
        room.score(seat, led.day, led.number, led.kept, led.of)

    @api.put("/api/stuck/mine", status_code=204)
    async def stuck(asked: Stuck, seat: Annotated[int, Depends(seated)]) -> None:
        room.set_stuck(seat, asked.stuck)

    # --- the facilitator ----------------------------------------------------------------------------------------------

    @api.get("/api/board", dependencies=lead)
    async def board(lesson: str = "") -> dict[str, Any]:
        return _board(room, lesson[:8]) | {"host": host()}

    @api.post("/api/rounds", status_code=201, dependencies=lead)
    async def ask(asked: Ask) -> dict[str, int]:
        _options(asked.question)
        return {"round": room.ask(asked.question)}

    @api.post("/api/stop", status_code=204, dependencies=lead)
    async def stop() -> None:
        room.stop()

    @api.post("/api/show", status_code=204, dependencies=lead)
    async def show() -> None:
        room.show()

    @api.post("/api/hands", status_code=204, dependencies=lead)
    async def hands(counted: Hands) -> None:
        question = room.told()["question"]
        if question is None:
            raise Refused(409, "Ask something first.")
        try:
            counts = {float(option): count for option, count in counted.counts.items()}
        except ValueError:
            raise Refused(422, "Hands are counted for each answer, by its number.") from None
        for option in counts:
            if not math.isfinite(option):
                raise Refused(422, "This is none of the answers.")
            _check_vote(question, option)
        room.show_hands(counts)

    @api.post("/api/aloud", status_code=204, dependencies=lead)
    async def aloud(heard: Aloud) -> None:
        question = room.told()["question"]
        meant = answer(question[:2], heard.code) if question else None
        if meant is None:
            raise Refused(422, "These four signs are no answer: ask for them once more.")
        room.add_hand(*meant)

    @api.put("/api/truth", status_code=204, dependencies=lead)
    async def truth(told: Truth) -> None:
        if "guess" not in _options(told.question):
            raise Refused(422, "Only a number that was guessed is drawn in.")
        room.set_truth(told.question, told.value)

    @api.get("/api/agenda", dependencies=lead)
    def plan(lesson: str = "") -> dict[str, Any]:
        return agenda(lesson[:8])

    @api.get("/api/code.svg", dependencies=lead)
    async def code() -> Response:
        import segno

        picture = BytesIO()
        segno.make(f"http://{host()}/#{room.word}", error="m").save(picture, kind="svg", scale=4, border=1)
        return Response(picture.getvalue(), media_type="image/svg+xml")

    @api.get("/api/questions", dependencies=lead)
    def questions(lesson: str = "") -> list[dict[str, str]]:
        found = [q for q in all_questions().values() if q.id.startswith(lesson[:8])]
        return [{"id": q.id, "kind": q.kind, "text": q.text.strip()} for q in found]

    @api.get("/api/export", dependencies=lead)
    async def export() -> list[dict[str, Any]]:
        return room.export()

    # --- news and pages -----------------------------------------------------------------------------------------------

    @api.get("/api/news")
    async def news(shown: Bearer, lesson: str = "") -> StreamingResponse:
        secret = _secret(shown)

        def to_lead() -> str:
            return json.dumps(_board(room, lesson[:8]) | {"host": host()})

        def to_seat() -> str:
            room.seat(secret)  # who has left hears no more
            return for_seats(room.changed)

        if not (leads := room.is_facilitator(secret)):
            others.take(f"news {room.seat(secret)}")
        streams[secret] += 1
        number = streams[secret]

        def is_over() -> bool:
            return room.ends or streams[secret] - number >= STREAMS

        return StreamingResponse(_news(room, to_lead if leads else to_seat, is_over), media_type="text/event-stream")

    @api.get("/", response_class=HTMLResponse)
    async def seat_page() -> str:
        return _page("seat")

    @api.get("/board", response_class=HTMLResponse)
    async def board_page() -> str:
        return _page("board")

    return api


def _shown(room: Room) -> dict[str, Any]:
    told = room.told()
    if told["question"]:
        told["asked"] = _options(told["question"])
        if told["shown"]:
            told["right"] = _right_one(told["question"])
    return told


def _board(room: Room, lesson: str) -> dict[str, Any]:
    told = room.board(lesson)
    if question := told["question"]:
        told["asked"] = _options(question)
        if told["shown"]:
            counted = told["rounds"][-1] if told["rounds"] else {}
            right = sum(votes for option, votes in counted.items() if _is_right(question, option))
            told["right"], told["split"] = _right_one(question), is_split(right, sum(counted.values()))
    return told


def _right_one(question: str) -> int | None:
    """The number of the right option; of a guess nobody knows before the run."""
    asked = all_questions()[question]
    return None if asked.guess else next(n for n, option in enumerate(asked.options) if option.right)


async def _news(room: Room, tell: Callable[[], str], ends: Callable[[], bool]) -> AsyncIterator[str]:
    """The state as it is, and again whenever another is to be told; else a sign of life. Ends when its reader is gone."""
    seen, news, told, quiet_s = -1, "", "", 0.0
    with suppress(Refused):
        while not ends():
            if room.changed != seen:
                seen = room.changed
                news = tell()
            if news != told:
                told, quiet_s = news, 0.0
                yield f"data: {told}\n\n"
            elif quiet_s >= ALIVE_S:
                quiet_s = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(NEWS_S)
            quiet_s += NEWS_S


def _page(name: str) -> str:
    sheet = (HERE / "page.html").read_text(encoding="utf-8")
    parts = {"TITLE": f"pmtech {name}", "STYLE": "room.css", "SCRIPT": f"{name}.js", "SHARED": "shared.js"}
    for mark, file in parts.items():
        text = file if mark == "TITLE" else (HERE / file).read_text(encoding="utf-8")
        sheet = sheet.replace(f"@{mark}@", text)
    return sheet
