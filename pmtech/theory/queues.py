"""Queues: one station, many servers to choose from, networks, Little's law. Rates are a second, times seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pmtech.theory.checks import COUNTED, count, number


@dataclass(frozen=True)
class Queue:
    """Steady-state means of a queue."""

    load: float  #: offered work per place of work: rate * service / workers
    accepted_per_s: float  #: requests a second that get in
    wait_s: float  #: mean wait before service, of those that get in
    time_in_system_s: float  #: mean wait and service
    wait_probability: float  #: share of those that get in that find every worker busy
    loss: float = 0.0  #: share refused because the place is full

    @property
    def mean_queue(self) -> float:
        """Mean number waiting, by Little's law."""
        return self.accepted_per_s * self.wait_s

    @property
    def in_system(self) -> float:
        """Mean number waiting or in service, by Little's law."""
        return self.accepted_per_s * self.time_in_system_s


@dataclass(frozen=True)
class MarkovQueue(Queue):
    """A `Queue` with Poisson arrivals and exponential service, so that its percentiles are known too."""

    service_s: float = 1.0
    workers: int = 1

    def wait_percentile_s(self, percent: float) -> float:
        """Wait in seconds that `percent` (0 <= percent < 100) of requests do not exceed.

        P(W > t) = C exp(-(c mu - lambda) t), with C = `wait_probability`. Kleinrock, Queueing Systems 1 (1975), 3.5.
        """
        late = 1 - number("percent", percent, at_least=0, below=100) / 100
        if self.wait_probability <= late:  # so few wait
            return 0.0
        return math.log(self.wait_probability / late) * self.service_s / (self.workers * (1 - self.load))

    def latency_percentile_s(self, percent: float) -> float:
        """Time in system in seconds that `percent` (0 <= percent < 100) of requests do not exceed.

        With one worker -ln(1 - percent / 100) W, so p99 = 4.6 W; with more, the wait and an exponential service
        convolved, solved for t. Gross and Harris, Fundamentals of Queueing Theory, 2.3.
        """
        late = 1 - number("percent", percent, at_least=0, below=100) / 100
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
    return MarkovQueue(load, rate_per_s, wait, wait + service_s, busy, service_s=service_s, workers=workers)


def mg1(rate_per_s: float, service_s: float, service_cv: float = 1.0) -> Queue:
    """M/G/1: one worker, service of any shape with coefficient of variation `service_cv` (Pollaczek-Khinchine).

    Wq = load (1 + cv^2) / (2 (1 - load)) E[S]. Domain: load below 1, cv at least 0. Kleinrock 1 (1975), 5.6.
    """
    load = _stable(_load(rate_per_s, service_s))
    cv = number("service_cv", service_cv, at_least=0)
    wait = load * (1 + cv**2) / (2 * (1 - load)) * service_s
    return Queue(load, rate_per_s, wait, wait + service_s, load)


def md1(rate_per_s: float, service_s: float) -> Queue:
    """M/D/1: `mg1` with constant service, which halves the wait of M/M/1. Domain and source as `mg1`."""
    return mg1(rate_per_s, service_s, service_cv=0.0)


def mmck(rate_per_s: float, service_s: float, workers: int, places: int) -> Queue:
    """M/M/c/K: as `mmc` with room for `places` requests, in service included; who finds it full is refused.

    p(n) is proportional to the product of lambda / (min(i, c) mu) for i = 1..n, loss = p(K). Any load.
    A `Server` has places = workers + queue_limit. Kleinrock 1 (1975), 3.6 to 3.8.
    """
    workers = count("workers", workers)
    count("places", places, at_most=COUNTED)
    places = count("places", places, at_least=workers, why=": every worker is a place")
    load = _load(rate_per_s, service_s, workers)
    n = np.arange(places + 1)
    logs = np.concatenate(([0.0], np.cumsum(math.log(load * workers) - np.log(np.minimum(n[1:], workers)))))
    p = np.exp(logs - logs.max())
    p /= p.sum()
    # 1 - loss and p[c:-1].sum() / (1 - loss), summed directly because loss rounds to 1 far above capacity
    admitted = float(p[:-1].sum())
    accepted = rate_per_s * admitted
    wait, time = float(p @ np.maximum(n - workers, 0)) / accepted, float(p @ n) / accepted
    return Queue(load, accepted, wait, time, float(p[workers:-1].sum()) / admitted, float(p[-1]))


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
    return Queue(load, rate_per_s, load * time, time, load)


def erlang_b(erlangs: float, servers: int) -> float:
    """Share of calls lost when `erlangs` (rate times duration) are offered to `servers` lines without a queue.

    B(0) = 1, B(n) = a B(n - 1) / (n + a B(n - 1)): stable for thousands of lines, where factorials overflow.
    Domain: any erlangs of at least 0. Erlang (1917); recursion in Jagerman, Bell System Technical Journal 53 (1974).
    """
    offered = number("erlangs", erlangs, at_least=0)
    lost = 1.0
    for n in range(1, count("servers", servers, at_most=COUNTED) + 1):
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
    known = {name: number(name, value, at_least=0) for name, value in given.items() if value is not None}
    if len(known) != 2:
        raise ValueError(f"littles_law needs two of {', '.join(given)}, got {len(known)}")
    if "in_system" not in known:
        return known["rate_per_s"] * known["time_in_system_s"]
    ((name, divisor),) = known.items() - {("in_system", known["in_system"])}
    return known["in_system"] / number(name, divisor, above=0)


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
    outside = np.array([number(f"arrivals_per_s[{n!r}]", arrivals_per_s.get(n, 0.0), at_least=0) for n in names])
    if not outside.sum():
        raise ValueError("arrivals_per_s must be above 0 for at least one station, got none")
    share = np.array([[number("a share", routes.get(a, {}).get(b, 0.0), at_least=0) for b in names] for a in names])
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


def power_of_choices(load: float, service_s: float = 1.0, choices: int = 2) -> Queue:
    """One of very many equal servers, when each request looks at `choices` of them and takes the shortest queue.

    W = E[S] sum_{i >= 1} load^((d^i - d) / (d - 1)), for two choices load^(2^i - 2); one choice is M/M/1. The limit
    of infinitely many servers: fewer do slightly worse. Domain: load below 1. Mitzenmacher, IEEE TPDS 12 (2001).
    """
    _stable(number("load", load, above=0))
    if count("choices", choices) == 1:
        return mm1(load / service_s, service_s)
    number("service_s", service_s, above=0)
    inside, exponent = 0.0, 1.0  # load^exponent is the share of servers with at least i requests
    while (share := load**exponent) > 1e-17:
        inside += share
        exponent = exponent * choices + 1
    time = inside / load * service_s
    return Queue(load, load / service_s, time - service_s, time, load**choices)


def _load(rate_per_s, service_s, workers=1):
    work = number("rate_per_s", rate_per_s, above=0) * number("service_s", service_s, above=0)
    return work / count("workers", workers)


def _stable(load):
    return number("load", load, at_least=0, below=1, why=": the queue grows without end" if load >= 1 else "")
