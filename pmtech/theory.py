"""Closed forms of queueing, caching and scaling: what the simulated models must agree with.

Rates are a second, times are seconds, loads and ratios are shares from 0 to 1. A value outside a formula's
domain is a ValueError in one sentence.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np


@dataclass(frozen=True)
class Queue:
    """Steady-state means of a queue. Little's law ties them: in_system = accepted_per_s * time_in_system_s."""

    load: float  #: offered work per place of work: rate * service / workers
    accepted_per_s: float  #: requests a second that get in
    wait_s: float  #: mean wait before service, of those that get in
    time_in_system_s: float  #: mean wait and service
    mean_queue: float  #: mean number waiting
    in_system: float  #: mean number waiting or in service
    wait_probability: float  #: share of those that get in that find every worker busy
    loss: float = 0.0  #: share refused because the place is full


@dataclass(frozen=True)
class MarkovQueue(Queue):
    """A `Queue` with Poisson arrivals and exponential service, so that its percentiles are known too."""

    service_s: float = 1.0
    workers: int = 1

    def wait_percentile_s(self, percent: float) -> float:
        """Wait in seconds that `percent` (0 <= percent < 100) of requests do not exceed.

        P(W > t) = C exp(-(c mu - lambda) t), with C = `wait_probability`. Kleinrock, Queueing Systems 1 (1975), 3.5.
        """
        late = 1 - _number("percent", percent, at_least=0, below=100) / 100
        return max(0.0, math.log(self.wait_probability / late)) * self.service_s / (self.workers * (1 - self.load))

    def latency_percentile_s(self, percent: float) -> float:
        """Time in system in seconds that `percent` (0 <= percent < 100) of requests do not exceed.

        With one worker -ln(1 - percent / 100) W, so p99 = 4.6 W; with more, the wait and an exponential service
        convolved, solved for t. Gross and Harris, Fundamentals of Queueing Theory, 2.3.
        """
        late = 1 - _number("percent", percent, at_least=0, below=100) / 100
        if self.workers == 1:
            return -math.log(late) * self.time_in_system_s
        from scipy.optimize import brentq

        spare = self.workers * (1 - self.load)
        gap = spare - 1

        def excess(t: float) -> float:  # in service times; the form whose exponent is negative cannot overflow
            if gap > 0:
                waited = math.exp(-t) * -math.expm1(-gap * t) / gap
            else:
                waited = math.exp(-spare * t) * (math.expm1(gap * t) / gap if gap else t)
            return math.exp(-t) + self.wait_probability * waited - late

        longest = 1.0
        while excess(longest) > 0:
            longest *= 2
        return brentq(excess, 0.0, longest, xtol=1e-13) * self.service_s


def mm1(rate_per_s: float, service_s: float) -> MarkovQueue:
    """M/M/1: Poisson arrivals, exponential service of mean `service_s` seconds, one worker.

    W = 1 / (mu - lambda). Domain: load below 1. Kleinrock, Queueing Systems 1 (1975), 3.2.

    >>> queue = mm1(rate_per_s=8, service_s=0.1)
    >>> round(queue.time_in_system_s, 6), round(queue.latency_percentile_s(99), 3)
    (0.5, 2.303)
    """
    return mmc(rate_per_s, service_s, workers=1)


def mmc(rate_per_s: float, service_s: float, workers: int) -> MarkovQueue:
    """M/M/c: as `mm1` with `workers` places of work, first come first served.

    Wq = C(c, lambda / mu) / (c mu - lambda), with Erlang's C. Domain: load below 1. Kleinrock 1 (1975), 3.5.
    """
    load = _stable(_load(rate_per_s, service_s, workers))
    busy = erlang_c(load * workers, workers)
    wait = busy * service_s / (workers * (1 - load))
    time = wait + service_s
    means = (load, rate_per_s, wait, time, rate_per_s * wait, rate_per_s * time, busy)
    return MarkovQueue(*means, service_s=service_s, workers=workers)


def mg1(rate_per_s: float, service_s: float, service_cv: float = 1.0) -> Queue:
    """M/G/1: one worker, service of any shape with coefficient of variation `service_cv` (Pollaczek-Khinchine).

    Wq = load (1 + cv^2) / (2 (1 - load)) E[S]. Domain: load below 1, cv at least 0. Kleinrock 1 (1975), 5.6.
    """
    load = _stable(_load(rate_per_s, service_s))
    cv = _number("service_cv", service_cv, at_least=0)
    wait = load * (1 + cv**2) / (2 * (1 - load)) * service_s
    time = wait + service_s
    return Queue(load, rate_per_s, wait, time, rate_per_s * wait, rate_per_s * time, load)


