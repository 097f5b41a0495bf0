"""What shows itself as a table in a cell's output."""

import html
from collections.abc import Iterable

from pmtech.runs.table import table


class Rows:
    """What shows itself as a table, and under it what that means: it has `heads`, `rows` and perhaps a `sentence`."""

    heads: Iterable[str] = ()
    rows: Iterable[Iterable]
    sentence: str = ""

    @property
    def said(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return "\n".join(["; ".join(map(str, row)) for row in self.rows] + [self.sentence] * bool(self.sentence))

    def _repr_html_(self) -> str:
        return table(self.heads, self.rows) + strong(self.sentence)


def strong(sentence: str) -> str:
    return f"<p><strong>{html.escape(sentence)}</strong></p>" if sentence else ""
