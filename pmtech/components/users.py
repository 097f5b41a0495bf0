"""Users: people who wait for the answer before they ask again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pmtech.components.fields import number, whole
from pmtech.components.source import Source, SourcePart
from pmtech.engine.clock import Alarm
from pmtech.engine.randomness import ROUND, exponential
from pmtech.wording import plain


@dataclass(frozen=True, kw_only=True, repr=False)
class Users(Source):
    """Closed-loop load: each of `count` users thinks for `think_s` on average (exponential), asks, waits, thinks again.

    A slow system is asked less often, which hides its bad times from a measurement (coordinated omission). At most
    count / think_s requests a second; by Little's law count / (think_s + latency).
    During a `Surge` so many times the users are there; those who came for it leave after their next answer.
    Rate limits and fairness treat each user as a caller of their own. The other fields are those of `Clients`.

    What this leaves out: sessions that end, and users who leave because it is slow.
    """

    count: int = whole(10, at_least=0, at_most=100_000)
    think_s: float = number(1.0, at_least=0.001, at_most=86_400)

    load_field: ClassVar[str] = "count"
    waits: ClassVar[bool] = True

    def running(self, *args) -> UsersPart:
        return UsersPart(self, *args)

    @property
    def callers(self) -> int:
        return self.count

    @property
    def coming(self) -> str:
        return "users wait for an answer and think before they ask again"

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return [f"{plain(self.count)} users, {plain(self.think_s)} s to think", *super().facts(copies, held_ms)]

    @property
    def offered_per_s(self) -> float:
        """What they would ask for if answers took no time."""
        return self.count / self.think_s


class UsersPart(SourcePart):
    """Every user is an alarm that rings when the thinking is over."""

    def setup(self) -> None:
        super().setup()
        self.thinking = self.run.luck(f"{self.name}.think", exponential)
        surge = self.spec.surge
        self.run.crowds[self.name] = round(self.spec.count * max(1, surge.times if surge else 1))
        self.present: set[int] = set()
        self.rounds: dict[int, int] = {}
        self.alarms: dict[int, Alarm] = {}
        self.surge_begins = Alarm(self.env, self._welcome)
        self.surge_ends = Alarm(self.env, self._welcome)
        self._plan()

    def change(self, spec) -> None:
        super().change(spec)
        self._plan()

    def _plan(self) -> None:
        surge, now = self.spec.surge, self.env._now
        if surge is not None:
            for alarm, at_s in ((self.surge_begins, surge.at_s), (self.surge_ends, surge.at_s + surge.for_s)):
                if at_s > now:
                    alarm.set(at_s)
        self._welcome()

    def _wanted(self) -> int:
        surge, now = self.spec.surge, self.env._now
        times = surge.times if surge is not None and surge.at_s <= now < surge.at_s + surge.for_s else 1
        return min(round(self.spec.count * times), ROUND)

    def _welcome(self) -> None:
        """Users who are wanted and not here yet begin to think."""
        for user in range(self._wanted()):
            if user not in self.present:
                self.present.add(user)
                self._think(user)

    def _think(self, user: int) -> None:
        number = self.rounds.get(user, 0) * ROUND + user
        alarm = self.alarms.get(user)
        if alarm is None:
            alarm = self.alarms[user] = Alarm(self.env, lambda: self._ask(user))
        alarm.set(self.env._now + self.thinking[self.name, 0][number] * self.spec.think_s)

    def _ask(self, user: int) -> None:
        round_ = self.rounds.get(user, 0)
        self.rounds[user] = round_ + 1
        self.send(round_ * ROUND + user, heard=lambda: self._answered(user), caller=f"{self.name}#{user + 1}")

    def _answered(self, user: int) -> None:
        if user < self._wanted():
            self._think(user)
        else:
            self.present.discard(user)
