"""One chart, with the sentences that say what it shows."""

from collections.abc import Mapping
from math import isnan

import traitlets

from pmtech.charts import journey, messages, rented
from pmtech.charts import monitoring as monitored
from pmtech.charts import retries as tried
from pmtech.charts import scalability as scaled
from pmtech.charts.first_page import figure as first_pages
from pmtech.charts.first_page import pages
from pmtech.panels.widget import Panel
from pmtech.runs.comparison import Comparison, by_label
from pmtech.runs.result import Result
from pmtech.theory.checks import number
from pmtech.wording import counted, listed, moment, percent, seconds


class Figure(Panel):
    """A plotly figure (a dict) that shows itself, `height` px high; `said` stands below it and is its text alternative."""

    alone = True

    _esm = """
function render({ model, el }) {
  const plot = h("div", { role: "img", "aria-label": `${model.get("name")}. The sentences below say what it shows.` });
  Object.assign(plot.style, { height: `${model.get("height")}px`, minWidth: "680px" });
  const drawing = chart(model, plot);
  el.append(h("div", { class: "pmtech-scrolls" }, plot), ...model.get("said").map((text) => h("p", {}, text)));
  drawing.draw(model.get("figure"));
  return drawing.stop;
}
"""
    figure = traitlets.Dict().tag(sync=True)
    height = traitlets.Int(320).tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    said = traitlets.List(traitlets.Unicode()).tag(sync=True)


def waterfall(result: Result, *which: int | str) -> Figure:
    """Where the time of one request went: on the network, waiting, at work, in the database.

    which: "typical" (half of the others were quicker; also without any), "slowest", or the number of a request in
    `Result.requests`; several are drawn on the same axis. Raises ValueError for a request that was not answered.
    """
    which = which or ("typical",)
    drawn = journey.figure(result, which)
    bottom, top = drawn["layout"]["yaxis"]["range"]
    said = [journey.said(result, choice) for choice in which]
    return Figure(figure=drawn, height=round((top - bottom) * 26 + 56), name="Waterfall of single requests", said=said)


def monitoring(result: Result) -> Figure:
    """The same run as your team's monitoring tool draws it: traffic, errors and latency, a point every five seconds or more.

    What this leaves out: saturation, the fourth of the "golden signals"; a real tool samples, and rounds its percentiles.
    """
    drawn = monitored.figure(result)
    return Figure(figure=drawn, height=230, name="Traffic, errors and latency over time", said=[])


def lateness(result: Result) -> Figure:
    """Answered is not done: how long the answer took and how old each message was when its work was done, over the run."""
    if not result.queues:
        raise ValueError(f"lateness needs a run with a Queue or a Topic, such as simulate(system), got {result!r}")
    s, lines = result.summary, result.components.loc[result.queues].max_queue
    within_s = result.messages_of().within_s(0.95)
    within = f"95 of 100 messages were done within {seconds(within_s, result.duration_s)}"
    done = "Fewer than 95 of 100 messages were done" if isnan(within_s) else within
    said = f"95 of 100 answers came within {seconds(s.p95_ms / 1000, result.duration_s)}. {done}."
    longest = f"At most {counted(int(lines.max()), 'message')} waited in “{result.system.label(lines.idxmax())}”"
    empty = (until := result.caught_up_s) < result.duration_s
    then = f"from {moment(until, result.duration_s)} on it was empty again" if empty else "it is not empty yet"
    name = "Time to answer and age of the messages"
    return Figure(figure=messages.age(result), height=240, name=name, said=[said, f"{longest}; {then}."])


def fleets(runs: Comparison) -> Figure:
    """How many machines each design had, moment by moment, and how many the load would have kept at work; what each cost.

    runs: what `compare` gave, of up to four designs.
    """
    said = []
    for label, run in runs.results.items():
        s, what = run.summary, "messages done" if run.queues else "answers"
        took = run.messages_of().within_s(0.95) if run.queues else s.p95_ms / 1000
        soon = seconds(took, run.duration_s)
        within = f"fewer than 95 of 100 {what}" if isnan(took) else f"95 of 100 {what} within {soon}"
        said.append(
            f"“{label}”: {s.cost_usd_per_hour * run.window_s / 3600:,.2f} dollars in all, {percent(s.error_rate)} of the "
            f"requests lost, {within}."
        )
    said += [f"{listed(f'“{one}”' for one in same)} have as many machines at every moment: their lines lie over one another."
             for same in rented.alike(runs.results)]  # fmt: skip
    return Figure(figure=rented.fleets(runs.results), height=280, name="Machines over time", said=said)


def first_page(viewer: str, others: dict[str, float]) -> Figure:
    """What a first page costs a viewer in one city, answered from others: `first_page("Mumbai", {"Frankfurt": 50})`.

    others: city -> ms of work there. What this leaves out: that a name is mostly known nearby (DNS), the detours of real
    cables, loss, the bytes. Raises ValueError with a sentence for a city that the map does not know.
    """
    if not isinstance(others, dict) or not others:
        raise ValueError(f'first_page needs cities with their work in ms, such as {{"Frankfurt": 50}}, got {others!r}')
    height = 40 * len(others) + 60
    found = pages(viewer, others)
    drawn = first_pages({f"from {page.other}": page for page in found})
    return Figure(figure=drawn, height=height, name="A first page, step by step", said=[page.said for page in found])


def over_time(runs, at: str | None = None, *, every_s: float = 1.0) -> Figure:
    """Several runs on one axis of time: how many are answered a second; with `at`, how many attempts come to that part.

    runs: {label: run}, or a comparison; five at most are drawn. every_s: seconds for each point, 0.1 at least.
    Raises ValueError with a sentence.
    """
    runs = by_label("over_time", runs)
    number("every_s", every_s, at_least=0.1, at_most=3600)
    if at is None:
        what, each = "answered", {label: run.records.finished_s[run.records.served] for label, run in runs.items()}
    else:
        each = {label: tried.came(run, at) for label, run in runs.items()}
        what = f"attempts at “{next(iter(runs.values())).system.label(at)}”"
    said = "; ".join(f"{label}: {len(times):,}" for label, times in each.items())
    name = f"{'Answers' if at is None else 'Attempts'} over time"
    return Figure(figure=tried.by_run(runs, at, every_s), height=260, name=name, said=[f"In all, {what}: {said}."])


def scalability(measured: Mapping[int, float]) -> Figure:
    """What more servers bring, from your own numbers: `scalability({1: 80, 2: 152, 4: 283})`.

    measured: number of servers -> requests served a second, at least three of them, as a load test gives them.
    The Universal Scalability Law is fitted to them; Amdahl's law is the same curve without its cost of agreeing.
    Sources: Amdahl, AFIPS 30 (1967); Gunther, "Guerrilla Capacity Planning" (2007), chapter 4.
    What this leaves out: how sure a fit to a few points is; another part that becomes the bottleneck beyond them.
    Raises ValueError with a sentence.
    """
    law = scaled.fitted(measured)
    drawn, said = scaled.figure(measured, law), scaled.said(measured, law)
    return Figure(figure=drawn, height=320, name="Throughput against servers", said=said)
