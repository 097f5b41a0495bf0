"""The page to take to work: figures of the learner's own run, for any system, and no file written over."""

import base64
import errno
import html
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pmtech.components import (
    Cache,
    CircuitBreaker,
    Clients,
    Database,
    LoadBalancer,
    Network,
    Queue,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
)
from pmtech.course.brief import MOST_REQUESTS, brief, ten_times
from pmtech.course.exercises.check import all_tasks, check
from pmtech.course.exercises.tasks.lesson_04 import survey_tool
from pmtech.course.exercises.tasks.lesson_06 import front_door
from pmtech.course.exercises.tasks.lesson_07 import busy_lunch
from pmtech.course.exercises.tasks.lesson_10 import monday
from pmtech.runs.events import Change, Outage
from pmtech.runs.planning import plan
from pmtech.runs.simulate import simulate
from pmtech.wording import percent

HEADS = [
    "To decide",
    "The answer",
    "What was asked",
    "What happens",
    "The trade-off",
    "To settle with engineering",
    "Assumptions",
]

COMPANIES = [Clients("Company A", rate_per_s=10), Clients("Company C", rate_per_s=150)]
SYSTEMS = {
    "01": Clients("Visitors", rate_per_s=26) >> Network() >> Server(workers=1, service_ms=25, blocking=False) >> Database(),
    "03": Clients(rate_per_s=80) >> Server(workers=50, service_ms=20) >> Cache(ttl_s=10) >> Database(connections=2),
    "04 cap": COMPANIES >> RateLimiter(limit=40) >> Server(),
    "04 spread": COMPANIES >> Throttle(rate_per_s=76, max_wait_s=2) >> Server(),
    "05": Clients(rate_per_s=100) >> LoadBalancer() >> [Server()] * 3 >> Database(),
    "05 crowd": Users("Crowd", count=100, think_s=2) >> LoadBalancer() >> Server(replicas=3),
    "nobody": Clients(rate_per_s=0) >> Server(),
}  # fmt: skip


class Page(HTMLParser):
    """The texts of a page, element by element; every element must be closed."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.texts = [], {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert not {"src", "href", "onclick"} & dict(attrs).keys()  # nothing that the page would have to fetch
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)


def test_the_whole_page_of_a_small_story(tmp_path):
    """A request every half second, 0.45 s of work each; at ten times the line grows by 0.4 s of work with each of them."""
    system = Clients("Visitors", rate_per_s=2, arrivals="even") >> Server(workers=1, service_ms=450, service_cv=0)
    written = brief(simulate(system, duration_s=100), title="Tiny", folder=tmp_path)
    assert written.markdown.read_text() == (
        """# Tiny

## To decide

- **Target**: No target was tested. Agree on one first: which time, for how many of 100?
- **Decision**: Is this design what we run at 2 requests a second, and what has to be settled before more come?
- **Recommendation**: Go on with it at this load alone: “Server” fills up first, and less than 30 % of it is free.
- **Owner**: to be named, with a date.

## The answer

At 2 requests a second all are answered, 95 of 100 within 450 ms. At 20, only 2.2 a second are answered; the others wait, longer every second.

## What was asked

What happens at 2 requests a second, and at ten times as many? The way of a request: Visitors, then Server.

## What happens

|  | this load | ten times |
|---|---:|---:|
| Requests a second | 2 | 20 |
| Answered a second | 2 | 2.2 |
| Refused or failed | 0 % | 0 % |
| Average time to an answer | 450 ms | 45 s |
| 95 of 100 of those answered, within | 450 ms | 84 s |
| 99 of 100 of those answered, within | 450 ms | 88 s |
| Still in work or waiting at the end | 0 | 1,778 |
| Cost an hour | 0.10 USD | 0.10 USD |

"""
        + "- At this load: "
        + simulate(system, duration_s=100).explain()
        + "\n- At ten times: "
        + simulate(ten_times(system), duration_s=100).explain()
        + """

## The trade-off

