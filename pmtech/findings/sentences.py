"""A run in two or three sentences: what the bottleneck is, by how much, and since when.

The figures are those of the run, except that a rate is named as it is set where the run's own count lies within
what chance does to it (three standard deviations of a Poisson count).
"""

from __future__ import annotations

from collections import Counter
from math import inf

import numpy as np

from pmtech.components.component import Finding
from pmtech.findings.backlog import Line
from pmtech.runs.certainty import p99_between
from pmtech.runs.offers import Offer
from pmtech.runs.result import Result
from pmtech.wording import counted, percent, rate, seconds

ENOUGH_FOR_P99 = 1000
MOST_DOUBT = 0.5  # of p99, between the ends of where it may lie

# --- which part is the bottleneck ------------------------------------------------------------------------------------


def _lines(result: Result) -> list[Line]:
    """The lines before the parts that have a capacity, in flow order; twins of one pool have one together."""
    pools: dict[tuple, list[str]] = {}
    system = result.system
    for name in result.records.visits:
        if system.components[name].makes_wait:
            feeders = frozenset(edge.tail for edge in system.before(system.numbers[name]))
            pooled = all(system.parts[tail].fan_out == "pool" for tail in feeders)
            pools.setdefault((system.components[name].slug, feeders) if pooled else (name,), []).append(name)
    return [Line(result, names) for names in pools.values()]


def _reached(line: Line) -> set[str]:
    """The parts that a request may come to after this one."""
    system = line.result.system
    return {system.names[number] for number in system.reached(*map(system.numbers.get, line.names))}


def _behind(line: Line, lines: list[Line]) -> list[Line]:
    reached = _reached(line)
    return [other for other in lines if reached.intersection(other.names)]


def _bottleneck(result: Result) -> list[str]:
    """The line that grows; else the part that has to turn away, the line that grew and is gone, or the busiest part."""
    lines = _lines(result)
    growing = [line for line in lines if line.growing]
    if growing:
        causes = [line for line in growing if not any(other.growing for other in _behind(line, lines))]
        return _overloaded(max(causes, key=lambda line: line.at_end), lines)
    busiest = max((line for line in lines if line.used > 0), key=lambda line: line.used, default=None)
    if busiest is None:
        return []
    full = max((line for line in lines if line.full), key=lambda line: len(line.turned_away), default=None)
    if full:
        return [_full(full, lines)]
    over = max((line for line in lines if line.over), key=lambda line: line.over.longest, default=None)
    return _overloaded(over, lines) if over else [_busy(busiest, lines)]


# --- the sentences ---------------------------------------------------------------------------------------------------


def explain(result: Result, p99: bool = True) -> str:
    """Two or three plain sentences about a run. p99: say how far it can be trusted, too."""
    if result.summary.offered_per_s == 0:
        return "No request arrived. Let somebody send some."
    first = _bottleneck(result)
    said = [Finding("refused", 90, said[:-1]) for said in _refused(result, " ".join(first))]
    said += [Finding("gave up", 59, said[:-1]) for said in _gave_up(result)]
    then = [*_together(said + _of_parts(result)), *_speed(result, p99)]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in [*first, *then][:3])


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
    held = f"{line.its} workers are held while they wait for {_holder(line, lines)}"
    return f"{arrive}{when} at {line.label}; {held}, so {gets} a second get through."


def _holder(line: Line, lines: list[Line]) -> str:
    """Who keeps the workers waiting: the last part on the way in which they spend most of that time."""
    labels, reached = {name: other.label for other in lines for name in other.names}, _reached(line)
    stays: Counter[str] = Counter()
    for name, v in line.result.records.visits.items():
        if name in reached:
            left_s = np.where(np.isnan(v.left_s), line.result.duration_s, v.left_s)
            stays[labels.get(name, f"“{line.result.system.label(name)}”")] += (left_s - v.entered_s).sum()
    return [label for label, stay_s in stays.items() if stay_s >= 0.6 * max(stays.values())][-1]


def _power(line: Line, begin: float, end: float) -> str:
    """What it could serve for most of that time."""
    mostly = line.offered(begin, end)
    verb = line.part.verb if line.its == "its" else line.part.verbs
    said = f"{verb} {rate(mostly.per_s)}"
    return f"{said} while {_deaths(mostly)}" if mostly.dead else said + _otherwise(line, mostly.per_s)


def _deaths(offer: Offer) -> str:
    if offer.machines == 1:
        return "it is dead"
    return f"{offer.dead} of {offer.machines} machines {'is' if offer.dead == 1 else 'are'} dead"


