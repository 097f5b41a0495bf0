"""Batches, and a queue that is worked off later. Rates are messages a second, times seconds."""

import math
from dataclasses import dataclass

import numpy as np

from pmtech.theory.checks import COUNTED, count, number
from pmtech.theory.queues import Queue


@dataclass(frozen=True)
class BatchQueue(Queue):
    """A `Queue` that is served by batches; `load` is the rate over the capacity of full batches."""

    mean_batch: float = 1.0


def batch_server(rate_per_s: float, batch_s: float, most: int) -> BatchQueue:
    """A worker that takes min(waiting, `most`) at once; who comes later waits for the next batch. Bailey's queue.

    Poisson arrivals, exponential batch time of mean `batch_s` whatever its size. Behind a busy worker n wait with
    chance P0 r^n, where r + r^2 + ... + r^most = lambda / mu; idle with P0 mu / lambda. Wq = P0 r / ((1 - r)^2 lambda),
    mean batch lambda / (mu (1 - idle)). Domain: load below 1. Gross and Harris, Queueing Theory, 3.2 (partial batches).
    """
    rate, service = number("rate_per_s", rate_per_s, above=0), number("batch_s", batch_s, above=0)
    most, ratio = count("most", most, at_most=10_000), rate * service
    number("load", ratio / most, below=1, why=": the queue grows without end" if ratio >= most else "")
    from scipy.optimize import brentq

    powers = np.arange(1, most + 1)
    r = brentq(lambda r: float((r**powers).sum()) - ratio, 0.0, 1.0, xtol=1e-15, rtol=1e-14)
    busy_alone = 1 / (1 / (1 - r) + 1 / ratio)  # busy, and nobody waits
    busy = busy_alone / (1 - r)
    wait = busy_alone * r / ((1 - r) ** 2 * rate)
    return BatchQueue(ratio / most, rate, wait, wait + service, busy, mean_batch=ratio / busy)


@dataclass(frozen=True)
class Batch:
    """What waiting for company brings and costs."""

    mean_batch: float
    wait_s: float  #: mean wait of a message until its batch goes


def linger(rate_per_s: float, wait_s: float | None = None, most: int | None = None) -> Batch:
    """A batch that goes `wait_s` after its first message, or as soon as it has `most`; None: no such bound.

    Poisson arrivals, N = those that come within T: mean batch 1 + sum P(N >= j), mean wait (sum j P(N >= j) / lambda) /
    mean batch, j = 1..most - 1. Without `most`: 1 + lambda T and T (1 + lambda T / 2) / (1 + lambda T); without
    `wait_s`: (most - 1) / (2 lambda). As Kafka's linger.ms and batch.size. Domain: at least one bound.
    """
    rate = number("rate_per_s", rate_per_s, above=0)
    expected = None if wait_s is None else rate * number("wait_s", wait_s, at_least=0)
    if most is None:
        if expected is None:
            raise ValueError("linger needs wait_s or most, got neither: the batch would never go")
        return Batch(1 + expected, wait_s * (1 + expected / 2) / (1 + expected))
    j = np.arange(1, count("most", most, at_most=COUNTED))
    if expected is None:
        reached = np.ones(j.size)
    else:
        from scipy.stats import poisson

        reached = poisson.sf(j - 1, expected)
    size = 1 + float(reached.sum())
    return Batch(size, float(j @ reached) / rate / size)


@dataclass(frozen=True)
class Backlog:
    """A peak that a queue takes in."""

    messages: float  #: waiting at the end of the peak, the most there will be
    wait_s: float  #: of the last message of the peak, the longest there will be
    drained_s: float  #: from the end of the peak until nobody waits; math.inf where that never comes


def backlog(peak_per_s: float, for_s: float, capacity_per_s: float, after_per_s: float = 0.0) -> Backlog:
    """A peak by hand: (peak - capacity) for_s wait in the end, and go at capacity - after. Flow without chance."""
    peak, capacity = number("peak_per_s", peak_per_s, at_least=0), number("capacity_per_s", capacity_per_s, above=0)
    waiting = max(0.0, peak - capacity) * number("for_s", for_s, at_least=0)
    spare = capacity - number("after_per_s", after_per_s, at_least=0)
    return Backlog(waiting, waiting / capacity, waiting / spare if spare > 0 else math.inf if waiting else 0.0)
