"""Every kind of difference between two contracts, judged once as a request and once as an answer: a request must still be
taken, so that it breaks when less is taken; an answer must still be understood, so that it breaks when more may come."""

import copy
import itertools
import os
import subprocess
import sys

import pytest

from pmtech.web.client.contract import Contract, breaking_changes

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}}
CARD = {"type": "object", "properties": {"kind": {"const": "card"}, "digits": {"type": "string"}}, "required": ["kind"]}
CASH = {"type": "object", "properties": {"kind": {"const": "cash"}, "coins": {"type": "integer"}}, "required": ["kind"]}
TEXT, NUMBER, LIST = {"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "integer"}}
BREAKS, FITS, UNJUDGED = True, False, None


def fields(required=(), more=None, **properties):
    return {"type": "object", "properties": properties, "required": list(required)} | (more or {})


def document(operation, *, path="/orders", method="post", shared=(), **rest):
    return {"openapi": "3.1.0", "info": {}, "paths": {path: {method: operation, "parameters": list(shared)}}} | rest


def asks(schema, **rest):
    return document({"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}, **rest)


def answers(schema, **rest):
    return document({"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}, **rest)


def differences(old, new):
    found = breaking_changes(Contract(old), Contract(new))
    assert all(change.where and change.what for change in found)
    assert all((change.breaking is None) == ("not judged: " in change.what) for change in found)
    return found


def verdict(old, new):
    """What a reader takes home: the worst of what is listed; "none" for no difference."""
    judged = [change.breaking for change in differences(old, new)]
    return "none" if not judged else BREAKS if BREAKS in judged else UNJUDGED if UNJUDGED in judged else FITS


NARROWER = {  # the new one takes less: (old, new); the other way round it takes more
    "another type": ({"type": ["string", "integer"]}, {"type": "string"}),
    "values that keep the limits": (TEXT | {"maxLength": 9, "pattern": "^[a-z]"}, TEXT | {"enum": ["a", "b"]}),
    "a value that keeps the limits": ({"type": "integer", "minimum": 1, "multipleOf": 2}, {"const": 2}),
    "no type before": ({}, {"type": "string"}),
    "a whole number": ({"type": "number"}, {"type": "integer"}),
    "null, in 3.0": ({"type": "string", "nullable": True}, {"type": "string"}),
    "null beside allOf": ({"allOf": [PERSON], "nullable": True}, {"allOf": [PERSON]}),
    "null, in 3.1": ({"type": ["string", "null"]}, {"type": "string"}),
    "null beside an object": ({"anyOf": [PERSON, {"type": "null"}]}, PERSON),
    "fewer values": ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    "values at all": ({"type": "string"}, {"type": "string", "enum": ["a"]}),
    "one value": ({"enum": ["a", "b"]}, {"const": "a"}),
    "least": ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 2}),
    "least, new": ({"type": "integer"}, {"type": "integer", "minimum": 2}),
    "least, itself out": ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 1}),
    "most, itself out, in 3.0": (
        {"type": "number", "maximum": 9},
        {"type": "number", "maximum": 9, "exclusiveMaximum": True},
    ),
    "most": ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 8}),
    "length": ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}),
    "items": ({"type": "array", "minItems": 1}, {"type": "array", "minItems": 2}),
    "no item twice": ({"type": "array"}, {"type": "array", "uniqueItems": True}),
    "steps": ({"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 10}),
    "a pattern": ({"type": "string", "pattern": ".*"}, {"type": "string", "pattern": "^a"}),
    "a format": ({"type": "string"}, {"type": "string", "format": "date"}),
    "a fraction": ({"type": "number", "format": "double"}, {"type": "integer", "format": "int32"}),
    "a smaller format": ({"type": "integer", "format": "int64"}, {"type": "integer", "format": "int32"}),
    "map values": (
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"type": "object", "additionalProperties": {"type": "integer"}},
    ),
    "each item": ({"type": "array", "items": {"type": "number"}}, {"type": "array", "items": {"type": "integer"}}),
    "the first item": (
        {"type": "array", "prefixItems": [{"type": "number"}]},
        {"type": "array", "prefixItems": [{"type": "integer"}]},
    ),
    "required": (fields(a={"type": "string"}), fields(["a"], a={"type": "string"})),
    "one form fewer": ({"oneOf": [CARD, CASH]}, {"oneOf": [CARD]}),
    "one type fewer": ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "string"}),
    "a part more": ({"allOf": [PERSON]}, {"allOf": [PERSON, {"required": ["name"]}]}),
    "not": ({"type": "string"}, {"type": "string", "not": {"enum": ["a"]}}),
    "not, less of it": ({"not": {"enum": ["a"]}}, {"not": {"enum": ["a", "b"]}}),
    "names of fields": ({"type": "object"}, {"type": "object", "propertyNames": {"pattern": "^a"}}),
    "names like": ({"type": "object"}, {"type": "object", "patternProperties": {"^a": {"type": "string"}}}),
    "contains": ({"type": "array"}, {"type": "array", "contains": {"const": 1}}),
    "together": ({"type": "object"}, {"type": "object", "dependentRequired": {"a": ["b"]}}),
    "a condition": (PERSON, PERSON | {"if": {"required": ["name"]}, "then": {"minProperties": 2}}),
    "items that end": (
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
    ),
    "anything before": (True, {"type": "string"}),
    "unevaluated": (PERSON, PERSON | {"unevaluatedProperties": False}),
}


@pytest.mark.parametrize(("old", "new"), NARROWER.values(), ids=NARROWER)
def test_less_breaks_who_asks_and_more_breaks_who_is_answered(old, new):
    assert (verdict(asks(old), asks(new)), verdict(asks(new), asks(old))) == (BREAKS, FITS)
    assert (verdict(answers(old), answers(new)), verdict(answers(new), answers(old))) == (FITS, BREAKS)
    inside = [{"type": "array", "items": fields(inner={"anyOf": [s, {"type": "null"}]})} for s in (old, new)]
    if "null" not in str(old) and old not in ({}, True):  # which have null in them as it is
        assert (
            verdict(asks(inside[0]), asks(inside[1])) is BREAKS
            and verdict(answers(*inside[:1]), answers(inside[1])) is FITS
        )


