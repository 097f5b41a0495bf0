"""What a schema takes, as a list of plain forms of one type each: `anyOf`, `oneOf`, `allOf`, `nullable`, lists of types
and references are worked out, so that two spellings of one thing become the same."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

from pmtech.web.client.document import TYPES, Document

ANY: dict = {}  # takes every value
MOST_FORMS = 60

# Words about a value that change nothing of what is taken.
NOTES = frozenset("title description example examples externalDocs $comment $schema $defs definitions $anchor".split())
APPLIES = {
    name: kind
    for kind, names in {
        "string": "minLength maxLength pattern contentEncoding contentMediaType contentSchema",
        "number": "minimum maximum multipleOf whole",
        "array": "minItems maxItems uniqueItems items contains minContains maxContains prefixItems unevaluatedItems",
        "object": "properties required additionalProperties patternProperties propertyNames minProperties maxProperties "
        "dependentRequired dependentSchemas unevaluatedProperties",
    }.items()
    for name in names.split()
}
KINDS = tuple(name for name in TYPES if name != "integer")  # an integer is a number that is `whole`


@dataclass
class Union:
    """The forms of which a value must fit one, `exclusive` when it may fit no more than one of them; `hints` are the
    discriminators, which say by what field the forms are told apart."""

    forms: list[dict[str, Any]]
    exclusive: bool = False
    hints: tuple = ()

    @property
    def types(self) -> set[str]:
        return {form["type"] for form in self.forms}


class Forms:
    """The unions of a document's schemas, each worked out once."""

    def __init__(self, document: Document):
        self.document = document
        self._known: dict[int, tuple[Any, Union]] = {}
        self._joined: dict[frozenset[int], tuple[dict, tuple]] = {}

    def union(self, schema: Any) -> Union:
        if id(schema) not in self._known:
            try:
                found = self._expand(schema, ()) or Union([])
            except _TooMany:
                found = Union([{"combination of schemas": schema}])
            found.forms = [form for mixed in found.forms for form in _by_type(mixed)]
            self._known[id(schema)] = schema, found
        return self._known[id(schema)][1]

    def flag(self, schema: Any, name: str) -> bool:
        """Whether the schema is marked as `readOnly` or `writeOnly`."""
        return any(form.get(name) for form in self.union(schema).forms)

    def open(self, schema: Any) -> bool:
        """Whether it takes every value."""
        found = self.union(schema)
        return found.types == set(KINDS) and all(form.keys() <= {"type", "name", "declared"} for form in found.forms)

    def _expand(self, schema: Any, above: tuple[int, ...]) -> Union | None:
        """None for what only names itself again."""
        if isinstance(schema, bool):
            return Union([{}] if schema else [])
        if id(schema) in above:
            return None
        if len(above) > 80:
            raise _TooMany
        above = (*above, id(schema))
        entries = self.document.view(schema, "schema")
        whole = [Union([_piece(entries)]), *self._named(entries, above)]
        whole += [found for part in entries.get("allOf", ()) if (found := self._expand(part, above))]
        for key in ("anyOf", "oneOf"):
            parts = [found for part in entries.get(key, ()) if (found := self._expand(part, above))]
            if parts:
                forms = [form for part in parts for form in part.forms]
                exclusive = key == "oneOf" and len(parts) > 1
                hints = tuple(hint for part in parts for hint in part.hints)
                whole.append(Union(forms, exclusive or any(part.exclusive for part in parts), hints))
        made = reduce(self._both, whole)
        if entries.get("nullable") and not any("null" in form.get("types", ()) for form in made.forms):
            anything = made.forms == [{}]  # where it adds nothing by itself, but may where this is a part of something
            made.forms = [{"nullable": True}] if anything else [*made.forms, {"types": frozenset(["null"])}]
        if "discriminator" in entries:
            made.hints += (entries["discriminator"],)
        return made

    def _named(self, entries: dict, above: tuple[int, ...]) -> Iterator[Union]:
        reference = entries.get("$ref")
        named = self.document.target(reference) if isinstance(reference, str) else None
        found = None if named is None else self._expand(named, above)
        if found:
            name = reference.rpartition("/")[2]
            alone = len(found.forms) == 1
            forms = [{**form, "name": name if alone else form.get("name", name)} for form in found.forms]
            yield Union(forms, found.exclusive, found.hints)
        elif isinstance(reference, str) and named is None:
            yield Union([{"$ref": reference}])

    def _both(self, one: Union, two: Union) -> Union:
        """What fits the one and the other."""
        if len(one.forms) * len(two.forms) > MOST_FORMS:
            raise _TooMany
        met = (self._meet(a, b) for a, b in product(one.forms, two.forms))
        return Union([form for form in met if form is not None], one.exclusive or two.exclusive, one.hints + two.hints)

    def _meet(self, one: dict, two: dict) -> dict | None:
        made = {**one, **two, **{name: value for name, value in one.items() if name == "name"}}
        for name in one.keys() & two.keys() - {"name"}:
            a, b = one[name], two[name]
            if name in _MEETS:
                made[name] = _MEETS[name](a, b)
            elif name in ("items", "additionalProperties", "propertyNames"):
                made[name] = self.join(a, b)
            elif not alike(a, b):
                made[name] = a
                made["and"] = [*made.get("and", ()), {name: b}]
        if made.get("types") == frozenset() or made.get("enum") == []:
            return None
        if "properties" in made:
            made["properties"] = self._fields(one, two)
        return made

    def _fields(self, one: dict, two: dict) -> dict[str, Any]:
        """A field that one side does not name must fit what that side says of further fields."""

        def of(side: dict, name: str) -> Any:
            return side.get("properties", {}).get(name, side.get("additionalProperties", ANY))

        names = [
            *one.get("properties", {}),
            *(n for n in two.get("properties", {}) if n not in one.get("properties", {})),
        ]
        return {name: self.join(of(one, name), of(two, name)) for name in names}

    def join(self, *schemas: Any) -> Any:
        """The schema that asks for all of these; the same one for the same parts, so that what contains itself ends."""
        parts: dict[int, Any] = {}
        for schema in schemas:
            _, inside = self._joined.get(frozenset([id(schema)]), (None, (schema,)))
            parts |= {id(part): part for part in inside if part is not True and part != ANY}
        if len(parts) < 2:
            return next(iter(parts.values()), ANY)
        key = frozenset(parts)
        if key not in self._joined:
            made = {"allOf": list(parts.values())}
            self._joined[key] = self._joined[frozenset([id(made)])] = made, tuple(parts.values())
        return self._joined[key][0]


