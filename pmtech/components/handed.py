"""A queue whose messages are all known: who gets which of them, and when, all at once and without events."""

from bisect import bisect_right
from collections.abc import Iterator
from heapq import heapreplace
from math import inf

import numpy as np

from pmtech.components.work import WorkPart, owns_what_ends
from pmtech.engine.part import Part
from pmtech.engine.sorted_pass import Undecided, fifo, only


def hands_in_order(part: Part) -> bool:
    """Does it keep what it is given, and hand it in that order to one station of its own, at which the way ends?"""
    sources = (machines[0].spec for machines in part.run.parts.values() if machines[0].spec.is_source)
    alike = len({source.priority for source in sources}) == 1
    return alike and part.spec.limit is None and len(part.targets) == 1 and owns_what_ends(part)


def pass_handed(part: Part, rows, times, book) -> None:
    """As long as all work is done before its message would be seen again."""
    worker, spec = part.next, part.spec
    assert isinstance(worker, WorkPart), "`hands_in_order`"
    stored = times + spec.store_ms / 1000
    book.visit(part, rows, times, times, stored)
    book.answer(rows, stored, 202)
    rows, stored = only(stored < book.until_s, rows, stored)
    book.serves(part, rows)
    needs = worker.needs(rows, book)
    if spec.batch == 1:  # a line like any other
        begins = fifo(stored, needs, worker.station.places, inf)
        begins, needs = only(begins < book.until_s, begins, needs)
        first, count = np.arange(len(begins)), np.ones(len(begins), dtype=int)
    else:
        handed = [*_handed(stored.tolist(), needs.tolist(), worker, spec, book.until_s)]
        first, count, begins, needs = np.array(handed, dtype=float).reshape(-1, 4).T
        first, count = first.astype(int), count.astype(int)
    done, seen = begins + needs, begins + spec.visibility_s
    if not ((done < seen) | (seen >= book.until_s)).all():
        raise Undecided
    book.visit(worker, rows[first], begins, begins, done)
    book.note(part, np.column_stack([begins, count, 0 * begins, 0 * begins]))
    book.publish(part, stored, np.repeat(begins, count), np.repeat(done, count))


def _handed(stored: list[float], needs: list[float], worker, spec, until_s: float) -> Iterator[tuple]:
    """(the first message, how many, when, how much work): what is handed over, in order of time."""
    free, first, batch = [-inf] * worker.station.places, 0, spec.batch
    while first < len(stored):
        last, alone_s = first + batch - 1, stored[first] + spec.batch_wait_s
        full_s = stored[last] if last < len(stored) else inf
        begins = soonest = max(free[0], stored[first])  # somebody is free, and something waits
        if begins < full_s:
            begins = max(begins, min(full_s, alone_s))  # for company
        if begins >= until_s:
            return
        taken = bisect_right(stored, begins, first, min(last + 1, len(stored))) - first
        if taken > 1 and stored[first + taken - 1] == begins and begins in (soonest, alone_s):
            raise Undecided
        takes = needs[first] + (taken - 1) * worker.item_s
        heapreplace(free, begins + takes)
        yield first, taken, begins, takes
        first += taken
