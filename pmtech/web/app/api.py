"""The HTTP API of the survey tool: surveys, their responses, payments for seats.

Every endpoint is `async def` and short, so the app runs on one thread, in a server or in process. HTTP is done by the
book: methods and conditional requests RFC 9110, Cache-Control RFC 9111, PATCH RFC 5789, errors RFC 9457, 429 RFC 6585,
and the Idempotency-Key header as in draft-ietf-httpapi-idempotency-key-header. What holds for every endpoint is in
front.py: an endpoint is told what was understood, and what it writes is taken back when its answer is an error.

What this leaves out: who you are (unless `guard` asks: sign_in.py), HTTPS, and pages that stay put while others add
rows (`offset` counts anew on every request).
"""

import csv
import hashlib
import io
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Route

from pmtech import escapes
from pmtech.components.rate_limiter import RateLimiter, SlidingWindowLog
from pmtech.web.app import problems
from pmtech.web.app.calendar import CalendarClient
from pmtech.web.app.faults import Faults
from pmtech.web.app.front import JSON, JSON_PATCH, MERGE_PATCH, Front
from pmtech.web.app.patch import TestFailed, json_patch, merge_patch
from pmtech.web.app.problems import documented
from pmtech.web.app.shapes import (
    Page,
    Paging,
    Payment,
    PaymentIn,
    ResponseIn,
    Survey,
    SurveyIn,
    SurveyQuery,
    SurveyResponse,
)
from pmtech.web.app.store import Store

SEAT_PRICE_USD = 12
EXPORTS = RateLimiter(limit=3, per_s=10, algorithm="sliding_window_log")


class IdConvertor(Convertor[int]):
    """An id in a path has one spelling: neither 01 nor +1 leads to what is at 1."""

    regex = "[1-9][0-9]{0,99}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", IdConvertor())


async def _store(request: Request) -> Store:
    return request.app.state.store


Db = Annotated[Store, Depends(_store)]
Id = Annotated[int, Path(ge=1)]


async def _survey(survey_id: Id, store: Db) -> dict:
    return _found(store, "surveys", survey_id)


async def _creation(
    request: Request, store: Db, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None
) -> Callable:
    """What answers 201 + Location; with an Idempotency-Key the first answer again, however often it is asked."""
    path = request.scope["path"]
    # Whoever has signed in has keys of their own: nobody else's is in the way, nor answers.
    key = idempotency_key and f"{getattr(request.state, 'sender', '')} {idempotency_key}".strip()
    fingerprint = f"POST {path} {hashlib.sha256(await request.body()).hexdigest()[:16]}"

    def create(table: str, **values) -> Response:
        def work() -> tuple[int, str, dict]:
            row = store.add(table, **values)
            return 201, f"{path}/{row['id']}", row

        try:
            kept, replayed = store.once(key, fingerprint, work)
        except KeyError:
            raise HTTPException(422, "this Idempotency-Key was used for another request") from None
        headers = {"Location": kept["location"]} | ({"Idempotency-Replayed": "true"} if replayed else {})
        return Response(kept["answer"], kept["status"], headers, media_type=JSON)

    return create


TheSurvey = Annotated[dict, Depends(_survey)]
Create = Annotated[Callable, Depends(_creation)]
Paged = Annotated[Paging, Query()]
Tag = Annotated[str | None, Header()]


async def _conditions(if_match: Tag = None, if_none_match: Tag = None) -> None:
    """Only for the contract: the front looks at them."""


router = APIRouter(dependencies=[Depends(_conditions)], responses=documented(412, 422))
BODY, ABSENT = documented(400, 413, 415), documented(404)
KEPT: dict[int | str, dict] = {304: {"description": "You have this version already"}}


@router.get("/surveys", response_model=Page[Survey], responses=KEPT)
async def list_surveys(store: Db, query: Annotated[SurveyQuery, Query()]):
    return _page(store, "surveys", query, contains=query.q, status=query.status, owner=query.owner)


