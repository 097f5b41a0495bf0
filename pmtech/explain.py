"""A run in two or three sentences: what the bottleneck is, by how much, and since when.

The figures are those of the run, except that a rate is named as it is set where the run's own count lies within
what chance does to it (three standard deviations of a Poisson count).
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import inf, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pmtech.certainty import p99_between

if TYPE_CHECKING:
    from pmtech.result import Result

ENOUGH_FOR_P99 = 1000
MOST_DOUBT = 0.5  # of p99, between the ends of where it may lie


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


def explain(result: Result) -> str:
    """Two or three plain sentences about a run."""
    if result.summary.offered_per_s == 0:
        return "No request arrived. Let somebody send some."
    first = _bottleneck(result)
    then = [*_cached(result), *_refused(result, " ".join(first)), *_gave_up(result), *_speed(result)]
    return " ".join([*first, *then][:3])


def _label(result: Result, names: list[str]) -> str:
    if len(names) == 1:
        return f"“{result.system.label(names[0])}”"
    return f"the {len(names)} machines of “{result.system.components[names[0]].label}”"


class _Power(NamedTuple):
    """What a part, or a pool, could serve a second at a time, and how many of its machines were dead then."""

    per_s: float
    dead: int = 0
    machines: int = 1

    @property
    def deaths(self) -> str:
        if self.machines == 1:
            return "it is dead"
        return f"{self.dead} of {self.machines} machines {'is' if self.dead == 1 else 'are'} dead"

    def __str__(self):
        return rate(self.per_s) + (f" while {self.deaths}" if self.dead else "")


def _per_place(part) -> float:
    """Requests a second at one place of work; a throttle has only one."""
    work_ms = getattr(part, "service_ms", getattr(part, "query_ms", None))
    return 1000 / work_ms if work_ms else part.capacity_per_s


class _Line:
    """The line before a part, or before all machines of a pool together."""

    def __init__(self, result: Result, names: list[str]):
        self.result, self.names = result, names
        self.parts = [result.at_end.components[name] for name in names]
        self.capacity = sum(part.capacity_per_s for part in self.parts)
        lines = [result.line(name) for name in names]
        self.joined = np.concatenate([joined for joined, _ in lines])
        self.gone = np.concatenate([gone for _, gone in lines])
        times = np.concatenate([self.joined, self.gone[self.gone < np.inf]])
        steps = np.concatenate([np.ones(len(self.joined)), -np.ones(len(times) - len(self.joined))])
        order = np.lexsort((steps, times))
        self.times, self.length = times[order], np.cumsum(steps[order])
        self.at_end = int(self.length[-1]) if len(times) else 0

    @property
    def since(self) -> float:
        """The last moment at which somebody joined an empty line."""
        empty = np.flatnonzero(self.length == 0)
        return float(self.times[empty[-1] + 1 if len(empty) else 0])

    @property
    def peak(self) -> tuple[float, int]:
        """When it was longest since then, and how long."""
        longest = int(np.argmax(np.where(self.times >= self.since, self.length, -1)))
        return float(self.times[longest]), int(self.length[longest])

    def overload_that_is_over(self) -> tuple[float, float, int] | None:
        """(from when, to when it grew, how long it was then) of the longest line, if that was no work of chance."""
        if not len(self.length):
            return None
        top = int(np.argmax(self.length))
        empty = np.flatnonzero(self.length[:top] == 0)
        begin, top_s, longest = self.times[empty[-1] + 1 if len(empty) else 0], self.times[top], int(self.length[top])
        lasted = top_s - begin
        if longest < max(10.0, self.capacity) or lasted < 1 or longest <= 6 * sqrt(self.arrived(begin, top_s)):
            return None  # near 100 % chance alone makes long lines
        return float(begin), float(top_s), longest

    @property
    def ends(self) -> float:
        """When it ceased to grow: at its peak, if machines came back or it is shorter by more than chance makes it."""
        end, (top_s, longest) = self.result.duration_s, self.peak
        if not self.since + 1 < top_s < end:
            return end
        chance = max(0.1 * longest, 3 * sqrt(self.arrived(top_s, end)))
        came_back = self.stretches(self.since, end)[-1][0].dead < self.power(self.since, end).dead
        return top_s if came_back or longest - self.at_end > chance else end

    @property
    def grows(self) -> bool:
        """Is it long at the end, and longer than chance makes it? (Three standard deviations of what arrived.)"""
        end = self.result.duration_s
        lasts = end - self.since if self.at_end else 0.0
        if lasts < 0.05 * self.result.window_s:
            return False
        half_a_second = self.passed(self.since, end) / 2  # of what moves: held workers could do more and do not
        return self.at_end >= max(10.0, half_a_second) and self.at_end > 3 * sqrt(self.arrived(self.since, end))

    def arrived(self, begin: float, end: float) -> int:
        """How many came to the part, in line or not."""
        entered = np.concatenate([self.result.records.visits[name].entered_s for name in self.names])
        return int(((entered >= begin) & (entered <= end)).sum())

    def passed(self, begin: float, end: float) -> float:
        """How many a second got from the line to work."""
        return float(((self.gone > begin) & (self.gone <= end)).sum()) / (end - begin)

    def power(self, begin: float, end: float) -> _Power:
        """What could be served for most of that time."""
        lasted: Counter[_Power] = Counter()
        for power, lasts in self.stretches(begin, end):
            lasted[power] += lasts
        return lasted.most_common(1)[0][0]

    def mean_power(self, begin: float, end: float) -> float:
        """Requests a second that could be served, on average."""
        return sum(power.per_s * lasts for power, lasts in self.stretches(begin, end)) / (end - begin)

    def worst_death(self) -> tuple[_Power, float]:
        """The time with the most machines dead, and for how many seconds any of them was."""
        stretches = self.stretches(self.result.warmup_s, self.result.duration_s)
        return max((power for power, _ in stretches), key=lambda power: power.dead), sum(
            lasts for power, lasts in stretches if power.dead
        )

    def stretches(self, begin: float, end: float) -> list[tuple[_Power, float]]:
        """What could be served, and for how many seconds that held: machines die and come back, knobs are turned."""
        first = [self.result.system.components[name] for name in self.names]
        if [*map(_per_place, first)] != [*map(_per_place, self.parts)]:  # since when is not on record
            return [(_Power(self.passed(begin, end)), end - begin)]
        logs = [
            (log, _per_place(part))
            for name, part in zip(self.names, self.parts, strict=True)
            for log in self.result.records.places[name][: getattr(part, "replicas", 1)]  # without those taken away
        ]
        if not logs:
            return [(_Power(self.capacity), end - begin)]
        changes = {since for log, _ in logs for since, _ in log if begin < since < end}
        stretches = []
        for now, until in pairwise(sorted({begin, end, *changes})):
            known = [([places for since, places in log if since <= now], speed) for log, speed in logs]
            there = [(places[-1], speed) for places, speed in known if places]
            power = _Power(sum(n * speed for n, speed in there), sum(not n for n, _ in there), len(there))
            stretches.append((power, until - now))
        return stretches

    def arrivals_per_s(self, begin: float, end: float) -> float:
        """Requests a second that came: as set, if chance alone explains the difference."""
        counted = self.arrived(begin, end)
        system = self.result.system
        before = {edge.tail for edge in system.edges if system.names[edge.head] in self.names}
        pools = {tail for tail in before if system.parts[tail].fan_out == "pool"}
        if all(system.names[edge.head] in self.names for tail in pools for edge in system.after(tail)):
            before = before - pools | {edge.tail for edge in system.edges if edge.head in pools}
        sources = [system.parts[tail] for tail in before]
        if all(part.is_source and hasattr(part, "rate_per_s") and not part.surge for part in sources):
            expected = sum(part.rate_per_s for part in sources) * (end - begin)
            if self.result.at_end == system:
                counted = as_set(counted, expected)
        return counted / (end - begin)


def _pools(result: Result) -> list[list[str]]:
    """Names of the parts that have a capacity, in flow order; twins of one pool together."""
    pools: dict[str, list[str]] = {}
    for name in result.components.index:
        part = result.system.components[name]
        if hasattr(part, "capacity_per_s") and type(part).__name__ != "RateLimiter":  # which has a limit instead
            feeders = frozenset(e.tail for e in result.system.edges if result.system.names[e.head] == name)
            pools.setdefault((part.slug, feeders), []).append(name)
    return list(pools.values())


def _bottleneck(result: Result) -> list[str]:
    """The line that grows, and the part that makes it grow; if none does, the busiest part."""
    used = result.components.utilisation
    lines = [_Line(result, names) for names in _pools(result)]
    growing = [line for line in lines if line.grows]
    if growing:
        line = growing[-1]
        # A worker that is held while it waits downstream looks busy; the cause is the part that it waits for.
        slowed = line.passed(line.since, line.ends) < 0.95 * line.mean_power(line.since, line.ends)
        later = lines[lines.index(line) + 1 :] if slowed else []
        cause = max(later, key=lambda other: used[other.names].max(), default=line)
        holder = later[0] if later else None
        cause = cause if used[cause.names].max() > 0.7 else line
        return _overloaded(result, line, cause, holder)
    busy = [line for line in lines if used[line.names].max() > 0]
    if not busy:
        return []
    line = max(busy, key=lambda line: used[line.names].mean())
    share, longest = used[line.names].mean(), int(line.length.max(initial=0))
    begin, end = result.warmup_s, result.duration_s
    turned_away = result.components.rejected[line.names].sum()
    if share > 0.95 and turned_away > 0.02 * line.arrived(begin, end):
        arrive, power = line.arrivals_per_s(begin, end), line.power(begin, end)
        return [
            f"{rate(arrive)} requests a second arrive at {_label(result, line.names)}, which {_verb(line)} {power}."
        ]
    over = line.overload_that_is_over()
    if over:
        return [_was_overloaded(result, line, *over)]
    capacity = f"its capacity of {rate(line.mean_power(begin, end))} a second is used"
    worst, dead_s = line.worst_death()
    if dead_s:
        capacity += f" ({worst.deaths} for {seconds(dead_s)})"
    said = f"The busiest part is {_label(result, line.names)}: {percent(share)} of {capacity}"
    return [f"{said}, and up to {longest:,} requests stood in line before it." if longest > 1 else f"{said}."]


def _verb(line: _Line) -> str:
    return "lets through" if hasattr(line.parts[0], "max_wait_s") else "can serve"


def _was_overloaded(result: Result, line: _Line, begin: float, top_s: float, longest: int) -> str:
    arrived, power = line.arrived(begin, top_s) / (top_s - begin), line.power(begin, top_s)
    left = "and the line is gone by the end" if line.at_end < 0.1 * longest else f"at the end {line.at_end:,} still do"
    return (
        f"{rate(arrived)} requests a second arrived at {_label(result, line.names)} from second {begin:.0f} to "
        f"{top_s:.0f}, which {_verb(line)} {power}; {longest:,} stood in line then, {left}."
    )


def _overloaded(result: Result, line: _Line, cause: _Line, holder: _Line | None) -> list[str]:
    begin, end, ends, longest = line.since, result.duration_s, line.ends, line.peak[1]
    arrive, limit = line.arrivals_per_s(begin, ends), getattr(line.parts[0], "max_wait_s", None)
    when = (
        ""
        if begin < 1
        else f" from second {begin:.0f} on"
        if ends == end
        else f" from second {begin:.0f} to {ends:.0f}"
    )
    verb = _verb(cause)
    power = cause.power(begin, ends)
    first = f"{rate(arrive)} requests a second arrive at {_label(result, line.names)}{when}, which {verb} {power}."
    if holder is not None and cause is line:
        first = (
            f"{rate(arrive)} requests a second arrive{when} at {_label(result, line.names)}; its workers are held while "
            f"{_label(result, holder.names)} answers, so {rate(line.passed(begin, ends))} a second get through."
        )
    if cause is not line:
        first = (
            f"{rate(arrive)} requests a second arrive{when}; {_label(result, cause.names)} can serve {power}, "
            f"and {_label(result, line.names)}, held up by it, {'gets' if len(line.names) == 1 else 'get'} {rate(line.passed(begin, ends))} through."
        )
    if limit is not None:
        return [first, f"{line.at_end:,} wait there at the end, each for {seconds(limit)} at most."]
    passed = line.passed(begin, ends)
    now = line.passed(ends, end) if ends < end else passed
    last = f"the last of them will wait about {seconds(line.at_end / now)}" if now else "none of them moves"
    if ends < end:
        return [
            first,
            f"{longest:,} stood in line at second {ends:.0f}; at the end {line.at_end:,} still do, and {last}.",
        ]
    growth, surplus = line.at_end / (end - begin), arrive - power.per_s
    if cause is line and surplus > 0 and abs(growth - surplus) * (end - begin) <= 3 * sqrt(line.arrived(begin, end)):
        growth = surplus
    return [
        first,
        f"The queue grows by {rate(growth)} every second; at the end {line.at_end:,} are waiting, and {last}.",
    ]


def _cached(result: Result) -> list[str]:
    """What the caches answered, and how much of that was out of date."""
    table, said = result.components, []
    if "hit_ratio" not in table:
        return []
    for name, cache in table[table.hit_ratio.notna()].iterrows():
        wrong = f", {percent(cache.stale_ratio)} of them out of date" if cache.stale_ratio else ""
        said.append(f"{_label(result, [name])} answers {percent(cache.hit_ratio)} of the reads{wrong}")
    return [f"{'; '.join(said)}."]


def _refused(result: Result, before: str) -> list[str]:
    """Who refused how many, and whose requests these were; a death that was not spoken of `before`."""
    refused = result.refusals
    refused = refused[refused.at_s >= result.warmup_s]
    if not len(refused):
        return []
    status = refused.status.mode()[0]
    worst = refused[refused.status == status]
    name = worst.component.mode()[0]
    counts = np.bincount(result.records.client[worst.request])
    client, share = result.records.sources[counts.argmax()], counts.max() / len(worst)
    whose = ""
    if len(result.records.sources) > 1 and share > 0.5:
        whose = f", {'all' if share > 0.995 else percent(share)} of them from {_label(result, [client])}"
    died = [_Line(result, names).worst_death()[0] for names in _pools(result) if name in names and status == 502]
    why = f": {died[0].deaths}" if died and died[0].dead and died[0].deaths not in before else ""
    return [
        f"{_label(result, [name])} refuses {rate(len(worst) / result.window_s)} a second with {status}{whose}{why}."
    ]


def _gave_up(result: Result) -> list[str]:
    """Who did not wait for the answer."""
    records = result.records
    came = records.arrived_s >= result.warmup_s
    gave_up = int((came & (records.status == 504)).sum())
    if not gave_up:
        return []
    patience = {part.timeout_ms for part in result.system.sources.values() if part.timeout_ms is not None}
    after = f" after {seconds(patience.pop() / 1000)}" if len(patience) == 1 else ""
    share = percent(gave_up / came.sum())
    return [f"{share} of the requests were given up{after} (504); the work on them was for nobody."]


def _speed(result: Result) -> list[str]:
    """How long the served ones took, and how far to trust it."""
    s, records = result.summary, result.records
    came = records.arrived_s >= result.warmup_s
    count = int((came & (records.status == 200)).sum())
    if not count:
        return ["Nobody was served."]
    if count < 20:
        return [f"Only {count} requests were served: too few for a percentile."]
    inside = int((came & (records.status == 0)).sum())
    rest = "; those who still wait are not in these figures" if inside > 0.05 * came.sum() else ""
    if not rest and count < ENOUGH_FOR_P99:
        rest = f"; {count} are too few to judge the slowest 1 in 100"
    elif not rest:
        rest = _p99(result)
    by_client = result.by_client.p95_ms.dropna().sort_values()
    if len(by_client) > 1 and by_client.iloc[-1] > 3 * by_client.iloc[0]:
        quick, slow = by_client.index[0], by_client.index[-1]
        return [
            f"95 of 100 served requests of {_label(result, [quick])} took no more than "
            f"{seconds(by_client[quick] / 1000)}, of {_label(result, [slow])} {seconds(by_client[slow] / 1000)}{rest}."
        ]
    half, most = seconds(s.p50_ms / 1000), seconds(s.p95_ms / 1000)
    return [f"Half of the served requests took no more than {half}, 95 of 100 no more than {most}{rest}."]


def _p99(result: Result) -> str:
    """What replications say about p99; without them, whether the run is too short for it (something changed: neither)."""
    if result.others:
        _, low, high, runs = result.intervals.loc["p99_ms"]
        return f"; p99 lies between {seconds(low / 1000)} and {seconds(high / 1000)} (95 % interval of {runs:.0f} runs)"
    changed = any(len(log) > 1 for logs in result.records.places.values() for log in logs)  # a machine died, or grew
    if changed or result.at_end != result.system or any(s.surge for s in result.system.sources.values()):
        return ""
    low, high = p99_between(result)
    if high - low <= MOST_DOUBT * result.summary.p99_ms:
        return ""
    known = f"more than {seconds(low / 1000)}" if high == inf else f"{seconds(low / 1000)} to {seconds(high / 1000)}"
    return f"; the run is too short for p99, which may be {known}"
