"""A run in two or three sentences: what the bottleneck is, by how much, and since when.

The figures are those of the run, except that a rate is named as it is set where the run's own count lies within
what chance does to it (three standard deviations of a Poisson count).
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import takewhile
from math import inf, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pmtech.certainty import p99_between
from pmtech.components import Clients, Server, Throttle
from pmtech.offers import Offer, stretches

if TYPE_CHECKING:
    from pmtech.result import Result

ENOUGH_FOR_P99 = 1000
MOST_DOUBT = 0.5  # of p99, between the ends of where it may lie

# --- numbers as people say them --------------------------------------------------------------------------------------


def rate(value: float) -> str:
    """80, 7.5, 0.25, 1,900: as many digits as matter."""
    if value >= 20 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if value >= 1 else f"{value:.2g}"


def seconds(value_s: float) -> str:
    """A length of time as people say it."""
    if value_s < 1:
        return f"{value_s * 1000:.0f} ms"
    if value_s < 10:
        return f"{value_s:.1f} s"
    return f"{value_s:.0f} s" if value_s < 600 else f"{value_s / 60:.0f} min"


def percent(share: float) -> str:
    """A share in whole percent, but never 0 or 100 for what is not quite."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return "more than 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def as_set(counted: float, expected: float) -> float:
    """How many requests to speak of: those expected, if chance alone explains the difference to those that came."""
    return expected if abs(counted - expected) <= 3 * sqrt(expected) else counted


# --- the line before a part ------------------------------------------------------------------------------------------


class Wave(NamedTuple):
    """A line that chance does not explain: since when somebody stood in it, until when it grew, how long it was then."""

    begin: float
    ends: float
    longest: int


class Line:
    """The line before a part, or before all machines of a pool together."""

    def __init__(self, result: Result, names: list[str]):
        self.result, self.names, self.part = result, names, result.system.components[names[0]]
        self.label, self.its = f"“{result.system.label(names[0])}”", "its"
        if len(names) > 1:
            self.label, self.its = f"the {len(names)} machines of “{self.part.label}”", "their"
        self.visits = [result.records.visits[name] for name in names]
        self.entered = np.concatenate([v.entered_s for v in self.visits])
        self.started = np.concatenate([v.started_s for v in self.visits])
        joined, gone = (np.concatenate(times) for times in zip(*map(result.line, names), strict=True))
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

    def asked(self, begin: float, end: float) -> float:
        """Requests a second that came: as set, if chance alone explains the difference to what the customers send."""
        then = [(until - since, s.sources.values()) for since, until, s in stretches(self.result.history, begin, end)]
        sources, counted = [(lasts, source) for lasts, those in then for source in those], self.arrived(begin, end)
        if all(type(source) is Clients and not source.surge for _, source in sources):
            counted = as_set(counted, sum(lasts * source.rate_per_s for lasts, source in sources))
        return counted / (end - begin)

    def begun(self, begin: float, end: float) -> float:
        """Work on how many began, a second."""
        return float(((self.started > begin) & (self.started <= end)).sum()) / (end - begin)

    def offers(self, begin: float | None = None, end: float | None = None) -> list[Offer]:
        return self.result.offers(*self.names, since=self.result.warmup_s if begin is None else begin, until=end)

    def offered(self, begin: float, end: float) -> Offer:
        """What it offered for most of that time."""
        lasted: Counter[tuple] = Counter()
        for offer in self.offers(begin, end):
            lasted[offer[2:]] += offer.lasts_s
        return Offer(begin, end, *lasted.most_common(1)[0][0])

    def could_serve(self, begin: float, end: float) -> float:
        """Requests a second that could be served, on average."""
        return sum(offer.per_s * offer.lasts_s for offer in self.offers(begin, end)) / (end - begin)

    def is_held(self, begin: float, end: float, taken: float = 1.0) -> bool:
        """Do its workers, taken so much of the time, do clearly less than they could, for they wait downstream?"""
        after = self.result.system.after(self.result.system.names.index(self.names[0]))
        done, could = self.begun(begin, end), taken * self.could_serve(begin, end)
        blocking = isinstance(self.part, Server) and self.part.blocking and after
        return bool(blocking) and done < 0.95 * could - 3 * sqrt(done / (end - begin))

    def last_waits_s(self, since: float, end: float) -> float:
        """How long the last in line will wait, if its machine goes on as fast as it was since then."""
        waits = []
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
        long = self.at_end > 3 * sqrt(self.arrived(begin, end)) and self.at_end >= max(10, self.begun(begin, end) / 2)
        if not long or end - begin < 0.05 * self.result.window_s:
            return None
        better = self.offers()[-1].per_s > self.offered(begin, end).per_s
        fell = length[top] - self.at_end > max(0.1 * length[top], 3 * sqrt(self.arrived(times[top], end)))
        if times[top] > begin + 1 and (better or fell):
            return Wave(begin, float(times[top]), int(length[top]))
        full = int((length >= 0.9 * length[top]).argmax())
        if times[full] < begin + 0.6 * (end - begin):  # whoever can come is there, or no more may wait
            return Wave(begin, float(times[full]), int(length[full]))
        return Wave(begin, end, self.at_end)

    @cached_property
    def over(self) -> Wave | None:
        """The longest line, if it was longer than chance and a second of work make it: near 100 % chance makes long ones."""
        if not self.measured.any():
            return None
        top = int(self.measured.argmax())
        begin, top_s, longest = float(self.times[self._from_empty(top)]), float(self.times[top]), int(self.length[top])
        long = longest > 6 * sqrt(self.arrived(begin, top_s)) and top_s >= begin + 1
        return Wave(begin, top_s, longest) if long and longest >= max(10, self.could_serve(begin, top_s)) else None

    def _from_empty(self, step: int) -> int:
        """The step with which the line began that was there after `step`."""
        empty = np.flatnonzero(self.length[:step] == 0)
        return int(empty[-1]) + 1 if len(empty) else 0


