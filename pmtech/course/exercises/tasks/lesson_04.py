"""Lesson 04: a rate limit that keeps A and B fast and costs C as little as possible."""

from pmtech.components import Clients, RateLimiter, Server
from pmtech.course.exercises.task import Objective, SystemTask, Target
from pmtech.system.system import System


def survey_tool(limit: int = 60) -> System:
    """What the learner starts from.

    The work varies moderately (service_cv 0.5): with exponential work the p95 of the work alone would be 300 ms.
    The bucket lets B's own ups and downs pass; a fixed window at the same limit would refuse them.
    """
    return (
        [Clients("Company A", rate_per_s=10), Clients("Company B", rate_per_s=30), Clients("Company C", rate_per_s=150)]
        >> RateLimiter(limit=limit, algorithm="token_bucket")
        >> Server(workers=8, service_ms=100, service_cv=0.5)
    )


TASKS = (
    SystemTask(
        id="04.your_turn",
        title="A limit for each client: A and B stay fast, C loses as little as possible",
        start=survey_tool,
        free=("rate_limiter",),
        targets=(
            Target("company_a.p95_ms", at_most=300, name="Company A's p95", unit="ms"),
            Target("company_b.p95_ms", at_most=300, name="Company B's p95", unit="ms"),
            Target("company_a.error_rate", at_most=0.05, name="The refused share of Company A's requests", unit="%"),
            Target("company_b.error_rate", at_most=0.05, name="The refused share of Company B's requests", unit="%"),
        ),
        objective=Objective(
            "company_c.served_per_s",
            name="Company C is served",
            unit="a second",
            path="rate_limiter.limit",
            up_to=150,
            within=1.5,
            gap="Company C could be served {more} a second before A or B miss a target.",
            best="No higher limit would do: A or B would miss a target.",
        ),
        duration_s=180,
        seeds=(1,),
    ),
)
