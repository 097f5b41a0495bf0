"""Clients: many callers who neither know nor care how busy the system is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappush
from math import inf
from typing import ClassVar

import numpy as np
from simpy.events import NORMAL

from pmtech.components.fields import instance, number, one_of, whole
from pmtech.components.phases import Phases
from pmtech.components.profile import Curve, Day, Profile
from pmtech.components.source import Source, SourcePart
from pmtech.components.surge import Surge
from pmtech.engine.clock import Alarm
from pmtech.engine.randomness import ROUND, exponential, identity
from pmtech.engine.request import Request
from pmtech.engine.sorted_pass import joined


@dataclass(frozen=True, kw_only=True, repr=False)
class Clients(Source):
    """Open-loop load: requests arrive at `rate_per_s` whether or not the system keeps up.

    arrivals: "poisson" (independent callers; exponential gaps) or "even" (one every 1/rate seconds, from 0 on).
    profile: how many times `rate_per_s` is sent, moment by moment: a `Profile`, a `Day`, or a `Surge`.
    surge: a `Surge`, during which the rate is multiplied, also that of a profile.
    endpoints: what is asked for, with weights. keys, popularity: size of the catalogue and Zipf exponent of its items.
    write_share: share of the requests that change their item instead of reading it (caches care).
    timeout_ms: a client hears nothing for so long and gives up; its status is 504, and the work goes on in vain.
    retries: how often it asks again after a 500, 502, 503 or a timeout; every attempt is a request of its own.
    backoff: how long it waits before that, from base_ms and at most cap_ms: "none" (at once), "full_jitter", "exponential",
        "equal_jitter" or "decorrelated", as a `Retry` does (`backoff.wait_s`).
    retry_budget: tries again may be this share of the requests, and ten besides. None: as many as they like.

    round_trips: so often does the way to the first part with a place pass before an answer is there: once on a connection that
        is open, four times for a first page (name, connection, key, request; `theory.round_trips`), all to that place.

    connections: requests share so many connections, each taking any of them. None: every request has its own.
    connection_age_s: how long a connection lasts on average (exponential, as where many have many reasons to end), before
        another takes its place. None: for ever. It says nothing without `connections`; only a balancer of layer 4 cares.

    What this leaves out: bursts that come in batches; a Retry-After, which a careful client would obey.
    """

    rate_per_s: float = number(10.0, at_least=0, at_most=1e6)
    arrivals: str = one_of("poisson", "even")
    profile: Curve | None = instance(Profile, Day, Surge)
    connections: int | None = whole(None, at_least=1, at_most=1_000_000, optional=True)
    connection_age_s: float | None = number(None, more_than=0, at_most=1e9, optional=True)

    load_field: ClassVar[str] = "rate_per_s"

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.profile, Surge):  # a surge is a profile that has a name of its own
            if self.surge is not None:
                raise ValueError("profile and surge are both a Surge: give one of them")
            object.__setattr__(self, "surge", self.profile)
            object.__setattr__(self, "profile", None)

    # The traces lie above the components and hand this down when they are imported.
    from_log: "ClassVar[Callable[..., Clients]]"

    @classmethod
    def in_places(cls, cities: Iterable[str], **fields) -> "list[Clients]":
        """Alike ones in each of these cities, called after it: `Clients.in_places(("Mumbai", "London"), rate_per_s=15)`."""
        if isinstance(cities, str) or not isinstance(cities, Iterable):
            raise ValueError(f'in_places needs several cities, such as ("Mumbai", "London"), got {cities!r}')
        return [cls(city, place=city, **fields) for city in cities]

    def running(self, *args) -> "ClientsPart":
        return ClientsPart(self, *args)

    @property
    def offered_per_s(self) -> float:
        return self.rate_per_s

    @property
    def is_steady(self) -> bool:
        return self.surge is None and self.profile is None

    @property
    def coming(self) -> str:
        return f"requests come at {'equal distances' if self.arrivals == 'even' else 'random moments'}"

    def times(self, duration_s: float) -> float:
        return duration_s if self.profile is None else self.profile.area(duration_s)

    def rates(self, at_s: np.ndarray) -> np.ndarray:
        each = super().rates(at_s)
        return each * [self.profile.times(moment) for moment in at_s.tolist()] if self.profile else each

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return ([self.profile.said] if self.profile else []) + super().facts(copies, held_ms)

    def is_markov(self, last: bool) -> bool:
        return self.arrivals == "poisson" and self.is_steady and not (self.timeout_ms or self.retries)


class ClientsPart(SourcePart):
    """Unit-rate arrivals, stretched by the rate of the moment: the same customers come faster or slower."""

    def setup(self) -> None:
        super().setup()
        self.number = 0
        self.lives: dict[int, tuple[int, float]] = {}  # connection -> (which life, when it ends)
        self.takes = self.run.luck(f"{self.name}.connection", identity)
        self.ages = self.run.luck(f"{self.name}.connection_age", exponential)
        self.phases = self._phases()
        self.anchor_s, self.anchor_phase = 0.0, 0.0
        self.arrival = Alarm(self.env, self._arrives)
        self.turn = Alarm(self.env, self._retime, urgent=True)  # the surge begins or ends
        self._plan()

    def _phases(self) -> Phases:
        return Phases(self.run.seed, self.name, self.spec.arrivals)

    @property
    def pace(self) -> float:
        """How many phases pass a second, but for the surge."""
        return float(self.spec.rate_per_s)

    def change(self, spec) -> None:
        self._anchor()
        if spec.arrivals != self.spec.arrivals:
            raise ValueError(f"{self.name}.arrivals can't change during a run")
        super().change(spec)
        self._plan()

    def _retime(self) -> None:
        self._anchor()
        self._plan()

    def _anchor(self) -> None:
        now = self.env._now
        went = now - self.anchor_s if self.profile is None else self.profile.area(now) - self.anchor_area
        self.anchor_phase += went * self.rate
        self.anchor_s = now

    def _plan(self) -> None:
        """From now on, at the rate of the moment; look again when the surge begins or ends."""
        now, surge, self.profile = self.env._now, self.spec.surge, self.spec.profile
        self.rate, turn, self.anchor_area = self.pace, inf, 0.0 if self.profile is None else self.profile.area(now)
        if surge is not None:
            end = surge.at_s + surge.for_s
            if now < surge.at_s:
                turn = surge.at_s
            elif now < end:
                self.rate, turn = self.rate * surge.times, end
        self.turn.set(turn)
        self._next()

    def _next(self) -> None:
        if self.rate > 0:
            since_s = (self.phases[self.number] - self.anchor_phase) / self.rate
            if self.profile is None:
                due = self.anchor_s + since_s
            else:
                due = self.profile.when(self.anchor_area + since_s)
            # Rounding may put an arrival a hair before the moment the rate changed.
            self.arrival.set(due if due > self.env._now else self.env._now)
        else:
            self.arrival.set(inf)

    def _arrives(self) -> None:
        number, env = self.number, self.env
        self.number = number + 1
        if self.profile is None and self.rate > 0:  # what `_next` does, written out: this is the hot path of every run
            alarm = self.arrival
            due = self.anchor_s + (self.phases[number + 1] - self.anchor_phase) / self.rate
            alarm.due = due = due if due > env._now else env._now
            heappush(env._queue, (due, NORMAL, next(env._eid), alarm))
        else:
            self._next()
        self.send(number)

    def connection_of(self, request: Request) -> tuple[tuple, int]:
        spec = self.spec
        if spec.connections is None:
            return super().connection_of(request)
        number = int(self.takes[request.line][request.number] * spec.connections)
        return (self.name, number), self.life(number, self.env._now, self.lives)

    def life(self, number: int, now: float, lives: dict[int, tuple[int, float]]) -> int:
        """Which of its lives a connection has at a moment; `lives` remembers how far each has come."""
        age_s = self.spec.connection_age_s
        if age_s is None:
            return lives.get(number, (0, 0.0))[0]
        life, ends_s = lives.get(number, (0, 0.0))
        while ends_s <= now:
            life += 1
            ends_s += self.ages[self.name, 0][life * ROUND + number] * age_s
        lives[number] = life, ends_s
        return life

    def connections_among(self, count: int) -> np.ndarray:
        """Which connection each of the first requests takes: the other form of `connection_of`."""
        if self.spec.connections is None:
            return super().connections_among(count)
        return (self.takes[self.first_line].first(count) * self.spec.connections).astype(int)

    @property
    def feeds_forward(self) -> bool:
        return self.timeout_s is None and not self.tries_again and self.spec.profile is None

    def callers(self, count: int) -> np.ndarray:
        """Who sends each request, as a number: the source is one caller."""
        return np.zeros(count, dtype=np.int64)

    def arrivals_until(self, until_s: float) -> np.ndarray:
        """When its requests arrive, as if nothing but the surge changed the rate: the other form of `_arrives`."""
        surge, found, first = self.spec.surge, [], 0
        turns = [until_s] if surge is None else [surge.at_s, surge.at_s + surge.for_s, until_s]
        anchor_s = anchor_phase = 0.0
        for stretch, turn in enumerate(turns):
            rate = self.pace * (surge.times if stretch == 1 else 1)
            end = min(turn, until_s)
            if rate > 0 and end > anchor_s:
                enough = anchor_phase + (end - anchor_s) * rate
                phases = self.phases.until(enough + 1e-6 * enough + 1)[first:]
                with np.errstate(over="ignore"):  # at next to no rate the next arrival is at infinity
                    times = phases - anchor_phase
                    times /= rate
                    times += anchor_s
                np.maximum(times, anchor_s, out=times)
                found.append(times[: np.searchsorted(times, end)])
                first += len(found[-1])
            if turn >= until_s:
                break
            anchor_phase += (turn - anchor_s) * rate
            anchor_s = float(turn)
        return joined(found or [np.empty(0)])
