"""The backlog before a part of a system, and what it met there during a run."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import groupby, takewhile
from math import inf, sqrt

import numpy as np

from pmtech.findings import thresholds as at
from pmtech.runs.certainty import as_set
from pmtech.runs.offers import Offer, stretches
from pmtech.runs.result import Result
from pmtech.system.system import System


class Backlog:
    """What stood before a part, or before all machines of a pool together; of a `Queue` the messages that it kept until
    they were handed out for the first time.

    workers: the stations that work it off, the part itself or those to whom a queue hands; queues: those which hand to
    them. came, started, began, left: when requests (messages) came, when each was taken up, and when a worker began and ended.
    handed: (when, how many messages, how many of them once more). times, length: when the queue changed, and how long it was
    then. used: the utilisation of the workers. turned_away: when the part answered 503. behind: the backlogs further on.
    """

    def __init__(self, result: Result, names: list[str]):
        system, records = result.system, result.records
        self.result, self.names, self.part = result, names, result.at_end.components[names[0]]
        handing = {queue: workers_of(system, queue) for queue, part in system.components.items() if part.pulls}
        self.queues = names if self.part.pulls else [queue for queue, those in handing.items() if names[0] in those]
        self.workers = [worker for queue in names for worker in handing[queue]] if self.part.pulls else names
        self.station = result.at_end.components[self.workers[0]].station if self.workers else None
        self.behind: list[Backlog] = []

        visits = [(v.entered_s, v.started_s, v.left_s) for v in map(records.visits.get, self.workers)]
        self.came, self.began, left = map(np.concatenate, zip([[]] * 3, *visits, strict=True))
        self.started, self.left = self.began, np.where(np.isnan(left), result.duration_s, left)
        if self.part.pulls:
            told = [message[1:3] for message in records.messages if message[0] in names]
            self.came, self.started = np.array(told, dtype=float).reshape(-1, 2).T
        self.handed = np.concatenate([np.empty((0, 3)), *(records.notes[queue][:, :3] for queue in self.queues)])
        refused = records.refusals
        here = np.isin(refused.component, names) & (refused.status == 503) & (refused.at_s >= result.warmup_s)
        self.turned_away = refused.at_s[here]

        joined, gone = (np.concatenate(times) for times in zip(*map(result.backlog, names), strict=True))
        times = np.concatenate([joined, gone[gone < inf]])
        steps = np.concatenate([np.ones(len(joined), dtype=int), -np.ones(len(times) - len(joined), dtype=int)])
        order = np.lexsort((steps, times))
        self.times, self.length = times[order], np.cumsum(steps[order])
        self.at_end = int(self.length[-1]) if len(times) else 0
        self.used = float(result.components.utilisation[self.workers].mean())

    def offers(self, begin: float | None = None, end: float | None = None) -> list[Offer]:
        """What its workers offered, stretch by stretch (a queue's in messages); without times, in the measured window."""
        begin = self.result.warmup_s if begin is None else begin
        found = self.result.offers(*self.workers, since=begin, until=end)
        return [offer._replace(per_s=self._messages(offer)) for offer in found] if self.part.pulls else found

    def _messages(self, offer: Offer) -> float:
        """Messages a second that the workers could be done with during this stretch, in batches as large as may be."""
        ((_, _, system),) = stretches(self.result.history, offer.begin_s, offer.end_s)
        batch, per_s = system.components[self.queues[0]].batch, 0.0
        for name in self.workers:
            (own,) = self.result.offers(name, since=offer.begin_s, until=offer.end_s)
            part = system.components[name]
            per_s += own.per_s * batch / (1 + (batch - 1) * part.item_s / part.own_s)
        return per_s

    @cached_property
    def latest_s(self) -> float:
        """Since when they have offered what they do at the end."""
        offers = self.offers()
        return [*takewhile(lambda offer: offer.per_s == offers[-1].per_s, reversed(offers))][-1].begin_s

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
        empty = np.flatnonzero(self.length[:step] == 0)
        return int(empty[-1]) + 1 if len(empty) else 0

    def last_waits_s(self, since: float, freely: bool) -> float:
        """How long the last of those who wait at the end will wait; infinity: nothing moves.

        Whoever stands before a machine stays there, so the slowest machine decides: where their queues are not equally
        long that is more than all of them divided by what all can serve, which only one common queue would keep. A machine
        goes on as fast as it was since then, or since it changed. freely: a queue's workers go on as they can.
        """
        end, waits = self.result.duration_s, []
        since = max(since, self.latest_s) if self.latest_s < end - at.MOMENT_S else since
        if self.part.pulls:
            pace = self.offers()[-1].per_s if freely else Stretch(self, since, end).begun
            return self.at_end / pace if pace else inf
        for v in map(self.result.records.visits.get, self.names):
            waiting = np.bincount(v.machine[np.isnan(v.started_s) & np.isnan(v.left_s)])
            begun = np.bincount(v.machine[v.started_s > since], minlength=len(waiting))
            waits += [n * (end - since) / b for n, b in zip(waiting, begun, strict=False) if n and b]
        return max(waits, default=inf)


class Stretch:
    """Some time of a run at a backlog, and what it met then.

    longest: how long the queue was when it ended. arrived: how many came; begun: how many were taken up, a second; chance:
    the standard deviation of how many come while as many go, to which work of very different size adds. meant: requests a
    second that the customers are set to send here, if chance alone explains the difference to those that came (None where
    nobody can know); asked: the same, or else those that came.
    """

    def __init__(self, backlog: Backlog, begin: float, ends: float, longest: int = 0):
        self.backlog, self.result, self.begin, self.ends, self.longest = backlog, backlog.result, begin, ends, longest
        self.lasts = ends - begin
        self.arrived = int(((backlog.came >= begin) & (backlog.came <= ends)).sum())
        self.begun = float(self.within(backlog.started).sum()) / self.lasts
        self.chance = sqrt(self.arrived) * max(1, backlog.station.cv if backlog.station else 1)
        then = [(until - since, s.sources.values()) for since, until, s in stretches(self.result.history, begin, ends)]
        sources = [(lasts, source) for lasts, those in then for source in those]
        expected = sum(lasts * source.offered_per_s for lasts, source in sources)
        known = all(source.is_steady for _, source in sources) and as_set(self.arrived, expected) == expected
        self.meant = expected / self.lasts if known else None
        self.asked = self.meant if known else self.arrived / self.lasts

    def within(self, times: np.ndarray) -> np.ndarray:
        return (times > self.begin) & (times <= self.ends)

    @cached_property
    def could(self) -> float:
        """Requests a second that could be served, on average."""
        return sum(offer.per_s * offer.lasts_s for offer in self.backlog.offers(self.begin, self.ends)) / self.lasts

    @cached_property
    def mostly(self) -> Offer:
        """What was offered for most of the time, as it was first."""
        lasted: Counter[tuple] = Counter()
        for offer in (offers := self.backlog.offers(self.begin, self.ends)):
            lasted[offer[2:]] += offer.lasts_s
        return next(offer for offer in offers if offer[2:] == lasted.most_common(1)[0][0])

    @cached_property
    def batches(self) -> tuple[float, float]:
        """How many messages the workers were handed at once, on average, and how many times each of them."""
        _, handed, again = self.backlog.handed[self.within(self.backlog.handed[:, 0])].sum(axis=0)
        calls = self.within(self.backlog.began).sum()
        return float(handed / calls) if handed and calls else 1.0, float(
            handed / (handed - again)
        ) if handed > again else 1.0

    def is_held(self, share: float = at.CLEARLY) -> bool:
        """Is their own work clearly less than this share of the time that the workers spend on requests?"""
        backlog, station, system = self.backlog, self.backlog.station, self.result.system
        taken, ahead = (
            self.within(backlog.began),
            [edge for w in backlog.workers for edge in system.after(system.numbers[w])],
        )
        if not (station and station.held and ahead and taken.any()):
            return False
        more_s = (self.batches[0] - 1) * self.result.at_end.components[backlog.workers[0]].item_s
        offers = [o for o in self.result.offers(*backlog.workers, since=self.begin, until=self.ends) if o.per_s]
        begun = [((backlog.began > o.begin_s) & (backlog.began <= o.end_s)).sum() for o in offers]
        work_s = sum(n * (o.places / o.per_s + more_s) for n, o in zip(begun, offers, strict=True))
        chance = at.CHANCE * max(1, station.cv) / sqrt(taken.sum())
        return bool(work_s * (1 + chance) < share * (backlog.left - backlog.began)[taken].sum())

    @cached_property
    def growth(self) -> float:
        """By so many the queue grew, a second."""
        return (self.longest - self.backlog.length_at(self.begin)) / self.lasts

    @cached_property
    def cause(self) -> str:
        """What made most of the queue: "held" up, more "demand" than can be served, the same work "again", "uneven" shares,
        "chance"."""
        if self.is_held():
            return "held"
        enough = 0 if self.ends < self.result.duration_s else at.MOSTLY * self.growth
        if self.asked - self.could > enough:
            return "demand"
        if self.asked * self.batches[1] - self.could > enough:
            return "again"
        return "uneven" if self.mostly.machines > 1 and self.begun < at.CLEARLY * self.could else "chance"


# --- which times there are to speak of -------------------------------------------------------------------------------


def standing(backlog: Backlog, long: at.Long) -> Stretch | None:
    """The queue at the end, if it is long: since when it grew as it did, or until when."""
    result, end, first = backlog.result, backlog.result.duration_s, backlog.since_empty(len(backlog.times))
    if not backlog.at_end or end - (begin := float(backlog.times[first])) < at.YOUNG * result.window_s:
        return None
    whole = Stretch(backlog, begin, end, backlog.at_end)
    if not long.holds(whole.longest, whole.chance, whole.begun):
        return None
    if backlog.is_full or backlog.part.max_wait_s is not None:
        return whole
    return _turned(whole) or _stopped(whole, first) or whole


def _turned(whole: Stretch) -> Stretch | None:
    """Since the last time that a knob, a death or a surge made the queue grow clearly faster or slower than before;
    until then, where it does not grow any more."""
    backlog, begin, end = whole.backlog, whole.begin, whole.ends
    for at_s in sorted(_moments(backlog), reverse=True):
        if begin + at.MOMENT_S < at_s < end - max(at.MOMENT_S, at.YOUNG * whole.result.window_s):
            before, after = (
                Stretch(backlog, begin, at_s, backlog.length_at(at_s)),
                Stretch(backlog, at_s, end, whole.longest),
            )
            if abs(after.growth - before.growth) > at.TURNED * max(abs(after.growth), before.growth):
                return after if after.longest - before.longest > at.CHANCE * after.chance else before
    return None


def _moments(backlog: Backlog) -> set[float]:
    """When something happened that may have turned the growth of a queue."""
    result = backlog.result
    surges = [source.surge for _, system in result.history for source in system.sources.values() if source.surge]
    found = {since for since, _ in result.history} | {offer.begin_s for offer in backlog.offers(0.0)}
    found |= {moment for event in result.events for moment in event.mark(result.system)[:2]}
    return found | {moment for surge in surges for moment in (surge.at_s, surge.at_s + surge.for_s)}


def _stopped(whole: Stretch, first: int) -> Stretch | None:
    """Until it was longest, if it has become clearly shorter since; until it was as long as it is, if whoever can come has
    been there for long."""
    backlog, begin = whole.backlog, whole.begin
    times, length = backlog.times[first:], backlog.length[first:]
    top = int(length.argmax())
    longest, level = int(length[top]), int((length >= at.NEARLY * length[top]).argmax())
    since = Stretch(backlog, float(times[top]), whole.ends)
    if since.begin > begin + at.MOMENT_S and longest - whole.longest > max(at.PART * longest, at.CHANCE * since.chance):
        return Stretch(backlog, begin, since.begin, longest)
    if begin < times[level] < begin + at.LEVEL * whole.lasts:
        return Stretch(backlog, begin, float(times[level]), int(length[level]))
    return None


def passed(backlog: Backlog, long: at.Long) -> Stretch | None:
    """The longest queue of the measured window, if it was long, until it was longest."""
    measured = np.where(backlog.times >= backlog.result.warmup_s, backlog.length, 0)
    if not measured.any():
        return None
    top = int(measured.argmax())
    begin, ends = float(backlog.times[backlog.since_empty(top)]), float(backlog.times[top])
    if ends < begin + at.MOMENT_S:
        return None
    wave = Stretch(backlog, begin, ends, int(measured[top]))
    return wave if long.holds(wave.longest, wave.chance, wave.could) else None


def turning_away(backlog: Backlog, share: float) -> Stretch | None:
    """While it offered the same it turned away more than that share of those who came, for a while and not by chance."""
    result, times = backlog.result, np.empty(0)
    for _, same in groupby(backlog.offers(), key=lambda offer: offer.per_s):
        begin, *_, end = [moment for offer in same for moment in (offer.begin_s, offer.end_s)]
        those = backlog.turned_away[(backlog.turned_away >= begin) & (backlog.turned_away < end)]
        times = max(times, those, key=len)
    came = Stretch(backlog, result.warmup_s, result.duration_s).arrived
    if len(times) <= share * came or np.ptp(times) < at.MOMENT_S:
        return None
    when = Stretch(backlog, float(times[0]), float(times[-1]))
    limited = backlog.part.waiting_limit is not None or backlog.used > at.NEARLY
    return when if limited and (when.asked > when.could or when.is_held()) else None


def backlogs(result: Result) -> list[Backlog]:
    """Those of all parts that have a capacity, in flow order; twins of one pool have one together."""
    system, pools = result.system, {}
    for name in result.records.visits:
        if system.components[name].makes_wait:
            feeders = frozenset(edge.tail for edge in system.before(system.numbers[name]))
            pooled = all(system.parts[tail].fan_out == "pool" for tail in feeders)
            pools.setdefault((system.components[name].slug, feeders) if pooled else (name,), []).append(name)
    found = [Backlog(result, names) for names in pools.values()]
    for one in found:
        one.behind = [other for other in found if reached_from(system, one.names).intersection(other.names)]
    return found


def reached_from(system: System, names: list[str]) -> set[str]:
    """The parts that a request may come to after these."""
    return {system.names[number] for number in system.reached(*map(system.numbers.get, names))}


def workers_of(system: System, name: str) -> list[str]:
    """The stations that work on what a part hands on; where it asks all of several, those of them that can do least."""
    branches = []
    for edge in system.after(system.numbers[name]):
        part, head = system.parts[edge.head], system.names[edge.head]
        branches.append([head] if part.station else [] if part.detached else workers_of(system, head))
    if system.components[name].fan_out == "all":
        least = {
            sum(system.components[worker].capacity_per_s for worker in those): those for those in branches if those
        }
        return least[min(least)] if least else []
    return [*dict.fromkeys(worker for those in branches for worker in those)]
