"""What holds for every request, whatever its endpoint: without it the raw input of a stranger is what decides."""

import asyncio
import json
import socket
import sqlite3
from contextlib import closing
from functools import partial

import httpx
import pytest
from fastapi import APIRouter, HTTPException, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from pmtech.web.app.api import create_app
from pmtech.web.app.in_process import InProcessTransport
from pmtech.web.app.patch import TestFailed, json_patch
from pmtech.web.app.server import Api
from pmtech.web.app.store import Store, fill
from pmtech.web.strict_json import DEPTH, parse

JSON = {"Content-Type": "application/json"}
SURVEY = '{"title": "x"}'


@pytest.fixture(params=["socket", "in_process"])
def api(request):
    yield from running(request.param)


@pytest.fixture(params=["socket", "in_process"], scope="module")
def idle_api(request):
    """For tests that change nothing in it."""
    yield from running(request.param)


@pytest.fixture
def server():
    yield from running("socket")


@pytest.fixture(scope="module")
def idle_server():
    yield from running("socket")


def running(transport):
    api = Api(transport)
    api.start()
    yield api
    api.stop()


def over_the_wire(api, start, *lines, body=""):
    """Status and text of the answer to these lines as they are, which a well-behaved client would not send."""
    body = body.encode() if isinstance(body, str) else body
    host = () if any(line.lower().startswith("host:") for line in lines) else ("Host: 127.0.0.1",)
    if body:
        lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", *lines)
    with socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])), timeout=10) as wire:
        wire.sendall("\r\n".join((f"{start} HTTP/1.1", *host, *lines, "Connection: close", "", "")).encode() + body)
        answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
    return int(answer.split()[1]), answer


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_condition_that_does_not_hold_changes_nothing(api, method):
    before = api.rows()
    for field, value in (("If-None-Match", "*"), ("If-None-Match", 'W/"v1"'), ("If-Match", '"v7"'), ("If-Match", ",")):
        body = None if method == "DELETE" else {"title": "x"}
        assert api.request(method, "/surveys/1", json=body, headers={field: value}).status == 412, (field, value)
    assert api.rows() == before
    assert api.request(method, "/surveys/9", json=body, headers={"If-None-Match": "*"}).status == 404
    assert api.request(method, "/surveys/1", json=body, headers={"If-None-Match": '"v7"'}).status in (200, 204)


def test_conditions_of_reading_and_of_adding(api):
    assert [
        api.request("GET", path, headers={field: value}).status
        for path in ("/surveys/1", "/surveys", "/payments/1")
        for field, value in (("If-Match", '"v7"'), ("If-Match", "*"), ("If-None-Match", "*"), ("If-None-Match", '"v7"'))
    ] == [412, 200, 304, 200] * 3
    late = api.request("GET", "/surveys/1", headers={"If-Match": '"v7"'})
    assert late.json()["detail"] == "the survey is v1 by now, and you asked to see v7"
    seen = api.request("GET", "/payments").headers["etag"]
    order = {"json": {"customer": "A", "seats": 1}, "headers": {"If-Match": seen}}
    assert [api.request("POST", "/payments", **order).status for _ in range(2)] == [201, 412]
    assert len(api.rows()["payments"]) == 2


def test_a_list_of_versions_may_have_empty_members_and_several_lines(server):
    put = partial(over_the_wire, server, "PUT /surveys/1", body=SURVEY)
    assert put('If-Match: , "v7",, "v1" ,')[0] == 200
    assert put('If-Match: "v7"', 'If-Match: "v2"')[0] == 200
    assert put('If-None-Match: "v7"', 'If-None-Match: W/"v2"')[0] == 412
    assert [put(f"If-Match: {bad}")[0] for bad in ("v2", '"v2""v3"', '"v2" "v3"', '*, "v2"', '"v 2"')] == [422] * 5


