"""What the parts of a system did in a run: what they could have done, who waited before them, how busy they were."""

from functools import cached_property

import numpy as np
import pandas as pd

from pmtech.kinds import explained
from pmtech.runs.events.event import Slow
from pmtech.runs.offers import Offer, offers
from pmtech.runs.recorded import Recorded


@explained
class Stations(Recorded):
    """A run by its parts."""

    def offers(
        self, *names: str, since: float = 0.0, until: float | None = None, machine: int | None = None
    ) -> list[Offer]:
        """What these parts, or one machine of them, offered together, stretch by stretch: see `Offer`."""
        until = self.duration_s if until is None else until
        return offers(self.history, self.records.deaths, names, since, until, machine, self.slowed)

    @cached_property
    def slowed(self) -> list[Slow]:
        """Whose work was slowed by what happened meanwhile, and from when until when."""
        return [slow for event in self.events for slow in event.slows(self.system)]

    def backlog(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """When each request joined the queue before a component and when it left it (infinity: it stands there yet); of
        the messages that a queue keeps, until they are handed out for the first time."""
        if self.at_end.components[name].pulls:
            told = self.records.messages
            joined, gone = (told[column][told["queue"] == name] for column in ("published_s", "received_s"))
        else:
            visits = self.records.visits[name]
            joined, gone = visits.entered_s, np.fmin(visits.started_s, visits.left_s)  # of NaN and a number, the number
        gone = np.where(np.isnan(gone), np.inf, gone)
        waited = gone > joined
        return joined[waited], gone[waited]

    def waiting_at(self, name: str, at_s: float) -> int:
        """How many requests stand in the queue before a component at a moment."""
        joined, gone = self.backlog(name)
        return int(((joined <= at_s) & (gone > at_s)).sum())

    @cached_property
    def components(self) -> pd.DataFrame:
        """A row a component that handles requests.

        utilisation: share of the places of work that were taken, on average (a worker that is held while it waits
        for a database counts as taken, a place of a dead machine is none); for a throttle the share of its rate. More
        than 1 where places were taken away while work on them went on. mean_queue, max_queue: requests in line, for a
        `Queue` the messages that it keeps. served, rejected: how many it let through, and how many it refused itself.
        What a part counts besides stands in columns of its own: see `figures` of its class.
        """
        begin, end = self.warmup_s, self.duration_s
        refusals = self.records.refusals
        rows = {}
        for name, visits in self.records.visits.items():
            joined, gone = self.backlog(name)
            gone = np.minimum(gone, end)
            waits = np.clip(gone, begin, end) - np.clip(joined, begin, end)
            refused = int(((refusals.component == name) & (refusals.at_s >= begin)).sum())
            rows[name] = {
                "utilisation": self._utilisation(name),
                "mean_queue": float(waits.sum()) / self.window_s,
                "max_queue": _most(joined[gone > begin], gone[gone > begin], begin),
                "served": int((visits.left_s >= begin).sum()) - refused,
                "rejected": refused,
                **self.figures(name),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("component")

    def figures(self, name: str) -> dict[str, float]:
        """What a part counts of its own, in the measured window."""
        notes = self.records.notes.get(name)
        if notes is None:
            return {}
        return self.at_end.components[name].figures(notes[notes[:, 0] >= self.warmup_s])

    def _utilisation(self, name: str) -> float:
        begin, end, visits = self.warmup_s, self.duration_s, self.records.visits[name]
        offered = self.offers(name, since=begin)
        if places_s := sum(offer.places * offer.lasts_s for offer in offered):
            leaves = np.where(np.isnan(visits.left_s), end, visits.left_s)
            work = np.clip(leaves, begin, end) - np.clip(visits.started_s, begin, end)
            return float(np.nansum(work)) / places_s
        turns = sum(offer.per_s * offer.lasts_s for offer in offered)
        return min(1.0, float((visits.started_s >= begin).sum()) / turns) if turns else np.nan


def _most(begins: np.ndarray, ends: np.ndarray, since: float) -> int:
    """The greatest number of intervals [begin, end) that overlap at any moment from `since` on."""
    times = np.concatenate([np.maximum(begins, since), ends])
    steps = np.concatenate([np.ones(len(begins), dtype=int), -np.ones(len(ends), dtype=int)])[np.lexsort(
        (np.concatenate([np.ones(len(begins)), np.zeros(len(ends))]), times))]  # fmt: skip
    return int(np.cumsum(steps).max(initial=0))
