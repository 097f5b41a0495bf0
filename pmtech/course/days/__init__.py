"""The days of lesson 16, a file each: whose day it is, what stands there today, what is promised, and what may happen.

Whatever has no label is invented. A run is 80 seconds, the busiest of the day, at a small part of a real day's size.
"""

from collections.abc import Callable
from typing import NamedTuple

from pmtech.components import Clients, Profile
from pmtech.components.component import Component
from pmtech.system.system import System

LASTS_S, BEGINS_S, ENDS_S, CALL_S = 80.0, 28.0, 62.0, 45.0  # of a run: its end, the peak, the call from sales
QUIET = 3  # so many times as long is the rest of the day, of which nothing is seen and all is paid for
CURVE = Profile(((0, 0.3), (27, 0.3), (29, 2.5), (60, 2.5), (64, 0.5), (LASTS_S, 0.3)))


class Plan(NamedTuple):
    """A day.

    own: the servers whose machines are ours to choose; every other place of work is a limit that the day sets.
    people: whose requests count. matters: the endpoint that the day is about, the part that must have worked on it,
    within how many seconds, and for which share. page: the endpoint whose answer was promised, who can give it (or
    whatever remembers it), and within how many ms for 95 of 100. small: the small customer, and the share of its
    requests that are promised. budget: dollars an hour. forecast: how many times the load of `today`. may: ids of
    incidents, of which three happen; sure: those of them that always do, for without them an idea of the day could be
    left out.
    later: may what matters be accepted at once and be done later? Any other answer that only accepts is none.
    partner, slows: who may slow down, to how many times as long. bots: who may come as a wave.
    """

    label: str
    story: str
    today: Callable[[], System]
    own: tuple[str, ...]
    people: tuple[str, ...]
    matters: tuple[str, str, float, float]
    answers: dict[str, tuple[str, float, float]]
    small: tuple[str, float]
    budget: float
    forecast: tuple[float, float]
    may: tuple[str, ...]
    sure: tuple[str, ...] = ()
    later: bool = True
    partner: str | None = None
    slows: float = 30
    bots: str | None = None


def crowd(name: str, rate_per_s: float, **fields) -> Clients:
    """Those who all come in the same minute."""
    return Clients(name, rate_per_s=rate_per_s, profile=CURVE, **fields)


def machines_at(part: Component, at_s: float) -> int:
    """How many machines of a part its rules keep at least, or how many there are where no rule is."""
    return part.autoscale.least_at(at_s) if part.autoscale else part.replicas
