"""Small experiments on the running API: what the requests said, and what became of the database's rows."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmtech.web.app.server import Api
from pmtech.web.app.store import HIDDEN, RowChange, row_changes, shown, told
from pmtech.web.client.contract import Contract
from pmtech.web.client.exchange import Exchange
from pmtech.web.client.table import strong, table
from pmtech.wording import counted

ORDER: dict[str, Any] = {"customer": "Company A", "seats": 5}


@dataclass(frozen=True)
class Experiment:
    """The exchanges in order, and the rows that were added, changed or removed meanwhile."""

    exchanges: list[Exchange]
    changes: list[RowChange]

    @property
    def charges(self) -> int:
        """How many payments were booked."""
        return len(self._payments)

    @property
    def _payments(self) -> list[dict]:
        return [c.row for c in self.changes if (c.table, c.kind) == ("payments", "added")]

    @property
    def sentence(self) -> str:
        rows = told(self.changes) or "no row touched"
        return f"{len(self.exchanges)} requests, {counted(_answers(self), 'answer')}, {rows}."

    def findings(self, kept: "Experiment") -> dict[str, str | list[str]]:
        """The points of a brief, from what `retry_lost_answer` gave without a key (this one) and with one."""
        return findings(self, kept)

    def __repr__(self) -> str:
        return "\n".join([*(e.summary for e in self.exchanges), self.sentence])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li><code>{html.escape(e.summary)}</code></li>" for e in self.exchanges)
        rows = [(c.kind, c.table, _short(c)) for c in self.changes]
        listed = table(("what happened", "table", "row"), rows) if rows else ""
        return f"<ol>{lines}</ol>{listed}{strong(self.sentence)}"


def send_twice(
    api: Api, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
) -> Experiment:
    """Sends the same request two times."""
    request = {"method": method, "path": path, "json": json, "headers": headers}
    return _watched(api, request, request)


def retry_lost_answer(api: Api, *, idempotency_key: str | None = None, timeout_s: float = 0.5) -> Experiment:
    """Company A buys 5 seats; the server books them, its answer is lost, and the client tries again.

    With an `idempotency_key` both attempts carry it in the Idempotency-Key header.
    """
    order = _order(idempotency_key)
    return _watched(api, {**order, "timeout_s": timeout_s, "lose_answer": True}, order)


def order_twice(api: Api, lost: str, key: str | None, timeout_s: float = 0.5) -> list[Experiment]:
    """The same order, attempt by attempt: `lost` is the "request" or the "answer" of the first; `key` goes with both."""
    order = _order(key or None)
    return [_watched(api, {**order, "timeout_s": timeout_s, f"lose_{lost}": True}), _watched(api, order)]


def _order(key: str | None) -> dict[str, Any]:
    headers = None if key is None else {"Idempotency-Key": key}
    return {"method": "POST", "path": "/payments", "json": ORDER, "headers": headers}


def findings(lost: Experiment, kept: Experiment) -> dict[str, str | list[str]]:
    """The points of a brief, from what `retry_lost_answer` gave without and with a key."""
    twice = "Yes" if lost.charges > 1 else "Not in this run"
    once = "not charged a second time" if kept.charges < 2 else "charged twice all the same"
    return {
        "The answer": f"{twice}: an order whose answer got lost on the way was sent again and charged "
        f"{_times(lost.charges)}. With a key, a name for the order that goes with every attempt, it was {once}.",
        "What was asked": "Can we charge a customer twice for one order?",
        "What happens": [
            f"Without a key the customer's software asked {_times(len(lost.exchanges))}, had "
            f"{counted(_answers(lost), 'answer')}, and could not know whether the first order had arrived. {_paid(lost)}",
            f"With a key it asked {_times(len(kept.exchanges))} as well, and was told what had become of the order. {_paid(kept)}",
        ],
        "The trade-off": "With a key a lost answer costs nothing, and software may ask again as often as it likes. The "
        "price: every customer's software makes a key for every order, and we keep a list of keys and clear it one day.",
        "To settle with engineering": [
            "Which of our requests create or charge something, and which of them take a key?",
            "How long is a key remembered, and what happens to a retry that comes later?",
            "Whose software asks again today, after how many seconds, and how often?",
        ],
        "Assumptions": "Measured on the course's own API and database. It stands for one customer and one server; "
        "with several servers the keys must be kept in one place.",
    }


def hostile_input(api: Api) -> Experiment:
    """Three bodies nobody should send: SQL in a field, 10 MB, and JSON that is broken off."""
    post = {"method": "POST", "path": "/surveys"}
    json = {"headers": {"Content-Type": "application/json"}}
    return _watched(
        api,
        {**post, "json": {"title": "'; DROP TABLE surveys; --"}},
        {**post, **json, "body": b"x" * 10_000_000},
        {**post, **json, "body": '{"title": "Lunch'},
    )


def contract(api: Api | dict | str | Path) -> Contract:
    """The API's own OpenAPI contract, as it publishes it; or one of your own: the path of a file in JSON or YAML, its text,
    or its data. Raises ValueError with a sentence when there is none to read."""
    if not isinstance(api, Api):
        return Contract(api)
    answer = api.request("GET", "/openapi.json")
    if answer.error:
        raise ValueError(answer.error)
    return Contract(answer.json())


def next_contract(api: Api) -> Contract:
    """A proposal for the next version of the contract, with five changes in it (invented)."""
    document = contract(api).document
    schemas = document["components"]["schemas"]
    schemas["PaymentIn"]["properties"]["country"] = {"type": "string"}
    schemas["PaymentIn"]["required"] = [*schemas["PaymentIn"]["required"], "country"]
    schemas["SurveyIn"]["properties"]["language"] = {"type": "string", "default": "en"}
    schemas["SurveyIn"]["properties"]["status"] = {"type": "string", "enum": ["draft", "open"], "default": "draft"}
    schemas["Payment"]["properties"]["receipt_url"] = {"type": "string"}
    schemas["SurveyResponse"]["properties"]["score"] = {"type": "string"}
    return Contract(document)


def _watched(api: Api, *requests: dict[str, Any]) -> Experiment:
    before = api.rows()
    exchanges = [api.request(**request) for request in requests]
    return Experiment(exchanges, [c for c in row_changes(before, api.rows()) if c.kind != "same"])


def _short(change: RowChange) -> str:
    old, row = change.before or {}, change.row
    if change.kind == "changed":
        return f"id {row['id']}: " + ", ".join(f"{f} {shown(old[f])} -> {shown(row[f])}" for f in change.fields)
    return ", ".join(f"{name} {shown(value)}" for name, value in row.items() if name not in HIDDEN)


def _paid(done: Experiment) -> str:
    paid = sum(row["amount_usd"] for row in done._payments)
    if not paid and any(e.status == 201 for e in done.exchanges):
        return "Charged: nothing more, for an earlier run had booked this order under the same key."
    return f"Charged: {paid} USD."


def _answers(done: Experiment) -> int:
    return sum(e.status is not None for e in done.exchanges)


def _times(n: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(n, f"{n} times")
