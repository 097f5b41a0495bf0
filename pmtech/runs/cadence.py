"""A year of changes, shipped every day, week, month or quarter: a model of how often and how long something is broken."""

from collections.abc import Mapping
from math import ceil

import numpy as np

from pmtech.runs.table import Table
from pmtech.theory.checks import count, number

EVERY = {"every day": 0.2, "every week": 1, "every month": 52 / 12, "every quarter": 13}
WORDS = {
    "releases": ("releases", ""),
    "broken": ("of which broken", ""),
    "broken_h": ("hours broken, in all", ""),
    "longest_h": ("longest, hours", ""),
    "waits_days": ("a finished change waits, working days", ""),
    "work_h": ("hours spent on releasing", ""),
}


def cadence(
    every: Mapping[str, float] = EVERY,
    *,
    weeks: int = 52,
    changes_per_week: float = 20,
    breaks: float = 0.02,
    mend_h: float = 0.5,
    look_h: float = 0.05,
    each_h: float = 1.0,
    seed: int = 1,
) -> Table:
    """The same changes, shipped in releases of every so many weeks (five working days): a row a cadence.

    Each change breaks something with the chance `breaks`, whatever it is shipped with. To mend a fault takes `mend_h`, and
    `look_h` for each change of its release, for anyone may be the cause; one fault after another. each_h: work on a release.
    What this leaves out: changes that break only together, tests that a large release gets and a small one does not,
    rolling back, holidays. A model with invented numbers, no study. Raises ValueError with a sentence.
    """
    if not isinstance(every, Mapping) or not every:
        raise ValueError(f'every must be such as {{"every week": 1}}, in weeks, got {every!r}')
    count("weeks", weeks, at_most=10_000)
    count("seed", seed, at_least=0)
    number("changes_per_week", changes_per_week, above=0, at_most=10_000)
    number("breaks", breaks, at_least=0, at_most=1)
    for name, value in {"mend_h": mend_h, "look_h": look_h, "each_h": each_h}.items():
        number(name, value, at_least=0, at_most=10_000)
    luck = np.random.default_rng(seed)
    changes = luck.poisson(weeks * changes_per_week)
    finished, faulty = np.sort(luck.uniform(0, weeks, changes)), luck.random(changes) < breaks
    rows = {}
    for name, length in every.items():
        number(f"every of “{name}”", length, above=0, at_most=weeks)
        releases = ceil(weeks / length - 1e-9)
        release = np.minimum((finished / length).astype(int), releases - 1)
        sizes, faults = (np.bincount(release[mine], minlength=releases) for mine in (slice(None), faulty))
        hours = faults * (mend_h + look_h * sizes)
        waits = 5 * ((release + 1) * length - finished)
        rows[str(name)] = {
            "releases": releases,
            "broken": int((faults > 0).sum()),
            "broken_h": float(hours.sum()),
            "longest_h": float(hours.max()),
            "waits_days": float(waits.mean()) if changes else 0.0,
            "work_h": each_h * releases,
        }
    return Table.of(
        rows, WORDS, f"A model: {changes:,} changes, {int(faulty.sum())} of them faulty, the same in each row."
    )
