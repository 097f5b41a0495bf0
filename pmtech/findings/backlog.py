"""The backlog before a part of a system, and what it met there during a run."""

from functools import cached_property
from itertools import groupby, takewhile
from math import inf, nan, sqrt

import numpy as np

from pmtech.findings import thresholds as at
from pmtech.runs.certainty import as_set
from pmtech.runs.offers import Offer, lets_through, stretches
from pmtech.runs.result import Result
from pmtech.system.system import System, heard_by


class Backlog:
    """What stood before a part, or before all machines of a pool together; of a `Queue` the messages that it kept until
    they were handed out for the first time.

    workers: the stations that work it off, the part itself or those to whom a queue hands; queue: the backlog of the queue
    that hands to these, or itself. came, started, began, left: when requests (messages) came, when each was taken up, when a
    worker began and ended. handed: (when, how many messages, how many of them once more). times, length: when the backlog
    changed, and how long it was then. used: the utilisation of the workers. turned_away: when the part answered 503.
    behind: the backlogs further on.
    """

    _queue: "Backlog | None" = None  # not itself: a circle would hold the whole run until somebody looks for garbage

    def __init__(self, result: Result, names: list[str]):
        system, records = result.system, result.records
        self.result, self.names, self.part = result, names, result.at_end.components[names[0]]
        self.behind: list[Backlog] = []
        self.workers = workers_of(system, *names) if self.part.pulls else names
        self.station = result.at_end.components[self.workers[0]].station if self.workers else None
        theirs = (records.visits[name] for name in self.workers)
        visits = [(v.entered_s, v.started_s, v.left_s) for v in theirs]
        self.came, self.began, left = map(np.concatenate, zip([[]] * 3, *visits, strict=True))
        self.started, self.left = self.began, np.where(np.isnan(left), result.duration_s, left)
        if self.part.pulls:
            self.came = np.concatenate([records.visits[name].entered_s for name in names])
            self.started = records.messages["received_s"][np.isin(records.messages["queue"], names)]
        notes = [records.notes[name][:, :3] for name in names if self.part.pulls]
        self.handed = np.concatenate([np.empty((0, 3)), *notes])
        refused = records.refusals
        here = np.isin(refused.component, names) & (refused.status == 503) & (refused.at_s >= result.warmup_s)
        self.turned_away = refused.at_s[here]
        joined, gone = (np.concatenate(times) for times in zip(*map(result.backlog, names), strict=True))
        times = np.concatenate([joined, gone[gone < inf]])
        steps = np.where(np.arange(len(times)) < len(joined), 1, -1)
        order = np.lexsort((steps, times))
        self.times, self.length = times[order], np.cumsum(steps[order])
        self.at_end = int(self.length[-1]) if len(times) else 0
        used = [share for name in self.workers if (share := result.parts[name]["utilisation"]) == share]
        self.used = sum(used) / len(used) if used else nan

    def offers(self, begin: float | None = None, end: float | None = None) -> list[Offer]:
        """What its workers offered, stretch by stretch, to a queue in batches as large as may be; without times, in the
        measured window."""
        found = self.result.offers(*self.workers, since=self.result.warmup_s if begin is None else begin, until=end)
        for number, offer in enumerate(found if self.part.pulls and self.workers else ()):
            ((_, _, system),) = stretches(self.result.history, offer.begin_s, offer.end_s)
            batch = system.components[self.names[0]].batch
            found[number] = offer._replace(per_s=offer.per_s * batch / self.as_long(batch))
        return found

    def as_long(self, together: float) -> float:
        """How many times as long as on one its workers work on so many that they are handed together."""
        part = self.result.at_end.components[self.workers[0]]
        return 1 + (together - 1) * (part.item_ms / 1000) / (part.own_s or inf)  # a throttle does not work

    @cached_property
    def may_be_held(self) -> bool:
        """Do its workers wait for whoever comes after them?"""
        held = self.station.held if self.station else self.part.lends
        return bool(held and self.waits_for)

    @cached_property
    def waits_for(self) -> set[str]:
        """For whose answers its workers wait."""
        return heard_by(self.result.system, self.workers) - {*self.workers}

    @cached_property
    def asks_s(self) -> np.ndarray:
        """When each of `began` had done its own work: it asked whoever is behind it, or else left."""
        visits = self.result.records.visits
        behind = [visits[name] for name in self.waits_for if name in visits]
        row, entered_s = (
            np.concatenate([[0.0], *columns])
            for columns in ([v.row + 1 for v in behind], [v.entered_s for v in behind])
        )
        order = np.lexsort((entered_s, row))
        row, entered_s = row[order], entered_s[order]
        whose = np.concatenate([visits[name].row + 1 for name in self.workers])
        per_row = self.result.duration_s + 1
        nth = np.searchsorted(row * per_row + entered_s, whose * per_row + self.began).clip(max=len(row) - 1)
        return np.where(row[nth] == whose, np.minimum(entered_s[nth], self.left), self.left)

    @cached_property
    def latest_s(self) -> float:
        """Since when they have offered what they do at the end."""
        offers = self.offers()
        return [*takewhile(lambda offer: offer.per_s == offers[-1].per_s, reversed(offers))][-1].begin_s

    @property
    def queue(self) -> "Backlog":
        return self._queue or self

    @property
    def is_full(self) -> bool:
        """May no more wait at the end?"""
        places, queues = self.part.waiting_limit, len(self.names) if self.part.pulls else self.offers()[-1].machines
        return places is not None and self.at_end >= at.NEARLY * places * queues

    def length_at(self, at_s: float) -> int:
        """How many there were just before a moment."""
        return int(self.length[self.times < at_s][-1:].sum())

    def since_empty(self, step: int) -> int:
        """The step with which the queue began that was there after `step`."""
        return int(np.flatnonzero(np.append(0, self.length[:step]) == 0)[-1])

    def last_waits_s(self, since: float) -> float:
        """How long the last of those who wait at the end will wait; infinity: nothing moves.

        Whoever stands before a machine stays there, so the slowest machine decides: where their queues are not equally
        long that is more than all of them divided by what all can serve, which only one common queue would keep. Each
        goes on as fast as it was since then, or since it changed; a queue's workers, where nothing holds them up, as they can.
        """
        end, found = self.result.duration_s, []
        since = max(since, self.latest_s) if self.latest_s < end - at.MOMENT_S else since
        if self.part.pulls:
            it = Stretch(self, since, end)
            pace = it.begun if it.cause in ("back", "held") else self.offers()[-1].per_s
            return self.at_end / pace if pace else inf
        for v in (self.result.records.visits[name] for name in self.names):
            waiting = np.bincount(v.machine[np.isnan(v.started_s) & np.isnan(v.left_s)])
            found += zip(waiting, np.bincount(v.machine[v.started_s > since], minlength=len(waiting)), strict=False)
        return max((many * (end - since) / begun for many, begun in found if many and begun), default=inf)

    @cached_property
    def stopped_s(self) -> float | None:
        """Since when nobody goes on, because all that the workers hold waits for what others of them keep; None: it goes on."""
        visits, parts, end = self.result.records.visits, self.result.at_end.components, self.result.duration_s
        taken = (
            visits[name].row[~np.isnan(visits[name].started_s) & np.isnan(visits[name].left_s)] for name in self.workers
        )
        held, began = np.concatenate([[], *taken]), self.began[~np.isnan(self.began)]
        if not len(held) or end - began.max() < max(at.MOMENT_S, at.STILL * np.ptp(began) / len(began)):
            return None
        inmost: dict[int, tuple[float, int, bool]] = {}
        for step, name in enumerate([*self.workers, *filter(self.waits_for.__contains__, visits)]):
            v, part = visits[name], parts[name]
            for here in np.flatnonzero(np.isnan(v.left_s) & np.isin(v.row, held)):
                works = part.lends is None and not np.isnan(v.started_s[here])
                patient = part.max_wait_s is None and not (part.lends and part.refuses_excess())
                inmost[v.row[here]] = max(
                    inmost.get(v.row[here], (0.0, 0, False)), (v.entered_s[here], step, works or not patient)
                )
        return None if any(goes_on for *_, goes_on in inmost.values()) else float(began.max())


