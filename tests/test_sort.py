"""Cards sorted into piles: marked only when all of them lie, with a reason for each, kept with the answers."""

import json
import re

import pytest

from pmtech.course.exercises.questions import all_questions
from pmtech.course.exercises.sort import Card, Sort, Sorting, all_sortings, sort
from pmtech.course.way.progress import progress_file

MEALS = Sorting(
    id="99.sort",
    kind="sort",
    text="What is eaten when?",
    piles=("Morning", "Evening"),
    cards=(
        Card(text="Porridge", pile="Morning", why="It is made of oats."),
        Card(text="Soup", pile="Evening", why="It is warm."),
        Card(text="Bread", pile="Morning", also=("Evening",), why="It goes with everything."),
    ),
)
ALL_RIGHT = {"Porridge": "Morning", "Soup": "Evening", "Bread": "Evening"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))


def test_cards_are_marked_when_all_of_them_lie():
    panel = Sort(MEALS)
    panel.value = {"Porridge": "Evening"}
    with pytest.raises(ValueError, match=r"sort every card first: 2 of 3 are left, such as 'Soup'"):
        panel.commit()
    assert "oats" not in json.dumps(panel.get_state(), default=str), "the reasons are told when it is marked"
    panel.value = {**ALL_RIGHT, "Porridge": "Evening"}
    panel.commit()
    assert panel.verdict == "2 of 3 cards lie where they belong."
    assert [(mark["text"], mark["right"]) for mark in panel.marks] == [
        ("Porridge", False),
        ("Soup", True),
        ("Bread", True),
    ]
    assert panel.marks[0]["why"] == "It is made of oats." and panel.marks[2]["pile"] == "Morning or Evening"


def test_cards_that_lie_wrong_are_sorted_again_and_every_marking_is_kept():
    panel = Sort(MEALS)
    panel.value = {**ALL_RIGHT, "Porridge": "Evening"}
    panel.commit()
    panel.again()
    assert panel.value == {"Soup": "Evening", "Bread": "Evening"} and (panel.marks, panel.verdict) == ([], "")
    panel.value = ALL_RIGHT
    panel.commit()
    panel.commit()
    assert [record["right"] for record in progress_file().records("answer", "99.sort")] == [False, True]


def test_cards_lie_again_where_they_were_left_unless_they_have_been_reworded():
    first = Sort(MEALS)
    first.value = ALL_RIGHT
    first.commit()
    assert (Sort(MEALS).value, Sort(MEALS).verdict) == (ALL_RIGHT, "3 of 3 cards lie where they belong.")
    assert len(progress_file().records("answer")) == 1
    for edited in (
        {"Tea": "Morning"},
        {"Porridge": "Noon"},
        {"Porridge": "Morning"},
        {},
        None,
        7,
        {"Soup": ["Evening"]},
    ):
        progress_file().add("answer", "99.sort", option="as it was", right=True, value=edited)
        assert (Sort(MEALS).value, Sort(MEALS).marks) == ({}, [])


def test_the_page_has_them_marked_with_the_piles_in_its_message():
    panel = Sort(MEALS)
    for nothing in ({"do": "commit", "value": {"Soup": "Evening"}}, {"do": "commit", "value": 7}, {"do": "again"}, {}):
        panel._handle_custom_msg(nothing, [])
        assert panel.marks == []
    panel._handle_custom_msg({"do": "commit", "value": {**ALL_RIGHT, "Soup": "Morning"}}, [])
    assert panel.verdict.startswith("2 of 3")
    panel._handle_custom_msg({"do": "again"}, [])
    assert "Soup" not in panel.value


def test_what_is_no_card_or_no_pile_is_refused_in_a_sentence():
    panel = Sort(MEALS)
    for value in ({"Tea": "Morning"}, {"Soup": "Noon"}):
        with pytest.raises(ValueError, match=r"which pile they lie on \(Morning, Evening\)"):
            panel.value = value
    with pytest.raises(ValueError, match='there is no sorting exercise "99.no"'):
        sort("99.no")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"piles": ("Morning", "Morning")}, "two cards, or two piles, have the same text"),
        ({"cards": MEALS.cards[:1] * 2}, "two cards, or two piles, have the same text"),
        (
            {"cards": (*MEALS.cards, Card(text="Tea", pile="Noon", why="x"))},
            "'Tea' belongs on 'Noon', which is no pile",
        ),
        ({"cards": (*MEALS.cards, Card(text="Tea", pile="Morning", why=""))}, "'Tea' has none"),
        ({"cards": MEALS.cards[:1]}, "no card belongs on 'Evening'"),
    ],
)
def test_a_slip_of_the_writer_is_named(change, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Sorting(**{**vars(MEALS), **change})


@pytest.mark.parametrize("asked", all_sortings().values(), ids=lambda asked: asked.id)
def test_every_sorting_of_the_course_is_complete(asked):
    assert asked.id not in all_questions()
    for text in (asked.text, *asked.piles, *(t for card in asked.cards for t in (card.text, card.why))):
        assert text == text.strip() and "!" not in text and "  " not in text and text.count("`") % 2 == 0
    assert all(len(card.why) > 40 for card in asked.cards)
    panel = sort(asked.id)
    panel.value = {card.text: card.pile for card in asked.cards}
    panel.commit()
    assert all(mark["right"] for mark in panel.marks)
