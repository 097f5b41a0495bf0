"""`frontend()`: a small real web page with three switches, for what HTML, CSS and JavaScript each do."""

import json

from pmtech.course.page import HERE, STYLE, script
from pmtech.panels.widget import Panel

SOURCES = {kind: (HERE / f"lunch.{kind}").read_text(encoding="utf-8").strip() for kind in ("html", "css", "js")}


class Frontend(Panel):
    """Made by `frontend`. The page stands in a frame of its own (sandboxed: it reaches neither the lesson nor a network)."""

    alone = True

    _esm = f"const sources = {json.dumps(SOURCES)};\n{script('frontend.js')}"
    _css = STYLE


def frontend() -> Frontend:
    """A survey question as a real page: with structure alone (HTML), with its look (CSS), with behaviour (JavaScript)."""
    return Frontend()
