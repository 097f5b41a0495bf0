"""Lesson 03: a cache whose answers are fresh enough, and that leaves the database enough room."""

from pmtech.components import Cache, Clients, Database, Server
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.system.system import System


def survey_tool(ttl_s: float | None = 60) -> System:
    """What the learner starts from: room for every page, and a TTL that spares the database only."""
    return (
        Clients("Viewers", rate_per_s=120, keys=1000, write_share=0.01)
        >> Server(workers=50, service_ms=10)
        >> Cache(capacity=1000, ttl_s=ttl_s)
        >> Database(connections=4, query_ms=40)
    )


TASKS = (
    SystemTask(
        id="03.your_turn",
        title="Fresh enough for the customers, light enough for the database",
        start=survey_tool,
        free=("cache",),
        targets=(
            Target(
                "cache.stale_ratio",
                at_most=0.15,
                name="The share of the cache's answers that are out of date",
                unit="%",
            ),
            Target("database.utilisation", at_most=0.45, name="The busy share of the database", unit="%"),
        ),
        duration_s=80,
        warmup_s=30,  # the cache is warm; a cold one would flatter neither figure
    ),
)
