"""Panels through `.value`, as the browser would drive them; declarations; sweeps; comparisons."""

import json
import re
import subprocess
import sys
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pandas as pd
import plotly.graph_objects as go
import pytest
import traitlets

from pmtech import (
    Change,
    Clients,
    Database,
    LoadBalancer,
    Outage,
    Profile,
    Queue,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    simulate,
)
from pmtech.charts import plot
from pmtech.panels import explore as explore_module
from pmtech.panels import sweep as sweep_module
from pmtech.panels.compare import _rows, compare
from pmtech.panels.controls import Choice, Slider
from pmtech.panels.explore import LONG_RUN, MACHINES, explore
from pmtech.panels.sweep import sweep
from pmtech.panels.widget import BRING_BACK, Panel
from pmtech.runs.comparison import ALL, BATCHES, Comparison, run_designs
from pmtech.runs.homes import uneven_shares
from pmtech.wording import value_in_words

COMPANIES = [
    Clients("Company A", rate_per_s=10),
    Clients("Company B", rate_per_s=30),
    Clients("Company C", rate_per_s=150),
]
SURVEY_TOOL = COMPANIES >> Throttle(rate_per_s=80) >> Server(workers=8, service_ms=100)
SHOP = Clients("Shoppers", rate_per_s=60) >> Server(workers=8, service_ms=100)


def panel(**options):
    return explore(
        SURVEY_TOOL,
        Slider("company_c.rate_per_s", 0, 300),
        Slider("server.workers", 0, 32),
        Choice("throttle.fair", (True, False)),
        Choice("throttle.max_wait_s", (None, 2)),
        **{"duration_s": 6, **options},
    )


# --- explore -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", [None, "latency", "throughput", "queue", "clients"])
def test_every_control_at_its_low_default_and_high(show):
    live = panel(show=show)
    for path, control in live.controls.items():
        for value in (control.low, control.default, control.high, control.default):
            control.value = value
            if (path, value) == ("server.workers", 0):
                assert live.error == "This can't be run: workers must be at least 1, got 0."
                continue
            assert live.error is None
            assert live.result.system == SURVEY_TOOL.replace({path: value})
            expected = simulate(live.result.system, duration_s=6)
            assert live.sentences == expected.explain(p99=False)
            pd.testing.assert_series_equal(live.result.summary, expected.summary)
            go.Figure(live.figure)
            json.dumps(live.answer, allow_nan=False)


def test_a_panel_is_whole_when_the_page_first_hears_of_it(monkeypatch):
    """A page that is quick draws what the comm opens with: nothing may be missing then."""
    opened = []
    opens = explore_module.Explore.open
    monkeypatch.setattr(explore_module.Explore, "open", lambda panel: (opened.append(dict(panel.answer)), opens(panel)))
    panel = explore(SHOP, Slider("server.workers", 4, 16))
    assert opened == [panel.answer] and opened[0]["cards"] and opened[0]["number"] == 0


def test_the_style_of_a_panel_holds_in_that_panel():
    """The course's own drawings are called .pmtech-picture, too, and are as large as they are drawn."""
    sheets = [path for path in Path(explore_module.__file__).parent.rglob("*.css")]
    rules = [line for path in sheets for line in path.read_text().splitlines() if line.startswith(".pmtech-picture")]
    assert sheets and rules == []


def test_the_cards_carry_their_units():
    assert explore(SHOP, duration_s=60).cards == {
        "served": "60 /s",
        "p95 answer": "314 ms",
        "refused": "0 %",
        "cost": "$0.10 /h",
    }
    assert explore(SHOP.replace({"shoppers.rate_per_s": 0})).cards["p95 answer"] == "–"
    few = explore(SHOP.replace({"shoppers.rate_per_s": 0.1}))
    assert few.cards["p95 answer"] == "too few"
    assert "too few for a percentile" in few.sentences


def test_a_card_is_short_where_a_sentence_has_room():
    few = explore(SHOP.replace({"shoppers.rate_per_s": 70, "server.queue_limit": 24}))
    assert 0 < few.result.summary.error_rate < 0.01
    assert few.cards["refused"] == "< 1 %"
    most = explore(
        SHOP.replace({"shoppers.rate_per_s": 4000, "server.workers": 1, "server.queue_limit": 0}), duration_s=5
    )
    assert most.cards["refused"] == "> 99 %"


