"""Real traffic again: an access log as a source of requests."""

import gzip
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmtech import (
    Cache,
    Clients,
    Database,
    Gateway,
    RateLimiter,
    Server,
    Slider,
    Surge,
    Throttle,
    brief,
    explore,
    simulate,
)
from pmtech.charts.load_curve import load
from pmtech.engine.sorted_pass import run_sorted
from pmtech.runs.grid import run_grid
from pmtech.runs.running import Running
from pmtech.traces.access_log import read_log

COMMON = """\
10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /dashboard HTTP/1.0" 200 2326
10.0.0.2 - - [10/Oct/2000:13:55:38 -0700] "POST /submit?survey=7 HTTP/1.1" 201 12
10.0.0.1 - - [10/Oct/2000:13:55:40 -0700] "GET /dashboard HTTP/1.0" 304 -
"""
COMBINED = """\
::1 - Ann Lee [31/Dec/2025:23:59:59 +0000] "GET /a HTTP/2.0" 200 5 "-" "curl/8.5.0"
::1 - - [01/Jan/2026:01:00:01 +0100] "GET http://example.com/a?x=1 HTTP/1.1" 200 5 "https://example.com/ [x] \\"y\\"" "Mozilla/5.0 (X11)"
example.org - - [01/Jan/2026:00:00:02 +0000] "GET / HTTP/1.1" 200 5 "-" "-"
"""


@pytest.fixture
def log(tmp_path):
    def write(text, name="access.log"):
        path = tmp_path / name
        (gzip.open if name.endswith(".gz") else open)(path, "wt", encoding="utf-8").write(text)
        return path

    return write


def rows(path):
    return read_log(path).table.drop(columns="key").values.tolist()


def test_common_format(log):
    assert rows(log(COMMON)) == [
        [0, "/dashboard", "10.0.0.1", False], [2, "/submit", "10.0.0.2", True], [4, "/dashboard", "10.0.0.1", False],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["access.log", "access.log.1.gz"])
def test_combined_format_time_zones_and_targets_with_a_host(log, name):
    assert rows(log(COMBINED, name)) == [
        [0, "/a", "::1", False], [2, "/a", "::1", False], [3, "/", "example.org", False],
    ]  # fmt: skip


@pytest.mark.parametrize("text", [
    "timestamp,endpoint,client,method\n1000.25,/a,Company A,GET\n1000.75,/b?x=1,Company B,post\n",
    "Client;Timestamp;Path;Method\nCompany A;1700000000250;/a;GET\nCompany B;1700000000750;/b;POST\n",
    "method\ttime\tcaller\turl\nGET\t2026-03-01T12:00:00.250Z\tCompany A\t/a\n\nPUT\t2026-03-01 13:00:00.750+01:00\tCompany B\t/b\n",
])  # fmt: skip
def test_csv(log, text):
    assert rows(log(text, "requests.csv")) == [[0, "/a", "Company A", False], [0.5, "/b", "Company B", True]]


def test_a_timestamp_column_is_enough(log):
    assert rows(log("timestamp\n0.5\n2\n", "requests.csv")) == [[0, "/", "", False], [1.5, "/", "", False]]


def test_a_broken_line_is_counted_and_reported_never_fatal(log):
    lines = COMMON.splitlines()
    broken = ["", "#Fields: date time", '10.0.0.1 - - [31/Feb/2026:13:55:36 +0000] "GET / HTTP/1.0" 200 1',
              '10.0.0.9 - - [10/Oct/2000:13:55:36 -0700] "-" 408 -', "\x00\ufffd half a li"]  # fmt: skip
    path = log("\n".join([lines[0], *broken, *lines[1:]]))
    with pytest.warns(
        UserWarning, match="4 of 7 lines of access.log can't be read and are left out; the first is line 3"
    ):
        clients = Clients.from_log(path)
    assert (len(clients.log), clients.log.broken) == (3, 4)
    assert "3 requests of 2 callers in 5 s, 4 broken lines" in repr(clients.log)
    path = log('timestamp,endpoint\n1,/a\nyesterday,/b\n2\n1e300,/c\n3,"/d\n', "requests.csv")
    with pytest.warns(
        UserWarning, match="3 of 5 lines of requests.csv can't be read and are left out; the first is line 3"
    ):
        assert len(read_log(path)) == 2