CASES = {  # what stands for itself: (old, new, as a request, as an answer)
    "null beside what takes null already": ({"type": ["string", "null"]}, {"oneOf": [{"type": "null"}, {"type": ["string", "null"]}]},
                                            BREAKS, FITS),
    "first items in another order": ({"type": "array", "prefixItems": [TEXT, NUMBER]}, {"type": "array", "prefixItems": [NUMBER, TEXT]},
                                     BREAKS, BREAKS),
    "a part that describes and closes": ({"allOf": [fields(a={})]}, {"allOf": [fields(a={}), {"description": "x", "additionalProperties": False}]},
                                         BREAKS, BREAKS),
    "values beyond the limit": (TEXT | {"maxLength": 3}, TEXT | {"enum": ["a", "abcd"]}, BREAKS, BREAKS),
    "nothing at all": (TEXT, False, BREAKS, BREAKS),
    "something again": (False, TEXT, FITS, BREAKS),
    "a field that never comes": (fields(a=TEXT), fields(a=False), BREAKS, BREAKS),
    "new field": (fields(), fields(a={}), FITS, FITS),
    "new duty": (fields(), fields(["a"], a={}), BREAKS, FITS),
    "duty with a default": (fields(a={"default": 1}), fields(["a"], a={"default": 1}), BREAKS, FITS),
    "new duty with a default": (fields(), fields(["a"], a={"default": 1}), BREAKS, FITS),
    "field gone": (fields(a={}, b={}), fields(b={}), UNJUDGED, BREAKS),
    "fields no longer named": (fields(a={}), fields(), FITS, BREAKS),
    "field refused": (fields(a={}), fields(more={"additionalProperties": False}), BREAKS, BREAKS),
    "field among typed ones": (
        fields(a={"type": "string"}, more={"additionalProperties": {"type": "string"}}),
        fields(more={"additionalProperties": {"type": "string"}}), FITS, BREAKS,
    ),
    "further fields": (fields(more={"additionalProperties": False}), fields(), FITS, FITS),
    "a map closed": (fields(more={"additionalProperties": {"type": "string"}}), fields(more={"additionalProperties": False}),
                     BREAKS, BREAKS),
    "read-only duty": (fields(a={"readOnly": True}), fields(["a"], a={"readOnly": True}), FITS, FITS),
    "new read-only duty": (fields(), fields(["id"], id={"readOnly": True}), FITS, FITS),
    "read-only field of another type": (fields(a={"type": "string", "readOnly": True}),
                                        fields(a={"type": "integer", "readOnly": True}), FITS, BREAKS),
    "write-only field of another type": (fields(a={"type": "string", "writeOnly": True}),
                                         fields(a={"type": "integer", "writeOnly": True}), BREAKS, FITS),
    "no longer answered": (fields(a={}), fields(a={"writeOnly": True}), FITS, BREAKS),
    "no longer taken": (fields(a={}), fields(a={"readOnly": True}), FITS, FITS),
    "other values": ({"enum": ["a"]}, {"enum": ["b"]}, BREAKS, BREAKS),
    "open values gained": ({"type": "string", "x-extensible-enum": ["a"]}, {"type": "string", "x-extensible-enum": ["a", "b"]},
                           FITS, FITS),
    "open values lost": ({"type": "string", "x-extensible-enum": ["a", "b"]}, {"type": "string", "x-extensible-enum": ["a"]},
                         BREAKS, FITS),
    "other pattern": ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}, UNJUDGED, UNJUDGED),
    "other format": ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, BREAKS, BREAKS),
    "other steps": ({"type": "integer", "multipleOf": 4}, {"type": "integer", "multipleOf": 6}, BREAKS, BREAKS),
    "default": ({"type": "string", "default": "a"}, {"type": "string", "default": "b"}, FITS, FITS),
    "deprecated": ({"type": "string"}, {"type": "string", "deprecated": True}, FITS, FITS),
    "type written down": ({"minLength": 1}, {"type": "string", "minLength": 1}, UNJUDGED, FITS),
    "type no longer written down": ({"type": "string", "minLength": 1}, {"minLength": 1}, FITS, UNJUDGED),
    "type written down, of what it must not be": ({"not": {"minLength": 1}}, {"not": {"type": "string", "minLength": 1}},
                                                  FITS, UNJUDGED),
    "a first item among all items": ({"allOf": [{"type": "array", "prefixItems": [TEXT], "items": False}, {"items": {"enum": ["a"]}}]},
                                     {"allOf": [{"type": "array", "prefixItems": [TEXT], "items": False}, {"items": {}}]}, FITS, BREAKS),
    "any text, of what it must not be": ({"not": {"anyOf": [{"enum": ["a"]}, {"enum": ["a", "b"]}]}}, {"not": TEXT}, BREAKS, FITS),
    "a limit of another type": (TEXT, TEXT | {"maxItems": 3}, BREAKS, FITS),  # authors mean it
    "a field beside a map": (fields(more={"additionalProperties": TEXT}), fields(more={"additionalProperties": TEXT}, a=NUMBER),
                             BREAKS, BREAKS),
    "names like, closed": (
        fields(more={"additionalProperties": False}), fields(more={"additionalProperties": False, "patternProperties": {"^x": TEXT}}),
        FITS, FITS),
    "names no longer like, closed": (
        fields(more={"additionalProperties": False, "patternProperties": {"^x": TEXT}}), fields(more={"additionalProperties": False}),
        BREAKS, BREAKS),
    "names like, beside a map": (
        fields(more={"additionalProperties": NUMBER}), fields(more={"additionalProperties": NUMBER, "patternProperties": {"^x": TEXT}}),
        BREAKS, BREAKS),
    "a password": (TEXT, TEXT | {"format": "password"}, FITS, FITS),
    "any text or these, fewer": ({"anyOf": [TEXT, {"enum": ["a", "b"]}]}, {"anyOf": [TEXT, {"enum": ["a"]}]}, FITS, FITS),
    "any text or these, more": ({"anyOf": [TEXT, {"enum": ["a"]}]}, {"anyOf": [TEXT, {"enum": ["a", "b"]}]}, FITS, FITS),
    "only these, more": ({"oneOf": [{"const": "a", "title": "A"}]}, {"oneOf": [{"const": "a"}, {"const": "b"}]}, FITS, BREAKS),
    "one of two that overlap": ({"oneOf": [TEXT, NUMBER]}, {"oneOf": [TEXT, NUMBER, {"type": "number"}]}, UNJUDGED, BREAKS),
    "one of two, of which one is any type": ({"oneOf": [TEXT, {"type": "array", "minItems": 1}]}, {"oneOf": [TEXT, {"minItems": 1}]},
                                             UNJUDGED, UNJUDGED),
    "one of forms of which one comes to take the other's": (
        {"oneOf": [fields(["a"], a={}), fields(["a", "b"], b={})]}, {"oneOf": [fields(["a"], a={}), fields(["b"], b={})]}, FITS, BREAKS),
    "one of forms of which one comes to need nothing": (
        {"oneOf": [fields(["a"], a={}), fields(["b"], b={})]}, {"oneOf": [fields(["a"], a={}), fields(b={})]}, UNJUDGED, BREAKS),
    "a form that meets one of two that met before": (
        {"oneOf": [fields(["a"], a=TEXT), fields(["a", "c"], a=TEXT), fields(["b"], b={"enum": ["x", "y"]})]},
        {"oneOf": [fields(["a"], a=TEXT), fields(["a", "c"], a=TEXT), fields(["b"], b={"enum": ["x", "y"]}), fields(["b"], b={"enum": ["y"]})]}, UNJUDGED, BREAKS),
    "one of two that met before takes more": (
        {"oneOf": [fields(["a"], a={"enum": ["x"]}), fields(["a", "c"], a=TEXT, c=TEXT)]},
        {"oneOf": [fields(["a"], a={"enum": ["x"]}), fields(["a"], a=TEXT, c=TEXT)]}, UNJUDGED, BREAKS),
    "one more of forms that take the same": (
        {"oneOf": [fields(a=TEXT, b={}), fields(a=TEXT)]}, {"oneOf": [fields(a=TEXT, b={}), fields(a=TEXT), fields(a=TEXT)]}, FITS, BREAKS),
    "one more of forms that a field tells apart": (
        {"oneOf": [CARD | {"required": []}, CASH], "discriminator": {"propertyName": "kind"}},
        {"oneOf": [CARD | {"required": []}, CASH, fields(["kind"], kind=TEXT)], "discriminator": {"propertyName": "kind"}}, FITS, BREAKS),
    "one of forms that were told apart by a type": (
        {"oneOf": [fields(["a"], a=TEXT), fields(["a"], a=NUMBER)]}, {"oneOf": [fields(["a"], a=TEXT), fields(["a"], a={})]}, UNJUDGED, BREAKS),
    "one form, and another that is told apart": (
        {"oneOf": [fields(["a"], a={})]}, {"oneOf": [fields(["a"], a={}), fields(["b"], b={})]}, FITS, BREAKS),
    "one of any at another level": (
        {"anyOf": [{"oneOf": [TEXT, {"type": "number"}]}, NUMBER]}, {"oneOf": [{"oneOf": [TEXT, {"type": "number"}]}, NUMBER]}, UNJUDGED, UNJUDGED),
    "a type that nobody wrote down": ({"minItems": 1}, {"minItems": 1, "required": ["a"]}, UNJUDGED, UNJUDGED),
    "a required field that comes to have a type": (fields(["a"]), fields(["a"], a=TEXT), BREAKS, FITS),
    "both forms at once": (
        fields(["a", "b"], a={}, b={}), {"oneOf": [fields(["a"], a={}, b={}), fields(["b"], a={}, b={})]}, BREAKS, BREAKS),
    "any or one of objects": ({"anyOf": [fields(["a"], a={}), fields(["b"], b={})]},
                              {"oneOf": [fields(["a"], a={}), fields(["b"], b={})]}, UNJUDGED, FITS),
    "any field to one that takes all but text": ({"type": "object"}, fields(a={"oneOf": [{}, TEXT]}), UNJUDGED, FITS),
    "any or one of objects told apart": ({"anyOf": [CARD, CASH]}, {"oneOf": [CARD, CASH]}, "none", "none"),
    "any or one of types": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"oneOf": [{"type": "string"}, {"type": "null"}]},
                            "none", "none"),
    "an extension": ({"type": "string"}, {"type": "string", "x-check": "luhn"}, UNJUDGED, UNJUDGED),
    "an unknown word": ({"type": "string"}, {"type": "string", "$dynamicRef": "#x"}, UNJUDGED, UNJUDGED),
    "what OpenAPI does not have": ({"type": "string"}, {"type": "text"}, UNJUDGED, UNJUDGED),
    "a condition of another kind": (
        {"if": {"required": ["a"]}, "then": {"minProperties": 2}}, {"if": {"required": ["b"]}, "then": {"minProperties": 2}},
        UNJUDGED, UNJUDGED),
    "told apart": ({"oneOf": [CARD, CASH]}, {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "kind"}}, FITS, FITS),
    "told apart by other values": (
        {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "sort", "mapping": {"c": "#/components/schemas/Card"}}},
        {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "sort", "mapping": {"k": "#/components/schemas/Card"}}}, UNJUDGED, UNJUDGED),
    "told apart by the name, as before": (
        {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "kind"}},
        {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "kind", "mapping": {"Card": "#/components/schemas/Card"}}}, FITS, FITS),
    "two values of another type are not all that there are": (
        {"type": "boolean"}, {"type": "boolean", "enum": [-1, "b"]}, BREAKS, FITS),
    "a map, beside which nothing else is taken": (
        fields(more={"additionalProperties": TEXT, "unevaluatedProperties": False}), fields(more={"unevaluatedProperties": False}),
        BREAKS, BREAKS),
    "told apart by another field": ({"oneOf": [CARD, CASH], "discriminator": {"propertyName": "kind"}},
                                    {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "sort"}}, UNJUDGED, FITS),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "asked", "answered"), CASES.values(), ids=CASES)
