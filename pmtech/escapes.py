"""Names and texts of any kind, so that the place where they are shown takes them for text and for nothing else.

One function a target. In HTML it is `html.escape`, in an output of the class `mathjax_ignore`: without it JupyterLab makes a
formula of what stands between two dollars.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata

# In an element of its own neither a dollar nor a backslash begins a formula; `\$` would, in JupyterLab.
_MARKDOWN = {ord(sign): f"\\{sign}" for sign in "`*_[]|~#"} | {ord("<"): "&lt;", ord(">"): "&gt;"}
_MARKDOWN |= {ord(sign): f"<span>&#{ord(sign)};</span>" for sign in "$\\"}


def markdown(text: str) -> str:
    """For Markdown, in a heading, a paragraph, an item or a cell: the text on one line, without a structure of its own."""
    line = re.sub(r"&(?=#?\w+;)", "&amp;", " ".join(text.split())).translate(_MARKDOWN)
    line = re.sub(r"(?<=\bwww)\.|:(?=//)|@", r"\\\g<0>", line, flags=re.IGNORECASE)  # an address is no link
    return re.sub(r"^(\d*)([-+.)])(?=[\s-]|$)", r"\1\\\2", line)  # what begins so would be a list or a rule


def chart(text: str) -> str:
    """For a text in a plotly figure, which knows tags, entities and formulas; lines stay lines."""
    return html.escape(text, quote=False).replace("$", "&#36;").replace("\n", "<br>")


def cell(text: str) -> str:
    """For a cell of a spreadsheet: an apostrophe before what would be run as a formula, whatever stands before its sign."""
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if sign.isprintable() and not sign.isspace())
    return f"'{text}" if next(seen, "") in tuple("=+-@") else text


def in_script(value) -> str:
    """For data in a script of a page: JSON that cannot end the script."""
    return json.dumps(value).replace("<", "\\u003c")
