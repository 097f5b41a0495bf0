"""The room over HTTP: JSON for seats and for the facilitator, news as server-sent events, and two pages.

Who may do what: a seat shows its secret, the facilitator the room's token, both as `Authorization: Bearer`
(RFC 6750, 2.1). There are no cookies and no CORS, so that no page elsewhere can act for anybody.
"""

import asyncio
import json
import math
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pmtech.course.exercises.questions import all_questions
from pmtech.escapes import cell
from pmtech.room import bodies, told
from pmtech.room.agenda import agenda
from pmtech.room.aloud import answer
from pmtech.room.guard import Allowance, Guard
from pmtech.room.state import SEATS, Refused, Room

HERE = Path(__file__).parent
NEWS_S = 0.25  # so often news are looked for: what changes in between is told once
ALIVE_S = 1.0  # so often a line without news shows a sign of life
STREAMS = 4  # of news to one seat; of more, the latest are served
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def app(room: Room, host: Callable[[], str] = lambda: "") -> FastAPI:
    """The room as a web application. host: where it is reached, for the page of the projector."""
    api = FastAPI(title="pmtech room", docs_url=None, redoc_url=None)
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

    who = Who(room)
    for routes in (_for_seats(who), _to_steer(who), _to_see(who, host), _to_hear(who, host)):
        api.include_router(routes)
    return api


class Who:
    """Who asks: a seat by its secret, the facilitator by the room's token."""

    def __init__(self, room: Room):
        self.room, self.asked = room, Allowance(20, 60)

    async def seat(self, shown: Bearer) -> int:
        seat = self.room.seat(_secret(shown))
        self.asked.take(f"seat {seat}")
        return seat

    async def facilitator(self, shown: Bearer) -> None:
        if not self.room.is_facilitator(_secret(shown)):
            raise Refused(401, "This needs the facilitator's address, which was told when the room was opened.")

    async def in_step(self, seen: Annotated[str, Header(alias="If-Match")] = "*") -> None:
        """A button means the round that was on its page (RFC 9110, 13.1.1): a page that was left behind changes nothing."""
        if seen not in ("*", str(self.room.told()["id"])):
            raise Refused(412, "Not done: the room has gone on meanwhile. Look once more, then press again.")


def _secret(shown: HTTPAuthorizationCredentials | None) -> str:
    return shown.credentials if shown else ""


def _for_seats(who: Who) -> APIRouter:
    """What a seat may do."""
    room, api = who.room, APIRouter(prefix="/api")
    # Tries at the word, right or wrong, of one address: all that a room holds come from one at once; who guesses needs months.
    votes, joins = Allowance(5, 10), Allowance(2, SEATS)

    def address(request: Request) -> str:
        return request.client.host if request.client else ""

    @api.post("/seats", status_code=201)
    async def join(asked: bodies.Join, request: Request) -> dict[str, str]:
        joins.take(address(request))
        return {"seat": room.join(asked.word, asked.own)}

    @api.delete("/seats/mine", status_code=204)
    async def leave(seat: Annotated[int, Depends(who.seat)]) -> None:
        room.leave(seat)

    @api.get("/room")
    async def now(_: Annotated[int, Depends(who.seat)]) -> dict[str, Any]:
        return told.for_seat(room)

    @api.put("/votes/mine", status_code=204)
    async def vote(cast: bodies.Vote, seat: Annotated[int, Depends(who.seat)]) -> None:
        votes.take(f"seat {seat}")
        told.check_vote(cast.question, cast.option)
        room.vote(seat, cast.question, cast.option, cast.round)

    @api.put("/pace/mine", status_code=204)
    async def reached(place: bodies.Reached, seat: Annotated[int, Depends(who.seat)]) -> None:
        room.reached(seat, place.lesson, place.section, place.state)

    @api.put("/score/mine", status_code=204)
    def score(led: bodies.Score, seat: Annotated[int, Depends(who.seat)]) -> None:
        if led.kept > led.of:
            raise Refused(422, "More promises cannot be kept than there are.")
        room.score(seat, led.day, led.number, led.kept, led.of)

    @api.put("/settings/mine", status_code=204)
    async def settings(place: bodies.Place, seat: Annotated[int, Depends(who.seat)]) -> None:
        room.put(seat, place.panel, place.at, place.alike)

    @api.put("/stuck/mine", status_code=204)
    async def stuck(asked: bodies.Stuck, seat: Annotated[int, Depends(who.seat)]) -> None:
        room.set_stuck(seat, asked.stuck)

    return api


