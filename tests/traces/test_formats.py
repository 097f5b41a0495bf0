"""Access logs as servers, containers, load testers and spreadsheets write them: each is read rightly, or refused.

Nearly every sample tells the same story: 10.0.0.1 gets /a?x=1, and a second later 10.0.0.2 posts to /b.
"""

import json
import warnings

import pytest

from pmtech.traces.access_log import read_log

STORY = [[0, "/a", "10.0.0.1", False], [1, "/b", "10.0.0.2", True]]
COMMON = """\
10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; \\"y\\") [z]"
10.0.0.2 - ann [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 201 - "https://example.com/" "curl/8.5.0"
"""


@pytest.fixture
def read(tmp_path):
    """Read a text as a log, and keep what was warned of in `read.said`."""

    def read(text, encoding="utf-8"):
        path = tmp_path / "access.log"
        path.write_text(text, encoding=encoding)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            log = read_log(path)
        # A socket that another test left open is found at any moment, and said, too.
        read.said = [str(warning.message) for warning in caught if warning.category is UserWarning]
        return log

    return read


def rows(log):
    return log.table.drop(columns="key").values.tolist()


# --- lines that look alike -------------------------------------------------------------------------------------------

LINES = [
    ("common or combined (Apache, nginx)", COMMON),
    ("common or combined (Apache, nginx)", """\
10.0.0.1 - - [01/Mar/2026:10:00:00] "GET /a?x=1 HTTP/1.1" 200 5
10.0.0.2 - - [01/Mar/2026:10:00:01] "POST /b HTTP/1.1" 200 -
"""),
    ("common or combined (Apache, nginx)", """\
10.0.0.1 - - [01/Mar/2026 10:00:00] "GET /a?x=1 HTTP/1.1" 200 -
10.0.0.2 - - [01/Mar/2026 10:00:01] "POST /b HTTP/1.1" 200 -
"""),
    ("common or combined (Apache, nginx)", """\
10.0.0.1 - - [01/Mar/2026:10:00:00.250 +0000] "GET /a?x=1 HTTP/1.1" 200 5 "-" "Mozilla" rt=0.012 uct="0.001"
10.0.0.2 - - [01/Mar/2026:10:00:01.250 +0000] "POST /b HTTP/1.1" 200 5 "-" "Mozilla" 411 0.005 [web-8080] [] 172.17.0.4:80
"""),
    ("common or combined (Apache, nginx)", """\
10.0.0.1 - - [2026-03-01T10:00:00+00:00] "GET /a?x=1 HTTP/1.1" 200 12 "-" "-" 1 "web@docker" "http://172.17.0.3:80" 2ms
10.0.0.2 - [10.0.0.2] - - [2026-03-01T10:00:01+00:00] "POST /b HTTP/1.1" 200 12 "-" "-"
"""),
    ("common or combined (Apache, nginx)", """\
10.0.0.1 - Ann Lee [01/Mar/2026:11:00:00 +0100] "GET http://example.com/a?x=1 HTTP/1.1" 200 5
10.0.0.2 - - [01/Mar/2026:05:00:01 -0500] "POST /b HTTP/1.1" 200 5
"""),
    ("combined, with X-Forwarded-For at the end (nginx)", """\
172.16.0.9 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5 "-" "Mozilla \\"x\\"" "10.0.0.1, 10.9.9.9"
10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5 "-" "Mozilla" "-"
"""),
    ("combined, with the virtual host in front (Apache)", """\
shop.example.com:443 10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5 "-" "curl/8"
[2001:db8::1]:80 10.0.0.2 - ann [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5 "-" "curl/8"
"""),
    ("combined, with the virtual host in front (Apache)", """\
www.example.com 10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5
www.example.com 10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5
"""),
    ("combined, with X-Forwarded-For in front", """\
10.0.0.1, 172.16.0.3 172.16.0.9 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5
- 10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5
"""),
    ("combined, with the server's address in front", """\
192.0.2.10 10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5
192.0.2.10 10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5
"""),
    ("AWS load balancer (ALB, Classic)", """\
http 2026-03-01T10:00:00.186641Z app/lb/50dc6c495c0c9188 10.0.0.1:2817 172.16.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/a?x=1 HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58337262" "-" "-" 0 2026-03-01T09:59:48.364000Z "forward" "-" "-" "172.16.0.1:80" "200" "-" "-"
h2 2026-03-01T10:00:01.186641Z app/lb/50dc6c495c0c9188 10.0.0.2:2817 - -1 -1 -1 503 - 34 366 "POST https://www.example.com:443/b HTTP/2.0" "curl/7.46.0" ECDHE TLSv1.2 arn:aws:x "Root=1" "-" "-" 0 2026-03-01T09:59:48.364000Z "forward" "-" "-" "-" "-" "-" "-"
"""),
    ("AWS load balancer (ALB, Classic)", """\
2026-03-01T10:00:00.945958Z my-lb 10.0.0.1:2817 172.16.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/a?x=1 HTTP/1.1" "curl/7.38.0" - -
2026-03-01T10:00:01.945958Z my-lb 10.0.0.2:2817 172.16.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "POST http://www.example.com:80/b HTTP/1.1" "curl/7.38.0" - -
"""),
    ("HAProxy", """\
haproxy[14389]: 10.0.0.1:33317 [01/Mar/2026:10:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /a?x=1 HTTP/1.1"
haproxy[14389]: 10.0.0.2:33317 [01/Mar/2026:10:00:01.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "POST /b HTTP/1.1"
"""),
    ("AWS S3", """\
79a59df900b949e5 BUCKET [01/Mar/2026:10:00:00 +0000] 10.0.0.1 79a59df900b949e5 3E57427F3EXAMPLE REST.GET.OBJECT a "GET /a?x=1 HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -
79a59df900b949e5 BUCKET [01/Mar/2026:10:00:01 +0000] 10.0.0.2 79a59df900b949e5 3E57427F3EXAMPLE REST.POST.OBJECT b "POST /b HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -
"""),
    ("HAProxy", """\
Mar  1 10:00:00 lb haproxy[14389]: 10.0.0.1:33317 [01/Mar/2026:10:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /a?x=1 HTTP/1.1"
Mar  1 10:00:01 lb haproxy[14389]: 10.0.0.2:33317 [01/Mar/2026:10:00:01.655] http-in static/srv1 10/0/30/69/+109 200 2750 - - ---- 1/1/1/1/0 0/0 "POST /b HTTP/1.1"
"""),
    ("Envoy", """\
[2026-03-01T10:00:00.310Z] "GET /a?x=1 HTTP/2" 204 - 154 0 226 100 "10.0.0.1" "curl" "cc21d9b0" "shop" "tcp://172.16.2.1:80"
[2026-03-01T10:00:01.310Z] "POST /b HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "10.0.0.2, 172.16.0.3" "curl" "84961386" "shop:8000" "172.16.1.27:80" outbound|8000 172.16.1.23:37652
"""),
    ("Squid", """\
1772359200.450    921 10.0.0.1 TCP_MISS/200 507 GET http://www.example.com/a?x=1 - DIRECT/203 text/html
1772359201.450     21 10.0.0.2 TCP_MISS/200 507 POST http://www.example.com/b - DIRECT/203 text/html
"""),
    ("Heroku router", """\
2026-03-01T10:00:00.123456+00:00 heroku[router]: at=info method=GET path="/a?x=1" host=shop.com request_id=8601 fwd="10.0.0.1" dyno=web.1 connect=1ms service=18ms status=200
2026-03-01T10:00:01.123456+00:00 heroku[router]: at=info method=POST path="/b" host=shop.com request_id=8602 fwd="10.0.0.2,172.16.0.1" dyno=web.1 connect=1ms service=18ms status=200
"""),
    ("Heroku router", """\
83 <158>1 2026-03-01T10:00:00.123456+00:00 host heroku router - at=info method=GET path="/a?x=1" host=shop.com fwd="10.0.0.1" dyno=web.1
83 <158>1 2026-03-01T10:00:01.123456+00:00 host heroku router - at=info method=POST path="/b" host=shop.com fwd="10.0.0.2" dyno=web.1
"""),
    ("Rails (lograge)", """\
I, [2026-03-01T10:00:00.123456 #12]  INFO -- : method=GET path=/a?x=1 format=html controller=A action=b status=200 duration=58.33 db=5.2 ip=10.0.0.1
I, [2026-03-01T10:00:01.123456 #12]  INFO -- : [4f3] method=POST path=/b format=html status=302 duration=8.33 remote_ip=10.0.0.2 host=shop.com
"""),
    ("Gin", """\
[GIN] 2026/03/01 - 10:00:00 | 200 |     1.2ms |        10.0.0.1 | GET      "/a?x=1"
[GIN] 2026/03/01 - 10:00:01 | 302 |  101.23us |        10.0.0.2 | POST     "/b"
"""),
    ("uWSGI", """\
[pid: 7|app: 0|req: 1/1] 10.0.0.1 () {32 vars in 400 bytes} [Sun Mar  1 10:00:00 2026] GET /a?x=1 => generated 12 bytes in 3 msecs (HTTP/1.1 200)
[pid: 7|app: 0|req: 2/2] 10.0.0.2 (ann) {32 vars in 400 bytes} [Sun Mar  1 10:00:01 2026] POST /b => generated 12 bytes in 3 msecs (HTTP/1.1 200)
"""),
    ("chi", """\
2026/03/01 10:00:00 [web-1/Ab3-000001] "GET http://shop.com/a?x=1 HTTP/1.1" from 10.0.0.1:5000 - 200 12B in 3ms
2026/03/01 10:00:01 "POST http://shop.com/b HTTP/1.1" from 10.0.0.2:5000 - 200 12B in 3ms
"""),
    ("common or combined (Apache, nginx), behind a prefix of syslog, a container, kubectl or grep", "".join(
        f'2026-03-01T10:00:01Z {{app="nginx", pod="web-1"}} {line}\n' for line in COMMON.splitlines())),
    ("common or combined (Apache, nginx), in a column of CSV", "@timestamp,@message\n" + "".join(
        '2026-03-01 10:00:01.123,"' + line.replace('"', '""') + '"\n' for line in COMMON.splitlines())),
    ("Rails", """\
I, [2026-03-01T10:00:00.123456 #123]  INFO -- : [6f9f] Started GET "/a?x=1" for 10.0.0.1 at 2026-03-01 10:00:00 +0000
Started POST "/b" for 10.0.0.2 at 2026-03-01 10:00:01 +0000
"""),
    ("one time, one address and a request", """\
10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] shop.example.com "GET /a?x=1 HTTP/1.1" 200 0.012
10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] shop.example.com "POST /b HTTP/1.1" 200 0.013
"""),
    ("one time, one address and a request", """\
2026-03-01T10:00:00+00:00 10.0.0.1 "GET /a?x=1 HTTP/1.1" 200 0.012
1772359201.000 10.0.0.2 "POST /b HTTP/1.1" 200 0.012
"""),
    ("one time, one address and a request", """\
2026-03-01T10:00:00.669794202Z INFO:     10.0.0.1:52314 - "GET /a?x=1 HTTP/1.1" 200 OK
2026-03-01T10:00:01.669794202Z INFO:     10.0.0.2:52318 - "POST /b HTTP/1.1" 200 OK
"""),
    ("one time, one address and a request", """\
10.0.0.1 www.example.com - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 5
web-5d4 nginx 10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 5
"""),
    ("Envoy (Istio)", """\
[2026-03-01T10:00:00.123Z] "GET /a?x=1 HTTP/1.1" 200 - via_upstream - "-" 0 135 4 4 "-" "curl/7.73" "84961386-6d84-929d-98bd-c5aee93b5c88" "shop" "172.44.1.27:80" outbound|80||shop 172.16.1.23:37652 172.16.45.184:80 10.0.0.1:46520 - default
[2026-03-01T10:00:01.123Z] "POST /b HTTP/1.1" 200 - via_upstream - "-" 0 135 4 4 "-" "curl/7.73" "84961386-6d84-929d-98bd-c5aee93b5c88" "shop" "172.44.1.27:80" outbound|80||shop 172.16.1.23:37652 172.16.45.184:80 10.0.0.2:46520 - default
"""),
    ("Envoy (Istio)", """\
[2026-03-01T10:00:00.123Z] "GET /a?x=1 HTTP/1.1" 200 - via_upstream - "-" 0 135 4 4 "10.0.0.1, 172.16.0.9" "curl/7.73" "84961386-6d84-929d-98bd-c5aee93b5c88" "shop" "10.44.1.27:80" outbound|80||shop 172.16.1.23:37652 172.16.45.184:80 172.16.1.23:46520 - default
[2026-03-01T10:00:01.123Z] "POST /b HTTP/1.1" 200 - via_upstream - "-" 0 135 4 4 "10.0.0.2, 172.16.0.9" "curl/7.73" "84961386-6d84-929d-98bd-c5aee93b5c88" "shop" "10.44.1.27:80" outbound|80||shop 172.16.1.23:37652 172.16.45.184:80 172.16.1.23:46520 - default
"""),
    ("common or combined (Apache, nginx)", """\
"10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 45 "-" "Mozilla""
"10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 45 "-" "Mozilla""
"""),
    ("Nginx Proxy Manager", """\
[01/Mar/2026:10:00:00 +0000] - 200 200 - GET https shop.example.com "/a?x=1" [Client 10.0.0.1] [Length 5] [Gzip -] [Sent-to 172.16.0.2] "Mozilla/5.0" "-"
[01/Mar/2026:10:00:01 +0000] - 200 200 - POST https shop.example.com "/b" [Client 10.0.0.2] [Length 5] [Gzip -] [Sent-to 172.16.0.2] "Mozilla/5.0" "-"
"""),
    ("Nginx Proxy Manager", """\
[01/Mar/2026:10:00:00 +0000] 200 200 - GET https shop.example.com "/a?x=1" [Client 10.0.0.1] [Length 5] [Gzip 2.1] [Sent-to 172.16.0.2] "Mozilla/5.0" "-"
[01/Mar/2026:10:00:01 +0000] 200 200 - POST https shop.example.com "/b" [Client 10.0.0.2] [Length 5] [Gzip 2.1] [Sent-to 172.16.0.2] "Mozilla/5.0" "-"
"""),
    ("one time, one address and a request", """\
10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] 0/18342 "GET /a?x=1 HTTP/1.1" 200 512 "-" "Mozilla"
10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] 0/18342 "POST /b HTTP/1.1" 200 512 "-" "Mozilla"
"""),
    ("one time, one address and a request", """\
18342 10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 512
18342 10.0.0.2 - - [01/Mar/2026:10:00:01 +0000] "POST /b HTTP/1.1" 200 512
"""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), LINES)
def test_lines_that_look_alike(read, name, text):
    log = read(text)
    assert rows(log) == STORY and log.read_as == name


