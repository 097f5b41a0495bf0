"""Numbers and words as people say them: the one place where a figure becomes text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from math import isnan


def plain(number: float) -> str:
    """A number as it was set: 80, 2.5, 1,000,000."""
    if abs(number) >= 1e15:
        return "a huge number"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,g}"


def rate(value: float) -> str:
    """A number as it was measured or worked out: 80, 7.5, 0.25, 1,900, as many digits as matter."""
    return f"{value:.2g}" if 0 < value < 1 else plain(rounded(value))


MONEY = ("$", "dollars")
PEOPLE = ("customers",)  # a few of whom are whole


def rounded(value: float, unit: str = "a second") -> float:
    """A figure, to the digits that a reader needs."""
    if unit == "%":
        digits = 2 if 0.1 <= abs(value) <= 0.9 else 3  # half of all is no matter of a thousandth
        while digits < 6 and round(value, digits) in (0, 1) and value not in (0, 1):
            digits += 1  # no promise of 99.99 % is one of 100 %
        return round(value, digits)
    if unit in MONEY:
        return round(value, 2)
    if unit == "ms":
        return round(value, -2 if value >= 10_000 else 0)
    if unit in PEOPLE and value >= 3:
        return round(value)
    return round(value, 0 if abs(value) >= (20 if unit == "a second" else 100) else 1)


def said(value: float, unit: str) -> str:
    """A figure with its unit, in as many digits as a reader needs; shares as per cent, long times in seconds."""
    if isnan(value):
        return "nothing"
    value = rounded(value, unit)
    if unit == "%":
        return f"{plain(round(100 * value, 4))} %"
    if unit in MONEY:
        return f"${value:,.2f}" if unit == "$" else f"{value:,.2f} {unit}"
    if value == 1:
        unit = re.sub(r"^(\w{3,})s\b", r"\1", unit)  # "1 visitor a second"
    return f"{value / 1000:,.1f} s" if unit == "ms" and value >= 10_000 else f"{plain(value)} {unit}".rstrip()


CLOCKS = {"hour": 3600, "minute": 60, "second": 1}  # of a run: each is for what lasts ten of them


def clock(lasts_s: float) -> tuple[str, int]:
    """In what a run of this length is drawn and told, and how many seconds it has."""
    return next((unit, s) for unit, s in CLOCKS.items() if lasts_s >= 10 * s or s == 1)


def moment(at_s: float, lasts_s: float) -> str:
    """A moment of a run of this length, as on the axis of its chart: "second 30", "minute 67.9"."""
    unit, s = clock(lasts_s)
    return f"{unit} {plain(round(at_s / s, 1 if s > 1 else 0))}"


def seconds(value_s: float, lasts_s: float = 0.0) -> str:
    """A length of time; in a run of this length, in the unit of its chart where there is one of it."""
    if value_s < 1:
        return f"{value_s * 1000:.0f} ms" if value_s >= 0.001 else f"{value_s * 1000:.1g} ms"
    s = next(s for s in CLOCKS.values() if value_s >= (s if lasts_s >= 10 * s else 10 * s) or s == 1)
    many = round(value_s / s, 1 if value_s < 10 * s else 0)
    return counted(many, "hour") if s == 3600 else f"{plain(many)} {'min' if s == 60 else 's'}"


def took(ms: float, lasts_s: float = 0.0) -> str:
    """How long something took, in a run of this length; "–" where that is not known."""
    return "–" if ms != ms else seconds(ms / 1000, lasts_s)


def percent(share: float) -> str:
    """A share in whole percent, but never 0 or 100 for what is not quite."""
    if 0 < share < 0.01:
        return "less than 1 %"
    return "more than 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def percents(between: tuple[float, float]) -> str:
    """Two shares as a range: 2 to 15 %."""
    low, high = between
    return percent(high) if low == high else f"{100 * low:g} to {100 * high:g} %"


def counted(number: float, word: str, words: str | None = None) -> str:
    """ "1 row", "2 rows"; words: where the plural is not just one more s."""
    return f"{plain(number)} {word if number == 1 else words or word + 's'}"


def article(word: str) -> str:
    """ "a Surge", "an Autoscale"."""
    return f"a{'n' * (word[0] in 'AEIOUaeiou')} {word}"


def listed(words: Iterable[str], and_: str = "and") -> str:
    """ "A, B and C"; nothing for none."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} {and_} {last}" if most else last


# The unit stands at the end of a field's name; the longest ending first.
UNITS = {"_usd_per_million": "$/million", "_usd_per_gb_s": "$/GB s", "_usd_per_hour": "$/h", "_usd_per_gb": "$/GB"}
UNITS |= {"mbit_per_s": "Mbit/s", "_per_s": "/s", "_mb": "MB", "_ms": "ms", "_s": "s", "_share": "%"}
UNITS |= {"budget": "%", "target": "%", "tolerance": "%"}  # shares by another name
FIELDS = {"rate_per_s": "requests a second", "service_ms": "service time", "query_ms": "query time"}
FIELDS |= {"mbit_per_s": "speed", "price_usd_per_million": "price of calls", "price_usd_per_gb_s": "price of work"}


def unit(field: str) -> str:
    """The unit of a field, or of a path that ends in it."""
    return next((sign for ending, sign in UNITS.items() if field.endswith(ending)), "")


def shown_in(field: str, most: float) -> tuple[str, int]:
    """In what a field of up to so much is shown, and how many of its own unit that has: long times are no seconds."""
    word, per = clock(most) if unit(field) == "s" else ("", 1)
    return {"minute": "min", "hour": "hours"}.get(word, unit(field)), per


def field_in_words(field: str) -> str:
    """The name of a field: "service time", "queue limit"."""
    bare = next((field.removesuffix(end) for end, sign in UNITS.items() if sign != "%" and field.endswith(end)), field)
    return FIELDS.get(field, bare.replace("_", " ").replace(".", " "))


def value_in_words(value, field: str, most: float = 0.0) -> str:
    """A value with its unit: a share of 0.01 is 1 %. most: the largest that it stands beside, which chooses the unit of times."""
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int | float):
        sign, per = shown_in(field, max(value, most))
        shown = round(100 * value, 6) if sign == "%" else round(value / per, 2 if abs(value) >= 10 else 6)
        return f"{plain(shown)} {sign}".strip()
    return (", ".join(map(str, value)) or "none") if isinstance(value, tuple | list) else str(value).replace("_", " ")


MANY = 100  # names in a sentence: nobody reads so many


def nearest(word: str, words: Iterable[str], there: Iterable[str] = ()) -> str:
    """ "did you mean ...?" for a word that is not among `words`, or what there is: `there` where they are too many; of MANY
    without that, the nearest, however far."""
    words = sorted(words)
    as_written = {one.lower(): one for one in words}
    close = difflib.get_close_matches(
        str(word).lower(), as_written, n=3, cutoff=0.5 if there or len(words) < MANY else 0
    )
    if close:
        return f"did you mean {' or '.join(as_written[one] for one in close)}?"
    return f"there is {', '.join(there or words)}"
