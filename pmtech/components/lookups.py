"""A cache whose requests are all known: who finds an answer, and who has to ask, one after the other and without events."""

from array import array
from collections import deque
from functools import partial
from heapq import heappop, heappush, heapreplace
from math import inf, nan

import numpy as np

from pmtech.components.memory import Memory, Place
from pmtech.components.work import owns_what_ends
from pmtech.engine.sorted_pass import Undecided, in_blocks, only
from pmtech.engine.station import Station


def remembers_alone(part) -> bool:
    """Does nothing else remember, and does it ask as soon as it has looked, and nobody or a station of its own, which says
    at once when it will answer?"""
    memories = [m for machines in part.run.parts.values() for m in machines if m.spec.remembers]
    at_once = not part.spec.coalesce and not part.spec.miss_ms
    return len(memories) == 1 and at_once and (part.next is None or owns_what_ends(part))


def pass_remembered(part, rows, times, book) -> None:
    """Let all requests through a cache that asks nobody, or one station of its own."""
    behind, written = part.next, book.write()[rows]
    needs = behind.needs(rows, book) if behind else np.zeros(len(rows))
    asked, begun, stale = _walk(part, rows, times, written, needs, book)
    looked = np.zeros((len(rows), 3), order="F")  # when, hit, out of date
    looked[:, 0], looked[:, 1], looked[asked, 1], looked[stale, 2] = times, 1, 0, 1
    hits = np.flatnonzero(looked[:, 1])
    book.note(part, *only(~written, looked))
    book.serves(part, rows[hits])
    book.answer(rows[hits], times[hits] + part.spec.hit_ms / 1000, 200)
    if behind:
        behind.write_down(rows[asked], times[asked], begun, needs[asked], book)
    else:
        book.answer(rows[asked], times[asked], 200)
    book.come_back(lambda book: book.visit(part, rows, times, times, book.finished[rows]))


def _walk(part, rows, times, written, needs, book) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who has to ask, when work on them begins behind (NaN: it is full), and who gets an answer that is out of date.

    One after the other looks; before each the answers have come that were due, and whoever is first in the line behind
    has moved up. The line is written out here: a call for each request would take a quarter of the time of a whole run.
    """
    memory, station = part.memory, part.next.station if part.next else Station(1)
    keys = book.key()[rows]
    keys[written] *= -1  # never found, and told from a read when it comes back
    blocks = in_blocks(times, keys, needs)
    if part.spec.private:
        whose = in_blocks(times, book.caller[rows], keys, needs)
        blocks = (((now, (who, key), work) for now, who, key, work in block) for block in whose)
    store, free, limit = memory.store, station.places, station.limit
    get, used, lasts_s, anybody_writes = store.get, store.used, memory.lasts_s, written.any()
    come = partial(_come, memory) if anybody_writes else store.keep
    due, next_s, line = [(inf, 0)], inf, deque()  # when which answer comes, and who waits
    asked, stale, begun = array("d"), array("d"), array("d")  # moments: the last, of those who had to wait
    waited, full = [], []  # the numbers among those who ask
    for block in blocks:
        for now, place, work in block:
            while next_s <= now:
                at_s, answer = due[0]
                if line:
                    first, takes = line.popleft()
                    begun.append(at_s)
                    heapreplace(due, (at_s + takes, first))
                else:
                    free += 1
                    heappop(due)
                next_s = due[0][0]
                if at_s == now or at_s == next_s:
                    raise Undecided
                come(answer, at_s + lasts_s)
            if get(place, 0.0) > now:
                used(place)
                if anybody_writes and memory.is_stale(place):
                    stale.append(now)
                continue
            if lasts_s < inf:
                store.pop(place, None)
            if free:
                free -= 1
                heappush(due, (now + work, place))
                next_s = due[0][0]
            elif len(line) < limit:
                line.append((place, work))
                waited.append(len(asked))
            else:
                full.append(len(asked))
            asked.append(now)
    for place, work in line:
        at_s, _ = due[0]
        begun.append(at_s)
        heapreplace(due, (at_s + work, place))
    starts = np.array(asked)
    starts[waited], starts[full] = begun, nan
    return np.searchsorted(times, asked), starts, np.searchsorted(times, stale)


def _come(memory: Memory, place: Place, until_s: float) -> None:
    """What was asked for is there: an answer to keep or, with minus its key, a write that is done."""
    key = memory.key(place)
    if key < 0:
        memory.count(-key)
        memory.drop((place[0], -key) if isinstance(place, tuple) else -key)
    else:
        memory.keep(place, until_s, memory.versions.get(key, 0))
