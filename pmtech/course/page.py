"""How the course shows itself: its style and script for panels, and HTML outputs that need no kernel."""

import html
import re
from pathlib import Path

HERE = Path(__file__).parent
PANEL_STYLE = HERE.parent / "panels" / "panel.css"
STYLE = (HERE / "course.css").read_text(encoding="utf-8")


def script(*names: str) -> str:
    """The front end of one of the course's panels."""
    return "\n".join((HERE / file).read_text(encoding="utf-8") for file in ("text.js", *names))


def page(body: str, kind: str = "") -> str:
    """The HTML of an output, with its style."""
    style = PANEL_STYLE.read_text(encoding="utf-8") + STYLE
    inside = f'<div class="pmtech-course {kind}">{body}</div>'
    return f'<style>{style}</style><div class="pmtech mathjax_ignore" data-filled>{inside}</div>'


def code(text: str) -> str:
    """Text as HTML; `backticks` become code, **stars** bold."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", marked)