class Stretch:
    """Some time of a run at a backlog, and what it met then.

    longest: how long the queue was when it ended. arrived: how many came; begun: how many were taken up, a second; back: how
    many were handed out once more, a second. chance: the standard deviation of how many come while as many go, to which
    work of very different size adds. meant: requests a second that the customers are set to send here, if chance alone
    explains the difference to those that came (None where nobody can know); asked: the same, or else those that came.
    """

    def __init__(self, backlog: Backlog, begin: float, ends: float, longest: int = 0):
        self.backlog, self.result, self.begin, self.ends, self.longest = backlog, backlog.result, begin, ends, longest
        self.lasts, handed = ends - begin, backlog.queue.handed
        self.arrived = int(((backlog.came >= begin) & (backlog.came <= ends)).sum())
        self.begun = float(self.within(backlog.started).sum()) / self.lasts
        self.handed = handed[self.within(handed[:, 0]) & (handed[:, 1] > 0), 1:]
        self.back = float(self.handed[:, 1].sum()) / self.lasts
        self.chance = sqrt(self.arrived) * max(1, backlog.station.cv if backlog.station else 1)
        then = stretches(self.result.history, begin, ends)
        sources = [(until - since, source) for since, until, system in then for source in system.sources.values()]
        expected = sum(lasts * source.offered_per_s for lasts, source in sources)
        known = all(source.is_steady for _, source in sources) and as_set(self.arrived, expected) == expected
        self.meant = expected / self.lasts if known else None
        self.asked = self.arrived / self.lasts if self.meant is None else self.meant

    def is_long(self, long: at.Long, per_s: float) -> bool:
        return self.longest > long.sigmas * self.chance and self.longest >= long.seconds * per_s

    def within(self, times: np.ndarray) -> np.ndarray:
        return (times > self.begin) & (times <= self.ends)

    @cached_property
    def could(self) -> float:
        """Requests a second that could be served, on average."""
        return sum(offer.per_s * offer.lasts_s for offer in self.backlog.offers(self.begin, self.ends)) / self.lasts

    @cached_property
    def mostly(self) -> Offer:
        """What was offered for most of the time, as it was first."""
        offers = self.backlog.offers(self.begin, self.ends)
        return max(offers, key=lambda offer: sum(other.lasts_s for other in offers if other[2:] == offer[2:]))

    @property
    def together(self) -> float:
        """How many messages the workers were handed at once, on average."""
        return float(self.handed[:, 0].mean()) if len(self.handed) else 1.0

    @cached_property
    def is_held(self) -> bool:
        """Is their own work clearly less than the time that the workers spend on requests?"""
        backlog, taken = self.backlog, self.within(self.backlog.began)
        # Where several are asked at once a request is in several places, and who asked whom is not known.
        branches = any(part.fan_out == "all" for part in self.result.system.parts)
        if not backlog.may_be_held or not backlog.station or branches or not taken.any():
            return self.own < at.CLEARLY
        work_s, held_s = ((until_s - backlog.began)[taken].sum() for until_s in (backlog.asks_s, backlog.left))
        return work_s < at.CLEARLY * held_s

    @cached_property
    def own(self) -> float:
        """The share of the time that the workers spend on requests which is their own work, at most as chance may have it; 1
        where nobody comes after them who could hold them."""
        backlog, station, taken = self.backlog, self.backlog.station, self.within(self.backlog.began)
        if not backlog.may_be_held:
            return 1.0
        if not taken.any():  # nobody comes to a worker any more: it is those who have one that keep it
            keep = (backlog.began <= self.begin) & (backlog.left >= self.ends)
            work_s, held_s = (
                keep.sum() * (station.mean_s if station else 0.0),
                float((backlog.left - backlog.began)[keep].sum()),
            )
            return min(1.0, work_s / held_s) if held_s else 1.0
        work_s, as_long = 0.0, backlog.as_long(self.together)
        for offer in self.result.offers(*backlog.workers, since=self.begin, until=self.ends):
            begun = ((backlog.began > offer.begin_s) & (backlog.began <= offer.end_s)).sum()
            work_s += begun * as_long * offer.places / offer.per_s if offer.per_s else 0.0
        chance = at.CHANCE * max(1, station.cv if station else 1) / sqrt(taken.sum())
        held_s = float((backlog.left - backlog.began)[taken].sum())
        return min(1.0, work_s * (1 + chance) / held_s) if held_s else 1.0

    @property
    def growth(self) -> float:
        """By so many the queue grew, a second."""
        return (self.longest - self.backlog.length_at(self.begin)) / self.lasts

    @cached_property
    def cause(self) -> str:
        """What made most of the queue: those who came "back" to be worked on once more, workers that were "held", more
        "demand" than could be served, "uneven" shares, or "chance"."""
        if self.asked <= self.could < self.asked + self.back:
            return "back"
        if self.is_held:
            return "held"
        if self.asked - self.could > (0 if self.ends < self.result.duration_s else at.MOSTLY * self.growth):
            return "demand"
        return "uneven" if self.mostly.machines > 1 and self.begun < at.CLEARLY * self.could else "chance"


