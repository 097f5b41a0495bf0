"""Lesson 10: one thing cut out of a program, so that reports do not hold the workers of the checkout."""

from dataclasses import dataclass, replace
from functools import partial

from pmtech.components import Clients, Database, Gateway, Network, Server
from pmtech.course.exercises.task import SystemTask, Target
from pmtech.runs.figure import figure
from pmtech.runs.result import Result
from pmtech.system.system import System

PLACES = {"answers": 30, "bills": 40, "mails": 60, "statistics": 20_000}
ENDPOINTS = ("/answers", "/checkout", "/mail", "/report")


def monday(cut: tuple[str, ...] = (), program: int = 16, service: int = 16) -> System:
    """What the learner starts from: everything in one program. cut: the endpoints that a service of its own answers."""
    spread = {"statistics": 0.3}
    data = [Database(name.title(), query_ms=ms, query_cv=spread.get(name, 0.5)) for name, ms in PLACES.items()]
    inside = dict(zip(ENDPOINTS, data, strict=True))
    people = [
        Clients("Visitors", rate_per_s=60, endpoints={"/answers": 1}),
        Clients("Buyers", rate_per_s=15, endpoints={"/checkout": 1}),
        Clients("Invited", rate_per_s=5, endpoints={"/mail": 1}),
        Clients("Managers", rate_per_s=1.5, endpoints={"/report": 1}),
    ]
    tool = Server("Survey tool", workers=program, service_ms=2) >> Gateway("Its parts") >> inside
    other = Server("Service", workers=service, service_ms=2) >> Gateway("Parts of the service") >> inside
    apart = Network("Network", round_trip_ms=2) >> other
    return people >> Gateway("Door") >> {endpoint: apart if endpoint in cut else tool for endpoint in ENDPOINTS}


@dataclass(frozen=True, kw_only=True)
class CutTask(SystemTask):
    """Who answers which endpoint and with how many workers is the learner's. What a call over the network is counted by
    is the requests that travel there; workers are counted wherever they are."""

    def _changed(self, system: System) -> list[str]:
        door = [edge for edge in system.edges if system.names[edge.head] == "network"]
        asked = replace(self, start=partial(monday, tuple(str(edge.label) for edge in door)))
        return super(CutTask, asked)._changed(system)

    def measured(self, run: Result) -> dict[str, float]:
        calls = len(run.records.visits["network"].row) / run.duration_s if "network" in run.records.visits else 0.0
        programs = [name for name in ("survey_tool", "service") if name in run.system.components]
        workers = sum(run.system.get(f"{name}.workers") for name in programs)
        return {"buyers.p95_ms": figure(run, "buyers.p95_ms"), "calls_per_s": calls, "workers": float(workers)}


TASKS = (
    CutTask(
        id="10.your_turn",
        title="Checkout keeps its promise while reports run, for no more money and few new calls",
        start=monday,
        free=("survey_tool.workers", "service.workers"),
        targets=(
            Target("buyers.p95_ms", at_most=130, name="The p95 of the buyers", unit="ms"),
            Target("calls_per_s", at_most=5, name="The traffic over the network", unit="a second"),
            Target("workers", at_most=16, name="The size of all machines", unit="workers"),
        ),
        seeds=(1,),
    ),
)
