"""A system put together by hand: what each step makes of it, what is refused and how, and what the page may ask for.

Steps are told as stories: the arrows that are there afterwards. Every field of every part can be turned, and whatever a hand
does can be undone without end.
"""

from __future__ import annotations

import json
import re
from cProfile import Profile as Profiler

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pmtech import (
    Autoscale,
    Cache,
    CircuitBreaker,
    Clients,
    Database,
    Day,
    Functions,
    Gateway,
    Gather,
    LoadBalancer,
    Network,
    Profile,
    Queue,
    RateLimiter,
    Retry,
    Server,
    Surge,
    System,
    Throttle,
    Topic,
    Users,
    simulate,
    sketch,
)
from pmtech.sketch.form import as_text, form, meaning, taken
from pmtech.sketch.presets import PRESETS
from pmtech.sketch.sketch import KINDS, PAGE
from pmtech.sketch.trial import duration_s, tried
from pmtech.sketch.trouble import TROUBLES
from pmtech.system import editing
from pmtech.system.code import as_code, composed


def arrows(system):
    names = system.names
    return [f"{names[e.tail]} > {names[e.head]}" + (f" {e.label}" if e.label else "") for e in system.edges]


def made_of(code):
    said = {}
    exec(f"from pmtech import *\n{code}", said)
    return said["system"]


# Steps


def test_a_part_after_another_takes_over_its_arrows():
    system, name = editing.put_after(Clients() >> Database(), "clients", Server())
    assert (name, arrows(system)) == ("server", ["clients > server", "server > database"])


def test_a_part_before_another_stands_between():
    system, name = editing.put_before(Clients() >> Server(), "server", LoadBalancer())
    assert (name, arrows(system)) == ("load_balancer", ["clients > load_balancer", "load_balancer > server"])


def test_beside_another_a_balancer_chooses_between_them_and_both_go_on_alike():
    system, name = editing.put_beside(Clients() >> Server(workers=3) >> Database(), "server")
    assert name == "server_2" and system.components["server_2"] == Server(workers=3)
    assert arrows(system) == [
        "clients > load_balancer", "load_balancer > server_1", "load_balancer > server_2",
        "server_1 > database", "server_2 > database",
    ]  # fmt: skip
    system, _ = editing.put_beside(system, "server_1")
    assert [arrow for arrow in arrows(system) if arrow.startswith("load")] == [
        "load_balancer > server_1", "load_balancer > server_2", "load_balancer > server_3",
    ]  # fmt: skip


def test_what_comes_behind_one_of_several_alike_is_theirs_together():
    panel = sketch(Clients() >> Server())
    panel.select("server")
    panel.more()
    panel.more()
    panel.add("Database")
    assert panel.code == "system = Clients() >> LoadBalancer() >> [Server(), Server(), Server()] >> Database()\n"
    other = sketch(Clients() >> Topic() >> [Server("Store"), Server("Push")])
    other.select("push")
    other.add("Database")
    assert arrows(other.value)[-1] == "push > database" and len(other.value.edges) == 4


@pytest.mark.parametrize("chooser", ["Topic", "Gather"])
def test_each_of_those_who_are_all_asked_goes_its_own_way(chooser):
    panel = sketch(Clients() >> Server("First"))
    panel.select("first")
    panel.add(chooser)
    for name in ("Push", "Search"):
        panel.select(chooser.lower())
        panel.add("Queue")
        panel.rename(f"{name} queue")
        panel.add("Server")
        panel.rename(name)
    assert arrows(panel.value)[-2:] == ["push_queue > push", "search_queue > search"]


def test_one_more_like_a_gateway_has_its_routes():
    shop, _ = editing.put_beside(PRESETS["shop"].make(), "gateway")
    assert {"gateway_1 > cache /", "gateway_2 > cache /", "gateway_2 > checkout /checkout"} < {*arrows(shop)}


def test_customers_beside_customers_ask_the_same_part():
    system, _ = editing.put_beside(Clients("A") >> Server(), "a", Clients("B"))
    assert arrows(system) == ["a > server", "b > server"]


def test_a_gateway_that_is_put_in_sends_on_all_that_is_asked_for():
    system, _ = editing.put_before(Clients(endpoints={"/a": 1, "/b": 2}) >> Server(), "server", Gateway())
    assert arrows(system) == ["clients > gateway", "gateway > server /a", "gateway > server /b"]
    system = editing.reroute(system, "gateway", "server", ["/a"])
    system, _ = editing.put_after(system, "gateway", Server("Other"))
    assert arrows(system) == ["clients > gateway", "gateway > server /a", "gateway > other /b"]


def test_an_arrow_that_gets_another_address_stays_where_it_was():
    system = Clients() >> Gateway() >> {"/": Server("Rides"), "/new": Server("Prices"), "/pay": Server("Payments")}
    system = editing.reroute(system, "gateway", "rides", ["/rides"])
    assert arrows(system)[1:] == ["gateway > rides /rides", "gateway > prices /new", "gateway > payments /pay"]
    system = editing.reroute(system, "gateway", "prices", ["/prices", "/pay"])  # taken from Payments
    assert arrows(system)[1:] == ["gateway > rides /rides", "gateway > prices /prices", "gateway > prices /pay"]