def test_ipv6_and_names_in_place_of_addresses(read):
    log = read(
        '2001:db8::7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
        '::1 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
        'crawl-1.example.org - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
    )
    assert log.callers == ("2001:db8::7", "::1", "crawl-1.example.org")
    log = read("timestamp,path,ip\n1,/,[2001:db8::7]:443\n2,/,2001:db8::7\n3,/,10.0.0.1:80\n4,/,10.0.0.1\n")
    assert log.callers == ("2001:db8::7", "10.0.0.1")


@pytest.mark.parametrize("name", ["AWS load balancer (ALB, Classic)", "HAProxy"])
def test_a_port_behind_ipv6_without_brackets_is_no_part_of_the_address(read, name):
    log = read(dict(LINES)[name].replace(" 10.0.0.", " 2001:db8::"))
    assert log.callers == ("2001:db8::1", "2001:db8::2") and log.read_as == name


# --- prefixes --------------------------------------------------------------------------------------------------------

PREFIXES = {
    "RFC 3164": "Mar  1 10:00:00 web1 nginx[123]: ",
    "nginx to syslog": "<190>Mar  1 10:00:00 web1 nginx: ",
    "rsyslog": "2026-03-01T10:00:07.123456+00:00 web1 nginx: ",
    "RFC 5424": '<190>1 2026-03-01T10:00:07.003Z web1 nginx 123 - [ex@1 a="b]"][ex@2 c="d"] ',
    "RFC 5424, no data": "<190>1 2026-03-01T10:00:07.003Z web1 nginx 123 - - ",
    "CRI": "2026-03-01T10:00:07.669794202Z stdout F ",
    "aws logs tail": "2026-03-01T10:00:07.000000+00:00 ecs/web/0a1b2c ",
    "docker logs -t": "2026-03-01T10:00:07.669794202Z ",
    "kubectl logs --prefix": "[pod/web-5d4cf/nginx] ",
    "kubectl logs --prefix --timestamps": "[pod/web-5d4cf/nginx] 2026-03-01T10:00:07.669794202Z ",
    "docker compose": "web-1  | ",
    "Python, in colour": "\x1b[33mINFO:werkzeug:",
    "grep -H": "access.log:",
    "grep -n, in many files": "/var/log/nginx/access.log.2:17:",
    "grep -n": "17:",
    "grep over a system's log": "/var/log/syslog.1:Mar  1 10:00:00 web1 nginx[123]: ",
    "journalctl -o export": "MESSAGE=",
    "syslog over TCP": "123 <165>1 2026-03-01T10:00:07.003Z web1 nginx 10 - - ",
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_what_stands_before_a_line_is_not_its_caller_nor_its_time(read, prefix):
    log = read("".join(prefix + line for line in COMMON.splitlines(keepends=True)))
    assert rows(log) == STORY
    assert log.read_as == "common or combined (Apache, nginx), behind a prefix of syslog, a container, kubectl or grep"


def test_json_lines_behind_a_prefix(read):
    assert (
        rows(read("".join(f"2026-03-01T10:00:07Z stdout F {line}\n" for line in NAMED["Envoy"].splitlines()))) == STORY
    )


@pytest.mark.parametrize("inside", ["common or combined", "Caddy"])
def test_the_file_that_docker_writes(read, inside):
    lines = NAMED.get(inside, COMMON).splitlines(keepends=True)
    log = read(
        "".join(f"{json.dumps({'log': x, 'stream': 'stdout', 'time': '2026-03-01T10:00:07Z'})}\n" for x in lines)
    )
    assert rows(log) == STORY and log.read_as.endswith("inside JSON")


# --- fields with names -----------------------------------------------------------------------------------------------

NAMED = {
    "IIS, whose fields change": """\
#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken
2026-03-01 10:00:00 172.16.0.9 GET /a x=1 443 - 10.0.0.1 Mozilla/5.0+(Windows) 200 15
#Software: Microsoft Internet Information Services 10.0
#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status
2026-03-01 10:00:01 10.0.0.2 POST /b - 200
""",
    "CloudFront": """\
#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(User-Agent) cs-uri-query time-taken x-forwarded-for
2026-03-01\t10:00:00\tLAX1\t392\t10.0.0.1\tGET\td111.cloudfront.net\t/a\t200\tMozilla/5.0%20(X11)\tx=1\t0.001\t-
2026-03-01\t10:00:01\tLAX1\t392\t172.16.0.1\tPOST\td111.cloudfront.net\t/b\t200\tMozilla\t-\t0.001\t10.0.0.2,%20172.16.0.1
""",
    "Caddy": """\
{"level":"info","ts":1772359200.524,"logger":"http.log.access","request":{"remote_ip":"172.16.0.1","client_ip":"10.0.0.1","method":"GET","host":"shop","uri":"/a?x=1","headers":{"User-Agent":["curl"]}},"duration":0.0009,"status":200}
{"level":"info","ts":1772359201.524,"logger":"http.log.access","request":{"remote_ip":"172.16.0.1","client_ip":"10.0.0.2","method":"POST","host":"shop","uri":"/b","headers":{}},"duration":0.0009,"status":200}
""",
    "Traefik": """\
{"ClientAddr":"10.0.0.1:51000","ClientHost":"10.0.0.1","Duration":1000000,"RequestCount":7,"RequestHost":"shop","RequestMethod":"GET","RequestPath":"/a?x=1","ServiceAddr":"172.17.0.3:80","StartUTC":"2026-03-01T10:00:00.123456789Z","time":"2026-03-01T10:00:09Z"}
{"ClientAddr":"10.0.0.2:51000","ClientHost":"10.0.0.2","Duration":1000000,"RequestCount":8,"RequestHost":"shop","RequestMethod":"POST","RequestPath":"/b","ServiceAddr":"172.17.0.3:80","StartUTC":"2026-03-01T10:00:01.123456789Z","time":"2026-03-01T10:00:09Z"}
""",
    "nginx": """\
{"time_local":"01/Mar/2026:10:00:00 +0000","remote_addr":"10.0.0.1","remote_user":"","request":"GET /a?x=1 HTTP/1.1","request_time":"0.012","host":"shop"}
{"time_local":"01/Mar/2026:10:00:01 +0000","remote_addr":"10.0.0.2","remote_user":"","request":"POST /b HTTP/1.1","request_time":"0.002","host":"shop"}
""",
    "nginx, behind a proxy": """\
{"msec":"1772359200.123","remote_addr":"172.16.0.1","http_x_forwarded_for":"10.0.0.1, 172.16.0.3","request_method":"GET","request_uri":"/a?x=1","uri":"/index.php","request_time":0.5}
{"msec":"1772359201.123","remote_addr":"10.0.0.2","http_x_forwarded_for":"-","request_method":"POST","request_uri":"/b","uri":"/index.php","request_time":0.5}
""",
    "Envoy": """\
{"start_time":"2026-03-01T10:00:00.310Z","method":"GET","path":"/a?x=1","duration":5,"x_forwarded_for":null,"authority":"shop","upstream_host":"172.16.2.1:80","downstream_remote_address":"10.0.0.1:5555"}
{"start_time":"2026-03-01T10:00:01.310Z","method":"POST","path":"/b","duration":5,"x_forwarded_for":null,"authority":"shop","upstream_host":"172.16.2.1:80","downstream_remote_address":"10.0.0.2:5556"}
""",
    "Fastly, whose request is the method": """\
{"timestamp":"2026-03-01T10:00:00+0000","client_ip":"10.0.0.1","request":"GET","host":"shop","url":"/a?x=1","status":200}
{"timestamp":"2026-03-01T10:00:01+0000","client_ip":"10.0.0.2","request":"POST","host":"shop","url":"/b","status":200}
""",
    "LTSV, behind a proxy": """\
time:[01/Mar/2026:10:00:00 +0000]\thost:172.16.0.1\tforwardedfor:10.0.0.1\treq:GET /a?x=1 HTTP/1.1
time:[01/Mar/2026:10:00:01 +0000]\thost:172.16.0.1\tforwardedfor:10.0.0.2\treq:POST /b HTTP/1.1
""",
    "behind Cloudflare": """\
{"time":"2026-03-01T10:00:00Z","remote_addr":"172.16.0.1","cf_connecting_ip":"10.0.0.1","method":"GET","path":"/a?x=1"}
{"time":"2026-03-01T10:00:01Z","remote_addr":"172.16.0.1","cf_connecting_ip":"10.0.0.2","method":"POST","path":"/b"}
""",
    "go-kit": """\
ts=2026-03-01T10:00:00.123Z caller=server.go:87 level=info method=GET path=/a?x=1 remote=10.0.0.1:5000 took=1.2ms
ts=2026-03-01T10:00:01.123Z caller=server.go:87 level=info method=POST path=/b remote=10.0.0.2:5003 took=1.2ms
""",
    "Google Cloud": """\
{"httpRequest":{"latency":"0.1s","remoteIp":"10.0.0.1","requestMethod":"GET","requestUrl":"https://shop.example.com/a?x=1","serverIp":"172.16.9.9"},"timestamp":"2026-03-01T10:00:00.123Z","receiveTimestamp":"2026-03-01T10:00:09Z"}
{"httpRequest":{"latency":"0.1s","remoteIp":"10.0.0.2","requestMethod":"POST","requestUrl":"https://shop.example.com/b"},"timestamp":"2026-03-01T10:00:01.123Z"}
""",
    "Cloudflare": """\
{"ClientIP":"10.0.0.1","ClientRequestHost":"shop","ClientRequestMethod":"GET","ClientRequestURI":"/a?x=1","EdgeStartTimestamp":1772359200000000000}
{"ClientIP":"10.0.0.2","ClientRequestHost":"shop","ClientRequestMethod":"POST","ClientRequestURI":"/b","EdgeStartTimestamp":1772359201000000000}
""",
    "API Gateway": """\
{"requestId":"a","ip":"10.0.0.1","requestTime":"01/Mar/2026:10:00:00 +0000","httpMethod":"GET","path":"/a?x=1"}
{"requestId":"b","ip":"10.0.0.2","requestTime":"01/Mar/2026:10:00:01 +0000","httpMethod":"POST","path":"/b"}
""",
    "OpenTelemetry": """\
{"timestamp":"2026-03-01T10:00:00Z","client.address":"10.0.0.1","http.request.method":"GET","url.path":"/a","url.query":"x=1"}
{"timestamp":"2026-03-01T10:00:01Z","client.address":"10.0.0.2","http.request.method":"POST","url.path":"/b","url.query":""}
""",
    "an array, an object a line": """\
[
  {"timestamp": "2026-03-01T10:00:00Z", "url": {"path": "/a", "query": "x=1"}, "source": {"ip": "10.0.0.1"}, "server": {"ip": "172.16.0.1"}, "method": "get"},
  {"timestamp": "2026-03-01T10:00:01Z", "url": {"path": "/b"}, "source": {"ip": "10.0.0.2"}, "server": {"ip": "172.16.0.1"}, "method": "post"}
]
""",
    "key=value": """\
time=2026-03-01T10:00:00Z level=info msg="request done" method=GET path="/a?x=1" remote_ip=10.0.0.1 duration=12ms
time=2026-03-01T10:00:01Z level=info msg="request done" method=POST path=/b remote_ip=10.0.0.2 duration=12ms
""",
    "LTSV": """\
time:[01/Mar/2026:10:00:00 +0000]\thost:10.0.0.1\tvhost:shop.com\treq:GET /a?x=1 HTTP/1.1\tstatus:200\treqtime:0.012
time:[01/Mar/2026:10:00:01 +0000]\thost:10.0.0.2\tvhost:shop.com\treq:POST /b HTTP/1.1\tstatus:200\treqtime:0.002
""",
    "a caller that is a line of the program": """\
{"level":"info","ts":"2026-03-01T10:00:00.123Z","caller":"gin/zap.go:60","method":"GET","path":"/a","query":"x=1","ip":"::ffff:10.0.0.1"}
{"level":"info","ts":"2026-03-01T10:00:01.123Z","caller":"gin/zap.go:61","method":"POST","path":"/b","query":"","ip":"10.0.0.2"}
""",
    "the request is the whole line": """\
timestamp,client,request
2026-03-01T10:00:00Z,10.0.0.1,GET /a?x=1 HTTP/1.1
2026-03-01T10:00:01Z,10.0.0.2,POST /b HTTP/1.1
""",
    "host is the server": """\
time,host,method,path,remote_addr
2026-03-01T10:00:00Z,shop.example.com,GET,/a?x=1,10.0.0.1
2026-03-01T10:00:01Z,shop.example.com,POST,/b,10.0.0.2
""",
    "time is a duration": """\
time;timestamp;method;path;ip
0.12;1772359200,25;GET;/a?x=1;10.0.0.1
0.02;1772359201,25;POST;/b;10.0.0.2
""",
    "a request's number is no count of requests": """\
# exported on Monday
request_id,date,time,verb,url,ip
a1,2026-03-01,10:00:00,GET,/a?x=1,10.0.0.1
b2,2026-03-01,10:00:01,POST,/b,10.0.0.2
""",
    "nginx's variables": """\
remote_addr\ttime_iso8601\trequest_time\trequest_method\trequest_uri\thost
10.0.0.1\t2026-03-01T10:00:00+00:00\t0.120\tGET\t/a?x=1\tshop.example.com
10.0.0.2\t2026-03-01T10:00:01+00:00\t0.020\tPOST\t/b\tshop.example.com
""",
    "Kibana": """\
"@timestamp","source.ip","url.original","http.request.method"
"Mar 1, 2026 @ 10:00:00.123","10.0.0.1","/a?x=1","GET"
"Mar 1, 2026 @ 10:00:01.123","10.0.0.2","/b","POST"
""",
    "OpenTelemetry, names with dots in one another": """\
{"Timestamp":"2026-03-01T10:00:00Z","attributes":{"http.request.method":"GET","url.path":"/a","url.query":"x=1","client.address":"10.0.0.1"}}
{"Timestamp":"2026-03-01T10:00:01Z","attributes":{"http.request.method":"POST","url.path":"/b","client.address":"10.0.0.2"}}
""",
    "k6, several lines a request": """\
metric_name,timestamp,metric_value,group,method,name,status,url,ip
http_reqs,1772359200,1.000000,,GET,https://test.k6.io/a,200,https://test.k6.io/a?x=1,10.0.0.1
http_req_duration,1772359200,120.1,,GET,https://test.k6.io/a,200,https://test.k6.io/a?x=1,10.0.0.1
http_req_blocked,1772359200,0.1,,GET,https://test.k6.io/a,200,https://test.k6.io/a?x=1,10.0.0.1
http_reqs,1772359201,1.000000,,POST,https://test.k6.io/b,200,https://test.k6.io/b,10.0.0.2
vus,1772359201,1.000000,,,,,,
""",
    "Azure Application Gateway": """\
{"resourceId":"/SUBSCRIPTIONS/X/RESOURCEGROUPS/Y/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/Z","operationName":"ApplicationGatewayAccess","time":"2026-03-01T10:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"10.0.0.1","clientPort":46886,"httpMethod":"GET","requestUri":"/a","requestQuery":"x=1","userAgent":"-","httpStatus":404,"httpVersion":"HTTP/1.0","timeTaken":0.012,"sslEnabled":"off","host":"shop"}}
{"resourceId":"/SUBSCRIPTIONS/X/RESOURCEGROUPS/Y/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/Z","operationName":"ApplicationGatewayAccess","time":"2026-03-01T10:00:01Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"10.0.0.2","clientPort":46886,"httpMethod":"POST","requestUri":"/b","requestQuery":"","userAgent":"-","httpStatus":404,"httpVersion":"HTTP/1.0","timeTaken":0.012,"sslEnabled":"off","host":"shop"}}
""",
    "Azure Front Door": """\
{"time":"2026-03-01T10:00:00.1234567Z","resourceId":"/SUBSCRIPTIONS/X","category":"FrontdoorAccessLog","operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{"trackingReference":"08","httpMethod":"GET","httpVersion":"2.0","requestUri":"https://shop:443/a?x=1","requestBytes":"9","clientIp":"10.0.0.1","socketIp":"172.16.0.1","clientPort":"5","timeToFirstByte":"0.1","timeTaken":"0.2"}}
{"time":"2026-03-01T10:00:01.1234567Z","resourceId":"/SUBSCRIPTIONS/X","category":"FrontdoorAccessLog","operationName":"Microsoft.Cdn/Profiles/AccessLog/Write","properties":{"trackingReference":"08","httpMethod":"POST","httpVersion":"2.0","requestUri":"https://shop:443/b","requestBytes":"9","clientIp":"10.0.0.2","socketIp":"172.16.0.1","clientPort":"5","timeToFirstByte":"0.1","timeTaken":"0.2"}}
""",
    "Azure App Service, whose properties are a text": """\
{"time":"2026-03-01T10:00:00.1234567Z","resourceId":"/SUBSCRIPTIONS/X","category":"AppServiceHTTPLogs","properties":"{\\"CsHost\\":\\"shop\\",\\"CIp\\":\\"10.0.0.1\\",\\"SPort\\":\\"443\\",\\"CsUriStem\\":\\"/a\\",\\"CsUriQuery\\":\\"x=1\\",\\"CsMethod\\":\\"GET\\",\\"TimeTaken\\":3,\\"ScStatus\\":\\"200\\"}"}
{"time":"2026-03-01T10:00:01.1234567Z","resourceId":"/SUBSCRIPTIONS/X","category":"AppServiceHTTPLogs","properties":"{\\"CsHost\\":\\"shop\\",\\"CIp\\":\\"10.0.0.2\\",\\"SPort\\":\\"443\\",\\"CsUriStem\\":\\"/b\\",\\"CsUriQuery\\":\\"\\",\\"CsMethod\\":\\"POST\\",\\"TimeTaken\\":3,\\"ScStatus\\":\\"200\\"}"}
""",
    "Cloudflare, path and end alone": """\
{"ClientIP":"10.0.0.1","ClientRequestHost":"shop","ClientRequestMethod":"GET","ClientRequestPath":"/a","EdgeEndTimestamp":1772359200000000000,"EdgeResponseStatus":200}
{"ClientIP":"10.0.0.2","ClientRequestHost":"shop","ClientRequestMethod":"POST","ClientRequestPath":"/b","EdgeEndTimestamp":1772359201000000000,"EdgeResponseStatus":200}
""",
    "AWS WAF": """\
{"timestamp":1772359200000,"formatVersion":1,"webaclId":"arn","action":"ALLOW","httpSourceName":"ALB","httpRequest":{"clientIp":"10.0.0.1","country":"AU","headers":[{"name":"Host","value":"shop"}],"uri":"/a","args":"x=1","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"r0"}}
{"timestamp":1772359201000,"formatVersion":1,"webaclId":"arn","action":"ALLOW","httpSourceName":"ALB","httpRequest":{"clientIp":"10.0.0.2","country":"AU","headers":[{"name":"Host","value":"shop"}],"uri":"/b","args":"","httpVersion":"HTTP/1.1","httpMethod":"POST","requestId":"r1"}}
""",
    "VPC Lattice": """\
{"eventTimestamp":"2026-03-01T10:00:09Z","startTime":"2026-03-01T10:00:00Z","sourceIpPort":"10.0.0.1:1234","requestMethod":"GET","requestPath":"/a?x=1","responseCode":200,"duration":5}
{"eventTimestamp":"2026-03-01T10:00:09Z","startTime":"2026-03-01T10:00:01Z","sourceIpPort":"10.0.0.2:1234","requestMethod":"POST","requestPath":"/b","responseCode":200,"duration":5}
""",
    "Akamai": """\
{"version":1,"cp":"1","reqId":"12390","reqTimeSec":"1772359200.000","bytes":"49","cliIP":"10.0.0.1","statusCode":"206","proto":"HTTPS","reqHost":"shop","reqMethod":"GET","reqPath":"/a","queryStr":"x=1","reqPort":"443","rspContentLen":"5"}
{"version":1,"cp":"1","reqId":"12391","reqTimeSec":"1772359201.000","bytes":"49","cliIP":"10.0.0.2","statusCode":"206","proto":"HTTPS","reqHost":"shop","reqMethod":"POST","reqPath":"/b","queryStr":"","reqPort":"443","rspContentLen":"5"}
""",
    "Kong": """\
{"latencies":{"request":515,"kong":58,"proxy":457},"service":{"host":"x","created_at":1614232642,"path":"/any"},"request":{"querystring":{},"size":138,"uri":"/a?x=1","url":"http://localhost:8000/a?x=1","headers":{"host":"x"},"method":"GET"},"client_ip":"10.0.0.1","upstream_uri":"/any","response":{"size":9},"route":{"paths":["/log"],"created_at":1614232668},"started_at":1772359200232}
{"latencies":{"request":515,"kong":58,"proxy":457},"service":{"host":"x","created_at":1614232642,"path":"/any"},"request":{"querystring":{},"size":138,"uri":"/b","url":"http://localhost:8000/b","headers":{"host":"x"},"method":"POST"},"client_ip":"10.0.0.2","upstream_uri":"/any","response":{"size":9},"route":{"paths":["/log"],"created_at":1614232668},"started_at":1772359201232}
""",
    "a worker of Cloudflare": """\
{"outcome":"ok","eventTimestamp":1772359200283,"event":{"request":{"url":"https://shop.example.com/a?x=1","method":"GET","headers":{"cf-connecting-ip":"10.0.0.1"}}}}
{"outcome":"ok","eventTimestamp":1772359201283,"event":{"request":{"url":"https://shop.example.com/b","method":"POST","headers":{"cf-connecting-ip":"10.0.0.2"}}}}
""",
    "BigQuery, of a load balancer": """\
timestamp,httpRequest_requestMethod,httpRequest_requestUrl,httpRequest_remoteIp
2026-03-01 10:00:00.123456 UTC,GET,https://shop.example.com/a?x=1,10.0.0.1
2026-03-01 10:00:01.123456 UTC,POST,https://shop.example.com/b,10.0.0.2

""",
}


@pytest.mark.parametrize("name", NAMED)
def test_fields_with_names(read, name):
    assert rows(read(NAMED[name])) == STORY


@pytest.mark.parametrize(
    "stamps",
    [
        ("1772359200", "1772359201"),
        ("1772359200250", "1772359201250"),
        ("1772359200250000", "1772359201250000"),
        ("1772359200250000000", "1772359201250000000"),
        ("20260301235959", "20260302000000"),
        ("20260301235959123", "20260302000000123"),
        ("2026-03-01 10:00:00.123456 UTC", "2026-03-01 10:00:01.123456 UTC"),
        ("2026-03-01 10:00:00 +0000", "2026-03-01T11:00:01+0100"),
        ('"Sun, 01 Mar 2026 10:00:00 GMT"', '"Sun, 01 Mar 2026 10:00:01 GMT"'),
        ("01.03.2026 23:59:59", "2.3.2026 00:00:00"),
        ("2026-03-29T01:59:59+01:00[Europe/Berlin]", "2026-03-29T03:00:00+02:00[Europe/Berlin]"),  # summer time begins
        ("5", "6"),
    ],
)
def test_a_second_is_a_second_however_it_is_written(read, stamps):
    log = read("timestamp,path\n{},/a\n{},/b\n".format(*stamps))
    assert log.at_s.tolist() == pytest.approx([0, 1], abs=1e-6)


@pytest.mark.parametrize(
    "name", ["Azure Application Gateway", "Azure App Service, whose properties are a text", "Akamai"]
)
def test_what_stands_behind_a_path_belongs_to_what_was_asked_for(read, name):
    log = read(NAMED[name] + NAMED[name].replace("x=1", "x=2"))
    assert len(log.endpoints) == 2 and len(set(log.key)) == 3


def test_a_path_without_its_slash_is_one_where_it_is_written_so(read):
    assert read(NAMED["Akamai"].replace('"/', '"media/')).endpoints == ("media/a", "media/b")


def test_an_address_keeps_its_zone_and_loses_its_port(read):
    log = read("timestamp,path,ip\n1,/a,[fe80::1%25eth0]:5000\n2,/b,fe80::1%25eth0\n3,/c,[2001:db8::1]:443\n")
    assert log.callers == ("fe80::1%25eth0", "2001:db8::1")


def test_the_unit_in_a_name_counts(read):
    assert read("timestamp_ms,path\n0,/a\n250,/b\n").at_s.tolist() == [0, 0.25]


def test_a_header_that_comes_again_holds_from_there_on(read):
    log = read("timestamp,path,ip\n1,/a,10.0.0.1\nip,timestamp,path\n10.0.0.2,2,/b\n")
    assert rows(log) == [[0, "/a", "10.0.0.1", False], [1, "/b", "10.0.0.2", False]] and log.broken == 0


# --- what is left out, and why ---------------------------------------------------------------------------------------


def test_what_is_left_out_is_counted_by_its_reason(read):
    log = read(
        COMMON + "\n"
        '10.0.0.9 - - [01/Mar/2026:10:00:00 +0000] "\\x16\\x03\\x01" 400 5 "-" "-"\n'
        '10.0.0.9 - - [01/Mar/2026:10:00:00 +0000] "-" 408 -\n'
        '10.0.0.9 - - [31/Feb/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n'
        "2026/03/01 10:00:01 [error] 31#31: *1 open() failed, request: \"GET /x HTTP/1.1\"\n"
    )  # fmt: skip
    assert rows(log) == STORY and log.broken == 4
    assert log.left_out == {
        "without an HTTP request": (2, 4),
        "with no time that there could be": (1, 6),
        "not in this format": (1, 7),
    }
    assert read.said == ["4 of 6 lines of access.log can't be read and are left out; the first is line 4"]


def test_fields_that_stand_in_other_places_than_the_header_says_are_left_out(read):
    """A comma in a path would make the rest of it a caller, and an open quote would swallow the lines after it."""
    log = read('timestamp,path,ip\n1,/a,b,10.0.0.1\n2,"/c,10.0.0.2\n3,"/d,e",10.0.0.3\n4,/f,10.0.0.4\n')
    assert rows(log) == [[0, "/d,e", "10.0.0.3", False], [1, "/f", "10.0.0.4", False]]
    assert log.left_out == {"with other fields than are named": (2, 2)}


def test_a_clock_that_was_not_set_does_not_stretch_the_log(read):
    log = read("timestamp,path\n0,/a\n1772359200,/b\n1772359201,/c\n")
    assert (log.lasts_s, log.broken) == (2, 1)


# --- what may have been misunderstood is said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,host,path\n2026-03-01T10:00:00Z,shop,/a\n2026-03-01T10:00:01Z,shop,/b\n", 'its field "host" is taken for the server'),
        ("time,host,path\n2026-03-01T10:00:00Z,a.org,/a\n2026-03-01T10:00:01Z,b.org,/b\n", 'who sent a request is read from its field "host"'),
        ("timestamp,path\n1,/a\n2,/b\n", "does not say who sent a request: all count as one caller"),
        (COMMON.replace("10.0.0.2", "10.0.0.1"), "one caller, 10.0.0.1, sends all requests of access.log"),
        ("timestamp,path\n" + "0,/a\n0,/b\n" * 10, "all requests of access.log have the same time"),
        ("timestamp,path\n1,/a\n2,/b\n", "none of its fields tells the method: all requests count as reads"),
        ("timestamp,ip,path\n" + "".join(f"{n},10.0.0.1#{n},/a\n" for n in range(20)),
         "nearly every request has a caller of its own, 10.0.0.1#0 is one"),
        (COMMON.replace("/b", "/a"), "one endpoint, /a, gets all requests of access.log"),
        ("timestamp,ip\n1,10.0.0.1\n2,10.0.0.2\n", "none of its fields tells what was asked for"),
        ("logged,path\n2026-03-01T10:00:00Z,/a\n2026-03-01T10:00:01Z,/b\n", 'when requests came is read from its field "logged"'),
        ("timestamp,request_id,path\n1,a,/a\n1,b,/b\n2,a,/a\n2,b,/b\n", 'its field "request_id" often holds the same again'),
        (COMMON.replace("10:00:01", "14:00:01"), "nothing came from 2026-03-01 10:00:00 UTC to 2026-03-01 14:00:01 UTC"),
        ("timestamp,path\n2026-10-25 01:59:59,/a\n2026-10-25 02:59:59,/b\n2026-10-25 02:00:00,/c\n2026-10-25 03:00:00,/d\n",
         "its times go back by 60 min and give no time zone: at the end of summer time"),
        ("timestamp,path\n2026-03-29 01:59:58,/a\n2026-03-29 01:59:59,/a\n2026-03-29 03:00:02,/b\n2026-03-29 03:00:03,/b\n",
         "nobody comes from 2:00 to 3:00 and its times give no time zone: where summer time begins"),
        (dict(LINES)["combined, with the server's address in front"], "of the two addresses in front the second is taken for the caller"),
    ],
)  # fmt: skip
def test_doubts(read, text, said):
    log = read(text)
    assert any(said in sentence for sentence in read.said) and read.said == log.doubts