# --- which part is the bottleneck ------------------------------------------------------------------------------------


def _lines(result: Result) -> list[Line]:
    """The lines before the parts that have a capacity, in flow order; twins of one pool have one together."""
    pools: dict[tuple, list[str]] = {}
    system = result.system
    for name in result.records.visits:
        if result.offers(name):
            feeders = frozenset(edge.tail for edge in system.edges if system.names[edge.head] == name)
            pools.setdefault((system.components[name].slug, feeders), []).append(name)
    return [Line(result, names) for names in pools.values()]


def _behind(line: Line, lines: list[Line]) -> list[Line]:
    """The lines that a request may come to after this one."""
    system = line.result.system
    ahead, found = [system.names.index(name) for name in line.names], set()
    while ahead:
        heads = {edge.head for edge in system.after(ahead.pop())}
        ahead += heads - found
        found |= heads
    reached = {system.names[number] for number in found}
    return [other for other in lines if reached.intersection(other.names)]


def _bottleneck(result: Result) -> list[str]:
    """The line that grows; else the part that has to turn away, the line that grew and is gone, or the busiest part."""
    lines, begin, end, refusals = _lines(result), result.warmup_s, result.duration_s, result.records.refusals
    growing = [line for line in lines if line.growing]
    if growing:
        causes = [line for line in growing if not any(other.growing for other in _behind(line, lines))]
        return _overloaded(max(causes, key=lambda line: line.at_end), lines)
    busiest = max((line for line in lines if line.used > 0), key=lambda line: line.used, default=None)
    if busiest is None:
        return []
    full = np.isin(refusals.component, busiest.names) & (refusals.status == 503) & (refusals.at_s >= begin)
    if busiest.used > 0.95 and full.sum() > 0.02 * busiest.arrived(begin, end):
        return [_arrive(busiest, lines, begin, end)]
    over = max((line for line in lines if line.over), key=lambda line: line.over.longest, default=None)
    return _was_overloaded(over, lines) if over else [_busy(busiest, lines)]


# --- the sentences ---------------------------------------------------------------------------------------------------


def explain(result: Result, p99: bool = True) -> str:
    """Two or three plain sentences about a run. p99: say how far it can be trusted, too."""
    if result.summary.offered_per_s == 0:
        return "No request arrived. Let somebody send some."
    first = _bottleneck(result)
    then = [*_cached(result), *_refused(result, " ".join(first)), *_gave_up(result), *_speed(result, p99)]
    return " ".join([*first, *then][:3])


def _arrive(line: Line, lines: list[Line], begin: float, end: float, when: str = "") -> str:
    """How many came, how many could be served, and what holds them up."""
    arrive, gets = f"{rate(line.asked(begin, end))} requests a second arrive", rate(line.begun(begin, end))
    if not line.is_held(begin, end):
        return f"{arrive} at {line.label}{when}, which {_power(line, begin, end)}."
    behind = _behind(line, lines)
    fullest = max(behind, key=lambda other: np.nan_to_num(other.used), default=None)
    if fullest and fullest.used > 0.9:
        get = "get" if len(line.names) > 1 else "gets"
        fullest_can = f"{fullest.label} {_power(fullest, begin, end)}"
        return f"{arrive}{when}; {fullest_can}, and {line.label}, held up by it, {get} {gets} through."
    held = f"{line.its} workers are held while {_holder(behind)}"
    return f"{arrive}{when} at {line.label}; {held}, so {gets} a second get through."


