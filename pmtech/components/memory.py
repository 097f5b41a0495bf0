"""What a cache remembers, whatever clock drives it: the store, and which version of an item its answers show.

A place is where an answer is kept: the request's key, or (caller, key) where every caller has a cache of their own.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf, isnan
from typing import Generic, NamedTuple, TypeVar

import cachetools

from pmtech.components.component import Finding
from pmtech.engine.randomness import Stream
from pmtech.wording import percent

Own = tuple[str | int, int]
Place = int | Own
Kind = TypeVar("Kind", bound=Place)
_unmoved = bool  # being used changes nothing: whatever takes an argument and has no effect


class Store(NamedTuple, Generic[Kind]):
    """Place -> until when its answer is fresh, for a limited number of them. What is full makes room."""

    get: Callable[[Kind, float], float]
    used: Callable[[Kind], object]
    keep: Callable[[Kind, float], None]
    pop: Callable[[Kind, None], object]


def lru(capacity: int) -> Store[int]:
    """The one that was not used for longest makes room."""
    kept: OrderedDict[int, float] = OrderedDict()
    make_room, renew = kept.popitem, kept.move_to_end

    def keep(place: int, until_s: float) -> None:
        kept[place] = until_s
        if len(kept) > capacity:
            make_room(False)
        else:
            renew(place)

    return Store(kept.get, renew, keep, kept.pop)


def fifo(capacity: int) -> Store[int]:
    """The one that came in first makes room: being used changes nothing."""
    return lru(capacity)._replace(used=_unmoved)


def lfu(capacity: int) -> Store[int]:
    """The least often used makes room; the library counts whenever it is asked."""
    kept = cachetools.LFUCache(capacity)
    return Store(kept.get, _unmoved, kept.__setitem__, kept.pop)


def any_goes(capacity: int, choose: Callable[[Sequence[int]], int]) -> Store[int]:
    """The one that is chosen makes room."""
    kept = cachetools.RRCache(capacity, choose)
    return Store(kept.get, _unmoved, kept.__setitem__, kept.pop)


def of_each(new: Callable[[], Store[int]]) -> Store[Own]:
    """Every caller's own; a place is (caller, key)."""
    own: dict[str | int, Store[int]] = defaultdict(new)
    return Store(
        get=lambda place, default: own[place[0]].get(place[1], default),
        used=lambda place: own[place[0]].used(place[1]),
        keep=lambda place, until_s: own[place[0]].keep(place[1], until_s),
        pop=lambda place, default: own[place[0]].pop(place[1], default),
    )


# Those that leave nothing to chance.
STORES: dict[str, Callable[[int], Store[int]]] = {"lru": lru, "lfu": lfu, "fifo": fifo}


class Memory:
    """Answers by place, each with the time until which it is fresh and the version of the item that it shows."""

    def __init__(self, spec, versions: dict[int, int], luck: Stream):
        self.spec, self.versions, self.luck, self.draws = spec, versions, luck, count()
        self.shown: dict[Place, int] = {}  # the version, where it is not the first
        self.forget()

    def forget(self) -> None:
        """Start again with nothing."""
        self.store: Store = of_each(self._new) if self.spec.private else self._new()

    def _new(self) -> Store[int]:
        policy, capacity = self.spec.policy, self.spec.capacity
        return STORES[policy](capacity) if policy in STORES else any_goes(capacity, self._any)

    def _any(self, places: Sequence[int]) -> int:
        return places[int(self.luck[next(self.draws)] * len(places))]

    def look(self, place: Place, now: float) -> bool:
        """Is there an answer that is fresh?"""
        if self.store.get(place, -inf) > now:
            self.store.used(place)
            return True
        self.store.pop(place, None)
        return False

    def keep(self, place: Place, until_s: float, version: int) -> None:
        """The answer to a read has come."""
        self.store.keep(place, until_s)
        if self.versions:
            self.shown[place] = version

    @property
    def lasts_s(self) -> float:
        """How long an answer is fresh."""
        return inf if self.spec.ttl_s is None else self.spec.ttl_s

    def shows(self, place: Place) -> int:
        """The version of the item that the answer shows."""
        return self.shown.get(place, 0)

    def is_stale(self, place: Place) -> bool:
        """Has the item another version by now than the answer shows?"""
        return self.shows(place) != self.versions.get(self.key(place), 0)

    def key(self, place: Place) -> int:
        """Of which item the answer is."""
        return place[1] if isinstance(place, tuple) else place

    def count(self, key: int) -> int:
        """A write has reached the data: the item's next version."""
        version = self.versions[key] = self.versions.get(key, 0) + 1
        return version

    def drop(self, place: Place) -> None:
        """A write has made the answer wrong."""
        if self.spec.invalidate:
            self.store.pop(place, None)


def hits(label: str, figures: Mapping[str, float], where: str = "", more: str = "") -> list[Finding]:
    """What one that remembers says after a run: how many reads it answered, and how many of them with what is no longer so."""
    if isnan(figures["hit_ratio"]):
        return []
    wrong = f", {percent(figures['stale_ratio'])} of them out of date" if figures["stale_ratio"] else ""
    return [Finding("cached", 60, f"{label} answers {percent(figures['hit_ratio'])} of the reads{where}{wrong}{more}")]
