"""A cache whose requests are all known: who finds an answer, and who has to ask, one after the other and without events."""

from __future__ import annotations

from heapq import heappop, heappush, heappushpop
from math import inf, nan

import numpy as np

from pmtech.engine import Station
from pmtech.shortcut import Undecided


def walk(part, rows, times, written, needs, book) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who has to ask, when work on them begins behind (NaN: it is full), and who gets an answer that is out of date.

    One after the other looks; before each the answers have come that were due. Whoever asks knows when that will be.
    The line behind is written out here: a call for each request would take a quarter of the time of a whole run.
    """
    memory, private, station = part.memory, part.spec.private, part.next.station if part.next else Station(1)
    keys, writes, works = book.key()[rows].tolist(), written.tolist(), needs.tolist()
    whose = book.caller[rows].tolist() if private else [None] * len(rows)
    stores = [*map(memory.store, whose)] if private else [memory.store(None)] * len(rows)
    versions, lasts_s, room = memory.versions, memory.lasts_s, station.places + station.limit
    free, others, due, next_s = 0.0, [0.0] * (station.places - 1), [(inf, -1)], inf  # due: (when, whose answer)
    asked, begun, stale = [], [], []
    for who, (now, key, write, store) in enumerate(zip(times.tolist(), keys, writes, stores, strict=True)):
        while next_s <= now:
            at_s, whom = heappop(due)
            next_s = due[0][0]
            if at_s == now or at_s == next_s:
                raise Undecided
            if writes[whom]:
                memory.count(keys[whom])
                memory.drop(whose[whom], keys[whom])
                continue
            stores[whom].keep(keys[whom], at_s + lasts_s)
            if versions:
                memory.shown[whose[whom], keys[whom]] = versions.get(keys[whom], 0)
        if not write:
            if store.get(key, 0.0) > now:
                store.used(key)
                if versions and memory.is_stale(whose[who], key):
                    stale.append(who)
                continue
            if lasts_s < inf:
                store.pop(key, None)
        asked.append(who)
        if len(due) > room:
            begun.append(nan)
            continue
        begins = now if now > free else free
        begun.append(begins)
        ends = begins + works[who]
        free = heappushpop(others, ends)
        heappush(due, (ends, who))
        next_s = due[0][0]
    return np.array(asked, int), np.array(begun, float), np.array(stale, int)
