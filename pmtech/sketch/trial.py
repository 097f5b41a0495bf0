"""A run of what was sketched, with what is set off in it."""

from math import inf

from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.sketch.trouble import Set, events_of, with_day
from pmtech.system.system import System, check_complete

REQUESTS = 4000  # of one run: enough for p95, and done while somebody looks
MOST = 30_000  # more would keep whoever looks waiting for many seconds: such a run is shorter than the shortest
LONGEST_S, SHORTEST_S = 60.0, 5.0


def tried(system: System, troubles: list[Set]) -> Result:
    """Always with the same customers. Raises ValueError with a sentence for what can't be run."""
    lasts_s = duration_s(check_complete(system))
    events = [*events_of(system, troubles, lasts_s)]
    return simulate(with_day(system, troubles, lasts_s), duration_s=lasts_s, events=events)


def duration_s(system: System) -> float:
    """So long a run that it has enough requests, and not many more; where that takes no more than four times as many, a load
    that changes is seen to its end and no further, and else, for twice as many, an autoscaler at work."""
    offered = sum(source.expected(LONGEST_S) for source in system.sources.values()) / LONGEST_S
    enough_s, least_s = (many / offered if offered else LONGEST_S for many in (REQUESTS, MOST))
    ends_s = changes_until_s(system) + max(
        (one.surge.for_s for one in system.sources.values() if one.surge), default=0.0
    )
    if SHORTEST_S <= ends_s <= 4 * enough_s:  # after a surge as long again as it was
        return float(ends_s)
    scalers = [part.autoscale for part in system.parts if part.autoscale]
    seen_s = 5 * max((scaler.starts_s + scaler.every_s for scaler in scalers), default=0)
    lasts_s = max(min(SHORTEST_S, least_s), min(LONGEST_S, enough_s), min(seen_s, 2 * enough_s))
    return float(round(lasts_s)) if lasts_s >= SHORTEST_S else float(f"{lasts_s:.2g}")


def changes_until_s(system: System) -> float:
    """When the load of its customers stops to change; 0 where it never does, or begins again and again."""
    sources = system.sources.values()
    curves = [source.profile.points[-1][0] for source in sources if source.profile and source.profile.period_s == inf]
    return max([*curves, *(source.surge.at_s + source.surge.for_s for source in sources if source.surge)], default=0.0)
