"""The table the learner fills by trying: which verb is safe, idempotent, cacheable."""

from pathlib import Path

import traitlets

from pmtech.panels.widget import Panel

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROPERTIES = ("safe", "idempotent", "cacheable")


class VerbTable(Panel):
    """Made by `verb_table`. `answers[verb]` lists what is ticked; `tick` does what a click on a box does."""

    _esm = Path(__file__).parent / "verb_table.js"
    _css = Path(__file__).parent / "verb_table.css"

    verbs = traitlets.List(list(VERBS)).tag(sync=True)
    properties = traitlets.List(list(PROPERTIES)).tag(sync=True)
    answers = traitlets.Dict({verb: [] for verb in VERBS}).tag(sync=True)

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
    """An empty table of verbs and properties; `check("02.your_turn", table)` marks what was ticked."""
    return VerbTable()
