"""Run a system: from a value to a run to a `Result`."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from pmtech.components.fields import Checked, number, whole
from pmtech.engine.clock import collecting_later
from pmtech.engine.records import from_run
from pmtech.engine.sorted_pass import run_sorted
from pmtech.runs.events.event import Event, as_events
from pmtech.runs.result import Result
from pmtech.runs.running import Running
from pmtech.system.flow import flows
from pmtech.system.system import System, check_complete
from pmtech.wording import plain

MOST_REQUESTS = 5_000_000
MOST_BYTES = 2e9  # of a run that is followed event by event, where a request and a visit take about as much as this
REQUEST_BYTES, VISIT_BYTES = 1100, 150
MOST_LOOKS = 20_000_000  # at one machine each, by what looks at regular times: health checks, autoscalers
MOST_RENEWALS = 200_000  # of connections that end and are opened anew
MOST_EVENTS = 5000


def simulate(
    system: System,
    *,
    duration_s: float = 60.0,
    warmup_s: float = 0.0,
    seed: int = 1,
    events: Iterable = (),
    engine: str = "auto",
    replications: int = 1,
) -> Result:
    """Run `system` for `duration_s` seconds of its own time and say what came out.

    warmup_s: seconds at the start that the figures leave out. seed: which customers come (the same seed, the same
    customers, whatever the design). events: what happens meanwhile, `Change(...)`, `Outage(...)`, `Slowdown(...)`,
    `Errors(...)`, `Deploy(...)`, `Purge(...)`. Requests that are still inside at the end have status 0. engine: "auto"
    takes the exact shortcut where there is one (engine/sorted_pass.py), "events" never; both give the same trajectory
    to the last bit. replications: so many runs, each with other customers (seeds seed, seed + 1, ...); the result is
    that of the first, and its `intervals` say how far its figures can be trusted.
    Raises ValueError with a sentence for a system that can't run or a run that would be too long.
    """
    check_run(system := check_complete(system), duration_s, warmup_s, seed, replications)
    if engine not in ("auto", "events"):
        raise ValueError(f'engine must be "auto" or "events", got {engine!r}')
    seed, events = int(seed), as_events(events)
    if len(events) > MOST_EVENTS:
        raise ValueError(f"events are {len(events):,}; a run takes {MOST_EVENTS:,} at most")
    stages = [(system, duration_s)]
    for event in sorted((e for e in events if isinstance(e, Event) and e.at_s < duration_s), key=lambda e: e.at_s):
        changed = event.after(stages[-1][0])
        if changed != stages[-1][0]:
            stages.append((changed, duration_s - event.at_s))
            check_run(*stages[-1])
    running = Running(system, seed, events)
    records = run_sorted(running.run, float(duration_s)) if engine == "auto" and not events else None
    rollbacks: tuple = ()
    if records is None:
        for stage in stages:
            _check_followed(*stage)
        running = Running(system, seed, events)  # the shortcut may have begun and given up
        with collecting_later():  # what the run was made of is gone before anybody looks for garbage
            running.advance(float(duration_s))
            records, rollbacks = from_run(running.run), tuple(running.run.rollbacks)
            running.run.end()
    again = partial(simulate, system, duration_s=duration_s, warmup_s=warmup_s, events=events, engine=engine)
    return Result(
        system, records, duration_s=float(duration_s), warmup_s=float(warmup_s), seed=seed, history=running.history,
        events=events, rollbacks=rollbacks, others=tuple(again(seed=seed + n).summary for n in range(1, int(replications))),
    )  # fmt: skip


@dataclass(frozen=True)
class _Settings(Checked):
    duration_s: float = number(60.0, more_than=0, at_most=86_400 * 366)
    warmup_s: float = number(0.0, at_least=0)
    seed: int = whole(1, at_least=0, at_most=2**63)
    replications: int = whole(1, at_least=1, at_most=10_000)


def check_run(system: System, duration_s: float, warmup_s: float = 0.0, seed: int = 1, replications: int = 1) -> None:
    """Refuse settings that make no sense, and a run of more requests than a machine can hold."""
    _Settings(duration_s, warmup_s, seed, replications)
    if warmup_s >= duration_s:
        raise ValueError(f"warmup_s must be less than duration_s ({plain(duration_s)}), got {plain(warmup_s)}")
    _check_number(_expected(system, duration_s), MOST_REQUESTS)
    looks = duration_s * sum(part.looks_per_s for part in system.parts) * sum(part.replicas for part in system.parts)
    if looks > MOST_LOOKS:
        raise ValueError(
            f"health checks and autoscalers would look at machines about {looks:,.0f} times; a run has {MOST_LOOKS:,} at "
            "most: shorten duration_s or let them look less often"
        )
    renewals = duration_s * sum(source.renewals_per_s for source in system.sources.values())
    if renewals > MOST_RENEWALS:
        raise ValueError(
            f"connections would end about {renewals:,.0f} times; a run has {MOST_RENEWALS:,} at most: shorten duration_s or let "
            "them last longer (connection_age_s)"
        )


def _expected(system: System, duration_s: float) -> float:
    """About how many requests come, when every one of them is tried as often as its client would."""
    coming = sum(source.expected(duration_s) for source in system.sources.values())
    return coming * (1 + max((source.retries for source in system.sources.values()), default=0))


def _check_followed(system: System, duration_s: float) -> None:
    """Refuse a run of more requests than the event engine can hold, by the parts that they visit."""
    expected, most = _expected(system, duration_s), MOST_BYTES / (REQUEST_BYTES + VISIT_BYTES)
    if expected > MOST_BYTES / (REQUEST_BYTES + VISIT_BYTES * len(system.parts)):  # else there is nothing to work out
        arriving = [flow.arrives for flow in flows(system)[0].values()]
        offered = sum(source.offered_per_s for source in system.sources.values())
        most = MOST_BYTES / (REQUEST_BYTES + VISIT_BYTES * (sum(arriving) / offered))
    _check_number(expected, most, " that is followed event by event, through these parts,")


def _check_number(expected: float, most: float, followed: str = "") -> None:
    if expected > most:
        raise ValueError(
            f"that would be about {expected:,.0f} requests; a run{followed} holds {most:,.0f} at most: "
            "shorten duration_s or lower the rates"
        )
