"""`meeting("15.review")`: a conversation at a table where claims are run, and questions find what a plan hangs on."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import traitlets

from pmtech.course.exercises.agenda import Agenda, Choice, Claim, Decision, Dependency, all_agendas
from pmtech.course.exercises.exercise import Exercise
from pmtech.course.page import STYLE, script
from pmtech.kinds import Known
from pmtech.wording import counted, rate

IN_IT = "nothing by itself, after this decision"  # which takes care of it, brings it about, or leaves no room for it


@dataclass(frozen=True)
class Outcome:
    """What came of a meeting. found, missed: the dependencies of the plan; a decision may settle one that was missed."""

    decision: Decision
    found: tuple[Dependency, ...]
    missed: tuple[Dependency, ...]

    @cached_property
    def costs(self) -> dict[str, int]:
        """What each dependency that was missed costs in the simulated quarter, by itself, in the whole dollars that are told."""
        d = self.decision
        return {one.id: 0 if one.id in d.settles else round(d.share * one.lost_usd) for one in self.missed}

    @cached_property
    def lost_usd(self) -> int:
        """What the quarter loses: the decision by itself, and what was missed. Who adds up what is told finds the same."""
        return round(self.decision.lost_usd) + sum(self.costs.values())

    def price(self, missed: Dependency) -> str:
        """What a dependency that was missed costs in the quarter, in words."""
        return IN_IT if missed.id in self.decision.settles else f"${rate(self.costs[missed.id])}"

    @property
    def agreed(self) -> list[str]:
        """What was found, and what is done about it, unless the decision itself does something else."""
        return [f"{one.name}. {'' if one.id in self.decision.settles else one.settle}".strip() for one in self.found]

    @property
    def said(self) -> list[str]:
        """In sentences."""
        d, told = self.decision, [f"Found: {one}" for one in self.agreed]
        for one in self.missed:
            came = "" if one.id in d.settles else f" {one.line}"
            told.append(f"Missed: {one.name}.{came} In the quarter: {self.price(one)}.")
        own = f"The decision by itself: ${rate(round(d.lost_usd))}{f', {d.for_what}' if d.for_what else ''}."
        how = "Each price is the difference of two runs; what a page or an order is worth is invented."
        return [*told, own, f"The quarter loses ${rate(self.lost_usd)}. {how}"]


class Talk:
    """A meeting so far: all of it follows from the agenda and from what was chosen, one number of the offers after the other."""

    def __init__(self, agenda: Agenda, chosen: list[int]):
        self.agenda, self.chosen, self.left, self.log = agenda, chosen, agenda.budget, []
        self._used: set[str] = set()  # choices by their texts, scenes and claims by their ids
        self.found: dict[str, Dependency] = {}
        self.heard: dict[str, Claim] = {}
        self.shown: list[Claim] = []
        self.words: list[str] = []  # what was chosen, as it was offered
        self.said: list[Choice] = []
        self.decision: Decision | None = None
        self._enter(next(iter(agenda.scenes)))
        for number in chosen:
            if type(number) is not int or not 0 <= number < len(self.offers):
                raise ValueError(f"choose a number {self._range}, got {number!r}")
            self.words.append(self.texts[number])
            self._take(self.offers[number])

    @property
    def offers(self) -> list[Choice | Claim]:
        """What can be said or asked for now."""
        if self.decision:
            return []
        mine = [c for c in self.scene.choices if c.text not in self._used and self.found.keys() >= {*c.needs}]
        asked = [claim for claim in self.heard.values() if claim not in self.shown] if self.left else []
        return [*(choice for choice in mine if choice.cost <= self.left), *asked]

    @property
    def texts(self) -> list[str]:
        """The offers as they are shown."""
        return [one.text if isinstance(one, Choice) else f"Show me: “{one.says}”" for one in self.offers]

    @property
    def outcome(self) -> Outcome | None:
        """None before a decision."""
        if not self.decision:
            return None
        everything = self.agenda.dependencies.values()
        missed = tuple(one for one in everything if one.id not in self.found)
        return Outcome(self.decision, tuple(self.found.values()), missed)

    @property
    def _range(self) -> str:
        last = len(self.offers) - 1
        return f"from 0 to {last}" if last >= 0 else "after Begin again: this meeting has ended"

    def _enter(self, scene: str) -> None:
        self.scene = self.agenda.scenes[scene]
        if scene not in self._used:
            self._hear(self.scene.lines)
        self._used.add(scene)

    def _hear(self, lines: Iterable[dict[str, str]]) -> None:
        for line in lines:
            claim = self.agenda.claims.get(line.get("claim", ""))
            person = self.agenda.people[claim.who if claim else line["who"]]
            says = claim.says if claim else line["says"]
            self.log.append(
                {"kind": "they", "who": person["name"], "role": person["role"], "says": says, "claim": bool(claim)}
            )
            if claim:
                self.heard[claim.id] = claim

    def _take(self, one: Choice | Claim) -> None:
        before = set(self.found)
        if isinstance(one, Claim):
            self._show(one)
        else:
            self._used.add(one.text)
            self.said.append(one)
            self.log.append({"kind": "you", "says": one.text})
            self.left -= one.cost
            self._hear(one.reply)
            self.decision = one.decision
        self.found |= {id: self.agenda.dependencies[id] for id in one.finds}
        new = [one.name for id, one in self.found.items() if id not in before]
        self.log.extend({"kind": "found", "says": f"You have found what the plan hangs on: {name}."} for name in new)
        if isinstance(one, Choice) and one.to:
            self._enter(one.to)

    def _show(self, claim: Claim) -> None:
        self.left -= 1
        self.shown.append(claim)
        name = self.agenda.people[claim.who]["name"]
        self.log.append({"kind": "you", "says": f"Show me, {name}: “{claim.says}”"})
        self.log.append({"kind": "model", "says": claim.told, "holds": claim.holds, **claim.shown})


class Meeting(Exercise):
    """Made by `meeting`. `choose(number)` says one of `choices`; `value` is all that was chosen, and setting it plays that.

    `log` has what was said, and what the runs said; `outcome` is None until a decision has been taken. `again()` begins anew.
    """

    kind = "meeting"
    _esm = script("exercises/meeting.js")
    _css = STYLE
    agenda = traitlets.Dict().tag(sync=True)
    value = traitlets.List().tag(sync=True)
    log = traitlets.List().tag(sync=True)
    choices = traitlets.List().tag(sync=True)
    left = traitlets.Unicode().tag(sync=True)
    end = traitlets.Dict().tag(sync=True)

    def __init__(self, asked: Agenda):
        self.talk = Talk(asked, [])
        shown = {"id": asked.id, "title": asked.title, "setting": asked.setting, "people": [*asked.people.values()]}
        super().__init__(asked, agenda=shown)
        self._show()
        self.observe(self._goes_on, "value")

    def choose(self, number: int) -> None:
        """Says, or asks to be shown, the choice of this number, from 0. Raises ValueError with a sentence."""
        self.value = [*self.value, number]

    def again(self) -> None:
        """Begins anew. What was said before stays in the record."""
        self.value = []

    @property
    def outcome(self) -> Outcome | None:
        """What came of it: `.found`, `.missed`, `.costs`, `.lost_usd`; None as long as nothing is decided."""
        return self.talk.outcome

    @property
    def points(self) -> dict[str, str | list[str]]:
        """The page that the learner's own answers have written, for `brief(...)`."""
        talk, outcome = self.talk, self.outcome
        lists = {
            "What it hangs on, and what was agreed": outcome.agreed
            if outcome
            else [d.name for d in talk.found.values()],
            "What the model said": [f"“{claim.says}” {claim.told}" for claim in talk.shown],
        }
        if outcome:
            missed = [f"{d.name}: {outcome.price(d)}" for d in outcome.missed]
            lists["What nobody asked, and what it costs in a quarter"] = missed
            lists["What the quarter loses"] = outcome.said[-2:]
        decided = outcome.decision.brief if outcome else "Nothing yet: the meeting goes on."
        told = {head: [one[0].upper() + one[1:] for one in lines] or ["Nothing."] for head, lines in lists.items()}
        return {"What was decided": decided, **told}

    @traitlets.validate("value")
    def _check_value(self, proposal):
        self.talk = Talk(self._asked, proposal["value"])
        return proposal["value"]

    def _goes_on(self, _change) -> None:
        self._keep(said=self.talk.words, lost=self.outcome.lost_usd if self.outcome else None)
        self._show()

    def _restore(self, kept: list[dict]) -> None:
        """Where the learner was; a meeting reworded since then begins anew."""
        said, value = kept[-1].get("said") if kept else [], []
        for text in said if isinstance(said, list) else []:
            offers = Talk(self._asked, value).texts
            if text not in offers:
                return
            value.append(offers.index(text))
        self.value = value

    def _show(self) -> None:
        talk, outcome = self.talk, self.outcome
        with self.hold_sync():
            self.log, self.choices = talk.log, talk.texts
            self.left = f"{counted(talk.left, 'question')} left" if talk.left else "No time for another question"
            self.end = {} if outcome is None else {"said": outcome.said, "why": [[c.text, c.why] for c in talk.said]}

    def _do(self, content: dict) -> None:
        # A second press of the same button, still on its way, is none of the next offers.
        if content.get("do") == "choose" and content.get("at") == len(self.log):
            self.choose(content["number"])
        elif content.get("do") == "again":
            self.again()


def meeting(meeting_id: str) -> Meeting:
    """Sits down at the table of a meeting: `meeting("15.review")`.

    Raises ValueError with the nearest ids when there is no such meeting.
    """
    return Meeting(Known("meeting", all_agendas())[meeting_id])
