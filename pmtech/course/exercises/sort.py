"""`sort("10.roles")`: cards of a lesson that the learner sorts into piles, marked with a reason for each."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import traitlets

from pmtech.course.exercises.exercise import Exercise
from pmtech.course.exercises.questions import FOLDER, tables, with_own
from pmtech.course.page import STYLE, script
from pmtech.kinds import Known
from pmtech.wording import listed


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is to be sorted. pile: where it belongs; also: further piles that are right; why: the reason, told when marked."""

    text: str
    pile: str
    why: str
    also: tuple[str, ...] = ()

    @property
    def right(self) -> tuple[str, ...]:
        return (self.pile, *self.also)


@dataclass(frozen=True, kw_only=True)
class Sorting:
    """Cards and the labels of the piles for them."""

    id: str
    kind: str
    text: str
    piles: tuple[str, ...]
    cards: tuple[Card, ...]

    def __post_init__(self):
        texts = [card.text for card in self.cards]
        if len(set(texts)) < len(texts) or len(set(self.piles)) < len(self.piles):
            raise ValueError(f"{self.id}: two cards, or two piles, have the same text")
        for card in self.cards:
            if not card.why:
                raise ValueError(f"{self.id}: every card needs a reason, {card.text!r} has none")
            if unknown := set(card.right) - set(self.piles):
                raise ValueError(f"{self.id}: {card.text!r} belongs on {unknown.pop()!r}, which is no pile")
        if empty := set(self.piles) - {pile for card in self.cards for pile in card.right}:
            raise ValueError(f"{self.id}: no card belongs on {empty.pop()!r}")


def all_sortings() -> dict[str, Sorting]:
    """Every sorting exercise by id, in the order of the lessons."""
    return with_own(sortings_in, FOLDER)


@cache
def sortings_in(folder: Path) -> dict[str, Sorting]:
    """The sorting exercises of the files in a folder."""
    found = {}
    for table in tables(folder):
        if table.get("kind") == "sort":
            cards = tuple(Card(**{**card, "also": tuple(card.get("also", ()))}) for card in table.pop("card"))
            found[table["id"]] = Sorting(**{**table, "piles": tuple(table["piles"])}, cards=cards)
    return found


class Sort(Exercise):
    """Made by `sort`. `value` says which card lies on which pile, text by text; `commit()` has them marked.

    Until then the reasons stay in the kernel. Marked cards can be sorted again; every marking stays in the record.
    """

    _esm = script("exercises/sort.js")
    _css = STYLE
    sorting = traitlets.Dict().tag(sync=True)
    value = traitlets.Dict().tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)

    def __init__(self, asked: Sorting):
        texts = [card.text for card in asked.cards]
        super().__init__(asked, sorting={"id": asked.id, "text": asked.text, "piles": asked.piles, "cards": texts})

    def _restore(self, kept: list[dict]) -> None:
        """Cards or piles reworded since then leave the exercise open: the record keeps the answer."""
        if kept and self._fits(value := kept[-1].get("value") or {}) and not self._left(value):
            self.value = value
            self._mark()

    def commit(self) -> None:
        """Has the cards marked, and keeps where they lie in the progress file."""
        if left := self._left(self.value):
            raise ValueError(
                f"sort every card first: {len(left)} of {len(self._asked.cards)} are left, such as {left[0]!r}"
            )
        if self.marks:
            return
        self._mark()
        right = all(mark["right"] for mark in self.marks)
        self._keep(option=self.verdict, right=right, value=dict(self.value))

    def again(self) -> None:
        """Takes the cards that lie wrong back into the hand."""
        with self.hold_sync():
            self.value = {c.text: self.value[c.text] for c in self._asked.cards if self.value.get(c.text) in c.right}

    def _left(self, value: dict) -> list[str]:
        return [card.text for card in self._asked.cards if card.text not in value]

    def _mark(self) -> None:
        marks = [
            {"text": c.text, "right": self.value[c.text] in c.right, "pile": listed(c.right, "or"), "why": c.why}
            for c in self._asked.cards
        ]
        with self.hold_sync():
            self.verdict = f"{sum(mark['right'] for mark in marks)} of {len(marks)} cards lie where they belong."
            self.marks = marks

    def _fits(self, value) -> bool:
        piles, texts = self._asked.piles, [card.text for card in self._asked.cards]
        return isinstance(value, dict) and all(card in texts and pile in piles for card, pile in value.items())

    @traitlets.validate("value")
    def _check_value(self, proposal):
        value = proposal["value"]
        if not self._fits(value):
            piles = ", ".join(self._asked.piles)
            raise ValueError(
                f"value must say for cards of this exercise which pile they lie on ({piles}), got {value!r}"
            )
        if self.marks and value != self.value:
            with self.hold_sync():
                self.marks, self.verdict = [], ""
        return value

    def _do(self, content: dict) -> None:
        if content.get("do") == "commit" and self._fits(content.get("value")) and not self._left(content["value"]):
            self.value = content["value"]
            self.commit()
        elif content.get("do") == "again" and self.marks:
            self.again()


def sort(sorting_id: str) -> Sort:
    """Shows a sorting exercise of a lesson: `sort("10.roles")`.

    Raises ValueError with the nearest ids when there is no such exercise.
    """
    return Sort(Known("sorting exercise", all_sortings())[sorting_id])