def test_what_is_not_simply_less_or_more(old, new, asked, answered):
    assert (verdict(asks(old), asks(new)), verdict(answers(old), answers(new))) == (asked, answered)


SPELLINGS = {
    "values with a title each": [{"type": "string", "enum": ["a", "b"]}, {"oneOf": [{"const": "b", "title": "B"}, {"const": "a"}]}],
    "null among the values": [{"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}],
    "a file": [TEXT | {"format": "binary"}, TEXT | {"contentMediaType": "application/octet-stream"}],
    "bytes": [TEXT | {"format": "byte"}, TEXT | {"contentEncoding": "base64"}],
    "whole steps": [NUMBER, NUMBER | {"multipleOf": 1}],
    "what a discriminator names": [
        {"oneOf": [CARD, CASH], "discriminator": {"propertyName": "kind", "mapping": {"c": to}}} for to in ("Card", "#/components/schemas/Card")
    ],
    "null": [{"type": "string", "nullable": True}, {"type": ["null", "string"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}],
    "a list of types": [{"type": ["string", "boolean"]}, {"oneOf": [{"type": "boolean"}, {"type": "string"}]}],
    "one value": [{"type": "string", "const": "a"}, {"type": "string", "enum": ["a"]}],
    "parts": [fields(["a"], a={"type": "string"}), {"allOf": [fields(a={"type": "string"}), {"required": ["a"]}]}],
    "a part that only describes": [fields(a=TEXT), fields(a=TEXT) | {"allOf": [{"title": "x"}]}],
    "any": [{}, True, {"description": "x", "title": "y", "example": 1}],
    "order of forms that overlap": [{"oneOf": [NUMBER, {"type": "number"}, {"not": NUMBER}]},
                                    {"oneOf": [{"type": "number"}, {"not": NUMBER | {"title": "x"}}, NUMBER]}],
    "order": [fields(["a", "b"], a={"enum": [1, 2]}, b={}), fields(["b", "a"], b={}, a={"enum": [2, 1.0]})],
    "bounds": [{"type": "number", "exclusiveMinimum": 1}, {"type": "number", "minimum": 1, "exclusiveMinimum": True}],
    "said or not": [{"type": "string"}, {"type": "string", "minLength": 0, "nullable": False, "readOnly": False}],
    "objects": [{"type": "object"}, {"type": "object", "additionalProperties": True, "properties": {}, "required": []}],
}  # fmt: skip


@pytest.mark.parametrize("spellings", SPELLINGS.values(), ids=SPELLINGS)
def test_two_spellings_of_one_thing_are_no_difference(spellings):
    for other in spellings[1:]:
        for of in (asks, answers):
            one, two = (of(schema, components={"schemas": {"Card": CARD}}) for schema in (spellings[0], other))
            assert differences(one, two) == [] == differences(two, one)


def named(schema, **schemas):
    return answers(schema, components={"schemas": schemas})


def test_a_schema_that_is_named_or_renamed_is_the_same_and_one_that_is_exchanged_is_not():
    pet = {"oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Cash"}]}
    old = named(pet, Card=CARD, Cash=CASH)
    renamed = {"oneOf": [{"$ref": "#/components/schemas/Coin"}, {"$ref": "#/components/schemas/Card"}]}
    assert (
        differences(old, answers({"oneOf": [CASH, CARD]}))
        == differences(old, named(renamed, Card=CARD, Coin=CASH))
        == []
    )
    swapped = {"oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Twin"}]}
    assert (
        verdict(named(pet, Card=CARD, Cash=CASH, Twin=CASH), named(swapped, Card=CARD, Cash=CASH, Twin=CASH)) is BREAKS
    )
    wider = named(pet, Card=CARD, Cash=fields(["kind"], kind={"const": "cash"}, coins={"type": "number"}))
    (found,) = differences(old, wider)
    assert (found.where, found.what) == (
        "POST /orders, answer 200, form Cash, field coins", "type changed from integer to number",
    )  # fmt: skip


