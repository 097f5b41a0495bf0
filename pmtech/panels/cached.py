"""Pictures of what caches do for a design: who answers, what still reaches a part, what a pool of them remembers, what is out of
date."""

from collections.abc import Iterable

from pmtech.charts import caches, pools
from pmtech.components.load_balancer import LoadBalancer
from pmtech.panels.figure import Figure
from pmtech.runs.comparison import Comparison, by_label, run_designs
from pmtech.runs.result import Result
from pmtech.system.system import System
from pmtech.wording import nearest


def answered_by(designs: dict[str, System], *, duration_s: float = 60.0, seed: int = 1) -> Figure:
    """Which part answers how many of the requests, a bar a design ({label: system}); the same customers in each.

    Caches answer their hits, databases the rest. Raises ValueError with a sentence.
    """
    results = run_designs(designs, duration_s=duration_s, seed=seed)
    said = caches.answered_said(results)
    return Figure(figure=caches.answered_by(results), height=76 + 56 * len(results), name="Who answers", said=said)


def outdated(runs: dict[str, Result] | Comparison) -> Figure:
    """How many of the answers out of copies were out of date in each second, a line a run ({label: run}).

    Raises ValueError with a sentence for what is no run, or has no copies.
    """
    results = by_label("outdated", runs)
    drawn, said = caches.outdated(results), caches.outdated_said(results)
    return Figure(figure=drawn, height=240, name="Answers that are out of date", said=said)


def traffic(
    designs: dict[str, System] | Comparison, at: str, *, duration_s: float = 60.0, seed: int = 1, events: Iterable = ()
) -> Figure:
    """How many requests reach the part `at` (such as "database") in each second, a line a design.

    designs: {label: system}, or what `compare` gave, whose runs are then drawn.
    duration_s, seed and events are those of `simulate`. Raises ValueError with a sentence.
    """
    if isinstance(designs, Comparison):
        results = designs.results
    else:
        results = run_designs(designs, duration_s=duration_s, seed=seed, events=events)
    for label, result in results.items():
        if at not in result.records.visits:
            raise ValueError(
                f'design "{label}" has no part "{at}" that takes requests: {nearest(at, result.records.visits)}'
            )
    said = caches.traffic_said(results, at)
    return Figure(figure=caches.traffic(results, at), height=300, name=f"Requests at {at}", said=said)


def hit_ratios(
    clients, server: System, *, servers: Iterable[int] = (1, 4, 8), duration_s: float = 60.0, seed: int = 1
) -> Figure:
    """Which share of the reads the caches answer when so many servers stand behind a balancer, each with a cache of its own.

    server: one of them with what is behind it, such as Server() >> Cache() >> Database(). A line each for a balancer that
    takes them in turn, and for one with a hash ring; the same customers. Counted in the second half of the run.
    Raises ValueError with a sentence.
    """
    counts = sorted({*servers})
    shares = {}
    for title, policy in pools.POLICIES.items():
        designs = {f"{n}": clients >> LoadBalancer(policy=policy) >> [server] * n for n in counts}
        results = run_designs(designs, duration_s=duration_s, seed=seed)
        shares[title] = {int(n): pools.hit_ratio(result) for n, result in results.items()}
    return Figure(figure=pools.hits(shares), height=260, name="Hit ratios by servers", said=pools.hits_said(shares))
