"""The HTTP API of the survey tool: surveys, their responses, payments for seats.

Every endpoint is `async def` and short, so the app runs on one thread, in a server or in process. HTTP is done by the
book: methods and conditional requests RFC 9110, Cache-Control RFC 9111, PATCH RFC 5789, errors RFC 9457, 429 RFC 6585,
Link RFC 8288, and the Idempotency-Key header as in draft-ietf-httpapi-idempotency-key-header.

What this leaves out: who you are (no sign-in), HTTPS, and pages that stay put while others add rows (`offset` counts
anew on every request).
"""

import hashlib
import json
import math
import re
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pmtech.web import problems
from pmtech.web.calendar import CalendarClient
from pmtech.web.faults import Faults
from pmtech.web.front import Front
from pmtech.web.patch import TestFailed, json_patch, merge_patch
from pmtech.web.problems import Problem, invalid
from pmtech.web.store import Store

SEAT_PRICE_USD = 12
EXPORTS, EXPORTS_PER_S = 3, 10.0
CACHE_CONTROL = "private, max-age=10"
JSON, MERGE_PATCH, JSON_PATCH = "application/json", "application/merge-patch+json", "application/json-patch+json"

Text = Annotated[str, Field(min_length=1, max_length=120)]
Status = Literal["draft", "open", "closed"]


class Input(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class SurveyIn(Input):
    title: Text
    owner: Text = "ana"
    status: Status = "draft"
    goal: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    questions: Annotated[list[Text], Field(max_length=50)] = []


class Survey(SurveyIn):
    id: int
    version: int


class ResponseIn(Input):
    respondent: Text
    score: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=1000)] = ""


class SurveyResponse(ResponseIn):
    id: int
    survey_id: int


class PaymentIn(Input):
    customer: Text
    seats: Annotated[int, Field(ge=1, le=1000)]


class Payment(PaymentIn):
    id: int
    amount_usd: int


class SurveyPage(BaseModel):
    items: list[Survey]
    total: int


class ResponsePage(BaseModel):
    items: list[SurveyResponse]
    total: int


class PaymentPage(BaseModel):
    items: list[Payment]
    total: int


