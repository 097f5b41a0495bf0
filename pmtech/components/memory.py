"""What a cache remembers, whatever clock drives it: the store, and which version of an item its answers show."""

from __future__ import annotations

from itertools import count
from math import inf

import cachetools

from pmtech.randomness import Stream

STORES = {"lru": cachetools.LRUCache, "lfu": cachetools.LFUCache, "fifo": cachetools.FIFOCache}


class Memory:
    """Answers by whose and key, each with the time until which it is fresh and the version of the item that it shows."""

    def __init__(self, spec, versions: dict[int, int], luck: Stream):
        self.spec, self.versions, self.luck, self.draws = spec, versions, luck, count()
        self.stores: dict[str | int | None, cachetools.Cache] = {}  # of each caller, or of all (None)

    def look(self, whose: str | int | None, key: int, now: float) -> int | None:
        """The version of the item that the answer shows; None if there is no answer that is fresh."""
        store = self.stores.get(whose)
        if store is None or key not in store:
            return None
        until_s, version = store[key]
        if until_s <= now:
            del store[key]
            return None
        return version

    def keep(self, whose: str | int | None, key: int, now: float, version: int) -> None:
        """The answer to a read has come."""
        store, ttl_s = self.stores.get(whose), self.spec.ttl_s
        if store is None:
            store = self.stores[whose] = self._new_store()
        store[key] = (inf if ttl_s is None else now + ttl_s), version

    def count(self, key: int) -> int:
        """A write has reached the data: the item's next version."""
        version = self.versions[key] = self.versions.get(key, 0) + 1
        return version

    def drop(self, whose: str | int | None, key: int) -> None:
        """A write has made the answer wrong."""
        if self.spec.invalidate and whose in self.stores:
            self.stores[whose].pop(key, None)

    def _new_store(self) -> cachetools.Cache:
        spec = self.spec
        return (
            STORES[spec.policy](spec.capacity)
            if spec.policy in STORES
            else cachetools.RRCache(spec.capacity, self._any)
        )

    def _any(self, keys: list[int]) -> int:
        return keys[int(self.luck[next(self.draws)] * len(keys))]
