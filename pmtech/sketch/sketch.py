"""`sketch()`: a system put together by hand, without code; run, broken, kept, and taken to the meeting."""

from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

import traitlets

from pmtech.components import Clients, Server
from pmtech.components.component import Component
from pmtech.course.brief import brief
from pmtech.course.brief.sheet import Brief
from pmtech.panels import explore
from pmtech.panels.errors import why
from pmtech.panels.live.theatre import Theatre, theatre
from pmtech.panels.widget import Panel
from pmtech.runs.result import Result
from pmtech.sketch.form import taken, with_value
from pmtech.sketch.page import EMPTY, about, as_drawn, drawn, figures, set_off
from pmtech.sketch.palette import KINDS, STEPS, brought, fitting
from pmtech.sketch.past import Moment, Past
from pmtech.sketch.presets import PRESETS
from pmtech.sketch.trial import tried
from pmtech.sketch.trouble import TROUBLES, Set, possible
from pmtech.system import editing
from pmtech.system.code import as_code
from pmtech.system.system import System
from pmtech.wording import nearest

CARDS_LOOK = (Path(explore.__file__).parent / "explore.css").read_text(encoding="utf-8")  # cards look alike everywhere


class Sketch(Panel):
    """Made by `sketch`. Whatever a hand does in it is a method here; each raises ValueError with a sentence where it
    can't be done, and the page says that sentence.

    value: the `System` as it stands, or None on an empty page. selected: the name of the part that is chosen, or None.
    result: its last run, or None. code: the lines of Python that make it. kept: the run that it is compared with.
    error: why it can't be run, a sentence, or None. stage: the present run, played in the place of the drawing, or None.
    """

    _esm = Path(__file__).parent / "sketch.js"
    _css = CARDS_LOOK + (Path(__file__).parent / "sketch.css").read_text(encoding="utf-8")

    about = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(self, system: System | None):
        self._past = Past(_first(system))
        self._number, self._lock = 0, RLock()
        self.result: Result | None = None
        self.kept: Result | None = None
        self.error: str | None = None
        self.stage: Theatre | None = None
        self._fitting: tuple[Any, dict[str, list[str]]] = (None, {})
        self._said: dict[str, Any] = {"said": "", "problem": None}
        self._outcome: dict[str, Any] = {}
        super().__init__(about=about())
        self.on_msg(self._asked)
        self.run()

    # --- what stands there ------------------------------------------------------------------------------------------

    @property
    def value(self) -> System | None:
        return self._past.now.system

    @property
    def selected(self) -> str | None:
        return self._past.now.selected

    @property
    def troubles(self) -> list[Set]:
        """What is set off in the run, of the parts that are there."""
        there = self.value.numbers if self.value else {}
        return [(what, name) for what, name in self._past.now.troubles if name is None or name in there]

    @property
    def code(self) -> str:
        """The cell that makes it."""
        return "" if self.value is None else as_code(self.value)

    def select(self, name: str | None) -> None:
        """Choose a part."""
        if name is not None and (self.value is None or name not in self.value.numbers):
            there = self.value.names if self.value else ()
            raise ValueError(
                f'there is no part "{name}": {nearest(str(name), there)}' if there else "the page is empty"
            )
        self._past.choose(name)

    # --- putting it together ----------------------------------------------------------------------------------------

    def start(self, preset: str | None = None) -> None:
        """Begin anew, from an empty page or from one of the presets."""
        if preset is not None and preset not in PRESETS:
            raise ValueError(f'there is no preset "{preset}": {nearest(str(preset), PRESETS)}')
        self._past.step(_first(PRESETS[preset].make() if preset else None))

    def add(self, kind: str, where: str = "after", name: str | None = None) -> str:
        """Put a part "after", "before" or "beside" another, the one that is chosen; on an empty page it is the first.

        kind: such as "Server". where: "also" for one that the other asks besides what it asks already. Returns its name.
        """
        if kind not in KINDS:
            raise ValueError(f'there is no part "{kind}": {nearest(str(kind), KINDS)}')
        if where not in STEPS:
            raise ValueError(f'a part stands after, before or beside another, or is also asked by it, not "{where}"')
        part = KINDS[kind]()
        if self.value is None:
            system, made = System((part,)), part.slug
        else:
            system, made = STEPS[where](self.value, self._meant(name), part)
        self._step(system, made)
        return made

    def more(self, name: str | None = None) -> str:
        """One more part like the chosen one, beside it. Returns its name."""
        system, made = editing.put_beside(self._there, self._meant(name))
        self._step(system, made)
        return made

    def take_out(self, name: str | None = None) -> None:
        """Take a part out; its neighbours close the gap."""
        name, before = self._meant(name), self._there
        near = [before.names[e.tail] for e in before.before(before.numbers[name])]
        system = editing.take_out(before, name)
        there = [one for one in near if system and one in system.numbers]
        self._step(system, there[0] if there else system.names[0] if system else None)

    def lead(self, head: str, route: str | None = None, tail: str | None = None) -> None:
        """An arrow more, from the chosen part to another that is there."""
        self._step(editing.lead(self._there, self._meant(tail), head, route), self._meant(tail))

    def part_ways(self, head: str, tail: str | None = None) -> None:
        """Take the arrow to another part away."""
        self._step(editing.part_ways(self._there, self._meant(tail), head), self._meant(tail))

    def reroute(self, head: str, routes: list[str], tail: str | None = None) -> None:
        """From now on the chosen gateway sends these endpoints there."""
        self._step(editing.reroute(self._there, self._meant(tail), head, routes), self._meant(tail))

    def rename(self, words: str, name: str | None = None) -> None:
        """Give a part another name; what is set off at it goes on."""
        before, number = self._there, self._there.numbers[self._meant(name)]
        system = before.replace({f"{before.names[number]}.name": words.strip() or None})
        now = dict(zip(before.names, system.names, strict=True))
        troubles = tuple((what, name and now[name]) for what, name in self.troubles)
        self._past.step(Moment(system, system.names[number], troubles))

    def set(self, path: str, value: Any) -> None:
        """Set a field, as in `System.replace`: set("server.workers", 16)."""
        self._step(with_value(self._there, path, value), self.selected, turns=path)

    def undo(self) -> None:
        """One step back; there is no end to it."""
        self._past.go(-1)

    def redo(self) -> None:
        """One step forward again."""
        self._past.go(1)

    def _step(self, system: System | None, selected: str | None, turns: str | None = None) -> None:
        self._past.step(self._past.now._replace(system=system, selected=selected), turns)

    @property
    def _there(self) -> System:
        if self.value is None:
            raise ValueError("the page is empty: put a part on it first")
        return self.value

    def _meant(self, name: str | None) -> str:
        name = self.selected if name is None else name
        if name is None:
            raise ValueError("choose a part first")
        if name not in self._there.numbers:
            raise ValueError(f'there is no part "{name}": {nearest(str(name), self._there.names)}')
        return name

    # --- running and breaking it ------------------------------------------------------------------------------------

    def break_it(self, what: str, name: str | None = None) -> None:
        """Set something off, or take it back, a step as any other: "kill", "slow" or "errors" at the chosen part,
        "surge", "ten" or "day" for the whole."""
        if what not in TROUBLES:
            raise ValueError(f'there is no trouble "{what}": {nearest(str(what), TROUBLES)}')
        one = (what, None if TROUBLES[what].whole else self._meant(name))
        others = [other for other in self.troubles if other != one]
        now = others if one in self.troubles else [*others, one]
        self._past.step(self._past.now._replace(troubles=tuple(now)))

    def run(self) -> Result | None:
        """Run it as it stands, with the same customers; None where it can't be, and `error` says why."""
        system, self.error, self.result = self.value, None, None
        self.leave()
        if system is not None:
            try:
                self.result = tried(system, self.troubles)
            except Exception as error:  # noqa: BLE001  a panel must live on, whatever its system does
                self.error = as_drawn(f"This can't be run yet: {why(error)}", system)
        self._tell(run=True)
        return self.result

    def keep(self) -> None:
        """Compare whatever comes with the present run; again: no more."""
        self.kept = None if self.kept else self.result

    def watch(self) -> Theatre:
        """Play the present run in the place of the drawing, until something is changed."""
        self.leave()
        self.stage = theatre(self._ran)
        return self.stage

    def leave(self) -> None:
        """Back from the stage to the drawing."""
        stage, self.stage = self.stage, None
        if stage is not None:
            stage.close()

    def close(self) -> None:
        self.leave()
        super().close()

    # --- taking it away ---------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the system into a file, never over one."""
        return self._there.save(_named(path))

    def load(self, path: str | Path) -> None:
        """Go on with a system that was saved."""
        self._past.step(_first(System.open(_named(path))))

    def from_log(self, path: str | Path) -> None:
        """Begin with the customers of an access log, and one server behind them to be set up."""
        self._past.step(_first(Clients.from_log(path) >> Server()))

    def brief(self, title: str | None = None) -> Brief:
        """A page for colleagues about the present run, as files beside the notebook."""
        return brief(self._ran, title=title)

    def replay(self, path: str | Path = "replay.html") -> Path:
        """One HTML file that plays the present run in any browser."""
        return theatre(self._ran).to_html(path)

    @property
    def _ran(self) -> Result:
        result = self.result or self.run()
        if result is None:
            raise ValueError(self.error or "the page is empty: put a part on it first")
        return result

    # --- the page ---------------------------------------------------------------------------------------------------

    def _asked(self, _widget, message, _buffers) -> None:
        """The page did something: {"do": a method, "with": its arguments, "number": which}."""
        done = message.get("do")
        if done not in PAGE:
            return
        with self._lock:
            self._number, said, problem, before = message.get("number", 0), "", None, self.value
            try:
                if done not in STAYS:
                    self.leave()
                came = PAGE[done](self, *message.get("with", ()))
                said = SAID[done].format(came) if done in SAID else ""
                said = said or (brought(before, self.value, self.selected) if done in ADDING else "")
            except Exception as error:  # noqa: BLE001  a panel must live on
                problem = as_drawn(why(error), self.value)
            if done != "run" or problem:
                self._tell(said=said, problem=problem)

    def _put(self, path: str, sent: Any) -> str:
        before, system = self._there, taken(self._there, path, sent)
        said = self._said["said"] if path == self._past.turning else ""
        self._step(editing.follow(before, system), self.selected, turns=path)
        return said

    def _tell(self, said: str = "", problem: str | None = None, run: bool = False) -> None:
        system = self.value
        if not run:  # a run follows by itself; what was said stays until something else is done
            self._said = {"said": said, "problem": problem}
        told: dict[str, Any] = {"number": self._number, "code": self.code, "ran": run, **self._said}
        told |= {**self._past.ways, "kept": self.kept is not None, "stage": self.stage._mount if self.stage else ""}
        told |= drawn(system, self.selected, self._can, self.result) if system else EMPTY
        told["troubles"] = set_off(system, self.troubles) if system else []
        if run:
            self._outcome = figures(self.result, self.kept, self.error)
        self.answer = told | self._outcome

    def _can(self, system: System, name: str) -> dict[str, list[str]]:
        """What can be put where, and what can happen there; worked out again when the drawing is another."""
        drawing = (system.edges, [type(part) for part in system.parts], name)
        if self._fitting[0] != drawing:
            self._fitting = drawing, fitting(system, name) | {"trouble": possible(system, name)}
        return self._fitting[1]