class ProblemBody(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []


class CheckedRoute(APIRoute):
    """Looks at the media type and the JSON before anything else does: 415, then 400, then 422."""

    def get_route_handler(self):
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            if request.method in ("POST", "PUT", "PATCH"):
                await _check_body(request)
            return await handle(request)

        return checked


async def _store(request: Request) -> Store:
    return request.app.state.store


Db = Annotated[Store, Depends(_store)]
Id = Annotated[int, Path(ge=1)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
IfMatch = Annotated[str | None, Header(max_length=200)]
IfNoneMatch = Annotated[str | None, Header(max_length=200)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]

ETAG = r'(?:W/)?"[^"]*"'

router = APIRouter(route_class=CheckedRoute)


def _problems(*statuses: int) -> dict:
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    titles = {412: "The resource has changed since", 429: "Too many requests", 504: "The calendar is too slow"}
    return {s: {"description": titles.get(s, HTTPStatus(s).phrase), "content": content} for s in statuses}


BODY = _problems(400, 413, 415, 422)
ABSENT = _problems(404, 422)
UNCHANGED = {304: {"description": "You have this version already"}}


@router.get("/surveys", response_model=SurveyPage, responses=_problems(422) | UNCHANGED, tags=["surveys"])
async def list_surveys(
    request: Request,
    store: Db,
    status: Status | None = None,
    owner: Annotated[str | None, Query(max_length=120)] = None,
    q: Annotated[str | None, Query(max_length=120, description="letters the title contains")] = None,
    limit: Limit = 20,
    offset: Offset = 0,
    if_none_match: IfNoneMatch = None,
):
    rows, total = store.page("surveys", limit=limit, offset=offset, contains=q, status=status, owner=owner)
    return _page(request, rows, total, limit, offset, if_none_match)


@router.post("/surveys", status_code=201, response_model=Survey, responses=BODY, tags=["surveys"])
async def create_survey(request: Request, survey: SurveyIn, store: Db, idempotency_key: IdempotencyKey = None):
    return await _created(
        request, store, idempotency_key, "/surveys", lambda: store.add("surveys", **survey.model_dump())
    )


@router.get("/surveys/{survey_id}", response_model=Survey, responses=ABSENT | UNCHANGED, tags=["surveys"])
async def read_survey(survey_id: Id, store: Db, if_none_match: IfNoneMatch = None):
    survey = _found(store, "surveys", survey_id)
    return _cacheable(survey, _etag(survey), if_none_match)


@router.put("/surveys/{survey_id}", response_model=Survey, responses=BODY | _problems(404, 412), tags=["surveys"])
async def replace_survey(survey_id: Id, survey: SurveyIn, store: Db, if_match: IfMatch = None):
    with store.transaction():
        _unchanged_since(if_match, _found(store, "surveys", survey_id))
        row = store.change_survey(survey_id, **survey.model_dump())
    return JSONResponse(row, headers={"ETag": _etag(row)})


@router.patch(
    "/surveys/{survey_id}",
    response_model=Survey,
    responses=BODY | _problems(404, 409, 412),
    tags=["surveys"],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MERGE_PATCH: {"schema": {"type": "object"}, "example": {"status": "open"}},
                JSON: {"schema": {"type": "object"}, "example": {"status": "open"}},
                JSON_PATCH: {
                    "schema": {"type": "array", "items": {"type": "object"}},
                    "example": [{"op": "add", "path": "/questions/-", "value": "And the food?"}],
                },
            },
        }
    },
)
async def change_survey(request: Request, survey_id: Id, store: Db, if_match: IfMatch = None):
    patch = json.loads(await request.body())
    with store.transaction():
        row = _found(store, "surveys", survey_id)
        _unchanged_since(if_match, row)
        old = {name: row[name] for name in SurveyIn.model_fields}
        try:
            new = json_patch(old, patch) if _media_type(request) == JSON_PATCH else merge_patch(old, patch)
            values = SurveyIn.model_validate(new).model_dump()
        except TestFailed as error:
            raise Problem(409, str(error)) from None
        except ValidationError as error:
            raise invalid(error.errors()) from None
        except ValueError as error:
            raise Problem(422, str(error)) from None
        row = store.change_survey(survey_id, **values)
    return JSONResponse(row, headers={"ETag": _etag(row)})


@router.delete("/surveys/{survey_id}", status_code=204, responses=ABSENT | _problems(412), tags=["surveys"])
async def delete_survey(survey_id: Id, store: Db, if_match: IfMatch = None):
    with store.transaction():
        _unchanged_since(if_match, _found(store, "surveys", survey_id))
        store.delete("surveys", survey_id)
    return Response(status_code=204)


@router.get(
    "/surveys/{survey_id}/responses", response_model=ResponsePage, responses=ABSENT | UNCHANGED, tags=["responses"]
)
async def list_responses(
    request: Request, survey_id: Id, store: Db, limit: Limit = 20, offset: Offset = 0, if_none_match: IfNoneMatch = None
):
    _found(store, "surveys", survey_id)
    rows, total = store.page("responses", limit=limit, offset=offset, survey_id=survey_id)
    return _page(request, rows, total, limit, offset, if_none_match)


@router.post(
    "/surveys/{survey_id}/responses",
    status_code=201,
    response_model=SurveyResponse,
    responses=BODY | _problems(404, 409),
    tags=["responses"],
)
async def create_response(
    request: Request, survey_id: Id, response: ResponseIn, store: Db, idempotency_key: IdempotencyKey = None
):
    def work() -> dict:
        survey = _found(store, "surveys", survey_id)
        if survey["status"] != "open":
            raise Problem(409, f"the survey is {survey['status']}; responses need an open one")
        return store.add("responses", survey_id=survey_id, **response.model_dump())

    return await _created(request, store, idempotency_key, f"/surveys/{survey_id}/responses", work)


@router.get(
    "/surveys/{survey_id}/responses/{response_id}",
    response_model=SurveyResponse,
    responses=ABSENT | UNCHANGED,
    tags=["responses"],
)
async def read_response(survey_id: Id, response_id: Id, store: Db, if_none_match: IfNoneMatch = None):
    row = _found(store, "responses", response_id)
    if row["survey_id"] != survey_id:
        raise Problem(404, f"survey {survey_id} has no response {response_id}")
    return _cacheable(row, _digest(row), if_none_match)