def _death(result: Result, names: list[str]) -> str:
    """How many of the machines were dead at worst, and for how long any was."""
    dead = [offer for offer in result.offers(*names, since=result.warmup_s) if offer.dead]
    lasted_s = sum(offer.lasts_s for offer in dead)
    return f"{_deaths(max(dead, key=lambda offer: offer.dead))} for {seconds(lasted_s)}" if dead else ""


def _otherwise(line: Line, per_s: float) -> str:
    """What else it could serve, before or after somebody turned a knob."""
    first, last = line.offers()[0], line.offers()[-1]
    if rate(first.per_s) != rate(per_s) and not first.dead:
        return f" ({rate(first.per_s)} at first)"
    another = rate(last.per_s) != rate(per_s) and not last.dead
    return f" ({rate(last.per_s)} from second {line.latest_s:.0f} on)" if another else ""


def _steady(line: Line, begin: float, ends: float) -> bool:
    """Was nothing turned, and did as many come before and after? Then it is the line alone that begins and ends."""
    if _changed(line.result):
        return False
    around = (line.result.warmup_s, begin), (begin, ends), (ends, line.result.duration_s)
    return len({rate(line.asked(*stretch)) for stretch in around if stretch[1] - stretch[0] >= 1}) == 1


def _overloaded(line: Line, lines: list[Line]) -> list[str]:
    """A line that stands there at the end, or was long for a time."""
    (begin, ends, longest), end, at_end = line.growing or line.over, line.result.duration_s, f"{line.at_end:,}"
    since = "" if begin < 1 else f" from second {begin:.0f} on"
    asked = line.asked(begin, ends)
    steady = _steady(line, begin, ends)
    when = "" if steady else f" from second {begin:.0f} to {ends:.0f}" if ends < end else since
    first = _arrive(line, lines, begin, ends, when)
    if ends == end and (line.is_full or line.max_wait_s is not None):
        limit = "and no more may" if line.max_wait_s is None else f"each for {seconds(line.max_wait_s)} at most"
        return [first, f"{at_end} wait there at the end, {limit}."]
    held, could = line.is_held(begin, ends), line.could_serve(begin, ends)
    waits_s = line.last_waits_s(ends if ends < end else begin, end)
    last = "none of them moves" if waits_s == inf else f"the last of them will wait about {seconds(waits_s)}"
    if ends < end:
        left = f"at the end {at_end} {'still do' if line.at_end < longest else 'do'}, and {last}"
        left = left if line.at_end > 0.1 * longest else "the line is gone by the end"
        by = "" if held or asked > could else "By chance "
        return [first, f"{by}{longest:,} stood in line at second {ends:.0f}; {left}."]
    before = line.length_at(begin)
    growth = (line.at_end - before) / (end - begin)
    chance = 3 * line.chance(begin, end) / (end - begin)
    if held or asked - could > growth / 2:
        through = line.begun(begin, end) if held else could
        grows = asked - through if abs(growth - (asked - through)) <= chance else growth  # as the sentence subtracts
        queue, begins = "The queue", " from the start" if begin < 1 else since * steady
        if before > 0.1 * line.at_end:
            queue, begins = f"The queue is {before:,} long by {f'second {begin:.0f}' if steady else 'then'} and", ""
        here = f" ({rate(growth)} in this run)" if abs(growth - grows) > 0.1 * grows else ""
        why = f"{queue} grows by {rate(grows)} every second{begins}{here};"
    elif line.offered(begin, end).machines > 1 and line.begun(begin, end) < 0.95 * could:
        why = "The machines do not get equal shares:"
    elif asked > 0.95 * could:
        then = f" since second {begin:.0f}" * (steady and begin >= 1)
        why = (
            f"The queue grows by {rate(asked - could)} every second, and by chance has grown faster{then}:"
            if asked > 1.01 * could
            else f"That leaves nothing over to work off a line that chance has made{then}:"
        )
    else:
        why = "By chance a line has formed that is not worked off yet:"
    return [first, f"{why} at the end {at_end} are waiting, and {last}."]


def _full(line: Line, lines: list[Line]) -> str:
    """A line so long, or a throttle so busy, that others are turned away."""
    begin, end, (first, last) = line.result.warmup_s, line.result.duration_s, line.full
    if _steady(line, first, last):
        return _arrive(line, lines, begin, end)
    if last > end - 1:
        first, since = (begin, "") if first < begin + 1 else (first, f" from second {first:.0f} on")
        return _arrive(line, lines, first, end, since)
    return _arrive(line, lines, first, last, f" from second {first:.0f} to {last:.0f}")


