"""All requests of a load balancer at once, in order of time: which target each of them is sent to."""

from heapq import heappop, heappush

import numpy as np

from pmtech.components.lives import Lives
from pmtech.components.policies import POLICIES
from pmtech.engine.sorted_pass import Undecided


def shares(pool, rows, times, book) -> list[slice] | list[np.ndarray]:
    """For each target those of the requests that it is sent."""
    targets = len(pool.targets)
    if pool.spec.layer == 4:
        chosen = _by_connection(pool, rows, times, book)
    elif pool.spec.policy == "round_robin":
        return [slice(turn, None, targets) for turn in range(targets)]
    elif pool.spec.policy == "random":
        chosen = (book.draw(pool.first, rows) * targets).astype(int)
    else:
        chosen = _by_load(pool, rows, times, book)
    order = np.argsort(chosen.astype(np.min_scalar_type(targets)), kind="stable")  # small numbers sort by counting
    return np.split(order, np.cumsum(np.bincount(chosen, minlength=targets))[:-1])


def _by_connection(pool, rows, times, book) -> np.ndarray:
    """The target is picked once for each connection; nobody dies."""
    kept, chosen, pick = {}, [], POLICIES[pool.spec.policy]
    lives = [Lives(pool.run.parts[name][0]) for name in book.sources]
    luck = (book.draw(each, rows).tolist() for each in (pool.first, pool.second))
    who, takes = book.client[rows].tolist(), book.connection()[rows].tolist()
    for now, source, taken, first, second in zip(times.tolist(), who, takes, *luck, strict=True):
        if taken < 0:  # one of its own
            chosen.append(pick(pool, first, second, 0))
            continue
        connection = source, taken, lives[source].at(taken, now)
        if connection not in kept:
            kept[connection] = pick(pool, first, second, 0)
        chosen.append(kept[connection])
    return np.array(chosen, dtype=int)


def _by_load(pool, rows, times, book) -> np.ndarray:
    """The target follows from how many requests all of them hold at that moment."""
    lines = [target.line() for target in pool.targets]
    of = {target.name: target for target in pool.targets}  # replicas share a name, and with it the work
    works = {name: target.needs(rows, book).tolist() for name, target in of.items()}
    needs = [works[target.name] for target in pool.targets]
    first, second = book.draw(pool.first, rows).tolist(), book.draw(pool.second, rows).tolist()
    pick, in_flight, leaving, chosen = POLICIES[pool.spec.policy], pool.in_flight, [], []
    for place, now in enumerate(times.tolist()):
        while leaving and leaving[0][0] <= now:
            if leaving[0][0] == now:
                raise Undecided
            in_flight[heappop(leaving)[1]] -= 1
        target = pick(pool, first[place], second[place], 0)
        chosen.append(target)
        begins = lines[target].enter(now, needs[target][place])
        if begins is not None:
            in_flight[target] += 1
            heappush(leaving, (begins + needs[target][place], target))
    return np.array(chosen, dtype=int)
