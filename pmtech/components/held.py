"""Workers that are held while others answer, all requests at once: two exact ways, and when each of them holds."""

from collections import deque
from heapq import heappush
from math import nan

import numpy as np

from pmtech.engine.sorted_pass import check_never_full, moments


def pass_held(part, rows, times, book) -> None:
    """A place is free again when the answer comes, and when that will be is known to whoever asks."""
    places, limit, enter = part.station.places, part.station.limit, part.next.line().enter
    needs, their_needs = part.needs(rows, book).tolist(), part.next.needs(rows, book)
    started, left = [nan] * len(rows), [nan] * len(rows)
    theirs, waiting, busy = their_needs.tolist(), deque(), 0
    due, asked, asked_s, begun, refused = [], [], [], [], []

    def begin(who: int, now: float) -> None:
        started[who] = now
        heappush(due, (now + needs[who], who, ask))

    def ask(who: int, now: float) -> None:
        asked.append(who)
        asked_s.append(now)
        begins = enter(now, theirs[who])
        begun.append(begins)
        if begins is None:
            leave(who, now)
        else:
            heappush(due, (begins + theirs[who], who, leave))

    def leave(who: int, now: float) -> None:
        nonlocal busy
        left[who] = now
        if waiting:
            begin(waiting.popleft(), now)
        else:
            busy -= 1

    for who, now in moments(times, due, book.until_s):
        if busy < places:
            busy += 1
            begin(who, now)
        elif len(waiting) < limit:
            waiting.append(who)
        else:
            refused.append(who)
            left[who] = now
    started = np.array(started, float)
    book.visit(part, rows, times, started, np.array(left, float))
    book.serves(part, rows[started < book.until_s])
    if refused:
        book.refuse(part, rows[refused], times[refused], 503)
    asked, begun = np.array(asked, int), np.array(begun, float)
    part.next.write_down(rows[asked], np.array(asked_s), begun, their_needs[asked], book)


def pass_if_never_full(part, rows, times, book) -> None:
    """Where a place is always free it does not matter how long it is held: whether so is known with the answers."""
    places, done = part.station.places, times + part.needs(rows, book)
    check_never_full(times, done, places)  # when it is full with its own work alone, that is known at once
    book.serves(part, rows)
    book.send(part.next, rows, done)

    def back(book) -> None:
        left = book.finished[rows]
        check_never_full(times, left, places)
        book.visit(part, rows, times, times, left)

    book.come_back(back)
