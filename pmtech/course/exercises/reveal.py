"""`reveal("04.predict", run)`: what came of a prediction, told beside the learner's own run."""

import re
from typing import Any

import traitlets

from pmtech.charts import guess as chart
from pmtech.course.exercises.ask import HELD_BACK, joined, refresh
from pmtech.course.exercises.questions import Question, filled, question
from pmtech.course.exercises.verdicts import is_held_back
from pmtech.course.page import STYLE, script
from pmtech.course.way.progress import progress_file, tell
from pmtech.panels.widget import Panel
from pmtech.runs.figure import figure
from pmtech.wording import said

OPEN = "You have not said yet what you expect of this run."
WHY = ("feedback", "belief", "why")  # what explains an outcome, and would answer what is asked of it
PASSED = "You have come to this run without a prediction. An answer now is kept as one given afterwards."


class Reveal(Panel):
    """Made by `reveal`. `told` is all that the page shows; it holds nothing of the outcome before that is due.

    It opens by itself once the question is answered. Until then it offers the way to the question, and to go on without:
    whoever lets it stand on the screen unanswered has seen the run, and what they answer after that is kept as such.
    The explanation is due once the learner has said what was seen, or goes on without it.
    """

    _esm = script("exercises/reveal.js")
    _css = STYLE
    told = traitlets.Dict().tag(sync=True)

    def __init__(self, asked: Question, run: Any):
        self._asked, self._run, self._progress = asked, run, progress_file()
        self._outcome()  # a run that lacks what is to be told is refused at once, in a sentence
        super().__init__(told=self._due())  # the page may begin before anything could be added
        self.on_msg(self._from_page)
        joined(self, asked.id)
        self._tell_truth()

    def refresh(self) -> None:
        """Shows what is due by now."""
        self.told = self._due()
        self._tell_truth()

    def _tell_truth(self) -> None:
        """A room that listens draws the number of the run, once it is told here, into its guesses."""
        if self._asked.guess and "truth" in self.told:
            value = float(figure(self._run, self._asked.guess.figure))
            tell({"kind": "truth", "id": self._asked.id, "value": value})

    def _due(self) -> dict:
        answers = self._progress.records("answer", self._asked.id)
        passed = self._progress.records("run", self._asked.id)
        value = self._asked.value(answers[-1]["option"]) if answers else None
        held_back = is_held_back(self._asked.id)
        if (value is None or held_back) and not any(record.get("shown") for record in passed):
            return {"id": self._asked.id, "waits": HELD_BACK if held_back else PASSED if passed else OPEN}
        said_so = self._what_came(value, bool(answers and answers[-1].get("late")))
        told = {**self._outcome(value), **said_so, "seen": self._seen(), "notice": self._progress.notice}
        asks = told["seen"] and told["seen"]["chosen"] is None and not self._progress.records("run", self._seen_id)
        return {name: what for name, what in told.items() if not (asks and name in WHY)}

    def show(self) -> None:
        """Tells the outcome without an answer."""
        self._progress.add("run", self._asked.id, shown=True)
        refresh(self._asked.id)

    def passed(self) -> None:
        """The learner has come to the run without having answered."""
        if "waits" in self.told and not self._progress.records("run", self._asked.id):
            self._progress.add("run", self._asked.id, shown=False)
            refresh(self._asked.id)

    def go_on(self) -> None:
        """Explains the outcome to whoever does not say what was seen."""
        self._progress.add("run", self._seen_id, shown=True)
        self.refresh()

    def saw(self, value: int) -> None:
        """Answers what was seen."""
        if self._asked.seen is None:
            raise ValueError("nothing is asked here about what was seen")
        option = self._asked.seen.option[value]
        self._progress.add("answer", self._seen_id, option=option.text, right=option.right)
        self.refresh()

    @property
    def _seen_id(self) -> str:
        return f"{self._asked.id}.seen"

    # --- what is told -----------------------------------------------------------------------------------------------

    def _outcome(self, value: float | None = None) -> dict:
        """What the run shows: its sentence, the explanation, and where a number was guessed both on one chart."""
        asked, run = self._asked, self._run
        told: dict[str, Any] = {
            "run": filled(asked.run, run),
            "why": [filled(one, run) for one in re.split(r"\n\s*\n", asked.why.strip()) if one],
        }
        if asked.guess:
            truth = figure(run, asked.guess.figure)
            told["figure"], told["height"] = chart.beside(asked.guess, run, value)
            told["truth"] = said(truth, asked.guess.unit)
            if not asked.chosen(truth).right:
                told["odd"] = "Your run is another one than the question is about: its numbers have been changed."
        return told

    def _what_came(self, value: float | None, late: bool) -> dict:
        """What the learner said, whether it came so, and why one may think so."""
        if value is None:
            return {
                "you": "",
                "verdict": "You made no prediction.",
                "right": None,
                "feedback": self._asked.right.feedback,
            }
        option = self._asked.chosen(value)
        letter = "" if self._asked.guess else f"{'ABCDEFG'[int(value)]}: "
        fate = "It came as you said." if option.right else "It turned out otherwise."
        if self._asked.guess:
            fate = chart.fate(self._asked.guess, self._run, value, option.right)
        elif late:
            fate = "That is what it shows." if option.right else "It shows otherwise."
        fate = f"Answered after the run. {fate}" if late else fate
        belief = f"A common belief: {option.misconception}." if option.misconception else ""
        you = f"{letter}{self._asked.said(value)}"
        return {"you": you, "verdict": fate, "right": option.right, "feedback": option.feedback, "belief": belief}

    def _seen(self) -> dict | None:
        seen = self._asked.seen
        if seen is None:
            return None
        kept = self._progress.records("answer", self._seen_id)
        texts = [option.text for option in seen.option]
        shown: dict[str, Any] = {"text": seen.text, "options": texts, "chosen": None}
        if kept and kept[-1]["option"] in texts:
            chosen = seen.option[texts.index(kept[-1]["option"])]
            word = "That is what happened." if chosen.right else "Look again."
            told = f"{word} {filled(chosen.feedback, self._run)}"
            shown |= {"chosen": texts.index(chosen.text), "right": chosen.right, "feedback": told}
        return shown

    def _from_page(self, _widget, content, _buffers) -> None:
        match content.get("do"):
            case "show":
                self.show()
            case "passed":
                self.passed()
            case "go on":
                self.go_on()
            case "saw":
                self.saw(content["value"])


def reveal(question_id: str, run: Any) -> Reveal:
    """Tells what came of a prediction, where its run is explained: `reveal("04.predict", minute)`.

    run: what the cells between have made (a `Result`, a `Comparison`, the rows of a `sweep`, an experiment); what is told
    of it follows from it. Raises ValueError with a sentence for an unknown question, one that is no prediction, and a run
    without the figures that are to be told.
    """
    asked = question(question_id)
    if asked.kind != "predict":
        raise ValueError(f'{question_id} is no prediction: ask("{question_id}") tells what is right itself')
    return Reveal(asked, run)
