"""The API over a socket and in process: the same stories on both, status for status and byte for byte."""

import asyncio
import json
import re
import shlex
import shutil
import socket
import subprocess
import threading

import httpx
import pytest
from fastapi import HTTPException

from pmtech.web.app.calendar import CalendarClient
from pmtech.web.app.patch import TestFailed, json_patch, merge_patch
from pmtech.web.app.server import Api
from pmtech.web.experiments.requests import hostile_input, retry_lost_answer, send_twice

JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=["socket", "in_process"])
def api(request):
    yield from running(request.param)


@pytest.fixture(params=["socket", "in_process"], scope="module")
def idle_api(request):
    """For tests that change nothing in it."""
    yield from running(request.param)


def running(transport):
    api = Api(transport)
    api.start()
    yield api
    api.stop()


def problem(exchange):
    assert exchange.headers["content-type"] == "application/problem+json"
    body = exchange.json()
    assert body["status"] == exchange.status
    return body


def test_the_life_of_a_survey(api):
    log = []

    def send(method, path, **more):
        answer = api.request(method, path, **more)
        log.append((method, path, answer.status))
        return answer

    created = send("POST", "/surveys", json={"title": "Parking"})
    place = created.headers["location"]
    assert created.json() == {
        "id": 4, "title": "Parking", "owner": "ana", "status": "draft", "goal": None, "questions": [], "version": 1,
    }  # fmt: skip
    first = send("GET", place)
    assert (first.text, list(first.json())[0]) == (created.text, "id")
    assert (first.headers["etag"], first.headers["cache-control"]) == ('"v1"', "private, max-age=10")
    assert send("GET", place, headers={"If-None-Match": '"v1"'}).text == ""
    for method, field in (("GET", "If-None-Match"), ("DELETE", "If-Match")):
        bare = api.request(method, place, headers={field: "v1"})
        assert (bare.status, bare.json()["detail"]) == (
            422,
            f"{field} must name versions in double quotes, as the etag of an answer does",
        )
    assert send("PATCH", place, json={"status": "open", "goal": 5}).json()["goal"] == 5
    late = send("PUT", place, json={"title": "Parked"}, headers={"If-Match": '"v1"'})
    assert late.json()["detail"] == "the survey is v2 by now, and you asked to change v1"
    assert send("PUT", place, json={"title": "Parked"}, headers={"If-Match": '"v2"'}).json()["goal"] is None
    assert send("DELETE", place).text == ""
    send("DELETE", place)
    send("GET", place)
    assert log == [
        ("POST", "/surveys", 201),
        ("GET", "/surveys/4", 200),
        ("GET", "/surveys/4", 304),
        ("PATCH", "/surveys/4", 200),
        ("PUT", "/surveys/4", 412),
        ("PUT", "/surveys/4", 200),
        ("DELETE", "/surveys/4", 204),
        ("DELETE", "/surveys/4", 404),
        ("GET", "/surveys/4", 404),
    ]


def test_lists_come_in_pages(idle_api):
    first = idle_api.request("GET", "/surveys?owner=ana&limit=1")
    assert (first.json()["total"], [s["id"] for s in first.json()["items"]]) == (2, [1])
    second = idle_api.request("GET", "/surveys?owner=ana&limit=1&offset=1")
    assert (second.json()["total"], [s["id"] for s in second.json()["items"]]) == (2, [3])
    assert idle_api.request("GET", "/surveys?q=lunch").json()["total"] == 1
    again = idle_api.request(
        "GET", "/surveys?owner=ana&limit=1", headers={"If-None-Match": f"W/{first.headers['etag']}"}
    )
    assert again.status == 304


