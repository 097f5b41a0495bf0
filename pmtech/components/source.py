"""What all sources of requests share: what they ask for, how long they wait, whether they try again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from typing import Any, ClassVar

import numpy as np

from pmtech.components.backoff import KINDS, RetryBudget, wait_s
from pmtech.components.component import Component
from pmtech.components.endpoints import sizes, weights
from pmtech.components.fields import instance, number, one_of, whole
from pmtech.components.lives import Lives
from pmtech.components.patience import Patience
from pmtech.components.surge import Surge
from pmtech.engine.clock import Alarm
from pmtech.engine.part import Part
from pmtech.engine.randomness import identity, pick, zipf
from pmtech.engine.request import Request
from pmtech.wording import counted, percent

AGAIN = (500, 502, 503, 504)  # who answers so may have more luck later; a 429 asks to stay away


@dataclass(frozen=True, kw_only=True, repr=False)
class Source(Component):
    """The fields that `Clients` and `Users` have in common."""

    surge: Surge | None = instance(Surge)
    endpoints: Mapping[str, float] = weights({"/": 1})
    keys: int = whole(1000, at_least=1, at_most=1_000_000)
    popularity: float = number(1.0, at_least=0, at_most=10)
    write_share: float = number(0.0, at_least=0, at_most=1)
    kb: Mapping[str, float] = sizes()
    timeout_ms: float | None = number(None, more_than=0, optional=True)
    retries: int = whole(0, at_least=0, at_most=10)
    backoff: str = one_of("none", *(kind for kind in KINDS if kind != "none"))  # at once
    base_ms: float = number(100.0, at_least=0, at_most=3_600_000)
    cap_ms: float = number(10_000.0, at_least=0, at_most=3_600_000)
    retry_budget: float | None = number(None, at_least=0, at_most=10, optional=True)
    priority: int = whole(0, at_least=0, at_most=9)
    round_trips: int = whole(1, at_least=1, at_most=9)

    kind = "clients"
    icon = "M10 9.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 18c0-3.6 3-5.5 7-5.5s7 1.9 7 5.5"
    is_source = True
    needs_next = True
    load_field: ClassVar[str]  # the field that says how many there are

    @property
    def offered_per_s(self) -> float:
        """Requests a second that they would send on average, but for surges."""
        raise TypeError(f"{type(self).__name__} does not say how much it sends")

    @property
    def lap_s(self) -> float | None:
        """After so long what they do begins again."""
        return None

    @property
    def renewals_per_s(self) -> float:
        """How many of its connections end, and are opened anew, a second."""
        return 0.0

    @property
    def callers(self) -> int:
        """How many callers rate limits and fairness tell apart."""
        return 1

    @property
    def is_steady(self) -> bool:
        """Do they send the same all the time, so that chance alone moves the number that comes?"""
        return False

    @property
    def coming(self) -> str:
        """How their requests come, in words."""
        raise TypeError(f"{type(self).__name__} does not say how its requests come")

    def times(self, duration_s: float) -> float:
        """For so many seconds would they send at their usual rate to send as much as in the first `duration_s`."""
        return duration_s

    def expected(self, duration_s: float) -> float:
        """About how many requests a run of that length has, with surges, without retries."""
        lasts, surge = self.times(duration_s), self.surge
        if surge is not None:
            begin, end = (min(at_s, duration_s) for at_s in (surge.at_s, surge.at_s + surge.for_s))
            lasts += (surge.times - 1) * (self.times(end) - self.times(begin))
        return self.offered_per_s * lasts

    def rates(self, at_s: np.ndarray) -> np.ndarray:
        """Requests a second that they would send on average at these moments."""
        during = (at_s >= self.surge.at_s) & (at_s < self.surge.at_s + self.surge.for_s) if self.surge else False
        return self.offered_per_s * np.where(during, self.surge.times if self.surge else 1.0, np.ones(len(at_s)))

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        facts, how = [], "" if self.backoff == "none" else f", {self.backoff.replace('_', ' ')}"
        if self.retries:
            facts = [f"retries {counted(self.retries, 'time')}{how}"]
            facts += [f"budget {percent(self.retry_budget)}"] if self.retry_budget is not None else []
        return [self.surge.said, *facts] if self.surge else facts

    def asked(self) -> tuple[np.ndarray, np.ndarray]:
        """How many reads and how many writes of each key it sends a second."""
        weights_ = self.key_weights
        rates = weights_ / weights_.sum() * self.offered_per_s
        return rates * (1 - self.write_share), rates * self.write_share

    @property
    def key_weights(self) -> np.ndarray:
        """How often each key is asked for, in proportion."""
        return np.arange(1, self.keys + 1, dtype=float) ** -self.popularity


class SourcePart(Part):
    """A source while it runs: makes requests, hears answers, gives up, tries again."""

    next: Part
    timeout_s: float | None = None

    def setup(self) -> None:
        self.pauses = self.run.luck(f"{self.name}.backoff", identity)
        self.budget, self.lives = RetryBudget(self.spec.retry_budget), Lives(self)
        self._learn()

    def change(self, spec) -> None:
        super().change(spec)
        self._learn()

    def _learn(self) -> None:
        spec = self.spec
        self.keys: dict[tuple, Any] = self.run.luck(f"{self.name}.key", zipf(spec.keys, spec.popularity))
        self.writes = self.run.luck(f"{self.name}.write", identity)
        self.only = next(iter(spec.endpoints)) if len(spec.endpoints) == 1 else None
        self.choose: dict[tuple, Any] = self.run.luck(f"{self.name}.endpoint", pick(spec.endpoints))
        self.first_luck, self.tries_again = (self.name, 0), spec.retries > 0
        before, self.timeout_s = self.timeout_s, None if spec.timeout_ms is None else spec.timeout_ms / 1000
        if self.timeout_s is not None and self.timeout_s != before:
            self.patience = Patience(self.env, self.timeout_s, methodcaller("arrive", 504))
        self.trips = spec.round_trips
        self.budget.share = spec.retry_budget

    def send(
        self, number: int, attempt: int = 0, heard: Callable | None = None, caller: str = "", waited_s: float = 0.0
    ) -> None:
        """Send request `number`, after so many attempts and a last pause; `heard` is called with it when it is over."""
        endpoint = self.only or self.choose[self.first_luck][number]
        luck_key = self.first_luck if attempt == 0 else (self.name, attempt)
        request = Request(self.env, self, number, luck_key, endpoint, caller or self.name)
        self.run.requests.append(request)
        request.answer_to = heard
        if self.tries_again:
            request.answer_to = partial(self._heard, heard, attempt, waited_s)
            if attempt == 0:
                self.budget.earn()
        if self.timeout_s is not None:
            self.patience.begins(request)
        request.begin(self.next.handle(request))

    def is_write(self, request: Request) -> bool:
        """Does the request change its item? A retry does what the first attempt would have done."""
        share = self.spec.write_share
        return share > 0 and self.writes[self.first_luck][request.number] < share

    def writes_among(self, count: int) -> np.ndarray:
        """Which of the first requests change their item: the other form of `is_write`."""
        share = self.spec.write_share
        return self.writes[self.first_luck].first(count) < share if share > 0 else np.zeros(count, dtype=bool)

    def _heard(self, heard: Callable | None, attempt: int, waited_s: float, request: Request) -> None:
        spec = self.spec
        if request.status in AGAIN and attempt < spec.retries and self.budget.spend():
            luck = self.pauses[request.luck_key][request.number]
            waited_s = wait_s(spec.backoff, attempt + 1, spec.base_ms / 1000, spec.cap_ms / 1000, luck, waited_s)
            again = (request.number, attempt + 1, heard, request.caller, waited_s)
            if waited_s:
                Alarm(self.env, lambda: self.send(*again)).set(self.env._now + waited_s)
            else:
                self.send(*again)
        elif heard is not None:
            heard(request)
