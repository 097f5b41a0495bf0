"""The table the learner fills by trying: which verb is safe, idempotent, cacheable."""

from contextlib import suppress
from pathlib import Path

import traitlets

from pmtech.course.way.progress import progress_file
from pmtech.panels.widget import Panel

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROPERTIES = ("safe", "idempotent", "cacheable")
KEPT_AS = "02.verbs"


class VerbTable(Panel):
    """Made by `verb_table`. `answers[verb]` lists what is ticked; `tick` does what a click on a box does.

    Every tick is kept in the progress file, and a new table begins with those of the last one.
    """

    _esm = Path(__file__).parent / "verb_table.js"
    _css = Path(__file__).parent / "verb_table.css"

    verbs = traitlets.List(list(VERBS)).tag(sync=True)
    properties = traitlets.List(list(PROPERTIES)).tag(sync=True)
    answers = traitlets.Dict({verb: [] for verb in VERBS}).tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(self):
        self._progress = progress_file()
        super().__init__()
        for earlier in self._progress.records("table", KEPT_AS)[-1:]:
            with suppress(ValueError, KeyError, TypeError):  # a file that somebody has edited
                self.answers = {**self.answers, **earlier["answers"]}
        self.observe(self._keep, "answers")
        self.notice = self._progress.notice

    def tick(self, verb: str, *properties: str) -> None:
        """Ticks exactly these properties of a verb."""
        self.answers = {**self.answers, verb: list(properties)}

    def _keep(self, change) -> None:
        self._progress.add("table", KEPT_AS, answers=change.new)
        self.notice = self._progress.notice

    @traitlets.validate("answers")
    def _check(self, proposal):
        for verb, ticked in proposal["value"].items():
            if verb not in VERBS:
                raise ValueError(f"verb must be one of {', '.join(VERBS)}, got {verb!r}")
            for name in ticked:
                if name not in PROPERTIES:
                    raise ValueError(f"a property must be one of {', '.join(PROPERTIES)}, got {name!r}")
        return proposal["value"]


def verb_table() -> VerbTable:
    """The table of verbs and properties, as it was left; `check("02.your_turn", table)` marks what is ticked."""
    return VerbTable()
