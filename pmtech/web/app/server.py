"""Starts the real API in this kernel, on this machine alone, and talks to it."""

import atexit
import html
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pmtech.files import scratch
from pmtech.kinds import explained
from pmtech.web.app.faults import Faults
from pmtech.web.app.listening import Listening
from pmtech.web.app.protections import Protections
from pmtech.web.app.sending import heard, written
from pmtech.web.app.store import Snapshot, Store, opened
from pmtech.web.client.exchange import Exchange

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from pmtech.web.app.sign_in import Accounts
    from pmtech.web.jobs.orders import Orders
    from pmtech.web.jobs.worker import Worker


def start_api(*, transport: str = "auto", worker: bool = False, sign_in: Protections | None = None) -> "Api":
    """Starts the survey tool's API with a fresh database; one that was started before is stopped.

    `transport`: "socket" for a server on a free port of 127.0.0.1, "in_process" for no server at all, "auto" for
    the first of the two that works here. `worker`: takes orders, too, and starts a process that works on them later.
    `sign_in`: a `Protections(...)`: then whoever asks must have signed in; None: the API asks nobody who they are.
    """
    if sign_in is not None and not isinstance(sign_in, Protections):
        raise ValueError(f"sign_in must be Protections(...), got {sign_in!r}")
    if sign_in is not None and worker:
        raise ValueError("the worker has no account: start_api takes worker=True or sign_in=..., not both")
    api = Api(transport, worker, sign_in)
    stop_all()
    api.start()
    return api


@atexit.register
def stop_all() -> None:
    for api in Api._alike[:]:
        api.stop()


class Stops(Protocol):
    """What listens for an API."""

    def stop(self) -> None: ...


