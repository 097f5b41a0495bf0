"""Lesson 10: one thing cut out of a program, so that reports do not hold the workers of the checkout."""

from dataclasses import dataclass

from pmtech.components import Clients, Database, Gateway, Network, Server
from pmtech.course.exercises.task import SystemTask, Target, as_yours, differences
from pmtech.runs.figure import figure
from pmtech.runs.simulate import simulate
from pmtech.system.system import System

PLACES = {"answers": 30, "bills": 40, "mails": 60, "statistics": 20_000}
ENDPOINTS = ("/answers", "/checkout", "/mail", "/report")
PROGRAM, SERVICE = ("survey_tool", "its_parts"), ("network", "service", "parts_of_the_service")


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
        parts = monday(cut=ENDPOINTS[:1]).components  # with a service
        mine = system.components
        strangers = [f"This task has no part called {name}; yours has one." for name in mine if name not in parts]
        missing = [name for name in parts if name not in mine and name not in (*PROGRAM, *SERVICE)]
        sentences = strangers + [f"This task has a part called {name}; yours has none." for name in missing]
        for name in (name for name in mine if name in parts):
            if type(mine[name]) is not type(parts[name]):
                sentences.append(f"{name} is a {type(parts[name]).__name__} in this task; yours is another part.")
            elif name in ("survey_tool", "service"):
                given = as_yours(parts[name], mine[name], "workers")
                sentences += differences(system.label(name), given, mine[name])
            else:
                sentences += differences(system.label(name), parts[name], mine[name])
        if not sentences and not _joined(system) <= _joined(monday()) | _joined(monday(cut=ENDPOINTS)):
            sentences.append("The parts are those of this task, but they are joined in another way.")
        return sentences

    def _measure(self, system: System) -> dict[str, float]:
        run = simulate(system, duration_s=self.duration_s, seed=self.seeds[0])
        calls = len(run.records.visits["network"].row) / run.duration_s if "network" in run.records.visits else 0.0
        workers = sum(system.get(f"{name}.workers") for name in ("survey_tool", "service") if name in system.components)
        return {"buyers.p95_ms": figure(run, "buyers.p95_ms"), "calls_per_s": calls, "workers": float(workers)}


def _joined(system: System) -> set[tuple]:
    return {(system.names[e.tail], system.names[e.head], e.label) for e in system.edges}


TASKS = (
    CutTask(
        id="10.your_turn",
        title="Checkout keeps its promise while reports run, for no more money and few new calls",
        start=monday,
        free=(),
        targets=(
            Target("buyers.p95_ms", at_most=130, name="The p95 of the buyers", unit="ms"),
            Target("calls_per_s", at_most=5, name="The traffic over the network", unit="a second"),
            Target("workers", at_most=16, name="The size of all machines", unit="workers"),
        ),
        seeds=(1,),
    ),
)