def test_a_log_that_is_clear_raises_no_doubt(read):
    read(COMMON)
    assert read.said == []


def test_what_was_understood_is_a_table(read):
    log = read(COMMON + '10.0.0.2 - - [01/Mar/2026:10:00:02 +0000] "-" 408 -\n')
    assert str(log) == (
        "access.log     common or combined (Apache, nginx)\n"
        "lines read     3: 2 requests, 1 left out\n"
        "               1 without an HTTP request, the first is line 3\n"
        "callers        2: 10.0.0.1 sends 50 % of the requests\n"
        "endpoints      2: /a gets 50 % of the requests\n"
        "writes         50 % of the requests\n"
        "first request  2026-03-01 10:00:00 UTC\n"
        "last request   2026-03-01 10:00:01 UTC\n"
        "lasts          2 s, 1 requests a second on average"
    )


def test_a_time_without_a_zone_is_said_to_have_none(read):
    assert "2026-03-01 10:00:00 (no time zone is given)" in str(read(COMMON.replace(" +0000]", "]")))


def test_what_a_log_holds_does_not_steer_a_terminal(read):
    log = read('timestamp,path,ip\n1,"/\x1b[31m",\x1b]0;x\x07\n2,/b,10.0.0.1\n3,/\x1b[31m,10.0.0.2\n')
    assert "\x1b" not in str(log) and "\x07" not in str(log)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "line"),
    [
        ("Dear all,\nhere is the log.\n", "expected is the common or combined format", "Its line 1 is “Dear all,”"),
        ("INFO: started\nINFO:  10.0.0.1:5 - \"GET /a HTTP/1.1\" 200 OK\n", "it does not say when: expected is a time in each line", "Its line 2 is “INFO:  10.0.0.1:5"),
        ("GET /a 200 3.2 ms - 12\n", "it does not say when", "Its line 1 is"),
        ("10:00:00 | 200 |     3ms | 10.0.0.1 | GET | /a | -\n", "its times have no date", "Its line 1 is"),
        ("tls 2.0 2026-03-01T10:00:00 net/my/c6e7 g3d4 10.0.0.1:51341 172.1.0.5:443 5 2\n", "a network load balancer, which knows connections", ""),
        ("2026/03/01 10:00:01 [error] 31#31: *1 x, request: \"GET /x HTTP/1.1\"\n", "it is an error log: expected is the access log", "Its line 1 is"),
        ("2026-03-01 10:00:00 10.0.0.9 GET /a x=1 443 - 10.0.0.1 - - 200 0 0 15\n", "expected is a line #Fields: before it", "Its line 1 is"),
        ("#Fields: date time c-ip\n", "there is no request in it, only the names of the fields", ""),
        ("time,path,ip\n0.12,/a,10.0.0.1\n0.02,/b,10.0.0.2\n", 'its field "time" goes up and down, as durations do: expected is a field "timestamp"', "Its line 1 is “time,path,ip”"),
        ("Date,URL\n3/1/2026 10:00:00 AM,/a\n", "none of its fields tells when a request came (Date: 3/1/2026 10:00:00 AM, URL: /a)", "Its line 1 is “Date,URL”"),
        ("timestamp,path\n2026-03-01 10:00,/a\n", "a date and a time of day to the second", ""),
        ("timestamp,path\n1.77E+12,/a\n1.77E+12,/b\n", "(timestamp: 1.77E+12, path: /a)", ""),
        *((f"timestamp,path\n{stamp},/a\n{stamp},/b\n", said, "Its line 1 is") for stamp, said in {
            "20260301": "counts from no moment that is known (20260301)",
            "29539320": "counts from no moment that is known (29539320)",  # minutes since 1970
            "202603011000": "none of its fields tells when",
            "177235920012": "none of its fields tells when",  # hundredths of seconds
            "134168328000000000": "none of its fields tells when",  # as Windows counts
            "639079560000000000": "none of its fields tells when",  # as .NET does
        }.items()),
        ("timestamp,path\n46082.41667,/a\n46082.41668,/b\n", "holds days, as spreadsheets count them (46082.4)", "Its line 1 is"),
        ("".join(line.replace(" +0000]", " PM]") for line in COMMON.splitlines(True)), "it does not say when", "Its line 1 is"),
        ("timestamp;path;agent\n1;/a;Mozilla (X11; Linux)\n", "its lines have more or fewer fields than are named", "Its line 1 is"),
        ('[{"time":"2026-03-01T10:00:00Z","path":"/a"},{"time":"2026-03-01T10:00:01Z","path":"/b"}]\n', "it is a JSON document", ""),
        ("timestamp,metric,value,path\n1,latency,3,/a\n1,bytes,3,/a\n", "several lines stand for one request, for its field \"metric\" holds latency and bytes", ""),
        ("timestamp,path,count\n1,/a,30\n60,/b,40\n", 'a line stands for several requests, which its field "count" counts', ""),
        ('{"time":"2026-03-01T10:00:00Z","msg":"started"}\n', 'none of its fields tells what was asked for: expected is a field "path"', "Its line 1 is “{"),
        ('{\n "log": {}\n}\n', "it is a JSON document: expected is JSON with an object a line", "Its line 1 is “{”"),
        ("203.0.113.7 10.0.0.1 www.example.com [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200\n", "several addresses stand before the request", "Its line 1 is"),
        ("timestamp,request_id,stage,path\n1,a,dns,/a\n1,a,tls,/a\n1,a,body,/a\n2,b,dns,/b\n2,b,tls,/b\n", 'several lines stand for one request, for its field "request_id"', ""),
        ("[2026-03-01T10:00:07Z] 10.0.0.1 [01/Mar/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200\n", "several times stand before the request", "Its line 1 is"),
        ("1772359200.123\t10.0.0.1\t0.001\t200\t512\tGET\t/a\n", "its columns have no names: expected is a first line that names", "Its line 1"),
        ("10.0.0.1,2026-03-01T10:00:00Z,GET,/a,200\n", "its columns have no names", "Its line 1 is “10.0.0.1,2026"),
        ('{"records": [{"time": "2026-03-01T10:00:00Z", "path": "/a"}]}\n', "it is a JSON document", "Its line 1 is “{"),
        ("Mar  1 10:00:00 lb haproxy[1]: 10.0.0.1:3 [01/Mar/2026:10:00:00.655] fnt bck/s 0/0/5/2 212 -- 0/0/0/0/3 0/0\n",
         "expected is the common or combined format", "Its line 1 is “Mar"),
        ("", "it is empty", ""),
        ("\n \n", "it is empty", ""),
        ("\x00\x01\x02\x03\x04", "it is no text", ""),
    ],
)  # fmt: skip
def test_what_fits_no_format_is_refused_with_its_line_and_what_was_expected(read, text, expected, line):
    with pytest.raises(ValueError) as refused:
        read(text)
    said = str(refused.value)
    assert said.startswith('"access.log" is no access log that can be read here: ')
    assert expected in said and line in said and "\n" not in said


def test_times_that_can_be_no_moments_are_refused(read):
    with pytest.raises(ValueError, match='the times in "access.log" would mean .* requests a second'):
        read("timestamp,path\n" + "".join(f"{n * 1e-9:.9f},/\n" for n in range(100)))


@pytest.mark.parametrize(
    "again", ["a", "a ", '"', "[", ":", "a:", "1.", "1.2.3.4 ", "a=b ", "[pod/a] ", "Started ", '{"a":']
)
def test_a_line_that_goes_on_and_on_is_refused_at_once(read, again):
    """A pattern that tries every place in it again for every place would be at it for minutes."""
    with pytest.raises(ValueError, match="is no access log"):
        read(f"{again * 20_000}\n" * 3)