- At this load “Server” is busy 90 % of the time: the same design is full at 1.1 times the load, and slow well before that.
- At ten times, 2.2 of 20 requests a second are answered. Nobody is refused: everybody waits, longer every second.
- Serving all of it with 30 % kept free takes about 12.9 times “Server”: roughly 1.29 USD an hour in place of 0.10. Cheaper: answer fewer (turn some away), later (let them wait) or from memory (a cache). Each is a decision about whose requests matter.

## To settle with engineering

- What time to an answer do we promise, to how many of 100, up to which load? (Here: 450 ms for 95, at 2 a second.)
- What was our busiest minute, measured, and what will the next launch bring?
- Is it “Server” that fills up first in reality, too? Which measurement shows it?

## Assumptions

- A simulation, not a measurement: 100 s at this load, 100 s at ten times, of the same customers; at ten times without outages or other events.
- Put in by us: Server: 1 worker, 450 ms.
- Customers: requests come at equal distances; nobody gives up or tries again.
- Prices are those put into the model: invented, unless they were taken from a price list.
- Left out: growing data, new releases, attacks, people who turn away because it is slow.
"""
    )


@pytest.mark.parametrize("lesson", SYSTEMS)
def test_a_brief_of_any_system_says_the_same_in_markdown_and_html(lesson, tmp_path):
    result = simulate(SYSTEMS[lesson], duration_s=20)
    written = brief(result, title=f"Lesson {lesson}", folder=tmp_path)
    text, shown = written.markdown.read_text(encoding="utf-8"), Page(written.html.read_text(encoding="utf-8"))
    assert re.findall("^## (.*)$", text, re.M) == HEADS == shown.texts["h2"]
    assert re.findall(r"^- \*\*(.*)\*\*: (.*)$", text, re.M) == list(
        zip(shown.texts["dt"], shown.texts["dd"], strict=True)
    )
    assert re.findall(r"^- ([^*].*)$", text, re.M) == shown.texts["li"]
    figures = [cell.strip() for row in re.findall(r"^\| [A-Z0-9].*$", text, re.M) for cell in row.split("|")[2:-1]]
    several = len(result.by_client) if len(result.by_client) > 1 else 0
    assert figures == shown.texts["td"] and len(figures) == 16 + 4 * several
    assert "nan" not in text and "inf " not in text
    assert len(re.findall("^- ", text.split("## To settle")[1].split("##")[0], re.M)) <= 5


def test_the_page_and_the_plan_agree_when_a_design_is_full(tmp_path):
    """19.2 requests a second came by chance where 20 are to be expected."""
    system = Clients(rate_per_s=20) >> Server(workers=4, service_ms=100) >> Database(cores=2, query_ms=12)
    text = brief(simulate(system, duration_s=60), folder=tmp_path).markdown.read_text()
    planned = plan(system).parts.loc["Server"]
    assert f"full at {planned.full_at:.1f} times the load" in text
    assert f"takes about {planned.needs:.1f} times “Server”" in text
    assert "(56 % in the long run)" in text and "is busy 56 % of the time" in text


def test_a_part_that_is_full_is_as_busy_as_it_was(tmp_path):
    """Fewer came by chance than are to be expected, and it could not do with these."""
    run = simulate(Clients(rate_per_s=40) >> Server(workers=2, service_ms=100, service_cv=0), duration_s=20)
    busy = run.components.utilisation["server"]
    assert run.summary.offered_per_s < 40 and busy > 0.99
    assert (
        f"is busy {percent(busy)} of the time: there is no room left"
        in brief(run, folder=tmp_path).markdown.read_text()
    )


def test_what_is_capped_is_turned_away_and_what_is_not_served_today_is_counted_in(tmp_path):
    result = simulate(SYSTEMS["04 cap"], duration_s=20)
    text = brief(result, folder=tmp_path).markdown.read_text()
    then = simulate(ten_times(SYSTEMS["04 cap"]), duration_s=20).summary
    assert f"At ten times, {100 * then.error_rate:.0f} % are refused; those served have an answer within" in text
    offered, served = result.summary.offered_per_s, result.summary.served_per_s
    meant = sum(source.rate_per_s for source in result.system.sources.values())  # a few fewer came by chance
    busy = result.components.utilisation["server"] * meant / offered
    assert f"takes about {10 * busy * offered / served / 0.7:.1f} times “Server”" in text
    assert "What does a customer's software do when it is refused?" in text


def test_a_line_from_before_the_measured_time_that_never_ends_is_told_without_a_queue_of_messages(tmp_path):
    """At ten times 100 a second come and are answered, behind the 500 that a surge has left: 500 of 4,000 are still there."""
    clients = Clients(rate_per_s=10, arrivals="even", surge=Surge(5, 5, 2))
    run = simulate(clients >> Server(workers=10, service_ms=100, service_cv=0), duration_s=60, warmup_s=20)
    text = brief(run, folder=tmp_path).markdown.read_text()
    assert "everybody is still answered, within 5.1 s (95 of 100); 13 % still wait at the end." in text


def test_machines_that_came_meanwhile_are_counted_in_and_who_waits_long_is_not_called_nobody(tmp_path):
    """Lesson 06: three machines at 0.10, 6.2 times as many; those answered at ten times had come before the measured time."""
    pool = Clients(rate_per_s=105) >> LoadBalancer() >> Server(workers=8, price_usd_per_hour=0.1)
    run = simulate(pool, duration_s=180, warmup_s=120, events=[Change("server.replicas", 3, at_s=60)])
    text = brief(run, folder=tmp_path).markdown.read_text()
    times, usd = re.search(r"takes about ([\d.]+) times the 3 servers: roughly ([\d.]+) USD", text).groups()
    assert float(usd) == pytest.approx(0.3 * float(times), rel=0.02)
    assert re.search(r"At 1,0\d\d, only 24\d a second are answered; the others wait, longer every second\.", text)
    assert "nobody is answered" not in text
    assert "then Load balancer, then Server × 3." in text, "as they stand in the drawing"


def test_machines_that_are_half_idle_while_work_is_left_waiting_are_not_called_full(tmp_path):
    """Lesson 06: at layer 4 one of three machines has a customer's connections; the three are busy 44 % of the time."""
    uneven = front_door().replace({"company_d.connection_age_s": 3600})
    run = simulate(uneven, duration_s=180, warmup_s=120, events=[Change("server.replicas", 3, at_s=60)])
    text = brief(run, folder=tmp_path).markdown.read_text()
    told = r"the 3 servers are busy 4\d % of the time, and still work is left waiting: “What happens” tells why\."
    assert re.search(told, text) and "no room left" not in text


