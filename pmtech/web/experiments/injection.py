"""SQL injection, shown on a database that exists for one call: the same text in a query built as a string and in a
parameterised one (OWASP SQL Injection Prevention: https://cheatsheetseries.owasp.org)."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from pmtech.web.client.table import Rows

ROWS = (
    ("Company A", "First week at work"),
    ("Company A", "Lunch menu"),
    ("Company B", "Salaries"),
    ("Company C", "Layoffs"),
)
STEPS = 1_000_000
SAFE = "SELECT company, title FROM surveys WHERE company = 'Company A' AND title = ?"


@dataclass(frozen=True, repr=False)
class Injection(Rows):
    """What both queries gave for the same text; `built_error` is SQLite's complaint, if it had one."""

    text: str
    built_query: str
    built_rows: list[tuple]
    built_error: str
    parameterised_rows: list[tuple]
    heads = "", "text glued into the query", "text as a parameter"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        built, parameterised = (
            "\n".join(": ".join(map(str, row)) for row in rows) or "no rows"
            for rows in (self.built_rows, self.parameterised_rows)
        )
        queries = "query", self.built_query, f"{SAFE}\n? = {self.text}"
        return [queries, ("answer", self.built_error or built, parameterised)]


def sql_injection(title: str) -> Injection:
    """Company A looks for one of its surveys by this title, in both ways.

    The database is in memory, invented, and gone when this returns.
    """
    if not isinstance(title, str) or len(title) > 500:
        raise ValueError("title must be text of at most 500 characters")
    built, rows, error = SAFE.replace("?", f"'{title}'"), [], ""
    with closing(sqlite3.connect(":memory:")) as db:
        # The text may be any query at all: none of them may hold the kernel for long or make anything huge.
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
        db.set_progress_handler(lambda: 1, STEPS)
        db.execute("CREATE TABLE surveys (company TEXT, title TEXT)")
        db.executemany("INSERT INTO surveys VALUES (?, ?)", ROWS)
        try:
            rows = db.execute(built).fetchmany(20)
        except (sqlite3.Error, sqlite3.Warning) as trouble:
            error = f"SQLite refuses: {trouble}"
        return Injection(title, built, rows, error, db.execute(SAFE, (title,)).fetchall())
