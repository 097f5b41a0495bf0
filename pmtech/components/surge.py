"""A surge: for a while, many times the usual number of requests."""

from dataclasses import dataclass

from pmtech.components.fields import Checked, number
from pmtech.wording import plain, shown_in


@dataclass(frozen=True, repr=False)
class Surge(Checked):
    """The rate is multiplied by `times` from `at_s` for `for_s` seconds.

    What this leaves out: the ramp. Real surges build up over minutes; this one is a step.
    """

    at_s: float = number(20.0, at_least=0)
    for_s: float = number(10.0, more_than=0)
    times: float = number(5.0, at_least=0, at_most=10_000)

    @property
    def said(self) -> str:
        """In words, for a box."""
        ends_s = self.at_s + self.for_s
        sign, s = shown_in("ends_s", ends_s)  # as on the axis of a run that shows it
        begins, ends = (plain(round(moment_s / s, 1 if s > 1 else 6)) for moment_s in (self.at_s, ends_s))
        return f"× {plain(self.times)} from {begins} to {ends} {sign}"
