"""When: what is written in a log becomes seconds."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from math import isnan, nan

MONTHS = {name: f"{n:02}" for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
CLOCK = r"(?P<H>\d\d):?(?P<M>\d\d):?(?P<S>\d\d)(?:[.,]?(?P<part>\d+))? ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?(?: UTC|\[[\w/+-]+\])?"
DATES = (
    r"(?P<y>\d{4})(?P<sep>[-/]?)(?P<m>\d\d)(?P=sep)(?P<d>\d\d)(?:[T _]?| - )",  # 2026-03-01T, 2026/03/01 -, 20260301
    r"(?:[A-Z][a-z]{2}, )?(?P<d>\d\d?)[/ -](?P<m>[A-Z][a-z]{2})[/ -](?P<y>\d{4})[: ]",  # 01/Mar/2026:, Sun, 01 Mar 2026
    r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4}),? ",  # 1.3.2026
    r"(?P<m>[A-Z][a-z]{2}) (?P<d>\d\d?), (?P<y>\d{4}) @ ",  # Mar 1, 2026 @, as Kibana exports it
)
WRITTEN = [re.compile(rf"\[?{date}{CLOCK}\]?") for date in DATES]
WRITTEN.append(
    re.compile(rf"[A-Z][a-z]{{2}} (?P<m>[A-Z][a-z]{{2}}) +(?P<d>\d\d?) {CLOCK} (?P<y>\d{{4}})")
)  # as C writes it
NUMBER = re.compile(r"\s*(-?\d+)(?:[.,](\d+))?\s*")  # not 1.7E+12, as Excel leaves it, without its last digits
# 1993, when the Web was young, and 2103: what lies outside has another unit (minutes, hundredths of seconds, ticks of
# Windows), or comes from a clock that was not set.
FIRST_S, LAST_S = 7.5e8, 4.2e9
KEPT = 1 << 13
NO_ZONE = "(no time zone is given)"


def number(stamp: str) -> float:
    """The number that is written there, or NaN."""
    found = NUMBER.fullmatch(stamp)
    return float(f"{found[1]}.{found[2] or 0}") if found else nan


class Moments(dict):
    """Stamp -> seconds since 1970, or NaN where it is none. Many requests share a stamp, so it remembers some.

    A stamp is a date with a time of day to the second, or a number: seconds since 1970, or thousandths, millionths,
    billionths of them. Without a time zone it is taken as UTC, and `zone` says so.
    """

    zone = "UTC"

    def __missing__(self, stamp: str) -> float:
        if len(self) > KEPT:
            self.clear()
        at_s = number(stamp)
        at_s = next((at_s / unit for unit in (1, 1e3, 1e6, 1e9) if FIRST_S <= at_s / unit <= LAST_S), nan)
        self[stamp] = at_s = self._written(stamp.strip()) if isnan(at_s) else at_s
        return at_s

    def _written(self, stamp: str) -> float:
        try:
            moment = _moment(stamp)
        except ValueError:  # also the 31st of February
            return nan
        if moment.tzinfo is None:
            self.zone = NO_ZONE
            moment = moment.replace(tzinfo=UTC)
        at_s = moment.timestamp()
        return at_s if FIRST_S <= at_s <= LAST_S else nan


class SinceStart(Moments):
    """Numbers that count from any moment, so many to a second."""

    zone = "s"

    def __init__(self, to_a_second: float):
        super().__init__()
        self.to_a_second = to_a_second

    def __missing__(self, stamp: str) -> float:
        at_s = number(stamp) / self.to_a_second
        return at_s if abs(at_s) < FIRST_S else nan


def _moment(stamp: str) -> datetime:
    if ISO.match(stamp):
        with suppress(ValueError):
            return datetime.fromisoformat(stamp)
    found = next(filter(None, (form.fullmatch(stamp) for form in WRITTEN)), None)
    if found is None:
        raise ValueError
    at = found.groupdict()
    zone = {"UTC": "Z", "GMT": "Z", None: ""}.get(at["zone"], at["zone"])
    clock = f"{at['H']}:{at['M']}:{at['S']}.{at['part'] or 0}{zone}"
    # `strptime` would want the months in the user's language.
    return datetime.fromisoformat(f"{at['y']}-{MONTHS.get(at['m'], at['m']):0>2}-{at['d']:0>2}T{clock}")