def _holder(behind: list[Line]) -> str:
    """Who keeps the workers waiting: where requests stay longest."""
    stays = {line.label: sum(np.nansum(v.left_s - v.entered_s) for v in line.visits) for line in behind}
    return f"{max(stays, key=stays.get)} answers" if stays else "others answer"


def _power(line: Line, begin: float, end: float) -> str:
    """What it could serve for most of that time."""
    mostly = line.offered(begin, end)
    said = f"{'lets through' if isinstance(line.part, Throttle) else 'can serve'} {rate(mostly.per_s)}"
    return f"{said} while {_deaths(mostly)}" if mostly.dead else said + _otherwise(line, mostly.per_s)


def _deaths(offer: Offer) -> str:
    if offer.machines == 1:
        return "it is dead"
    return f"{offer.dead} of {offer.machines} machines {'is' if offer.dead == 1 else 'are'} dead"


def _otherwise(line: Line, per_s: float) -> str:
    """What else it could serve, before or after somebody turned a knob."""
    first, *_, last = offers = [line.offers()[0], *line.offers()]
    since_s = [*takewhile(lambda offer: offer.per_s == last.per_s, reversed(offers))][-1].begin_s
    if first.per_s != per_s and not first.dead:
        return f" ({rate(first.per_s)} at first)"
    return f" ({rate(last.per_s)} from second {since_s:.0f} on)" if last.per_s != per_s and not last.dead else ""


def _overloaded(line: Line, lines: list[Line]) -> list[str]:
    """A line that stands there at the end."""
    (begin, ends, longest), end, at_end = line.growing, line.result.duration_s, f"{line.at_end:,}"
    full = ends < end and line.asked(ends, end) > 1.05 * line.begun(ends, end)  # they still come
    until = end if full else ends
    on = "" if begin < 1 else f" from second {begin:.0f} on"
    first = _arrive(line, lines, begin, until, on if until == end else f" from second {begin:.0f} to {until:.0f}")
    limit = getattr(line.result.at_end.components[line.names[0]], "max_wait_s", None)
    if limit is not None or full:
        return [
            first,
            f"{at_end} wait there at the end, {'and no more may' if limit is None else f'each for {seconds(limit)} at most'}.",
        ]
    waits_s = line.last_waits_s(ends if ends < end else begin, end)
    last = "none of them moves" if waits_s == inf else f"the last of them will wait about {seconds(waits_s)}"
    if ends < end:
        still = "still do" if line.at_end < longest else "do"
        return [first, f"{longest:,} stood in line at second {ends:.0f}; at the end {at_end} {still}, and {last}."]
    growth, could, held = line.at_end / (end - begin), line.could_serve(begin, end), line.is_held(begin, end)
    surplus, chance = line.asked(begin, end) - could, 3 * sqrt(line.arrived(begin, end)) / (end - begin)
    if held or surplus > growth / 2:
        growth = surplus if abs(growth - surplus) <= chance and not held else growth
        why = f"The queue grows by {rate(growth)} every second{' from the start' * (begin < 1)};"
    elif line.offered(begin, end).machines > 1 and line.begun(begin, end) < 0.95 * could:
        why = "Its machines do not get equal shares:"
    else:
        why = "By chance a line has formed that is not worked off:"
    return [first, f"{why} at the end {at_end} are waiting, and {last}."]


def _was_overloaded(line: Line, lines: list[Line]) -> list[str]:
    """A line that was long for a time."""
    begin, ends, longest = line.over
    left = "the line is gone by the end" if line.at_end < 0.1 * longest else f"at the end {line.at_end:,} still do"
    when = f" from second {begin:.0f} to {ends:.0f}"
    return [_arrive(line, lines, begin, ends, when), f"{longest:,} stood in line then, and {left}."]


def _busy(line: Line, lines: list[Line]) -> str:
    """No line to speak of: how much of a part is in use."""
    begin, end, share = line.result.warmup_s, line.result.duration_s, percent(min(line.used, 1))
    could, longest = line.could_serve(begin, end), int(line.measured.max(initial=0))
    said = f"{share} of {line.its} capacity of {rate(could)} a second is used"
    if line.is_held(begin, end, taken=0.9 * line.used):
        said = f"{line.its} workers are taken {share} of the time, held while {_holder(_behind(line, lines))}"
    worst, dead_s = max(line.offers(), key=lambda o: o.dead), sum(o.lasts_s for o in line.offers() if o.dead)
    said += f" ({_deaths(worst)} for {seconds(dead_s)})" if dead_s else _otherwise(line, could)
    said += f", and up to {longest:,} requests stood in line before it" if longest > 1 else ""
    return f"The busiest {'part is' if line.its == 'its' else 'are'} {line.label}: {said}."