def test_what_contains_itself_is_compared_to_its_end():
    def tree(leaf, also=None):
        node = fields(
            leaf={"type": leaf}, left={"$ref": "#/components/schemas/Node"}, right={"$ref": "#/components/schemas/Node"}
        )
        return named({"$ref": "#/components/schemas/Node"}, Node=node | (also or {}))

    assert differences(tree("string"), tree("string")) == []
    places = {change.where for change in differences(tree("string"), tree("integer"))}
    assert "POST /orders, answer 200, field leaf" in places and len(places) < 10
    both = [
        {"$ref": "#/components/schemas/Node"},
        {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/Node"}}},
    ]
    grown = [
        named({"allOf": both}, Node=fields(leaf={"type": leaf}, left={"allOf": both})) for leaf in ("string", "integer")
    ]
    assert verdict(*grown) is BREAKS and differences(grown[0], copy.deepcopy(grown[0])) == []
    itself = named({"$ref": "#/components/schemas/Me"}, Me={"$ref": "#/components/schemas/Me"})
    assert differences(itself, copy.deepcopy(itself)) == [] and differences(itself, answers({"type": "string"}))


def test_a_chain_of_two_thousand_schemas_is_gone_through():
    def chain(last):
        links = {f"S{n}": fields(next={"$ref": f"#/components/schemas/S{n + 1}"}) for n in range(2000)}
        return named({"$ref": "#/components/schemas/S0"}, **links, S2000=last)

    (found,) = differences(chain({"type": "string"}), chain({"type": "integer"}))
    assert found.breaking and found.where.count("field next") == 2000


def test_a_chain_of_choices_within_choices_is_gone_through():
    def chain(last):
        other = fields(["z"], z={})
        links = {f"S{n}": fields(a={"oneOf": [{"$ref": f"#/components/schemas/S{n + 1}"}, other]}) for n in range(150)}
        return named({"$ref": "#/components/schemas/S0"}, **links, S150=last)

    (found,) = differences(chain(TEXT), chain(NUMBER))
    assert found.breaking and found.what == "type changed from object or string to integer or object"


def test_names_of_names_are_followed_and_forms_that_double_have_an_end():
    def names(of):
        return named({"$ref": "#/components/schemas/S0"}, **{f"S{n}": of(f"#/components/schemas/S{n + 1}") for n in range(40)},
                     S40=TEXT)  # fmt: skip

    for of in (lambda to: {"$ref": to}, lambda to: {"oneOf": [{"$ref": to}, {"$ref": to}]}):
        new = names(of)
        new["components"]["schemas"]["S40"] = NUMBER
        assert verdict(names(of), new) in (BREAKS, UNJUDGED) and differences(new, copy.deepcopy(new)) == []


def test_what_was_gone_through_for_one_request_is_found_for_the_next():
    """A leaf that differs, a branch to it, a branch to the branch: each asked for by a request of its own, in any order."""

    def tree(leaf, order):
        schemas = {"Leaf": fields(leaf={"type": leaf}), "Other": fields(same=TEXT)}
        schemas |= {
            "Branch": fields(to={"$ref": "#/components/schemas/Leaf"}, other={"$ref": "#/components/schemas/Other"})
        }
        schemas |= {
            "Root": fields(down={"$ref": "#/components/schemas/Branch"}, up={"$ref": "#/components/schemas/Root"})
        }
        paths = [named({"$ref": f"#/components/schemas/{name}"})["paths"]["/orders"] for name in order]
        return {"paths": dict(zip(map("/{}".format, order), paths, strict=True)), "components": {"schemas": schemas}}

    for order in itertools.permutations(["Leaf", "Other", "Branch", "Root"]):
        places = {change.where for change in differences(tree("string", order), tree("integer", order))}
        assert {
            "POST /Leaf, answer 200, field leaf",
            "POST /Branch, answer 200, field to, field leaf",
            "POST /Root, answer 200, field down, field to, field leaf",
        } <= places and not any("Other" in place for place in places)


def test_where_everything_leads_to_everything_each_request_is_listed_and_what_differs_is_told_a_few_times():
    names = [f"S{n}" for n in range(40)]

    def web(leaf):
        links = {f"to{name}": {"$ref": f"#/components/schemas/{name}"} for name in names}
        schemas = {
            n: fields(**{f"own{k}": {"type": "string", "maxLength": k} for k in range(9)}, **links) for n in names
        }
        schemas["S7"]["properties"]["own0"] = {"type": leaf, "maxLength": 0}
        asked = {f"/{n}": asks({"$ref": f"#/components/schemas/{n}"})["paths"]["/orders"] for n in names}
        return {"paths": asked, "components": {"schemas": schemas}}

    found = differences(web("string"), web("boolean"))
    assert {change.where.split(",")[0] for change in found.breaking} == {f"POST /{name}" for name in names}
    told = [change.where for change in found if change.what == "type changed from string to boolean"]
    assert "POST /S7, request, field own0" in told and len(told) < 20
    assert {change.what for change in found if change.where not in told} == {
        "differs further in, as is listed with other requests"
    }
    assert [*differences(web("string"), web("string"))] == []


def call(*parameters, **rest):
    return document({"parameters": list(parameters), "responses": {}} | rest)


def query(schema, **rest):
    return {"name": "q", "in": "query", "schema": schema} | rest


PARAMETERS = {
    "gone": (call(query(TEXT)), call(), BREAKS),
    "new": (call(), call(query(TEXT)), FITS),
    "new duty": (call(), call(query(TEXT, required=True)), BREAKS),
    "duty": (call(query(TEXT)), call(query(TEXT, required=True)), BREAKS),
    "no duty": (call(query(TEXT, required=True)), call(query(TEXT)), FITS),
    "moved": (call(query(TEXT)), call(query(TEXT) | {"in": "header"}), BREAKS),
    "default": (call(query(TEXT | {"default": "a"})), call(query(TEXT | {"default": "b"})), BREAKS),
    "default of what is always sent": (call(query(TEXT | {"default": "a"}, required=True)), call(query(TEXT, required=True)), FITS),
    "text to text or number": (call(query(TEXT)), call(query({"type": ["string", "integer"]})), FITS),
    "number to text": (call(query(NUMBER)), call(query(TEXT)), FITS),
    "text to number": (call(query(TEXT)), call(query(NUMBER)), BREAKS),
    "number to short text": (call(query(NUMBER)), call(query(TEXT | {"maxLength": 3})), BREAKS),
    "one to many": (call(query(NUMBER)), call(query(LIST)), FITS),
    "one to many joined": (call(query(NUMBER)), call(query(LIST, explode=False)), BREAKS),
    "one to two at least": (call(query(NUMBER)), call(query(LIST | {"minItems": 2})), BREAKS),
    "numbers to texts": (call(query(LIST)), call(query(LIST | {"items": TEXT})), FITS),
    "joined": (call(query(LIST)), call(query(LIST, explode=False)), BREAKS),
    "as it was": (call(query(LIST)), call(query(LIST, explode=True, style="form", allowReserved=False)), "none"),
    "of one value": (call(query(TEXT)), call(query(TEXT, explode=False)), FITS),
    "a header's list, in parts": (call(query(LIST) | {"in": "header"}), call(query(LIST, explode=True) | {"in": "header"}), FITS),
    "style": (call(query(LIST)), call(query(LIST, style="pipeDelimited")), BREAKS),
    "reserved signs": (call(query(TEXT)), call(query(TEXT, allowReserved=True)), FITS),
    "as JSON": (call(query(TEXT)), call({"name": "q", "in": "query", "content": {"application/json": {}}}), BREAKS),
    "a header's case": (call(query(TEXT) | {"in": "header"}), call(query(TEXT) | {"in": "header", "name": "Q"}), "none"),
    "elsewhere described": (call({"$ref": "p.yaml#/q"}), call({"$ref": "p.yaml#/r"}), BREAKS),
    "shared": (call(query(TEXT)), document({"responses": {}}, shared=[query(TEXT)]), "none"),
    "shared, overruled": (call(query(TEXT)), document({"parameters": [query(TEXT)], "responses": {}}, shared=[query(NUMBER)]),
                          "none"),
    "shared and changed": (document({}, shared=[query(TEXT)]), document({}, shared=[query(NUMBER)]), BREAKS),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "judged"), PARAMETERS.values(), ids=PARAMETERS)
