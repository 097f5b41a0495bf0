"""A run in two or three sentences: what the bottleneck is, by how much, since when; then whatever else weighs most."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import numpy as np

from pmtech.components.component import Finding
from pmtech.findings import sentences as words
from pmtech.findings import thresholds as at
from pmtech.findings.backlog import Backlog, Stretch, backlogs, passed, standing, turning_away
from pmtech.runs.certainty import p99_between
from pmtech.runs.result import Result
from pmtech.runs.summary import percentiles
from pmtech.wording import counted, percent, rate, seconds, took

SENTENCES = 3  # at most


@dataclass
class Case:
    """A run that is looked into; p99: also how far it can be trusted. waves: the queues that there are to speak of, and
    told: the one that is spoken of first; said: all that has been said."""

    result: Result
    p99: bool
    backlogs: list[Backlog]
    waves: list[Stretch] = field(default_factory=list)
    told: Stretch | None = None
    said: str = ""


def explain(result: Result, p99: bool = True) -> str:
    """Two or three plain sentences about a run. p99: say how far it can be trusted, too."""
    if result.totals["offered_per_s"] == 0:
        return "No request arrived. Let somebody send some."
    topics: dict[str, list[str]] = {}
    for finding in findings(result, p99):
        topics.setdefault(finding.rule, []).append(finding.said)
    said = ["; ".join(those).replace("; At ", "; at ") for those in topics.values()][:SENTENCES]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in said)


def findings(result: Result, p99: bool = True) -> list[Finding]:
    """Everything that there is to say of a run, the weightiest first: by the rules below, and by its parts themselves."""
    case, found, topics = Case(result, p99, backlogs(result)), [], set()
    for rule in RULES:
        if rule.topic not in topics and (said := rule.look(case, *rule.thresholds)):
            topics.add(rule.topic)
            case.said += " ".join(said)
            found += [Finding(f"{rule.topic}{', then' * n}", rule.weight, sentence) for n, sentence in enumerate(said)]
    for name in result.records.visits:
        if figures := result.figures(name):
            found += result.at_end.components[name].findings(f"“{result.system.label(name)}”", figures)
    return sorted(found, key=lambda finding: -finding.weight)


# --- the bottleneck --------------------------------------------------------------------------------------------------


def _standing(case: Case, long: at.Long) -> list[str]:
    """A queue stands there at the end: of several that are more than chance the one that no other behind it has made."""
    waves = [wave for one in case.backlogs if (wave := standing(one, long))]
    case.waves = [wave for wave in waves if wave.cause != "chance"] or waves
    queued = [wave.backlog for wave in case.waves]
    causes = [wave for wave in case.waves if not any(other in queued for other in wave.backlog.behind)]
    case.told = told = max(causes, key=lambda wave: wave.backlog.at_end, default=None)
    if told is None or told.ends < case.result.duration_s:
        return _wave(told)
    at_end, patience_s = f"{told.backlog.at_end:,}", told.backlog.part.max_wait_s
    if told.backlog.is_full or patience_s is not None:
        limit = "and no more may" if patience_s is None else f"each for {seconds(patience_s)} at most"
        return [words.arrive(told), f"{at_end} wait there at the end, {limit}"]
    if told.cause == "uneven":
        taken = [case.result.taken(name) for name in told.backlog.names]
        few, many = (percent(share) for share in np.sort(np.concatenate(taken))[[0, -1]])
        why = f"The machines do not get equal shares (busy {many} and {few} of the time):"
    else:
        why = words.of_chance(told) if told.cause == "chance" else words.of_growth(told)
    return [words.arrive(told), f"{why} at the end {at_end} are waiting, and {words.waits(told.backlog, told.begin)}"]


def _wave(told: Stretch | None) -> list[str]:
    """A queue that does not grow any more."""
    return [words.arrive(told), words.of_wave(told)] if told else []


def _full(case: Case, share: float) -> list[str]:
    """A queue so long, or a throttle so busy, that others are turned away."""
    full = [it for one in case.backlogs if (it := turning_away(one, share))]
    told = max(full, key=lambda it: len(it.backlog.turned_away), default=None)
    if told is None:
        return []
    warmup_s, end, steady = case.result.warmup_s, case.result.duration_s, words.is_steady(told)
    ends = end if steady or told.ends > end - at.MOMENT_S else told.ends
    whole = ends == end and (steady or told.begin < warmup_s + at.MOMENT_S)
    case.told = Stretch(told.backlog, warmup_s if whole else told.begin, ends)
    return [words.arrive(case.told)]


def _passed(case: Case, long: at.Long) -> list[str]:
    """A queue was long for a time."""
    waves = [wave for one in case.backlogs if (wave := passed(one, long))]
    case.waves = [wave for wave in waves if wave.cause not in ("uneven", "chance")] or waves
    case.told = max(case.waves, key=lambda wave: wave.longest, default=None)
    return _wave(case.told)


def _in_use(case: Case, taken: float) -> list[str]:
    """No queue to speak of: the busiest part."""
    used = [one for one in case.backlogs if one.used > 0 and not one.part.pulls]
    busiest = max(used, key=lambda one: one.used, default=None)
    return [words.of_use(Stretch(busiest, case.result.warmup_s, case.result.duration_s), taken)] if busiest else []


def _further(case: Case) -> list[str]:
    """Other parts have a queue as well that chance does not explain; not those that hold up the one which has been told."""
    told, said = case.told, []
    if told is None:
        return []
    for it in case.waves:
        is_cause = it.backlog in told.backlog.behind and told.is_held
        if it is not told and not is_cause and it.cause not in ("uneven", "chance"):
            said.append(words.of_another(it, told.backlog))
    return ["; ".join(said)] if said else []


# --- what else there is to say ---------------------------------------------------------------------------------------


def _refused(case: Case, heard: bool, part: float, most: float) -> list[str]:
    """Who refused most, and whose requests these were. heard: of those whose answers a client hears, or of the others, which
    work for a queue or a topic."""
    result, records, said = case.result, case.result.records, []
    system, sources, refused = result.system, records.sources, records.refusals
    those = (refused.at_s >= result.warmup_s) & (np.isin(refused.component, [*system.heard]) == heard)
    counts = Counter(zip(refused.component[those], refused.status[those], strict=True))
    for (name, status), count in counts.most_common(2):
        if said and count < part * those.sum():
            break
        if not heard and status == 502 and "dead" in case.said:  # the queue tells what came of that
            continue
        rows = refused.row[those & (refused.component == name) & (refused.status == status)]
        clients, whose = np.bincount(records.client[rows]), ""
        if len(sources) > 1 and clients.max() > most * count:
            share = percent(clients.max() / count).replace("100 %", "all").replace("more than 99 %", "nearly all")
            whose = f", {share} of them from “{system.label(sources[clients.argmax()])}”"
        why = words.trouble(result, [name]) if status == 502 else ""
        why, often = "" if why in case.said else why, rate(count / result.window_s)
        said.append(f"“{system.label(name)}” refuses {often} a second with {status}{why}{whose}")
    return ["; ".join(said)] if said else []


def _age(case: Case, enough: int, inside: float) -> list[str]:
    """How long it took until messages were done, where that was longest."""
    found = [(0.0, "")]
    for name in case.result.queues:
        mine = case.result.messages_of(name)
        ages, whose = mine.age_s[~np.isnan(mine.age_s)], f"messages of “{case.result.system.label(name)}”"
        half_s, most_s = percentiles(ages, 0.5, 0.95)
        if not len(ages) and (mine.outcome != "dead").any():  # of what got lost the part itself tells
            found.append((inf, f"none of the {len(mine):,} {whose} was done"))
        elif len(ages) >= enough:
            still = np.isin(mine.outcome, ("waiting", "in flight")).mean() > inside
            rest = "; those that are not done yet are not in these figures" if still else ""
            half, most = (seconds(age_s, case.result.duration_s) for age_s in (half_s, most_s))
            found.append((most_s, f"half of the {whose} were done within {half}, 95 of 100 within {most}{rest}"))
    return [said for _, said in [max(found)] if said]


def _gave_up(case: Case) -> list[str]:
    """Who did not wait for the answer."""
    records, sources = case.result.records, case.result.system.sources.values()
    came = records.arrived_s >= case.result.warmup_s
    share = (records.status[came] == 504).mean()
    patience = {part.timeout_ms for part in sources if part.timeout_ms is not None}
    after = f" after {seconds(patience.pop() / 1000)}" if len(patience) == 1 else ""
    said = f"{percent(share)} of the requests were given up{after} (status 504); the work on them was for nobody"
    return [said] if share else []


def _speed(case: Case, enough: int, inside: float, unlike: float) -> list[str]:
    """How long the served ones took, and how far to trust it."""
    result, records, totals = case.result, case.result.records, case.result.totals
    came = records.arrived_s >= result.warmup_s
    count, still = int(result.measured.sum()), int((came & (records.status == 0)).sum())
    if not count:
        return ["Nobody was served" + (" who came in the measured time" if totals["served_per_s"] else "")]
    if count < enough:
        return [f"Only {counted(count, 'request')} {'were' if count > 1 else 'was'} served: too few for a percentile"]
    rest = _p99(result, count) if case.p99 else ""
    rest = "; those who still wait are not in these figures" if still > inside * came.sum() else rest
    p95_ms = {name: figures["p95_ms"] for name, figures in result.senders.items() if figures["p95_ms"] >= 0}
    quick, slow = min(p95_ms, key=p95_ms.__getitem__), max(p95_ms, key=p95_ms.__getitem__)
    if p95_ms[slow] > unlike * p95_ms[quick]:
        least, most = took(p95_ms[quick], result.duration_s), took(p95_ms[slow], result.duration_s)
        quick, slow = f"“{result.system.label(quick)}”", f"“{result.system.label(slow)}”"
        return [f"95 of 100 served requests of {quick} took no more than {least}, of {slow} {most}{rest}"]
    half, most = took(totals["p50_ms"], result.duration_s), took(totals["p95_ms"], result.duration_s)
    return [f"Half of the served requests took no more than {half}, 95 of 100 no more than {most}{rest}"]


def _p99(result: Result, count: int) -> str:
    """What replications say about p99; without them, whether the run is too short for it (something changed: neither)."""
    if count < at.ENOUGH_FOR_P99:
        return f"; {count} are too few to judge the slowest 1 in 100"
    if result.others:
        _, low, high, runs = result.intervals.loc["p99_ms"]
        between = f"between {took(low, result.duration_s)} and {took(high, result.duration_s)}"
        return f"; p99 of runs this long lies {between} ({runs:.0f} runs, 95 %)"
    low, high = p99_between(result)
    if words.has_changed(result) or high - low <= at.DOUBT * result.totals["p99_ms"]:
        return ""
    least, most = took(low, result.duration_s), took(high, result.duration_s)
    ends = f"above {least}" if high == inf else f"between {least} and {most}"
    return f"; the run is too short for p99: it may lie anywhere {ends}"


# --- the rules -------------------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """What there is to say of a topic: the first rule of it that finds anything speaks, the weightiest topics first.

    weight: those of what parts say of themselves lie between. look: sentences, of a case and with the thresholds.
    """

    topic: str
    weight: int
    thresholds: tuple
    look: Callable[..., list[str]]


RULES = (
    Rule("bottleneck", 100, (at.STANDING,), _standing),
    Rule("bottleneck", 99, (at.TURNED_AWAY,), _full),
    Rule("bottleneck", 98, (at.PASSED,), _passed),
    Rule("bottleneck", 97, (at.TAKEN,), _in_use),
    Rule("further queues", 95, (), _further),
    Rule("refused", 90, (True, at.PART, at.MOSTLY), _refused),
    Rule("age", 78, (at.ENOUGH, at.INSIDE), _age),
    Rule("again", 76, (False, at.PART, at.MOSTLY), _refused),
    Rule("gave up", 59, (), _gave_up),
    Rule("speed", 10, (at.ENOUGH, at.INSIDE, at.UNLIKE), _speed),
)
