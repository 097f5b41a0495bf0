"""All requests of a load balancer at once, in order of time: which target each of them is sent to."""

from heapq import heappop, heappush
from math import nan

import numpy as np

from pmtech.components.policies import COUNTING, POLICIES
from pmtech.engine.sorted_pass import Undecided


def shares(pool, rows, times, book) -> list[slice] | list[np.ndarray]:
    """For each target those of the requests that it is sent."""
    if pool.spec.layer == 4:
        chosen = _by_connection(pool, rows, times, book)
    elif is_scaled(pool) or pool.spec.policy in COUNTING:
        chosen = _one_by_one(pool, rows, times, book)
    elif pool.spec.policy == "round_robin":
        return [slice(turn, None, len(pool.targets)) for turn in range(len(pool.targets))]
    else:
        chosen = (book.draw(pool.first, rows) * len(pool.targets)).astype(int)
    targets = len(pool.targets)
    order = np.argsort(chosen.astype(np.min_scalar_type(targets)), kind="stable")  # small numbers sort by counting
    return np.split(order, np.cumsum(np.bincount(chosen, minlength=targets))[:-1])


def _by_connection(pool, rows, times, book) -> np.ndarray:
    """The target is picked once for each connection; nobody dies."""
    lives, kept, chosen, pick = [{} for _ in book.sources], {}, [], POLICIES[pool.spec.policy]
    sources = [pool.run.parts[name][0] for name in book.sources]
    luck = (book.draw(each, rows).tolist() for each in (pool.first, pool.second))
    who, takes = book.client[rows].tolist(), book.connection()[rows].tolist()
    for now, source, taken, first, second in zip(times.tolist(), who, takes, *luck, strict=True):
        if taken < 0:  # one of its own
            chosen.append(pick(pool, first, second, 0))
            continue
        connection = source, taken, sources[source].life(taken, now, lives[source])
        if connection not in kept:
            kept[connection] = pick(pool, first, second, 0)
        chosen.append(kept[connection])
    return np.array(chosen, dtype=int)


def is_scaled(pool) -> bool:
    """Does an autoscaler watch its machines?"""
    return any(target.spec.autoscale for target in pool.targets)


def _one_by_one(pool, rows, times, book) -> np.ndarray:
    """The target follows from how many requests all of them hold at that moment, and from who is there."""
    machines = {target.name: target for target in pool.targets}  # replicas share a name, and with it the work
    works = {name: target.needs(rows, book).tolist() for name, target in machines.items()}
    first, second = book.draw(pool.first, rows).tolist(), book.draw(pool.second, rows).tolist()
    lines, needs, queue, scaled = [], [], pool.env._queue, is_scaled(pool)
    pick, in_flight, leaving, chosen = POLICIES[pool.spec.policy], pool.in_flight, [], []
    for place, now in enumerate(times.tolist()):
        if queue and queue[0][0] <= now:  # an autoscaler looks: the one thing that is left to the clock
            if queue[0][0] == now:
                raise Undecided
            pool.run.advance(now)
        for target in pool.targets[len(lines) :]:
            lines.append(target.line())
            needs.append(works[target.name])
        while leaving and leaving[0][0] <= now:
            if leaving[0][0] == now:
                raise Undecided
            in_flight[heappop(leaving)[1]] -= 1
        target = pick(pool, first[place], second[place], 0)
        chosen.append(target)
        begins, takes = lines[target].enter(now, needs[target][place]), needs[target][place]
        if begins is not None:
            in_flight[target] += 1
            heappush(leaving, (begins + takes, target))
        if scaled:
            done = (nan, now) if begins is None else (begins, begins + takes)
            pool.targets[target].visits.append([place, now, *done])
    if scaled:
        pool.run.advance(book.until_s)
        book.note(pool.targets[0], np.array(pool.targets[0].notes))
    return np.array(chosen, dtype=int)