@pytest.mark.parametrize(
    ("request_", "status", "word"),
    [
        ({"method": "GET", "path": "/nothing"}, 404, "/nothing"),
        ({"method": "GET", "path": "/surveys/99999999999999999999"}, 404, "no survey"),
        ({"method": "GET", "path": "/surveys/1/responses/99"}, 404, "no response"),
        ({"method": "GET", "path": "/surveys/2/responses/1"}, 404, "survey 2"),
        ({"method": "POST", "path": "/surveys/1", "json": {}}, 405, "not POST"),
        ({"method": "BREW", "path": "/surveys"}, 405, "not BREW"),
        ({"method": "POST", "path": "/surveys", "json": {"titel": "x"}}, 422, "titel: unknown field"),
        ({"method": "POST", "path": "/surveys", "json": {"title": ""}}, 422, "title: "),
        ({"method": "POST", "path": "/surveys", "json": {"title": "x", "goal": "ten"}}, 422, "goal: "),
        ({"method": "POST", "path": "/surveys", "json": {"title": "x", "questions": ["a", 5]}}, 422, "questions.1: "),
        ({"method": "POST", "path": "/surveys", "json": []}, 422, "body: input should be an object"),
        ({"method": "GET", "path": "/surveys?limit=0"}, 422, "limit: "),
        ({"method": "GET", "path": "/surveys?limit=1_0"}, 422, "limit: "),
        ({"method": "GET", "path": "/surveys?q=" + "a" * 8_000}, 414, "the address may have at most 8,000 bytes"),
        ({"method": "GET", "path": "/surveys", "headers": {"X": "a" * 32_000}}, 431, "the headers may have at most"),
        ({"method": "GET", "path": "/surveys", "headers": {"X": "a" * 3_000_000}}, 431, "the headers may have at most"),
        ({"method": "PATCH", "path": "/surveys/1", "json": {"title": None}}, 422, "title: "),
        ({"method": "PATCH", "path": "/surveys/1", "json": 5}, 422, "body: input should be an object"),
        ({"method": "POST", "path": "/surveys", "body": "{}"}, 415, "got none"),
        (
            {"method": "POST", "path": "/surveys", "body": "<a/>", "headers": {"Content-Type": "text/xml"}},
            415,
            "got text/xml",
        ),
        ({"method": "POST", "path": "/surveys", "body": '{"title": "Lun', "headers": JSON}, 400, "line 1 column 11"),
        ({"method": "POST", "path": "/surveys", "body": " ", "headers": JSON}, 400, "the body is empty"),
        ({"method": "POST", "path": "/surveys", "body": b'{"title": "\xff"}', "headers": JSON}, 400, "UTF-8"),
        ({"method": "POST", "path": "/surveys", "body": '{"title": "\\ud800"}', "headers": JSON}, 400, "UTF-8"),
        ({"method": "POST", "path": "/surveys", "body": '{"goal": NaN}', "headers": JSON}, 400, "NaN"),
        ({"method": "POST", "path": "/surveys", "body": "[" * 100_000, "headers": JSON}, 400, "deep"),
        ({"method": "POST", "path": "/surveys", "body": b"x" * 10_000_000, "headers": JSON}, 413, "1,000,000 bytes"),
        ({"method": "POST", "path": "/surveys/3/responses", "json": {"respondent": "li", "score": 5}}, 409, "closed"),
        (
            {"method": "POST", "path": "/surveys/9/responses", "json": {"respondent": "li", "score": 5}},
            404,
            "no survey 9",
        ),
    ],
)
def test_what_is_refused_is_a_problem_that_names_the_trouble_and_changes_nothing(idle_api, request_, status, word):
    before = idle_api.rows()
    answer = idle_api.request(**request_)
    assert answer.status == status
    assert word in problem(answer)["detail"]
    assert idle_api.rows() == before


def test_405_and_options_name_every_method_of_the_path(idle_api):
    allow = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert idle_api.request("POST", "/surveys/1", json={}).headers["allow"] == allow
    options = idle_api.request("OPTIONS", "/surveys/1")
    assert (options.status, options.headers["allow"]) == (204, allow)
    assert idle_api.request("OPTIONS", "/surveys").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert idle_api.request("OPTIONS", "/nothing").status == 404


def test_head_is_get_without_the_body(idle_api):
    get, head = idle_api.request("GET", "/surveys/1"), idle_api.request("HEAD", "/surveys/1")
    assert (head.status, head.text) == (200, "")
    ignored = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }


def test_415_says_what_would_be_taken(idle_api):
    patch = idle_api.request("PATCH", "/surveys/1", body="status=open", headers={"Content-Type": "text/plain"})
    assert "application/merge-patch+json" in patch.headers["accept-patch"]
    assert idle_api.request("POST", "/surveys", body="x").headers["accept-post"] == "application/json"


def test_if_match_compares_strongly_and_a_missing_survey_is_404_first(api):
    assert api.request("DELETE", "/surveys/1", headers={"If-Match": 'W/"v1"'}).status == 412
    assert api.request("DELETE", "/surveys/9", headers={"If-Match": '"v1"'}).status == 404
    assert api.request("DELETE", "/surveys/1", headers={"If-Match": '"v7", "v1"'}).status == 204


def test_two_posts_add_two_rows_two_puts_leave_one_change(api):
    assert send_twice(api, "POST", "/surveys", json={"title": "Twice"}).sentence == (
        "2 requests, 2 answers, 2 rows added in surveys."
    )
    assert send_twice(api, "PUT", "/surveys/1", json={"title": "Twice"}).sentence == (
        "2 requests, 2 answers, 1 row changed in surveys."
    )
    assert api.request("GET", "/surveys/1").headers["etag"] == '"v2"'
    deleted = send_twice(api, "DELETE", "/surveys/2")
    assert [e.status for e in deleted.exchanges] == [204, 404]


def test_merging_twice_is_merging_once_but_adding_to_a_list_twice_adds_two(api):
    send_twice(api, "PATCH", "/surveys/1", json={"goal": 7})
    assert api.request("GET", "/surveys/1").json()["version"] == 2
    add = [{"op": "add", "path": "/questions/-", "value": "And the food?"}]
    send_twice(api, "PATCH", "/surveys/1", json=add, headers={"Content-Type": "application/json-patch+json"})
    assert api.request("GET", "/surveys/1").json()["questions"][1:] == ["And the food?"] * 2


def test_a_lost_answer_and_a_retry_charge_twice_unless_there_is_a_key(api):
    twice = retry_lost_answer(api, timeout_s=0.2)
    assert [e.status for e in twice.exchanges] == [None, 201]
    assert twice.exchanges[0].response_bytes == b""
    assert twice.charges == 2
    once = retry_lost_answer(api, idempotency_key="order-17", timeout_s=0.2)
    assert [e.status for e in once.exchanges] == [None, 201]
    assert once.exchanges[1].headers["idempotency-replayed"] == "true"
    assert once.charges == 1
    assert retry_lost_answer(api, idempotency_key="order-17", timeout_s=0.2).charges == 0
    other = {"customer": "Company A", "seats": 6}
    assert api.request("POST", "/payments", json=other, headers={"Idempotency-Key": "order-17"}).status == 422


@pytest.mark.parametrize("answer", [{"status_code": 500}, {"text": "Mon"}, {"json": {"owner": "ana"}}, {"json": []}])
def test_a_calendar_that_makes_no_sense_is_a_bad_gateway(answer):
    client = CalendarClient(
        "http://calendar", httpx.MockTransport(lambda _: httpx.Response(**{"status_code": 200, **answer}))
    )
    with pytest.raises(HTTPException) as refused:
        asyncio.run(client.events("ana"))
    assert refused.value.status_code == 502


def test_the_calendar_in_time_and_too_late(api):
    assert api.request("GET", "/surveys/1/calendar").json()[0] == "Mon 10:00 Board meeting"
    api.faults.calendar_ms = 1500
    assert problem(api.request("GET", "/surveys/1/calendar"))["detail"] == "the calendar did not answer within 1 s"


def test_the_fourth_export_is_told_when_to_come_back(api):
    answers = [api.request("GET", "/surveys/1/export") for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, 429]
    assert answers[0].text == 'id,respondent,score\r\n1,"noor",5\r\n2,"li",3\r\n'
    assert 1 <= int(answers[3].headers["retry-after"]) <= 10


@pytest.mark.parametrize("formula", ["=1+1", "\n=1+1", "\t =1+1", "\r@A1", "-1", "\u00a0+1", "＝1+1"])
def test_a_formula_is_exported_as_text(api, formula):
    api.request("POST", "/surveys/1/responses", json={"respondent": formula, "score": 5})
    assert f'3,"\'{formula}",5' in api.request("GET", "/surveys/1/export").text