@router.post("/surveys", status_code=201, response_model=Survey, responses=BODY)
async def create_survey(survey: SurveyIn, create: Create):
    return create("surveys", **survey.model_dump())


@router.get("/surveys/{survey_id:id}", response_model=Survey, responses=KEPT | ABSENT)
async def read_survey(survey: TheSurvey, answer: Response):
    return _tagged(answer, survey)


@router.put("/surveys/{survey_id:id}", response_model=Survey, responses=BODY | ABSENT)
async def replace_survey(survey: TheSurvey, new: SurveyIn, answer: Response, store: Db):
    return _tagged(answer, store.change_survey(survey["id"], **new.model_dump()))


PATCHES = {
    MERGE_PATCH: {"schema": {"type": "object"}, "example": {"status": "open"}},
    JSON: {"schema": {"type": "object"}, "example": {"status": "open"}},
    JSON_PATCH: {
        "schema": {"type": "array", "items": {"type": "object"}},
        "example": [{"op": "add", "path": "/questions/-", "value": "And the food?"}],
    },
}


def _without_own(changed: Any, survey: dict) -> Any:
    """A patch may ask for what the API alone sets (`test` of the version); where it changes that, the field stays, to be refused."""
    if not isinstance(changed, dict):
        return changed
    own = [name for name in Survey.model_fields if name not in SurveyIn.model_fields]
    same = [name for name in own if type(changed.get(name)) is int and changed[name] == survey[name]]
    return {name: value for name, value in (dict.fromkeys(own) | changed).items() if name not in same}


@router.patch(
    "/surveys/{survey_id:id}",
    response_model=Survey,
    responses=BODY | documented(404, 409),
    openapi_extra={"requestBody": {"required": True, "content": PATCHES}},
)
async def change_survey(request: Request, survey: TheSurvey, answer: Response, store: Db):
    apply = json_patch if request.headers["content-type"].lower().startswith(JSON_PATCH) else merge_patch
    try:
        changed = apply({name: survey[name] for name in Survey.model_fields}, await request.json())
        new = SurveyIn.model_validate(_without_own(changed, survey))
    except TestFailed as error:
        raise HTTPException(409, str(error)) from None
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return _tagged(answer, store.change_survey(survey["id"], **new.model_dump()))


@router.delete("/surveys/{survey_id:id}", status_code=204, responses=ABSENT)
async def delete_survey(survey: TheSurvey, store: Db):
    store.delete("surveys", survey["id"])


@router.get("/surveys/{survey_id:id}/responses", response_model=Page[SurveyResponse], responses=KEPT | ABSENT)
async def list_responses(survey: TheSurvey, store: Db, query: Paged):
    return _page(store, "responses", query, survey_id=survey["id"])


@router.post(
    "/surveys/{survey_id:id}/responses",
    status_code=201,
    response_model=SurveyResponse,
    responses=BODY | documented(404, 409),
)
async def create_response(survey: TheSurvey, response: ResponseIn, create: Create):
    if survey["status"] != "open":
        raise HTTPException(409, f"the survey is {survey['status']}; responses need an open one")
    return create("responses", survey_id=survey["id"], **response.model_dump())


@router.get(
    "/surveys/{survey_id:id}/responses/{response_id:id}", response_model=SurveyResponse, responses=KEPT | ABSENT
)
async def read_response(survey_id: Id, response_id: Id, store: Db):
    row = _found(store, "responses", response_id)
    if row["survey_id"] != survey_id:
        raise HTTPException(404, f"survey {survey_id} has no response {response_id}")
    return row


