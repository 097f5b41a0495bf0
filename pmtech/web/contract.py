"""Reading an OpenAPI contract, and finding what a new version of it breaks.

What breaks whom depends on the direction. In a request a new duty breaks the client: a field that becomes required, a
value no longer taken. In an answer a missing promise breaks it: a field that is gone. A changed type breaks both ways.

What this leaves out: headers, status codes, sign-in, limits of length and size, `allOf`/`oneOf`, and every change of
meaning (a price in cents that used to be in dollars keeps its type). New values in an answer are passed over too,
though a careless client may stumble over them. An empty list is no proof that nothing breaks.
"""

import html
import json
from dataclasses import dataclass

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

    @property
    def operations(self) -> list[Operation]:
        return [
            Operation(
                method.upper(),
                path,
                operation.get("summary", ""),
                tuple(self._required(operation)),
                tuple(sorted(operation.get("responses", {}))),
            )
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        ]

    def schema(self, part: dict) -> dict:
        """The schema itself where there is a reference to one."""
        while "$ref" in part:
            place = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                place = place[name]
            part = place
        return part

    def body(self, operation: dict) -> dict:
        """The schema of an operation's JSON body; empty when it takes none."""
        return _json(self.schema(operation.get("requestBody", {})))

    def _required(self, operation: dict):
        for parameter in map(self.schema, operation.get("parameters", [])):
            if parameter.get("required") and parameter["in"] != "path":
                yield parameter["name"]
        yield from self.schema(self.body(operation)).get("required", [])

    def _repr_html_(self) -> str:
        rows = [(o.method, o.path, o.summary, ", ".join(o.required), " ".join(o.statuses)) for o in self.operations]
        table = _table(("method", "path", "what it does", "required fields", "answers"), rows)
        return f"<details><summary>{len(rows)} kinds of requests: open to read them</summary>{table}</details>"


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
        return _table(("for today's clients", "where", "what"), rows) if rows else "<p>No difference was found.</p>"


def breaking_changes(old: Contract, new: Contract) -> ContractChanges:
    """What differs between two versions of a contract. See the head of this file for what is not looked at."""
    found: list[ContractChange] = []
    was, now = _operations(old), _operations(new)
    for key in was.keys() | now.keys():
        where = f"{key[0].upper()} {key[1]}"
        if key not in now:
            found.append(ContractChange(where, "is gone", True))
        elif key not in was:
            found.append(ContractChange(where, "is new", False))
        else:
            found += _parameters(old, new, was[key], now[key], where)
            found += _Comparison(old, new, asked=True).of(old.body(was[key]), new.body(now[key]), f"{where}, request")
            for status, answer in was[key].get("responses", {}).items():
                if status.startswith("2") and status in now[key].get("responses", {}):
                    other = now[key]["responses"][status]
                    found += _Comparison(old, new, asked=False).of(_json(answer), _json(other), f"{where}, answer")
    return ContractChanges(sorted(set(found), key=lambda c: (not c.breaking, c.where, c.what)))


@dataclass
class _Comparison:
    """Of two schemas, either of what is `asked` of the client or of what it is answered."""

    old: Contract
    new: Contract
    asked: bool
    depth: int = 0

    def of(self, was: dict, now: dict, where: str) -> list[ContractChange]:
        was, now = self.old.schema(was), self.new.schema(now)
        # A schema that contains itself would be compared for ever.
        if self.depth > 8 or was == now == {}:
            return []
        (types, values), (new_types, new_values) = _shape(self.old, was), _shape(self.new, now)
        if types != new_types:
            wider = types < new_types if self.asked else new_types < types
            what = f"type changed from {_words(types)} to {_words(new_types)}"
            return [ContractChange(where, what, not wider)]
        found = []
        if self.asked and new_values is not None and (values is None or values - new_values):
            gone = _words(values - new_values) if values else "any other value"
            found.append(ContractChange(where, f"no longer takes {gone}", True))
        found += self._fields(was, now, where)
        deeper = _Comparison(self.old, self.new, self.asked, self.depth + 1)
        if "items" in was and "items" in now:
            found += deeper.of(was["items"], now["items"], f"{where}, each item")
        for name in was.get("properties", {}).keys() & now.get("properties", {}).keys():
            found += deeper.of(was["properties"][name], now["properties"][name], f"{where}, field {name}")
        return found

    def _fields(self, was: dict, now: dict, where: str):
        had, has = was.get("properties", {}), now.get("properties", {})
        for name in had.keys() - has.keys():
            # A request may go on sending a field that is ignored; one that is refused breaks it.
            harmless = self.asked and now.get("additionalProperties", True)
            yield ContractChange(where, f"field {name} is gone", not harmless)
        for name in has.keys() - had.keys():
            duty = self.asked and name in now.get("required", [])
            yield ContractChange(where, f"field {name} is new" + (" and required" if duty else ""), duty)
        for name in had.keys() & has.keys():
            if self.asked and name in now.get("required", []) and name not in was.get("required", []):
                yield ContractChange(where, f"field {name} is now required", True)


def _operations(contract: Contract) -> dict[tuple[str, str], dict]:
    paths = contract.document["paths"]
    return {(m, path): item[m] for path, item in paths.items() for m in METHODS if m in item}


def _parameters(old: Contract, new: Contract, was: dict, now: dict, where: str):
    before, after = (
        {p["name"]: p for p in map(contract.schema, operation.get("parameters", []))}
        for contract, operation in ((old, was), (new, now))
    )
    for name in before.keys() - after.keys():
        yield ContractChange(where, f"parameter {name} is gone", True)
    for name, parameter in after.items():
        if parameter.get("required") and not before.get(name, {}).get("required"):
            yield ContractChange(where, f"parameter {name} is now required", True)
        elif name not in before:
            yield ContractChange(where, f"parameter {name} is new", False)
        if name in before:
            schemas = before[name].get("schema", {}), parameter.get("schema", {})
            yield from _Comparison(old, new, asked=True).of(*schemas, f"{where}, parameter {name}")


def _shape(contract: Contract, schema: dict) -> tuple[set[str], set | None]:
    """The types a schema takes and its listed values, if it lists them; `anyOf` is the union of its branches."""
    branches = [contract.schema(branch) for branch in schema.get("anyOf", [schema])]
    types, values = set(), set()
    for branch in branches:
        named = branch.get("type", "any")
        types |= {named} if isinstance(named, str) else set(named)
        if named != "null":
            values |= set(branch.get("enum", [branch["const"]] if "const" in branch else ["*"]))
    return types, None if "*" in values else values


def _json(message: dict) -> dict:
    content = message.get("content", {})
    return next((media.get("schema", {}) for name, media in content.items() if name.endswith("json")), {})


def _and_more(places: list[str]) -> str:
    more = len(places) - 1
    return places[0] + (f", and {more} more {'place' if more == 1 else 'places'}" if more else "")


def _words(values: set) -> str:
    return " or ".join(sorted(v if isinstance(v, str) else json.dumps(v) for v in values))


def _table(head: tuple, rows: list[tuple]) -> str:
    cells = "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