@pytest.mark.parametrize(
    "id", ["01", "+1", "%201", "1%20", "1.0", "1_0", "-1", "0", "%D9%A1", "1%0A", "abc", "9" * 5000]
)
def test_an_id_has_one_spelling(idle_api, id):
    answers = [idle_api.request(method, f"/surveys/{id}", json={"title": "x"}) for method in ("GET", "PUT", "OPTIONS")]
    assert [(a.status, a.json()["detail"][:20]) for a in answers] == [(404, "there is nothing at ")] * 3


@pytest.mark.parametrize("path", [
    "/surveys%0A", "/surveys%00", "/surveys%20", "/surveys/", "/surveys%C2%85", "/surveys%E2%80%A8", "//surveys",
    "/surveys/1%0A/responses", "/surveys/%0B1/responses", "/surveys/1%0D%0AX:%201/responses", "/surveys/1/responses%0A",
    "/payments%0A", "/payments%1F",
])  # fmt: skip
def test_what_only_resembles_a_path_is_no_path_and_writes_nothing(idle_api, path):
    before = idle_api.rows()
    for body in ({"title": "x"}, {"respondent": "x", "score": 3}, {"customer": "x", "seats": 1}):
        assert idle_api.request("POST", path, json=body).status == 404
    assert idle_api.rows() == before


@pytest.mark.parametrize("deep", [DEPTH, 500, 990, 1010, 3000, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_json_may_be_so_deep_and_no_deeper(idle_api, deep, opened, closed):
    def send(method, path, deep):
        nested = opened * deep + "1" + closed * deep
        return idle_api.request(method, path, body=f'{{"title": {nested}}}', headers=JSON)

    before = idle_api.rows()
    for request in (("POST", "/surveys"), ("PUT", "/surveys/1"), ("PATCH", "/surveys/1")):
        answer = send(*request, deep)
        assert (answer.status, answer.json()["detail"]) == (400, f"the body is nested more than {DEPTH} deep")
        assert send(*request, DEPTH - 1).status == 422  # read, and then no title
    assert idle_api.rows() == before


def test_the_limit_of_depth_is_one_for_all_json():
    assert parse("[" * DEPTH + "]" * DEPTH, "it") and parse("5", "it") == 5
    for deep in (DEPTH + 1, 100_000):
        with pytest.raises(ValueError, match=f"it is nested more than {DEPTH} deep"):
            parse("[" * deep + "]" * deep, "it")


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [
        ("5.0", 201, "5"),
        ("5e1", 201, "50"),
        ("5.5", 422, "goal: input should be a valid integer"),
        ("true", 422, "goal: input should be a valid integer"),
        ("1e400", 422, "goal: input should be a valid integer"),
        ("9" * 5000, 422, "goal: input should be less than or equal to 1000000"),
        ("-" + "9" * 900_000, 422, "goal: input should be greater than or equal to 1"),
    ],
)
def test_a_number_is_what_the_contract_says_however_it_is_written(api, number, status, word):
    answer = api.request("POST", "/surveys", body=f'{{"title": "x", "goal": {number}}}', headers=JSON)
    assert (answer.status, str(answer.json().get("goal") or answer.json()["detail"])) == (status, word)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_json_is_utf_8(api, encoding):
    assert api.request("POST", "/surveys", body=SURVEY.encode(encoding), headers=JSON).status == 400
    assert api.request("POST", "/surveys", body=SURVEY.encode("utf-8-sig"), headers=JSON).status == 201


def test_a_compressed_body_is_not_taken_for_text(api):
    answer = api.request("POST", "/surveys", body=SURVEY, headers=JSON | {"Content-Encoding": "gzip"})
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")


def test_a_title_is_found_in_capitals_in_small_letters_and_with_either_accent(api):
    api.request("POST", "/surveys", json={"title": "Übung für die Straße"})
    for q in ("übung", "%C3%9CBUNG", "u%CC%88bung", "STRASSE", "ßE"):
        assert api.request("GET", f"/surveys?q={q}").json()["total"] == 1, q


def test_every_form_of_a_target_is_answered(idle_server):
    everything = "allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n"
    for target in ("*", idle_server.url):
        status, text = over_the_wire(idle_server, f"OPTIONS {target}")
        assert status == 204 and everything in text
    assert over_the_wire(idle_server, "GET *")[0] == 404
    assert '"id":1' in over_the_wire(idle_server, f"GET {idle_server.url}/surveys/1")[1]
    assert '"total":1' in over_the_wire(idle_server, "GET HTTP://localhost/surveys?owner=ben")[1]
    assert over_the_wire(idle_server, "GET http://elsewhere.example/surveys/1")[0] == 421


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "elsewhere.example:80",
        "127.0.0.1.elsewhere.example",
        "a@127.0.0.1",
        "127.0.0.1/x",
        "",
        "0",
        "127.0.0.1]",
        "[127.0.0.1",
    ],
)
def test_a_page_that_gives_its_name_this_address_gets_nothing(idle_server, host):
    before = idle_server.rows()
    for start, body in (("GET /surveys", ""), ("POST /surveys", SURVEY), ("DELETE /surveys/1", "")):
        status, text = over_the_wire(idle_server, start, f"Host: {host}", body=body)
        assert status == 421 and "week" not in text
    assert idle_server.rows() == before


