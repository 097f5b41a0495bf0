"""Distances against an ellipsoid worked out another way, and against the table of the book."""

import math

import numpy as np
import pytest

from pmtech.theory import PLACES, distance_km, round_trip_ms, round_trips


@pytest.mark.parametrize(
    ("place", "km", "ms"), [("San Francisco", 4148, 42), ("London", 5585, 56), ("Sydney", 15993, 160)]
)
def test_grigoriks_table_from_new_york(place, km, ms):
    assert distance_km("New York", place) == pytest.approx(km, rel=0.01)
    assert round_trip_ms("New York", place) == pytest.approx(ms, abs=0.8)


def test_the_sphere_by_vectors():
    """The angle between two arrows from the middle of the earth, for every pair of cities."""
    north, east = np.radians(np.array(list(PLACES.values()))).T
    arrows = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    angles = np.arctan2(np.linalg.norm(np.cross(arrows[:, None], arrows), axis=2), arrows @ arrows.T)
    expected = angles * 6371.0088
    found = [[distance_km(a, b) for b in PLACES] for a in PLACES]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    assert np.array(found).max() < math.pi * 6371.0088


def test_known_distances():
    # Great circles as published for the airports or cities, rounded: another source than the coordinates
    for one, two, km in [
        ("London", "Singapore", 10_850),
        ("Mumbai", "Frankfurt", 6_570),
        ("Johannesburg", "Sao Paulo", 7_440),
        ("Tokyo", "Los Angeles", 8_815),
        ("Delhi", "Mumbai", 1_150),
        ("Sydney", "Melbourne", 714),
        ("Dubai", "Mumbai", 1_930),
    ]:
        assert distance_km(one, two) == pytest.approx(km, rel=0.015), (one, two)


def test_a_place_is_found_whatever_its_accents_and_capitals():
    assert distance_km("são paulo", " BENGALURU ") == distance_km("Sao Paulo", "Bangalore")
    assert distance_km("Mumbai", "Mumbai") == round_trip_ms("Mumbai", "Mumbai") == 0


def test_an_unknown_place_is_told_its_neighbours_in_the_alphabet():
    with pytest.raises(ValueError) as refused:
        round_trip_ms("Mumbay", "London")
    assert str(refused.value) == "place must be a city that the map knows, got 'Mumbay': did you mean Mumbai or Dubai?"
    with pytest.raises(ValueError, match="got 7: there is Amsterdam, "):
        distance_km("London", 7)


def test_round_trips_of_a_first_answer():
    assert [round_trips(), round_trips(tls=1.2), round_trips(tls=None), round_trips(kept=True)] == [4, 5, 3, 1]
    with pytest.raises(ValueError, match=r"^tls must be 1.2, 1.3 or None, got 1.1$"):
        round_trips(tls=1.1)
