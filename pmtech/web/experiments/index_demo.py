"""The same query on a real database, with and without an index, timed on this machine."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from timeit import repeat

from pmtech.runs.table import table

QUERY = "SELECT count(*), avg(score) FROM responses WHERE survey_id = ?"
PER_SURVEY = 50
FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO responses (survey_id, score) SELECT i * 7919 % ?, 1 + i % 5 FROM n
"""


@dataclass(frozen=True, kw_only=True)
class IndexDemo:
    """Medians of `runs` timings in ms, SQLite's own plan for each way, and the size of the database in MB."""

    rows: int
    found: int
    runs: int
    without_ms: float
    with_ms: float
    plan_without: str
    plan_with: str
    without_mb: float
    with_mb: float

    @property
    def times_faster(self) -> float:
        """To two digits, which are more than a timing is good for, and as the reader divides."""
        return float(f"{round(self.without_ms, 2) / float(f'{self.with_ms:.2g}'):.2g}")

    @property
    def sentence(self) -> str:
        more_mb = round(self.with_mb, 1) - round(self.without_mb, 1)  # as the reader subtracts
        return (
            f"On this machine the index makes the query about {self.times_faster:,.0f} times faster: it reads {self.found} "
            f"rows instead of {self.rows:,}. It costs {more_mb:.1f} MB, and some work at every write."
        )

    def __repr__(self) -> str:
        ways = f"without {self.without_ms:.3f} ms ({self.plan_without}), with {self.with_ms:.2g} ms ({self.plan_with})"
        return f"{QUERY}: {ways}. {self.sentence}"

    def _repr_html_(self) -> str:
        rows = [
            ("time (median)", f"{self.without_ms:.2f} ms", f"{self.with_ms:.2g} ms"),
            ("rows read", f"{self.rows:,}", f"{self.found:,}"),
            ("in the database's words", self.plan_without, self.plan_with),
            ("size of the database", f"{self.without_mb:.1f} MB", f"{self.with_mb:.1f} MB"),
        ]
        compared = table(("", "without an index", "with an index"), rows)
        asked = "How many responses has one survey, and what is their average score?"
        return f"<p>{asked}<br><code>{QUERY}</code></p>{compared}<p>{self.sentence}</p>"


def index_demo(rows: int = 300_000, *, runs: int = 9) -> IndexDemo:
    """Fill a database in memory with `rows` responses (50 a survey), ask for one survey's, add an index, ask again.

    The numbers are those of this machine, now. What this leaves out: a disk, which makes reading every row slower still,
    and others who use the database meanwhile. Raises ValueError with a sentence.
    """
    for name, value, least, most in (("rows", rows, 1000, 3_000_000), ("runs", runs, 1, 1000)):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{name} must be a whole number from {least:,} to {most:,}, got {value!r}")
    survey = rows // PER_SURVEY // 2
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE TABLE responses (id INTEGER PRIMARY KEY, survey_id INTEGER NOT NULL, score INTEGER NOT NULL)"
        )
        db.execute(FILL, (rows, rows // PER_SURVEY))
        db.commit()
        without = _measured(db, survey, runs, "without")
        db.execute("CREATE INDEX responses_of_survey ON responses (survey_id)")
        return IndexDemo(rows=rows, runs=runs, **without | _measured(db, survey, runs, "with"))


def _measured(db: sqlite3.Connection, survey: int, runs: int, way: str) -> dict:
    times = repeat(lambda: db.execute(QUERY, (survey,)).fetchone(), number=1, repeat=runs)
    found, _ = db.execute(QUERY, (survey,)).fetchone()
    (pages,), (size,) = db.execute("PRAGMA page_count").fetchone(), db.execute("PRAGMA page_size").fetchone()
    plan = db.execute(f"EXPLAIN QUERY PLAN {QUERY}", (survey,)).fetchone()[-1]
    return {"found": found, f"{way}_ms": 1000 * median(times), f"plan_{way}": plan, f"{way}_mb": pages * size / 1e6}