def alike(a: Any, b: Any) -> bool:
    """As JSON compares: 1 is 1.0, and true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b


def type_of(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


class _TooMany(Exception):
    """More combinations than can be gone through."""


def _piece(entries: dict[str, Any]) -> dict[str, Any]:
    """A schema's own words: bounds with whether they are exclusive, `const` as the only value, its types as a set."""
    left_out = NOTES | {"allOf", "anyOf", "oneOf", "nullable", "discriminator", "$ref", "exclusiveMinimum"}
    piece = {
        name: value for name, value in entries.items() if name not in left_out | {"exclusiveMaximum", "type", "const"}
    }
    if "type" in entries:
        types = {entries["type"]} if isinstance(entries["type"], str) else set(entries["type"])
        if "integer" in types and "number" not in types:
            piece["whole"] = True
        piece["types"] = frozenset("number" if name == "integer" else name for name in types)
    for name, tighter in (("minimum", max), ("maximum", min)):
        strict = entries.get(f"exclusive{name.capitalize()}")
        bounds = [(entries[name], strict is True)] if name in entries else []
        bounds += [(strict, True)] if isinstance(strict, int | float) and not isinstance(strict, bool) else []
        if bounds:
            piece[name] = _tighter(tighter, *bounds)
        elif strict is not None and strict is not False:
            piece[f"exclusive{name.capitalize()}"] = strict
    if "const" in entries:
        piece["enum"] = [v for v in entries.get("enum", [entries["const"]]) if alike(v, entries["const"])]
    if "required" in piece:
        piece["required"] = frozenset(piece["required"])
    if "if" in piece:
        piece["if"] = {"if": piece["if"]} | {name: piece.pop(name) for name in ("then", "else") if name in piece}
    return piece


def _by_type(mixed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One form for each type that the form takes, with the words that apply to it."""
    words = {name: value for name, value in mixed.items() if name != "types"}
    listed = {type_of(value) for value in words.get("enum", ())}
    meant = listed or {APPLIES[name] for name in words if name in APPLIES} or set(KINDS)
    types = mixed.get("types", meant)
    for kind in KINDS:
        if kind in types:
            form = {n: v for n, v in words.items() if APPLIES.get(n, kind) == kind or APPLIES[n] not in types}
            if "enum" in form:
                form["enum"] = [v for v in form["enum"] if type_of(v) == kind or type_of(v) not in types]
            if form.get("enum") != []:
                yield {"type": kind, "declared": "types" in mixed, **form}


def _tighter(which: Any, *bounds: tuple[float, bool]) -> tuple[float, bool]:
    value = which(bound for bound, _ in bounds)
    return value, any(strict for bound, strict in bounds if bound == value)


def _common(a: Iterable, b: Iterable) -> list:
    return [one for one in a if any(alike(one, other) for other in b)]


_MEETS = {
    "types": lambda a, b: a & b,
    "enum": _common,
    "required": lambda a, b: a | b,
    "and": lambda a, b: [*a, *b],
    "properties": lambda a, b: a,  # worked out with what each says of further fields
    "uniqueItems": lambda a, b: a or b,
    "whole": lambda a, b: True,
    "minimum": lambda a, b: _tighter(max, a, b),
    "maximum": lambda a, b: _tighter(min, a, b),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), min),
}
