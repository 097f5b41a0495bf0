"""What the panels have in common at which a learner answers: what is asked, and where the answers are kept."""

from typing import Any

import traitlets

from pmtech.course.way.progress import progress_file
from pmtech.panels.widget import Panel


class Exercise(Panel):
    """An exercise on the page, which comes back as the learner left it. asked: what has an `id`, under which answers are kept.

    kind: that of its records. notice: what is amiss with their file. The page sends {"do": what, ...} to `_do`.
    """

    kind = "answer"
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(self, asked: Any, **shown: Any):
        self._asked, self._progress = asked, progress_file()
        super().__init__(**shown)
        self.on_msg(lambda _widget, content, _buffers: self._do(content))
        self._restore(self._kept())
        self.notice = self._progress.notice

    def _kept(self, kind: str = "") -> list[dict]:
        """What is kept of it, oldest first."""
        return self._progress.records(kind or self.kind, self._asked.id)

    def _keep(self, **what: Any) -> None:
        self._progress.add(self.kind, self._asked.id, **what)
        self.notice = self._progress.notice

    def _restore(self, kept: list[dict]) -> None:
        """As it was left."""

    def _do(self, content: dict) -> None:
        """What the page asks for."""
