"""The request console: one request to the real API, as it goes over the wire, and what it does to the database."""

from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

import traitlets

from pmtech.panels.errors import why
from pmtech.panels.widget import Panel
from pmtech.web.app.server import Api
from pmtech.web.app.store import COLUMNS, HIDDEN, RowChange, row_changes, shown, told
from pmtech.web.client.exchange import Exchange

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TIMEOUT_S = 2.0
ROWS_SHOWN = 6

_JSON, _PATCH = "Content-Type: application/json", "Content-Type: application/json-patch+json"
_SEATS = '{"customer": "Company A", "seats": 5}'
_A_YEAR = '{"title": "First year at work", "status": "open"}'
_QUESTION = '[{"op": "add", "path": "/questions/-", "value": "And the food?"}]'
EXAMPLES = (
    ("List the surveys", "GET", "/surveys", "", ""),
    ("List them, two a page", "GET", "/surveys?limit=2", "", ""),
    ("Read one survey", "GET", "/surveys/1", "", ""),
    ("Read it only if it has changed", "GET", "/surveys/1", 'If-None-Match: "v1"', ""),
    ("Only the headers of the answer", "HEAD", "/surveys/1", "", ""),
    ("Create a survey", "POST", "/surveys", _JSON, '{"title": "Parking", "status": "draft"}'),
    ("Answer a survey", "POST", "/surveys/1/responses", _JSON, '{"respondent": "sam", "score": 4}'),
    ("Charge for 5 seats", "POST", "/payments", _JSON, _SEATS),
    ("Charge for 5 seats, with a key", "POST", "/payments", f"{_JSON}\nIdempotency-Key: order-17", _SEATS),
    ("Replace a survey", "PUT", "/surveys/1", _JSON, '{"title": "First month at work", "status": "open"}'),
    ("Replace it, if it is the version I saw", "PUT", "/surveys/1", f'{_JSON}\nIf-Match: "v1"', _A_YEAR),
    ("Change one field", "PATCH", "/surveys/1", _JSON, '{"goal": 250}'),
    ("Add a question at the end", "PATCH", "/surveys/1", _PATCH, _QUESTION),
    ("Delete a survey", "DELETE", "/surveys/2", "", ""),
    ("Ask which methods a path knows", "OPTIONS", "/surveys/1", "", ""),
    ("Export the responses", "GET", "/surveys/1/export", "", ""),
    ("Ask the owner's calendar", "GET", "/surveys/1/calendar", "", ""),
)


def _as_ben(token: str, key: str) -> list[list[str]]:
    """Examples for the API with sign-in, sent by Ben of Company B, and by a program of his that has a key."""
    his, its = f"Authorization: Bearer {token}", f"Authorization: Bearer {key}"
    return [
        ["Read the responses to my survey", "GET", "/surveys/2/responses", his, ""],
        ["List my surveys", "GET", "/surveys?owner=ben", his, ""],
        ["Who am I?", "GET", "/me", his, ""],
        ["Change how my name is shown", "PATCH", "/me", f"{_JSON}\n{his}", '{"shown": "Benny"}'],
        ["Look at the payments", "GET", "/payments", his, ""],
        ["Make a key for a program", "POST", "/keys", f"{_JSON}\n{his}", "{}"],
        ["Read with a program's key", "GET", "/surveys?owner=ben", its, ""],
        ["Write with a program's key", "PATCH", "/me", f"{_JSON}\n{its}", '{"shown": "Program"}'],
        ["Ask without signing in", "GET", "/surveys/2", "", ""],
    ]


