"""A mock knows the contract alone, and keeps to it; the same requests tell whether an API does."""

import copy

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmtech import contract, contract_test, start_api, start_mock
from pmtech.web.app.mock import Answers, mock_app
from pmtech.web.client.contract import Contract
from pmtech.web.client.openapi.examples import Schemas

SHOP = """
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /carts/{cart}:
    parameters: [{name: cart, in: path, required: true, schema: {type: string, format: uuid}}]
    put:
      parameters: [{name: X-Shop, in: header, required: true, schema: {type: string, enum: [north, south]}}]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Cart"}}}
      responses:
        "200": {description: kept, content: {application/json: {schema: {$ref: "#/components/schemas/Cart"}}}}
        "400": {description: wrong, content: {application/json: {schema: {type: object, required: [code], properties: {code: {type: integer, minimum: 40}}}}}}
  /carts/newest:
    get: {responses: {"200": {description: one, content: {text/plain: {schema: {type: string, minLength: 9}}}}}}
  /find:
    get:
      parameters:
        - {name: q, in: query, required: true, schema: {type: string, minLength: 2}}
        - {name: page, in: query, schema: {type: integer, minimum: 1}}
      responses: {default: {description: whatever}}
components:
  schemas:
    Cart:
      type: object
      required: [items, total]
      properties:
        items: {type: array, minItems: 2, items: {allOf: [{$ref: "#/components/schemas/Thing"}, {type: object, properties: {n: {type: integer}}}]}}
        total: {type: number, minimum: 0, exclusiveMinimum: true}
        note: {type: string, nullable: true, maxLength: 3}
        parent: {$ref: "#/components/schemas/Cart"}
    Thing: {type: object, required: [name], properties: {name: {type: string, example: tea}}}
"""


@pytest.fixture(scope="module")
def ours():
    api = start_api(transport="in_process")
    yield contract(api)
    api.stop()


# The API's own test, on the mock: tests/test_web_server.py.
def app():
    return mock_app(contract(start_api(transport="in_process")))


schema = schemathesis.openapi.from_asgi("/openapi.json", app())
KEEPS_NOTHING = ["ensure_resource_availability", "use_after_free"]  # and does not know an id that is not there
UNFIT = ["positive_data_acceptance", "negative_data_rejection", *KEEPS_NOTHING]


