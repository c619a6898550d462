"""Where a model lands, against an independent path: raw pyproj, hand arithmetic, PROJ's own topocentric frame."""

import json
import random
from itertools import product
from math import cos, radians, sin
from typing import Any

import numpy as np
import pyproj
import pytest
from pyproj.enums import PJType

from bim import Anchor, Georeference, Verdict, judge
from bim.claims import Claim, ClaimKind, angle_in_degrees, read_claims
from spatial.frame import SiteFrame
from tests.bim.ifc_builder import IfcBuilder
from tests.bim.landing import EAST, LAT, LON, MODEL, NORTH, N, Points, by_anchor, by_map, codes_of, frame_at, largest_error


def _judge(builder: IfcBuilder, frame: SiteFrame, points: Points = MODEL, **kwargs: Any) -> Georeference:
    return judge(read_claims(builder.ifc, builder.unit_m), frame, points, **kwargs)


def _turn(degrees: float) -> tuple[float, float]:
    return cos(radians(degrees)), sin(radians(degrees))


def _conversion(unit: str = "m", **changes: Any) -> IfcBuilder:
    builder = IfcBuilder(unit=unit)
    given = {"crs": "EPSG:4549", "east": EAST + 100, "north": NORTH - 50, "height": 12.5, "x_axis": _turn(31.0)} | changes
    builder.map_conversion(**given)
    return builder


@pytest.mark.parametrize(
    ("unit", "scale", "map_unit", "factor"),
    [("m", 1.0, "m", 1.0), ("m", None, "m", 1.0), ("mm", 0.001, "m", 1.0), ("mm", 1.0, "mm", 1000.0), ("m", 1.0, None, 1.0)],
)
def test_a_map_conversion_is_exact_200_m_from_its_anchor(unit: str, scale: float, map_unit: str, factor: float) -> None:
    builder = _conversion(
        unit, east=(EAST + 100) * factor, north=(NORTH - 50) * factor, height=12.5 * factor, scale=scale, map_unit=map_unit
    )
    frame = frame_at()
    verdict = _judge(builder, frame)
    expected = by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))
    assert verdict.verdict is Verdict.PLACED
    assert codes_of(verdict) == []
    assert largest_error(verdict, expected) < 0.002
    assert verdict.similarity is not None
    assert verdict.similarity.scale == pytest.approx(1 / 1.0000611, abs=2e-5)  # heights keep scale 1: a compromise
    claim = verdict.claims[0]
    assert claim.used
    assert claim.heading_deg == pytest.approx(360 - 31 - 0.309, abs=0.003)
    assert claim.height_m == pytest.approx(15.0 + 12.5 + N, abs=0.001)


def test_a_rigid_placement_would_have_been_wrong_by_a_centimetre() -> None:
    frame = frame_at()
    verdict = _judge(_conversion(), frame)
    assert verdict.similarity is not None
    rigid = MODEL @ verdict.similarity.rotation.T + verdict.similarity.apply(np.zeros((1, 3)))
    expected = by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))
    assert np.linalg.norm(rigid - expected, axis=1).max() > 0.008


def test_a_model_far_from_its_own_origin_is_as_exact() -> None:
    frame, shift = frame_at(), np.array([EAST, NORTH, 0.0])
    builder = _conversion(east=0.0, north=0.0, height=0.0, x_axis=(1.0, 0.0))
    verdict = _judge(builder, frame, MODEL + shift)
    assert verdict.verdict is Verdict.PLACED
    assert largest_error(verdict, by_map(frame, MODEL + shift, 4549, 0.0, 0.0, 0.0, (1.0, 0.0)), MODEL + shift) < 0.002


@pytest.mark.parametrize(("scale", "map_unit"), [(1000.0, "m"), (1.0, "m"), (None, "m"), (0.0, "m")])
def test_a_scale_against_the_units_is_doubted_and_the_units_are_believed(scale: float, map_unit: str) -> None:
    frame = frame_at()
    verdict = _judge(_conversion("mm", scale=scale, map_unit=map_unit), frame)
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert codes_of(verdict) == ["GEOREF_SCALE_CONTRADICTS_UNITS"]
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))) < 0.002


