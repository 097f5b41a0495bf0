"""Every field of every component refuses what makes no sense, in a sentence that names field, value and bound."""

import dataclasses
import math
import re
from contextlib import suppress

import numpy as np
import pytest

from pmtech import (
    CDN,
    Autoscale,
    Change,
    Clients,
    Deploy,
    Errors,
    Outage,
    Profile,
    Purge,
    Server,
    Surge,
    Throttle,
    Users,
    components,
)
from pmtech.components.component import Component

ALL = [getattr(components, name) for name in components.__all__]
COMPONENTS = [cls for cls in ALL if issubclass(cls, Component)]
FIELDS = [(cls, f) for cls in ALL for f in dataclasses.fields(cls)]


def of_kind(*kinds):
    return [(cls, f.name, f.metadata) for cls, f in FIELDS if f.metadata.get("kind") in kinds]


# class, field, (what above, least and greatest it takes); "above 0" is not itself allowed
ABOVE = "above"
NUMBERS = [
    (cls, name, (m["least"], m["most"]) if m["above"] is None else (ABOVE, m["above"], m["most"]))
    for cls, name, m in of_kind("number", "whole")
]
WORDS = {(cls, name): list(m["options"]) for cls, name, m in of_kind("word")}
YES_NO = [(cls, name) for cls, name, _ in of_kind("yes or no")]
BESIDE = {(components.Autoscale, "least"): {"most": 1000}}  # what has to be said with it
OPTIONAL = {(cls, f.name) for cls, f in FIELDS if f.metadata["optional"]}


def test_every_field_is_checked():
    assert len(COMPONENTS) >= 15
    assert [f"{cls.__name__}.{f.name}" for cls, f in FIELDS if "check" not in f.metadata] == []


ODD = [0, -1, 2.5, 10**400, math.inf, math.nan, None, True, "x", "", b"a", [], (), {}, {"a": 1}, np.array([1, 2]), 1j]
ODD += [np.int64(3), [1], [[1]], [(0, 1), (1,)], {"a": [[1]]}, [{}], object()]


@pytest.mark.parametrize(("cls", "field"), [(cls, f.name) for cls, f in FIELDS])
def test_whatever_is_given_is_taken_or_refused_in_a_sentence(cls, field):
    for odd in ODD:
        with suppress(ValueError):
            made = cls(**{field: odd})
            assert hash(made) == hash(cls(**{field: getattr(made, field)}))


def test_numbers_of_numpy_are_numbers_inside_of_others_too():
    steps, shares = np.arange(3), np.linspace(0, 1, 3, dtype=np.float32)
    curve = components.Profile(list(zip(steps, shares, strict=True)))
    assert curve == components.Profile(((0, 0), (1, 0.5), (2, 1)))
    made = Clients(endpoints={"/a": steps[2]}, kb={"/a": shares[1]}, profile=curve)
    assert repr(made.endpoints) == "{'/a': 2}" and repr(made.kb) == "{'/a': 0.5}"
    assert repr(components.Autoscale(schedule=[(steps[1], steps[2])])) == "Autoscale(schedule=((1, 2),))"
    assert Deploy("server", steps=[(steps[1], shares[1])]).steps == ((1, 0.5),)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Clients(profile=3), "profile must be a Profile(...), a Day(...), a Surge(...) or None, got 3"),
        (lambda: Clients.in_places(3), 'in_places needs several cities, such as ("Mumbai", "London"), got 3'),
        (lambda: components.CDN(edges=("Mumbai", "mumbai")), "edges must be different cities such as"),
        (lambda: components.CDN(edges=[["Mumbai"]]), "edges must be a city that the map knows, got ['Mumbai']"),
        (lambda: components.Autoscale(schedule=((math.inf, 2),)), "schedule must be pairs of"),
        (lambda: Deploy("server", steps=[1]), "steps must be pairs of"),
        (lambda: Change(["a"], 1), "path must be text such as \"server.workers\", got ['a']"),
        (lambda: Purge(3), 'name must be text such as "cdn", got 3'),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make()


def refused(cls, field, value):
    with pytest.raises(ValueError) as error:
        cls(**{field: value})
    sentence = str(error.value)
    assert sentence.startswith(f"{field} ") or sentence.startswith(f"{field}:"), sentence
    return sentence


@pytest.mark.parametrize(("cls", "field", "bounds"), NUMBERS)
def test_a_number_keeps_within_its_bounds(cls, field, bounds):
    *above, least, greatest = bounds
    for value in (greatest, *([] if above else [least])):
        assert getattr(cls(**{field: value}, **BESIDE.get((cls, field), {})), field) == value
    over = greatest + 1
    assert re.fullmatch(rf"{field} must be at most [\d,.e+]+, got [\d,.e+]+", refused(cls, field, over))
    bound = f"more than {least:,g}" if above else f"at least {least:,g}"
    assert refused(cls, field, -1) == f"{field} must be {bound}, got -1"
    if least or above:
        assert refused(cls, field, 0) == f"{field} must be {bound}, got 0"


