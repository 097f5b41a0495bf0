"""A real shared cache before the real API: which answers it keeps, and what it says of them."""

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from pmtech.components import CDN, Server
from pmtech.files import scratch
from pmtech.runs.simulate import simulate
from pmtech.traces.access_log import read_log
from pmtech.traces.replay import Replay
from pmtech.web.app.server import Api
from pmtech.web.client.table import Rows

ASKED = (  # what the origin says of its answer, by what it varies, and the model of an edge that is told so
    ("public, max-age=60", "", CDN(ttl_s=60)),
    ("s-maxage=2, max-age=60", "", CDN(ttl_s=2)),
    ("private, max-age=60", "", CDN(keeps=("/nothing",))),
    ("no-store", "", CDN(keeps=("/nothing",))),
    ("public, max-age=60", "Accept-Language", CDN(ttl_s=60)),
)
PAUSE_S = 3.1  # longer than the s-maxage of two seconds: ages are counted in whole seconds


@dataclass(frozen=True, kw_only=True, repr=False)
class SharedCache(Rows):
    """rows: (what the origin said, who answered the first request really and in the model, the second, the third)."""

    rows: list[tuple[str, ...]]
    heads = "the origin says", "first", "model", "at once again", "model", f"after {PAUSE_S:.0f} seconds", "model"

    @property
    def sentence(self) -> str:
        pairs = [pair for row in self.rows for pair in zip(row[1::2], row[2::2], strict=True)]
        same = sum(real.startswith("copy") == (model == "copy") for real, model in pairs)
        return f"{same} of {len(pairs)} answers came from where the model has them; “still good” is the origin's word, too."


def shared_cache(api: Api) -> SharedCache:
    """Sends each request of a small list three times through `hishel`, a cache by RFC 9111 as an edge has it.

    The API itself says `private` of all it shows; here it stands behind a door that says something else of each answer, as
    the settings of a CDN do. The third request comes 3 seconds later; where the answer varies, the second asks in another
    language. The same three go through the model `CDN`, as a log. What this leaves out: edges, distance, more than one reader.
    Raises ValueError for an API that is stopped.
    """
    import httpx
    from hishel import SqliteStorage
    from hishel.httpx import CacheTransport

    api.must_run()
    origin = Origin(api)
    storage = SqliteStorage(connection=sqlite3.connect(":memory:", check_same_thread=False))
    cache = CacheTransport(httpx.MockTransport(origin.handle_request), storage, rfc=True)
    says = [{"Cache-Control": kept} | ({"Vary": vary} if vary else {}) for kept, vary, _ in ASKED]
    rows = [["; ".join(filter(None, (kept, vary and f"Vary: {vary}")))] for kept, vary, _ in ASKED]
    modelled = list(_modelled())
    time.sleep(1 - time.time() % 1)  # a Date is in whole seconds: what comes at once is of age 0
    for turn in range(3):
        if turn == 2:
            time.sleep(PAUSE_S)
        for number, (row, said) in enumerate(zip(rows, says, strict=True)):
            other = "Vary" in said and turn == 1
            answer = origin.ask(cache, number, said, "de" if other else "en")
            row += [f"{answer} (other language)" if other else answer, modelled[number][turn]]
    return SharedCache(rows=[tuple(row) for row in rows])


def _modelled() -> Iterator[list[str]]:
    """Who answers the same requests in the model, row by row. To it an answer that varies is one for each page and language."""
    stamp = '10.0.0.{0} - - [01/Jan/2026:00:00:0{1} +0000] "GET /{0}{2} HTTP/1.1" 200 9\n'
    asked = [
        stamp.format(number, second, "de" if vary and second == 1 else "en")
        for second in (0, 1, 4)
        for number, (_, vary, _) in enumerate(ASKED)
    ]
    with scratch("cache") as folder:
        path = Path(folder) / "access.log"
        path.write_text("".join(asked))
        viewers = Replay(log=read_log(path))
    for number, (_, _, edge) in enumerate(ASKED):
        run = simulate(viewers >> edge >> Server(), duration_s=4.99)
        fetched = set(run.visits[run.visits.component == "server"].request)
        yield ["origin" if turn in fetched else "copy" for turn in range(number, len(asked), len(ASKED))]


class Origin:
    """Hands requests to the API, as a transport of httpx does, and says of its answers what it is told to."""

    def __init__(self, api: Api):
        self.api, self.rows, self.status, self.says = api, f"{api.url}/surveys/1?row=", None, {}

    def ask(self, cache, number: int, says: dict[str, str], language: str) -> str:
        """Who answers: "origin", "still good (304)", or "copy" with its age."""
        import httpx

        self.status, self.says = None, says
        answer = cache.handle_request(
            httpx.Request("GET", f"{self.rows}{number}", headers={"Accept-Language": language})
        )
        answer.read()
        if self.status is None:
            return f"copy, Age {answer.headers.get('age', '0')}"
        return "still good (304)" if self.status == 304 else "origin"

    def handle_request(self, request):
        import httpx

        came = self.api.request(request.method, request.url.raw_path.decode(), headers=dict(request.headers))
        self.status = came.status
        known = {"content-type", "date", *["etag"] * ("Vary" not in self.says)}  # it knows one language alone
        kept = {name: value for name, value in came.headers.items() if name in known}
        kept.setdefault("date", formatdate(usegmt=True))  # a server says so; without one nobody does
        return httpx.Response(came.status, headers={**kept, **self.says}, content=came.text.encode())
