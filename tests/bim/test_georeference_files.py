"""Where the models of real files land, against an independent path (`tests.bim.landing`)."""

from collections.abc import Callable

import numpy as np
import pyproj
import pytest

from bim import BimModel, Verdict, judge
from bim.claims import ClaimKind
from tests.bim.landing import LAT, LON, N, by_anchor, by_map, codes_of, frame_at, largest_error

ModelOf = Callable[[str], BimModel]


def test_the_duplex_that_claims_chicago_and_luxembourg_needs_an_anchor_wherever_the_site_is(model_of: ModelOf) -> None:
    model = model_of("duplex_A_20110907_georeferenced")
    for lon, lat in ((6.122, 49.629), (-87.639, 41.874), (LON, LAT)):
        verdict = judge(model.claims, frame_at(lon, lat), model.corners())
        assert verdict.verdict is Verdict.NEEDS_ANCHOR
        assert "GEOREF_CLAIMS_DISAGREE" in codes_of(verdict)
        luxembourg, chicago = verdict.claims
        assert (luxembourg.kind, luxembourg.lon, luxembourg.lat) == (
            "property_set",
            pytest.approx(6.122, abs=0.001),
            pytest.approx(49.629, abs=0.001),
        )
        assert (chicago.kind, chicago.lon, chicago.lat) == (
            "site_lat_lon",
            pytest.approx(-87.639, abs=0.001),
            pytest.approx(41.874, abs=0.001),
        )


def test_the_duplex_lands_within_a_centimetre_where_its_anchor_says(model_of: ModelOf) -> None:
    model, frame = model_of("duplex_A_20110907_georeferenced"), frame_at()
    vertices = np.concatenate([model.meshes.part_vertices(part) for part in range(0, model.meshes.parts, 20)])
    verdict = judge(model.claims, frame, model.corners(), anchor=(LON + 0.002, LAT + 0.001, 40.0, 17.0))
    assert verdict.verdict is Verdict.ANCHORED
    expected = by_anchor(frame, vertices, LON + 0.002, LAT + 0.001, 40.0, 17.0, np.zeros(3))
    assert largest_error(verdict, expected, vertices) < 0.01


@pytest.mark.parametrize(
    ("stem", "epsg", "east", "north", "height", "x_axis", "verdict"),
    [
        ("building_architecture_ifc4", 32760, 729013.3488297004, 9063992.684697363, 1.3, (0.5, 0.8660254037844387), Verdict.PLACED),
        ("geographic_referencing_utm_4x3", 25832, 458657.3, 5438232.25, 113.7, (0.270600445976, 0.962691746426), Verdict.PLACED_WITH_DOUBT),
        ("linear_placement_of_signal_4x3", 3065, 0.0, 0.0, 0.0, (1.0, 0.0), Verdict.PLACED),
    ],
)
def test_georeferenced_samples_land_where_pyproj_says(
    stem: str, epsg: int, east: float, north: float, height: float, x_axis: tuple[float, float], verdict: Verdict, model_of: ModelOf
) -> None:
    model = model_of(stem)
    vertices = np.concatenate([model.meshes.part_vertices(part) for part in range(model.meshes.parts)])
    middle = vertices.mean(axis=0)
    e = east + middle[0] * x_axis[0] - middle[1] * x_axis[1]
    n = north + middle[0] * x_axis[1] + middle[1] * x_axis[0]
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(e, n)
    frame = frame_at(lon, lat)
    found = judge(model.claims, frame, model.corners())
    assert found.verdict is verdict
    assert largest_error(found, by_map(frame, vertices, epsg, east, north, height, x_axis), vertices) < 0.005


def test_a_rigid_operation_in_degrees_adds_no_metres_to_them(model_of: ModelOf) -> None:
    model = model_of("geographic_referencing_rigid_operation_4x3")
    frame = frame_at(14.09, 46.36)
    found = judge(model.claims, frame, model.corners())
    vertices = np.concatenate([model.meshes.part_vertices(part) for part in range(model.meshes.parts)])
    assert found.verdict is Verdict.PLACED
    assert found.claims[0].kind == ClaimKind.RIGID_OPERATION
    assert largest_error(found, by_anchor(frame, vertices, 14.0902217, 46.3623297, 475.0 + N, 0.0, np.zeros(3)), vertices) < 0.001


@pytest.mark.parametrize(
    ("stem", "lon", "lat", "verdict"),
    [
        ("ac20_fzk_haus", 8.4365, 49.1004, Verdict.PLACED_WITH_DOUBT),
        ("large_building_bimwhale", -71.0567, 42.3587, Verdict.NEEDS_ANCHOR),
        ("sample_house_ifc4", -0.12624, 51.50015, Verdict.NEEDS_ANCHOR),
        ("hhs_office_construction", 11.583, 48.133, Verdict.NEEDS_ANCHOR),
        ("ac11_institute_var2", 8.7167, 49.15, Verdict.NEEDS_ANCHOR),
        ("duplex_A_20110907", LON, LAT, Verdict.NEEDS_ANCHOR),
    ],
)
def test_real_files_get_their_verdict(stem: str, lon: float, lat: float, verdict: Verdict, model_of: ModelOf) -> None:
    model = model_of(stem)
    assert judge(model.claims, frame_at(lon, lat), model.corners()).verdict is verdict


def test_the_house_turned_by_true_north_lies_at_310_degrees(model_of: ModelOf) -> None:
    model, frame = model_of("ac20_fzk_haus"), frame_at(8.4365, 49.1004)
    found = judge(model.claims, frame, model.corners())
    vertices = np.concatenate([model.meshes.part_vertices(part) for part in range(0, model.meshes.parts, 10)])
    assert found.claims[0].heading_deg == pytest.approx(310.0, abs=1e-6)
    assert largest_error(found, by_anchor(frame, vertices, 8.436539, 49.100435, 110.0 + N, 310.0, np.zeros(3)), vertices) < 0.001
