"""How a load balancer picks: a function a policy, from the targets that are up, two random numbers and the request's key.

pool: the balancer. up: the numbers of the targets that it believes to be well; in_flight: how many requests each target
holds; turn: the one that was served last; ring: whose key is whose.
"""

from bisect import bisect_right
from collections.abc import Callable


def in_turn(pool, target: int) -> int:
    """How many come before this target, counted from the one that was served last."""
    return (target - pool.turn - 1) % len(pool.targets)


def least_busy(pool, targets: list[int]) -> int:
    """The one with the fewest requests in flight; of equals the next in turn."""
    first, held = bisect_right(targets, pool.turn), pool.in_flight  # they stand in order of their numbers
    if len(targets) == len(held):  # all of them: this is the hot path
        held = held[first:] + held[:first]
        return (first + held.index(min(held))) % len(held)
    return min(targets[first:] + targets[:first], key=held.__getitem__)


def round_robin(pool, _first: float, _second: float, _key: int) -> int:
    all_up = len(pool.up) == len(pool.targets)
    pool.turn = (pool.turn + 1) % len(pool.targets) if all_up else min(pool.up, key=lambda one: in_turn(pool, one))
    return pool.turn


def random(pool, first: float, _second: float, _key: int) -> int:
    return pool.up[int(first * len(pool.up))]


def least_connections(pool, _first: float, _second: float, _key: int) -> int:
    pool.turn = least_busy(pool, pool.up)
    return pool.turn


def power_of_two_choices(pool, first: float, second: float, _key: int) -> int:
    up = pool.up
    one = int(first * len(up))
    if len(up) == 1:
        return up[one]
    other = int(second * (len(up) - 1))
    other += other >= one  # never the same twice
    return min(up[one], up[other], key=pool.in_flight.__getitem__)


def consistent_hash(pool, _first: float, _second: float, key: int) -> int:
    return pool.ring.find(key)


def modulo(pool, _first: float, _second: float, key: int) -> int:
    return pool.up[key % len(pool.up)]


POLICIES: dict[str, Callable[..., int]] = {
    one.__name__: one for one in (round_robin, random, least_connections, power_of_two_choices, consistent_hash, modulo)
}
BLIND = ("round_robin", "random")  # whatever the machines do
COUNTING = ("least_connections", "power_of_two_choices")
BY_KEY = ("consistent_hash", "modulo")
