"""All requests of a load balancer at once, in order of time: where each of them goes."""

from heapq import heappop, heappush
from math import inf

import numpy as np

from pmtech.components.lives import Lives
from pmtech.components.policies import COUNTING, POLICIES
from pmtech.engine.randomness import ROUND
from pmtech.engine.sorted_pass import Undecided


def share_out(pool, rows, times, book) -> None:
    """Send each request to its target."""
    if is_scaled(pool) or (pool.spec.layer == 7 and pool.spec.policy in COUNTING):
        return _one_by_one(pool, rows, times, book)
    targets = len(pool.targets)
    if pool.spec.layer == 4:
        theirs = _of_each(targets, _by_connection(pool, rows, times, book))
    elif pool.spec.policy == "round_robin":
        theirs = [slice(turn, None, targets) for turn in range(targets)]
    else:
        theirs = _of_each(targets, (book.draw(pool.first, rows) * targets).astype(int))
    for target, mine in zip(pool.targets, theirs, strict=True):
        book.send(target, rows[mine], times[mine])


def _of_each(targets: int, chosen: np.ndarray) -> list[np.ndarray]:
    """For each target those of the requests that it is sent."""
    order = np.argsort(chosen.astype(np.min_scalar_type(targets)), kind="stable")  # small numbers sort by counting
    return np.split(order, np.cumsum(np.bincount(chosen, minlength=targets))[:-1])


def _by_connection(pool, rows, times, book) -> np.ndarray:
    """The target is picked once for each connection, when its first request comes; nobody dies."""
    who, taken, pick = book.client[rows], book.connection()[rows], POLICIES[pool.spec.policy]
    connection = -1 - np.arange(len(rows))  # one of its own, unless it shares one
    for source, name in enumerate(book.sources):
        mine = (who == source) & (taken >= 0)
        life = Lives(pool.run.parts[name][0]).during(taken[mine], times[mine])
        connection[mine] = source + len(book.sources) * (taken[mine] + ROUND * life)
    _, opens, which = np.unique(connection, return_index=True, return_inverse=True)
    order, chosen = opens.argsort(), np.empty(len(opens), dtype=int)
    luck = (book.draw(each, rows)[opens[order]].tolist() for each in (pool.first, pool.second))
    for place, first, second in zip(order.tolist(), *luck, strict=True):
        chosen[place] = pick(pool, first, second, 0)
    return chosen[which]


def is_scaled(pool) -> bool:
    """Does an autoscaler watch its machines?"""
    return any(target.spec.autoscale for target in pool.targets)


def _one_by_one(pool, rows, times, book) -> None:
    """The target follows from how many requests all of them hold at that moment, and from who is there."""
    machines = {target.name: target for target in pool.targets}  # replicas share a name, and with it the work
    works = {name: target.needs(rows, book) for name, target in machines.items()}
    listed = {name: work.tolist() for name, work in works.items()}
    luck = (book.draw(each, rows).tolist() for each in (pool.first, pool.second))
    enter, needs, queue, scaled = [], [], pool.env._queue, is_scaled(pool)
    pick, in_flight, leaving, chosen, began = POLICIES[pool.spec.policy], pool.in_flight, [(inf, 0)], [], []
    for place, (now, first, second) in enumerate(zip(times.tolist(), *luck, strict=True)):
        if queue and queue[0][0] <= now:  # an autoscaler looks: the one thing that is left to the clock
            if queue[0][0] == now:
                raise Undecided
            pool.run.advance(now)
        if len(enter) < len(pool.targets):
            new = pool.targets[len(enter) :]
            enter += [target.line().enter for target in new]
            needs += [listed[target.name] for target in new]
        while (leaves := leaving[0][0]) <= now:
            if leaves == now:
                raise Undecided
            in_flight[heappop(leaving)[1]] -= 1
        target = pick(pool, first, second, 0)
        takes = needs[target][place]
        begins = enter[target](now, takes)
        chosen.append(target)
        began.append(begins)
        if begins is not None:
            in_flight[target] += 1
            heappush(leaving, (begins + takes, target))
            if scaled:
                pool.targets[target].visits.append([place, now, begins, begins + takes])
    if scaled:
        pool.run.advance(book.until_s)
        book.note(pool.targets[0], np.array(pool.targets[0].notes))
    starts = np.array(began, dtype=float)
    for target, mine in zip(pool.targets, _of_each(len(pool.targets), np.array(chosen, dtype=int)), strict=True):
        target.visits.clear()
        target.write_down(rows[mine], times[mine], starts[mine], works[target.name][mine], book)