def md1(rate_per_s: float, service_s: float) -> Queue:
    """M/D/1: `mg1` with constant service, which halves the wait of M/M/1. Domain and source as `mg1`."""
    return mg1(rate_per_s, service_s, service_cv=0.0)


def mmck(rate_per_s: float, service_s: float, workers: int, places: int) -> Queue:
    """M/M/c/K: as `mmc` with room for `places` requests, in service included; who finds it full is refused.

    p(n) is proportional to the product of lambda / (min(i, c) mu) for i = 1..n, loss = p(K). Any load.
    A `Server` has places = workers + queue_limit. Kleinrock 1 (1975), 3.6 to 3.8.
    """
    workers = _count("workers", workers)
    places = _count("places", places, at_least=workers, why=": every worker is a place")
    load = _load(rate_per_s, service_s, workers)
    n = np.arange(places + 1)
    logs = np.concatenate(([0.0], np.cumsum(math.log(load * workers) - np.log(np.minimum(n[1:], workers)))))
    p = np.exp(logs - logs.max())
    p /= p.sum()
    loss, waiting, inside = float(p[-1]), float(p @ np.maximum(n - workers, 0)), float(p @ n)
    # 1 - loss and p[c:-1].sum() / (1 - loss), summed directly because loss rounds to 1 far above capacity
    admitted = float(p[:-1].sum())
    accepted = rate_per_s * admitted
    queued = float(p[workers:-1].sum()) / admitted
    return Queue(load, accepted, waiting / accepted, inside / accepted, waiting, inside, queued, loss)


def mm1k(rate_per_s: float, service_s: float, places: int) -> Queue:
    """M/M/1/K: one worker and room for `places` requests, the one in service included.

    loss = (1 - load) load^K / (1 - load^(K + 1)), and 1 / (K + 1) at load 1. Any load. Kleinrock 1 (1975), 3.6.
    """
    return mmck(rate_per_s, service_s, workers=1, places=places)


def processor_sharing(rate_per_s: float, service_s: float) -> Queue:
    """M/G/1-PS: everyone is served at once, each at 1/n of the speed, as threads share one core.

    W = E[S] / (1 - load) whatever the shape of the service; a request of x seconds takes x / (1 - load).
    `wait_s` is the time added by sharing. Domain: load below 1. Kleinrock, Queueing Systems 2 (1976), 4.4.
    """
    load = _stable(_load(rate_per_s, service_s))
    time = service_s / (1 - load)
    added = load * time
    return Queue(load, rate_per_s, added, time, rate_per_s * added, rate_per_s * time, load)


def erlang_b(erlangs: float, servers: int) -> float:
    """Share of calls lost when `erlangs` (rate times duration) are offered to `servers` lines without a queue.

    B(0) = 1, B(n) = a B(n - 1) / (n + a B(n - 1)): stable for thousands of lines, where factorials overflow.
    Domain: any erlangs of at least 0. Erlang (1917); recursion in Jagerman, Bell System Technical Journal 53 (1974).
    """
    offered = _number("erlangs", erlangs, at_least=0)
    lost = 1.0
    for n in range(1, _count("servers", servers) + 1):
        lost = offered * lost / (n + offered * lost)
    return lost


def erlang_c(erlangs: float, servers: int) -> float:
    """Share of calls that wait when `erlangs` are offered to `servers` lines with an endless queue.

    C = B / (1 - load (1 - B)), load = erlangs / servers, from `erlang_b`. Domain: load below 1. Erlang (1917).
    """
    lost = erlang_b(erlangs, servers)
    return lost / (1 - _stable(erlangs / servers) * (1 - lost))


def littles_law(
    *, in_system: float | None = None, rate_per_s: float | None = None, time_in_system_s: float | None = None
) -> float:
    """The one of three that is not given: in_system = rate_per_s * time_in_system_s.

    Holds for any stable system, whatever the order or the distributions. Little, Operations Research 9 (1961).
    """
    given = {"in_system": in_system, "rate_per_s": rate_per_s, "time_in_system_s": time_in_system_s}
    known = {name: _number(name, value, at_least=0) for name, value in given.items() if value is not None}
    if len(known) != 2:
        raise ValueError(f"littles_law needs two of {', '.join(given)}, got {len(known)}")
    if in_system is None:
        return rate_per_s * time_in_system_s
    name, divisor = next((name, value) for name, value in known.items() if name != "in_system")
    return in_system / _number(name, divisor, above=0)


@dataclass(frozen=True)
class Network:
    """An open Jackson network at rest: a `MarkovQueue` a station, and means over all stations."""

    stations: dict[str, MarkovQueue]
    in_system: float
    time_in_system_s: float  #: mean from entering to leaving the network, every visit counted


