"""The picture of a system: what it says, that it can be read, that nothing stands on anything else."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmtech.components import (
    Cache,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
)
from pmtech.diagram import STYLE, diagram, sentences
from pmtech.diagram.layout import DECK, layout
from pmtech.diagram.words import cut, text_width, wrap
from pmtech.system.flow import flows
from pmtech.system.system import System

SVG = "{http://www.w3.org/2000/svg}"


def companies():
    return [
        Clients("Company A", rate_per_s=10),
        Clients("Company B", rate_per_s=30),
        Clients("Company C", rate_per_s=150),
    ]


SURVEY_TOOL = companies() >> Server(workers=8, service_ms=100)
THROTTLED = companies() >> Throttle(rate_per_s=80) >> Server(workers=8, service_ms=100)


def picture(system):
    return ElementTree.fromstring(diagram(system)).find(f"{SVG}svg")


def words(system):
    return [text.text.replace("\u00a0", " ") for text in picture(system).iter(f"{SVG}text")]


# What it says


def test_the_survey_tool_is_overloaded_in_words_and_colour():
    assert words(SURVEY_TOOL) == [
        *["10 /s", "30 /s", "150 /s", "Company A", "Company B", "Company C", "Server", "8 workers, 100 ms"],
        *["overloaded: 190 of 80 /s", "waiting: +110 /s"],
    ]
    assert [group.get("class") for group in picture(SURVEY_TOOL).iter(f"{SVG}g") if group.get("class")] == ["waiting"]


def test_a_throttle_lets_through_what_the_server_can_do():
    assert words(THROTTLED) == [
        *["10 /s", "30 /s", "150 /s", "80 /s", "Company A", "Company B", "Company C"],
        *["Throttle", "lets 80 /s through", "waiting: +110 /s", "Server", "8 workers, 100 ms", "can serve 80 /s"],
    ]


def test_a_limiter_refuses():
    limited = companies() >> RateLimiter(limit=40) >> Server()
    assert words(limited)[:4] == ["10 /s", "30 /s", "150 /s", "80 /s"]
    assert "refused: 110 /s" in words(limited)


def test_a_full_queue_refuses():
    assert "refused: 20 /s" in words(Clients(rate_per_s=100) >> Server(queue_limit=5))


def test_routes_stand_on_their_arrows():
    shop = (
        Clients(rate_per_s=100, endpoints={"/checkout": 1, "/search": 3, "/admin": 1})
        >> Gateway()
        >> {"/checkout": Server("Checkout"), "/search": Server("Search")}
    )
    assert words(shop)[:5] == ["100 /s", "/checkout", "20 /s", "/search", "60 /s"]
    assert {"refused: 20 /s", "no route for these"} <= set(words(shop))


def test_copies_are_a_stack():
    (box,) = [box for box in layout(Clients() >> LoadBalancer() >> Server(replicas=10)).boxes if box.copies > 1]
    assert (box.name, box.deck, box.said) == ("Server × 10", 2 * DECK, ("each 8 workers, 100 ms", "can serve 800 /s"))
    twins = layout(Clients() >> LoadBalancer() >> [Server()] * 10)
    assert (len(twins.boxes), len(twins.boxes[2].parts)) == (3, 10)


def test_a_crowd_is_collapsed_and_nobody_is_lost():
    crowd = layout([Clients(f"Company {letter}", rate_per_s=2) for letter in "ABCDEFGHIJKL"] >> Server())
    assert [box.lines for box in crowd.boxes][4:] == [("Company E",), ("7\u00a0more",), ("Server",)]
    assert crowd.boxes[5].facts == ("Company F to Company L",)
    assert [arrow.words for arrow in crowd.arrows][4:] == [("2 /s",), ("14 /s",)]
    assert "Company H" in crowd.boxes[5].name


def test_parts_without_sources_have_no_rates():
    assert words(System((Server(),))) == ["Server", "8 workers, 100 ms", "can serve 80 /s"]
    assert words(Throttle() >> Server())[0] == "Throttle"


def test_what_sources_do():
    assert layout(Clients(surge=Surge(at_s=20, for_s=10, times=5), retries=2) >> Server()).boxes[0].said == (
        "× 5 from 20 to 30 s",
        "retries 2 times",
    )
    assert Surge(at_s=600, for_s=1200, times=4).said == "× 4 from 10 to 30 min", "as the chart of such a run has it"
    users = layout(Users(count=50, think_s=2) >> Server())
    assert (users.boxes[0].said, users.arrows[0].words) == (("50 users, 2 s to think",), ("up to 25 /s",))


def test_the_text_alternative_reads_the_architecture():
    svg = picture(THROTTLED)
    assert svg.get("role") == "img"
    title, desc = svg[0], svg[1]
    assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text == "Architecture: Company A, Company B and Company C, then Throttle, then Server"
    assert desc.text == (
        "Company A sends 10 requests a second to Throttle. Company B sends 30 requests a second to Throttle. "
        "Company C sends 150 requests a second to Throttle. "
        "Throttle (lets 80 a second through; waiting: +110 a second) gets 190 requests a second, "
        "sends 80 requests a second to Server. "
        "Server (8 workers, 100 ms; can serve 80 a second) gets 80 requests a second."
    )
    one = sentences(layout(Clients(rate_per_s=1, endpoints="/submit") >> Gateway() >> {"/submit": Server()}))
    assert "sends 1 request a second for /submit to Server" in one


# Who gets how much


def passes(system, name):
    return pytest.approx(flows(system)[0][name].passes)


def test_a_fair_throttle_gives_the_small_ones_all_they_ask_for():
    rates = flows(companies() >> Throttle(rate_per_s=80) >> Gateway() >> {"/": Server()})[0]
    assert (rates["throttle"].passes, rates["throttle"].held_back) == (80, 110)
    endpoints = [Clients("A", rate_per_s=10, endpoints="/a"), Clients("C", rate_per_s=150, endpoints="/c")]
    for fair, expected in ((True, (10, 70)), (False, (5, 75))):
        split = (
            endpoints >> Throttle(rate_per_s=80, fair=fair) >> Gateway() >> {"/a": Server("one"), "/c": Server("two")}
        )
        assert tuple(flows(split)[0][name].arrives for name in ("one", "two")) == pytest.approx(expected)


def test_priority_first_and_shed_last():
    load = Clients(rate_per_s=100, endpoints={"/submit": 5, "/view": 3, "/dashboard": 2})
    throttle = Throttle(rate_per_s=60, priority=("/submit",), shed=("/dashboard",))
    routes = {"/submit": Server("submit"), "/view": Server("view"), "/dashboard": Server("dashboard")}
    rates = flows(load >> throttle >> Gateway() >> routes)[0]
    assert [rates[name].arrives for name in ("submit", "view", "dashboard")] == pytest.approx([50, 10, 0])
    assert (rates["throttle"].refused, rates["throttle"].held_back) == (pytest.approx(20), pytest.approx(20))


def test_each_user_is_a_caller():
    assert passes(Users(count=50, think_s=1) >> RateLimiter(limit=40) >> Server(), "rate_limiter") == 50
    assert passes(Clients(rate_per_s=50) >> RateLimiter(limit=40) >> Server(), "rate_limiter") == 40
    assert passes(Clients(rate_per_s=50) >> RateLimiter(limit=60, per_s=2, by="all") >> Server(), "rate_limiter") == 30


def test_a_blocking_server_waits_for_its_database():
    def capacity(blocking):
        system = Clients() >> Server(workers=8, service_ms=100, blocking=blocking) >> Database(query_ms=60)
        return flows(system)[0]["server"].capacity

    assert (capacity(True), capacity(False)) == (pytest.approx(50), 80)


@pytest.mark.parametrize("rate_per_s", [150, 160, 300])
def test_a_server_with_nothing_behind_it_waits_for_nothing(rate_per_s):
    """Not for -0 ms, nor for 1.4e-14: who sends how much makes no work."""
    crowd = [*companies()[:2], Clients("Company C", rate_per_s=rate_per_s)]
    system = crowd >> Throttle(rate_per_s=76) >> Server(workers=8, service_ms=100)
    assert "8 workers, 100 ms" in words(system) and not any("wait" in said for said in words(system)[-3:])


# That it can be read


def test_names_are_text_and_never_markup():
    nasty = '<script>alert("x")</script> & "co"'
    svg = diagram(Clients(nasty) >> Gateway() >> {"<b>/x</b>": Server("</title><img src=x onerror=y>")})
    assert not re.search(r"<(script|b|img)\b", svg)
    assert nasty in picture(Clients(nasty) >> Server())[0].text


def test_long_names_are_cut_and_whole_in_the_title():
    name = "Supercalifragilisticexpialidocious customers of the whole wide world"
    box = layout(Clients(name) >> Server()).boxes[0]
    assert box.lines[-1].endswith("…") and len(box.lines) == 2
    assert name in [title.text for title in picture(Clients(name) >> Server()).iter(f"{SVG}title")]


@given(st.text(max_size=60), st.integers(20, 300))
def test_what_is_cut_fits(text, room):
    assert text_width(cut(text, 14, room), 14) <= max(room, text_width("…", 14))
    assert cut(text, 14, 10_000) == text
    assert len(wrap(text, 14, room)) <= 3


def test_two_pictures_share_nothing_that_could_clash():
    assert " id=" not in diagram(SURVEY_TOOL) and "url(" not in diagram(SURVEY_TOOL)
    assert diagram(SURVEY_TOOL) == diagram(companies() >> Server(workers=8, service_ms=100))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(("theme", "paper"), [(0, "#ffffff"), (1, "#212121")])
def test_contrast(theme, paper):
    colours = re.findall(r"--(waiting-text|refused-text|wire): (#\w{6})", STYLE)
    assert [name for name, _ in colours].count("wire") == 2
    for name in ("waiting-text", "refused-text", "wire"):
        colour = [value for other, value in colours if other == name][theme]
        bright, dark = sorted([luminance(colour), luminance(paper)], reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, name


# That nothing stands on anything else


@st.composite
def systems(draw):
    named = iter(draw(st.lists(st.text("ab cdé<&\"'漢", min_size=1, max_size=30), min_size=40, max_size=40)))
    names = (f"{number} {name}" for number, name in enumerate(named))
    replicas = st.integers(1, 12)

    def server(pool=False):
        return Server(next(names), workers=draw(st.integers(1, 99)), replicas=draw(replicas) if pool else 1)

    def chain(depth):
        kind = draw(st.sampled_from(["server", "pool", "routes", "throttle", "limiter"] if depth else ["server"]))
        match kind:
            case "server":
                return server() >> Database(next(names)) if draw(st.booleans()) else server()
            case "pool":
                pool = [server(pool=True) for _ in range(draw(st.integers(1, 8)))]
                return LoadBalancer(next(names)) >> (pool if len(pool) > 1 else pool[0])
            case "routes":
                return Gateway(next(names)) >> {f"/{n}": chain(depth - 1) for n in range(draw(st.integers(1, 3)))}
            case "throttle":
                return Throttle(next(names)) >> chain(depth - 1)
        return RateLimiter(next(names)) >> chain(depth - 1)

    target = chain(2)
    sources = [
        Clients(next(names), rate_per_s=draw(st.integers(0, 500))) >> Throttle(next(names))
        if draw(st.booleans())
        else Users(next(names))
        for _ in range(draw(st.integers(1, 8)))
    ]
    return sources >> target if draw(st.integers(0, 9)) else target if isinstance(target, System) else System((target,))


@settings(max_examples=60)
@given(systems())
def test_no_two_boxes_overlap_and_arrows_join_them(system):
    plan = layout(system)
    assert sorted(name for box in plan.boxes for name in box.parts) == sorted(system.names)
    for index, one in enumerate(plan.boxes):
        assert 0 <= one.x and one.x + one.width + one.deck <= plan.width
        assert 0 <= one.y - one.deck and one.y + one.height <= plan.height
        for line in one.facts:
            assert text_width(line, 14) <= one.width
        for other in plan.boxes[:index]:
            beside = one.x + one.width < other.x or other.x + other.width < one.x
            assert beside or one.y + one.height < other.y or other.y + other.height < one.y
    for arrow in plan.arrows:
        tail, head = plan.boxes[arrow.tail], plan.boxes[arrow.head]
        (x0, y0), (x1, y1) = arrow.points[0], arrow.points[-1]
        assert x0 == tail.x + tail.width + tail.deck and tail.y <= y0 <= tail.y + tail.height
        assert x1 == head.x and head.y <= y1 <= head.y + head.height
        xs = [x for x, _ in arrow.points]
        assert xs == sorted(xs)
    ElementTree.fromstring(diagram(system))


@settings(max_examples=60)
@given(systems())
def test_nothing_gets_lost_on_the_way(system):
    per_part, per_edge = flows(system)
    for number, name in enumerate(system.names):
        flow, part = per_part[name], system.parts[number]
        assert flow.arrives == pytest.approx(flow.passes + flow.refused + flow.held_back)
        after = system.after(number)
        if after:
            assert sum(per_edge[edge] for edge in after) == pytest.approx(flow.passes)
        if not part.is_source:
            came = sum(rate for edge, rate in per_edge.items() if edge.head == number)
            assert flow.arrives == pytest.approx(came)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("policy", ["lru", "lfu", "fifo", "random"])
@pytest.mark.parametrize("rate_per_s", [5e-324, 1e-310, 1e-120])
def test_a_cache_that_is_hardly_ever_asked_has_its_picture(rate_per_s, policy):
    """Rates at the end of what a number can hold: the chances of a hit are those of the same keys asked more often."""
    for ttl_s, write_share in ((None, 0), (5, 0), (None, 0.5), (1e9, 0.5)):
        clients = Clients(rate_per_s=rate_per_s, write_share=write_share, keys=1000)
        system = clients >> Cache(capacity=10, ttl_s=ttl_s, policy=policy, invalidate=True) >> Database()
        flow, _ = flows(system)
        assert 0 <= flow["database"].arrives <= rate_per_s
        ElementTree.fromstring(diagram(system))


def test_dollars_in_a_name_are_no_formula():
    assert diagram(Clients("$a$ and $b$") >> Server()).startswith('<div class="pmtech-diagram mathjax_ignore"')


def test_words_have_room_before_the_bend_of_a_chain_among_others():
    """Lesson 10: "0.05 /s" began under the box that it came from and ended behind its arrow's bend."""
    ways = {
        f"/{n}": Network(f"Way {n}") >> Server(f"S{n}", workers=4, service_ms=2) >> Database(f"D{n}", query_ms=ms)
        for n, ms in enumerate((30, 40, 60, 20_000))
    }
    people = [Clients(f"C{n}", rate_per_s=0.05, endpoints=f"/{n}") for n in range(4)]
    drawn = layout(people >> Gateway() >> ways)
    bent = [arrow for arrow in drawn.arrows if len(arrow.points) == 4 and not arrow.route and arrow.tail > 3]
    assert bent
    for arrow in bent:
        half, (x, _) = max(text_width(word, 14) for word in arrow.words) / 2, arrow.label
        assert arrow.points[0][0] <= x - half and x + half <= arrow.points[1][0] + 1


def test_where_boxes_are_narrow_a_fact_takes_another_line_and_is_not_cut():
    reports = Network(round_trip_ms=2) >> Server("Reports", workers=4) >> Database("Statistics", query_ms=20_000)
    narrow = layout(Clients(endpoints="/report") >> Network("Way") >> Gateway("Door") >> {"/report": reports})
    said = [line for box in narrow.boxes for line in (*box.lines, *box.facts)]
    assert "wait" in said and not any("…" in line for line in said)
