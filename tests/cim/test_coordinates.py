"""Coordinates with one known fault are read where they lie, with a finding; others as they stand."""

from typing import Any

import numpy as np
import pytest

from cim.coordinates import find_reading
from spatial.crs import HeightDatum, horizontal
from spatial.errors import CrsError
from spatial.issue import Issue
from spatial.mesh import Float64
from tests.cim.frames import frame_at

EAST, NORTH = 429430.0, 2886950.0
FRAME = frame_at("EPSG:4549", EAST, NORTH)
PLACE = np.array([[EAST + 120.0, NORTH - 35.0], [EAST, NORTH]])


def codes(issues: Any) -> list[str]:
    found: list[Issue] = list(issues)
    assert all(issue.message and issue.path for issue in found)
    return [issue.code for issue in found]


def degrees() -> Float64:
    return np.column_stack(horizontal("EPSG:4549").to_lon_lat(PLACE[:, 0], PLACE[:, 1]))


@pytest.mark.parametrize(
    ("crs", "points", "found"),
    [
        ("EPSG:4549", PLACE, []),
        ("EPSG:4549", PLACE[:, ::-1], ["AXIS_SWAPPED"]),
        ("EPSG:4549", np.add(PLACE, (40e6, 0)), ["EASTING_ZONE_PREFIX"]),
        ("EPSG:4549", np.add(PLACE, (40e6, 0))[:, ::-1], ["AXIS_SWAPPED", "EASTING_ZONE_PREFIX"]),
        ("EPSG:4528", np.add(PLACE, (40e6, 0)), []),
        ("EPSG:4528", PLACE, ["EASTING_ZONE_PREFIX"]),
        ("EPSG:4490", degrees(), []),
        ("EPSG:4326", degrees()[:, ::-1], ["AXIS_SWAPPED"]),
    ],
)
def test_a_fault_is_undone_where_that_brings_the_file_into_the_site(crs: str, points: Float64, found: list[str]) -> None:
    reading = find_reading(points, crs, FRAME)
    assert codes(reading.issues("layer", "file")) == found
    assert reading.lon_lat(points) == pytest.approx(degrees(), abs=1e-9)


def test_coordinates_of_another_place_are_read_as_they_stand() -> None:
    far = np.add(PLACE, (200_000.0, 0))
    assert codes(find_reading(far, "EPSG:4549", FRAME).issues("layer", "file")) == []


def test_the_number_of_another_zone_is_not_stripped() -> None:
    assert codes(find_reading(np.add(PLACE, (39e6, 0)), "EPSG:4549", FRAME).issues("layer", "file")) == []


def test_coordinates_of_no_place_at_all_are_refused() -> None:
    with pytest.raises(CrsError) as refused:
        find_reading(np.full((3, 2), 1e12), "EPSG:4549", FRAME)
    assert refused.value.hint


def test_one_point_without_a_place_leaves_the_others_theirs() -> None:
    points = np.array([[EAST, NORTH, 10.0], [1e12, NORTH, 10.0], [np.nan, NORTH, 10.0], [EAST, NORTH, 10.0]])
    site = find_reading(points, "EPSG:4549", FRAME).to_site(points, HeightDatum.ORTHOMETRIC, FRAME)
    assert np.isnan(site[[1, 2]]).all()
    assert site[[0, 3]] == pytest.approx(np.zeros((2, 3)), abs=1e-3)
