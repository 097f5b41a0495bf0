"""`post_mortem(run)`: what happened, what it cost, what helped, what to do, as the points of a `brief`. Nobody is to blame."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from pmtech.runs.events import Change
from pmtech.runs.events.event import named, names_of
from pmtech.runs.result import Result
from pmtech.runs.summary import each_second
from pmtech.wording import clock, counted, listed, nearest, percent, plain, seconds

BROKEN = 0.05  # share of those who heard in a second that heard of a failure, from which on it is an incident
CALM_S = 10  # so long must all be well before it is over
BESIDE_S = 10  # before and after somebody acted


def post_mortem(
    run: Any, *, usd_per_request: float | Mapping[str, float] | None = None, actions: Iterable[str] = ()
) -> dict:
    """The points of a page without blame, for `brief(post_mortem(run), title=...)`.

    run: a run with events, or a `live` panel after a game day. usd_per_request: what a request that failed would have
    brought, of everybody or by client ({"buyers": 20}); that is an assumption, and the page says so. actions: what was
    agreed, each with who and by when.
    An incident lasts from the first second in which more than 5 of 100 were told of a failure, or gave up, until they
    are answered for ten seconds: it is seen when it is told, not when they asked.
    Raises ValueError with a sentence.
    """
    run = run.recorded if hasattr(run, "recorded") else run
    if not isinstance(run, Result):
        raise ValueError(f"post_mortem needs a run, or a live panel that has played, got {run!r}")
    usd = _prices(run, usd_per_request)
    actions = [actions] if isinstance(actions, str) else [str(action) for action in actions]
    heard, lost = _by_second(run)
    begins, ends = _incident(run, heard, lost)
    unit = {"hour": "h", "minute": "min", "second": "s"}[clock(run.duration_s)[0]]
    return {
        "In short": _short(run, begins, ends),
        "Timeline": [f"{_tenth(at_s, run)} {unit}: {words}" for at_s, words in _timeline(run, begins, ends)]
        or ["Nothing happened."],
        "Impact": _impact(run, usd),
        "What helped": _helped(run, heard, lost, begins, ends),
        "Actions, each with a name and a date": actions
        or [f"To settle: {question}" for question in _to_settle(run, begins, ends)]
        or ["Nothing to settle: there was no incident."],
        "Without blame": "Whoever acted did what made sense with what could be seen. The question is what made it sensible, "
        "and what would have shown more. Times are those of the simulated evening.",
    }


def _prices(run: Result, usd: float | Mapping[str, float] | None) -> dict[str, float]:
    """Dollars for a request, by client; empty where nobody said."""
    if usd is None:
        return {}
    prices = dict(usd) if isinstance(usd, Mapping) else dict.fromkeys(run.records.sources, usd)
    for name, price in prices.items():
        if name not in run.records.sources:
            raise ValueError(f'usd_per_request: there are no clients "{name}": {nearest(name, run.records.sources)}')
        if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1e9:
            raise ValueError(f"usd_per_request must be dollars for a request, got {price!r}")
    return prices


def _by_second(run: Result) -> tuple[np.ndarray, np.ndarray]:
    """How many heard in each second, and how many of them that it failed or was refused, or gave up."""
    heard, lost = (
        each_second(run.records.finished_s[run.records.status >= least], run.duration_s) for least in (1, 400)
    )
    return heard, lost


def _incident(run: Result, heard: np.ndarray, lost: np.ndarray) -> tuple[float | None, int | None]:
    """From which moment until which second; (None, None): there was none; until None: it is not over."""
    broken = np.flatnonzero(lost > BROKEN * np.maximum(heard, 1))
    if not len(broken):
        return None, None
    gaps = np.flatnonzero(np.diff(broken) > CALM_S)
    last = int(broken[-1] if not len(gaps) else broken[gaps[0]])
    failed = np.sort(run.records.finished_s[run.records.status >= 400])
    failed = failed[(failed >= broken[0]) & (failed <= broken[0] + 1)]
    happened = [event.at_s for event in run.events if event.at_s <= failed[-1]]  # whoever failed just before: by chance
    begins = failed[failed >= max(happened, default=0.0)][0]
    return float(begins), last + 1 if len(heard) - last > CALM_S else None


def _short(run: Result, begins: float | None, ends: int | None) -> str:
    if begins is None:
        return "In no second were more than 5 of 100 left without an answer: no incident."
    acts = [event.at_s for event in run.events if isinstance(event, Change) and event.at_s >= begins]
    acted = seconds(min(acts, default=begins) - begins, run.duration_s)
    noticed = f" Somebody acted {acted} after it began." if acts else " Nobody acted."
    after = seconds((ends or run.duration_s) - begins, run.duration_s)
    lasted = f"lasted {after}" if ends else f"is not over after {after}"
    return f"It began at {clock(run.duration_s)[0]} {_tenth(begins, run)} and {lasted}.{noticed}"


def _tenth(at_s: float, run: Result) -> str:
    """A moment in the unit of the run's chart, to a tenth: it may have begun between two seconds."""
    return plain(round(at_s / clock(run.duration_s)[1], 1))