def test_a_gateway_follows_when_customers_ask_for_something_else():
    panel = sketch(Clients() >> Gateway() >> {"/": Server("Menu")})
    panel.select("gateway")
    panel.add("Server")
    ask(panel, "put", "clients.endpoints", "/menu: 8, /order: 2")
    assert arrows(panel.value) == ["clients > gateway", "gateway > menu /menu", "gateway > server /order"]
    ask(panel, "put", "clients.endpoints", "/menu: 8, /order: 2, /help: 1")  # nobody has said where this goes
    assert arrows(panel.value)[1:] == ["gateway > menu /menu", "gateway > server /order"]
    ask(panel, "undo")  # the same line twice is one step
    assert arrows(panel.value)[1:] == ["gateway > menu /", "gateway > server /new"]


def test_what_is_taken_out_leaves_its_arrows_to_its_neighbours():
    system = Clients() >> LoadBalancer() >> [Server("A"), Server("B")] >> Database()
    without = editing.take_out(system, "b")
    assert arrows(without) == ["clients > load_balancer", "load_balancer > a", "a > database"]
    assert arrows(editing.take_out(without, "load_balancer")) == ["clients > a", "a > database"]
    assert editing.take_out(System((Clients(),)), "clients") is None


def test_what_is_asked_besides_is_asked_at_the_same_time_and_it_is_said():
    panel = sketch(Clients() >> Server() >> Cache() >> Database())
    panel.select("server")
    assert "Server" in ask(panel, "run")["can"]["also"]
    told = ask(panel, "add", "Queue", "also")
    assert arrows(panel.value)[:3] == ["clients > server", "server > gather", "gather > cache"]
    assert "gather > queue" in arrows(panel.value) and told["said"].startswith("A gather stands between now")
    panel.select("server")
    assert ask(panel, "add", "Server", "also")["said"] == "", "it is there already"
    panel.select("server_1")
    assert {one["name"] for one in ask(panel, "run")["others"]} == {"database"}
    ask(panel, "lead", "database")
    assert [arrow for arrow in arrows(panel.value) if arrow.startswith("gather")] == [
        "gather > cache", "gather > queue", "gather > server_2", "gather > database",
    ]  # fmt: skip
    panel.select("clients")
    told = ask(panel, "run")
    assert told["can"]["also"] == [] == told["others"], (
        "who sends requests chooses among them by a balancer or a gateway"
    )


def test_what_comes_behind_one_of_several_senders_is_asked_by_all_who_have_nobody_yet():
    panel = sketch(Clients("A"))
    panel.add("Users", "beside")
    panel.add("Server")
    assert arrows(panel.value) == ["a > server", "users > server"]