def test_the_few_who_wait_ever_longer_are_not_lost_among_all(tmp_path):
    """Lesson 10, reports cut out: 1.5 of 82 requests a second, of which three quarters have no answer, are not "all are"."""
    run = simulate(monday(("/report",), 10, 6))
    alone = brief(run, folder=tmp_path).markdown.read_text()
    check("10.your_turn", run.system)
    text = brief(run, promise="10.your_turn", folder=tmp_path).markdown.read_text()
    waiting = r"nearly all are answered, .* \(Managers\); \d\d % of those from Managers still wait at the end\."
    assert re.search(rf"At 82 requests a second {waiting}", text)
    assert re.search(rf"Go on with it only if these may wait: at this load {waiting}", text)
    assert re.search(rf"Not as it is: at this load {waiting}", alone)
    assert "“Service” is busy 94 % of the time: there is no room left" in text
    began = run.records.visits["service"].started_s
    times = re.search(r"takes about ([\d.]+) times “Service”", text)[1]
    busy = run.components.utilisation["service"]
    assert float(times) == pytest.approx(10 * busy / 0.7 / np.isfinite(began).mean(), rel=0.02) and float(times) > 40
    quiet = simulate(run.system.replace({"managers.rate_per_s": 0.05}))
    calm = brief(quiet, folder=tmp_path).markdown.read_text()
    assert re.search(r"At 80 requests a second all are answered, [^;]*\. At ", calm)


def test_work_that_is_not_done_is_work_too(tmp_path):
    """Lesson 07: half of the messages wait at the end of an hour; ten times as many are 17.4 a second, of 1.33 that four do."""
    text = brief(simulate(busy_lunch(4, 60), duration_s=3600), folder=tmp_path).markdown.read_text()
    assert re.search(r"“Mailer” is busy 9\d % of the time: there is no room left", text) and "Not as it is" in text
    assert float(re.search(r"takes about ([\d.]+) times “Mailer”", text)[1]) == pytest.approx(
        17.4 / 1.33 / 0.7, rel=0.1
    )


