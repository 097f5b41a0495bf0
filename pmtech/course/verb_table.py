"""The table the learner fills by trying: which verb is safe, idempotent, cacheable."""

from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import traitlets

from pmtech.course.exercises.exercise import Exercise

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROPERTIES = ("safe", "idempotent", "cacheable")


class VerbTable(Exercise):
    """Made by `verb_table`. `answers[verb]` lists what is ticked; `tick` does what a click on a box does.

    Every tick is kept in the progress file, and a new table begins with those of the last one.
    """

    kind = "table"
    _esm = Path(__file__).parent / "verb_table.js"
    _css = Path(__file__).parent / "verb_table.css"

    verbs = traitlets.List(list(VERBS)).tag(sync=True)
    properties = traitlets.List(list(PROPERTIES)).tag(sync=True)
    answers = traitlets.Dict({verb: [] for verb in VERBS}).tag(sync=True)

    def __init__(self):
        super().__init__(SimpleNamespace(id="02.verbs"))
        self.observe(lambda change: self._keep(answers=change.new), "answers")

    def _restore(self, kept: list[dict]) -> None:
        for earlier in kept[-1:]:
            with suppress(ValueError, KeyError, TypeError):  # a file that somebody has edited
                self.answers = {**self.answers, **earlier["answers"]}

    def tick(self, verb: str, *properties: str) -> None:
        """Ticks exactly these properties of a verb."""
        self.answers = {**self.answers, verb: list(properties)}

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