def test_hostile_input_is_kept_as_text_or_refused(api):
    done = hostile_input(api)
    assert [e.status for e in done.exchanges] == [201, 413, 400]
    assert done.exchanges[0].json()["title"] == "'; DROP TABLE surveys; --"
    assert "rows" in repr(done) or "row added" in repr(done)
    quote = api.request("GET", "/surveys?q=' OR '1'='1")
    assert quote.json()["total"] == 0


@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_is_that_of_the_standard(document, patch, merged):
    assert merge_patch(document, patch) == merged


def test_json_patch_is_all_or_nothing():
    survey = {"title": "a", "questions": ["one", "three"]}
    steps = [
        {"op": "test", "path": "/title", "value": "a"},
        {"op": "add", "path": "/questions/1", "value": "two"},
        {"op": "add", "path": "/questions/-", "value": "four"},
        {"op": "remove", "path": "/questions/0"},
        {"op": "replace", "path": "/title", "value": "b"},
    ]
    assert json_patch(survey, steps) == {"title": "b", "questions": ["two", "three", "four"]}
    assert survey == {"title": "a", "questions": ["one", "three"]}
    with pytest.raises(TestFailed):
        json_patch(survey, [{"op": "test", "path": "/title", "value": "z"}])
    for nonsense in (5, [5], [{"op": "move", "path": "/title", "from": "/a"}], [{"op": "add", "path": "/title"}],
                     [{"op": "remove", "path": "/questions/7"}], [{"op": "remove", "path": "/a/b"}],
                     [{"op": "add", "path": "title", "value": 1}]):  # fmt: skip
        with pytest.raises(ValueError):
            json_patch(survey, nonsense)


def test_a_json_patch_sees_what_a_reader_sees_and_leaves_what_the_api_sets(api):
    def patch(*steps):
        return api.request(
            "PATCH", "/surveys/1", json=list(steps), headers={"Content-Type": "application/json-patch+json"}
        )

    before = api.request("GET", "/surveys/1").json()
    tests = [{"op": "test", "path": f"/{field}", "value": value} for field, value in before.items()]
    assert patch(*tests).status == 200 and patch({"op": "test", "path": "/version", "value": 2}).status == 409
    for change in ({"op": "replace", "path": "/version", "value": 9}, {"op": "remove", "path": "/id"},
                   {"op": "replace", "path": "/id", "value": True},
                   {"op": "move", "from": "/version", "path": "/goal"}):  # fmt: skip
        assert patch(change).status == 422
    assert api.request("GET", "/surveys/1").json() == before


def test_the_wire_shows_start_line_headers_and_body(api):
    sent = api.request("POST", "/surveys", json={"title": "Straße"}, headers={"X-Trace": "7"})
    head, body = sent.request_bytes.split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /surveys HTTP/1.1",
        b"Host: " + api.url.removeprefix("http://").encode(),
        b"X-Trace: 7",
        b"Content-Type: application/json",
        b"Content-Length: 20",
    ]
    assert body == '{"title": "Straße"}'.encode()
    head, body = sent.response_bytes.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"location: /surveys/4" in head.split(b"\r\n")
    assert json.loads(body) == sent.json()
    assert "POST /surveys HTTP/1.1" in sent._repr_html_()


def test_what_is_shown_is_what_a_socket_saw(monkeypatch):
    said = b"HTTP/1.1 207 Multi-Status\r\nDate: today\r\nContent-Length: 2\r\n\r\nok"
    seen = []

    def answer(listener):
        wire, _ = listener.accept()
        with wire:
            while not b"".join(seen).endswith(b"}"):
                seen.append(wire.recv(10_000))
            wire.sendall(said)

    for api in running("socket"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=answer, args=(listener,)).start()
            monkeypatch.setattr(api, "url", f"http://127.0.0.1:{listener.getsockname()[1]}")
            sent = api.request("PATCH", "/surveys/1?a=b%20c", json={"goal": 7}, headers={"If-Match": '"v1"'})
        assert sent.request_bytes == b"".join(seen)
        assert sent.response_bytes == said