def test_the_same_customers_until_new_ones_are_asked_for():
    live = panel()
    arrivals = live.result.requests.arrived_s
    live.controls["server.workers"].value = 30
    pd.testing.assert_series_equal(live.result.requests.arrived_s, arrivals)
    live.new_customers()
    assert live.seed == 2
    assert live.result.system.get("server.workers") == 30
    assert len(live.result.requests) != len(arrivals)
    live.reset()
    assert (live.seed, live.controls["server.workers"].value) == (1, 8)
    pd.testing.assert_series_equal(live.result.requests.arrived_s, arrivals)


def test_a_run_is_kept_as_a_behind_the_next_ones():
    live = panel(show="queue")
    before, inside = live.cards, list(live.result.timeline.in_system)
    live.keep()
    live.controls["company_c.rate_per_s"].value = 0
    kept = live.figure["data"][0]
    assert (kept["name"], kept["line"]["dash"], kept["y"]) == ("before: inside", "dash", inside)
    assert {card["name"]: card["pinned"] for card in live.answer["cards"]} == before
    assert live.cards != before
    live.forget()
    assert [trace["name"] for trace in live.figure["data"]] == ["inside"]
    assert {card["pinned"] for card in live.answer["cards"]} == {None}


def test_what_was_kept_is_called_by_what_was_other_then():
    live = panel(show="queue")
    assert live.answer["before"] == ""
    live.keep()
    assert live.answer["before"] == "Before: as now."
    live.controls["company_c.rate_per_s"].value = 0
    live.new_customers()
    assert live.answer["before"] == "Before: Company C: requests a second 150 /s, other customers."


def test_an_axis_stays_while_it_is_filled_and_says_so_when_it_does_not():
    live = panel(show="queue")

    def end():
        return live.figure["layout"]["yaxis"]["range"][1]

    first, highest = end(), max(live.figure["data"][0]["y"])
    assert live.answer["scale"] == ""
    live.controls["company_c.rate_per_s"].value = 90
    assert first / 4 <= max(live.figure["data"][0]["y"]) < highest
    assert (end(), live.answer["scale"]) == (first, "")
    live.controls["company_c.rate_per_s"].value = 0
    assert end() < first / 4
    assert live.answer["scale"] == f"The axis has changed: requests inside, up to {end():g}."
    live.controls["company_c.rate_per_s"].value = 300
    most = plot.ceiling(max(live.figure["data"][0]["y"]))
    assert end() == plot.ceiling(most) > most  # a step of room for the moves to come


def test_an_error_is_a_sentence_and_the_sliders_stay_alive(monkeypatch):
    live = panel()
    live.controls["server.workers"].value = 0
    assert live.error == "This can't be run: workers must be at least 1, got 0."
    live.controls["server.workers"].value = 9
    assert live.error is None
    assert live.result.system.get("server.workers") == 9

    def broken(*_, **__):
        raise ZeroDivisionError("the model is at fault")

    monkeypatch.setattr(explore_module, "simulate", broken)
    live.controls["server.workers"].value = 10
    assert live.error == "This can't be run: ZeroDivisionError: the model is at fault."
    monkeypatch.undo()
    live.controls["server.workers"].value = 11
    assert (live.error, live.result.system.get("server.workers")) == (None, 11)


@pytest.mark.parametrize(("strange", "said"), [("maybe", "This can't be run: fair must be"), (None, "This can't be")])
def test_a_value_that_is_no_option_is_said_and_the_other_knobs_go_on(strange, said):
    live = panel()
    live.controls["throttle.fair"].value = strange
    assert live.error.startswith(said)
    wish(live, 1, **{"company_c.rate_per_s": 30})  # the page has no number for it, and leaves it as it is
    assert live.error.startswith(said)
    live.controls["throttle.fair"].value = False
    assert live.error is None
    assert live.result.system == SURVEY_TOOL.replace({"company_c.rate_per_s": 30, "throttle.fair": False})
    live.controls["throttle.max_wait_s"].value = 3  # no option, and yet the model takes it
    wish(live, 2, **{"company_c.rate_per_s": 60})
    assert (live.error, live.result.system.get("throttle.max_wait_s")) == (None, 3)
    wish(live, 3, **{"throttle.max_wait_s": 0})
    assert live.result.system.get("throttle.max_wait_s") is None