# --- the times that there are to speak of ----------------------------------------------------------------------------


def standing(backlog: Backlog, long: at.Long) -> Stretch | None:
    """The queue at the end, if it is long: since when it grew as it did, or until when."""
    result, end, first = backlog.result, backlog.result.duration_s, backlog.since_empty(len(backlog.times))
    if not backlog.at_end or end - backlog.times[first] < at.YOUNG * result.window_s:
        return None
    stopped_s = backlog.stopped_s or 0.0
    whole = Stretch(backlog, max(stopped_s, float(backlog.times[first])), end, backlog.at_end)
    if stopped_s:
        return whole
    if not whole.is_long(long, whole.begun):
        return None
    if backlog.is_full or backlog.part.max_wait_s is not None:
        return whole
    return _turned(whole) or _stopped(whole, first) or whole


def _turned(whole: Stretch) -> Stretch | None:
    """Since the last time that something made the queue grow clearly faster or slower than before; until then, where it does
    not grow any more."""
    backlog, begin, end = whole.backlog, whole.begin, whole.ends
    for at_s in sorted(moments(whole.result), reverse=True):
        if begin + at.MOMENT_S < at_s < end - max(at.MOMENT_S, at.YOUNG * whole.result.window_s):
            before = Stretch(backlog, begin, at_s, backlog.length_at(at_s))
            after = Stretch(backlog, at_s, end, whole.longest)
            if abs(after.growth - before.growth) > at.TURNED * max(abs(after.growth), before.growth):
                return after if after.longest - before.longest > at.CHANCE * after.chance else before
    return None


