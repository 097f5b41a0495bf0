"""Promises and plans: what an availability leaves, users a day as requests a second, how much must be measured."""

import math
from statistics import NormalDist

from pmtech.theory.checks import number


def allowed_minutes(availability: float, days: float = 30) -> float:
    """Minutes that may be lost in `days` days: (1 - availability) days 1,440. 99.9 % of 30 days leaves 43.2."""
    return _left(availability) * number("days", days, above=0) * 24 * 60


def burn_rate(error_share: float, availability: float) -> float:
    """How many times as fast as the promise allows errors come: error share / (1 - availability). SRE Workbook, ch. 5.

    At 1 the budget lasts exactly its period; at 14.4 an hour takes 2 % of 30 days. Domain: availability below 1.
    """
    number("availability", availability, below=1)
    return number("error_share", error_share, at_least=0, at_most=1) / _left(availability)


def budget_spent(burn_rate: float, hours: float, days: float = 30) -> float:
    """Share of the error budget of `days` days that `hours` hours at a burn rate take: burn rate hours / (24 days)."""
    spent = number("burn_rate", burn_rate, at_least=0) * number("hours", hours, at_least=0)
    return spent / (24 * number("days", days, above=0))


def peak_per_s(users_per_day: float, requests_per_user: float, peak_times: float = 1.0) -> float:
    """Requests a second at the peak: users a day times requests each / 86,400 s, times peak over mean."""
    users = number("users_per_day", users_per_day, at_least=0)
    each = number("requests_per_user", requests_per_user, at_least=0)
    return users * each / 86_400 * number("peak_times", peak_times, at_least=1)


def months_until_full(load: float, growth: float) -> float:
    """Months of growth by that share each, until a load (a share of what can be done) is 1: log(1 / load) / log(1 + growth)."""
    left = 1 / load if number("load", load, at_least=0) else math.inf
    if left <= 1:
        return 0.0
    share = number("growth", growth, at_least=0)
    return math.log(left) / math.log1p(share) if share else math.inf


def requests_for_percentile(percent: float, within: float | None = None, confidence: float = 0.95) -> int:
    """Requests until a measured percentile is, with that confidence, truly one between percent - within and + within.

    n = z^2 p (1 - p) / within^2, by the normal limit (exact: the confidence is right to 0.02). `within` is in points of
    per cent; None is half of what is left: a p99 between the true p98.5 and p99.5. For independent requests: those that
    queue behind one another tell less. Cochran, Sampling Techniques (1977), 4.4.
    """
    number("percent", percent, above=0, below=100)
    rest = min(percent, 100 - percent)
    d = rest / 2 if within is None else number("within", within, above=0, at_most=rest)
    z = NormalDist().inv_cdf(0.5 + number("confidence", confidence, above=0, below=1) / 2)
    return math.ceil(z**2 * percent * (100 - percent) / d**2)


def _left(availability):
    return 1 - number("availability", availability, at_least=0, at_most=1)
