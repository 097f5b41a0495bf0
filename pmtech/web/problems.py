"""Errors as `application/problem+json` (RFC 9457): one shape for everything that goes wrong."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Raised anywhere in the API; becomes the answer."""

    def __init__(self, status: int, detail: str, *, errors: list[dict] | None = None, headers: dict | None = None):
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers

    def response(self) -> JSONResponse:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        return JSONResponse(body, self.status, self.headers, media_type=MEDIA_TYPE)


def invalid(errors: list[dict]) -> Problem:
    """422 for pydantic's errors: each names its field, and nothing of the input is repeated."""
    named = []
    for error in errors:
        where = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
        detail = "unknown field" if error["type"] == "extra_forbidden" else error["msg"]
        named.append({"field": ".".join(where) or "body", "detail": detail[:1].lower() + detail[1:]})
    return Problem(422, "; ".join(f"{e['field']}: {e['detail']}" for e in named), errors=named)


def install(app: FastAPI, allowed) -> None:
    """Makes every error of the app a problem; `allowed(path)` lists the methods a path knows."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem):
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError):
        return invalid(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException):
        path, headers = request.url.path, error.headers
        detail = str(error.detail)
        if error.status_code == 404:
            detail = f"there is nothing at {path}"
        elif error.status_code == 405:
            methods = ", ".join(allowed(path))
            headers, detail = {"Allow": methods}, f"{path} knows {methods}, not {request.method}"
        return Problem(error.status_code, detail, headers=headers).response()

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception):
        return Problem(500, "the server made a mistake; it is not in your request").response()
