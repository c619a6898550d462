"""Cameras, gates, zones, posts and perimeter segments of registers stand in the scene as features, and follow whatever changes, on both
databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas
import pyproj
import pytest
import rasterio
import shapely
import shapely.affinity
from sqlalchemy import text

from spatial.datum_shift import wgs84_to_gcj02
from spatial.feature import Feature, Kind
from spatial.frame import SiteFrame
from tests.twin.files import SITE as FILES_SITE
from tests.twin.files import Files
from tests.twin.imports.conftest import Home
from tests.twin.imports.tie.test_revision import LATER, NUMBERS, TAGS, Tower, model
from tests.twin.moulds import Cast
from tests.twin.store.builder import SITE
from twin.imports.register import import_register
from twin.imports.tie import tie
from twin.store import Store

FRAME = SiteFrame.of(SITE)
CAMERAS = (
    "摄像机编号,摄像机名称,国标编码,楼栋,楼层,房间号,房内向东,房内向北,经度,纬度,坐标系,"
    "安装高度(m),1985高程,朝向(°),俯仰角,焦距(mm),可见范围"
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
            "X5,远处,,,,,,,118.1,24.5,WGS84,3,,0,0,4,",
            f"X6,焦距误,,,,,,,{at(10, 21)},WGS84,3,,400,0,0.01,",
            "X7,何处,,,,,,,,,,3,,0,0,4,",
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


ZONES = "区域编号,区域名称,区域类型,楼栋,楼层,房间号,范围,坐标系,地上高度,底1985高程,顶1985高程,可见范围"
SQUARE = [(-30.0, -30.0), (-10.0, -30.0), (-10.0, -10.0), (-30.0, -10.0), (-30.0, -30.0)]


def ring(points: list[tuple[float, float]]) -> str:
    return ", ".join(" ".join(f"{value:.10f}" for value in lon_lat(*point)) for point in points)


def grid(x: float, y: float) -> tuple[float, float]:
    """Easting and northing in EPSG:4549, by pyproj alone."""
    to_grid = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True)
    east, north = to_grid.transform(*lon_lat(x, y))
    return round(east, 4), round(north, 4)


def bounded(store: Store, folder: Path) -> Tower:
    """The tower with zones, gates, posts and a perimeter."""
    tower = Tower(store, folder)
    corners = ", ".join(f"[{lon:.10f}, {lat:.10f}]" for lon, lat in (lon_lat(*point) for point in SQUARE))
    geojson = '{""type"": ""Polygon"", ""coordinates"": [[' + corners + "]]}"
    plane = ", ".join(" ".join(map(str, grid(*point))) for point in SQUARE)
    tower.take(
        "zone",
        ZONES,
        [
            f'Z1,机要区,限制区,,,,"POLYGON (({ring(SQUARE)}))",CGCS2000,6,,,',
            f'Z2,同一区,巡逻区,,,,"{geojson}",WGS84,,20,28,',
            f'Z3,格网区,开放区,,,,"POLYGON (({plane}))",院区坐标网,3,,,',
            f'Z4,自带坐标系,停车区,,,,"SRID=4549;POLYGON (({plane}))",,3,,,',
            "Z5,机房,限制区,主楼,10层,1009,,,,,,",
            f'Y1,无坐标系,开放区,,,,"POLYGON (({ring(SQUARE)}))",,3,,,',
            f'Y2,蝴蝶,开放区,,,,"POLYGON (({ring([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]])}))",WGS84,3,,,',
            f'Y3,无高,开放区,,,,"POLYGON (({ring(SQUARE)}))",WGS84,,,,',
            "Y4,非几何,开放区,,,,大院东侧,WGS84,3,,,",
        ],
        now=LATER,
    )
    tower.take(
        "perimeter_segment",
        "周界编号,周界名称,线位,坐标系,围界高度,探测器类型,报警输入编码",
        [
            f'P1,东段,"LINESTRING ({ring([(100.0, -50.0), (100.0, 50.0)])})",CGCS2000,2.5,振动光纤,35010200001340000001',
            f'P2,西段,"LINESTRING ({ring([(-100.0, -50.0), (-100.0, 50.0)])})",CGCS2000,2.5,红外对射,{ID}',
        ],
        now=LATER,
    )
    tower.take(
        "gate",
        "出入口编号,出入口名称,通行类型,经度,纬度,坐标系,朝向,净宽",
        [f"G1,南门,车行,{at(0, -80)},CGCS2000,180,12", f"G2,侧门,人行,{at(40, -80)},CGCS2000,,"],
        now=LATER,
    )
    east, north = grid(3, -78)
    tower.take(
        "guard_post",
        "岗位编号,岗位名称,东坐标,北坐标,坐标系,值勤人数,楼栋,楼层,房间号",
        [f"S1,南门岗,{east},{north},院区坐标网,2,,,", "S2,楼内岗,,,,1,主楼,9层,901", f"S3,无坐标系岗,{east},{north},,2,,,"],
        now=LATER,
    )
    return tower


@pytest.fixture
def compound(cast: Cast) -> Tower:
    return cast(bounded)


def test_zones_lie_where_their_text_says_in_any_form_and_crs(compound: Tower) -> None:
    found = features(compound, Kind.ZONE)
    assert set(found) == {f"zone:Z{number}" for number in range(1, 6)}
    square = shapely.Polygon(SQUARE)
    for number in (1, 2, 3, 4):
        assert found[f"zone:Z{number}"].footprint.symmetric_difference(square).area < 0.05
    low, high = found["zone:Z1"].z_range
    assert (low, high) == pytest.approx((level(-20, -20), level(-20, -20) + 6), abs=0.011)
    lon, lat = lon_lat(-20, -20)
    heights = [FRAME.from_lon_lat_height([[lon, lat, height + SITE.geoid_separation_m]])[0, 2] for height in (20, 28)]
    assert found["zone:Z2"].z_range == pytest.approx(heights, abs=1e-4)
    room = compound.store.get_feature("tower:r10-9", None).feature
    assert found["zone:Z5"].footprint.equals(room.footprint)
    assert (found["zone:Z5"].z_range, found["zone:Z5"].space) == (room.z_range, room.id)
    assert {pair for pair in told(compound) if pair[1].startswith("Y")} == {
        ("DEVICE_DATUM_UNSTATED", "Y1"),
        ("DEVICE_GEOMETRY_INVALID", "Y2"),
        ("DEVICE_HEIGHT_UNSTATED", "Y3"),
        ("DEVICE_GEOMETRY_INVALID", "Y4"),
    }


def test_perimeter_gates_and_posts_stand_on_the_ground(compound: Tower) -> None:
    east = features(compound, Kind.PERIMETER_SEGMENT)["perimeter_segment:P1"]
    assert east.footprint.hausdorff_distance(shapely.LineString([(100, -50), (100, 50)])) < 1e-3
    assert east.z_range[1] - east.z_range[0] == pytest.approx(2.5, abs=0.02)
    assert east.properties["device"]["sensor_id"] == "35010200001340000001"
    wrong = compound.ask("select code from register_issue where code like 'DEVICE%'")
    assert wrong == [("DEVICE_TYPE_CONTRADICTS",)]  # a camera's id on an alarm input
    gates = features(compound, Kind.GATE)
    across = gates["gate:G1"].footprint
    assert across.length == pytest.approx(12.0)
    assert abs(across.coords[0][1] - across.coords[1][1]) < 1e-9  # one drives out to the south: the line lies east to west
    assert gates["gate:G2"].footprint.geom_type == "Point"
    posts = features(compound, Kind.GUARD_POST)
    assert (posts["guard_post:S1"].footprint.x, posts["guard_post:S1"].footprint.y) == pytest.approx((3, -78), abs=1e-3)
    assert (posts["guard_post:S2"].space, posts["guard_post:S2"].z_range[0]) == ("tower:r9-1", 27.0)
    assert set(posts) == {"guard_post:S1", "guard_post:S2"}


def test_doors_fire_points_buttons_and_lifts_stand_by_room_by_coordinates_or_where_their_element_is(tied: Tower) -> None:
    elements = list(tied.store.features("PS", None, kinds={Kind.ELEMENT}))  # read whole: a cursor that is left open is a warning
    desk = next(one for one in elements if one.feature.space == "tower:r10-9")
    assert desk.box is not None
    low, middle = desk.box[0, 2], desk.box.mean(axis=0)
    where = "楼栋,楼层,房间号,经度,纬度,坐标系,安装高度"
    doors = [f"D1,机房门,{desk.feature.source.global_id},,,,,,,", "D2,901门,,主楼,9层,901,,,,", "D3,无此构件,1abc,,,,,,,"]
    tied.take("door", f"门禁编号,门禁名称,构件标识,{where}", doors, now=LATER)
    tied.take("fire_point", f"消防点位编号,报警主机,回路,地址,{where}", [f"F1,P1,2,17,,,,{at(60, 20)},CGCS2000,3"], now=LATER)
    tied.take("panic_button", f"按钮编号,{where}", ["B1,主楼,9层,901,,,,1.2", "B2,主楼,9层,901,,,,"], now=LATER)
    tied.take("lift", f"电梯编号,{where}", ["L1,主楼,9层,901,,,,"], now=LATER)
    found = features(tied, Kind.DOOR)
    assert set(found) == {"door:D1", "door:D2"}
    stands = found["door:D1"]
    assert (stands.footprint.x, stands.footprint.y, *stands.z_range) == pytest.approx((*middle[:2], low, low + 2.1), abs=1e-6)
    assert (stands.space, stands.storey) == ("tower:r10-9", "tower:s10")
    assert (found["door:D2"].space, found["door:D2"].z_range[0]) == ("tower:r9-1", 27.0)
    (fire,) = features(tied, Kind.FIRE_POINT).values()
    assert (fire.properties["device"]["loop"], fire.properties["device"]["point"]) == (2, 17)
    assert {one: (had.space, had.z_range[0]) for one, had in features(tied, Kind.PANIC_BUTTON).items()} == {
        "panic_button:B1": ("tower:r9-1", pytest.approx(28.2))
    }
    assert set(features(tied, Kind.LIFT)) == {"lift:L1"}
    rows = tied.ask("select code, message from work_item where state = 'open' and (message like 'D3%' or message like 'B2%')")
    assert sorted(code for code, _ in rows) == ["DEVICE_HEIGHT_UNSTATED", "DEVICE_UNPLACED"]


SHIFTED = "摄像机编号,楼栋,楼层,房间号,经度,纬度,坐标系,安装高度,朝向"


def test_a_ledger_in_another_datum_than_it_states_is_told_by_its_constant_shift(cast: Cast) -> None:
    tower = cast(Tower)
    points = [(10.5, 3), (9.5, 3), (1.5, 3)]
    gcj = [wgs84_to_gcj02([lon_lat(*point)])[0] for point in points]
    lines = [
        f"D{n},主楼,10层,{room},{lon:.10f},{lat:.10f},WGS84,2.4,0"
        for n, (room, (lon, lat)) in enumerate(zip((1010, 1009, 1001), gcj, strict=True))
    ]
    outside = wgs84_to_gcj02([lon_lat(60, 60)])[0]
    lines.append(f"D3,,,,{outside[0]:.10f},{outside[1]:.10f},WGS84,4,0")
    tower.take("camera", SHIFTED, lines, now=LATER)
    assert {pair for pair in told(tower) if pair[0] != "DEVICE_GROUND_ASSUMED"} == {("DEVICE_DATUM_SHIFTED", f"D{n}") for n in range(4)}
    assert features(tower, Kind.CAMERA) == {}
    (message,) = set(tower.ask("select message from work_item where code = 'DEVICE_DATUM_SHIFTED' and message like 'D0%'"))
    assert "GCJ02" in message[0]
    tower.take("camera", SHIFTED, [line.replace("WGS84", "GCJ-02") for line in lines], now=LATER.replace(hour=12))
    assert {pair for pair in told(tower) if pair[0] != "DEVICE_GROUND_ASSUMED"} == set()
    assert features(tower, Kind.CAMERA)["camera:D0"].space == "tower:r10-10"


def test_a_datum_that_is_right_is_not_suspected_whatever_single_cameras_say(cast: Cast) -> None:
    tower = cast(Tower)
    lines = [f"D{n},主楼,10层,{room},{at(x, 3)},WGS84,2.4,0" for n, (room, x) in enumerate(((1010, 10.5), (1009, 9.5), (1001, 1.5)))]
    lines.append(f"D3,主楼,10层,1010,{at(300, 200)},WGS84,2.4,0")
    tower.take("camera", SHIFTED, lines, now=LATER)
    assert {pair for pair in told(tower) if pair[0] != "DEVICE_GROUND_ASSUMED"} == {("DEVICE_ROOM_DIFFERS", "D3")}
    assert features(tower, Kind.CAMERA)["camera:D3"].space is None


def test_features_follow_a_new_revision_of_the_model_they_hang_in(tied: Tower) -> None:
    before = features(tied, Kind.CAMERA)["camera:C1"]
    moved = [
        replace(one, footprint=shapely.affinity.translate(one.footprint, 0, 20)) if one.id == "tower:r10-10" else one
        for one in model(NUMBERS, TAGS, {})
    ]
    tied.revise(moved)
    after = features(tied, Kind.CAMERA)["camera:C1"]
    assert after.footprint.y - before.footprint.y == pytest.approx(20.0)
    ((number,),) = tied.ask("select max(r.number) from revision r join model m on m.id = r.model_id where m.key = 'camera'")
    assert number == 2
    assert len(tied.ask("select 1 from feature f join identity i on i.id = f.identity_id where i.feature_id = 'camera:C2'")) == 1


def test_on_a_terrain_devices_stand_on_it_and_follow_a_better_one(new_home: Callable[[str], Home], files: Files) -> None:
    home = new_home("ground")
    frame = SiteFrame.of(FILES_SITE)
    path = home.settings.home / "cameras.csv"
    lon, lat, _ = frame.to_lon_lat_height([[10.0, 20.0, 0.0]])[0].tolist()
    row = f"{lat:.9f},WGS84,4"
    lines = ["摄像机编号,经度,纬度,坐标系,安装高度", f"C1,{lon:.9f},{row}", f"C2,{lon + 0.02:.9f},{row}"]
    path.write_text("\n".join(lines), encoding="utf-8")
    home.city(files.dem, key="dem")
    import_register(home.store, home.settings, "camera", path, who="test", now=LATER)
    low = home.store.get_feature("camera:C1", None).feature.z_range
    home.city(files.dem_higher, key="dem")
    high = home.store.get_feature("camera:C1", None).feature.z_range
    expected = [ground_z(dem, frame) + 4 for dem in (files.dem, files.dem_higher)]
    assert [low[0], high[0]] == pytest.approx(expected, abs=0.2)  # a cell of 5 m
    assert high[0] - low[0] > 0.5
    with home.store.database.reading() as connection:
        query = "select code, message from work_item where state = 'open'"
        ((code, message),) = connection.execute(text(query)).all()
    assert (code, message) == ("DEVICE_GROUND_UNKNOWN", "C2: the terrain does not reach there")
    with home.store.database.writing() as connection:
        connection.execute(text("update counter set next = 0 where name = 'tie.devices'"))
    tie(home.store, who="test", now=LATER)  # without settings nothing says where the terrain lies
    assert home.store.counts(home.site, None).get(Kind.CAMERA, 0) == 0


def ground_z(dem: Path, frame: SiteFrame) -> float:
    """z of the ground at 10, 20: the raster's height read by rasterio, made ellipsoidal by the site's separation."""
    lon, lat, _ = frame.to_lon_lat_height([[10.0, 20.0, 0.0]])[0].tolist()
    with rasterio.open(dem) as raster:
        east, north = pyproj.Transformer.from_crs("EPSG:4490", raster.crs, always_xy=True).transform(lon, lat)
        (height,) = next(raster.sample([(east, north)]))
    return float(frame.from_lon_lat_height([[lon, lat, float(height) + FILES_SITE.geoid_separation_m]])[0, 2])


def test_a_layer_of_a_geopackage_brings_zones_whose_crs_is_their_datum(cast: Cast) -> None:
    tower = cast(Tower)
    path = tower.folder / "zones.gpkg"
    square = shapely.Polygon([grid(*point) for point in SQUARE])
    frame = geopandas.GeoDataFrame({"区域编号": ["Z1"], "地上高度": [5.0]}, geometry=[square], crs="EPSG:4549")
    frame.to_file(path, layer="zones", driver="GPKG")
    import_register(tower.store, tower.settings, "zone", path, who="clerk", now=LATER)
    (zone,) = features(tower, Kind.ZONE).values()
    assert zone.footprint.symmetric_difference(shapely.Polygon(SQUARE)).area < 0.05
    assert zone.z_range[1] - zone.z_range[0] == pytest.approx(5.0, abs=0.02)
