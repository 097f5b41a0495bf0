"""The database behind the API: one SQLite file.

Every change runs in one transaction, so a process killed in the middle of a write leaves nothing half-written: SQLite
rolls the unfinished transaction back when the file is opened again (https://www.sqlite.org/wal.html). Values travel
as parameters, never inside the text of a query; the names of tables and columns come from the code alone.

What this leaves out: with `synchronous=NORMAL` a power cut may take back the last commits (whole ones); a server that
charges real cards would pay for `FULL`.
"""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from pmtech.wording import counted

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS surveys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed')),
    goal INTEGER,
    questions JSON NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS responses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    survey_id INTEGER NOT NULL REFERENCES surveys (id) ON DELETE CASCADE,
    respondent TEXT NOT NULL,
    score INTEGER NOT NULL,
    comment TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS responses_of_survey ON responses (survey_id);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    customer TEXT NOT NULL,
    seats INTEGER NOT NULL,
    amount_usd INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    location TEXT NOT NULL,
    answer TEXT NOT NULL
);
"""
COLUMNS = {
    "surveys": ("title", "owner", "status", "goal", "questions"),
    "responses": ("survey_id", "respondent", "score", "comment"),
    "payments": ("customer", "seats", "amount_usd"),
    "idempotency_keys": ("key", "request", "status", "location", "answer"),
}
# Long, and only the server's business: not for a table a learner reads.
HIDDEN = ("request", "answer")
SNAPSHOT_ROWS = 500
LARGEST_ID = 2**63 - 1

Snapshot = dict[str, list[dict]]

# A list is kept as JSON, in columns that are declared so.
sqlite3.register_adapter(list, lambda values: json.dumps(values, ensure_ascii=False))
sqlite3.register_converter("JSON", json.loads)


class Store:
    """Tables of `COLUMNS` in one file; safe to use from several threads."""

    def __init__(self, path: Path | str):
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, detect_types=sqlite3.PARSE_DECLTYPES
        )
        self._db.row_factory = sqlite3.Row
        self._db.create_function("folded", 1, _folded, deterministic=True)
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it; blocks may nest, the outermost one decides."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def get(self, table: str, id: int) -> dict | None:
        """The row with this id, or None."""
        return next(iter(self._rows(f"SELECT * FROM {table} WHERE id = ?", min(id, LARGEST_ID))), None)

    def _known(self, table: str, id: int | None) -> dict:
        """The row with this id, which is there."""
        return self._rows(f"SELECT * FROM {table} WHERE id = ?", id)[0]

    def page(
        self, table: str, *, limit: int, offset: int = 0, contains: str | None = None, **equals
    ) -> tuple[list[dict], int]:
        """Rows in the order of their ids, and how many there are in all.

        `contains` looks in the title; `equals` are columns and values, None meaning any value.
        """
        wanted = {f"{column} = ?": value for column, value in equals.items() if value is not None}
        if contains is not None:
            # instr and not LIKE, so that % and _ are ordinary letters; SQLite's own lower() knows no Ü.
            wanted["instr(folded(title), folded(?)) > 0"] = contains
        where = f"FROM {table} WHERE {' AND '.join(['1', *wanted])}"
        with self._lock:
            rows = self._rows(f"SELECT * {where} ORDER BY id LIMIT ? OFFSET ?", *wanted.values(), limit, offset)
            return rows, self._rows(f"SELECT count(*) AS total {where}", *wanted.values())[0]["total"]

    def add(self, table: str, **values) -> dict:
        """Adds a row and returns it, with the id it was given."""
        marks = ", ".join("?" * len(values))
        with self.transaction():
            done = self._db.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
            )
            return self._known(table, done.lastrowid)

    def change_survey(self, id: int, **values) -> dict:
        """Writes the values and counts the version up, unless they are there already: then nothing is written."""
        settings = ", ".join(f"{column} = ?" for column in values)
        with self.transaction():
            row = self._known("surveys", id)
            if row | values == row:
                return row
            self._db.execute(
                f"UPDATE surveys SET {settings}, version = version + 1 WHERE id = ?", (*values.values(), id)
            )
            return self._known("surveys", id)

    def delete(self, table: str, id: int) -> None:
        """The responses of a survey go with it."""
        with self.transaction():
            self._db.execute(f"DELETE FROM {table} WHERE id = ?", (id,))

    def once(self, key: str | None, request: str, work: Callable[[], tuple[int, str, dict]]) -> tuple[dict, bool]:
        """Does the work the first time a key is seen and remembers the answer; later it only remembers.

        The work and the memory of it are one transaction: a crash keeps both or neither. Without a key it is done and
        not remembered. Returns the answer as it is remembered, and whether it is a replay. Raises KeyError when the key
        was used for another request.
        """
        with self.transaction():
            for seen in self._rows("SELECT * FROM idempotency_keys WHERE key = ?", key):
                if seen["request"] != request:
                    raise KeyError(key)
                return seen, True
            status, location, answer = work()
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            kept = {"status": status, "location": location, "answer": text}
            return kept if key is None else self.add("idempotency_keys", key=key, request=request, **kept), False

    def snapshot(self) -> Snapshot:
        """The newest rows of every table (at most `SNAPSHOT_ROWS`), oldest first."""
        newest = "SELECT * FROM {} ORDER BY id DESC LIMIT ?"
        with self._lock:
            return {table: self._rows(newest.format(table), SNAPSHOT_ROWS)[::-1] for table in COLUMNS}

    def _rows(self, query: str, *values) -> list[dict]:
        with self._lock:
            return list(map(dict, self._db.execute(query, values)))


def _folded(text: str) -> str:
    """Without the difference between capital and small letters, or between the ways to write an accent."""
    return normalize("NFC", text.casefold())


@dataclass(frozen=True)
class RowChange:
    """One row as it was before and is after: `kind` is "same", "added", "changed" or "removed"."""

    table: str
    kind: str
    before: dict | None
    after: dict | None

    @property
    def row(self) -> dict:
        """As it is, or as it was until it was removed."""
        return self.after or self.before or {}

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns whose value changed."""
        before = self.before or {}
        return tuple(c for c, value in self.row.items() if before[c] != value) if self.kind == "changed" else ()


