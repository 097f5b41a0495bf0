"""An edge of a CDN while it runs: the copies that are kept in one city, and how a read is answered from them."""

from collections import OrderedDict
from math import inf
from typing import NamedTuple

from pmtech import theory
from pmtech.engine.clock import Steps
from pmtech.engine.request import Call, Request, is_success

FAILED = (500, 502, 503, 504)  # of an origin, as RFC 5861 counts them: a 404 or a 429 is an answer
HIT, MISS, NO_READ, REFILL = 1, 0, -1, -2  # the last: bytes that came from the origin


class Answer(NamedTuple):
    """What is kept of an item: when it came, and which version of the item it shows."""

    came_s: float
    version: int


class Fetch(list):
    """Those who wait for an answer that one of them is fetching, and how that ended."""

    status: int = 200

    def wake(self) -> None:
        """They go on, once."""
        waiting = [*self]
        self.clear()
        for request in waiting:
            request.wake()


class Edge:
    """The memory of one city, which may die and come back empty. cdn: the part that it belongs to."""

    mortal = True

    def __init__(self, cdn, place: str):
        self.cdn, self.place, self.outages = cdn, place, 0
        self.machine = f"{cdn.name} in {place}"
        self.forget()

    def forget(self) -> None:
        """Start again with nothing."""
        self.kept: OrderedDict[int, Answer] = OrderedDict()
        self.fetching: dict[int, Fetch] = {}  # what is being fetched

    @property
    def alive(self) -> bool:
        return not self.outages

    def die(self) -> None:
        """One more reason for being dead."""
        self.outages += 1
        fetches = [*self.fetching.values()]
        self.forget()
        for one in fetches:
            one.wake()

    def revive(self) -> None:
        """A reason is gone."""
        self.outages -= 1

    def keep(self, key: int, answer: Answer) -> None:
        """The one that was not used for longest makes room."""
        self.kept[key] = answer
        self.kept.move_to_end(key)
        while len(self.kept) > self.cdn.spec.capacity:
            self.kept.popitem(last=False)

    def look(self, key: int) -> tuple[float, Answer | None]:
        """How old the copy is, fresh or not, and the copy; one that is not there is infinitely old."""
        answer = self.kept.get(key)
        if answer is None:
            return inf, None
        self.kept.move_to_end(key)
        return self.cdn.env._now - answer.came_s, answer

    def read(self, request: Request) -> Steps:
        """Give out the copy, and ask for another one: first if it is too old, meanwhile if it is only old."""
        cdn, spec, key = self.cdn, self.cdn.spec, request.key
        age_s, answer = self.look(key)
        at_once = age_s < spec.ttl_s + spec.stale_while_revalidate_s
        if at_once:
            if age_s >= spec.ttl_s and key not in self.fetching:
                call = Call(request, request.luck_key, cdn, lambda _: None)
                call.begin(self._fetch(call))  # for the next ones: this one has its answer
        else:
            status = yield from self._fetch(request)
            age_s, answer = self.look(key)  # as it is now: it has grown older, or was purged
            if status != 200 and not self._stands_in(status, age_s):  # a failure, or accepted for later: no copy
                cdn.note(MISS)
                return status
        if answer is None:  # the edge died meanwhile, and the answer came all the same
            cdn.note(MISS, kb=request.kb)
            return 200
        request.version, request.served_by = answer.version, self.machine
        stale = at_once and answer.version != cdn.run.versions.get(key, 0)
        cdn.note(HIT if at_once else MISS, stale, kb=request.kb, age_s=cdn.env._now - answer.came_s)
        return 200

    def _fetch(self, request: Request) -> Steps:
        """Ask the shield or the origin and keep the answer, or wait for what somebody else is asking."""
        cdn, key, fresh_s = self.cdn, request.key, self.cdn.spec.ttl_s
        while cdn.spec.collapse and key in self.fetching:
            one = self.fetching[key]
            one.append(request)
            yield None
            if not is_success(one.status):
                return one.status
            if one.status == 200 and key in self.kept:  # that one answer, however old it is when it gets here
                return 200
        fetching, there = self.fetching, None
        fetching.setdefault(key, Fetch())
        if cdn.shield is not None and cdn.shield is not self and cdn.shield.alive:
            status, there = yield from self._ask(cdn.shield, request)  # as old here as it was there
        else:
            status = yield from cdn.ask_origin(request)
        if status == 200 and self.alive and fetching is self.fetching:  # it has not died meanwhile
            version = cdn.run.versions.get(key, 0) if request.version is None else request.version
            age_s, kept = self.look(key)
            if (
                kept is None or age_s >= fresh_s or kept.version != version
            ):  # the first of several alike; the others change nothing
                self.keep(key, there or Answer(cdn.env._now, version))
        ended = fetching.pop(key, Fetch())
        ended.status = status
        ended.wake()
        return status

    def _stands_in(self, status: int, age_s: float) -> bool:
        """Is a copy of that age given out instead of this answer?"""
        return status in FAILED and age_s < self.cdn.spec.ttl_s + self.cdn.spec.stale_if_error_s

    def _ask(self, shield: "Edge", request: Request) -> Steps:
        """From here to the shield and back; returns the status and the copy that it gave out."""
        here, key, status = request.place, request.key, 200
        half_s = theory.round_trip_ms(here or shield.place, shield.place) / 2000
        yield half_s
        request.place = shield.place
        age_s, copy = shield.look(key)
        if age_s >= self.cdn.spec.ttl_s:
            status = yield from shield._fetch(request)
            age_s, copy = shield.look(key)
            status = 200 if shield._stands_in(status, age_s) else status
        if status == 200 and copy:
            request.version = copy.version
        request.place = here
        yield half_s
        return status, copy
