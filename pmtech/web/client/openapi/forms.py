"""What a schema takes, as plain forms of one type each: `anyOf`, `oneOf`, `allOf`, `nullable`, lists of types and
references are worked out, so that two spellings of one thing become the same."""

from collections.abc import Iterator
from functools import reduce
from itertools import product, zip_longest
from typing import Any

from pmtech.web.client.openapi.document import Document, alike
from pmtech.web.client.openapi.form import ANY, KINDS, MEETS, Form, Union, by_type, common, form_of, one_list

MOST_FORMS, MOST_CHOICES = 60, 1000


class Forms:
    """The unions of a document's schemas, each worked out once."""

    def __init__(self, document: Document):
        self.document = document
        self._known: dict[int, tuple[Any, Union]] = {}
        self._joined: dict[frozenset[int], tuple[dict, list]] = {}

    def union(self, schema: Any) -> Union:
        if id(schema) not in self._known:
            try:
                found = self._expand(schema, ()) or Union([])
            except _TooMany:
                found = Union([Form({"combination of schemas": schema})])
            forms = one_list([form for mixed in found.forms for form in by_type(mixed)])
            self._known[id(schema)] = schema, Union(forms, found.exclusive, found.hints)
        return self._known[id(schema)][1]

    def named(self, schema: Any) -> Any:
        """What a schema refers to that is nothing but a reference, so that one thing is not compared in each of its places."""
        met: set[str] = set()
        while isinstance(schema, dict) and len(schema) == 1 and isinstance(name := schema.get("$ref"), str):
            target = self.document.target(name)
            if target is None or name in met:
                break
            met.add(name)
            schema = target
        return schema

    def said(self, schema: Any, word: str) -> list:
        """What is said by a word, such as `readOnly`, of the values; empty when nothing is."""
        return [form.words[word] for form in self.union(schema).forms if word in form.words]

    def open(self, schema: Any) -> bool:
        """Whether it takes every value."""
        found = self.union(schema)
        return found.types == set(KINDS) and not found.exclusive and not any(form.words for form in found.forms)

    def overlap(self, a: Form, b: Form, *, named: bool = False) -> bool:
        """Whether a value may fit both: unless they are of two types that are written down, or have other types or list other
        values for what both of them need. With `named` on, a value that has no fields but those that one of the two names."""
        if a.kind != b.kind:
            return not (a.declared and b.declared)
        needs = [side.words.get("required", frozenset()) for side in (a, b)]
        names = [side.words.get("properties", {}) for side in (a, b)]
        if named and not (needs[1] <= {*needs[0], *names[0]} or needs[0] <= {*needs[1], *names[1]}):
            return False
        fields = [[side.get(name, ANY) for side in names] for name in needs[0] & needs[1]]
        unions = [[self.union(field) for field in pair] for pair in fields]
        if any(not x.types & y.types and all(form.declared for form in x.forms + y.forms) for x, y in unions):
            return False
        pairs = [[self.said(side, "enum") for side in pair] for pair in fields]
        pairs.append([[side.words["enum"]] if "enum" in side.words else [] for side in (a, b)])
        return all(common(one[0], other[0]) for one, other in pairs if len(one) == 1 == len(other))

    def _expand(self, schema: Any, above: tuple[int, ...]) -> Union | None:
        """None for what only names itself again."""
        if isinstance(schema, bool):
            return Union([Form({})] if schema else [])
        if id(schema) in above:
            return None
        if len(above) > 60:
            raise _TooMany
        above = (*above, id(schema))
        entries = self.document.view(schema, "schema")
        own = form_of(entries)
        whole = [Union([own])] if own.words or own.types else []
        whole += self._named(entries, above)
        whole += [found for part in entries.get("allOf", ()) if (found := self._expand(part, above))]
        for key in ("anyOf", "oneOf"):
            parts = [found for part in entries.get(key, ()) if (found := self._expand(part, above))]
            if parts:
                forms = [form for part in parts for form in part.forms]
                if len(forms) > MOST_CHOICES:
                    raise _TooMany
                whole.append(Union(forms, _groups(key, parts), [hint for part in parts for hint in part.hints]))
        made = reduce(self._both, whole or [Union([Form({})])])
        if entries.get("nullable") and not any("null" in (form.types or ()) for form in made.forms):
            # Beside nothing else it adds nothing, and is kept in sight: authors mean it where this is part of an allOf.
            alone = len(made.forms) == 1 and not made.forms[0].words and made.forms[0].types is None
            made.forms = [Form({"nullable": True})] if alone else [*made.forms, Form({}, frozenset(["null"]))]
        hints = [self._by_reference(entries["discriminator"])] if "discriminator" in entries else []
        return Union(made.forms, made.exclusive, [*made.hints, *hints])

    def _by_reference(self, hint: dict) -> dict:
        """A discriminator, whose mapping may give the schema's name alone."""
        mapping = hint.get("mapping")
        if not isinstance(mapping, dict):
            return hint
        known = self.document.components("schemas")
        full = {
            n: f"#/components/schemas/{to}" if isinstance(to, str) and to in known else to for n, to in mapping.items()
        }
        return hint | {"mapping": full}

    def _named(self, entries: dict, above: tuple[int, ...]) -> Iterator[Union]:
        if "$ref" in entries:
            named, name = self.document.target(entries["$ref"]), entries["$ref"].rpartition("/")[2]
            if named is None:
                yield Union([Form({"$ref": entries["$ref"]})])
            elif found := self._expand(named, above):
                alone = len(found.forms) == 1
                forms = [Form(f.words, f.types, name if alone else f.name or name) for f in found.forms]
                yield Union(forms, found.exclusive, found.hints)

    def _both(self, one: Union, two: Union) -> Union:
        """What fits the one and the other."""
        if len(one.forms) * len(two.forms) > MOST_FORMS:
            raise _TooMany
        met = [self._meet(a, b) for a, b in product(one.forms, two.forms)]
        exclusive = " and ".join(sorted(filter(None, (one.exclusive, two.exclusive))))
        return Union([form for form in met if form], exclusive, one.hints + two.hints)

    def _meet(self, one: Form, two: Form) -> Form | None:
        made = one.words | two.words
        for word in one.words.keys() & two.words.keys():
            a, b = one.words[word], two.words[word]
            if word in MEETS:
                made[word] = MEETS[word](a, b)
            elif word in ("items", "additionalProperties", "propertyNames"):
                made[word] = self._join(a, b)
            elif not alike(a, b) and word not in ("properties", "prefixItems"):
                made |= {word: a, "and": [*made.get("and", ()), {word: b}]}
        if "properties" in made:
            made["properties"] = self._fields(one.words, two.words)
        if "prefixItems" in made:
            made["prefixItems"] = self._first_items(one.words, two.words)
        types = one.types & two.types if one.types and two.types else one.types or two.types
        possible = made.get("enum") != [] and types != frozenset()
        return Form(made, types, one.name or two.name) if possible else None

    def _fields(self, one: dict, two: dict) -> dict[str, Any]:
        """A field that one side does not name must fit what that side says of further fields."""

        def of(side: dict, name: str) -> Any:
            return side.get("properties", {}).get(name, side.get("additionalProperties", ANY))

        names = dict.fromkeys([*one.get("properties", {}), *two.get("properties", {})])
        return {name: self._join(of(one, name), of(two, name)) for name in names}

    def _first_items(self, one: dict, two: dict) -> list[Any]:
        """What one side does not count must fit what that side says of all items."""
        firsts = one.get("prefixItems", []), two.get("prefixItems", [])
        both = zip_longest(firsts[0], firsts[1])
        rests = one.get("items", ANY), two.get("items", ANY)
        return [self._join(*(rest if s is None else s for s, rest in zip(pair, rests, strict=True))) for pair in both]

    def _join(self, *schemas: Any) -> Any:
        """The schema that asks for all of these; the same one for the same parts, so that what contains itself ends."""
        parts: dict[int, Any] = {}
        for schema in schemas:
            _, inside = self._joined.get(frozenset([id(schema)]), (None, [schema]))
            parts |= {id(part): part for part in inside if part is not True and part != ANY}
        if len(parts) < 2:
            return next(iter(parts.values()), ANY)
        key = frozenset(parts)
        if key not in self._joined:
            made = {"allOf": list(parts.values())}
            self._joined[key] = self._joined[frozenset([id(made)])] = made, made["allOf"]
        return self._joined[key][0]


