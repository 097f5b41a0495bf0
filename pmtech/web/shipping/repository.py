"""A small real repository in which two people have changed one line, and somebody must decide what the business means."""

import re
from datetime import UTC, datetime
from pathlib import Path

from pmtech.files import scratch
from pmtech.runs.table import table
from pmtech.web.client.table import strong
from pmtech.web.shipping.git import MAIN, Commit, Git
from pmtech.wording import listed, nearest

FRIDAY_S = int(datetime(2026, 11, 27, 16, 10, tzinfo=UTC).timestamp())  # the moments of the story, invented
RULE = '''"""What an order of seats costs."""

SEAT_USD = 12


def amount_usd(seats):
    return {}
'''
CHECK = '''import unittest

from pmtech.web.shipping.charged import charged
from price import amount_usd


class {}(unittest.TestCase):
    def test(self):
        """{} seats cost {} dollars ({})"""
        self.assertEqual(charged(amount_usd, {}), {})
'''
ANA, BEN = "seats * (10 if seats >= 20 else SEAT_USD)", "seats * SEAT_USD - 20"
# What the business may mean -> the line that says it.
CHOICES = {"Ana's": ANA, "Ben's": BEN, "both": f"{ANA} - 20", "the better one": f"min({ANA}, {BEN})"}


def _files(line: str, by: str = "", **tests: tuple[int, int]) -> dict[str, str]:
    """The price rule with this line, and each person's test: so many seats cost so many dollars. by: who changes them."""
    whose = {who: who if by in ("", who) else f"{who}, changed by {by}" for who in tests}
    checks = {f"test_{who.lower()}.py": CHECK.format(who, *costs, whose[who], *costs) for who, costs in tests.items()}
    return {"price.py": RULE.format(line), **checks}


class Repository:
    """Made by `repository`. It shows its history.

    folder: where it lies, until the kernel ends. conflict: the two lines between which somebody must decide; () when it is
    decided. decided: what was chosen, or None.
    """

    def __init__(self) -> None:
        self._temporary = scratch("shop")
        self.folder, self._minute = Path(self._temporary.name), 0
        self.decided: str | None = None
        self._git = Git(self.folder)
        self._commit("Cem", "A seat costs 12 dollars", _files("seats * SEAT_USD", Cem=(5, 60)))
        self._git.switch("bulk", new=True)
        self._commit("Ana", "From 20 seats on a seat costs 10 dollars", _files(ANA, Ana=(20, 200)))
        self._git.switch(MAIN)
        self._git.switch("launch", new=True)
        self._commit("Ben", "Launch: 20 dollars off every order", _files(BEN, "Ben", Cem=(5, 40), Ben=(6, 52)))
        self._git.switch(MAIN)
        self._git.merge("bulk", "Ana", self._later())
        self._git.merge("launch", "Ben", self._later())

    @property
    def conflict(self) -> tuple[str, ...]:
        found = re.search(r"<{7}.*?\n(.*?)\n={7}\n(.*?)\n>{7}", self.source, re.DOTALL)
        return tuple(side.strip() for side in found.groups()) if found else ()

    @property
    def source(self) -> str:
        """The price rule, as it is in the folder at the moment."""
        return (self.folder / "price.py").read_text(encoding="utf-8")

    @property
    def history(self) -> list[Commit]:
        """All commits, the newest first."""
        return self._git.log()

    def decide(self, means: str) -> "Repository":
        """Say what the business means: "Ana's", "Ben's", "both" or "the better one". That ends the merge; it may be decided
        anew, which is one more commit. Raises ValueError with a sentence for anything else."""
        if not isinstance(means, str) or means not in CHOICES:
            raise ValueError(f"nobody has proposed {means!r}: {nearest(means, CHOICES)}")
        if means != self.decided:
            says = f"Decide: {means}" if self.decided else f"Merge launch, decide: {means}"
            self._commit("You", says, _files(CHOICES[means]))
            self.decided = means
        return self

    def _commit(self, who: str, says: str, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8", newline="\n")
        self._git.commit(says, who, self._later())

    def _later(self) -> int:
        self._minute += 10
        return FRIDAY_S + 60 * self._minute

    @property
    def said(self) -> str:
        if self.conflict:
            return "Two people have changed the same line, and the software does not guess: somebody must decide."
        line = self.source.rpartition("return ")[2].strip()
        return f"Decided: {self.decided}. The line is now: return {line}"

    def __repr__(self) -> str:
        return "\n".join([*(f"{c.id} {c.who}: {c.says}" for c in self.history), *self.conflict, self.said])

    def _repr_html_(self) -> str:
        rows = (
            (c.id, f"{datetime.fromtimestamp(c.at_s, UTC):%A %H:%M}", c.who, c.says, listed(c.parents or "–"))
            for c in self.history
        )
        shown = table(("commit", "when", "who", "what it says", "follows"), rows)
        whose = "Ana's, in main", "Ben's, in launch"
        both = table(("whose line", "what it says"), zip(whose, self.conflict, strict=True)) if self.conflict else ""
        return shown + both + strong(self.said)


def repository() -> Repository:
    """A new repository of the survey tool's price rule, in a temporary folder, with two branches that are being merged."""
    return Repository()
