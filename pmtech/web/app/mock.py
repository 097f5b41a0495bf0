"""A mock: an API that stands in for one that nobody has built yet. All it knows is the contract."""

import json
import re
from pathlib import Path
from typing import Any, ClassVar

from pmtech.web.app.server import Api
from pmtech.web.client.contract import Contract
from pmtech.web.client.openapi.document import VARIABLE
from pmtech.web.client.openapi.examples import Schemas
from pmtech.web.strict_json import parse


def start_mock(contract: Contract | dict | str | Path, *, transport: str = "auto") -> "Mock":
    """Starts a server on this machine that answers as the contract says; a mock that was started before is stopped.

    It checks each request against the contract, and answers with the contract's own example or the least that fits, with
    what was sent in it. It keeps nothing: what was created can't be fetched. transport: as in `start_api`.
    Raises ValueError with a sentence when there is no contract to read.
    """
    mock = Mock(contract if isinstance(contract, Contract) else Contract(contract), transport)
    for earlier in Mock._alike[:]:
        earlier.stop()
    mock.start()
    return mock


class Mock(Api):
    """The running mock: `url` is where it listens, `request` sends, `stop()` ends it."""

    _alike: ClassVar[list[Api]] = []

    def __init__(self, contract: Contract, transport: str = "auto"):
        super().__init__(transport)
        self.contract = contract

    def start(self) -> None:
        """Starts it, or starts it again after `stop`."""
        if not self.running:
            self._serve(lambda *_: [mock_app(self.contract)], 1)
            self._alike.append(self)

    def rows(self):
        raise ValueError("a mock has no database: it answers from the contract, and keeps nothing")

    def __repr__(self) -> str:
        if not self.running:
            return "Mock, stopped: mock.start() starts it again"
        return f"Mock of {len(self.contract.operations)} kinds of requests, {self._where}; it has no database"


def mock_app(contract: Contract):
    """The mock as an ASGI app."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    answers = Answers(contract)

    async def answer(request: Request) -> Response:
        path, headers = request.scope["path"], {name.lower(): value for name, value in request.headers.items()}
        status, more, body = answers.to(request.method, path, dict(request.query_params), headers, await request.body())
        text = json.dumps(body) if more.get("Content-Type", "").endswith("json") else body
        return Response(text, status, more)

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
    return Starlette(routes=[Route("/{path:path}", answer, methods=methods)])


Answer = tuple[int, dict[str, str], Any]


class Answers:
    """What a contract answers to a request."""

    def __init__(self, contract: Contract):
        self.contract, self.schemas = contract, Schemas(contract.document)
        self.document = self.schemas.document
        self.schemas.fits(None, {})  # what checks is loaded now, and not while the first request waits
        calls = list(self.document.operations())
        self.calls = sorted(calls, key=lambda call: call[0].count("{"))  # /surveys/new is not survey "new"
        self.patterns = {
            path: re.compile("([^/]+)".join(map(re.escape, VARIABLE.split(path)[::2]))) for path, *_ in calls
        }

    def to(self, method: str, path: str, query: dict, headers: dict, body: bytes) -> Answer:
        if (method, path) == ("GET", "/openapi.json"):
            return 200, {"Content-Type": "application/json"}, self.contract.document
        here = [(*call, found) for call in self.calls if (found := self.patterns[call[0]].fullmatch(path))]
        if not here:
            return self._problem({}, (404,), "the contract has no such path")
        call = next((call for call in here if call[1].upper() == method), None)
        if call is None:
            status, more, said = self._problem({}, (405,), f"the contract has no {method} here")
            return status, {**more, "Allow": ", ".join(sorted({call[1].upper() for call in here}))}, said
        template, _, operation, parameters, found = call
        in_path = dict(zip(VARIABLE.findall(template), found.groups(), strict=True))
        wrong = self._wrong_parameters(parameters, {"path": in_path, "query": query, "header": headers})
        sent, statuses, misfit = self._body(operation, headers, body)
        if wrong or misfit:
            return self._problem(operation, (422, 400) if wrong else statuses, "; ".join([*wrong, *misfit]))
        return self._success(operation, sent, found.groups()[-1:])

    def _wrong_parameters(self, parameters: list[dict], given: dict[str, dict[str, str]]) -> list[str]:
        """given: name -> text by place; the names of headers in small letters. Cookies are not looked at."""
        wrong = []
        for one in (one for one in parameters if one.get("in") in given):
            name, where = one.get("name", ""), one["in"]
            text = given[where].get(name.lower() if where == "header" else name)
            if text is None and one.get("required") and where != "path":  # which has what its template says
                wrong.append(f"{name}: is required")
            elif text is not None and not self.schemas.text_fits(text, one.get("schema", {})):
                wrong.append(f"{name}: does not fit the contract")
        return wrong

    def _body(self, operation: dict, headers: dict, body: bytes) -> tuple[Any, tuple[int, ...], list[str]]:
        """(data that were sent, statuses that say what is wrong with them, what is wrong)"""
        asked = self.document.view(operation.get("requestBody"), "body")
        media = {name: m for name, m in asked.get("content", {}).items() if name.endswith("json")}
        if not media:
            return None, (), []
        if not body:
            return None, (422, 400), ["body: is required"] if asked.get("required") else []
        if headers.get("content-type", "").partition(";")[0].strip() not in media:
            return None, (415, 400), [f"the contract takes {', '.join(media)}"]
        try:
            sent = parse(body, "the body")
        except ValueError as error:
            return None, (400, 422), [str(error)]
        return sent, (422, 400), self.schemas.misfits(sent, self.document.json_schema(media))

    def _success(self, operation: dict, sent: Any, last: tuple[str, ...]) -> Answer:
        responses = operation.get("responses", {})
        status = min((s for s in responses if str(s).startswith("2") and str(s).isdigit()), default="200", key=int)
        kind, schema = self._media(responses.get(status))
        if kind is None:
            return int(status), {}, None
        plain = answer = self.schemas.example(schema)
        if isinstance(answer, dict):
            known = self.document.follow(schema).get("properties", {})
            given = {
                **({"id": int(last[0])} if last and last[0].isdecimal() and len(last[0]) < 16 else {}),
                **(sent if isinstance(sent, dict) else {}),
            }
            answer = {**answer, **{n: v for n, v in given.items() if n in known and self.schemas.fits(v, known[n])}}
        return int(status), {"Content-Type": kind}, answer if self.schemas.fits(answer, schema) else plain

    def _media(self, response: Any) -> tuple[str | None, Any]:
        """Kind and schema of an answer, that in JSON if it has one."""
        content = self.document.view(response, "response").get("content", {})
        kind = next((name for name in content if name.endswith("json")), next(iter(content), None))
        return kind, self.document.view(content.get(kind), "media").get("schema", {"type": "string"})

    def _problem(self, operation: dict, statuses: tuple[int, ...], detail: str) -> Answer:
        """The first of these statuses that the contract has, in the form that it has there; else any 4xx, else the first."""
        responses = operation.get("responses", {})
        named = [*map(str, statuses), *(s for s in responses if str(s).startswith("4"))]
        status = next((s for s in named if s in responses and s.isdigit()), str(statuses[0]))
        kind, schema = self._media(responses.get(status))
        body = {"type": "about:blank", "title": "The mock refuses this", "status": int(status), "detail": detail}
        if kind is None or self.schemas.fits(body, schema):
            return int(status), {"Content-Type": kind or "application/problem+json"}, body
        return int(status), {"Content-Type": kind}, self.schemas.example(schema)
