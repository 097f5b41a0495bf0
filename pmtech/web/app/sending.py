"""One request: checked and written down before it is sent, and what was heard of it afterwards."""

import json as json_
import math
import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def written(method: str, url: str, path: str, json: Any, body: str | bytes | None, headers: dict, timeout_s: float):
    """The request as it will be sent. Raises ValueError for what cannot be sent at all."""
    import httpx

    _check(method, path, headers, timeout_s)
    if json is not None:
        body = _dumped(json)
        headers.setdefault("Content-Type", "application/json")
    content = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    timeouts = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)}
    try:
        return httpx.Request(method.upper(), url + path, headers=headers, content=content, extensions=timeouts)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise ValueError(f"path cannot be sent: {error}") from None


def heard(request, transport: Callable, timeout_s: float) -> tuple:
    """(the answer, None), or (None, why there is none). transport: gives a way for one request."""
    import h11
    import httpx

    try:
        with transport() as way:
            answer = way.handle_request(request)
            answer.read()
        return answer, None
    except h11.LocalProtocolError as refused:
        raise ValueError(f"this cannot be sent: {refused}") from None
    except httpx.TimeoutException:
        return None, f"No answer within {timeout_s:g} s. Whether the server did the work, the client cannot know."
    except httpx.ConnectError:
        url = f"{request.url.scheme}://{request.url.netloc.decode()}"
        stopped = "the API is stopped. Run the cell with start_api() again, and this one after it."
        return None, f"Nobody listens at {url}: {stopped}"
    except httpx.TransportError:
        return None, "The connection broke off. Whether the server did the work, the client cannot know."


def _dumped(data: Any) -> str:
    try:
        return json_.dumps(data, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"json cannot be sent: {error}") from None


def _check(method: str, path: str, headers: dict[str, str], timeout_s: float) -> None:
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        raise ValueError(f"method must be one word like GET, got {method!r}")
    if not isinstance(path, str) or not path.startswith("/") or any(ord(c) < 32 for c in path):
        raise ValueError(f"path must start with / and be one line, got {path!r}")
    for name, value in headers.items():
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise ValueError(f"a header name is one word of letters, digits and -, got {name!r}")
        if not isinstance(value, str) or not value.isascii() or any(ord(c) < 32 for c in value):
            raise ValueError(f"the header {name} must be one line of plain letters, got {value!r}")
    if not isinstance(timeout_s, (int, float)) or not math.isfinite(timeout_s) or timeout_s <= 0:
        raise ValueError(f"timeout_s must be more than 0, got {timeout_s!r}")