def moments(result: Result) -> set[float]:
    """When something happened: a knob was turned, a machine died or came back, a surge began or ended."""
    marks = [event.mark(result.system)[:2] for event in result.events]
    surges = [source.surge for source in result.system.sources.values() if source.surge]
    marks += [(surge.at_s, surge.at_s + surge.for_s) for surge in surges]
    return {since for since, _ in result.history} | {at_s for mark in marks for at_s in mark}


def _stopped(whole: Stretch, first: int) -> Stretch | None:
    """Until it was longest, if it has become clearly shorter since; until it was as long as it is, if whoever can come has
    been there for long."""
    backlog, times, length = whole.backlog, whole.backlog.times[first:], whole.backlog.length[first:]
    longest, top = int(length.max()), float(times[length.argmax()])
    fell = longest - whole.longest > max(at.PART * longest, at.CHANCE * Stretch(backlog, top, whole.ends).chance)
    if fell and top > whole.begin + at.MOMENT_S:
        return Stretch(backlog, whole.begin, top, longest)
    level = int((length >= at.NEARLY * longest).argmax())
    if whole.begin < times[level] < whole.begin + at.LEVEL * whole.lasts:
        return Stretch(backlog, whole.begin, float(times[level]), int(length[level]))
    return None


def passed(backlog: Backlog, long: at.Long) -> Stretch | None:
    """The longest queue of the measured window, if it was long, until it was longest."""
    measured = np.where(backlog.times >= backlog.result.warmup_s, backlog.length, 0)
    if not measured.any():
        return None
    top = int(measured.argmax())
    begin, ends = (float(backlog.times[step]) for step in (backlog.since_empty(top), top))
    wave = Stretch(backlog, begin, ends, int(measured[top])) if ends >= begin + at.MOMENT_S else None
    return wave if wave and wave.is_long(long, wave.begun if wave.is_held else wave.could) else None


