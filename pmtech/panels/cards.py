"""Numbers of a run on cards: each has a name, a hint and a way to be read off a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from pmtech.findings.backlog import reached_from
from pmtech.findings.thresholds import ENOUGH, NEARLY
from pmtech.runs.homes import uneven_shares
from pmtech.runs.result import Result
from pmtech.system.system import System
from pmtech.wording import nearest, percent, rate, took

MOST = 4


class Card(NamedTuple):
    """A number of a run in words, and what it means."""

    hint: str
    read: Callable[[Result], str]


def _share(share: float) -> str:
    """A card is narrow."""
    return "–" if share != share else percent(share).replace("less than", "<").replace("more than", ">")


def _of_memory(result: Result, figure: str) -> float:
    """A figure of the part that remembers answers, of several the one nearest to the customers."""
    found = (part.get(figure, np.nan) for part in result.parts.values())
    return next((value for value in found if not np.isnan(value)), np.nan)


def _data(result: Result) -> str:
    """How much of its time a database is busy, of several the busiest."""
    names = [name for name, part in result.system.components.items() if part.holds_data and part.station]
    return _share(max(result.parts[name]["utilisation"] for name in names)) if names else "–"


def busiest_part(result: Result) -> tuple[str, float] | None:
    """Its name, and how much of it is taken. Of several that are full the last on the way: it holds up the others. Where
    machines do not get the same, the busiest."""
    used = {name: part["utilisation"] for name, part in result.parts.items() if part["utilisation"] >= 0}
    used |= {name: float(result.taken(name).max()) for name in uneven_shares(result) if name in used}
    full = [name for name, share in used.items() if share >= NEARLY]
    inmost = [name for name in full if not reached_from(result.system, [name]).intersection(full)]
    busiest = max(inmost or used, key=used.__getitem__, default=None)
    return (busiest, used[busiest]) if busiest else None


def _busiest(result: Result) -> str:
    found = busiest_part(result)
    return f"{result.system.label(found[0])} {_share(found[1])}" if found else "–"


def _waiting(result: Result) -> str:
    """Requests that are inside when the run ends, and messages that nobody has taken: of all, where the chart parts them."""
    messages = int((result.records.messages["outcome"] == "waiting").sum())
    count = int((result.records.status == 0).sum()) + messages
    return f"{count:,} in all" if count and len(result.system.sources) > 1 else f"{count:,}"


def _done(result: Result) -> str:
    ages = result.messages_of()
    if not len(ages):
        return "–"
    return "not yet" if np.isnan(ages.within_s(0.95)) else took(result.totals["age_p95_ms"], result.duration_s)


def _refused_most(result: Result) -> str:
    lost = {name: figures["error_rate"] for name, figures in result.senders.items()}
    name = max(lost, key=lost.__getitem__)
    return f"{_share(lost[name])} {result.system.label(name)}" if lost[name] else "nobody"


def _p95(result: Result) -> str:
    return "too few" if 0 < result.measured.sum() < ENOUGH else took(result.totals["p95_ms"], result.duration_s)


def _dollars(usd: float) -> str:
    return "< $0.01" if 0 < usd < 0.005 else f"${usd:.2f}"


CARDS = {
    "served": Card("requests answered in a second, on average", lambda r: f"{rate(r.totals['served_per_s'])} /s"),
    "p95 answer": Card(f"95 of 100 served requests took no longer; of fewer than {ENOUGH} nobody knows", _p95),
    "refused": Card(
        "share of the requests that were refused, failed or were given up", lambda r: _share(r.totals["error_rate"])
    ),
    "refused most": Card("of whose requests the greatest share was refused", _refused_most),
    "still waiting": Card("requests and messages that nobody has finished when the run ends", _waiting),
    "cost": Card("all machines together", lambda r: f"{_dollars(r.totals['cost_usd_per_hour'])} /h"),
    "hit ratio": Card(
        "share of the reads that were answered from memory", lambda r: _share(_of_memory(r, "hit_ratio"))
    ),
    "out of date": Card("share of these answers that were out of date", lambda r: _share(_of_memory(r, "stale_ratio"))),
    "database load": Card("share of its places that are taken, on average", _data),
    "p95 done": Card("95 of 100 messages of those that are done took no longer", _done),
    "not done": Card("messages that are not done when the run ends", lambda r: f"{r.totals.get('not_done', 0):,.0f}"),
    "handed out again": Card(
        "how often a message was handed out after its first time", lambda r: f"{r.messages_of().again:,}"
    ),
    "busiest part": Card(
        "whose places are taken for the greatest share of the time; of unequal machines, the busiest", _busiest
    ),
}


def default_cards(system: System) -> tuple[str, ...]:
    """Four that speak of what is in a system."""
    parts = system.parts
    if any(part.detached for part in parts):
        return "p95 answer", "p95 done", "not done", "handed out again"
    if any(part.remembers for part in parts):
        writes = any(source.write_share for source in system.sources.values())
        works = "database load" if any(part.holds_data and part.station for part in parts) else "served"
        return "hit ratio", works, "out of date" if writes else "p95 answer", "cost"
    if any(part.fan_out == "pool" and not part.detached for part in parts):
        return "served", "p95 answer", "busiest part", "cost"
    if len(system.sources) > 1:
        return "served", "p95 answer", "refused", "still waiting"
    return "served", "p95 answer", "refused", "cost"


def chosen(system: System, cards: Iterable[str] | None) -> tuple[str, ...]:
    """The names of a panel's cards. Raises ValueError with a sentence."""
    names = default_cards(system) if cards is None else (cards,) if isinstance(cards, str) else tuple(cards)
    for name in names:
        if name not in CARDS:
            raise ValueError(f'there is no card "{name}": {nearest(name, CARDS)}')
    if not 1 <= len(names) <= MOST:
        raise ValueError(f"a panel has one to {MOST} cards, got {len(names)}")
    return names


def shown(result: Result, kept: Result | None, names: Iterable[str]) -> list[dict[str, str | None]]:
    """Each card for the page: what it says of this run, and of the one that was kept."""
    cards = {name: CARDS[name] for name in names}
    return [
        {"name": name, "value": card.read(result), "pinned": card.read(kept) if kept else None, "hint": card.hint}
        for name, card in cards.items()
    ]
