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
    """A number of a run, in words, and what it means. words: of the number and the run."""

    hint: str
    figure: Callable[[Result], float]
    words: Callable[[float, Result], str]

    def read(self, result: Result) -> str:
        return self.words(self.figure(result), result)


def _total(name: str) -> Callable[[Result], float]:
    """A figure of the whole run; it has none of a message where there are none."""
    return lambda result: result.totals.get(name, np.nan)


def _share(share: float, _=None) -> str:
    """A card is narrow."""
    return "–" if share != share else percent(share).replace("less than", "<").replace("more than", ">")


def _of_memory(figure: str) -> Callable[[Result], float]:
    """A figure of the part that remembers answers, of several the one nearest to the customers."""

    def found(result: Result) -> float:
        figures = (part.get(figure, np.nan) for part in result.parts.values())
        return next((value for value in figures if not np.isnan(value)), np.nan)

    return found


def _data(result: Result) -> float:
    """How much of its time a database is busy, of several the busiest."""
    names = [name for name, part in result.system.components.items() if part.holds_data and part.station]
    return max((result.parts[name]["utilisation"] for name in names), default=np.nan)


def busiest_part(result: Result) -> tuple[str, float] | None:
    """Its name, and how much of it is taken. Of several that are full the last on the way: it holds up the others. Where
    machines do not get the same, the busiest."""
    used = {name: part["utilisation"] for name, part in result.parts.items() if part["utilisation"] >= 0}
    used |= {name: float(result.taken(name).max()) for name in uneven_shares(result) if name in used}
    full = [name for name, share in used.items() if share >= NEARLY]
    inmost = [name for name in full if not reached_from(result.system, [name]).intersection(full)]
    busiest = max(inmost or used, key=used.__getitem__, default=None)
    return (busiest, used[busiest]) if busiest else None


def _busy(result: Result) -> float:
    return (busiest_part(result) or ("", np.nan))[1]


def _busiest(share: float, result: Result) -> str:
    found = busiest_part(result)
    return f"{result.system.label(found[0])} {_share(share)}" if found else "–"


def _waiting(result: Result) -> int:
    """Requests that are inside when the run ends, and messages that nobody has taken."""
    return int((result.records.status == 0).sum() + (result.records.messages["outcome"] == "waiting").sum())


def _of_all(count: float, result: Result) -> str:
    """Of all senders together, where the chart parts them."""
    return f"{count:,} in all" if count and len(result.system.sources) > 1 else f"{count:,}"


def _done(p95_ms: float, result: Result) -> str:
    ages = result.messages_of()
    if not len(ages):
        return "–"
    return "not yet" if np.isnan(ages.within_s(0.95)) else took(p95_ms, result.duration_s)


def _most(result: Result) -> tuple[float, str]:
    """The greatest share of a sender's requests that was refused, and whose."""
    lost = {name: figures["error_rate"] for name, figures in result.senders.items()}
    name = max(lost, key=lost.__getitem__)
    return lost[name], result.system.label(name)


def _refused_most(share: float, result: Result) -> str:
    return f"{_share(share)} {_most(result)[1]}" if share else "nobody"


def _p95(p95_ms: float, result: Result) -> str:
    return "too few" if 0 < result.measured.sum() < ENOUGH else took(p95_ms, result.duration_s)


def _dollars(usd: float, _=None) -> str:
    return "< $0.01" if 0 < usd < 0.005 else f"${usd:.2f}"


CARDS = {
    "served": Card(
        "requests answered in a second, on average", _total("served_per_s"), lambda per_s, _: f"{rate(per_s)} /s"
    ),
    "p95 answer": Card(
        f"95 of 100 served requests took no longer; of fewer than {ENOUGH} nobody knows", _total("p95_ms"), _p95
    ),
    "refused": Card("share of the requests that were refused, failed or were given up", _total("error_rate"), _share),
    "refused most": Card("of whose requests the greatest share was refused", lambda r: _most(r)[0], _refused_most),
    "still waiting": Card("requests and messages that nobody has finished when the run ends", _waiting, _of_all),
    "cost": Card("all machines together", _total("cost_usd_per_hour"), lambda usd, _: f"{_dollars(usd)} /h"),
    "hit ratio": Card("share of the reads that were answered from memory", _of_memory("hit_ratio"), _share),
    "out of date": Card("share of these answers that were out of date", _of_memory("stale_ratio"), _share),
    "database load": Card("share of its places that are taken, on average", _data, _share),
    "p95 done": Card("95 of 100 messages of those that are done took no longer", _total("age_p95_ms"), _done),
    "not done": Card(
        "messages that are not done when the run ends", lambda r: r.totals.get("not_done", 0), lambda n, _: f"{n:,.0f}"
    ),
    "handed out again": Card(
        "how often a message was handed out after its first time",
        lambda r: r.messages_of().again,
        lambda n, _: f"{n:,}",
    ),
    "busiest part": Card(
        "whose places are taken for the greatest share of the time; of unequal machines, the busiest", _busy, _busiest
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
