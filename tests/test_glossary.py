"""The glossary: complete, found under every name a learner may use, and plain."""

import re
from collections import Counter

import pytest

from pmtech.course.glossary import glossary, terms
from pmtech.course.way.map import progress

LESSONS = {lesson.number for lesson in progress().lessons}


@pytest.mark.parametrize("term", terms(), ids=lambda t: t.name)
def test_every_term_is_one_line_with_an_example(term):
    assert term.lesson in LESSONS
    assert term.line.endswith(".") and "\n" not in term.line and len(term.line) <= 160
    assert re.search(r"[.?\"]$", term.example) and "\n" not in term.example
    assert "!" not in term.line + term.example
    assert (term.line + term.example).count("`") % 2 == 0


def test_a_name_means_one_thing():
    names = Counter(name.lower() for term in terms() for name in (term.name, *term.also))
    assert [name for name, times in names.items() if times > 1] == []


def test_the_terms_of_each_lesson_are_there():
    taught = Counter(term.lesson for term in terms())
    # The first lesson has none yet, the last lives off those of all others.
    assert set(taught) == LESSONS - {"00", "16"} and min(taught.values()) >= 10


@pytest.mark.parametrize("name", ["throttling", "Throttle", "  RATE LIMIT ", "429", "max-age", "little's law", "VPS"])
def test_a_term_is_found_under_its_other_names_too(name):
    term = glossary(name)
    assert name.strip().lower() in [n.lower() for n in (term.name, *term.also)]
    assert term.line in repr(term) and f"lesson {term.lesson}" in repr(term)


def test_code_and_quotes_are_set_as_such_on_the_page():
    page = glossary("Retry-After")._repr_html_()
    assert "<code>Retry-After: 30</code>" in page and "`" not in page.split("</style>")[1]


def test_an_unknown_term_names_the_nearest():
    with pytest.raises(ValueError, match='there is no term "throtling": did you mean throttling'):
        glossary("throtling")


def test_all_terms_are_shown_in_alphabetical_order():
    shown = [term["name"] for term in glossary().terms]
    assert shown == sorted(shown, key=str.lower) and len(shown) == len(terms()) > 45