def test_arrows_are_drawn_and_taken_away():
    system = Clients() >> LoadBalancer() >> [Server("A") >> Database(), Server("B")]
    joined = editing.lead(system, "b", "database")
    assert "b > database" in arrows(joined)
    assert arrows(editing.part_ways(joined, "b", "database")) == arrows(system)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda s: editing.put_after(s, "database", Server()), 'nothing can come after "database"'),
        (lambda s: editing.put_before(s, "clients", Server()), '"clients" sends requests; nothing can go into it'),
        (lambda s: editing.put_after(s, "server", Database()), "nothing can come after"),
        (lambda s: editing.lead(s, "database", "server"), "circle"),
        (lambda s: editing.lead(s, "server", "server"), "can't send requests to itself"),
        (lambda s: editing.lead(s, "server", "database"), "already"),
        (lambda s: editing.part_ways(s, "clients", "database"), "does not send requests to"),
        (lambda s: editing.take_out(s, "sever"), "did you mean server"),
        (lambda s: editing.reroute(s, "server", "database", ["/a"]), "needs a Gateway"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(step, sentence):
    with pytest.raises(ValueError, match=sentence):
        step(Clients() >> Server() >> Database())


# As code


def test_the_code_reads_as_on_a_whiteboard():
    system = [Clients("A"), Clients("B")] >> LoadBalancer() >> [Server(), Server()] >> Database()
    assert as_code(system) == (
        "system = [Clients('A'), Clients('B')] >> LoadBalancer() >> [Server(), Server()] >> Database()\n"
    )


def test_what_several_need_is_written_once():
    database = Database()
    system = Clients() >> Gateway() >> {"/": Server("A") >> database, "/b": Server("B") >> database}
    assert as_code(system) == (
        "database = Database()\nsystem = Clients() >> Gateway() >> {'/': Server('A') >> database, '/b': Server('B') >> database}\n"
    )


def test_what_some_of_several_lead_to_is_one_part_in_the_code_too():
    database = Database()
    system = Clients() >> Gather() >> [Cache() >> database, Server() >> database, Queue()]
    assert as_code(system).count("Database()") == 1 and made_of(as_code(system)) == system


@pytest.mark.parametrize("chooser", [Gateway, LoadBalancer])
def test_an_unfinished_drawing_is_code_too(chooser):
    """Two that nobody sends to yet, and both of whom lead to the same parts: a list has no >> of its own."""
    after = {"/": Server("A"), "/b": Server("B")} if chooser is Gateway else [Server("A"), Server("B")]
    system = System.together(chooser("One"), chooser("Two")) >> after
    assert made_of(as_code(system)) == system


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_its_code_again_runs_and_says_what_it_shows(preset, tmp_path):
    system = PRESETS[preset].make()
    assert made_of(as_code(system)) == system == composed(system.parts, system.edges)
    assert System.open(system.save(tmp_path / "it.json")) == system
    result = simulate(system, duration_s=20)
    assert result.summary.served_per_s > 0 and len(result.explain()) > 40
    assert PRESETS[preset].shows.endswith(".")


@pytest.mark.parametrize(
    ("preset", "part", "whose", "trouble"),
    [
        ("shop", "cache", "/checkout", []),
        ("tickets", "rate_limiter", "travellers", []),
        ("payments", "circuit_breaker", "buyers", [("slow", "bank")]),
        ("video", "cdn", "mumbai", []),
        ("import", "queue", "uploads", []),
        ("news", "cache", "readers", []),
        ("partners", "rate_limiter", "small_partner", []),
    ],
)
def test_what_a_preset_shows_is_gone_without_its_part(preset, part, whose, trouble):
    """Those whom its sentence speaks of wait half as long again, or much longer, without it."""
    system, waited = PRESETS[preset].make(), []
    for design in (system, editing.take_out(system, part)):
        asked = tried(design, trouble).requests
        waited.append(asked[(asked.client == whose) | (asked.endpoint == whose)].latency_ms.median())
    assert waited[1] > 1.4 * waited[0]


def test_names_that_python_does_not_take_are_written_under_others():
    system = Clients("class") >> LoadBalancer() >> [Server("2nd") >> Database("Ü 1"), Server("システム")]
    shared = editing.lead(system, "システム", "ü_1")
    assert made_of(as_code(system)) == system
    assert made_of(as_code(shared)) == shared


# Fields


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_part_can_be_turned_and_says_what_it_means(kind):
    part = KINDS[kind]()
    system = System((part,))
    for field in form(system, part.slug):
        path = field["path"]
        assert field["label"] and json.dumps(field)
        assert field["means"].endswith((".", "?")), f"{path} is not explained"
        assert field["ask"], f"it is not said where {path} is found at work"
        assert field.get("optional", True) or "None" not in field["means"], f"{path} can't be None"
        if field["as"] == "number":
            assert field["low"] < field["high"] and field["step"] > 0
            sent = field.get("start", field["high"]) if field["value"] is None else field["low"]
            turned = taken(system, path, sent)
            assert turned.get(path) == sent
            if field["optional"]:
                assert taken(turned, path, None).get(path) is None
        elif field["as"] == "choice":
            for number in range(len(field["options"])):
                turned = taken(system, path, number)
                shown = {one["path"]: one for one in form(turned, part.slug)}
                assert shown[path]["value"] == number
        elif field["as"] == "place":
            if field["path"].endswith(".place"):
                assert taken(system, path, "Mumbai").get(path) == "Mumbai"
        elif field["as"] == "switch":
            on = taken(system, path, True)
            inside = [one for one in form(on, part.slug) if one["path"].startswith(f"{path}.")]
            assert on.get(path) is not None and inside
            assert all(one["means"] and one["ask"] for one in inside)
            assert all(taken(on, one["path"], one["low"]) for one in inside if one["as"] == "number")
            assert taken(on, path, False).get(path) is None
        else:
            assert taken(system, path, field["value"]).get(path) == system.get(path)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("clients.endpoints", "/a: 3, /b", {"/a": 3, "/b": 1}),
        ("clients.kb", "/video: 800.5", {"/video": 800.5}),
        ("gateway.keys", "clients: /a /b", {"clients": ("/a", "/b")}),
        ("gateway.keys", "", None),
    ],
)
def test_lines_of_text_are_tables(path, text, value):
    system = Clients() >> Gateway() >> {"/": Server()}
    turned = taken(system, path, text)
    assert turned.get(path) == value
    assert taken(turned, path, as_text(turned.get(path))) == turned


def test_a_line_that_is_no_table_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match='"x" is no number'):
        taken(Clients() >> Server(), "clients.endpoints", "/a: x")
    with pytest.raises(ValueError, match='"/send 3 /read 1" is no number: write an endpoint and a number, such as'):
        taken(Clients() >> Server(), "clients.endpoints", "/send 3 /read 1")