@schema.parametrize()
@settings(max_examples=5, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_of_the_contract_gets_a_5xx_or_an_answer_that_is_not_in_it(case):
    case.call_and_validate(excluded_checks=[schemathesis.checks.CHECKS.get_one(name) for name in UNFIT])


def test_the_same_requests_to_the_api_and_to_the_mock(ours):
    api = start_api(transport="in_process")
    mock = start_mock(ours, transport="in_process")
    tested = contract_test(ours, api=api, mock=mock)
    assert tested.kept == {"api": True, "mock": True} and len(tested.rows) == len(ours.operations)
    assert tested.rows[-1][0] == "DELETE /surveys/1" and "as promised" in tested._repr_html_()


def test_an_api_that_breaks_its_contract_is_found_out(ours):
    promised = copy.deepcopy(ours.document)
    promised["components"]["schemas"]["Payment"]["required"].append("receipt_url")
    del promised["paths"]["/payments"]["post"]["responses"]["201"]
    tested = contract_test(Contract(promised), api=start_api(transport="in_process"))
    told = {row[0]: row[1] for row in tested.rows}
    assert not tested.kept["api"]
    assert told["GET /payments/1"] == "200, but body: 'receipt_url' is a required property"
    assert told["POST /payments"] == "201, which is not in the contract"
    assert told["GET /surveys"] == "200, as promised"
    with pytest.raises(ValueError, match="needs an API"):
        contract_test(ours)
    with pytest.raises(ValueError, match="api must be an API"):
        contract_test(ours, api="http://somewhere")


def test_it_listens_on_this_machine_until_it_is_stopped_or_another_starts(ours):
    mock = start_mock(ours, transport="socket")
    assert mock.url.startswith("http://127.0.0.1:") and httpx.get(f"{mock.url}/payments/3").json()["id"] == 3
    assert f"listening on {mock.url}" in repr(mock)
    other = start_mock(Contract(_yaml()), transport="in_process")
    assert not mock.running and "stopped" in repr(mock)
    assert mock.request("GET", "/payments").error.startswith("Nobody listens")
    mock.start()
    assert mock.request("GET", "/payments").status == 200
    for one in (mock, other):
        one.stop()
    with pytest.raises(ValueError, match="no database"):
        other.rows()
    with pytest.raises(ValueError, match="transport must be"):
        start_mock(ours, transport="pigeon")
    with pytest.raises(ValueError, match="OpenAPI"):
        start_mock({"swagger": "2.0"})


def _yaml():
    import yaml

    return yaml.safe_load(SHOP)


ID = "00000000-0000-4000-8000-000000000001"
CART = b'{"items": [{"name": "tea"}, {"name": "tea"}], "total": 2, "note": null}'
JSON = {"content-type": "application/json; charset=utf-8", "x-shop": "north"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "status"),
    [
        ("PUT", f"/carts/{ID}", {}, JSON, CART, 200),
        ("PUT", f"/carts/{ID}", {}, {**JSON, "x-shop": "west"}, CART, 400),
        ("PUT", f"/carts/{ID}", {}, {"content-type": "application/json"}, CART, 400),
        ("PUT", f"/carts/{ID}", {}, {**JSON, "content-type": "text/plain"}, CART, 400),
        ("PUT", f"/carts/{ID}", {}, JSON, b"", 400),
        ("PUT", f"/carts/{ID}", {}, JSON, b"{", 400),
        ("PUT", f"/carts/{ID}", {}, JSON, b'{"items": [], "total": 2}', 400),
        ("PUT", f"/carts/{ID}", {}, JSON, CART.replace(b"2", b"0"), 400),
        ("PUT", f"/carts/{ID}", {}, JSON, CART.replace(b"null", b'"long"'), 400),
        ("GET", "/carts/newest", {}, {}, b"", 200),
        ("DELETE", f"/carts/{ID}", {}, {}, b"", 405),
        ("GET", "/nowhere", {}, {}, b"", 404),
        ("GET", "/find", {"q": "te", "page": "2"}, {}, b"", 200),
        ("GET", "/find", {"q": "12"}, {}, b"", 200),
        ("GET", "/find", {"q": "t"}, {}, b"", 422),
        ("GET", "/find", {"q": "te", "page": "two"}, {}, b"", 422),
        ("GET", "/find", {}, {}, b"", 422),
    ],
)
def test_a_request_is_held_against_the_contract(method, path, query, headers, body, status):
    answers = Answers(Contract(_yaml()))
    assert answers.to(method, path, query, headers, body)[0] == status


def test_what_is_nested_without_end_is_refused():
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    post = {"parameters": [page], "requestBody": body, "responses": {"201": {"description": "grown"}}}
    document = {"openapi": "3.1.0", "paths": {"/trees": {"post": post}}, "components": {"schemas": {"Tree": tree}}}
    answers, deep = Answers(Contract(document)), b'{"child": ' * 300 + b"{}" + b"}" * 300
    assert answers.to("POST", "/trees", {}, JSON, b'{"child": {}}')[0] == 201
    assert answers.to("POST", "/trees", {}, JSON, deep)[0] == 400
    assert answers.to("POST", "/trees", {"page": "[" * 7000}, JSON, b"{}")[0] == 422


