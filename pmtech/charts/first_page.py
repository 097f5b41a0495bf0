"""What the first page of a site costs in round trips, before anything is shown."""

from __future__ import annotations

from pmtech import theory
from pmtech.charts.plot import TEXT, bars, ceiling, note, over_rows

STEPS = ("name (DNS)", "connection (TCP)", "key (TLS)", "request")
COLOURS = ("var(--pmtech-series-4)", "var(--pmtech-series-3)", "var(--pmtech-series-2)", "var(--pmtech-pinned)")


def steps(viewer: str, other: str) -> dict[str, float]:
    """What a first page waits for on the way, in ms: a round trip each."""
    return dict.fromkeys(STEPS[: theory.round_trips()], theory.round_trip_ms(viewer, other))


def figure(viewer: str, others: dict[str, float]) -> dict:
    """A row for each city that may answer, and how long the work takes there."""
    data, notes, ticks, longest = [], [], {}, 0.0
    rows = {other: -row for row, other in enumerate(others)}
    found = {other: [*steps(viewer, other).values(), work_ms] for other, work_ms in others.items()}
    for number, (name, colour) in enumerate(zip((*STEPS, "work"), (*COLOURS, "var(--pmtech-served)"), strict=True)):
        widths = [times[number] for times in found.values()]
        begins = [sum(times[:number]) for times in found.values()]
        data.append(bars(name, [*rows.values()], widths, begins, colour, 0.6))
    for other, times in found.items():
        longest = max(longest, sum(times))
        notes.append(note(f"{sum(times):,.0f} ms", sum(times), rows[other], TEXT, "left", 6))
        ticks[rows[other]] = f"from {other}"
    drawn = over_rows(data, notes, ticks, ceiling(longest), "ms until the first byte of a first page")
    drawn["layout"]["xaxis"]["range"] = [0, longest * 1.15 or 1]
    drawn["layout"]["barmode"] = "overlay"
    return drawn


def said(viewer: str, others: dict[str, float]) -> list[str]:
    """The chart in sentences."""
    trips = theory.round_trips()
    return [
        f"From {other}: {theory.distance_km(viewer, other):,.0f} km, {theory.round_trip_ms(viewer, other):.0f} ms there and "
        f"back; a first page takes {trips} round trips (name, connection, key, request) and {work_ms:g} ms of work: "
        f"{trips * theory.round_trip_ms(viewer, other) + work_ms:,.0f} ms."
        for other, work_ms in others.items()
    ]