@pytest.mark.parametrize(("cls", "field", "bounds"), NUMBERS)
def test_a_number_is_a_finite_number(cls, field, bounds):
    for wrong in (math.nan, math.inf, -math.inf, "8", "", b"8", True, False, [8], (8,), {}, 8j, object()):
        sentence = refused(cls, field, wrong)
        assert re.match(rf"{field} must be a (finite |whole )?number, got ", sentence)
        assert sentence.endswith(f"got {wrong!r}")
    if (cls, field) not in OPTIONAL:
        assert refused(cls, field, None).endswith("number, got None")
    else:
        assert getattr(cls(**{field: None}), field) is None


@pytest.mark.parametrize(
    ("cls", "field"),
    [(cls, name) for cls, name, _ in of_kind("whole")],
)
def test_a_count_is_whole(cls, field):
    assert refused(cls, field, 2.5) == f"{field} must be a whole number, got 2.5"
    for two in (2, 2.0, np.int64(2), np.float64(2)):
        made = getattr(cls(**{field: two}), field)
        assert made == 2 and isinstance(made, int)


@pytest.mark.parametrize("wrong", [10**400, np.array([1.0, 2.0]), np.bool_(True)])
def test_odd_numbers_are_refused_in_a_sentence(wrong):
    refused(Server, "service_ms", wrong)


def test_a_count_of_any_size_is_refused_in_a_sentence():
    assert refused(Server, "workers", 10**400).startswith("workers must be at most 100,000")


def test_numbers_of_numpy_are_numbers_wherever_they_stand():
    """They are kept as Python's own, so that a value can be written down."""
    two, half = np.int64(2), np.float32(0.5)
    for made, plain in (
        (
            Clients(rate_per_s=two, endpoints={"/": half}, kb={"/": two}),
            Clients(rate_per_s=2, endpoints={"/": 0.5}, kb={"/": 2}),
        ),
        (Profile(((np.int64(0), half), (two, two))), Profile(((0, 0.5), (2, 2)))),
        (Autoscale(schedule=((half, two),)), Autoscale(schedule=((0.5, 2),))),
        (Deploy("server", steps=[(np.int64(0), half)]), Deploy("server", steps=((0, 0.5),))),
    ):
        assert made == plain and repr(made) == repr(plain)


@pytest.mark.parametrize("wrong", [(1, 2), 5, "x", ((0, "a"),), ((0, math.nan),), ((0, 10**400),)])
def test_what_is_no_table_is_refused_in_a_sentence(wrong):
    for cls, field in (
        (Autoscale, "schedule"),
        (Deploy, "steps"),
        (Profile, "points"),
        (Clients, "profile"),
        (CDN, "edges"),
    ):
        with pytest.raises(ValueError, match=f"{field}|in a profile"):
            cls(**{field: wrong}, **({"name": "server"} if cls is Deploy else {}))


def test_a_name_has_a_letter_or_a_digit():
    refused(Server, "name", "_")


def test_equal_values_have_equal_hashes():
    one, other = Clients(endpoints={"/a": 1, "/b": 2}), Clients(endpoints={"/b": 2, "/a": 1})
    assert one == other and hash(one) == hash(other)


def test_weights_can_not_be_merged_into():
    weights = Clients(endpoints="/a").endpoints
    with pytest.raises(TypeError, match="weights can't be changed"):
        weights |= {"/b": 1}


@pytest.mark.parametrize("cls_field", WORDS)
def test_a_word_is_one_of_a_few(cls_field):
    (cls, field), words = cls_field, WORDS[cls_field]
    for word in words:
        assert getattr(cls(**{field: word}), field) == word
    assert getattr(cls(), field) == words[0]
    for wrong in ("Round Robin", "", None, 3, [words[0]], True):
        assert refused(cls, field, wrong) == f"{field} must be one of {', '.join(words)}; got {wrong!r}"


@pytest.mark.parametrize(("cls", "field"), YES_NO)
def test_yes_or_no(cls, field):
    for wrong in (1, 0, "yes", None, math.nan, []):
        assert refused(cls, field, wrong) == f"{field} must be True or False, got {wrong!r}"


@pytest.mark.parametrize("field", ["priority", "shed"])
def test_endpoints_are_words(field):
    assert getattr(Throttle(**{field: "/a"}), field) == ("/a",)
    assert getattr(Throttle(**{field: ["/a", "/b"]}), field) == ("/a", "/b")
    for wrong in (3, None, ("/a", 3), {"/a": 1}, math.nan):
        expected = f'{field} must be endpoints such as ("/submit", "/dashboard"), got {wrong!r}'
        assert refused(Throttle, field, wrong) == expected


