"""The questions of the lessons, read from `questions/NN_*.toml`, which a writer edits without touching code.

A file holds `[[question]]` tables: `id` ("04.predict", the lesson's number first), `kind`, `text`, an optional `hint`,
and `[[question.option]]` tables: `text`, `right`, `feedback`, and for a wrong option the `misconception` behind it.

A prediction also says what its `reveal` tells once the run is made: `run`, what the learner's own run shows, and `why`,
the explanation. In both, `{path|unit}` is a figure of that run (`runs.figure`): "A got {with C/company_a.served_per_s|a
second}". `[question.seen]` asks what was seen: a `text` and options (`text`, `right`, `feedback`); until that is answered
or passed by, `why` and the feedback of the prediction wait.

Where the answer is a number there is a `[question.guess]` (see `Guess`), and the options are bands: `up_to` in the place
of `text`, from the lowest to the highest, the last without an end.

Of the kind "sort" are cards for piles (see `sort.py`): `piles`, their labels, and `card = [{ text, pile, why }, ...]`.

In all texts `backticks` set a word as code, **two stars** set words bold, and an empty line begins a paragraph.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

from pmtech.kinds import Known
from pmtech.runs.figure import figure
from pmtech.wording import said

FOLDER = Path(__file__).parent / "questions"
KINDS = ("try", "warm-up", "predict", "check")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer: what the learner reads before (`text`) and after (`feedback`) choosing it. up_to: of a band, its end."""

    text: str = ""
    right: bool = False
    feedback: str
    misconception: str = ""
    up_to: float = inf


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A number to guess, from low to high by steps, in `unit`.

    figure: the true one, as a path into the run. beside: label -> path or number, for bars that stand beside the two.
    """

    figure: str
    unit: str
    low: float
    high: float
    step: float
    beside: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What did you see? Asked where the run is explained, for one observation in five contradicts what happened."""

    text: str
    option: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question with exactly one right option, or band of numbers."""

    id: str
    kind: str
    text: str
    options: tuple[Option, ...]
    hint: str = ""
    guess: Guess | None = None
    run: str = ""
    why: str = ""
    seen: Seen | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.id}: kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        self._check("option", self.options)
        if self.seen:
            self._check("option of what was seen", self.seen.option)
        if (self.kind == "predict") is not bool(self.run):
            raise ValueError(f"{self.id}: a prediction, and only that, says what its run shows")
        for option in self.options:
            if self.kind == "predict" and not option.right and not option.misconception:
                raise ValueError(f"{self.id}: a wrong option of a prediction names its misconception: {option.text!r}")
        ends = [option.up_to for option in self.options]
        if self.guess and (ends != sorted(set(ends)) or ends[-1] < self.guess.high):
            raise ValueError(f"{self.id}: the bands go up and reach beyond {self.guess.high:g}, got {ends}")

    def _check(self, what: str, options: tuple[Option, ...]) -> None:
        if sum(o.right for o in options) != 1:
            raise ValueError(f"{self.id}: exactly one {what} must be right, got {sum(o.right for o in options)}")
        texts = [o.text for o in options if o.text]
        if len(set(texts)) < len(texts):
            raise ValueError(f"{self.id}: two options have the same text")
        for option in options:
            if not option.feedback:
                raise ValueError(f"{self.id}: every option needs feedback, {option.text!r} has none")

    @property
    def lesson(self) -> str:
        return self.id.partition(".")[0]

    @property
    def right(self) -> Option:
        return next(option for option in self.options if option.right)

    def chosen(self, value: float) -> Option:
        """The option of this number, from 0; of a guess, the band in which it lies."""
        return next(o for o in self.options if value <= o.up_to) if self.guess else self.options[int(value)]

    def said(self, value: float) -> str:
        """The answer as it is kept and shown."""
        return said(value, self.guess.unit) if self.guess else self.options[int(value)].text

    @property
    def shown(self) -> dict[str, Any]:
        """How it is answered, for a page: the ends and steps of a guess, or the options."""
        if self.guess:
            return {"guess": {name: getattr(self.guess, name) for name in ("unit", "low", "high", "step")}}
        return {"options": [option.text for option in self.options]}

    @property
    def values(self) -> list[float]:
        """The numbers of all answers that there can be."""
        if not (guess := self.guess):
            return [float(number) for number in range(len(self.options))]
        steps = int((guess.high - guess.low) / guess.step + 0.5)
        return [round(guess.low + guess.step * step, 9) for step in range(steps + 1)]

    def value(self, kept: str) -> float | None:
        """The number of an answer as it was kept; None where the question has been reworded since."""
        return next((value for value in self.values if self.said(value) == kept), None)


def filled(text: str, run: Any) -> str:
    """A text with the figures of a run in it: "A got {company_a.served_per_s|a second}"."""
    return re.sub(r"\{([^{}|]+)\|([^{}|]*)\}", lambda hole: said(figure(run, hole[1]), hole[2]).strip(), text)


def all_questions() -> dict[str, Question]:
    """Every question by id, in the order of the lessons and of the files. Cards to sort are not among them."""
    return with_own(questions_in, FOLDER)


def with_own(read: Callable[[Path], dict], course: Path, own: Path | None = None) -> dict:
    """What is in the course's folder by id, then what a lesson of one's own has beside it; an id of the course stays its own."""
    theirs = read(course)
    return theirs | {id: one for id, one in read(own or Path.cwd()).items() if id not in theirs}


@cache
def questions_in(folder: Path) -> dict[str, Question]:
    """The questions of the files in a folder. Raises ValueError, which names the question or the file."""
    try:
        return {table["id"]: _read(table) for table in tables(folder) if table.get("kind") != "sort"}
    except (TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"a question in {folder} is not in its form: {problem}") from None


def tables(folder: Path = FOLDER) -> Iterator[dict]:
    """The tables of the files in a folder as they are written, each with an id of its own."""
    found = set()
    for path in sorted(folder.glob("[0-9][0-9]_*.toml")):
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8")).get("question", [])
        except ValueError as problem:  # no TOML, or no text
            raise ValueError(f"{path.name}: {problem}") from None
        for table in written:
            if table["id"] in found:
                raise ValueError(f"question id {table['id']!r} is used twice")
            if table["id"].partition(".")[0] != path.name[:2]:
                raise ValueError(f"question {table['id']!r} stands in {path.name}, the file of another lesson")
            found.add(table["id"])
            yield table


def _read(table: dict) -> Question:
    options = tuple(Option(**option) for option in table.pop("option", []))
    if "guess" in table:
        table["guess"] = Guess(**table["guess"])
    if "seen" in table:
        seen = table["seen"]
        table["seen"] = Seen(text=seen["text"], option=tuple(Option(**option) for option in seen["option"]))
    return Question(**table, options=options)


def question(id: str) -> Question:
    """The question with this id.

    Raises ValueError with the nearest ids when there is none.
    """
    return Known("question", all_questions())[id]
