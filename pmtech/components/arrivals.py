"""Arrivals: when each request of clients comes, at the rate of the moment."""

from heapq import heappush
from math import inf
from typing import Protocol

import numpy as np
from simpy.events import NORMAL

from pmtech.engine.clock import Alarm
from pmtech.engine.sorted_pass import joined


class Moments(Protocol):
    """Number -> when it comes."""

    def __getitem__(self, number: int, /) -> float: ...

    def until(self, phase: float) -> np.ndarray:
        """All up to `phase`, and some more."""


class Arrivals:
    """Unit-rate arrivals, stretched by the rate of the moment: the same customers come faster or slower.

    source: who sends them; its `spec` and `pace` may change. phases: when they would come at a rate of one a second.
    """

    def __init__(self, source, phases: Moments):
        self.source, self.env, self.phases, self.number = source, source.env, phases, 0
        self.anchor_s, self.anchor_phase = 0.0, 0.0
        self.alarm = Alarm(self.env, self._arrives)
        self.turn = Alarm(self.env, self._retime, urgent=True)  # the surge begins or ends
        self.plan()

    def _retime(self) -> None:
        self.anchor()
        self.plan()

    def anchor(self) -> None:
        """Till now at the rate of before."""
        now = self.env._now
        went = now - self.anchor_s if self.profile is None else self.profile.area(now) - self.anchor_area
        self.anchor_phase += went * self.rate
        self.anchor_s = now

    def plan(self) -> None:
        """From now on, at the rate of the moment; look again when the surge begins or ends."""
        now, surge, self.profile = self.env._now, self.source.spec.surge, self.source.spec.profile
        self.anchor_area = 0.0 if self.profile is None else self.profile.area(now)
        self.rate, turn = self.source.pace, inf
        if surge is not None:
            end = surge.at_s + surge.for_s
            if now < surge.at_s:
                turn = surge.at_s
            elif now < end:
                self.rate, turn = self.rate * surge.times, end
        self.turn.set(turn)
        self._next()

    def _next(self) -> None:
        if self.rate > 0:
            since_s = (self.phases[self.number] - self.anchor_phase) / self.rate
            if self.profile is None:
                due = self.anchor_s + since_s
            else:
                due = self.profile.when(self.anchor_area + since_s)
            # Rounding may put an arrival a hair before the moment the rate changed.
            self.alarm.set(due if due > self.env._now else self.env._now)
        else:
            self.alarm.set(inf)

    def _arrives(self) -> None:
        number, env = self.number, self.env
        self.number = number + 1
        if self.profile is None:  # what `_next` does, written out: this is the hot path of every run
            alarm = self.alarm
            due = self.anchor_s + (self.phases[number + 1] - self.anchor_phase) / self.rate
            alarm.due = due = due if due > env._now else env._now
            heappush(env._queue, (due, NORMAL, next(env._eid), alarm))
        else:
            self._next()
        self.source.send(number)

    def until(self, until_s: float) -> np.ndarray:
        """When they come, if only surge and profile change the rate: the other form of `_arrives`, which ends."""
        self.alarm.set(inf)
        self.turn.set(inf)
        surge, profile, found, first = self.source.spec.surge, self.profile, [], 0
        area = profile.area if profile else float
        turns = [until_s] if surge is None else [surge.at_s, surge.at_s + surge.for_s, until_s]
        anchor_s = anchor_phase = 0.0
        for stretch, turn in enumerate(turns):
            rate = self.source.pace * (surge.times if stretch == 1 else 1)
            end = min(turn, until_s)
            if rate > 0 and end > anchor_s:
                enough = anchor_phase + (area(end) - area(anchor_s)) * rate
                phases = self.phases.until(enough + 1e-6 * enough + 1)[first:]
                with np.errstate(over="ignore"):  # at next to no rate the next arrival is at infinity
                    times = phases - anchor_phase
                    times /= rate
                    times += area(anchor_s)
                if profile:
                    times = np.maximum.accumulate(profile.whens(times))
                np.maximum(times, anchor_s, out=times)
                found.append(times[: np.searchsorted(times, end)])
                first += len(found[-1])
            if turn >= until_s:
                break
            anchor_phase += (area(turn) - area(anchor_s)) * rate
            anchor_s = float(turn)
        return joined(found or [np.empty(0)])
