"""`load_test`: a load test of the real API that shows itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from pmtech.charts.load_test import figure
from pmtech.components import Server
from pmtech.panels.figure import Figure
from pmtech.web.app.server import Api
from pmtech.web.experiments.load_run import SERVER, run_load_test
from pmtech.web.experiments.load_test import LoadTest


@dataclass(frozen=True, kw_only=True, repr=False)
class ShownLoadTest(LoadTest):
    """A load test that shows itself in a notebook: a curve, or with a stall the two testers."""

    def panel(self) -> Figure:
        name = "Time to answer at each rate, really and in the model"
        drawn = figure(self.table, self.server.capacity_per_s)
        return Figure(figure=drawn, height=300, name=name, said=[*self.said, self.needs])

    def _repr_mimebundle_(self, **_) -> dict:
        shown = {"text/html": self.testers._repr_html_()} if self.stall_s else self.panel()._repr_mimebundle_()
        return {**shown, "text/plain": repr(self)}


def load_test(
    api: Api,
    rate_per_s: float | Iterable[float] = (10, 20, 32, 38),
    *,
    server: Server = SERVER,
    for_s: float = 2.0,
    stall_s: float = 0.0,
    seed: int = 2,
) -> LoadTest:
    """Send to the real API at one rate after another, and run the same requests through the model.

    The API would do thousands a second. For the test a door before it lets in as many at a time as `server` has workers,
    each for as long as its work takes: then `server` is the model of it. Requests come when they are due (open loop), at
    random moments, from three callers to four endpoints; for_s: how long each rate is kept, until all are answered.
    stall_s: in the middle everything stands still for so long, and a tester who waits for each answer sends beside.
    `.table` and `.testers` are the figures; `.log` is the access log that was written, for `Clients.from_log`.

    What this leaves out: another machine for the tester, the network, data that grow, hours. Raises ValueError with a sentence.
    """
    run = run_load_test(api, rate_per_s, server=server, for_s=for_s, stall_s=stall_s, seed=seed)
    return ShownLoadTest(**vars(run))
