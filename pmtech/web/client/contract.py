"""Reading an OpenAPI contract, and finding what a new version of it breaks.

What breaks whom depends on the direction. In a request a new duty breaks the client: a field that becomes required, a
value no longer taken. In an answer a missing promise breaks it: a field that is gone, a value that it never met. A changed
type breaks both ways. What the API itself sends (webhooks, callbacks) is read by the client and answered by it: there the
two change places, and what other tools, which take it for a request, would call breaking is at best not judged.

What only describes is not compared: titles, descriptions, examples, tags, names of operations, and the contract's own
version. What no rule knows is listed as "differs, not judged": servers, links, `x-` entries, how the API signs in
where it calls, two different patterns. No rule finds a change of meaning (a price in cents that used to be in dollars
keeps its type), so an empty list is no proof that nothing breaks.
"""

from dataclasses import dataclass
from pathlib import Path

from pmtech.runs.table import table
from pmtech.web.client.openapi.changes import changes
from pmtech.web.client.openapi.comparison import ContractChange
from pmtech.web.client.openapi.document import Document, alike
from pmtech.web.client.openapi.form import ANY
from pmtech.web.client.openapi.forms import Forms
from pmtech.web.client.openapi.reading import is_text, read
from pmtech.wording import counted

JUDGED = {True: "breaking", None: "not judged", False: "compatible"}  # in the order of importance
OTHERS = {"swagger": "Swagger", "asyncapi": "AsyncAPI", "arazzo": "Arazzo", "overlay": "OpenAPI Overlay"}
NO_DIFFERENCE = "No difference was found. (Descriptions, examples and tags are not compared.)"


@dataclass(frozen=True)
class Operation:
    """One method on one path: what it needs and what it answers."""

    method: str
    path: str
    summary: str
    required: tuple[str, ...]
    statuses: tuple[str, ...]


class Contract:
    """An OpenAPI 3 document, given as data, as the path of a file, or as text in JSON or YAML; shows itself as a table of
    its operations. Files that it refers to are read when it is given as a path."""

    def __init__(self, document: dict | str | Path):
        data = read(document) if isinstance(document, str | Path) else document
        for name, kind in OTHERS.items():
            if isinstance(data, dict) and name in data:
                convert = ": convert it first" if name == "swagger" else ""
                raise ValueError(f"document is {kind} {data[name]}, and only OpenAPI 3 is read{convert}")
        parts = {"paths", "webhooks", "components"} & data.keys() if isinstance(data, dict) else ()
        if not parts or not all(isinstance(data[name], dict | None) for name in parts):
            raise ValueError("document must be an OpenAPI contract, an object with paths")
        if not str(data.get("openapi", "3")).startswith("3"):
            raise ValueError(f"document is OpenAPI {data['openapi']}, and only OpenAPI 3 is read")
        self.path = None
        if isinstance(document, Path) or (isinstance(document, str) and not is_text(document)):
            self.path = Path(document).resolve()
        self.document = Document(data, self.path).data

    @property
    def operations(self) -> list[Operation]:
        reader = Document(self.document)
        return [_operation(reader, *call) for call in reader.operations()]

    def _repr_html_(self) -> str:
        rows = [(o.method, o.path, o.summary, ", ".join(o.required), " ".join(o.statuses)) for o in self.operations]
        shown = table(("method", "path", "what it does", "required fields", "answers"), rows)
        return f"<details><summary>{len(rows)} kinds of requests: open to read them</summary>{shown}</details>"


class ContractChanges(list):
    """The differences: first what breaks, then what was not judged, then what breaks nobody."""

    @property
    def breaking(self) -> list[ContractChange]:
        return [change for change in self if change.breaking]

    @property
    def not_judged(self) -> list[ContractChange]:
        return [change for change in self if change.breaking is None]

    def _repr_html_(self) -> str:
        # The same change of one field meets several operations: one line for all of them.
        places: dict[tuple, list[str]] = {}
        for change in self:
            named = change.what.startswith("field ")  # which may lie inside another
            field = change.where.rpartition(", field ")[2] if ", field " in change.where and not named else ""
            places.setdefault((change.breaking, field, change.what), []).append(change.where)
        told = [
            (JUDGED[judged], _and_more(sorted(where, key=len)), what) for (judged, _, what), where in places.items()
        ]
        if not told:
            return f"<p>{NO_DIFFERENCE}</p>"
        counts = [sum(judged is kind for judged, *_ in places) for kind in JUDGED]
        said = [
            f"{counted(counts[0], 'change')} break{'s' * (counts[0] == 1)} today's clients",
            f"{counted(counts[1], 'difference')} {'was' if counts[1] == 1 else 'were'} not judged: ask engineering",
            f"{counted(counts[2], 'change')} break{'s' * (counts[2] == 1)} nobody",
        ]
        summary = "; ".join(part for part, count in zip(said, counts, strict=True) if count)
        return f"<p>{summary}.</p>" + table(("for today's clients", "where", "what"), told)


def breaking_changes(old: Contract | dict | str | Path, new: Contract | dict | str | Path) -> ContractChanges:
    """What differs between two versions of a contract. See the head of this file for what is not compared."""
    old, new = (side if isinstance(side, Contract) else Contract(side) for side in (old, new))
    before, after = Document(old.document, old.path), Document(new.document, new.path)
    if alike(before.data, after.data) and not before.elsewhere:
        return ContractChanges()
    order = list(JUDGED)
    return ContractChanges(
        sorted(set(changes(before, after)), key=lambda c: (order.index(c.breaking), c.where, c.what))
    )


def _operation(document: Document, path: str, method: str, call: dict, parameters: list[dict]) -> Operation:
    asked = [p.get("name", "") for p in parameters if p.get("required") and p.get("in") != "path"]
    schema = document.json_schema(document.view(call.get("requestBody"), "body").get("content", {}))
    forms = Forms(document).union(ANY if schema is None else schema).forms
    fields = [name for form in forms[:1] for name in form.words.get("properties", ())]
    required = [name for name in fields if all(name in form.words.get("required", ()) for form in forms)]
    statuses = tuple(sorted(call.get("responses", {})))
    return Operation(method.upper(), path, call.get("summary", ""), (*asked, *required), statuses)


def _and_more(places: list[str]) -> str:
    more = len(places) - 1
    return places[0] + (f", and {counted(more, 'more place')}" if more else "")
