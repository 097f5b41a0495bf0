"""The SQLite file: what is written whole, what is refused, and what a killed writer leaves behind."""

import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech.web.app.store import COLUMNS, SNAPSHOT_ROWS, Store, fill, row_changes


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "surveys.db")
    fill(store)
    yield store
    store.close()


def story(before, after):
    return [
        (c.table, c.kind, (c.after or c.before)["id"], c.fields) for c in row_changes(before, after) if c.kind != "same"
    ]


def test_a_day_in_the_database(store):
    before = store.snapshot()
    store.add("surveys", title="Parking", owner="li", status="draft", goal=None, questions=[])
    store.change_survey(2, status="open", goal=10)
    store.delete("surveys", 1)
    assert story(before, store.snapshot()) == [
        ("surveys", "removed", 1, ()),
        ("surveys", "changed", 2, ("status", "goal", "version")),
        ("surveys", "added", 4, ()),
        ("responses", "removed", 1, ()),
        ("responses", "removed", 2, ()),
    ]


def test_writing_what_is_there_already_writes_nothing(store):
    before = store.snapshot()
    assert store.change_survey(2, status="draft")["version"] == 1
    assert story(before, store.snapshot()) == []


def test_an_id_is_never_given_twice(store):
    store.delete("surveys", 3)
    assert store.add("surveys", title="New", owner="a", status="draft", goal=None, questions=[])["id"] == 4


def test_a_failed_transaction_leaves_nothing(store):
    before = store.snapshot()
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.add("payments", customer="A", seats=1, amount_usd=12)
        raise ZeroDivisionError
    assert store.snapshot() == before


def test_work_under_a_key_is_done_once(store):
    def buy():
        row = store.add("payments", customer="A", seats=1, amount_usd=12)
        return 201, f"/payments/{row['id']}", row

    first, replayed = store.once("k", "POST /payments x", buy)
    again, replayed_again = store.once("k", "POST /payments x", buy)
    assert (first, replayed, replayed_again) == (again, False, True)
    assert len(store.snapshot()["payments"]) == 2
    with pytest.raises(KeyError):
        store.once("k", "POST /payments y", buy)


def test_pages_and_filters(store):
    assert [r["id"] for r in store.page("surveys", limit=1, offset=1, owner="ana")[0]] == [3]
    assert store.page("surveys", limit=1, owner="ana")[1] == 2
    assert [r["title"] for r in store.page("surveys", limit=9, contains="OFFICE")[0]] == ["Office move"]
    assert store.page("surveys", limit=9, contains="%")[0] == []


@given(title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_kept_as_it_is_and_runs_no_query(title):
    store = Store(":memory:")
    fill(store)
    row = store.add("surveys", title=title, owner=title, status="draft", goal=None, questions=[title])
    assert (row["title"], row["questions"]) == (title, [title])
    assert store.page("surveys", limit=9, owner=title)[0] == [row]
    assert len(store.snapshot()["surveys"]) == 4
    store.close()


def test_rows_beyond_the_snapshot_are_not_said_to_have_changed(store):
    for n in range(SNAPSHOT_ROWS):
        store.add("payments", customer=str(n), seats=1, amount_usd=12)
    before = store.snapshot()
    store.add("payments", customer="last", seats=1, amount_usd=12)
    after = store.snapshot()
    assert story(before, after) == [("payments", "added", SNAPSHOT_ROWS + 2, ())]
    store.delete("payments", SNAPSHOT_ROWS + 2)
    assert story(after, store.snapshot()) == [("payments", "removed", SNAPSHOT_ROWS + 2, ())]


HALF_WAY = """
import sys, time
from pmtech.web.app.store import Store
store = Store(sys.argv[1])
def buy():
    row = store.add("payments", customer="Company A", seats=1, amount_usd=12)
    print("half-way", flush=True)
    time.sleep(60)
store.once("key", "request", buy)
"""
WRITER = """
import itertools, sys
from pmtech.web.app.store import Store
store = Store(sys.argv[1])
for n in itertools.count():
    def buy():
        row = store.add("payments", customer=f"order {n}", seats=n + 1, amount_usd=12 * (n + 1))
        return 201, f"/payments/{row['id']}", row
    store.once(f"order {n}", "POST", buy)
    if n == int(sys.argv[2]):
        print("going", flush=True)
"""


def killed(tmp_path, program, *arguments):
    path = tmp_path / "killed.db"
    writer = subprocess.Popen([sys.executable, "-c", program, str(path), *arguments], stdout=subprocess.PIPE)
    assert writer.stdout.readline()
    writer.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    writer.wait(10)
    writer.stdout.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    return Store(path)


def test_killed_between_the_charge_and_its_key_there_is_neither(tmp_path):
    store = killed(tmp_path, HALF_WAY)
    assert store.snapshot() == {table: [] for table in COLUMNS}
    store.close()


@pytest.mark.parametrize("after", [0, 17, 150])
def test_killed_while_writing_every_charge_has_its_key(tmp_path, after):
    store = killed(tmp_path, WRITER, str(after))
    rows = store.snapshot()
    assert len(rows["payments"]) > after
    assert [p["customer"] for p in rows["payments"]] == [k["key"] for k in rows["idempotency_keys"]]
    assert all(p["amount_usd"] == 12 * p["seats"] for p in rows["payments"])
    assert store.add("payments", customer="after", seats=1, amount_usd=12)["id"] == len(rows["payments"]) + 1
    store.close()
