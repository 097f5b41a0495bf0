"""Sign-in for the API: who asks (authentication), and what they may do (authorisation). Off unless it is asked for.

With it every route wants a token, but for answers of respondents, who have no account. Each protection is a switch,
so that a hole can be met, on this machine alone, and closed. Passwords: Argon2id as OWASP sets it (19 MiB, 2 passes,
1 lane; 2026).

What this leaves out: a second factor, forgotten passwords, cookies (a token travels in a header, where no other page
can put it), tokens that run out, whoever locks another's account on purpose, and passwords checked beside the requests
(here everybody waits for each check, and names that were tried are kept for ever).
"""

import hashlib
import html
import json
import secrets
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from pmtech.components.rate_limiter import RateLimiter, SlidingWindowLog
from pmtech.web.app.api import BODY, Id
from pmtech.web.app.problems import documented
from pmtech.web.app.protections import Protections
from pmtech.web.app.shapes import Input, SurveyIn, Text
from pmtech.web.app.store import Snapshot, Store

# Invented people. Their surveys are those whose owner they are; "staff" are the survey tool's own people.
PEOPLE = {
    "ana": ("customer", "Rooftop-Garden-41"),
    "ben": ("customer", "sunshine1"),
    "eva": ("staff", "quiet.Harbour.9"),
}
ARGON2 = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, shown TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (hash TEXT PRIMARY KEY, name TEXT NOT NULL, reads_only INTEGER NOT NULL);
"""


@dataclass
class Accounts:
    """People and their tokens, in a file of its own. A token is kept as its hash: whoever reads the file has none."""

    path: File
    protections: Protections
    clock: Callable[[], float] = time.monotonic
    wrong: dict = field(default_factory=dict)

    def __post_init__(self):
        self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(SCHEMA)
        kept = ARGON2.hash if self.protections.argon2 else plain_hash
        for name, (role, password) in PEOPLE.items():
            person = name, role, kept(password), name.title()
            self._db.execute("INSERT OR IGNORE INTO people VALUES (?, ?, ?, ?)", person)
        if self.protections.sign_in_limit:
            spec = RateLimiter(limit=self.protections.sign_in_limit, per_s=60)
            self.wrong = defaultdict(lambda: SlidingWindowLog(spec))

    def close(self) -> None:
        self._db.close()

    def snapshot(self) -> Snapshot:
        """People and tokens, without what opens an account."""
        wanted = {"people": "rowid AS id, name, role, shown", "tokens": "rowid AS id, name, reads_only"}
        return {table: list(map(dict, self._db.execute(f"SELECT {it} FROM {table}"))) for table, it in wanted.items()}

    def person(self, name: str) -> dict | None:
        row = self._db.execute("SELECT * FROM people WHERE name = ?", (name,)).fetchone()
        return row and dict(row)

    def check(self, name: str, password: str) -> bool:
        """Is it the password? Takes as long for a name that nobody has. Raises HTTPException (429) past the limit."""
        if (log := self.wrong.get(name)) and (wait_s := log.wait_s(self.clock())):
            raise HTTPException(429, "too many wrong passwords", {"Retry-After": str(int(wait_s) + 1)})
        found = self.person(name)
        someone = found or self.person("eva")
        right = someone is not None and self._matches(someone["password"], password) and found is not None
        if not right and self.protections.sign_in_limit:  # also for a name that nobody has: it must not show
            self.wrong[name].decide(self.clock())
        return right

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return ARGON2.verify(kept, password)
        except VerifyMismatchError:
            return False
        except InvalidHashError:
            return secrets.compare_digest(kept, plain_hash(password))

    def token(self, name: str, *, reads_only: bool = False) -> str:
        """A new one, said once."""
        token = secrets.token_urlsafe(16)
        self._db.execute("INSERT INTO tokens VALUES (?, ?, ?)", (plain_hash(token), name, reads_only))
        return token

    def of(self, request: Request) -> dict:
        """Who sends the request. Raises HTTPException (401) when nobody known does."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        row = self._db.execute("SELECT name, reads_only FROM tokens WHERE hash = ?", (plain_hash(token),)).fetchone()
        if kind.lower() != "bearer" or row is None:
            raise HTTPException(401, "sign in first: POST /sessions", {"WWW-Authenticate": "Bearer"})
        return (self.person(row[0]) or {}) | {"reads_only": bool(row[1])}

    def change(self, name: str, **values) -> None:
        """Writes fields of a person."""
        for column, value in values.items():
            self._db.execute(f"UPDATE people SET {column} = ? WHERE name = ?", (value, name))

    def sign_out(self, request: Request) -> None:
        token = request.headers["authorization"].partition(" ")[2]
        self._db.execute("DELETE FROM tokens WHERE hash = ?", (plain_hash(token),))


