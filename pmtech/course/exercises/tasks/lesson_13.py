"""Lesson 13: protections within a budget; the API is attacked, and what still gets through is said."""

from dataclasses import dataclass

from pmtech.course.exercises.marking import PRECISE_FROM, Marking
from pmtech.web.app.protections import Protections

# Invented, but for the round trip of TLS 1.3, here to a server that is 40 ms away, and the size of an Argon2 check.
PRICES = {  # protection -> ms more from sign-in to the first page, USD a month
    "argon2": (50, 60),
    "sign_in_limit": (1, 10),
    "owner_check": (2, 10),
    "role_check": (1, 10),
    "field_check": (1, 10),
    "escaping": (0, 10),
    "firewall": (15, 600),
    "tls": (40, 20),
    "encrypted_backups": (0, 40),
}
START = Protections(firewall=True)


@dataclass(frozen=True, kw_only=True)
class ProtectionTask:
    """An attempt is `Protections`. The API is started with them and attacked; the budget is for what they cost."""

    id: str
    title: str
    most_ms: int
    most_usd: int

    def untouched(self, attempt) -> bool:
        return attempt == START

    def mark(self, attempt, tries: int = 1) -> Marking:
        if not isinstance(attempt, Protections):
            raise ValueError(f'check("{self.id}", ...) needs Protections(...), got {attempt!r}')
        from pmtech.web.experiments.attacks import attack  # the web framework: not for every check of every lesson

        came = attack(attempt)
        ms, usd = (sum(price[i] for name, price in PRICES.items() if getattr(attempt, name)) for i in (0, 1))
        gaps, n = [], len(came.through)
        if n:
            one = "gets through: it is" if n == 1 else "get through: they are"
            gaps.append(f"{n} of {len(came.outcome)} attacks {one} marked below.")
        if tries >= PRECISE_FROM and n and attempt.firewall:
            gaps.append("The firewall looks at words; none of these attacks needs a suspicious one.")
        if came.locked_out:
            gaps.append("Ana mistyped her password three times, then had it right, and was kept out.")
        if ms > self.most_ms:
            gaps.append(f"The first page is open {ms} ms later: {self.most_ms} ms is what the budget has.")
        if usd > self.most_usd:
            gaps.append(f"It costs {usd} USD a month: the budget has {self.most_usd}.")
        figures = [(name, "stopped", word, "met" if word == "stopped" else "to mend") for name, word in came.rows]
        figures += [
            ("The first page is open later by", f"at most {self.most_ms} ms", f"{ms} ms", _word(ms, self.most_ms)),
            ("A month", f"at most {self.most_usd} USD", f"{usd} USD", _word(usd, self.most_usd)),
            ("Kept out by mistake", "nobody", "Ana" if came.locked_out else "nobody", _word(came.locked_out, 0)),
        ]
        note = "Nothing of this list gets through. What is not on the list was not tried."
        return Marking(title=self.title, passed=not gaps, gaps=gaps, figures=figures, note=note)


def _word(value: int, most: int) -> str:
    return "met" if value <= most else "too high" if most else "to mend"


TASKS = (
    ProtectionTask(
        id="13.your_turn",
        title="Nine attacks, none of which gets through, within the budget",
        most_ms=100,
        most_usd=200,
    ),
)
