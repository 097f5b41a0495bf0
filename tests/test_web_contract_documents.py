"""Contracts as they come: in YAML and JSON, spread over files, written by hand, damaged. And what nobody has thought of:
contracts made up at random, changed at random, of which none may raise, and none that differs may be called equal."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech.web.client.contract import Contract, breaking_changes
from pmtech.web.client.openapi.document import read
from pmtech.web.experiments.requests import contract

ORDERS = """
openapi: 3.0.3
paths:
  x-note: [this is no path]
  /orders/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      responses:
        200:
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Order'}
        default: {description: no}
components:
  schemas:
    Order:
      type: object
      properties:
        state: {type: string, enum: [on, off, no, 12:30, 2026-01-01, ~]}
        total: {type: number, minimum: 1e3}
        open: true
        never: false
"""


def test_yaml_is_read_as_openapi_means_it():
    read_as = read(ORDERS)["components"]["schemas"]["Order"]["properties"]
    assert read_as["state"]["enum"] == ["on", "off", "no", "12:30", "2026-01-01", None]
    assert read_as["total"]["minimum"] == 1000 and read_as["open"] is True
    (operation,) = Contract(ORDERS).operations
    assert (operation.method, operation.path, operation.statuses) == ("GET", "/orders/{id}", ("200", "default"))
    data = json.loads(json.dumps(read(ORDERS)))
    assert breaking_changes(Contract(ORDERS), Contract(data)) == []
    assert breaking_changes(ORDERS, Contract(json.dumps(data))) == []  # text in either notation, and without a wrapper
    (found,) = breaking_changes(ORDERS, ORDERS.replace("off, ", ""))
    assert (found.what, found.breaking) == ("is no longer off", False)


def test_references_with_signs_in_them_and_into_lists_and_requests_are_followed():
    def paths(leaf):
        content = {"application/json": {"schema": {"allOf": [{"type": "object", "properties": {"a[0]": leaf}}]}}}
        first = {"get": {"responses": {"200": {"content": content}}}}
        place = "#/paths/~1a~1{b}/get/responses/200/content/application~1json/schema/allOf/0/properties/a%5B0%5D"
        second = {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": place}}}}}}}
        return {"paths": {"/a/{b}": first, "/second": second}}

    found = breaking_changes(paths({"type": "string"}), paths({"type": "integer"}))
    assert [change.where for change in found.breaking] == [
        "GET /a/{b}, answer 200, field a[0]",
        "GET /second, answer 200",
    ]
    assert not found.not_judged


def spread(folder: Path, leaf: str) -> Path:
    """A contract in three files, of which one refers back to another."""
    (folder / "parts").mkdir(parents=True)
    (folder / "parts/schemas.yaml").write_text(
        "Order: {type: object, properties: {line: {$ref: '#/Line'}, note: {$ref: '../note.json'}}}\n"
        "Line: {type: object, properties: {up: {$ref: '#/Order'}, count: {type: integer}}}\n"
    )
    (folder / "note.json").write_text(json.dumps({"type": leaf}))
    schema = {"$ref": "parts/schemas.yaml#/Order"}
    body = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    (folder / "openapi.yaml").write_text(json.dumps({"openapi": "3.1.0", "paths": {"/orders": {"post": body}}}))
    return folder / "openapi.yaml"


def test_other_files_are_read_and_where_they_cannot_be_that_is_said(tmp_path):
    old, same, new = (
        spread(tmp_path / name, leaf) for name, leaf in (("a", "string"), ("b", "string"), ("c", "integer"))
    )
    assert breaking_changes(contract(old), contract(str(same))) == []
    (found,) = breaking_changes(contract(old), contract(new))
    assert (found.where, found.what) == ("POST /orders, request, field note", "type changed from string to integer")
    parts = "components: {schemas: {Line: {$ref: 'parts/schemas.yaml#/Line'}}}\n"  # met by another way than its name
    path = "paths: {/lines: {get: {responses: {200: {$ref: 'lines.yaml'}}}}}\n"
    for file in (old, new):
        (file.parent / "own.yaml").write_text(parts + path)
        (file.parent / "lines.yaml").write_text(
            "content: {application/json: {schema: {$ref: 'own.yaml#/components/schemas/Line'}}}"
        )
    (found,) = breaking_changes(old.parent / "own.yaml", new.parent / "own.yaml")
    assert found.where == "GET /lines, answer 200, field up, field note"
    data = read(old)  # without the folder that it came from
    (unread,) = breaking_changes(data, copy.deepcopy(data))
    assert unread.breaking is None and unread.where == "schemas.yaml#/Order" and "could not be read" in unread.what
    (same.parent / "note.json").unlink()
    assert breaking_changes(contract(same), contract(same)) == []  # one file, whatever it would say
    (new.parent / "note.json").unlink()
    found = breaking_changes(contract(old), contract(new))
    assert found.not_judged and str(tmp_path) not in str(found)
    dangling = {"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/Gone"}}}}}}
    assert breaking_changes(dangling, {"paths": {"/a": {"get": {"responses": {"200": {}}}}}}).not_judged


BAD = {
    "another standard": ({"swagger": "2.0", "paths": {}}, "Swagger 2.0"),
    "the next standard": ({"openapi": "4.0.0", "paths": {}}, "OpenAPI 4.0.0"),
    "events": ({"asyncapi": "2.0.0", "channels": {}}, "AsyncAPI 2.0.0"),
    "a list": ([], "object with paths"),
    "nothing": (None, "object with paths"),
    "paths in a list": ({"openapi": "3.0.0", "paths": []}, "object with paths"),
    "no file": ("nowhere/openapi.yaml", "nowhere/openapi.yaml"),
    "an address": ("https://example.com/openapi.json", "must be a file"),
    "a name with nothing in it": ("a\0b", "no file can have that name"),
    "empty": ("\n", "object with paths"),
    "neither": ("{a: [\n", "neither JSON nor YAML"),
    "two documents": ("a: 1\n---\nb: 2\n", "neither JSON nor YAML"),
    "a program": ("a: !!python/object/apply:os.system [ls]\n", "neither JSON nor YAML"),
    "half of it": ('{"openapi": "3.0.0", "paths": {', "neither JSON nor YAML"),
    "a key twice": ('{"openapi": "3.0.0", "paths": {}, "paths": {}}', "'paths' twice"),
    "a key twice in YAML": ("openapi: 3.0.0\npaths: {}\npaths: {}\n", "'paths' twice"),
    "a number and its text": ({"paths": {"/a": {"get": {"responses": {200: {}, "200": {}}}}}}, "'200' twice"),
    "too deep": ("[" * 5000 + "\n", "document"),
    "too deep JSON": ('{"a":' * 50_000, "document"),
    "a number too long": ('{"openapi": "3.0.0", "paths": {"/a": ' + "9" * 5000 + "}}", "document"),
    "a number too long in YAML": ("openapi: 3.0.0\npaths: {/a: " + "9" * 5000 + "}\n", "document"),
    "repeats of repeats": ("paths: &a0 {x: 1}\n" + "".join(f"k{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9)),
                           "too large"),
    "itself": ("paths: &a {b: *a}\n", "contains itself"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=BAD)
def test_what_is_no_contract_is_refused_in_a_sentence(given, words):
    with pytest.raises(ValueError, match="document") as refused:
        contract(given)
    assert words in str(refused.value) and "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_files_that_are_no_text_are_refused_in_a_sentence(tmp_path):
    for content in (b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n\x00", b"caf\xe9: 1\n"):
        (tmp_path / "file.yaml").write_bytes(content)
        with pytest.raises(ValueError, match="document"):
            contract(tmp_path / "file.yaml")
    (tmp_path / "utf16.yaml").write_text("openapi: 3.0.0\npaths: {}\n", encoding="utf-16")
    assert contract(tmp_path / "utf16.yaml").operations == []
    with pytest.raises(ValueError, match="document"):
        contract(tmp_path)


# Contracts at random. Each schema says what it says once, so that every change below is one of what the contract means.

LEAVES = st.one_of(
    st.builds(
        lambda low, high: {"type": "string", "minLength": low, "maxLength": high}, st.integers(1, 5), st.integers(6, 9)
    ),
    st.builds(lambda low: {"type": "integer", "minimum": low, "x-unit": "cent"}, st.integers(1, 9)),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from("abcdef"), min_size=2, unique=True)),
    st.sampled_from([{"type": "boolean"}, {"type": "string", "format": "date"}, {"type": "string", "pattern": "^a+$"}]),
    st.sampled_from([{"$ref": "#/components/schemas/Node"}, {"type": ["string", "null"]}]),
)


def _objects(schemas):
    fields = st.dictionaries(st.sampled_from(["a", "b", "c~d", "e/f", "type", "$ref"]), schemas, min_size=1, max_size=3)
    return st.builds(
        lambda named, closed: {"type": "object", "properties": named, "required": sorted(named)[:1]}
        | ({"additionalProperties": False} if closed else {}),
        fields, st.booleans(),
    )  # fmt: skip


SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        _objects(inner),
        st.builds(lambda s: {"type": "array", "items": s, "maxItems": 7}, inner),
        st.builds(lambda s: {"type": "object", "additionalProperties": s}, inner),
        st.builds(lambda s: {"anyOf": [s, {"type": "array", "items": {"type": "boolean"}}]}, _objects(inner)),
        st.builds(lambda s, t: {"oneOf": [s, t]}, _objects(inner), _objects(inner)),
        st.builds(lambda s: {"allOf": [s, {"minProperties": 1}]}, _objects(inner)),
        st.builds(lambda s: {"type": "object", "not": s}, _objects(inner)),
    ),
    max_leaves=6,
)


@st.composite
def documents(draw):
    parameter = {
        "name": "q",
        "in": draw(st.sampled_from(["query", "header"])),
        "schema": draw(LEAVES),
        "required": True,
    }
    content = st.dictionaries(
        st.sampled_from(["application/json", "text/csv"]), st.builds(lambda s: {"schema": s}, SCHEMAS), min_size=1
    )
    calls = st.fixed_dictionaries({
        "parameters": st.sampled_from([[parameter], [{"$ref": "#/components/parameters/Page"}]]),
        "requestBody": st.fixed_dictionaries({"required": st.just(True), "content": content}),
        "responses": st.dictionaries(
            st.sampled_from(["200", "201", "404", "4XX", "default"]), st.fixed_dictionaries({"content": content}), min_size=1, max_size=2
        ),
    })  # fmt: skip
    methods = st.dictionaries(st.sampled_from(["get", "post", "head"]), calls, min_size=1, max_size=2)
    node = {"type": "object", "properties": {"leaf": draw(LEAVES), "next": {"$ref": "#/components/schemas/Node"}}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "maximum": 99}}
    paths = draw(st.dictionaries(st.sampled_from(["/a", "/a/{b}", "/c"]), methods, min_size=1, max_size=2))
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"Node": node}, "parameters": {"Page": page}}}


def _places(node, place=()):
    yield place, node
    for name, inside in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _places(inside, (*place, name))


def _at(node, place):
    for name in place:
        node = node[name]
    return node


def _changed(value):
    """Something else of its kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value + "x" if isinstance(value, str) else value


