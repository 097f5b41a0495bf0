"""Lesson 05: the cheapest machines that carry the launch, even while one of them is dead."""

from dataclasses import dataclass, replace
from math import ceil

from pmtech.components import Clients, Database, LoadBalancer, Server
from pmtech.course.exercises.marking import Marking, about
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.runs.events import Outage
from pmtech.runs.prices import machine, sizes
from pmtech.system.system import System


def launch(size: str = "c7g.2xlarge", replicas: int = 8) -> System:
    """What the learner starts from: ten times today's requests, and a database that can take them."""
    return (
        Clients("Visitors", rate_per_s=600)
        >> LoadBalancer(health_check_s=1)
        >> Server(replicas=replicas, **machine(size), service_ms=100, service_cv=0.5, blocking=False)
        >> Database(connections=40, query_ms=40)
    )


@dataclass(frozen=True, kw_only=True)
class LaunchTask(SystemTask):
    """The targets are to be met at the lowest price of the servers.

    The best known price is searched for each time: of every size in the price list, the fewest machines with which the
    model meets the targets. within_usd: who comes this close to it, an hour, has passed.
    """

    within_usd: float

    def _beside_the_best(self, system: System, met: bool, precise: bool) -> Marking:
        price, marking = _price(system), super()._beside_the_best(system, met, precise)
        figure = "The servers, an hour", "as low as possible", f"${price:.2f}"
        if not met:
            return replace(marking, figures=[(*figure, "")])
        over = price - _price(self.cheapest(system))
        passed = over <= self.within_usd
        figures = [(*figure, "met" if passed else "could be lower")]
        if over <= 0.005:
            note = "No cheaper design in the price list meets the targets."
            return replace(marking, passed=passed, figures=figures, note=note)
        less = f" {about(100 * over / price)} %" if precise else " a little" if passed else ""
        gap = f"A design that is{less} cheaper keeps every promise, too."
        return replace(marking, passed=passed, figures=figures, gaps=[gap])

    def cheapest(self, system: System) -> System:
        """The cheapest design that meets the targets, found by running the model; `system` itself does meet them.

        More machines of a size never do worse, so a size is tried first with the most machines that would still be
        cheaper than the best so far; if these fail, no fewer will do. Nor is it tried where the machines left after a
        death could not do nineteen twentieths of the work that arrives.
        """
        best, needed = system, 0.95 * system.get("visitors.rate_per_s")
        for size in sizes().sort_values("workers", ascending=False).index:
            one = system.replace({"server.replicas": 1, **machine(size, "server")})
            most = min(1000, ceil(_price(best) / _price(one) - 1e-9) - 1)
            least = 1 + ceil(needed / one.components["server"].capacity_per_s)
            if enough := self.fewest(one, "server.replicas", most, least):
                best = one.replace({"server.replicas": enough})
        return best

    def _changed(self, system: System) -> list[str]:
        if sentences := super()._changed(system):
            return sentences
        bought = {name: system.get(f"server.{name}") for name in ("workers", "price_usd_per_hour")}
        if bought in [machine(size) for size in sizes().index]:
            return []
        offer = f"{bought['workers']} workers for ${bought['price_usd_per_hour']:g} an hour"
        return [
            f'No machine in the price list has {offer}: take one by its name, such as machine("c7g.large", "server").'
        ]


def _price(system: System) -> float:
    server = system.components["server"]
    return server.replicas * server.price_usd_per_hour


TASKS = (
    LaunchTask(
        id="05.your_turn",
        title="The cheapest servers for the launch: fast, also while one of them is dead",
        start=launch,
        free=("server.replicas", "server.workers", "server.price_usd_per_hour"),
        targets=(
            Target("p95_ms", at_most=400, name="The p95 of all visitors", unit="ms"),
            Target("error_rate", at_most=0.01, name="The share of requests that failed", unit="%"),
        ),
        within_usd=0.10,
        duration_s=30,
        seeds=(1,),
        events=(Outage("server", at_s=10, for_s=12),),
    ),
)
