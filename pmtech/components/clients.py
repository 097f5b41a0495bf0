"""Clients: many callers who neither know nor care how busy the system is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from pmtech.components.arrivals import Arrivals, Moments
from pmtech.components.fields import instance, number, one_of, whole
from pmtech.components.phases import Phases
from pmtech.components.profile import Curve, Day, Profile
from pmtech.components.source import Source, SourcePart
from pmtech.components.surge import Surge


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
        Without `retries` nobody asks for these four: backoff, base_ms, cap_ms, retry_budget.

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

    load_field = "rate_per_s"

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

    @property
    def offered_per_s(self) -> float:
        return self.rate_per_s

    @property
    def renewals_per_s(self) -> float:
        return (self.connections or 0) / (self.connection_age_s or inf)

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


class ClientsPart(SourcePart, runs=Clients):
    def setup(self) -> None:
        super().setup()
        self.arrivals = Arrivals(self, self._phases())

    def _phases(self) -> Moments:
        return Phases(self.run.seed, self.name, self.spec.arrivals)

    @property
    def pace(self) -> float:
        """How many phases pass a second, but for the surge."""
        return float(self.spec.rate_per_s)

    def change(self, spec) -> None:
        self.arrivals.anchor()
        if spec.arrivals != self.spec.arrivals:
            raise ValueError(f"{self.name}.arrivals can't change during a run")
        super().change(spec)
        self.arrivals.plan()

    @property
    def feeds_forward(self) -> bool:
        return not self.tries_again

    def callers(self, count: int) -> np.ndarray:
        """Who sends each request, as a number: the source is one caller."""
        return np.zeros(count, dtype=np.int64)

    def arrivals_until(self, until_s: float) -> np.ndarray:
        return self.arrivals.until(until_s)
