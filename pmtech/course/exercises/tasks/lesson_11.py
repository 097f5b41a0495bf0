"""Lesson 11: a promise that Company A signs and a month keeps, an outage included, for the least money; and its sentence."""

import re
from dataclasses import dataclass, replace
from operator import attrgetter

from pmtech.components import Clients, Database, Day, LoadBalancer, Server
from pmtech.course.exercises.marking import PRECISE_FROM, Marking, about
from pmtech.course.exercises.task import SystemTask, Target, several
from pmtech.runs.events import Outage
from pmtech.runs.promise import Promise
from pmtech.system.system import System

HOUR_S = 1.0  # of a run: a month passes in twelve minutes of it
ABSOLUTES = ("always", "never", "guarantee", "100 %", "100%", "all the time", "any time", "no outage")
START = "The survey tool is always there, and fast."


def month(servers: int = 2, stand_in: bool = False) -> System:
    """What the learner starts from: a month of days of an hour a second, and one database; or two, one as a stand-in."""
    visitors = Clients("Visitors", rate_per_s=30, profile=Day(peak_times=2.5, peak_at_h=20, lasts_s=24 * HOUR_S))
    tool = Server("Tool", replicas=servers, workers=4, service_ms=100, service_cv=0.5, price_usd_per_hour=0.145)
    database = Database(connections=12, query_ms=20, price_usd_per_hour=0.4)
    front = visitors >> LoadBalancer() >> tool
    if not stand_in:
        return front >> database
    return front >> LoadBalancer("Switch", health_check_s=0.05) >> [database, replace(database, name="Stand-in")]


@dataclass(frozen=True, kw_only=True)
class PromiseTask(SystemTask):
    """An attempt is {"promise": ..., "system": ..., "sentence": ...}. The month is run: is the promise kept in it?

    least, slowest_ms: what the customer signs. What the cheapest design costs that keeps so much is searched for each time.
    """

    least: float
    slowest_ms: float

    def mark(self, attempt, tries: int = 1) -> Marking:
        such_as = '{"promise": promise(...), "system": ..., "sentence": "..."}'
        mine, system, sentence = several(self.id, attempt, such_as, promise=Promise, system=System, sentence=str)
        kind = replace(self, start=lambda: month(stand_in="stand_in" in system.components))
        if changed := kind._changed(system):
            return Marking(title=self.title, passed=False, gaps=changed, counts=False)
        precise, signed = tries >= PRECISE_FROM, self._unsigned(mine)
        kind = replace(self, targets=self._targets(mine.availability, mine.p95_ms or self.slowest_ms))
        measured = kind._measure(system)
        gaps = [t.sentence(measured[t.figure], precise) for t in kind.targets if t.word(measured[t.figure]) != "met"]
        figures = [t.row(measured[t.figure], precise) for t in kind.targets]
        price = system.cost_usd_per_hour
        over = price - self.cheapest(system).cost_usd_per_hour if not gaps and not signed else 0.0
        dear = "could be lower" if over > 0.005 else "" if gaps or signed else "met"
        figures.append(("All machines, an hour", "as low as possible", f"${price:.2f}", dear))
        less = f"about {about(100 * over / price)} % " if precise else ""
        more = [f"Company A would sign something that costs {less}less."] if over > 0.005 else []
        said = _wrong_with(sentence, mine)
        figures.append(("The sentence for the customer", "what the promise says", "", "to mend" if said else "met"))
        kept = not (gaps or signed or said)
        note = "Nothing cheaper keeps what Company A asks for."
        gaps = signed + gaps + more + said
        return Marking(title=self.title, passed=kept and not more, kept=kept, gaps=gaps, figures=figures, note=note)

    def _unsigned(self, mine: Promise) -> list[str]:
        """Why Company A would not sign."""
        share, p95 = f"{100 * self.least:g} %", f"{self.slowest_ms:g} ms"
        said = []
        if mine.availability < self.least or mine.days != 30:
            said.append(f"Company A does not sign: it asks for {share} of 30 days, or more.")
        if mine.p95_ms is None or mine.p95_ms > self.slowest_ms:
            said.append(f"Company A does not sign: it asks for 95 of 100 answers within {p95}, or sooner.")
        return said

    def _targets(self, availability: float, p95_ms: float) -> tuple[Target, ...]:
        return (
            Target("error_rate", at_most=1 - availability, name="What failed in the month", unit="%"),
            Target("p95_ms", at_most=p95_ms, name="The p95 of the month", unit="ms"),
        )

    def cheapest(self, system: System) -> System:
        """The cheapest design that keeps what the customer asks for, as a dearer one, `system`, does."""
        asked = replace(self, targets=self._targets(self.least, self.slowest_ms))
        alone = asked.fewest(month(), "tool.replicas", system.get("tool.replicas"))
        return min(month(alone) if alone else system, system, key=attrgetter("cost_usd_per_hour"))

    def untouched(self, attempt) -> bool:
        return attempt == self.first()

    def first(self) -> dict:
        """What the learner's cell has at first."""
        return {"promise": Promise(0.999, p95_ms=200), "system": month(), "sentence": START}


def _wrong_with(sentence: str, mine: Promise) -> list[str]:
    """What a sentence for the customer lacks, or says too much."""
    low, said = sentence.lower(), []
    # "Never for more than an hour" has a number.
    bounded = re.sub(r"(never|no outage)\b[^.;]*\b(more|longer) than\b", "", low)
    if bold := next((word for word in ABSOLUTES if word in bounded), None):
        said.append(f"The sentence says “{bold}”: more than was promised.")
    numbers = {float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", sentence)}
    if not any(abs(number - time) <= 0.02 * time for number in numbers for time in (mine.minutes, mine.minutes / 60)):
        said.append("The sentence does not say how many minutes, or hours, may be lost.")
    if not ("month" in low or "30 days" in low):
        said.append("The sentence does not say in how long a time: 30 days, or a month.")
    if mine.p95_ms and not {mine.p95_ms, mine.p95_ms / 1000} & numbers:
        said.append("The sentence does not say how soon an answer comes.")
    elif mine.p95_ms and 95 not in numbers:
        said.append(
            "The sentence does not say how many of the answers come so soon: all of them is more than was promised."
        )
    return said


TASKS = (
    PromiseTask(
        id="11.your_turn",
        title="A promise that Company A signs, that a month keeps, and that costs as little as it can",
        start=month,
        free=("tool.replicas",),
        targets=(),
        least=0.995,
        slowest_ms=400,
        duration_s=720 * HOUR_S,
        seeds=(1,),
        events=(Outage("database", at_s=24 * 12 + 19.5, for_s=HOUR_S),),
    ),
)
