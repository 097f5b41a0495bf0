"""A rate limiter: caps how often one caller may come, and refuses the rest."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np

from pmtech.components.component import Component
from pmtech.components.fields import number, one_of, whole
from pmtech.components.rates import by_caller
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import plain, value_in_words


@dataclass(frozen=True, kw_only=True, repr=False)
class RateLimiter(Component):
    """Lets `limit` requests per `per_s` seconds pass; refuses the others with 429 and a Retry-After (RFC 6585).

    algorithm:
      "fixed_window": the window opens at a caller's first request (another definition in use aligns it to the clock).
      "sliding_window_log": the last `limit` requests that passed must not all lie within the last `per_s`.
      "sliding_window_counter": this window's count, and the last window's by the share of it still covered.
      "token_bucket": tokens come at limit / per_s, at most `burst` are kept (by default `limit`), a request takes one.
    by: "client" counts every caller apart, "all" counts them together.
    The first three decide as the Python library `limits` 5.8 does (fixed, moving and sliding window counter).

    What this leaves out: the limiter's own latency and memory, and the races of a limiter spread over many machines.
    """

    limit: int = whole(40, at_least=1, at_most=10_000_000)
    per_s: float = number(1.0, at_least=0.001, at_most=86_400 * 366)
    algorithm: str = one_of("fixed_window", "sliding_window_log", "sliding_window_counter", "token_bucket")
    burst: int | None = whole(None, at_least=1, at_most=10_000_000, optional=True)
    by: str = one_of("client", "all")

    @property
    def capacity_per_s(self) -> float:
        """Requests a second that may pass in the long run: for each caller, or for all together."""
        return self.limit / self.per_s

    kind = "rate limiter"
    icon = "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM6.5 10h7"
    question = "Is the limit right for every customer? What does a customer's software do when it is refused?"
    thins = True

    @property
    def counts_each(self) -> bool:
        return self.by == "client"

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        every = "/s" if self.per_s == 1 else f"in {value_in_words(self.per_s, '_s')}"
        whose = "each caller" if self.counts_each else "all together"
        return [f"lets {plain(self.limit)} {every} pass, {whose}", self.algorithm.replace("_", " ")]

    def refuses_excess(self) -> bool:
        return True

    def passes(self, mix, capacity, callers, routes):
        if not self.counts_each:
            return super().passes(mix, capacity, callers, routes)
        asked = by_caller(mix)
        share = {c: min(1.0, capacity * callers[c] / rate) if rate else 1.0 for c, rate in asked.items()}
        passed = {key: rate * share[key[0]] for key, rate in mix.items()}
        return passed, sum(mix.values()) - sum(passed.values())


class FixedWindow:
    def __init__(self, spec: RateLimiter):
        self.limit, self.per_s = spec.limit, spec.per_s
        self.count, self.ends = 0, 0.0

    def decide(self, now: float) -> float:
        """Seconds until it is worth asking again; 0 lets the request pass."""
        if self.ends <= now:
            self.count, self.ends = 0, now + self.per_s
        if self.count < self.limit:
            self.count += 1
            return 0.0
        return self.ends - now


class SlidingWindowLog:
    def __init__(self, spec: RateLimiter):
        self.per_s = spec.per_s
        self.passed: deque[float] = deque(maxlen=spec.limit)

    def decide(self, now: float) -> float:
        wait_s = self.wait_s(now)
        if not wait_s:
            self.passed.append(now)
        return wait_s

    def wait_s(self, now: float) -> float:
        """Until the next may pass; 0: it may now."""
        passed = self.passed
        if len(passed) < (passed.maxlen or 0) or passed[0] < now - self.per_s:
            return 0.0
        # At the very edge the library still says no: a hair more than nothing.
        return max(passed[0] + self.per_s - now, 1e-9)


class SlidingWindowCounter:
    def __init__(self, spec: RateLimiter):
        self.limit, self.per_s = spec.limit, spec.per_s
        self.window, self.count, self.before = 0, 0, 0

    def decide(self, now: float) -> float:
        per_s, window = self.per_s, floor(now / self.per_s)
        if window != self.window:
            self.before = self.count if window == self.window + 1 else 0
            self.window, self.count = window, 0
        still = (1 - ((now - per_s) / per_s) % 1) if self.before else 0.0  # the share of the last window still covered
        if floor(self.before * still + self.count) + 1 <= self.limit:
            self.count += 1
            return 0.0
        if self.count < self.limit:
            return max((still - (self.limit - self.count) / self.before) * per_s, 1e-9)
        return max((window + 1) * per_s - now, 1e-9)


class TokenBucket:
    def __init__(self, spec: RateLimiter):
        self.rate, self.burst = spec.limit / spec.per_s, spec.burst or spec.limit
        self.tokens, self.seen = float(self.burst), 0.0

    def decide(self, now: float) -> float:
        self.tokens = min(self.burst, self.tokens + (now - self.seen) * self.rate)
        self.seen = now
        if self.tokens > 1 - 1e-9:  # (0.3 - 0.2) s at 10 a second is a token, not 0.99999 of one
            self.tokens = max(self.tokens - 1, 0.0)
            return 0.0
        return (1 - self.tokens) / self.rate


Limit = FixedWindow | SlidingWindowLog | SlidingWindowCounter | TokenBucket
ALGORITHMS: dict[str, Callable[[RateLimiter], Limit]] = {
    "fixed_window": FixedWindow,
    "sliding_window_log": SlidingWindowLog,
    "sliding_window_counter": SlidingWindowCounter,
    "token_bucket": TokenBucket,
}


class RateLimiterPart(Part, runs=RateLimiter):
    def setup(self) -> None:
        self.callers: dict[str, Limit] = {}

    def change(self, spec) -> None:
        """A new limit starts with a clean slate, as a limiter does that is deployed anew."""
        super().change(spec)
        self.setup()

    def _limit_of(self, caller: str) -> Limit:
        if caller not in self.callers:
            self.callers[caller] = ALGORITHMS[self.spec.algorithm](self.spec)
        return self.callers[caller]

    def handle(self, request: Request) -> Steps:
        retry_after = self._limit_of(request.caller if self.spec.counts_each else "all").decide(self.env._now)
        if retry_after:
            return self.refuse(request, self.visit(request), 429, retry_after)
        self.pass_through(request)
        return (yield from self.next.handle(request)) if self.next else 200

    feeds_forward = True

    def pass_sorted(self, rows, times, book) -> None:
        whose = book.caller[rows] if self.spec.counts_each else np.zeros(len(rows), dtype=int)
        each = zip(whose.tolist(), times.tolist(), strict=True)
        retry_after = np.fromiter((self._limit_of(who).decide(now) for who, now in each), float, len(rows))
        refused = retry_after > 0
        book.visit(self, rows, times, np.where(refused, np.nan, times), times)
        book.refuse(self, rows[refused], times[refused], 429, retry_after[refused])
        book.send(self.next, rows[~refused], times[~refused])
