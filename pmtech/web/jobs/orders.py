"""Orders and how far each has come, and the queue of jobs between those who accept them and the worker.

One SQLite file holds all of it. The queue is huey: a job is taken out of the file before work on it begins, so a job
whose worker dies is gone; one that fails is put back, after pauses that double. Run as a program, this file is the worker:
it knows nothing of the package, and starts at once.

What this leaves out: an order and its job are written one after the other, not in one transaction (an outbox).
"""

import json
import os
import sqlite3
import sys
import threading
import time
import urllib.request
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Consumer, Scheduler

FILE = "jobs.db"
RETRIES, FIRST_PAUSE_S = 4, 1
PATIENCE_S = 0.5  # of the worker with the API
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, customer TEXT NOT NULL, seats INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0, payment INTEGER
);
CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY AUTOINCREMENT, at_s REAL NOT NULL, job INTEGER, said TEXT NOT NULL);
"""


class Orders:
    """The orders in a folder. Each call opens the file anew: another process writes in it, too.

    card_s: how long the card company takes for an order that is placed from now on; key: does the worker name the order
    when it books it (an Idempotency-Key)? url: the API in which it books.
    """

    def __init__(self, folder: str | Path):
        self.card_s, self.key, self.url = 0.2, True, ""
        self.folder, self.path = str(folder), str(Path(folder) / FILE)
        with closing(self._open()) as db:
            db.executescript(SCHEMA)
        self.queue = SqliteHuey(filename=self.path, results=False)

        def charge(*what, task) -> None:
            self._charge(*what, tries_left=task.retries)

        charge.__module__ = "orders"  # its name in the queue: the same in both processes
        again = {"retries": RETRIES, "retry_delay": FIRST_PAUSE_S, "retry_backoff": 2}
        self._job = self.queue.task(**again, context=True)(charge)

    def add(self, customer: str, seats: int) -> dict:
        """Keep the order and put its job into the queue."""
        with closing(self._open()) as db:
            number = db.execute("INSERT INTO orders (customer, seats) VALUES (?, ?)", (customer, seats)).lastrowid
        self._job(number, self.url, self.card_s, self.key)
        return self.known(number)

    def known(self, number: int | None) -> dict:
        """The same of one that was kept."""
        order = self.get(number or 0)
        assert order is not None, "it was kept before its job was put into the queue"
        return order

    def get(self, number: int) -> dict | None:
        """id, customer, seats, state ("waiting", "at work", "done", "waiting to be tried again", "failed"), attempts, payment."""
        with closing(self._open()) as db:
            row = db.execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchone()
        return dict(row) if row else None

    def snapshot(self) -> dict[str, list[dict]]:
        with closing(self._open()) as db:
            return {"orders": list(map(dict, db.execute("SELECT * FROM orders")))}

    def log(self, number: int | None = None) -> list[tuple[float, str]]:
        """What was done on an order, (when, what), in order of time; None: what workers say of themselves."""
        with closing(self._open()) as db:
            rows = db.execute("SELECT at_s, said FROM log WHERE job IS ? ORDER BY id", (number,)).fetchall()
        return [tuple(row) for row in rows]

    @property
    def jobs(self) -> int:
        """How many jobs lie in the queue, those that wait for their next try among them."""
        return self.queue.pending_count() + self.queue.scheduled_count()

    def say(self, said: str, number: int | None = None, **fields) -> None:
        """Write down what happened, and how far an order is now."""
        settings = ", ".join(f"{name} = ?" for name in fields)
        with closing(self._open()) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO log (at_s, job, said) VALUES (?, ?, ?)", (time.time(), number, said))
            if fields:
                db.execute(f"UPDATE orders SET {settings} WHERE id = ?", (*fields.values(), number))
            db.execute("COMMIT")

    # --- in the worker -------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Take jobs, one at a time, until this process ends."""
        self.queue.on_startup()(lambda: self.say("a worker takes jobs"))
        _Consumer(self.queue, workers=1, periodic=False, initial_delay=0.02, max_delay=0.1).run()

    def _charge(self, number: int, url: str, card_s: float, key: bool, *, tries_left: int) -> None:
        """The job: the card company takes its time, then the payment is booked through the API."""
        order = self.known(number)
        self.say("at work", number, state="at work", attempts=order["attempts"] + 1)
        time.sleep(card_s)
        try:
            payment = self._book(url, order, key)
        except (OSError, HTTPException):  # no answer: whether it is booked, the worker cannot know
            state = "waiting to be tried again" if tries_left else "failed"
            self.say("no answer", number, state=state)
            raise
        self.say("done", number, state="done", payment=payment)

    def _book(self, url: str, order: dict, key: bool) -> int:
        body = json.dumps({"customer": order["customer"], "seats": order["seats"]}).encode()
        named = {"Idempotency-Key": f"order-{Path(self.folder).name}-{order['id']}"} if key else {}
        request = urllib.request.Request(f"{url}/payments", body, {"Content-Type": "application/json", **named})
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())["id"]

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        db.row_factory = sqlite3.Row
        return db


class _Often(Scheduler):
    """Looks ten times a second whose pause is over; huey's own option takes whole seconds."""

    def __init__(self, **how):
        super().__init__(**how)
        self.interval = 0.1


class _Consumer(Consumer):
    scheduler_class = _Often


def _end_with_parent() -> None:
    """Nobody writes into this pipe: its end is that of the process which started this one, however that came."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Orders(sys.argv[1]).work()
