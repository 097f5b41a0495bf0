"""A run in two or three sentences: what the bottleneck is, by how much, since when; then whatever else weighs most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import NamedTuple

import numpy as np

from pmtech.components.component import Finding
from pmtech.findings import sentences
from pmtech.findings import thresholds as at
from pmtech.findings.backlog import Stretch, backlogs, passed, standing, turning_away
from pmtech.runs.certainty import p99_between
from pmtech.runs.result import Result, percentiles
from pmtech.wording import counted, percent, rate, seconds

MOST = 3  # sentences


class Case:
    """A run that is looked into. waves: the queues that there are to speak of, and told: the one that is spoken of first;
    said: what has been said."""

    def __init__(self, result: Result, p99: bool):
        self.result, self.p99, self.backlogs = result, p99, backlogs(result)
        self.waves: list[Stretch] = []
        self.told: Stretch | None = None
        self.said = ""


def explain(result: Result, p99: bool = True) -> str:
    """Two or three plain sentences about a run. p99: say how far it can be trusted, too."""
    if result.summary.offered_per_s == 0:
        return "No request arrived. Let somebody send some."
    said = [f"{said[0].upper()}{said[1:]}." for said in _together(findings(result, p99))]
    return " ".join(said[:MOST])


def findings(result: Result, p99: bool = True) -> list[Finding]:
    """Everything that there is to say of a run, the weightiest first: by the rules below, and by its parts themselves."""
    case, found, topics = Case(result, p99), [], set()
    for rule in RULES:
        if rule.topic not in topics and (said := rule.look(case, *rule.thresholds)):
            topics.add(rule.topic)
            case.said += " ".join(said)
            found += [
                Finding(f"{rule.topic}, then" if number else rule.topic, rule.weight, s)
                for number, s in enumerate(said)
            ]
    for name in result.records.visits:
        if figures := result.figures(name):
            found += result.at_end.components[name].findings(f"“{result.system.label(name)}”", figures)
    return sorted(found, key=lambda finding: -finding.weight)


def _together(found: list[Finding]) -> list[str]:
    """A sentence a topic."""
    topics: dict[str, list[Finding]] = {}
    for finding in found:
        topics.setdefault(finding.rule, []).append(finding)
    return ["; ".join(finding.said for finding in those) for those in topics.values()]


# --- the bottleneck --------------------------------------------------------------------------------------------------


def _standing(case: Case, long: at.Long) -> list[str]:
    """A queue stands there at the end: of several that are more than chance the one that no other behind it has made."""
    waves = [wave for one in case.backlogs if (wave := standing(one, long))]
    case.waves = [wave for wave in waves if wave.cause != "chance"] or waves
    queued = [wave.backlog for wave in case.waves]
    causes = [wave for wave in case.waves if not any(other in queued for other in wave.backlog.behind)]
    if not causes:
        return []
    case.told = told = max(causes, key=lambda wave: wave.backlog.at_end)
    if told.ends < case.result.duration_s:
        return _wave(told)
    first = sentences.arrive(told, "" if sentences.is_steady(told) else sentences.since(told.begin))
    at_end, patience_s = f"{told.backlog.at_end:,}", told.backlog.part.max_wait_s
    if told.backlog.is_full or patience_s is not None:
        limit = "and no more may" if patience_s is None else f"each for {seconds(patience_s)} at most"
        return [first, f"{at_end} wait there at the end, {limit}"]
    uneven = "The machines do not get equal shares:"
    words = {"uneven": lambda _: uneven, "chance": sentences.of_chance}.get(told.cause, sentences.of_growth)
    return [first, f"{words(told)} at the end {at_end} are waiting, and {sentences.last_waits(told, told.begin)}"]


def _wave(told: Stretch) -> list[str]:
    """A queue that does not grow any more."""
    when = "" if sentences.is_steady(told) else f" from second {told.begin:.0f} to {told.ends:.0f}"
    return [sentences.arrive(told, when), sentences.of_wave(told)]


def _full(case: Case, share: float) -> list[str]:
    """A queue so long, or a throttle so busy, that others are turned away."""
    full = [it for one in case.backlogs if (it := turning_away(one, share))]
    if not full:
        return []
    case.told = told = max(full, key=lambda it: len(it.backlog.turned_away))
    begin, end = case.result.warmup_s, case.result.duration_s
    if not sentences.is_steady(told) and told.ends <= end - at.MOMENT_S:
        return [sentences.arrive(told, f" from second {told.begin:.0f} to {told.ends:.0f}")]
    if sentences.is_steady(told) or told.begin < begin + at.MOMENT_S:
        return [sentences.arrive(Stretch(told.backlog, begin, end))]
    return [sentences.arrive(Stretch(told.backlog, told.begin, end), f" from second {told.begin:.0f} on")]


def _passed(case: Case, long: at.Long) -> list[str]:
    """A queue was long for a time."""
    waves = [wave for one in case.backlogs if (wave := passed(one, long))]
    case.waves = [wave for wave in waves if wave.cause not in ("uneven", "chance")] or waves
    case.told = max(case.waves, key=lambda wave: wave.longest, default=None)
    return _wave(case.told) if case.told else []


def _in_use(case: Case, taken: float) -> list[str]:
    """No queue to speak of: the busiest part."""
    used = [one for one in case.backlogs if one.used > 0 and not one.part.pulls]
    if not used:
        return []
    busiest = max(used, key=lambda one: one.used)
    before = [one for one in case.backlogs if one.part.pulls and set(one.names) & set(busiest.queues)] or [busiest]
    return [sentences.of_use(Stretch(busiest, case.result.warmup_s, case.result.duration_s), before[0], taken)]


def _further(case: Case) -> list[str]:
    """Other parts have a queue as well that chance does not explain; not those that hold up the one which has been told."""
    told, said = case.told, []
    for it in case.waves:
        is_cause = it.backlog in told.backlog.behind and told.is_held()
        if it is not told and not is_cause and it.cause not in ("uneven", "chance"):
            said.append(sentences.of_another(it, told.backlog))
    return ["; ".join(said)] if said else []


# --- what else there is to say ---------------------------------------------------------------------------------------


def _refused(case: Case, part: float, most: float) -> list[str]:
    """Who refused most, and whose requests these were."""
    return _refusals(case, _heard(case.result), part, most)


def _refused_later(case: Case, part: float, most: float) -> list[str]:
    """The same of those whose refusals no client hears, for they work for a queue or a topic."""
    return _refusals(case, set(case.result.records.visits) - _heard(case.result), part, most)


def _heard(result: Result) -> set[str]:
    """The parts whose answers a client waits for."""
    system = result.system
    found, ahead = set(), [*system.sources]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            heads = [system.names[edge.head] for edge in system.after(system.numbers[name])]
            ahead += [] if system.components[name].detached else heads
    return found


def _refusals(case: Case, those: set[str], part: float, most: float) -> list[str]:
    result, said = case.result, []
    system, sources = result.system, result.records.sources
    refused = result.refusals[(result.refusals.at_s >= result.warmup_s) & result.refusals.component.isin(those)]
    for (name, status), count in Counter(zip(refused.component, refused.status, strict=True)).most_common(2):
        if said and count < part * len(refused):
            break
        whose, these = "", refused.request[(refused.component == name) & (refused.status == status)]
        clients = np.bincount(result.records.client[these])
        if len(sources) > 1 and clients.max() > most * count:
            share = percent(clients.max() / count).replace("100 %", "all").replace("more than 99 %", "nearly all")
            whose = f", {share} of them from “{system.label(sources[clients.argmax()])}”"
        dead = sentences.trouble(result, [name]) if status == 502 else ""
        why = "" if dead in case.said else dead
        said.append(
            f"“{system.label(name)}” refuses {rate(count / result.window_s)} a second with {status}{why}{whose}"
        )
    return ["; ".join(said)] if said else []


def _gave_up(case: Case) -> list[str]:
    """Who did not wait for the answer."""
    records = case.result.records
    came = records.arrived_s >= case.result.warmup_s
    gave_up = int((came & (records.status == 504)).sum())
    if not gave_up:
        return []
    patience = {part.timeout_ms for part in case.result.system.sources.values() if part.timeout_ms is not None}
    after = f" after {seconds(patience.pop() / 1000)}" if len(patience) == 1 else ""
    return [
        f"{percent(gave_up / came.sum())} of the requests were given up{after} (504); the work on them was for nobody"
    ]


def _age(case: Case, enough: int, inside: float) -> list[str]:
    """How long it took until messages were done, where that was longest."""
    messages, found = case.result.messages, []
    for name, mine in messages[messages.published_s >= case.result.warmup_s].groupby("queue", sort=False):
        done = mine[mine.outcome == "done"]
        half_s, most_s = percentiles((done.done_s - done.published_s).to_numpy(), 0.5, 0.95)
        whose, open_ = f"messages of “{case.result.system.label(name)}”", mine.outcome.isin(["waiting", "in flight"])
        if not len(done):
            found.append((inf, f"None of the {len(mine):,} {whose} was done"))
        elif len(done) >= enough:
            rest = "; those that are not done yet are not in these figures" if open_.mean() > inside else ""
            within = f"within {seconds(half_s)}, 95 of 100 within {seconds(most_s)}"
            found.append((most_s, f"Half of the {whose} were done {within}{rest}"))
    return [max(found)[1]] if found else []


def _speed(case: Case, enough: int, inside: float, unlike: float) -> list[str]:
    """How long the served ones took, and how far to trust it."""
    result, records = case.result, case.result.records
    came = records.arrived_s >= result.warmup_s
    count, still = int((came & records.served).sum()), int((came & (records.status == 0)).sum())
    if not count:
        return [
            "Nobody was served"
            if not result.summary.served_per_s
            else "Nobody was served who came in the measured time"
        ]
    if count < enough:
        return [f"Only {counted(count, 'request')} {'were' if count > 1 else 'was'} served: too few for a percentile"]
    rest = _p99(result, count) if case.p99 else ""
    if still > inside * came.sum():
        rest = "; those who still wait are not in these figures"
    by_client = result.by_client.p95_ms.dropna().sort_values()
    if len(by_client) > 1 and by_client.iloc[-1] > unlike * by_client.iloc[0]:
        quick, slow = (f"“{result.system.label(client)}”" for client in by_client.index[[0, -1]])
        least, most = (seconds(p95_ms / 1000) for p95_ms in by_client.iloc[[0, -1]])
        return [f"95 of 100 served requests of {quick} took no more than {least}, of {slow} {most}{rest}"]
    half, most = seconds(result.summary.p50_ms / 1000), seconds(result.summary.p95_ms / 1000)
    return [f"Half of the served requests took no more than {half}, 95 of 100 no more than {most}{rest}"]


def _p99(result: Result, count: int) -> str:
    """What replications say about p99; without them, whether the run is too short for it (something changed: neither)."""
    if count < at.ENOUGH_FOR_P99:
        return f"; {count} are too few to judge the slowest 1 in 100"
    if result.others:
        _, low, high, runs = result.intervals.loc["p99_ms"]
        return f"; p99 of runs this long lies between {seconds(low / 1000)} and {seconds(high / 1000)} ({runs:.0f} runs, 95 %)"
    if sentences.has_changed(result):
        return ""
    low, high = p99_between(result)
    if high - low <= at.DOUBT * result.summary.p99_ms:
        return ""
    between = f"between {seconds(low / 1000)} and {seconds(high / 1000)}"
    ends = f"above {seconds(low / 1000)}" if high == inf else between
    return f"; the run is too short for p99: it may lie anywhere {ends}"


# --- the rules -------------------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """What there is to say of a topic: the first rule of a topic that finds anything speaks, the weightiest topics first."""

    topic: str
    weight: int  # those of the parts' own findings lie between
    look: Callable[..., list[str]]  # at a case, with the thresholds: sentences
    thresholds: tuple = ()  # from where on it speaks


RULES = (
    Rule("bottleneck", 100, _standing, (at.STANDING,)),
    Rule("bottleneck", 99, _full, (at.TURNED_AWAY,)),
    Rule("bottleneck", 98, _passed, (at.PASSED,)),
    Rule("bottleneck", 97, _in_use, (at.TAKEN,)),
    Rule("further queues", 95, _further),
    Rule("refused", 90, _refused, (at.PART, at.MOSTLY)),
    Rule("age", 78, _age, (at.ENOUGH, at.INSIDE)),
    Rule("again", 76, _refused_later, (at.PART, at.MOSTLY)),
    Rule("gave up", 59, _gave_up),
    Rule("speed", 10, _speed, (at.ENOUGH, at.INSIDE, at.UNLIKE)),
)
