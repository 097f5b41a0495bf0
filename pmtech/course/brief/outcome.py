"""What came of a run, in words and figures for a page: what was asked, what was answered, and who was busy."""

from math import isnan
from typing import NamedTuple

from pmtech.engine.request import is_success
from pmtech.findings.backlog import Backlog, standing
from pmtech.findings.thresholds import PART, STANDING
from pmtech.runs.certainty import as_set
from pmtech.runs.result import Result
from pmtech.system.system import System
from pmtech.wording import listed, percent, rate, took


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
    """Do more messages wait at the end than chance leaves over, or a good part of the requests?"""
    return result.waiting_share > PART or any(
        standing(Backlog(result, [name]), STANDING) for name in result.queues if result.at_end.components[name].pulls
    )


def outcome(result: Result) -> str:
    """Who was answered, within what time, and what became of the others."""
    s, served = result.summary, f"95 of 100 within {times_of(result)}"
    if not s.offered_per_s:
        return "there is nothing to answer"
    if isnan(s.p95_ms):
        return "nobody is answered"
    lost = result.by_client.error_rate
    whose = [f"{percent(x)} of those from {result.system.label(c)}" for c, x in lost.items() if x > 0.01]
    share = listed(whose) if whose and len(lost) > 1 else percent(s.error_rate)
    refused = f"{share} {fate(result)}" if s.error_rate > 0.01 else ""
    if keeps_up(result):
        everybody = "nearly all are" if s.error_rate else "all are"
        simpler = simpler_share(result)
        less = f", {percent(simpler)} of them with something simpler" if simpler > 0.01 else ""
        late = f"; {percent(result.waiting_share)} still wait at the end" if result.waiting_share > PART else ""
        return (
            f"{f'{refused}; the others are' if refused else everybody} answered, {served}{less}{_later(result)}{late}"
        )
    left, waits = f"only {rate(s.served_per_s)} a second are answered", f"the others wait{longer(result.system)}"
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
    """Servers or databases that stand side by side: how busy they are, and what they cost an hour."""

    label: str
    number: int
    busy: float
    usd_per_hour: float


def pools_of(result: Result) -> list[Pool]:
    """The busiest first."""
    twins: dict[str, list] = {}
    for name, part in result.system.components.items():
        if part.station:
            twins.setdefault(part.label, []).append((name, part, part.replicas))
    pools = []
    for label, members in twins.items():
        number = sum(copies for _, _, copies in members)
        busy = float(result.components.utilisation[[name for name, _, _ in members]].mean())
        usd = sum(part.price_usd_per_hour * copies for _, part, copies in members)
        kind = members[0][1].kind
        many = f"the {number} {kind}s{f' “{label}”' * (label.lower() != kind)}"
        pools.append(Pool(f"“{label}”" if number == 1 else many, number, busy, usd))
    return sorted(pools, key=lambda pool: -pool.busy)
