"""An OpenAPI document as plain data: read from a file or a text, with its references followed."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pmtech.web.client.openapi.reading import DEEPEST, once, read

LARGEST = 3_000_000  # values, once everything that is repeated is written out
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
TYPES = ("null", "boolean", "string", "number", "integer", "array", "object")

# Of what kind the entries are that the rules know.
_SHAPES = f"""
document: map paths webhooks x-webhooks components; list security
components: map schemas securitySchemes
path: list parameters; map {" ".join(METHODS)}
operation: list parameters security; map requestBody responses callbacks; flag deprecated; text summary
parameter: text name in style; flag required explode deprecated allowReserved allowEmptyValue; schema schema; map content
body: flag required; map content
media: schema schema itemSchema
answer: map content headers
schema: types type; texts required; list enum x-extensible-enum allOf anyOf oneOf prefixItems; bound
  exclusiveMinimum exclusiveMaximum; map properties patternProperties dependentSchemas discriminator; lists
  dependentRequired; flag nullable readOnly writeOnly uniqueItems deprecated; text $ref pattern format contentEncoding
  contentMediaType; schema additionalProperties items not if then else contains propertyNames unevaluatedProperties
  unevaluatedItems contentSchema; number minLength maxLength minItems maxItems minProperties maxProperties minContains
  maxContains minimum maximum multipleOf
