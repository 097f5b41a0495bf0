"""Whom a request is for and who asks: its target (RFC 9112, 3.2), its Host, and the page that it comes from."""

import re
from urllib.parse import unquote

from fastapi import HTTPException
from starlette.datastructures import Headers

READS = ("GET", "HEAD", "OPTIONS")
TARGET_BYTES, HEADER_BYTES = 8_000, 32_000
TOO_LARGE = f"the headers may have at most {HEADER_BYTES:,} bytes"
ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def origin_form(scope: dict) -> dict:
    """The request as if its target were a path: the authority of `GET http://127.0.0.1/surveys` counts as its Host."""
    absolute = ABSOLUTE.fullmatch(scope.get("raw_path") or b"")
    if not absolute:
        return scope
    host, path = absolute[1], absolute[2] or (b"*" if scope["method"] == "OPTIONS" else b"/")
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "path": unquote(path.decode()), "raw_path": path, "headers": [(b"host", host), *headers]}


def check_size(scope: dict) -> None:
    """Raises HTTPException: 414 for a longer target than any that leads somewhere, 431 (RFC 6585) for large headers."""
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET_BYTES:
        raise HTTPException(414, f"the address may have at most {TARGET_BYTES:,} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
        raise HTTPException(431, TOO_LARGE)


def check_asker(scope: dict) -> None:
    """Refuses what a web page from elsewhere may have sent. Raises HTTPException.

    421: the Host is not the address at which the request came in. A page may give its own name this machine's address
    (DNS rebinding), and then counts as the same site. 403: a page of another origin wants to change something, told by
    Sec-Fetch-Site, which browsers add and pages cannot, or by Origin.
    """
    headers, (address, _) = Headers(scope=scope), scope.get("server") or ("localhost", None)
    host = headers.get("host", address).lower()
    if re.sub(r":\d*$", "", host) not in (address, f"[{address}]", "localhost"):
        raise HTTPException(421, f"this API answers for {address} and localhost, not for the Host of this request")
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    here = site in ("same-origin", "none") if site else origin in (None, f"{scope['scheme']}://{host}")
    if not here and scope["method"] not in READS:
        raise HTTPException(403, "a page of another site may not change anything here")
