"""Lesson 08: edges, TTL and shield for an evening with viewers in four cities."""

from pmtech.components import CDN, Clients, Server
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.system.system import System

CITIES = ("Mumbai", "Delhi", "London", "New York")
# Where the copies are and how old they may be is the learner's; what a CDN costs and how fast it is, is not.
YOURS = ("edges", "ttl_s", "stale_while_revalidate_s", "stale_if_error_s", "shield", "collapse")


def evening(**cdn) -> System:
    """What the learner starts from: one edge, and copies that are good for five seconds."""
    viewers = Clients.in_places(CITIES, rate_per_s=120, keys=120, popularity=0, kb={"/": 200})
    origin = Server("Origin", place="Frankfurt", workers=4, service_ms=50, service_cv=0.5)
    return viewers >> CDN(**{"edges": ("Mumbai",), "ttl_s": 5, **cdn}) >> origin


TASKS = (
    SystemTask(
        id="08.your_turn",
        title="An evening with viewers in four cities",
        start=evening,
        free=tuple(f"cdn.{name}" for name in YOURS),
        targets=(
            *(Target(f"{city.replace(' ', '_').lower()}.p95_ms", at_most=50, name=f"The p95 of {city}", unit="ms")
              for city in CITIES),
            Target("cdn.oldest_s", at_most=5, name="The age of the oldest score shown", unit="s"),
            Target("origin.utilisation", at_most=0.7, name="The busy share of the origin", unit="%"),
            Target("cost_usd_per_hour", at_most=33, name="The cost of all bytes an hour", unit="$"),
        ),
        duration_s=20,
        warmup_s=5,  # every edge starts cold
        seeds=(1,),
    ),
)  # fmt: skip