@explained
class Api:
    """The running API.

    `url` is where it listens, `faults` what goes wrong on purpose, `request` sends, `rows()` are the rows of its database.
    With a worker `orders` are those that were accepted, and `worker` is the process that works on them. With sign-in
    `accounts` are the people who may come in, and `protections` says what stands in their way.
    """

    _alike: ClassVar[list["Api"]] = []  # those that run
    accounts: "Accounts | None" = None
    orders: "Orders | None" = None
    worker: "Worker | None" = None
    _server: Stops | None = None
    _app: "Starlette | None" = None
    _store: Store | None = None
    url, _port = "", 0

    def __init__(self, transport: str = "auto", worker: bool = False, sign_in: Protections | None = None):
        if transport not in ("auto", "socket", "in_process"):
            raise ValueError(f'transport must be "auto", "socket" or "in_process", got {transport!r}')
        self.faults, self.protections = Faults(), sign_in
        self._wish, self._works = transport, worker

    @property
    def running(self) -> bool:
        return bool(self._server or self._app)

    def must_run(self) -> None:
        """Raises ValueError with a sentence when it is stopped."""
        if not self.running:
            raise ValueError("the API is stopped: run the cell with start_api() again, and this one after it")

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory:
        return scratch("api")

    @property
    def folder(self) -> Path:
        """Where its database lies, until the kernel ends."""
        return Path(self._folder.name)

    @property
    def transport(self) -> str:
        """How requests travel: "socket" or "in_process"."""
        return "socket" if self._server else "in_process"

    def start(self) -> None:
        """Starts it again after `stop`, with the rows that were there, on the same port if that is still free."""
        if self.running:
            return
        import httpx

        from pmtech.web.app.api import create_app
        from pmtech.web.app.calendar import CalendarClient, create_calendar

        self._store = store = opened(self.folder)
        calendar = create_calendar(self.faults)
        more, guard = self._jobs(self.folder) if self._works else [], None
        if self.protections:
            from pmtech.web.app.sign_in import Accounts, guard_of, routes

            self.accounts = accounts = Accounts(self.folder / "accounts.db", self.protections)
            more.append(routes(accounts, store))
            guard = guard_of(accounts, store)

        def apps(_url: str = "", calendar_url: str = "") -> list:
            inside = None if calendar_url else httpx.ASGITransport(calendar, raise_app_exceptions=False)
            way = CalendarClient(calendar_url or "http://in-process", inside)
            return [create_app(store, faults=self.faults, calendar=way, more=more, guard=guard), calendar]

        self._serve(apps, 2)
        self._alike.append(self)
        # The first request of all pays for imports; nobody shall measure that one.
        self.request("GET", "/surveys")
        if self.worker:
            self._start_worker(self.worker)

    def _serve(self, apps: Callable[..., list], count: int) -> None:
        """Serves so many apps, the first of which is asked, on sockets; or that one in process. apps: of their addresses."""
        if self._wish != "in_process" and sys.platform != "emscripten":
            try:
                server = Listening(self._port, *[0] * (count - 1))
                made = apps(*server.urls)
                server.start(*made)
                self._server, self._app, self.url = server, made[0], server.urls[0]
                self._port = int(self.url.rpartition(":")[2])
                return
            except (OSError, RuntimeError) as error:
                if self._wish == "socket":
                    self._close()
                    raise RuntimeError(f"no server can be started here: {error}") from error
        self.url, self._app = "http://in-process", apps()[0]

    def _jobs(self, folder: Path) -> list:
        """The routes for orders."""
        from pmtech.web.jobs.orders import Orders
        from pmtech.web.jobs.routes import routes
        from pmtech.web.jobs.worker import Worker

        self.orders = orders = Orders(folder)
        self.worker = Worker(orders)
        return [routes(orders)]

    def _start_worker(self, worker: "Worker") -> None:
        try:
            if not self._server:
                raise RuntimeError("a worker in a process of its own needs sockets, and there are none here")
            worker.orders.url = self.url
            worker.start()
        except (OSError, RuntimeError):
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server. The database stays for `start`, until the kernel ends."""
        if not self.running:
            return
        self._alike.remove(self)
        if self.worker:
            self.worker.kill()
        if self._server:
            self._server.stop()
        self._server = self._app = None
        self._close()

    def _close(self) -> None:
        for files in (self._store, self.accounts):
            if files:
                files.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 5.0,
        lose_request: bool = False,
        lose_answer: bool = False,
    ) -> Exchange:
        """Sends one request and waits at most `timeout_s` for the answer; never retries.

        `json` is data to be sent as JSON, `body` is text or bytes sent as they are. No answer is no exception: the
        exchange then has `status` None and an `error`. With `lose_request` it never arrives; with `lose_answer`
        the server does the work and its answer never arrives. Raises ValueError for what cannot be sent at all.
        """
        request = written(method, self.url, path, json, body, {**(headers or {})}, timeout_s)
        begun = time.perf_counter()
        wished = {"lose_requests": lose_request, "lose_answers": lose_answer}
        before = {name: getattr(self.faults, name) for name, wanted in wished.items() if wanted}
        for name, others in before.items():
            setattr(self.faults, name, others + 1)
        try:
            answer, error = heard(request, self._transport, timeout_s)
        finally:
            for name, others in before.items():  # also when it never came so far: the next request is another one
                setattr(self.faults, name, min(others, getattr(self.faults, name)))
        return Exchange.of(request, answer, (time.perf_counter() - begun) * 1000, error)

    def _transport(self):
        """One connection a request."""
        import httpx

        from pmtech.web.app.in_process import InProcessTransport

        if not self.running:
            raise httpx.ConnectError("stopped")
        # Plain HTTP on this machine: loading root certificates would only cost time.
        return httpx.HTTPTransport(verify=False) if self._server else InProcessTransport(self._app)

    @property
    def price_rule(self) -> Callable[[int], int]:
        """What an order of so many seats costs, in dollars."""
        return self._shop.state.price_rule

    def sells(self, price_rule: Callable[[int], int]) -> None:
        """Another price rule from now on, until it is stopped."""
        self._shop.state.price_rule = price_rule

    @property
    def _shop(self) -> "Starlette":
        if self._app is None or not hasattr(self._app.state, "price_rule"):
            raise ValueError("this needs the running API: api = start_api()")
        return self._app

    def rows(self) -> Snapshot:
        """The newest rows of every table, read from the database and not through the API."""
        self.must_run()
        kept = self._store, self.accounts, self.orders
        return {table: rows for one in kept if one for table, rows in one.snapshot().items()}

    def __repr__(self) -> str:
        if not self._store or not self.running:
            return "Survey API, stopped: api.start() starts it again"
        kept = self._store.snapshot().items()
        counts = ", ".join(f"{table.replace('_', ' ')}: {len(rows)}" for table, rows in kept if rows)
        works = f"; worker: {'process of its own, alive' if self.worker.alive else 'dead'}" if self.worker else ""
        return f"Survey API, {self._where}; rows in its database: {counts or 'none'}{works}"

    @property
    def _where(self) -> str:
        return f"listening on {self.url}" if self._server else "answering in process (no sockets here)"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"