def test_parameters(old, new, judged):
    assert verdict(old, new) == judged


def test_a_variable_of_a_path_goes_by_its_position():
    def path(name, schema):
        return document(
            {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema}]}, path=f"/a/{{{name}}}/b"
        )

    assert differences(path("id", TEXT), path("number", TEXT)) == []
    assert verdict(path("id", TEXT), path("number", NUMBER)) is BREAKS
    assert verdict(path("id", TEXT), document({}, path="/a/{id}/c")) is BREAKS
    undescribed = document({}, path="/a/{id}/b")
    assert verdict(undescribed, path("id", TEXT)) is FITS and verdict(undescribed, path("id", NUMBER)) is BREAKS


def body(media=("application/json",), **rest):
    return document({"requestBody": {"content": {name: {"schema": PERSON} for name in media}} | rest, "responses": {}})


def answer(status="200", media=("application/json",), **rest):
    return document({"responses": {status: {"content": {name: {"schema": PERSON} for name in media}} | rest}})


def secured(*ways, **schemes):
    return document({"security": list(ways)}, components={"securitySchemes": schemes})


def stream(schema):
    return document({"responses": {"200": {"content": {"application/jsonl": {"itemSchema": schema}}}}})


KEY, OAUTH = {"type": "apiKey", "in": "header", "name": "X-Key"}, {"type": "oauth2", "flows": {}}
BEARER = {"type": "http", "scheme": "bearer"}
HEADER = {"X-Left": {"schema": NUMBER, "required": True}}
MESSAGES = {
    "body now needed": (body(), body(required=True), BREAKS),
    "body no longer needed": (body(required=True), body(), FITS),
    "body gone": (body(), document({"responses": {}}), BREAKS),
    "body new": (document({"responses": {}}), body(), FITS),
    "body new and needed": (document({"responses": {}}), body(required=True), BREAKS),
    "media type no longer taken": (body(["application/json", "text/csv"]), body(), BREAKS),
    "media type also taken": (body(), body(["application/json", "text/csv"]), FITS),
    "everything taken": (body(), body(["*/*"]), FITS),
    "everything given": (answer(), answer(media=["*/*"]), BREAKS),
    "only JSON given": (answer(media=["*/*"]), answer(), FITS),
    "media type no longer given": (answer(media=["application/json", "text/csv"]), answer(), BREAKS),
    "media type also given": (answer(), answer(media=["application/json", "text/csv"]), FITS),
    "a version of it given": (answer(), answer(media=["application/json; v=1"]), FITS),
    "a version of it taken": (body(), body(["application/json; v=1"]), BREAKS),
    "another version": (answer(media=["application/json; v=1"]), answer(media=["application/json; v=2"]), UNJUDGED),
    "each item of a stream": (stream(NUMBER), stream(TEXT), BREAKS),
    "each item of a stream, wider": (stream({"type": "number"}), stream(NUMBER), FITS),
    "a charset": (answer(), answer(media=["application/json; charset=UTF-8"]), "none"),
    "success gone": (answer("200"), answer("204"), BREAKS),
    "error gone": (answer("404"), document({"responses": {}}), FITS),
    "error new": (document({"responses": {}}), answer("404"), FITS),
    "status as a number": (answer("200"), answer(200), "none"),
    "by its hundred": (answer("200"), answer("2XX"), FITS),
    "by its hundred, in small": (answer("2XX"), answer("2xx"), "none"),
    "one of its hundred": (answer("2XX"), answer("200"), FITS),
    "by default": (answer("200"), answer("default"), FITS),
    "default gone": (answer("default"), answer("404"), BREAKS),
    "header gone": (answer(headers=HEADER), answer(), BREAKS),
    "header new": (answer(), answer(headers=HEADER), FITS),
    "header in another case": (answer(headers=HEADER), answer(headers={"x-left": HEADER["X-Left"]}), "none"),
    "header no longer there": (answer(headers=HEADER), answer(headers={"X-Left": {"schema": NUMBER}}), BREAKS),
    "header of another type": (answer(headers=HEADER), answer(headers={"X-Left": {"schema": TEXT, "required": True}}), BREAKS),
    "links": (answer(), answer(links={"next": {"operationId": "x"}}), UNJUDGED),
    "encoding": (body(), document({"requestBody": {"content": {"application/json": {"schema": PERSON, "encoding": {"a": {}}}}},
                                   "responses": {}}), UNJUDGED),
    "deprecated": (document({}), document({"deprecated": True}), FITS),
    "sign-in": (secured(), secured({"key": []}, key=KEY), BREAKS),
    "sign-in if you like": (secured(), secured({"key": []}, {}, key=KEY), FITS),
    "no sign-in": (secured({"key": []}, key=KEY), secured(key=KEY), FITS),
    "sign-in renamed": (secured({"key": []}, key=KEY), secured({"k": []}, k=KEY), "none"),
    "a sign-in that is asked for and no longer described": (secured({"o": []}, o=OAUTH), secured({"o": []}), UNJUDGED),
    "another sign-in": (secured({"key": []}, key=KEY), secured({"key": []}, key=KEY | {"name": "X-Token"}), BREAKS),
    "a second sign-in to choose": (secured({"key": []}, key=KEY, o=OAUTH), secured({"key": []}, {"o": []}, key=KEY, o=OAUTH), FITS),
    "a second sign-in on top": (secured({"key": []}, key=KEY, o=OAUTH), secured({"key": [], "o": []}, key=KEY, o=OAUTH), BREAKS),
    "a right more": (secured({"o": ["read"]}, o=OAUTH), secured({"o": ["read", "write"]}, o=OAUTH), BREAKS),
    "a right fewer": (secured({"o": ["read", "write"]}, o=OAUTH), secured({"o": ["read"]}, o=OAUTH), FITS),
    "sign-in, spelt otherwise": (secured({"a": []}, a=KEY), secured({"a": []}, a=KEY | {"name": "x-key"}), "none"),
    "bearer, spelt otherwise": (secured({"a": []}, a=BEARER), secured({"a": []}, a=BEARER | {"scheme": "Bearer"}), "none"),
    "sign-in for all": (document({}), document({}, security=[{"key": []}], components={"securitySchemes": {"key": KEY}}), BREAKS),
    "servers": (document({}), document({}, servers=[{"url": "/v2"}]), UNJUDGED),
    "a request's servers": (document({}), document({"servers": [{"url": "/v2"}]}), UNJUDGED),
    "described": (document({"summary": "a", "tags": ["b"], "operationId": "c"}), document({"description": "d"}), "none"),
    "HEAD": (document({}, method="head"), document({}, method="options"), BREAKS),
    "an entry among paths": (document({}, path="x-note"), document({"a": 1}, path="x-note"), UNJUDGED),
    "what nobody uses": (named(TEXT, Old=TEXT), named(TEXT), FITS),
    "what nobody uses, unless a discriminator means it": (
        named({"discriminator": {"propertyName": "k"}}, Old=CARD), named({"discriminator": {"propertyName": "k"}}), UNJUDGED),
    "what nobody signs in with": (secured(key=KEY), secured(), FITS),
    "an unknown entry": (document({}), document({}, colour="red"), UNJUDGED),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "judged"), MESSAGES.values(), ids=MESSAGES)
