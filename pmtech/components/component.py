"""What all components have in common: a name, the `>>` that joins them, and what each says of itself.

Whoever draws, explains, prices or plays a system asks the part, never its class: a new part is one file that says here
what it is. What it does to a request stands in its `Part`, in the same file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, NamedTuple

import numpy as np

from pmtech.components.defaults import Defaults
from pmtech.components.named import Named
from pmtech.components.rates import Mix, within


class StationSpec(NamedTuple):
    """Places of work with a queue before them, as a component sets them up for each of its machines."""

    places: int
    mean_s: float  # own work on a request,
    cv: float  # and its coefficient of variation
    limit: int | None  # waiting places; None: no end
    held: bool  # is the place held while what lies downstream answers?


class Finding(NamedTuple):
    """Something worth saying of a run. Those of one rule become one sentence; the greater `weight` comes first."""

    rule: str
    weight: int
    said: str


@dataclass(frozen=True, repr=False)
class Component(Named, Defaults):
    """A part of a system. Parts are values: frozen, compared by what they hold, joined by `>>`."""

    # --- what it is to a reader ------------------------------------------------------------------------------------
    kind: ClassVar[str] = "part"  # the word for it: "server", "database", "network", "cache", "clients", ...
    icon: ClassVar[str] = "M3 3h14v14H3z"  # drawn as lines on a grid of 20
    question: ClassVar[str | None] = None  # what to settle with engineering
    verb: ClassVar[str] = "can serve"  # what it does with its capacity, of one
    verbs: ClassVar[str] = "can serve"  # and of several
    slots: ClassVar[str] = "workers"  # what of it a request takes, until the work behind it is done

    # --- what it can do --------------------------------------------------------------------------------------------
    is_source: ClassVar[bool] = False
    fan_out: ClassVar[str] = "one"  # what may come after it: "none", "one", a "pool", "routes", or "all" at once
    needs_next: ClassVar[bool] = False  # is there no answer without something behind it? (its `Part` says `next: Part`)
    pulls: ClassVar[bool] = False  # does it hand on only what somebody behind it is free to take?
    detached: ClassVar[bool] = False  # is the request answered here, and what lies behind works without it?
    makes_wait: ClassVar[bool] = False  # is there a queue before or in it? (capacity inf: only its `findings` tell)
    remembers: ClassVar[bool] = False  # does it answer some requests itself, by their key?
    thins: ClassVar[bool] = False  # does it send on less than in proportion to what comes?
    noted: ClassVar[tuple[str, ...]] = ()  # columns of what its `Part.notes` holds, the first of them the moment
    waits: ClassVar[bool] = False  # does it wait for an answer before it asks again?
    holds_data: ClassVar[bool] = False  # do answers come from here in the end?

    @property
    def most_replicas(self) -> int:
        """So many machines there may be in the long run."""
        return self.autoscale.most if self.autoscale else self.replicas

    @property
    def copies_in(self) -> tuple[str, ...]:
        """The cities where it keeps copies of answers, near those who ask."""
        return ()

    def facts(self, copies: int = 1, held_ms: float = 0.0) -> list[str]:
        """How it is set up, a few words each: the lines in its box.

        copies: so many stand in the box. held_ms: so long a request keeps a worker busy besides its own work.
        """
        return []

    def conditions(self) -> list[str]:
        """What a page for colleagues should say besides of how it is set up."""
        return []

    @property
    def station(self) -> StationSpec | None:
        """Its places of work, for each machine; None: it does no work of its own."""
        return None

    @property
    def capacity_per_s(self) -> float:
        """Requests a second that all its machines together let through, if nothing else holds them up; inf: no such limit,
        or one for each caller."""
        station = self.station
        return inf if station is None else self.replicas * station.places / station.mean_s

    @property
    def counts_each(self) -> bool:
        """Is its limit one for each caller?"""
        return False

    @property
    def stands_in(self) -> bool:
        """Does it answer with something simpler where others fail?"""
        return False

    @property
    def own_s(self) -> float:
        """Mean seconds that it takes itself for a request, nobody else in the way."""
        return 0.0 if self.station is None else self.station.mean_s

    @property
    def looks_per_s(self) -> float:
        """How often a second it looks at machines, whether or not a request comes."""
        return 1 / self.autoscale.every_s if self.autoscale else 0.0

    def is_markov(self, last: bool) -> bool:
        """Have its work and arrivals no memory, and does nothing but its own queue decide when work begins?

        last: nothing comes after it. What may be said of the long run by closed forms hangs on it.
        """
        return False

    @property
    def waiting_limit(self) -> int | None:
        """How many may wait, at each of its machines; None: no end."""
        return self.station.limit if self.station else None

    def refuses_excess(self) -> bool:
        """Is what it can't take refused, rather than made to wait?"""
        return self.waiting_limit is not None

    def passes(
        self, mix: Mix, capacity: float, callers: Mapping[str, int], routes: set[str | None]
    ) -> tuple[Mix, float]:
        """Mean rates, like water: what of a mix gets through, and how much a second is refused."""
        passed, excess = within(mix, capacity)
        return passed, excess if self.refuses_excess() else 0.0

    def leaves(self, coming: dict[str, tuple[np.ndarray, np.ndarray]], callers: Mapping[str, int]) -> dict:
        """What one that remembers does not answer itself: source -> reads and writes a second of each key."""
        return coming

    def may_keep(self, endpoint: str) -> bool:
        """Are answers of this endpoint kept, where any are?"""
        return True

    def asks(self, branches: int) -> float:
        """How many times each of its branches is asked for a request, where a request goes to all or to some of them."""
        return 1.0

    def trouble(self, refused: bool) -> list[str]:
        """Words for its box beside how much it refuses."""
        return []

    # --- what it reports after a run -------------------------------------------------------------------------------

    def figures(self, notes: np.ndarray) -> dict[str, float]:
        """Columns of `Result.components` of its own, from what it noted in the measured window."""
        return {}

    def findings(self, label: str, figures: Mapping[str, float]) -> list[Finding]:
        """What of its own figures is worth a sentence in `explain()`."""
        return []

    def extra_usd(self, notes: np.ndarray, begin_s: float, end_s: float) -> float:
        """What it cost from `begin_s` to `end_s` besides its `replicas` at their price."""
        return 0.0

    # --- how it runs -----------------------------------------------------------------------------------------------

    def running(self, *args) -> Any:
        """Its `Part`, which names it (`class CachePart(Part, runs=Cache)`): the same thing while a run goes on."""
        raise TypeError(f"{type(self).__name__} does not say how it runs")

    def watcher(self, name: str, run) -> Any:
        """Something that watches its machines during a run, and turns its knobs; it hears by `change()` of new ones."""

    # system/ lies above the components and hands the operator down when it is imported.
    join: ClassVar[Callable]

    def __rshift__(self, other):
        return Component.join(self, other)

    def __rrshift__(self, other):
        return Component.join(other, self)
