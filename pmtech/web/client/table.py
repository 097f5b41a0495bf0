"""A table in a cell's output."""

import html
from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Everything is shown as the text that it is. Lines of a cell stay lines."""

    def row(cells: Iterable, tag: str) -> str:
        texts = (html.escape(str(cell)).replace("\n", "<br>") for cell in cells)
        return "<tr>" + "".join(f"<{tag} style='text-align:left'>{text}</{tag}>" for text in texts) + "</tr>"

    return f"<table class='mathjax_ignore'><thead>{row(head, 'th')}</thead><tbody>{''.join(row(cells, 'td') for cells in rows)}</tbody></table>"


class Rows:
    """What shows itself as a table: it has `heads` and `rows`."""

    heads: Iterable[str] = ()
    rows: Iterable[Iterable]

    def __repr__(self) -> str:
        return "\n".join("; ".join(map(str, row)) for row in self.rows)

    def _repr_html_(self) -> str:
        return table(self.heads, self.rows)