def test_a_grid_factor_in_scale_is_kept() -> None:
    verdict = _judge(_conversion(scale=1.0000611), frame_at())
    assert verdict.verdict is Verdict.PLACED
    assert verdict.similarity is not None
    assert verdict.similarity.scale == pytest.approx(1.0, abs=2e-5)


def test_a_zone_prefix_on_the_easting_is_found() -> None:
    frame = frame_at()
    verdict = _judge(_conversion(east=40e6 + EAST + 100), frame)
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert codes_of(verdict) == ["EASTING_ZONE_PREFIX"]
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))) < 0.002


def test_swapped_axes_are_found() -> None:
    frame = frame_at()
    verdict = _judge(_conversion(east=NORTH - 50, north=EAST + 100), frame)
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert codes_of(verdict) == ["AXIS_SWAPPED"]
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))) < 0.002


@pytest.mark.parametrize(
    ("changes", "shift", "n", "code"),
    [
        ({"east": EAST + 90_000}, 0.0, N, "GEOREF_OUTSIDE_SITE"),
        ({"crs": None}, 0.0, N, "CRS_MISSING"),
        ({"crs": "our own grid"}, 0.0, N, "CRS_MISSING"),
        ({}, 0.0, None, "HEIGHT_DATUM_UNKNOWN"),
        ({"x_axis": (1.0, 0.0)}, 1.0, N, "GEOREF_APPLIED_TWICE"),
        ({"east": 0.0, "north": 0.0}, 0.0, N, "GEOREF_DEFAULT_PLACE"),
    ],
)
def test_a_claim_that_cannot_be_used_needs_an_anchor(changes: dict[str, Any], shift: float, n: float | None, code: str) -> None:
    points = MODEL + np.array([EAST, NORTH, 0.0]) * shift
    verdict = _judge(_conversion(**changes), frame_at(n=n), points)
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert code in codes_of(verdict)
    assert code in verdict.claims[0].suspicious
    assert not verdict.claims[0].used
    assert verdict.similarity is None


def test_an_ellipsoidal_vertical_datum_needs_no_geoid_separation() -> None:
    builder = _conversion()
    builder.ifc.by_type("IfcProjectedCRS")[0].VerticalDatum = "WGS 84 ellipsoid"
    frame = frame_at(n=None)
    verdict = _judge(builder, frame)
    assert verdict.verdict is Verdict.PLACED
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0), n=0.0)) < 0.002


def test_a_model_of_kilometres_is_told_that_the_grid_bends() -> None:
    verdict = _judge(_conversion(), frame_at(), (MODEL - MODEL.mean(axis=0)) * 10)
    assert verdict.verdict is Verdict.PLACED
    assert codes_of(verdict) == ["GRID_SCALE"]
    assert verdict.residual_m is not None
    assert verdict.residual_m > 0.002


@pytest.mark.parametrize("holder", ["site", "project", "building"])
@pytest.mark.parametrize("prefix", ["ePSet", "ePset", "EPset"])
def test_the_property_sets_of_ifc2x3_are_found_wherever_they_hang(holder: str, prefix: str) -> None:
    builder = IfcBuilder(schema="IFC2X3", unit="mm")
    thing = getattr(builder, holder)
    x, y = _turn(31.0)
    values = {
        "Eastings": EAST + 100,
        "Northings": NORTH - 50,
        "OrthogonalHeight": 12.5,
        "XAxisAbscissa": x,
        "XAxisOrdinate": y,
        "Scale": 0.001,
    }
    builder.property_set(f"{prefix}_MapConversion", values, thing)
    builder.property_set(f"{prefix}_ProjectedCRS", {"Name": "EPSG:4549", "MapUnit": "METRE"}, thing)
    frame = frame_at()
    verdict = _judge(builder, frame)
    assert verdict.verdict is Verdict.PLACED
    assert verdict.claims[0].kind == "property_set"
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, (x, y))) < 0.002


