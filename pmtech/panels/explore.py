"""The what-if panel: sliders, the living picture, four numbers, one chart, and the sentences that explain it."""

from collections.abc import Callable, Iterable
from pathlib import Path

import traitlets

from pmtech import charts
from pmtech.charts import plot
from pmtech.diagram import diagram
from pmtech.diagram.layout import layout
from pmtech.panels.cards import chosen, shown
from pmtech.panels.controls import Choice, Controls, Slider
from pmtech.panels.errors import why
from pmtech.panels.widget import Panel
from pmtech.runs.events.event import as_events
from pmtech.runs.homes import uneven_shares
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System, check_complete
from pmtech.wording import nearest, plain, value_in_words

LONG_RUN = "The picture: the long run. Below: this run, its start and its chance included."
MACHINES = "The picture: the long run, each machine as in this run. Below: this run."  # no longer: it stays on its line
STRETCH = 4  # an axis stays as long as what it shows fills so much of it: a quarter
watchers: "list[Callable[[Explore], None]]" = []  # are told of every panel that is opened, and whenever it is turned


class Explore(Panel):
    """Made by `explore`. Whatever happens in it is said in it: `error` is a sentence, or None.

    controls: path -> Control. result: the last run. cards: name -> text. sentences: its explanation. seed: which
    customers. figure: the chart as a plotly dict. shows: the names of its cards. keep() pins the run behind the next ones, forget()
    unpins it, reset() puts everything back.
    """

    _esm = Path(__file__).parent / "explore.js"
    _css = Path(__file__).parent / "explore.css"

    described = traitlets.List().tag(sync=True)
    first_seed = traitlets.Int().tag(sync=True)
    # The page's wishes and the kernel's answer are one dict each: what belongs together arrives together.
    wish = traitlets.Dict().tag(sync=True, echo_update=False)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(
        self, system: System, controls: tuple[Slider | Choice, ...], show: str, cards: tuple, seed: int, **run
    ):
        self._system, self._draw, self.shows, self._run = system, charts.CHARTS[show], cards, run
        self._number = self._pin = 0  # of the last wish; of the last "keep" in it
        self.seed = seed
        self.controls = Controls("explore", system, controls, lambda _: self._compute())
        self._lock = self.controls.lock
        self.result = self.at({}, seed)
        self.pinned: Result | None = None
        self._ends: dict[str, float] = {}  # where the axes of the chart end
        # The page may begin before anything could be added.
        super().__init__(described=self.controls.described, first_seed=seed, answer=self._answered())
        self.observe(self._wished, "wish")
        self._tell()

    # --- what a learner does ------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Every control back to where it was, and the first customers again."""
        self._set(self.controls.defaults, self.first_seed)

    def new_customers(self) -> None:
        """The next seed: other customers, same design."""
        self._set({}, self.seed + 1)

    def keep(self) -> None:
        """Pin the present run, to be drawn behind the next ones."""
        with self._lock:
            self.pinned = self.result
            self._compute()

    def forget(self) -> None:
        """Unpin what was kept."""
        with self._lock:
            self.pinned = None
            self._compute()

    def close(self) -> None:
        """A panel is a circle, and what it holds would stay until somebody looks for garbage: the runs go at once."""
        self.__dict__.pop("result", None)
        self.pinned = None
        super().close()

    def _wished(self, change) -> None:
        wish = change["new"]
        with self._lock:
            if wish["pin"] != self._pin:
                self.pinned = self.result if wish["pin"] else None
            self._number, self._pin = wish["number"], wish["pin"]
            self._set(self.controls.received(wish["values"]), wish["seed"])

    def _set(self, values: dict, seed: int) -> None:
        with self._lock:
            self.seed = seed
            self.controls.put(values)
            self._compute()

    # --- what it answers ----------------------------------------------------------------------------------------

    def at(self, values: dict, seed: int) -> Result:
        """The run with the controls there; the panel itself stays as it is."""
        return simulate(self._system.replace(values), seed=seed, **self._run)

    @property
    def what(self) -> str:
        """What is run: the same for every copy of this panel, whoever has it open, unless its cell was changed."""
        return f"{self._system!r} {self.controls.described} {self._run}"

    def _tell(self) -> None:
        for watch in list(watchers):
            watch(self)

    def _compute(self) -> None:
        try:
            self.result = self.at({path: control.value for path, control in self.controls.items()}, self.seed)
            self.answer = self._answered()
            self._tell()
        except Exception as error:  # noqa: BLE001  a panel must live on, whatever its system does
            self.answer = {**self.answer, **self._wish, "error": f"This can't be run: {why(error)}."}

    def _answered(self) -> dict:
        figure, shares = self._draw(self.result, self.pinned), uneven_shares(self.result)
        return {
            **self._wish,
            "cards": shown(self.result, self.pinned, self.shows),
            "picture": diagram(self.result.system, layout(self.result.system, shares=shares)),
            "caption": MACHINES if shares else LONG_RUN,
            "scale": self._hold(figure),
            "figure": figure,
            "before": self._before(),
            "sentences": self.result.explain(p99=False),  # no card shows it
            "axis": (self._draw.__doc__ or "").partition("\n")[0].rstrip("."),
            "pinned": self.pinned is not None,
            "error": None,
        }

    def _hold(self, figure: dict) -> str:
        """Leave the axes where they were while what is shown fills them well; else say which of them has changed."""
        changed = []
        for name in ("xaxis", "yaxis"):
            axis, kept = figure["layout"][name], self._ends.get(name)
            low, end = axis.get("range", (None, None))
            if low != 0 or "title" not in axis:
                continue
            if kept is None:
                self._ends[name] = end
                continue
            if not end <= kept <= STRETCH * end:
                kept = self._ends[name] = plot.ceiling(end)  # a step more than it must, for the moves to come
                changed.append(f"{axis['title']['text']}, up to {plain(kept)}")
            axis["range"] = [0, kept]
            if name == "yaxis":
                plot.respaced(figure, kept)
            for note in figure["layout"]["annotations"]:  # what stood beside the axes, at their end, stands there
                note.update({"x": kept} if name == "xaxis" and note["x"] == end else {})
        which = "Both axes have" if changed[1:] else "The axis has"
        return f"{which} changed: {'; '.join(changed)}." if changed else ""

    def _before(self) -> str:
        """What was kept, called by what was other then."""
        if self.pinned is None:
            return ""
        then, now = self.pinned.system, self.result.system
        others = [
            f"{one['label']} {value_in_words(then.get(one['path']), one['path'], one.get('high', 0))}"
            for one in self.controls.described
            if then.get(one["path"]) != now.get(one["path"])
        ]
        others += ["other customers"] if self.pinned.seed != self.result.seed else []
        return f"Before: {', '.join(others) or 'as now'}."

    @property
    def _wish(self) -> dict:
        """Which wish of the page it answers, and the values that hold now."""
        return {"values": self.controls.sent(), "seed": self.seed, "number": self._number, "pin": self._pin}

    cards = property(lambda self: {card["name"]: card["value"] for card in self.answer["cards"]})
    sentences = property(lambda self: self.answer["sentences"])
    error = property(lambda self: self.answer["error"])
    figure = property(lambda self: self.answer["figure"])


