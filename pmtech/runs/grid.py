"""Run a system once for every combination of some values."""

import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from itertools import product
from time import monotonic
from typing import Any

import pandas as pd

from pmtech.runs.events.event import as_events
from pmtech.runs.simulate import check_run, simulate
from pmtech.system.system import System, check_complete

WORTH_MORE_CORES_S = 4.0  # starting workers costs a second or two
ATTEMPTS = 3


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
    how = {"duration_s": duration_s, "warmup_s": warmup_s, "seed": seed, "events": as_events(events)}
    rows, summaries = [], _summaries(systems, how)
    try:
        for combination, summary in zip(combinations, summaries, strict=True):
            rows.append({**combination, **summary})
            if on_progress is not None and on_progress(len(rows), len(combinations)) is False:
                break
    except KeyboardInterrupt:
        pass
    finally:
        summaries.close()
    return pd.DataFrame(rows, columns=None if rows else list(columns))


def _summary(system: System, how: dict) -> dict[str, float]:
    return simulate(system, **how).totals


def _summaries(systems: list[System], how: dict) -> Generator[dict[str, float], None, None]:
    """The summary of each run, in order: one after the other while that is quick, else on every core (joblib).

    Inside `joblib.parallel_config(backend=...)`, such as Dask's, the work goes there from the first run on.
    """
    began, done = monotonic(), 0
    if not _elsewhere():
        for system in systems:
            yield _summary(system, how)
            done += 1
            if (monotonic() - began) / done * (len(systems) - done) > WORTH_MORE_CORES_S:
                break
    for attempt in range(ATTEMPTS):
        if done == len(systems):
            return
        try:
            for summary in _on_every_core(systems[done:], how):
                yield summary
                done += 1
        except BrokenProcessPool:  # a worker died; what it had not finished is done again
            if attempt == ATTEMPTS - 1:
                raise


def _on_every_core(systems: list[System], how: dict) -> Iterator[dict[str, float]]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    runs = Parallel(n_jobs=-1, return_as="generator")(delayed(_summary)(system, how) for system in systems)
    finished = False
    try:
        for summary in runs:  # noqa: UP028  `yield from` would close it before the warning can be kept quiet
            yield summary
        finished = True
    finally:
        if not finished:  # stopped: nobody is left behind at work
            with warnings.catch_warnings():  # joblib remarks that work was for nothing, which is what stopping means
                warnings.simplefilter("ignore", UserWarning)
                runs.close()
            if not _elsewhere():
                get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _elsewhere() -> bool:
    """Has somebody chosen where parallel work goes? Asked without importing joblib, which most sweeps never need."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import DEFAULT_BACKEND, get_active_backend

    return DEFAULT_BACKEND not in type(get_active_backend()[0]).__name__.lower()
