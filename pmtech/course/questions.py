"""The questions of the lessons, read from `questions/NN_*.toml`, which a writer edits without touching code.

A file holds `[[question]]` tables: `id` ("04.predict", the lesson's number first), `kind`, `text`, an optional `hint`,
and `[[question.option]]` tables: `text`, `right`, `feedback`, and for a wrong option the `misconception` behind it.
In all texts, `backticks` set a word as code.
"""

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "questions"
KINDS = ("try", "warm-up", "predict", "check")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer: what the learner reads before (`text`) and after (`feedback`) choosing it."""

    text: str
    right: bool
    feedback: str
    misconception: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One multiple choice with exactly one right option."""

    id: str
    kind: str
    text: str
    options: tuple[Option, ...]
    hint: str = ""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.id}: kind must be one of {', '.join(KINDS)}, got {self.kind!r}")
        if sum(o.right for o in self.options) != 1:
            raise ValueError(f"{self.id}: exactly one option must be right, got {sum(o.right for o in self.options)}")
        texts = [o.text for o in self.options]
        if len(set(texts)) < len(texts):
            raise ValueError(f"{self.id}: two options have the same text")
        for option in self.options:
            if not option.feedback:
                raise ValueError(f"{self.id}: every option needs feedback, {option.text!r} has none")
            if self.kind == "predict" and not option.right and not option.misconception:
                raise ValueError(f"{self.id}: a wrong option of a prediction names its misconception: {option.text!r}")

    @property
    def lesson(self) -> str:
        return self.id.partition(".")[0]


@cache
def all_questions() -> dict[str, Question]:
    """Every question by id, in the order of the lessons and of the files."""
    found: dict[str, Question] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for table in tomllib.loads(path.read_text(encoding="utf-8")).get("question", []):
            options = tuple(Option(**option) for option in table.pop("option", []))
            question = Question(**table, options=options)
            if question.id in found:
                raise ValueError(f"question id {question.id!r} is used twice")
            if question.lesson != path.name[:2]:
                raise ValueError(f"question {question.id!r} stands in {path.name}, the file of another lesson")
            found[question.id] = question
    return found


def question(id: str) -> Question:
    """The question with this id.

    Raises ValueError with the nearest ids when there is none.
    """
    known = all_questions()
    if id in known:
        return known[id]
    raise ValueError(f"there is no question {id!r}; the nearest are {', '.join(nearest(id, known))}")


def nearest(word: str, known) -> list[str]:
    """Up to three known words most like this one, best first."""
    return get_close_matches(str(word).lower(), list(known), n=3, cutoff=0.0)
