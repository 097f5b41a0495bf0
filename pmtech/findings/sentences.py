"""The words for a backlog: who comes, who could be served, what holds them up, and what becomes of the queue.

The figures are those of the run, except that a rate is named as it is set where the run's own count lies within
what chance does to it (three standard deviations of a Poisson count).
"""

from collections import Counter
from math import inf, prod

import numpy as np

from pmtech.findings import thresholds as at
from pmtech.findings.backlog import Backlog, Stretch, moments
from pmtech.runs.offers import Offer
from pmtech.runs.result import Result
from pmtech.wording import listed, moment, percent, rate, seconds

# --- who it is, and what happened to it ------------------------------------------------------------------------------


def called(result: Result, names: list[str]) -> str:
    """A part, or all machines of a pool, as people read it."""
    if len(names) == 1:
        return f"“{result.system.label(names[0])}”"
    parts = [result.at_end.components[name] for name in names]
    machines = "machines of " if parts[0].station else ""
    return f"the {len(names)} {machines}{listed(dict.fromkeys(f'“{part.label}”' for part in parts))}"


def _state(result: Result, names: list[str], offer: Offer) -> str:
    """What is the matter with those who work."""
    if offer.dead:
        of = f"{offer.dead} of {offer.machines} machines {'is' if offer.dead == 1 else 'are'}"
        return f"{of if offer.machines > 1 else 'it is'} dead"
    slow = prod(s.times for s in result.slowed if s.part == names[0] and s.at_s <= offer.begin_s < s.until_s)
    return f"{'its' if len(names) == 1 else 'their'} work takes {rate(slow)} times as long" if slow != 1 else ""


def trouble(result: Result, names: list[str]) -> str:
    """What was the matter with them at worst, and for how long anything was: " (it is dead for 30 s)"."""
    offers = result.offers(*names, since=result.warmup_s)
    found = [(offer.per_s, state, offer.lasts_s) for offer in offers if (state := _state(result, names, offer))]
    lasted = seconds(sum(lasts_s for *_, lasts_s in found), result.duration_s)
    return f" ({min(found)[1]} for {lasted})" if found else ""


def has_changed(result: Result) -> bool:
    """Did something happen meanwhile, or does the load come and go?"""
    profiles = any(source.profile for source in result.system.sources.values())
    return profiles or any(0 < at_s < result.duration_s for at_s in moments(result))


def is_steady(it: Stretch) -> bool:
    """Was nothing turned, and did as many come before and after? Then it is the queue alone that begins and ends."""
    around = (it.result.warmup_s, it.begin), (it.begin, it.ends), (it.ends, it.result.duration_s)
    rates = {rate(Stretch(it.backlog, *when).asked) for when in around if when[1] - when[0] >= at.MOMENT_S}
    return not has_changed(it.result) and len(rates) == 1


def when(it: Stretch) -> str:
    """From when until when, if that is more than the time of a queue."""
    if is_steady(it):
        return ""
    ends = _at(it, it.ends).split()[-1]
    return f" from {_at(it, it.begin)} to {ends}" if it.ends < it.result.duration_s else since(it)


def since(it: Stretch, word: str = "from", on: str = " on") -> str:
    return "" if it.begin < at.MOMENT_S or it.begin == it.result.warmup_s else f" {word} {_at(it, it.begin)}{on}"


def _at(it: Stretch | Backlog, at_s: float) -> str:
    return moment(at_s, it.result.duration_s)


# --- who comes, and what could be served -----------------------------------------------------------------------------


