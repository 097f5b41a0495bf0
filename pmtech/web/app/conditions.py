"""Conditional requests (RFC 9110, 13): every answer to a GET has a version, its ETag, and requests may depend on it."""

import hashlib
import re

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import Response

CACHE_CONTROL = "private, max-age=10"
FIELDS = ("If-Match", "If-None-Match")
ETAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Members may be empty (RFC 9110, 5.6.1).
LIST = re.compile(rf"[ \t,]*(?:{ETAG}[ \t]*(?:,[ \t,]*|$))*")


def tag(answer: Response) -> Response:
    """The answer to a GET with its ETag, by default a digest of its body; one that is not to be kept has none."""
    if answer.status_code == 200 and answer.headers.get("Cache-Control") != "no-store":
        answer.headers.setdefault("ETag", f'"{hashlib.sha256(answer.body).hexdigest()[:12]}"')
        answer.headers["Cache-Control"] = CACHE_CONTROL
    return answer


def unmet(headers: Headers, method: str, path: str, current: Response) -> Response | None:
    """What is answered when a condition does not hold for what a GET is answered now; None when all hold.

    Without a version there is nothing to depend on: what is not there keeps its 404. Raises HTTPException (412, 422).
    """
    etag = current.headers.get("ETag")
    if etag is None:
        return None
    what, version = _name(path), etag.replace('"', "")
    wanted, unwanted = (_listed(headers, field) for field in FIELDS)
    if wanted is not None and not {"*", etag} & set(wanted):
        asked = ", ".join(wanted).replace('"', "") or "no version"  # in JSON each quote would wear a backslash
        to = "see" if method == "GET" else "change"
        raise HTTPException(412, f"{what} is {version} by now, and you asked to {to} {asked}")
    if unwanted is not None and {"*", _weak(etag)} & set(map(_weak, unwanted)):
        if method == "GET":
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
        raise HTTPException(412, f"{what} is {version}, and If-None-Match asks for nothing to be done then")
    return None


def _listed(headers: Headers, field: str) -> list[str] | None:
    """The versions that a header names, over all its lines; None when there is no such header."""
    if field not in headers:
        return None
    value = ", ".join(headers.getlist(field))
    if value.strip(" \t,") == "*":
        return ["*"]
    if not LIST.fullmatch(value):
        raise HTTPException(422, f"{field} must name versions in double quotes, as the etag of an answer does")
    return re.findall(ETAG, value)


def _weak(etag: str) -> str:
    return etag.removeprefix("W/")


def _name(path: str) -> str:
    """Such as "the survey" for /surveys/1, and /surveys for itself."""
    *_, kind, last = path.split("/")
    return f"the {kind.removesuffix('s')}" if last.isdigit() else path