class Console(Panel):
    """Made by `console`. `request` does what its Send button does; `error` is a sentence, or None.

    exchange: the last request and what came of it. changes: what happened to every row meanwhile.
    """

    _esm = Path(__file__).parent / "console.js"
    _css = Path(__file__).parent / "console.css"

    methods = traitlets.List(list(METHODS)).tag(sync=True)
    examples = traitlets.List([list(example) for example in EXAMPLES]).tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(self, api: Api):
        self.api = api
        self.exchange: Exchange | None = None
        self.changes: list[RowChange] = []
        self._lock = RLock()  # the page's requests come on another thread than the cell's
        of = api.accounts
        super().__init__(**({"examples": _as_ben(of.token("ben"), of.token("ben", reads_only=True))} if of else {}))
        self.on_msg(self._from_page)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: dict[str, str] | str | None = None,
        lose_answer: bool = False,
    ) -> Exchange:
        """Sends a request and shows it. A body that is no text is sent as JSON; headers may be text, a line each.

        With `lose_answer` the server does the work and its answer never arrives.
        Raises ValueError with a sentence for what cannot be sent; the panel shows the sentence, too.
        """
        with self._lock:
            try:
                return self._exchange(method, path, body, headers or {}, lose_answer)
            except Exception as refused:
                self._show(error=f"Not sent: {why(refused)}.")
                raise

    @property
    def error(self) -> str | None:
        """The sentence the panel shows when nothing could be sent or nothing came back."""
        return self.answer.get("error")

    def _exchange(self, method: str, path: str, body: Any, headers: dict | str, lose_answer: bool) -> Exchange:
        headers = _headers(headers) if isinstance(headers, str) else headers
        text: dict[str, Any] = {"body": body} if body is None or isinstance(body, str | bytes) else {"json": body}
        before = self.api.rows()
        exchange = self.api.request(method, path, headers=headers, timeout_s=TIMEOUT_S, lose_answer=lose_answer, **text)
        self.exchange, self.changes = exchange, row_changes(before, self.api.rows())
        self._show(
            error=exchange.error,
            status=exchange.status_line,
            good=exchange.status is not None and exchange.status < 400,
            elapsed_ms=exchange.elapsed_ms,
            request=exchange.request_text,
            response=exchange.response_text,
            curl=exchange.curl,
            rows=f"{told(self.changes) or 'No row was touched'}.",
            tables=_tables(self.changes, path),
        )
        return exchange

    def _show(self, **answer) -> None:
        self.answer = {"number": self.answer.get("number", 0) + 1, **answer}

    def _from_page(self, _widget, content: dict, _buffers) -> None:
        if content.get("do") == "send":
            with suppress(Exception):  # a panel must live on, whatever was typed into it, and shows what was wrong
                self.request(
                    content["method"],
                    content["path"].strip(),
                    body=content["body"] or None,
                    headers=content["headers"],
                    lose_answer=content["lose"],
                )


def console(api: Api) -> Console:
    """A console that sends requests to a running API: `console(start_api())`."""
    return Console(api)


def _headers(text: str) -> dict[str, str]:
    headers = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f'a header is a name, a colon and a value, got "{line.strip()}"')
        headers[name.strip()] = value.strip()
    return headers


def _tables(changes: list[RowChange], path: str) -> list[dict]:
    """The tables that changed, or the one the path speaks of; the changed rows and the newest of the others."""
    touched = dict.fromkeys(c.table for c in changes if c.kind != "same")
    return [_table(table, [c for c in changes if c.table == table]) for table in touched or [_spoken_of(path)]]


def _spoken_of(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    spoken_of = {"payments": "payments", "responses": "responses", "me": "people"}
    return next((table for part, table in spoken_of.items() if part in parts), "surveys")


def _table(name: str, changes: list[RowChange]) -> dict:
    others = [c for c in changes if c.kind == "same"]
    room = max(2, ROWS_SHOWN - len(changes) + len(others))
    kept = [c for c in changes if c.kind != "same" or c in others[-room:]]
    columns = ["id", *COLUMNS.get(name, ()), *(["version"] if name == "surveys" else [])]
    if name not in COLUMNS:
        columns = list(changes[0].row)
    columns = [c for c in columns if c not in HIDDEN]
    rows = []
    for change in kept:
        if change.kind == "changed":
            rows.append(_row("before", columns, change.before or {}, change.fields))
        rows.append(_row("after" if change.kind == "changed" else change.kind, columns, change.row, change.fields))
    return {"name": name.replace("_", " "), "columns": columns, "rows": rows, "more": len(changes) - len(kept)}


def _row(mark: str, columns: list[str], row: dict, fields: tuple[str, ...]) -> dict:
    return {
        "mark": mark,
        "cells": [shown(row[column]) for column in columns],
        "changed": [column in fields for column in columns],
    }
