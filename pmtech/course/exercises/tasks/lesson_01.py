"""Lesson 01: how many visitors one machine can promise to answer in time."""

from pmtech.components import Clients, Database, Network, Server
from pmtech.course.exercises.task import Objective, SystemTask, Target
from pmtech.system.system import System


def survey_tool(rate_per_s: float = 32) -> System:
    """The first version, on one machine."""
    return (
        Clients("Visitors", rate_per_s=rate_per_s, endpoints={"/responses": 1})
        >> Network(round_trip_ms=60)
        >> Server(workers=1, service_ms=25, blocking=False)
        >> Database(connections=4, query_ms=10)
    )


TASKS = (
    SystemTask(
        id="01.your_turn",
        title="As many visitors as one machine can answer within 300 ms, 95 times of 100",
        start=survey_tool,
        free=("visitors",),
        targets=(Target("p95_ms", at_most=300, name="The p95 of all requests", unit="ms"),),
        objective=Objective(
            "served_per_s",
            name="Requests answered",
            unit="a second",
            path="visitors.rate_per_s",
            up_to=40,
            within=1.5,
            gap="There is room: {more} visitors a second could be answered in time.",
            best="No higher whole number of visitors a second keeps the promise.",
        ),
        duration_s=320,
        warmup_s=20,
        seeds=(3, 5, 8),  # customers whose mean lies on the closed form (301 ms at 27): marking and curve agree
    ),
)