def _cached(result: Result) -> list[str]:
    """What the caches answered, and how much of that was out of date."""
    table, said = result.components, []
    for name, cache in (table[table.hit_ratio.notna()] if "hit_ratio" in table else table[:0]).iterrows():
        wrong = f", {percent(cache.stale_ratio)} of them out of date" if cache.stale_ratio else ""
        said.append(f"“{result.system.label(name)}” answers {percent(cache.hit_ratio)} of the reads{wrong}")
    return [f"{'; '.join(said)}."] if said else []


def _refused(result: Result, before: str) -> list[str]:
    """Who refused most, and whose requests these were; a death that was not spoken of `before`."""
    refused, system = result.refusals[result.refusals.at_s >= result.warmup_s], result.system
    if not len(refused):
        return []
    (name, status), count = Counter(zip(refused.component, refused.status, strict=True)).most_common(1)[0]
    worst = refused.request[(refused.component == name) & (refused.status == status)]
    whose, clients = "", np.bincount(result.records.client[worst])
    if len(result.records.sources) > 1 and clients.max() > 0.5 * count:
        share = percent(clients.max() / count).replace("100 %", "all").replace("more than 99 %", "nearly all")
        whose = f", {share} of them from “{system.label(result.records.sources[clients.argmax()])}”"
    dead = max(result.offers(name, since=result.warmup_s), key=lambda offer: offer.dead, default=None)
    why = f": {_deaths(dead)}" if status == 502 and dead and dead.dead and _deaths(dead) not in before else ""
    return [f"“{system.label(name)}” refuses {rate(count / result.window_s)} a second with {status}{whose}{why}."]


def _gave_up(result: Result) -> list[str]:
    """Who did not wait for the answer."""
    records = result.records
    came = records.arrived_s >= result.warmup_s
    gave_up = int((came & (records.status == 504)).sum())
    if not gave_up:
        return []
    patience = {part.timeout_ms for part in result.system.sources.values() if part.timeout_ms is not None}
    after = f" after {seconds(patience.pop() / 1000)}" if len(patience) == 1 else ""
    return [
        f"{percent(gave_up / came.sum())} of the requests were given up{after} (504); the work on them was for nobody."
    ]


def _speed(result: Result, p99: bool) -> list[str]:
    """How long the served ones took, and how far to trust it."""
    s, records = result.summary, result.records
    came = records.arrived_s >= result.warmup_s
    count, inside = int((came & (records.status == 200)).sum()), int((came & (records.status == 0)).sum())
    if not count:
        return ["Nobody was served." if not s.served_per_s else "Nobody was served who came in the measured time."]
    if count < 20:
        return [f"Only {count} request{'s were' if count > 1 else ' was'} served: too few for a percentile."]
    rest = _p99(result, count) if p99 else ""
    if inside > 0.05 * came.sum():
        rest = "; those who still wait are not in these figures"
    by_client = result.by_client.p95_ms.dropna().sort_values()
    if len(by_client) > 1 and by_client.iloc[-1] > 3 * by_client.iloc[0]:
        quick, slow = (f"“{result.system.label(client)}”" for client in by_client.index[[0, -1]])
        least, most = (seconds(p95_ms / 1000) for p95_ms in by_client.iloc[[0, -1]])
        return [f"95 of 100 served requests of {quick} took no more than {least}, of {slow} {most}{rest}."]
    half, most = seconds(s.p50_ms / 1000), seconds(s.p95_ms / 1000)
    return [f"Half of the served requests took no more than {half}, 95 of 100 no more than {most}{rest}."]


def _p99(result: Result, count: int) -> str:
    """What replications say about p99; without them, whether the run is too short for it (something changed: neither)."""
    if count < ENOUGH_FOR_P99:
        return f"; {count} are too few to judge the slowest 1 in 100"
    if result.others:
        _, low, high, runs = result.intervals.loc["p99_ms"]
        return f"; p99 lies between {seconds(low / 1000)} and {seconds(high / 1000)} (95 % interval of {runs:.0f} runs)"
    died = any(log for machines in result.records.deaths.values() for log in machines)
    if died or len(result.history) > 1 or any(source.surge for source in result.system.sources.values()):
        return ""
    low, high = p99_between(result)
    if high - low <= MOST_DOUBT * result.summary.p99_ms:
        return ""
    known = f"more than {seconds(low / 1000)}" if high == inf else f"{seconds(low / 1000)} to {seconds(high / 1000)}"
    return f"; the run is too short for p99, which may be {known}"
