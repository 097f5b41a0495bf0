"""What lessons show of a run: figures by their path, and tables with people's words and one precision a column."""

import re

import numpy as np
import pandas as pd
import pytest

from pmtech import Clients, RateLimiter, Server, simulate, sweep
from pmtech.panels.compare import compare
from pmtech.runs.figure import figure
from pmtech.runs.table import COLUMNS, Table, column, table

A, B, C = (Clients(f"Company {name}", rate_per_s=rate) for name, rate in (("A", 10), ("B", 30), ("C", 150)))
SERVER = Server(workers=8, service_ms=100, service_cv=0.5)


@pytest.fixture(scope="module")
def minute():
    return compare({"before C": [A, B] >> SERVER, "with C": [A, B, C] >> SERVER})


@pytest.mark.parametrize(
    ("values", "unit", "shown"),
    [
        ([28.0, 12.3, 9.7], "", ("", ["28.0", "12.3", "9.7"])),
        ([0.2, 200.0], "", ("", ["0.2", "200.0"])),
        ([1390, 12.25], "ms", ("ms", ["1,390", "12"])),
        ([33000.0, 194], "ms", ("s", ["33.00", "0.19"])),
        ([12_300, 4_000], "ms", ("s", ["12.3", "4.0"])),
        ([2_390, 405.2], "ms", ("ms", ["2,390", "405"])),
        ([0.0, 0.5731], "%", ("%", ["0", "57"])),
        ([0.004, 0.57], "%", ("%", ["0.4", "57.0"])),
        ([0.1, 2.465], "$", ("$", ["0.100", "2.465"])),
        ([0.72813, 0.347], "$", ("$", ["0.73", "0.35"])),
        ([110.0, 1693.6], "$", ("$", ["110", "1,694"])),
        ([float("nan"), 3.14159], "", ("", ["–", "3.14"])),
        ([float("inf"), 8.0], "", ("", ["–", "8"])),
        (["a", "b"], "", ("", ["a", "b"])),
        ([], "ms", ("ms", [])),
    ],
)
def test_a_column_has_one_unit_and_one_precision(values, unit, shown):
    assert column(values, unit) == shown


def test_a_figure_is_found_by_its_path_and_joined_with_others(minute):
    run = minute.results["with C"]
    assert figure(run, "p95_ms") == run.summary.p95_ms
    assert figure(run, "server.utilisation") == run.components.utilisation["server"]
    assert figure(minute, "with C/company_a.served_per_s") == run.by_client.served_per_s["company_a"]
    assert figure(run, "mean_ms - 95 / 1000") == pytest.approx((run.summary.mean_ms - 95) / 1000)  # from left to right
    assert figure({"x": run}, "x/waiting_share") == run.waiting_share == pytest.approx(0.57, abs=0.01)
    turned = sweep([A] >> SERVER, {"company_a.rate_per_s": [20, 32]}, duration_s=5)
    assert figure(turned, "32/p95_ms") == turned.p95_ms[1]


@pytest.mark.parametrize("path", ["before X/p95_ms", "charges", "with C/company_d.p95_ms", "before C/p96_ms"])
def test_a_figure_that_is_not_there_is_a_sentence(minute, path):
    with pytest.raises(ValueError, match=re.escape(f'"{path}" is not among the figures of this run')):
        figure(minute, path)


def test_who_asked_is_served_refused_or_still_waits(minute):
    with_c = minute.results["with C"]
    shown = with_c.clients
    assert list(shown.index) == ["Company A", "Company B", "Company C"]
    waiting = (with_c.requests.status == 0).groupby(with_c.requests.client).mean()
    assert shown.waiting_share.tolist() == waiting.tolist()
    heads, *rows = minute.panel().table
    assert [row[heads.index("still waiting, %")] for row in rows] == ["0.2", "57.2"]


def test_littles_law_multiplies_and_counts():
    run = simulate(Clients(rate_per_s=32) >> Server(workers=1, service_ms=25), duration_s=300)
    (row,) = run.inside.itertuples()
    assert row.multiplied == pytest.approx(row.offered_per_s * run.summary.mean_ms / 1000)
    assert row.counted == pytest.approx(row.multiplied, rel=0.05)
    arrive, stay_ms, inside = map(float, re.findall(r"<td>([\d.]+)</td>", run.inside._repr_html_())[:3])
    assert arrive * stay_ms / 1000 == pytest.approx(inside, rel=0.003), (
        "who multiplies what is shown finds what is shown"
    )


def test_the_first_refusal_says_whose_when_and_for_how_long():
    refused = simulate([A, C] >> RateLimiter(limit=36 * 60, per_s=60) >> SERVER)
    (row,) = refused.first_refusal.itertuples()
    assert (row.Index, row.status) == ("Company C", 429)
    assert row.at_s + row.retry_after_s == pytest.approx(60, abs=0.1)  # the window opened with its first request
    assert simulate([A] >> SERVER, duration_s=5).first_refusal.empty


def test_tables_speak_and_their_figures_are_an_ordinary_frames(minute):
    for shown in (minute.p95, minute.results["with C"].times, minute.results["with C"].clients):
        page = shown._repr_html_()
        words = re.findall(r'<th scope="col">(.*?)</th>', page)
        assert "<tr><td></td><th" in page and all(word and "_" not in word for word in words)
        assert type(shown.round(1)) is pd.DataFrame
    assert '<th scope="col">with C: p95, s</th>' in minute.p95._repr_html_()
    assert np.isnan(minute.p95.loc["Company C", "before C"]) and "<td>–</td>" in minute.p95._repr_html_()
    slow = minute.results["with C"].times._repr_html_()
    assert slow.count(", s</th>") == 3, "one unit for all times of a table"
    odd = Table({"a<b": ["<i>"]}, index=["&"])
    odd.note = "<b>"
    assert "<i>" not in odd._repr_html_() and "&lt;b&gt;" in odd._repr_html_()
    assert all(len(words) == 2 for words in COLUMNS.values())


def test_a_word_among_figures_leaves_them_under_one_another():
    """A column is one of figures where most of what stands in it are; a column of words begins at the left."""
    rows = [
        ("http", "2", "readable", ""),
        ("TLS", "1,667", "12", ""),
        ("expired", "none: it has expired", "hidden", ""),
    ]
    said = table(("way", "trips", "password", "empty"), rows)
    assert "<td>2</td>" in said and "<td>none: it has expired</td>" in said and "<td></td>" in said
    assert '<td class="pmtech-said">12</td>' in said and '<th scope="col" class="pmtech-said">password</th>' in said