def test_a_variable_of_a_path_goes_by_its_name_and_an_operation_overrules_its_path():
    number, word = {"type": "integer"}, {"type": "string", "enum": ["north"]}
    shop, cart = (
        {"name": n, "in": "path", "required": True, "schema": s} for n, s in (("shop", word), ("cart", number))
    )
    page = [{"name": "page", "in": "query", "required": must} for must in (True, False)]
    get = {"parameters": [shop, page[1]], "responses": {"204": {"description": "there"}}}
    contract = Contract(
        {"openapi": "3.1.0", "paths": {"/{shop}/carts.{cart}": {"parameters": [cart, page[0]], "get": get}}}
    )
    answers = Answers(contract)
    assert answers.to("GET", "/north/carts.7", {}, {}, b"")[0] == 204
    assert answers.to("GET", "/7/carts.north", {}, {}, b"")[0] == 422
    assert answers.to("GET", "/north/carts-7", {}, {}, b"")[0] == 404
    assert contract.operations[0].required == ()
    misnamed = {"parameters": [cart | {"name": "basket"}], "get": {"responses": {"204": {"description": "there"}}}}
    assert Answers(Contract({"paths": {"/carts/{cart}": misnamed}})).to("GET", "/carts/7", {}, {}, b"")[0] == 204


def test_an_answer_is_what_was_sent_and_otherwise_the_least_that_fits():
    answers = Answers(Contract(_yaml()))
    status, headers, cart = answers.to("PUT", f"/carts/{ID}", {}, JSON, CART)
    assert (status, headers) == (200, {"Content-Type": "application/json"})
    assert (cart["total"], cart["note"]) == (2, None) and cart["items"][0]["name"] == "tea"
    assert answers.to("PUT", f"/carts/{ID}", {}, JSON, b"")[2] == {"code": 40}
    assert len(answers.to("GET", "/carts/newest", {}, {}, b"")[2]) == 9


TYPES = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": st.integers(-9, 9), "multipleOf": st.integers(1, 4)}),
        st.fixed_dictionaries({"type": st.just("number")}, optional={"exclusiveMinimum": st.integers(-9, 9)}),
        st.fixed_dictionaries({"type": st.just("integer")}, optional={"maximum": st.integers(-9, 9)}),
        st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": st.integers(0, 9), "title": st.text("ab", max_size=3)}),
        st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(0, 2), "nullable": st.booleans()}),
        st.fixed_dictionaries({"enum": st.lists(st.integers(), min_size=1, unique=True)}),
        st.sampled_from([{}, True, {"type": ["null", "boolean"]}, {"type": "null"}, {"type": "boolean"}, {"const": 4}]),
    ),
    lambda inside: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inside}, optional={"minItems": st.integers(0, 3), "maxItems": st.integers(3, 4)}),
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abc"), inside)},
                              optional={"required": st.lists(st.sampled_from("abc"), unique=True)}),
        st.fixed_dictionaries({"anyOf": st.lists(inside, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)  # fmt: skip


@given(TYPES)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_an_example_fits_its_schema(schema):
    schemas = Schemas({"openapi": "3.1.0", "paths": {}})
    assert schemas.misfits(schemas.example(schema), schema) == []


def test_a_schema_that_holds_itself_comes_to_an_end():
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    schemas = Schemas({"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"Tree": tree}}})
    assert schemas.fits(schemas.example(tree), tree)


@pytest.mark.parametrize("names", [("Sum", "Number"), ("Number", "Sum"), ("Sum", "Negative", "Number")])
def test_a_formula_whose_parts_are_formulas_has_an_example(names):
    def needs(**fields):
        return {"type": "object", "required": [*fields], "properties": fields, "additionalProperties": False}

    formula, number = {"$ref": "#/components/schemas/Formula"}, {"type": "number"}
    kinds = {"Sum": needs(left=formula, right=formula), "Negative": needs(of=formula), "Number": needs(value=number)}
    kinds["Formula"] = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
    schemas = Schemas({"openapi": "3.1.0", "paths": {}, "components": {"schemas": kinds}})
    assert schemas.fits(schemas.example(formula), formula)
    endless = Schemas(
        {"openapi": "3.1.0", "paths": {}, "components": {"schemas": kinds | {"Number": needs(value=formula)}}}
    )
    assert endless.example(formula) is None
