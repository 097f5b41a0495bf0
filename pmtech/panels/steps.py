"""A sum that is worked out step by step, with a slider for each of its numbers."""

from pathlib import Path
from typing import ClassVar

import traitlets

from pmtech.panels.widget import Panel
from pmtech.theory.checks import number


def slider(name: str, label: str, unit: str, low: float, high: float, step: float, value: float) -> dict:
    """One of its sliders, as the page draws it."""
    ends = {"low": low, "high": high, "step": step, "default": value}
    return {"kind": "slider", "path": name, "label": label, "unit": unit, **ends}


class Steps(Panel):
    """A subclass names its numbers, and says `steps`, `said` and `figure` of them as they stand.

    BOUNDS: name -> what `theory.checks.number` asks of it. The numbers are attributes.
    """

    _esm = Path(__file__).parent / "steps.js"
    _css = Path(__file__).parent / "steps.css"
    BOUNDS: ClassVar[dict[str, dict[str, float]]]

    name = traitlets.Unicode().tag(sync=True)
    shows = traitlets.Unicode().tag(sync=True)  # what the chart shows, for who cannot see it
    described = traitlets.List().tag(sync=True)
    wish = traitlets.Dict().tag(sync=True, echo_update=False)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(self, values: dict[str, float], described: list[dict], **more):
        self._put(values)
        super().__init__(described=described, answer=self._answer_to(0), **more)
        self.observe(lambda change: self._wished(change["new"]), "wish")

    def _put(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            setattr(self, name, number(name, value, **self.BOUNDS[name]))

    def _wished(self, wish: dict) -> None:
        self._put({name: wish["values"][name] for name in self.BOUNDS})
        self.answer = self._answer_to(wish["number"])

    def _answer_to(self, asked: int) -> dict:
        values = {name: getattr(self, name) for name in self.BOUNDS}
        return {"steps": self.steps, "said": self.said, "figure": self.figure, "values": values, "number": asked}

    def __repr__(self) -> str:
        return "\n".join([*self.steps, self.said])
