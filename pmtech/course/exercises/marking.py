"""What an attempt at a task is told: whether it has passed, what is still off, and the figures.

A marking says what is missed and in which direction, and from the third try on by about how much; the answer itself is
the learner's to find.
"""

import html
from dataclasses import dataclass, field
from itertools import pairwise

from pmtech.course.page import page

PRECISE_FROM = 3  # the try from which on a marking says by about how much
TOO_EARLY = "There is nothing to mark yet."
FIGURE = 20  # characters: what is longer are words, which may take several lines


@dataclass(frozen=True, kw_only=True)
class Marking:
    """How far an attempt is from what the task asks. Shows itself.

    passed: all is met. kept: every target is, though more could be made of it. gaps: a sentence for each thing that is
    not, or that could be better. note: what there is to say when nothing is off, or when it does not count.
    figures: (what, asked, measured, "met" or what is off) for each figure.
    counts: whether it was an attempt at the task at all. notice: about saving, if something is amiss.
    """

    title: str
    passed: bool
    kept: bool = False
    gaps: list[str]
    figures: list[tuple[str, str, str, str]] = field(default_factory=list)
    note: str = ""
    counts: bool = True
    notice: str = ""

    @property
    def verdict(self) -> str:
        if not self.counts:
            return self.note or "This is not the system of the task."
        if self.passed:
            return f"Target met. {self.note}".strip()
        return "Well done: every promise is kept. There is more in it." if self.kept else "Not there yet."

    def __repr__(self) -> str:
        table = [f"  {what}: {measured} ({wanted}): {word}" for what, wanted, measured, word in self.figures]
        return "\n".join([f"{self.title}\n{self.verdict}", *self.gaps, *table, *filter(None, [self.notice])])

    def _repr_html_(self) -> str:
        gaps = "".join(f"<li>{html.escape(gap)}</li>" for gap in self.gaps)
        rows = "".join(
            f'<tr><th scope="row">{html.escape(what)}</th><td>{wanted}</td>'
            f"<td{' class=pmtech-number' if len(measured) <= FIGURE else ''}>{measured}</td>"
            f'<td class="pmtech-word pmtech-{"met" if word == "met" else "missed"}">{word}</td></tr>'
            for what, wanted, measured, word in self.figures
        )
        head = '<tr><td></td><th scope="col">asked</th><th scope="col" class="pmtech-number">yours</th><td></td></tr>'
        table = f'<table class="pmtech-table"><thead>{head}</thead><tbody>{rows}</tbody></table>'
        return page(
            f'<p class="pmtech-kind">Your turn</p><p class="pmtech-title">{html.escape(self.title)}</p>'
            f'<div class="pmtech-result" data-correct="{str(self.passed or self.kept).lower()}">'
            f'<p class="pmtech-verdict">{self.verdict}</p>{f"<ul>{gaps}</ul>" if gaps else ""}</div>'
            f'{table if rows else ""}<p class="pmtech-notice">{html.escape(self.notice)}</p>',
            "pmtech-turn",
        )


def about(gap: float) -> str:
    """A gap without its number: "2 to 5"."""
    edges = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    low, high = next(((a, b) for a, b in pairwise(edges) if round(gap) <= b), (1000, None))
    return f"more than {low:,}" if high is None else f"up to {high}" if low == 0 else f"{low} to {high}"
