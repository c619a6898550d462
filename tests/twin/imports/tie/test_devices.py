"""Cameras, gates, zones, posts and perimeter segments of registers stand in the scene as features, and follow whatever changes, on both
databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from spatial.datum_shift import wgs84_to_gcj02
from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from tests.twin.imports.tie.test_revision import LATER, NUMBERS, TAGS, Tower, model
from tests.twin.moulds import Cast
from tests.twin.store.builder import SITE
from twin.imports.tie import tie
from twin.store import Store

FRAME = SiteFrame.of(SITE)
CAMERAS = (
    "摄像机编号,摄像机名称,国标编码,楼栋,楼层,房间号,房内向东,房内向北,经度,纬度,坐标系,安装高度(m),1985高程,朝向(°),俯仰角,焦距(mm),密级"
)
ID = "35010200001320000001"


def lon_lat(x: float, y: float) -> tuple[float, float]:
    lon, lat, _ = FRAME.to_lon_lat_height([[x, y, 0.0]])[0].tolist()
    return round(lon, 10), round(lat, 10)


def at(x: float, y: float) -> str:
    lon, lat = lon_lat(x, y)
    return f"{lon:.10f},{lat:.10f}"


def guarded(store: Store, folder: Path) -> Tower:
    """The tower with cameras in it and around it, some of them written down wrongly."""
    tower = Tower(store, folder)
    gcj = wgs84_to_gcj02([lon_lat(60, 20)])[0]
    tower.take(
        "camera",
        CAMERAS,
        [
            f"C1,走廊机,{ID},主楼,10层,1010,0.2,-1.5,,,,2.4,,90,-20,4,",
            f"C2,东墙机,,,,,,,{at(60, 20)},CGCS2000,6.5,,180,-15,8,",
            f"C3,高点机,,,,,,,{at(-40, 30)},WGS84,,45.25,0,-30,6,",
            f"C4,火星机,,,,,,,{gcj[0]:.10f},{gcj[1]:.10f},GCJ-02,6.5,,180,-15,8,",
            f"X1,无坐标系,,,,,,,{at(10, 20)},,3,,0,0,4,",
            f"X2,无高度,,,,,,,{at(10, 20)},WGS84,,,0,0,4,",
            f"X3,录像机号,35010200001180000001,,,,,,{at(10, 20)},WGS84,3,,0,0,4,",
            f"X4,楼内无层,,,,,,,{at(9.7, 3)},WGS84,2.4,,0,0,4,",
            f"X5,远处,,,,,,,118.1,24.5,WGS84,3,,0,0,4,",
            f"X6,焦距误,,,,,,,{at(10, 21)},WGS84,3,,400,0,0.01,",
            f"X7,何处,,,,,,,,,,3,,0,0,4,",
        ],
        now=LATER,
    )
    return tower


@pytest.fixture
def tied(cast: Cast) -> Tower:
    return cast(guarded)


def features(tower: Tower, kind: Kind) -> dict[str, Feature]:
    return {row.feature.id: row.feature for row in tower.store.features("PS", None, kinds={kind})}


def told(tower: Tower) -> set[tuple[str, str]]:
    keys = dict(
        tower.ask(" union all ".join(f"select record_id, key from {kind}" for kind in ("camera", "gate", "zone", "perimeter_segment")))
    )
    rows = tower.ask("select code, record_id, subject from work_item where state = 'open' and code like 'DEVICE%'")
    return {(code, keys.get(record, subject)) for code, record, subject in rows}


def level(x: float, y: float) -> float:
    """The site's z of the origin's ellipsoidal height there, by the frame alone."""
    lon, lat = lon_lat(x, y)
    return float(FRAME.from_lon_lat_height([[lon, lat, SITE.height_m]])[0, 2])


def test_a_camera_stands_where_its_register_says_in_each_way_it_can(tied: Tower) -> None:
    found = features(tied, Kind.CAMERA)
    assert set(found) == {f"camera:{key}" for key in ("C1", "C2", "C3", "C4", "X3", "X6")}
    middle = tied.store.get_feature("tower:r10-10", None).feature.footprint.centroid
    c1 = found["camera:C1"]
    assert (c1.footprint.x, c1.footprint.y, c1.z_range[0]) == pytest.approx((middle.x + 0.2, middle.y - 1.5, 30.0 + 2.4))
    assert (c1.space, c1.storey, c1.building) == ("tower:r10-10", "tower:s10", "tower:b")
    c2, c3, c4 = (found[f"camera:{key}"] for key in ("C2", "C3", "C4"))
    assert (c2.footprint.x, c2.footprint.y) == pytest.approx((60, 20), abs=2e-4)
    assert c2.z_range[0] == pytest.approx(level(60, 20) + 6.5, abs=0.011)  # the level ground is a TIN of 1 cm
    lon, lat = lon_lat(-40, 30)
    assert c3.z_range[0] == pytest.approx(FRAME.from_lon_lat_height([[lon, lat, 45.25 + SITE.geoid_separation_m]])[0, 2], abs=1e-6)
    assert shapely.distance(c4.footprint, c2.footprint) < 1e-3
    assert (c2.space, c2.building, c2.label) == (None, None, "public")
    assert c1.properties["device"]["focal_length_mm"] == 4.0
    assert c1.properties["device"]["heading_deg"] == 90.0
    assert c2.properties["record"] == {"kind": "camera", "key": "C2"}
    assert (c1.properties["position"]["method"], c2.properties["position"]["height_from"]) == ("room", "ground")


def test_what_is_wrong_with_a_camera_is_told_and_gives_it_no_place(tied: Tower) -> None:
    assert told(tied) == {
        ("DEVICE_DATUM_UNSTATED", "X1"),
        ("DEVICE_HEIGHT_UNSTATED", "X2"),
        ("DEVICE_STOREY_UNSTATED", "X4"),
        ("DEVICE_OUTSIDE_SITE", "X5"),
        ("DEVICE_NUMBER_INVALID", "X6"),
        ("DEVICE_UNPLACED", "X7"),
        ("DEVICE_GROUND_ASSUMED", "PS"),
    }
    assert tied.ask("select code from register_issue where code like 'DEVICE%'") == [("DEVICE_TYPE_CONTRADICTS",)]
    placed = {key: (method, reason) for key, method, reason in tied.ask("select key, place_method, place_reason from camera")}
    assert placed["C1"] == ("room", None)
    assert placed["C2"] == ("surveyed", None)
    assert placed["X1"] == ("none", "device_datum_unstated")
    assert "heading_deg" not in features(tied, Kind.CAMERA)["camera:X6"].properties["device"]


def test_a_tie_without_a_change_writes_nothing(tied: Tower) -> None:
    before = tied.ask("select count(*) from revision"), tied.ask("select count(*) from touched")
    again = tie(tied.store, who="test", now=LATER, settings=tied.settings)
    assert not any(again.to_json().values())
    assert (tied.ask("select count(*) from revision"), tied.ask("select count(*) from touched")) == before