def row_changes(before: Snapshot, after: Snapshot) -> list[RowChange]:
    """Every row of both snapshots, table by table in the order of ids, with what happened to it.

    What this leaves out: rows too old for either snapshot.
    """
    found = []
    for table in before:
        old, new = ({row["id"]: row for row in snapshot[table]} for snapshot in (before, after))
        floor = max(min(rows) if len(rows) >= SNAPSHOT_ROWS else 0 for rows in (old, new))
        for id in sorted(i for i in old.keys() | new.keys() if i >= floor):
            was, now = old.get(id), new.get(id)
            kind = "added" if was is None else "removed" if now is None else "same" if was == now else "changed"
            found.append(RowChange(table, kind, was, now))
    return found


def told(changes: list[RowChange]) -> str:
    """What happened to the rows, such as "1 row added in payments, 2 rows changed in surveys"; nothing if nothing."""
    counts = Counter((c.kind, c.table.replace("_", " ")) for c in changes if c.kind != "same")
    return ", ".join(f"{counted(n, 'row')} {kind} in {table}" for (kind, table), n in counts.items())


def shown(value: object) -> str:
    """A value of a row as a reader wants it: a list in words, nothing as nothing."""
    if isinstance(value, list):
        value = " | ".join(map(str, value))
    return "none" if value is None or value == "" else str(value)


def opened(folder: Path) -> Store:
    """The database in this folder; where there was none, a new one as on the first day."""
    path = folder / "surveys.db"
    fresh = not path.exists()
    store = Store(path)
    if fresh:
        fill(store)
    return store


def fill(store: Store) -> None:
    """The survey tool on its first day: three surveys, two responses, one payment (all invented)."""
    with store.transaction():
        for survey in (
            ("First week at work", "ana", "open", 100, ["How was your week?"]),
            ("Lunch menu", "ben", "draft", None, []),
            ("Office move", "ana", "closed", 40, ["Which floor?"]),
        ):
            store.add("surveys", **dict(zip(COLUMNS["surveys"], survey, strict=True)))
        store.add("responses", survey_id=1, respondent="noor", score=5, comment="Kind people")
        store.add("responses", survey_id=1, respondent="li", score=3, comment="")
        store.add("payments", customer="Company A", seats=10, amount_usd=120)
