"""Lesson 09: a day of orders with an advert at ten, few of them lost, for little money."""

from dataclasses import dataclass, replace

from pmtech.components import Autoscale, Clients, Day, LoadBalancer, Profile, Server
from pmtech.course.exercises.task import SystemTask, Target, differences
from pmtech.system.system import System

TEN = 22 * 3600
KINDS = {"virtual machine": (0.0725, 150), "container": (0.0987, 30)}  # dollars an hour, seconds until it takes orders


def day_with_advert(**autoscale) -> System:
    """What the learner starts from: virtual machines, and an autoscaler that knows of no advert."""
    orders = Clients("Orders", rate_per_s=0.2, profile=Day(peak_times=5, peak_at_h=20, night=0.05))
    on_air = Profile(((0, 0), (TEN, 0), (TEN + 30, 1), (TEN + 900, 1), (TEN + 930, 0)))
    rule = Autoscale(**{"target": 0.6, "least": 1, "most": 20, "starts_s": 150, **autoscale})
    return (
        [orders, Clients("Advert", rate_per_s=4, profile=on_air)]
        >> LoadBalancer(policy="least_connections")
        >> Server("Dispatch", workers=2, service_ms=6000, service_cv=0.5, queue_limit=4, price_usd_per_hour=0.0725, autoscale=rule)
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AdvertTask(SystemTask):
    """What is rented, how many at least and at most and from when is the learner's; how fast a machine is, is not, nor how
    often the autoscaler looks."""

    def _changed(self, system: System) -> list[str]:
        if sentences := super()._changed(system):
            return sentences
        rule, yours = self.start().get("dispatch.autoscale"), system.components["dispatch"]
        starts_s = dict(KINDS.values()).get(yours.price_usd_per_hour)
        mine = yours.autoscale or replace(rule, starts_s=starts_s or 0)
        if mine.starts_s != starts_s:
            offer = f"{yours.price_usd_per_hour:g} dollars an hour, there after {mine.starts_s:g} s"
            kinds = " or ".join(
                f"{usd:g} dollars and {starts_s} s (a {kind})" for kind, (usd, starts_s) in KINDS.items()
            )
            return [f"Nobody rents out a machine for {offer}: it is {kinds}."]
        known = {name: getattr(rule, name) for name in ("every_s", "tolerance")}
        return differences("The autoscaler", replace(mine, **known), mine)


TASKS = (
    AdvertTask(
        id="09.your_turn",
        title="The day with its advert at ten: few orders lost, for little money",
        start=day_with_advert,
        free=("dispatch.autoscale", "dispatch.price_usd_per_hour", "dispatch.replicas"),
        targets=(
            Target("error_rate", at_most=0.005, name="The share of orders that were lost", unit="%"),
            Target("p95_ms", at_most=15_000, name="The p95 of the orders", unit="ms"),
            Target("cost_usd_per_hour x 24", at_most=5.20, name="The cost of the day", unit="$"),
        ),
        duration_s=86_400,
        seeds=(1,),
    ),
)
