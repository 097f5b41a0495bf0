"""Lesson 12: an evening on which the payment service is slow, and nobody is there to help."""

from dataclasses import dataclass

import numpy as np

from pmtech.components import CircuitBreaker, Clients, Gateway, Retry, Server
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.runs.events import Slowdown
from pmtech.runs.result import Result
from pmtech.system.system import System

SLOW = Slowdown("payment", at_s=60, for_s=120, times=100)
WELL_S = SLOW.at_s + SLOW.for_s + 60  # a minute after the payment service is well again
LAST_S = 8  # who came later may not be done at the end


def evening() -> System:
    """What the learner starts from: a patient caller that tries three times, and a breaker that is slow to open, and
    slow to close."""
    visitors = Clients("Visitors", rate_per_s=30, endpoints={"/surveys": 1}, timeout_ms=10_000)
    buyers = Clients("Buyers", rate_per_s=6, endpoints={"/pay": 1}, timeout_ms=4000)
    breaker = CircuitBreaker(window=200, open_s=300, trials=3)
    payment = (
        breaker >> Retry(attempts=3, timeout_ms=9000) >> Server("Payment", workers=100, service_ms=50, service_cv=0.3)
    )
    tool = Server("Tool", workers=12, service_ms=20)
    surveys = Server("Surveys", workers=8, service_ms=20)
    return [visitors, buyers] >> tool >> Gateway("Routes") >> {"/surveys": surveys, "/pay": payment}


def charges(run: Result) -> np.ndarray:
    """How often each request of the run was charged: the payment service finishes what it has begun."""
    visits = run.records.visits["payment"]
    done = ~np.isnan(visits.started_s) & ~np.isnan(visits.left_s)
    return np.bincount(visits.row[done], minlength=len(run.records.status))


@dataclass(frozen=True, kw_only=True)
class EveningTask(SystemTask):
    """Its figures are counted from the run: who was charged, and how often."""

    def measured(self, run: Result) -> dict[str, float]:
        r, orders = run.records, run.records.client == run.records.sources.index("buyers")
        late = orders & (r.arrived_s >= WELL_S) & (r.arrived_s < run.duration_s - LAST_S)
        return {
            "visitors": run.by_client.error_rate["visitors"],
            "lost": float((r.status[orders] >= 400).mean()),
            "twice": float((charges(run) > 1).sum()),
            "late": float((charges(run)[late] == 0).mean()),
        }


TASKS = (
    EveningTask(
        id="12.your_turn",
        title="An evening with a slow payment service, and nobody there to help",
        start=evening,
        free=("circuit_breaker", "retry"),
        targets=(
            Target("visitors", at_most=0.01, name="The share of visitors who got no page", unit="%"),
            Target("lost", at_most=0.03, name="The share of orders that were lost", unit="%"),
            Target("twice", at_most=0, name="What was charged twice", unit="orders"),
            Target("late", at_most=0.01, name="The share of orders charged late, a minute after it is well", unit="%"),
        ),
        duration_s=300,
        seeds=(1,),
        events=(SLOW,),
    ),
)
