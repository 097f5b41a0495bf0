"""Lesson 06: two more servers, and a customer whose connections never end."""

from pmtech.components import Clients, LoadBalancer, Server
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.runs.events import Change
from pmtech.system.system import System

ADDED_S = 60  # when the two servers are there


def front_door() -> System:
    """The lesson's system: one server that is full, and a balancer that sees connections."""
    return (
        [Clients("Visitors", rate_per_s=20), Clients("Company D", rate_per_s=85, connections=40)]
        >> LoadBalancer(layer=4)
        >> Server(workers=8, service_ms=100, service_cv=0.5)
    )


TASKS = (
    SystemTask(
        id="06.your_turn",
        title="Two more servers: everybody fast again within five minutes, nobody refused",
        start=front_door,
        free=("load_balancer", "company_d.connection_age_s"),
        targets=(
            Target("p95_ms", at_most=250, name="The p95 from five minutes on", unit="ms"),
            Target("error_rate", at_most=0, name="The share of requests that failed", unit="%"),
        ),
        duration_s=ADDED_S + 420,
        warmup_s=ADDED_S + 300,
        seeds=(1,),
        events=(Change("server.replicas", 3, at_s=ADDED_S),),
    ),
)
