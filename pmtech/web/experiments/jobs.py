"""Experiments on the real queue: a worker that is killed in the middle of a job, and a job that fails and is tried again."""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pmtech.components import Clients, Queue, Server
from pmtech.runs.events import Outage
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.web.app.server import Api
from pmtech.web.client.table import Rows
from pmtech.web.experiments.requests import ORDER
from pmtech.web.waiting import until
from pmtech.wording import counted, listed, seconds

if TYPE_CHECKING:
    from pmtech.web.jobs.orders import Orders
    from pmtech.web.jobs.worker import Worker

TAKEN, KILLED, BACK = "the worker takes the job", "the worker is killed", "a new worker is there"
SO_FAR = "the worker has not come so far within a minute"


@dataclass(frozen=True, kw_only=True, repr=False)
class KilledWorker(Rows):
    """What became of an order whose worker died: `steps` are (when in s, what, the state at its Location), really; `model`
    is a run of the same with a queue that hides what it hands out for `visibility_s`, and does not delete it.

    answer_ms: until the 202. jobs: left in the queue. payments: booked for the order.
    """

    steps: list[tuple[float, str, str]]
    answer_ms: float
    state: str
    jobs: int
    payments: int
    visibility_s: float
    model: Result
    heads = "what happens", "really, s", "in the model with a visibility timeout, s", "the order's state"

    @property
    def model_done_s(self) -> float:
        """When the work is done in the model."""
        return float(self.model.messages.done_s.iloc[0])

    @property
    def model_receives(self) -> int:
        """How often the model hands the message out."""
        return int(self.model.messages.receives.iloc[0])

    @property
    def sentence(self) -> str:
        left = "no job" if not self.jobs else counted(self.jobs, "job")
        return (
            f"The order is “{self.state}”, {left} for it lies in the queue, and {counted(self.payments, 'payment')} "
            f"of it {'was' if self.payments == 1 else 'were'} booked."
        )

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        model = self._modelled()
        really = [(what, f"{at_s:.1f}", model.pop(what, "–"), state) for at_s, what, state in self.steps]
        return really + [(what, "–", at, "") for what, at in model.items()]

    def _modelled(self) -> dict[str, str]:
        ((dies_s, _), (back_s, _)) = self.model.records.deaths["worker"][0]
        steps = {
            TAKEN: 0.0,
            KILLED: dies_s,
            BACK: back_s,
            f"not deleted within {seconds(self.visibility_s)}: handed out again": max(self.visibility_s, back_s),
            "done, and deleted": self.model_done_s,
        }
        return {what: f"{at_s:.1f}" for what, at_s in steps.items()}


def kill_worker(api: Api, *, visibility_s: float = 5.0) -> KilledWorker:
    """Place an order, kill the worker (as a power cut does) in the middle of the job, start another, and look.

    The new worker shows that it works on an order that is placed then. visibility_s: of the model beside it.
    Raises ValueError for an API without a worker.
    """
    (orders, worker), before = _queue(api), len(api.rows()["payments"])
    worker.start()
    card_s, orders.card_s = orders.card_s, 2.0
    begun, steps = time.time(), []

    def step(what: str) -> None:
        steps.append((time.time() - begun, what, api.request("GET", place).json()["state"]))

    try:
        sent = api.request("POST", "/orders", json=ORDER)
        place, number = sent.headers["location"], sent.json()["id"]
        step(f"{sent.status_line}, Location: {place}")
        until(lambda: orders.known(number)["state"] == "at work", SO_FAR, within_s=60)
        step(TAKEN)
        time.sleep(0.5)
        worker.kill()
        step(KILLED)
        worker.start()
        step(BACK)
    finally:
        orders.card_s = card_s
    killed_s, back_s = steps[2][0], steps[3][0]
    next_one = api.request("POST", "/orders", json=ORDER).json()["id"]
    until(lambda: orders.known(next_one)["state"] == "done", SO_FAR, within_s=60)
    step(f"it has done order {next_one}, placed after that")
    taken_s = steps[1][0]
    return KilledWorker(
        steps=steps,
        answer_ms=sent.elapsed_ms,
        state=steps[-1][2],
        jobs=orders.jobs,
        payments=len(api.rows()["payments"]) - before - 1,
        visibility_s=visibility_s,
        model=_model(visibility_s, killed_s - taken_s, back_s - killed_s),
    )


def _model(visibility_s: float, at_s: float, for_s: float) -> Result:
    """One message, the same work, and a worker that dies as long after it has taken it."""
    one, queue = Clients("Order", rate_per_s=0.001, arrivals="even"), Queue(visibility_s=visibility_s, store_ms=0)
    system = one >> queue >> Server("Worker", workers=1, service_ms=2000, service_cv=0)
    return simulate(system, duration_s=visibility_s + for_s + 60, events=[Outage("worker", at_s, for_s)])


@dataclass(frozen=True, kw_only=True, repr=False)
class FailingJob(Rows):
    """A job whose answers got lost: `log` are (when in s, what), `charges` how many payments were booked for one order."""

    log: list[tuple[float, str]]
    keyed: bool
    charges: int
    heads = "attempt", "begins at, s", "what came of it", "pause, s"

    @property
    def attempts(self) -> int:
        return sum(what == "at work" for _, what in self.log)

    @property
    def pauses_s(self) -> list[float]:
        """From each failure to the next attempt."""
        return [b - a for (a, what), (b, _) in pairwise(self.log) if what == "no answer"]

    @property
    def sentence(self) -> str:
        pauses = f", after pauses of {listed(f'{pause:.1f} s' for pause in self.pauses_s)}" if self.pauses_s else ""
        key = "with the order's key" if self.keyed else "without a key"
        return f"{counted(self.attempts, 'attempt')}{pauses}, {key}: {counted(self.charges, 'payment')} booked for one order."

    @property
    def rows(self) -> list[tuple[int, str, str, str]]:
        begun = [f"{at_s:.1f}" for at_s, what in self.log if what == "at work"]
        came = [what for _, what in self.log if what != "at work"]
        pauses = [*(f"{pause:.1f}" for pause in self.pauses_s), "", ""]
        return [(n, *row) for n, row in enumerate(zip(begun, came, pauses, strict=False), 1)]


def failing_job(api: Api, *, key: bool = True) -> FailingJob:
    """Place an order whose first two bookings are made, but not answered: the worker fails, and tries again later.

    key: does the worker name the order in each attempt? Raises ValueError for an API without a worker.
    """
    (orders, worker), before = _queue(api), len(api.rows()["payments"])
    worker.start()
    keyed, orders.key, begun = orders.key, key, time.time()
    api.faults.lose_answers = 2
    try:
        number = orders.add(**ORDER)["id"]
        until(lambda: orders.known(number)["state"] in ("done", "failed"), SO_FAR, within_s=60)
    finally:
        orders.key = keyed
        api.faults.lose_answers = 0
    log = [(at_s - begun, what) for at_s, what in orders.log(number)]
    return FailingJob(log=log, keyed=key, charges=len(api.rows()["payments"]) - before)


def _queue(api: Api) -> "tuple[Orders, Worker]":
    if not isinstance(api, Api) or not api.worker or not api.running:
        raise ValueError("this needs the API with a worker: start_api(worker=True)")
    return api.worker.orders, api.worker
