"""Two contracts side by side, and SQL injection on a throw-away database."""

import copy

import pytest

from pmtech.web.app.server import start_api
from pmtech.web.client.contract import Contract, breaking_changes
from pmtech.web.experiments.injection import sql_injection
from pmtech.web.experiments.requests import contract, findings, next_contract, retry_lost_answer


def document():
    def answer(schema):
        return {"200": {"content": {"application/json": {"schema": schema}}}}

    item = {
        "type": "object",
        "properties": {
            "size": {"type": "string", "enum": ["s", "m", "l"]},
            "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "parent": {"$ref": "#/components/schemas/Item"},
        },
        "required": ["size"],
        "additionalProperties": False,
    }
    reference = {"$ref": "#/components/schemas/Item"}
    return {
        "paths": {
            "/items": {
                "get": {
                    "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                    "responses": answer({"type": "array", "items": {"$ref": "#/components/schemas/Shown"}}),
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": reference}}},
                    "responses": {"201": {"description": ""}},
                },
            }
        },
        "components": {
            "schemas": {"Item": item, "Shown": {"type": "object", "properties": {"price": {"type": "number"}}}},
        },
    }


def items(new):
    return new["components"]["schemas"]["Item"]


def shown(new):
    return new["components"]["schemas"]["Shown"]


def get(new):
    return new["paths"]["/items"]["get"]


@pytest.mark.parametrize(
    ("change", "breaking", "words"),
    [
        (lambda d: d["paths"].clear(), True, "is gone"),
        (lambda d: d["paths"]["/items"].pop("post"), True, "is gone"),
        (lambda d: d["paths"].update({"/new": {"get": {}}}), False, "is new"),
        (lambda d: items(d)["properties"].pop("count"), True, "field count is gone"),
        (lambda d: items(d).update(required=["size", "count"]), True, "field count is now required"),
        (lambda d: items(d)["properties"].update(tax={"type": "string"}), False, "field tax is new"),
        (
            lambda d: items(d).update(
                required=["size", "tax"], properties=items(d)["properties"] | {"tax": {"type": "string"}}
            ),
            True,
            "field tax is new and required",
        ),
        (
            lambda d: items(d)["properties"].update(size={"type": "string", "enum": ["s", "m"]}),
            True,
            "no longer takes l",
        ),
        (lambda d: items(d)["properties"].update(count={"type": "integer"}), True, "integer or null to integer"),
        (
            lambda d: items(d)["properties"].update(count={"type": ["integer", "null", "string"]}),
            False,
            "integer or null to integer or null or string",
        ),
        (lambda d: shown(d)["properties"].update(price={"type": "string"}), True, "from number to string"),
        (lambda d: shown(d)["properties"].clear(), True, "field price is gone"),
        (lambda d: shown(d)["properties"].update(tax={"type": "string"}), False, "field tax is new"),
        (lambda d: get(d)["parameters"].clear(), True, "parameter q is gone"),
        (lambda d: get(d)["parameters"][0].update(required=True), True, "parameter q is now required"),
        (lambda d: get(d)["parameters"].append({"name": "sort", "in": "query"}), False, "parameter sort is new"),
    ],
)
def test_each_kind_of_change_is_found_and_judged(change, breaking, words):
    new = document()
    change(new)
    found = breaking_changes(Contract(document()), Contract(new))
    assert found and all(c.breaking == breaking for c in found)
    assert any(words in c.what for c in found)


def test_no_change_no_finding():
    assert breaking_changes(Contract(document()), Contract(copy.deepcopy(document()))) == []


def test_the_apis_own_contract_and_the_proposal():
    api = start_api(transport="in_process")
    mine = contract(api)
    by_name = {(o.method, o.path): o for o in mine.operations}
    assert by_name["POST", "/payments"].required == ("customer", "seats")
    assert by_name["PATCH", "/surveys/{survey_id}"].statuses == (
        "200", "400", "404", "409", "412", "413", "415", "422",
    )  # fmt: skip
    assert "/payments" in mine._repr_html_()
    found = breaking_changes(mine, next_contract(api))
    assert {(c.what, c.breaking) for c in found} == {
        ("field country is new and required", True),
        ("no longer takes closed", True),
        ("type changed from integer to string", True),
        ("field language is new", False),
        ("field receipt_url is new", False),
    }
    assert [c.breaking for c in found] == sorted((c.breaking for c in found), reverse=True)
    assert (
        found._repr_html_().count('<tr><th scope="row"') == 5
    )  # a line for each change, however many requests it meets
    assert "14 kinds of requests" in mine._repr_html_()
    api.stop()
    with pytest.raises(ValueError, match="stopped"):
        contract(api)


def test_the_page_of_findings_says_what_an_earlier_run_had_booked():
    api = start_api(transport="in_process")
    lost, kept = retry_lost_answer(api), retry_lost_answer(api, idempotency_key="order-17")
    page = findings(lost, kept)
    assert next(iter(page)) == "The answer" and page["The answer"].startswith("Yes: an order whose answer got lost")
    assert "charged twice. With a key" in page["The answer"] and page["The answer"].endswith(
        "it was not charged a second time."
    )
    assert "asked twice, had 1 answer, and" in page["What happens"][0] and " row" not in " ".join(page["What happens"])
    assert [said[said.index("Charged") :] for said in page["What happens"]] == [
        "Charged: 120 USD.",
        "Charged: 60 USD.",
    ]
    again = findings(lost, retry_lost_answer(api, idempotency_key="order-17"))["What happens"][1]
    assert again.endswith("Charged: nothing more, for an earlier run had booked this order under the same key.")
    api.stop()


def test_what_is_no_contract_is_refused():
    with pytest.raises(ValueError, match="document"):
        Contract({"swagger": "2.0"})


def test_the_glued_query_gives_away_the_others_rows_and_the_parameter_does_not():
    plain = sql_injection("Lunch menu")
    assert plain.built_rows == plain.parameterised_rows == [("Company A", "Lunch menu")]
    attack = sql_injection("' OR '1'='1")
    assert len(attack.built_rows) == 4 and attack.parameterised_rows == []
    assert "Company B: Salaries" in attack._repr_html_()


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE surveys; --",
        "x' UNION SELECT * FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT max(x), 1 FROM c) --",
        "x' UNION SELECT 1, hex(zeroblob(900000000)) --",
        "'",
        "\0",
    ],
)
def test_an_attack_that_would_break_or_hang_is_told_and_over(text):
    told = sql_injection(text)
    assert told.parameterised_rows == [] and (told.built_error or told.built_rows == [])


def test_text_in_the_attack_is_shown_as_text():
    assert "<script>" not in sql_injection("<script>alert(1)</script>")._repr_html_()
