"""Users: people who wait for the answer before they ask again."""

from dataclasses import dataclass

from pmtech.components.fields import number, whole
from pmtech.components.source import Source, SourcePart
from pmtech.engine.clock import Alarm
from pmtech.engine.randomness import ROUND, exponential
from pmtech.engine.request import Request
from pmtech.wording import plain, seconds


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

    load_field = "count"
    waits = True

    @property
    def callers(self) -> int:
        return self.count

    @property
    def coming(self) -> str:
        return "users wait for an answer and think before they ask again"

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return [f"{plain(self.count)} users, {seconds(self.think_s)} to think", *super().facts(copies, held_ms)]

    @property
    def offered_per_s(self) -> float:
        """What they would ask for if answers took no time."""
        return self.count / self.think_s


class UsersPart(SourcePart, runs=Users):
    def setup(self) -> None:
        super().setup()
        surge = self.spec.surge
        self.run.crowds[self.name] = round(self.spec.count * max(1, surge.times if surge else 1))
        self.thinking = self.run.luck(f"{self.name}.think", exponential)[self.name, 0]
        self.users: list[_User] = []
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

    def _welcome(self) -> None:
        """Users who are wanted and not here yet begin to think."""
        surge, now = self.spec.surge, self.env._now
        times = surge.times if surge is not None and surge.at_s <= now < surge.at_s + surge.for_s else 1
        self.wanted = min(round(self.spec.count * times), ROUND)
        self.users += [_User(self, n) for n in range(len(self.users), self.wanted)]
        for user in self.users[: self.wanted]:
            if not user.here:
                user.think()


class _User(Alarm):
    """Rings when the thinking is over."""

    __slots__ = ("caller", "here", "n", "number", "part")

    def __init__(self, part: UsersPart, n: int):
        super().__init__(part.env, self.ask)
        self.part, self.n, self.number, self.caller, self.here = part, n, n, f"{part.name}#{n + 1}", False

    def think(self) -> None:
        part, self.here = self.part, True
        self.set(part.env._now + part.thinking[self.number] * part.spec.think_s)

    def ask(self) -> None:
        number, self.number = self.number, self.number + ROUND
        self.part.send(number, heard=self.answered, caller=self.caller)

    def answered(self, _request: Request) -> None:
        if self.n < self.part.wanted:
            self.think()
        else:
            self.here = False