@pytest.mark.parametrize(("text", "such"), [("8 4", "8: 4"), ("8: four", "8: 4")])
def test_what_is_no_schedule_is_refused_with_one(text, such):
    system = Clients() >> LoadBalancer() >> Server(replicas=2, autoscale=Autoscale())
    with pytest.raises(ValueError, match=f"a second and a number, such as {such}"):
        taken(system, "server.autoscale.schedule", text)


@pytest.mark.parametrize(
    ("path", "sent", "sentence"),
    [
        ("clients.write_share", 1.5, "Write share must be at most 100 %."),
        ("clients.endpoints", "", "Endpoints must be endpoints with weights such as /submit: 1."),
        ("clients.kb", "/a: -1", "Size of an answer, kB must be endpoints with sizes in kB such as /video: 2000."),
        ("functions.grow_per_10s", 0, "Started within 10 s must be at least 1."),
        ("functions.cold_ms", -1, "Cold start must be at least 0 ms."),
        (
            "clients.place",
            "Atlantis",
            "Place must be a city that the map knows: did you mean Atlanta or Dallas or Athens?",
        ),
    ],
)
def test_what_a_field_refuses_is_said_in_the_words_of_the_form(path, sent, sentence):
    assert ask(sketch(Clients() >> Functions()), "put", path, sent)["problem"] == sentence


def test_what_a_switch_or_a_number_begins_with_is_sane():
    """A budget of 1,000 % is none, and a surge after the end of the run is not seen."""
    shown = {one["path"]: one for one in form(Clients() >> CircuitBreaker() >> Retry() >> Server(), "retry")}
    assert shown["retry.budget"]["start"] == 0.1 and shown["retry.budget"]["high"] <= 1
    for rate_per_s in (5, 200, 2000):
        system = Clients(rate_per_s=rate_per_s) >> Server()
        surged, daily = (sketch(taken(system, f"clients.{field}", True)).result for field in ("surge", "profile"))
        assert len(surged.requests) > 2 * rate_per_s * surged.duration_s
        assert daily.system.get("clients.profile.lasts_s") == pytest.approx(daily.duration_s, abs=1)


def test_whatever_a_hint_gives_as_an_example_can_be_typed():
    """In the field that it explains; and no hint speaks Python."""
    found = {}
    for path, system in (
        ("server", Clients() >> LoadBalancer() >> Server(replicas=2, autoscale=Autoscale())),
        ("clients", Clients(profile=Profile(((0, 1), (9, 2)))) >> Server()),
        *((kind().slug, System((kind(),))) for kind in KINDS.values()),
    ):
        for one in form(system, path):
            assert not re.search(r"[_`=]|\(\(", one["means"]), one
            example = one["as"] == "text" and re.search(
                r"(?:as in|proportion:|kB:|to what:|first:) (.+?)\.(?: |$)", one["means"]
            )
            if example:
                assert taken(system, one["path"], example[1]).get(one["path"]), one
                found[one["path"]] = example[1]
    assert found["server.autoscale.schedule"] == "8: 4, 62: 1" and len(found) > 4


def test_what_a_part_says_of_a_field_is_taken_from_its_docstring():
    assert meaning(Queue, "batch_wait_s") and meaning(Server, "item_ms").startswith("Work for every further")


def test_a_field_is_explained_by_its_part_and_named_as_everywhere():
    shown = {one["path"]: one for one in form(System((Throttle(),)), "throttle")}
    assert "go before all others" in shown["throttle.priority"]["means"], "of a sender it is a number"
    labels = {path.partition(".")[2]: one["label"] for path, one in shown.items()}
    assert labels["rate_per_s"] == "Requests a second" and "Kb" not in {
        one["label"] for one in form(System((Clients(),)), "clients")
    }


# The panel


def test_a_product_is_put_together_and_run():
    panel = sketch()
    assert panel.value is None and panel.run() is None and panel.error is None
    assert [panel.add(kind) for kind in ("Clients", "Server", "Database")] == ["clients", "server", "database"]
    panel.set("clients.rate_per_s", 60)
    panel.select("server")
    panel.rename("Web")
    assert panel.selected == "web" and arrows(panel.value) == ["clients > web", "web > database"]
    result = panel.run()
    assert result.summary.served_per_s == pytest.approx(60, rel=0.1)
    assert made_of(panel.code) == panel.value
    assert panel.more() == "web_2"


def test_the_busiest_part_is_marked_and_no_card_stands_empty():
    panel = sketch(PRESETS["shop"].make())
    assert panel.answer["busiest"] == "database"
    panel.start("video")
    panel.run()
    assert panel.answer["busiest"] is None and "–" not in [card["value"] for card in panel.answer["cards"]]


def test_where_the_load_changes_the_drawing_is_said_to_show_another_than_the_run():
    steady = sketch([Clients(), Users(count=5)] >> Server())
    assert "usual" not in steady.answer["caption"]
    steady.break_it("day")
    steady.run()
    for panel in (steady, sketch(Clients(profile=Profile(((0, 1), (60, 4)))) >> Server())):
        assert panel.answer["caption"].endswith("The load changes meanwhile; in the drawing stands the usual one.")