@pytest.mark.parametrize(("name", "lost"), [("EPSG:4549", False), ("WKT", True), (None, True), ("our own grid", True)])
def test_well_known_text_stands_in_for_a_name_that_nobody_knows(name: str | None, lost: bool) -> None:
    builder = IfcBuilder(schema="IFC4X3_ADD2")
    builder.map_conversion(name, EAST + 100, NORTH - 50, 12.5, _turn(31.0))
    frame, target = frame_at(), builder.ifc.by_type("IfcProjectedCRS")[0]
    assert (_judge(builder, frame).verdict is Verdict.NEEDS_ANCHOR) is lost
    builder.make("IfcWellKnownText", WellKnownText=pyproj.CRS.from_epsg(4549).to_wkt(), CoordinateReferenceSystem=target)
    verdict = _judge(builder, frame)
    assert verdict.verdict is Verdict.PLACED
    assert largest_error(verdict, by_map(frame, MODEL, 4549, EAST + 100, NORTH - 50, 12.5, _turn(31.0))) < 0.002


def test_metres_in_a_crs_of_degrees_are_no_place() -> None:
    verdict = _judge(_conversion(crs="EPSG:4490", east=LON, north=LAT), frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert verdict.claims[0].suspicious == ("CRS_MISSING",)
    assert "geographic CRS, the coordinates are lengths" in verdict.issues[0].message


def test_a_map_that_stretches_metres_is_doubted() -> None:
    east, north = pyproj.Transformer.from_crs(4490, 3857, always_xy=True).transform(LON, LAT)
    verdict = _judge(_conversion(crs="EPSG:3857", east=east, north=north, x_axis=(1.0, 0.0)), frame_at())
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert codes_of(verdict) == ["GRID_SCALE"]
    assert verdict.similarity is not None
    assert verdict.similarity.scale == pytest.approx(cos(radians(LAT)), abs=0.02)


def test_a_claim_whose_source_is_no_context_is_listed_and_not_used() -> None:
    builder = _conversion()
    builder.ifc.by_type("IfcMapConversion")[0].SourceCRS = builder.make("IfcProjectedCRS", Name="EPSG:4549")
    verdict = _judge(builder, frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert [claim.suspicious for claim in verdict.claims] == [("REFERENCE_MISSING",)]


def test_a_latitude_without_a_longitude_is_a_claim_that_leaves_out_a_coordinate() -> None:
    builder = _lat_lon(LON, LAT, 12.5)
    builder.site.RefLongitude = None
    verdict = _judge(builder, frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert [claim.suspicious for claim in verdict.claims] == [("GEOREF_NONE",)]


def test_every_doubt_says_what_is_wrong_with_its_numbers() -> None:
    zone = _judge(_conversion(east=EAST + 100 + 40e6), frame_at())
    assert [issue.message for issue in zone.issues] == [
        f"easting {EAST + 100 + 40e6:,.0f} m was read as {EAST + 100:,.0f} m: it has a zone prefix its CRS has not, or lacks one"
    ]
    unit = _judge(_conversion(unit="mm", scale=1000.0), frame_at())
    assert "Scale 1000 does not fit a model in units of 0.001 m on a map in 1 m (0.001 would)" in unit.issues[0].message
    missing = _judge(_lat_lon(LON, LAT, None), frame_at())
    assert [issue.message for issue in missing.issues] == ["no height is stated; write one, or place the model with --anchor"]
    far = _judge(_conversion(east=EAST + 90_000), frame_at())
    assert far.issues[0].message.startswith("it reaches 90,") and far.issues[0].message.endswith("the radius is 3,000 m")


def test_no_claim_in_any_crs_is_too_much_for_the_verdict() -> None:
    kinds = [PJType.PROJECTED_CRS, PJType.GEOGRAPHIC_2D_CRS, PJType.COMPOUND_CRS, PJType.GEOCENTRIC_CRS, PJType.VERTICAL_CRS]
    codes = sorted(info.code for info in pyproj.database.query_crs_info("EPSG", kinds))
    # A CRS of which PROJ knows no way to degrees, and one without factors so far away.
    for code in ["2986", "7538", *random.Random(5).sample(codes, 30)]:
        for (first, second), geographic in product([(EAST, NORTH), (1e12, -1e12), (0.0, 0.0)], [True, False]):
            claim = Claim(
                kind=ClaimKind.RIGID_OPERATION,
                source_entity="#1",
                geographic=geographic,
                first=first,
                second=second,
                height=1.0,
                crs=f"EPSG:{code}",
                length_unit_m=1.0,
                to_source=np.eye(4),
                stated={},
            )
            json.dumps(judge([claim], frame_at(), MODEL).as_json(), allow_nan=False)


def test_a_property_set_without_eastings_is_no_place() -> None:
    builder = IfcBuilder(schema="IFC2X3")
    builder.property_set("ePSet_MapConversion", {"Northings": NORTH, "OrthogonalHeight": 0.0}, builder.site)
    builder.property_set("ePSet_ProjectedCRS", {"Name": "EPSG:4549"}, builder.site)
    verdict = _judge(builder, frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert verdict.claims[0].suspicious == ("GEOREF_NONE",)


def _dms(value: float) -> list[int]:
    micro = round(abs(value) * 3600e6)
    parts = [micro // 3_600_000_000, micro // 60_000_000 % 60, micro // 1_000_000 % 60, micro % 1_000_000]
    return [int(part) * (-1 if value < 0 else 1) for part in parts]


def _lat_lon(lon: float, lat: float, elevation: float | None, north: tuple[float, ...] | None = None, **kwargs: Any) -> IfcBuilder:
    builder = IfcBuilder(true_north=north, **kwargs)
    builder.site.RefLongitude, builder.site.RefLatitude = _dms(lon), _dms(lat)
    builder.site.RefElevation = None if elevation is None else elevation / builder.unit_m
    return builder


@pytest.mark.parametrize("heading", [0.0, 50.0, 181.5])
def test_latitude_and_longitude_name_the_origin_of_the_site_not_of_the_world(heading: float) -> None:
    lon, lat = LON + 0.004, LAT - 0.003
    north = (-sin(radians(heading)), cos(radians(heading)))
    builder = _lat_lon(lon, lat, 12.5, north, unit="mm")
    builder.site.ObjectPlacement.RelativePlacement = builder.axes((30.0, -20.0, 2.0), x=(0.0, 1.0, 0.0))
    frame = frame_at()
    verdict = _judge(builder, frame)
    expected = by_anchor(frame, MODEL, lon, lat, 12.5 + N, heading, np.array([30.0, -20.0, 2.0]))
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert verdict.similarity is not None
    assert verdict.similarity.scale == pytest.approx(1.0, abs=1e-12)
    assert verdict.claims[0].heading_deg == pytest.approx(heading, abs=1e-6)
    assert largest_error(verdict, expected) < 0.001


def test_true_north_of_three_numbers_as_revit_2013_wrote_it_is_read_right() -> None:
    verdict = _judge(_lat_lon(LON, LAT, 0.0, (2.0, 0.0, 1.0)), frame_at())
    assert verdict.claims[0].heading_deg == 0.0


def test_a_true_north_that_points_up_is_no_direction() -> None:
    verdict = _judge(_lat_lon(LON, LAT, 0.0, (0.0, 0.0, 1.0)), frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert "TRUE_NORTH_INVALID" in codes_of(verdict)


@pytest.mark.parametrize(("lon", "lat"), [(-71.0567, 42.3587), (-0.12624, 51.50015), (11.583, 48.133), (116.433, 39.916), (0.0, 0.0)])
def test_a_default_place_of_a_tool_is_no_place_even_inside_the_site(lon: float, lat: float) -> None:
    verdict = _judge(_lat_lon(lon, lat, 0.0), frame_at(lon, lat))
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert codes_of(verdict) == ["GEOREF_DEFAULT_PLACE"]


def test_latitude_and_longitude_without_an_elevation_need_an_anchor() -> None:
    verdict = _judge(_lat_lon(LON, LAT, None), frame_at())
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert codes_of(verdict) == ["HEIGHT_DATUM_UNKNOWN"]


def _both(offset_m: float) -> IfcBuilder:
    """A map conversion at the site's origin and IfcSite's angles some metres east of it."""
    builder = _lat_lon(LON + offset_m / 99_980.0, LAT, 12.5, (sin(radians(0.309)), cos(radians(0.309))))
    builder.map_conversion("EPSG:4549", EAST, NORTH, 12.5)
    return builder


@pytest.mark.parametrize(
    ("offset_m", "verdict"),
    [(0.3, Verdict.PLACED), (25.0, Verdict.PLACED_WITH_DOUBT), (500.0, Verdict.NEEDS_ANCHOR)],
)
def test_two_claims_agree_within_a_metre_or_are_a_finding_or_contradict(offset_m: float, verdict: Verdict) -> None:
    found = _judge(_both(offset_m), frame_at())
    assert found.verdict is verdict
    assert codes_of(found) == ([] if verdict is Verdict.PLACED else ["GEOREF_CLAIMS_DISAGREE"])
    assert [claim.used for claim in found.claims] == [verdict is not Verdict.NEEDS_ANCHOR, False]


def test_a_default_place_beside_a_map_conversion_does_not_contradict_it() -> None:
    builder = _lat_lon(-71.0567, 42.3587, 0.0)
    builder.map_conversion("EPSG:4549", EAST, NORTH, 12.5)
    verdict = _judge(builder, frame_at())
    assert verdict.verdict is Verdict.PLACED_WITH_DOUBT
    assert "GEOREF_CLAIMS_DISAGREE" not in codes_of(verdict)
    assert verdict.claims[0].used


def test_a_file_that_claims_nothing_says_so_and_one_without_geometry_needs_nothing() -> None:
    builder = IfcBuilder()
    verdict = _judge(builder, frame_at())
    assert (verdict.verdict, codes_of(verdict)) == (Verdict.NEEDS_ANCHOR, ["GEOREF_NONE"])
    nothing = _judge(builder, frame_at(), np.zeros((0, 3)))
    assert (nothing.verdict, codes_of(nothing)) == (Verdict.NONE_NEEDED, [])


@pytest.mark.parametrize("point", [None, (12.0, -7.0, 3.0)])
def test_an_anchor_places_the_origin_or_the_point_it_names(point: tuple[float, float, float] | None) -> None:
    frame = frame_at()
    lon, lat, height, heading = LON - 0.006, LAT + 0.004, 31.5, 123.0
    verdict = _judge(_both(500.0), frame, anchor=(lon, lat, height, heading), anchor_point=point)
    expected = by_anchor(frame, MODEL, lon, lat, height, heading, np.array(point or (0.0, 0.0, 0.0)))
    assert verdict.verdict is Verdict.ANCHORED
    assert largest_error(verdict, expected) < 0.001
    assert len(verdict.claims) == 2
    assert not any(claim.used for claim in verdict.claims)


def test_an_anchor_beyond_the_site_is_refused() -> None:
    verdict = _judge(IfcBuilder(), frame_at(), anchor=Anchor(lon=LON + 1, lat=LAT, height_m=0, heading_deg=0))
    assert verdict.verdict is Verdict.NEEDS_ANCHOR
    assert "GEOREF_OUTSIDE_SITE" in codes_of(verdict)


def test_an_angle_with_one_negative_part_is_negative() -> None:
    assert angle_in_degrees((0, -7, -34, -450321)) == pytest.approx(-0.12623620)
    assert angle_in_degrees((-71, 3, 24)) == pytest.approx(-71.0566667)
    assert angle_in_degrees((49, 9, 0)) == pytest.approx(49.15)


def test_the_verdict_is_json() -> None:
    document = json.loads(json.dumps(_judge(_both(25.0), frame_at()).as_json()))
    assert document["verdict"] == "placed_with_doubt"
    names = {"kind", "source_entity", "lon", "lat", "height_m", "crs", "heading_deg", "distance_to_site_m", "suspicious", "used"}
    assert names <= set(document["claims"][0])
    assert document["residual_m"] < 0.002
