"""`frontend()`: a small real web page with three switches, for what HTML, CSS and JavaScript each do."""

import json

from pmtech.course.page import STYLE, script
from pmtech.panels.widget import Panel

HTML = """<main><h1>How was lunch?</h1>
<label><input type="radio" name="lunch" checked> Good</label>
<label><input type="radio" name="lunch"> Bad</label>
<button>Submit</button></main>"""
CSS = """body { margin: 0; font-family: system-ui, sans-serif; background: #f3f6f9; }
main { display: grid; gap: 10px; margin: 16px; padding: 16px; border-radius: 8px; background: #fff; }
h1 { margin: 0; font-size: 20px; }
button { padding: 8px; border: 0; border-radius: 6px; background: #0072b2; color: #fff; font: inherit; }"""
JS = """const button = document.querySelector("button");
let sent = 0;
button.onclick = () => { button.textContent = `Thank you (${++sent})`; };"""


class Frontend(Panel):
    """Made by `frontend`. The page stands in a frame of its own (sandboxed: it reaches neither the lesson nor a network)."""

    alone = True

    _esm = f"const sources = {json.dumps({'html': HTML, 'css': CSS, 'js': JS})};\n{script('frontend.js')}"
    _css = STYLE


def frontend() -> Frontend:
    """A survey question as a real page: with structure alone (HTML), with its look (CSS), with behaviour (JavaScript)."""
    return Frontend()