def test_an_unfinished_drawing_says_what_it_lacks():
    panel = sketch()
    panel.add("Clients")
    assert panel.run() is None
    assert panel.error == "This can't be run yet: “Clients” has nowhere to send requests: put “Server” after it."
    for todo, lacks in ((lambda: None, ["leads nowhere"]), (lambda: panel.add("Server"), ["", ""]),
                        (lambda: panel.take_out("clients"), ["nobody asks it"])):  # fmt: skip
        todo()
        panel.run()
        assert [box["lacks"] for box in panel.answer["boxes"]] == lacks


def test_a_name_is_written_as_it_was_given_whatever_it_looks_like():
    panel = sketch(Clients("GitHub"))
    assert panel.run() is None and panel.error.startswith("This can't be run yet: “GitHub” has nowhere")


def test_an_address_for_which_nobody_asks_is_said_and_what_is_to_be_done():
    panel = sketch(Clients("Riders") >> Gateway() >> {"/": Server("Places")})
    panel.select("gateway")
    panel.add("Server")
    assert ask(panel, "run")["sentences"].startswith(
        "Nobody asks for /new, which leads to “Server”: add it at “Riders” under Endpoints, such as /: 1, /new: 1."
    )
    panel.select("riders")
    ask(panel, "put", "riders.endpoints", "/: 4, /ride: 1")
    assert "Nobody asks" not in ask(panel, "run")["sentences"]


def test_what_is_refused_is_on_a_card_whatever_else_is_in_the_system():
    behind = Server() >> Queue() >> Server("Receipts")
    for part in (behind, Cache() >> Server(), LoadBalancer() >> Server(replicas=2)):
        panel = sketch(Clients(rate_per_s=100) >> RateLimiter(limit=5) >> part)
        cards = {card["name"]: card["value"] for card in panel.answer["cards"]}
        assert len(cards) == 4 and cards["refused"] == "95 %"
    panel = sketch(Clients() >> behind)
    assert "refused" not in {card["name"] for card in panel.answer["cards"]}


def test_a_limit_for_each_counts_a_box_of_clients_as_one_and_says_so():
    said = "To “Rate limiter” all of “Phones” is one caller. Where each person is to have a limit, put “Users” in its place."
    phones = Clients("Phones", rate_per_s=100)
    assert said in sketch(phones >> RateLimiter(limit=5) >> Server()).answer["sentences"]
    for people in (Users("Phones", count=100), [phones, Clients("Partner")], Clients("Phones", rate_per_s=0)):
        assert "is one caller" not in sketch(people >> RateLimiter(limit=5) >> Server()).answer["sentences"]
    assert "is one caller" not in sketch(phones >> RateLimiter(limit=5, by="all") >> Server()).answer["sentences"]


def test_who_leads_nowhere_and_could_is_told_of_the_arrows():
    panel = sketch(System.together(Clients("A") >> Server(), Clients("B")))
    assert panel.error.endswith("put “Server” after it, or lead it to a part under Arrows.")


def test_what_was_said_stays_when_the_run_has_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = sketch(Clients() >> Server())
    ask(panel, "save", "mine")
    ask(panel, "run")
    assert panel.answer["said"].startswith("Saved as mine.json")
    ask(panel, "save", "mine")
    ask(panel, "run")
    assert "there already" in panel.answer["problem"] and not panel.answer["said"]


def test_each_part_says_in_plain_words_what_it_is_for():
    for kind in sketch().about["kinds"]:
        assert kind["is"].endswith(".") and "_" not in kind["is"], kind


def test_there_is_no_end_to_undo():
    panel = sketch()
    seen = [panel.value]
    for kind in ("Clients", "LoadBalancer", "Server", "Database"):
        panel.add(kind)
        seen.append(panel.value)
    for system in seen[::-1][1:]:
        panel.undo()
        assert panel.value == system
    panel.undo()
    for system in seen[1:]:
        panel.redo()
        assert panel.value == system
    panel.undo()
    panel.add("CDN")
    panel.redo()
    assert "cdn" in panel.value.names


def test_a_slider_on_its_way_is_one_step():
    panel = sketch(Clients() >> Server())
    for workers in (3, 4, 5):
        panel.set("server.workers", workers)
    panel.undo()
    assert panel.value.get("server.workers") == 8


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("people", [Clients(rate_per_s=40), Users(count=40, think_s=1)])
def test_trouble_shows_in_the_run_and_is_taken_back(trouble, people):
    panel = sketch(people >> Server(workers=6, queue_limit=20) >> Database())
    panel.select("server")
    well = panel.run().summary
    panel.break_it(trouble)
    ill = panel.run().summary
    assert panel.error is None and not ill.equals(well)
    panel.break_it(trouble)
    assert panel.run().summary.equals(well)