def test_a_large_body_is_counted_and_not_shown_whole(idle_api):
    sent = idle_api.request("POST", "/surveys", body="x" * 2_000_000, headers=JSON)
    assert sent.request_size > 2_000_000 and len(sent.request_bytes) < 200_000
    assert len(sent.request_text) < 5000 and "2,000,1" in sent.request_text


def test_what_cannot_be_sent_is_refused_in_a_sentence(idle_api):
    for arguments, word in [
        (("GET it", "/"), "method"),
        (("GET", "surveys"), "path"),
        (("GET", "/a\r\nX: 1"), "path"),
        (("GET", "/\ud800"), "path cannot be sent"),
        (("GET", "/", {"A B": "1"}), "header name"),
        (("GET", "/", {"A": "1\r\nB: 2"}), "header A"),
    ]:
        method, path, *headers = arguments
        with pytest.raises(ValueError, match=word):
            idle_api.request(method, path, headers=headers[0] if headers else None)
    circle = []
    circle.append(circle)
    for data in ({1, 2}, circle, {"title": object()}):
        with pytest.raises(ValueError, match="json cannot be sent"):
            idle_api.request("POST", "/surveys", json=data)
    for timeout_s in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="timeout_s"):
            idle_api.request("GET", "/", timeout_s=timeout_s)


def test_it_works_inside_a_running_event_loop_as_every_cell_is(idle_api):
    async def cell():
        task = asyncio.current_task()
        answer = idle_api.request("GET", "/surveys/1/calendar")
        await asyncio.sleep(0)
        assert asyncio.current_task() is task
        return answer.status

    assert asyncio.run(cell()) == 200


def test_in_process_no_thread_is_started(monkeypatch):
    """A browser kernel has none; FastAPI would run whatever is not `async` on one."""

    def no_thread(*_, **__):
        raise RuntimeError("there are no threads here")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    for api in running("in_process"):
        for method, path, body, status in [
            ("GET", "/surveys?limit=1", None, 200),
            ("POST", "/surveys", {"title": "New"}, 201),
            ("PATCH", "/surveys/1", {"goal": 7}, 200),
            ("POST", "/surveys/1/responses", {"respondent": "sam", "score": 4}, 201),
            ("GET", "/surveys/1/export", None, 200),
            ("GET", "/surveys/1/calendar", None, 200),
            ("DELETE", "/surveys/1", None, 204),
            ("GET", "/surveys/1", None, 404),
            ("GET", "/payments?limit=0", None, 422),
        ]:
            assert api.request(method, path, json=body).status == status, path


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_line_is_the_same_request():
    for api in running("socket"):
        ours = api.request("PATCH", "/surveys/1", json={"title": "It's @home", "goal": 3}, headers={"If-Match": '"v1"'})
        assert ours.status == 200
        line = ours.curl.replace('"v1"', '"v2"')
        theirs = subprocess.run(shlex.split(line), check=False, capture_output=True, text=True, timeout=120).stdout
        assert theirs.startswith("HTTP/1.1 200 OK")
        assert json.loads(theirs.splitlines()[-1]) == ours.json()
        for headers in ({}, {"Accept": "text/html", "User-Agent": "mine", "Content-Type": "application/json"}):
            ours = api.request("POST", "/surveys", body='{"title": "New"}', headers=headers)
            sent = shlex.split(ours.curl) + ["-v"]
            theirs = subprocess.run(sent, check=False, capture_output=True, text=True, timeout=120)
            assert theirs.stdout.startswith(f"HTTP/1.1 {ours.status}")
            came = re.findall(r"^> (accept|user-agent|content-type): (.*)$", theirs.stderr, re.I | re.M)
            wanted = {"accept": "*/*", "content-type": None} | {name.lower(): value for name, value in headers.items()}
            assert {name: dict((n.lower(), v) for n, v in came).get(name) for name in wanted} == wanted
        head = api.request("HEAD", "/surveys/1").curl
        assert (
            "etag" in subprocess.run(shlex.split(head), check=False, capture_output=True, text=True, timeout=120).stdout
        )
