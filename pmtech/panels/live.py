"""The running system: play, turn a knob in the middle of the run, set off a surge, see the queue drain."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from threading import RLock
from time import monotonic
from typing import Any
from weakref import WeakSet

import numpy as np
import traitlets
from IPython.core.getipython import get_ipython

from pmtech.components.component import nearest, plain
from pmtech.engine import Part
from pmtech.explain import rate
from pmtech.panels.controls import Choice, Slider
from pmtech.panels.explore import Control
from pmtech.panels.replay import nice
from pmtech.panels.scene import scene, texts_of, units_of
from pmtech.panels.theatre import STAGE_CSS, STAGE_JS
from pmtech.panels.watch import CELL_S, ENTERED, SENT, STARTED, WINDOW_S, Watch
from pmtech.panels.widget import HERE, Panel
from pmtech.simulate import Running
from pmtech.system import System, check_complete

SPEEDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60)
STEP_S = 0.5  # a step is what passes in so much time of playing
TICK_S = 0.035
SHARE_S = 0.02  # of a tick that one panel may take: others live on the same thread
DOTS_PER_S = 50  # more requests than that an eye can't follow
SURGE_TIMES, SURGE_S, DOWN_S = 5, 10, 20
UNHEARD_S = 4  # a page that has not answered for so long is gone
MOST_INSIDE = 50_000


class Live(Panel):
    """Made by `live`. Whatever happens in it is said in it: `error` is a sentence, or None.

    controls: path -> Control; setting its `value` turns the knob at the present simulated time. play(), pause(),
    step(), reset(), surge(), kill(name), speed: what the bar does. now: simulated seconds. samples: see `Watch`.
    marks: what was changed when. sentence: the present state in words. running: the model itself.
    """

    _esm = STAGE_JS + (HERE / "live.js").read_text(encoding="utf-8")
    _css = STAGE_CSS + (HERE / "live.css").read_text(encoding="utf-8")

    described = traitlets.List().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    pools = traitlets.Dict().tag(sync=True)  # name -> label, of those of which one can be killed
    speeds = traitlets.List(SPEEDS).tag(sync=True)
    # The page's wishes are one state with counters in it, so that none is lost or overtaken by another.
    wish = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(self, system: System, controls: tuple[Slider | Choice, ...], speed: float, seed: int):
        self._system, self._seed, self._speed = system, seed, speed
        self._lock = RLock()  # wishes come on another thread than the clock's
        self._granted = {"number": 0, "presses": 0, "steps": 0, "resets": 0, "surges": 0, "kills": {}}
        self._number, self._heard, self._heard_at, self._quiet = 0, 0, monotonic(), False
        self._task, self._woken = None, asyncio.Event()
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel: whoever tests it advances it
            self._loop = None
        self.playing, self.error = False, None
        described = [control.describe(system) for control in controls]
        self._words = {one["path"]: one for one in described}
        self.controls = {control.path: Control(control, system.get(control.path)) for control in controls}
        self._begin()
        super().__init__(described=described, scene=scene(system), pools=self._pools())
        for control in self.controls.values():
            control.observe(self._turned, "value")
        self.observe(self._wished, "wish")
        self.on_msg(self._message)

    def _begin(self) -> None:
        """The system as it was written, at its beginning."""
        self.running = Running(self._system, self._seed)
        self.watch = Watch(self.running)
        self.marks: list[dict] = []
        self._turns: dict[str, Any] = {}  # knobs that were turned since time last moved
        self._told = -1.0  # up to where the page has the samples
        self._shown = None  # the system whose words the page has
        self.error = None
        self._choose_every(anew=True)

    def _pools(self) -> dict[str, str]:
        found = {}
        for name, spec in self._system.components.items():
            twins = [part for part in self._system.parts if part.slug == spec.slug]
            many = len(twins) > 1 or getattr(spec, "replicas", 1) > 1 or f"{name}.replicas" in self.controls
            if many and type(self.running.run.parts[name][0]).fail is not Part.fail:
                found[spec.slug] = spec.label
        return found

    # --- what a learner does ------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.running.now

    @property
    def samples(self) -> list[tuple]:
        return list(self.watch.samples)

    @property
    def speed(self) -> float:
        """Simulated seconds a second."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        if not SPEEDS[0] <= value <= SPEEDS[-1]:
            raise ValueError(f"speed must be between {SPEEDS[0]} and {SPEEDS[-1]}, got {value}")
        with self._lock:
            if value != self._speed:
                self._speed = value
                self._choose_every(anew=True)
                self._tell()

    def play(self) -> None:
        with self._lock:
            if not self.playing:
                self.playing, self.error, self._heard_at = True, None, monotonic()
                self._heard = self._number
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._start)
                self._tell()

    def pause(self) -> None:
        with self._lock:
            if self.playing:
                self.playing = False
                self._tell()

    def step(self, times: int = 1) -> None:
        """As much as passes in half a second of playing."""
        with self._lock:
            self.playing = False
            self._advance(times * STEP_S * self._speed)

    def reset(self) -> None:
        """The system as it was written, at the beginning, paused."""
        with self._lock:
            self.playing = False
            self._set({path: control.default for path, control in self.controls.items()})
            self._begin()
            self._tell(fresh=True)

    def surge(self) -> None:
        """For ten seconds every source sends five times as much."""
        with self._lock:
            self._try(lambda: self.running.surge(SURGE_TIMES, SURGE_S))
            self._mark("surge", f"Surge: × {SURGE_TIMES} for {SURGE_S} s")
            self._choose_every()
            self._tell()

    def kill(self, name: str | None = None) -> None:
        """One machine of a pool dies, and comes back after 20 seconds."""
        with self._lock:
            name = name or next(iter(self.pools), "")
            if name not in self.pools:
                raise ValueError(f'there is no pool "{name}": {nearest(name, self.pools)}')
            died = self._try(lambda: self.running.kill(name, DOWN_S))
            if died:
                self._mark("kill", f"{_spoken(died)} down for {DOWN_S} s")
            self._tell()

    def advance(self, seconds: float) -> None:
        """Let so many simulated seconds pass."""
        with self._lock:
            self._advance(seconds)

    # --- knobs --------------------------------------------------------------------------------------------------

    def _turned(self, change) -> None:
        if self._quiet:
            return
        with self._lock:
            self._turn({path: control.value for path, control in self.controls.items() if control is change["owner"]})
            self._tell()

    def _set(self, values: dict[str, Any]) -> None:
        self._quiet = True
        try:
            for path, value in values.items():
                self.controls[path].value = value
        finally:
            self._quiet = False

    def _turn(self, values: dict[str, Any]) -> None:
        """Turn knobs now. The model hears of it when time moves on: what is turned back meanwhile never happened."""
        try:
            self.running.system.replace({**self._turns, **values})
        except ValueError as refused:
            self._fail(refused)
            self._set({path: self.running.system.get(path) for path in values})
            return
        self.error = None
        for path, value in values.items():
            self._turns[path] = value
            words = self._words[path]
            text = words["options"][self.controls[path].sent()] if "options" in words else plain(value)
            self._mark(path, f"{words['label']}: {text} {words['unit']}".strip())
        self._choose_every()
        self._wake()

    def _mark(self, key: str, words: str) -> None:
        """A line in the chart; one for a whole drag of a slider."""
        mark = {"key": key, "from": self.now, "at": self.now, "words": words}
        last = self.marks[-1] if self.marks else None
        if last and last["key"] == key and key in self.controls and self.now - last["at"] <= 0.7 * self._speed:
            mark["from"] = self.marks.pop()["from"]
        self.marks.append(mark)

    def _choose_every(self, anew: bool = False) -> None:
        """One request of how many is a dot. While a run goes on it is only ever made more, and only if it must be."""
        sources = self.running.system.replace(self._turns).sources.values()
        asked = sum(s.offered_per_s * (s.surge.times if s.surge and s.surge.at_s <= self.now else 1) for s in sources)
        every = nice(asked * self._speed / DOTS_PER_S)
        if anew or every > 5 * self.watch.every:
            self.watch.every = every

    # --- time ---------------------------------------------------------------------------------------------------

    def _advance(self, seconds: float, within_s: float = float("inf")) -> None:
        """Let time move, but take no longer than `within_s`; then tell the page."""
        until, late = self.now + seconds, monotonic() + within_s
        try:
            if self._turns:
                turns, self._turns = self._turns, {}
                self.running.turn(turns)
            while self.now < until and monotonic() < late:
                self.running.advance(min(until, self.now + CELL_S))
            steps = self.watch.note()
        except Exception as error:  # noqa: BLE001  a panel must live on, whatever its system does
            self._fail(error)
            steps = []
        if self.playing and max(len(self.watch.inside), self.watch.waiting) > MOST_INSIDE:
            self.playing = False
            self.error = (
                f"The run is paused: {MOST_INSIDE:,} requests are inside, and a real machine would be out of memory "
                "long before. Send less, serve more, or reset."
            )
        self._tell(steps)

    def _try(self, happen):
        try:
            return happen()
        except Exception as error:  # noqa: BLE001
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.playing = False
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self.error = f"The run is paused: {said}."

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        before = monotonic()
        _playing.add(self)
        try:
            while self.playing and self.comm is not None:
                _listen_for_interrupts()
                try:
                    self._woken.clear()
                    await asyncio.wait_for(self._woken.wait(), TICK_S)
                except TimeoutError:
                    pass
                now = monotonic()
                elapsed, before = min(now - before, 3 * TICK_S), now
                with self._lock:
                    if now - self._heard_at > UNHEARD_S:
                        self.pause()  # nobody looks at it any more
                    elif self.playing and self._number - self._heard < 2 * UNHEARD_S / TICK_S:
                        self._advance(elapsed * self._speed, SHARE_S)
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.pause()
        finally:
            _playing.discard(self)

    def _wake(self) -> None:
        if self._loop is not None and self.playing:
            self._loop.call_soon_threadsafe(self._woken.set)

    # --- the page -----------------------------------------------------------------------------------------------

    def _wished(self, change) -> None:
        wish, granted = change["new"], self._granted
        with self._lock:
            self._granted = wish
            if wish["resets"] != granted["resets"]:
                self.reset()
            self.speed = wish["speed"]
            values = {path: self.controls[path].received(value) for path, value in wish["values"].items()}
            turned = {path: value for path, value in values.items() if value != self.controls[path].value}
            if turned:
                self._set(turned)
                self._turn(turned)
            for _ in range(wish["surges"] - granted["surges"]):
                self.surge()
            for name, times in wish["kills"].items():
                for _ in range(times - granted["kills"].get(name, 0)):
                    self.kill(name)
            if wish["steps"] != granted["steps"]:
                self.step(wish["steps"] - granted["steps"])
            if wish["presses"] != granted["presses"]:
                (self.play if wish["playing"] else self.pause)()
            self._tell()

    def _message(self, _widget, message, _buffers) -> None:
        with self._lock:
            kind = message.get("kind")
            if kind == "heard":
                self._heard, self._heard_at = message["number"], monotonic()
            elif kind == "hello":
                self._heard = self._number
                self._tell(self._present(), fresh=True)
            elif kind == "gone":
                self.pause()

    def _present(self) -> list[tuple]:
        """The journeys that are under way, for a page that has not seen them begin."""
        watch = self.watch
        steps = [(SENT, n, watch.units[r.source], r.arrived) for r, n in watch.followed.items()]
        for part, here in watch.under_way.items():
            for (request, entered, started, _), _ in here:
                steps.append((ENTERED, watch.followed[request], watch.units[part], entered))
                if started == started:
                    steps.append((STARTED, watch.followed[request], watch.units[part], started))
        return sorted(steps, key=lambda step: step[3])

    def _tell(self, steps=(), fresh: bool = False) -> None:
        if fresh:
            self._told = -1.0
        samples = [sample for sample in self.watch.samples if sample[0] > self._told]
        self._told = self.watch.samples[-1][0] if self.watch.samples else self._told
        self._number += 1
        system = self.running.system.replace(self._turns)
        news = {
            "kind": "news",
            "number": self._number,
            "wish": self._granted["number"],
            "now": self.now,
            "playing": self.playing,
            "speed": self._speed,
            "every": self.watch.every,
            "values": {path: control.sent() for path, control in self.controls.items()},
            "marks": [mark for mark in self.marks if mark["at"] > self.now - WINDOW_S],
            "error": self.error,
            "fresh": fresh,
            "sentence": None if self.playing else self.sentence,
        }
        self.watch.find_units()
        if fresh or (system, len(self.watch.units)) != self._shown:
            self._shown = system, len(self.watch.units)
            news["units"] = units_of(self.scene["boxes"], [part.name for part in self.watch.units])
            news["texts"] = texts_of(system, self.scene["boxes"])
        tables = (steps, self.watch.state(), samples)
        self.send(news, buffers=[np.array(table, dtype="<f8").tobytes() for table in tables])

    @property
    def sentence(self) -> str:
        """The present state in words."""
        what = "Running" if self.playing else "Paused"
        if not self.watch.samples:
            return f"{what} at the start."
        _, sent, served, refused, _, p95, inside = self.watch.samples[-1]
        wait = "" if p95 != p95 else f"; 95 of 100 answers within {p95:,.0f} ms"
        return (
            f"{what} at {self.now:.1f} s: {rate(sent)} requests a second sent, {rate(served)} served, "
            f"{rate(refused)} refused; {inside:,} in the system{wait}."
        )


_playing: WeakSet[Live] = WeakSet()


def _stop_all(*_) -> None:
    for panel in list(_playing):
        panel.pause()


def _after_cell(result) -> None:
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        _stop_all()


def _listen_for_interrupts() -> None:
    """Between cells a kernel ignores its interrupt; while something plays it means: pause."""
    with contextlib.suppress(ValueError):  # not the main thread
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, _stop_all)
    shell = get_ipython()
    if shell is not None and _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)


def live(system: System, *controls: Slider | Choice, speed: float = 1.0, seed: int = 1) -> Live:
    """The running system: play it, turn its knobs while it runs, set off a surge, watch the requests move.

    Controls are those of `explore`; they act at the present simulated time. speed: simulated seconds a second.
    seed: which customers come. Raises ValueError with a sentence for a control that does not fit the system.
    """
    system = check_complete(system)
    strangers = [control for control in controls if not isinstance(control, Slider | Choice)]
    if strangers:
        raise ValueError(f"live takes a system, then Slider(...) or Choice(...), got {strangers[0]!r}")
    return Live(system, controls, speed, seed)


def _spoken(machine: str) -> str:
    """`server#2` as people say it."""
    return machine.replace("#", " ").replace("_", " ").capitalize()
