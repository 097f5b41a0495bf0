"""Run a system once for every combination of some values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pandas as pd

from pmtech.simulate import check_run, simulate
from pmtech.system import System, check_complete


def run_grid(
    system: System,
    values: dict[str, Iterable[Any]],
    *,
    duration_s: float = 60.0,
    warmup_s: float = 0.0,
    seed: int = 1,
    events: Iterable = (),
    on_progress: Callable[[int, int], bool | None] | None = None,
) -> pd.DataFrame:
    """One row a combination of `values` ({path: values}): the paths, then the figures of `Result.summary`.

    The same customers meet every combination. on_progress(done, total) is called after each; when it returns False,
    or on an interrupt, the rows so far are returned. Raises ValueError before anything runs if a value is refused.
    """
    system = check_complete(system)
    if not isinstance(values, dict) or not values:
        raise ValueError('sweep needs {path: values} such as {"server.workers": [4, 8, 16]}')
    columns = {}
    for path, options in values.items():
        columns[path] = list(options) if isinstance(options, Iterable) and not isinstance(options, str) else [options]
        if not columns[path]:
            raise ValueError(f'sweep needs at least one value for "{path}"')
    combinations = [dict(zip(columns, combination, strict=True)) for combination in product(*columns.values())]
    systems = [system.replace(combination) for combination in combinations]
    for variant in systems:
        check_run(variant, duration_s, warmup_s, seed)
    events, rows = tuple(events), []
    try:
        for done, (combination, variant) in enumerate(zip(combinations, systems, strict=True), 1):
            result = simulate(variant, duration_s=duration_s, warmup_s=warmup_s, seed=seed, events=events)
            rows.append({**combination, **result.summary})
            if on_progress is not None and on_progress(done, len(combinations)) is False:
                break
    except KeyboardInterrupt:
        pass
    return pd.DataFrame(rows, columns=None if rows else list(columns))