def explore(
    system: System,
    *controls: Slider | Choice,
    show: str | None = None,
    cards: Iterable[str] | None = None,
    duration_s: float = 60.0,
    seed: int = 1,
    events: Iterable = (),
) -> Explore:
    """A panel in which controls change the system and the run is shown again at once.

    show: "clients" (who is served how much), "waits" (p95 of each), "latency" (time to answer), "throughput" (asked,
    served, refused a second), "queue" (requests inside), "load" (time to answer against the share of the capacity that is
    asked for), "hits" or "freshness" (of a cache's answers), "age" (of answers and messages), "backlog" (messages that are
    not done), "first_page" (what the first clients wait for, round trip by round trip), "batches" (the wait before a queue
    against how many come), "machines" (how many are there, and needed), "price" (by the call and by the hour, against the
    load), "attempts" (what is asked, how often it is tried, what is answered); without it, clients where there are
    several, otherwise latency.
    cards: up to four of the numbers in cards.py; without it, those that fit what is in the system.
    duration_s, seed and events are those of `simulate`.
    Raises ValueError with a sentence for a control that does not fit the system, or a system that can't run.
    """
    system = check_complete(system)
    show = show or charts.default_chart(system)
    if show not in charts.CHARTS:
        raise ValueError(
            f'show must be one of {", ".join(charts.CHARTS)}; got "{show}": {nearest(show, charts.CHARTS)}'
        )
    return Explore(
        system, controls, show, chosen(system, cards), duration_s=duration_s, seed=seed, events=as_events(events)
    )