def test_a_rate_is_named_as_it_is_set_and_ten_times_is_ten_times_that(tmp_path):
    """Seed 1 sends 187 a second in place of 190; a promise to each company is answered for each company."""
    result = simulate(survey_tool(31))
    text = brief(result, folder=tmp_path).markdown.read_text()
    a, b, c = (f"{ms:.0f} ms" for ms in result.by_client.p95_ms)
    assert "| Requests a second | 190 | 1,900 |" in text
    assert f"95 of 100 within {a} (Company A), {b} (Company B), {c} (Company C). At 1,900, " in text
    assert f"| Company B | 30 | 0 % | {b} | " in text
    assert "At 190 requests a second 79 % of those from Company C are refused; the others are answered" in text
    assert f"in this run {result.summary.offered_per_s:.0f} requests a second came, 190 are to be expected." in text


def test_a_death_is_said_and_who_failed_is_not_called_refused(tmp_path):
    pool = Clients(rate_per_s=40) >> LoadBalancer(health_check_s=1) >> Server(replicas=3)
    soon, late = (
        brief(
            simulate(pool.replace({"load_balancer.health_check_s": every}), events=[Outage("server", 20, 12)]),
            folder=tmp_path,
        )
        for every in (1, None)
    )
    said = "At 40 requests a second, with Server 1 down for 12 s, "
    assert f"{said}nearly all are answered, 95 of 100 within" in soon.markdown.read_text()
    assert re.search(rf"{said}\d % are refused or fail; the others are answered", late.markdown.read_text())
    assert "At 400 and nothing down, only" in soon.markdown.read_text()


def test_a_fallback_is_not_called_an_answer_like_any_other(tmp_path):
    breaker = Clients(rate_per_s=60) >> CircuitBreaker(fallback=True) >> Server(workers=2, queue_limit=5)
    text = brief(simulate(breaker), folder=tmp_path).markdown.read_text()
    assert "Not as it is, unless this is meant: at this load" in text and "Go on with it" not in text
    assert re.search(r"within \d+ ms, (9\d|more than 99) % of them with something simpler", text)


def test_a_message_that_is_accepted_is_no_failure(tmp_path):
    full = Clients(rate_per_s=60) >> Queue(limit=50) >> Server(workers=2)
    text = brief(simulate(full), folder=tmp_path).markdown.read_text()
    assert "are refused; the others are answered" in text and "are refused or fail" not in text


def test_a_design_that_turns_many_away_is_not_recommended_without_a_word(tmp_path):
    small = Clients(rate_per_s=60) >> Server(workers=4, queue_limit=2)
    text = brief(simulate(small), folder=tmp_path).markdown.read_text()
    assert "**Recommendation**: Not as it is, unless this is meant: at this load" in text


def test_the_figures_of_a_brief_are_those_of_the_check(tmp_path):
    page = brief(simulate(survey_tool(31), duration_s=180), folder=tmp_path).markdown.read_text()
    for name, wanted, measured, _ in check("04.your_turn", survey_tool(31)).figures[:2]:
        company = name.removesuffix("'s p95")
        assert wanted == "at most 300 ms" and f"{measured} ({company})" in page


def test_more_than_chance_explains_is_counted(tmp_path):
    """A surge is no chance: what came is said."""
    surge = simulate(Clients(rate_per_s=20, surge=Surge(at_s=5, for_s=10, times=3)) >> Server(), duration_s=20)
    text = brief(surge, folder=tmp_path).markdown.read_text()
    assert f"| Requests a second | {surge.summary.offered_per_s:.0f} | " in text and "to be expected" not in text


def test_an_answer_from_memory_is_said_to_be_old(tmp_path):
    text = brief(simulate(SYSTEMS["03"], duration_s=20), folder=tmp_path).markdown.read_text()
    assert text.split("## What was asked")[0].rstrip().endswith("An answer from memory is up to 10 s old.")


