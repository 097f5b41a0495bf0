"""What a cache remembers, whatever clock drives it: the store, and which version of an item its answers show."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count
from math import inf

import cachetools

from pmtech.randomness import Stream


class LruStore(OrderedDict):
    """Key -> until when its answer is fresh, the one that was not used for longest first: it makes room."""

    def __init__(self, capacity: int):
        self.capacity = capacity

    used = OrderedDict.move_to_end

    def keep(self, key: int, until_s: float) -> None:
        self[key] = until_s
        if len(self) > self.capacity:
            self.popitem(False)
        else:
            self.move_to_end(key)


class FifoStore(LruStore):
    """The same, the one that came in first first: being used changes nothing."""

    used = OrderedDict.__contains__


class LfuStore(cachetools.LFUCache):
    """The least often used makes room; the library counts whenever it is asked."""

    used = cachetools.LFUCache.__contains__
    keep = cachetools.LFUCache.__setitem__


class RandomStore(cachetools.RRCache):
    """Any makes room."""

    used = cachetools.RRCache.__contains__
    keep = cachetools.RRCache.__setitem__


Store = LruStore | LfuStore | RandomStore
STORES = {"lru": LruStore, "lfu": LfuStore, "fifo": FifoStore}  # those that leave nothing to chance


class Memory:
    """Answers by whose and key, each with the time until which it is fresh and the version of the item that it shows."""

    def __init__(self, spec, versions: dict[int, int], luck: Stream):
        self.spec, self.versions, self.luck, self.draws = spec, versions, luck, count()
        self.stores: dict[str | int | None, Store] = {}  # of each caller, or of all (None)
        self.shown: dict[tuple, int] = {}  # (whose, key) -> version, where it is not the first

    def store(self, whose: str | int | None) -> Store:
        """What is kept for this caller."""
        if whose not in self.stores:
            policy, capacity = self.spec.policy, self.spec.capacity
            self.stores[whose] = STORES[policy](capacity) if policy in STORES else RandomStore(capacity, self._any)
        return self.stores[whose]

    def look(self, whose: str | int | None, key: int, now: float) -> bool:
        """Is there an answer that is fresh?"""
        store = self.store(whose)
        until_s = store.get(key, -inf)
        if until_s > now:
            store.used(key)
            return True
        store.pop(key, None)
        return False

    def keep(self, whose: str | int | None, key: int, now: float, version: int) -> None:
        """The answer to a read has come."""
        self.store(whose).keep(key, now + self.lasts_s)
        if self.versions:
            self.shown[whose, key] = version

    @property
    def lasts_s(self) -> float:
        """How long an answer is fresh."""
        return inf if self.spec.ttl_s is None else self.spec.ttl_s

    def shows(self, whose: str | int | None, key: int) -> int:
        """The version of the item that the answer shows."""
        return self.shown.get((whose, key), 0)

    def is_stale(self, whose: str | int | None, key: int) -> bool:
        """Has the item another version by now than the answer shows?"""
        return self.shows(whose, key) != self.versions.get(key, 0)

    def count(self, key: int) -> int:
        """A write has reached the data: the item's next version."""
        version = self.versions[key] = self.versions.get(key, 0) + 1
        return version

    def drop(self, whose: str | int | None, key: int) -> None:
        """A write has made the answer wrong."""
        if self.spec.invalidate:
            self.store(whose).pop(key, None)

    def _any(self, keys: list[int]) -> int:
        return keys[int(self.luck[next(self.draws)] * len(keys))]
