"""A cache whose requests are all known: who finds an answer, and who has to ask, one after the other and without events."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush, heapreplace
from math import inf, nan

import numpy as np

from pmtech.engine import Station
from pmtech.shortcut import Undecided


def walk(part, rows, times, written, needs, book) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who has to ask, when work on them begins behind (NaN: it is full), and who gets an answer that is out of date.

    One after the other looks; before each the answers have come that were due, and whoever is first in the line behind
    has moved up. The line is written out here: a call for each request would take a quarter of the time of a whole run.
    """
    memory, station = part.memory, part.next.station if part.next else Station(1)
    keys, writes, works = book.key()[rows].tolist(), written.tolist(), needs.tolist()
    places = list(zip(book.caller[rows].tolist(), keys, strict=True)) if part.spec.private else keys
    versions, lasts_s, store, free, limit = memory.versions, memory.lasts_s, memory.store, station.places, station.limit
    get, used, keep = store.get, store.used, store.keep
    due, next_s, line = [(inf, -1)], inf, deque()  # when whose answer comes, and who waits
    asked, begun, full, stale = [], [], [], []
    for who, now, place, write in zip(range(len(rows)), times.tolist(), places, writes, strict=True):
        while next_s <= now:
            at_s, whom = due[0]
            if line:
                first = line.popleft()
                begun.append(at_s)
                heapreplace(due, (at_s + works[first], first))
            else:
                free += 1
                heappop(due)
            next_s = due[0][0]
            if at_s == now or at_s == next_s:
                raise Undecided
            if writes[whom]:
                memory.count(keys[whom])
                memory.drop(places[whom])
                continue
            keep(places[whom], at_s + lasts_s)
            if versions:
                memory.shown[places[whom]] = versions.get(keys[whom], 0)
        if not write:
            if get(place, 0.0) > now:
                used(place)
                if versions and memory.is_stale(place, keys[who]):
                    stale.append(who)
                continue
            if lasts_s < inf:
                store.pop(place, None)
        if free:
            free -= 1
            begun.append(now)
            heappush(due, (now + works[who], who))
            next_s = due[0][0]
        elif len(line) < limit:
            line.append(who)
        else:
            full.append(len(asked))
        asked.append(who)
    for who in line:
        begun.append(due[0][0])
        heapreplace(due, (due[0][0] + works[who], who))
    starts = np.full(len(asked), nan)
    starts[np.delete(np.arange(len(asked)), full)] = begun
    return np.array(asked, int), starts, np.array(stale, int)