def test_this_machine_is_known_by_its_names(idle_server):
    port = idle_server.url.rpartition(":")[2]
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}", "127.0.0.1:8000"):
        assert over_the_wire(idle_server, "GET /surveys", f"Host: {host}")[0] == 200


FOREIGN = [
    "Origin: http://elsewhere.example", "Origin: null", "Origin: https://127.0.0.1", "Origin: http://127.0.0.1:8888",
    "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
]  # fmt: skip


@pytest.mark.parametrize("told", FOREIGN)
def test_a_page_of_another_site_changes_nothing(server, told):
    before = server.rows()
    for start in ("POST /surveys", "PUT /surveys/1", "PATCH /surveys/1", "DELETE /surveys/1"):
        assert over_the_wire(server, start, told, body=SURVEY)[0] == 403
    assert server.rows() == before
    assert over_the_wire(server, "GET /surveys", told)[0] == 200  # the browser does not show it to the page
    for own in ("Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"):
        assert over_the_wire(server, "POST /surveys", own, body=SURVEY)[0] == 201


def test_a_body_that_breaks_off_is_not_carried_out(server):
    before = server.rows()
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as wire:
        head = (
            "POST /surveys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        )
        wire.sendall((head + SURVEY).encode())
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(1000).startswith((b"HTTP/1.1 400", b""))
    assert server.request("GET", "/surveys").json()["total"] == 3 and server.rows() == before


more = APIRouter()


@more.post("/orders")
async def order(request: Request, fault: str):
    """A set of routes of its own that writes, and then meets a fault."""
    request.app.state.store.add("payments", customer="A", seats=1, amount_usd=12)
    if fault == "refused":
        raise HTTPException(409, "no")
    if fault == "waits":
        await asyncio.sleep(0)
    return Response(status_code=202, headers={"Location": "\u2028" if fault == "header" else "/orders/1"})


def test_what_was_written_is_taken_back_when_the_answer_is_an_error():
    store = Store(":memory:")
    fill(store)
    with httpx.Client(transport=InProcessTransport(create_app(store, more=[more])), base_url="http://here") as client:
        for fault, status in (("refused", 409), ("header", 500), ("waits", 500)):
            assert client.post(f"/orders?fault={fault}", json={}).status_code == status
            assert len(store.snapshot()["payments"]) == 1
        assert client.post("/orders?fault=none", json={}).status_code == 202
        assert client.options("/orders").headers["allow"] == "OPTIONS, POST"
    assert len(store.snapshot()["payments"]) == 2


class Disk(sqlite3.Connection):
    """A connection whose disk can be full or broken."""

    broken = False

    def execute(self, query, *values):
        if self.broken and query == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(query, *values)


@pytest.fixture
def disks(monkeypatch):
    """The connections that are opened in the test."""
    opened, connect = [], sqlite3.connect

    def watched(path, **how):
        opened.append(connect(path, factory=Disk, **how | {"timeout": 0.1}))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    return opened


def buy(api, n):
    order = {"customer": "A" * 100, "seats": 1}
    return api.request("POST", "/payments", json=order, headers={"Idempotency-Key": f"order {n}"})


def kept(disks):
    """How many payments somebody else who opens the file can see."""
    (_, _, path) = disks[0].execute("PRAGMA database_list").fetchone()
    with closing(sqlite3.connect(path)) as another:
        return another.execute("SELECT count(*) FROM payments").fetchone()[0]


def test_a_commit_that_fails_is_said_and_what_comes_later_is_kept(disks, api):
    disks[0].broken = True
    failed = [buy(api, 1) for _ in range(2)]
    assert [(f.status, f.headers["retry-after"]) for f in failed] == [(503, "1")] * 2
    assert (api.request("GET", "/payments").json()["total"], kept(disks)) == (1, 1)
    disks[0].broken = False
    assert [buy(api, n).status for n in (1, 1, 2)] == [201] * 3
    assert kept(disks) == len(api.rows()["payments"]) == 3


def test_a_full_disk_is_507_until_there_is_room_again(disks, api):
    (pages,) = disks[0].execute("PRAGMA page_count").fetchone()
    disks[0].execute(f"PRAGMA max_page_count = {pages + 2}")
    statuses = [buy(api, n).status for n in range(100)]
    assert set(statuses) == {201, 507} and "no room left" in buy(api, 100).json()["detail"]
    assert kept(disks) == 1 + statuses.count(201)
    disks[0].execute("PRAGMA max_page_count = 10000")
    assert [buy(api, n).status for n in range(100)] == [201] * 100
    assert kept(disks) == len(api.rows()["payments"]) == 101


def test_a_database_that_somebody_else_holds_is_503_until_it_is_free(disks, api):
    (_, _, path) = disks[0].execute("PRAGMA database_list").fetchone()
    with closing(sqlite3.connect(path)) as another:
        another.execute("BEGIN IMMEDIATE")
        assert [buy(api, 1).status, api.request("GET", "/payments").status] == [503, 200]
    assert buy(api, 1).status == 201 and kept(disks) == 2


def test_a_json_patch_knows_true_from_one_and_bounds_its_work():
    for old, value, same in [
        (1, True, False),
        (0, False, False),
        (1, 1.0, True),
        ([1], [True], False),
        (True, True, True),
    ]:
        steps = [{"op": "test", "path": "/a", "value": value}]
        if same:
            assert json_patch({"a": old}, steps) == {"a": old}
        else:
            with pytest.raises(TestFailed, match="/a is not"):
                json_patch({"a": old}, steps)
    doubling = [{"op": "copy", "from": "", "path": f"/{n}"} for n in range(60)]
    for steps in (doubling, [{"op": "copy", "from": "/a", "path": f"/{n}"} for n in range(20_000)]):
        with pytest.raises(ValueError, match="deep|too much work"):
            json_patch({"a": "x" * 100}, steps)


places = st.sampled_from(
    ["", "/", "/a", "/a/0", "/a/-", "/a/01", "/b/~2", "/b/c", "/a/" + "9" * 5000, "a", 5, None, []]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)
steps = st.fixed_dictionaries({}, optional={
    "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "append", "", 5, None, []]),
    "path": places, "from": places, "value": values,
})  # fmt: skip


@given(st.lists(steps | values, max_size=4) | values)
def test_any_patch_is_done_or_refused_in_a_sentence(patch):
    document = {"a": [1, {"c": 2}], "b": {"c": "d"}}
    before = json.dumps(document)
    try:
        json_patch(document, patch)
    except TestFailed:
        pass
    except ValueError as refused:
        assert str(refused).startswith(("operation", "a JSON Patch is", "the patched survey is nested"))
    assert json.dumps(document) == before
