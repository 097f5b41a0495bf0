"""What the first page of a site costs in round trips, before anything is shown."""

from typing import NamedTuple

from pmtech import theory
from pmtech.charts.plot import KEPT, TEXT, bars, ceiling, note, over_rows
from pmtech.diagram.places import answers_at
from pmtech.runs.result import Result

STEPS = ("name (DNS)", "connection (TCP)", "key (TLS)", "request", "work")
COLOURS = [f"var(--pmtech-{name})" for name in ("series-4", "series-3", "series-2", "pinned", "served")]


class Page(NamedTuple):
    """A page that a viewer waits for: where it comes from, in how many round trips, and the work (ms) besides."""

    viewer: str | None
    other: str | None
    trips: int
    work_ms: float

    @property
    def km(self) -> float:
        return theory.distance_km(self.viewer, self.other) if self.viewer and self.other else 0.0

    @property
    def trip_ms(self) -> float:
        return theory.round_trip_ms(self.viewer, self.other) if self.viewer and self.other else 0.0

    @property
    def steps(self) -> list[float]:
        """How long each of STEPS takes, in ms: TLS what is left of the round trips besides one for each other."""
        trips = self.trips >= 3, self.trips >= 2, max(0, self.trips - 3), 1
        return [*(self.trip_ms * number for number in trips), self.work_ms]

    @property
    def ms(self) -> float:
        return sum(self.steps)

    @property
    def said(self) -> str:
        return (
            f"From {self.other}: {self.km:,.0f} km, {self.trip_ms:.0f} ms there and back; a first page takes {self.trips} round "
            f"trips (name, connection, key, request) and {self.work_ms:g} ms of work: {self.ms:,.0f} ms."
        )


def pages(viewer: str, others: dict[str, float]) -> list[Page]:
    """First pages from each of these cities, and how long the work takes there."""
    return [Page(viewer, other, theory.round_trips(), work_ms) for other, work_ms in others.items()]


def figure(rows: dict[str, Page]) -> dict:
    """A row a page, called so."""
    at = {label: -row for row, label in enumerate(rows)}
    data, notes, begins = [], [], dict.fromkeys(rows, 0.0)
    for number, (name, colour) in enumerate(zip(STEPS, COLOURS, strict=True)):
        widths = [page.steps[number] for page in rows.values()]
        data.append(bars(name, [*at.values()], widths, [*begins.values()], colour, 0.6))
        begins = {label: begin + width for (label, begin), width in zip(begins.items(), widths, strict=True)}
    longest = max(page.ms for page in rows.values())
    for label, page in rows.items():
        notes.append(note(f"{page.ms:,.0f} ms", page.ms, at[label], TEXT, "left", 6))
    begin = 0.0
    for step, width in zip(STEPS, next(iter(rows.values())).steps, strict=True):
        name = step.partition(" ")[0]
        if width > 0.012 * len(name) * longest:  # above its stretch, where there is room
            notes.append(note(name, begin + width / 2, 0.4, TEXT, "center", size=12))
        begin += width
    ticks = {row: label for label, row in at.items()}
    return over_rows(data, notes, ticks, ceiling(1.15 * longest or 1), "ms until the first byte of a first page")


def first_page(result: Result, pinned: Result | None = None) -> dict:
    """What half of the answers wait for no longer than, step by step: a round trip each, then work and waiting."""
    shown = ({f"{KEPT}: ": pinned} if pinned else {}) | {"": result}
    found = {label: _page(run) for label, run in shown.items()}
    return figure({f"{label}from {page.other or 'here'}\n{page.km:,.0f} km": page for label, page in found.items()})


def _page(result: Result) -> Page:
    """How the first of the clients in the picture waits."""
    name, source = next(iter(result.system.sources.items()))
    other = answers_at(result.system, source.place) if source.place else None
    bare = Page(source.place, other, source.round_trips, 0.0)
    half_ms = result.by_client.p50_ms[name]
    return bare._replace(work_ms=max(0.0, half_ms - bare.ms) if half_ms == half_ms else 0.0)
