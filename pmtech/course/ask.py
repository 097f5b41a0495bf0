"""`ask("04.predict")`: one question of a lesson, answered in the notebook."""

import traitlets

from pmtech.course.page import STYLE, script
from pmtech.course.progress import progress_file
from pmtech.course.questions import Question, question
from pmtech.panels.widget import Panel


class Ask(Panel):
    """A question on the page. `value` is the chosen option, from 0; `commit()` gives the answer.

    Until then nothing tells right from wrong: the feedback stays in the kernel. A prediction, once kept, cannot be
    changed; any other question can be tried again, and the first answer stays in the record.
    """

    _esm = script("ask.js")
    _css = STYLE
    question = traitlets.Dict().tag(sync=True)
    value = traitlets.Int(None, allow_none=True).tag(sync=True)
    committed = traitlets.Bool(False).tag(sync=True)
    correct = traitlets.Bool(None, allow_none=True).tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    feedback = traitlets.Unicode().tag(sync=True)
    misconception = traitlets.Unicode().tag(sync=True)
    past = traitlets.Unicode().tag(sync=True)
    again_label = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(self, asked: Question):
        self._asked = asked
        self._progress = progress_file()
        shown = {"kind": asked.kind, "text": asked.text, "hint": asked.hint, "options": [o.text for o in asked.options]}
        super().__init__(question=shown)
        self.on_msg(self._from_page)
        self._restore()

    def commit(self) -> None:
        """Gives the chosen option as the answer, keeps it in the progress file and shows its feedback."""
        if self.committed:
            return
        if self.value is None:
            raise ValueError(
                f"choose an option first: value must be from 0 to {len(self._asked.options) - 1}, got None"
            )
        option = self._asked.options[self.value]
        self._progress.add("answer", self._asked.id, option=option.text, right=option.right)
        self._show(restored=False)

    def again(self) -> None:
        """Opens the question for another answer. The first one stays in the record."""
        if self.committed and not self.again_label:
            raise ValueError("this answer is kept; run the cell again to answer once more")
        self._open()
        self.value = None

    def _open(self) -> None:
        with self.hold_sync():
            self.committed, self.correct = False, None
            self.verdict = self.feedback = self.misconception = self.past = self.again_label = ""

    def _show(self, *, restored: bool) -> None:
        option, prediction = self._asked.options[self.value], self._asked.kind == "predict"
        with self.hold_sync():
            self.committed, self.correct = True, option.right
            self.feedback, self.misconception = option.feedback, option.misconception
            if prediction:
                fate = "It is right." if option.right else "It turns out otherwise."
                self.verdict = f"Your prediction is kept. {fate}"
            else:
                self.verdict = "Right." if option.right else "Not this one."
            first = self._progress.records("answer", self._asked.id)[0]["option"]
            self.past = f"Your first answer, which stays in the record: {first}" if first != option.text else ""
            if restored:
                self.again_label = "Answer again"
            elif not option.right and not prediction:
                self.again_label = "Try again"
            self.notice = self._progress.notice

    def _restore(self) -> None:
        earlier = self._progress.records("answer", self._asked.id)
        self.notice = self._progress.notice
        texts = [option.text for option in self._asked.options]
        # An option reworded since then cannot be shown as chosen: the question is open, the record keeps the answer.
        if earlier and earlier[-1]["option"] in texts:
            self.value = texts.index(earlier[-1]["option"])
            self._show(restored=True)

    @traitlets.validate("value")
    def _check_value(self, proposal):
        value, last = proposal["value"], len(self._asked.options) - 1
        if value is not None and not 0 <= value <= last:
            raise ValueError(f"value must be from 0 to {last}, got {value}")
        if self.committed and value != self.value:
            if self._asked.kind == "predict" and not self.again_label:
                raise ValueError("value cannot change: this prediction is kept")
            self._open()
        return value

    def _from_page(self, _widget, content, _buffers) -> None:
        if content.get("do") == "commit" and not self.committed:
            self.value = content.get("value")
            self.commit()
        elif content.get("do") == "again" and self.again_label:
            self.again()


def ask(question_id: str) -> Ask:
    """Shows a question of a lesson: `ask("04.predict")`.

    Raises ValueError with the nearest ids when there is no such question.
    """
    return Ask(question(question_id))
