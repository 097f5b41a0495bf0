"""What shows itself as a table in a cell's output."""

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pmtech.runs.table import table


class Rows:
    """What shows itself as a table, and under it what that means: it has `heads`, `rows` and perhaps a `sentence`."""

    if TYPE_CHECKING:  # whoever shows itself has them as fields, or works them out

        @property
        def heads(self) -> Iterable[str]: ...
        @property
        def rows(self) -> Iterable[Iterable]: ...

    @property
    def sentence(self) -> str:
        return ""

    @property
    def said(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return "\n".join(["; ".join(map(str, row)) for row in self.rows] + [self.sentence] * bool(self.sentence))

    def _repr_html_(self) -> str:
        return table(self.heads, self.rows) + strong(self.sentence)


def strong(sentence: str) -> str:
    return f"<p><strong>{html.escape(sentence)}</strong></p>" if sentence else ""
