"""What a part is called and where it stands."""

import re
from dataclasses import KW_ONLY, dataclass

from pmtech import theory
from pmtech.components.fields import Checked, checked


def _name(name: str, value):
    if not isinstance(value, str) or not re.search(r"[^\W_]", value):
        which = f" (say which number it is, as in Server(workers={value!r}))" if type(value) in (int, float) else ""
        raise ValueError(f'{name} must be a few words such as "Company A", got {value!r}{which}')
    return value


def slugged(words: str) -> str:
    """Words as they stand in a path: "Company C" is company_c."""
    return re.sub(r"\W+", "_", words).strip("_").lower()


def city(name: str, value):
    """One that `theory.round_trip_ms` knows."""
    try:
        theory.coordinates(value)
    except ValueError as error:  # it says which cities there are
        raise ValueError(name + str(error).removeprefix("place")) from None
    return value


def cities(name: str, value) -> tuple[str, ...]:
    """One or several of them, each once."""
    value = (value,) if isinstance(value, str) else value
    many = isinstance(value, tuple | list) and len(value) > 0
    if not many or len({theory.coordinates(city(name, place)) for place in value}) < len(value):
        raise ValueError(f'{name} must be different cities such as ("Mumbai", "London"), got {value!r}')
    return tuple(value)


@dataclass(frozen=True, repr=False)
class Named(Checked):
    """A value with a name, such as `Server("Checkout")`; without one it is called after what it is.

    place: the city where it stands; a request that comes from another one travels there and back (`theory.round_trip_ms`).
    None: wherever the request is.
    """

    name: str | None = checked(None, _name, optional=True)
    _: KW_ONLY
    place: str | None = checked(None, city, optional=True)

    @property
    def slug(self) -> str:
        """The name as it stands in a path: `Clients("Company C")` is `company_c`."""
        return slugged(self.name or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__))

    @property
    def label(self) -> str:
        """The name as people read it."""
        kind = type(self).__name__
        return self.name or (kind if kind.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).capitalize())