def test_bodies_answers_headers_and_sign_in(old, new, judged):
    assert verdict(old, new) == judged


FREE, LISTED = {"type": "object"}, {"const": {"name": 5}}
ONE = {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
OPEN, EITHER = PERSON | {"additionalProperties": True}, {"oneOf": [{}, PERSON]}


@pytest.mark.parametrize(
    ("old", "new", "judged"),
    [
        (asks(LISTED), asks(PERSON), UNJUDGED),  # the one object that was taken is no person
        (answers(FREE | {"additionalProperties": False}), answers(LISTED), UNJUDGED),
        (asks(LISTED), asks(FREE), FITS),
        (asks(FREE), asks(PERSON), UNJUDGED),  # a name that is no text was welcome
        (asks(OPEN), asks(OPEN | {"properties": PERSON["properties"] | {"age": NUMBER}}), UNJUDGED),
        (asks(FREE), asks(fields(name={})), FITS),
        (asks(fields(a=TEXT)), asks(fields(a=TEXT, b=NUMBER)), FITS),  # an open object, as most are written
        (asks(FREE), asks(fields(a=EITHER)), UNJUDGED),  # no person was refused as long as nobody looked
        (answers(EITHER), answers(PERSON), UNJUDGED),
        (answers({"oneOf": [CARD, CASH]}), answers(CARD), FITS),
        (asks(fields(a=TEXT, b=TEXT) | ONE), asks(fields(a=TEXT, b=TEXT)), FITS),  # one object, of fewer duties
        (asks(fields(a=TEXT, b=TEXT)), asks(fields(a=TEXT, b=TEXT) | ONE), BREAKS),
    ],
)  # fmt: skip
def test_no_all_clear_where_an_object_may_hold_what_is_not_named(old, new, judged):
    assert verdict(old, new) == judged


def sent(operation, method="post", **rest):
    """By the API itself, to who asked to be told of it."""
    return document({}, webhooks={"told": {method: operation}}, **rest)


def only(made):
    return made["paths"]["/orders"]["post"]


TOLD = {
    "new": (document({}), sent({}), FITS),
    "gone": (sent({}), document({}), BREAKS),
    "by another method": (sent({}), sent({}, "put"), BREAKS),
    "body no longer there": (sent(only(body(required=True))), sent(only(body())), BREAKS),
    "body always there": (sent(only(body())), sent(only(body(required=True))), UNJUDGED),
    "body gone": (sent(only(body())), sent({}), BREAKS),
    "body new": (sent({}), sent(only(body())), FITS),
    "in another notation": (sent(only(body())), sent(only(body(["text/csv"]))), BREAKS),
    "in a further notation": (sent(only(body())), sent(only(body(["application/json", "text/csv"]))), UNJUDGED),
    "parameter new": (sent({}), sent(only(call(query(TEXT, required=True)))), UNJUDGED),
    "parameter new, at times": (sent({}), sent(only(call(query(TEXT)))), FITS),
    "parameter gone": (sent(only(call(query(TEXT)))), sent({}), BREAKS),
    "parameter no longer there": (sent(only(call(query(TEXT, required=True)))), sent(only(call(query(TEXT)))), BREAKS),
    "parameter of another type": (sent(only(call(query(NUMBER)))), sent(only(call(query(TEXT)))), BREAKS),
    "success no longer taken": (sent(only(answer("200"))), sent(only(answer("204"))), BREAKS),
    "all success but one no longer taken": (sent(only(answer("2XX"))), sent(only(answer("200"))), BREAKS),
    "an error no longer taken": (sent(only(answer("410"))), sent({}), UNJUDGED),
    "a status taken": (sent({}), sent(only(answer("410"))), FITS),
    "a header asked for": (sent(only(answer())), sent(only(answer(headers=HEADER))), BREAKS),
    "a header, if you like": (sent(only(answer())), sent(only(answer(headers={"X-Left": {"schema": TEXT}}))), FITS),
    "sign-in": (sent({}), sent({"security": [{"key": []}]}, components={"securitySchemes": {"key": KEY}}), UNJUDGED),
    "same sign-in": (sent({"security": []}), sent({}), "none"),
    "a field more": (sent(only(asks(fields(a={})))), sent(only(asks(fields(a={}, b=TEXT)))), FITS),
    "a field that is always there": (
        sent(only(asks(fields(a={})))),
        sent(only(asks(fields(["b"], a={}, b=TEXT)))),
        UNJUDGED,
    ),
    "deprecated": (sent({}), sent({"deprecated": True}), FITS),
    "an unknown entry": (sent({}), sent({"colour": "red"}), UNJUDGED),
    "callback gone": (document({"callbacks": {"done": {"{$url}": {"post": {}}}}}), document({}), BREAKS),
    "callback new": (document({}), document({"callbacks": {"done": {"{$url}": {"post": {}}}}}), FITS),
}


@pytest.mark.parametrize(("old", "new", "judged"), TOLD.values(), ids=TOLD)
def test_what_the_api_sends_of_itself(old, new, judged):
    assert verdict(old, new) == judged


def test_webhooks_are_those_by_their_name_of_before_too():
    """GitHub's contract, in OpenAPI 3.0, has them as x-webhooks; 3.1 calls them webhooks."""

    def earlier(made):
        return {("x-" * (name == "webhooks") + name): value for name, value in made.items()}

    told = sent(only(body(required=True)))
    assert verdict(earlier(told), earlier(sent(only(body())))) == BREAKS
    assert verdict(earlier(told), told) == "none"


@pytest.mark.parametrize(("wide", "narrow"), NARROWER.values(), ids=NARROWER)
def test_a_client_reads_what_the_api_sends_as_it_reads_an_answer_and_answers_as_it_asks(wide, narrow):
    def callback(operation):
        return document({"callbacks": {"done": {"{$url}": {"post": operation}}}})

    def back(operation):  # a request of the client's again
        return sent({"callbacks": {"done": {"{$url}": {"post": operation}}}})

    for old, new in ((wide, narrow), (narrow, wide)):
        read, written = verdict(answers(old), answers(new)), verdict(asks(old), asks(new))

        def cleared_by_both(own, other):
            return UNJUDGED if own is not BREAKS and other is BREAKS else own

        for told in (sent, callback):
            assert verdict(told(only(asks(old))), told(only(asks(new)))) is cleared_by_both(read, written)
            assert verdict(told(only(answers(old))), told(only(answers(new)))) is cleared_by_both(written, read)
        assert verdict(back(only(asks(old))), back(only(asks(new)))) == written


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "text/plain"]
)
def test_what_travels_as_text_may_become_text(media):
    asked, answered = (
        {"requestBody": {"content": {media: {}}}, "responses": {}},
        {"responses": {"200": {"content": {media: {}}}}},
    )

    def of(operation, schema):
        made = document(copy.deepcopy(operation))
        node = made["paths"]["/orders"]["post"]
        inside = node.get("requestBody") or node["responses"]["200"]
        inside["content"][media]["schema"] = schema if media == "text/plain" else fields(a=schema)
        return made

    assert verdict(of(asked, NUMBER), of(asked, TEXT)) is FITS and verdict(of(asked, TEXT), of(asked, NUMBER)) is BREAKS
    assert verdict(of(answered, TEXT), of(answered, NUMBER)) is FITS
    assert verdict(of(answered, NUMBER), of(answered, TEXT)) is BREAKS


