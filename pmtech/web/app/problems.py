"""Errors as `application/problem+json` (RFC 9457): one shape for everything that goes wrong."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
OBJECT = "input should be an object: fields in braces"
SAID = {"extra_forbidden": "unknown field", "model_attributes_type": OBJECT, "model_type": OBJECT}


class Body(BaseModel):
    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict:
    """These answers, for the contract."""
    content = {MEDIA_TYPE: {"schema": Body.model_json_schema()}}
    return {s: {"description": HTTPStatus(s).phrase, "content": content} for s in statuses}


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError):
        """422: each of pydantic's errors names its field, and nothing of the input is repeated."""
        errors = []
        for found in error.errors():
            where = [str(part) for part in found["loc"] if part not in ("body", "query", "path", "header")]
            detail = SAID.get(found["type"], found["msg"])
            errors.append({"field": ".".join(where) or "body", "detail": detail[:1].lower() + detail[1:]})
        return problem(422, "; ".join(f"{e['field']}: {e['detail']}" for e in errors), errors=errors)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception):
        return problem(500, "the server made a mistake; it is not in your request")
