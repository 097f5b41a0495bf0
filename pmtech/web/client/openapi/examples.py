"""What a contract's schemas say of data: whether some fit, and some that do."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pmtech.web.client.openapi.document import Document
from pmtech.web.schemas import validator
from pmtech.web.strict_json import parse

TEXTS = {"date-time": "2026-01-31T09:30:00Z", "date": "2026-01-31", "time": "09:30:00Z", "email": "ana@example.org",
         "uuid": "00000000-0000-4000-8000-000000000001", "uri": "https://example.org/"}  # fmt: skip
DEEP, DEEPEST = 8, 16  # a schema that holds itself is followed so far, then only where it must, and then no more


class _Endless(Exception):
    """What must hold itself."""


class Schemas:
    """The schemas of one contract.

    What this leaves out: texts made to a pattern, and schemas in other files, which everything fits.
    """

    def __init__(self, contract: dict):
        self.document = Document(contract)
        # A reference such as #/components/schemas/Survey is looked up from the root of what is checked.
        self.root = {"components": _modern(self.document.data.get("components", {}))}

    def fits(self, value: Any, schema: Any) -> bool:
        return not self.misfits(value, schema)

    def misfits(self, value: Any, schema: Any) -> list[str]:
        """What is wrong with it, one sentence each, with the field first."""
        from referencing.exceptions import Unresolvable

        schema = _modern(schema)
        if not isinstance(schema, dict):
            return []
        try:
            found = sorted(validator()({**schema, **self.root}).iter_errors(value), key=lambda e: str(e.path))
        except Unresolvable:
            return []
        return [f"{'.'.join(map(str, error.path)) or 'body'}: {error.message[:200]}" for error in found]

    def text_fits(self, text: str, schema: Any) -> bool:
        """Does a text from an address or a header fit, read as what it may stand for?"""
        return any(self.fits(value, schema) for one in _readings(text) for value in (one, [one]))

    def example(self, schema: Any) -> Any:
        """Data that fit: the contract's own example where it has one, else the least of what it allows; None where that would
        have no end."""
        try:
            return self._example(schema, 0)
        except _Endless:
            return None

    def _example(self, schema: Any, deep: int) -> Any:
        if deep > DEEPEST:
            raise _Endless
        schema = self.document.follow(schema)
        if not isinstance(schema, dict):
            return "anything"
        for word in ("example", "const", "default"):
            if word in schema:
                return schema[word]
        for word in ("examples", "enum"):
            if isinstance(schema.get(word), list) and schema[word]:
                return schema[word][0]
        if "allOf" in schema:
            parts = [self._example(part, deep + 1) for part in schema["allOf"]]
            objects = [part for part in (*parts, self._of_type(schema, deep)) if isinstance(part, dict)]
            return {name: value for part in objects for name, value in part.items()} if objects else parts[0]
        for word in ("oneOf", "anyOf"):
            if word in schema:
                options = [o for o in schema[word] if not (isinstance(o, dict) and o.get("type") == "null")]
                return self._first(options if deep < DEEP else options[::-1], deep + 1)
        return self._of_type(schema, deep)

    def _first(self, options: list, deep: int) -> Any:
        """Of the first option that comes to an end."""
        for option in options:
            with suppress(_Endless):
                return self._example(option, deep)
        if options:
            raise _Endless
        return None

    def _of_type(self, schema: dict, deep: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
        match next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind:
            case "object":
                must, known = schema.get("required", []), schema.get("properties", {})
                names = [name for name in known if deep < DEEP or name in must] + [n for n in must if n not in known]
                return {name: self._example(known.get(name, {}), deep + 1) for name in names}
            case "array":
                many = max(schema.get("minItems", 0), min(1, schema.get("maxItems", 1)) if deep < DEEP else 0)
                return [self._example(schema.get("items", {}), deep + 1)] * many
            case "string":
                text = TEXTS.get(schema.get("format", ""), schema.get("title", "text"))
                return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
            case "integer" | "number" as kind:
                return _least(_modern(schema), kind == "integer")
            case "boolean":
                return True
        return None


def _least(schema: dict, whole: bool) -> float:
    step = schema.get("multipleOf", 1 if whole else 0)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if low is None:
        low = min(1, schema.get("maximum", schema.get("exclusiveMaximum", 2) - 1))
    elif "exclusiveMinimum" in schema:
        low += step or 0.5
    return -(-low // step) * step if step else low


def _readings(text: str) -> Iterator[Any]:
    yield text
    with suppress(ValueError):
        yield parse(text, "it")


def _modern(schema: Any) -> Any:
    """OpenAPI 3.0 wrote `nullable` and bounds that are true or false; JSON Schema, and 3.1, don't."""
    if isinstance(schema, list):
        return [_modern(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    new = {name: _modern(value) for name, value in schema.items() if name != "nullable"}
    if schema.get("nullable") is True and isinstance(new.get("type"), str):
        new["type"] = [new["type"], "null"]
        new |= {"enum": [*new["enum"], None]} if isinstance(new.get("enum"), list) else {}
    for edge, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(edge), bool):
            del new[edge]
            if schema[edge] and bound in new:
                new[edge] = new.pop(bound)
    return new