def _timeline(run: Result, begins: float | None, ends: int | None) -> list[tuple[float, str]]:
    found, system = [], run.system
    for event in sorted(run.events, key=lambda event: event.at_s):
        mark = event.mark(system)
        system = event.after(system)
        found.append((mark.at_s, mark.words))
        found += [(mark.until_s, f"over: {mark.words}")] if mark.at_s < mark.until_s < run.duration_s else []
    for name, machines in run.records.deaths.items():
        if "crashes" in run.figures(name):
            found += [(at_s, f"{run.system.label(name)} {'is back, empty' if alive else 'dies'}")
                      for deaths in machines for at_s, alive in deaths]  # fmt: skip
    if begins is not None:
        found.append((begins, "more than 5 of 100 are not answered any more"))
        found += [(float(ends), "everybody is answered again")] if ends else []
    return sorted(found)


def _impact(run: Result, usd: dict[str, float]) -> list[str]:
    said, money, r = [], 0.0, run.records
    for number, name in enumerate(r.sources):
        mine = r.status[r.client == number]
        lost = int((mine >= 400).sum())
        money += lost * usd.get(name, 0.0)
        said.append(
            f"{run.system.label(name)}: {counted(lost, 'request')} of {len(mine):,} failed, were refused or gave up"
        )
    late = int((r.status == 0).sum())
    said += [f"{counted(late, 'request')} had no answer yet at the end"] if late else []
    if usd:
        each = listed(f"{plain(price)} USD for each request of {run.system.label(name)}" for name, price in usd.items())
        said.append(f"In money: {money:,.0f} USD, at {each} (an assumption)")
    return said


def _helped(run: Result, heard: np.ndarray, lost: np.ndarray, begins: float | None, ends: int | None) -> list[str]:
    """What was lost in the seconds before and after each act."""

    def share(since: float, until: float) -> float:
        part = slice(max(0, int(since)), max(0, int(until)))
        return float(lost[part].sum() / max(1, heard[part].sum()))

    said, system = [], run.system
    for event in sorted(run.events, key=lambda event: event.at_s):
        if isinstance(event, Change) and begins is not None and event.at_s >= begins:
            before, after = share(event.at_s - BESIDE_S, event.at_s), share(event.at_s + 1, event.at_s + 1 + BESIDE_S)
            words = event.mark(system).words
            said.append(f"{words}: {percent(before)} were lost in the ten seconds before, {percent(after)} after")
        system = event.after(system)
    return said or [f"Nobody turned anything{': what ended, ended by itself' if ends else ''}."]


def _to_settle(run: Result, begins: float | None, ends: int | None) -> Iterator[str]:
    """What the run leaves open: how it is seen, who suffered beside it, how long one waits, why it went on, who acts; then what
    those parts ask that refused somebody or have something to say of the run."""
    if begins is None:
        return
    system, heard, acts = run.system, begins + 1, [one for one in run.events if isinstance(one, Change)]
    causes = {one.mark(system): names_of(system, getattr(one, "name", "")) for one in run.events if one not in acts}
    causes = {mark: names for mark, names in causes.items() if names and mark.at_s <= heard}
    for mark in causes:
        yield f"{mark.words}: what shows it before customers do, and whom do we call?"
    for label, lost in _beside(run, {name for names in causes.values() for name in names}):
        names = listed(dict.fromkeys(named(system, name) for names in causes.values() for name in names))
        yield f"{label} never need {names}, and {counted(lost, 'request')} of theirs failed: what keeps the two apart?"
    for name in dict.fromkeys(slow.part for slow in run.slowed):
        visits = run.records.visits[name]
        longest = np.nanmax(visits.left_s - visits.started_s, initial=0.0)
        yield f"{system.label(name)} took up to {seconds(longest, run.duration_s)}: when do we stop waiting for it, and what is shown then?"
    over = max((mark.until_s for mark in causes), default=np.inf)
    if over + CALM_S < (ends or run.duration_s):
        after = seconds((ends or run.duration_s) - over, run.duration_s)
        yield f"It went on for {after} after its cause was over: what holds it, and who may end it?"
    if not any(one.at_s >= begins for one in acts):
        yield "Nobody acted: who is called when more than 5 of 100 fail, and what may they switch without asking?"
    for name, figures in ((name, run.figures(name)) for name in run.records.visits):
        part = run.at_end.components[name]
        if part.question and (name in run.records.refusals.component or part.findings(part.label, figures)):
            yield part.question


def _beside(run: Result, hit: set[str]) -> Iterator[tuple[str, int]]:
    """Who lost more than a few although none of theirs ever goes to a part that was hit, and how many."""
    r = run.records
    asked = {number for name in hit for number in r.client[r.visits[name].row].tolist()}
    for number, name in enumerate(r.sources):
        mine = r.status[r.client == number]
        lost = int((mine >= 400).sum())
        if hit and number not in asked and lost > BROKEN * len(mine):
            yield run.system.label(name), lost