@pytest.mark.parametrize("cls", [Clients, Users])
def test_weights_of_endpoints(cls):
    assert cls(endpoints="/a").endpoints == {"/a": 1}
    assert cls(endpoints={"/a": 2.5, "/b": 0}).endpoints == {"/a": 2.5, "/b": 0}
    for wrong in (None, 3, [], {}, ["/a"], math.nan, True):
        expected = f'endpoints must be endpoints with weights such as {{"/submit": 1}}, got {wrong!r}'
        assert refused(cls, "endpoints", wrong) == expected
    assert refused(cls, "endpoints", {3: 1}) == "endpoints must have words as keys, got 3"
    for wrong in (-1, math.nan, math.inf, "1", None, True):
        expected = f'endpoints: the weight of "/a" must be a number of at least 0, got {wrong!r}'
        assert refused(cls, "endpoints", {"/a": wrong}) == expected
    for wrong, said in ((10**400, "a huge number"), (1e300, "a huge number"), (2e9, "2,000,000,000")):
        expected = f'endpoints: the weight of "/a" must be at most 1,000,000,000, got {said}'
        assert refused(cls, "endpoints", {"/a": wrong}) == expected
    assert refused(cls, "endpoints", {"/a": 0}) == "endpoints must have at least one weight above 0"


@pytest.mark.parametrize("cls", [Clients, Users])
def test_a_surge_is_a_surge(cls):
    assert cls(surge=None).surge is None
    for wrong in (3, (20, 10, 5), "surge", True):
        assert refused(cls, "surge", wrong) == f"surge must be a Surge(...) or None, got {wrong!r}"


@pytest.mark.parametrize("cls", COMPONENTS)
def test_a_name_is_a_few_words(cls):
    assert cls("Company A").name == cls(name="Company A").name == "Company A"
    for wrong in ("", "  ", "!", True, ["a"]):
        assert refused(cls, "name", wrong) == f'name must be a few words such as "Company A", got {wrong!r}'
    with pytest.raises(
        ValueError, match=r'"Company A", got 1000 \(say which number it is, as in Server\(workers=1000\)\)$'
    ):
        cls(1000)


@pytest.mark.parametrize("cls", ALL)
def test_an_unknown_argument_is_answered_with_the_nearest(cls):
    field = dataclasses.fields(cls)[-1].name
    with pytest.raises(TypeError, match=f'{cls.__name__} has no "{field}x": did you mean .*{field}'):
        cls(**{f"{field}x": 1})
    with pytest.raises(TypeError, match=f'{cls.__name__} has no "qqqqqq": there is .*{field}'):
        cls(qqqqqq=1)


@pytest.mark.parametrize("cls", COMPONENTS)
def test_all_but_the_name_is_given_by_name(cls):
    with pytest.raises(TypeError):
        cls("A name", 8)


@pytest.mark.parametrize("cls", ALL)
def test_a_component_is_a_frozen_value_that_works_without_arguments(cls):
    assert cls() == cls() and hash(cls()) == hash(cls())
    assert repr(cls()) == f"{cls.__name__}()"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(cls(), dataclasses.fields(cls)[0].name, 1)


def test_a_repr_makes_the_same_value_again():
    for part in (
        Server("Checkout", workers=3, queue_limit=0, blocking=False),
        Clients("A", endpoints={"/a": 1, "/b": 2.5}, surge=Surge(1, 2, 3)),
        Throttle(priority=("/a", "/b"), max_wait_s=2),
    ):
        assert eval(repr(part)) == part


def test_weights_can_not_be_changed_behind_the_back_of_a_value():
    weights = Clients(endpoints={"/a": 1, "/b": 2}).endpoints
    changes = [
        lambda w: w.__setitem__("/a", 3), lambda w: w.__delitem__("/a"), lambda w: w.update({"/c": 1}),
        lambda w: w.update(c=1), lambda w: w.pop("/a"), lambda w: w.popitem(), lambda w: w.clear(),
        lambda w: w.setdefault("/c", 1),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(TypeError, match="weights can't be changed"):
            change(weights)
    assert weights == {"/a": 1, "/b": 2}


def test_the_settings_of_events():
    for wrong in (-1, math.nan, math.inf, "1", None, True):
        for event in (Change, Outage):
            with pytest.raises(ValueError, match=r"^at_s must be .*, got "):
                event(
                    **{"path" if event is Change else "name": "server", **({"value": 1} if event is Change else {})},
                    at_s=wrong,
                )
    for wrong in (None, 3, ["server"]):
        with pytest.raises(ValueError, match="must be text such as"):
            Change(wrong, 1)
        with pytest.raises(ValueError, match="must be text such as"):
            Errors(wrong)
    for field in ("for_s", "count"):
        with pytest.raises(ValueError, match=rf"^{field} must be .*, got 0"):
            Outage("server", **{field: 0})
