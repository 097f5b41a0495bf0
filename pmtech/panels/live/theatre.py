"""The theatre: a finished run, played. Requests travel as dots, wait in line, are worked on and come back."""

import base64
import html
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import traitlets

from pmtech import files
from pmtech.escapes import in_script
from pmtech.panels.live.replay import replay
from pmtech.panels.live.terms import DOTS_PER_S, SPEEDS, nice, terms_js
from pmtech.panels.widget import LOOK, Panel, shared_js
from pmtech.runs.result import Result

HERE = Path(__file__).parent
# One file a concern, in the order in which they build on one another.
STAGE = ("numbers", "canvas", "journeys", "plan", "boxes", "stage", "strips", "bar")
STAGE_JS = "\n".join([terms_js(), *((HERE / "stage" / f"{name}.js").read_text(encoding="utf-8") for name in STAGE)])
STAGE_CSS = (HERE / "theatre.css").read_text(encoding="utf-8")
ESM = STAGE_JS + (HERE / "replay.js").read_text(encoding="utf-8")
TABLES = ("numbers", "times", "states", "samples")

# The page of a panel without JupyterLab: its own colours, and a model that only knows what it was given.
PAGE = Template((HERE / "theatre.html").read_text(encoding="utf-8"))


class Theatre(Panel):
    """Made by `theatre`. All data lie in the page: to play, to pause and to scrub it needs no kernel."""

    alone = True

    _esm = ESM
    _css = STAGE_CSS

    scene = traitlets.Dict().tag(sync=True)
    about = traitlets.Dict().tag(sync=True)
    # Every step of a journey: (8 * machine or status + step, number of the request), and when.
    numbers = traitlets.Bytes().tag(sync=True)
    times = traitlets.Bytes().tag(sync=True)
    states = traitlets.Bytes().tag(sync=True)
    samples = traitlets.Bytes().tag(sync=True)

    def __init__(self, result: Result):
        played = replay(result)
        step, number, where, at_s = played["steps"].T
        every = [max(played["every"], nice(played["rate"] * speed / DOTS_PER_S)) for speed in SPEEDS]
        super().__init__(
            scene=played["scene"],
            about={
                **{name: played[name] for name in ("duration", "marks")},
                "every": every,  # at each of the speeds, one dot is so many requests
                "said": result.explain(p99=False),
            },
            numbers=np.column_stack([8 * where + step, number]).astype("<i4").tobytes(),
            times=at_s.astype("<f4").tobytes(),
            states=played["states"].astype("<f8").tobytes(),
            samples=played["samples"].astype("<f8").tobytes(),
        )

    def to_html(self, path: str | Path = "theatre.html", *, title: str = "A run, replayed") -> Path:
        """Write one file that plays in any browser, without Python and without a network. Returns its path.

        A file that is there is never written over: another run gets a number, "theatre-2.html". The same run again is
        left as it stands. Raises ValueError with a sentence.
        """
        given: dict[str, Any] = {"scene": self.scene, "about": self.about}
        given |= {name: base64.b64encode(getattr(self, name)).decode() for name in TABLES}
        sheet = PAGE.substitute(
            title=html.escape(title),
            css=LOOK + STAGE_CSS,
            js=f"{shared_js()}\n{ESM}",
            given=in_script(given),
            tables=in_script(TABLES),
        )
        with files.in_a_sentence(f"{path} could not be written"):
            return files.write_beside({files.as_path(path, "theatre.html"): sheet})[0]


def theatre(result: Result) -> Theatre:
    """Play a finished run: every request (or every 2nd, 5th, 10th ... of many) as a dot on the architecture.

    `.to_html(path)` writes a file to send to colleagues.
    """
    return Theatre(result)
