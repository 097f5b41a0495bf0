"""An object store: files of any size, for rent."""

from dataclasses import dataclass

import numpy as np

from pmtech.components.component import Component
from pmtech.components.fields import number
from pmtech.engine.clock import Steps
from pmtech.engine.part import Part
from pmtech.engine.request import Request
from pmtech.wording import plain


@dataclass(frozen=True, kw_only=True, repr=False)
class ObjectStore(Component):
    """Keeps files (pictures, videos, exports) outside the database: `first_byte_ms` until the first byte comes, the rest at
    `mbit_per_s`; as many at a time as come. The size of a file is that of its endpoint in `Clients(kb=...)`.

    price_usd_per_gb: for what leaves it.

    What this leaves out: what keeping files costs, limits on requests, that first bytes differ, how copies are kept in
    several places.
    """

    first_byte_ms: float = number(30.0, at_least=0, at_most=60_000)
    mbit_per_s: float = number(400.0, more_than=0, at_most=1e6)
    price_usd_per_gb: float = number(0.09, at_least=0, at_most=1000)

    kind = "object store"
    icon = "M3 6l7-3 7 3v8l-7 3-7-3zM3 6l7 3 7-3M10 9v8"
    question = "Who may read a file, for how long is its address valid, and when is it deleted?"
    fan_out = "none"
    holds_data = True
    noted = ("at_s", "kb")

    @property
    def own_s(self) -> float:
        return self.first_byte_ms / 1000

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        return [f"first byte after {plain(self.first_byte_ms)} ms", f"{plain(self.mbit_per_s)} Mbit/s"]

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """gb: what left it."""
        return {"gb": float(notes[:, 1].sum() / 1e6)}

    def extra_usd(self, notes: np.ndarray, begin_s: float, end_s: float) -> float:
        """What the bytes cost that left it."""
        sent = notes[(notes[:, 0] >= begin_s) & (notes[:, 0] < end_s), 1].sum() if len(notes) else 0.0
        return float(sent) / 1e6 * self.price_usd_per_gb


class ObjectStorePart(Part, runs=ObjectStore):
    mortal = True

    def fail(self) -> None:
        """Whoever was being sent a file hears no more of it."""
        self.run.hurry({visit[0] for visit in self.visits if visit[3] != visit[3]}.__contains__)

    def handle(self, request: Request) -> Steps:
        visit, spec, died = self.visit(request), self.spec, len(self.deaths)
        visit[2] = self.env._now
        request.served_by = request.served_by or self.machine
        needs_s = spec.first_byte_ms / 1000 + request.kb * 8 / 1000 / spec.mbit_per_s
        yield self.stretched(needs_s, request) if self.slowness else needs_s
        if len(self.deaths) > died:
            return self.refuse(request, visit, 502)
        visit[3] = self.env._now
        self.notes.append((self.env._now, request.kb))
        return 200