def test_whoever_has_a_day_of_their_own_keeps_its_hours_on_a_whole_day():
    staff, export = Clients("Staff", rate_per_s=10), Clients("Export", rate_per_s=10, profile=Day(peak_at_h=2))
    panel = sketch([staff, export] >> Server())
    panel.break_it("day")
    run = panel.run()
    hour = 24 * run.records.arrived_s / run.duration_s
    for number, busiest in ((0, 20), (1, 2)):
        assert (abs(hour - busiest) < 4)[run.records.client == number].mean() > 0.6


def test_undo_takes_back_what_was_set_off_and_nothing_else():
    panel = sketch(Clients() >> Server() >> Database())
    panel.rename("Shop", "server")
    panel.break_it("kill", "shop")
    panel.break_it("ten")
    panel.undo()
    assert panel.troubles == [("kill", "shop")] and "shop" in panel.value.names
    panel.take_out("shop")
    assert panel.troubles == []
    panel.undo()
    assert panel.troubles == [("kill", "shop")], "it comes back with its part"
    panel.undo()
    assert panel.troubles == [] and "shop" in panel.value.names
    panel.redo()
    assert panel.troubles == [("kill", "shop")]
    panel.start("shop")
    assert panel.troubles == []


def test_only_the_trouble_that_can_befall_a_part_is_offered():
    panel = sketch(Clients() >> Network() >> Server() >> Database())
    offered = {}
    for name in panel.value.names:
        panel.select(name)
        panel.run()
        offered[name] = panel.answer["can"]["trouble"]
        for trouble in offered[name]:
            panel.break_it(trouble)
            assert panel.run() and panel.error is None
            panel.break_it(trouble)
    assert offered["clients"] == [] and "kill" not in offered["network"]
    assert offered["server"] == offered["database"] == ["kill", "slow", "errors"]


def test_who_puts_two_that_are_not_alike_side_by_side_is_told_that_one_of_them_is_asked():
    panel = sketch(Clients() >> Server() >> Cache() >> Database())
    panel._asked(None, {"do": "select", "with": ["cache"]}, None)
    panel._asked(None, {"do": "add", "with": ["Queue", "beside"]}, None)
    assert "one of them alone" in panel.answer["said"] and "also asked by" in panel.answer["said"]
    panel.undo()
    panel.select("cache")
    panel._asked(None, {"do": "add", "with": ["Cache", "beside"]}, None)
    assert panel.answer["said"].startswith("A load balancer stands before it now"), "these are alike"


def test_a_part_is_called_in_words_where_it_is_set_up():
    panel = sketch(Clients() >> RateLimiter() >> Server())
    panel.select("rate_limiter")
    panel.run()
    assert panel.answer["kind"] == "Rate limiter"


@pytest.mark.parametrize(("field", "sent"), [("replicas", 3), ("autoscale", True)])
def test_several_machines_bring_their_balancer_in_one_step_and_it_is_said(field, sent):
    panel = sketch(Clients() >> Network() >> Server() >> Database())
    panel._asked(None, {"do": "put", "with": [f"server.{field}", sent]}, None)
    assert "LoadBalancer() >> Server(" in panel.code and panel.answer["problem"] is None
    assert panel.answer["said"].startswith("A load balancer stands before it now")
    panel.undo()
    assert panel.code == "system = Clients() >> Network() >> Server() >> Database()\n"
    with pytest.raises(ValueError, match="more than 0|at least"):
        panel.set("server.replicas", -1)


def test_a_second_service_behind_a_gateway_says_what_it_shares_and_how_it_gets_its_own():
    panel = sketch(Clients() >> Gateway() >> {"/": Server() >> Database()})

    def do(what, *words):
        panel._asked(None, {"do": what, "with": words}, None)
        assert panel.answer["problem"] is None
        return panel.answer["said"]

    do("select", "gateway")
    said = do("add", "Server", "after")
    assert said.startswith("It asks “Database”, as “Server 1” does. For one of its own, take that arrow away")
    do("part ways", "database")
    assert do("add", "Database", "after") == "" and panel.run()
    assert [*arrows(panel.value)][-2:] == ["server_1 > database_1", "server_2 > database_2"]


def test_an_autoscaler_is_seen_at_work():
    panel = sketch(Clients(rate_per_s=60) >> LoadBalancer() >> Server())
    short = duration_s(panel.value)
    panel.set("server.autoscale", Autoscale())
    assert short < 100 <= duration_s(panel.value)
    assert panel.run().components.loc["server", "most_machines"] > 1


def test_a_load_that_changes_is_seen_to_its_end():
    """A wave that the run left in its middle would look like a load that never ends."""
    wave = Profile(((0, 0.3), (70, 2), (80, 0.3)))
    pool = LoadBalancer() >> Server(autoscale=Autoscale())
    assert duration_s(Clients(rate_per_s=20, profile=wave) >> Server()) == 80
    assert duration_s(Clients(rate_per_s=20, profile=wave) >> pool) == 80, "nor is it thinned by a long calm after it"
    assert duration_s(Clients(rate_per_s=20, profile=Day()) >> Server()) == 60, "a day begins again"
    fast = sketch(Clients(rate_per_s=2000, profile=wave) >> Server())
    assert fast.result.duration_s < 10, "nor is anybody kept waiting for it"
    assert "The load changes until 80 s have passed; this run, of so many" in fast.answer["sentences"]
    assert duration_s(Clients(rate_per_s=100, surge=Surge()) >> Server()) == 40, "and as long again after it"


