"""The running system: play, turn a knob in the middle of the run, set off a surge, see the queue drain."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass, replace
from time import monotonic
from typing import Any

import numpy as np
import traitlets

from pmtech.components.surge import Surge
from pmtech.panels.controls import Choice, Controls, Slider
from pmtech.panels.errors import why
from pmtech.panels.live.clock import Clock
from pmtech.panels.live.scene import scene, texts_of, units_of
from pmtech.panels.live.terms import DOTS_PER_S, LONGEST_S, SPEEDS, STEP_S, WINDOW_S, nice
from pmtech.panels.live.theatre import HERE, STAGE_CSS, STAGE_JS
from pmtech.panels.live.watch import CELL_S, Watch
from pmtech.panels.widget import Panel
from pmtech.runs.events import Change, Outage
from pmtech.runs.events.event import Event, as_events
from pmtech.runs.result import Result
from pmtech.runs.running import Running
from pmtech.runs.simulate import simulate
from pmtech.system.system import System, check_complete
from pmtech.theory.checks import number
from pmtech.wording import nearest, rate, seconds, shown_in, value_in_words

DRAG_S = 0.7  # turns of a knob that come so soon after one another are one mark in the chart
SURGE_TIMES, SURGE_S, DOWN_S = 5, 10, 20
SHARE_S = 0.02  # of a tick that one panel may take: others live in the same loop
AHEAD = 120  # so many news are on their way to a page that is busy, and the run waits for it; it answers at least every 31st
UNHEARD_S = 20  # a page that has not answered for so long is gone
MOST_INSIDE = 50_000


class Live(Panel):
    """Made by `live`. Whatever happens in it is said in it: `error` is a sentence, or None.

    controls: path -> Control; setting its `value` turns the knob at the present simulated time, `now`. play(),
    pause(), step(), reset(), surge(), kill(name) and `speed` are what its bar does. marks: what was changed when.
    sentence: the present state in words. running: the model itself. watch: what is known of it, see `Watch`.
    note: what there is to say of the present moment, or "".
    """

    _esm = STAGE_JS + (HERE / "live.js").read_text(encoding="utf-8")
    _css = STAGE_CSS + (HERE / "live.css").read_text(encoding="utf-8")

    described = traitlets.List().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    pools = traitlets.Dict().tag(sync=True)  # name -> label, of those of which one can be killed
    failures = traitlets.List().tag(sync=True)  # what else can be set off, in words
    pushes = traitlets.Bool(True).tag(sync=True)  # can a surge be set off?
    # The page's wishes are one state with counters in it, so that none is lost or overtaken by another.
    wish = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        system: System,
        controls: tuple[Slider | Choice, ...],
        speed: float,
        seed: int,
        events: tuple[Event, ...],
        *,
        comes: tuple[Event, ...] = (),
        pushes: bool = True,
    ):
        """comes: what happens by itself. pushes: can it be pushed, by a surge or a machine that dies?"""
        self._system, self._seed, self._speed, self._events = system, seed, SPEEDS[3], events
        self._comes, self.note = comes, ""
        self.controls = Controls("live", system, controls, self._turned)
        self._lock = self.controls.lock
        self._clock = Clock(self._tick, self.pause)
        counters = ("number", "presses", "steps", "resets", "surges")
        self._granted: dict[str, Any] = {**dict.fromkeys(counters, 0), "kills": {}, "failures": {}}
        self._number = self._heard = 0  # of the last news that were sent, and that the page has got
        self._heard_at, self.playing = monotonic(), False
        self._begin()
        grows = (".replicas", ".autoscale.most")
        most = {path: c.high for path, c in self.controls.items() if path.endswith(grows) and c.options is None}
        largest = system.replace(most).components
        stage = scene(system, {name: part.most_replicas for name, part in largest.items()})
        words = [event.mark(system).words for event in events]
        pools = self._find_pools() if pushes else {}
        super().__init__(described=self.controls.described, scene=stage, pools=pools, failures=words, pushes=pushes)
        self.observe(self._wished, "wish")
        self.on_msg(self._message)
        self.speed = speed

    def _begin(self) -> None:
        """The system as it was written, at its beginning."""
        self.running = Running(self._system, self._seed, self._comes)
        self.watch = Watch(self.running)
        self.marks: list[dict] = []
        self.happened: list[Event] = []  # whatever was done to it: the same events make the same run
        self._turns: dict[str, Any] = {}  # knobs that were turned since time last moved
        self._told = -1.0  # up to where the page has the samples,
        self._shown: tuple[System, int] | None = None  # and the words of which system
        self.error: str | None = None
        self.note = ""
        self._choose_every(anew=True)

    def _find_pools(self) -> dict[str, str]:
        found = {}
        for name, spec in self._system.components.items():
            twins = sum(part.slug == spec.slug for part in self._system.parts)
            many = twins > 1 or spec.replicas > 1 or f"{name}.replicas" in self.controls
            if many and self.running.run.parts[name][0].mortal:
                found[spec.slug] = spec.label
        return found

    # --- what a learner does ------------------------------------------------------------------------------------

    now = property(lambda self: self.running.now)

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        """Simulated seconds a second."""
        if value not in SPEEDS:
            raise ValueError(f"speed must be one of {', '.join(map(str, SPEEDS))}; got {value!r}")
        with self._lock:
            if value != self._speed:
                self._speed = value
                self._choose_every(anew=True)
                self._tell()

    def play(self) -> None:
        with self._lock:
            self.playing, self.error = True, None
            self._heard, self._heard_at = self._number, monotonic()
            self._clock.start()
            self._tell()

    def pause(self) -> None:
        with self._lock:
            self.playing = False
            self._tell()

    def close(self) -> None:
        self.playing = False
        super().close()

    def step(self, times: int = 1) -> None:
        """As much as passes in half a second of playing."""
        self.playing = False
        self.advance(times * STEP_S * self._speed)

    def reset(self) -> None:
        """The system as it was written, at the beginning, paused."""
        with self._lock:
            self.playing = False
            self.controls.put(self.controls.defaults)
            self._begin()
            self._tell(fresh=True)

    def surge(self) -> None:
        """For ten seconds every source sends five times as much."""
        with self._lock:
            if self._tried(lambda: self.running.surge(SURGE_TIMES, SURGE_S)):
                surge = Surge(self.now, SURGE_S, SURGE_TIMES)
                self.happened += [Change(f"{name}.surge", surge, self.now) for name in self._system.sources]
                self._mark("surge", f"Surge: × {SURGE_TIMES} for {SURGE_S} s", SURGE_S)
                self._choose_every()
            self._tell()

    def kill(self, name: str | None = None) -> None:
        """One machine of a pool dies, and comes back after 20 seconds."""
        name = name or next(iter(self.pools), "")
        if name not in self.pools:
            raise ValueError(f'there is no pool "{name}": {nearest(name, self.pools)}')
        with self._lock:
            died: list[str] = []
            if self._tried(lambda: died.append(self.running.kill(name, DOWN_S))):
                self.happened.append(Outage(name, self.now, DOWN_S))
                machine = self.running.system.machine_label(died[0])
                self._mark("kill", f"{machine} down for {DOWN_S} s", DOWN_S)
            self._tell()

    def set_off(self, number: int) -> None:
        """One of the `events` that it was given happens now."""
        if not 0 <= number < len(self._events):
            raise ValueError(f"there are {len(self._events)} failures to set off, numbered from 0; got {number!r}")
        with self._lock:
            event = self._events[number]
            assert is_dataclass(event)
            event = replace(event, at_s=self.now)
            mark = event.mark(self.running.system)
            if self._tried(lambda: event.happen(self.running)):
                self.happened.append(event)
                self._mark(f"failure {number}", mark.words, mark.until_s - mark.at_s)
            self._tell()

    @property
    def _drawn(self) -> dict[str, Any]:
        """Knobs that have been turned and that the drawing shows at once, though time has not moved on."""
        return self._turns

    @property
    def recorded(self) -> Result:
        """The run so far, with what was done to it as its events: for `post_mortem`, or any other view of a run."""
        if not self.now:
            raise ValueError("nothing has happened yet: press play, or step")
        events = [event for event in (*self._comes, *self.happened) if event.at_s < self.now]
        return simulate(self._system, duration_s=self.now, seed=self._seed, events=events)

    # --- knobs --------------------------------------------------------------------------------------------------

    def _turned(self, values: dict[str, Any]) -> None:
        self._turn(values)
        self._tell()

    def _turn(self, values: dict[str, Any]) -> None:
        """Turn knobs now. The model hears of it when time moves on: what is turned back meanwhile never happened."""
        if not self._tried(lambda: self.running.system.replace({**self._turns, **values})):
            self.controls.put({path: self.running.system.get(path) for path in values})
            return
        self.error = None
        self._turns |= values
        for path, label in ((one["path"], one["label"]) for one in self.controls.described):
            if path in values:
                self._mark(path, f"{label}: {value_in_words(values[path], path)}")
        self._choose_every()
        if self.playing:
            self._clock.wake()

    def _mark(self, key: str, words: str, for_s: float = 0.0) -> None:
        """A line in the chart; one for a whole drag of a slider."""
        mark = {"key": key, "from": self.now, "at": self.now, "until": self.now + for_s, "words": words}
        last = self.marks[-1] if self.marks else None
        if last and last["key"] == key and key in self.controls and self.now - last["at"] <= DRAG_S * self._speed:
            mark["from"] = self.marks.pop()["from"]
        self.marks = [old for old in self.marks if old["at"] > self.now - WINDOW_S] + [mark]

    def _choose_every(self, anew: bool = False) -> None:
        """One request of how many is a dot. While a run goes on dots do not vanish unless it must be."""
        sources = self.running.system.replace(self._turns).sources.values()
        asked = sum(s.offered_per_s * (s.surge.times if s.surge and s.surge.at_s <= self.now else 1) for s in sources)
        every = nice(asked * self._speed / DOTS_PER_S)
        if anew or every > 5 * self.watch.every:
            self.watch.every = every

    # --- time ---------------------------------------------------------------------------------------------------

    def advance(self, duration_s: float, within_s: float = float("inf")) -> None:
        """Let so much simulated time pass, but take no longer than `within_s`; tell the page."""
        number("duration_s", duration_s, at_least=0)
        with self._lock:
            until, late = self.now + duration_s, monotonic() + within_s
            turns, self._turns = self._turns, {}
            if turns and not self._tried(lambda: self.running.turn(turns)):
                self.controls.put({path: self.running.system.get(path) for path in turns})
                return self._tell()
            self.happened += [Change(path, value, self.now) for path, value in turns.items()]
            while self.now < until and monotonic() < late:
                if not self._tried(lambda: self.running.advance(min(until, self.now + CELL_S))):
                    break
            steps = self.watch.note()
            if self.playing and max(len(self.watch.inside), self.watch.waiting) > MOST_INSIDE:
                self._fail(
                    f"{MOST_INSIDE:,} requests are inside, and a real machine would be out of memory long before: "
                    "send less, serve more, or reset"
                )
            self._tell(steps)

    def _tried(self, happen: Callable[[], Any]) -> bool:
        try:
            happen()
            return True
        except Exception as error:  # noqa: BLE001  a panel must live on, whatever its system does
            self._fail(why(error))
            return False

    def _fail(self, said: str) -> None:
        self.playing, self.error = False, f"The run is paused: {said}."

    def _tick(self, elapsed_s: float) -> bool:
        with self._lock:
            if monotonic() - self._heard_at > UNHEARD_S or self.comm is None:
                self.pause()  # nobody looks at it any more
            elif self.playing and self._number - self._heard < AHEAD:
                self.advance(elapsed_s * self._speed, SHARE_S)
            return self.playing

    # --- the page -----------------------------------------------------------------------------------------------

    def _wished(self, change) -> None:
        with self._lock:
            wish, granted = change["new"], self._granted
            if wish["number"] <= granted["number"]:
                return  # it comes late, from a page that is gone: what was wished since then counts
            self._granted = wish
            if wish["resets"] != granted["resets"]:
                self.reset()
            self.speed = wish["speed"]
            values = self.controls.received(wish["values"])
            others = {path: value for path, value in values.items() if value != self.controls[path].value}
            if others:
                self.controls.put(others)
                self._turn(others)
            for _ in range(wish["surges"] - granted["surges"]):
                self.surge()
            for name in (Counter(wish["kills"]) - Counter(granted["kills"])).elements():
                if self.running.alive(name):  # the page may not know yet that none is left
                    self.kill(name)
            for number in (Counter(wish.get("failures")) - Counter(granted.get("failures"))).elements():
                self.set_off(int(number))
            if wish["steps"] != granted["steps"]:
                self.step(wish["steps"] - granted["steps"])
            if wish["presses"] != granted["presses"]:
                (self.play if wish["playing"] else self.pause)()
            self._tell()

    def _message(self, _widget, message, _buffers) -> None:
        with self._lock:
            if message.get("kind") == "heard":
                self._heard, self._heard_at = message["number"], monotonic()
            elif message.get("kind") == "hello":
                self._tell(self.watch.present(), fresh=True)
                self._heard, self._heard_at = self._number, monotonic()
            elif message.get("kind") == "gone":
                self.pause()

    def _tell(self, steps=(), fresh: bool = False) -> None:
        """Send the page what is new, or (`fresh`) everything."""
        watch, system = self.watch, self.running.system.replace(self._drawn)
        samples = [sample for sample in watch.samples if fresh or sample[0] > self._told]
        self._told = samples[-1][0] if samples else self._told
        self._number += 1
        watch.find_units()
        news = {
            "kind": "news",
            "number": self._number,
            "granted": self._granted,
            "now": self.now,
            "playing": self.playing,
            "speed": self._speed,
            "every": watch.every,
            "values": self.controls.sent(),
            "marks": self.marks,
            "error": self.error,
            "note": self.note,
            "none_left": {
                name: f"No machine of “{label}” is left: each comes back {DOWN_S} s after it died."
                for name, label in self.pools.items()
                if not self.running.alive(name)
            },
            "fresh": fresh,
            "sentence": None if self.playing else self.sentence,
        }
        if fresh or self._shown != (system, len(watch.units)):
            self._shown = system, len(watch.units)
            news["units"] = units_of(self.scene["boxes"], [part.name for part in watch.units])
            news["texts"] = texts_of(system, self.scene["boxes"])
        tables = (steps, watch.state(), samples)
        self.send(news, buffers=[np.array(table, dtype="<f8").tobytes() for table in tables])

    @property
    def sentence(self) -> str:
        """The present state in words."""
        what = "Running" if self.playing else "Paused"
        if not self.watch.samples:
            return f"{what} at the start."
        _, sent, served, refused, _, p95, inside = self.watch.samples[-1]
        lasts_s = min(self.now, LONGEST_S)
        unit, s = shown_in("now_s", lasts_s)
        soon = "" if p95 != p95 else f"; 95 of 100 answers within {seconds(p95 / 1000, lasts_s)}"
        return (
            f"{what} at {self.now / s:,.1f} {unit}: {rate(sent)} requests a second sent, {rate(served)} served, "
            f"{rate(refused)} refused; {inside:,} in the system{soon}."
        )


def live(
    system: System, *controls: Slider | Choice, speed: float = 1.0, seed: int = 1, events: Iterable[Event] = ()
) -> Live:
    """The running system: play it, turn its knobs while it runs, set off a surge, watch the requests move.

    Controls are those of `explore`; they act at the present simulated time. speed: simulated seconds a second.
    seed: which customers come. events: failures that wait for somebody to set them off, a button each, such as
    `Slowdown("payment", for_s=30)`; its `at_s` does not count. Its `recorded` is the run so far, as a result.
    Raises ValueError with a sentence for a control or an event that does not fit the system.
    """
    system, events = check_complete(system), as_events(events)
    Running(system, seed, events)  # an event that can't happen is refused now
    return Live(system, controls, speed, seed, events)
