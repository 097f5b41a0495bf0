"""What HTTP asks of every route: a body that can be read, and answers that need not be sent twice."""

import hashlib
import json
import re
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

CACHE_CONTROL = "private, max-age=10"
JSON, MERGE_PATCH, JSON_PATCH = "application/json", "application/merge-patch+json", "application/json-patch+json"
TAKEN = {  # method -> the header that says what it takes, and that
    "POST": ("Accept-Post", (JSON,)),
    "PUT": ("Accept", (JSON,)),
    "PATCH": ("Accept-Patch", (MERGE_PATCH, JSON, JSON_PATCH)),
}
ETAG = r'(?:W/)?"[^"]*"'


class CheckedRoute(APIRoute):
    """Looks at the media type and the JSON before anything else does (415, then 400, then 422); where the contract
    knows a 304, gives the answer an ETag and spares the body when the asker has this version."""

    def get_route_handler(self):
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            if request.method in TAKEN:
                await _check_body(request)
            answer = await handle(request)
            return _unless_known(request, answer) if 304 in self.responses else answer

        return checked


async def _check_body(request: Request) -> None:
    header, known = TAKEN[request.method]
    if media_type(request) not in known:
        detail = f"Content-Type must be {' or '.join(known)}, got {media_type(request) or 'none'}"
        raise HTTPException(415, detail, {header: ", ".join(known)})
    text = await request.body()
    if not text.strip():
        raise HTTPException(400, "the body is empty; it has to be JSON")
    try:
        body = json.loads(text, parse_constant=_not_json)
        # Half of a surrogate pair is JSON, but no text that could be kept or sent back.
        json.dumps(body, ensure_ascii=False).encode()
    except RecursionError:
        raise HTTPException(400, "the body is nested too deeply") from None
    except UnicodeError:
        raise HTTPException(400, "the body is not proper UTF-8") from None
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from None


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON value")


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def names_version(field: str, header: str, etag: str) -> bool:
    """Does a header such as `If-Match: "v1", "v2"` name this version?"""
    if header.strip() == "*":
        return True
    if not re.fullmatch(rf"\s*{ETAG}(\s*,\s*{ETAG})*\s*", header):
        raise HTTPException(422, f"{field} must name versions in double quotes, as the etag of an answer does")
    return etag in re.findall(ETAG, header)


def _unless_known(request: Request, answer: Response) -> Response:
    """The answer to a GET, or 304 when If-None-Match names its ETag: by default a digest of its body."""
    etag = answer.headers.setdefault("ETag", f'"{hashlib.sha256(answer.body).hexdigest()[:12]}"')
    answer.headers["Cache-Control"] = CACHE_CONTROL
    known = request.headers.get("if-none-match")
    if known is not None and names_version("If-None-Match", known.replace("W/", ""), etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
    return answer