@pytest.mark.parametrize("rate_per_s", [20_000, 1_000_000])
def test_nobody_waits_long_for_a_run_of_very_many(rate_per_s):
    run = sketch(Clients(rate_per_s=rate_per_s) >> Server()).result
    assert 25_000 < len(run.requests) < 35_000


def test_trouble_stays_at_a_part_that_gets_another_name():
    panel = sketch(Clients() >> Server() >> Database())
    panel.break_it("kill", "server")
    panel.break_it("ten")
    panel.rename("Rides", "server")
    assert panel.troubles == [("kill", "rides"), ("ten", None)]


def test_trouble_goes_with_its_part():
    panel = sketch(Clients() >> Server() >> Database())
    panel.break_it("kill", "server")
    panel.take_out("server")
    panel.run()
    assert panel.troubles == [] and panel.error is None


def test_it_is_compared_with_what_was_kept():
    panel = sketch(Clients(rate_per_s=100) >> Server())
    panel.keep()
    panel.set("server.workers", 20)
    panel.run()
    assert all(card["pinned"] for card in panel.answer["cards"])


def test_it_is_saved_opened_and_taken_away_and_nothing_is_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = sketch(Clients(rate_per_s=40) >> Server())
    assert panel.save("mine").name == "mine.json"
    with pytest.raises(ValueError, match="there already"):
        panel.save("mine")
    other = sketch()
    other.load("mine")
    assert other.value == panel.value
    assert panel.brief().html.exists() and "<html" in panel.replay("it.html").read_text()
    with pytest.raises(ValueError, match="page is empty"):
        sketch().brief()


def test_it_begins_with_an_access_log(tmp_path):
    log = tmp_path / "access.log"
    log.write_text(
        "".join(
            f'10.0.0.{n % 3} - - [29/Nov/2026:10:00:{n // 2:02d} +0000] "GET /a{n % 2} HTTP/1.1" 200 5 "-" "-"\n'
            for n in range(100)
        )
    )
    panel = sketch()
    panel.from_log(log)
    assert panel.run().summary.served_per_s > 0
    panel.rename("Travellers", "clients")
    panel.set("travellers.timeout_ms", 900)
    assert made_of(panel.code) == panel.value, "as long as the log is where it was"


@pytest.mark.filterwarnings("ignore:one caller")
def test_a_log_of_many_addresses_is_drawn_soon(tmp_path):
    """Pages with a number in them: twice as many addresses are twice the work, and not eight times."""

    def work(addresses):
        lines = (
            f'10.0.0.1 - - [29/Nov/2026:10:00:{n % 60:02d} +0000] "GET /p/{n} HTTP/1.1" 200 5' for n in range(addresses)
        )
        (tmp_path / "access.log").write_text("\n".join(lines))
        profile, panel = Profiler(), sketch()
        profile.enable()
        panel.from_log(tmp_path / "access.log")
        panel.run()
        profile.disable()
        return sum(calls.callcount for calls in profile.getstats())

    assert work(400) < 3 * work(200)


# What the page asks for


def ask(panel, done, *more):
    panel._handle_custom_msg({"do": done, "with": [*more], "number": 7}, [])
    return panel.answer


