"""`peak_day("tickets")`: the day on which everybody comes; designed, rehearsed, lived through and looked back on."""

import html
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from pmtech.components.fields import plain_number
from pmtech.course.days import BEGINS_S, ENDS_S, LASTS_S, QUIET, Plan
from pmtech.course.days.design import MOST_WORKERS, STARTS_S, WORKER_USD_PER_HOUR, priced, refused, without
from pmtech.course.days.lead import LiveDay, Sales, Told, decisions
from pmtech.course.days.score import TOLD, Outcome, outcome, scored
from pmtech.course.days.weather import Weather, happenings, incident, under, weather
from pmtech.course.page import page
from pmtech.course.way.progress import progress_file
from pmtech.kinds import explained
from pmtech.panels.live.theatre import Theatre, theatre
from pmtech.runs.events.event import Event
from pmtech.runs.simulate import check_run, simulate
from pmtech.system.system import System, check_complete
from pmtech.wording import listed, nearest, percent, plain

DAYS = ("tickets", "sale", "match", "food")
REHEARSAL_HOURS = 12
ANSWERS = ("yes", "not today")


@explained
@dataclass
class PeakDay:
    """Made by `peak_day`. `today`: what stands there, to begin from. Everything else is a step of the day:
    `design`, `rehearse`, `live`, `run`, `debrief`, `replay`; each shows itself.

    Raises ValueError with a sentence for a design that is not of this day and a step that has not been prepared.
    """

    id: str
    plan: Plan
    begins_s: ClassVar[float] = BEGINS_S  # the peak,
    ends_s: ClassVar[float] = ENDS_S
    starts_s: ClassVar[float] = STARTS_S

    def __post_init__(self):
        self.today = priced(self.plan, self.plan.today())
        self.system, self.hours, self.outcome, self.seed = self.today, float(REHEARSAL_HOURS), None, None
        self._did: list[Event] = []
        self._rehearsed: set[str] = set()

    @property
    def largest(self) -> System:
        """Today's architecture with the largest machine for each of our own servers."""
        return priced(self.plan, self.today.replace({f"{name}.workers": MOST_WORKERS for name in self.plan.own}))

    def design(self, system: Any) -> "PeakDay":
        """Hand in a design: a system, or a sketch of one. Machines are priced by their workers."""
        system = getattr(system, "value", system)
        if not isinstance(system, System):
            raise ValueError(f"design needs a system, or a sketch that is not empty, got {system!r}")
        system = priced(self.plan, check_complete(system))
        if said := refused(self.plan, system):
            raise ValueError(" ".join(said))
        if system != self.system:
            self.system, self.outcome = system, None  # another design has not had its day yet
        return self

    def rehearse(self, times: float = 1.0, trouble: tuple[str, ...] | str = (), seed: int = 1) -> Outcome:
        """Try the day: so many times today's load, with these incidents. An hour, and one more for each incident and for
        each time the load; a team has twelve, and the same again takes none. What is not rehearsed is not found."""
        if not 0 < (plain_number(times) or 0) <= 10:
            raise ValueError(f"times must be more than 0 and at most 10, got {times!r}")
        check_run(self.system, LASTS_S, seed=seed)  # what is refused takes no hours
        trouble = tuple(dict.fromkeys(trouble or ())) if isinstance(trouble, tuple | list | None) else (trouble,)
        for one in trouble:
            if one not in self.plan.may:
                raise ValueError(f'"{one}" is no incident of this day: {nearest(one, self.plan.may)}')
        again = repr((self.system, float(times), sorted(trouble), int(seed)))
        takes = 0 if again in self._rehearsed else 1 + len(trouble) + times
        if takes > self.hours + 1e-9:
            left = f"{self.hours:g} of {REHEARSAL_HOURS} are left before the day"
            raise ValueError(f"that takes {takes:g} hours; {left} (the cell of the day, run again, gives all back)")
        self.hours, self._rehearsed = round(self.hours - takes, 2), {*self._rehearsed, again}
        more = self.plan.forecast[1] * 1.25 if "forecast" in trouble else 0.0
        brings = Weather(max(times, more), dict.fromkeys(trouble, BEGINS_S + 6))
        run = self._simulate(self.system, brings, seed, LASTS_S)
        left = f"{self.hours:g} hours of rehearsal are left."
        title = f"Rehearsal: {plain(times)} times the load" + (f", {listed(trouble)}" if trouble else "")
        return outcome(title, run, scored(self.plan, run), run.explain(p99=False), left)

    def live(self, seed: int = 1, speed: float = 2) -> LiveDay:
        """The day as it goes: it halts at the telephone and at each incident; what is turned and said holds from then on.

        speed: seconds of the day a second. Hand it to `run` when it is over.
        """
        check_run(self.system, LASTS_S, seed=seed)
        return LiveDay(self.plan, self.system, weather(self.plan, seed), seed, speed)

    def run(
        self, seed: int | LiveDay = 1, call: str = "not today", told: str = "nothing", knobs: dict | None = None
    ) -> Outcome:
        """The day itself. seed: its number, or the day as it was led live, which goes on to its end. For a number: call is what
        sales is told. told: what the public is told, one of "nothing", "all is well", "busy", "trouble". knobs: what
        the team turns when the telephone rings, as {"limit.limit": 20}; machines come 15 s later. The try is kept on this
        computer."""
        if isinstance(seed, LiveDay):
            if seed.design != self.system:
                raise ValueError("this day was led with another design: run the cell of the live day again")
            did, seed = seed.did, seed.seed
        else:
            did = self._decided(call, told, knobs)
        if self.outcome and (seed, did) == (self.seed, self._did):
            return self.outcome  # the same day again is no other try
        self.outcome, self.seed, self._did = self._lived(self.system, seed, did), seed, did
        progress_file().add("peak day", self.id, seed=seed, kept=self.outcome.met, of=self.outcome.of)
        return self.outcome

    def _decided(self, call: str, told: str, knobs: dict | None) -> list[Event]:
        """What is decided when the telephone rings, as events, if it is the team's to decide."""
        for value, known, what in ((call, ANSWERS, "an answer to sales"), (told, TOLD, "known to be told")):
            if value not in [*known]:
                raise ValueError(f'"{value}" is not {what}: {nearest(str(value), known)}')
        if not isinstance(knobs or {}, dict):
            raise ValueError(f'knobs must be {{path: value}} such as {{"booking.replicas": 4}}, got {knobs!r}')
        for path in knobs or {}:
            if "usd" in str(path):
                raise ValueError(f'"{path}" is a price of the day, and no knob')
        if said := refused(self.plan, priced(self.plan, self.system.replace(knobs or {}))):
            raise ValueError(" ".join(said))
        return decisions(self.plan, call, told, knobs or {})

    @property
    def score(self) -> Outcome:
        """The score of the day that was run last."""
        if self.outcome is None:
            raise ValueError("this design has not had its day yet: run it first")
        return self.outcome

    def another(self, seed: int) -> Outcome:
        """The same design on another day, with nobody at the knobs; what would be told is left out."""
        run = self._simulate(self.system, weather(self.plan, seed), seed, LASTS_S)
        return outcome(f"{self.plan.label}, day {seed}", run, scored(self.plan, run))

    def _lived(self, system: System, seed: int, did: list[Event]) -> Outcome:
        brings = weather(self.plan, seed)
        run = self._simulate(system, brings, seed, LASTS_S, did)
        happened = [
            f"{incident(self.plan, name)}." for name in sorted(brings.incidents, key=brings.incidents.__getitem__)
        ]
        low, high = self.plan.forecast
        said = f"Between {low:g} and {high:g} times was forecast; it was {brings.times:.2f}."
        told = next((event.what for event in did if isinstance(event, Told)), "nothing")
        call = "yes" if any(isinstance(event, Sales) for event in did) else "not today"
        lines = scored(self.plan, run, told, call)
        return outcome(f"{self.plan.label}, day {seed}", run, lines, said, *happened)

    def _simulate(self, system: System, brings: Weather, seed: int, lasts_s: float, did: list[Event] | None = None):
        system = under(system, brings)
        events = [*happenings(self.plan, system, brings.incidents), *(did or [])]
        events = [event for event in events if event.at_s < lasts_s]
        return simulate(system, duration_s=lasts_s, seed=seed, events=events)

    def debrief(self) -> Outcome:
        """What the design lived off: the same day without each thing that was put into it."""
        kept, said = self.score.lines[:-1], []
        for words, other in without(self.plan, self.system):
            there = self._lived(other, self.seed, [event for event in self._did if _can(event, other)])
            pairs = [*zip(kept, there.lines, strict=False)]
            lost = [pair for pair in pairs if pair[0].kept and not pair[1].kept]
            won = [pair for pair in pairs if pair[1].kept and not pair[0].kept]
            shares = [pair for pair in pairs if pair[0].share == pair[0].share]
            most = max(shares, key=lambda pair: abs(pair[0].share - pair[1].share))
            came = "; ".join(f"{a.what}: {b.came} in place of {a.came}" for a, b in lost or won or [most])
            lived = f"lost. {came}." if lost else f"kept, and missed with it. {came}." if won else ""
            lived = lived or f"nothing that was kept hangs on it. What changes most: {came}."
            said.append((len(lost), len(won), f"Without {words}: {lived}"))
        said.sort(key=lambda one: one[:2], reverse=True)
        told = [words for *_, words in said] or ["Nothing was put into today's design."]
        return outcome(f"Debrief of {self.score.title}", self.score.run, self.score.lines, *told)

    def replay(self) -> Theatre:
        """The day as dots on the architecture."""
        return theatre(self.score.run)

    def share(self) -> str:
        """A line of text for colleagues; nothing personal in it."""
        told = "; ".join(f"{line.what}: {line.came}" for line in self.score.lines[:3])
        return f"Peak day, {self.plan.label}, day {self.seed}: {self.score.met} of {self.score.of} kept ({told})"

    @property
    def tries(self) -> list[str]:
        """Past tries at this day on this computer, oldest first."""
        kept = progress_file().records("peak day", self.id)
        return [f"{one['at'][:10]}, day {one['seed']}: {one['kept']} of {one['of']} kept" for one in kept]

    def __repr__(self) -> str:
        told = [f"{head}: {'; '.join(lines)}" for head, lines in self._told().items()]
        return "\n".join([self.plan.label, self.plan.story, *told])

    def _told(self) -> dict[str, list[str]]:
        """What there is to know before anything is drawn: heading -> lines."""
        plan, (what, _, within_s, least) = self.plan, self.plan.matters
        small, share = self.today.label(plan.small[0]), plan.small[1]
        later = (
            ["what is accepted for later is answered; done it is when it has been worked on"]
            if what in plan.answers and plan.later
            else []
        )
        answers = [
            f"{percent(of)} of {one} answered within {ms / 1000:g} s" for one, (_, ms, of) in plan.answers.items()
        ]
        others = [self.today.label(name) for name in self.today.sources if name not in plan.people]
        return {
            "Promised": [
                f"{percent(least)} of {what} done within {within_s:g} s",
                *answers,
                f"{small}: {percent(share)} of {what} done",
                *later,
                *([f"what {listed(others)} ask for does not count"] if others else []),
            ],
            "Budget": [
                f"${plan.budget:.2f} an hour, on average over {1 + QUIET} times the {LASTS_S:g} s that you see",
                "the rest is quiet, with as few machines as you let it have",
                f"a machine of four workers costs ${4 * WORKER_USD_PER_HOUR:g} an hour and starts in {STARTS_S:g} s",
            ],
            "Forecast": [
                f"{plan.forecast[0]:g} to {plan.forecast[1]:g} times as many as in the drawing of today",
                f"the peak lasts from second {BEGINS_S:g} to {ENDS_S:g} of {LASTS_S:g}",
            ],
            "May happen": [f'"{name}": {incident(plan, name)}' for name in plan.may],
        }

    def _repr_html_(self) -> str:
        said = f"<p>{html.escape(self.plan.story)}</p>"
        for head, lines in (self._told() | ({"Your last tries": self.tries[-3:]} if self.tries else {})).items():
            listed = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            said += f'<p class="pmtech-kind">{head}</p><ul>{listed}</ul>'
        return page(
            f'<p class="pmtech-kind">Peak day</p><p class="pmtech-title">{html.escape(self.plan.label)}</p>{said}'
        )


def _can(event: Event, system: System) -> bool:
    """Can it happen there? A knob that was turned may be gone with its part."""
    try:
        event.after(system)
    except ValueError:
        return False
    return True


def peak_day(id: str = "tickets") -> PeakDay:
    """The peak day: "tickets", "sale", "match" or "food".

        day = peak_day("tickets")
        day.design(my_sketch)              # sketch(day.today), changed by hand
        day.rehearse(times=1.2, trouble="zone")
        day.run(seed=7, told="busy")
        day.debrief()

    Raises ValueError with the nearest where there is no such day.
    """
    if id not in DAYS:
        raise ValueError(f'there is no day "{id}": {nearest(str(id), DAYS)}')
    return PeakDay(id, import_module(f"pmtech.course.days.{id}").PLAN)
