"""What can be set off in a sketch: on one part, or on the whole; each happens in the second third of the run."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, NamedTuple

from pmtech.components import Day
from pmtech.components.component import Component
from pmtech.runs.events import Change, Errors, Outage, Slowdown
from pmtech.runs.events.event import Event
from pmtech.runs.running import Running
from pmtech.system.system import System, check_complete


class Trouble(NamedTuple):
    """Something to set off: its words, and the events that it is in a run of so many seconds (of a part, or of None)."""

    label: str
    events: Callable[[System, str | None, float], list[Event]]
    whole: bool = False  # of the whole system, rather than of a part


def _times(many: float) -> Callable[[System, str | None, float], list[Event]]:
    def surge(system: System, _: str | None, duration_s: float) -> list[Event]:
        found: list[Event] = []
        for name, source in system.sources.items():
            path = f"{name}.{source.load_field}"
            usual = system.get(path)
            found += [Change(path, usual * many, at_s=duration_s / 3), Change(path, usual, at_s=duration_s * 2 / 3)]
        return found

    return surge


def _hours(system: System, _: str | None, duration_s: float) -> list[Event]:
    """A day of those who have no profile: every hour there are other numbers of them."""
    day, hours = Day(lasts_s=duration_s), [duration_s * hour / 24 for hour in range(24)]
    others = [f"{name}.{source.load_field}" for name, source in system.sources.items() if not _has_profile(source)]
    return [Change(path, round(system.get(path) * day.times(at_s)), at_s) for path in others for at_s in hours]


def _has_profile(source: Component) -> bool:
    return "profile" in {field.name for field in fields(source)}


def _when(duration_s: float) -> dict[str, Any]:
    return {"at_s": duration_s / 3, "for_s": duration_s / 3}


TROUBLES = {
    "kill": Trouble("Kill a machine", lambda _, name, lasts: [Outage(str(name), **_when(lasts))]),
    "slow": Trouble("Five times as slow", lambda _, name, lasts: [Slowdown(str(name), **_when(lasts), times=5)]),
    "errors": Trouble("One in five fails", lambda _, name, lasts: [Errors(str(name), **_when(lasts), share=0.2)]),
    "surge": Trouble("A surge: three times the load", _times(3), whole=True),
    "ten": Trouble("Ten times the load, for a while", _times(10), whole=True),
    "day": Trouble("A whole day, its peak at eight in the evening", _hours, whole=True),
}

Set = tuple[str, str | None]  # which trouble, and of which part


def possible(system: System, name: str) -> list[str]:
    """Which of them can happen to a part of a system, if that can be run at all: a sender can't die."""
    return [what for what, trouble in TROUBLES.items() if not trouble.whole and _can_happen(system, name, trouble)]


def _can_happen(system: System, name: str, trouble: Trouble) -> bool:
    try:
        Running(check_complete(system), 1, tuple(trouble.events(system, name, 1.0)))
    except ValueError:
        return False
    return True


def with_day(system: System, set_off: list[Set], duration_s: float) -> System:
    """The system whose customers come as over a day, if that is set off: the day is as long as the run. Whoever has a day
    of their own, such as an export at night, keeps its hours."""
    if ("day", None) not in set_off:
        return system
    own = {name: source.profile for name, source in system.sources.items() if _has_profile(source)}
    days = {name: day if isinstance(day, Day) else Day() for name, day in own.items()}
    return system.replace({f"{name}.profile": replace(day, lasts_s=duration_s) for name, day in days.items()})


def events_of(system: System, set_off: list[Set], duration_s: float) -> Iterator[Event]:
    for what, name in set_off:
        yield from TROUBLES[what].events(system, name, duration_s)