def arrive(it: Stretch) -> str:
    """How many came, how many could be served, and what holds them up."""
    backlog, name, gets = it.backlog, called(it.result, it.backlog.names), rate(it.begun)
    come = f"{rate(it.asked)} {'messages' if backlog.part.pulls else 'requests'} a second arrive"
    if it.cause == "back" or not it.is_held:
        return f"{come} at {name}{when(it)}{power(it)}"
    behind = [Stretch(other, it.begin, it.ends) for other in backlog.behind if not other.part.pulls]
    free = [other for other in behind if not other.is_held]
    fullest = max(free, key=lambda other: np.nan_to_num(other.backlog.used), default=None)
    one = len(backlog.names) == 1
    if fullest and fullest.backlog.used > at.NEARLY:
        can = f"{called(it.result, fullest.backlog.names)} {_can_serve(fullest)}"
        return f"{come}{when(it)}; {can}, and {name}, held up by it, {'gets' if one else 'get'} {gets} through"
    held = f"{'its' if one else 'their'} {backlog.part.slots} are held while they wait for {_holder(backlog)}"
    if backlog.stopped_s is not None:
        return f"{come}{when(it)} at {name}; {held}, each for what another of them keeps: nothing is served any more"
    return f"{come}{when(it)} at {name}; {held}, so {gets} a second get through"


def _holder(backlog: Backlog) -> str:
    """Who keeps the workers waiting: the last part on the way in which they spend most of that time."""
    result, stays = backlog.result, Counter()
    pools = {name: other.names for other in backlog.behind for name in other.names}
    for name in filter(backlog.waits_for.__contains__, result.records.visits):
        v = result.records.visits[name]
        left_s = np.where(np.isnan(v.left_s), result.duration_s, v.left_s)
        stays[called(result, pools.get(name, [name]))] += (left_s - v.entered_s).sum()
    return [holder for holder, stay_s in stays.items() if stay_s >= at.HOLDER * max(stays.values())][-1]


def power(it: Stretch) -> str:
    """What is done about those who come."""
    if not it.backlog.part.pulls:
        return f", which {_can_serve(it)}"
    back = f", and {rate(it.back)} come back to be worked on once more" if it.back > at.PART * it.asked else ""
    if not it.backlog.workers:
        return f"{back}; nobody behind it works on them"
    return f"{back}; {called(it.result, it.backlog.workers)} behind it {_can_serve(it)}"


def _can_serve(it: Stretch) -> str:
    """What it could serve for most of that time, and what before or after somebody turned a knob."""
    backlog, mostly = it.backlog, it.mostly
    part = it.result.at_end.components[backlog.workers[0]]
    said = f"{part.verb if len(backlog.workers) == 1 else part.verbs} {rate(mostly.per_s)}"
    if state := _state(it.result, backlog.workers, mostly):
        return f"{said} while {state}"
    return said + ((backlog.part.pulls and trouble(it.result, backlog.workers)) or _otherwise(it, mostly.per_s))


def _otherwise(it: Stretch, per_s: float) -> str:
    """What else it could serve, before or after somebody turned a knob: since the queue began, or in the measured window."""
    offers = it.backlog.offers(min(it.begin, it.result.warmup_s))
    first, last = offers[0], offers[-1]
    if rate(first.per_s) != rate(per_s) and not first.dead:
        return f" ({rate(first.per_s)} at first)"
    since_s = max((offer.end_s for offer in offers if offer.per_s != last.per_s), default=last.begin_s)
    another = rate(last.per_s) != rate(per_s) and not last.dead
    return f" ({rate(last.per_s)} from {_at(it, since_s)} on)" if another else ""


# --- what becomes of the queue ---------------------------------------------------------------------------------------


def waits(backlog: Backlog, since_s: float) -> str:
    """How long the last of a queue will wait."""
    waits_s = backlog.last_waits_s(since_s)
    about = seconds(waits_s, backlog.result.duration_s) if waits_s < inf else ""
    return f"the last of them will wait about {about}" if about else "none of them moves"


def of_growth(it: Stretch) -> str:
    """A queue that grows, because more come than get through."""
    before, steady = it.backlog.length_at(it.begin), is_steady(it)
    more = it.asked - (it.could if it.cause == "demand" else it.begun)  # as the sentence subtracts
    grows = more if abs(it.growth - more) <= at.CHANCE * it.chance / it.lasts else it.growth
    queue, begins = "The queue", since(it) * steady or " from the start" * (it.begin < at.MOMENT_S)
    if before > at.PART * it.longest:
        queue, begins = f"The queue is {before:,} long by {_at(it, it.begin) if steady else 'then'} and", ""
    here = f" ({rate(it.growth)} in this run)" if abs(it.growth - grows) > at.PART * grows else ""
    return f"{queue} grows by {rate(grows)} every second{begins}{here};"


