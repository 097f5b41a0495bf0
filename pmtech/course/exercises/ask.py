"""`ask("04.predict")`: one question of a lesson, answered in the notebook."""

from collections import defaultdict
from weakref import WeakSet

import traitlets

from pmtech.course.exercises.exercise import Exercise
from pmtech.course.exercises.questions import Question, question
from pmtech.course.exercises.verdicts import (
    is_held_back,
    is_read_out,
    open_verdict,
    opens_here,
    round_to_answer,
    to_read_out,
)
from pmtech.course.glossary import terms
from pmtech.course.page import STYLE, script
from pmtech.panels.widget import Panel

HELD_BACK = "What is right is told when the room has voted."
OPEN_IT = "Show what is right"

# What shows one question, or its answer: the panels that must hear of it when it is answered.
_together: dict[str, WeakSet] = defaultdict(WeakSet)


def joined(panel: Panel, question_id: str) -> None:
    """From now on `panel.refresh()` is called when the question is answered, or passed by."""
    _together[question_id].add(panel)


def refresh(question_id: str) -> None:
    for panel in list(_together[question_id]):
        panel.refresh()


class Ask(Exercise):
    """A question on the page. `value` is the chosen option, from 0, or the guessed number; `commit()` gives the answer.

    Until then nothing tells right from wrong: the feedback stays in the kernel. That of a prediction stays there
    afterwards, too: it is for the `reveal` to tell, beside the run. A prediction, once kept, cannot be changed, but in
    the next round of a room; any other question can be tried again, and the first answer stays in the record.
    """

    _esm = script("terms.js", "exercises/ask.js")
    _css = STYLE
    question = traitlets.Dict().tag(sync=True)
    value = traitlets.Float(None, allow_none=True).tag(sync=True)
    committed = traitlets.Bool(False).tag(sync=True)
    correct = traitlets.Bool(None, allow_none=True).tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)
    feedback = traitlets.Unicode().tag(sync=True)
    misconception = traitlets.Unicode().tag(sync=True)
    past = traitlets.Unicode().tag(sync=True)
    again_label = traitlets.Unicode().tag(sync=True)
    change_label = traitlets.Unicode().tag(sync=True)
    skipped = traitlets.Unicode().tag(sync=True)
    _held_back = False  # is the verdict on a given answer kept until the room, or the presenter, opens it?
    _round = 0  # of a room, which waits for another answer
    _restored = False

    def __init__(self, asked: Question):
        shown = {name: getattr(asked, name) for name in ("id", "kind", "text", "hint")}
        super().__init__(asked, question=shown | asked.shown)
        joined(self, asked.id)

    def commit(self) -> None:
        """Gives the chosen option as the answer, keeps it in the progress file and shows its feedback."""
        if self.committed:
            return
        if self.value is None:
            raise ValueError(f"choose an answer first: value must be {self._range()}, got None")
        asked, late = self._asked, {"late": True} if self.skipped else {}
        self._keep(option=asked.said(self.value), right=self._option.right, **late)
        self._show(restored=False)
        refresh(asked.id)

    def again(self) -> None:
        """Opens the question for another answer, which leaves the first one in the record; on a projector, the verdict."""
        if self._held_back and opens_here():
            open_verdict(self._asked.id)
            return self._show(restored=False)
        if self.committed and not self.again_label:
            raise ValueError("this answer is kept; run the cell again to answer once more")
        self._ask_anew()

    def change(self) -> None:
        """Opens the question for the second round of a room without a network, as long as nobody has told what is right."""
        if not self.change_label:
            raise ValueError("this answer is kept: only what is read out can be answered once more before it is told")
        self._ask_anew()

    def _ask_anew(self) -> None:
        self._open()
        self.value = None

    def refresh(self) -> None:
        """Says so when the learner has come to the run without a prediction."""
        if self._held_back and not is_held_back(self._asked.id):
            self._show(restored=False)
        elif self.committed and (self._round, self.change_label) != (self._round_to_answer(), self._may_change()):
            self._show(restored=self._restored)
        if self._kept("run") and not self.committed and not self._kept():
            self.skipped = "Skipped: you have come to the run already. An answer now is kept as one given afterwards."

    def _round_to_answer(self) -> int:
        """Not of a prediction whose run was told without one."""
        seen = self._asked.kind == "predict" and any(record.get("shown") for record in self._kept("run"))
        return 0 if seen else round_to_answer(self._asked.id)

    def _may_change(self) -> str:
        """Where no room says that a round has begun: as long as it is not told what is right."""
        untold = not self._kept("run") if self._asked.kind == "predict" else self._held_back
        return "Second round: answer once more" if untold and is_read_out() else ""

    @property
    def _option(self):
        return self._asked.chosen(self.value)

    def _open(self) -> None:
        self._held_back = False
        with self.hold_sync():
            self.committed, self.correct = False, None
            self.verdict = self.feedback = self.misconception = self.past = self.again_label = self.change_label = ""

    def _show(self, *, restored: bool) -> None:
        answers = self._kept()
        option, first = self._option, answers[0]["option"]
        self._held_back = self._asked.kind != "predict" and is_held_back(self._asked.id)
        self._round, self._restored = self._round_to_answer(), restored
        with self.hold_sync():
            self.committed, self.skipped = True, ""
            if self._asked.kind == "predict":
                late = answers[-1].get("late", False)
                self.verdict = "Kept, as an answer given after the run." if late else "Your prediction is kept."
                self.feedback = "What came of it is told where the run is explained."
            elif self._held_back:
                self.correct, self.verdict, self.feedback = None, "Your answer is kept.", HELD_BACK
            else:
                self.correct, self.verdict = option.right, "Right." if option.right else "Not this one."
                self.feedback, self.misconception = option.feedback, option.misconception
            now = self._asked.said(self.value)
            before = f"Your first answer, which stays in the record: {first}" if first != now else ""
            self.past = ("" if self.value is None else to_read_out(self._asked.id, self.value)) or before
            wrong = "Try again" if self.correct is False else ""
            self.change_label = self._may_change()
            opens, asked = self._held_back and opens_here(), f"Answer in the room: round {self._round}"
            self.again_label = OPEN_IT if opens else asked if self._round else "Answer again" if restored else wrong

    def _restore(self, kept: list[dict]) -> None:
        """An option reworded since then cannot be shown as chosen: the question is open, the record keeps the answer."""
        if kept and (value := self._asked.value(kept[-1]["option"])) is not None:
            self.value = value
            self._show(restored=True)
        self.refresh()

    def _range(self) -> str:
        guess, last = self._asked.guess, len(self._asked.options) - 1
        return f"from {guess.low:g} to {guess.high:g}" if guess else f"from 0 to {last}"

    @traitlets.validate("value")
    def _check_value(self, proposal):
        value, guess = proposal["value"], self._asked.guess
        low, high = (guess.low, guess.high) if guess else (0, len(self._asked.options) - 1)
        if value is not None and not low <= value <= high:
            raise ValueError(f"value must be {self._range()}, got {value:g}")
        if self.committed and value != self.value:
            if self._asked.kind == "predict" and not (self.again_label or self.change_label):
                raise ValueError("value cannot change: this prediction is kept")
            self._open()
        if value is None or not guess:
            return value
        return round(guess.low + guess.step * round((value - guess.low) / guess.step), 9)

    def _do(self, content: dict) -> None:
        if content.get("do") == "commit" and not self.committed:
            self.value = content.get("value")
            self.commit()
        elif content.get("do") == "again" and self.again_label:
            self.again()
        elif content.get("do") == "change" and self.change_label:
            self.change()
        elif content.get("do") == "terms":
            self.send({"kind": "terms", "terms": [{"name": t.name, "line": t.line, "names": t.names} for t in terms()]})


def ask(question_id: str) -> Ask:
    """Shows a question of a lesson: `ask("04.predict")`.

    Raises ValueError with the nearest ids when there is no such question.
    """
    return Ask(question(question_id))