def wish(live, number, pin=0, seed=1, **values):
    paths = live.controls.sent()
    live.wish = {"number": number, "values": {**paths, **values}, "seed": seed, "pin": pin}


def test_the_page_wishes_and_is_answered():
    live = panel()
    wish(live, 1, **{"company_c.rate_per_s": 30, "throttle.fair": 1, "throttle.max_wait_s": 1})
    assert live.result.system == SURVEY_TOOL.replace(
        {"company_c.rate_per_s": 30, "throttle.fair": False, "throttle.max_wait_s": 2}
    )
    assert live.answer["number"] == 1
    kept = live.result
    wish(live, 2, pin=1, **{"company_c.rate_per_s": 60})  # kept and moved on before the kernel heard of it
    assert live.pinned is kept
    assert live.result.system.get("company_c.rate_per_s") == 60
    wish(live, 3, pin=0, seed=7)
    assert (live.pinned, live.seed, live.answer["number"]) == (None, 7, 3)
    assert live.answer["values"] == {
        "company_c.rate_per_s": 60,
        "server.workers": 8,
        "throttle.fair": 1,
        "throttle.max_wait_s": 1,
    }


def test_wishes_from_two_threads_leave_one_consistent_answer():
    live = explore(SHOP, Slider("server.workers", 1, 32), duration_s=2)

    def move(values):
        for value in values:
            live.controls["server.workers"].value = value

    threads = [Thread(target=move, args=[range(first, 31, 3)]) for first in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    value = live.controls["server.workers"].value
    assert live.error is None
    assert live.answer["values"] == {"server.workers": value}
    assert live.result.system.get("server.workers") == value


# --- what a panel is declared with ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "sentence"),
    [
        (Slider("serverr.workers", 1, 9), 'there is no part "serverr" in "serverr.workers": did you mean server?'),
        (Slider("server.workers", 9, 9), 'the slider for "server.workers" must have a low below its high, got 9 and 9'),
        (
            Slider("server.workers", 10, 32),
            '"server.workers" is 8 in this system, outside of its slider, which goes from 10 to 32',
        ),
        (Slider("server.workers", "1", 9), "low of the slider for \"server.workers\" must be a finite number, got '1'"),
        (
            Slider("server.workers", 1, float("inf")),
            'high of the slider for "server.workers" must be a finite number, got inf',
        ),
        (
            Slider("server.workers", 1, 9, step=0),
            'step of the slider for "server.workers" must be above 0 and at most 8, got 0',
        ),
        (
            Slider("server.workers", 1, 9, step=0.5),
            '"server.workers" is a whole number: low, high and step of its slider must be, too',
        ),
        (
            Slider("server.queue_limit", 1, 9),
            'a slider needs a number, but "server.queue_limit" is None in this system',
        ),
        (Choice("server.workers", (8,)), 'the choice for "server.workers" needs at least two options, got [8]'),
        (
            Choice("server.workers", (1, 2)),
            '"server.workers" is 8 in this system, which is not among the options of its choice, 1, 2',
        ),
        (
            Choice("server.workers", (8, 0)),
            'the choice for "server.workers" offers 0, but workers must be at least 1, got 0',
        ),
        ("server.workers", "explore takes a system, then Slider(...) or Choice(...), got 'server.workers'"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(control, sentence):
    with pytest.raises(ValueError) as refused:
        explore(SHOP, control)
    assert str(refused.value) == sentence


def test_other_mistakes_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match='show must be one of latency, .*; got "quue": did you mean queue?'):
        explore(SHOP, show="quue")
    with pytest.raises(ValueError, match='there are two controls for "server.workers": one is enough'):
        explore(SHOP, Slider("server.workers", 1, 9), Choice("server.workers", (8, 9)))
    with pytest.raises(ValueError, match="a list of values, got 'yes'"):
        Choice("throttle.fair", "yes")
    with pytest.raises(ValueError, match='nothing sends requests to "server"'):
        explore(Server())


def test_a_control_says_what_it_is_and_in_which_unit():
    live = explore(
        [Clients("Company C", rate_per_s=150), Clients(rate_per_s=1.5)]
        >> Server(workers=4, service_ms=95)
        >> RateLimiter(limit=40),
        Slider("company_c.rate_per_s", 0, 300),
        Slider("clients.rate_per_s", 0, 10),
        Slider("server.service_ms", 10, 500),
        Slider("server.workers", 1, 32),
        Slider("server.price_usd_per_hour", 0, 1, label="One machine"),
        Slider("clients.write_share", 0, 0.1),
        Choice("rate_limiter.algorithm", ("fixed_window", "token_bucket")),
        duration_s=1,
    )
    said = [(d["label"], d.get("step"), d["unit"]) for d in live.described]
    assert said == [
        ("Company C: requests a second", 5, "/s"),
        ("Clients: requests a second", 0.5, "/s"),
        ("Server: service time", 5, "ms"),
        ("Server: workers", 1, ""),
        ("One machine", 0.05, "$/h"),
        ("Clients: write share", 0.005, "%"),
        ("Rate limiter: algorithm", None, ""),
    ]
    assert live.described[-1]["options"] == ["fixed window", "token bucket"]
    offered = [Choice("shoppers.write_share", (0, 0.01, 0.5)), Choice("server.service_ms", (100, 200))]
    assert [choice.describe(SHOP)["options"] for choice in offered] == [["0 %", "1 %", "50 %"], ["100 ms", "200 ms"]]
    assert value_in_words(0.07, "clients.write_share") == "7 %"
    assert value_in_words(5, "load_balancer.health_check_s") == "5 s"
    assert value_in_words(None, "load_balancer.health_check_s") == "none"


# --- every panel ---------------------------------------------------------------------------------------------------------


def test_a_saved_panel_says_how_to_bring_it_back():
    live = explore(SHOP, duration_s=1)
    bundle = live._repr_mimebundle_()
    assert bundle["text/html"] == (
        f'<div class="pmtech mathjax_ignore {live._mount}">'
        '<p class="pmtech-asleep">To bring this back, choose Kernel &gt; Restart Kernel and Run All Cells. '
        "Your answers are kept.</p></div>"
    )
    assert f'const BRING_BACK = "{BRING_BACK}";' in live._esm
    assert set(bundle) == {"text/html", "text/plain"}


def test_the_page_asks_for_plotly_and_gets_it(monkeypatch):
    live, sent = explore(SHOP, duration_s=1), []
    monkeypatch.setattr(live, "send", lambda message, buffers: sent.append((message, buffers)))
    live._handle_custom_msg({"kind": "plotly"}, [])
    [(message, [source])] = sent
    assert message == {"kind": "plotly"}
    assert b"plotly.js v" in source[:100]
    assert b"window.Plotly" in source[-200:]


def test_a_page_that_comes_late_is_told_what_has_changed_and_nothing_else(monkeypatch):
    class Counter(Panel):
        _esm = "function render() {}"
        count = traitlets.Int(1).tag(sync=True)
        name = traitlets.Unicode("a").tag(sync=True)

    counter, sent = Counter(), []
    monkeypatch.setattr(Counter, "send_state", lambda self, key=None: sent.append(key))
    counter._handle_custom_msg({"kind": "catch up"}, [])
    assert sent == []
    counter.count = 2
    sent.clear()
    counter._handle_custom_msg({"kind": "catch up"}, [])
    assert sent == [{"count"}]


def test_no_panel_takes_a_name_of_the_base_for_something_else():
    """A reveal's own `_answer` was called with every message of the page, and its error ended a run of all cells."""
    import pmtech

    for name in pmtech.__all__:
        getattr(pmtech, name)
    base = {name for name, value in vars(Panel).items() if callable(value) and not name.startswith("__")}
    kinds, below = [], [Panel]
    while below:
        below = [kind for parent in below for kind in parent.__subclasses__()]
        kinds += below
    assert {"_answer"} <= base and len(kinds) > 5
    assert [(kind.__name__, base & set(vars(kind))) for kind in kinds if base & set(vars(kind))] == []


def test_a_subclass_brings_its_own_render_and_looks_like_the_others():
    class Question(Panel):
        _esm = "function render({ el }) { el.append('why'); }"
        _css = ".why { color: var(--pmtech-text) }"

    question = Question()
    assert (
        question._esm.index("function onPage")
        < question._esm.index("append('why')")
        < question._esm.index("export default")
    )
    assert question._css.index("--pmtech-served") < question._css.index(".why")


def test_no_panel_imports_what_makes_the_start_slow():
    code = """
import sys
from pmtech import Clients, Server, Slider, compare, explore, sweep
shop = Clients() >> Server()
explore(shop, Slider("server.workers", 1, 9), duration_s=1).controls["server.workers"].value = 9
compare({"a": shop, "b": shop}, duration_s=1)._repr_mimebundle_()
sweep(shop, {"server.workers": [1, 2]}, duration_s=1)
slow = {"plotly", "nbformat", "jsonschema", "rfc3987_syntax", "lark", "scipy", "matplotlib"}
print(sorted(slow & {name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- compare -------------------------------------------------------------------------------------------------------------


def test_a_comparison_shows_each_client_in_each_design():
    comparison = compare(
        {"throttle": SURVEY_TOOL, "limit": COMPANIES >> RateLimiter(limit=40) >> Server()}, duration_s=10
    )
    assert list(comparison.results) == ["throttle", "limit"]
    served = comparison.table.served_per_s.unstack()
    assert served.loc["limit", "company_b"] == comparison.results["limit"].by_client.served_per_s["company_b"]
    assert served.loc["throttle", ALL] == comparison.results["throttle"].summary.served_per_s
    assert comparison.table.offered_per_s.unstack().nunique().eq(1).all()  # the same customers
    assert "text/html" in comparison._repr_mimebundle_()


@pytest.mark.parametrize("load", [{"surge": Surge(at_s=4, for_s=3)}, {"profile": Profile(((0, 1), (9, 4)))}, {}])
def test_stretches_that_are_not_alike_say_nothing_of_chance(load):
    """Lesson 07's lunch: +0.65, "+0.14 to +1.15" by chance, was the lunch hour and no chance."""
    people = Clients(rate_per_s=20, **load)
    rows = _rows(compare({"one": people >> Server(), "two": people >> Server(service_ms=50)}, duration_s=20))
    assert ("(" in rows[2][2]) is (not load)


def test_a_difference_is_that_of_the_figures_beside_it():
    """Of lesson 06: 96.3 and 103.6 a second are shown as 96 and 104, and "+7" beside them is no sum that anybody can follow."""
    pool = Clients("D", rate_per_s=85, connections=40) >> LoadBalancer(layer=4) >> Server(workers=8, service_cv=0.5)
    designs = {f"{age_s} s": pool.replace({"d.connection_age_s": age_s}) for age_s in (3600, 300, 60, 40, 30)}
    for events in ([], [Change("server.replicas", 3, at_s=20)]):
        _, first, *others = _rows(compare(designs, duration_s=60, warmup_s=40, events=events))
        for _, served, against, *_ in others:
            more = against.split(" (")[0].replace("−", "-")
            assert float(more) == round(float(served) - float(first[1]), 1)


def test_no_interval_where_something_happens_during_the_run():
    """The stretches of a run with an outage are not alike: their spread is no doubt about the difference."""
    designs, died = {"a": SHOP, "b": SHOP.replace({"server.workers": 1})}, [Outage("server", at_s=5, for_s=5)]
    calm, cut = compare(designs, duration_s=20).panel(), compare(designs, duration_s=20, events=died).panel()
    assert " to " in calm.table[2][2] and "95 % confidence" in calm.note
    assert re.fullmatch(r"[−+]?[\d.]+", cut.table[2][2]) and "confidence" not in cut.note


def test_a_comparison_says_when_its_bars_show_the_p95():
    calm = compare({"calm": SHOP, "again": SHOP}, duration_s=20).panel()
    cut = compare({"free": SURVEY_TOOL, "small": SURVEY_TOOL.replace({"server.workers": 2})}, duration_s=20).panel()
    assert calm.note.endswith("so the bars show p95.") and "p95" not in cut.note
    calm_axis, cut_axis = (panel.figure["layout"]["xaxis"]["title"]["text"] for panel in (calm, cut))
    assert calm_axis.startswith("p95, ms") and cut_axis == "requests served a second"


def test_a_client_that_the_first_design_does_not_have_is_all_gain():
    more = Comparison(
        run_designs({"before": COMPANIES[:2] >> Server(), "with C": COMPANIES >> Server()}, duration_s=10)
    )
    served = more.table.served_per_s
    assert more.differences.served_per_s["with C", "company_c"] == pytest.approx(served["with C", "company_c"])


def test_the_difference_of_a_design_to_itself_is_nothing():
    same = Comparison(run_designs({"a": SURVEY_TOOL, "b": SURVEY_TOOL}, duration_s=10)).differences
    assert (same == 0).all(axis=None)


def test_the_difference_is_that_of_the_figures():
    differences = Comparison(
        run_designs({"a": SURVEY_TOOL, "b": SURVEY_TOOL.replace({"server.workers": 4})}, duration_s=20)
    )
    served = differences.table.served_per_s.unstack()
    for client, row in differences.differences.loc["b"].iterrows():
        assert row.served_per_s == pytest.approx(served.loc["b", client] - served.loc["a", client])
        assert row.low_per_s <= row.served_per_s <= row.high_per_s


def test_the_interval_holds_the_long_run_difference_as_often_as_it_says():
    """40 runs with other customers: at 95 %, 32 or fewer intervals that hold it would be a 1 in 1,000 accident."""
    clients = Clients(rate_per_s=40)
    designs = {"all": clients >> Server(), "limited": clients >> RateLimiter(limit=35) >> Server()}
    found = [
        Comparison(run_designs(designs, duration_s=30, seed=seed)).differences.loc["limited", ALL] for seed in range(40)
    ]
    truth = sum(each.served_per_s for each in found) / len(found)
    assert sum(each.low_per_s <= truth <= each.high_per_s for each in found) > 32
    assert BATCHES == 10


@pytest.mark.parametrize(
    ("designs", "sentence"),
    [
        ({"one": SHOP}, "at least two designs are needed"),
        ([SHOP, SHOP], "at least two designs are needed"),
        ({"": SHOP, "b": SHOP}, "the label of a design must be a few words, got ''"),
        ({"a": SHOP, "b": Server()}, 'design "b": nothing sends requests to "server"'),
    ],
)
def test_designs_that_cannot_be_compared(designs, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare(designs)


# --- sweep ---------------------------------------------------------------------------------------------------------------

WORKERS = {"server.workers": [4, 8, 16, 32]}


@pytest.fixture
def notebook(monkeypatch):
    """As in a notebook, with work that is always worth a bar: what was displayed."""
    shown = []

    def display(bar, display_id):
        shown.append(bar)
        return SimpleNamespace(update=lambda page: shown.append(page.data))

    monkeypatch.setattr(sweep_module, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr(sweep_module, "display", display)
    monkeypatch.setattr(sweep_module, "WORTH_A_BAR_S", -1)
    monkeypatch.setattr(sweep_module, "BETWEEN_UPDATES_S", -1)
    return shown


def test_a_finished_sweep_leaves_no_bar(notebook):
    rows = sweep(SHOP, WORKERS, duration_s=1)
    assert list(rows["server.workers"]) == [4, 8, 16, 32]
    bar, left = notebook
    assert bar.comm is None and left == ""  # closed, and no sentence in its place


def test_stop_returns_the_rows_so_far(notebook, monkeypatch):
    monkeypatch.setattr(
        sweep_module, "display", lambda bar, **_: (notebook.append(bar), bar._handle_custom_msg({"kind": "stop"}, []))
    )
    rows = sweep(SHOP, WORKERS, duration_s=1)
    assert list(rows["server.workers"]) == [4]
    assert [bar.said for bar in notebook] == ["Stopped after 1 of 4 runs. The table has the rows so far."]
    assert not notebook[0].running


def test_an_interrupt_returns_the_rows_so_far(notebook, monkeypatch):
    from pmtech.panels.sweep import Progress

    real = Progress.step

    def step(self, done, total):
        if done == 3:
            raise KeyboardInterrupt
        return real(self, done, total)

    monkeypatch.setattr(Progress, "step", step)
    rows = sweep(SHOP, WORKERS, duration_s=1)
    assert list(rows["server.workers"]) == [4, 8, 16]
    assert [bar.said for bar in notebook] == ["Stopped after 3 of 4 runs. The table has the rows so far."]


def test_a_sweep_that_is_refused_shows_nothing(notebook):
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        sweep(SHOP, {"server.workers": [8, 0]})
    assert notebook == []


def test_the_card_and_the_sentence_tell_the_same_age_of_messages():
    """Those that are on their way when the run ends are in neither."""
    panel = explore(Clients(rate_per_s=20) >> Queue() >> Server(workers=3, service_ms=120))
    assert f"95 of 100 within {panel.cards['p95 done']}." in panel.answer["sentences"]
    crowded = explore(Clients(rate_per_s=30) >> Queue() >> Server(workers=3, service_ms=120))
    assert crowded.cards["p95 done"] == "not yet"


def test_the_card_of_the_busiest_part_names_it():
    small = Clients(rate_per_s=10) >> Server(workers=5) >> Database(connections=1, query_ms=90)
    panel = explore(small, Slider("clients.rate_per_s", 1, 60), cards=["busiest part"])
    assert panel.cards["busiest part"].startswith("Database ")
    panel.controls["clients.rate_per_s"].value = 60  # and now its workers are held, all of them
    assert panel.result.components.utilisation.server > panel.result.components.utilisation.database > 0.95
    assert panel.cards["busiest part"].startswith("Database ")


def test_what_was_kept_is_told_in_the_unit_of_its_slider():
    wave = Clients(rate_per_s=1, surge=Surge(at_s=10, for_s=300, times=2)) >> Server()
    panel = explore(wave, Slider("clients.surge.for_s", 300, 6000, step=300, label="The peak lasts"), duration_s=60)
    panel.keep()
    panel.controls["clients.surge.for_s"].value = 1200
    assert panel.answer["before"] == "Before: The peak lasts 5 min."


def test_the_picture_tells_machines_apart_that_do_not_get_the_same():
    """A connection leads to one machine: with two of them, three machines get 95, 95 and 10 a second, of 80 that each can do."""
    system = (
        [Clients("Visitors", rate_per_s=30), Clients("Company D", rate_per_s=170, connections=2)]
        >> LoadBalancer(layer=4)
        >> Server(replicas=3, workers=8, service_ms=100)
    )
    shown = explore(system, Choice("load_balancer.layer", [4, 7]), Slider("company_d.connections", 1, 300))
    shares = [share for _, share in sorted((-share, share) for share in uneven_shares(shown.result)["server"])]
    assert shares == pytest.approx([0.475, 0.475, 0.05], abs=0.02)
    assert shown.cards["busiest part"] == "Server > 99 %"  # not the mean of all three
    assert shown.answer["caption"] == MACHINES
    assert "overloaded: 2\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}3" in shown.answer["picture"]
    lanes = [shown.answer["picture"].count(f'class="{css}"') for css in ("track", "load", "load free")]
    assert lanes == [3, 2, 1]
    shown.controls["company_d.connections"].value = 300
    assert "overloaded" not in shown.answer["picture"]
    shown.controls["load_balancer.layer"].value = 7
    assert not uneven_shares(shown.result)
    assert shown.answer["caption"] == LONG_RUN
    assert shown.answer["picture"].count('class="track"') == 1


@pytest.mark.parametrize("event", [Outage("server", at_s=10, for_s=20), Change("server.replicas", 4, at_s=30)])
def test_machines_that_come_and_go_have_no_shares(event):
    system = Clients(rate_per_s=50) >> LoadBalancer(health_check_s=1) >> Server(replicas=3, workers=8)
    assert uneven_shares(simulate(system, events=[event])) == {}
