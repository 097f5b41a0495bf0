"""Names in other languages: what is a table, a tag, a formula or a link there stays the text that it is."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pmtech import escapes

NAMES = [
    "Ads | Search",
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "R&D &lt;new&gt; &#36;",
    "$a$ and $$b$$ for $5",
    r"\(x\) \[y\] \begin{equation}z\end{equation} a\b",
    "[a link](https://example.org) ![a picture](x) [^1]",
    "https://example.org www.example.org a@example.org",
    "`code` *bold* _it_ ~~gone~~ a_b_c",
    "# head #",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "===",
    "---",
    "> said",
    "    four spaces",
    "two\nlines\n\nand a paragraph",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "",
]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("|<>&$\\[]()`*_~#-+=.0123456789;: \n"))


class Shown(HTMLParser):
    """What a reader of a page sees, and the tags that it is made of."""

    def __init__(self, page: str):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert attributes == []

    def handle_data(self, data):
        self.text += data


def in_markdown(before: str, text: str, after: str = "") -> Shown:
    engine = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return Shown(engine.render(f"{before}{escapes.markdown(text)}{after}\n"))


def check_markdown(text: str):
    line = " ".join(text.split())
    for before, after, tags in (
        ("", "", ["p"] if line else []),
        ("# ", "", ["h1"]),
        ("- ", "", ["ul", "li"]),
        ("| a | b |\n|---|---|\n| ", " | c |", ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]),
    ):
        shown = in_markdown(before, text, after)
        assert [tag for tag in shown.tags if tag != "span"] == tags, before
        assert shown.text.split() == f"{'a b ' * bool(after)}{line}{' c' * bool(after)}".split(), before


@pytest.mark.parametrize("name", NAMES)
def test_in_markdown_a_name_is_shown_as_it_is(name):
    check_markdown(name)


@given(text=TEXT)
def test_in_markdown_any_text_is_shown_as_it_is(text):
    check_markdown(text)


@given(text=TEXT)
def test_in_markdown_no_formula_begins(text):
    """Between two dollars, or behind a backslash: JupyterLab looks for both, in the source and on the page."""
    assert not re.search(r"\$|\\[({\[]|\\begin", re.sub(r"\\([`*_\[\]|~#])", r"\1", escapes.markdown(text)))


@pytest.mark.parametrize("name", [*NAMES, "a\nb"])
def test_in_a_chart_a_name_is_text(name):
    """plotly takes tags, entities and formulas out of a text before it shows it."""
    escaped = escapes.chart(name)
    assert "$" not in escaped
    shown = Shown(escaped)
    assert set(shown.tags) <= {"br"} and len(shown.tags) == name.count("\n")
    assert shown.text == name.replace("\n", "")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\n=1+1", "\r\n\t =1+1", "\0=1+1", "\u200b=1", "\ufeff=1", "\u00a0=1", "＝1+1"]
)
def test_in_a_spreadsheet_a_formula_is_text(text):
    assert escapes.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["noor", "", "a=1", "1+1", "\nnoor", "Zoë-Ann", "\u200b"])
def test_in_a_spreadsheet_other_words_stay_as_they_are(text):
    assert escapes.cell(text) == text


def test_in_a_script_data_cannot_end_the_script():
    value = {"</script><!--": ["<script>", "]]>"]}
    assert "<" not in escapes.in_script(value)
    assert json.loads(escapes.in_script(value)) == value


def test_a_table_that_a_spreadsheet_opens_holds_no_formula_before_or_behind_a_line():
    row = [escapes.cell(text) for text in ("\n=1+1", "a\n=1+1", "a,=1+1", 'a",=1+1')]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerow(row)
    assert next(csv.reader(io.StringIO(text.getvalue(), newline=""))) == row
