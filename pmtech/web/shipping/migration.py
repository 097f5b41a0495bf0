"""A column gets another name while two versions of the program run: at once, or in two steps."""

import sqlite3
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass

from pmtech.web.app.server import Api
from pmtech.web.client.contract import breaking_changes
from pmtech.web.client.table import Rows
from pmtech.web.experiments.requests import contract

AT_ONCE = "ALTER TABLE payments RENAME COLUMN seats TO quantity"
# Both columns, and whoever writes one of them fills the other.
EXPAND = """
CREATE TABLE both (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, seats INTEGER, quantity INTEGER, amount_usd INTEGER NOT NULL);
INSERT INTO both SELECT id, customer, seats, seats, amount_usd FROM payments;
DROP TABLE payments;
ALTER TABLE both RENAME TO payments;
CREATE TRIGGER fill AFTER INSERT ON payments BEGIN
    UPDATE payments SET seats = coalesce(seats, quantity), quantity = coalesce(quantity, seats) WHERE id = new.id;
END;
"""
CONTRACT = "DROP TRIGGER fill; ALTER TABLE payments DROP COLUMN seats;"


@dataclass(frozen=True, kw_only=True, repr=False)
class Migration(Rows):
    """Made by `migration`. rows: (what was done, how the old and the new program fare on it, changes that break callers)."""

    rows: list[tuple[str, str, str, int]]
    heads = "the database", "the old version", "the new version", "changes that break callers"


def migration(api: Api) -> Migration:
    """Rename a column of the payments, `seats` to `quantity`, on a copy of the API's real database.

    At once, or in two steps: expand (both columns), then contract (the old one goes). Each time the old version of the
    program and the new one write a row and read it, and the API's contract is held against the one before.
    """
    rows, before = api.rows()["payments"], contract(api).document
    both, after = _contract(before, seats=True), _contract(before, seats=False)
    kinds = [
        ("as it is", [], (before, before)),
        ("renamed at once", [AT_ONCE], (before, after)),
        ("step 1, expand: both columns", [EXPAND], (before, both)),
        ("step 2, contract: the old one goes", [EXPAND, CONTRACT], (both, after)),
    ]
    steps = []
    for what, scripts, contracts in kinds:
        with closing(_copy(rows)) as database:
            for script in scripts:
                database.executescript(script)
            old, new = (_fares(database, column, len(rows)) for column in ("seats", "quantity"))
        steps.append((what, old, new, len(breaking_changes(*contracts).breaking)))
    return Migration(rows=steps)


def _copy(rows: list[dict]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE payments (id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, "
        "seats INTEGER NOT NULL, amount_usd INTEGER NOT NULL)"
    )
    database.executemany("INSERT INTO payments VALUES (:id, :customer, :seats, :amount_usd)", rows)
    return database


def _fares(database: sqlite3.Connection, column: str, rows: int) -> str:
    """A version of the program that knows this column: it books an order, and reads all."""
    try:
        database.execute(f"INSERT INTO payments (customer, {column}, amount_usd) VALUES ('Company A', 5, 60)")
        read = [value for (value,) in database.execute(f"SELECT {column} FROM payments ORDER BY id")]
    except sqlite3.OperationalError as error:
        return f"fails: {error}"
    return "works" if read[-1] == 5 and None not in read and len(read) > rows else "reads something else"


def _contract(document: dict, seats: bool) -> dict:
    """The contract with `quantity` in it; with the old name beside it, or without."""
    document = deepcopy(document)
    for name in ("PaymentIn", "Payment"):
        schema = document["components"]["schemas"][name]
        schema["properties"]["quantity"] = dict(schema["properties"]["seats"])
        if not seats:
            del schema["properties"]["seats"]
            schema["required"] = ["quantity" if field == "seats" else field for field in schema["required"]]
    return document