CSV: dict[int | str, dict] = {
    200: {"description": "The responses as CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
NOT_KEPT = {"Cache-Control": "no-store"}


@router.get("/surveys/{survey_id:id}/export", response_class=Response, responses=CSV | documented(404, 429))
async def export_responses(request: Request, survey: TheSurvey, store: Db):
    caller, now = request.client and request.client.host, request.app.state.clock()
    wait_s = math.ceil(request.app.state.exports[caller].decide(now))
    if wait_s:
        detail = f"at most {EXPORTS.limit} exports in {EXPORTS.per_s:g} seconds; try again in {wait_s} s"
        raise HTTPException(429, detail, {"Retry-After": str(wait_s)})
    rows, _ = store.page("responses", limit=10_000, survey_id=survey["id"])
    text = io.StringIO()
    text.write("id,respondent,score\r\n")
    lines = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    lines.writerows((row["id"], escapes.cell(row["respondent"]), row["score"]) for row in rows)
    return Response(text.getvalue(), media_type="text/csv", headers=NOT_KEPT)


@router.get(
    "/surveys/{survey_id:id}/calendar",
    response_model=list[str],
    responses=documented(404, 502, 504),
    summary="Ask The Owner's Calendar",
)
async def read_calendar(request: Request, survey: TheSurvey):
    return JSONResponse(await request.app.state.calendar.events(survey["owner"]), headers=NOT_KEPT)


@router.get("/payments", response_model=Page[Payment], responses=KEPT)
async def list_payments(store: Db, query: Paged):
    return _page(store, "payments", query)


@router.post("/payments", status_code=201, response_model=Payment, responses=BODY)
async def create_payment(request: Request, payment: PaymentIn, create: Create):
    amount_usd = request.app.state.price_rule(payment.seats)
    return create("payments", **payment.model_dump(), amount_usd=amount_usd)


@router.get("/payments/{payment_id:id}", response_model=Payment, responses=KEPT | ABSENT)
async def read_payment(payment_id: Id, store: Db):
    return _found(store, "payments", payment_id)


def create_app(
    store: Store,
    *,
    faults: Faults | None = None,
    calendar: CalendarClient | None = None,
    clock: Callable[[], float] = time.monotonic,
    more: Sequence[APIRouter] = (),
    guard: Callable | None = None,
) -> FastAPI:
    """The API on this store. `calendar` is the way to somebody else's API, `clock` (seconds) drives the limiter, `more`
    are further sets of routes, `guard` is what each request for the API's own routes must pass."""
    # The pages /docs and /redoc would load their code from the internet.
    app = FastAPI(title="Survey tool", version="1.0.0", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.store, app.state.clock, app.state.price_rule = store, clock, price_usd
    app.state.calendar = calendar or CalendarClient("http://127.0.0.1:9")
    app.state.exports = defaultdict(lambda: SlidingWindowLog(EXPORTS))
    routes = [route for route in app.routes if isinstance(route, Route)]
    app.include_router(router, dependencies=[Depends(guard)] if guard else [])
    for each in more:
        app.include_router(each)
    routes += [route for each in (router, *more) for route in each.routes if isinstance(route, Route)]

    def allowed(path: str) -> list[str]:
        """What may be done with a path, for `Allow`; empty when there is no such path."""
        here = (route for route in routes if path == "*" or route.path_regex.match(path))
        known = {method for route in here for method in route.methods or ()}
        return sorted(known | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())) if known else []

    problems.install(app)
    app.add_middleware(Front, store=store, faults=faults or Faults(), allowed=allowed)
    return app


def price_usd(seats: int) -> int:
    """What so many seats cost, in dollars."""
    return seats * SEAT_PRICE_USD


def _found(store: Store, table: str, id: int) -> dict:
    row = store.get(table, id)
    if row is None:
        raise HTTPException(404, f"there is no {table[:-1]} {id}")
    return row


def _tagged(answer: Response, survey: dict) -> dict:
    answer.headers["ETag"] = f'"v{survey["version"]}"'
    return survey


def _page(store: Store, table: str, query: Paging, **wanted) -> dict:
    rows, total = store.page(table, limit=query.limit, offset=query.offset, **wanted)
    return {"items": rows, "total": total}
