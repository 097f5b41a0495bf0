"""Where the parts of a system stand: cities by their degrees, without a map of anybody's, and who asks whom."""

from functools import partial
from html import escape

from pmtech import theory
from pmtech.system.system import System
from pmtech.wording import listed

WIDTH, EDGE, LINE = 720, 40, 18  # px: of the drawing, around it, of a line of text


class Way:
    """From a city of viewers to the city that answers them."""

    def __init__(self, viewer: str, other: str):
        self.viewer, self.other = viewer, other
        self.km, self.ms = theory.distance_km(viewer, other), theory.round_trip_ms(viewer, other)

    @property
    def said(self) -> str:
        return f"{self.viewer}: {self.km:,.0f} km to {self.other}, {self.ms:.0f} ms there and back"


def ways(system: System) -> list[Way]:
    """Each city of viewers with the one that answers there."""
    sources = {part.place for part in system.sources.values() if part.place}
    found = [Way(city, other) for city in sorted(sources) if (other := answers_at(system, city))]
    if not found:
        raise ValueError('a picture of places needs viewers and servers that have one: Clients(place="Mumbai", ...)')
    return found


def answers_at(system: System, viewer: str) -> str | None:
    """The city that answers them: that of the nearest copies, or else where the first part stands that has a place."""
    parts = [part for part in system.components.values() if not part.is_source]
    cities = [city for part in parts for city in part.copies_in] or [part.place for part in parts if part.place][:1]
    return min(cities, key=partial(theory.distance_km, viewer), default=None)


def svg(system: System) -> str:
    """The cities as they lie to one another, west left and north up, each way a line with its light's time."""
    found = ways(system)
    near = {city for part in system.components.values() for city in part.copies_in}
    origins = {part.place for part in system.components.values() if part.place and not part.is_source}
    names = sorted({way.viewer for way in found} | near | origins)
    at = _laid_out(names)
    height = round(max(y for _, y in at.values()) + EDGE + LINE)
    said = {way.viewer: f"{way.viewer}: {way.ms:.0f} ms" for way in found}
    title = f"Light's time there and back. {listed([way.said for way in found])}."
    drawn = [
        f'<line x1="{at[w.viewer][0]}" y1="{at[w.viewer][1]}" x2="{at[w.other][0]}" y2="{at[w.other][1]}" '
        'stroke="var(--pmtech-quiet)" stroke-width="1.5"/>'
        for w in found
    ]
    lines = [(*at[w.viewer], *at[w.other]) for w in found]
    taken: list[tuple[float, float, float]] = []  # left, base line, width
    for name in names:
        x, y = at[name]
        role = "var(--pmtech-series-2)" if name in near else "var(--pmtech-served)"
        shape = (
            f'<rect x="{x - 7}" y="{y - 7}" width="14" height="14" fill="{role}"/>'
            if name in near | origins
            else f'<circle cx="{x}" cy="{y}" r="5" fill="var(--pmtech-text)"/>'
        )
        words = said.get(name, name) + (" (edge)" if name in near else " (servers)" if name in origins else "")
        drawn += [shape, _label(words, x, y, height, taken, lines)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" style="max-width: {WIDTH}px">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )


def _laid_out(names: list[str]) -> dict[str, tuple[float, float]]:
    """Degrees as px, one scale for both, over the part of the earth that is needed."""
    degrees = {name: theory.coordinates(name) for name in names}
    north, west = max(d[0] for d in degrees.values()), min(d[1] for d in degrees.values())
    wide = max(max(d[1] for d in degrees.values()) - west, 40)
    scale = (WIDTH - 2 * EDGE - 130) / wide
    return {
        name: (round(EDGE + (e - west) * scale, 1), round(EDGE + (north - n) * scale, 1))
        for name, (n, e) in degrees.items()
    }


def _label(words: str, x: float, y: float, height: float, taken: list, lines: list) -> str:
    """Beside its city, where no other label stands yet and the fewest lines pass."""
    wide = 7.2 * len(words)
    places = [(x + 11, y + 5), (x - 11 - wide, y + 5), (x - wide / 2, y - 13), (x - wide / 2, y + 24)]
    places += [(x - 5, y - 13), (x - 5, y + 24)]
    free = [(a, b) for a, b in places if a >= 0 and a + wide <= WIDTH and b - 13 >= 0 and b <= height
            and all(a + wide < c or c + w < a or abs(b - d) >= LINE for c, d, w in taken)]  # fmt: skip

    def passing(place: tuple[float, float]) -> int:
        (a, b), along = place, range(1, 20)
        return sum(any(a < x1 + (x2 - x1) * t / 20 < a + wide and b - 13 < y1 + (y2 - y1) * t / 20 < b + 4 for t in along)
                   for x1, y1, x2, y2 in lines)  # fmt: skip

    left, base = min(free or places, key=passing)
    taken.append((left, base, wide))
    return f'<text x="{left:.0f}" y="{base:.0f}" font-size="13" fill="var(--pmtech-text)" stroke="var(--pmtech-ground)" stroke-width="4" paint-order="stroke">{escape(words)}</text>'
