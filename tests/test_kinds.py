"""Whatever a learner hands to a public name, what comes back is an answer or a sentence, never Python's own words."""

import ast
import linecache
import math
import traceback
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from inspect import Parameter, isclass, isfunction, signature
from pathlib import Path

import pytest

import pmtech
from pmtech import Clients, Deploy, Server, System
from pmtech.kinds import explained

PACKAGE = Path(pmtech.__file__).parent
SHOP = Clients() >> Server()
RUN = pmtech.simulate(SHOP, duration_s=1)
ODD = [[], {}, None, -1, math.nan, "", "x" * 500, b"x", object(), SHOP, RUN, Server, Server(), [None], {"x": [1]}, {1}]
VALID = {
    "system": SHOP,
    "result": RUN,
    "run": RUN,
    "runs": {"a": RUN},
    "designs": {"a": SHOP, "b": SHOP},
    "at": "server",
}
VALID |= {"values": {"server.workers": [1]}, "deploy": Deploy("server"), "held": {"server": "names"}, "at_s": 0.5}
VALID |= {"users_per_day": 1e5, "requests_per_user": 9, "availability": 0.999, "error_share": 0.1, "worse": 0.1}
VALID |= {"path": "server.workers", "low": 1, "high": 9, "options": (1, 2), "name": "server", "number": 0}
SPLAT = Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD
# What Python gives numpy to count with, inside a model; a lesson never calls these.
ELSEWHERE = {"theory", "fidelity"}  # a room, whose formulas are tested there; and "" is in every model's name
INSIDE = {"after", "before", "reached", "describe", "notify_change"}


def test_a_value_of_another_kind_is_named_in_a_sentence():
    @explained
    def plays(run: System, *times: float, words: dict[str, str] | None = None, of: Iterable[int] = ()) -> float:
        return run.parts[0].rate_per_s + sum(times) + len("".join((words or {}).values())) + sum(of)

    assert plays(SHOP, 1, 2.5, words={"a": "bc"}, of=[1]) == pytest.approx(10 + 3.5 + 2 + 1)
    for call, said in [
        (lambda: plays(3), "plays needs a system such as Clients() >> Server() as run, got 3"),
        (lambda: plays(SHOP, 1, "2"), "plays needs a number as times, got '2'"),
        (lambda: plays(SHOP, words={"a": 1}), "plays needs values by name, {...: ...} or None as words, got {'a': 1}"),
        (lambda: plays(SHOP, of=5), "plays needs a list as of, got 5"),
        (lambda: plays(SHOP, of=["x" * 500]), "plays needs a list as of, got a list"),
    ]:
        with pytest.raises(ValueError) as refused:
            call()
        assert str(refused.value) == said


def test_a_fault_of_the_function_itself_stays_what_it_is():
    @explained
    def faulty(run: System) -> None:
        run.no_such_thing  # noqa: B018

    with pytest.raises(AttributeError):
        faulty(SHOP)
    with pytest.raises(TypeError, match="missing 1 required"):
        faulty()


@pytest.mark.parametrize(
    "call",
    [
        lambda: pmtech.ask([]), lambda: pmtech.check({}), lambda: pmtech.sort([]), lambda: pmtech.reveal([], None),
        lambda: pmtech.machine([]), lambda: pmtech.meeting(None), lambda: pmtech.brief("x"), lambda: pmtech.join(3),
        lambda: pmtech.hostile_input(3), lambda: pmtech.hit_ratios([], SHOP, servers=3), lambda: pmtech.start_api(sign_in=3),
        lambda: pmtech.cold_starts([]), lambda: SHOP.save(""), lambda: System.open({}), lambda: System(3),
        lambda: SHOP.label("shop"), lambda: RUN.backlog("shop"), lambda: RUN.backlog([]), lambda: RUN.offers("shop"),
        lambda: pmtech.demand(9, 9).in_months([]), lambda: pmtech.plan(SHOP).needs(3), lambda: SHOP.told("server"),
    ],
)  # fmt: skip
def test_the_slip_is_a_value_error(call):
    with pytest.raises(ValueError, match=r"^\S+ .* \S+"):
        call()


def arguments(function) -> dict[str, Parameter]:
    if is_dataclass(function) and isclass(function):
        return {f.name: Parameter(f.name, Parameter.KEYWORD_ONLY, default=Parameter.empty if f.default is MISSING is
                f.default_factory else f.default) for f in fields(function)}  # fmt: skip
    return dict(signature(function).parameters)


def called(function, argument: str, odd) -> object:
    """`function` with one odd value, and with values that fit where it needs more."""
    known = arguments(function)
    given = {
        name: VALID.get(name, "x") for name, one in known.items() if one.default is one.empty and one.kind not in SPLAT
    }
    if known[argument].kind is Parameter.VAR_POSITIONAL:
        return function(*given.values(), odd)
    return function(**given | {"x" if known[argument].kind in SPLAT else argument: odd})


@cache
def raised(file: str) -> list[range]:
    """The lines of a file on which it raises an error in words of its own."""
    nodes = ast.walk(ast.parse("".join(linecache.getlines(file))))
    return [range(node.lineno, node.end_lineno + 1) for node in nodes if isinstance(node, ast.Raise)]


def in_own_words(error: Exception) -> bool:
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = PACKAGE in Path(last.filename).parents and any(last.lineno in lines for lines in raised(last.filename))
    return ours and isinstance(error, ValueError | TypeError | ImportError)


def slips(function) -> list[str]:
    found = []
    for argument, one in arguments(function).items():
        if isinstance(one.default, bool) and not isclass(function):
            continue  # a switch: of whatever is given, it can be asked whether it is true
        for odd in ODD:
            try:
                made = called(function, argument, odd)
                if function is pmtech.room:
                    made.close()  # None is a room that is kept nowhere
            except Exception as error:  # noqa: BLE001  any kind is what is looked for
                if not in_own_words(error):
                    found.append(f"{argument}={odd!r:.40}: {error!r:.90}")
    return found


@pytest.mark.parametrize("name", sorted({*pmtech.__all__} - ELSEWHERE))
def test_no_public_name_dies_of_a_value_of_another_kind(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert slips(getattr(pmtech, name)) == []


@pytest.mark.parametrize("made", ["System", "Result", "plan", "demand", "sketch", "peak_day", "promise"])
def test_nor_does_a_method_of_what_they_give(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"plan": [SHOP], "demand": [1e5, 9], "sketch": [SHOP], "promise": [0.999]}.get(made, [])
    thing = {"System": SHOP, "Result": RUN}.get(made) or getattr(pmtech, made)(*given)
    names = {name for kind in type(thing).__mro__ if kind.__module__.startswith("pmtech") for name in vars(kind)}
    names = {name for name in names - INSIDE if not name.startswith("_") and isfunction(getattr(type(thing), name))}
    assert [slip for name in sorted(names) for slip in slips(getattr(thing, name))] == []
