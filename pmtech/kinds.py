"""What a function asks for, held against what it was given: a sentence where Python would die of another kind of value.

Only a call that fails is looked at: a function's own sentence, which knows more, comes first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from inspect import Parameter, isfunction, signature
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pmtech.theory.checks import as_number
from pmtech.wording import nearest

T = TypeVar("T", bound=Callable)
WORDS = {str: "text", bool: "True or False", int: "a whole number", float: "a number", NoneType: "None"}
WORDS |= dict.fromkeys([dict, Mapping], "values by name, {...: ...}") | dict.fromkeys([tuple, list, Iterable], "a list")
SUCH_AS = {"Api": "the running API, such as start_api()", "Copies": "what start_copies() gave", "Path": "a file's name"}
SUCH_AS |= {"System": "a system such as Clients() >> Server()", "Result": "a run, such as simulate(system)"}
SUCH_AS |= {"Repository": "the repository, such as shop = repository()", "DataFlow": "what data_flow(...) gave"}
SUCH_AS |= {"Deploy": 'a new version, such as Deploy("server", errors=0.1)', "Comparison": "what compare(...) gave"}


def explained(thing: T) -> T:
    """A function, or a class with its public methods: what Python says of a value of another kind becomes a ValueError with a
    sentence that names the argument."""
    if isinstance(thing, type):
        for name, method in list(vars(thing).items()):
            if isfunction(method) and not name.startswith("_"):
                setattr(thing, name, explained(method))
        return thing

    @wraps(thing)
    def call(*args, **kwargs):
        try:
            return thing(*args, **kwargs)
        except (TypeError, AttributeError, LookupError, ArithmeticError) as error:
            if (said := _misfit(thing, args, kwargs)) is None:
                raise  # a slip that Python says well, or a fault of ours
            raise ValueError(said) from error

    return call  # type: ignore[return-value]


class Known(dict):
    """Things by their names; a name that is none of them is refused in a sentence. what: "part"."""

    def __init__(self, what: str, things: Iterable):
        super().__init__(things)
        self.what = what

    def __missing__(self, name):
        raise ValueError(f'there is no {self.what} "{name}": {nearest(name, self)}')


def _misfit(function: Callable, args: tuple, kwargs: dict[str, Any]) -> str | None:
    """The argument that is of another kind than the function asks for; None: there is none."""
    asked = signature(function)
    try:
        given, hints = asked.bind(*args, **kwargs).arguments, get_type_hints(function)
    except (TypeError, NameError):  # one is missing, or too many; a kind is named for the type checker alone
        return None
    for name in filter(hints.__contains__, given):
        kind = asked.parameters[name].kind
        values = given[name].values() if kind == Parameter.VAR_KEYWORD else given[name]
        for value in values if kind in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL) else [values]:
            if not _fits(value, hints[name]):
                got = repr(value) if len(repr(value)) < 100 else f"a {type(value).__name__}"
                return f"{function.__name__} needs {_in_words(hints[name])} as {name}, got {got}"
    return None


def _fits(value: Any, hint: Any) -> bool:
    """Is it of that kind, with all that it holds? An iterator is not looked into, which would use it up."""
    kind, inside = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inside)
    if kind in (int, float):
        return (number := as_number(value)) is not None and (kind is float or isinstance(number, int))
    if kind is Any or not isinstance(kind, type):
        return True
    if not isinstance(value, kind):
        return False
    if isinstance(value, Mapping):
        return all(_fits(one, of) for pair in value.items() for one, of in zip(pair, inside, strict=False))
    return not inside or not isinstance(value, Collection) or all(_fits(one, inside[0]) for one in value)


def _in_words(hint: Any) -> str:
    """ "text or None", "a number"."""
    kind, inside = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(_in_words, inside)))
    return WORDS.get(kind) or SUCH_AS.get(kind.__name__) or f"{kind.__name__}(...)"