def turning_away(backlog: Backlog, share: float) -> Stretch | None:
    """While it offered the same it turned away more than that share of those who came, for a while and not by chance."""
    result, turned_away, times = backlog.result, backlog.turned_away, np.empty(0)
    for _, same in groupby(backlog.offers(), key=lambda offer: offer.per_s):
        begin, *_, end = [moment for offer in same for moment in (offer.begin_s, offer.end_s)]
        times = max(times, turned_away[(turned_away >= begin) & (turned_away < end)], key=len)
    came = Stretch(backlog, result.warmup_s, result.duration_s).arrived
    if len(times) <= share * came or np.ptp(times) < at.MOMENT_S:
        return None
    it, limited = Stretch(backlog, *times[[0, -1]].tolist()), backlog.part.waiting_limit is not None
    return it if (limited or backlog.used > at.NEARLY) and (it.asked > it.could or it.is_held) else None


def backlogs(result: Result) -> list[Backlog]:
    """Those of all parts that have a capacity, in flow order; twins of one pool have one together."""
    system, pools = result.system, {}
    for name in result.records.visits:
        part = system.components[name]
        if part.makes_wait and (part.pulls or lets_through(system, name)[0] < inf):
            feeders = frozenset(edge.tail for edge in system.before(system.numbers[name]))
            pooled = all(system.parts[tail].fan_out == "pool" for tail in feeders)
            pools.setdefault((system.components[name].slug, feeders) if pooled else (name,), []).append(name)
    found = [Backlog(result, names) for names in pools.values()]
    for one in found:
        one.behind = [other for other in found if reached_from(system, one.names).intersection(other.names)]
        for other in one.behind if one.part.pulls else ():
            other._queue = one if set(other.names) & set(one.workers) else other._queue
    return found


def reached_from(system: System, names: list[str]) -> set[str]:
    """The parts that a request may come to after these."""
    return {system.names[number] for number in system.reached(*(system.numbers[name] for name in names))}


def workers_of(system: System, *names: str) -> list[str]:
    """Who works off what these hand on: the stations behind them, or what lets fewer through on the way there, as a throttle
    does; where one asks all of several, those of them that can do least."""
    found, parts = [], system.components
    for name in names:
        heads = [system.names[edge.head] for edge in system.after(system.numbers[name])]
        branches = [_work_off(system, head) for head in heads]
        if parts[name].fan_out == "all":
            branches = [min(filter(None, branches), key=lambda those: _per_s(system, those), default=[])]
        found += [worker for those in branches for worker in those if worker not in found]
    return found


def _work_off(system: System, name: str) -> list[str]:
    """The part itself, or who works off what it hands on; nobody, where it keeps that for later."""
    part = system.components[name]
    if part.station or part.detached:
        return [name] if part.station else []
    behind = workers_of(system, name)
    return [name] if part.makes_wait and lets_through(system, name)[0] < _per_s(system, behind) else behind


def _per_s(system: System, names: list[str]) -> float:
    return sum(lets_through(system, name)[0] for name in names) if names else inf
