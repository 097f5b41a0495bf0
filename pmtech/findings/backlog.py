"""The line before a part of a system, and what it met there during a run."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import groupby, takewhile
from math import inf, sqrt
from typing import NamedTuple

import numpy as np

from pmtech.runs.certainty import as_set
from pmtech.runs.offers import Offer, stretches
from pmtech.runs.result import Result


class Wave(NamedTuple):
    """A line that chance does not explain: since when somebody stood in it, until when it grew, how long it was then."""

    begin: float
    ends: float
    longest: int


class Line:
    """The line before a part, or before all machines of a pool together.

    times, length: when it changed, and how many stood in it then; measured: the same, but 0 before the measured window.
    at_end: how many stand in it when the run ends. used: the utilisation of the part. turned_away: when it answered 503.
    label, its: words for it.
    """

    def __init__(self, result: Result, names: list[str]):
        self.result, self.names, self.part = result, names, result.at_end.components[names[0]]
        self.label, self.its = f"“{result.system.label(names[0])}”", "its"
        if len(names) > 1:
            machines = "machines of " if self.part.station else ""
            self.label, self.its = f"the {len(names)} {machines}“{self.part.label}”", "their"
        self.visits = [result.records.visits[name] for name in names]
        self.max_wait_s = self.part.max_wait_s
        self.workers = _workers(result, names) if self.part.pulls else names
        self.entered = np.concatenate([v.entered_s for v in self.visits])
        self.started = np.concatenate([v.started_s for v in self.visits])
        self.left = np.concatenate([np.where(np.isnan(v.left_s), result.duration_s, v.left_s) for v in self.visits])
        refused, begin = result.records.refusals, result.warmup_s
        here = np.isin(refused.component, names) & (refused.status == 503) & (refused.at_s >= begin)
        self.turned_away = refused.at_s[here]
        joined, gone = (np.concatenate(times) for times in zip(*map(result.backlog, names), strict=True))
        times = np.concatenate([joined, gone[gone < inf]])
        steps = np.concatenate([np.ones(len(joined), dtype=int), -np.ones(len(times) - len(joined), dtype=int)])
        order = np.lexsort((steps, times))
        self.times, self.length = times[order], np.cumsum(steps[order])
        self.at_end = int(self.length[-1]) if len(times) else 0
        self.measured = np.where(self.times >= result.warmup_s, self.length, 0)
        self.used = float(result.components.utilisation[names].mean())

    def arrived(self, begin: float, end: float) -> int:
        """How many came to the part, in line or not."""
        return int(((self.entered >= begin) & (self.entered <= end)).sum())

    def chance(self, begin: float, end: float) -> float:
        """The standard deviation of how many come while as many go; work of very different size adds to it."""
        cv = self.part.station.cv if self.part.station else 1
        return sqrt(self.arrived(begin, end)) * max(1, cv)

    def meant(self, begin: float, end: float) -> float | None:
        """Requests a second that the customers are set to send here, if chance alone explains the difference to those
        that came; None where nobody can know."""
        then = [(until - since, s.sources.values()) for since, until, s in stretches(self.result.history, begin, end)]
        sources, counted = [(lasts, source) for lasts, those in then for source in those], self.arrived(begin, end)
        if all(source.is_steady for _, source in sources):
            expected = sum(lasts * source.offered_per_s for lasts, source in sources)
            return expected / (end - begin) if as_set(counted, expected) == expected else None
        return None

    def asked(self, begin: float, end: float) -> float:
        """Requests a second that came: as set, if chance alone explains the difference to what the customers send."""
        meant = self.meant(begin, end)
        return self.arrived(begin, end) / (end - begin) if meant is None else meant

    def begun(self, begin: float, end: float) -> float:
        """Work on how many began, a second."""
        return float(((self.started > begin) & (self.started <= end)).sum()) / (end - begin)

    def offers(self, begin: float | None = None, end: float | None = None) -> list[Offer]:
        """What its part offered, stretch by stretch; without times, in the measured window."""
        return self.result.offers(*self.workers, since=self.result.warmup_s if begin is None else begin, until=end)

    @property
    def latest_s(self) -> float:
        """Since when it has offered what it does at the end."""
        offers = self.offers()
        return [*takewhile(lambda offer: offer.per_s == offers[-1].per_s, reversed(offers))][-1].begin_s

    def offered(self, begin: float, end: float) -> Offer:
        """What it offered for most of that time."""
        lasted: Counter[tuple] = Counter()
        for offer in self.offers(begin, end):
            lasted[offer[2:]] += offer.lasts_s
        return Offer(begin, end, *lasted.most_common(1)[0][0])

    def could_serve(self, begin: float, end: float) -> float:
        """Requests a second that could be served, on average."""
        return sum(offer.per_s * offer.lasts_s for offer in self.offers(begin, end)) / (end - begin)

    def is_held(self, begin: float, end: float, share: float = 0.95) -> bool:
        """Is their own work clearly less than this share of the time that its workers spend on requests?"""
        system, station = self.result.system, self.part.station
        after = system.after(system.numbers[self.names[0]])
        taken_by = (self.started > begin) & (self.started <= end)
        if not (station and station.held and after and taken_by.any()):
            return False
        offers = [offer for offer in self.offers(begin, end) if offer.per_s]
        work_s = sum(self.begun(o.begin_s, o.end_s) * o.lasts_s * o.places / o.per_s for o in offers)
        chance = 3 * max(1, station.cv) / sqrt(taken_by.sum())
        return bool(work_s * (1 + chance) < share * (self.left - self.started)[taken_by].sum())

    @cached_property
    def full(self) -> tuple[float, float] | None:
        """(from when, to when) it turned away, while it offered the same, if for a second or more and not by chance alone."""
        stretches_ = [[*same] for _, same in groupby(self.offers(), key=lambda offer: offer.per_s)]
        groups = [
            self.turned_away[(self.turned_away >= s[0].begin_s) & (self.turned_away < s[-1].end_s)] for s in stretches_
        ]
        times = max(groups, key=len)
        if len(times) <= 0.02 * self.arrived(self.result.warmup_s, self.result.duration_s) or np.ptp(times) < 1:
            return None
        first, last = float(times[0]), float(times[-1])
        limited = self.part.waiting_limit is not None or self.used > 0.95
        more = self.asked(first, last) > self.could_serve(first, last) or self.is_held(first, last)
        return (first, last) if limited and more else None

    @property
    def is_full(self) -> bool:
        """May no more wait?"""
        places = self.part.waiting_limit
        return places is not None and self.at_end >= 0.9 * places * self.offers()[-1].machines

    def last_waits_s(self, since: float, end: float) -> float:
        """How long the last in line will wait, if its machine goes on as fast as it was since then, or since it changed."""
        waits, since = [], max(since, self.latest_s) if self.latest_s < end - 1 else since
        for v in self.visits:
            waiting = np.bincount(v.machine[np.isnan(v.started_s) & np.isnan(v.left_s)])
            begun = np.bincount(v.machine[v.started_s > since], minlength=len(waiting))
            waits += [n * (end - since) / b for n, b in zip(waiting, begun, strict=False) if n and b]
        return max(waits, default=inf)

    @cached_property
    def growing(self) -> Wave | None:
        """The line at the end, if it is longer than chance and half a second of what moves make it."""
        if not self.at_end:
            return None
        first, end = self._from_empty(len(self.times)), self.result.duration_s
        times, length = self.times[first:], self.length[first:]
        begin, top = float(times[0]), int(length.argmax())
        long = self.at_end > 3 * self.chance(begin, end) and self.at_end >= max(10, self.begun(begin, end) / 2)
        if not long or end - begin < 0.05 * self.result.window_s:
            return None
        if self.is_full or self.max_wait_s is not None:
            return Wave(begin, end, self.at_end)
        if turned := self._turned(begin, end):
            before = self.length_at(turned)
            grows = self.at_end - before > 3 * self.chance(turned, end)
            return Wave(turned, end, self.at_end) if grows else Wave(begin, turned, before)
        fell = length[top] - self.at_end > max(0.1 * length[top], 3 * self.chance(times[top], end))
        if times[top] > begin + 1 and fell:
            return Wave(begin, float(times[top]), int(length[top]))
        full = int((length >= 0.9 * length[top]).argmax())
        if begin < times[full] < begin + 0.6 * (end - begin):  # whoever can come is there
            return Wave(begin, float(times[full]), int(length[full]))
        return Wave(begin, end, self.at_end)

    def length_at(self, at_s: float) -> int:
        """How many stood in line just before a moment."""
        return int(self.length[self.times < at_s][-1:].sum())

    def _turned(self, begin: float, end: float) -> float | None:
        """The last time that a knob, a death or a surge made the line grow clearly faster or slower than before."""
        history = self.result.history
        surges = [source.surge for _, system in history for source in system.sources.values() if source.surge]
        moments = {since for since, _ in history} | {offer.begin_s for offer in self.offers(0.0)}
        moments |= {at_s for surge in surges for at_s in (surge.at_s, surge.at_s + surge.for_s)}
        for at_s in sorted(moments, reverse=True):
            if begin + 1 < at_s < end - max(1, 0.05 * self.result.window_s):
                before = self.length_at(at_s) / (at_s - begin)
                after = (self.at_end - self.length_at(at_s)) / (end - at_s)
                if abs(after - before) > 0.3 * max(abs(after), before):
                    return at_s
        return None

    @cached_property
    def over(self) -> Wave | None:
        """The longest line, if it was longer than chance and a second of work make it: near 100 % chance makes long ones."""
        if not self.measured.any():
            return None
        top = int(self.measured.argmax())
        begin, top_s, longest = float(self.times[self._from_empty(top)]), float(self.times[top]), int(self.length[top])
        long = longest > 6 * self.chance(begin, top_s) and top_s >= begin + 1
        if not long or longest < max(10, self.could_serve(begin, top_s)):
            return None
        return Wave(begin, top_s, longest)

    def _from_empty(self, step: int) -> int:
        """The step with which the line began that was there after `step`."""
        empty = np.flatnonzero(self.length[:step] == 0)
        return int(empty[-1]) + 1 if len(empty) else 0


def _workers(result: Result, names: list[str]) -> list[str]:
    """The stations that take from a queue."""
    system, found = result.system, []
    ahead = [edge.head for name in names for edge in system.after(system.numbers[name])]
    while ahead:
        number = ahead.pop()
        if system.parts[number].station:
            found.append(system.names[number])
        elif not system.parts[number].detached:
            ahead += [edge.head for edge in system.after(number)]
    return found
