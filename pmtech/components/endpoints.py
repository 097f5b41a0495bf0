"""Fields that hold endpoints: a few of them, how often each is asked for, how large its answers are."""

from typing import Any

from pmtech.components.fields import bounded, checked, plain_number


def endpoints_tuple() -> Any:
    """A field that holds a few endpoints; one alone may be given as a string."""

    def check(name: str, value):
        value = (value,) if isinstance(value, str) else value
        if not isinstance(value, (tuple, list)) or not all(isinstance(item, str) for item in value):
            raise ValueError(f'{name} must be endpoints such as ("/submit", "/dashboard"), got {value!r}')
        return tuple(value)

    return checked((), check)


class Weights(dict):
    """Endpoint -> weight, as a value: it can't be changed and can be hashed."""

    def __hash__(self):
        return hash(frozenset(self.items()))

    def __setitem__(self, *_, **_more):
        raise TypeError("weights can't be changed; replace() makes a new system")

    __delitem__ = __ior__ = update = pop = setdefault = clear = popitem = __setitem__

    def __reduce__(self):
        return Weights, (dict(self),)


def weights(default: dict[str, float]) -> Any:
    """A field that holds endpoints and how often each is asked for."""

    def check(name: str, value):
        if isinstance(value, str):
            value = {value: 1}
        if not isinstance(value, dict) or not value:
            raise ValueError(f'{name} must be endpoints with weights such as {{"/submit": 1}}, got {value!r}')
        numbers = {}
        for endpoint, weight in value.items():
            if not isinstance(endpoint, str):
                raise ValueError(f"{name} must have words as keys, got {endpoint!r}")
            if (found := plain_number(weight)) is None or found < 0:
                raise ValueError(f'{name}: the weight of "{endpoint}" must be a number of at least 0, got {weight!r}')
            numbers[endpoint] = bounded(f'{name}: the weight of "{endpoint}"', found, None, None, 1e9)
        if not sum(numbers.values()) > 0:
            raise ValueError(f"{name} must have at least one weight above 0")
        return Weights(numbers)

    return checked(Weights(default), check)


def sizes() -> Any:
    """A field that holds the size of an answer in kB by endpoint."""

    def check(name: str, value):
        known = isinstance(value, dict) and all(isinstance(endpoint, str) for endpoint in value)
        numbers = {endpoint: plain_number(kb) for endpoint, kb in value.items()} if known else {}
        if not known or not all(kb is not None and 0 <= kb <= 1e9 for kb in numbers.values()):
            raise ValueError(f'{name} must be endpoints with sizes in kB such as {{"/video": 2000}}, got {value!r}')
        return Weights(numbers)

    return checked(Weights(), check, kind="sizes")
