"""Three real copies behind a real proxy: who answers, what fails when one is killed, and that nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

import pmtech.web.proxy.copies as module
from pmtech import kill_copy, start_api, start_copies
from pmtech.charts import copies as chart
from pmtech.web.proxy.copies import MISSING, NAMES, PROXY, WAY, WAYS, configuration

PORTS = dict(zip((*NAMES, PROXY), range(5001, 5005), strict=True))


def free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def ended(ports, give_up_s=120.0) -> bool:
    give_up = time.monotonic() + give_up_s
    while not all(map(free, ports)) and time.monotonic() < give_up:
        time.sleep(0.05)
    return all(map(free, ports))


@pytest.fixture(scope="module")
def copies():
    if sys.platform == "win32":
        pytest.skip("there is no Caddy on PyPI for Windows, and no fork")
    started = start_copies()
    assert started is not None, "the extra `test` brings Caddy"
    yield started
    started.stop()
    assert ended(started.ports.values())


def answered(copies, way=None, times=9, **request) -> list[tuple[int, str | None]]:
    headers = {WAY: way} if way else {}
    came = [copies.request("GET", "/surveys/1", headers=headers, timeout_s=60) for _ in range(times)]
    return [(one.status, one.headers.get("served-by")) for one in came]


def test_copies_take_turns_and_say_who_they_are(copies):
    for way in WAYS:
        assert sorted(answered(copies, way)) == [(200, name) for name in NAMES for _ in range(3)]
    assert copies.url.startswith("http://127.0.0.1:") and "copy 1, copy 2 and copy 3" in repr(copies)
    assert copies.request("GET", "/surveys/1").headers["via"].endswith("Caddy")


def test_they_share_one_database_and_what_one_has_stored_the_others_know(copies):
    paid = copies.request("POST", "/payments", json={"customer": "D", "seats": 2})
    found = {copies.request("GET", paid.headers["location"]).json()["amount_usd"] for _ in range(6)}
    assert paid.status == 201 and found == {24} and copies.rows()["payments"][-1]["customer"] == "D"


def test_a_killed_copy_costs_a_third_while_nobody_looks_and_nothing_where_others_are_tried(copies):
    copies.start()
    copies.kill("copy 2")
    assert ended([copies.ports["copy 2"]])
    blind, elsewhere = (answered(copies, way) for way in ("takes turns", "asks, and tries again elsewhere"))
    assert sorted(status for status, _ in blind) == [200] * 6 + [502] * 3
    assert {who for status, who in blind if status == 502} == {None}, "the proxy itself"
    assert [status for status, _ in elsewhere] == [200] * 9 and {who for _, who in elsewhere} == {"copy 1", "copy 3"}
    give_up, looking = time.monotonic() + 120, "asks each copy every second"
    while {status for status, _ in answered(copies, looking)} != {200} and time.monotonic() < give_up:
        time.sleep(0.1)
    assert {who for _, who in answered(copies, looking)} == {"copy 1", "copy 3"}, "noticed, and left out"
    assert "copy 1 and copy 3" in repr(copies)
    copies.start()
    assert sorted(answered(copies, "takes turns")) == [(200, name) for name in NAMES for _ in range(3)]


def test_the_whole_experiment_says_what_its_marks_show(copies):
    shown = kill_copy(copies)
    failed = [len(line["x"]) for line in shown.figure["data"] if line["name"] == chart.FAILED]
    died, *ways = shown.said
    assert died.startswith("Copy 2 was killed after ") and len(ways) == 3
    assert failed[0] > 0 and failed[2] == 0
    for count, said in zip(failed, ways, strict=True):
        assert f": {count or 'none'} of " in said
    assert copies.alive == {*NAMES, PROXY}, "it may be run again"


def test_a_dead_proxy_is_a_sentence_and_can_be_started_again(copies):
    copies.kill(PROXY)
    assert ended([copies.ports[PROXY]])
    assert copies.request("GET", "/surveys/1").error.startswith("Nobody listens")
    copies.start()
    assert copies.request("GET", "/surveys/1").status == 200


def test_what_cannot_be_killed_is_a_sentence(copies):
    with pytest.raises(ValueError, match="name must be one of copy 1, copy 2, copy 3, proxy"):
        copies.kill("copy 4")
    with pytest.raises(ValueError, match="name must be one of copy 1, copy 2, copy 3, proxy"):
        copies.revive("copy 4")
    with pytest.raises(ValueError, match=r"kill_copy needs what start_copies\(\) gave"):
        kill_copy(copies.url)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Caddy for Windows")
def test_they_end_with_their_kernel_however_that_comes():
    program = "from pmtech import start_copies; c = start_copies(); print(*c.ports.values(), flush=True); input()"
    kernel = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ports = [int(port) for port in kernel.stdout.readline().split()]
    assert len(ports) == 4 and not any(map(free, ports))
    os.kill(kernel.pid, signal.SIGKILL)
    kernel.wait()
    assert ended(ports)
    kernel.stdin.close()
    kernel.stdout.close()


def test_without_the_proxy_it_is_said(monkeypatch, capsys):
    api = start_api(transport="in_process")
    monkeypatch.setattr(module.shutil, "which", lambda *_, **__: None)
    assert start_copies() is None and kill_copy(None) is None
    assert capsys.readouterr().out == f"{MISSING}\n{MISSING}\n" and "pmtech[proxy]" in MISSING
    assert api.running, "nothing was stopped for it"
    api.stop()


def test_the_proxy_listens_here_alone_and_takes_no_orders():
    told = configuration(PORTS)
    door = told["apps"]["http"]["servers"]["door"]
    assert door["listen"] == ["127.0.0.1:5004"] and told["admin"]["disabled"] and door["automatic_https"]["disable"]
    dials = {to["dial"] for route in door["routes"] for proxy in route["handle"] for to in proxy["upstreams"]}
    assert dials == {"127.0.0.1:5001", "127.0.0.1:5002", "127.0.0.1:5003"}
