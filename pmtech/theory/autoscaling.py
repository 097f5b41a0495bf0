"""Rented machines: how many the autoscaler of Kubernetes wants, cold starts, and a price a call against one an hour."""

import math
from collections.abc import Sequence

from pmtech.theory.checks import count, number, numbers


def desired_replicas(
    current: int, shares: Sequence[float], target: float, *, starting: int = 0, tolerance: float = 0.1
) -> int:
    """How many machines Kubernetes' horizontal pod autoscaler wants where there are `current`.

    `shares` is what each ready machine uses of itself (may be above 1). desired = ceil(sum of shares / target), and
    `current` while their mean is within `tolerance` of the target. The `starting` count as 0 when the answer would be
    up, and not at all when it is down. Machines that are neither ready nor starting have sent no figure: 0 when up, 1
    (or the target, if that is above 1) when down. Where all this turns the direction round, or nobody is ready, nothing
    happens. Least and most are the caller's: idle machines want 0. Kubernetes cuts the mean to whole per cent first;
    here it is not rounded. pkg/controller/podautoscaler/replica_calculator.go (2025), GetResourceReplicas.

    >>> desired_replicas(3, [0.3, 0.5, 0.7], target=0.3), desired_replicas(3, [0.5, 0.7], target=0.3, starting=1)
    (5, 4)
    """
    current, starting = count("current", current, at_least=0), count("starting", starting, at_least=0)
    known, target = numbers("shares", shares, at_least=0), number("target", target, above=0)
    number("tolerance", tolerance, at_least=0)
    if not known:
        return current
    silent = max(0, current - len(known) - starting)

    def machines_per_machine(shares: list[float]) -> float:
        return round(math.fsum(shares) / target / len(shares), 12)  # (0.1 + 0.2) / 0.1 is 3, not a little more

    first = machines_per_machine(known)
    supposed = [0.0] * (starting + silent) if first > 1 else [max(1.0, target)] * silent if first < 1 else []
    ratio = machines_per_machine(known + supposed)
    if abs(1 - ratio) <= tolerance + 1e-12 or (first - 1) * (ratio - 1) < 0:
        return current
    return math.ceil(round(ratio * len(known + supposed), 9))


def replica_limit(replicas: int) -> int:
    """The most machines that Kubernetes allows 15 s after there were `replicas`: 4 more or twice as many.

    The default of `behavior.scaleUp`: 4 pods or 100 % in 15 s, whichever is more. Down it has no such limit.
    """
    before = count("replicas", replicas, at_least=0)
    return max(before + 4, 2 * before)


def stabilised_replicas(current: int, recommendations: Sequence[tuple[float, int]], *, calm_s: float = 300.0) -> int:
    """Where to go from `current`, given (time in s, machines wanted), oldest first, the last of them now.

    Up at once; down only to the highest recommendation of less than `calm_s` seconds ago, and never up by that.
    pkg/controller/podautoscaler/horizontal.go, stabilizeRecommendationWithBehaviors with its defaults.
    """
    current, calm = count("current", current, at_least=0), number("calm_s", calm_s, at_least=0)
    pairs = recommendations if isinstance(recommendations, Sequence) else (None,)
    if isinstance(pairs, str) or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"recommendations must be pairs of (time in s, machines wanted), got {recommendations!r}")
    said = [(number("a time", at), count("a recommendation", wanted, at_least=0)) for at, wanted in pairs]
    if not said:
        return current
    now, wanted = said[-1]
    highest = max([wanted] + [replicas for at_s, replicas in said if now - at_s < calm])
    return max(wanted, min(current, highest))


def cold_share(rate_per_s: float, keep_s: float) -> float:
    """Share of calls that meet a cold function: e^(-lambda K), the chance that none came within K seconds before.

    Poisson calls, rare enough that one is answered before the next; an environment is kept K seconds after its last
    call. How many are at work at once is `littles_law`: rate times duration. Domain: both at least 0.
    """
    return math.exp(-number("rate_per_s", rate_per_s, at_least=0) * number("keep_s", keep_s, at_least=0))


def price_crossing_per_s(usd_per_call: float, usd_per_hour: float) -> float:
    """Calls a second above which a price an hour is cheaper than a price a call: usd_per_hour / 3600 / usd_per_call.

    For what stands all the time and can carry that rate; prices in dollars, of one call with all its parts.
    """
    return number("usd_per_hour", usd_per_hour, at_least=0) / 3600 / number("usd_per_call", usd_per_call, above=0)
