"""One request and what came back, as it went over the wire."""

import html
import shlex
from dataclasses import dataclass, field
from typing import Any

from pmtech.web.strict_json import parse

KEPT_BYTES = 100_000
SHOWN_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """`request_bytes` and `response_bytes` are the bytes of HTTP/1.1, start line, headers and body (the first 100,000);
    in process, and where nobody listened, those that would have gone over the wire.

    `status` is None when no answer came; `error` then says why in a sentence. `elapsed_ms` is what the caller waited.
    """

    method: str
    url: str
    request_bytes: bytes
    request_size: int
    response_bytes: bytes = b""
    response_size: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    elapsed_ms: float
    error: str | None = None

    @classmethod
    def of(cls, request, answer, elapsed_ms: float, error: str | None) -> "Exchange":
        """From an httpx.Request and the httpx.Response to it, or None."""
        sent = _wire(f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", request)
        came = answer and _wire(f"{answer.http_version} {answer.status_code} {answer.reason_phrase}", answer)
        return cls(
            method=request.method,
            url=str(request.url),
            request_bytes=sent[:KEPT_BYTES],
            request_size=len(sent),
            response_bytes=came[:KEPT_BYTES] if answer else b"",
            response_size=len(came) if answer else 0,
            status=answer.status_code if answer else None,
            headers=dict(answer.headers) if answer else {},
            text=answer.text if answer else "",
            elapsed_ms=elapsed_ms,
            error=error,
        )

    def json(self) -> Any:
        """The body as data. Raises ValueError when it is not JSON."""
        return parse(self.text, "the answer")

    @property
    def request_text(self) -> str:
        return _readable(self.request_bytes, self.request_size)

    @property
    def response_text(self) -> str:
        return _readable(self.response_bytes, self.response_size)

    @property
    def curl(self) -> str:
        """The same request for a terminal (a POSIX shell; the Windows prompt quotes differently)."""
        head, _, body = self.request_bytes.partition(b"\r\n\r\n")
        parts = ["curl", "-I" if self.method == "HEAD" else f"-i -X {self.method}", shlex.quote(self.url)]
        named = [(line.split(":")[0].lower(), line) for line in head.decode("latin-1").split("\r\n")[1:]]
        if body and "content-type" not in dict(named):
            named.append(("content-type", "Content-Type:"))  # else curl would say that it is a form
        parts += [f"-H {shlex.quote(line)}" for name, line in named if name not in ("host", "content-length")]
        if self.request_size > len(self.request_bytes):
            parts.append("--data-binary @body.json")
        elif body:
            parts.append(f"--data-raw {shlex.quote(body.decode(errors='replace'))}")
        return " ".join(parts)

    @property
    def status_line(self) -> str:
        """Such as "201 Created", or "no answer"."""
        return self.response_text.partition("\n")[0].partition(" ")[2] if self.status else "no answer"

    @property
    def summary(self) -> str:
        """One line: what was asked, what came, how long it took."""
        path = "/" + self.url.split("/", 3)[3]
        return f"{self.method} {path} -> {self.status_line}, after {self.elapsed_ms:,.0f} ms"

    def __repr__(self) -> str:
        return f"{self.summary}\n\n{self.request_text}\n\n{self.response_text or self.error}"

    def _repr_html_(self) -> str:
        came = self.response_text or self.error or ""
        return (
            '<div style="display:flex;gap:16px;flex-wrap:wrap;align-items:flex-start">'
            f"{_box('Request', self.request_text)}"
            f"{_box(f'Response, after {self.elapsed_ms:,.0f} ms', came)}</div>"
        )


def _wire(start: str, message) -> bytes:
    """What HTTP/1.1 makes of a message with a Content-Length."""
    lines = [start.encode(), *(name + b": " + value for name, value in message.headers.raw)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + message.content


def _box(title: str, text: str) -> str:
    return (
        f'<div style="flex:1 1 320px;min-width:0"><div style="font-weight:600">{html.escape(title)}</div>'
        '<pre style="white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;padding:8px;border-radius:6px;'
        f'border:1px solid var(--jp-border-color1,#bbb);margin:8px 0">{html.escape(text)}</pre></div>'
    )


def _readable(data: bytes, size: int) -> str:
    text = data.decode(errors="replace").replace("\r\n", "\n")
    if size > len(data) or len(text) > SHOWN_CHARACTERS:
        text = f"{text[:SHOWN_CHARACTERS]}\n... ({size:,} bytes in all)"
    return text
