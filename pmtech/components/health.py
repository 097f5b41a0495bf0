"""Health checks of a load balancer: which of its targets it believes to be well."""

from math import inf

from pmtech.engine.clock import Alarm


class Health:
    """Asks every target of a balancer, whose `spec` and `targets` may change, and tells it of what it has seen."""

    def __init__(self, pool):
        self.pool, self.missed = pool, [0] * len(pool.targets)  # of each so many checks in a row
        self.alarm = Alarm(pool.env, self._check)

    def plan(self) -> None:
        """The next check, counted from now."""
        every_s = self.pool.spec.health_check_s
        self.alarm.set(inf if every_s is None else self.pool.env._now + every_s)

    def _check(self) -> None:
        self.missed = [0 if part.well else n + 1 for part, n in zip(self.pool.targets, self.missed, strict=True)]
        self.pool.choose_from()
        self.plan()

    def trusted(self, retired: set[int]) -> list[int]:
        """The numbers of those that it believes to be well, but for the retired."""
        spec, new = self.pool.spec, len(self.pool.targets) - len(self.missed)
        self.missed += [0] * new
        most = inf if spec.health_check_s is None else spec.unhealthy_after
        return [n for n, missed in enumerate(self.missed) if missed < most and n not in retired]