def jackson(
    arrivals_per_s: Mapping[str, float],
    routes: Mapping[str, Mapping[str, float]],
    service_s: Mapping[str, float],
    workers: Mapping[str, int] | None = None,
) -> Network:
    """Open Jackson network: Poisson arrivals from outside, exponential stations, routing by chance.

    The traffic equations lambda_j = gamma_j + sum_i lambda_i p_ij give each station's rate; each then stands as an
    M/M/c by itself. `routes[a][b]` is the share of a's requests that go on to b, the rest leave; one worker where
    `workers` is silent. Domain: loads below 1, shares of a station sum to at most 1, every request leaves in the end.
    Jackson, Operations Research 5 (1957).
    """
    names = list(service_s)
    for name in {*arrivals_per_s, *routes, *(workers or {}), *(to for shares in routes.values() for to in shares)}:
        if name not in service_s:
            raise ValueError(f"service_s must name every station, got none for {name!r}")
    outside = np.array([_number(f"arrivals_per_s[{n!r}]", arrivals_per_s.get(n, 0.0), at_least=0) for n in names])
    if not outside.sum():
        raise ValueError("arrivals_per_s must be above 0 for at least one station, got none")
    share = np.array([[_number("a share", routes.get(a, {}).get(b, 0.0), at_least=0) for b in names] for a in names])
    for name, total in zip(names, share.sum(axis=1), strict=True):
        if total > 1 + 1e-12:
            raise ValueError(f"shares of {name!r} must sum to at most 1, got {total:g}")
    if np.abs(np.linalg.eigvals(share)).max() > 1 - 1e-12:
        raise ValueError("routes must lead out in the end, got a loop that no request leaves")
    rates = np.linalg.solve(np.eye(len(names)) - share.T, outside)
    stations = {}
    for name, rate in zip(names, rates.tolist(), strict=True):
        try:
            stations[name] = mmc(rate, service_s[name], (workers or {}).get(name, 1))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    inside = sum(queue.in_system for queue in stations.values())
    return Network(stations, inside, inside / float(outside.sum()))


@dataclass(frozen=True)
class CacheHits:
    """Hit ratios of a cache under independent requests."""

    hit_ratio: float
    hit_ratio_by_key: np.ndarray
    lifetime_s: float  #: how long an entry stays: the TTL, or Che's characteristic time for LRU


def che_lru(rates_per_s: Sequence[float], capacity: int) -> CacheHits:
    """Che's approximation of an LRU cache: an unused key stays for one characteristic time T.

    T solves sum_i (1 - exp(-rate_i T)) = capacity, and hit_i = 1 - exp(-rate_i T). `rates_per_s` is the rate of each
    key (weights do too, then T is in their unit); a cache that holds every key always hits in the long run.
    Che, Tung and Wang, IEEE JSAC 20 (2002); why it is so exact: Fricker, Robert and Roberts (2012).
    """
    rates = _rates(rates_per_s)
    capacity = _count("capacity", capacity)
    wanted = int((rates > 0).sum())
    if capacity >= wanted:
        return CacheHits(1.0, (rates > 0).astype(float), math.inf)
    from scipy.optimize import brentq

    def filled(log_t: float) -> float:
        return float(-np.expm1(-rates * math.exp(log_t)).sum()) - capacity

    low = high = math.log(capacity / rates.sum())  # the cache cannot fill sooner: 1 - exp(-x) <= x
    while filled(high) < 0:
        high += 1
    lifetime = math.exp(brentq(filled, low - 1, high, xtol=1e-13))
    hits = -np.expm1(-rates * lifetime)
    return CacheHits(float(rates @ hits / rates.sum()), hits, lifetime)


def ttl_cache(rates_per_s: Sequence[float], ttl_s: float) -> CacheHits:
    """A cache with room for all, whose entries die `ttl_s` seconds after they were put in, used or not.

    hit_i = rate_i T / (1 + rate_i T) under Poisson requests: one miss, then rate_i T hits on average.
    Domain: ttl_s at least 0. Jung, Berger and Balakrishnan, INFOCOM (2003).
    """
    rates = _rates(rates_per_s)
    expected = rates * _number("ttl_s", ttl_s, at_least=0)
    hits = expected / (1 + expected)
    return CacheHits(float(rates @ hits / rates.sum()), hits, ttl_s)


def power_of_choices(load: float, service_s: float = 1.0, choices: int = 2) -> Queue:
    """One of very many equal servers, when each request looks at `choices` of them and takes the shortest queue.

    W = E[S] sum_{i >= 1} load^((d^i - d) / (d - 1)), for two choices load^(2^i - 2); one choice is M/M/1. The limit
    of infinitely many servers: fewer do slightly worse. Domain: load below 1. Mitzenmacher, IEEE TPDS 12 (2001).
    """
    _stable(_number("load", load, above=0))
    if _count("choices", choices) == 1:
        return mm1(load / service_s, service_s)
    _number("service_s", service_s, above=0)
    inside, exponent = 0.0, 1.0  # load^exponent is the share of servers with at least i requests
    while (share := load**exponent) > 1e-17:
        inside += share
        exponent = exponent * choices + 1
    time = inside / load * service_s
    return Queue(load, load / service_s, time - service_s, time, inside - load, inside, load**choices)