@router.get(
    "/surveys/{survey_id}/export",
    response_class=Response,
    responses=ABSENT
    | _problems(429)
    | {200: {"description": "The responses as CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}},
    tags=["responses"],
)
async def export_responses(request: Request, survey_id: Id, store: Db):
    wait_s = request.app.state.exports.take(request.client.host if request.client else "")
    if wait_s:
        detail = f"at most {EXPORTS} exports in {EXPORTS_PER_S:g} seconds; try again in {wait_s} s"
        raise Problem(429, detail, headers={"Retry-After": str(wait_s)})
    _found(store, "surveys", survey_id)
    rows, _ = store.page("responses", limit=10_000, survey_id=survey_id)
    lines = ["id,respondent,score", *(f"{r['id']},{_csv(r['respondent'])},{r['score']}" for r in rows)]
    return Response("\r\n".join(lines) + "\r\n", media_type="text/csv", headers={"Cache-Control": "no-store"})


@router.get(
    "/surveys/{survey_id}/calendar",
    response_model=list[str],
    responses=ABSENT | _problems(502, 504),
    tags=["surveys"],
    summary="Ask The Owner's Calendar",
)
async def read_calendar(request: Request, survey_id: Id, store: Db):
    return await request.app.state.calendar.events(_found(store, "surveys", survey_id)["owner"])


@router.get("/payments", response_model=PaymentPage, responses=_problems(422) | UNCHANGED, tags=["payments"])
async def list_payments(
    request: Request, store: Db, limit: Limit = 20, offset: Offset = 0, if_none_match: IfNoneMatch = None
):
    rows, total = store.page("payments", limit=limit, offset=offset)
    return _page(request, rows, total, limit, offset, if_none_match)


@router.post("/payments", status_code=201, response_model=Payment, responses=BODY, tags=["payments"])
async def create_payment(request: Request, payment: PaymentIn, store: Db, idempotency_key: IdempotencyKey = None):
    def work() -> dict:
        return store.add("payments", **payment.model_dump(), amount_usd=payment.seats * SEAT_PRICE_USD)

    return await _created(request, store, idempotency_key, "/payments", work)


@router.get("/payments/{payment_id}", response_model=Payment, responses=ABSENT | UNCHANGED, tags=["payments"])
async def read_payment(payment_id: Id, store: Db, if_none_match: IfNoneMatch = None):
    row = _found(store, "payments", payment_id)
    return _cacheable(row, _digest(row), if_none_match)


def create_app(
    store: Store,
    *,
    faults: Faults | None = None,
    calendar: CalendarClient | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The API on this store. `calendar` is the way to somebody else's API, `clock` (seconds) drives the limiter."""
    # The pages /docs and /redoc would load their code from the internet.
    app = FastAPI(title="Survey tool", version="1.0.0", docs_url=None, redoc_url=None)
    app.state.store = store
    app.state.calendar = calendar or CalendarClient("http://127.0.0.1:9")
    app.state.exports = Limiter(EXPORTS, EXPORTS_PER_S, clock)
    app.include_router(router)
    problems.install(app, allowed_methods)
    app.add_middleware(Front, faults=faults or Faults(), allowed=allowed_methods)
    return app


def allowed_methods(path: str) -> list[str]:
    """What may be done with a path, for `Allow`; empty when there is no such path."""
    known = set()
    for route in router.routes:
        if route.path_regex.match(path):
            known |= route.methods
    if path == "/openapi.json":
        known = {"GET"}
    if "GET" in known:
        known = known | {"HEAD"}
    return sorted(known | {"OPTIONS"}) if known else []


class Limiter:
    """A sliding window log: at most `limit` in any `per_s` seconds for each caller."""

    def __init__(self, limit: int, per_s: float, clock: Callable[[], float]):
        self.limit, self.per_s, self.clock = limit, per_s, clock
        self._seen: dict[str, deque[float]] = {}

    def take(self, caller: str) -> int:
        """0 when the caller may pass, else the whole seconds to wait."""
        now, seen = self.clock(), self._seen.setdefault(caller, deque())
        while seen and now - seen[0] >= self.per_s:
            seen.popleft()
        if len(seen) >= self.limit:
            return max(1, math.ceil(seen[0] + self.per_s - now))
        seen.append(now)
        return 0


async def _check_body(request: Request) -> None:
    known = [MERGE_PATCH, JSON, JSON_PATCH] if request.method == "PATCH" else [JSON]
    if _media_type(request) not in known:
        name = "Accept-Patch" if request.method == "PATCH" else "Accept-Post" if request.method == "POST" else "Accept"
        got = _media_type(request) or "none"
        raise Problem(415, f"Content-Type must be {' or '.join(known)}, got {got}", headers={name: ", ".join(known)})
    try:
        body = json.loads(await request.body(), parse_constant=_not_json)
        # Half of a surrogate pair is JSON, but no text that could be kept or sent back.
        json.dumps(body, ensure_ascii=False).encode()
    except RecursionError:
        raise Problem(400, "the body is nested too deeply") from None
    except UnicodeError:
        raise Problem(400, "the body is not proper UTF-8") from None
    except json.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {error}") from None


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _found(store: Store, table: str, id: int) -> dict:
    row = store.get(table, id)
    if row is None:
        raise Problem(404, f"there is no {table[:-1]} {id}")
    return row


async def _created(
    request: Request, store: Store, key: str | None, collection: str, add: Callable[[], dict]
) -> Response:
    """201 + Location; with an Idempotency-Key the first answer again, however often it is asked."""

    def work() -> tuple[int, str, dict]:
        row = add()
        return 201, f"{collection}/{row['id']}", row

    if key is None:
        status, location, row = work()
        return JSONResponse(row, status, {"Location": location})
    fingerprint = f"{request.method} {request.url.path} " + hashlib.sha256(await request.body()).hexdigest()[:16]
    try:
        kept, replayed = store.once(key, fingerprint, work)
    except KeyError:
        raise Problem(422, "this Idempotency-Key was used for another request") from None
    headers = {"Location": kept["location"]} | ({"Idempotency-Replayed": "true"} if replayed else {})
    return Response(kept["answer"], kept["status"], headers, media_type=JSON)


def _etag(survey: dict) -> str:
    return f'"v{survey["version"]}"'


def _digest(value: object) -> str:
    return '"' + hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12] + '"'


def _names(field: str, header: str, etag: str) -> bool:
    """Does a header such as `If-Match: "v1", "v2"` name this version?"""
    if header.strip() == "*":
        return True
    if not re.fullmatch(rf"\s*{ETAG}(\s*,\s*{ETAG})*\s*", header):
        raise Problem(422, f'{field} must name versions in double quotes, such as {field}: "v1"')
    return etag in re.findall(ETAG, header)


def _cacheable(body: object, etag: str, if_none_match: str | None, headers: dict | None = None) -> Response:
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL} | (headers or {})
    if if_none_match is not None and _names("If-None-Match", if_none_match.replace("W/", ""), etag):
        return Response(status_code=304, headers=headers)
    return JSONResponse(body, headers=headers)


def _unchanged_since(if_match: str | None, survey: dict) -> None:
    if if_match is not None and not _names("If-Match", if_match, _etag(survey)):
        raise Problem(412, f"the survey is {_etag(survey)} by now, and you asked to change {if_match}")


def _page(request: Request, rows: list, total: int, limit: int, offset: int, if_none_match: str | None) -> Response:
    others = [(k, v) for k, v in request.query_params.multi_items() if k not in ("limit", "offset")]
    links = []
    for relation, start in (("prev", offset - limit), ("next", offset + limit)):
        if 0 <= start < total or (relation == "prev" and offset > 0):
            query = urlencode([*others, ("limit", limit), ("offset", max(0, start))])
            links.append(f'<{request.url.path}?{query}>; rel="{relation}"')
    body = {"items": rows, "total": total}
    return _cacheable(body, _digest(body), if_none_match, {"Link": ", ".join(links)} if links else None)


def _csv(text: str) -> str:
    # A leading = + - @ would be run as a formula by a spreadsheet.
    text = "'" + text if text[:1] in "=+-@\t\r" else text
    return '"' + text.replace('"', '""') + '"'
