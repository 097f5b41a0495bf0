"""An OpenAPI document as plain data: read from a file or text, its references followed, its entries told apart."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

DEEPEST, LARGEST = 100, 3_000_000  # levels, and values once every alias is written out

# What may stand where, by the kind of object. What is of another kind than OpenAPI has there is set apart by `view`.
_ANY_OF = {"schema": (dict, bool), "number": (int, float)}
METHODS = "get put post delete options head patch trace query".split()
SHAPES: dict[str, dict[str, Any]] = {
    "document": {"paths": dict, "webhooks": dict, "components": dict, "security": list},
    "components": {"schemas": dict, "securitySchemes": dict},
    "calls": {},
    "path": {"parameters": list, **dict.fromkeys(METHODS, dict)},
    "operation": {"parameters": list, "requestBody": dict, "responses": dict, "security": list, "callbacks": dict}
    | {"deprecated": bool, "summary": str},
    "parameter": {"name": str, "in": str, "required": bool, "schema": "schema", "content": dict, "style": str}
    | dict.fromkeys(("explode", "deprecated", "allowReserved", "allowEmptyValue"), bool),
    "body": {"required": bool, "content": dict},
    "media": {"schema": "schema"},
    "answer": {"content": dict, "headers": dict},
    "schema": {"type": "types", "required": "texts", "enum": list, "discriminator": dict, "pattern": str, "format": str}
    | dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), list)
    | dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "dependentRequired"), dict)
    | dict.fromkeys(("additionalProperties", "items", "not", "if", "then", "else", "contains"), "schema")
    | dict.fromkeys(("propertyNames", "unevaluatedProperties", "unevaluatedItems", "contentSchema"), "schema")
    | dict.fromkeys(("nullable", "readOnly", "writeOnly", "uniqueItems", "deprecated"), bool)
    | dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), "number")
    | dict.fromkeys(("minContains", "maxContains", "minimum", "maximum", "multipleOf"), "number"),
}  # fmt: skip
TYPES = ("null", "boolean", "string", "number", "integer", "array", "object")
_MEANS_NULL = {"default", "const", "example"}  # elsewhere an entry without a value is one that is not there


class Document:
    """The data, and the other files that it refers to. `unread` holds the references that lead nowhere."""

    def __init__(self, data: dict, folder: Path | None = None):
        self.data = plain(data, "", folder)
        self.outside = any(not r.startswith("#") for r in _references(self.data))
        self.unread: set[str] = set()
        self._files: dict[str, Any] = {"": self.data}

    def target(self, reference: str) -> Any:
        """What the reference names, None when it leads nowhere."""
        file, _, pointer = reference.partition("#")
        found = self._file(file)
        for step in pointer.split("/")[1:]:
            # A name is written with %5B for [, and with ~1 for a slash.
            names = [name.replace("~1", "/").replace("~0", "~") for name in (unquote(step), step)]
            if isinstance(found, list) and step.isdecimal() and int(step[:9]) < len(found):
                found = found[int(step)]
            else:
                found = next((found[n] for n in names if isinstance(found, dict) and n in found), None)
        if found is None or (pointer and not pointer.startswith("/")):
            self.unread.add(reference)
            return None
        return found

    def follow(self, node: Any) -> Any:
        """What the node refers to in the end, with what stands beside the reference; itself, when it refers to nothing."""
        beside: dict[str, Any] = {}
        for _ in range(20):
            reference = node.get("$ref") if isinstance(node, dict) else None
            named = self.target(reference) if isinstance(reference, str) else None
            if named is None:
                break
            beside = {name: value for name, value in node.items() if name != "$ref"} | beside
            node = named
        return node | beside if beside and isinstance(node, dict) else node

    def view(self, node: Any, kind: str) -> dict[str, Any]:
        """The entries of an object, a schema's reference left as it is. What is of another kind than OpenAPI has there goes
        by a name that no rule knows, so that nobody stumbles over it and a difference is still seen."""
        node = node if kind == "schema" else self.follow(node)
        if not isinstance(node, dict):
            return {} if node is None else {"": node}
        shapes = SHAPES[kind]
        return {
            name if _fits(value, shapes.get(name, object)) else f"{name} (not as OpenAPI has it)": value
            for name, value in node.items()
            if value is not None or name in _MEANS_NULL
        }

    def _file(self, file: str) -> Any:
        if file not in self._files:
            try:
                self._files[file] = (
                    plain(read(Path(file)), file, Path(file).parent) if Path(file).is_absolute() else None
                )
            except ValueError:
                self._files[file] = None  # said with its place, by whoever compares
        return self._files[file]


def read(source: str | Path) -> Any:
    """The data in a file of JSON or YAML, or in such a text itself. Raises ValueError with a sentence."""
    try:
        inline = isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{"))
        data = source.encode() if inline else Path(source).read_bytes()
        if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
            try:
                return json.loads(data, object_pairs_hook=_once)
            except json.JSONDecodeError:
                pass  # YAML may begin like this, too
        return yaml.load(data, _Yaml)
    except (OSError, TypeError) as error:
        named = f"{str(source)[:200]!r} ({getattr(error, 'strerror', None) or error})"
        raise ValueError(
            f"document could not be read from the file {named}; save the contract to a file first"
        ) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise ValueError(f"document must be JSON or YAML, and is neither: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"document is nested more than {DEEPEST} levels deep") from None


def plain(data: Any, file: str, folder: Path | None) -> Any:
    """A copy in the types of JSON, with text for keys, and references to other files by their full path.

    YAML writes the status 200 as a number; what it names twice (an alias) stays one object, for aliases of aliases grow
    beyond any memory.
    """
    known: dict[int, tuple[Any, int]] = {}

    def copy(value: Any, level: int) -> tuple[Any, int]:
        if id(value) in known:
            return known[id(value)]
        if level > DEEPEST:
            raise ValueError(f"document is nested more than {DEEPEST} levels deep, or contains itself")
        if isinstance(value, dict):
            parts = [(_key(name), copy(part, level + 1)) for name, part in value.items()]
            made: Any = _once([(name, part) for name, (part, _) in parts])
            if isinstance(made.get("$ref"), str):
                made["$ref"] = _full(made["$ref"], file, folder)
        elif isinstance(value, list | tuple | set | frozenset):
            parts = [("", copy(part, level + 1)) for part in value]
            made = [part for _, (part, _) in parts]
        else:
            simple = value is None or isinstance(value, str | int | float)
            return (value if simple else _key(value)), 1
        known[id(value)] = made, 1 + sum(size for _, (_, size) in parts)
        if known[id(value)][1] > LARGEST:
            raise ValueError("document is too large once everything that it repeats is written out")
        return known[id(value)]

    return copy(data, 0)[0]


def _references(node: Any) -> Iterator[str]:
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list) and id(node) not in seen:
            seen.add(id(node))
            waiting += node.values() if isinstance(node, dict) else node
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                yield node["$ref"]


def _full(reference: str, file: str, folder: Path | None) -> str:
    there, mark, pointer = reference.partition("#")
    if not there:
        return file + mark + pointer
    local = folder is not None and not re.match(r"[a-zA-Z][\w+.-]+:", there)
    return (str((folder / unquote(there)).resolve()) if local else there) + mark + pointer


def _key(name: Any) -> str:
    if isinstance(name, date):
        return name.isoformat()
    return name if isinstance(name, str) else {True: "true", False: "false", None: "null"}.get(name, str(name))


def _once(pairs: list[tuple[str, Any]]) -> dict:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"document has {next(n for n in names if names.count(n) > 1)!r} twice in one place")
    return made


def _fits(value: Any, shape: Any) -> bool:
    if shape == "types":
        return value in TYPES if isinstance(value, str) else _fits(value, "texts") and set(value) <= set(TYPES)
    if shape == "texts":
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    fits = isinstance(value, _ANY_OF.get(shape, shape) if isinstance(shape, str) else shape)
    return fits and not (shape == "number" and isinstance(value, bool))


class _Yaml(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML 1.2, which OpenAPI asks for: no, on, 12:30 and 2026-01-01 are text, and no key comes twice."""

    yaml_implicit_resolvers: dict = {}

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        _once([(str(key), None) for key in keys])
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", None),
    ("merge", "<<", ["<"]),
):
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