def test_a_pool_and_its_balancer_are_called_by_their_names(tmp_path):
    crowd = [Clients(name, rate_per_s=30) for name in ("A", "B", "C")]
    pool = crowd >> RateLimiter(limit=20) >> LoadBalancer(health_check_s=2) >> Server(workers=2, replicas=3) >> Cache()
    text = brief(simulate(pool >> Database(), duration_s=20), folder=tmp_path).markdown.read_text()
    assert "The way of a request: A, B and C, then Rate limiter, then Load balancer" in text
    assert re.search(
        r"At 90 requests a second \d+ % of those from A, \d+ % of those from B and \d+ % of those from C are refused",
        text,
    )
    assert "At this load the 3 servers are busy" in text and "Is it the 3 servers that fill up first" in text
    assert "Load balancer: round robin, a health check every 2 s;" in text
    assert "from memory (answers kept for longer)" in text and "(a cache)" not in text


def test_ten_times_means_ten_times_the_customers_of_every_kind():
    system = [Clients("A", rate_per_s=3), Users("B", count=7)] >> Server()
    more = ten_times(system)
    assert (more.get("a.rate_per_s"), more.get("b.count")) == (30, 70)


def test_a_long_run_is_kept_short_at_ten_times(tmp_path):
    result = simulate(Clients(rate_per_s=400) >> Server(workers=20, service_ms=10), duration_s=200)
    text = brief(result, folder=tmp_path).markdown.read_text()
    assert f"200 s at this load, {MOST_REQUESTS / 10 / result.summary.offered_per_s:.0f} s at ten times" in text


def test_nothing_is_written_over_and_the_same_brief_is_written_once(tmp_path):
    slow, fast = (simulate(Clients() >> Server(service_ms=ms), duration_s=5) for ms in (100, 10))
    first = brief(slow, title="Ours: a/b?", folder=tmp_path)
    (tmp_path / "brief-ours-a-b-2.html").write_text("mine")
    assert brief(slow, title="Ours: a/b?", folder=tmp_path) == first
    other = brief(fast, title="Ours: a/b?", folder=tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["brief-ours-a-b-2.html", "brief-ours-a-b-3.html", "brief-ours-a-b.html"]
    assert other.html.name == "brief-ours-a-b-3.html" and (tmp_path / "brief-ours-a-b-2.html").read_text() == "mine"
    assert first.markdown == first.markdown == tmp_path / "brief-ours-a-b.md"
    first.markdown.write_text("changed by the learner")
    assert first.markdown.name == "brief-ours-a-b-2.md"


def test_a_folder_that_cannot_be_written_into_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"^The page could not be written into .*file: Not a directory\.$"):
        brief({"A": "b"}, folder=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_on_a_full_disk_no_half_of_it_is_left(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ValueError, match=r"could not be written into .*: No space left on device\.$"):
            brief({"A": "b"}, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert brief({"A": "b"}, folder=tmp_path).html.name == "brief-what-we-learned.html"


def test_in_markdown_names_are_text_and_the_table_keeps_its_columns(tmp_path):
    names = ["Ads | Search", "<b>Bold</b> & <script>alert(1)</script>", "$a$ and $b$ [x](y)"]
    crowd = [Clients(name, rate_per_s=20) for name in names]
    written = brief(simulate(crowd >> RateLimiter(limit=10) >> Server(workers=4), duration_s=20), folder=tmp_path)
    shown = MarkdownIt("commonmark").enable("table").render(written.markdown.read_text())
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL)]
    first = [html.unescape(row[0].replace("<span>", "").replace("</span>", "")) for row in rows if len(row) == 5]
    assert first == ["each at this load", *names]
    assert not re.search(r"<(?!/?(h1|h2|p|ul|li|strong|table|thead|tbody|tr|th|td|span)\b)", shown)
    assert "$" not in written.markdown.read_text()