class Sides:
    """The forms of two documents, which are compared."""

    def __init__(self, old: Document, new: Document):
        self.old, self.new = Forms(old), Forms(new)

    def same(self, old: Any, new: Any) -> bool:
        """Whether two entries are alike, with what they refer to and without what only describes them."""
        waiting, seen = [(old, new)], set()
        while waiting:
            was, now = waiting.pop()
            if (id(was), id(now)) in seen:
                continue
            seen.add((id(was), id(now)))
            was, now = self.old.document.follow(was), self.new.document.follow(now)
            if isinstance(was, dict) and isinstance(now, dict):
                was, now = ({n: v for n, v in side.items() if not _describes(n, v)} for side in (was, now))
                if was.keys() != now.keys():
                    return False
                waiting += [(was[name], now[name]) for name in was]
            elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
                waiting += zip(was, now, strict=True)
            elif not alike(was, now):
                return False
        return True


class _TooMany(Exception):
    """More combinations than can be gone through."""


def _groups(key: str, parts: list[Union]) -> str:
    """How the forms of an `anyOf` or `oneOf` exclude each other."""
    if len(parts) == 1 or (key == "anyOf" and not any(part.exclusive for part in parts)):
        return parts[0].exclusive
    said = {part.exclusive or ("anyOf" if len(part.forms) > 1 else "form") for part in parts}
    return f"{key}({', '.join(sorted(said))})"


def _describes(name: str, value: Any) -> bool:
    return name in ("title", "description", "summary", "$comment") and isinstance(value, str)