@settings(max_examples=60)
@given(documents(), st.data())
def test_a_contract_that_was_changed_anywhere_is_never_called_equal(old, data):
    assert breaking_changes(Contract(old), Contract(copy.deepcopy(old))) == []
    new = copy.deepcopy(old)
    place, value = data.draw(st.sampled_from([(p, v) for p, v in _places(new) if p and p[0] == "paths"]))
    holder, name = _at(new, place[:-1]), place[-1]
    if isinstance(value, dict | list) or data.draw(st.booleans()):
        del holder[name]
    else:
        holder[name] = _changed(value)
    there, back = breaking_changes(Contract(old), Contract(new)), breaking_changes(Contract(new), Contract(old))
    assert there and back, (place, value)
    assert there._repr_html_() and all(change.where and change.what for change in (*there, *back))


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.dates(), st.binary(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60)
@given(documents(), st.data())
def test_a_contract_with_anything_anywhere_is_compared_or_refused_in_a_sentence(old, data):
    new = copy.deepcopy(old)
    for _ in range(data.draw(st.integers(1, 3))):
        places = [p for p, _ in _places(new) if p]
        place = data.draw(st.sampled_from(places)) if places else ("paths",)
        junk = st.one_of(JUNK, st.sampled_from([copy.deepcopy(v) for _, v in _places(old)]))
        _at(new, place[:-1])[place[-1]] = data.draw(junk)
    try:
        changed = Contract(new)
    except ValueError as refused:
        assert str(refused).startswith("document")
        return
    same = breaking_changes(changed, Contract(copy.deepcopy(new)))
    assert all(change.what.startswith("may differ") for change in same)  # by what other files say, which were not given
    for pair in ((Contract(old), changed), (changed, Contract(old))):
        breaking_changes(*pair)._repr_html_()
    changed._repr_html_()