"""
SHAPES = {
    kind: {name: shape for part in rest.split(";") for shape, *names in [part.split()] for name in names}
    for kind, _, rest in (line.partition(":") for line in _SHAPES.replace("\n  ", " ").strip().splitlines())
}
_NUMBER = int, float
_PYTHON: dict = {"map": dict, "list": list, "text": str, "flag": bool, "number": _NUMBER, "bound": _NUMBER}
VARIABLE = re.compile(r"\{([^{}/]*)\}")  # of a path
ODD = "(not as OpenAPI has it)"
_MEANS_NULL = {"default", "const"}  # elsewhere an entry without a value is one that is not there


class Document:
    """The data and the other files that it refers to. `unread` are references that lead nowhere; `elsewhere` is true
    when some lead to files in a folder that is not known. Raises ValueError when the data have no end."""

    def __init__(self, data: dict, path: Path | None = None):
        self.path = path
        self.unread: set[str] = set()
        self.elsewhere = False
        self.data = self._plain(data, "", path.parent if path else None)
        self._files: dict[str, Any] = {"": self.data}
        self.met: dict[str, Any] = {}  # where the references led that were followed

    def target(self, reference: str) -> Any:
        """What the reference names, None when it leads nowhere."""
        if reference not in self.met:
            self.met[reference] = self._target(reference)
        return self.met[reference]

    def _target(self, reference: str) -> Any:
        file, _, pointer = reference.partition("#")
        found = self._file(file) if pointer[:1] in ("", "/") else None
        for step in pointer.split("/")[1:]:
            if isinstance(found, list):
                found = found[int(step)] if step.isdecimal() and len(step) < 9 and int(step) < len(found) else None
            else:  # a name may be written with %5B for [ and with ~1 for a slash
                names = [name.replace("~1", "/").replace("~0", "~") for name in (unquote(step), step)]
                found = next((found[name] for name in names if isinstance(found, dict) and name in found), None)
        if found is None:
            self.unread.add(reference)
        return found

    def follow(self, node: Any) -> Any:
        """What the node refers to in the end, with what stands beside the reference; itself, when it refers to nothing."""
        beside: dict[str, Any] = {}
        met: set[str] = set()
        while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str) and reference not in met:
            met.add(reference)
            named = self.target(reference)
            if named is None:
                break
            beside = {name: value for name, value in node.items() if name != "$ref"} | beside
            node = named
        return node | beside if beside and isinstance(node, dict) else node

    def view(self, node: Any, kind: str) -> dict[str, Any]:
        """The entries of an object; a schema's reference is left as it is. What is of another kind than OpenAPI has there
        goes by a name that no rule knows: nobody stumbles over it, and a difference is still seen."""
        node = node if kind == "schema" else self.follow(node)
        if not isinstance(node, dict):
            return {} if node is None else {"": node}
        shapes = SHAPES.get(kind, {})
        return {
            name if name not in shapes or _fits(value, shapes[name]) else f"{name} {ODD}": value
            for name, value in node.items()
            if value is not None or name in _MEANS_NULL
        }

    def components(self, kind: str) -> dict[str, Any]:
        """Those of a kind, such as schemas, by name."""
        return self.view(self.view(self.data, "document").get("components"), "components").get(kind, {})

    def says(self, *names: str) -> bool:
        """Whether any entry, here or in the other files, goes by one of these names."""
        text = json.dumps([*self._files.values()])
        return any(f"{json.dumps(name)}:" in text for name in names)

    def operations(self) -> Iterator[tuple[str, str, dict, list[dict]]]:
        """Path, method, the operation, and its parameters: its own, and those of the whole path that it does not overrule."""
        for path, item in self.view(self.data, "document").get("paths", {}).items():
            entries = self.view(item, "path")
            for method in METHODS:
                if path.startswith("/") and method in entries:
                    operation = self.view(entries[method], "operation")
                    nodes = [*entries.get("parameters", []), *operation.get("parameters", [])]
                    found = [self.view(node, "parameter") for node in nodes]
                    yield path, method, operation, [*{(p.get("in"), p.get("name")): p for p in found}.values()]

    def json_schema(self, content: dict[str, Any]) -> Any:
        """The schema of what comes in JSON among several notations; None where nothing does."""
        media = next((media for name, media in content.items() if name.endswith("json")), None)
        return None if media is None else self.view(media, "media").get("schema", {})

    def _file(self, file: str) -> Any:
        if file not in self._files:
            self._files[file] = None  # what cannot be read is said with its place, by whoever compares
            if Path(file).is_absolute():
                try:
                    self._files[file] = self._plain(read(Path(file)), file, Path(file).parent)
                except ValueError:
                    pass
        return self._files[file]

    def _plain(self, data: Any, file: str, folder: Path | None) -> Any:
        """A copy in the types of JSON, with text for keys (YAML writes the status 200 as a number), and references to other
        files by their full path. What YAML repeats by a name stays one object: repeats of repeats outgrow any memory."""
        known: dict[int, tuple[Any, int]] = {}

        def copy(value: Any, level: int) -> tuple[Any, int]:
            if not isinstance(value, dict | list | tuple | set):
                return (value if value is None or isinstance(value, str | int | float) else _text(value)), 1
            if level > DEEPEST:
                raise ValueError(f"document is nested more than {DEEPEST} levels deep, or contains itself")
            if id(value) not in known:
                inside = value.values() if isinstance(value, dict) else value
                parts = [copy(part, level + 1) for part in inside]
                made: Any = [part for part, _ in parts]
                if isinstance(value, dict):
                    made = once(list(zip(map(_text, value), made, strict=True)))
                    if isinstance(made.get("$ref"), str):
                        made["$ref"] = self._full(made["$ref"], file, folder)
                known[id(value)] = made, 1 + sum(size for _, size in parts)
            if known[id(value)][1] > LARGEST:
                raise ValueError("document is too large once everything that it repeats is written out")
            return known[id(value)]

        return copy(data, 0)[0]

    def _full(self, reference: str, file: str, folder: Path | None) -> str:
        there, mark, pointer = reference.partition("#")
        if there and not re.match(r"[a-zA-Z][\w+.-]+:", there) and not Path(there).is_absolute():
            self.elsewhere |= folder is None
            there = str((folder / unquote(there)).resolve()) if folder else there
        return ("" if self.path and there == str(self.path) else there or file) + mark + pointer


def component(kind: str, name: str) -> str:
    """The reference to a part."""
    return f"#/components/{kind}/{name.replace('~', '~0').replace('/', '~1')}"


def alike(a: Any, b: Any) -> bool:
    """As JSON compares: 1 is 1.0, and true is not 1."""
    return exact(a) == exact(b)


def exact(value: Any) -> Any:
    """A key that is equal for values that are alike."""
    if isinstance(value, dict):
        return frozenset((name, exact(inside)) for name, inside in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(exact, value))
    return (bool, value) if isinstance(value, bool) else value if value == value else (float,)  # no number, in both


def _fits(value: Any, shape: str) -> bool:
    if shape == "types":
        named = [value] if isinstance(value, str) else value
        return _fits(named, "texts") and 0 < len(named) and {*named} <= {*TYPES}
    if shape == "lists":
        return isinstance(value, dict) and all(_fits(texts, "texts") for texts in value.values())
    if shape == "texts":
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    if isinstance(value, bool):
        return shape in ("flag", "schema", "bound")
    return shape == "schema" or isinstance(value, _PYTHON[shape])


def _text(name: Any) -> str:
    if isinstance(name, bool) or name is None:
        return json.dumps(name)
    return name.isoformat() if isinstance(name, date) else str(name)