def plain_hash(text: str) -> str:
    """SHA-256: right for a long random token, a gift for a password."""
    return hashlib.sha256(text.encode()).hexdigest()


class SignIn(Input):
    name: Text
    password: Annotated[str, Field(min_length=1, max_length=200)]


class Change(Input):
    shown: Text | None = None
    role: Text | None = None


def guard_of(accounts: Accounts, store: Store) -> Callable:
    """What every request to the API passes first: who asks, and may they? Raises HTTPException (401, 403, 404)."""
    on = accounts.protections

    async def allow(request: Request) -> None:
        path, method = request.url.path.split("/")[1:], request.method
        body = await request.body()
        if on.firewall and any(sign in body.lower() for sign in (b"<script", b"' or ", b"drop table")):
            raise HTTPException(403, "the firewall does not like this request")
        if method == "POST" and path[0] == "surveys" and path[2:] == ["responses"]:
            return
        person = accounts.of(request)
        request.state.sender = person["name"]
        if person["reads_only"] and method not in ("GET", "HEAD"):
            raise HTTPException(403, "this key may only read")
        if path[0] == "payments" and on.role_check and person["role"] != "staff":
            raise HTTPException(403, "payments are for staff")
        if path[0] != "surveys" or person["role"] == "staff":
            return
        if on.owner_check and len(path) > 1:
            _own(store.get("surveys", int(path[1])), person["name"], path[1], on.hides)
        elif on.owner_check and method in ("GET", "HEAD") and request.query_params.getlist("owner") != [person["name"]]:
            raise HTTPException(403, f"ask for your own: /surveys?owner={person['name']}")
        if on.field_check and body and _gives_away(json.loads(body), person["name"], method):
            raise HTTPException(403, f"a survey of yours has the owner {person['name']}")

    return allow


def _own(survey: dict | None, name: str, number: str, hides: bool) -> None:
    if survey is None or survey["owner"] != name:
        if survey is None or hides:
            raise HTTPException(404, f"there is no survey {number}")
        raise HTTPException(403, f"survey {number} is somebody else's")


def _gives_away(body: object, name: str, method: str) -> bool:
    """Would this body give a survey another owner than the one who sends it?"""
    if isinstance(body, list):  # a JSON Patch: what it does to the field, or to the whole
        steps = [step for step in body if isinstance(step, dict)]
        touched = [step.get("path") for step in steps] + [s.get("from") for s in steps if s.get("op") == "move"]
        return any(place in ("", "/owner") for place in touched)
    said = body if isinstance(body, dict) else {}
    return said.get("owner", name if method == "PATCH" else SurveyIn.model_fields["owner"].default) != name


def routes(accounts: Accounts, store: Store) -> APIRouter:
    """`/sessions`, `/keys`, `/me`, and a survey as a page."""
    router = APIRouter(responses=documented(422))
    allow, on = guard_of(accounts, store), accounts.protections

    @router.post("/sessions", status_code=201, responses=BODY | documented(401, 429))
    async def sign_in(who: SignIn):
        if not accounts.check(who.name, who.password):
            raise HTTPException(401, "name or password is wrong")
        return {"token": accounts.token(who.name)}

    @router.delete("/sessions", status_code=204, responses=documented(401))
    async def sign_out(request: Request):
        accounts.of(request)
        accounts.sign_out(request)

    @router.post("/keys", status_code=201, responses=BODY | documented(401, 403))
    async def make_key(request: Request, nothing: Input):
        await allow(request)
        return {"key": accounts.token(accounts.of(request)["name"], reads_only=True)}

    @router.get("/me", responses=documented(401))
    async def read_me(request: Request):
        return {name: accounts.of(request)[name] for name in ("name", "role", "shown")}

    @router.patch("/me", responses=BODY | documented(401, 403))
    async def change_me(request: Request, change: Change):
        await allow(request)
        if on.field_check and change.role is not None:
            raise HTTPException(403, "a role is given, not taken")
        accounts.change(accounts.of(request)["name"], **change.model_dump(exclude_none=True))
        return await read_me(request)

    @router.get("/surveys/{survey_id:id}/page", response_class=HTMLResponse, responses=documented(401, 403, 404))
    async def show_survey(request: Request, survey_id: Id):
        await allow(request)
        survey = store.get("surveys", survey_id)
        if survey is None:
            raise HTTPException(404, f"there is no survey {survey_id}")
        title = html.escape(survey["title"]) if on.escaping else survey["title"]
        # Whatever stands in the title: this page can run nothing, load nothing and send nothing.
        return HTMLResponse(f"<h1>{title}</h1>", headers={"Content-Security-Policy": "sandbox; default-src 'none'"})

    return router
