"""What was drawn and set off, step by step: the way back and forward again, without an end."""

from typing import NamedTuple

from pmtech.sketch.trouble import Set
from pmtech.system.system import System


class Moment(NamedTuple):
    """system: what stands there. selected: the part that is chosen. troubles: what is set off in its run."""

    system: System | None
    selected: str | None
    troubles: tuple[Set, ...] = ()


class Past:
    """The steps of a drawing; `now` is the present one. turning: the field that the last step turned, or None."""

    def __init__(self, now: Moment):
        self._moments, self._at = [now], 0
        self.turning: str | None = None

    @property
    def now(self) -> Moment:
        return self._moments[self._at]

    @property
    def ways(self) -> dict[str, bool]:
        """Is there a step to go back to, and one to do again?"""
        return {"undo": self._at > 0, "redo": self._at < len(self._moments) - 1}

    def choose(self, name: str | None) -> None:
        """Another part is chosen, which is no step."""
        self._moments[self._at] = self.now._replace(selected=name)

    def step(self, now: Moment, turns: str | None = None) -> None:
        """turns: the field that is turned; a slider on its way is one step."""
        if turns is None or turns != self.turning or self.ways["redo"]:
            self._at += 1
        self._moments[self._at :] = [now]
        self.turning = turns

    def go(self, steps: int) -> None:
        """So many steps forward, or back, as far as there are any."""
        self._at = min(max(0, self._at + steps), len(self._moments) - 1)
