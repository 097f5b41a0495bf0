"""A run of what was sketched, with what is set off in it."""

from math import inf

from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.sketch.trouble import Set, events_of, with_day
from pmtech.system.system import System, check_complete

REQUESTS = 4000  # of one run: enough for p95, and done while somebody looks
LONGEST_S, SHORTEST_S = 60.0, 5.0


def tried(system: System, troubles: list[Set]) -> Result:
    """Always with the same customers. Raises ValueError with a sentence for what can't be run."""
    lasts_s = duration_s(check_complete(system))
    events = [*events_of(system, troubles, lasts_s)]
    return simulate(with_day(system, troubles, lasts_s), duration_s=lasts_s, events=events)


def duration_s(system: System) -> float:
    """So long a run that it has enough requests, and not many more; where that takes no more than twice as many, a load that
    changes is seen to its end and no further, and else an autoscaler at work."""
    offered = sum(source.expected(LONGEST_S) for source in system.sources.values()) / LONGEST_S
    enough_s = REQUESTS / offered if offered else LONGEST_S
    curves = [source.profile for source in system.sources.values() if source.profile]
    ends_s = max((curve.points[-1][0] for curve in curves if curve.period_s == inf), default=0.0)
    if SHORTEST_S <= ends_s <= 2 * enough_s:
        return float(ends_s)
    scalers = [part.autoscale for part in system.parts if part.autoscale]
    seen_s = 5 * max((scaler.starts_s + scaler.every_s for scaler in scalers), default=0)
    return float(round(max(SHORTEST_S, min(LONGEST_S, enough_s), min(seen_s, 2 * enough_s))))
