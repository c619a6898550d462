"""Coordinate systems: axis order, datums, refusal to guess."""

import numpy as np
import pyproj
import pytest

from spatial.crs import HeightDatum, ellipsoidal_height, find_height_datum, grid_convergence_scale, horizontal
from spatial.errors import CrsError, HeightDatumUnknown

PINGSHAN = (119.2946, 26.0896)


def test_eastings_come_first_whatever_the_authority_says() -> None:
    east, north = horizontal("EPSG:4549").from_lon_lat(*PINGSHAN)
    assert east == pytest.approx(429429.523, abs=1e-3)
    assert north == pytest.approx(2886952.290, abs=1e-3)


def test_the_way_there_and_back_is_the_identity() -> None:
    crs = horizontal("EPSG:4549")
    lon, lat = crs.to_lon_lat(*crs.from_lon_lat(*PINGSHAN))
    assert (float(lon), float(lat)) == pytest.approx(PINGSHAN, abs=1e-11)


@pytest.mark.parametrize(
    "name",
    [
        "urn:ogc:def:crs:EPSG::7415",
        "https://www.opengis.net/def/crs/EPSG/0/7415",
        "http://www.opengis.net/def/crs/EPSG/0/6677",
        "EPSG:7415",
    ],
)
def test_crs_names_of_city_files_are_understood(name: str) -> None:
    assert horizontal(name).projected


@pytest.mark.parametrize("name", ["", "EPSG:999999", "nonsense", "EPSG:5737"])
def test_what_is_no_horizontal_crs_is_refused(name: str) -> None:
    with pytest.raises(CrsError) as error:
        horizontal(name)
    assert error.value.hint


def test_coordinates_outside_the_domain_are_an_error_never_infinity() -> None:
    with pytest.raises(CrsError, match="domain"):
        horizontal("EPSG:4549").to_lon_lat(1e12, 1e12)


def test_pyproj_still_converts_a_1985_height_by_nothing_which_is_why_we_do_it() -> None:
    transformer = pyproj.Transformer.from_crs("EPSG:4549+5737", "EPSG:4979", always_xy=True)
    assert transformer.transform(429429.5, 2886952.3, 25.0)[2] == pytest.approx(25.0, abs=1e-6)


def test_height_datums_are_read_from_the_crs() -> None:
    assert find_height_datum("EPSG:4549") is HeightDatum.UNKNOWN
    assert find_height_datum("EPSG:4549+5737") is HeightDatum.ORTHOMETRIC
    assert find_height_datum("EPSG:4979") is HeightDatum.ELLIPSOIDAL


def test_an_orthometric_height_needs_the_surveyed_separation() -> None:
    assert ellipsoidal_height(25.0, HeightDatum.ORTHOMETRIC, 10.25) == pytest.approx(35.25)
    assert ellipsoidal_height(25.0, HeightDatum.ELLIPSOIDAL, None) == pytest.approx(25.0)
    with pytest.raises(HeightDatumUnknown):
        ellipsoidal_height(25.0, HeightDatum.ORTHOMETRIC, None)
    with pytest.raises(HeightDatumUnknown):
        ellipsoidal_height(25.0, HeightDatum.UNKNOWN, 10.25)


def test_convergence_and_scale_at_pingshan_agree_with_finite_differences() -> None:
    convergence, scale = grid_convergence_scale("EPSG:4549", *PINGSHAN)
    crs = horizontal("EPSG:4549")
    step = 1e-5
    east, north = (np.diff(axis) for axis in crs.from_lon_lat([PINGSHAN[0]] * 2, [PINGSHAN[1], PINGSHAN[1] + step]))
    metres = pyproj.Geod(ellps="GRS80").inv(PINGSHAN[0], PINGSHAN[1], PINGSHAN[0], PINGSHAN[1] + step)[2]
    assert np.degrees(np.arctan2(east, north))[0] == pytest.approx(-convergence, abs=1e-4)
    assert np.hypot(east, north)[0] / metres == pytest.approx(scale, abs=1e-7)
