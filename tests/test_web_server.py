"""Starting, stopping and outliving nothing; the API under load and abuse."""

import itertools
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from uvicorn.server import ServerState

from pmtech.web.app.api import create_app
from pmtech.web.app.calendar import CalendarClient, create_calendar
from pmtech.web.app.faults import Faults
from pmtech.web.app.listening import UVICORN
from pmtech.web.app.server import start_api
from pmtech.web.app.store import Store, fill
from pmtech.web.app.unreadable import Protocol


def test_what_cannot_be_read_is_answered_once_and_the_rest_of_it_is_dropped():
    """Whoever still sends while it is refused would lose the answer with a connection that ends in an error."""
    transport, loop = Mock(), Mock()
    transport.get_extra_info.return_value = None
    protocol = Protocol(uvicorn.Config(create_app, **UVICORN), ServerState(), {}, loop)
    protocol.connection_made(transport)
    for _ in range(3):
        protocol.data_received(b"GET / nonsense\r\n\r\n")
    (answer,) = (call.args[0] for call in transport.write.call_args_list)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in answer
    transport.write_eof.assert_called_once_with()  # who reads to the end has it
    transport.close.assert_not_called()
    assert loop.call_later.call_args.args[1] == transport.close


def listens(url):
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0


@pytest.fixture
def servers():
    """Those that this test has started: what another test's lesson keeps running is its own."""
    before = set(threading.enumerate())
    return lambda: [t for t in threading.enumerate() if t.name == "pmtech-api" and t not in before]


def test_it_starts_stops_and_starts_again_with_its_rows(servers):
    api = start_api(transport="socket")
    assert listens(api.url) and api.url.startswith("http://127.0.0.1:")
    api.request("POST", "/surveys", json={"title": "Kept"})
    url, rows = api.url, api.rows()
    api.stop()
    api.stop()
    assert not api.running and not listens(url) and servers() == []
    assert "start_api() again" in api.request("GET", "/surveys").error
    assert "stopped" in repr(api)
    for refused in (api.rows, lambda: api.price_rule, lambda: api.sells(len)):
        with pytest.raises(ValueError, match=r"start_api\(\)"):
            refused()
    api.start()
    assert api.url == url and api.rows() == rows
    api.stop()


def test_running_the_cell_twice_does_not_leave_two(servers):
    first = start_api(transport="socket")
    second = start_api(transport="socket")
    assert not listens(first.url) or first.url == second.url
    assert not first.running and second.running and len(servers()) == 1
    second.stop()


def test_without_sockets_it_answers_in_process(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no sockets here")

    monkeypatch.setattr(socket, "socket", refuse)
    api = start_api()
    assert api.transport == "in_process"
    assert api.request("GET", "/surveys/1").status == 200
    with pytest.raises(RuntimeError, match="no sockets here"):
        start_api(transport="socket")


def test_unknown_transports_and_faults_are_refused():
    with pytest.raises(ValueError, match="transport"):
        start_api(transport="pigeon")
    faults = Faults()
    for name, value in [("calendar_ms", -1), ("calendar_ms", float("nan")), ("lose_answers", "1"), ("rain", 1)]:
        with pytest.raises(ValueError, match=name):
            setattr(faults, name, value)


def test_an_answer_lost_on_purpose_leaves_the_faults_that_were_set():
    api = start_api(transport="in_process")
    api.faults.lose_answers = 1
    assert api.request("GET", "/surveys", lose_answer=True, timeout_s=0.3).status is None
    assert api.faults.lose_answers == 1
    assert api.request("GET", "/surveys", lose_request=True, timeout_s=0.3).status is None
    assert (api.faults.lose_answers, api.faults.lose_requests) == (1, 0)
    assert api.request("GET", "/surveys", timeout_s=0.3).status is None
    assert api.request("GET", "/surveys").status == 200


KERNEL = """
from pmtech.web.app.server import start_api
print(start_api(transport="socket").url, flush=True)
input()
"""


def test_it_listens_on_the_loopback_alone_and_dies_with_its_kernel():
    kernel = subprocess.Popen([sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = kernel.stdout.readline().strip()
    assert listens(url)
    port = int(url.rpartition(":")[2])
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if tables[0].exists():
        lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
        bound = {f[1].rpartition(":")[0] for f in lines if f[3] == "0A" and f[1].endswith(f":{port:04X}")}
        assert bound == {"0100007F"}
    kernel.kill()
    kernel.communicate(timeout=60)
    assert not listens(url)


LOAD = Path(__file__).parents[1] / "benchmarks" / "web_load.py"


def test_200_requests_a_second_from_a_second_process_meet_no_error():
    """2 s here; benchmarks/web_load.py runs the same for 20 s. How long an answer takes is the machine's affair."""
    api = start_api(transport="socket")
    try:
        told = subprocess.run(
            [sys.executable, str(LOAD), api.url, "200", "2"], check=False, capture_output=True, text=True, timeout=300
        )
        assert told.stdout.startswith("200:300 201:100\n"), told.stdout + told.stderr
        assert len(api.rows()["payments"]) == 101
    finally:
        api.stop()


def test_ten_threads_with_one_key_are_charged_once():
    api = start_api(transport="socket")
    try:
        body = b'{"customer": "Company A", "seats": 2}'
        headers = {"Content-Type": "application/json", "Idempotency-Key": "one"}
        places = []

        def buy():
            with urllib.request.urlopen(urllib.request.Request(f"{api.url}/payments", body, headers)) as answer:
                places.append(answer.headers["location"])

        threads = [threading.Thread(target=buy) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert places == ["/payments/2"] * 10 and len(api.rows()["payments"]) == 2
    finally:
        api.stop()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\x16\x03\x01\r\n\r\n",
        b"POST /surveys HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_bytes_that_are_no_http_do_not_hurt_the_server(garbage):
    api = start_api(transport="socket")
    try:
        with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])), timeout=5) as wire:
            wire.sendall(garbage)
            answer = wire.recv(1000)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request") and b"application/problem+json" in answer
        assert api.request("GET", "/surveys").status == 200
    finally:
        api.stop()


def test_a_chunked_body_without_a_length_is_limited_too():
    api = start_api(transport="socket")
    try:
        chunks = (b"x" * 50_000 for _ in range(40))
        request = urllib.request.Request(f"{api.url}/surveys", chunks, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(request, timeout=10)
    finally:
        api.stop()


def contract_app():
    store = Store(":memory:")
    fill(store)
    faults, ticks = Faults(calendar_ms=0), itertools.count()
    calendar = CalendarClient("http://calendar", httpx.ASGITransport(create_calendar(faults)))
    # Every look at the clock is 100 s later, so that exports are not refused.
    return create_app(store, faults=faults, calendar=calendar, clock=lambda: next(ticks) * 100.0)


schema = schemathesis.openapi.from_asgi("/openapi.json", contract_app())
# Two checks do not know our rules: a reused Idempotency-Key makes valid data invalid (422), and If-Match is looked at
# before what a PATCH says (412).
UNFIT = ["positive_data_acceptance", "negative_data_rejection"]


@schema.parametrize()
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_no_request_of_the_contract_gets_a_5xx_or_an_answer_that_is_not_in_it(case):
    case.call_and_validate(excluded_checks=[schemathesis.checks.CHECKS.get_one(name) for name in UNFIT])


def test_the_names_of_the_lesson_do_not_load_the_web_framework():
    names = "pmtech.web.app.server, pmtech.web.experiments.requests, pmtech.web.client.contract, pmtech.panels.console"
    code = f"import sys, {names}; print({{'fastapi', 'uvicorn', 'httpx', 'pydantic'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "set()\n"