def _to_steer(who: Who) -> APIRouter:
    """What the facilitator does."""
    room, api = who.room, APIRouter(prefix="/api", dependencies=[Depends(who.facilitator)])
    steers = [Depends(who.in_step)]

    @api.post("/rounds", status_code=201, dependencies=steers)
    async def ask(asked: bodies.Ask) -> dict[str, int]:
        told.options(asked.question)
        return {"round": room.ask(asked.question)}

    @api.post("/stop", status_code=204, dependencies=steers)
    async def stop() -> None:
        room.stop()

    @api.post("/show", status_code=204, dependencies=steers)
    async def show() -> None:
        question = room.told()["question"]
        room.show(verdict=question is not None and "guess" in told.options(question))  # of a number the run decides

    @api.post("/verdict", status_code=204, dependencies=steers)
    async def verdict() -> None:
        room.show(verdict=True)

    @api.post("/hands", status_code=204, dependencies=steers)
    async def hands(counted: bodies.Hands) -> None:
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
            told.check_vote(question, option)
        room.show_hands(counts)

    @api.post("/aloud", status_code=204, dependencies=steers)
    async def aloud(heard: bodies.Aloud) -> None:
        question = room.told()["question"]
        meant = answer(question[:2], heard.code) if question else None
        if meant is None:
            raise Refused(422, "These four signs are no answer: ask for them once more.")
        room.add_hand(*meant)

    @api.put("/truth", status_code=204)
    async def truth(drawn: bodies.Truth) -> None:
        if "guess" not in told.options(drawn.question):
            raise Refused(422, "Only a number that was guessed is drawn in.")
        room.set_truth(drawn.question, drawn.value)

    @api.put("/map", status_code=204)
    async def map_of_settings(drawn: bodies.Map) -> None:
        fields = math.prod(len(axis.stops) for axis in drawn.axes)
        whole = all(len(axis.said) == len(axis.stops) for axis in drawn.axes)
        if not whole or any(len(said) != fields for said in drawn.cards.values()):
            raise Refused(422, "A map says something of every field.")
        room.set_map(drawn.model_dump())

    @api.put("/clock", status_code=204)
    async def clock(lesson: bodies.Clock) -> None:
        room.clock(lesson.lesson, lesson.runs)

    return api


def _to_see(who: Who, host: Callable[[], str]) -> APIRouter:
    """What the facilitator's page shows."""
    room, api = who.room, APIRouter(prefix="/api", dependencies=[Depends(who.facilitator)])

    @api.get("/board")
    async def board(lesson: str = "") -> dict[str, Any]:
        return told.for_board(room, lesson[:8]) | {"host": host()}

    @api.get("/agenda")
    def plan(lesson: str = "") -> dict[str, Any]:
        return agenda(lesson[:8])

    @api.get("/code.svg")
    async def code() -> Response:
        import segno

        picture = BytesIO()
        segno.make(f"http://{host()}/#{room.word}", error="m").save(picture, kind="svg", scale=4, border=1)
        return Response(picture.getvalue(), media_type="image/svg+xml")

    @api.get("/questions")
    def questions(lesson: str = "") -> list[dict[str, str]]:
        found = [q for q in all_questions().values() if q.id.startswith(lesson[:8])]
        return [{"id": q.id, "kind": q.kind, "text": q.text.strip()} for q in found]

    @api.get("/export")
    async def export() -> list[dict[str, Any]]:
        known = all_questions()
        return [one | {"answer": cell(known[one["question"]].said(one["option"]))} for one in room.export()]

    return api


def _to_hear(who: Who, host: Callable[[], str]) -> APIRouter:
    """News for whoever is in the room, and the two pages."""
    room, api = who.room, APIRouter()
    streams: Counter[str] = Counter()  # how many each seat has opened so far
    for_seats = lru_cache(1)(lambda changed: json.dumps(told.for_seat(room)))  # written once, whoever listens

    @api.get("/api/news")
    async def news(shown: Bearer, lesson: str = "") -> StreamingResponse:
        secret = _secret(shown)

        def to_lead() -> str:
            return json.dumps(told.for_board(room, lesson[:8]) | {"host": host()})

        def to_seat() -> str:
            room.seat(secret)  # who has left hears no more
            return for_seats(room.changed)

        if not (leads := room.is_facilitator(secret)):
            who.asked.take(f"news {room.seat(secret)}")
        streams[secret] += 1
        number = streams[secret]

        def is_over() -> bool:
            return room.ends or streams[secret] - number >= STREAMS

        return StreamingResponse(
            _news(room, to_lead if leads else to_seat, is_over, leads), media_type="text/event-stream"
        )

    @api.get("/", response_class=HTMLResponse)
    async def seat_page() -> str:
        return _page("seat")

    @api.get("/board", response_class=HTMLResponse)
    async def board_page() -> str:
        return _page("board")

    return api


async def _news(room: Room, tell: Callable[[], str], ends: Callable[[], bool], asks: bool) -> AsyncIterator[str]:
    """The state as it is, and again whenever another is to be told; else a sign of life. Ends when its reader is gone.

    asks: even where nobody in the room has done anything: minutes pass, and the computer's address changes.
    """
    seen, news, last, quiet_s = -1, "", "", 0.0
    with suppress(Refused):
        while not ends():
            if asks or room.changed != seen:
                seen = room.changed
                news = tell()
            if news != last:
                last, quiet_s = news, 0.0
                yield f"data: {last}\n\n"
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