@given(st.lists(st.one_of(st.sampled_from(COMMON.splitlines()), st.text(max_size=30)), max_size=20))
def test_whatever_stands_in_the_file(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("logs") / "any"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert len(read_log(path)) == sum(line in COMMON.splitlines() for line in lines)
        except ValueError as refused:
            assert not set(lines) & set(COMMON.splitlines())
            assert "request" in str(refused) or "is no access log" in str(refused)


def test_files_that_hold_no_requests(log, tmp_path):
    for text, sentence in (
        ("", "is no access log"),
        ("a,b\n1,2\n", "is no access log"),
        ("timestamp\n", "there is no request in"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Clients.from_log(log(text))
    for path in (tmp_path / "none.log", tmp_path):
        with pytest.raises(ValueError, match="there is no file"):
            Clients.from_log(path)


def test_lines_are_written_when_the_answer_is_out_so_some_are_late(log):
    assert read_log(log("timestamp,url\n3,/c\n1,/a\n2,/b\n1,/aa\n", "x.csv")).table.endpoint.tolist() == [
        "/a",
        "/aa",
        "/b",
        "/c",
    ]


# --- driving a system ------------------------------------------------------------------------------------------------

VISITS = "timestamp,endpoint,client,method\n" + "".join(
    f"{100 + n * 0.2497 + (n % 3) * 0.0113},/{'ab'[n % 5 == 0]}?item={n % 4},10.0.0.{n % 7},{'GET' if n % 6 else 'POST'}\n"
    for n in range(80)
)


@pytest.fixture
def clients(log):
    return Clients.from_log(log(VISITS, "visits.csv"))


def test_it_keeps_times_endpoints_and_what_was_asked_for(clients):
    table, result = clients.log.table, simulate(clients >> Server(), duration_s=clients.lasts_s)
    requests = result.requests
    assert requests.arrived_s.tolist() == table.at_s.tolist()
    assert requests.endpoint.tolist() == table.endpoint.tolist()
    assert requests.key.tolist() == table.key.tolist()
    assert set(requests.client) == {"clients"}
    assert clients.lasts_s == pytest.approx(20, rel=0.01)
    assert result.system.sources["clients"].offered_per_s == pytest.approx(4, rel=0.01)


def test_limits_and_turns_go_by_the_callers_of_the_log(clients):
    limited = simulate(clients >> RateLimiter(limit=1, per_s=1000), duration_s=60)
    assert (limited.requests.status == 200).sum() == 7  # one each
    together = simulate(clients >> RateLimiter(limit=1, per_s=1000, by="all"), duration_s=60)
    assert (together.requests.status == 200).sum() == 1


@pytest.mark.parametrize("way", [
    RateLimiter(limit=2, per_s=5, algorithm="sliding_window_log") >> Server(),
    Throttle(rate_per_s=2.1) >> Server(workers=1),
    Gateway() >> {"/a": Server("A"), "/b": Server("B", workers=1)},
])  # fmt: skip
@pytest.mark.parametrize("fields", [{}, {"surge": Surge(5, 4, 3)}, {"rate_per_s": 7.3}])
def test_the_shortcut_and_the_event_engine_agree(log, way, fields):
    system = [Clients.from_log(log(VISITS, "visits.csv"), **fields), Clients("Others", rate_per_s=2)] >> way
    assert run_sorted(Running(system, 1).run, 30.0) is not None
    short, long = simulate(system, duration_s=30), simulate(system, duration_s=30, engine="events")
    for frame in ("requests", "visits", "refusals", "components", "timeline"):
        assert getattr(short, frame).equals(getattr(long, frame)), frame


def test_another_rate_stretches_the_same_requests(clients):
    twice = clients >> Server()
    twice = twice.replace({"clients.rate_per_s": 2 * clients.rate_per_s})
    arrived = simulate(twice, duration_s=clients.lasts_s / 2).requests.arrived_s
    assert arrived.tolist() == (clients.log.at_s / 2).tolist()
    assert twice.sources["clients"].lasts_s == pytest.approx(clients.lasts_s / 2)


def test_caches_see_the_urls_and_writes_change_them(clients):
    result = simulate(clients >> Cache(invalidate=True) >> Database(), duration_s=60)
    assert 0 < result.components.hit_ratio["cache"] < 1
    assert clients.keys == 8  # two endpoints, four items
    assert clients.log.write.sum() == 14


def test_those_who_share_a_second_are_spread_over_it(log):
    line = '10.0.0.{} - - [10/Oct/2000:13:55:{} +0000] "GET /{} HTTP/1.0" 200 1\n'
    clients = Clients.from_log(log("".join(line.format(n, 30 + n // 10, n) for n in range(25))))
    assert clients.lasts_s == 3
    one, same, other = (simulate(clients >> Server(), duration_s=3, seed=seed).requests for seed in (1, 1, 2))
    assert np.floor(one.arrived_s).tolist() == [n // 10 for n in range(25)]
    assert one.endpoint.tolist() == [f"/{n}" for n in range(25)]
    assert one.arrived_s.is_monotonic_increasing and one.arrived_s.is_unique
    assert one.arrived_s[[0, 10, 20]].tolist() == [0, 1, 2]
    assert one.equals(same) and not one.arrived_s.equals(other.arrived_s)


def test_it_is_a_value(clients, log):
    again = Clients.from_log(log(VISITS, "visits.csv"))
    assert clients == again and hash(clients) == hash(again)
    assert pickle.loads(pickle.dumps(clients)) == clients
    assert clients != Clients.from_log(log(VISITS.replace("100.0,", "99.9,"), "visits.csv"))
    table = run_grid(clients >> Server(), {"clients.rate_per_s": [2, 4]}, duration_s=10)
    assert table.offered_per_s.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"endpoints": {"/x": 1}}, "endpoints follows from the log and can't be set"),
        ({"keys": 5}, "keys follows from the log and can't be set, got 5"),
        ({"rate_per_s": -1}, "rate_per_s must be at least 0, got -1"),
        ({"arrivals": "even"}, "arrivals must be one of log; got 'even'"),
    ],
)
def test_what_the_log_says_cant_be_set(log, fields, sentence):
    with pytest.raises(ValueError, match=sentence):
        Clients.from_log(log(COMMON), **fields)


def test_timeouts_and_retries_are_those_of_clients(log):
    path = log("timestamp\n" + "".join(f"{n / 100}\n" for n in range(100)), "x.csv")
    requests = simulate(Clients.from_log(path, retries=1) >> Server(workers=1, queue_limit=0), duration_s=1).requests
    again = requests[requests.arrived_s.duplicated()]  # at once, so at the very same moment
    assert len(again) > 0 and len(requests) == 100 + len(again)


# --- a log that ends before the run does -----------------------------------------------------------------------------

TEN_A_SECOND = "".join(
    f'10.0.0.{n % 10} - - [01/Mar/2026:10:00:{n // 10:02} +0000] "GET /{n % 3} HTTP/1.1" 200 5\n' for n in range(600)
)


@pytest.fixture
def minute(log):
    """A log of 60 s, 10 requests a second, with times to the second."""
    return Clients.from_log(log(TEN_A_SECOND))


def test_what_was_understood_is_shown(log, capsys):
    clients = Clients.from_log(log(COMMON))
    assert capsys.readouterr().out == f"{clients.log}\n"
    assert "callers        2: 10.0.0.1 sends 67 % of the requests" in str(clients.log)


def test_ten_times_the_load_is_ten_times_the_load_until_the_end(minute):
    """Without it the log would be over after 6 s, and the rest of the run would be quiet."""
    fast = (minute >> Server(workers=1000)).replace({"clients.rate_per_s": 100})
    result = simulate(fast, duration_s=60)
    assert result.summary.offered_per_s == 100
    assert set(result.timeline.offered) == {100}


def test_it_begins_again_with_the_same_requests_of_the_next_customers(clients):
    """Times, endpoints, callers and what is asked for are those of the log again; the work is drawn anew."""
    result = simulate(clients >> Server(workers=1000), duration_s=2 * clients.lasts_s)
    one, two = np.split(result.requests.index.to_numpy(), 2)
    requests = result.requests
    assert len(one) == 80
    assert requests.arrived_s[two].to_numpy() == pytest.approx(requests.arrived_s[one] + clients.lasts_s)
    for column in ("endpoint", "key"):
        assert requests[column][two].tolist() == requests[column][one].tolist()
    assert not set(requests.latency_ms[two].round(6)) & set(requests.latency_ms[one].round(6))


def test_callers_who_come_again_are_the_same_callers(clients):
    limited = simulate(clients >> RateLimiter(limit=1, per_s=1000), duration_s=3 * clients.lasts_s)
    assert (limited.requests.status == 200).sum() == 7


def test_a_second_is_filled_otherwise_when_it_comes_again(minute):
    arrived = simulate(minute >> Server(workers=1000), duration_s=120).requests.arrived_s.to_numpy()
    assert np.floor(arrived).tolist() == [n // 10 for n in range(1200)]
    assert not set((arrived[600:] - 60).round(9)) & set(arrived[:600].round(9)) - {float(n) for n in range(60)}


@pytest.mark.parametrize("fields", [{}, {"rate_per_s": 93.7}, {"surge": Surge(5, 40, 7)}])
def test_both_engines_play_it_again_alike(log, fields):
    system = (
        Clients.from_log(log(TEN_A_SECOND), **fields) >> Cache(ttl_s=3, invalidate=True) >> Database(connections=90)
    )
    assert run_sorted(Running(system, 3).run, 100.0) is not None
    short, long = simulate(system, duration_s=100, seed=3), simulate(system, duration_s=100, seed=3, engine="events")
    for frame in ("requests", "visits", "components", "timeline"):
        assert getattr(short, frame).equals(getattr(long, frame)), frame


def test_a_log_of_one_request_is_played_over_and_over(log):
    clients = Clients.from_log(log(COMMON.splitlines()[0]))
    arrived = simulate(clients >> Server(), duration_s=1000, engine="events").requests.arrived_s
    assert arrived.tolist() == list(range(1000))


def test_a_sweep_and_a_slider_reach_the_load_they_name(minute):
    system = minute >> Server(workers=2, service_ms=10)
    table = run_grid(system, {"clients.rate_per_s": [10, 50, 100]}, duration_s=60)
    assert table.offered_per_s.tolist() == [10, 50, 100]
    panel = explore(system, Slider("clients.rate_per_s", 0, 200), duration_s=60)
    panel.controls["clients.rate_per_s"].value = 150
    assert panel.result.summary.offered_per_s == 150


def test_the_curve_of_load_and_latency_has_traffic_to_its_end(minute):
    """Long runs at 10 to 90 % of the capacity: without traffic to the end there would be no curve, or a flat one."""
    figure = load(simulate(minute >> Server(workers=1, service_ms=20), duration_s=60))
    means = next(line["y"] for line in figure["data"] if line["name"] == "mean" and line["mode"] == "markers")
    assert means[-1] > 2 * means[0]


def test_the_brief_is_of_ten_times_the_log(minute, tmp_path):
    result = simulate(minute >> Server(workers=2, service_ms=100), duration_s=60)
    text = brief(result, folder=tmp_path).markdown.read_text(encoding="utf-8")
    assert "| Requests a second | 10 | 100 |" in text
    assert "At 100, only 20 a second are answered; the others wait, longer every second." in text
    assert (
        "requests come as in the log (60 s of it at this load, 10 min at ten times; after 60 s it begins again)" in text
    )
    assert "random" not in text


def test_a_brief_says_where_a_part_of_the_log_is_not_as_the_whole(log, tmp_path):
    quiet_then_busy = "".join(f"{n},/\n" for n in range(60)) + "".join(f"{60 + n / 19},/\n" for n in range(60 * 19))
    clients = Clients.from_log(log(f"timestamp,path\n{quiet_then_busy}", "x.csv"))
    text = brief(simulate(clients >> Server(), duration_s=60), folder=tmp_path).markdown.read_text(encoding="utf-8")
    assert "Customers come as in the log: in this part of it 1 requests a second came, 10 are its average." in text


def test_a_program_gets_its_clients_of_a_log_from_the_package_alone():
    """The components know nothing of logs: what reads them is handed down when the package is imported."""
    program = (
        "import pmtech, sys; assert callable(pmtech.Clients.from_log); assert 'pmtech.traces.replay' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
