"""Run a system: from a value to a run to a `Result`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pmtech.components.component import Checked, number, plain, whole
from pmtech.engine import Alarm, Part, Run
from pmtech.result import Result
from pmtech.system import System, check_complete, flow_order

MOST_REQUESTS = 5_000_000


@dataclass(frozen=True, repr=False)
class Change(Checked):
    """During a run somebody sets the value at `path` (such as "server.workers") to `value`, at `at_s` seconds."""

    path: str
    value: Any
    at_s: float = number(30.0, at_least=0)


class Running:
    """A system in motion: its parts, its run, and the knobs that can be turned meanwhile."""

    def __init__(self, system: System, seed: int, events: Iterable = ()):
        self.system = system
        self.run = Run(seed)
        built: dict[int, list[Part]] = {}
        names = system.names
        for index in reversed(flow_order(system)):
            edges = system.after(index)
            downstream, labels = [], []
            for edge in edges:
                downstream += built[edge.head]
                labels += [edge.label] * len(built[edge.head])
            spec = system.parts[index]
            copies = getattr(spec, "replicas", 1)
            parts = [spec.running(names[index], self.run, downstream, tuple(labels)) for _ in range(copies)]
            for replica, part in enumerate(parts if copies > 1 else (), 1):
                part.machine = f"{names[index]}#{replica}"
            built[index] = parts
        self.run.parts = {names[index]: built[index] for index in flow_order(system)}
        self.changes: list[tuple[float, str, Any]] = []
        for event in events:
            self._plan(event)

    def _plan(self, event) -> None:
        if isinstance(event, Change):
            self.system.replace({event.path: event.value})  # refuse now what would be refused then
            Alarm(self.run.env, lambda: self.turn({event.path: event.value}), urgent=True).set(float(event.at_s))
        else:
            raise ValueError(f"events are Change(...), got {event!r}")

    def turn(self, values: dict[str, Any]) -> None:
        """Set the values at these paths, at the present simulated time."""
        after = self.system.replace(values)
        for name, spec in after.components.items():
            if spec != self.system.components[name]:
                for part in self.run.parts[name]:
                    part.change(spec)
        self.system = after
        self.changes += [(self.run.env.now, path, value) for path, value in values.items()]

    def advance(self, until_s: float) -> None:
        """Let simulated time run until `until_s`."""
        self.run.advance(until_s)


def simulate(
    system: System, *, duration_s: float = 60.0, warmup_s: float = 0.0, seed: int = 1, events: Iterable = ()
) -> Result:
    """Run `system` for `duration_s` seconds of its own time and say what came out.

    warmup_s: seconds at the start that the figures leave out. seed: which customers come (the same seed, the same
    customers, whatever the design). events: what happens meanwhile, such as `Change(...)`.
    Requests that are still inside at the end have status 0.
    Raises ValueError with a sentence for a system that can't run or a run that would be too long.
    """
    check_run(system := check_complete(system), duration_s, warmup_s, seed)
    running = Running(system, seed, events)
    running.advance(float(duration_s))
    return Result(
        system,
        running.run,
        duration_s=float(duration_s),
        warmup_s=float(warmup_s),
        seed=seed,
        changed=bool(running.changes),
    )


@dataclass(frozen=True)
class _Settings(Checked):
    duration_s: float = number(60.0, more_than=0, at_most=86_400 * 366)
    warmup_s: float = number(0.0, at_least=0)
    seed: int = whole(1, at_least=0, at_most=2**63)


def check_run(system: System, duration_s: float, warmup_s: float = 0.0, seed: int = 1) -> None:
    """Refuse settings that make no sense, and a run of more requests than a machine can hold."""
    _Settings(duration_s, warmup_s, seed)
    if warmup_s >= duration_s:
        raise ValueError(f"warmup_s must be less than duration_s ({plain(duration_s)}), got {plain(warmup_s)}")
    expected = 0.0
    for source in system.sources.values():
        expected += source.offered_per_s * duration_s
        if source.surge is not None:
            lasts = max(0.0, min(source.surge.at_s + source.surge.for_s, duration_s) - source.surge.at_s)
            expected += source.offered_per_s * (source.surge.times - 1) * lasts
    expected *= 1 + max((source.retries for source in system.sources.values()), default=0)
    if expected > MOST_REQUESTS:
        raise ValueError(
            f"that would be about {expected:,.0f} requests; a run holds {MOST_REQUESTS:,} at most: "
            "shorten duration_s or lower the rates"
        )