def amdahl(workers: float, serial: float) -> float:
    """Speed-up by `workers` when a share `serial` of the work cannot be split: 1 / (s + (1 - s) / n).

    Domain: workers at least 1, serial from 0 to 1. Never above 1 / s. Amdahl, AFIPS 30 (1967).
    """
    workers = _number("workers", workers, at_least=1)
    serial = _number("serial", serial, at_least=0, at_most=1)
    return 1 / (serial + (1 - serial) / workers)


@dataclass(frozen=True)
class UniversalScalability:
    """Gunther's universal scalability law: throughput X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)).

    gamma is the throughput of one worker a second, alpha the share spent waiting for each other (contention), beta
    the cost of agreeing, a pair of workers (coherency). All at least 0, gamma above 0. beta = 0 is Amdahl's law with
    serial = alpha. Gunther, Guerrilla Capacity Planning (2007), chapter 4.
    """

    gamma_per_s: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        _number("gamma_per_s", self.gamma_per_s, above=0)
        _number("alpha", self.alpha, at_least=0)
        _number("beta", self.beta, at_least=0)

    def throughput_per_s(self, workers: float) -> float:
        """Throughput a second with `workers`, which must be at least 1."""
        n = _number("workers", workers, at_least=1)
        return self.gamma_per_s * n / (1 + self.alpha * (n - 1) + self.beta * n * (n - 1))

    @property
    def peak_workers(self) -> float:
        """Where one more worker makes it slower: sqrt((1 - alpha) / beta), endless when beta is 0."""
        if self.alpha >= 1:
            return 1.0
        return max(1.0, math.sqrt((1 - self.alpha) / self.beta)) if self.beta else math.inf

    @classmethod
    def fit(cls, workers: Sequence[float], throughput_per_s: Sequence[float]) -> "UniversalScalability":
        """The law with the least squared error in throughput, alpha and beta held at or above 0.

        Domain: at least three different numbers of workers, throughput above 0. As R's package `usl` (Moeding) does.
        """
        from scipy.optimize import least_squares

        n = np.array([_number("workers", value, at_least=1) for value in workers])
        x = np.array([_number("throughput_per_s", value, above=0) for value in throughput_per_s])
        if n.size != x.size:
            raise ValueError(f"throughput_per_s must have {n.size} values like workers, got {x.size}")
        if (different := len(set(n))) < 3:
            raise ValueError(f"workers must have at least 3 different values, got {different}")
        top, best = n.max(), (x / n).max()
        # each term as its share of the whole at the largest N, so that all three have the same scale
        terms = np.column_stack([(n - 1) / (top - 1), n * (n - 1) / (top * (top - 1))])

        def law(p):
            return p[0] * n / (1 + terms @ p[1:])

        found = least_squares(
            lambda p: law(p) / best - x / best, [1.0, 1.0, 1.0], bounds=(0, np.inf), method="dogbox", xtol=1e-12
        )
        gamma, alpha, beta = found.x / [1, top - 1, top * (top - 1)]
        return cls(float(gamma), float(alpha), float(beta))


def _number(name, value, *, above=-math.inf, at_least=-math.inf, below=math.inf, at_most=math.inf, why=""):
    """`value` where it is a finite number within the bounds; else the sentence that names field, bound and value."""
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    for broken, bound in (
        (value <= above, f"above {above:g}"),
        (value < at_least, f"at least {at_least:g}"),
        (value >= below, f"below {below:g}"),
        (value > at_most, f"at most {at_most:g}"),
    ):
        if broken:
            raise ValueError(f"{name} must be {bound}, got {value:g}{why}")
    return value


def _count(name, value, at_least=1, why=""):
    if _number(name, value, at_least=at_least, why=why) != int(value):
        raise ValueError(f"{name} must be a whole number, got {value:g}")
    return int(value)


def _load(rate_per_s, service_s, workers=1):
    work = _number("rate_per_s", rate_per_s, above=0) * _number("service_s", service_s, above=0)
    return work / _count("workers", workers)


def _stable(load):
    return _number("load", load, at_least=0, below=1, why=": the queue grows without end" if load >= 1 else "")


def _rates(rates_per_s):
    rates = np.asarray(rates_per_s, dtype=float)
    if rates.ndim != 1 or not np.isfinite(rates).all() or (rates < 0).any() or not rates.sum() > 0:
        raise ValueError("rates_per_s must be a list of numbers of at least 0, one of them above 0")
    return rates
