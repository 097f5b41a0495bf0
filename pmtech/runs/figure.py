"""A figure of what a lesson has run, by its path."""

import operator
import re
from typing import Any

import numpy as np
import pandas as pd

CROSSING = r"(?P<along>.+) where (?P<of>.+) is (?P<level>[\d.]+)"
_OPERATIONS = {"+": operator.add, "-": operator.sub, "x": operator.mul, "/": operator.truediv}


def figure(run: Any, path: str) -> float:
    """A figure of what a lesson has run, by its path.

    "p95_ms" of the whole run, "company_b.p95_ms" of a client, "server.utilisation" of a part; "with C/p95_ms" of a
    design or a row that is called so; of anything else its attribute, "charges", or how many there are of it. Figures
    and numbers may be joined, from left to right: "mean_ms - 95". Of a sweep also "visitors.rate_per_s where p95_ms is
    1000". Raises ValueError with a sentence when the run has no such figure.
    """
    if where := re.fullmatch(CROSSING, path):
        return _crossing(run[where["along"]], run[where["of"]], float(where["level"]))
    first, *rest = re.split(r" ([-+x/]) ", path)
    value = _single(run, first)
    for sign, operand in zip(rest[::2], rest[1::2], strict=True):
        value = _OPERATIONS[sign](value, _single(run, operand))
    return value


def _crossing(x, y, level: float) -> float:
    """Where a curve first reaches a level, on a straight line between its points; NaN where it does not."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    above = np.flatnonzero(y >= level)
    if not len(above) or above[0] == 0:
        return float("nan")
    at = slice(above[0] - 1, above[0] + 1)
    return float(np.interp(level, y[at], x[at]))


def _single(run: Any, path: str) -> float:
    if re.fullmatch(r"[\d.]+", path):
        return float(path)
    label, slash, name = path.rpartition("/")
    try:
        return float(_of(_design(run, label) if slash else run, name))
    except (KeyError, AttributeError, TypeError):
        raise ValueError(f'"{path}" is not among the figures of this run') from None


def _design(run: Any, label: str) -> Any:
    if isinstance(run, pd.DataFrame):
        turned = run.iloc[:, 0].astype(str)  # of a sweep
        return run.loc[label] if label in run.index else run[turned == label].squeeze()
    return (run if isinstance(run, dict) else run.results)[label]


def _of(run: Any, name: str) -> Any:
    if hasattr(run, "by_client"):
        part, dot, figure = name.rpartition(".")
        if not dot:
            return run.summary[figure] if figure in run.summary.index else getattr(run, figure)
        return (run.by_client if part in run.by_client.index else run.components).loc[part, figure]
    value = run[name] if isinstance(run, pd.Series) else getattr(run, name)
    return len(value) if isinstance(value, list) else value
