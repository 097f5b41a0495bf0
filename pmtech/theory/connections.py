"""Who gets the connections and the keys: balls in bins, connections that end, rings with virtual nodes."""

import math

import numpy as np

from pmtech.theory.checks import count, number


def busiest_share(connections: int, machines: int) -> float:
    """Connections of the busiest machine over the mean, when each falls on one of `machines` by chance: E[max] n / C.

    Exact: E[max] = sum over m of P(max > m); P(max <= m) is the chance that n Poisson numbers which sum to C are all at
    most m, by their generating functions. Feller, An Introduction to Probability Theory 1 (1968), II.5 (occupancy).
    """
    balls, bins = count("connections", connections, at_most=100_000), count("machines", machines)
    mean, k = balls / bins, np.arange(balls + 1)
    one = np.exp(k * math.log(mean) - mean - np.cumsum(np.log(np.maximum(k, 1))))  # Poisson
    length = 2 ** (2 * balls + 63).bit_length()  # a Poisson number of mean `balls` is never as large: nothing folds

    def sums_to_all(most: int) -> float:
        return np.fft.irfft(np.fft.rfft(one[: most + 1], length) ** bins, length)[balls]

    expected = most = math.ceil(mean)
    whole = sums_to_all(balls)
    while most < balls and (above := 1 - sums_to_all(most) / whole) > 1e-9:
        expected, most = expected + above, most + 1
    return float(expected / mean)


def new_machine_share(time_s: float, mean_age_s: float) -> float:
    """Part of its fair share that a machine has `time_s` after it was added behind a layer 4 balancer: 1 - e^(-t/D).

    Connections end after ages of mean D seconds without memory, and come back at random to any machine; requests follow
    their connection. The part p is reached after -D ln(1 - p). Ages that are all alike: t/D, at most 1.
    gRPC proposal A9 (maximum connection age). Domain: time at least 0, age above 0.
    """
    return -math.expm1(-number("time_s", time_s, at_least=0) / number("mean_age_s", mean_age_s, above=0))


def moved_share(before: int, after: int, *, ring: bool = True) -> float:
    """Share of the keys that another machine answers for when `before` machines become `after`.

    On a ring only what the difference has, |after - before| / max: the rest stays where it is (Karger and others, STOC
    1997). By key modulo machines 1 - min / lcm: a key stays where both remainders are the same.
    """
    few, many = sorted((count("before", before), count("after", after)))
    return (many - few) / many if ring else 1 - few / math.lcm(few, many)


def ring_variation(machines: int, virtual_nodes: int = 1) -> float:
    """Coefficient of variation of the machines' shares of a ring: sqrt((N - 1) / (N V + 1)).

    N V points at random cut the circle, each machine has V of the arcs: its share is Beta(V, N V - V).
    """
    n, v = count("machines", machines), count("virtual_nodes", virtual_nodes)
    return math.sqrt((n - 1) / (n * v + 1))
