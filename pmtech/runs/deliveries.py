"""What became of the messages of a run, as columns: how old they got, how many were open, which overtook others."""

from dataclasses import dataclass
from math import inf, nan

import numpy as np

from pmtech.runs.summary import open_at


@dataclass(frozen=True)
class Deliveries:
    """Columns of some messages, in order of publication, as `Result.messages` has them; until_s: when the run ended."""

    queue: np.ndarray
    published_s: np.ndarray
    received_s: np.ndarray
    done_s: np.ndarray
    receives: np.ndarray
    outcome: np.ndarray
    until_s: float

    @property
    def dead(self) -> np.ndarray:
        """Which of them are dead letters."""
        return self.outcome == "dead"

    def __len__(self) -> int:
        return len(self.published_s)

    @property
    def age_s(self) -> np.ndarray:
        """From publication to the end of the work; NaN for what is not done."""
        return self.done_s - self.published_s

    @property
    def wait_s(self) -> np.ndarray:
        """From publication until it was handed out for the first time; NaN for what was not."""
        return self.received_s - self.published_s

    def within_s(self, share: float) -> float:
        """Within which time this share of all of them was done; NaN where that many are not done, or there is none."""
        ages, rank = np.sort(self.age_s), int(np.ceil(share * len(self) - 1e-9)) - 1  # NaN comes last
        return float(ages[rank]) if len(self) else nan

    @property
    def mean_batch(self) -> float:
        """How many were handed out together on average; those that were handed out at the same moment went together."""
        received = self.received_s[~np.isnan(self.received_s)]
        return len(received) / len(np.unique(received)) if len(received) else nan

    @property
    def oldest_s(self) -> float:
        """The greatest age of any: what is not done yet is as old as it is at the end, a dead letter is never done."""
        if not len(self):
            return nan
        ages = np.where(np.isnan(self.done_s), self.until_s - self.published_s, self.age_s)
        return inf if self.dead.any() else float(ages.max())

    @property
    def again(self) -> int:
        """How often one was handed out after its first time."""
        return int((self.receives - 1).clip(0).sum())

    @property
    def overtaken(self) -> float:
        """The share of those that are done before which one was done that had been published later."""
        done = self.done_s[~np.isnan(self.done_s)]
        soonest_later = np.minimum.accumulate(done[::-1])[::-1]
        return float((soonest_later[1:] < done[:-1]).sum() / len(done)) if len(done) else nan

    def waiting(self, at_s: np.ndarray) -> np.ndarray:
        """How many are published and not done, moment by moment; dead letters lie elsewhere."""
        return open_at(self.published_s[~self.dead], self.done_s, at_s)
