"""What came of a run, in words and figures for a page: what was asked, what was answered, and who was busy."""

from math import isnan
from typing import NamedTuple

import numpy as np

from pmtech.engine.request import is_success
from pmtech.findings.backlog import backlogs, standing
from pmtech.findings.thresholds import PART, STANDING
from pmtech.runs.certainty import as_set
from pmtech.runs.offers import stretches
from pmtech.runs.result import Result
from pmtech.system.system import System
from pmtech.wording import listed, percent, rate, took

FULL = 0.97  # of a part's time: there is no room left


def asked_per_s(result: Result, name: str | None = None) -> float:
    """Requests a second of a client, or of all: as set, if chance alone explains the difference to those that came."""
    sources = result.system.sources
    parts = [sources[name]] if name else sources.values()
    came = result.by_client.offered_per_s[name] if name else result.summary.offered_per_s
    if result.at_end == result.system and all(part.is_steady for part in parts):
        expected = sum(part.offered_per_s for part in parts) * result.window_s
        return as_set(came * result.window_s, expected) / result.window_s
    return came


def answered_per_s(result: Result) -> float:
    """Requests a second that were answered; where nobody was left over, as many as asked."""
    s = result.summary
    return asked_per_s(result) if keeps_up(result) and not s.error_rate else s.served_per_s


def keeps_up(result: Result) -> bool:
    """Is whoever is not refused answered, but for those who came last?"""
    s = result.summary
    return s.served_per_s >= (0.97 - s.error_rate) * s.offered_per_s


def falls_behind(result: Result) -> bool:
    """Do a good part of the requests wait at the end, or more messages than chance leaves over, or does a queue that has no
    limit still grow?"""
    return result.waiting_share > PART or any(
        wave and (one.part.pulls or (wave.ends >= result.duration_s and wave.cause != "chance"))
        for one in backlogs(result)
        if not one.is_full and one.part.max_wait_s is None
        for wave in [standing(one, STANDING)]
    )


def still_waiting(result: Result) -> list[str]:
    """Of whose requests a good part had no answer at the end, where it gets worse."""
    shares = result.clients.waiting_share if falls_behind(result) else {}
    return [f"{percent(x)} of those from {label}" for label, x in shares.items() if x > PART]


def outcome(result: Result) -> str:
    """Who was answered, within what time, and what became of the others."""
    s, served = result.summary, f"95 of 100 within {times_of(result)}"
    if not s.offered_per_s:
        return "there is nothing to answer"
    left, waits = f"only {rate(s.served_per_s)} a second are answered", f"the others wait{longer(result.system)}"
    if isnan(s.p95_ms):  # whoever was answered had come before the measured time
        return f"{left}; {waits}" if s.served_per_s else "nobody is answered"
    lost = result.by_client.error_rate
    whose = [f"{percent(x)} of those from {result.system.label(c)}" for c, x in lost.items() if x > 0.01]
    share = listed(whose) if whose and len(lost) > 1 else percent(s.error_rate)
    refused = f"{share} {fate(result)}" if s.error_rate > 0.01 else ""
    if keeps_up(result):
        waiting, simpler = still_waiting(result), simpler_share(result)
        everybody = "nearly all are" if s.error_rate or waiting else "all are"
        less = f", {percent(simpler)} of them with something simpler" if simpler > 0.01 else ""
        late = f"; {listed(waiting)} still wait at the end" if waiting else ""
        answered = f"{refused}; the others are" if refused else everybody
        return f"{answered} answered, {served}{less}{_later(result)}{late}"
    return f"{refused}, {left}, and {waits}" if refused else f"{left}; {waits}"


def simpler_share(result: Result) -> float:
    """The share of the answers that are something simpler, because others failed."""
    names = [name for name, part in result.at_end.components.items() if part.stands_in]
    return float(result.requests.served_by[result.records.served].isin(names).mean()) if names else 0.0


def _later(result: Result) -> str:
    """What is done later than the answer, where there is any."""
    if not result.queues:
        return ""
    done = f", and the work is done later, 95 of 100 within {took(result.summary.age_p95_ms, result.duration_s)}"
    left = result.summary.not_done
    return f"{done} of what is done; {left:,.0f} messages are not" if left > 0.01 * len(result.messages_of()) else done


def fate(result: Result) -> str:
    """What becomes of those who are not answered."""
    said_no = {0, 429, 503}  # and any success: a queue says 202
    others = [status for status in set(result.requests.status) - said_no if not is_success(status)]
    return "are refused or fail" if others else "are refused"


def longer(system: System) -> str:
    """How waiting goes on: users who wait for their answer do not come again meanwhile."""
    return "" if all(source.waits for source in system.sources.values()) else ", longer every second"


def times_of(result: Result) -> str:
    """The p95, of each client where there are several."""
    p95_ms = result.by_client.p95_ms.dropna()
    each = {result.system.label(name): took(ms, result.duration_s) for name, ms in p95_ms.items()}
    if len(set(each.values())) == 1:
        return next(iter(each.values()))
    return ", ".join(f"{said} ({name})" for name, said in each.items())


class Pool(NamedTuple):
    """Servers or databases that stand side by side: how busy they are, what they cost an hour, and how many times as many
    came to them as they began with."""

    label: str
    number: int
    busy: float
    usd_per_hour: float
    came: float


def pools_of(result: Result) -> list[Pool]:
    """The busiest first. Where machines came or went in the measured window, as many as were there on average; where chance
    alone sent fewer or more requests than are to be expected, or a line from before it was worked off, as busy as with
    those that are to be expected."""
    as_meant = asked_per_s(result) / max(result.summary.offered_per_s, 1e-9)
    lasted = [
        ((until - since) / result.window_s, system.components)
        for since, until, system in stretches(result.history, result.warmup_s, result.duration_s)
    ]
    came: dict[str, float] = {}
    for one in backlogs(result):  # a queue's workers have what waits there before them
        share = 1 + one.at_end / max(1, int(np.isfinite(one.started).sum()))
        came |= {name: max(share, came.get(name, 1.0)) for name in one.workers}
    twins: dict[str, list[str]] = {}
    for name, part in result.system.components.items():
        if part.station:
            twins.setdefault(part.label, []).append(name)
    pools = []
    for label, names in twins.items():
        there = [(share, [parts[name] for name in names]) for share, parts in lasted]
        counts = [sum(part.replicas for part in members) for _, members in there]
        number = max(1, round(sum(share * count for (share, _), count in zip(there, counts, strict=True))))
        usd = sum(share * part.price_usd_per_hour * part.replicas for share, members in there for part in members)
        measured, kind = float(result.components.utilisation[names].mean()), there[0][1][0].kind
        busy = measured if measured >= FULL else min(measured * as_meant * _of_now(result, names), FULL)
        many = f"the {number} {kind}s{f' “{label}”' * (label.lower() != kind)}{' (on average)' * (len({*counts}) > 1)}"
        most = max(came.get(name, 1.0) for name in names)
        pools.append(Pool(f"“{label}”" if number == 1 else many, number, busy, usd, most))
    return sorted(pools, key=lambda pool: -pool.busy)


def _of_now(result: Result, names: list[str]) -> float:
    """The share of the work begun in the measured window that came in it, too."""
    times = [(visits.entered_s, visits.started_s) for visits in map(result.records.visits.__getitem__, names)]
    came, begun = (sum(int((each >= result.warmup_s).sum()) for each in those) for those in zip(*times, strict=True))
    return min(1.0, came / max(begun, 1))
