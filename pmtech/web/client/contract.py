"""Reading an OpenAPI contract, and finding what a new version of it breaks.

What breaks whom depends on the direction. In a request a new duty breaks the client: a field that becomes required, a
value no longer taken. In an answer a missing promise breaks it: a field that is gone. A changed type breaks both ways.

What this leaves out: headers, status codes, sign-in, limits of length and size, `allOf`/`oneOf`, and every change of
meaning (a price in cents that used to be in dollars keeps its type). New values in an answer are passed over too,
though a careless client may stumble over them. An empty list is no proof that nothing breaks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import getitem

from pmtech.web.client.table import table
from pmtech.wording import counted

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method on one path: what it needs and what it answers."""

    method: str
    path: str
    summary: str
    required: tuple[str, ...]
    statuses: tuple[str, ...]


class Contract:
    """An OpenAPI 3 document, given as data; shows itself as a table of its operations."""

    def __init__(self, document: dict):
        if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
            raise ValueError("document must be an OpenAPI contract, an object with paths")
        self.document = document
        self.calls = {
            (method.upper(), path): _resolved(item[method], document)
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        }

    @property
    def operations(self) -> list[Operation]:
        return [
            Operation(method, path, call.get("summary", ""), _required(call), tuple(sorted(call.get("responses", {}))))
            for (method, path), call in self.calls.items()
        ]

    def _repr_html_(self) -> str:
        rows = [(o.method, o.path, o.summary, ", ".join(o.required), " ".join(o.statuses)) for o in self.operations]
        shown = table(("method", "path", "what it does", "required fields", "answers"), rows)
        return f"<details><summary>{len(rows)} kinds of requests: open to read them</summary>{shown}</details>"


@dataclass(frozen=True)
class ContractChange:
    """One difference: `breaking` when a client written for the old version can fail on the new one."""

    where: str
    what: str
    breaking: bool


class ContractChanges(list):
    """The differences, the breaking ones first."""

    @property
    def breaking(self) -> list[ContractChange]:
        return [change for change in self if change.breaking]

    def _repr_html_(self) -> str:
        # The same change of one field meets several operations: one line for all of them.
        places: dict[tuple, list[str]] = {}
        for change in self:
            named = change.what.startswith("field ")  # which may lie inside another
            field = change.where.rpartition(", field ")[2] if ", field " in change.where and not named else ""
            places.setdefault((change.breaking, field, change.what), []).append(change.where)
        rows = [
            ("breaking" if breaking else "compatible", _and_more(sorted(where, key=len)), what)
            for (breaking, _, what), where in places.items()
        ]
        return table(("for today's clients", "where", "what"), rows) if rows else "<p>No difference was found.</p>"


def breaking_changes(old: Contract, new: Contract) -> ContractChanges:
    """What differs between two versions of a contract. See the head of this file for what is not looked at."""
    found = [ContractChange(" ".join(key), "is gone", True) for key in old.calls.keys() - new.calls.keys()]
    found += [ContractChange(" ".join(key), "is new", False) for key in new.calls.keys() - old.calls.keys()]
    for key in old.calls.keys() & new.calls.keys():
        was, now, where = old.calls[key], new.calls[key], " ".join(key)
        found += _parameters(was, now, where)
        found += _differences(_body(was), _body(now), f"{where}, request", asked=True)
        answers, others = was.get("responses", {}), now.get("responses", {})
        for status in answers.keys() & others.keys():
            if status.startswith("2"):
                found += _differences(_json(answers[status]), _json(others[status]), f"{where}, answer", asked=False)
    return ContractChanges(sorted(set(found), key=lambda c: (not c.breaking, c.where, c.what)))


def _differences(was: dict, now: dict, where: str, *, asked: bool) -> Iterator[ContractChange]:
    """Of two schemas, either of what is `asked` of the client or of what it is answered."""
    if was == now:
        return
    (types, values), (new_types, new_values) = _shape(was), _shape(now)
    if types != new_types:
        wider = types < new_types if asked else new_types < types
        yield ContractChange(where, f"type changed from {_words(types)} to {_words(new_types)}", not wider)
        return
    if asked and new_values is not None and (values is None or values - new_values):
        gone = _words(values - new_values) if values else "any other value"
        yield ContractChange(where, f"no longer takes {gone}", True)
    had, has = was.get("properties", {}), now.get("properties", {})
    duties = set(now.get("required", [])) if asked else set()
    for name in had.keys() - has.keys():
        # A request may go on sending a field that is ignored; one that is refused breaks it.
        harmless = asked and now.get("additionalProperties", True)
        yield ContractChange(where, f"field {name} is gone", not harmless)
    for name in has.keys() - had.keys():
        duty = name in duties
        yield ContractChange(where, f"field {name} is new" + (" and required" if duty else ""), duty)
    for name in had.keys() & has.keys():
        if name in duties - set(was.get("required", [])):
            yield ContractChange(where, f"field {name} is now required", True)
        yield from _differences(had[name], has[name], f"{where}, field {name}", asked=asked)
    if "items" in was and "items" in now:
        yield from _differences(was["items"], now["items"], f"{where}, each item", asked=asked)


def _parameters(was: dict, now: dict, where: str) -> Iterator[ContractChange]:
    before, after = ({p["name"]: p for p in call.get("parameters", [])} for call in (was, now))
    for name in before.keys() - after.keys():
        yield ContractChange(where, f"parameter {name} is gone", True)
    for name, parameter in after.items():
        old = before.get(name, {})
        if parameter.get("required") and not old.get("required"):
            yield ContractChange(where, f"parameter {name} is now required", True)
        elif not old:
            yield ContractChange(where, f"parameter {name} is new", False)
        if old:
            schemas = old.get("schema", {}), parameter.get("schema", {})
            yield from _differences(*schemas, f"{where}, parameter {name}", asked=True)


def _resolved(part, document: dict, above: tuple[str, ...] = ()):
    """The part with what its references name in their place; what contains itself is cut off where it begins again."""
    if isinstance(part, list):
        return [_resolved(each, document, above) for each in part]
    if not isinstance(part, dict):
        return part
    place = part.get("$ref")
    if isinstance(place, str):
        named = {} if place in above else reduce(getitem, place.removeprefix("#/").split("/"), document)
        return _resolved(named, document, (*above, place))
    return {name: _resolved(each, document, above) for name, each in part.items()}


def _shape(schema: dict) -> tuple[set[str], set | None]:
    """The types a schema takes and its listed values, if it lists them; `anyOf` is the union of its branches."""
    types, values = set(), set()
    for branch in schema.get("anyOf", [schema]):
        named = branch.get("type", "any")
        types |= {named} if isinstance(named, str) else set(named)
        if named != "null":
            values |= set(branch.get("enum", [branch["const"]] if "const" in branch else ["*"]))
    return types, None if "*" in values else values


def _required(call: dict) -> tuple[str, ...]:
    asked = [p["name"] for p in call.get("parameters", []) if p.get("required") and p["in"] != "path"]
    return (*asked, *_body(call).get("required", []))


def _body(call: dict) -> dict:
    """The schema of an operation's JSON body; empty when it takes none."""
    return _json(call.get("requestBody", {}))


def _json(message: dict) -> dict:
    content = message.get("content", {})
    return next((media.get("schema", {}) for name, media in content.items() if name.endswith("json")), {})


def _and_more(places: list[str]) -> str:
    more = len(places) - 1
    return places[0] + (f", and {counted(more, 'more place')}" if more else "")


def _words(values: set) -> str:
    return " or ".join(sorted(v if isinstance(v, str) else json.dumps(v) for v in values))