@pytest.mark.parametrize("done", sorted(PAGE))
def test_whatever_the_page_asks_for_is_answered_and_the_panel_lives_on(done, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = sketch(Clients(rate_per_s=1) >> Server())
    for more in ((), ("x",), (None,), ("server", "y"), ({}, [], 3)):
        answer = ask(panel, done, *more)
        assert answer["number"] == 7 and json.dumps(answer)
        assert answer["problem"] is None or answer["problem"].endswith((".", "?"))
    panel.start("internal")
    assert ask(panel, "run")["cards"]


def test_the_run_is_watched_in_the_place_of_the_drawing_until_something_is_changed():
    panel = sketch(Clients(rate_per_s=1) >> Server())
    assert ask(panel, "watch")["stage"] == panel.stage._mount
    assert "server" in str(panel.stage.scene).lower()
    first = panel.stage
    assert ask(panel, "keep")["stage"]  # changes nothing
    assert not ask(panel, "put", "server.workers", 3)["stage"] and panel.stage is None and first.comm is None
    ask(panel, "watch")
    assert not ask(panel, "run")["stage"]  # another run, which is not the one on the stage
    panel.watch()
    panel.run()  # the same from a cell
    assert panel.stage is None and not panel.answer["stage"]
    ask(panel, "watch")
    assert not ask(panel, "leave")["stage"]
    stage = panel.watch()
    panel.close()
    assert stage.comm is None
    panel = sketch(Clients(rate_per_s=1) >> Server())
    assert "empty" in ask(sketch(), "watch")["problem"]


def test_only_what_can_stand_there_is_offered():
    panel = sketch(Clients() >> Server() >> Database())
    can = ask(panel, "select", "database")["can"]
    assert can["after"] == [] and "Server" in can["before"]
    can = ask(panel, "select", "clients")["can"]
    assert "Cache" in can["after"] and set(can["before"]) == set() and {"Clients", "Users"} <= set(can["beside"])
    for kind in can["after"]:
        panel = sketch(Clients() >> Server() >> Database())
        panel.select("clients")
        panel.add(kind)


NAMES = ("Orders", "注文", "Über see", 'a.b "c"', "<script>", " ", "class", "Server 2", "\u202eabc", "x" * 80, "Gather")
LINES = ("/a: 1, /b: 2", "/a", "", "/a: x", "/: 1e400", "/a: nan", "London, Mumbai", ",,", "/ö: 2")
NUMBERS = (None, -1, 0, 0.5, 7, 1e9, "x")


class Hands(RuleBasedStateMachine):
    """Whatever the page can send, in any order, the stale and the malformed too: the panel lives on, and is always its code.

    What is offered is taken, and what is not offered is refused; a refusal changes nothing; undo leads back to each step.
    """

    def __init__(self):
        super().__init__()
        self.panel, self.number = sketch(), 0

    def does(self, done, *more):
        before, can = self.panel.value, self.panel.answer["can"]
        self.number += 1
        told = ask(self.panel, done, *more)
        assert told["problem"] is None or re.search(r"[^?][.?]$", told["problem"])
        if told["problem"]:
            assert self.panel.value is before, "a refusal changes nothing"
        if done == "add" and before is not None and can:
            assert (more[0] in can[more[1]]) == (told["problem"] is None), (more, told["problem"])
        json.dumps(told, allow_nan=False)

    def some_part(self, data, *first):
        there = self.panel.value.names if self.panel.value else ()
        return data.draw(st.sampled_from([*first, *there, "ghost"]))

    @rule(kind=st.sampled_from([*KINDS]), where=st.sampled_from(["after", "before", "beside", "also"]))
    def add(self, kind, where):
        self.does("add", kind, where)

    @rule(data=st.data(), done=st.sampled_from(["select", "lead", "part ways"]))
    def point(self, data, done):
        told = self.panel.answer
        shown = {
            "lead": [one["name"] for one in told.get("others", ())],
            "part ways": [one["head"] for one in told.get("arrows", ())],
        }
        self.does(done, self.some_part(data, *shown.get(done, ())))

    @rule(done=st.sampled_from(["more", "take out", "undo", "undo", "redo", "keep"]))
    def step(self, done):
        self.does(done)

    @rule(data=st.data(), line=st.sampled_from([*LINES, "/new, /", "/b"]))
    def reroute(self, data, line):
        self.does("reroute", self.some_part(data), line)

    @rule(name=st.sampled_from(NAMES))
    def rename(self, name):
        self.does("rename", name)

    @rule(data=st.data())
    def put(self, data):
        fields = self.panel.answer["form"] or [{"path": "ghost.workers", "as": "number"}]
        field = data.draw(st.sampled_from(fields))
        sent = {"number": NUMBERS, "choice": (0, 1, 99), "place": ("", "Mumbai", "Atlantis"), "switch": (True, False)}
        self.does("put", field["path"], data.draw(st.sampled_from(sent.get(field["as"], LINES))))

    @rule(data=st.data(), what=st.sampled_from([*TROUBLES]))
    def trouble(self, data, what):
        self.does("break", what, self.some_part(data))

    @invariant()
    def it_is_its_code_and_what_is_chosen_is_there(self):
        system = self.panel.value
        if system is not None:
            made = made_of(self.panel.code)
            assert (made if isinstance(made, System) else System((made,))) == system, self.panel.code
            assert self.panel.selected is None or self.panel.selected in system.numbers

    def teardown(self):
        last = self.panel.value
        while self.panel.answer["undo"]:
            ask(self.panel, "undo")
        assert self.panel.value is None, "it began on an empty page"
        while self.panel.answer["redo"]:
            ask(self.panel, "redo")
        assert last is None or self.panel.value is not None


class TestHands(Hands.TestCase):
    settings = settings(max_examples=8, stateful_step_count=25, suppress_health_check=list(HealthCheck))


def test_a_stranger_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="sketch takes a system"):
        sketch("shop")


def test_the_drawing_tells_machines_apart_that_do_not_get_the_same():
    shop = Clients(rate_per_s=100, connections=1) >> LoadBalancer(layer=4) >> Server(replicas=3)
    page = sketch(shop)
    assert "overloaded: 1\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}3" in page.answer["picture"]
    page.set("load_balancer.layer", 7)
    page.run()
    assert "overloaded" not in page.answer["picture"]
