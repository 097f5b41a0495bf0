"""Does an API do what its contract says? Each kind of request is sent once, and the answer is held against the contract."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pmtech.web.app.server import Api
from pmtech.web.client.contract import Contract
from pmtech.web.client.exchange import Exchange
from pmtech.web.client.openapi.examples import Schemas
from pmtech.web.client.table import Rows

KEPT = "as promised"


@dataclass(frozen=True, repr=False)
class ContractTest(Rows):
    """rows: (request, verdict of each API)."""

    apis: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def kept(self) -> dict[str, bool]:
        """Which of the APIs kept to the contract in every answer."""
        return {name: all(KEPT in row[n] for row in self.rows) for n, name in enumerate(self.apis, 1)}

    @property
    def heads(self) -> tuple[str, ...]:
        return "one request of each kind", *("API" if name == "api" else name for name in self.apis)


def contract_test(contract: Contract, **apis: Api) -> ContractTest:
    """Sends each kind of request of a contract once, the least that it allows, to each of some APIs, and says whether
    status and answer are in the contract: `contract_test(ours, api=api, mock=mock)`. What deletes is sent last.

    Raises ValueError where no API is given, or what is given is none.
    """
    for name, api in apis.items():
        if not isinstance(api, Api):
            raise ValueError(f"{name} must be an API, such as start_api() or start_mock(...), got {api!r}")
    if not apis:
        raise ValueError("contract_test needs an API: contract_test(contract, api=api)")
    schemas = Schemas(contract.document)
    calls = sorted(schemas.document.operations(), key=lambda call: call[1] == "delete")
    rows = []
    for path, method, operation, parameters in calls:
        request = _least(schemas, path, method, operation, parameters)
        verdicts = [_verdict(schemas, operation, api.request(**request)) for api in apis.values()]
        rows.append((f"{request['method']} {request['path']}", *verdicts))
    return ContractTest(tuple(apis), tuple(rows))


def _least(schemas: Schemas, path: str, method: str, operation: dict, parameters: list[dict]) -> dict[str, Any]:
    """The smallest request that the contract allows."""
    query, headers, document = [], {}, schemas.document
    for one in parameters:
        value = schemas.example(one.get("schema", {}))
        text = value if isinstance(value, str) else json.dumps(value)
        if one.get("in") == "path":
            path = path.replace(f"{{{one['name']}}}", quote(text, safe=""))
        elif one.get("required") and one.get("in") == "query":
            query.append(f"{quote(one['name'])}={quote(text, safe='')}")
        elif one.get("required") and one.get("in") == "header":
            headers[one["name"]] = text
    request = {"method": method.upper(), "path": path + ("?" + "&".join(query) if query else ""), "headers": headers}
    schema = document.json_schema(document.view(operation.get("requestBody"), "body").get("content", {}))
    return request if schema is None else {**request, "json": schemas.example(schema)}


def _verdict(schemas: Schemas, operation: dict, answer: Exchange) -> str:
    if answer.status is None:
        return str(answer.error)
    document = schemas.document
    responses = operation.get("responses", {})
    promised = responses.get(str(answer.status), responses.get(f"{answer.status // 100}XX", responses.get("default")))
    if promised is None:
        return f"{answer.status}, which is not in the contract"
    content = document.view(promised, "response").get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if content and kind not in content:
        return f"{answer.status} with {kind or 'no content'}, and the contract says {', '.join(content)}"
    if kind.endswith("json") and content:
        wrong = schemas.misfits(answer.json(), document.view(content[kind], "media").get("schema", {}))
        if wrong:
            return f"{answer.status}, but {wrong[0]}"
    return f"{answer.status}, {KEPT}"
