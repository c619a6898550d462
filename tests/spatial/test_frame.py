"""Frames and similarities, against pyproj's topocentric pipeline."""

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.crs import HeightDatum
from spatial.errors import OutsideSite
from spatial.frame import Similarity, Site, SiteFrame

SITE = Site(code="pingshan", name="屏山大院", lon=119.2946, lat=26.0896, height_m=30.0, crs="EPSG:4549", geoid_separation_m=10.0)
FRAME = SiteFrame.of(SITE)
TOPOCENTRIC = pyproj.Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=GRS80 "
    "+step +proj=topocentric +ellps=GRS80 +lon_0=119.2946 +lat_0=26.0896 +h_0=30.0"
)


@given(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02), st.floats(-100, 500))
def test_site_coordinates_equal_the_topocentric_pipeline(d_lon: float, d_lat: float, height: float) -> None:
    point = (SITE.lon + d_lon, SITE.lat + d_lat, height)
    assert FRAME.from_lon_lat_height([point])[0] == pytest.approx(TOPOCENTRIC.transform(*point), abs=1e-4)
    assert FRAME.to_lon_lat_height(FRAME.from_lon_lat_height([point]))[0] == pytest.approx(point, abs=1e-8)


def test_z_is_no_height_78_millimetres_at_one_kilometre() -> None:
    xyz = FRAME.from_lon_lat_height([[SITE.lon + 0.01, SITE.lat, 30.0]])[0]
    assert xyz[0] == pytest.approx(1000.42, abs=0.01)
    assert xyz[2] == pytest.approx(-0.0784, abs=1e-4)


def test_the_local_frame_elsewhere_is_tilted() -> None:
    there = FRAME.local(SITE.lon + 0.01, SITE.lat, 30.0)
    top = there.apply([[0.0, 0.0, 100.0]])[0]
    assert FRAME.to_lon_lat_height([top])[0] == pytest.approx([SITE.lon + 0.01, SITE.lat, 130.0], abs=1e-9)


def test_projected_points_with_1985_heights_land_with_the_separation_added() -> None:
    xyz = FRAME.from_projected("EPSG:4549", [[429429.52342, 2886952.29041]], [20.0], HeightDatum.ORTHOMETRIC)[0]
    assert xyz == pytest.approx([0.0, 0.0, 0.0], abs=1e-4)


def test_beyond_the_radius_is_refused_in_words() -> None:
    FRAME.require_inside([[2999.0, 0.0, 0.0]], "tower")
    with pytest.raises(OutsideSite, match=r"tower lies 3,001 m"):
        FRAME.require_inside([[3001.0, 0.0, 0.0]], "tower")


@given(st.integers(0, 10_000), st.floats(0.5, 2.0))
def test_a_fitted_similarity_finds_what_made_the_points(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    points = rng.uniform(-100, 100, (9, 3))
    made = Similarity(rotation, scale, rng.uniform(-1000, 1000, 3))
    fit, residuals = Similarity.fitted(points, made.apply(points))
    assert residuals.max() < 1e-6
    assert fit.matrix == pytest.approx(made.matrix, abs=1e-6)
    assert fit.then(fit.inverse()).matrix == pytest.approx(np.eye(4), abs=1e-6)
    assert Similarity.from_matrix(fit.matrix).scale == pytest.approx(scale)
