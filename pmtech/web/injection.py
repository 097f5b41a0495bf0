"""SQL injection, shown on a database that exists for one call: the same text in a query built as a string and in a
parameterised one (OWASP SQL Injection Prevention: https://cheatsheetseries.owasp.org)."""

import html
import sqlite3
from dataclasses import dataclass

ROWS = (
    ("Company A", "First week at work"),
    ("Company A", "Lunch menu"),
    ("Company B", "Salaries"),
    ("Company C", "Layoffs"),
)
STEPS = 1_000_000


@dataclass(frozen=True)
class Injection:
    """What both queries gave for the same text; `built_error` is SQLite's complaint, if it had one."""

    text: str
    built_query: str
    built_rows: list[tuple]
    built_error: str
    parameterised_query: str
    parameterised_rows: list[tuple]

    def _repr_html_(self) -> str:
        built = self.built_error or _rows(self.built_rows)
        return (
            "<table><thead><tr><td></td><th style='text-align:left'>text glued into the query</th>"
            "<th style='text-align:left'>text as a parameter</th></tr></thead><tbody>"
            f"<tr><th>query</th><td style='text-align:left'><code>{html.escape(self.built_query)}</code></td>"
            f"<td style='text-align:left'><code>{html.escape(self.parameterised_query)}</code><br>"
            f"? = <code>{html.escape(self.text)}</code></td></tr>"
            f"<tr><th>answer</th><td style='text-align:left'>{built}</td>"
            f"<td style='text-align:left'>{_rows(self.parameterised_rows)}</td></tr></tbody></table>"
        )


def sql_injection(title: str) -> Injection:
    """Company A looks for one of its surveys by this title, in both ways.

    The database is in memory, invented, and gone when this returns.
    """
    if not isinstance(title, str) or len(title) > 500:
        raise ValueError("title must be text of at most 500 characters")
    safe = "SELECT company, title FROM surveys WHERE company = 'Company A' AND title = ?"
    built = safe.replace("?", f"'{title}'")
    db = sqlite3.connect(":memory:")
    try:
        # The text may be any query at all: none of them may hold the kernel for long or make anything huge.
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
        db.set_progress_handler(lambda: 1, STEPS)
        db.execute("CREATE TABLE surveys (company TEXT, title TEXT)")
        db.executemany("INSERT INTO surveys VALUES (?, ?)", ROWS)
        rows, error = [], ""
        try:
            rows = db.execute(built).fetchmany(20)
        except (sqlite3.Error, sqlite3.Warning) as trouble:
            error = f"SQLite refuses: {html.escape(str(trouble))}"
        return Injection(title, built, rows, error, safe, db.execute(safe, (title,)).fetchall())
    finally:
        db.close()


def _rows(rows: list[tuple]) -> str:
    return "<br>".join(html.escape(": ".join(map(str, row))) for row in rows) or "no rows"
