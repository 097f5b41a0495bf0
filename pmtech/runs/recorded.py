"""What was written down in a run: plain records, a row a request, a visit, a refusal or a message."""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pmtech.engine.records import Records
from pmtech.runs.deliveries import Deliveries
from pmtech.runs.offers import History
from pmtech.system.system import System


@dataclass(eq=False, repr=False)
class Recorded:
    """The records of one run, as tables."""

    system: System
    records: Records
    _: KW_ONLY
    duration_s: float
    warmup_s: float
    seed: int
    history: History
    events: tuple = ()  # as they were given to `simulate`
    rollbacks: tuple[tuple[float, str], ...] = ()  # (when, of which part a new version was taken back by itself)
    others: tuple[pd.Series, ...] = ()  # the summaries of the other replications

    @property
    def window_s(self) -> float:
        """Seconds that are measured: the run without its warm-up."""
        return self.duration_s - self.warmup_s

    @property
    def at_end(self) -> System:
        """The system with the knobs as they were left."""
        return self.history[-1][1]

    @cached_property
    def requests(self) -> pd.DataFrame:
        """A row a request, in order of arrival; status 0 is still inside at the end."""
        r = self.records
        return pd.DataFrame(
            {
                "client": pd.Series(np.array(r.sources, dtype=object)[r.client], dtype=object),
                "endpoint": pd.Series(r.endpoint(), dtype=object),
                "key": r.key(),
                "arrived_s": r.arrived_s,
                "finished_s": r.finished_s,
                "latency_ms": (r.finished_s - r.arrived_s) * 1000,
                "status": r.status,
                "served_by": pd.Series(r.served_by(), dtype=object),
            }
        )

    @cached_property
    def visits(self) -> pd.DataFrame:
        """A row a request and component: when it came, when work on it began, when it left (NaN: not yet)."""
        frames = [
            pd.DataFrame(
                {
                    "request": visits.row,
                    "component": pd.Series([name] * len(visits.row), dtype=object),
                    "entered_s": visits.entered_s,
                    "started_s": visits.started_s,
                    "left_s": visits.left_s,
                }
            )
            for name, visits in self.records.visits.items()
        ]
        # Stable: within a request the parts stay in flow order.
        return pd.concat(frames, ignore_index=True).sort_values("request", kind="stable", ignore_index=True)

    @cached_property
    def refusals(self) -> pd.DataFrame:
        """A row a refused request: where and when, the status, and the Retry-After in seconds (NaN: none was sent)."""
        columns = vars(self.records.refusals)
        return pd.DataFrame(columns).rename(columns={"row": "request"}).astype({"component": object})

    @cached_property
    def messages(self) -> pd.DataFrame:
        """A row a message, in order of publication: published_s, first received_s and done_s (NaN: not yet), how often it
        was handed out, and what became of it: "done", "waiting", "in flight" or "dead"."""
        return pd.DataFrame({name: pd.Series(column) for name, column in self.records.messages.items()})

    def messages_of(self, *queues: str) -> Deliveries:
        """The messages that were published in the measured window, as columns; without names, those of all queues."""
        told = self.records.messages
        mine = told["published_s"] >= self.warmup_s
        if queues:
            mine &= np.isin(told["queue"], queues)
        return Deliveries(**{name: column[mine] for name, column in told.items()}, until_s=self.duration_s)

    @property
    def queues(self) -> list[str]:
        """The parts that keep or copy messages, in the order in which they published."""
        return list(dict.fromkeys(self.records.messages["queue"].tolist()))
