"""The words for a backlog: who comes, who could be served, what holds them up, and what becomes of the queue.

The figures are those of the run, except that a rate is named as it is set where the run's own count lies within
what chance does to it (three standard deviations of a Poisson count).
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from math import inf, prod

import numpy as np

from pmtech.findings import thresholds as at
from pmtech.findings.backlog import Backlog, Stretch, reached_from
from pmtech.runs.offers import Offer
from pmtech.runs.result import Result
from pmtech.wording import listed, percent, rate, seconds

# --- who it is, and what happened to it ------------------------------------------------------------------------------


def called(result: Result, names: list[str]) -> str:
    """A part, or all machines of a pool, as people read it."""
    components, said = result.at_end.components, []
    for _, group in groupby(names, key=lambda name: components[name].slug):
        first, *others = group
        machines = "machines of " if components[first].station else ""
        pool = f"the {len(others) + 1} {machines}“{components[first].label}”"
        said.append(pool if others else f"“{result.system.label(first)}”")
    return listed(said)


def its(backlog: Backlog) -> str:
    return "its" if len(backlog.names) == 1 else "their"


def _state(result: Result, names: list[str], offer: Offer) -> str:
    """What is the matter with those who work."""
    if offer.dead:
        of = f"{offer.dead} of {offer.machines} machines {'is' if offer.dead == 1 else 'are'}"
        return f"{of if offer.machines > 1 else 'it is'} dead"
    slow = prod(s.times for s in result.slowed if s.part == names[0] and s.at_s <= offer.begin_s < s.until_s)
    return f"{'its' if len(names) == 1 else 'their'} work takes {rate(slow)} times as long" if slow != 1 else ""


def trouble(result: Result, names: list[str]) -> str:
    """What was the matter with them at worst, and for how long anything was: " (it is dead for 30 s)"."""
    offers = [
        (offer.per_s, offer, state)
        for offer in result.offers(*names, since=result.warmup_s)
        if (state := _state(result, names, offer))
    ]
    lasted_s = sum(offer.lasts_s for _, offer, _ in offers)
    return f" ({min(offers)[2]} for {seconds(lasted_s)})" if offers else ""


def has_changed(result: Result) -> bool:
    """Did something happen meanwhile: a death, a turned knob, a load that comes and goes?"""
    died = any(log for machines in result.records.deaths.values() for log in machines)
    happened = any(event.at_s < result.duration_s for event in result.events)
    waves = any(source.surge or source.profile for source in result.system.sources.values())
    return died or happened or waves or len(result.history) > 1


def is_steady(it: Stretch) -> bool:
    """Was nothing turned, and did as many come before and after? Then it is the queue alone that begins and ends."""
    around = (it.result.warmup_s, it.begin), (it.begin, it.ends), (it.ends, it.result.duration_s)
    rates = {rate(Stretch(it.backlog, *when).asked) for when in around if when[1] - when[0] >= at.MOMENT_S}
    return not has_changed(it.result) and len(rates) == 1


# --- who comes, and what could be served -----------------------------------------------------------------------------


def arrive(it: Stretch, when: str = "") -> str:
    """How many came, how many could be served, and what holds them up."""
    backlog, name = it.backlog, called(it.result, it.backlog.names)
    come = f"{rate(it.asked)} {'messages' if backlog.part.pulls else 'requests'} a second arrive"
    if not it.is_held():
        return f"{come} at {name}{when}{power(it)}"
    behind = [Stretch(other, it.begin, it.ends) for other in backlog.behind if not other.part.pulls]
    free = [other for other in behind if not other.is_held()]
    fullest = max(free, key=lambda other: np.nan_to_num(other.backlog.used), default=None)
    if fullest and fullest.backlog.used > at.NEARLY:
        can = f"{called(it.result, fullest.backlog.names)} {_can_serve(fullest)}"
        get = "gets" if len(backlog.names) == 1 else "get"
        return f"{come}{when}; {can}, and {name}, held up by it, {get} {rate(it.begun)} through"
    held = f"{its(backlog)} workers are held while they wait for {_holder(backlog)}"
    return f"{come}{when} at {name}; {held}, so {rate(it.begun)} a second get through"


def _holder(backlog: Backlog) -> str:
    """Who keeps the workers waiting: the last part on the way in which they spend most of that time."""
    result, stays = backlog.result, Counter()
    pools = {name: other.names for other in backlog.behind for name in other.names}
    for name, v in result.records.visits.items():
        if name in reached_from(result.system, backlog.workers):
            left_s = np.where(np.isnan(v.left_s), result.duration_s, v.left_s)
            stays[called(result, pools.get(name, [name]))] += (left_s - v.entered_s).sum()
    return [holder for holder, stay_s in stays.items() if stay_s >= at.HOLDER * max(stays.values())][-1]


def power(it: Stretch) -> str:
    """What is done about those who come."""
    backlog, times = it.backlog, it.batches[1]
    if not backlog.part.pulls:
        return f", which {_can_serve(it)}"
    if not backlog.workers:
        return "; nobody behind it works on them"
    again = f", which hands each out {times:.1f} times" if times > at.AGAIN else ""
    return f"{again}; {called(it.result, backlog.workers)} behind it {_can_serve(it)}"


def _can_serve(it: Stretch) -> str:
    """What it could serve for most of that time, and what else."""
    backlog, mostly = it.backlog, it.mostly
    part = it.result.at_end.components[backlog.workers[0]]
    said = f"{part.verb if len(backlog.workers) == 1 else part.verbs} {rate(mostly.per_s)}"
    if state := _state(it.result, backlog.workers, mostly):
        return f"{said} while {state}"
    return said + ((backlog.part.pulls and trouble(it.result, backlog.workers)) or _otherwise(backlog, mostly.per_s))


def _otherwise(backlog: Backlog, per_s: float) -> str:
    """What else it could serve, before or after somebody turned a knob."""
    first, last = backlog.offers()[0], backlog.offers()[-1]
    if rate(first.per_s) != rate(per_s) and not first.dead:
        return f" ({rate(first.per_s)} at first)"
    another = rate(last.per_s) != rate(per_s) and not last.dead
    return f" ({rate(last.per_s)} from second {backlog.latest_s:.0f} on)" if another else ""


# --- what becomes of the queue ---------------------------------------------------------------------------------------


def since(begin: float) -> str:
    return f" from second {begin:.0f} on" if begin >= at.MOMENT_S else ""


def last_waits(it: Stretch, since_s: float) -> str:
    waits_s = it.backlog.last_waits_s(since_s, freely=it.cause not in ("held", "again"))
    return "none of them moves" if waits_s == inf else f"the last of them will wait about {seconds(waits_s)}"


def of_growth(it: Stretch) -> str:
    """A queue that grows, because more come than get through."""
    before, steady, through = (
        it.backlog.length_at(it.begin),
        is_steady(it),
        it.could if it.cause == "demand" else it.begun,
    )
    by_chance = abs(it.growth - (it.asked - through)) <= at.CHANCE * it.chance / it.lasts
    grows = it.asked - through if by_chance else it.growth  # as the sentence subtracts
    queue, begins = "The queue", since(it.begin) * steady if it.begin >= at.MOMENT_S else " from the start"
    if before > at.PART * it.longest:
        queue, begins = f"The queue is {before:,} long by {f'second {it.begin:.0f}' if steady else 'then'} and", ""
    here = f" ({rate(it.growth)} in this run)" if abs(it.growth - grows) > at.PART * grows else ""
    return f"{queue} grows by {rate(grows)} every second{begins}{here};"


def of_chance(it: Stretch) -> str:
    """A queue that chance has made, alone or where nothing is left over to work it off."""
    then = f" since second {it.begin:.0f}" * (is_steady(it) and it.begin >= at.MOMENT_S)
    if it.asked <= at.CLEARLY * it.could:
        return "By chance a line has formed that is not worked off yet:"
    if it.asked <= at.A_LITTLE * it.could:
        return f"That leaves nothing over to work off a line that chance has made{then}:"
    return f"The queue grows by {rate(it.asked - it.could)} every second, and by chance has grown faster{then}:"


def of_wave(it: Stretch) -> str:
    """A queue that does not grow any more."""
    backlog, queued = it.backlog, it.backlog.part.pulls
    chance = "By chance " if it.cause in ("uneven", "chance") else ""
    said = f"{chance}{it.longest:,} {'were waiting' if queued else 'stood in line'} at second {it.ends:.0f}"
    empty = backlog.times[(backlog.times > it.ends) & (backlog.length == 0)]
    if queued and len(empty):
        return f"{said}; the queue was empty again at second {empty[0]:.0f}"
    if backlog.at_end <= at.PART * it.longest:
        return f"{said}; the line is gone by the end"
    still = f"{'still ' if backlog.at_end < it.longest else ''}{'are' if queued else 'do'}"
    return f"{said}; at the end {backlog.at_end:,} {still}, and {last_waits(it, it.ends)}"


def of_another(it: Stretch, told: Backlog) -> str:
    """One more queue, beside that which has been told."""
    held = told in it.backlog.behind and it.is_held()
    passed = it.ends < it.result.duration_s and it.backlog.at_end < it.longest
    when, many, stood = (
        (f"second {it.ends:.0f}", it.longest, "stood") if passed else ("the end", it.backlog.at_end, "wait")
    )
    where = f"{'in' if it.backlog.part.pulls else 'before'} {called(it.result, it.backlog.names)}"
    return f"At {when}, {many:,} more {stood} {where}{', held up by it' if held else power(it)}"


def of_use(it: Stretch, before: Backlog, taken: float) -> str:
    """No queue to speak of: how much of the busiest part is in use, and how many stood before it at most."""
    backlog, mine, share = it.backlog, its(it.backlog), percent(min(it.backlog.used, 1))
    what, together = trouble(it.result, backlog.names), it.batches[0]
    said = f"{mine} workers are taken {share} of the time, "
    if it.is_held(taken):
        said += f"held while they wait for {_holder(backlog)}{what}"
    elif together > at.A_LITTLE:
        said += f"by {rate(together)} messages at once on average{what}"
    else:
        said = f"{share} of {mine} capacity of {rate(it.could)} a second is used"
        said += what or _otherwise(backlog, it.could) or _long_run(it, share)
    part_is, line = ("part is", "it") if mine == "its" else ("are", "them")
    longest = int(before.length[before.times >= it.begin].max(initial=0))
    stood = (
        f"requests stood in line before {line}"
        if before is backlog
        else f"messages waited in {called(it.result, before.names)}"
    )
    most = f", and up to {longest:,} {stood}" if longest > 1 else ""
    return f"The busiest {part_is} {called(it.result, backlog.names)}: {said}{most}"


def _long_run(it: Stretch, share: str) -> str:
    """What the use of a part will be, where chance made it another one in this run."""
    if it.meant and it.meant > at.A_LITTLE * it.could:
        return f" ({rate(it.meant)} a second arrive)"
    if it.meant and it.meant < it.could and percent(it.meant / it.could) != share:
        return f" ({percent(it.meant / it.could)} in the long run)"
    return ""