def test_without_a_run_it_takes_the_points(tmp_path):
    points = {"What we tried": "POST twice: two charges.", "To settle": ["Who sends the key?", "How long is it kept?"]}
    written = brief(points, title="One charge, not two", folder=tmp_path)
    assert written.markdown.read_text() == (
        "# One charge, not two\n\n## What we tried\n\nPOST twice: two charges.\n\n"
        "## To settle\n\n- Who sends the key?\n- How long is it kept?\n"
    )
    page = Page(written.html.read_text())
    assert page.texts["h1"] == ["One charge, not two"] and page.texts["li"] == points["To settle"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(min_size=1).filter(str.strip), line=st.text(alphabet="<>&\"'| a/.\\", max_size=20))
def test_any_words_make_a_file_in_the_folder_and_a_page_that_holds_together(title, line, tmp_path):
    written = brief({"A": line, "B": [line]}, title=title, folder=tmp_path)
    assert written.html.parent == written.markdown.parent == tmp_path
    assert "".join(Page(written.html.read_text(encoding="utf-8")).texts.get("li", [])) == line


def test_it_shows_the_page_and_one_button_takes_it_along_and_one_copies_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = brief({"A": "b <i>"}, title="Two words", folder="for work")
    shown = written._repr_html_()
    assert 'href="for%20work/brief-two-words.html"' in shown and 'download="brief-two-words.html"' in shown
    (sheet,) = re.findall(r"data:text/html;base64,([^\"]+)", shown)
    assert base64.b64decode(sheet) == written.html.read_bytes()
    assert "<textarea hidden" in shown and html.escape("# Two words\n\n## A\n") in shown
    assert '<div class="pmtech-head-1" role="heading" aria-level="3">Two words</div>' in shown
    assert not re.search(r"<h\d|<iframe", shown)  # in no table of contents, and no frame that keeps the wheel
    assert [path.name for path in (tmp_path / "for work").iterdir()] == ["brief-two-words.html"]


@pytest.mark.parametrize(
    "limit, said, word", [(32, "Go on with it ", "met"), (60, "Not as it is: Company A's p95 is too high", "too high")]
)
def test_it_names_the_promise_that_was_tested_and_recommends(limit, said, word, tmp_path):
    system = all_tasks()["04.your_turn"].start().replace({"rate_limiter.limit": limit})
    text = brief(simulate(system), promise="04.your_turn", folder=tmp_path).text
    (row,) = re.findall(r"\| Company A's p95 \| at most 300 ms \| \S+ \S+ \| (.*) \|", text)
    assert row == word and f"**Recommendation**: {said}" in text and "**Owner**: " in text
    assert f"**Target**: {all_tasks()['04.your_turn'].title}" in text


def test_a_promise_of_another_system_is_not_spoken_of(tmp_path):
    text = brief(simulate(Clients() >> Server()), promise="04.your_turn", folder=tmp_path).text
    assert "**Target**: No target was tested" in text and "the promise that was tested" not in text
    with pytest.raises(ValueError, match="there is no task"):
        brief(simulate(Clients() >> Server()), promise="4.your_turn", folder=tmp_path)


@pytest.mark.parametrize("what", [None, {}, {"A": 3}, {"A": ["b", 3]}, "text", Clients() >> Server()])
def test_what_is_no_run_and_no_points_is_refused_in_a_sentence(what, tmp_path):
    with pytest.raises(ValueError, match="brief needs a Result, or points such as"):
        brief(what, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["", "  ", 7])
def test_a_title_is_a_few_words(title, tmp_path):
    with pytest.raises(ValueError, match="title must be a few words"):
        brief({"A": "b"}, title=title, folder=tmp_path)


def test_a_line_from_before_does_not_count_as_load(tmp_path, monkeypatch):
    """Ten seconds of too much, worked off in the measured window: 20 a second keep four workers of 100 ms half busy."""
    monkeypatch.chdir(tmp_path)
    people = Clients(rate_per_s=20, arrivals="even", surge=Surge(at_s=0, for_s=10, times=4))
    run = simulate(people >> Server(workers=4, service_ms=100, service_cv=0), duration_s=60, warmup_s=10)
    assert run.components.utilisation.server == pytest.approx(0.7, abs=0.01)
    text = brief(run).markdown.read_text(encoding="utf-8")
    assert "busy 50 % of the time: the same design is full at 2.0 times the load" in text
