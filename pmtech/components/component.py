"""What all components have in common: a name, and the `>>` that joins them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pmtech.components.fields import Checked, checked


def _name(name: str, value):
    if not isinstance(value, str) or not re.search(r"[^\W_]", value):
        which = f" (say which number it is, as in Server(workers={value!r}))" if type(value) in (int, float) else ""
        raise ValueError(f'{name} must be a few words such as "Company A", got {value!r}{which}')
    return value


@dataclass(frozen=True, repr=False)
class Component(Checked):
    """A part of a system. Parts are values: frozen, compared by what they hold, joined by `>>`.

    The first argument is a name, such as `Server("Checkout")`; without one a part is called after what it is.
    """

    name: str | None = checked(None, _name, optional=True)

    is_source: ClassVar[bool] = False
    fan_out: ClassVar[str] = "one"  # what may come after it: "none", "one", a "pool" or "routes"

    @property
    def slug(self) -> str:
        """The name as it stands in a path: `Clients("Company C")` is `company_c`."""
        words = self.name or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__)
        return re.sub(r"\W+", "_", words).strip("_").lower()

    @property
    def label(self) -> str:
        """The name as people read it."""
        return self.name or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(self).__name__).capitalize()

    # system.py lies above the components and hands the operator down when it is imported.
    join: ClassVar[Callable]

    def __rshift__(self, other):
        return Component.join(self, other)

    def __rrshift__(self, other):
        return Component.join(other, self)