def _first(system: System | None) -> Moment:
    """Where another drawing begins: with its first part chosen, and nothing set off."""
    return Moment(system, system.names[0] if system else None)


def _named(path: str | Path) -> Path:
    path = Path(str(path).strip() or "my-system.json")
    return path if path.suffix else path.with_suffix(".json")


# What the page may ask for, and what is said of what came of it.
METHODS = ("select", "start", "add", "more", "take_out", "lead", "part_ways", "rename", "undo", "redo", "keep", "watch")
METHODS += ("leave", "run", "save", "brief", "replay")
PAGE: dict[str, Callable[..., Any]] = {
    **{name.replace("_", " "): getattr(Sketch, name) for name in METHODS},
    "put": Sketch._put,
    "reroute": lambda self, head, text: self.reroute(head, [path.strip() for path in text.split(",") if path.strip()]),
    "break": Sketch.break_it,
    "open": Sketch.load,
    "log": lambda self, path: self.from_log(path.strip()),
    "code": lambda self: None,
}
SAID = {
    "put": "{}",
    "save": "Saved as {}. Nothing was written over.",
    "brief": "Written: {.html}.",
    "replay": "Written: {}. It plays in any browser, without Python.",
}
ADDING = ("add", "more", "lead", "put")
STAYS = ("keep", "save", "brief", "replay", "code")  # whoever watches the run goes on watching


def sketch(system: System | None = None) -> Sketch:
    """A panel in which a system is put together by hand, run, broken and kept; without code.

    system: where to begin; without one, on an empty page. `.value` is the system as it stands.
    Raises ValueError with a sentence for what is no system.
    """
    if isinstance(system, Component):
        system = System((system,))
    if system is not None and not isinstance(system, System):
        raise ValueError(f"sketch takes a system such as Clients() >> Server(), or nothing, got {system!r}")
    return Sketch(system)