def of_chance(it: Stretch) -> str:
    """A queue that chance has made, alone or where nothing is left over to work it off."""
    then = since(it, "since", "") * is_steady(it)
    if it.asked <= at.CLEARLY * it.could:
        return "By chance a queue has formed that is not worked off yet:"
    if it.asked <= at.A_LITTLE * it.could:
        return f"That leaves nothing over to work off a queue that chance has made{then}:"
    return f"The queue grows by {rate(it.asked - it.could)} every second, and by chance has grown faster{then}:"


def of_wave(it: Stretch) -> str:
    """A queue that does not grow any more."""
    backlog, queued = it.backlog, it.backlog.part.pulls
    said = f"{it.longest:,} were waiting at {_at(it, it.ends)}"
    said = f"By chance {said}" if it.cause in ("uneven", "chance") else said
    empty = backlog.times[(backlog.times > it.ends) & (backlog.length == 0)]
    if queued and len(empty):
        return f"{said}; the queue was empty again at {_at(it, empty[0])}"
    if backlog.at_end <= at.PART * it.longest:
        return f"{said}; the queue is gone by the end"
    still = "still are" if backlog.at_end < it.longest else "are"
    since_s = it.ends if it.ends < it.result.duration_s - at.MOMENT_S else it.begin
    return f"{said}; at the end {backlog.at_end:,} {still}, and {waits(backlog, since_s)}"


def of_another(it: Stretch, told: Backlog) -> str:
    """One more queue, beside that which has been told."""
    held, at_end = told in it.backlog.behind and it.is_held, it.backlog.at_end
    passed = it.ends < it.result.duration_s and at_end < it.longest
    when, many, stood = (_at(it, it.ends), it.longest, "stood") if passed else ("the end", at_end, "wait")
    where = f"{'in' if it.backlog.part.pulls else 'before'} {called(it.result, it.backlog.names)}"
    return f"At {when}, {many:,} more {stood} {where}{', held up by it' if held else power(it)}"


def of_use(it: Stretch, taken: float) -> str:
    """No queue to speak of: how much of the busiest part is in use, and how many stood before it at most."""
    backlog, share, what = it.backlog, percent(min(it.backlog.used, 1)), trouble(it.result, it.backlog.names)
    part_is, its, line = ("part is", "its", "it") if len(backlog.names) == 1 else ("are", "their", "them")
    said = f"{its} {backlog.part.slots} are taken {share} of the time, "
    if it.own < taken:
        said += f"held while they wait for {_holder(backlog)}{what}"
    elif it.together > 1:
        many = rate(it.together)
        said += f"by {many} message{'s' * (many != '1')} at once on average{what}"
    else:
        more = what or _otherwise(it, it.could)
        could, waits_too = it.could, ""
        if not more and it.own < 1:  # a little of the time: the capacity is that of workers who wait so long
            could, waits_too = it.begun / backlog.used, f", waiting for {_holder(backlog)} included,"
        said = f"{share} of {its} capacity of {rate(could)} a second{waits_too} is used"
        said += more or _in_the_long_run(it, could, share)
    queue, stood = backlog.queue, f"requests were waiting for {line}"
    longest = int(queue.length[queue.times >= it.begin].max(initial=0))
    stood = stood if queue is backlog else f"messages waited in {called(it.result, queue.names)}"
    most = f", and up to {longest:,} {stood}" if longest > 1 else ""
    return f"The busiest {part_is} {called(it.result, backlog.names)}: {said}{most}"


def _in_the_long_run(it: Stretch, could: float, share: str) -> str:
    """What the use of a part will be, where chance made it another one in this run."""
    if it.meant and it.meant > at.A_LITTLE * could:
        return f" ({rate(it.meant)} a second arrive)"
    meant = percent(it.meant / could) if it.meant and it.meant < could else share
    return f" ({meant} in the long run)" if meant != share else ""
