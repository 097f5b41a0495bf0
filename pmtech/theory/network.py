"""Light takes its time: great circles between cities, and the round trips of a first answer."""

import math
import unicodedata
from functools import lru_cache

from pmtech.theory.checks import number
from pmtech.wording import nearest

EARTH_KM = 6371.0088  #: mean radius
FIBRE_KM_PER_MS = 200.0  #: light in glass: two thirds of its speed in vacuum

#: Latitude and longitude in degrees, north and east positive, to a hundredth (1 km). GeoNames.
PLACES = {
    "Amsterdam": (52.37, 4.89), "Ashburn": (39.04, -77.49), "Athens": (37.98, 23.73), "Atlanta": (33.75, -84.39),
    "Auckland": (-36.85, 174.76), "Bahrain": (26.23, 50.59), "Bangalore": (12.97, 77.59), "Bangkok": (13.75, 100.5),
    "Beijing": (39.91, 116.4), "Bengaluru": (12.97, 77.59), "Berlin": (52.52, 13.41), "Bogota": (4.61, -74.08),
    "Boston": (42.36, -71.06), "Buenos Aires": (-34.61, -58.38), "Cairo": (30.06, 31.25), "Cape Town": (-33.93, 18.42),
    "Chennai": (13.09, 80.28), "Chicago": (41.85, -87.65), "Colombo": (6.94, 79.85), "Dallas": (32.78, -96.81),
    "Delhi": (28.65, 77.23), "Dhaka": (23.71, 90.41), "Dubai": (25.08, 55.31), "Dublin": (53.33, -6.25),
    "Frankfurt": (50.12, 8.68), "Hong Kong": (22.28, 114.17), "Hyderabad": (17.38, 78.46), "Istanbul": (41.01, 28.95),
    "Jakarta": (-6.21, 106.85), "Johannesburg": (-26.2, 28.04), "Karachi": (24.86, 67.01), "Kolkata": (22.56, 88.36),
    "Kuala Lumpur": (3.14, 101.69), "Lagos": (6.45, 3.39), "Lima": (-12.04, -77.03), "Lisbon": (38.73, -9.15),
    "London": (51.51, -0.13), "Los Angeles": (34.05, -118.24), "Madrid": (40.42, -3.7), "Manila": (14.6, 120.98),
    "Melbourne": (-37.81, 144.96), "Mexico City": (19.43, -99.13), "Miami": (25.77, -80.19), "Milan": (45.46, 9.19),
    "Montreal": (45.51, -73.59), "Moscow": (55.75, 37.62), "Mumbai": (19.07, 72.88), "Nairobi": (-1.28, 36.82),
    "New Delhi": (28.64, 77.22), "New York": (40.71, -74.01), "Osaka": (34.69, 135.5), "Paris": (48.85, 2.35),
    "Perth": (-31.95, 115.86), "Portland": (45.52, -122.68), "Pune": (18.52, 73.86), "Riyadh": (24.69, 46.72),
    "San Francisco": (37.77, -122.42), "Santiago": (-33.46, -70.65), "Sao Paulo": (-23.55, -46.64),
    "Seattle": (47.61, -122.33), "Seoul": (37.57, 126.98), "Shanghai": (31.22, 121.46), "Singapore": (1.29, 103.85),
    "Stockholm": (59.33, 18.07), "Sydney": (-33.87, 151.21), "Tel Aviv": (32.08, 34.78), "Tokyo": (35.69, 139.69),
    "Toronto": (43.71, -79.4), "Vienna": (48.21, 16.37), "Warsaw": (52.23, 21.01), "Washington": (38.9, -77.04),
    "Zurich": (47.37, 8.55),
}  # fmt: skip


def distance_km(place: str, other: str) -> float:
    """Great-circle distance between two cities of `PLACES` in km, upper case and accents aside.

    Haversine on a sphere of `EARTH_KM`; the flattening of the earth moves it by less than 0.6 %.
    """
    return _great_circle_km(coordinates(place), coordinates(other))


@lru_cache(maxsize=4096)  # a run asks for the same few again and again
def _great_circle_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    (north, east), (north2, east2) = (map(math.radians, where) for where in (one, other))
    chord = math.sin((north2 - north) / 2) ** 2
    chord += math.cos(north) * math.cos(north2) * math.sin((east2 - east) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))


def round_trip_ms(place: str, other: str) -> float:
    """There and back in fibre, in ms: twice the distance at 200 km a ms. The least that any server can do.

    Taken as straight as the great circle (route factor 1) and without the time of any equipment: real cables are
    longer, real round trips slower; within one city it is 0. Grigorik, High Performance Browser Networking, table 1-1.

    >>> round(round_trip_ms("New York", "London"))
    56
    """
    return 2 * distance_km(place, other) / FIBRE_KM_PER_MS


def round_trips(*, kept: bool = False, tls: float | None = 1.3) -> int:
    """Round trips until the first byte of an answer: DNS 1, TCP 1, TLS 1 (version 1.3) or 2 (1.2), the request 1.

    Where the connection was `kept`, the request alone. `tls=None` is plain HTTP. RFC 8446, RFC 5246; Grigorik, ch. 4.
    """
    if tls is not None and number("tls", tls) not in (1.2, 1.3):
        raise ValueError(f"tls must be 1.2, 1.3 or None, got {tls}")
    return 1 if kept else 3 + {None: 0, 1.3: 1, 1.2: 2}[tls]


def coordinates(place: str) -> tuple[float, float]:
    """Degrees north and east of a city of `PLACES`, upper case and accents aside."""
    if isinstance(place, str) and (found := PLACES.get(place) or _BY_PLAIN_NAME.get(_plain(place))):
        return found
    raise ValueError(f"place must be a city that the map knows, got {place!r}: {nearest(place, PLACES)}")


def _plain(name):
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_BY_PLAIN_NAME = {_plain(name): place for name, place in PLACES.items()}
