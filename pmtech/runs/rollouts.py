"""One new version, rolled out in several ways to the same customers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from math import inf
from typing import Any

from pmtech.kinds import Known, explained
from pmtech.runs.events import Deploy
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.runs.table import Table
from pmtech.system.system import System
from pmtech.wording import counted, listed, nearest, seconds

# The ways of the field: steps of (seconds after the start, share), and how long it takes to go back. Blue/green has a second
# set of machines, which still run the old version: the way back is a switch.
WAYS: dict[str, dict] = {
    "all at once": {"steps": ((0, 1.0),)},
    "rolling": {"steps": ((0, 0.25), (120, 0.5), (240, 0.75), (360, 1.0))},
    "blue/green": {"steps": ((0, 1.0),), "back_s": 1.0},
    "canary": {"steps": ((0, 0.05), (600, 0.25), (780, 1.0))},
}


@explained
@dataclass(frozen=True, eq=False)
class Rollouts:
    """Made by `rollouts`. before: the run without the new version. results: way -> run. Shows itself as a table."""

    before: Result
    results: dict[str, Result]

    def lost(self, way: str) -> int:
        """Requests that failed, and would not have failed without the new version: the same customers, the same luck."""
        return _failed(self.results[way]) - _failed(self.before)

    def back_s(self, way: str) -> float:
        """When it was taken back by itself, in seconds after its start; infinity: never."""
        run = self.results[way]
        return run.rollbacks[0][0] - run.events[0].at_s if run.rollbacks else inf

    def out_s(self, way: str) -> float:
        """When everybody has it, in seconds after its start; infinity: never, or it was taken back."""
        whole = (after_s for after_s, share in self.results[way].events[0].steps if share == 1)
        return inf if self.results[way].rollbacks else next(whole, inf)

    def findings(self, shipped: Any) -> dict[str, str | list[str]]:
        """The points of a brief. shipped: what `release` gave."""
        if not hasattr(shipped, "said"):
            raise ValueError(f"findings needs what release(...) gave, got {shipped!r}")
        lost = [f"{counted(self.lost(way), 'order')} lost ({way})" for way in self.results]
        back = [f"{way}: taken back after {_said(self.back_s(way))}" for way in self.results]
        return {
            "The answer": f"It can, and the way it goes out decides how much: {listed(lost)}.",
            "What was asked": "What does a bad version cost before it is back?",
            "What happens": [*back, f"On the real API, after the way back: {shipped.said}"],
            "The trade-off": "A small first share costs few customers and much time; a second set of machines costs money.",
            "To settle with engineering": [
                "What calls a new version back by itself, after how many errors, and how long does that take?",
                "What could the version before no longer read?",
                "What is shipped switched off, and who turns it on?",
            ],
            "Assumptions": "A model with invented shares of errors, beside the course's own API and database.",
        }

    @property
    def table(self) -> Table:
        """A row a way: requests lost to the new version, and when it was back or out."""
        rows = {way: {"lost": self.lost(way), "back": _said(self.back_s(way)), "out": _said(self.out_s(way))}
                for way in self.results}  # fmt: skip
        words = {"lost": "orders lost to the new version", "back": "taken back after", "out": "everybody has it after"}
        if all(row["out"] == "–" for row in rows.values()):
            rows = {way: {"lost": row["lost"], "back": row["back"]} for way, row in rows.items()}
        note = "The same customers each time. Lost: failed with the new version, and would not have failed without."
        return Table.of(rows, {name: (said, "") for name, said in words.items()}, note)

    def __repr__(self) -> str:
        return self.table.to_string()

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def rollouts(
    system: System, deploy: Deploy, ways: Mapping[str, Mapping] = WAYS, *, duration_s: float = 1200.0, seed: int = 1
) -> Rollouts:
    """Let the same customers meet the new version `deploy` in each of these ways: all at once, rolling, blue/green, canary.

    ways: name -> what is otherwise in `deploy`, such as {"half first": {"steps": ((0, 0.5), (300, 1))}}.
    Raises ValueError with a sentence.
    """
    if not isinstance(deploy, Deploy):
        raise ValueError(f'rollouts needs the new version, such as Deploy("server", errors=0.1), got {deploy!r}')
    if not isinstance(ways, Mapping) or not ways or not all(isinstance(way, Mapping) for way in ways.values()):
        raise ValueError(f'ways must be such as {{"half first": {{"steps": ((0, 0.5), (300, 1))}}}}, got {ways!r}')
    known = [f.name for f in fields(Deploy)]
    if wrong := next((name for way in ways.values() for name in way if name not in known), None):
        raise ValueError(f'a new version has no "{wrong}": {nearest(wrong, known)}')
    run = partial(simulate, system, duration_s=duration_s, seed=seed)
    without = replace(deploy, errors=deploy.errors_before, slower=1.0, back_at=None)
    results = {str(name): run(events=[replace(deploy, **way)]) for name, way in ways.items()}
    return Rollouts(run(events=[without]), Known("way", results))


def _failed(run: Result) -> int:
    return int((run.records.status >= 400).sum())


def _said(after_s: float) -> str:
    return "–" if after_s == inf else "at once" if after_s == 0 else seconds(after_s)