def test_a_change_within_a_shared_part_is_found_wherever_the_part_is_used():
    def shared(schema):
        parts = {
            "parameters": {"Q": query(schema)},
            "responses": {"Bad": answer()["paths"]["/orders"]["post"]["responses"]["200"]},
        }
        use = {
            "parameters": [{"$ref": "#/components/parameters/Q"}],
            "responses": {"400": {"$ref": "#/components/responses/Bad"}},
        }
        return document(use, components=parts)

    (found,) = differences(shared(NUMBER), shared(TEXT | {"format": "date"}))[:1]
    assert found.breaking and found.where == "POST /orders, parameter q"
    assert (
        differences(shared(TEXT), call(query(TEXT), responses=answer("400")["paths"]["/orders"]["post"]["responses"]))
        == []
    )


def test_the_page_groups_what_breaks_what_was_not_judged_and_what_fits():
    old, new = (
        answers(fields(a=TEXT, b=TEXT, c={"enum": ["x"]})),
        answers(fields(a=NUMBER, b=TEXT | {"x-b": 1}, c={"enum": ["x"]}, d={})),
    )
    found = differences(old, new)
    assert [change.breaking for change in found] == [True, None, False]
    assert len(found.breaking) == len(found.not_judged) == 1
    page = found._repr_html_()
    assert page.index("1 change breaks") < page.index("differs, not judged") < page.index("field d is new")
    assert "No difference was found" in differences(old, old)._repr_html_()


def test_a_schema_is_read_without_grammars_that_nobody_asks_for_and_others_still_find_them(tmp_path):
    (tmp_path / "rfc3987_syntax.py").write_text("")  # the real one takes seconds, whoever imports it
    code = """
import sys
from pmtech.web.client.openapi.examples import Schemas
assert Schemas({"openapi": "3.1.0", "paths": {}}).misfits("a", {"type": "integer"})
assert "jsonschema" in sys.modules and "rfc3987_syntax" not in sys.modules
import rfc3987_syntax
from pmtech.web.schemas import validator
validator()
assert sys.modules["rfc3987_syntax"] is rfc3987_syntax
"""
    path = os.pathsep.join([str(tmp_path), *sys.path])
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, check=True)
