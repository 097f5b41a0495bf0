"""A gather: asks several at the same time, and goes on when enough have answered."""

from dataclasses import dataclass

import numpy as np

from pmtech.components.component import Component, Finding
from pmtech.components.fields import number, whole
from pmtech.engine.clock import Alarm, Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Call, Request, is_success
from pmtech.wording import percent, plain


@dataclass(frozen=True, kw_only=True, repr=False)
class Gather(Component):
    """Asks all branches at once and answers when `need` of them (None, or more than there are: all) have; a branch that
    fails, fails it, as soon as the others are too few. Its answer is then that of the branch that failed.

    hedge_after_ms: whoever has not answered by then is helped out. Where all are needed the same branch is asked once
        more (another machine of it, with luck); where some are enough, only `need` are asked at first, in turn, and the
        others then. The first answer counts; the other goes on in vain. Source: Dean and Barroso, "The tail at scale",
        Communications of the ACM 56 (2013).

    What this leaves out: its own time, and calling off what is not needed any more.
    """

    need: int | None = whole(None, at_least=1, at_most=1000, optional=True)
    hedge_after_ms: float | None = number(None, at_least=0, at_most=3_600_000, optional=True)

    kind = "gather"
    icon = "M2 10h5M7 10l5-6h3M7 10h8M7 10l5 6h3M17 4h.01M17 10h.01M17 16h.01"
    question = "What does the page show when one of them is slow or fails, and who decides that?"
    fan_out = "all"
    needs_next = True
    noted = ("at_s", "asked", "hedges")

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts = ["asks all at once" if self.need is None else f"needs {plain(self.need)} of them"]
        return facts + ([] if self.hedge_after_ms is None else [f"asks again after {plain(self.hedge_after_ms)} ms"])

    def asks(self, branches: int) -> float:
        """But for what is asked later."""
        return 1.0 if self.need is None or self.hedge_after_ms is None else min(1.0, self.need / branches)

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """hedged: so many hedges for each question that it asks at first."""
        hedges = notes[:, 2].sum()
        return {"hedged": float(hedges / (notes[:, 1].sum() - hedges)) if len(notes) else 0.0}

    def findings(self, label: str, figures) -> list[Finding]:
        said = f"{label} asks {percent(figures['hedged'])} of its questions a second time"
        return [Finding("hedged", 50, said)] if figures["hedged"] else []


class _Asked:
    """What one request waits for: who has been asked, and what came of it. status: 0, until that is known; success: what it
    will be when enough have answered."""

    __slots__ = ("hedges", "left", "need", "open", "part", "request", "spare", "status", "success")

    def __init__(self, part: "GatherPart", request: Request, need: int, branches: int, left: list[int]):
        self.part = part
        self.request, self.need, self.left = request, need, left  # so many are still to answer, who is spared at first
        self.spare = branches - need  # so many may fail
        self.open: dict[int, int] = {}  # branch -> of how many questions the answer is still to come
        self.hedges, self.status, self.success = 0, 0, 200


class _Question(Call):
    """What one branch is asked. asked: all that are waited for together."""

    __slots__ = ("asked", "branch")
    asked: _Asked
    branch: int

    def heard(self) -> None:
        asked, branch = self.asked, self.branch
        if asked.status or branch not in asked.open:
            return
        if is_success(self.status):
            del asked.open[branch]  # its other question is not waited for
            asked.need -= 1
            if self.status == 202:  # what one has put off until later is not done
                asked.success = 202
            if asked.need:
                return
            asked.status = asked.success
        else:
            asked.open[branch] -= 1
            if asked.open[branch]:  # the same branch is being asked a second time
                return
            del asked.open[branch]
            asked.spare -= 1
            if asked.spare >= 0:
                if asked.left:
                    asked.part.ask_spared(asked)
                return
            asked.status = self.status
        asked.request.wake()


class GatherPart(Part, runs=Gather):
    def setup(self) -> None:
        self.turn, self.luck = -1, self.branch_luck()

    def handle(self, request: Request) -> Steps:
        visit, spec, branches = self.visit(request), self.spec, len(self.targets)
        visit[2] = now = self.env._now
        request.served_by = request.served_by or self.machine
        need = branches if spec.need is None else min(spec.need, branches)
        order = [*range(branches)]
        if need < branches:  # in turn
            self.turn += 1
            order = [(self.turn + ahead) % branches for ahead in order]
        first = branches if spec.hedge_after_ms is None else need
        asked = _Asked(self, request, need, branches, order[first:])
        for branch in order[:first]:
            self._ask(asked, branch)
        if spec.hedge_after_ms is not None and not asked.status:
            Alarm(self.env, lambda: self._help_out(asked, need)).set(now + spec.hedge_after_ms / 1000)
        yield None  # until enough have answered, or too few can
        visit[3] = self.env._now
        self.notes.append((now, first + asked.hedges, asked.hedges))
        return asked.status

    def _help_out(self, asked: _Asked, need: int) -> None:
        """Ask who was spared at first; where nobody was, once more all that have not answered."""
        again = [*asked.open] if need == len(self.targets) else []
        while asked.left and not asked.status:
            self.ask_spared(asked)
        for branch in again:
            if not asked.status:
                asked.hedges += 1
                self._ask(asked, branch, ("hedge",))

    def ask_spared(self, asked: _Asked) -> None:
        asked.hedges += 1
        self._ask(asked, asked.left.pop(0))

    def _ask(self, asked: _Asked, branch: int, again: tuple = ()) -> None:
        asked.open[branch] = asked.open.get(branch, 0) + 1
        request, luck = asked.request, self.luck[branch] + again
        question = _Question(request, (*request.luck_key, self.name, *luck) if luck else request.luck_key, self)
        question.asked, question.branch = asked, branch
        question.begin(self.targets[branch].handle(question))