def _busy(line: Line, lines: list[Line]) -> str:
    """No line to speak of: how much of a part is in use."""
    begin, end, share = line.result.warmup_s, line.result.duration_s, percent(min(line.used, 1))
    could, longest = line.could_serve(begin, end), int(line.measured.max(initial=0))
    said = f"{share} of {line.its} capacity of {rate(could)} a second is used"
    other, dead = _otherwise(line, could), _death(line.result, line.names)
    if line.is_held(begin, end, share=0.85):
        said = f"{line.its} workers are taken {share} of the time, held while they wait for {_holder(line, lines)}"
        other = ""
    elif not (dead or other) and (meant := line.meant(begin, end)):
        if meant > 1.01 * could:
            other = f" ({rate(meant)} a second arrive)"
        elif meant < could and percent(meant / could) != share:
            other = f" ({percent(meant / could)} in the long run)"
    said += f" ({dead})" if dead else other
    is_, it = ("part is", "it") if line.its == "its" else ("are", "them")
    said += f", and up to {longest:,} requests stood in line before {it}" if longest > 1 else ""
    return f"The busiest {is_} {line.label}: {said}."


def _of_parts(result: Result) -> list[Finding]:
    """What the parts have to say of themselves."""
    found = []
    for name in result.records.visits:
        if figures := result.figures(name):
            found += result.at_end.components[name].findings(f"“{result.system.label(name)}”", figures)
    return found


def _together(findings: list[Finding]) -> list[str]:
    """A sentence a rule, the weightiest first."""
    rules: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: -finding.weight):
        rules.setdefault(finding.rule, []).append(finding)
    return [f"{'; '.join(finding.said for finding in those)}." for those in rules.values()]


def _refused(result: Result, before: str) -> list[str]:
    """Who refused most, and whose requests these were; a death that was not spoken of `before`."""
    refused, system = result.refusals[result.refusals.at_s >= result.warmup_s], result.system
    if not len(refused):
        return []
    said = []
    for (name, status), count in Counter(zip(refused.component, refused.status, strict=True)).most_common(2):
        if said and count < 0.1 * len(refused):
            break
        whose, these = "", refused.request[(refused.component == name) & (refused.status == status)]
        clients = np.bincount(result.records.client[these])
        if len(result.records.sources) > 1 and clients.max() > 0.5 * count:
            share = percent(clients.max() / count).replace("100 %", "all").replace("more than 99 %", "nearly all")
            whose = f", {share} of them from “{system.label(result.records.sources[clients.argmax()])}”"
        dead = _death(result, [name]) if status == 502 else ""
        why = f" ({dead})" if dead and dead not in before else ""
        said.append(
            f"“{system.label(name)}” refuses {rate(count / result.window_s)} a second with {status}{why}{whose}"
        )
    return [f"{'; '.join(said)}."]


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
    count, inside = int((came & records.served).sum()), int((came & (records.status == 0)).sum())
    if not count:
        return ["Nobody was served." if not s.served_per_s else "Nobody was served who came in the measured time."]
    if count < 20:
        return [f"Only {counted(count, 'request')} {'were' if count > 1 else 'was'} served: too few for a percentile."]
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


def _changed(result: Result) -> bool:
    """Did something happen meanwhile: an event, a turned knob, a surge, another load?"""
    moves = any(source.surge or source.profile for source in result.system.sources.values())
    return moves or len(result.history) > 1 or any(event.at_s < result.duration_s for event in result.events)


def _p99(result: Result, count: int) -> str:
    """What replications say about p99; without them, whether the run is too short for it (something changed: neither)."""
    if count < ENOUGH_FOR_P99:
        return f"; {count} are too few to judge the slowest 1 in 100"
    if result.others:
        _, low, high, runs = result.intervals.loc["p99_ms"]
        return f"; p99 of runs this long lies between {seconds(low / 1000)} and {seconds(high / 1000)} ({runs:.0f} runs, 95 %)"
    if _changed(result):
        return ""
    low, high = p99_between(result)
    if high - low <= MOST_DOUBT * result.summary.p99_ms:
        return ""
    ends = (
        f"above {seconds(low / 1000)}" if high == inf else f"between {seconds(low / 1000)} and {seconds(high / 1000)}"
    )
    return f"; the run is too short for p99: it may lie anywhere {ends}"


Result.explain = explain
