"""A form: values of one type, and the words that hold for them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pmtech.web.client.openapi.document import TYPES, alike, exact

ANY: dict = {}  # the schema that takes every value
KINDS = tuple(name for name in TYPES if name != "integer")  # an integer is a number that is `whole`

# Words that change nothing of what is taken, and to which type the others apply.
NOTES = frozenset("title description example examples externalDocs $comment $schema $defs definitions $anchor".split())
OWN = frozenset("allOf anyOf oneOf nullable discriminator $ref type const exclusiveMinimum exclusiveMaximum".split())
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


# Two formats of 3.0 that became words of their own.
SINCE_3_1 = {"byte": {"contentEncoding": "base64"}, "binary": {"contentMediaType": "application/octet-stream"}}


@dataclass(eq=False)
class Form:
    """Values of these types (None: not said) for which the words hold; the name is that of the schema, where it has one."""

    words: dict[str, Any]
    types: frozenset[str] | None = None
    name: str | None = None
    declared: bool = True  # false when the type is only meant, by words that apply to it

    @property
    def kind(self) -> str:
        return next(iter(self.types or ()))


@dataclass
class Union:
    """The forms of which a value must fit one. `exclusive` says of which groups of them it may fit no more than one, as
    "oneOf(anyOf, form)"; empty when of none. `hints` are the discriminators, which say by what field the forms are told
    apart."""

    forms: list[Form]
    exclusive: str = ""
    hints: list[dict] = field(default_factory=list)

    @property
    def types(self) -> set[str]:
        return {form.kind for form in self.forms}


def form_of(entries: dict[str, Any]) -> Form:
    """A schema's own words: bounds with whether they are left out themselves, `const` as the only value."""
    words = {word: value for word, value in entries.items() if word not in NOTES | OWN}
    types = None
    if "type" in entries:
        types = {entries["type"]} if isinstance(entries["type"], str) else set(entries["type"])
        if "integer" in types and "number" not in types:
            words["whole"] = True
        types = frozenset("number" if name == "integer" else name for name in types)
    for word, tighter in (("minimum", max), ("maximum", min)):
        strict = entries.get(f"exclusive{word.capitalize()}")  # a flag in OpenAPI 3.0, a bound of its own in 3.1
        bounds = [(entries[word], strict is True)] if word in entries else []
        bounds += [(strict, True)] if strict is not None and not isinstance(strict, bool) else []
        if bounds:
            words[word] = _tighter(tighter, *bounds)
    if words.get("whole") and words.get("multipleOf") == 1:
        del words["multipleOf"]
    if words.get("format") in SINCE_3_1:
        words |= SINCE_3_1[words.pop("format")] | words
    if "const" in entries:
        words["enum"] = [v for v in entries.get("enum", [entries["const"]]) if alike(v, entries["const"])]
    if entries.get("nullable") and "enum" in words:
        words["enum"] = [value for value in words["enum"] if value is not None]
    if "required" in words:
        words["required"] = frozenset(words["required"])
    if "if" in words:
        words["if"] = {"if": words["if"]} | {word: words.pop(word) for word in ("then", "else") if word in words}
    return Form(words, types)


def by_type(mixed: Form) -> Iterator[Form]:
    """One form for each type that a form takes, with the words that apply to it."""
    listed = {_type(value) for value in mixed.words.get("enum", ())}
    meant = listed or {APPLIES[word] for word in mixed.words if word in APPLIES} or set(KINDS)
    types = mixed.types or meant
    for kind in KINDS:
        if kind in types:
            # A word for another type than any that is taken says nothing; authors mean it all the same.
            words = {w: v for w, v in mixed.words.items() if APPLIES.get(w, kind) == kind or APPLIES[w] not in types}
            if "enum" in words:
                words["enum"] = [v for v in words["enum"] if _type(v) == kind or _type(v) not in types]
                if not words["enum"]:
                    continue
                own = {str(v) for v in words["enum"] if _type(v) == kind}
                if len(own) == {"null": 1, "boolean": 2}.get(kind):
                    del words["enum"]  # all that there are
            yield Form(words, frozenset([kind]), mixed.name, mixed.types is not None or bool(listed))


def one_list(forms: list[Form]) -> list[Form]:
    """Forms that only list values, as with a title for each, are one list when no value comes twice."""
    listed: dict[str, Form] = {}
    kept = []
    for form in forms:
        first = listed.setdefault(form.kind, form) if form.words.keys() == {"enum"} else form
        if first is form or common(first.words["enum"], form.words["enum"]):
            kept.append(form)
        else:
            words = {"enum": first.words["enum"] + form.words["enum"]}
            whole = Form(words, form.types, first.name or form.name, form.declared)
            kept[kept.index(first)] = listed[form.kind] = whole
    return kept


def _type(value: Any) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _tighter(which: Any, *bounds: tuple[float, bool]) -> tuple[float, bool]:
    value = which(bound for bound, _ in bounds)
    return value, any(strict for bound, strict in bounds if bound == value)


def common(a: list, b: list) -> list:
    there = set(map(exact, b))
    return [one for one in a if exact(one) in there]


MEETS: dict[str, Callable] = {
    "enum": common,
    "required": lambda a, b: a | b,
    "and": lambda a, b: [*a, *b],
    "uniqueItems": lambda a, b: a or b,
    "minimum": lambda a, b: _tighter(max, a, b),
    "maximum": lambda a, b: _tighter(min, a, b),
    **dict.fromkeys(("minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), min),
}
